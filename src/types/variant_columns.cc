#include <arrow/api.h>

#include "types/arrow.h"
#include "types/text_cast.h"
#include "types/variant.h"
#include "types/variant_internal.h"

namespace inlet::types {
namespace {

using namespace variant_format;

std::unexpected<Error> NotCastable(const std::string& type) {
  return Fail(Condition::DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION,
              {{"srcType", type}, {"targetType", "VARIANT"}});
}

std::int64_t FloorDivide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

std::int64_t Microseconds(std::int64_t value, arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return value * 1'000'000;
    case arrow::TimeUnit::MILLI:
      return value * 1'000;
    case arrow::TimeUnit::MICRO:
      return value;
    default:
      return FloorDivide(value, 1'000);
  }
}

Int128 DecimalAt(const arrow::Array& array, std::int64_t row) {
  Int128 value = 0;
  std::memcpy(&value, static_cast<const arrow::Decimal128Array&>(array).GetValue(row), 16);
  return value;
}

/// A scalar that is not NULL, by the type that Arrow says it has.
Status AppendScalar(const arrow::Array& array, std::int64_t row, VariantBuilder& out) {
  const auto value_of = [&]<class Array>(const Array*) {
    return static_cast<const Array&>(array).Value(row);
  };
  const auto view_of = [&]<class Array>(const Array*) {
    return static_cast<const Array&>(array).GetView(row);
  };
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      out.AppendBoolean(value_of(static_cast<arrow::BooleanArray*>(nullptr)));
      return Ok();
    case arrow::Type::INT8:
      out.AppendLong(value_of(static_cast<arrow::Int8Array*>(nullptr)));
      return Ok();
    case arrow::Type::INT16:
      out.AppendLong(value_of(static_cast<arrow::Int16Array*>(nullptr)));
      return Ok();
    case arrow::Type::INT32:
      out.AppendLong(value_of(static_cast<arrow::Int32Array*>(nullptr)));
      return Ok();
    case arrow::Type::INT64:
      out.AppendLong(value_of(static_cast<arrow::Int64Array*>(nullptr)));
      return Ok();
    case arrow::Type::FLOAT:
      out.AppendFloat(value_of(static_cast<arrow::FloatArray*>(nullptr)));
      return Ok();
    case arrow::Type::DOUBLE:
      out.AppendDouble(value_of(static_cast<arrow::DoubleArray*>(nullptr)));
      return Ok();
    case arrow::Type::DECIMAL128:
      out.AppendDecimal(DecimalAt(array, row),
                        static_cast<const arrow::Decimal128Type&>(*array.type()).scale());
      return Ok();
    case arrow::Type::DATE32:
      out.AppendDate(value_of(static_cast<arrow::Date32Array*>(nullptr)));
      return Ok();
    case arrow::Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
      const std::int64_t us =
          Microseconds(value_of(static_cast<arrow::TimestampArray*>(nullptr)), type.unit());
      if (type.timezone().empty()) {
        out.AppendTimestampNtz(us);
      } else {
        out.AppendTimestamp(us);
      }
      return Ok();
    }
    case arrow::Type::STRING:
      out.AppendString(view_of(static_cast<arrow::StringArray*>(nullptr)));
      return Ok();
    case arrow::Type::LARGE_STRING:
      out.AppendString(view_of(static_cast<arrow::LargeStringArray*>(nullptr)));
      return Ok();
    case arrow::Type::STRING_VIEW:
      out.AppendString(view_of(static_cast<arrow::StringViewArray*>(nullptr)));
      return Ok();
    case arrow::Type::BINARY:
      out.AppendBinary(view_of(static_cast<arrow::BinaryArray*>(nullptr)));
      return Ok();
    case arrow::Type::LARGE_BINARY:
      out.AppendBinary(view_of(static_cast<arrow::LargeBinaryArray*>(nullptr)));
      return Ok();
    case arrow::Type::BINARY_VIEW:
      out.AppendBinary(view_of(static_cast<arrow::BinaryViewArray*>(nullptr)));
      return Ok();
    default:
      return NotCastable(array.type()->ToString());
  }
}

/// The bytes of a BINARY cell of any kind; nothing for NULL.
Result<std::optional<std::string_view>> BytesAt(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return std::nullopt;
  switch (array.type_id()) {
    case arrow::Type::BINARY:
    case arrow::Type::STRING:
      return static_cast<const arrow::BinaryArray&>(array).GetView(row);
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::LARGE_STRING:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::STRING_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(row);
    default:
      return Malformed("a part of the column is not binary");
  }
}

/// Puts the values of one shredded column together.
class Unshredder {
 public:
  explicit Unshredder(const arrow::StructArray& column) : column_(column) {}

  Result<std::shared_ptr<arrow::Array>> Run() {
    const std::shared_ptr<arrow::Array> metadata = column_.GetFieldByName("metadata");
    if (metadata == nullptr) return Malformed("the column has no metadata");
    ColumnBuilder out(TypeId::kVariant);
    const std::shared_ptr<arrow::Array> value = column_.GetFieldByName("value");
    const std::shared_ptr<arrow::Array> typed = column_.GetFieldByName("typed_value");
    for (std::int64_t row = 0; row < column_.length(); ++row) {
      if (column_.IsNull(row)) {
        out.AppendNull();
        continue;
      }
      const std::optional<std::string_view> names = TRY(BytesAt(*metadata, row));
      if (!names) return Malformed("a value has no metadata");
      metadata_ = *names;
      if (typed == nullptr || typed->IsNull(row)) {
        const auto bytes = value == nullptr ? std::nullopt : TRY(BytesAt(*value, row));
        out.AppendVariant(metadata_, bytes.value_or(std::string_view("\0", 1)));
        continue;
      }
      if (!TRY(AppendParts(value.get(), typed.get(), row, 0))) builder_.AppendNull();
      TRY(builder_.FinishTo(out));
    }
    return out.Finish();
  }

 private:
  /// False, and nothing appended, when the value is missing.
  Result<bool> AppendParts(const arrow::Array* value, const arrow::Array* typed, std::int64_t row,
                           int depth) {
    if (depth > kMaxVariantDepth) return Malformed("it nests too deep");
    const std::optional<std::string_view> rest =
        value == nullptr ? std::nullopt : TRY(BytesAt(*value, row));
    if (typed == nullptr || typed->IsNull(row)) {
      if (!rest) return false;
      TRY(builder_.Append({metadata_, *rest}));
      return true;
    }
    switch (typed->type_id()) {
      case arrow::Type::STRUCT:
        TRY(AppendObject(static_cast<const arrow::StructArray&>(*typed), rest, row, depth));
        return true;
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST:
        if (rest) return Malformed("an array has two values");
        TRY(AppendArray(*typed, row, depth));
        return true;
      default:
        if (rest) return Malformed("a scalar has two values");
        TRY(AppendScalar(*typed, row, builder_));
        return true;
    }
  }

  /// One field or element: a STRUCT of value and typed_value.
  Result<bool> AppendField(const arrow::Array& field, std::int64_t row, int depth) {
    if (field.type_id() != arrow::Type::STRUCT) return Malformed("a field is not shredded");
    if (field.IsNull(row)) return false;
    const auto& parts = static_cast<const arrow::StructArray&>(field);
    const std::shared_ptr<arrow::Array> value = parts.GetFieldByName("value");
    const std::shared_ptr<arrow::Array> typed = parts.GetFieldByName("typed_value");
    return AppendParts(value.get(), typed.get(), row, depth + 1);
  }

  Status AppendObject(const arrow::StructArray& typed, std::optional<std::string_view> rest,
                      std::int64_t row, int depth) {
    builder_.BeginObject();
    for (int i = 0; i < typed.num_fields(); ++i) {
      const std::shared_ptr<arrow::Array> field = typed.field(i);
      if (!TRY(HasValue(*field, row))) continue;
      builder_.Key(typed.struct_type()->field(i)->name());
      TRY(AppendField(*field, row, depth));
    }
    if (rest) {
      const VariantNode others = TRY(VariantNode::Root({metadata_, *rest}));
      if (others.kind() != VariantKind::kObject) return Malformed("an object has two values");
      for (std::uint32_t i = 0; i < others.size(); ++i) {
        const std::string_view key = TRY(others.KeyAt(i));
        if (typed.struct_type()->GetFieldByName(std::string(key)) != nullptr) continue;
        builder_.Key(key);
        TRY(builder_.Append(TRY(others.ChildAt(i)).view()));
      }
    }
    return builder_.EndObject(VariantBuilder::DuplicateKeys::kLastWins);
  }

  static Result<bool> HasValue(const arrow::Array& field, std::int64_t row) {
    if (field.type_id() != arrow::Type::STRUCT) return Malformed("a field is not shredded");
    if (field.IsNull(row)) return false;
    const auto& parts = static_cast<const arrow::StructArray&>(field);
    for (const char* name : {"value", "typed_value"}) {
      const std::shared_ptr<arrow::Array> part = parts.GetFieldByName(name);
      if (part != nullptr && !part->IsNull(row)) return true;
    }
    return false;
  }

  Status AppendArray(const arrow::Array& typed, std::int64_t row, int depth) {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::shared_ptr<arrow::Array> elements;
    if (typed.type_id() == arrow::Type::LIST) {
      const auto& list = static_cast<const arrow::ListArray&>(typed);
      begin = list.value_offset(row);
      end = list.value_offset(row + 1);
      elements = list.values();
    } else {
      const auto& list = static_cast<const arrow::LargeListArray&>(typed);
      begin = list.value_offset(row);
      end = list.value_offset(row + 1);
      elements = list.values();
    }
    builder_.BeginArray();
    for (std::int64_t i = begin; i < end; ++i) {
      if (!TRY(AppendField(*elements, i, depth))) builder_.AppendNull();
    }
    return builder_.EndArray();
  }

  const arrow::StructArray& column_;
  std::string_view metadata_;
  VariantBuilder builder_;
};

}  // namespace

Status AppendCellAsVariant(const arrow::Array& array, std::int64_t row, const DataType& type,
                           VariantBuilder& out) {
  if (array.IsNull(row) || type.is(TypeId::kVoid)) {
    out.AppendNull();
    return Ok();
  }
  switch (type.id()) {
    case TypeId::kVariant: {
      const auto& parts = static_cast<const arrow::StructArray&>(array);
      const auto metadata = TRY(BytesAt(*parts.field(0), row));
      const auto value = TRY(BytesAt(*parts.field(1), row));
      return out.Append({metadata.value_or(""), value.value_or("")});
    }
    case TypeId::kStruct: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      out.BeginObject();
      for (int i = 0; i < fields.num_fields(); ++i) {
        const StructField& field = type.fields()[static_cast<std::size_t>(i)];
        out.Key(field.name);
        TRY(AppendCellAsVariant(*fields.field(i), row, field.type, out));
      }
      return out.EndObject(VariantBuilder::DuplicateKeys::kLastWins);
    }
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      out.BeginArray();
      for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
        TRY(AppendCellAsVariant(*list.values(), i, type.element(), out));
      }
      return out.EndArray();
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      if (!type.key().is(TypeId::kString)) return NotCastable(ToSql(type));
      out.BeginObject();
      for (std::int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
        out.Key(TRY(BytesAt(*map.keys(), i)).value_or(""));
        TRY(AppendCellAsVariant(*map.items(), i, type.value(), out));
      }
      return out.EndObject(VariantBuilder::DuplicateKeys::kLastWins);
    }
    default:
      return AppendScalar(array, row, out);
  }
}

Result<std::shared_ptr<arrow::Array>> UnshredVariants(const arrow::Array& shredded) {
  if (shredded.type_id() != arrow::Type::STRUCT) return Malformed("the column is no STRUCT");
  return Unshredder(static_cast<const arrow::StructArray&>(shredded)).Run();
}

}  // namespace inlet::types
