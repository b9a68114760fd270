#pragma once

#include "base/result.h"
#include "types/data_type.h"

namespace spark::connect {
class DataType;
}

/// Types as Spark Connect sends them.
namespace inlet::server {

/// Errors: CONNECT_INVALID_PLAN.CANNOT_PARSE for a type without a kind; INLET_UNSUPPORTED for one
/// that has no SQL type here; those of types::ParseType() for an unparsed one.
Result<types::DataType> FromMessage(const spark::connect::DataType& message);
/// The same for the columns of a table: a STRUCT, or an unparsed list of columns.
Result<types::StructType> ColumnsFromMessage(const spark::connect::DataType& message);

spark::connect::DataType ToMessage(const types::DataType& type);
spark::connect::DataType ToMessage(const types::StructType& columns);

/// {"comment":"x","n":1} as keys and raw JSON values; nothing of what is no JSON object.
types::FieldMetadata MetadataOf(const std::string& json);

/// A schema as clients write it: a list of columns, one type, or Spark's JSON of either.
Result<types::DataType> ParseSchemaText(std::string_view text);

}  // namespace inlet::server
