#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/option_map.h"
#include "base/result.h"
#include "types/column_builder.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::formats {

/// from_csv: one line after the other into a STRUCT column. Not thread-safe.
class CsvTextReader {
 public:
  /// A field named as columnNameOfCorruptRecord gets the text of what does not fit.
  /// Errors: UNSUPPORTED_DATATYPE for a nested field; PARSE_MODE_UNSUPPORTED for DROPMALFORMED;
  /// INVALID_PARAMETER_VALUE.
  static Result<std::unique_ptr<CsvTextReader>> Create(const types::DataType& type,
                                                       const OptionMap& options,
                                                       const types::TimeZone& session_time_zone);
  virtual ~CsvTextReader() = default;

  /// Appends one value to `out`, a builder of the type given to Create().
  /// Errors: MALFORMED_RECORD_IN_PARSING in FAILFAST.
  virtual Status Append(std::string_view text, types::ColumnBuilder& out) = 0;
};

/// to_csv: STRUCT values as lines. Immutable; thread-safe.
class CsvTextWriter {
 public:
  /// Errors: DATATYPE_MISMATCH for another type than STRUCT; INVALID_PARAMETER_VALUE.
  static Result<std::unique_ptr<const CsvTextWriter>> Create(
      const types::DataType& type, const OptionMap& options,
      const types::TimeZone& session_time_zone);
  virtual ~CsvTextWriter() = default;

  virtual Status Append(const arrow::Array& array, std::int64_t row, std::string& out) const = 0;
};

/// schema_of_csv: SQL text such as `STRUCT<_c0: INT, _c1: STRING>`.
Result<std::string> SchemaOfCsv(std::string_view csv, const OptionMap& options,
                                const types::TimeZone& session_time_zone);

}  // namespace inlet::formats
