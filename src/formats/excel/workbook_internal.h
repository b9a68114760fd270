#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "formats/excel/zip_archive_internal.h"

namespace inlet::formats::excel_internal {

struct Cell {
  enum class Kind : std::uint8_t { kEmpty, kNumber, kText, kBoolean, kDate } kind = Kind::kEmpty;
  double number = 0;  ///< NUMBER; BOOLEAN 0 or 1; DATE: days since 1970-01-01 and a part of a day.
  std::string text;   ///< TEXT.
};

/// Cells [first, last] of both, from 0. Errors of a sheet become empty cells.
struct CellRange {
  std::int64_t first_row = 0;
  std::int64_t first_column = 0;
  std::int64_t last_row = (1 << 20) - 1;
  std::int64_t last_column = (1 << 14) - 1;
};

/// A row has cells up to its last one that is not empty.
using Rows = std::vector<std::vector<Cell>>;

/// An Office Open XML workbook. Immutable.
/// Source: ECMA-376, part 1, "SpreadsheetML".
class Workbook {
 public:
  static Result<Workbook> Open(std::string_view bytes, const std::string& url);

  const std::vector<std::string>& sheet_names() const { return sheet_names_; }
  /// Errors: INVALID_PARAMETER_VALUE for a sheet that is not there; INLET_RESOURCE_LIMIT.
  Result<Rows> ReadSheet(std::size_t sheet, const CellRange& range) const;

 private:
  explicit Workbook(ZipArchive archive) : archive_(std::move(archive)) {}

  ZipArchive archive_;
  std::string url_;
  std::vector<std::string> sheet_names_;
  std::vector<std::string> sheet_parts_;
  std::vector<std::string> shared_strings_;
  std::vector<bool> style_is_date_;  // By the number of a cell's style.
  bool epoch_1904_ = false;
};

}  // namespace inlet::formats::excel_internal
