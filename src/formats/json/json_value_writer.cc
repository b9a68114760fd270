#include <arrow/api.h>

#include <cmath>

#include "formats/json/json_value_reader.h"
#include "types/base64.h"
#include "types/datetime_pattern.h"
#include "types/json_text.h"
#include "types/text_cast.h"
#include "types/variant.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::DateTimePattern;
using types::TypeId;

class ValueWriter final : public JsonValueWriter {
 public:
  ValueWriter(DataType type, const types::TimeZone& zone) : type_(std::move(type)), zone_(zone) {}

  Status Configure(const OptionMap& options) {
    if (const auto ignore = TRY(GetBool(options, "ignoreNullFields")))
      ignore_null_fields_ = *ignore;
    const auto compile = [&](std::string_view name, std::string_view otherwise) {
      return DateTimePattern::Compile(GetString(options, name).value_or(std::string(otherwise)),
                                      DateTimePattern::Use::kFormat);
    };
    timestamp_ = TRY(compile("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"));
    timestamp_ntz_ = TRY(compile("timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss.SSS"));
    if (GetString(options, "dateFormat")) date_ = TRY(compile("dateFormat", ""));
    return Ok();
  }

  Status Append(const arrow::Array& array, std::int64_t row, std::string& out) const override {
    return AppendValue(array, row, type_, out);
  }

 private:
  template <class Array>
  static auto At(const arrow::Array& array, std::int64_t row) {
    return static_cast<const Array&>(array).GetView(row);
  }

  Status AppendValue(const arrow::Array& array, std::int64_t row, const DataType& type,
                     std::string& out) const {
    if (array.IsNull(row) || type.is(TypeId::kVoid)) {
      out += "null";
      return Ok();
    }
    std::string text;
    switch (type.id()) {
      case TypeId::kBoolean:
        out += At<arrow::BooleanArray>(array, row) ? "true" : "false";
        return Ok();
      case TypeId::kByte:
        types::AppendInteger(At<arrow::Int8Array>(array, row), out);
        return Ok();
      case TypeId::kShort:
        types::AppendInteger(At<arrow::Int16Array>(array, row), out);
        return Ok();
      case TypeId::kInteger:
        types::AppendInteger(At<arrow::Int32Array>(array, row), out);
        return Ok();
      case TypeId::kLong:
        types::AppendInteger(At<arrow::Int64Array>(array, row), out);
        return Ok();
      case TypeId::kFloat: {
        const float value = At<arrow::FloatArray>(array, row);
        types::AppendFloat(value, text);
        AppendReal(text, std::isfinite(value), out);
        return Ok();
      }
      case TypeId::kDouble: {
        const double value = At<arrow::DoubleArray>(array, row);
        types::AppendDouble(value, text);
        AppendReal(text, std::isfinite(value), out);
        return Ok();
      }
      case TypeId::kDecimal:
        return types::AppendCell(array, row, type, zone_, out);
      case TypeId::kBinary:
        types::AppendBase64(At<arrow::BinaryArray>(array, row), text);
        break;
      case TypeId::kString:
        text = At<arrow::StringArray>(array, row);
        break;
      case TypeId::kDate:
        AppendDate(At<arrow::Date32Array>(array, row), text);
        break;
      case TypeId::kTimestamp:
        timestamp_->FormatTimestamp(At<arrow::TimestampArray>(array, row), zone_, text);
        break;
      case TypeId::kTimestampNtz:
        timestamp_ntz_->FormatTimestampNtz(At<arrow::TimestampArray>(array, row), text);
        break;
      case TypeId::kVariant:
        return AppendVariant(static_cast<const arrow::StructArray&>(array), row, out);
      case TypeId::kStruct:
        return AppendStruct(static_cast<const arrow::StructArray&>(array), row, type, out);
      case TypeId::kArray:
        return AppendArray(static_cast<const arrow::ListArray&>(array), row, type, out);
      case TypeId::kMap:
        return AppendMap(static_cast<const arrow::MapArray&>(array), row, type, out);
      default:
        TRY(types::AppendCell(array, row, type, zone_, text));
    }
    types::AppendJsonQuoted(text, out);
    return Ok();
  }

  static void AppendReal(const std::string& text, bool finite, std::string& out) {
    if (finite) {
      out += text;
    } else {
      types::AppendJsonQuoted(text, out);
    }
  }

  void AppendDate(std::int32_t days, std::string& out) const {
    if (date_) {
      date_->FormatDate(days, out);
    } else {
      types::AppendDate(days, out);
    }
  }

  Status AppendVariant(const arrow::StructArray& array, std::int64_t row, std::string& out) const {
    return types::AppendJson({.metadata = At<arrow::BinaryArray>(*array.field(0), row),
                              .value = At<arrow::BinaryArray>(*array.field(1), row)},
                             zone_, out);
  }

  Status AppendStruct(const arrow::StructArray& array, std::int64_t row, const DataType& type,
                      std::string& out) const {
    out += '{';
    bool first = true;
    for (int i = 0; i < array.num_fields(); ++i) {
      const types::StructField& field = type.fields()[static_cast<std::size_t>(i)];
      const std::shared_ptr<arrow::Array> child = array.field(i);
      if (ignore_null_fields_ && (child->IsNull(row) || field.type.is(TypeId::kVoid))) continue;
      if (!first) out += ',';
      first = false;
      types::AppendJsonQuoted(field.name, out);
      out += ':';
      TRY(AppendValue(*child, row, field.type, out));
    }
    out += '}';
    return Ok();
  }

  Status AppendArray(const arrow::ListArray& array, std::int64_t row, const DataType& type,
                     std::string& out) const {
    out += '[';
    for (std::int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
      if (i > array.value_offset(row)) out += ',';
      TRY(AppendValue(*array.values(), i, type.element(), out));
    }
    out += ']';
    return Ok();
  }

  Status AppendMap(const arrow::MapArray& array, std::int64_t row, const DataType& type,
                   std::string& out) const {
    out += '{';
    for (std::int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
      if (i > array.value_offset(row)) out += ',';
      std::string key;
      if (type.key().is(TypeId::kDate)) {
        types::AppendInteger(At<arrow::Date32Array>(*array.keys(), i), key);  // As Spark does.
      } else {
        TRY(types::AppendCell(*array.keys(), i, type.key(), zone_, key));
      }
      types::AppendJsonQuoted(key, out);
      out += ':';
      TRY(AppendValue(*array.items(), i, type.value(), out));
    }
    out += '}';
    return Ok();
  }

  const DataType type_;
  const types::TimeZone& zone_;
  bool ignore_null_fields_ = true;
  std::optional<DateTimePattern> timestamp_;
  std::optional<DateTimePattern> timestamp_ntz_;
  std::optional<DateTimePattern> date_;
};

}  // namespace

Result<std::unique_ptr<JsonValueWriter>> JsonValueWriter::Create(
    const types::DataType& type, const OptionMap& options,
    const types::TimeZone& session_time_zone) {
  const types::TimeZone* zone = &session_time_zone;
  if (const auto id = GetString(options, "timeZone")) zone = TRY(types::TimeZone::Find(*id));
  auto writer = std::make_unique<ValueWriter>(type, *zone);
  TRY(writer->Configure(options));
  return writer;
}

}  // namespace inlet::formats
