#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "formats/csv/csv_tokenizer.h"
#include "types/column_builder.h"
#include "types/time_zone.h"

namespace inlet::formats {

/// Cells of one column to values of its type. Immutable; thread-safe.
class CsvColumnConverter {
 public:
  /// Errors: UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for a nested type; INVALID_TIMEZONE.
  static Result<CsvColumnConverter> Make(const types::StructField& field, const CsvOptions& options,
                                         const types::TimeZone& session_zone);

  /// One VARIANT a record: an object of all its cells by name, `_cN` beyond the names.
  void AppendObjects(const CsvRecords& records, std::span<const CsvRecord> rows,
                     std::span<const std::string> names, types::ColumnBuilder& out,
                     std::vector<std::uint32_t>& misfits) const;

  /// Appends the cell at `source` of each record to `out`; NULL where there is none or it does not
  /// fit. The positions in `rows` of those that do not fit are added to `misfits`.
  /// `valid_utf8`: all texts are known to be UTF-8.
  void Append(const CsvRecords& records, std::span<const CsvRecord> rows, std::size_t source,
              bool valid_utf8, types::ColumnBuilder& out,
              std::vector<std::uint32_t>& misfits) const;

 private:
  CsvColumnConverter(types::DataType type, const CsvOptions& options, const types::TimeZone& zone)
      : type_(std::move(type)), options_(&options), zone_(&zone) {}

  bool IsNull(const CsvField& field) const;
  template <class AppendOne>
  void AppendEach(const CsvRecords& records, std::span<const CsvRecord> rows, std::size_t source,
                  types::ColumnBuilder& out, std::vector<std::uint32_t>& misfits,
                  AppendOne append_one) const;
  template <class Float>
  std::optional<Float> ParseFloating(std::string_view text) const;
  std::optional<types::Int128> ParseDecimal(std::string_view text) const;

  types::DataType type_;
  const CsvOptions* options_;  // Outlives this.
  const types::TimeZone* zone_;
};

/// Text as BOOLEAN, as the CSV reader takes it: `true` and `false` in any case.
std::optional<bool> ParseCsvBoolean(std::string_view text);

}  // namespace inlet::formats
