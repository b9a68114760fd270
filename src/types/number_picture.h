#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::types {

/// A picture of a number such as `S99,999.99` or `$0,000PR`, for to_number() and to_char().
/// Immutable and thread-safe.
///
/// Source: Databricks SQL language manual, "to_number function", "to_char function".
class NumberPicture {
 public:
  /// Any case. Errors: INVALID_FORMAT.
  static Result<NumberPicture> Parse(std::string_view picture);

  /// The DECIMAL that holds every number of this picture.
  /// Errors: NUMERIC_VALUE_OUT_OF_RANGE for more than 38 digits.
  Result<DataType> type() const;

  /// The number that `text` shows, in digits with a sign and a point; nothing when it does not fit.
  std::optional<std::string> Read(std::string_view text) const;
  /// `number` is plain digits with an optional sign and point; # stands for digits when it has more
  /// of them than the picture.
  std::string Write(std::string_view number) const;

  const std::string& text() const { return text_; }

 private:
  struct Token {
    enum class Kind : std::uint8_t {
      kDigits,     ///< `count` of them.
      kSeparator,  ///< , or G
      kPoint,      ///< . or D
      kDollar,
      kSign,   ///< S: + or -
      kMinus,  ///< MI: - or a blank
      kOpen,   ///< The < of PR, before everything else.
      kClose,
    };
    Kind kind = Kind::kDigits;
    int count = 0;
    bool exact = false;  ///< Begins with 0: neither fewer digits nor blanks.
  };
  class Reader;

  static Result<std::vector<Token>> Tokens(std::string_view picture);
  Status CheckOrder() const;
  std::string Fill(std::string_view whole, std::string_view fraction, bool negative) const;

  std::string text_;
  std::vector<Token> tokens_;
  int whole_digits_ = 0;
  int fraction_digits_ = 0;
};

}  // namespace inlet::types
