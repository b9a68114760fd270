#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "formats/json/json_guess_internal.h"
#include "formats/json/json_inference_internal.h"
#include "formats/json/json_record_observer_internal.h"
#include "storage/object_store.h"

namespace inlet::formats {
namespace {

constexpr std::int64_t kPartBytes = std::int64_t{32} << 20;
constexpr std::size_t kMaxFields = 100'000;
constexpr int kRecordsBetweenStopChecks = 256;
constexpr std::size_t kShownBytes = 1000;  // Of a malformed record in an error's text.
constexpr std::int64_t kNumSamples = 8;

/// What some of the records look like.
struct Findings {
  JsonShape root;
  bool has_malformed = false;
};

/// Splits that one thread reads one after the other.
using Part = std::vector<FileSplit>;

Status FailFast(const storage::ObjectStore& store, const FileSplit& split,
                const JsonRecord& record) {
  std::string shown;
  AppendValidUtf8(record.text.substr(0, kShownBytes), shown);
  return Status(Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                     {{"badRecord", std::move(shown)}, {"failFastMode", "FAILFAST"}}))
      .Context("read " + storage::UrlOf(store, split.file.path));
}

/// Looks at the records that begin in the first `max_bytes` of `part`.
Status ObservePart(const storage::ObjectStore& store, const JsonOptions& json,
                   const types::TimeZone& zone, const Part& part, std::int64_t max_bytes,
                   const std::stop_token& stop, Findings& findings) {
  JsonRecords records(store, json);
  findings.root.AddScalar(JsonShape::Kind::kObject);
  JsonRecordObserver observer(json, zone, findings.root, /*learn=*/true);
  JsonRecord record;
  int until_check = 0;
  for (const FileSplit& split : part) {
    if (max_bytes <= 0) break;
    TRY(records.Open(split));
    while (max_bytes > 0 && TRY(records.Next(record))) {
      const std::uint32_t* used = nullptr;
      if (observer.Observe(record, used) == JsonRecordObserver::News::kMalformed) {
        if (json.mode == ParseMode::kFailFast) return FailFast(store, split, record);
        findings.has_malformed = true;
      }
      if (used != nullptr) records.Used(used);
      max_bytes -= static_cast<std::int64_t>(record.text.size()) + 1;
      if (--until_check > 0) continue;
      until_check = kRecordsBetweenStopChecks;
      if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
      if (findings.root.CountFields() > kMaxFields) {
        return Fail(Condition::INLET_RESOURCE_LIMIT,
                    {{"message", "The JSON documents have too many different fields"},
                     {"limit", std::to_string(kMaxFields)}});
      }
    }
  }
  return Ok();
}

/// Whether pieces of `file` can be read on their own.
Result<bool> MayCut(const storage::ObjectStore& store, const storage::ObjectInfo& file,
                    const JsonOptions& json) {
  return !json.multi_line && json.encoding == TextEncoding::kUtf8 &&
         CodecOfPath(file.path) == Codec::kNone && TRY(IsPlainJson(store, file));
}

/// Pieces of about kPartBytes, so that threads get even shares: big files are cut, small ones
/// gathered.
Result<std::vector<Part>> CutIntoParts(const storage::ObjectStore& store,
                                       std::span<const storage::ObjectInfo> files,
                                       const JsonOptions& json, std::int64_t max_bytes) {
  std::vector<Part> parts;
  std::int64_t part_bytes = kPartBytes;
  std::int64_t all_bytes = 0;
  const auto add = [&](FileSplit split, std::int64_t bytes) {
    if (part_bytes >= kPartBytes) {
      parts.emplace_back();
      part_bytes = 0;
    }
    parts.back().push_back(std::move(split));
    part_bytes += bytes;
  };
  for (const storage::ObjectInfo& file : files) {
    if (all_bytes >= max_bytes) break;
    const bool whole = file.size_bytes <= kPartBytes || !TRY(MayCut(store, file, json));
    const std::int64_t bytes = std::min(file.size_bytes, max_bytes - all_bytes);
    all_bytes += bytes;
    if (whole) {
      add({.file = file}, file.size_bytes);
      continue;
    }
    for (std::int64_t position = 0; position < bytes; position += kPartBytes) {
      const std::int64_t length = std::min(kPartBytes, bytes - position);
      add({.file = file, .position = position, .length = length}, length);
    }
  }
  return parts;
}

/// Looks at the first `max_bytes` of each part, on some threads.
Result<Findings> ObserveParts(const storage::ObjectStore& store, const JsonOptions& json,
                              const types::TimeZone& zone, const std::vector<Part>& parts,
                              std::int64_t max_bytes, int threads, const std::stop_token& stop) {
  std::vector<Findings> findings(parts.size());
  std::mutex mutex;  // Guards error.
  std::optional<Error> error;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    while (!failed) {
      const std::size_t part = next++;
      if (part >= parts.size()) return;
      Status status = ObservePart(store, json, zone, parts[part], max_bytes, stop, findings[part]);
      if (status) continue;
      const std::lock_guard lock(mutex);
      if (!error) error = std::move(status).error();
      failed = true;
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto num_threads = std::min(static_cast<std::size_t>(std::max(1, threads)),
                                      std::max<std::size_t>(1, parts.size()));
    for (std::size_t i = 1; i < num_threads; ++i) helpers.emplace_back(work);
    work();
  }
  if (error) return std::unexpected(*std::move(error));

  Findings all;
  for (Findings& part : findings) {
    all.root.Merge(std::move(part.root));
    all.has_malformed |= part.has_malformed;
  }
  return all;
}

Result<const types::TimeZone*> ZoneOf(const JsonOptions& json,
                                      const ConfiguredFormat::InferOptions& options) {
  if (json.time_zone != nullptr) return json.time_zone;
  return types::TimeZone::Find(options.session_time_zone);
}

/// Runs of records, spread evenly over the bytes of all files.
Result<std::vector<Part>> SamplePlaces(const storage::ObjectStore& store,
                                       std::span<const storage::ObjectInfo> files,
                                       const JsonOptions& json, std::int64_t total_bytes,
                                       std::int64_t run_bytes) {
  std::vector<Part> parts;
  std::set<std::size_t> whole_files;  // That are in a part.
  std::size_t file = 0;
  std::int64_t file_begin = 0;
  for (std::int64_t i = 0; i < kNumSamples; ++i) {
    const std::int64_t wanted = total_bytes / kNumSamples * i;
    while (file_begin + files[file].size_bytes <= wanted) file_begin += files[file++].size_bytes;
    Part part;
    std::int64_t position = wanted - file_begin;
    std::int64_t bytes = 0;
    for (std::size_t at = file; at < files.size() && bytes < run_bytes; ++at, position = 0) {
      const std::int64_t length = std::min(run_bytes - bytes, files[at].size_bytes - position);
      if (position > 0 && TRY(MayCut(store, files[at], json))) {
        part.push_back({.file = files[at], .position = position, .length = length});
      } else if (whole_files.insert(at).second) {
        part.push_back({.file = files[at]});
      }
      bytes += length;
    }
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return parts;
}

bool MayGuess(const JsonShape& shape) {
  if (shape.kind() == JsonShape::Kind::kDecimal) return false;
  if (shape.kind() == JsonShape::Kind::kArray) return MayGuess(shape.element());
  std::set<std::string> names;
  return std::ranges::all_of(shape.fields(), [&](const auto& field) {
    return names.insert(ToLower(field->name)).second && MayGuess(field->shape);
  });
}

Result<std::shared_ptr<const SchemaGuess>> Guess(const storage::ObjectStore& store,
                                                 std::span<const storage::ObjectInfo> files,
                                                 const JsonOptions& json,
                                                 const ConfiguredFormat::InferOptions& options,
                                                 const ConfiguredFormat::GuessOptions& guess,
                                                 const std::stop_token& stop) {
  std::int64_t total_bytes = 0;
  for (const storage::ObjectInfo& file : files) total_bytes += file.size_bytes;
  const bool pays =
      total_bytes >= guess.min_total_bytes && total_bytes > 0 && total_bytes <= options.max_bytes;
  if (!pays || !options.infer_column_types || json.prefers_decimal) return nullptr;
  const types::TimeZone* zone = TRY(ZoneOf(json, options));
  const std::int64_t run_bytes =
      std::max<std::int64_t>(1, std::min(guess.sample_bytes, total_bytes / 8) / kNumSamples);
  const std::vector<Part> parts = TRY(SamplePlaces(store, files, json, total_bytes, run_bytes));
  Findings found = TRY(ObserveParts(store, json, *zone, parts, run_bytes, options.threads, stop));
  const bool malformed_counts =
      json.mode == ParseMode::kFailFast ||
      (json.mode == ParseMode::kPermissive && options.add_corrupt_record_column);
  if (!MayGuess(found.root) || (found.has_malformed && malformed_counts)) return nullptr;
  types::StructType schema{found.root.ToFields(json)};
  if (schema.empty()) return nullptr;
  return std::make_shared<JsonGuess>(std::move(found.root), std::move(schema), malformed_counts);
}

}  // namespace

Result<types::StructType> InferJsonSchema(const storage::ObjectStore& store,
                                          std::span<const storage::ObjectInfo> files,
                                          const JsonOptions& json,
                                          const ConfiguredFormat::InferOptions& options,
                                          std::stop_token stop) {
  if (json.single_variant_column) {
    return types::StructType{
        {{.name = *json.single_variant_column, .type = types::TypeId::kVariant}}};
  }
  const types::TimeZone* zone = TRY(ZoneOf(json, options));
  const std::vector<Part> parts = TRY(CutIntoParts(store, files, json, options.max_bytes));
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  Findings all = TRY(ObserveParts(store, json, *zone, parts, kAll, options.threads, stop));
  types::StructType schema{all.root.ToFields(json)};
  if (!options.infer_column_types) {
    for (types::StructField& field : schema.fields) field.type = types::TypeId::kString;
  }
  if (all.has_malformed && options.add_corrupt_record_column &&
      json.mode == ParseMode::kPermissive) {
    schema.fields.push_back({.name = json.corrupt_record_name, .type = types::TypeId::kString});
    std::ranges::sort(schema.fields, {}, &types::StructField::name);
  }
  return schema;
}

std::shared_ptr<const SchemaGuess> GuessJsonSchema(const storage::ObjectStore& store,
                                                   std::span<const storage::ObjectInfo> files,
                                                   const JsonOptions& json,
                                                   const ConfiguredFormat::InferOptions& options,
                                                   const ConfiguredFormat::GuessOptions& guess,
                                                   const std::stop_token& stop) {
  // What is wrong with the files is told by those who read all of them.
  return Guess(store, files, json, options, guess, stop).value_or(nullptr);
}

}  // namespace inlet::formats
