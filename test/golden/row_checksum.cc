#include "row_checksum.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "types/text_cast.h"

namespace inlet::golden {
namespace {

using types::DataType;
using types::TypeId;

/// Python's repr of a float.
void AppendRepr(double value, std::string& out) {
  if (std::isnan(value)) return void(out += "nan");
  if (std::isinf(value)) return void(out += value < 0 ? "-inf" : "inf");
  char buffer[512];
  char* end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  const std::size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  if (exponent >= -4 && exponent < 16) {
    end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed).ptr;
    text.assign(buffer, end);
    if (!text.contains('.')) text += ".0";
    out += text;
    return;
  }
  out += text.substr(0, e) + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
}

/// A string as Python's json.dumps(ensure_ascii=False) writes it.
void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<int>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

template <class Array>
auto ValueAt(const arrow::Array& array, std::int64_t row) {
  return static_cast<const Array&>(array).Value(row);
}

void AppendLeaf(const arrow::Array& array, std::int64_t row, const DataType& type,
                std::string& out) {
  switch (type.id()) {
    case TypeId::kBoolean:
      out += ValueAt<arrow::BooleanArray>(array, row) ? "true" : "false";
      break;
    case TypeId::kByte:
      out += std::to_string(ValueAt<arrow::Int8Array>(array, row));
      break;
    case TypeId::kShort:
      out += std::to_string(ValueAt<arrow::Int16Array>(array, row));
      break;
    case TypeId::kInteger:
      out += std::to_string(ValueAt<arrow::Int32Array>(array, row));
      break;
    case TypeId::kLong:
      out += std::to_string(ValueAt<arrow::Int64Array>(array, row));
      break;
    case TypeId::kFloat:
      AppendRepr(ValueAt<arrow::FloatArray>(array, row), out);
      break;
    case TypeId::kDouble:
      AppendRepr(ValueAt<arrow::DoubleArray>(array, row), out);
      break;
    case TypeId::kDecimal: {
      const arrow::Decimal128 value(
          static_cast<const arrow::Decimal128Array&>(array).GetValue(row));
      const auto bits = (static_cast<types::Int128>(value.high_bits()) << 64) |
                        static_cast<types::Int128>(value.low_bits());
      types::AppendDecimal(bits, type.scale(), out);
      break;
    }
    case TypeId::kDate:
      types::AppendDate(ValueAt<arrow::Date32Array>(array, row), out);
      break;
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      out += std::to_string(ValueAt<arrow::TimestampArray>(array, row));
      break;
    case TypeId::kString:
      out += static_cast<const arrow::StringArray&>(array).GetView(row);
      break;
    case TypeId::kBinary:
      for (const char c : static_cast<const arrow::BinaryArray&>(array).GetView(row)) {
        out += fmt::format("{:02x}", static_cast<unsigned char>(c));
      }
      break;
    default:
      out += "?";
  }
}

void AppendJson(const arrow::Array& array, std::int64_t row, const DataType& type,
                std::string& out) {
  if (type.is(TypeId::kVoid) || array.IsNull(row)) return void(out += "null");
  if (type.is(TypeId::kStruct)) {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    out += '[';
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      if (i > 0) out += ',';
      AppendJson(*fields.field(static_cast<int>(i)), row, type.fields()[i].type, out);
    }
    out += ']';
  } else if (type.is(TypeId::kArray)) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    out += '[';
    for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
      if (i > list.value_offset(row)) out += ',';
      AppendJson(*list.values(), i, type.element(), out);
    }
    out += ']';
  } else if (type.is(TypeId::kMap)) {
    const auto& map = static_cast<const arrow::MapArray&>(array);
    std::vector<std::pair<std::string, std::string>> entries;
    for (std::int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
      auto& [key, value] = entries.emplace_back();
      AppendJson(*map.keys(), i, type.key(), key);
      AppendJson(*map.items(), i, type.value(), value);
    }
    std::ranges::sort(entries, {}, [](const auto& entry) { return entry.first; });
    out += '[';
    for (const auto& [key, value] : entries) {
      if (out.back() != '[' || &key != &entries.front().first) out += ',';
      out += "[" + key + "," + value + "]";
    }
    out += ']';
  } else {
    std::string leaf;
    AppendLeaf(array, row, type, leaf);
    AppendQuoted(leaf, out);
  }
}

bool HasVariant(const types::DataType& type) {
  return type.is(TypeId::kVariant) ||
         std::ranges::any_of(
             type.fields(), [](const types::StructField& field) { return HasVariant(field.type); });
}

}  // namespace

std::uint64_t HashOfText(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_md5(), nullptr);
  std::uint64_t hash = 0;
  for (int i = 0; i < 8; ++i) hash = hash << 8 | digest[i];
  return hash;
}

RowChecksum::RowChecksum(const types::StructType& schema) : schema_(schema) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (!HasVariant(schema.fields[i].type)) columns_.push_back(i);
  }
  std::ranges::sort(columns_, {}, [&](std::size_t i) { return schema.fields[i].name; });
}

void RowChecksum::Add(const arrow::RecordBatch& batch) {
  num_rows_ += batch.num_rows();
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string line;
    bool first = true;
    for (const std::size_t column : columns_) {
      if (!std::exchange(first, false)) line += '\x1F';
      const DataType& type = schema_.fields[column].type;
      const arrow::Array& array = *batch.column(static_cast<int>(column));
      if (type.is(TypeId::kVoid) || array.IsNull(row)) {
        line += "\\N";
        continue;
      }
      std::string text;
      if (type.is_nested()) {
        AppendJson(array, row, type, text);
      } else {
        AppendLeaf(array, row, type, text);
      }
      for (const char c : text) line.append(c == '\\' ? 2 : 1, c);
    }
    if (!columns_.empty()) sum_ += HashOfText(line);
  }
}

std::string RowChecksum::Text() const { return fmt::format("{:016x}", sum_); }

}  // namespace inlet::golden
