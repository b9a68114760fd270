#include "ingest/stream/stream_schema.h"

#include <algorithm>

#include "ingest/format_detection.h"
#include "ingest/schema_hints.h"

namespace inlet::ingest {
namespace {

using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

/// Digits that a whole number of this type can have.
int DigitsOf(TypeId id) {
  switch (id) {
    case TypeId::kByte:
      return 3;
    case TypeId::kShort:
      return 5;
    case TypeId::kInteger:
      return 10;
    default:
      return 19;
  }
}

/// Source: Auto Loader, "Supported type widening changes".
bool IsWidening(const DataType& from, const DataType& to) {
  if (from.is_integer() && to.is_integer()) return to.id() > from.id();
  if (from.is_integer() && to.is(TypeId::kDecimal)) {
    return to.precision() - to.scale() >= DigitsOf(from.id());
  }
  if (from.is_integer() && to.is(TypeId::kDouble)) return !from.is(TypeId::kLong);
  if (from.is(TypeId::kFloat)) return to.is(TypeId::kDouble);
  if (from.is(TypeId::kDecimal) && to.is(TypeId::kDecimal)) {
    const int more_scale = to.scale() - from.scale();
    return more_scale >= 0 && to.precision() - from.precision() >= more_scale && !(from == to);
  }
  return from.is(TypeId::kDate) && to.is(TypeId::kTimestampNtz);
}

std::vector<StructField> MergeFields(const std::vector<StructField>& known,
                                     const std::vector<StructField>& found, bool widen);

DataType MergeTypes(const DataType& known, const DataType& found, bool widen) {
  if (known.id() != found.id() || !known.is_nested()) {
    return widen && IsWidening(known, found) ? found : known;
  }
  switch (known.id()) {
    case TypeId::kArray:
      return DataType::Array(MergeTypes(known.element(), found.element(), widen),
                             known.fields()[0].nullable);
    case TypeId::kMap:
      return DataType::Map(known.key(), MergeTypes(known.value(), found.value(), widen),
                           known.fields()[1].nullable);
    default:
      return DataType::Struct(MergeFields(known.fields(), found.fields(), widen));
  }
}

std::vector<StructField> MergeFields(const std::vector<StructField>& known,
                                     const std::vector<StructField>& found, bool widen) {
  std::vector<StructField> merged = known;
  for (const StructField& field : found) {
    const auto same = std::ranges::find_if(
        merged, [&](const StructField& other) { return EqualsIgnoreCase(other.name, field.name); });
    if (same == merged.end()) {
      merged.push_back(field);
    } else {
      same->type = MergeTypes(same->type, field.type, widen);
    }
  }
  return merged;
}

/// Names of what `merged` has and `known` has not: `a`, `b.c`, and columns with other types.
void NameChanges(const std::vector<StructField>& known, const std::vector<StructField>& merged,
                 const std::string& prefix, std::string& names) {
  for (const StructField& field : merged) {
    const auto old = std::ranges::find_if(
        known, [&](const StructField& other) { return EqualsIgnoreCase(other.name, field.name); });
    const std::string name = prefix + field.name;
    if (old != known.end() && old->type == field.type) continue;
    if (old != known.end() && old->type.is(TypeId::kStruct) && field.type.is(TypeId::kStruct)) {
      NameChanges(old->type.fields(), field.type.fields(), name + ".", names);
    } else {
      names += (names.empty() ? "" : ", ") + name;
    }
  }
}

/// Formats whose schema never grows.
bool IsFixedFormat(std::string_view format) {
  constexpr std::string_view kFixed[] = {"orc", "text", "binaryFile"};
  return std::ranges::any_of(kFixed,
                             [&](std::string_view name) { return EqualsIgnoreCase(name, format); });
}

constexpr std::string_view NameOf(EvolutionMode mode) {
  switch (mode) {
    case EvolutionMode::kAddNewColumns:
      return "addNewColumns";
    case EvolutionMode::kAddNewColumnsWithTypeWidening:
      return "addNewColumnsWithTypeWidening";
    case EvolutionMode::kRescue:
      return "rescue";
    case EvolutionMode::kFailOnNewColumns:
      return "failOnNewColumns";
    case EvolutionMode::kNone:
      break;
  }
  return "none";
}

}  // namespace

StructType MergeNewColumns(const StructType& known, const StructType& found, bool widen) {
  return {.fields = MergeFields(known.fields, found.fields, widen)};
}

std::string NamesOfChanges(const StructType& known, const StructType& merged) {
  std::string names;
  NameChanges(known.fields, merged.fields, "", names);
  return names;
}

StreamSchema::StreamSchema(ReadFilesRequest request, std::optional<EvolutionMode> mode,
                           storage::Location location)
    : request_(std::move(request)),
      asked_mode_(mode),
      has_explicit_schema_(request_.options.contains("schema")),
      location_(std::move(location)) {}

Status StreamSchema::Load() {
  if (!has_explicit_schema_) {
    stored_ = TRY(location_.Newest().Context("read the schema location"));
    if (stored_) {
      known_ = stored_->schema;
      // Hints may have been given since.
      known_->data = TRY(ApplySchemaHints(std::move(known_->data),
                                          GetString(request_.options, "schemaHints").value_or("")));
      if (!stored_->format.empty()) request_.options.emplace("format", stored_->format);
    }
  }
  return CheckMode();
}

Status StreamSchema::CheckMode() {
  const bool is_fixed = IsFixedFormat(GetString(request_.options, "format").value_or(""));
  if (is_fixed && asked_mode_ && *asked_mode_ != EvolutionMode::kNone) {
    return Fail(Condition::CF_UNSUPPORTED_SCHEMA_EVOLUTION_MODE,
                {{"mode", std::string(NameOf(*asked_mode_))},
                 {"format", *GetString(request_.options, "format")}});
  }
  const bool has_default_growth = !has_explicit_schema_ && !is_fixed && request_.is_read_files;
  mode_ = asked_mode_.value_or(has_default_growth ? EvolutionMode::kAddNewColumns
                                                  : EvolutionMode::kNone);
  return Ok();
}

const std::optional<FilesSchema>& StreamSchema::known() const { return known_; }

Result<std::string> StreamSchema::FormatOf(const FileListing& files) const {
  const formats::Format* format = TRY(
      ChooseFormat(request_.options, *request_.location.store, files.files, request_.path_text));
  return std::string(format->name());
}

Status StreamSchema::Infer(const FileListing& files) {
  StoredSchema found{.schema = {}, .format = TRY(FormatOf(files))};
  request_.options.emplace("format", found.format);
  TRY(CheckMode());
  ReadFilesRequest request = request_;
  request.listing = std::make_shared<FileListing>(files);
  found.schema = TRY(InferFilesSchema(request, {}).Context("infer the schema of the stream"));
  TRY(location_.Add(found));
  known_ = found.schema;
  stored_ = std::move(found);
  return Ok();
}

ReadFilesRequest StreamSchema::RequestFor(FileListing files) const {
  ReadFilesRequest request = request_;
  request.inferred = known_;
  request.listing = std::make_shared<FileListing>(std::move(files));
  return request;
}

bool StreamSchema::HasNewPartitions(const FileListing& files) const {
  const bool grows = mode_ == EvolutionMode::kAddNewColumns ||
                     mode_ == EvolutionMode::kAddNewColumnsWithTypeWidening;
  if (!grows || !known_ || request_.options.contains("partitionColumns") ||
      request_.options.contains("recursiveFileLookup")) {
    return false;
  }
  return std::ranges::any_of(files.files, [&](const storage::ObjectInfo& file) {
    return std::ranges::any_of(PartitionOf(file.path, files.base_path), [&](const auto& entry) {
      return known_->partitions.Find(entry.first) == nullptr &&
             known_->data.Find(entry.first) == nullptr;
    });
  });
}

Status StreamSchema::TakeNewColumns(const FileListing& files, std::string file_path) {
  if (!known_ || files.files.empty()) return Ok();
  ReadFilesRequest request = request_;
  request.listing = std::make_shared<FileListing>(files);
  const FilesSchema found = TRY(InferFilesSchema(request, {}).Context("look for new columns"));
  const bool widen = mode_ == EvolutionMode::kAddNewColumnsWithTypeWidening;
  StoredSchema grown{.schema = {}, .format = stored_ ? stored_->format : ""};
  grown.schema.data = MergeNewColumns(known_->data, found.data, widen);
  grown.schema.partitions = MergeNewColumns(known_->partitions, found.partitions, widen);
  if (grown.schema == *known_) return Ok();
  std::string names = NamesOfChanges(known_->data, grown.schema.data);
  const std::string directories = NamesOfChanges(known_->partitions, grown.schema.partitions);
  if (!names.empty() && !directories.empty()) names += ", ";
  names += directories;
  const bool is_retryable = mode_ != EvolutionMode::kFailOnNewColumns;
  if (is_retryable) {
    TRY(location_.Add(grown).Context("keep the new schema"));
    known_ = grown.schema;
    stored_ = std::move(grown);
  }
  if (file_path.empty()) file_path = storage::UrlOf(*request_.location.store, files.files[0].path);
  return Status(Fail(Condition::UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_FILE,
                     {{"fields", "[" + names + "]"},
                      {"retryable", is_retryable ? "true" : "false"},
                      {"filePath", std::move(file_path)}}))
      .Hint(is_retryable
                ? "The source has refused and noted the new schema: start the stream again, or let "
                  "it go on by itself with restartOnSchemaChange."
                : "The source has refused: give them in schemaHints, remove the file, or set "
                  "schemaEvolutionMode to addNewColumns or rescue.");
}

}  // namespace inlet::ingest
