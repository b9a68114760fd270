#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/option_map.h"
#include "base/result.h"
#include "formats/encoding/text_encoding.h"
#include "formats/format.h"
#include "types/datetime_pattern.h"
#include "types/json_cursor.h"
#include "types/time_zone.h"

namespace inlet::formats {

/// The options of the JSON reader and of the SQL functions that parse JSON. Immutable.
/// Source: Databricks, "JSON options"; reference read_files.md 3.5.
struct JsonOptions {
  types::JsonSyntax syntax;  ///< What of the grammar is relaxed.
  bool multi_line = false;
  bool primitives_as_string = false;
  bool prefers_decimal = false;
  bool drop_field_if_all_null = false;
  bool infer_timestamp = false;
  bool reader_case_sensitive = true;
  ParseMode mode = ParseMode::kPermissive;
  std::string corrupt_record_name = "_corrupt_record";
  std::string line_separator;  ///< Empty: any of \n, \r\n, \r.
  TextEncoding encoding = TextEncoding::kUtf8;
  std::optional<types::DateTimePattern> date_pattern;       ///< None: the grammar of CAST.
  std::optional<types::DateTimePattern> timestamp_pattern;  ///< So here.
  std::optional<types::DateTimePattern> timestamp_ntz_pattern;
  const types::TimeZone* time_zone = nullptr;  ///< Null: that of the session.
  std::optional<std::string> single_variant_column;

  /// Errors: INVALID_PARAMETER_VALUE and its sub-classes.
  static Result<JsonOptions> Parse(const OptionMap& options);
  static std::span<const OptionSpec> Known();
};

}  // namespace inlet::formats
