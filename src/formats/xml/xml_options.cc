#include "formats/xml/xml_options.h"

#include <array>

namespace inlet::formats {
namespace {

constexpr std::array kKnown = {
    OptionSpec{"attributePrefix", "_"},
    OptionSpec{"badRecordsPath", ""},
    OptionSpec{"charset", ""},
    OptionSpec{"columnNameOfCorruptRecord", "_corrupt_record"},
    OptionSpec{"dateFormat", ""},
    OptionSpec{"encoding", ""},
    OptionSpec{"excludeAttribute", "false"},
    OptionSpec{"ignoreNamespace", "false"},
    OptionSpec{"ignoreSurroundingSpaces", "true"},
    OptionSpec{"locale", "en-US"},
    OptionSpec{"mode", "PERMISSIVE"},
    OptionSpec{"nullValue", ""},
    OptionSpec{"readerCaseSensitive", "true"},
    OptionSpec{"rescuedDataColumn", ""},
    OptionSpec{"rowTag", ""},
    OptionSpec{"rowValidationXSDPath", ""},
    OptionSpec{"samplingRatio", "1.0"},
    OptionSpec{"singleVariantColumn", ""},
    OptionSpec{"timeZone", ""},
    OptionSpec{"timestampFormat", ""},
    OptionSpec{"timestampNTZFormat", ""},
    OptionSpec{"valueTag", "_VALUE"},
};

Status Set(const OptionMap& options, std::string_view name, bool& target) {
  if (const auto value = TRY(GetBool(options, name))) target = *value;
  return Ok();
}

void SetText(const OptionMap& options, std::string_view name, std::string& target) {
  if (const auto value = GetString(options, name); value && !value->empty()) target = *value;
}

Result<std::optional<types::DateTimePattern>> Pattern(const OptionMap& options,
                                                      std::string_view name) {
  const std::optional<std::string> text = GetString(options, name);
  if (!text || text->empty()) return std::nullopt;
  const std::string locale = GetString(options, "locale").value_or("en-US");
  return TRY(types::DateTimePattern::Compile(*text, types::DateTimePattern::Use::kParse, locale));
}

ParseMode ModeOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "DROPMALFORMED")) return ParseMode::kDropMalformed;
  if (EqualsIgnoreCase(word, "FAILFAST")) return ParseMode::kFailFast;
  return ParseMode::kPermissive;
}

}  // namespace

std::span<const OptionSpec> XmlOptions::Known() { return kKnown; }

Result<XmlOptions> XmlOptions::Parse(const OptionMap& options) {
  XmlOptions result;
  SetText(options, "rowTag", result.row_tag);
  if (result.row_tag.empty()) return Fail(Condition::XML_ROW_TAG_MISSING, {});
  if (const auto path = GetString(options, "rowValidationXSDPath"); path && !path->empty()) {
    return FailUnsupported("the XML option rowValidationXSDPath");
  }
  TRY(Set(options, "excludeAttribute", result.exclude_attributes));
  TRY(Set(options, "ignoreNamespace", result.ignore_namespace));
  TRY(Set(options, "ignoreSurroundingSpaces", result.ignore_surrounding_spaces));
  TRY(Set(options, "readerCaseSensitive", result.reader_case_sensitive));
  if (const auto mode = GetString(options, "mode")) result.mode = ModeOf(*mode);
  SetText(options, "columnNameOfCorruptRecord", result.corrupt_record_name);
  SetText(options, "attributePrefix", result.attribute_prefix);
  SetText(options, "valueTag", result.value_tag);
  if (const auto value = GetString(options, "nullValue"); value && !value->empty()) {
    result.null_value = *value;
  }
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
