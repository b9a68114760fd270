#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/csv_options.h"

namespace inlet::formats {

/// How lines end where a record may span lines.
enum class LineEnds : std::uint8_t {
  kNone,  ///< The text is one line already.
  kLf,
  kCrLf,  ///< A lone \n ends a line as well.
  kCr,
  kOther,  ///< CsvOptions::line_separator.
};

/// A value that begins with a quote, the long way: escapes, stray quotes, what follows the last
/// one.
struct QuotedValue {
  enum class End : std::uint8_t { kSeparator, kLine, kText };
  /// One value; more only with BACK_TO_DELIMITER.
  std::vector<std::string> values;
  bool skipped = false;  ///< SKIP_VALUE: the last value is NULL.
  bool refused = false;  ///< RAISE_ERROR.
  End end = End::kText;
  std::size_t position = 0;  ///< After the separator or the line end.
};

/// Reads the value whose opening quote is at `text[position]`. kText: the text is over, which may
/// mean that more of it has to come.
/// Source: measured on univocity-parsers as Apache Spark 4.1 drives it; test/spark has the cases.
QuotedValue ReadQuotedValue(std::string_view text, std::size_t position, LineEnds line_ends,
                            const CsvOptions& options);

}  // namespace inlet::formats
