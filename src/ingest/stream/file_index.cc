#include "ingest/stream/file_index.h"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <mutex>

namespace inlet::ingest {
namespace {

/// Keys: 'f' url -> seq, size, modified; 's' seq -> the file; 'c' seq -> when all up to it were
/// committed; 'a' seq -> when it was archived; 'k' seq -> it was left out; 'm' -> how far the log
/// is applied; 'd' -> how far files were cleaned; 'e' -> how far events were heard; 'l' -> when all
/// was listed.
constexpr char kByUrl = 'f';
constexpr char kBySeq = 's';
constexpr char kByCommit = 'c';
constexpr char kByArchived = 'a';
constexpr char kBySkipped = 'k';
constexpr std::string_view kCleanedKey = "d";
constexpr std::string_view kProgressKey = "m";
constexpr std::string_view kEventKey = "e";
constexpr std::string_view kListedKey = "l";
constexpr std::size_t kBatchFiles = 10'000;

/// Big-endian, so that the order of the bytes is that of the numbers.
void AppendNumber(std::int64_t number, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
  }
}

std::int64_t TakeNumber(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  bytes.remove_prefix(std::min<std::size_t>(8, bytes.size()));
  return static_cast<std::int64_t>(number);
}

std::string UrlKey(std::string_view url) { return kByUrl + std::string(url); }

std::string NumberKey(char kind, std::int64_t number) {
  std::string key(1, kind);
  AppendNumber(number, key);
  return key;
}

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

FileIndex::Known KnownOf(std::string_view value) {
  const std::int64_t seq = TakeNumber(value);
  const std::int64_t size = TakeNumber(value);
  return {.seq = seq, .size_bytes = size, .modified_at_ms = TakeNumber(value)};
}

std::string ValueOf(const FileIndex::Known& known) {
  std::string value;
  AppendNumber(known.seq, value);
  AppendNumber(known.size_bytes, value);
  AppendNumber(known.modified_at_ms, value);
  return value;
}

/// A file by its number, with the bytes of all files up to it.
struct Entry {
  FoundFile file;
  std::int64_t bytes_so_far = 0;
};

std::string ValueOf(const Entry& entry) {
  std::string value;
  AppendNumber(entry.bytes_so_far, value);
  AppendNumber(entry.file.size_bytes, value);
  AppendNumber(entry.file.modified_at_ms, value);
  AppendNumber(entry.file.found_at_ms, value);
  AppendNumber(static_cast<std::int64_t>(entry.file.etag.size()), value);
  return value + entry.file.etag + entry.file.url;
}

Entry EntryOf(std::int64_t seq, std::string_view value) {
  Entry entry{.file = {.seq = seq}};
  entry.bytes_so_far = TakeNumber(value);
  entry.file.size_bytes = TakeNumber(value);
  entry.file.modified_at_ms = TakeNumber(value);
  entry.file.found_at_ms = TakeNumber(value);
  const auto etag_size = static_cast<std::size_t>(TakeNumber(value));
  entry.file.etag = value.substr(0, etag_size);
  entry.file.url = value.substr(std::min(etag_size, value.size()));
  return entry;
}

std::unexpected<Error> FailIndex(const std::string& directory, const rocksdb::Status& status) {
  if (status.IsNoSpace()) return Fail(Condition::INLET_DISK_FULL, {{"path", directory}});
  return Fail(Condition::STREAM_CHECKPOINT_INVALID,
              {{"path", directory}, {"message", status.ToString()}});
}

rocksdb::Options OptionsOfDb() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 16 << 20;
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.keep_log_file_num = 1;
  options.info_log_level = rocksdb::ERROR_LEVEL;
  options.max_manifest_file_size = 1 << 20;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(16 << 20);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

struct FileIndex::State {
  std::string directory;
  DiscoveryLog log;
  std::unique_ptr<rocksdb::DB> db;
  std::int64_t num_applied = 0;  ///< Discoveries of the log that are in here.
  std::int64_t last_seq = 0;
  std::int64_t total_bytes = 0;

  std::mutex mutex;
  /// Discoveries that are not in the log yet. Guarded by mutex.
  std::deque<std::pair<std::int64_t, std::vector<FoundFile>>> waiting;

  Status Write(rocksdb::WriteBatch& batch) {
    const rocksdb::Status status = db->Write({}, &batch);
    return status.ok() ? Ok() : FailIndex(directory, status);
  }
  std::unique_ptr<rocksdb::Iterator> Iterate() const {
    return std::unique_ptr<rocksdb::Iterator>(db->NewIterator({}));
  }
  /// True: found.
  Result<bool> Get(const std::string& key, std::string& value) const {
    const rocksdb::Status status = db->Get({}, key, &value);
    if (status.ok()) return true;
    if (status.IsNotFound()) return false;
    return FailIndex(directory, status);
  }
};

FileIndex::FileIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileIndex::~FileIndex() = default;

std::int64_t FileIndex::last_seq() const { return state_->last_seq; }
bool FileIndex::is_new() const { return state_->num_applied == 0; }

Result<std::unique_ptr<FileIndex>> FileIndex::Open(const std::string& directory, DiscoveryLog log) {
  std::unique_ptr<FileIndex> index;
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(OptionsOfDb(), directory, &db);
    if (!opened.ok()) {
      if (opened.IsIOError() && opened.ToString().contains("/LOCK")) {
        return Fail(Condition::CONCURRENT_STREAM_LOG_UPDATE,
                    {{"batchId", "or is about to (it holds " + directory + ")"}});
      }
      if (attempt > 0 || opened.IsNoSpace()) return FailIndex(directory, opened);
      std::filesystem::remove_all(directory, error);
      continue;
    }
    index.reset(new FileIndex(std::unique_ptr<State>(
        new State{.directory = directory, .log = log, .db = std::unique_ptr<rocksdb::DB>(db)})));
    const std::int64_t num_discoveries = TRY(index->state_->log.Count());
    std::string progress;
    if (TRY(index->state_->Get(std::string(kProgressKey), progress))) {
      std::string_view rest = progress;
      index->state_->num_applied = TakeNumber(rest);
      index->state_->last_seq = TakeNumber(rest);
      index->state_->total_bytes = TakeNumber(rest);
    }
    if (index->state_->num_applied <= num_discoveries) break;
    // It is of another stream, or the log lost its end: the log counts.
    index.reset();
    std::filesystem::remove_all(directory, error);
  }
  TRY(index->CatchUp());
  return index;
}

Status FileIndex::CatchUp() {
  return state_->log.Read(
      state_->num_applied,
      [this](std::int64_t number, std::vector<FoundFile> files) { return Apply(number, files); });
}

Result<std::optional<FileIndex::Known>> FileIndex::Find(std::string_view url) const {
  std::string value;
  if (!TRY(state_->Get(UrlKey(url), value))) return std::nullopt;
  return KnownOf(value);
}

Result<std::optional<std::string>> FileIndex::LastUrlBelow(std::string_view prefix) const {
  const auto iterator = state_->Iterate();
  const std::string first = UrlKey(prefix);
  iterator->SeekForPrev(first + "\xFF");
  if (!iterator->status().ok()) return FailIndex(state_->directory, iterator->status());
  if (!iterator->Valid() || !View(iterator->key()).starts_with(first)) return std::nullopt;
  return std::string(View(iterator->key()).substr(1));
}

struct FileIndex::Lookup::State {
  const FileIndex::State& index;  // Outlives this.
  std::unique_ptr<rocksdb::Iterator> iterator;
  std::string key;
  std::string last_key;
};

FileIndex::Lookup::Lookup(const FileIndex& index)
    : state_(new State{.index = *index.state_, .iterator = index.state_->Iterate()}) {}
FileIndex::Lookup::~Lookup() = default;

Result<std::optional<FileIndex::Known>> FileIndex::Lookup::Find(std::string_view url) {
  rocksdb::Iterator& iterator = *state_->iterator;
  std::string& key = state_->key;
  key.assign(1, kByUrl);
  key += url;
  // Neighbours in the listing are mostly neighbours here.
  constexpr int kStepsBeforeSeek = 16;
  bool is_near = iterator.Valid() && state_->last_key <= key;
  for (int step = 0; is_near && iterator.Valid() && View(iterator.key()) < key; ++step) {
    iterator.Next();
    is_near = step < kStepsBeforeSeek;
  }
  if (!is_near) iterator.Seek(key);
  state_->last_key = key;
  if (iterator.Valid() && View(iterator.key()) == key) return KnownOf(View(iterator.value()));
  if (!iterator.status().ok()) return FailIndex(state_->index.directory, iterator.status());
  return std::nullopt;
}

Status FileIndex::Add(std::vector<FoundFile> files) {
  const std::int64_t number = state_->num_applied;
  TRY(Apply(number, files));
  const std::lock_guard lock(state_->mutex);
  state_->waiting.emplace_back(number, std::move(files));
  return Ok();
}

Status FileIndex::Persist() {
  while (true) {
    std::pair<std::int64_t, std::vector<FoundFile>> next;
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->waiting.empty()) return Ok();
      next = std::move(state_->waiting.front());
      state_->waiting.pop_front();
    }
    TRY(state_->log.Append(next.first, next.second));
  }
}

Status FileIndex::Apply(std::int64_t number, const std::vector<FoundFile>& files) {
  rocksdb::WriteBatch batch;
  std::size_t num_waiting = 0;
  for (const FoundFile& file : files) {
    const Known known{
        .seq = file.seq, .size_bytes = file.size_bytes, .modified_at_ms = file.modified_at_ms};
    batch.Put(UrlKey(file.url), ValueOf(known));
    if (file.seq > state_->last_seq) {
      state_->last_seq = file.seq;
      state_->total_bytes += file.size_bytes;
      batch.Put(NumberKey(kBySeq, file.seq),
                ValueOf(Entry{.file = file, .bytes_so_far = state_->total_bytes}));
    } else if (file.seq > 0) {
      // Replaced before it was read. The sums behind it keep the old size; they are for the
      // backlog only.
      std::string old;
      const bool is_there = TRY(state_->Get(NumberKey(kBySeq, file.seq), old));
      const Entry before = is_there ? EntryOf(file.seq, old) : Entry{};
      batch.Put(NumberKey(kBySeq, file.seq),
                ValueOf(Entry{.file = file, .bytes_so_far = before.bytes_so_far}));
    }
    // A part of a discovery may be in here after a crash; it is applied again then, to the same
    // effect, since the progress goes in with the last part.
    if (++num_waiting == kBatchFiles) {
      TRY(state_->Write(batch));
      batch.Clear();
      num_waiting = 0;
    }
  }
  std::string progress;
  AppendNumber(number + 1, progress);
  AppendNumber(state_->last_seq, progress);
  AppendNumber(state_->total_bytes, progress);
  batch.Put(rocksdb::Slice(kProgressKey.data(), kProgressKey.size()), progress);
  TRY(state_->Write(batch));
  state_->num_applied = number + 1;
  return Ok();
}

Result<std::vector<FoundFile>> FileIndex::Range(std::int64_t after, std::int64_t upto) const {
  std::vector<FoundFile> files;
  const auto iterator = state_->Iterate();
  std::string newest;
  for (iterator->Seek(NumberKey(kBySeq, after + 1));
       iterator->Valid() && iterator->key()[0] == kBySeq; iterator->Next()) {
    std::string_view key = View(iterator->key()).substr(1);
    const std::int64_t seq = TakeNumber(key);
    if (seq > upto) break;
    FoundFile file = EntryOf(seq, View(iterator->value())).file;
    const bool is_known = TRY(state_->Get(UrlKey(file.url), newest));
    if (is_known && KnownOf(newest).seq > seq) continue;
    files.push_back(std::move(file));
  }
  if (!iterator->status().ok()) return FailIndex(state_->directory, iterator->status());
  return files;
}

Result<std::int64_t> FileIndex::Take(std::int64_t after, std::int64_t end, std::int64_t max_files,
                                     std::int64_t max_bytes) const {
  std::int64_t upto = max_files > 0 ? std::min(end, after + max_files) : end;
  if (max_bytes <= 0) return upto;
  const auto iterator = state_->Iterate();
  std::int64_t bytes = 0;
  std::int64_t taken = after;
  for (iterator->Seek(NumberKey(kBySeq, after + 1)); iterator->Valid() && taken < upto;
       iterator->Next()) {
    std::string_view key = View(iterator->key()).substr(1);
    taken = TakeNumber(key);
    bytes += EntryOf(taken, View(iterator->value())).file.size_bytes;
    // A soft limit: the file that goes beyond it still comes along.
    if (bytes >= max_bytes) break;
  }
  if (!iterator->status().ok()) return FailIndex(state_->directory, iterator->status());
  return taken;
}

Result<std::int64_t> FileIndex::BytesBetween(std::int64_t after, std::int64_t upto) const {
  const auto sum_at = [this](std::int64_t seq) -> Result<std::int64_t> {
    std::string value;
    if (seq <= 0 || !TRY(state_->Get(NumberKey(kBySeq, seq), value))) return 0;
    return EntryOf(seq, value).bytes_so_far;
  };
  return std::max<std::int64_t>(0, TRY(sum_at(upto)) - TRY(sum_at(after)));
}

Status FileIndex::MarkCommitted(std::int64_t upto, std::int64_t processed_at_ms,
                                std::int64_t committed_at_ms) {
  std::string value;
  AppendNumber(processed_at_ms, value);
  AppendNumber(committed_at_ms, value);
  rocksdb::WriteBatch batch;
  batch.Put(NumberKey(kByCommit, upto), value);
  return state_->Write(batch);
}

Result<std::optional<FileIndex::CommitTime>> FileIndex::CommitTimeOf(std::int64_t seq) const {
  const auto iterator = state_->Iterate();
  iterator->Seek(NumberKey(kByCommit, seq));
  if (!iterator->status().ok()) return FailIndex(state_->directory, iterator->status());
  if (!iterator->Valid() || iterator->key()[0] != kByCommit) return std::nullopt;
  std::string_view value = View(iterator->value());
  const std::int64_t processed = TakeNumber(value);
  return CommitTime{.processed_at_ms = processed, .committed_at_ms = TakeNumber(value)};
}

Status FileIndex::MarkSkipped(std::int64_t seq, bool was_missing) {
  rocksdb::WriteBatch batch;
  batch.Put(NumberKey(kBySkipped, seq), was_missing ? "m" : "d");
  return state_->Write(batch);
}

Result<std::int64_t> FileIndex::CleanedUpTo() const {
  std::string value;
  if (!TRY(state_->Get(std::string(kCleanedKey), value))) return 0;
  std::string_view rest = value;
  return TakeNumber(rest);
}

Status FileIndex::SetCleanedUpTo(std::int64_t seq) {
  std::string value;
  AppendNumber(seq, value);
  rocksdb::WriteBatch batch;
  batch.Put(std::string(kCleanedKey), value);
  return state_->Write(batch);
}

Status FileIndex::MarkArchived(std::int64_t seq, std::int64_t archived_at_ms,
                               const std::string& destination) {
  std::string value;
  AppendNumber(archived_at_ms, value);
  value += destination;
  rocksdb::WriteBatch batch;
  batch.Put(NumberKey(kByArchived, seq), value);
  return state_->Write(batch);
}

Result<std::string> FileIndex::EventPosition() const {
  std::string value;
  TRY(state_->Get(std::string(kEventKey), value));
  return value;
}

Status FileIndex::SetEventPosition(const std::string& position) {
  rocksdb::WriteBatch batch;
  batch.Put(std::string(kEventKey), position);
  return state_->Write(batch);
}

Result<std::int64_t> FileIndex::ListedAt() const {
  std::string value;
  if (!TRY(state_->Get(std::string(kListedKey), value))) return 0;
  std::string_view rest = value;
  return TakeNumber(rest);
}

Status FileIndex::SetListedAt(std::int64_t listed_at_ms) {
  std::string value;
  AppendNumber(listed_at_ms, value);
  rocksdb::WriteBatch batch;
  batch.Put(std::string(kListedKey), value);
  return state_->Write(batch);
}

FileIndex::Times FileIndex::LoadTimes(const std::string& directory) {
  Times times;
  std::error_code error;
  if (!std::filesystem::exists(directory + "/CURRENT", error)) return times;
  rocksdb::DB* opened = nullptr;
  rocksdb::Options options = OptionsOfDb();
  options.create_if_missing = false;
  if (!rocksdb::DB::OpenForReadOnly(options, directory, &opened).ok()) return times;
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::unique_ptr<rocksdb::Iterator> iterator(db->NewIterator({}));
  for (iterator->Seek(std::string(1, kByArchived));
       iterator->Valid() && iterator->key()[0] <= kByCommit; iterator->Next()) {
    const char kind = iterator->key()[0];
    std::string_view key = View(iterator->key()).substr(1);
    std::string_view value = View(iterator->value());
    const std::int64_t seq = TakeNumber(key);
    const std::int64_t first = TakeNumber(value);
    if (kind == kByArchived) {
      times.archived[seq] = {.archived_at_ms = first, .destination = std::string(value)};
    } else if (kind == kByCommit) {
      times.commits[seq] = {.processed_at_ms = first, .committed_at_ms = TakeNumber(value)};
    }
  }
  for (iterator->Seek(std::string(1, kBySkipped));
       iterator->Valid() && iterator->key()[0] == kBySkipped; iterator->Next()) {
    std::string_view key = View(iterator->key()).substr(1);
    times.skipped[TakeNumber(key)] = View(iterator->value()) == "m";
  }
  return times;
}

}  // namespace inlet::ingest
