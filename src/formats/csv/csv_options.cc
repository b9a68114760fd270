#include "formats/csv/csv_options.h"

#include <array>
#include <charconv>

namespace inlet::formats {
namespace {

constexpr std::array kSpecs = std::to_array<OptionSpec>({
    {"badRecordsPath", ""},
    {"charToEscapeQuoteEscaping", "escape or \\0"},
    {"charset", "UTF-8"},
    {"columnNameOfCorruptRecord", "_corrupt_record"},
    {"comment", "\\0"},
    {"compression", ""},
    {"dateFormat", "yyyy-MM-dd"},
    {"delimiter", ","},
    {"emptyValue", ""},
    {"encoding", "UTF-8"},
    {"enableDateTimeParsingFallback", ""},
    {"enforceSchema", "true"},
    {"escape", "\\"},
    {"failOnUnknownFields", "false"},
    {"failOnWidenedFields", "false"},
    {"header", "true when inferring, else false"},
    {"ignoreLeadingWhiteSpace", "false"},
    {"ignoreTrailingWhiteSpace", "false"},
    {"inferSchema", "false"},
    {"lineSep", "\\n, \\r\\n or \\r"},
    {"locale", "en-US"},
    {"maxCharsPerColumn", "-1"},
    {"maxColumns", "20480"},
    {"mergeSchema", "true when inferring, else false"},
    {"mode", "PERMISSIVE"},
    {"multiLine", "false"},
    {"nanValue", "NaN"},
    {"negativeInf", "-Inf"},
    {"nullValue", ""},
    {"parserCaseSensitive", "true"},
    {"positiveInf", "Inf"},
    {"preferDate", "true"},
    {"quote", "\""},
    {"readerCaseSensitive", "true"},
    {"rescuedDataColumn", ""},
    {"samplingRatio", "1.0"},
    {"sep", ","},
    {"singleVariantColumn", ""},
    {"skipRows", "0"},
    {"timeZone", "the session's"},
    {"timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"},
    {"timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"},
    {"unescapedQuoteHandling", "STOP_AT_DELIMITER"},
});

std::unexpected<Error> Invalid(std::string_view option, std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::string(option)},
                                                   {"functionName", "csv"},
                                                   {"message", std::move(message)}});
}

/// Reads options one by one into a CsvOptions.
class OptionReader {
 public:
  OptionReader(const OptionMap& options, CsvOptions& out) : options_(options), out_(out) {}

  Status Read(bool inferring) {
    TRY(ReadFlags(inferring));
    TRY(ReadCharacters());
    TRY(ReadNumbers());
    TRY(ReadWords());
    return ReadFormats();
  }

 private:
  Status Flag(std::string_view name, bool& value) {
    if (std::optional<bool> given = TRY(GetBool(options_, name))) value = *given;
    return Ok();
  }

  Status ReadFlags(bool inferring) {
    out_.header = inferring;
    bool merge_schema = inferring;
    TRY(Flag("header", out_.header));
    TRY(Flag("mergeSchema", merge_schema));
    TRY(Flag("multiLine", out_.multi_line));
    TRY(Flag("enforceSchema", out_.enforce_schema));
    TRY(Flag("ignoreLeadingWhiteSpace", out_.trim_leading));
    TRY(Flag("ignoreTrailingWhiteSpace", out_.trim_trailing));
    TRY(Flag("preferDate", out_.prefer_date));
    TRY(Flag("parserCaseSensitive", out_.case_sensitive));
    TRY(Flag("readerCaseSensitive", out_.case_sensitive));
    TRY(Flag("failOnUnknownFields", out_.fail_on_unknown_fields));
    TRY(Flag("failOnWidenedFields", out_.fail_on_widened_fields));
    bool rescue = options_.contains("rescuedDataColumn");
    out_.by_name = out_.header && (merge_schema || rescue || out_.fail_on_unknown_fields);
    return Ok();
  }

  // One character; an empty text turns it off. `\0` and other escapes are understood.
  Status Character(std::string_view name, char& value) {
    std::optional<std::string> given = GetString(options_, name);
    if (!given) return Ok();
    if (given->empty() || *given == "\\0" || *given == "\\u0000") {
      value = '\0';
    } else if (given->size() == 2 && (*given)[0] == '\\') {
      value = TRY(Unescape(*given, name))[0];
    } else if (given->size() == 1) {
      value = (*given)[0];
    } else {
      return Invalid(name, "`" + *given + "` is more than one character of ASCII");
    }
    return Ok();
  }

  // \t, \r, \n, \b, \f, \", \', \\, \0 and \uXXXX, as Spark understands them in a separator.
  static Result<std::string> Unescape(std::string_view text, std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\' || text.size() == 1) {
        out += text[i];
        continue;
      }
      if (++i >= text.size()) return Invalid(name, "a backslash stands alone at its end");
      switch (text[i]) {
        case 't':
          out += '\t';
          break;
        case 'r':
          out += '\r';
          break;
        case 'n':
          out += '\n';
          break;
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case '"':
        case '\'':
        case '\\':
          out += text[i];
          break;
        case '0':
          out += '\0';
          break;
        case 'u': {
          unsigned code = 0;
          if (i + 4 < text.size()) {
            std::from_chars(text.data() + i + 1, text.data() + i + 5, code, 16);
          }
          if (i + 4 >= text.size() || code >= 0x80)
            return Invalid(name, "its \\u escape is not ASCII");
          out += static_cast<char>(code);
          i += 4;
          break;
        }
        default:
          return Invalid(name, std::string("\\") + text[i] + " is not a known escape");
      }
    }
    return out;
  }

  Status ReadCharacters() {
    for (std::string_view name : {"delimiter", "sep"}) {
      std::optional<std::string> given = GetString(options_, name);
      if (!given) continue;
      if (given->empty()) return Invalid(name, "it is empty");
      out_.separator = TRY(Unescape(*given, name));
    }
    TRY(Character("quote", out_.quote));
    TRY(Character("escape", out_.escape));
    TRY(Character("comment", out_.comment));
    out_.escape_escape = out_.escape == out_.quote ? '\0' : out_.escape;
    TRY(Character("charToEscapeQuoteEscaping", out_.escape_escape));
    if (std::optional<std::string> given = GetString(options_, "lineSep")) {
      if (given->empty()) return Invalid("lineSep", "it is empty");
      if (given->size() > 2) return Invalid("lineSep", "it is longer than two characters");
      out_.line_separator = *given;
    }
    if (out_.separator.contains('\n') || (out_.quote != 0 && out_.separator[0] == out_.quote)) {
      return Invalid("sep", "it cannot be the quote or a line end");
    }
    return Ok();
  }

  Status Number(std::string_view name, std::int64_t& value, std::int64_t least) {
    if (std::optional<std::int64_t> given = TRY(GetInt64(options_, name))) value = *given;
    if (value < least) return Invalid(name, std::to_string(value) + " is too small");
    return Ok();
  }

  Status ReadNumbers() {
    TRY(Number("skipRows", out_.skip_rows, 0));
    TRY(Number("maxColumns", out_.max_columns, 1));
    TRY(Number("maxCharsPerColumn", out_.max_chars_per_column, -1));
    if (std::optional<std::string> given = GetString(options_, "samplingRatio")) {
      auto [end, error] =
          std::from_chars(given->data(), given->data() + given->size(), out_.sampling_ratio);
      if (error != std::errc{} || end != given->data() + given->size() ||
          out_.sampling_ratio <= 0) {
        return Invalid("samplingRatio", "`" + *given + "` is not a number above 0");
      }
    }
    return Ok();
  }

  void Text(std::string_view name, std::string& value) {
    if (std::optional<std::string> given = GetString(options_, name)) value = *given;
  }

  Status ReadWords() {
    Text("nullValue", out_.null_value);
    Text("emptyValue", out_.empty_value);
    Text("nanValue", out_.nan_value);
    Text("positiveInf", out_.positive_infinity);
    Text("negativeInf", out_.negative_infinity);
    Text("timeZone", out_.time_zone);
    Text("columnNameOfCorruptRecord", out_.corrupt_record_column);
    Text("singleVariantColumn", out_.single_variant_column);
    if (!out_.time_zone.empty()) TRY(types::TimeZone::Find(out_.time_zone));
    for (std::string_view name : {"charset", "encoding"}) {
      if (std::optional<std::string> given = GetString(options_, name)) {
        out_.encoding = TRY(ParseEncoding(*given));
      }
    }
    // An unknown mode means PERMISSIVE, as in Spark.
    if (std::optional<std::string> given = GetString(options_, "mode")) {
      if (EqualsIgnoreCase(*given, "DROPMALFORMED")) out_.mode = ParseMode::kDropMalformed;
      if (EqualsIgnoreCase(*given, "FAILFAST")) out_.mode = ParseMode::kFailFast;
    }
    return ReadQuoteHandling();
  }

  Status ReadQuoteHandling() {
    std::optional<std::string> given = GetString(options_, "unescapedQuoteHandling");
    if (!given) return Ok();
    static constexpr std::array<std::pair<std::string_view, UnescapedQuotes>, 5> kNames{{
        {"STOP_AT_DELIMITER", UnescapedQuotes::kStopAtDelimiter},
        {"STOP_AT_CLOSING_QUOTE", UnescapedQuotes::kStopAtClosingQuote},
        {"BACK_TO_DELIMITER", UnescapedQuotes::kBackToDelimiter},
        {"SKIP_VALUE", UnescapedQuotes::kSkipValue},
        {"RAISE_ERROR", UnescapedQuotes::kRaiseError},
    }};
    for (auto [name, handling] : kNames) {
      if (!EqualsIgnoreCase(name, *given)) continue;
      out_.unescaped_quotes = handling;
      return Ok();
    }
    return Invalid("unescapedQuoteHandling",
                   "`" + *given +
                       "` is none of STOP_AT_DELIMITER, STOP_AT_CLOSING_QUOTE, "
                       "BACK_TO_DELIMITER, SKIP_VALUE, RAISE_ERROR");
  }

  Status ReadFormats() {
    std::string locale = "en-US";
    Text("locale", locale);
    out_.plain_decimals = EqualsIgnoreCase(locale, "en-US");
    auto pattern = [&](std::string_view name,
                       std::optional<types::DateTimePattern>& format) -> Status {
      std::optional<std::string> given = GetString(options_, name);
      if (!given) return Ok();
      format =
          TRY(types::DateTimePattern::Compile(*given, types::DateTimePattern::Use::kParse, locale)
                  .Context("option " + std::string(name)));
      return Ok();
    };
    TRY(pattern("dateFormat", out_.date_format));
    TRY(pattern("timestampFormat", out_.timestamp_format));
    return pattern("timestampNTZFormat", out_.timestamp_ntz_format);
  }

  const OptionMap& options_;
  CsvOptions& out_;
};

}  // namespace

std::span<const OptionSpec> CsvOptionSpecs() { return kSpecs; }

Result<CsvOptions> CsvOptions::Parse(const OptionMap& options, bool inferring) {
  CsvOptions parsed;
  TRY(OptionReader(options, parsed).Read(inferring));
  return parsed;
}

}  // namespace inlet::formats
