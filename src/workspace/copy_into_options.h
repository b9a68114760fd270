#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "ingest/stream/file_stream_options.h"
#include "sql/ast.h"

namespace inlet::workspace {

/// What to do with a file of the record whose size, time or etag is another now.
enum class ChangedFilePolicy : std::uint8_t { kSkip, kAppend, kFail };

/// What to do with a malformed record.
enum class ErrorPolicy : std::uint8_t {
  kByMode,    ///< What the reader's `mode` says.
  kAbort,     ///< Fail.
  kSkipFile,  ///< Load nothing of its file.
  kContinue,  ///< Leave it out, and keep it for copy_errors(TABLE t).
};

/// The clauses of a COPY INTO, checked against each other and with their defaults.
struct CopyIntoOptions {
  std::string format;  ///< In lower case.
  OptionMap reader;    ///< Options of the reader, `format` among them.
  OptionMap storage;   ///< Credentials of the source.
  bool ignores_corrupt_files = false;
  bool ignores_missing_files = true;
  bool descends = false;
  bool has_schema = false;  ///< The columns are given, so no file is needed.
  bool force = false;
  bool merges_schema = false;
  bool forgets = false;  ///< Takes FILES out of the record, loads nothing.
  /// What becomes of loaded files; as of Auto Loader's cleanSource.
  ingest::CleanSource clean_source = ingest::CleanSource::kOff;
  std::chrono::milliseconds clean_retention{0};
  std::string move_destination;
  ErrorPolicy on_error = ErrorPolicy::kByMode;
  ChangedFilePolicy changed_files = ChangedFilePolicy::kSkip;
};

/// Errors: COPY_INTO_SYNTAX_ERROR and its sub-conditions,
/// COPY_INTO_SOURCE_FILE_FORMAT_NOT_SUPPORTED, COPY_INTO_CREDENTIALS_*, COPY_INTO_ENCRYPTION_*,
/// DELTA_FILE_LIST_AND_PATTERN_STRING_CONFLICT, COPY_INTO_FEATURE_INCOMPATIBLE_SETTING,
/// COPY_INTO_UNSUPPORTED_FEATURE. Source: Databricks SQL language manual, "COPY INTO".
Result<CopyIntoOptions> CheckCopyInto(const sql::CopyInto& statement, bool checks_format);

}  // namespace inlet::workspace
