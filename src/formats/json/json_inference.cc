#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "formats/json/json_inference_internal.h"
#include "formats/json/json_observer_internal.h"
#include "formats/json/json_records_internal.h"
#include "storage/object_store.h"

namespace inlet::formats {
namespace {

constexpr std::int64_t kPartBytes = std::int64_t{32} << 20;
constexpr std::size_t kMaxFields = 100'000;
constexpr int kRecordsBetweenStopChecks = 256;
constexpr std::size_t kShownBytes = 1000;  // Of a malformed record in an error's text.

/// What some of the records look like.
struct Findings {
  JsonShape root;
  bool has_malformed = false;
};

/// Splits that one thread reads one after the other.
using Part = std::vector<FileSplit>;

/// Reads records into findings. Not thread-safe.
class RecordObserver {
 public:
  RecordObserver(const JsonOptions& options, const types::TimeZone& zone, JsonRecords& records,
                 Findings& findings)
      : options_(options), zone_(zone), records_(records), findings_(findings) {
    findings_.root.AddScalar(JsonShape::Kind::kObject);
  }

  void Observe(const JsonRecord& record) {
    if (record.tokens != nullptr) {
      const auto make = [&] {
        return types::JsonCursor(record.base, record.tokens, options_.syntax);
      };
      const char* end = record.text.data() + record.text.size();
      if (ObserveWith(make, [&](types::JsonCursor& cursor) {
            if (record.base + cursor.tokens()[-1] >= end) return false;
            records_.Used(cursor.tokens());
            return true;
          })) {
        return;
      }
    } else if (!IsValidUtf8(record.text)) {
      findings_.has_malformed = true;
      return;
    }
    const auto make = [&] { return types::RelaxedJsonCursor(record.text, options_.syntax); };
    if (!ObserveWith(make, [](types::RelaxedJsonCursor&) { return true; })) {
      findings_.has_malformed = true;
    }
  }

 private:
  /// False for a record that is broken. `is_inside` tells whether a cursor has stayed inside of it.
  template <class Make, class IsInside>
  bool ObserveWith(const Make& make, const IsInside& is_inside) {
    auto cursor = make();
    using Cursor = decltype(cursor);
    using Found = typename JsonObserver<Cursor>::Found;
    const types::JsonKind kind = cursor.Peek();
    if (kind != types::JsonKind::kObject && kind != types::JsonKind::kArray) {
      return kind == types::JsonKind::kNull && cursor.Skip() && is_inside(cursor);
    }
    const Found found = ObserveRows(cursor, kind, /*learn=*/false);
    if (found == Found::kNothing) return is_inside(cursor);
    if (found == Found::kSyntax) return false;
    auto checker = make();
    if (!checker.Skip() || !is_inside(checker)) return false;
    auto learner = make();
    return ObserveRows(learner, kind, /*learn=*/true) != Found::kSyntax;
  }

  template <class Cursor>
  typename JsonObserver<Cursor>::Found ObserveRows(Cursor& cursor, types::JsonKind kind,
                                                   bool learn) {
    using Found = typename JsonObserver<Cursor>::Found;
    JsonObserver<Cursor> observer(cursor, options_, zone_);
    if (kind == types::JsonKind::kObject) return observer.Observe(findings_.root, learn);
    if (!cursor.BeginArray()) return Found::kSyntax;
    Found found = Found::kNothing;
    for (types::JsonStep step = cursor.FirstElement(); step != types::JsonStep::kEnd;
         step = cursor.NextElement()) {
      if (step == types::JsonStep::kError || cursor.Peek() != types::JsonKind::kObject) {
        return Found::kSyntax;
      }
      const Found row = observer.Observe(findings_.root, learn);
      if (row == Found::kSyntax || (row == Found::kNew && !learn)) return row;
      if (row == Found::kNew) found = row;
    }
    return found;
  }

  const JsonOptions& options_;
  const types::TimeZone& zone_;
  JsonRecords& records_;
  Findings& findings_;
};

Status ObservePart(const storage::ObjectStore& store, const JsonOptions& json,
                   const types::TimeZone& zone, const Part& part, const std::stop_token& stop,
                   Findings& findings) {
  JsonRecords records(store, json);
  RecordObserver observer(json, zone, records, findings);
  JsonRecord record;
  int until_check = 0;
  for (const FileSplit& split : part) {
    TRY(records.Open(split));
    while (TRY(records.Next(record))) {
      observer.Observe(record);
      if (findings.has_malformed && json.mode == ParseMode::kFailFast) {
        std::string shown;
        AppendValidUtf8(record.text.substr(0, kShownBytes), shown);
        return Status(Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                           {{"badRecord", std::move(shown)}, {"failFastMode", "FAILFAST"}}))
            .Context("read " + storage::UrlOf(store, split.file.path));
      }
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
    const bool whole = json.multi_line || json.encoding != TextEncoding::kUtf8 ||
                       file.size_bytes <= kPartBytes || CodecOfPath(file.path) != Codec::kNone ||
                       !TRY(IsPlainJson(store, file));
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
  const types::TimeZone* zone = json.time_zone;
  if (zone == nullptr) zone = TRY(types::TimeZone::Find(options.session_time_zone));

  const std::vector<Part> parts = TRY(CutIntoParts(store, files, json, options.max_bytes));
  std::vector<Findings> findings(parts.size());
  std::mutex mutex;  // Guards error.
  std::optional<Error> error;
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    while (!failed) {
      const std::size_t part = next++;
      if (part >= parts.size()) return;
      Status status = ObservePart(store, json, *zone, parts[part], stop, findings[part]);
      if (status) continue;
      const std::lock_guard lock(mutex);
      if (!error) error = std::move(status).error();
      failed = true;
    }
  };
  {
    std::vector<std::jthread> helpers;
    const auto num_threads = std::min(static_cast<std::size_t>(std::max(1, options.threads)),
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

}  // namespace inlet::formats
