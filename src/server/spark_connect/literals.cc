#include "server/spark_connect/literals.h"

#include <spark/connect/expressions.pb.h>

#include "server/spark_connect/data_types.h"
#include "server/spark_connect/sql_nodes.h"
#include "types/text_cast.h"
#include "types/time_zone.h"

namespace inlet::server {
namespace {

using Message = spark::connect::Expression_Literal;
using sql::Expression;
using types::DataType;
using types::TypeId;

template <class Float>
Expression FloatingPoint(Float value, TypeId type, void (*append)(Float, std::string&)) {
  std::string text;
  append(value, text);
  return LiteralOf(type, std::move(text));
}

Expression Timestamp(std::int64_t us) {
  std::string text;
  types::AppendTimestampNtz(us, text);
  return LiteralOf(TypeId::kTimestamp, text + "Z");
}

Result<Expression> Decimal(const Message::Decimal& message) {
  const auto shape = types::ParseDecimalShape(message.value());
  if (!shape) {
    return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                {{"errorMsg", "the decimal " + message.value().substr(0, 100)}});
  }
  const int precision = message.has_precision() ? message.precision() : shape->precision;
  const int scale = message.has_scale() ? message.scale() : std::max(shape->scale, 0);
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    return Fail(Condition::NUMERIC_VALUE_OUT_OF_RANGE, {{"value", message.value().substr(0, 100)},
                                                        {"precision", std::to_string(precision)},
                                                        {"scale", std::to_string(scale)}});
  }
  return LiteralOf(DataType::Decimal(precision, scale), message.value());
}

Expression Interval(TypeId type, std::int64_t months, std::int64_t microseconds) {
  const bool is_months = type == TypeId::kYearMonthInterval;
  return {.node = sql::IntervalLiteral{
              .type = type,
              .from = is_months ? sql::IntervalUnit::kYear : sql::IntervalUnit::kDay,
              .to = is_months ? sql::IntervalUnit::kMonth : sql::IntervalUnit::kSecond,
              .months = months,
              .microseconds = microseconds}};
}

/// The type of an array, map or struct: newer clients give it whole, older ones in parts.
Result<DataType> TypeOf(const Message& literal) {
  if (literal.has_data_type()) return FromMessage(literal.data_type());
  if (literal.has_array() && literal.array().has_element_type()) {
    return DataType::Array(TRY(FromMessage(literal.array().element_type())));
  }
  if (literal.has_map() && literal.map().has_key_type() && literal.map().has_value_type()) {
    return DataType::Map(TRY(FromMessage(literal.map().key_type())),
                         TRY(FromMessage(literal.map().value_type())));
  }
  if (literal.has_struct_() && literal.struct_().has_struct_type()) {
    return FromMessage(literal.struct_().struct_type());
  }
  return DataType();
}

Result<Expression> Array(const Message& literal) {
  std::vector<Expression> items;
  for (const Message& element : literal.array().elements()) {
    items.push_back(TRY(FromLiteral(element)));
  }
  const bool is_empty = items.empty();
  Expression array = CallOf("array", std::move(items));
  const DataType type = TRY(TypeOf(literal));
  if (!is_empty || !type.is(TypeId::kArray)) return array;
  return CastTo(std::move(array), type);
}

Result<Expression> Map(const Message& literal) {
  std::vector<Expression> items;
  const Message::Map& map = literal.map();
  for (int i = 0; i < map.keys_size() && i < map.values_size(); ++i) {
    items.push_back(TRY(FromLiteral(map.keys(i))));
    items.push_back(TRY(FromLiteral(map.values(i))));
  }
  const bool is_empty = items.empty();
  Expression call = CallOf("map", std::move(items));
  const DataType type = TRY(TypeOf(literal));
  if (!is_empty || !type.is(TypeId::kMap)) return call;
  return CastTo(std::move(call), type);
}

Result<Expression> Struct(const Message& literal) {
  const DataType type = TRY(TypeOf(literal));
  std::vector<Expression> items;
  const auto& elements = literal.struct_().elements();
  for (int i = 0; i < elements.size(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    const bool is_named = type.is(TypeId::kStruct) && index < type.fields().size();
    items.push_back(
        TextLiteral(is_named ? type.fields()[index].name : "col" + std::to_string(i + 1)));
    items.push_back(TRY(FromLiteral(elements[i])));
  }
  return CallOf("named_struct", std::move(items));
}

Result<Expression> SpecializedArray(const Message::SpecializedArray& message) {
  std::vector<Expression> items;
  switch (message.value_type_case()) {
    case Message::SpecializedArray::kBools:
      for (const bool value : message.bools().values())
        items.push_back(LiteralOf(TypeId::kBoolean, value ? "true" : "false"));
      break;
    case Message::SpecializedArray::kInts:
      for (const auto value : message.ints().values())
        items.push_back(LiteralOf(TypeId::kInteger, std::to_string(value)));
      break;
    case Message::SpecializedArray::kLongs:
      for (const auto value : message.longs().values())
        items.push_back(LiteralOf(TypeId::kLong, std::to_string(value)));
      break;
    case Message::SpecializedArray::kFloats:
      for (const float value : message.floats().values())
        items.push_back(FloatingPoint(value, TypeId::kFloat, types::AppendFloat));
      break;
    case Message::SpecializedArray::kDoubles:
      for (const double value : message.doubles().values())
        items.push_back(FloatingPoint(value, TypeId::kDouble, types::AppendDouble));
      break;
    case Message::SpecializedArray::kStrings:
      for (const auto& value : message.strings().values()) items.push_back(TextLiteral(value));
      break;
    default:
      break;
  }
  return CallOf("array", std::move(items));
}

}  // namespace

Result<Expression> FromLiteral(const Message& literal) {
  switch (literal.literal_type_case()) {
    case Message::kNull: {
      const DataType type = TRY(FromMessage(literal.null()));
      return type.is(TypeId::kVoid) ? NullLiteral() : CastTo(NullLiteral(), type);
    }
    case Message::kBinary:
      return LiteralOf(TypeId::kBinary, literal.binary());
    case Message::kBoolean:
      return LiteralOf(TypeId::kBoolean, literal.boolean() ? "true" : "false");
    case Message::kByte:
      return LiteralOf(TypeId::kByte, std::to_string(literal.byte()));
    case Message::kShort:
      return LiteralOf(TypeId::kShort, std::to_string(literal.short_()));
    case Message::kInteger:
      return LiteralOf(TypeId::kInteger, std::to_string(literal.integer()));
    case Message::kLong:
      return LiteralOf(TypeId::kLong, std::to_string(literal.long_()));
    case Message::kFloat:
      return FloatingPoint(literal.float_(), TypeId::kFloat, types::AppendFloat);
    case Message::kDouble:
      return FloatingPoint(literal.double_(), TypeId::kDouble, types::AppendDouble);
    case Message::kDecimal:
      return Decimal(literal.decimal());
    case Message::kString:
      return TextLiteral(literal.string());
    case Message::kDate: {
      std::string text;
      types::AppendDate(literal.date(), text);
      return LiteralOf(TypeId::kDate, std::move(text));
    }
    case Message::kTimestamp:
      return Timestamp(literal.timestamp());
    case Message::kTimestampNtz: {
      std::string text;
      types::AppendTimestampNtz(literal.timestamp_ntz(), text);
      return LiteralOf(TypeId::kTimestampNtz, std::move(text));
    }
    case Message::kYearMonthInterval:
      return Interval(TypeId::kYearMonthInterval, literal.year_month_interval(), 0);
    case Message::kDayTimeInterval:
      return Interval(TypeId::kDayTimeInterval, 0, literal.day_time_interval());
    case Message::kArray:
      return Array(literal);
    case Message::kMap:
      return Map(literal);
    case Message::kStruct:
      return Struct(literal);
    case Message::kSpecializedArray:
      return SpecializedArray(literal.specialized_array());
    case Message::kCalendarInterval:
      return FailUnsupported("INTERVAL literals of months, days and microseconds");
    case Message::kTime:
      return FailUnsupported("the type TIME");
    default:
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a literal has no value"}});
  }
}

}  // namespace inlet::server
