#include "formats/csv/csv_quoting.h"

namespace inlet::formats {
namespace {

/// One value; the names of the states follow what has been read last.
class QuotedValueReader {
 public:
  QuotedValueReader(std::string_view text, std::size_t position, LineEnds line_ends,
                    const CsvOptions& options)
      : text_(text),
        begin_(position),
        next_(position + 1),
        line_ends_(line_ends),
        options_(options) {}

  QuotedValue Read() {
    current_ = options_.quote;
    Scan();
    result_.values.push_back(std::move(value_));
    result_.position = next_;
    return std::move(result_);
  }

 private:
  using End = QuotedValue::End;

  bool IsSpace() const { return static_cast<unsigned char>(current_) <= ' ' && !is_line_end_; }
  bool IsQuote() const { return !is_line_end_ && current_ == options_.quote; }
  bool IsEscape() const {
    return !is_line_end_ && options_.escape != 0 && current_ == options_.escape;
  }
  bool IsSeparator() const {
    return !is_line_end_ && current_ == options_.separator[0] &&
           text_.substr(next_ - 1).starts_with(options_.separator);
  }
  bool AtEndOfValue() {
    if (is_line_end_) {
      result_.end = End::kLine;
      return true;
    }
    if (!IsSeparator()) return false;
    result_.end = End::kSeparator;
    next_ += options_.separator.size() - 1;
    return true;
  }

  // False at the end of the text.
  bool Next() {
    is_line_end_ = false;
    if (next_ >= text_.size()) return false;
    current_ = text_[next_++];
    switch (line_ends_) {
      case LineEnds::kNone:
        return true;
      case LineEnds::kOther:
        if (text_.substr(next_ - 1).starts_with(options_.line_separator)) {
          next_ += options_.line_separator.size() - 1;
          is_line_end_ = true;
        }
        return true;
      case LineEnds::kCrLf:
        if (current_ == '\r' && next_ < text_.size() && text_[next_] == '\n')
          current_ = text_[next_++];
        break;
      case LineEnds::kCr:
        if (current_ == '\r') current_ = '\n';
        break;
      case LineEnds::kLf:
        break;
    }
    is_line_end_ = current_ == '\n';
    return true;
  }

  void AppendCurrent() {
    if (is_line_end_ && line_ends_ == LineEnds::kOther)
      value_ += options_.line_separator;
    else
      value_ += current_;
  }

  void Scan() {
    // What the last character was to the quoting: the quote, the escape, or nothing special (0).
    char previous = 0;
    while (true) {
      if (!Next()) return EndOfText(previous);
      if (previous == options_.quote) {
        if (AtEndOfValue()) return;
        if (IsSpace()) {
          if (!GoOnAfterSpaces()) return;
          previous = IsQuote() ? current_ : '\0';
          continue;
        }
      }
      if (!IsQuote() && !IsEscape()) {
        if (previous == options_.quote) {
          if (!GoOnAfterStrayQuote()) return;
        } else {
          if (previous != 0 && previous == options_.escape) value_ += options_.escape;
          AppendCurrent();
        }
        bool escapes = options_.escape_escape != 0 && current_ == options_.escape_escape;
        previous = escapes && !is_line_end_ ? current_ : '\0';
        continue;
      }
      previous = TakeQuoteOrEscape(previous);
    }
  }

  // The current character is a quote or an escape; returns what it is to the next one.
  char TakeQuoteOrEscape(char previous) {
    if (IsEscape() && options_.escape_escape != 0 && previous == options_.escape_escape) {
      // An escape of its own kind is in the value already.
      if (options_.escape_escape != options_.escape) value_.pop_back();
      value_ += options_.escape;
      return 0;
    }
    if (previous != 0 && previous == options_.escape) {
      if (IsQuote()) {
        value_ += options_.quote;
        return 0;
      }
      value_ += previous;
    } else if (previous == options_.quote) {
      // Two quotes where quotes are not escaped so, or a quote and an escape: kept, and the quoting
      // goes on.
      value_ += options_.quote;
    }
    return current_;
  }

  // A quote came inside of the value; the current character stands after it. False: all is read.
  bool GoOnAfterStrayQuote() {
    switch (options_.unescaped_quotes) {
      case UnescapedQuotes::kBackToDelimiter:
        CutAtSeparators();
        AppendCurrent();
        return true;
      case UnescapedQuotes::kStopAtClosingQuote:
        value_ += options_.quote;
        AppendCurrent();
        return true;
      case UnescapedQuotes::kStopAtDelimiter:
        value_ += options_.quote;
        AppendCurrent();
        ReadLiterally();
        return false;
      case UnescapedQuotes::kSkipValue:
        ReadLiterally();
        return false;
      case UnescapedQuotes::kRaiseError:
        result_.refused = true;
        return false;
    }
    return false;
  }

  void CutAtSeparators() {
    std::size_t begin = 0;
    for (std::size_t at; (at = value_.find(options_.separator, begin)) != value_.npos;
         begin = at + options_.separator.size()) {
      result_.values.push_back(value_.substr(begin, at - begin));
    }
    value_.erase(0, begin);
  }

  // After all it was no quoted value: the rest up to the separator, with the quote in front.
  void ReadLiterally() {
    value_.insert(value_.begin(), options_.quote);
    result_.end = End::kText;
    while (Next() && !AtEndOfValue()) AppendCurrent();
    if (options_.unescaped_quotes == UnescapedQuotes::kSkipValue) {
      value_.clear();
      result_.skipped = true;
    } else if (options_.trim_trailing) {
      while (!value_.empty() && static_cast<unsigned char>(value_.back()) <= ' ') value_.pop_back();
    }
  }

  // Spaces between the closing quote and the separator do not count. False: all is read.
  bool GoOnAfterSpaces() {
    std::string spaces;
    do {
      spaces += current_;
      if (!Next() || AtEndOfValue()) return false;
    } while (IsSpace());
    if (options_.unescaped_quotes == UnescapedQuotes::kRaiseError) {
      result_.refused = true;
      return false;
    }
    value_ += options_.quote;
    value_ += spaces;
    if (options_.unescaped_quotes == UnescapedQuotes::kStopAtClosingQuote) {
      if (!IsQuote()) AppendCurrent();
      return true;
    }
    AppendCurrent();
    ReadLiterally();
    return false;
  }

  void EndOfText(char previous) {
    result_.end = End::kText;
    if (previous != 0 && previous == options_.escape && previous != options_.quote) {
      value_ += options_.escape;
    } else if (next_ == begin_ + 1) {
      value_ += options_.quote;  // The text was a quote and nothing else.
    }
  }

  std::string_view text_;
  std::size_t begin_;
  std::size_t next_;  // After current_.
  LineEnds line_ends_;
  const CsvOptions& options_;
  char current_ = 0;
  bool is_line_end_ = false;
  std::string value_;
  QuotedValue result_;
};

}  // namespace

QuotedValue ReadQuotedValue(std::string_view text, std::size_t position, LineEnds line_ends,
                            const CsvOptions& options) {
  return QuotedValueReader(text, position, line_ends, options).Read();
}

}  // namespace inlet::formats
