#include "server/spark_connect/literal_values.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <spark/connect/expressions.pb.h>

#include "server/spark_connect/data_types.h"
#include "types/text_cast.h"

namespace inlet::server {

Result<spark::connect::Expression_Literal> LiteralAt(const std::vector<types::BatchPtr>& batches,
                                                     int column, const types::DataType& type) {
  using types::TypeId;
  spark::connect::Expression_Literal literal;
  if (batches.empty() || batches[0]->num_rows() == 0 || batches[0]->column(column)->IsNull(0)) {
    *literal.mutable_null() = ToMessage(type);
    return literal;
  }
  const arrow::Array& array = *batches[0]->column(column);
  switch (type.id()) {
    case TypeId::kBoolean:
      literal.set_boolean(static_cast<const arrow::BooleanArray&>(array).Value(0));
      break;
    case TypeId::kByte:
      literal.set_byte(static_cast<const arrow::Int8Array&>(array).Value(0));
      break;
    case TypeId::kShort:
      literal.set_short_(static_cast<const arrow::Int16Array&>(array).Value(0));
      break;
    case TypeId::kInteger:
      literal.set_integer(static_cast<const arrow::Int32Array&>(array).Value(0));
      break;
    case TypeId::kLong:
      literal.set_long_(static_cast<const arrow::Int64Array&>(array).Value(0));
      break;
    case TypeId::kFloat:
      literal.set_float_(static_cast<const arrow::FloatArray&>(array).Value(0));
      break;
    case TypeId::kDouble:
      literal.set_double_(static_cast<const arrow::DoubleArray&>(array).Value(0));
      break;
    case TypeId::kString:
      literal.set_string(static_cast<const arrow::StringArray&>(array).GetString(0));
      break;
    case TypeId::kBinary:
      literal.set_binary(static_cast<const arrow::BinaryArray&>(array).GetString(0));
      break;
    case TypeId::kDate:
      literal.set_date(static_cast<const arrow::Date32Array&>(array).Value(0));
      break;
    case TypeId::kTimestamp:
      literal.set_timestamp(static_cast<const arrow::TimestampArray&>(array).Value(0));
      break;
    case TypeId::kTimestampNtz:
      literal.set_timestamp_ntz(static_cast<const arrow::TimestampArray&>(array).Value(0));
      break;
    case TypeId::kDecimal:
      literal.mutable_decimal()->set_value(
          static_cast<const arrow::Decimal128Array&>(array).FormatValue(0));
      literal.mutable_decimal()->set_precision(type.precision());
      literal.mutable_decimal()->set_scale(type.scale());
      break;
    default:
      return FailUnsupported("metrics of the type " + types::ToSql(type));
  }
  return literal;
}

}  // namespace inlet::server
