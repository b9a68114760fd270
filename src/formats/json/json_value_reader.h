#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "types/column_builder.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::formats {

/// from_json: one text after the other into a column. Not thread-safe.
class JsonValueReader {
 public:
  /// `type` is a STRUCT, ARRAY, MAP or VARIANT; a STRUCT field named as columnNameOfCorruptRecord
  /// gets the text of what does not fit.
  /// Errors: DATATYPE_MISMATCH_INVALID_JSON_SCHEMA; PARSE_MODE_UNSUPPORTED for DROPMALFORMED;
  /// INVALID_PARAMETER_VALUE; CF_UNKNOWN_OPTION_KEYS_ERROR is the caller's business.
  static Result<std::unique_ptr<JsonValueReader>> Create(const types::DataType& type,
                                                         const OptionMap& options,
                                                         const types::TimeZone& session_time_zone);
  virtual ~JsonValueReader() = default;

  /// Appends one value to `out`, a builder of the type given to Create().
  /// Errors: MALFORMED_RECORD_IN_PARSING in FAILFAST.
  virtual Status Append(std::string_view text, types::ColumnBuilder& out) = 0;
};

/// schema_of_json: SQL text such as `STRUCT<a: BIGINT, b: ARRAY<DOUBLE>>`.
/// Errors: MALFORMED_RECORD_IN_PARSING.
Result<std::string> SchemaOfJson(std::string_view json, const OptionMap& options);

/// A path of get_json_object and of `:` on STRING: `$.a[0].b`, `$['a b']`, `$.a[*].b`.
class JsonPath {
 public:
  /// Nothing when `text` is no path: the functions give NULL then.
  static std::optional<JsonPath> Parse(std::string_view text);

  struct AnyElement {
    bool operator==(const AnyElement&) const = default;
  };
  struct AnyField {
    bool operator==(const AnyField&) const = default;
  };
  struct Field {
    std::string name;
    bool ignore_case = false;  ///< Never set by Parse(); for `:` on STRING.
  };
  using Step = std::variant<Field, std::int64_t, AnyElement, AnyField>;
  std::vector<Step> steps;
};

/// get_json_object. Nothing: no such place, a JSON null, or broken text.
std::optional<std::string> GetJsonObject(std::string_view json, const JsonPath& path);

/// json_array_length. Nothing when `json` is no array.
std::optional<std::int32_t> JsonArrayLength(std::string_view json);
/// json_object_keys. Nothing when `json` is no object.
std::optional<std::vector<std::string>> JsonObjectKeys(std::string_view json);
/// json_tuple: the values of `keys` in the top object.
std::vector<std::optional<std::string>> JsonTuple(std::string_view json,
                                                  std::span<const std::string> keys);

/// to_json of one cell. Immutable; thread-safe.
class JsonValueWriter {
 public:
  /// Options: ignoreNullFields (true), timestampFormat, timestampNTZFormat, dateFormat, timeZone.
  static Result<std::unique_ptr<JsonValueWriter>> Create(const types::DataType& type,
                                                         const OptionMap& options,
                                                         const types::TimeZone& session_time_zone);
  virtual ~JsonValueWriter() = default;
  /// Appends the text of a cell that is not NULL.
  virtual Status Append(const arrow::Array& array, std::int64_t row, std::string& out) const = 0;
};

}  // namespace inlet::formats
