#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/option_map.h"
#include "formats/encoding/text_encoding.h"
#include "formats/format.h"
#include "types/datetime_pattern.h"

namespace inlet::formats {

/// What happens to a value that begins with a quote whose end is not where it should be.
enum class UnescapedQuotes : std::uint8_t {
  kStopAtDelimiter,     ///< Taken literally, quotes and all, up to the next separator.
  kStopAtClosingQuote,  ///< Goes on to a quote before a separator.
  kBackToDelimiter,     ///< Cut at the separators that the quotes hid.
  kSkipValue,           ///< NULL.
  kRaiseError,
};

/// The options of the CSV reader, parsed and checked.
/// Source: Databricks, "Options for read_files", CSV; Apache Spark, CSVOptions.
struct CsvOptions {
  std::string separator = ",";
  char quote = '"';        ///< '\0': off.
  char escape = '\\';      ///< '\0': off.
  char escape_escape = 0;  ///< Escapes the escape; '\0': off.
  char comment = 0;        ///< '\0': off.
  bool header = false;
  bool multi_line = false;
  bool enforce_schema = true;
  bool by_name = false;  ///< Columns are found by the header's names, not by position.
  bool trim_leading = false;
  bool trim_trailing = false;
  std::string null_value;
  std::string empty_value;
  std::string nan_value = "NaN";
  std::string positive_infinity = "Inf";
  std::string negative_infinity = "-Inf";
  std::string line_separator;  ///< Empty: any of \n, \r, \r\n.
  std::int64_t skip_rows = 0;
  std::int64_t max_columns = 20480;
  std::int64_t max_chars_per_column = -1;
  double sampling_ratio = 1.0;
  bool prefer_date = true;
  bool case_sensitive = true;  ///< readerCaseSensitive; of use with a rescued-data column.
  bool fail_on_unknown_fields = false;
  bool fail_on_widened_fields = false;
  ParseMode mode = ParseMode::kPermissive;
  UnescapedQuotes unescaped_quotes = UnescapedQuotes::kStopAtDelimiter;
  TextEncoding encoding = TextEncoding::kUtf8;
  std::string time_zone;  ///< Empty: the session's.
  /// None: the lenient grammar of CAST.
  std::optional<types::DateTimePattern> date_format;
  std::optional<types::DateTimePattern> timestamp_format;
  std::optional<types::DateTimePattern> timestamp_ntz_format;
  std::string corrupt_record_column = "_corrupt_record";
  std::string single_variant_column;
  bool plain_decimals = true;  ///< Locale US: commas group digits.

  /// Errors: INVALID_PARAMETER_VALUE and its sub-classes; those of DateTimePattern::Compile().
  static Result<CsvOptions> Parse(const OptionMap& options, bool inferring);
};

std::span<const OptionSpec> CsvOptionSpecs();

}  // namespace inlet::formats
