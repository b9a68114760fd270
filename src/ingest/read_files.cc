#include "ingest/read_files.h"

#include <algorithm>
#include <map>
#include <set>

#include "ingest/archives/archive_store.h"
#include "ingest/bad_records.h"
#include "ingest/file_listing.h"
#include "ingest/format_detection.h"
#include "ingest/glob.h"
#include "ingest/partition_columns.h"
#include "ingest/schema_hints.h"
#include "types/text_cast.h"
#include "types/time_zone.h"

namespace inlet::ingest {
namespace {

using types::StructField;
using types::StructType;
using types::TypeId;

constexpr std::string_view kDefaultRescuedColumn = "_rescued_data";
constexpr std::string_view kDefaultCorruptRecordColumn = "_corrupt_record";

/// The options that are not of one format.
constexpr std::string_view kGenericOptions[] = {"format",
                                                "inferColumnTypes",
                                                "partitionColumns",
                                                "schema",
                                                "schemaHints",
                                                "useStrictGlobber",
                                                "schemaEvolutionMode",
                                                "ignoreCorruptFiles",
                                                "ignoreMissingFiles",
                                                "modifiedAfter",
                                                "modifiedBefore",
                                                "pathGlobFilter",
                                                "fileNamePattern",
                                                "recursiveFileLookup",
                                                "ignoredPathSegmentRegex",
                                                "readArchives",
                                                "rescuedDataColumn",
                                                "badRecordsPath",
                                                "columnNameOfCorruptRecord",
                                                "validateOptions"};

/// They mean something in STREAM read_files only.
constexpr std::string_view kStreamingOptions[] = {"allowOverwrites", "includeExistingFiles",
                                                  "maxBytesPerTrigger", "maxFilesPerTrigger",
                                                  "schemaLocation"};

bool Contains(std::span<const std::string_view> names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view known) { return EqualsIgnoreCase(known, name); });
}

/// Two names of one option may not say two things.
Status RefuseTwoNames(const OptionMap& options, const char* name, const char* other_name) {
  const auto value = GetString(options, name);
  const auto other = GetString(options, other_name);
  if (!value || !other || *value == *other) return Ok();
  return Fail(Condition::CONTRADICTORY_OPTIONS,
              {{"first", name},
               {"second", other_name},
               {"message", "they are one option, here '" + *value + "' and '" + *other + "'"}});
}

/// The options of the format alone; refuses what nobody knows.
Result<OptionMap> FormatOptions(const OptionMap& options, const formats::Format& format,
                                std::span<const std::string_view> callers_options) {
  TRY(RefuseTwoNames(options, "sep", "delimiter"));
  TRY(RefuseTwoNames(options, "encoding", "charset"));
  std::vector<std::string_view> known(std::begin(kGenericOptions), std::end(kGenericOptions));
  known.insert(known.end(), callers_options.begin(), callers_options.end());
  OptionMap chosen;
  for (const formats::OptionSpec& spec : format.options()) {
    known.push_back(spec.name);
    if (const auto found = options.find(spec.name); found != options.end()) chosen.insert(*found);
  }
  if (const auto validate = TRY(GetBool(options, "validateOptions")); validate == false)
    return chosen;
  for (const auto& [name, value] : options) {
    if (Contains(known, name)) continue;
    if (Contains(kStreamingOptions, name)) {
      return Fail(Condition::CF_UNKNOWN_OPTION_KEYS_ERROR,
                  {{"optionNames", name}, {"suggestion", " It belongs to STREAM read_files."}});
    }
    return Fail(Condition::CF_UNKNOWN_OPTION_KEYS_ERROR,
                {{"optionNames", name + " for format " + std::string(format.name())},
                 {"suggestion", DidYouMean(name, known)}});
  }
  return chosen;
}

Result<std::optional<std::int64_t>> GetTimestampMs(const OptionMap& options, std::string_view name,
                                                   const types::TimeZone& zone) {
  const std::optional<std::string> text = GetString(options, name);
  if (!text) return std::nullopt;
  const std::optional<std::int64_t> instant_us = types::ParseTimestamp(*text, zone);
  if (!instant_us) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", std::string(name)},
                 {"functionName", "the options"},
                 {"message", "'" + *text +
                                 "' is not a timestamp such as 2024-01-31 or "
                                 "2024-01-31T10:00:00Z"}});
  }
  return *instant_us / 1000;
}

std::vector<std::string> SplitNames(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view name = text.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return names;
}

Result<PartitionColumns> PartitionsOf(const ReadFilesRequest& request, const FileListing& listing) {
  PartitionOptions options{.keys = std::nullopt, .session_time_zone = request.session_time_zone};
  if (const auto keys = GetString(request.options, "partitionColumns")) {
    options.keys = SplitNames(*keys);
  } else if (TRY(GetBool(request.options, "recursiveFileLookup")).value_or(false)) {
    options.keys.emplace();
  }
  options.infer_types = request.infer_partition_types &&
                        TRY(GetBool(request.options, "inferColumnTypes")).value_or(true);
  if (!request.inferred) {
    return FindPartitionColumns(listing.files, listing.base_path, options);
  }
  options.keys.emplace();
  for (const StructField& field : request.inferred->partitions.fields) {
    options.keys->push_back(field.name);
  }
  PartitionColumns columns = TRY(FindPartitionColumns(listing.files, listing.base_path, options));
  columns.fields = request.inferred->partitions.fields;
  return columns;
}

/// An explicit schema keeps only the partition columns that it names, with its types.
void KeepPartitionsOf(const StructType& schema, PartitionColumns& partitions) {
  PartitionColumns kept;
  kept.values.resize(partitions.values.size());
  for (std::size_t i = 0; i < partitions.fields.size(); ++i) {
    const StructField* field = schema.Find(partitions.fields[i].name);
    if (field == nullptr) continue;
    kept.fields.push_back(*field);
    for (std::size_t row = 0; row < kept.values.size(); ++row) {
      kept.values[row].push_back(partitions.values[row][i]);
    }
  }
  partitions = std::move(kept);
}

Status CheckNamesDiffer(const StructType& schema) {
  std::set<std::string> seen;
  for (const StructField& field : schema.fields) {
    if (!seen.insert(ToLower(field.name)).second) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS,
                  {{"columnName", types::QuoteIdentifier(field.name)}});
    }
  }
  return Ok();
}

/// `data` without the columns that the path fills or that the reader makes.
StructType DataColumns(const StructType& data, const FileScanSpec& spec) {
  StructType columns;
  for (const StructField& field : data.fields) {
    const auto is = [&](const std::optional<std::string>& name) {
      return name && EqualsIgnoreCase(field.name, *name);
    };
    if (is(spec.rescued_data_column) || is(spec.corrupt_record_column)) continue;
    columns.fields.push_back(field);
  }
  return columns;
}

class ReadFilesPlanner {
 public:
  ReadFilesPlanner(const ReadFilesRequest& request, std::stop_token stop)
      : request_(request), options_(request.options), stop_(std::move(stop)) {}

  Result<std::shared_ptr<const FileScan>> Plan() {
    PartitionColumns partitions = TRY(Prepare());
    StructType data = explicit_schema_    ? TRY(types::ParseDdl(*explicit_schema_))
                      : request_.inferred ? request_.inferred->data
                                          : TRY(GuessOrInfer(partitions));
    if (explicit_schema_ && !request_.keeps_partitions) KeepPartitionsOf(data, partitions);
    spec_.partitions = std::move(partitions);
    TRY(Compose(std::move(data)));
    return FileScan::Plan(std::move(spec_));
  }

  Result<FilesSchema> InferSchema() {
    PartitionColumns partitions = TRY(Prepare());
    FilesSchema schema{.data = TRY(Infer())};
    for (StructField& field : partitions.fields) {
      // A hint may give a partition column its type; then it is not a data column.
      if (const auto index = schema.data.IndexOf(field.name)) {
        field.type = schema.data.fields[*index].type;
      }
      schema.partitions.fields.push_back(std::move(field));
    }
    return schema;
  }

 private:
  /// Finds the files and their format; gives the partition columns.
  Result<PartitionColumns> Prepare() {
    const FileFilter filter = TRY(FilterFrom(options_, request_.session_time_zone));
    FileListing found =
        request_.listing ? *request_.listing : TRY(ListFiles(request_.location, filter));
    ExpandedListing expanded{.listing = std::move(found), .store = request_.location.store};
    if (filter.opens_archives) {
      expanded =
          TRY(ExpandArchives(std::move(expanded.listing), std::move(expanded.store), filter));
    }
    FileListing& listing = expanded.listing;
    const formats::Format* format =
        TRY(ChooseFormat(options_, *expanded.store, listing.files, request_.path_text));
    format_name_ = format->name();
    explicit_schema_ = GetString(options_, "schema");
    spec_.store = expanded.store;
    spec_.format =
        TRY(format->Configure(TRY(FormatOptions(options_, *format, request_.callers_options)),
                              /*inferring=*/request_.is_read_files && !explicit_schema_));
    spec_.files = std::move(listing.files);
    TRY(FillFlags());
    return PartitionsOf(request_, {.files = spec_.files,
                                   .base_path = request_.base_path.value_or(listing.base_path)});
  }

  Status FillFlags() {
    spec_.ignore_corrupt_files = TRY(GetBool(options_, "ignoreCorruptFiles")).value_or(false);
    spec_.ignore_missing_files = TRY(GetBool(options_, "ignoreMissingFiles")).value_or(false);
    spec_.session_time_zone = request_.session_time_zone;
    spec_.rescue_file_path = request_.rescue_file_path;
    spec_.threads = request_.threads;
    spec_.has_metadata_column = request_.with_metadata;
    spec_.corrupt_record_column = GetString(options_, "columnNameOfCorruptRecord")
                                      .value_or(std::string(kDefaultCorruptRecordColumn));
    spec_.rescued_data_column = GetString(options_, "rescuedDataColumn");
    const std::string mode = GetString(options_, "schemaEvolutionMode").value_or("");
    if (explicit_schema_ && EqualsIgnoreCase(mode, "addNewColumns")) {
      return Fail(Condition::CF_ADD_NEW_NOT_SUPPORTED, {});
    }
    const bool rescue_by_itself =
        request_.is_read_files && !explicit_schema_ && !EqualsIgnoreCase(mode, "none");
    if (!spec_.rescued_data_column && rescue_by_itself) {
      spec_.rescued_data_column = kDefaultRescuedColumn;
    }
    spec_.ignore_wrong_files = request_.ignore_wrong_files;
    spec_.bad_record_sink = request_.bad_record_sink;
    if (const auto path = GetString(options_, "badRecordsPath")) {
      spec_.bad_record_sink = TRY(OpenBadRecords(*path));
    }
    return Ok();
  }

  Result<StructType> GuessOrInfer(const PartitionColumns& partitions) {
    const bool all_counts = !spec_.ignore_corrupt_files && !spec_.ignore_missing_files &&
                            !spec_.ignore_wrong_files && !spec_.bad_record_sink;
    if (request_.guess && all_counts && !spec_.files.empty()) {
      spec_.guess = spec_.format->GuessSchema(*spec_.store, spec_.files, TRY(InferringOptions()),
                                              *request_.guess, stop_);
      if (spec_.guess != nullptr && IsAllRead(spec_.guess->schema(), partitions)) {
        return ApplySchemaHints(spec_.guess->schema(),
                                GetString(options_, "schemaHints").value_or(""));
      }
      spec_.guess.reset();
    }
    return Infer();
  }

  /// Whether each column of `data` is read from the files: none is the path's or the reader's own.
  bool IsAllRead(const StructType& data, const PartitionColumns& partitions) const {
    if (DataColumns(data, spec_).size() != data.size()) return false;
    return std::ranges::none_of(partitions.fields, [&](const StructField& field) {
      return data.Find(field.name) != nullptr;
    });
  }

  Result<formats::ConfiguredFormat::InferOptions> InferringOptions() const {
    return formats::ConfiguredFormat::InferOptions{
        .threads = request_.threads,
        .infer_column_types = TRY(InfersTypes()),
        .add_corrupt_record_column = !spec_.rescued_data_column,
        .session_time_zone = request_.session_time_zone};
  }

  Result<StructType> Infer() {
    if (spec_.files.empty()) {
      return Fail(request_.is_read_files ? Condition::CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE
                                         : Condition::UNABLE_TO_INFER_SCHEMA,
                  {{"path", request_.path_text}, {"format", "the files"}});
    }
    const formats::ConfiguredFormat::InferOptions infer = TRY(InferringOptions());
    Result<StructType> inferred =
        spec_.format->InferSchema(*spec_.store, spec_.files, infer, stop_);
    if (!inferred && MayLeaveOut(inferred.error())) inferred = InferFromSoundFiles(infer);
    return ApplySchemaHints(TRY(std::move(inferred)),
                            GetString(options_, "schemaHints").value_or(""));
  }

  bool MayLeaveOut(const Error& error) const {
    return (spec_.ignore_corrupt_files && error.kind() == ErrorKind::kCorrupt) ||
           (spec_.ignore_missing_files && error.kind() == ErrorKind::kNotFound);
  }

  /// One file cannot be read, but inference does not say which: each is tried alone.
  Result<StructType> InferFromSoundFiles(
      const formats::ConfiguredFormat::InferOptions& infer) const {
    std::vector<storage::ObjectInfo> sound;
    for (const storage::ObjectInfo& file : spec_.files) {
      const Result<StructType> alone =
          spec_.format->InferSchema(*spec_.store, std::span(&file, 1), infer, stop_);
      if (alone) {
        sound.push_back(file);
      } else if (!MayLeaveOut(alone.error())) {
        return alone;
      }
    }
    return spec_.format->InferSchema(*spec_.store, sound, infer, stop_);
  }

  /// Plain Spark leaves the columns of CSV texts unless it is told otherwise.
  Result<bool> InfersTypes() const {
    const bool is_plain_csv = !request_.is_read_files && format_name_ == "csv";
    return is_plain_csv ? TRY(GetBool(options_, "inferSchema")).value_or(false)
                        : TRY(GetBool(options_, "inferColumnTypes")).value_or(true);
  }

  /// Data columns, then the partition columns that are not among them, then the rescued data, then
  /// the hidden metadata.
  Status Compose(StructType data) {
    // A hint may give a partition column its type; then it is not a data column.
    const StructType hinted = data;
    for (StructField& field : spec_.partitions.fields) {
      if (const StructField* given = hinted.Find(field.name)) field.type = given->type;
    }
    const bool has_corrupt_column = data.Find(*spec_.corrupt_record_column) != nullptr;
    if (!has_corrupt_column) spec_.corrupt_record_column.reset();
    spec_.data_schema = DataColumns(data, spec_);
    spec_.schema = std::move(data);
    for (const StructField& field : spec_.partitions.fields) {
      if (StructField* column = FindMutable(field.name)) {
        column->type = field.type;  // The path's value wins.
      } else {
        spec_.schema.fields.push_back(field);
      }
    }
    if (spec_.rescued_data_column && spec_.schema.Find(*spec_.rescued_data_column) == nullptr) {
      spec_.schema.fields.push_back({.name = *spec_.rescued_data_column, .type = TypeId::kString});
    }
    TRY(CheckNamesDiffer(spec_.schema));
    // Data with a column of that name wins over the hidden one.
    if (spec_.schema.Find(kMetadataColumn) != nullptr) spec_.has_metadata_column = false;
    if (spec_.has_metadata_column) {
      spec_.schema.fields.push_back(
          {.name = std::string(kMetadataColumn), .type = MetadataType(), .nullable = false});
    }
    return Ok();
  }

  StructField* FindMutable(std::string_view name) {
    const auto index = spec_.schema.IndexOf(name);
    return index ? &spec_.schema.fields[*index] : nullptr;
  }

  const ReadFilesRequest& request_;
  const OptionMap& options_;
  std::stop_token stop_;
  std::string_view format_name_;
  std::optional<std::string> explicit_schema_;
  FileScanSpec spec_;
};

}  // namespace

Result<FileFilter> FilterFrom(const OptionMap& options, std::string_view session_time_zone) {
  const types::TimeZone* zone = TRY(types::TimeZone::Find(session_time_zone));
  FileFilter filter;
  filter.strict_globber = TRY(GetBool(options, "useStrictGlobber")).value_or(true);
  TRY(RefuseTwoNames(options, "fileNamePattern", "pathGlobFilter"));
  auto name_glob = GetString(options, "fileNamePattern");
  if (!name_glob) name_glob = GetString(options, "pathGlobFilter");
  if (name_glob && !name_glob->empty()) filter.name_globs = TRY(ExpandBraces(*name_glob));
  if (const auto regex = GetString(options, "ignoredPathSegmentRegex")) {
    filter.ignored_segments = TRY(IgnoredSegments::Parse(*regex));
  }
  // Of binaryFile an archive is what is wanted.
  const std::string format = GetString(options, "format").value_or("");
  filter.opens_archives =
      TRY(GetBool(options, "readArchives")).value_or(!EqualsIgnoreCase(format, "binaryFile"));
  filter.modified_after_ms = TRY(GetTimestampMs(options, "modifiedAfter", *zone));
  filter.modified_before_ms = TRY(GetTimestampMs(options, "modifiedBefore", *zone));
  const bool is_empty_range = filter.modified_after_ms && filter.modified_before_ms &&
                              *filter.modified_after_ms >= *filter.modified_before_ms;
  if (is_empty_range) {
    return Fail(Condition::CONTRADICTORY_OPTIONS, {{"first", "modifiedAfter"},
                                                   {"second", "modifiedBefore"},
                                                   {"message", "no file can be in between"}});
  }
  return filter;
}

Status CheckReadOptions(const OptionMap& options) {
  const formats::Format* format = formats::FindFormat(GetString(options, "format").value_or(""));
  if (format == nullptr) return Ok();  // What the files are, says who names it.
  TRY(format->Configure(TRY(FormatOptions(options, *format, {})), /*inferring=*/false));
  return Ok();
}

Result<std::shared_ptr<const FileScan>> OpenReadFiles(const ReadFilesRequest& request,
                                                      std::stop_token stop) {
  return ReadFilesPlanner(request, std::move(stop)).Plan();
}

Result<FilesSchema> InferFilesSchema(const ReadFilesRequest& request, std::stop_token stop) {
  return ReadFilesPlanner(request, std::move(stop)).InferSchema();
}

}  // namespace inlet::ingest
