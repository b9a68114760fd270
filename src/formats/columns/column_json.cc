#include "formats/columns/column_json.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "types/json_text.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

void AppendBase64(std::string_view bytes, std::string& out) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  out += '"';
}

void AppendDate(std::int64_t days, std::string& out) {
  const types::CivilDate date = types::CivilFromDays(static_cast<std::int32_t>(days));
  out += fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

void AppendTimestamp(std::int64_t micros, bool is_instant, std::string& out) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  out += '"';
  AppendDate(days, out);
  const std::int64_t seconds = rest / 1'000'000;
  out += fmt::format("T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  const std::int64_t fraction = rest % 1'000'000;
  out += fraction % 1000 == 0 ? fmt::format(".{:03}", fraction / 1000)
                              : fmt::format(".{:06}", fraction);
  out += is_instant ? "Z\"" : "\"";
}

template <class T>
void AppendFloating(T value, std::string& out) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  const std::string_view shortest(text, static_cast<std::size_t>(end - text));
  out += shortest;
  if (shortest.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void AppendTimestampOf(const arrow::Array& array, std::int64_t index, std::string& out) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  std::int64_t value = static_cast<const arrow::TimestampArray&>(array).Value(index);
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      value *= 1'000'000;
      break;
    case arrow::TimeUnit::MILLI:
      value *= 1000;
      break;
    case arrow::TimeUnit::NANO:
      value = value / 1000 - (value % 1000 < 0 ? 1 : 0);
      break;
    case arrow::TimeUnit::MICRO:
      break;
  }
  AppendTimestamp(value, !type.timezone().empty(), out);
}

void AppendScalarText(const arrow::Array& array, std::int64_t index, std::string& out) {
  const auto scalar = array.GetScalar(index);
  types::AppendJsonQuoted(scalar.ok() ? (*scalar)->ToString() : "", out);
}

void AppendList(const arrow::Array& values, std::int64_t begin, std::int64_t end,
                std::string& out) {
  out += '[';
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    AppendJsonValue(values, i, out);
  }
  out += ']';
}

void AppendMap(const arrow::MapArray& map, std::int64_t index, std::string& out) {
  out += '{';
  for (std::int64_t i = map.value_offset(index); i < map.value_offset(index + 1); ++i) {
    if (i > map.value_offset(index)) out += ',';
    std::string key;
    AppendJsonValue(*map.keys(), i, key);
    if (key.starts_with('"')) {
      out += key;
    } else {
      types::AppendJsonQuoted(key, out);
    }
    out += ':';
    AppendJsonValue(*map.items(), i, out);
  }
  out += '}';
}

void AppendStruct(const arrow::StructArray& array, std::int64_t index, std::string& out) {
  out += '{';
  bool first = true;
  for (int i = 0; i < array.num_fields(); ++i) {
    const arrow::Array& field = *array.field(i);
    if (field.IsNull(index)) continue;
    if (!first) out += ',';
    first = false;
    types::AppendJsonQuoted(array.struct_type()->field(i)->name(), out);
    out += ':';
    AppendJsonValue(field, index, out);
  }
  out += '}';
}

}  // namespace

void AppendJsonValue(const arrow::Array& array, std::int64_t index, std::string& out) {
  if (array.IsNull(index)) {
    out += "null";
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      out += static_cast<const arrow::BooleanArray&>(array).Value(index) ? "true" : "false";
      return;
    case arrow::Type::INT8:
      out += std::to_string(static_cast<const arrow::Int8Array&>(array).Value(index));
      return;
    case arrow::Type::INT16:
      out += std::to_string(static_cast<const arrow::Int16Array&>(array).Value(index));
      return;
    case arrow::Type::INT32:
      out += std::to_string(static_cast<const arrow::Int32Array&>(array).Value(index));
      return;
    case arrow::Type::INT64:
      out += std::to_string(static_cast<const arrow::Int64Array&>(array).Value(index));
      return;
    case arrow::Type::UINT8:
      out += std::to_string(static_cast<const arrow::UInt8Array&>(array).Value(index));
      return;
    case arrow::Type::UINT16:
      out += std::to_string(static_cast<const arrow::UInt16Array&>(array).Value(index));
      return;
    case arrow::Type::UINT32:
      out += std::to_string(static_cast<const arrow::UInt32Array&>(array).Value(index));
      return;
    case arrow::Type::UINT64:
      out += std::to_string(static_cast<const arrow::UInt64Array&>(array).Value(index));
      return;
    case arrow::Type::FLOAT:
      AppendFloating(static_cast<const arrow::FloatArray&>(array).Value(index), out);
      return;
    case arrow::Type::DOUBLE:
      AppendFloating(static_cast<const arrow::DoubleArray&>(array).Value(index), out);
      return;
    case arrow::Type::DECIMAL128:
      out += static_cast<const arrow::Decimal128Array&>(array).FormatValue(index);
      return;
    case arrow::Type::DECIMAL256:
      out += static_cast<const arrow::Decimal256Array&>(array).FormatValue(index);
      return;
    case arrow::Type::STRING:
      types::AppendJsonQuoted(static_cast<const arrow::StringArray&>(array).GetView(index), out);
      return;
    case arrow::Type::LARGE_STRING:
      types::AppendJsonQuoted(static_cast<const arrow::LargeStringArray&>(array).GetView(index),
                              out);
      return;
    case arrow::Type::BINARY:
      AppendBase64(static_cast<const arrow::BinaryArray&>(array).GetView(index), out);
      return;
    case arrow::Type::LARGE_BINARY:
      AppendBase64(static_cast<const arrow::LargeBinaryArray&>(array).GetView(index), out);
      return;
    case arrow::Type::FIXED_SIZE_BINARY:
      AppendBase64(static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(index), out);
      return;
    case arrow::Type::DATE32:
      out += '"';
      AppendDate(static_cast<const arrow::Date32Array&>(array).Value(index), out);
      out += '"';
      return;
    case arrow::Type::TIMESTAMP:
      AppendTimestampOf(array, index, out);
      return;
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      AppendJsonValue(*dictionary.dictionary(), dictionary.GetValueIndex(index), out);
      return;
    }
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      AppendList(*list.values(), list.value_offset(index), list.value_offset(index + 1), out);
      return;
    }
    case arrow::Type::LARGE_LIST: {
      const auto& list = static_cast<const arrow::LargeListArray&>(array);
      AppendList(*list.values(), list.value_offset(index), list.value_offset(index + 1), out);
      return;
    }
    case arrow::Type::MAP:
      AppendMap(static_cast<const arrow::MapArray&>(array), index, out);
      return;
    case arrow::Type::STRUCT:
      AppendStruct(static_cast<const arrow::StructArray&>(array), index, out);
      return;
    default:
      AppendScalarText(array, index, out);
  }
}

std::string RescuedObject(std::string_view body, std::string_view file_path) {
  std::string object = "{";
  object += body;
  if (!file_path.empty()) {
    object += ",\"_file_path\":";
    types::AppendJsonQuoted(file_path, object);
  }
  object += '}';
  return object;
}

}  // namespace inlet::formats
