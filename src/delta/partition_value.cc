#include "delta/partition_value.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "types/arrow.h"
#include "types/text_cast.h"

namespace inlet::delta {
namespace {

using types::TypeId;
using ScalarPtr = std::shared_ptr<arrow::Scalar>;

template <class Scalar, class Value, class... Type>
ScalarPtr Make(const std::optional<Value>& value, Type&&... type) {
  if (!value) return nullptr;
  return std::make_shared<Scalar>(*value, std::forward<Type>(type)...);
}

ScalarPtr Parse(const std::string& text, const types::DataType& type, const types::TimeZone& zone) {
  switch (type.id()) {
    case TypeId::kString:
      return std::make_shared<arrow::StringScalar>(text);
    case TypeId::kBinary:
      return std::make_shared<arrow::BinaryScalar>(text);
    case TypeId::kBoolean:
      return Make<arrow::BooleanScalar>(types::ParseBoolean(text));
    case TypeId::kByte:
      return Make<arrow::Int8Scalar>(types::ParseInteger<std::int8_t>(text));
    case TypeId::kShort:
      return Make<arrow::Int16Scalar>(types::ParseInteger<std::int16_t>(text));
    case TypeId::kInteger:
      return Make<arrow::Int32Scalar>(types::ParseInteger<std::int32_t>(text));
    case TypeId::kLong:
      return Make<arrow::Int64Scalar>(types::ParseInteger<std::int64_t>(text));
    case TypeId::kFloat:
      return Make<arrow::FloatScalar>(types::ParseFloat(text));
    case TypeId::kDouble:
      return Make<arrow::DoubleScalar>(types::ParseDouble(text));
    case TypeId::kDate:
      return Make<arrow::Date32Scalar>(types::ParseDate(text));
    case TypeId::kTimestamp:
      return Make<arrow::TimestampScalar>(types::ParseTimestamp(text, zone), ToArrow(type));
    case TypeId::kTimestampNtz:
      return Make<arrow::TimestampScalar>(types::ParseTimestampNtz(text), ToArrow(type));
    case TypeId::kDecimal: {
      const auto value = types::ParseDecimal(text, type.precision(), type.scale());
      if (!value) return nullptr;
      const arrow::Decimal128 decimal(static_cast<std::int64_t>(*value >> 64),
                                      static_cast<std::uint64_t>(*value));
      return std::make_shared<arrow::Decimal128Scalar>(decimal, ToArrow(type));
    }
    default:
      return nullptr;
  }
}

}  // namespace

Result<ScalarPtr> ParsePartitionValue(const std::optional<std::string>& text,
                                      const types::DataType& type, const types::TimeZone& zone) {
  if (!text || text->empty()) return arrow::MakeNullScalar(ToArrow(type));
  ScalarPtr scalar = Parse(*text, type, zone);
  if (scalar == nullptr) {
    return Fail(Condition::CAST_INVALID_INPUT, {{"expression", "'" + *text + "'"},
                                                {"sourceType", "STRING"},
                                                {"targetType", types::ToSql(type)}});
  }
  return scalar;
}

}  // namespace inlet::delta
