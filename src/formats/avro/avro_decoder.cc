#include <simdjson.h>

#include <bit>
#include <cstring>
#include <limits>

#include "formats/avro/avro_decoder_internal.h"

namespace inlet::formats::avro_internal {
namespace {

using types::ColumnBuilder;
using types::Int128;
using types::TypeId;

constexpr const char* kTooShort = "a value goes beyond the end of its block";
/// Elements without any bytes, such as NULLs, that one array may have.
constexpr std::int64_t kMaxEmptyItems = 1 << 20;

const char* DecodeString(AvroCursor& cursor, ColumnBuilder& out) {
  std::string_view text;
  if (!cursor.ReadBytes(text)) return kTooShort;
  if (!simdjson::validate_utf8(text.data(), text.size())) return "a text is not UTF-8";
  out.AppendBytes(text);
  return nullptr;
}

const char* DecodeDecimal(std::string_view bytes, ColumnBuilder& out) {
  // Two's complement, most significant byte first; leading bytes may only extend the sign.
  while (bytes.size() > 16) {
    const bool negative = (static_cast<std::uint8_t>(bytes[1]) & 0x80U) != 0;
    if (static_cast<std::uint8_t>(bytes[0]) != (negative ? 0xFF : 0)) {
      return "a decimal has too many digits";
    }
    bytes.remove_prefix(1);
  }
  unsigned __int128 value = 0;
  if (!bytes.empty() && (static_cast<std::uint8_t>(bytes[0]) & 0x80U) != 0) value = ~value;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  const auto signed_value = static_cast<Int128>(value);
  unsigned __int128 limit = 1;
  for (int i = 0; i < out.type().precision(); ++i) limit *= 10;
  const unsigned __int128 magnitude = signed_value < 0 ? -value : value;
  if (magnitude >= limit) return "a decimal has more digits than its type";
  out.AppendDecimal(signed_value);
  return nullptr;
}

const char* DecodeLong(const AvroSchema& schema, AvroCursor& cursor, ColumnBuilder& out) {
  std::int64_t value = 0;
  if (!cursor.ReadLong(value)) return kTooShort;
  switch (schema.unit) {
    case AvroSchema::Unit::kMillis:
      if (__builtin_mul_overflow(value, 1000, &value)) return "a timestamp is out of range";
      break;
    case AvroSchema::Unit::kNanos:
      value = value / 1000 - (value % 1000 < 0 ? 1 : 0);
      break;
    default:
      break;
  }
  out.AppendLong(value);
  return nullptr;
}

const char* DecodeInt(AvroCursor& cursor, ColumnBuilder& out) {
  std::int64_t value = 0;
  if (!cursor.ReadLong(value)) return kTooShort;
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::int32_t>::max()) {
    return "an int is out of range";
  }
  if (out.id() == TypeId::kLong) {
    out.AppendLong(value);
  } else {
    out.AppendInteger(static_cast<std::int32_t>(value));
  }
  return nullptr;
}

template <class Bits>
bool ReadLittleEndian(AvroCursor& cursor, Bits& bits) {
  std::string_view bytes;
  if (!cursor.ReadFixed(sizeof bits, bytes)) return false;
  std::memcpy(&bits, bytes.data(), sizeof bits);
  return true;
}

const char* DecodeFloat(AvroCursor& cursor, ColumnBuilder& out) {
  float value = 0;
  if (!ReadLittleEndian(cursor, value)) return kTooShort;
  if (out.id() == TypeId::kDouble) {
    out.AppendDouble(value);
  } else {
    out.AppendFloat(value);
  }
  return nullptr;
}

/// The number of items of the next block of an array or map; 0 at its end.
const char* ReadItemCount(const AvroSchema& item, AvroCursor& cursor, std::uint64_t extra_bytes,
                          std::int64_t& count) {
  if (!cursor.ReadLong(count)) return kTooShort;
  if (count < 0) {
    std::int64_t bytes = 0;
    if (count == std::numeric_limits<std::int64_t>::min() || !cursor.ReadLong(bytes)) {
      return kTooShort;
    }
    count = -count;
  }
  const std::uint64_t item_bytes = item.min_bytes + extra_bytes;
  const auto most =
      item_bytes == 0 ? static_cast<std::uint64_t>(kMaxEmptyItems) : cursor.left() / item_bytes;
  return static_cast<std::uint64_t>(count) > most ? "an array has more items than bytes" : nullptr;
}

const char* DecodeArray(const AvroSchema& schema, AvroCursor& cursor, ColumnBuilder& out) {
  std::int64_t total = 0;
  for (;;) {
    std::int64_t count = 0;
    if (const char* wrong = ReadItemCount(*schema.items, cursor, 0, count)) return wrong;
    if (count == 0) break;
    total += count;
    if (schema.items->min_bytes == 0 && total > kMaxEmptyItems) return "an array is too long";
    for (; count > 0; --count) {
      if (const char* wrong = DecodeAvro(*schema.items, cursor, out.child(0))) return wrong;
    }
  }
  out.CloseNested();
  return nullptr;
}

const char* DecodeMap(const AvroSchema& schema, AvroCursor& cursor, ColumnBuilder& out) {
  for (;;) {
    std::int64_t count = 0;
    if (const char* wrong = ReadItemCount(*schema.items, cursor, 1, count)) return wrong;
    if (count == 0) break;
    for (; count > 0; --count) {
      if (const char* wrong = DecodeString(cursor, out.child(0))) return wrong;
      if (const char* wrong = DecodeAvro(*schema.items, cursor, out.child(1))) return wrong;
    }
  }
  out.CloseNested();
  return nullptr;
}

const char* DecodeUnion(const AvroSchema& schema, AvroCursor& cursor, ColumnBuilder& out) {
  std::int64_t index = 0;
  if (!cursor.ReadLong(index)) return kTooShort;
  if (index < 0 || static_cast<std::size_t>(index) >= schema.branches.size()) {
    return "a union has no such branch";
  }
  const auto branch = static_cast<std::size_t>(index);
  if (branch == schema.null_branch) {
    out.AppendNull();
    return nullptr;
  }
  if (!schema.is_member_struct) return DecodeAvro(*schema.branches[branch], cursor, out);
  const std::size_t member = branch - (schema.null_branch && *schema.null_branch < branch ? 1 : 0);
  for (std::size_t i = 0; i < out.num_children(); ++i) {
    if (i != member) {
      out.child(i).AppendNull();
    } else if (const char* wrong = DecodeAvro(*schema.branches[branch], cursor, out.child(i))) {
      return wrong;
    }
  }
  out.CloseNested();
  return nullptr;
}

const char* DecodeEnum(const AvroSchema& schema, AvroCursor& cursor, ColumnBuilder& out) {
  std::int64_t index = 0;
  if (!cursor.ReadLong(index)) return kTooShort;
  if (index < 0 || static_cast<std::size_t>(index) >= schema.symbols.size()) {
    return "an enum has no such symbol";
  }
  out.AppendBytes(schema.symbols[static_cast<std::size_t>(index)]);
  return nullptr;
}

const char* DecodeBinary(const AvroSchema& schema, std::string_view bytes, ColumnBuilder& out) {
  if (schema.type.is(TypeId::kDecimal)) return DecodeDecimal(bytes, out);
  out.AppendBytes(bytes);
  return nullptr;
}

}  // namespace

bool AvroCursor::ReadLong(std::int64_t& value) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) return false;
    bits |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if ((byte & 0x80U) != 0) continue;
    rest_.remove_prefix(i + 1);
    value = static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
    return true;
  }
  return false;
}

bool AvroCursor::ReadFixed(std::size_t length, std::string_view& bytes) {
  if (length > rest_.size()) return false;
  bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

bool AvroCursor::ReadBytes(std::string_view& bytes) {
  std::int64_t length = 0;
  return ReadLong(length) && length >= 0 && ReadFixed(static_cast<std::size_t>(length), bytes);
}

const char* DecodeAvro(const AvroSchema& schema, AvroCursor& cursor, ColumnBuilder& out) {
  std::string_view bytes;
  switch (schema.kind) {
    case AvroKind::kNull:
      out.AppendNull();
      return nullptr;
    case AvroKind::kBoolean:
      if (!cursor.ReadFixed(1, bytes)) return kTooShort;
      if (static_cast<std::uint8_t>(bytes[0]) > 1) return "a boolean is neither 0 nor 1";
      out.AppendBoolean(bytes[0] == 1);
      return nullptr;
    case AvroKind::kInt:
      return DecodeInt(cursor, out);
    case AvroKind::kLong:
      return DecodeLong(schema, cursor, out);
    case AvroKind::kFloat:
      return DecodeFloat(cursor, out);
    case AvroKind::kDouble: {
      double value = 0;
      if (!ReadLittleEndian(cursor, value)) return kTooShort;
      out.AppendDouble(value);
      return nullptr;
    }
    case AvroKind::kBytes:
      if (!cursor.ReadBytes(bytes)) return kTooShort;
      return DecodeBinary(schema, bytes, out);
    case AvroKind::kFixed:
      if (!cursor.ReadFixed(schema.fixed_bytes, bytes)) return kTooShort;
      return DecodeBinary(schema, bytes, out);
    case AvroKind::kString:
      return DecodeString(cursor, out);
    case AvroKind::kEnum:
      return DecodeEnum(schema, cursor, out);
    case AvroKind::kArray:
      return DecodeArray(schema, cursor, out);
    case AvroKind::kMap:
      return DecodeMap(schema, cursor, out);
    case AvroKind::kUnion:
      return DecodeUnion(schema, cursor, out);
    case AvroKind::kRecord:
      for (std::size_t i = 0; i < schema.fields.size(); ++i) {
        const AvroSchema& field = *schema.fields[i].schema;
        if (const char* wrong = DecodeAvro(field, cursor, out.child(i))) return wrong;
      }
      out.CloseNested();
      return nullptr;
  }
  return "a type is unknown";
}

const char* SkipAvro(const AvroSchema& schema, AvroCursor& cursor) {
  std::string_view bytes;
  std::int64_t number = 0;
  switch (schema.kind) {
    case AvroKind::kNull:
      return nullptr;
    case AvroKind::kBoolean:
      return cursor.ReadFixed(1, bytes) ? nullptr : kTooShort;
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kEnum:
      return cursor.ReadLong(number) ? nullptr : kTooShort;
    case AvroKind::kFloat:
      return cursor.ReadFixed(4, bytes) ? nullptr : kTooShort;
    case AvroKind::kDouble:
      return cursor.ReadFixed(8, bytes) ? nullptr : kTooShort;
    case AvroKind::kBytes:
    case AvroKind::kString:
      return cursor.ReadBytes(bytes) ? nullptr : kTooShort;
    case AvroKind::kFixed:
      return cursor.ReadFixed(schema.fixed_bytes, bytes) ? nullptr : kTooShort;
    case AvroKind::kArray:
    case AvroKind::kMap: {
      const bool is_map = schema.kind == AvroKind::kMap;
      for (;;) {
        if (const char* wrong = ReadItemCount(*schema.items, cursor, is_map ? 1 : 0, number)) {
          return wrong;
        }
        if (number == 0) return nullptr;
        for (; number > 0; --number) {
          if (is_map && !cursor.ReadBytes(bytes)) return kTooShort;
          if (const char* wrong = SkipAvro(*schema.items, cursor)) return wrong;
        }
      }
    }
    case AvroKind::kUnion:
      if (!cursor.ReadLong(number)) return kTooShort;
      if (number < 0 || static_cast<std::size_t>(number) >= schema.branches.size()) {
        return "a union has no such branch";
      }
      return SkipAvro(*schema.branches[static_cast<std::size_t>(number)], cursor);
    case AvroKind::kRecord:
      for (const AvroField& field : schema.fields) {
        if (const char* wrong = SkipAvro(*field.schema, cursor)) return wrong;
      }
      return nullptr;
  }
  return "a type is unknown";
}

}  // namespace inlet::formats::avro_internal
