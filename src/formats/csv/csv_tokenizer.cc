#include "formats/csv/csv_tokenizer.h"

#include <algorithm>

namespace inlet::formats {
namespace {

constexpr std::size_t kShownBytes = 200;  // Of a record in an error's text.

bool IsBlank(char c) { return static_cast<unsigned char>(c) <= ' '; }

}  // namespace

CsvTokenizer::CsvTokenizer(const CsvOptions& options, std::string path)
    : options_(options), path_(std::move(path)) {
  if (!options_.line_separator.empty()) line_ends_ = LineEnds::kOther;
  plain_ = options_.separator.size() == 1 && !options_.trim_leading && !options_.trim_trailing;
}

void CsvTokenizer::DetectLineEnds(std::string_view text) {
  if (!options_.multi_line || line_ends_ == LineEnds::kOther) return;
  std::size_t at = text.find_first_of("\r\n");
  if (at == text.npos || text[at] == '\n') return;
  line_ends_ = text.substr(at).starts_with("\r\n") ? LineEnds::kCrLf : LineEnds::kCr;
}

// The bytes of the line end that begins here; 0 when none does.
std::size_t CsvTokenizer::LineEndSize(std::size_t position) const {
  if (line_ends_ == LineEnds::kOther) {
    return text_.substr(position).starts_with(options_.line_separator)
               ? options_.line_separator.size()
               : 0;
  }
  char c = text_[position];
  if (c == '\n') return 1;
  if (c != '\r') return 0;
  if (position + 1 < text_.size() && text_[position + 1] == '\n') return 2;
  // Between the quotes of a multi-line file a lone \r is text, unless all lines end so.
  return options_.multi_line && line_ends_ != LineEnds::kCr ? 0 : 1;
}

bool CsvTokenizer::IsSeparator(std::size_t position) const {
  if (text_[position] != options_.separator[0]) return false;
  return options_.separator.size() == 1 || text_.substr(position).starts_with(options_.separator);
}

// The first line end at or after `position`, or the end of the text.
std::size_t CsvTokenizer::FindLineEnd(std::size_t position) const {
  while (true) {
    std::size_t at = index_.Next(position);
    if (at == StructuralIndex::kNone) return text_.size();
    if (LineEndSize(at) != 0) return at;
    position = at + 1;
  }
}

// The first separator or line end at or after `position`, or the end of the text.
std::size_t CsvTokenizer::FindValueEnd(std::size_t position) const {
  while (true) {
    std::size_t at = index_.Next(position);
    if (at == StructuralIndex::kNone) [[unlikely]]
      return text_.size();
    if (IsSeparator(at) || LineEndSize(at) != 0) [[likely]]
      return at;
    position = at + 1;
  }
}

std::optional<std::size_t> CsvTokenizer::SkipLines(std::string_view text, bool is_last,
                                                   std::int64_t num_lines) const {
  std::size_t position = 0;
  for (; num_lines > 0; --num_lines) {
    std::size_t end = line_ends_ == LineEnds::kOther ? text.find(options_.line_separator, position)
                                                     : text.find_first_of("\r\n", position);
    if (end == text.npos) return is_last ? std::optional(text.size()) : std::nullopt;
    std::size_t size = line_ends_ == LineEnds::kOther ? options_.line_separator.size() : 1;
    if (line_ends_ != LineEnds::kOther && text[end] == '\r') {
      if (end + 1 == text.size() && !is_last) return std::nullopt;
      if (end + 1 < text.size() && text[end + 1] == '\n') size = 2;
    }
    position = end + size;
  }
  return position;
}

Result<std::size_t> CsvTokenizer::Tokenize(std::string_view text, bool is_last, std::size_t stop_at,
                                           std::size_t max_records, CsvRecords& out) {
  text_ = text;
  is_last_ = is_last;
  has_quote_index_ = false;
  bool other = line_ends_ == LineEnds::kOther;
  char line = other ? options_.line_separator[0] : '\n';
  index_.Build(text, {options_.separator[0], line, other ? line : '\r', line});
  std::size_t position = 0;
  std::size_t end = std::min(text.size(), stop_at);
  while (position < end && out.records.size() < max_records) {
    char first = text[position];
    if (IsBlank(first) || (options_.comment != 0 && first == options_.comment)) [[unlikely]] {
      std::size_t before = position;
      if (SkipsLine(position)) continue;
      if (position != before) break;  // The line is not all there.
    }
    std::size_t num_fields = out.fields.size();
    record_begin_ = position;
    std::size_t next = position;
    Outcome outcome = TRY(ReadRecord(next, out));
    if (outcome == Outcome::kNeedsMore) {
      out.fields.resize(num_fields);
      break;
    }
    position = next;
  }
  return position;
}

// Lines of blanks and comments are no records. Moves `position` without a `true` when the line may
// go on beyond the text.
bool CsvTokenizer::SkipsLine(std::size_t& position) {
  std::size_t end = FindLineEnd(position);
  bool skipped = options_.comment != 0 && text_[position] == options_.comment;
  if (!skipped && (!options_.multi_line || options_.trim_leading)) {
    skipped = std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(position),
                          text_.begin() + static_cast<std::ptrdiff_t>(end), IsBlank);
  } else if (!skipped) {
    skipped = end == position;
  }
  if (!skipped) return false;
  bool cut = end == text_.size() || (text_[end] == '\r' && end + 1 == text_.size());
  if (cut && !is_last_) {
    position = text_.size();
    return false;
  }
  position = end == text_.size() ? end : end + LineEndSize(end);
  return true;
}

Result<CsvTokenizer::Outcome> CsvTokenizer::ReadRecord(std::size_t& position, CsvRecords& out) {
  std::size_t first_field = out.fields.size();
  std::size_t begin = position;
  auto max_columns = static_cast<std::size_t>(options_.max_columns);
  while (true) {
    if (options_.trim_leading) {
      while (position < text_.size() && IsBlank(text_[position]) && !IsSeparator(position) &&
             LineEndSize(position) == 0) {
        ++position;
      }
    }
    if (plain_) ReadPlainCells(position, out);
    bool ended = false;  // The separator or line end has been read as well.
    if (position < text_.size() && options_.quote != 0 && text_[position] == options_.quote) {
      if (!ReadSimpleQuoted(position, out)) {
        if (!TRY(ReadQuoted(position, ended, out))) return Outcome::kNeedsMore;
      }
    } else {
      std::size_t end = FindValueEnd(position);
      std::size_t last = end;
      if (options_.trim_trailing) {
        while (last > position && IsBlank(text_[last - 1])) --last;
      }
      out.fields.push_back(
          {.data = text_.data() + position, .size = static_cast<std::uint32_t>(last - position)});
      position = end;
    }
    if (out.fields.size() - first_field > max_columns) [[unlikely]] {
      return Malformed(
          begin, "it has more columns than maxColumns = " + std::to_string(options_.max_columns));
    }
    if (ended) continue;
    std::size_t record_end = position;
    if (position >= text_.size()) {
      if (!is_last_) return Outcome::kNeedsMore;
      // A quote that is open at the end of the file has taken in the last line end.
      if (record_end > begin && text_[record_end - 1] == '\n') --record_end;
    } else if (std::size_t size = LineEndSize(position); size != 0) {
      // Whether a \n follows a \r is not known at the end of the text.
      if (text_[position] == '\r' && position + 1 == text_.size() && !is_last_) {
        return Outcome::kNeedsMore;
      }
      position += size;
    } else {
      position += options_.separator.size();
      continue;
    }
    out.records.push_back(
        {.first_field = first_field,
         .num_fields = static_cast<std::uint32_t>(out.fields.size() - first_field),
         .text_size = static_cast<std::uint32_t>(record_end - begin),
         .text = text_.data() + begin});
    if (options_.max_chars_per_column >= 0) {
      for (const CsvField& field : out.FieldsOf(out.records.back())) {
        if (field.size <= static_cast<std::uint64_t>(options_.max_chars_per_column)) continue;
        return Malformed(begin, "a value is longer than maxCharsPerColumn = " +
                                    std::to_string(options_.max_chars_per_column));
      }
    }
    return Outcome::kRecord;
  }
}

// As many cells as stand without quotes before a separator each: most of most files.
void CsvTokenizer::ReadPlainCells(std::size_t& position, CsvRecords& out) const {
  const char* text = text_.data();
  const char separator = options_.separator[0];
  const char quote = options_.quote;
  const std::size_t size = text_.size();
  std::size_t begin = position;
  StructuralIndex::Cursor ends(index_, begin);
  while (begin < size && text[begin] != quote) {
    const std::size_t end = ends.Next();
    if (end == StructuralIndex::kNone || text[end] != separator) break;
    out.fields.push_back({.data = text + begin, .size = static_cast<std::uint32_t>(end - begin)});
    begin = end + 1;
  }
  position = begin;
}

// `"..."` with nothing to unescape, followed by a separator or a line end. False: nothing is done.
bool CsvTokenizer::ReadSimpleQuoted(std::size_t& position, CsvRecords& out) {
  if (!has_quote_index_) {
    char escape = options_.escape != 0 ? options_.escape : options_.quote;
    bool any_line_end = !options_.multi_line && line_ends_ != LineEnds::kOther;
    char line = any_line_end ? '\n' : options_.quote;
    if (line_ends_ == LineEnds::kOther) line = options_.line_separator[0];
    // In a multi-line file with \r\n the quoted ones become \n.
    bool normalizes = line_ends_ == LineEnds::kCrLf || line_ends_ == LineEnds::kCr;
    quote_index_.Build(text_,
                       {options_.quote, escape, line, any_line_end || normalizes ? '\r' : line});
    has_quote_index_ = true;
  }
  std::size_t end = quote_index_.Next(position + 1);
  if (end == StructuralIndex::kNone || text_[end] != options_.quote) return false;
  std::size_t after = end + 1;
  if (after >= text_.size()) return false;
  if (!IsSeparator(after) && LineEndSize(after) == 0) return false;
  out.fields.push_back({.data = text_.data() + position + 1,
                        .size = static_cast<std::uint32_t>(end - position - 1),
                        .kind = CsvField::Kind::kQuoted});
  position = after;
  return true;
}

// The long way. False: the value may go on beyond the text.
Result<bool> CsvTokenizer::ReadQuoted(std::size_t& position, bool& ended, CsvRecords& out) {
  using End = QuotedValue::End;
  std::string_view text = text_;
  LineEnds line_ends = line_ends_;
  if (!options_.multi_line) {
    // The quote ends with its line at the latest.
    std::size_t line_end = FindLineEnd(position);
    if (line_end == text_.size() && !is_last_) return false;
    text = text_.substr(0, line_end);
    line_ends = LineEnds::kNone;
  }
  QuotedValue value = ReadQuotedValue(text, position, line_ends, options_);
  if (value.end == End::kText && options_.multi_line && !is_last_ && !value.refused) return false;
  if (value.refused) {
    return Fail(
        Condition::FAILED_READ_FILE_NO_HINT,
        {{"path", path_},
         {"message", "a quote inside of a quoted value is not escaped: " + Shown(record_begin_)}});
  }
  for (std::size_t i = 0; i < value.values.size(); ++i) {
    const std::string& kept = out.unescaped.emplace_back(std::move(value.values[i]));
    bool skipped = value.skipped && i + 1 == value.values.size();
    out.fields.push_back({.data = kept.data(),
                          .size = static_cast<std::uint32_t>(kept.size()),
                          .kind = skipped ? CsvField::Kind::kSkipped : CsvField::Kind::kQuoted});
  }
  position = value.position;
  if (value.end == End::kSeparator) ended = true;
  if (value.end == End::kLine) {
    // Back to the line end, so that one place ends records.
    std::size_t size = line_ends_ == LineEnds::kOther ? options_.line_separator.size() : 1;
    position -= size;
    if (line_ends_ != LineEnds::kOther && position > 0 && text_[position] == '\n' &&
        text_[position - 1] == '\r') {
      --position;
    }
  }
  return true;
}

std::unexpected<Error> CsvTokenizer::Malformed(std::size_t begin, std::string message) const {
  return Fail(Condition::MALFORMED_CSV_RECORD,
              {{"path", path_}, {"badRecord", message + ": " + Shown(begin)}});
}

std::string CsvTokenizer::Shown(std::size_t begin) const {
  std::string valid;
  AppendValidUtf8(text_.substr(begin, kShownBytes), valid);
  if (begin + kShownBytes < text_.size()) valid += "...";
  return valid;
}

}  // namespace inlet::formats
