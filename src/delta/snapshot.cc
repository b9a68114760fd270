#include "delta/snapshot.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <set>
#include <utility>

#include "base/option_map.h"
#include "delta/commit_file.h"
#include "delta/commit_time.h"
#include "delta/data_path.h"
#include "delta/log_checkpoint.h"
#include "delta/type_change.h"

namespace inlet::delta {
namespace {

/// How often a log that changes under our hands is listed anew.
constexpr int kMaxListings = 5;

/// Columns of one level whose names differ at most in case.
Status CheckColumnNames(const std::vector<types::StructField>& fields) {
  std::set<std::string, CaseInsensitiveLess> names;
  for (const types::StructField& field : fields) {
    if (!names.insert(field.name).second) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS, {{"columnName", field.name}});
    }
    const types::DataType* type = &field.type;
    while (type->is(types::TypeId::kArray)) type = &type->element();
    if (type->is(types::TypeId::kStruct)) TRY(CheckColumnNames(type->fields()));
  }
  return Ok();
}

}  // namespace

/// Puts the actions of a segment together, newest first: the first word on a thing is the last one
/// spoken.
/// Source: Delta protocol, "Action Reconciliation".
class Snapshot::LogReplay {
 public:
  /// `base`: the version before the first commit, when it is known.
  LogReplay(Snapshot& out, FileList base) : out_(out), base_(std::move(base)) {}

  /// The checkpoint turned out to be unusable; another way to the version may do.
  bool checkpoint_failed() const { return checkpoint_failed_; }

  Status Run(const LogSegment& segment) {
    TRY(ReplayCommits(segment));
    if (segment.checkpoint) {
      const Status status = ReplayCheckpoint(*segment.checkpoint);
      if (!status) {
        checkpoint_failed_ = status.error().kind() == ErrorKind::kCorrupt ||
                             status.error().kind() == ErrorKind::kNotFound;
        return status;
      }
    }
    Finish();
    checkpoint_failed_ = segment.checkpoint && (!protocol_ || !metadata_);
    if (!protocol_) return FailIncomplete("protocol", segment.version);
    if (!metadata_) return FailIncomplete("metadata", segment.version);
    return Ok();
  }

  /// One commit newer than all that were taken before is not allowed: newest first.
  void Take(CommitActions actions) {
    if (!protocol_ && actions.protocol) protocol_ = std::move(actions.protocol);
    if (!metadata_ && actions.metadata) metadata_ = std::move(actions.metadata);
    for (auto it = actions.transactions.rbegin(); it != actions.transactions.rend(); ++it) {
      out_.transactions_.try_emplace(it->app_id, *it);
    }
    for (auto it = actions.domains.rbegin(); it != actions.domains.rend(); ++it) {
      out_.domains_.try_emplace(it->domain, *it);
    }
    for (auto it = actions.files.rbegin(); it != actions.files.rend(); ++it) {
      if (const auto* add = std::get_if<AddFile>(&*it)) {
        const std::string key = KeyOf(*add);
        if (touched_.insert(key)) added_.Add(*add, key);
      } else {
        touched_.insert(KeyOf(std::get<RemoveFile>(*it)));
      }
    }
  }

  /// What the version before knew, where no commit has said otherwise.
  void TakeBase(const Snapshot& base) {
    if (!protocol_) protocol_ = base.protocol_;
    if (!metadata_) metadata_ = base.metadata_;
    out_.transactions_.insert(base.transactions_.begin(), base.transactions_.end());
    out_.domains_.insert(base.domains_.begin(), base.domains_.end());
  }

  void Finish() {
    // What came from a checkpoint was told apart from what commits spoke on while it was read.
    if (!base_is_sifted_) base_ = base_.Without(touched_);
    out_.files_ = base_.With(added_.Finish());
    std::erase_if(out_.domains_, [](const auto& entry) { return entry.second.removed; });
    if (protocol_) out_.protocol_ = *protocol_;
    if (metadata_) out_.metadata_ = *metadata_;
  }

  const std::optional<CommitInfo>& newest_commit_info() const { return newest_commit_info_; }

  Status ReplayCommits(const LogSegment& segment) {
    Version next = segment.version;
    const Version first = segment.version - static_cast<Version>(segment.commits.size()) + 1;
    while (next >= first) {
      if (const storage::ObjectInfo* compaction = WidestCompaction(segment, first, next)) {
        const Version from = LogFileName::Parse(NameOf(*compaction)).first_version;
        if (TakeCompaction(*compaction)) {
          next = from - 1;
          continue;
        }
      }
      const storage::ObjectInfo& info = segment.commits[static_cast<std::size_t>(next - first)];
      std::string text = TRY(out_.table_root_.store->Get(info.path));
      CommitActions actions = TRY(ParseActions(std::move(text), info.path));
      if (next == segment.version) newest_commit_info_ = actions.commit_info;
      Take(std::move(actions));
      --next;
    }
    return Ok();
  }

 private:
  static std::string_view NameOf(const storage::ObjectInfo& info) {
    return std::string_view(info.path).substr(info.path.rfind('/') + 1);
  }

  /// The compaction that ends at `last` and begins earliest, not before `first`. Null: none.
  static const storage::ObjectInfo* WidestCompaction(const LogSegment& segment, Version first,
                                                     Version last) {
    const storage::ObjectInfo* widest = nullptr;
    Version widest_first = 0;
    for (const storage::ObjectInfo& info : segment.compactions) {
      const LogFileName name = LogFileName::Parse(NameOf(info));
      if (name.version != last || name.first_version < first) continue;
      if (widest == nullptr || name.first_version < widest_first) {
        widest = &info;
        widest_first = name.first_version;
      }
    }
    return widest;
  }

  /// False when the file cannot be trusted: unreadable, or with two words on one key.
  bool TakeCompaction(const storage::ObjectInfo& info) {
    Result<std::string> text = out_.table_root_.store->Get(info.path);
    if (!text) return false;
    Result<CommitActions> actions = ParseActions(*std::move(text), info.path);
    if (!actions) return false;
    FileKeySet keys;
    for (const FileAction& file : actions->files) {
      const auto key_of = [&](const auto& action) { return KeyOf(action); };
      if (!keys.insert(std::visit(key_of, file))) return false;
    }
    Take(*std::move(actions));
    return true;
  }

  Status ReplayCheckpoint(const LogCheckpointFiles& files) {
    FileListBuilder builder;
    FileActionSink sink;
    sink.add = [&](const AddFile& file) {
      const std::string key = KeyOf(file);
      if (!touched_.contains(key)) builder.Add(file, key);
    };
    CommitActions others = TRY(ReadLogCheckpoint(out_.table_root_, files, sink));
    Take(std::move(others));
    base_ = builder.Finish();
    base_is_sifted_ = true;
    return Ok();
  }

  std::unexpected<Error> FailIncomplete(const char* operation, Version version) const {
    return Fail(Condition::DELTA_STATE_RECOVER_ERROR,
                {{"operation", operation}, {"version", std::to_string(version)}});
  }

  Snapshot& out_;
  FileList base_;
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::optional<CommitInfo> newest_commit_info_;
  FileKeySet touched_;
  FileListBuilder added_;
  bool base_is_sifted_ = false;
  bool checkpoint_failed_ = false;
};

Snapshot::Snapshot(Private, storage::Location table_root) : table_root_(std::move(table_root)) {}

Result<SnapshotPtr> Snapshot::Load(const storage::Location& table_root,
                                   std::optional<Version> version) {
  LogSegment::FindOptions options{.version = version};
  std::optional<Error> first_error;
  for (int listing = 0;; ++listing) {
    Result<LogSegment> segment = LogSegment::Find(table_root, options);
    if (!segment) {
      // Without the damaged checkpoint there is no way: then that is what is wrong.
      if (first_error) return std::unexpected(*std::move(first_error));
      return std::unexpected(std::move(segment).error());
    }
    auto snapshot = std::make_shared<Snapshot>(Private{}, table_root);
    snapshot->segment_ = *std::move(segment);
    LogReplay replay(*snapshot, FileList());
    const Status status = replay.Run(snapshot->segment_);
    if (status) {
      TRY(snapshot->CheckAndDerive());
      snapshot->timestamp_ms_ = CommitTime(table_root, snapshot->segment_, snapshot->properties(),
                                           replay.newest_commit_info());
      return snapshot;
    }
    const bool log_was_cleaned = status.error().kind() == ErrorKind::kNotFound;
    if (listing >= kMaxListings || !(replay.checkpoint_failed() || log_was_cleaned)) {
      return std::unexpected(status.error());
    }
    if (!first_error) first_error = status.error();
    if (replay.checkpoint_failed()) {
      for (const storage::ObjectInfo& file : snapshot->segment_.checkpoint->files) {
        options.excluded_checkpoints.insert(file.path);
      }
    }
    options.use_hint = false;
  }
}

Result<SnapshotPtr> Snapshot::Update(const SnapshotPtr& previous) {
  const Result<std::vector<storage::ObjectInfo>> commits =
      LogSegment::CommitsAfter(previous->table_root_, previous->version());
  // Commits after ours may have been cleaned up behind a checkpoint: begin anew.
  if (!commits) return Load(previous->table_root_);
  if (commits->empty()) {
    // The same version may be another one, when the table was dropped and made again.
    return previous->IsStillThere() ? Result<SnapshotPtr>(previous) : Load(previous->table_root_);
  }
  auto snapshot = std::make_shared<Snapshot>(Private{}, previous->table_root_);
  snapshot->segment_ = previous->segment_;
  LogSegment& segment = snapshot->segment_;
  segment.version = previous->version() + static_cast<Version>(commits->size());
  segment.commits.insert(segment.commits.end(), commits->begin(), commits->end());
  segment.commit_at_version = commits->back();
  segment.checksum.reset();

  LogSegment fresh;
  fresh.version = segment.version;
  fresh.commits = *commits;
  LogReplay replay(*snapshot, previous->files_);
  if (!replay.ReplayCommits(fresh)) return Load(previous->table_root_);
  replay.TakeBase(*previous);
  replay.Finish();
  TRY(snapshot->CheckAndDerive());
  snapshot->timestamp_ms_ = CommitTime(snapshot->table_root_, segment, snapshot->properties(),
                                       replay.newest_commit_info());
  return snapshot;
}

Result<SnapshotPtr> Snapshot::Advance(const CommitActions& commit,
                                      const storage::ObjectInfo& file) const {
  auto snapshot = std::make_shared<Snapshot>(Private{}, table_root_);
  snapshot->segment_ = segment_;
  LogSegment& segment = snapshot->segment_;
  ++segment.version;
  segment.commits.push_back(file);
  segment.commit_at_version = file;
  segment.checksum.reset();
  LogReplay replay(*snapshot, files_);
  replay.Take(commit);
  replay.TakeBase(*this);
  replay.Finish();
  TRY(snapshot->CheckAndDerive());
  snapshot->timestamp_ms_ =
      CommitTime(table_root_, segment, snapshot->properties(), commit.commit_info);
  return snapshot;
}

bool Snapshot::IsStillThere() const {
  if (!segment_.commit_at_version) return false;
  const storage::ObjectInfo& known = *segment_.commit_at_version;
  const Result<storage::ObjectInfo> now = table_root_.store->Head(known.path);
  // Two tables made within a millisecond differ in nothing but this.
  const bool other_etag = now && !known.etag.empty() && now->etag != known.etag;
  return now && !other_etag && now->modified_at_ms == known.modified_at_ms &&
         now->size_bytes == known.size_bytes;
}

std::string Snapshot::table_url() const { return UrlOf(table_root_); }

std::optional<std::int64_t> Snapshot::transaction(std::string_view app_id) const {
  const auto found = transactions_.find(app_id);
  if (found == transactions_.end()) return std::nullopt;
  return found->second.version;
}

bool Snapshot::in_commit_timestamps_enabled() const {
  return InCommitTimestampsEnabled(metadata_.configuration);
}

Result<std::vector<RemoveFile>> Snapshot::LoadTombstones() const {
  // A file whose last word is a remove is not live; so what else is told of files does not matter.
  FileKeySet seen;
  std::vector<RemoveFile> tombstones;
  const auto take_remove = [&](RemoveFile remove) {
    if (seen.insert(KeyOf(remove))) tombstones.push_back(std::move(remove));
  };
  for (auto info = segment_.commits.rbegin(); info != segment_.commits.rend(); ++info) {
    std::string text = TRY(table_root_.store->Get(info->path));
    if (!text.contains("\"remove\"")) continue;
    CommitActions actions = TRY(ParseActions(std::move(text), info->path));
    for (auto file = actions.files.rbegin(); file != actions.files.rend(); ++file) {
      if (auto* remove = std::get_if<RemoveFile>(&*file)) take_remove(std::move(*remove));
    }
  }
  if (segment_.checkpoint) {
    FileActionSink sink;
    sink.remove = take_remove;
    TRY(ReadLogCheckpoint(table_root_, *segment_.checkpoint, sink));
  }
  const FileKeySet live = files_.KeysAmong(seen);
  std::erase_if(tombstones, [&](const RemoveFile& remove) { return live.contains(KeyOf(remove)); });
  return tombstones;
}

Status Snapshot::CheckAndDerive() {
  const std::string url = table_url();
  TRY(CheckReadable(protocol_, url));
  if (metadata_.format_provider != "parquet") {
    return FailUnsupported("Delta tables of " + metadata_.format_provider + " files");
  }
  schema_ = TRY(types::SchemaFromJson(metadata_.schema_string).Context("the schema of " + url));
  TRY(CheckColumnNames(schema_.fields));
  TRY(CheckTypeChanges(schema_));
  for (const std::string& column : metadata_.partition_columns) {
    if (schema_.Find(column) == nullptr) {
      return Fail(Condition::DELTA_LOG_CORRUPT,
                  {{"path", url}, {"message", "the partition column " + column + " is no column"}});
    }
  }
  return Ok();
}

struct SnapshotCache::State {
  std::size_t max_tables;
  std::mutex mutex;
  std::list<std::pair<std::string, SnapshotPtr>>
      tables;  // Guarded by mutex; used last comes first.

  SnapshotPtr Find(const std::string& url) {
    const std::scoped_lock lock(mutex);
    for (auto it = tables.begin(); it != tables.end(); ++it) {
      if (it->first != url) continue;
      tables.splice(tables.begin(), tables, it);
      return it->second;
    }
    return nullptr;
  }
};

SnapshotCache::SnapshotCache(std::size_t max_tables) : state_(std::make_unique<State>()) {
  state_->max_tables = max_tables;
}
SnapshotCache::~SnapshotCache() = default;

Result<SnapshotPtr> SnapshotCache::Latest(const storage::Location& table_root) {
  const SnapshotPtr known = state_->Find(UrlOf(table_root));
  Result<SnapshotPtr> latest = known ? Snapshot::Update(known) : Snapshot::Load(table_root);
  if (latest) {
    Put(*latest);
  } else {
    Forget(table_root);
  }
  return latest;
}

void SnapshotCache::Put(const SnapshotPtr& snapshot) {
  const std::string url = snapshot->table_url();
  const std::scoped_lock lock(state_->mutex);
  std::erase_if(state_->tables, [&](const auto& entry) { return entry.first == url; });
  state_->tables.emplace_front(url, snapshot);
  if (state_->tables.size() > state_->max_tables) state_->tables.pop_back();
}

void SnapshotCache::Forget(const storage::Location& table_root) {
  const std::string url = UrlOf(table_root);
  const std::scoped_lock lock(state_->mutex);
  std::erase_if(state_->tables, [&](const auto& entry) { return entry.first == url; });
}

}  // namespace inlet::delta
