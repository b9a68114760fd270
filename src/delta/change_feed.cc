#include "delta/change_feed.h"

#include <simdjson.h>

#include <algorithm>
#include <map>

#include "base/option_map.h"
#include "delta/column_mapping.h"
#include "delta/commit_file.h"
#include "delta/commit_time.h"
#include "delta/data_path.h"
#include "delta/deletion_vector.h"
#include "delta/feed_schema.h"
#include "delta/log_segment.h"

namespace inlet::delta {
namespace {

bool FeedIsOn(const Properties& properties) {
  const auto found = properties.find("delta.enableChangeDataFeed");
  return found != properties.end() && EqualsIgnoreCase(found->second, "true");
}

AddFile AsAdded(const RemoveFile& remove) {
  AddFile file{.path = remove.path, .partition_values = remove.partition_values};
  file.size = remove.size.value_or(0);
  file.deletion_vector = remove.deletion_vector;
  file.base_row_id = remove.base_row_id;
  file.default_row_commit_version = remove.default_row_commit_version;
  return file;
}

/// Whether a MERGE says that it changed no row: what it wrote again is no change then.
bool IsMergeWithoutChange(const std::optional<CommitInfo>& info) {
  if (!info || info->operation != "MERGE") return false;
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(info->json).get(json) != simdjson::SUCCESS) return false;
  return std::ranges::all_of(
      std::initializer_list<const char*>{"numTargetRowsInserted", "numTargetRowsUpdated",
                                         "numTargetRowsDeleted"},
      [&](const char* metric) {
        std::string_view number;
        return json["operationMetrics"][metric].get_string().get(number) == simdjson::SUCCESS &&
               number == "0";
      });
}

/// Reads the commits of a range one after the other.
class FeedBuilder {
 public:
  FeedBuilder(const SnapshotPtr& latest, Version start, Version end)
      : root_(latest->table_root()), start_(start), end_(end) {
    feed_.snapshot = latest;
  }

  Result<ChangeFeed> Run() {
    TRY(FindTimes());
    TRY(ChooseColumns());
    const SnapshotPtr first = TRY(Snapshot::Load(root_, start_));
    if (!FeedIsOn(first->properties())) return Off();
    for (Version version = start_; version <= end_; ++version) TRY(AddVersion(version));
    TRY(CheckColumns(start_, first->metadata(),
                     Condition::DELTA_CHANGE_DATA_FEED_INCOMPATIBLE_DATA_SCHEMA));
    feed_.files = std::make_shared<const std::vector<ScanFile>>(std::move(files_));
    return std::move(feed_);
  }

 private:
  std::unexpected<Error> Off() const {
    return Fail(Condition::DELTA_MISSING_CHANGE_DATA,
                {{"startVersion", std::to_string(start_)}, {"endVersion", std::to_string(end_)}});
  }

  /// Mapped columns are those of the last version that is read, others those of the latest one.
  Status ChooseColumns() {
    const ColumnMappingMode mode = TRY(ColumnMappingModeOf(feed_.snapshot->properties()));
    if (mode == ColumnMappingMode::kNone || end_ == feed_.snapshot->version()) return Ok();
    feed_.snapshot = TRY(Snapshot::Load(root_, end_));
    return Ok();
  }

  Status CheckColumns(Version version, const Metadata& metadata, Condition condition) const {
    const Snapshot& columns = *feed_.snapshot;
    if (TRY(FeedCanRead({version, metadata}, {columns.version(), columns.metadata()}))) return Ok();
    return Fail(condition, {{"start", std::to_string(start_)},
                            {"end", std::to_string(end_)},
                            {"readVersion", std::to_string(columns.version())},
                            {"incompatibleVersion", std::to_string(version)}});
  }

  Status FindTimes() {
    for (const TimedCommit& commit : TRY(ListCommits(root_))) {
      times_[commit.version] = commit.timestamp_ms;
    }
    return Ok();
  }

  Status AddVersion(Version version) {
    const std::string path = CommitPath(root_, version);
    Result<std::string> text = root_.store->Get(path);
    if (!text && text.error().kind() == ErrorKind::kNotFound) {
      return Fail(Condition::DELTA_LOG_FILE_NOT_FOUND, {{"path", path}});
    }
    const CommitActions commit = TRY(ParseActions(TRY(std::move(text)), path));
    if (commit.metadata && !FeedIsOn(commit.metadata->configuration)) return Off();
    if (commit.metadata && version > start_) {
      TRY(CheckColumns(version, *commit.metadata,
                       Condition::DELTA_CHANGE_DATA_FEED_INCOMPATIBLE_SCHEMA_CHANGE));
    }
    origin_ = {.version = version, .timestamp_ms = times_[version], .change_type = ""};
    if (commit.commit_info && commit.commit_info->in_commit_timestamp) {
      origin_.timestamp_ms = *commit.commit_info->in_commit_timestamp;
    }
    if (commit.cdc.empty()) {
      return IsMergeWithoutChange(commit.commit_info) ? Ok() : AddFiles(commit);
    }
    for (const AddCdcFile& file : commit.cdc) {
      Put({.path = file.path, .partition_values = file.partition_values, .size = file.size}, "",
          nullptr);
    }
    return Ok();
  }

  Status AddFiles(const CommitActions& commit) {
    std::map<std::string, const RemoveFile*> removed;
    for (const FileAction& action : commit.files) {
      const auto* remove = std::get_if<RemoveFile>(&action);
      if (remove != nullptr && remove->data_change) removed[CanonicalPath(remove->path)] = remove;
    }
    for (const FileAction& action : commit.files) {
      const auto* add = std::get_if<AddFile>(&action);
      if (add == nullptr || !add->data_change) continue;
      const auto before = removed.find(CanonicalPath(add->path));
      if (before == removed.end()) {
        Put(*add, "insert", nullptr);
      } else {
        TRY(AddDifference(*before->second, *add));
        removed.erase(before);
      }
    }
    for (const auto& [path, remove] : removed) Put(AsAdded(*remove), "delete", nullptr);
    return Ok();
  }

  /// A file that stays, with another deletion vector.
  Status AddDifference(const RemoveFile& before, const AddFile& after) {
    const DeletedRows old_rows = TRY(DeletedOf(before.deletion_vector));
    const DeletedRows new_rows = TRY(DeletedOf(after.deletion_vector));
    PutRows(after, new_rows, old_rows, "delete");
    PutRows(after, old_rows, new_rows, "insert");
    return Ok();
  }

  Result<DeletedRows> DeletedOf(const std::optional<DeletionVectorDescriptor>& vector) const {
    if (!vector) return DeletedRows();
    return LoadDeletedRows(root_, *vector);
  }

  /// Those of `rows` that are not in `others`.
  void PutRows(const AddFile& file, const DeletedRows& rows, const DeletedRows& others,
               const char* change_type) {
    RowBitmap all;
    all.Add(others);
    auto only = std::make_shared<RowBitmap>();
    for (const auto& [begin, end] : rows.ranges) {
      for (std::uint64_t row = begin; row < end; ++row) {
        if (all.Add(row)) only->Add(row);
      }
    }
    if (only->cardinality() == 0) return;
    AddFile whole = file;
    whole.deletion_vector.reset();
    Put(std::move(whole), change_type, std::move(only));
  }

  void Put(AddFile file, const char* change_type, std::shared_ptr<const RowBitmap> only_rows) {
    file.stats.clear();
    files_.push_back({.file = std::move(file), .only_rows = std::move(only_rows)});
    feed_.origins.push_back(origin_);
    feed_.origins.back().change_type = change_type;
  }

  const storage::Location& root_;
  const Version start_;
  const Version end_;
  std::map<Version, std::int64_t> times_;
  ChangeFeed::Origin origin_;
  std::vector<ScanFile> files_;
  ChangeFeed feed_;
};

}  // namespace

Result<ChangeFeed> LoadChangeFeed(const SnapshotPtr& latest, Version start, Version end) {
  if (start > latest->version()) {
    return Fail(Condition::DELTA_CDC_START_VERSION_AFTER_LATEST,
                {{"start", std::to_string(start)}, {"latest", std::to_string(latest->version())}});
  }
  if (end < start) {
    return Fail(Condition::DELTA_INVALID_CDC_RANGE,
                {{"start", std::to_string(start)}, {"end", std::to_string(end)}});
  }
  return FeedBuilder(latest, start, std::min(end, latest->version())).Run();
}

ChangeFeed EmptyChangeFeed(const SnapshotPtr& latest) {
  return {
      .snapshot = latest, .files = std::make_shared<const std::vector<ScanFile>>(), .origins = {}};
}

types::StructType ChangeFeedSchema(const Snapshot& snapshot) {
  types::StructType schema = snapshot.schema();
  for (types::StructField& field : schema.fields) field.nullable = true;
  schema.fields.push_back({.name = kChangeTypeColumn, .type = types::TypeId::kString});
  schema.fields.push_back({.name = kCommitVersionColumn, .type = types::TypeId::kLong});
  schema.fields.push_back({.name = kCommitTimestampColumn, .type = types::TypeId::kTimestamp});
  return schema;
}

}  // namespace inlet::delta
