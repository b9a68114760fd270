#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/csv_options.h"
#include "formats/csv/csv_quoting.h"
#include "formats/csv/structural_index.h"

namespace inlet::formats {

/// One cell as text, unescaped.
struct CsvField {
  enum class Kind : std::uint8_t { kPlain, kQuoted, kSkipped };
  const char* data = nullptr;
  std::uint32_t size = 0;
  Kind kind = Kind::kPlain;

  std::string_view text() const { return {data, size}; }
};

struct CsvRecord {
  std::size_t first_field = 0;
  std::uint32_t num_fields = 0;
  std::uint32_t text_size = 0;
  const char* text = nullptr;  ///< The whole record without its line end.
};

/// Records cut into cells; both point into the tokenized text or into `unescaped`.
struct CsvRecords {
  std::vector<CsvField> fields;
  std::vector<CsvRecord> records;
  std::deque<std::string> unescaped;

  void Clear() {
    fields.clear();
    records.clear();
    unescaped.clear();
  }
  std::span<const CsvField> FieldsOf(const CsvRecord& record) const {
    return {fields.data() + record.first_field, record.num_fields};
  }
};

/// Cuts text into records and cells. Not thread-safe.
class CsvTokenizer {
 public:
  /// `path` is for errors. `options` outlives this.
  CsvTokenizer(const CsvOptions& options, std::string path);

  /// How lines of a multi-line file end, by the first one; has no effect without multiLine.
  void DetectLineEnds(std::string_view text);

  /// Adds the records that begin in text[0, stop_at) to `out`, at most `max_records`, and returns
  /// the position after the last one. With `is_last` the text ends the file; otherwise a record
  /// that may go on beyond the text is left for the next call. Errors: MALFORMED_CSV_RECORD for
  /// more than maxColumns columns or maxCharsPerColumn characters, or a stray quote under
  /// RAISE_ERROR.
  Result<std::size_t> Tokenize(std::string_view text, bool is_last, std::size_t stop_at,
                               std::size_t max_records, CsvRecords& out);

  /// The position after `num_lines` more physical lines, or nothing when the text is too short.
  std::optional<std::size_t> SkipLines(std::string_view text, bool is_last,
                                       std::int64_t num_lines) const;

 private:
  enum class Outcome : std::uint8_t { kRecord, kNeedsMore };

  std::size_t LineEndSize(std::size_t position) const;
  bool IsSeparator(std::size_t position) const;
  std::size_t FindLineEnd(std::size_t position) const;
  std::size_t FindValueEnd(std::size_t position) const;
  bool SkipsLine(std::size_t& position);
  Result<Outcome> ReadRecord(std::size_t& position, CsvRecords& out);
  void ReadPlainCells(std::size_t& position, CsvRecords& out) const;
  Result<bool> ReadQuoted(std::size_t& position, bool& ended, CsvRecords& out);
  bool ReadSimpleQuoted(std::size_t& position, CsvRecords& out);
  std::unexpected<Error> Malformed(std::size_t begin, std::string message) const;
  std::string Shown(std::size_t begin) const;  // Of the text from `begin` on, in an error.

  const CsvOptions& options_;
  std::string path_;
  LineEnds line_ends_ = LineEnds::kLf;
  bool plain_ = false;           // One byte separates cells, and nothing is trimmed.
  StructuralIndex index_;        // Separators and line ends.
  StructuralIndex quote_index_;  // Quotes, escapes and line ends; built when a quote comes.
  bool has_quote_index_ = false;
  std::string_view text_;
  bool is_last_ = false;
  std::size_t record_begin_ = 0;
};

}  // namespace inlet::formats
