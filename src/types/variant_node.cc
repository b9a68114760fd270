#include <bit>

#include "types/variant.h"
#include "types/variant_internal.h"

namespace inlet::types {
namespace {

using namespace variant_format;

/// An unsigned number of 1 to 4 bytes, whose bounds were checked.
std::uint32_t UnsignedAt(std::string_view bytes, std::size_t position, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[position + i])) << (8 * i);
  }
  return value;
}

/// The dictionary of names, its header checked.
struct Names {
  std::uint32_t count = 0;
  std::uint32_t width = 0;

  static Result<Names> Read(std::string_view metadata) {
    if (metadata.empty()) return Malformed("it has no metadata");
    const auto header = static_cast<unsigned char>(metadata[0]);
    if ((header & 0xF) != kVersion) return Malformed("the version is not 1");
    Names names;
    names.width = (header >> 6) + 1U;
    if (metadata.size() < 1 + names.width) return Malformed("the metadata is cut off");
    names.count = UnsignedAt(metadata, 1, names.width);
    const std::size_t begin = names.Begin();
    if (begin > metadata.size()) return Malformed("the metadata is cut off");
    return names;
  }
  /// Where the bytes of the names begin.
  std::size_t Begin() const { return 1 + (std::size_t{count} + 2) * width; }
};

std::int64_t FloorDivide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

template <class T>
T Load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data() + 1, sizeof(T));
  return value;
}

/// How many bytes follow the header of a primitive; those of variable length have their own.
std::size_t FixedSize(Primitive type) {
  switch (type) {
    case Primitive::kInt8:
      return 1;
    case Primitive::kInt16:
      return 2;
    case Primitive::kInt32:
    case Primitive::kDate:
    case Primitive::kFloat:
    case Primitive::kBinary:
    case Primitive::kString:
      return 4;
    case Primitive::kInt64:
    case Primitive::kDouble:
    case Primitive::kTimestamp:
    case Primitive::kTimestampNtz:
    case Primitive::kTimeNtz:
    case Primitive::kTimestampNanos:
    case Primitive::kTimestampNtzNanos:
      return 8;
    case Primitive::kDecimal4:
      return 5;
    case Primitive::kDecimal8:
      return 9;
    case Primitive::kDecimal16:
      return 17;
    case Primitive::kUuid:
      return 16;
    default:
      return 0;
  }
}

template <class T>
T LoadAt(std::string_view bytes, std::size_t position) {
  T value;
  std::memcpy(&value, bytes.data() + position, sizeof(T));
  return value;
}

}  // namespace

Result<VariantNode> VariantNode::Root(VariantView variant) {
  TRY(Names::Read(variant.metadata));
  return At(variant.metadata, variant.value);
}

Result<VariantNode> VariantNode::At(std::string_view metadata, std::string_view value) {
  if (value.empty()) return Malformed("a value has no bytes");
  VariantNode node;
  node.metadata_ = metadata;
  node.value_ = value;
  const auto header = static_cast<unsigned char>(value[0]);
  const unsigned rest = header >> 2U;
  switch (static_cast<Basic>(header & 3U)) {
    case Basic::kPrimitive:
      TRY(node.ReadPrimitive(rest));
      break;
    case Basic::kShortString:
      if (value.size() < 1 + rest) return Malformed("a text is cut off");
      node.kind_ = VariantKind::kString;
      node.text_ = value.substr(1, rest);
      node.value_ = value.substr(0, 1 + rest);
      break;
    case Basic::kObject:
      node.kind_ = VariantKind::kObject;
      TRY(node.ReadContainer(rest));
      break;
    case Basic::kArray:
      node.kind_ = VariantKind::kArray;
      TRY(node.ReadContainer(rest));
      break;
  }
  return node;
}

Status VariantNode::ReadPrimitive(unsigned type) {
  if (type > std::to_underlying(Primitive::kUuid)) {
    return Malformed("the type " + std::to_string(type) + " is not known");
  }
  const auto primitive = static_cast<Primitive>(type);
  std::size_t size = 1 + FixedSize(primitive);
  if (value_.size() < size) return Malformed("a value is cut off");
  switch (primitive) {
    case Primitive::kNull:
      kind_ = VariantKind::kNull;
      break;
    case Primitive::kTrue:
    case Primitive::kFalse:
      kind_ = VariantKind::kBoolean;
      integer_ = primitive == Primitive::kTrue ? 1 : 0;
      break;
    case Primitive::kInt8:
      kind_ = VariantKind::kLong;
      integer_ = Load<std::int8_t>(value_);
      break;
    case Primitive::kInt16:
      kind_ = VariantKind::kLong;
      integer_ = Load<std::int16_t>(value_);
      break;
    case Primitive::kInt32:
      kind_ = VariantKind::kLong;
      integer_ = Load<std::int32_t>(value_);
      break;
    case Primitive::kInt64:
      kind_ = VariantKind::kLong;
      integer_ = Load<std::int64_t>(value_);
      break;
    case Primitive::kDouble:
      kind_ = VariantKind::kDouble;
      real_ = Load<double>(value_);
      break;
    case Primitive::kFloat:
      kind_ = VariantKind::kFloat;
      real_ = static_cast<double>(Load<float>(value_));
      break;
    case Primitive::kDecimal4:
    case Primitive::kDecimal8:
    case Primitive::kDecimal16: {
      kind_ = VariantKind::kDecimal;
      scale_ = static_cast<unsigned char>(value_[1]);
      unscaled_ = primitive == Primitive::kDecimal4   ? LoadAt<std::int32_t>(value_, 2)
                  : primitive == Primitive::kDecimal8 ? LoadAt<std::int64_t>(value_, 2)
                                                      : LoadAt<Int128>(value_, 2);
      Int128 bound = 1;
      for (int i = 0; i < 38; ++i) bound *= 10;
      if (scale_ > 38 || unscaled_ >= bound || unscaled_ <= -bound) {
        return Malformed("a decimal is out of range");
      }
      break;
    }
    case Primitive::kDate:
      kind_ = VariantKind::kDate;
      integer_ = Load<std::int32_t>(value_);
      break;
    case Primitive::kTimestamp:
    case Primitive::kTimestampNtz:
    case Primitive::kTimeNtz:
      kind_ = primitive == Primitive::kTimestamp      ? VariantKind::kTimestamp
              : primitive == Primitive::kTimestampNtz ? VariantKind::kTimestampNtz
                                                      : VariantKind::kTime;
      integer_ = Load<std::int64_t>(value_);
      break;
    case Primitive::kTimestampNanos:
    case Primitive::kTimestampNtzNanos:
      kind_ = primitive == Primitive::kTimestampNanos ? VariantKind::kTimestamp
                                                      : VariantKind::kTimestampNtz;
      integer_ = FloorDivide(Load<std::int64_t>(value_), 1000);
      break;
    case Primitive::kBinary:
    case Primitive::kString: {
      kind_ = primitive == Primitive::kBinary ? VariantKind::kBinary : VariantKind::kString;
      const std::size_t length = Load<std::uint32_t>(value_);
      if (value_.size() - size < length) return Malformed("a text is cut off");
      text_ = value_.substr(size, length);
      size += length;
      break;
    }
    case Primitive::kUuid:
      kind_ = VariantKind::kUuid;
      text_ = value_.substr(1, 16);
      break;
  }
  value_ = value_.substr(0, size);
  return Ok();
}

Status VariantNode::ReadContainer(unsigned header) {
  const bool object = kind_ == VariantKind::kObject;
  offset_width_ = (header & 3U) + 1;
  id_width_ = object ? (header >> 2U & 3U) + 1 : 0;
  const bool large = (header >> (object ? 4U : 2U) & 1U) != 0;
  const std::size_t count_width = large ? 4 : 1;
  if (value_.size() < 1 + count_width) return Malformed("an object or array is cut off");
  size_ = UnsignedAt(value_, 1, count_width);
  ids_begin_ = 1 + count_width;
  offsets_begin_ = ids_begin_ + std::size_t{size_} * id_width_;
  data_begin_ = offsets_begin_ + (std::size_t{size_} + 1) * offset_width_;
  if (data_begin_ > value_.size()) return Malformed("an object or array is cut off");
  const std::size_t data_size =
      UnsignedAt(value_, offsets_begin_ + std::size_t{size_} * offset_width_, offset_width_);
  if (value_.size() - data_begin_ < data_size) return Malformed("an object or array is cut off");
  value_ = value_.substr(0, data_begin_ + data_size);
  return Ok();
}

Result<std::string_view> VariantNode::KeyAt(std::uint32_t index) const {
  const Names names = TRY(Names::Read(metadata_));
  const std::uint32_t id =
      UnsignedAt(value_, ids_begin_ + std::size_t{index} * id_width_, id_width_);
  if (id >= names.count) return Malformed("a field has no name");
  const std::size_t at = 1 + (std::size_t{id} + 1) * names.width;
  const std::uint32_t begin = UnsignedAt(metadata_, at, names.width);
  const std::uint32_t end = UnsignedAt(metadata_, at + names.width, names.width);
  if (begin > end || end > metadata_.size() - names.Begin()) {
    return Malformed("a name lies outside of the metadata");
  }
  return metadata_.substr(names.Begin() + begin, end - begin);
}

Result<VariantNode> VariantNode::ChildAt(std::uint32_t index) const {
  const std::size_t offset =
      UnsignedAt(value_, offsets_begin_ + std::size_t{index} * offset_width_, offset_width_);
  if (offset >= value_.size() - data_begin_) return Malformed("a value lies outside of its parent");
  return At(metadata_, value_.substr(data_begin_ + offset));
}

Result<std::optional<VariantNode>> VariantNode::Find(std::string_view key) const {
  constexpr std::uint32_t kFewFields = 32;
  if (size_ <= kFewFields) {
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (TRY(KeyAt(i)) == key) return TRY(ChildAt(i));
    }
    return std::nullopt;
  }
  std::uint32_t low = 0;
  std::uint32_t high = size_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const std::string_view name = TRY(KeyAt(middle));
    if (name == key) return TRY(ChildAt(middle));
    if (name < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::nullopt;
}

Result<VariantPath> VariantPath::Parse(std::string_view text) {
  const auto fail = [&] {
    return Fail(Condition::INVALID_VARIANT_GET_PATH, {{"path", std::string(text)}});
  };
  VariantPath path;
  if (text.empty() || text[0] != '$') return fail();
  std::string_view rest = text.substr(1);
  while (!rest.empty()) {
    if (rest[0] == '.') {
      rest.remove_prefix(1);
      const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
      if (end == 0) return fail();
      path.steps_.emplace_back(std::string(rest.substr(0, end)));
      rest.remove_prefix(end);
    } else if (rest.size() > 1 && rest[0] == '[' && (rest[1] == '"' || rest[1] == '\'')) {
      const char quote = rest[1];
      const std::size_t end = rest.find(quote, 2);
      if (end == std::string_view::npos || end == 2 || rest.substr(end + 1, 1) != "]")
        return fail();
      path.steps_.emplace_back(std::string(rest.substr(2, end - 2)));
      rest.remove_prefix(end + 2);
    } else if (rest[0] == '[') {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos || end == 1 || end > 11) return fail();
      std::uint64_t index = 0;
      for (const char c : rest.substr(1, end - 1)) {
        if (c < '0' || c > '9') return fail();
        index = index * 10 + static_cast<std::uint64_t>(c - '0');
      }
      if (index > 0x7FFFFFFF) return fail();
      path.steps_.emplace_back(static_cast<std::uint32_t>(index));
      rest.remove_prefix(end + 1);
    } else {
      return fail();
    }
  }
  return path;
}

Result<std::optional<VariantNode>> Find(VariantView variant, const VariantPath& path) {
  VariantNode node = TRY(VariantNode::Root(variant));
  for (const VariantPath::Step& step : path.steps()) {
    if (const auto* key = std::get_if<std::string>(&step)) {
      if (node.kind() != VariantKind::kObject) return std::nullopt;
      const std::optional<VariantNode> child = TRY(node.Find(*key));
      if (!child) return std::nullopt;
      node = *child;
    } else {
      const std::uint32_t index = std::get<std::uint32_t>(step);
      if (node.kind() != VariantKind::kArray || index >= node.size()) return std::nullopt;
      node = TRY(node.ChildAt(index));
    }
  }
  return node;
}

}  // namespace inlet::types
