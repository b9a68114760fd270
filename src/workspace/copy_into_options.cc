#include "workspace/copy_into_options.h"

#include <algorithm>

#include "formats/format.h"

namespace inlet::workspace {
namespace {

constexpr std::string_view kFormats[] = {"csv",  "json",       "avro", "orc",  "parquet",
                                         "text", "binaryfile", "xml",  "excel"};
constexpr std::string_view kFormatList =
    "CSV, JSON, AVRO, ORC, PARQUET, TEXT, BINARYFILE, XML, EXCEL";
constexpr std::string_view kCopyOptions[] = {"cleanSource",
                                             "cleanSource.moveDestination",
                                             "cleanSource.retentionDuration",
                                             "force",
                                             "forget",
                                             "mergeSchema",
                                             "onChangedFile",
                                             "onError"};
/// Options that users give to every format; those without a use for them pass over them.
constexpr std::string_view kCommonOptions[] = {"header", "inferSchema", "mergeSchema"};
constexpr std::size_t kMostFiles = 1000;

std::unexpected<Error> SyntaxError(std::string message) {
  return Fail(Condition::COPY_INTO_SYNTAX_ERROR, {{"message", std::move(message)}});
}

std::string SchemeOf(std::string_view url) {
  const std::size_t colon = url.find(':');
  const bool has_scheme = colon != std::string_view::npos && url.find('/') > colon;
  return has_scheme ? ToLower(url.substr(0, colon)) : "file";
}

bool IsS3(std::string_view scheme) { return scheme == "s3" || scheme == "s3a" || scheme == "s3n"; }

bool IsAzure(std::string_view scheme) { return scheme == "abfss" || scheme == "wasbs"; }

/// The properties that `required` names, all of them and no other.
Result<std::vector<std::string>> Required(const sql::Properties& given,
                                          const std::vector<std::string>& required,
                                          Condition missing, Condition unknown) {
  std::vector<std::string> values(required.size());
  for (const auto& [key, value] : given) {
    const auto found = std::ranges::find_if(
        required, [&](const std::string& name) { return EqualsIgnoreCase(name, key); });
    if (found == required.end()) {
      return Fail(unknown, {{"message", "the key " + key + " is not known"}});
    }
    values[static_cast<std::size_t>(found - required.begin())] = value;
  }
  std::string absent;
  for (std::size_t i = 0; i < required.size(); ++i) {
    if (values[i].empty()) absent += (absent.empty() ? "" : ", ") + required[i];
  }
  if (!absent.empty()) return Fail(missing, {{"missingKeys", absent}});
  return values;
}

Status ReadCredentials(const sql::CopyInto& statement, CopyIntoOptions& options) {
  if (statement.credential) {
    return FailUnsupported(
        "WITH (CREDENTIAL name); the path's own credentials are used without it");
  }
  const std::string scheme = SchemeOf(statement.from_path);
  if (!statement.temporary_credentials.empty()) {
    constexpr auto kMissing = Condition::COPY_INTO_CREDENTIALS_REQUIRED;
    constexpr auto kUnknown = Condition::COPY_INTO_SYNTAX_ERROR_CREDENTIAL_SYNTAX;
    if (IsS3(scheme)) {
      const std::vector<std::string> keys = TRY(
          Required(statement.temporary_credentials,
                   {"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"}, kMissing, kUnknown));
      options.storage["fs.s3a.access.key"] = keys[0];
      options.storage["fs.s3a.secret.key"] = keys[1];
      options.storage["fs.s3a.session.token"] = keys[2];
    } else if (IsAzure(scheme)) {
      const std::vector<std::string> keys =
          TRY(Required(statement.temporary_credentials, {"AZURE_SAS_TOKEN"}, kMissing, kUnknown));
      options.storage["fs.azure.sas.fixed.token"] = keys[0];
    } else {
      return Fail(Condition::COPY_INTO_CREDENTIALS_NOT_ALLOWED_ON,
                  {{"scheme", scheme}, {"allowedSchemes", "s3, s3n, s3a, wasbs, abfss"}});
    }
  }
  if (statement.encryption.empty()) return Ok();
  if (IsAzure(scheme)) {
    return Fail(Condition::COPY_INTO_ENCRYPTION_NOT_SUPPORTED_FOR_AZURE, {{"scheme", scheme}});
  }
  if (!IsS3(scheme)) {
    return Fail(Condition::COPY_INTO_ENCRYPTION_NOT_ALLOWED_ON,
                {{"scheme", scheme}, {"allowedSchemes", "s3, s3n, s3a"}});
  }
  const std::vector<std::string> keys = TRY(Required(
      statement.encryption, {"TYPE", "MASTER_KEY"}, Condition::COPY_INTO_ENCRYPTION_REQUIRED,
      Condition::COPY_INTO_SYNTAX_ERROR_ENCRYPTION_SYNTAX));
  if (!EqualsIgnoreCase(keys[0], "AWS_SSE_C")) {
    return Fail(Condition::COPY_INTO_ENCRYPTION_REQUIRED_WITH_EXPECTED,
                {{"key", "TYPE"}, {"value", keys[0]}, {"expected", "AWS_SSE_C"}});
  }
  return FailUnsupported("WITH (ENCRYPTION (TYPE = 'AWS_SSE_C'))");
}

Status ReadFormat(const sql::CopyInto& statement, bool checks_format, CopyIntoOptions& options) {
  options.format = ToLower(statement.file_format);
  const bool is_listed = std::ranges::find(kFormats, options.format) != std::end(kFormats);
  const formats::Format* format = formats::FindFormat(options.format);
  if ((checks_format && !is_listed) || format == nullptr) {
    return Fail(
        Condition::COPY_INTO_SOURCE_FILE_FORMAT_NOT_SUPPORTED,
        {{"format", statement.file_format}, {"supportedFormats", std::string(kFormatList)}});
  }
  options.reader = statement.format_options;
  for (const std::string_view name : kCommonOptions) {
    const bool is_known = std::ranges::any_of(
        format->options(), [&](const auto& spec) { return EqualsIgnoreCase(spec.name, name); });
    if (!is_known) options.reader.erase(std::string(name));
  }
  const bool has_rescued = options.reader.contains("rescuedDataColumn");
  const bool has_corrupt =
      options.format == "csv" && options.reader.contains("columnNameOfCorruptRecord");
  if (has_rescued || has_corrupt) {
    return Fail(Condition::COPY_INTO_UNSUPPORTED_FEATURE,
                {{"feature", has_rescued ? "the format option rescuedDataColumn"
                                         : "the format option columnNameOfCorruptRecord for CSV"}});
  }
  options.reader["format"] = options.format;
  options.ignores_corrupt_files =
      TRY(GetBool(options.reader, "ignoreCorruptFiles")).value_or(false);
  options.ignores_missing_files = TRY(GetBool(options.reader, "ignoreMissingFiles")).value_or(true);
  options.reader["ignoreMissingFiles"] = options.ignores_missing_files ? "true" : "false";
  options.descends = TRY(GetBool(options.reader, "recursiveFileLookup")).value_or(false);
  options.has_schema = options.reader.contains("schema");
  return Ok();
}

Status ReadErrorPolicy(const sql::CopyInto& statement, CopyIntoOptions& options) {
  const std::optional<std::string> given = GetString(statement.copy_options, "onError");
  if (!given) return Ok();
  const std::string policy = ToLower(*given);
  if (policy == "abort") {
    options.on_error = ErrorPolicy::kAbort;
  } else if (policy == "skip_file") {
    options.on_error = ErrorPolicy::kSkipFile;
  } else if (policy == "continue") {
    options.on_error = ErrorPolicy::kContinue;
  } else {
    return SyntaxError("onError is continue, skip_file or abort, not '" + policy + "'");
  }
  const std::string_view clash = options.reader.contains("mode")             ? "mode"
                                 : options.reader.contains("badRecordsPath") ? "badRecordsPath"
                                                                             : "";
  if (!clash.empty()) {
    return Fail(Condition::COPY_INTO_FEATURE_INCOMPATIBLE_SETTING,
                {{"feature", "the copy option onError"},
                 {"incompatibleSetting", "the format option " + std::string(clash)}});
  }
  const formats::Format* format = formats::FindFormat(options.format);
  const bool has_mode = std::ranges::any_of(
      format->options(), [](const auto& spec) { return EqualsIgnoreCase(spec.name, "mode"); });
  if (has_mode && options.on_error != ErrorPolicy::kContinue) options.reader["mode"] = "FAILFAST";
  return Ok();
}

Status ReadCleaning(const sql::CopyInto& statement, CopyIntoOptions& options) {
  OptionMap cleaning;
  for (const auto& [name, value] : statement.copy_options) {
    if (ToLower(name).starts_with("cleansource")) cleaning[name] = value;
  }
  ingest::FileStreamOptions parsed = TRY(ingest::TakeFileStreamOptions(cleaning));
  options.clean_source = parsed.clean_source;
  options.clean_retention = parsed.clean_retention;
  options.move_destination = std::move(parsed.move_destination);
  return Ok();
}

Status ReadCopyOptions(const sql::CopyInto& statement, CopyIntoOptions& options) {
  for (const auto& [name, value] : statement.copy_options) {
    const bool is_known = std::ranges::any_of(
        kCopyOptions, [&](std::string_view known) { return EqualsIgnoreCase(known, name); });
    if (is_known) continue;
    const bool is_reader_option =
        formats::FindFormat(options.format) != nullptr &&
        std::ranges::any_of(formats::FindFormat(options.format)->options(),
                            [&](const auto& spec) { return EqualsIgnoreCase(spec.name, name); });
    return SyntaxError(
        "the copy option " + name + " is not known." +
        (is_reader_option ? " It belongs into FORMAT_OPTIONS" : DidYouMean(name, kCopyOptions)));
  }
  options.force = TRY(GetBool(statement.copy_options, "force")).value_or(false);
  options.merges_schema = TRY(GetBool(statement.copy_options, "mergeSchema")).value_or(false);
  options.forgets = TRY(GetBool(statement.copy_options, "forget")).value_or(false);
  if (options.forgets && (options.force || statement.files.empty() || statement.validate)) {
    return SyntaxError(
        "the copy option forget needs FILES, and does not go with force or VALIDATE");
  }
  TRY(ReadCleaning(statement, options));
  const std::string changed =
      ToLower(GetString(statement.copy_options, "onChangedFile").value_or("skip"));
  if (changed == "append") {
    options.changed_files = ChangedFilePolicy::kAppend;
  } else if (changed == "fail") {
    options.changed_files = ChangedFilePolicy::kFail;
  } else if (changed != "skip") {
    return SyntaxError("onChangedFile is skip, append or fail, not '" + changed + "'");
  }
  return ReadErrorPolicy(statement, options);
}

Status CheckClauses(const sql::CopyInto& statement, const CopyIntoOptions& options) {
  if (statement.pattern && !statement.files.empty()) {
    return Fail(Condition::DELTA_FILE_LIST_AND_PATTERN_STRING_CONFLICT, {});
  }
  if (statement.files.size() > kMostFiles) {
    return SyntaxError("FILES takes at most " + std::to_string(kMostFiles) + " files, there are " +
                       std::to_string(statement.files.size()));
  }
  if (statement.validate_rows && *statement.validate_rows <= 0) {
    return Fail(Condition::COPY_INTO_SYNTAX_ERROR_VALIDATE_INVALID_ROWS,
                {{"numRows", std::to_string(*statement.validate_rows)}});
  }
  if (statement.target.time_travel || !statement.target.options.empty()) {
    return SyntaxError("the target is the newest version of a table, without options");
  }
  if (!statement.by_position) return Ok();
  const bool has_header = TRY(GetBool(statement.format_options, "header")).value_or(false);
  if (options.format != "csv" || has_header) {
    return Fail(Condition::COPY_INTO_FEATURE_INCOMPATIBLE_SETTING,
                {{"feature", "BY POSITION"},
                 {"incompatibleSetting", has_header ? "'header' = 'true'; CSV without header has "
                                                      "columns by position"
                                                    : "FILEFORMAT = " + statement.file_format}});
  }
  return Ok();
}

Status CheckQuery(const sql::CopyInto& statement) {
  if (!statement.query) return Ok();
  const auto* select = std::get_if<sql::Select>(&statement.query->body);
  if (select != nullptr && select->group_by) {
    return Fail(Condition::COPY_INTO_UNSUPPORTED_FEATURE,
                {{"feature", "GROUP BY in the SELECT over the files"}});
  }
  return Ok();
}

}  // namespace

Result<CopyIntoOptions> CheckCopyInto(const sql::CopyInto& statement, bool checks_format) {
  CopyIntoOptions options;
  TRY(ReadFormat(statement, checks_format, options));
  TRY(ReadCopyOptions(statement, options));
  TRY(CheckClauses(statement, options));
  TRY(CheckQuery(statement));
  TRY(ReadCredentials(statement, options).At(statement.path_span));
  return options;
}

}  // namespace inlet::workspace
