#include "formats/json/json_options.h"

#include <array>

namespace inlet::formats {
namespace {

constexpr std::array kKnown = {
    OptionSpec{"allowBackslashEscapingAnyCharacter", "false"},
    OptionSpec{"allowComments", "false"},
    OptionSpec{"allowNonNumericNumbers", "true"},
    OptionSpec{"allowNumericLeadingZeros", "false"},
    OptionSpec{"allowSingleQuotes", "true"},
    OptionSpec{"allowUnquotedControlChars", "false"},
    OptionSpec{"allowUnquotedFieldNames", "false"},
    OptionSpec{"badRecordsPath", ""},
    OptionSpec{"charset", "UTF-8"},
    OptionSpec{"columnNameOfCorruptRecord", "_corrupt_record"},
    OptionSpec{"dateFormat", ""},
    OptionSpec{"dropFieldIfAllNull", "false"},
    OptionSpec{"encoding", "UTF-8"},
    OptionSpec{"inferTimestamp", "false"},
    OptionSpec{"lineSep", ""},
    OptionSpec{"locale", "en-US"},
    OptionSpec{"mode", "PERMISSIVE"},
    OptionSpec{"multiLine", "false"},
    OptionSpec{"prefersDecimal", "false"},
    OptionSpec{"primitivesAsString", "false"},
    OptionSpec{"readerCaseSensitive", "true"},
    OptionSpec{"rescuedDataColumn", ""},
    OptionSpec{"samplingRatio", "1.0"},
    OptionSpec{"singleVariantColumn", ""},
    OptionSpec{"timeZone", ""},
    OptionSpec{"timestampFormat", ""},
    OptionSpec{"timestampNTZFormat", ""},
};

Status Set(const OptionMap& options, std::string_view name, bool& target) {
  if (const auto value = TRY(GetBool(options, name))) target = *value;
  return Ok();
}

Result<std::optional<types::DateTimePattern>> Pattern(const OptionMap& options,
                                                      std::string_view name) {
  const std::optional<std::string> text = GetString(options, name);
  if (!text || text->empty()) return std::nullopt;
  const std::string locale = GetString(options, "locale").value_or("en-US");
  return TRY(types::DateTimePattern::Compile(*text, types::DateTimePattern::Use::kParse, locale));
}

/// Unknown words mean PERMISSIVE, as in Spark.
ParseMode ModeOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "DROPMALFORMED")) return ParseMode::kDropMalformed;
  if (EqualsIgnoreCase(word, "FAILFAST")) return ParseMode::kFailFast;
  return ParseMode::kPermissive;
}

}  // namespace

std::span<const OptionSpec> JsonOptions::Known() { return kKnown; }

Result<JsonOptions> JsonOptions::Parse(const OptionMap& options) {
  JsonOptions result;
  result.syntax.single_quotes = true;
  result.syntax.non_numeric = true;
  TRY(Set(options, "allowBackslashEscapingAnyCharacter", result.syntax.backslash_any));
  TRY(Set(options, "allowComments", result.syntax.comments));
  TRY(Set(options, "allowNonNumericNumbers", result.syntax.non_numeric));
  TRY(Set(options, "allowNumericLeadingZeros", result.syntax.leading_zeros));
  TRY(Set(options, "allowSingleQuotes", result.syntax.single_quotes));
  TRY(Set(options, "allowUnquotedControlChars", result.syntax.control_characters));
  TRY(Set(options, "allowUnquotedFieldNames", result.syntax.unquoted_names));
  TRY(Set(options, "multiLine", result.multi_line));
  TRY(Set(options, "primitivesAsString", result.primitives_as_string));
  TRY(Set(options, "prefersDecimal", result.prefers_decimal));
  TRY(Set(options, "dropFieldIfAllNull", result.drop_field_if_all_null));
  TRY(Set(options, "inferTimestamp", result.infer_timestamp));
  TRY(Set(options, "readerCaseSensitive", result.reader_case_sensitive));
  if (const auto mode = GetString(options, "mode")) result.mode = ModeOf(*mode);
  if (const auto name = GetString(options, "columnNameOfCorruptRecord"); name && !name->empty()) {
    result.corrupt_record_name = *name;
  }
  result.line_separator = GetString(options, "lineSep").value_or("");
  for (const char* name : {"charset", "encoding"}) {
    if (const auto encoding = GetString(options, name); encoding && !encoding->empty()) {
      result.encoding = TRY(ParseEncoding(*encoding));
    }
  }
  result.date_pattern = TRY(Pattern(options, "dateFormat"));
  result.timestamp_pattern = TRY(Pattern(options, "timestampFormat"));
  result.timestamp_ntz_pattern = TRY(Pattern(options, "timestampNTZFormat"));
  if (const auto zone = GetString(options, "timeZone"); zone && !zone->empty()) {
    result.time_zone = TRY(types::TimeZone::Find(*zone));
  }
  if (const auto column = GetString(options, "singleVariantColumn"); column && !column->empty()) {
    result.single_variant_column = *column;
  }
  return result;
}

}  // namespace inlet::formats
