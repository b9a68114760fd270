#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/csv/csv_tokenizer.h"
#include "formats/encoding/text_input.h"

namespace inlet::formats {

/// The records of one split, piece by piece, after skipRows and the header. Not thread-safe.
class CsvRecordSource {
 public:
  /// `options` outlives this.
  /// Errors: as ConfiguredFormat::Open().
  static Result<std::unique_ptr<CsvRecordSource>> Open(const storage::ObjectStore& store,
                                                       const FileSplit& split,
                                                       const CsvOptions& options);

  /// The names in the file's header, made unique as Spark does; empty without a header.
  const std::vector<std::string>& header() const { return header_; }

  /// The next piece; false at the end of the split. The records live until the next call.
  Result<bool> Next();
  const CsvRecords& records() const { return records_; }
  /// All text of the piece is UTF-8.
  bool is_valid_utf8() const { return valid_utf8_; }

 private:
  CsvRecordSource(std::string file_url, const CsvOptions& options)
      : options_(options), tokenizer_(options, std::move(file_url)) {}
  Status ReadHead();
  Status SkipToRecord();

  const CsvOptions& options_;
  CsvTokenizer tokenizer_;
  std::unique_ptr<TextInput> input_;
  std::vector<std::string> header_;
  std::int64_t end_ = std::numeric_limits<std::int64_t>::max();
  CsvRecords records_;
  std::size_t used_ = 0;  // Bytes of the window that records_ came from.
  bool valid_utf8_ = false;
};

/// Names of columns: an empty cell and no header give `_cN`; names that are equal ignoring case get
/// their position behind them.
std::vector<std::string> CsvColumnNames(std::span<const CsvField> cells, const CsvOptions& options);

}  // namespace inlet::formats
