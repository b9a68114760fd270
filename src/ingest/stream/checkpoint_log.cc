#include "ingest/stream/checkpoint_log.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/uuid.h"

namespace inlet::ingest {
namespace {

constexpr BatchId kBatchesToKeep = 100;
/// Deleting the old ones a few at a time keeps the cost off most batches.
constexpr BatchId kPurgeEvery = 10;
constexpr std::string_view kVersionLine = "v1";
constexpr std::string_view kNoOffset = "-";

std::optional<BatchId> IdOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  BatchId id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || end != name.data() + name.size() || id < 0) return std::nullopt;
  return id;
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::unexpected<Error> Invalid(const storage::ObjectStore& store, std::string_view path,
                               std::string message) {
  return Fail(Condition::STREAM_CHECKPOINT_INVALID,
              {{"path", storage::UrlOf(store, path)}, {"message", std::move(message)}});
}

Result<std::string> ReadQueryId(const storage::Location& root, const std::string& path) {
  const std::string text = TRY(root.store->Get(path));
  simdjson::dom::parser parser;
  std::string_view id;
  if (parser.parse(text)["id"].get(id) != simdjson::SUCCESS || id.empty()) {
    return Invalid(*root.store, path, "it does not tell the id of the stream");
  }
  return std::string(id);
}

}  // namespace

Result<CheckpointLog> CheckpointLog::Open(storage::Location root) {
  const std::string path = root.path + "/metadata";
  Result<std::string> id = ReadQueryId(root, path);
  if (!id && id.error().kind() == ErrorKind::kNotFound) {
    for (const char* folder : {"/offsets/", "/commits/"}) {
      if (!TRY(root.store->List(root.path + folder, {.max_objects = 1})).empty()) {
        return Fail(Condition::CF_MISSING_METADATA_FILE_ERROR,
                    {{"path", storage::UrlOf(*root.store, path)}});
      }
    }
    const std::string made = "{\"id\":\"" + RandomUuid() + "\"}";
    const Status put = root.store->Put(path, made, storage::PutMode::kIfAbsent);
    if (!put && put.error().kind() != ErrorKind::kAlreadyExists) {
      return std::unexpected(put.error());
    }
    id = ReadQueryId(root, path);
  }
  return CheckpointLog(std::move(root), TRY(std::move(id)));
}

std::string CheckpointLog::PathOf(std::string_view folder, BatchId id) const {
  return root_.path + "/" + std::string(folder) + "/" + std::to_string(id);
}

Result<std::vector<BatchId>> CheckpointLog::Ids(std::string_view folder) const {
  std::vector<BatchId> ids;
  const std::string prefix = root_.path + "/" + std::string(folder) + "/";
  for (const storage::ObjectInfo& file : TRY(root_.store->List(prefix, {}))) {
    if (const auto id = IdOf(file.path)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<CheckpointLog::Position> CheckpointLog::Find() const {
  const std::vector<BatchId> planned = TRY(Ids("offsets"));
  const std::vector<BatchId> committed = TRY(Ids("commits"));
  if (planned.empty()) {
    if (committed.empty()) return Position{};
    return Fail(
        Condition::BATCH_METADATA_NOT_FOUND,
        {{"batchMetadataFile", storage::UrlOf(*root_.store, PathOf("offsets", committed.back()))}});
  }
  const BatchId newest = planned.back();
  if (!committed.empty() && committed.back() > newest) {
    return Fail(
        Condition::BATCH_METADATA_NOT_FOUND,
        {{"batchMetadataFile", storage::UrlOf(*root_.store, PathOf("offsets", committed.back()))}});
  }
  Position position{.newest = TRY(ReadOffsets(newest)),
                    .is_committed = !committed.empty() && committed.back() == newest};
  if (position.is_committed || newest == 0) return position;
  if (!std::binary_search(planned.begin(), planned.end(), newest - 1)) {
    return Fail(
        Condition::BATCH_METADATA_NOT_FOUND,
        {{"batchMetadataFile", storage::UrlOf(*root_.store, PathOf("offsets", newest - 1))}});
  }
  position.before = TRY(ReadOffsets(newest - 1));
  return position;
}

Result<PlannedBatch> CheckpointLog::ReadOffsets(BatchId id) const {
  const std::string path = PathOf("offsets", id);
  const std::vector<std::string> lines = LinesOf(TRY(root_.store->Get(path)));
  if (lines.size() < 3 || lines[0] != kVersionLine) {
    return Invalid(*root_.store, path, "it is not an offset log of version v1");
  }
  PlannedBatch batch{.id = id};
  simdjson::dom::parser parser;
  if (parser.parse(lines[1])["batchTimestampMs"].get(batch.timestamp_ms) != simdjson::SUCCESS) {
    return Invalid(*root_.store, path, "its second line has no batchTimestampMs");
  }
  for (std::size_t i = 2; i < lines.size(); ++i) {
    batch.ends.push_back(lines[i] == kNoOffset ? std::nullopt
                                               : std::optional(StreamOffset{lines[i]}));
  }
  return batch;
}

Status CheckpointLog::PutNew(const std::string& path, const std::string& text, BatchId id) {
  Status put = root_.store->Put(path, text, storage::PutMode::kIfAbsent);
  if (put || put.error().kind() != ErrorKind::kAlreadyExists) return put;
  return Fail(Condition::CONCURRENT_STREAM_LOG_UPDATE, {{"batchId", std::to_string(id)}});
}

Status CheckpointLog::Plan(const PlannedBatch& batch) {
  std::string text(kVersionLine);
  text += "\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":" + std::to_string(batch.timestamp_ms) +
          ",\"conf\":{}}";
  for (const auto& end : batch.ends) text += "\n" + (end ? end->json : std::string(kNoOffset));
  return PutNew(PathOf("offsets", batch.id), text, batch.id);
}

Status CheckpointLog::MarkCommitted(BatchId id) {
  return PutNew(PathOf("commits", id), "v1\n{\"nextBatchWatermarkMs\":0}", id);
}

void CheckpointLog::Purge(BatchId newest) {
  if (newest % kPurgeEvery != 0) return;
  for (BatchId id = newest - kBatchesToKeep; id > newest - kBatchesToKeep - kPurgeEvery; --id) {
    if (id < 0) return;
    (void)root_.store->Delete(PathOf("commits", id));
    (void)root_.store->Delete(PathOf("offsets", id));
  }
}

}  // namespace inlet::ingest
