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

/// from_xml: one document after the other into a STRUCT column; its root is the row, whatever its
/// name. Not thread-safe.
class XmlTextReader {
 public:
  /// A field named as columnNameOfCorruptRecord gets the text of what does not fit.
  /// Errors: PARSE_MODE_UNSUPPORTED for DROPMALFORMED; INVALID_PARAMETER_VALUE.
  static Result<std::unique_ptr<XmlTextReader>> Create(const types::DataType& type,
                                                       const OptionMap& options,
                                                       const types::TimeZone& session_time_zone);
  virtual ~XmlTextReader() = default;

  /// Appends one value to `out`, a builder of the type given to Create().
  /// Errors: MALFORMED_RECORD_IN_PARSING in FAILFAST; INLET_RESOURCE_LIMIT.
  virtual Status Append(std::string_view text, types::ColumnBuilder& out) = 0;
};

/// to_xml: STRUCT values as documents. Immutable; thread-safe.
class XmlTextWriter {
 public:
  /// Errors: DATATYPE_MISMATCH for another type than STRUCT; INVALID_PARAMETER_VALUE.
  static Result<std::unique_ptr<const XmlTextWriter>> Create(
      const types::DataType& type, const OptionMap& options,
      const types::TimeZone& session_time_zone);
  virtual ~XmlTextWriter() = default;

  virtual Status Append(const arrow::Array& array, std::int64_t row, std::string& out) const = 0;
};

/// schema_of_xml: SQL text such as `STRUCT<a: BIGINT>`.
Result<std::string> SchemaOfXml(std::string_view xml, const OptionMap& options,
                                const types::TimeZone& session_time_zone);

}  // namespace inlet::formats
