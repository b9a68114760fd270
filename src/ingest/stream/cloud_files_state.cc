#include "ingest/stream/cloud_files_state.h"

#include <arrow/api.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>

#include "engine/memory_source.h"
#include "ingest/stream/checkpoint_log.h"
#include "ingest/stream/discovery_log.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/file_stream_source.h"
#include "types/arrow.h"

namespace inlet::ingest {
namespace {

using types::StructType;
using types::TypeId;

StructType StateColumns() {
  return {.fields = {{"path", TypeId::kString, false, {}},
                     {"size", TypeId::kLong, false, {}},
                     {"create_time", TypeId::kTimestamp, false, {}},
                     {"discovery_time", TypeId::kTimestamp, false, {}},
                     {"processed_time", TypeId::kTimestamp, true, {}},
                     {"commit_time", TypeId::kTimestamp, true, {}},
                     {"archive_time", TypeId::kTimestamp, true, {}},
                     {"archive_mode", TypeId::kString, true, {}},
                     {"move_location", TypeId::kString, true, {}},
                     {"source_id", TypeId::kString, false, {}},
                     {"flow_name", TypeId::kString, true, {}},
                     {"ingestion_state", TypeId::kString, true, {}}}};
}

/// Which numbers of a source are in the sink, and in the batch under way.
struct Progress {
  std::int64_t committed = 0;
  std::int64_t planned = 0;
};

std::int64_t EndOf(const std::vector<std::optional<StreamOffset>>& ends, std::size_t source) {
  return source < ends.size() ? SeqOf(ends[source]).value_or(0) : 0;
}

Progress ProgressOf(const CheckpointLog::Position& position, std::size_t source) {
  if (!position.newest) return {};
  const std::int64_t newest = EndOf(position.newest->ends, source);
  if (position.is_committed) return {.committed = newest, .planned = newest};
  return {.committed = position.before ? EndOf(position.before->ends, source) : 0,
          .planned = newest};
}

/// The columns under construction.
class StateRows {
 public:
  StateRows() : schema_(StateColumns()), arrow_schema_(types::ToArrow(schema_)) {}

  Status AddStream(const StreamCheckpoint& stream, const std::string& scratch_directory) {
    flow_name_ = stream.flow_name;
    const auto& store = stream.root.store;
    const CheckpointLog log = TRY(CheckpointLog::Open(stream.root));
    const CheckpointLog::Position position = TRY(log.Find());
    const std::string prefix = stream.root.path + "/sources/";
    for (const auto& entry : TRY(store->List(prefix, {.one_level = true}))) {
      if (!entry.path.ends_with('/')) continue;
      const std::string id =
          entry.path.substr(prefix.size(), entry.path.size() - prefix.size() - 1);
      std::size_t number = 0;
      const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
      if (error != std::errc() || end != id.data() + id.size()) continue;
      const storage::Location state{.store = store, .path = prefix + id};
      TRY(AddSource(id, DiscoveryLog(state), ProgressOf(position, number),
                    FileIndex::LoadTimes(IndexDirectory(state, scratch_directory))));
    }
    return Ok();
  }

  Result<std::shared_ptr<const engine::SplitSource>> Finish() {
    arrow::ArrayVector columns;
    for (const auto& builder : builders_) {
      columns.push_back(ARROW_TRY(builder->Finish()));
    }
    return engine::MemorySource(
        schema_, arrow::RecordBatch::Make(arrow_schema_, num_rows_, std::move(columns)));
  }

  Status Begin() {
    for (const auto& field : arrow_schema_->fields()) {
      builders_.push_back(ARROW_TRY(arrow::MakeBuilder(field->type())));
    }
    return Ok();
  }

 private:
  Status AddSource(const std::string& source_id, DiscoveryLog log, const Progress& progress,
                   const FileIndex::Times& times) {
    TRY(log.Count());
    const std::map<std::string, std::int64_t> newest = TRY(NewestOfRepeated(log));
    std::int64_t number = 0;
    return log.Read(0, [&](std::int64_t, const std::vector<FoundFile>& files) -> Status {
      for (const FoundFile& file : files) {
        const auto repeated = newest.find(file.url);
        const bool is_newest = repeated == newest.end() || repeated->second == number;
        ++number;
        if (is_newest) TRY(Add(source_id, file, progress, times));
      }
      return Ok();
    });
  }

  /// Files that were found more than once, and which of the entries of the log is the last of each.
  /// Holds eight bytes for each entry while it looks.
  static Result<std::map<std::string, std::int64_t>> NewestOfRepeated(const DiscoveryLog& log) {
    std::vector<std::size_t> hashes;
    const std::hash<std::string> hash;
    TRY(log.Read(0, [&](std::int64_t, const std::vector<FoundFile>& files) -> Status {
      for (const FoundFile& file : files) hashes.push_back(hash(file.url));
      return Ok();
    }));
    std::ranges::sort(hashes);
    std::set<std::size_t> repeated;
    for (std::size_t i = 1; i < hashes.size(); ++i) {
      if (hashes[i] == hashes[i - 1]) repeated.insert(hashes[i]);
    }
    std::map<std::string, std::int64_t> newest;
    if (repeated.empty()) return newest;
    std::int64_t number = 0;
    TRY(log.Read(0, [&](std::int64_t, const std::vector<FoundFile>& files) -> Status {
      for (const FoundFile& file : files) {
        if (repeated.contains(hash(file.url))) newest[file.url] = number;
        ++number;
      }
      return Ok();
    }));
    return newest;
  }

  Status Add(const std::string& source_id, const FoundFile& file, const Progress& progress,
             const FileIndex::Times& times) {
    column_ = 0;
    const auto commit = times.commits.lower_bound(file.seq);
    const bool is_committed = file.seq > 0 && file.seq <= progress.committed;
    const bool has_time = is_committed && commit != times.commits.end();
    const auto archived = times.archived.find(file.seq);
    const bool is_archived = file.seq > 0 && archived != times.archived.end();
    TRY(Text(file.url));
    TRY(Number(file.size_bytes));
    TRY(Time(file.modified_at_ms));
    TRY(Time(file.found_at_ms));
    TRY(Time(has_time ? std::optional(commit->second.processed_at_ms) : std::nullopt));
    TRY(Time(has_time ? std::optional(commit->second.committed_at_ms) : std::nullopt));
    TRY(Time(is_archived ? std::optional(archived->second.archived_at_ms) : std::nullopt));
    const std::string* destination = is_archived ? &archived->second.destination : nullptr;
    TRY(Text(is_archived ? std::optional(destination->empty() ? "DELETE" : "MOVE") : std::nullopt));
    TRY(Text(is_archived && !destination->empty() ? std::optional(*destination) : std::nullopt));
    TRY(Text(source_id));
    TRY(Text(flow_name_.empty() ? std::nullopt : std::optional(flow_name_)));
    const bool is_under_way = file.seq > progress.committed && file.seq <= progress.planned;
    const auto skipped = times.skipped.find(file.seq);
    const char* done = skipped == times.skipped.end() ? "INGESTED"
                       : skipped->second              ? "SKIPPED_MISSING"
                                                      : "SKIPPED_CORRUPTED";
    TRY(Text(is_committed   ? std::optional<std::string>(done)
             : is_under_way ? std::optional<std::string>("PROCESSING")
                            : std::nullopt));
    ++num_rows_;
    return Ok();
  }

  Status Text(const std::optional<std::string>& text) {
    auto& builder = static_cast<arrow::StringBuilder&>(*builders_[column_++]);
    ARROW_CHECK_OK(text ? builder.Append(*text) : builder.AppendNull());
    return Ok();
  }
  Status Number(std::int64_t number) {
    ARROW_CHECK_OK(static_cast<arrow::Int64Builder&>(*builders_[column_++]).Append(number));
    return Ok();
  }
  Status Time(std::optional<std::int64_t> time_ms) {
    auto& builder = static_cast<arrow::TimestampBuilder&>(*builders_[column_++]);
    ARROW_CHECK_OK(time_ms ? builder.Append(*time_ms * 1000) : builder.AppendNull());
    return Ok();
  }

  const StructType schema_;
  const std::shared_ptr<arrow::Schema> arrow_schema_;
  std::string flow_name_;  // Of the stream that is being added.
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::size_t column_ = 0;
  std::int64_t num_rows_ = 0;
};

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> CloudFilesState(
    std::span<const StreamCheckpoint> streams, const std::string& scratch_directory) {
  StateRows rows;
  TRY(rows.Begin());
  for (const StreamCheckpoint& stream : streams) {
    // Opening the log would make a checkpoint where there is none.
    if (stream.root.store->Head(stream.root.path + "/metadata")) {
      TRY(rows.AddStream(stream, scratch_directory));
    } else if (stream.flow_name.empty()) {
      return Fail(Condition::CF_STATE_INVALID_CHECKPOINT_PATH,
                  {{"path", storage::UrlOf(*stream.root.store, stream.root.path)}});
    }
  }
  return rows.Finish();
}

}  // namespace inlet::ingest
