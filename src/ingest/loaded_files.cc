#include "ingest/loaded_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "delta/commit_file.h"
#include "delta/commit_time.h"
#include "delta/copied_files.h"
#include "delta/log_segment.h"

namespace inlet::ingest {
namespace {

using delta::SnapshotPtr;
using delta::Version;

/// Room for a random number below the count of commits, so that two writers never want one name.
constexpr int kRandomBits = 20;
/// Runs are merged until each is that many times as big as all newer ones together.
constexpr std::int64_t kGrowth = 4;
/// So few entries are cheaper to write again than to keep apart.
constexpr std::int64_t kAlwaysMerged = 2000;
constexpr int kMostRestores = 1000;
constexpr std::size_t kMostErrorFiles = 1000;

std::string DirectoryOf(const storage::Location& table_root) {
  return delta::LogDirectory(table_root) + "_inlet_copy/";
}

std::string NameOf(std::int64_t sequence) { return fmt::format("files-{:014x}", sequence); }

std::string ErrorsNameOf(std::int64_t sequence) { return fmt::format("errors-{:014x}", sequence); }

std::int64_t NextSequence(std::int64_t sequence) {
  static thread_local std::mt19937_64 random(std::random_device{}());
  const std::int64_t count = (sequence >> kRandomBits) + 1;
  return (count << kRandomBits) | static_cast<std::int64_t>(random() >> (64 - kRandomBits));
}

std::unexpected<Error> Unusable(const storage::Location& table_root, std::string message) {
  return Fail(Condition::COPY_INTO_STATE_INTERNAL_ERROR,
              {{"tableName", table_root.store->root_url() + "/" + table_root.path},
               {"message", std::move(message)}});
}

/// What the commits since the record was written tell.
struct CommitsSince {
  std::optional<Version> record_version;  ///< Which commit brought the record.
  bool is_replaced = false;               ///< By an engine that does not know of the record.
  std::optional<Version> restored;        ///< The same; to this version.
};

/// The version that a RESTORE went back to, where the commit says so.
std::optional<Version> RestoredVersion(const delta::CommitInfo& info) {
  const nlohmann::json json = nlohmann::json::parse(info.json, nullptr, false);
  if (!json.is_object() || !json.contains("operationParameters")) return std::nullopt;
  const nlohmann::json& parameters = json["operationParameters"];
  if (!parameters.is_object() || !parameters.contains("version")) return std::nullopt;
  const nlohmann::json& version = parameters["version"];
  if (version.is_number_integer()) return version.get<Version>();
  if (!version.is_string()) return std::nullopt;
  const auto text = version.get<std::string>();
  Version number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Status Take(const storage::Location& table_root, delta::CommitActions commit,
            const std::string& app_id, std::int64_t sequence, CommitsSince& since) {
  for (const delta::SetTransaction& transaction : commit.transactions) {
    if (transaction.app_id != app_id) continue;
    since.is_replaced = false;
    since.restored.reset();
    const bool is_first = !since.record_version && transaction.version == sequence;
    if (is_first) since.record_version = commit.version;
    return Ok();
  }
  const std::string operation =
      commit.commit_info ? commit.commit_info->operation.value_or("") : "";
  if (operation.contains("REPLACE TABLE") || operation == "CLONE") {
    since.is_replaced = true;
    since.restored.reset();
  } else if (operation == "RESTORE") {
    since.is_replaced = false;
    since.restored = RestoredVersion(*commit.commit_info);
    if (!since.restored) {
      return Unusable(table_root, "version " + std::to_string(commit.version) +
                                      " restored the table to a version that it does not name");
    }
  }
  return Ok();
}

Result<CommitsSince> ReadCommitsSince(const SnapshotPtr& snapshot, Version after,
                                      const std::string& app_id, std::int64_t sequence) {
  const storage::Location& root = snapshot->table_root();
  CommitsSince since;
  for (Version version = after + 1; version <= snapshot->version(); ++version) {
    const std::string path = delta::CommitPath(root, version);
    Result<std::string> text = root.store->Get(path);
    if (!text) {
      // Log clean-up takes the oldest commits; those that are left still tell.
      if (text.error().kind() == ErrorKind::kNotFound) continue;
      return std::unexpected(std::move(text).error());
    }
    const bool matters = text->contains(app_id) || text->contains("REPLACE TABLE") ||
                         text->contains("RESTORE") || text->contains("CLONE");
    if (!matters) continue;
    delta::CommitActions commit = TRY(delta::ParseActions(*std::move(text), path));
    commit.version = version;
    TRY(Take(root, std::move(commit), app_id, sequence, since));
  }
  return since;
}

}  // namespace

Result<LoadedFiles> LoadedFiles::Load(const SnapshotPtr& snapshot) {
  LoadedFiles record;
  record.table_root_ = snapshot->table_root();
  record.table_id_ = snapshot->metadata().id;
  record.app_id_ = delta::CopiedFilesApplication(snapshot->metadata());
  record.read_version_ = snapshot->version();
  record.sequence_ = snapshot->transaction(record.app_id_).value_or(0);
  SnapshotPtr at = snapshot;
  // Another engine's RESTORE leads to an older version, which may lead on.
  for (int restores = 0; restores < kMostRestores; ++restores) {
    const std::int64_t sequence = at->transaction(record.app_id_).value_or(0);
    if (sequence == 0) return record;
    const std::string directory = DirectoryOf(record.table_root_);
    const auto open =
        [&](const std::string& name) -> Result<std::shared_ptr<const LoadedFilesRun>> {
      auto run = LoadedFilesRun::Open(record.table_root_.store, directory + name);
      if (!run && run.error().kind() == ErrorKind::kNotFound) {
        return Unusable(record.table_root_, name + " is missing");
      }
      return run;
    };
    std::shared_ptr<const LoadedFilesRun> newest = TRY(open(NameOf(sequence)));
    const CommitsSince since =
        TRY(ReadCommitsSince(at, newest->header().read_version, record.app_id_, sequence));
    if (since.is_replaced) return record;
    if (since.restored) {
      Result<SnapshotPtr> restored = delta::Snapshot::Load(record.table_root_, *since.restored);
      if (!restored) {
        return Unusable(record.table_root_, "version " + std::to_string(*since.restored) +
                                                ", which was restored, cannot be read any more");
      }
      at = *std::move(restored);
      continue;
    }
    record.runs_.push_back(
        {.name = NameOf(sequence), .file = newest, .version = since.record_version});
    for (const LoadedFilesRun::Older& older : newest->header().older) {
      auto file = TRY(open(older.name));
      record.runs_.push_back(
          {.name = older.name, .file = std::move(file), .version = older.version});
    }
    return record;
  }
  return Unusable(record.table_root_, "it was restored too often");
}

std::int64_t LoadedFiles::num_entries() const {
  std::int64_t entries = 0;
  for (const Run& run : runs_) entries += run.file->header().num_files;
  return entries;
}

Status LoadedFiles::Match(
    const storage::ObjectStore& store, std::span<const storage::ObjectInfo> files,
    const std::function<void(std::size_t, const LoadedFile&)>& on_known) const {
  std::vector<std::size_t> unknown(files.size());
  for (std::size_t i = 0; i < unknown.size(); ++i) unknown[i] = i;
  std::string url = store.root_url() + "/";
  const std::size_t prefix = url.size();
  for (const Run& run : runs_) {
    LoadedFilesRun::Cursor cursor(run.file, run.version);
    std::size_t num_left = 0;
    for (const std::size_t index : unknown) {
      url.resize(prefix);
      url += files[index].path;
      const bool is_there = TRY(cursor.SeekTo(url)) && cursor.file().path == url;
      if (!is_there) {
        unknown[num_left++] = index;
      } else if (cursor.file().state != FileState::kForgotten) {
        on_known(index, cursor.file());
      }
    }
    unknown.resize(num_left);
  }
  return Ok();
}

LoadedFiles::Reader LoadedFiles::Read(std::span<const Run> runs, bool gives_forgotten) {
  Reader reader(gives_forgotten);
  for (const Run& run : runs) reader.cursors_.emplace_back(run.file, run.version);
  return reader;
}

Result<const LoadedFile*> LoadedFiles::Reader::Next() {
  while (true) {
    if (is_first_) {
      for (LoadedFilesRun::Cursor& cursor : cursors_) TRY(cursor.Start());
      is_first_ = false;
    }
    if (current_ != nullptr) {
      // Older runs say of the same path what does not count any more.
      for (LoadedFilesRun::Cursor& cursor : cursors_) {
        const bool is_same =
            &cursor != current_ && !cursor.at_end() && cursor.file().path == current_->file().path;
        if (is_same) TRY(cursor.Next());
      }
      TRY(current_->Next());
    }
    current_ = nullptr;
    for (LoadedFilesRun::Cursor& cursor : cursors_) {
      if (cursor.at_end()) continue;
      if (current_ == nullptr || cursor.file().path < current_->file().path) current_ = &cursor;
    }
    if (current_ == nullptr) return nullptr;
    if (gives_forgotten_ || current_->file().state != FileState::kForgotten)
      return &current_->file();
  }
}

Result<delta::SetTransaction> LoadedFiles::Write(std::span<const LoadedFile> files,
                                                 std::string_view errors) const {
  auto num_entries = static_cast<std::int64_t>(files.size());
  std::size_t num_merged = 0;
  for (const Run& run : runs_) {
    const std::int64_t size = run.file->header().num_files;
    if (size > kGrowth * num_entries && size + num_entries > kAlwaysMerged) break;
    num_entries += size;
    ++num_merged;
  }
  const bool is_whole = num_merged == runs_.size();
  LoadedFilesRun::Writer writer;
  std::size_t next = 0;
  Reader merged = Read(std::span(runs_).first(num_merged), /*gives_forgotten=*/!is_whole);
  while (const LoadedFile* old = TRY(merged.Next())) {
    for (; next < files.size() && files[next].path < old->path; ++next) {
      TRY(writer.Append(files[next], /*is_new=*/true));
    }
    const bool is_superseded = next < files.size() && files[next].path == old->path;
    if (!is_superseded) TRY(writer.Append(*old, /*is_new=*/false));
  }
  for (; next < files.size(); ++next) TRY(writer.Append(files[next], /*is_new=*/true));

  LoadedFilesRun::Header header{.table_id = table_id_, .read_version = read_version_};
  for (const Run& run : std::span(runs_).subspan(num_merged)) {
    header.older.push_back(
        {.name = run.name, .num_files = run.file->header().num_files, .version = run.version});
  }
  if (!runs_.empty()) header.errors = runs_.front().file->header().errors;
  if (!errors.empty()) {
    header.errors.insert(header.errors.begin(), TRY(PutNew(ErrorsNameOf, errors)).second);
    if (header.errors.size() > kMostErrorFiles) header.errors.resize(kMostErrorFiles);
  }
  const std::string bytes = TRY(std::move(writer).Finish(std::move(header)));
  const std::int64_t sequence = TRY(PutNew(NameOf, bytes)).first;
  return delta::SetTransaction{.app_id = app_id_, .version = sequence};
}

Result<std::optional<delta::SetTransaction>> LoadedFiles::WriteCopy(
    const storage::Location& root, const delta::Metadata& metadata,
    const SnapshotPtr& replaced) const {
  LoadedFilesRun::Writer writer;
  Reader all = Read();
  while (const LoadedFile* file = TRY(all.Next())) {
    if (file->state == FileState::kLoaded) TRY(writer.Append(*file, /*is_new=*/true));
  }
  if (writer.num_files() == 0) return std::nullopt;
  LoadedFiles copy;
  copy.table_root_ = root;
  copy.table_id_ = metadata.id;
  copy.app_id_ = delta::CopiedFilesApplication(metadata);
  LoadedFilesRun::Header header{.table_id = copy.table_id_, .read_version = -1};
  if (replaced != nullptr) {
    header.read_version = replaced->version();
    copy.sequence_ = replaced->transaction(copy.app_id_).value_or(0);
  }
  const std::string bytes = TRY(std::move(writer).Finish(std::move(header)));
  const std::int64_t sequence = TRY(copy.PutNew(NameOf, bytes)).first;
  return delta::SetTransaction{.app_id = copy.app_id_, .version = sequence};
}

Result<std::pair<std::int64_t, std::string>> LoadedFiles::PutNew(
    std::string (*name_of)(std::int64_t), std::string_view bytes) const {
  while (true) {
    const std::int64_t sequence = NextSequence(sequence_);
    std::string name = name_of(sequence);
    const Status put =
        table_root_.store->Put(DirectoryOf(table_root_) + name, bytes, storage::PutMode::kIfAbsent);
    if (put) return std::pair(sequence, std::move(name));
    if (put.error().kind() != ErrorKind::kAlreadyExists) return std::unexpected(put.error());
  }
}

std::vector<storage::ObjectInfo> LoadedFiles::ErrorFiles() const {
  std::vector<storage::ObjectInfo> files;
  if (runs_.empty()) return files;
  for (const std::string& name : runs_.front().file->header().errors) {
    const auto file = table_root_.store->Head(DirectoryOf(table_root_) + name);
    if (file) files.push_back(*file);
  }
  return files;
}

bool IsChanged(const storage::ObjectInfo& now, const LoadedFile& then) {
  if (now.size_bytes != then.size_bytes) return true;
  if (!now.etag.empty() && !then.etag.empty()) return now.etag != then.etag;
  return now.modified_at_ms != then.modified_at_ms;
}

Result<std::int64_t> VacuumLoadedFiles(const SnapshotPtr& snapshot, std::int64_t cut_off_ms) {
  const storage::Location& root = snapshot->table_root();
  const std::string directory = DirectoryOf(root);
  std::vector<storage::ObjectInfo> old_files = TRY(root.store->List(directory, {}));
  std::erase_if(old_files, [&](const auto& file) { return file.modified_at_ms >= cut_off_ms; });
  if (old_files.empty()) return 0;

  std::set<std::string, std::less<>> needed;
  const auto need = [&](std::int64_t sequence) {
    const std::string name = NameOf(sequence);
    if (sequence == 0 || !needed.insert(name).second) return;
    const auto run = LoadedFilesRun::Open(root.store, directory + name);
    if (!run) return;
    for (const LoadedFilesRun::Older& older : (*run)->header().older) needed.insert(older.name);
    needed.insert((*run)->header().errors.begin(), (*run)->header().errors.end());
  };
  const delta::VersionRange versions = TRY(delta::LogSegment::AvailableVersions(root));
  const SnapshotPtr earliest = TRY(delta::Snapshot::Load(root, versions.earliest));
  for (const auto& [app_id, transaction] : earliest->transactions()) {
    if (app_id.starts_with(delta::kCopiedFilesApplication)) need(transaction.version);
  }
  for (const storage::ObjectInfo& file :
       TRY(delta::LogSegment::CommitsAfter(root, versions.earliest))) {
    std::string text = TRY(root.store->Get(file.path));
    if (!text.contains(delta::kCopiedFilesApplication)) continue;
    for (const auto& transaction :
         TRY(delta::ParseActions(std::move(text), file.path)).transactions) {
      if (transaction.app_id.starts_with(delta::kCopiedFilesApplication)) need(transaction.version);
    }
  }
  std::int64_t num_deleted = 0;
  for (const storage::ObjectInfo& file : old_files) {
    if (needed.contains(std::string_view(file.path).substr(directory.size()))) continue;
    TRY(root.store->Delete(file.path));
    ++num_deleted;
  }
  return num_deleted;
}

}  // namespace inlet::ingest
