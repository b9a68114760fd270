#include <algorithm>

#include "types/variant.h"
#include "types/variant_internal.h"

namespace inlet::types {
namespace {

using namespace variant_format;

template <class T>
void Put(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void PutPrimitive(Primitive type, std::string& out) {
  out += static_cast<char>(std::to_underlying(type) << 2);
}

std::size_t WidthOf(std::size_t largest) {
  return largest < 0x100 ? 1 : largest < 0x10000 ? 2 : largest < 0x1000000 ? 3 : 4;
}

void PutUnsigned(std::size_t value, std::size_t width, char* out) {
  for (std::size_t i = 0; i < width; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

std::uint32_t HashOf(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

int DigitsOf(Int128 value) {
  int digits = 1;
  while (value <= -10 || value >= 10) {
    value /= 10;
    ++digits;
  }
  return digits;
}

std::unexpected<Error> TooLarge() {
  return Fail(Condition::VARIANT_SIZE_LIMIT, {{"sizeLimit", "128 MiB"}});
}

}  // namespace

void VariantBuilder::StartValue() {
  if (!open_.empty() && !open_.back().is_object) entries_.push_back({.begin = value_.size()});
}

void VariantBuilder::AppendNull() {
  StartValue();
  PutPrimitive(Primitive::kNull, value_);
}

void VariantBuilder::AppendBoolean(bool value) {
  StartValue();
  PutPrimitive(value ? Primitive::kTrue : Primitive::kFalse, value_);
}

void VariantBuilder::AppendLong(std::int64_t value) {
  StartValue();
  if (value == static_cast<std::int8_t>(value)) {
    PutPrimitive(Primitive::kInt8, value_);
    Put(static_cast<std::int8_t>(value), value_);
  } else if (value == static_cast<std::int16_t>(value)) {
    PutPrimitive(Primitive::kInt16, value_);
    Put(static_cast<std::int16_t>(value), value_);
  } else if (value == static_cast<std::int32_t>(value)) {
    PutPrimitive(Primitive::kInt32, value_);
    Put(static_cast<std::int32_t>(value), value_);
  } else {
    PutPrimitive(Primitive::kInt64, value_);
    Put(value, value_);
  }
}

void VariantBuilder::AppendDouble(double value) {
  StartValue();
  PutPrimitive(Primitive::kDouble, value_);
  Put(value, value_);
}

void VariantBuilder::AppendFloat(float value) {
  StartValue();
  PutPrimitive(Primitive::kFloat, value_);
  Put(value, value_);
}

void VariantBuilder::AppendDecimal(Int128 unscaled, int scale) {
  StartValue();
  const int precision = std::max(DigitsOf(unscaled), scale);
  const Primitive type = precision <= 9    ? Primitive::kDecimal4
                         : precision <= 18 ? Primitive::kDecimal8
                                           : Primitive::kDecimal16;
  PutPrimitive(type, value_);
  value_ += static_cast<char>(scale);
  if (type == Primitive::kDecimal4) {
    Put(static_cast<std::int32_t>(unscaled), value_);
  } else if (type == Primitive::kDecimal8) {
    Put(static_cast<std::int64_t>(unscaled), value_);
  } else {
    Put(unscaled, value_);
  }
}

void VariantBuilder::AppendDate(std::int32_t days) {
  StartValue();
  PutPrimitive(Primitive::kDate, value_);
  Put(days, value_);
}

void VariantBuilder::AppendTimestamp(std::int64_t instant_us) {
  StartValue();
  PutPrimitive(Primitive::kTimestamp, value_);
  Put(instant_us, value_);
}

void VariantBuilder::AppendTimestampNtz(std::int64_t local_us) {
  StartValue();
  PutPrimitive(Primitive::kTimestampNtz, value_);
  Put(local_us, value_);
}

void VariantBuilder::AppendString(std::string_view text) {
  StartValue();
  if (text.size() < 64) {
    value_ += static_cast<char>(text.size() << 2 | std::to_underlying(Basic::kShortString));
  } else {
    PutPrimitive(Primitive::kString, value_);
    Put(static_cast<std::uint32_t>(text.size()), value_);
  }
  value_ += text;
}

void VariantBuilder::AppendBinary(std::string_view bytes) {
  StartValue();
  PutPrimitive(Primitive::kBinary, value_);
  Put(static_cast<std::uint32_t>(bytes.size()), value_);
  value_ += bytes;
}

std::uint32_t VariantBuilder::KeyId(std::string_view name) {
  const std::size_t num_names = name_ends_.size();
  if (name_table_.size() < (num_names + 1) * 2) {
    name_table_.assign(std::max<std::size_t>(16, name_table_.size() * 2), 0);
    for (std::uint32_t id = 0; id < num_names; ++id) {
      const std::uint32_t begin = id == 0 ? 0 : name_ends_[id - 1];
      std::size_t slot = HashOf(std::string_view(names_).substr(begin, name_ends_[id] - begin)) &
                         (name_table_.size() - 1);
      while (name_table_[slot] != 0) slot = (slot + 1) & (name_table_.size() - 1);
      name_table_[slot] = id + 1;
    }
  }
  std::size_t slot = HashOf(name) & (name_table_.size() - 1);
  while (name_table_[slot] != 0) {
    const std::uint32_t id = name_table_[slot] - 1;
    const std::uint32_t begin = id == 0 ? 0 : name_ends_[id - 1];
    if (std::string_view(names_).substr(begin, name_ends_[id] - begin) == name) return id;
    slot = (slot + 1) & (name_table_.size() - 1);
  }
  names_ += name;
  name_ends_.push_back(static_cast<std::uint32_t>(names_.size()));
  name_table_[slot] = static_cast<std::uint32_t>(num_names) + 1;
  return static_cast<std::uint32_t>(num_names);
}

void VariantBuilder::BeginObject() {
  StartValue();
  open_.push_back(
      {.is_object = true, .value_begin = value_.size(), .entries_begin = entries_.size()});
}

void VariantBuilder::BeginArray() {
  StartValue();
  open_.push_back(
      {.is_object = false, .value_begin = value_.size(), .entries_begin = entries_.size()});
}

void VariantBuilder::Key(std::string_view name) {
  entries_.push_back({.key_id = KeyId(name), .begin = value_.size()});
}

Status VariantBuilder::CheckSize() const {
  if (value_.size() > kMaxVariantBytes || names_.size() > kMaxVariantBytes) return TooLarge();
  return Ok();
}

Status VariantBuilder::EndObject(DuplicateKeys duplicates) {
  TRY(CheckSize());
  const Open open = open_.back();
  open_.pop_back();
  const std::span<Entry> entries = std::span(entries_).subspan(open.entries_begin);
  std::uint32_t largest_id = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].end = i + 1 < entries.size() ? entries[i + 1].begin : value_.size();
    largest_id = std::max(largest_id, entries[i].key_id);
  }
  const auto name_of = [&](const Entry& entry) {
    const std::uint32_t begin = entry.key_id == 0 ? 0 : name_ends_[entry.key_id - 1];
    return std::string_view(names_).substr(begin, name_ends_[entry.key_id] - begin);
  };
  std::ranges::sort(entries, [&](const Entry& left, const Entry& right) {
    if (left.key_id == right.key_id) return left.begin < right.begin;
    return name_of(left) < name_of(right);
  });
  std::size_t count = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool repeated = i + 1 < entries.size() && entries[i].key_id == entries[i + 1].key_id;
    if (!repeated) {
      entries[count++] = entries[i];
    } else if (duplicates == DuplicateKeys::kFail) {
      return Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                  {{"badRecord", "the key " + std::string(name_of(entries[i])) +
                                     " is there more than once in one object"},
                   {"failFastMode", "FAILFAST"}});
    }
  }
  if (count < entries.size()) {
    // The values that lost go.
    std::string kept;
    for (Entry& entry : entries.first(count)) {
      const std::size_t begin = kept.size();
      kept.append(value_, entry.begin, entry.end - entry.begin);
      entry.begin = open.value_begin + begin;
    }
    value_.replace(open.value_begin, std::string::npos, kept);
  }
  const std::size_t data_size = value_.size() - open.value_begin;
  const std::size_t count_width = count > 0xFF ? 4 : 1;
  const std::size_t id_width = WidthOf(largest_id);
  const std::size_t offset_width = WidthOf(data_size);
  const std::size_t header_size = 1 + count_width + count * id_width + (count + 1) * offset_width;
  value_.insert(open.value_begin, header_size, '\0');
  char* out = value_.data() + open.value_begin;
  *out++ = static_cast<char>(
      ((count_width == 4 ? 1U : 0U) << 4 | (id_width - 1) << 2 | (offset_width - 1)) << 2 |
      std::to_underlying(Basic::kObject));
  PutUnsigned(count, count_width, out);
  out += count_width;
  for (const Entry& entry : entries.first(count)) {
    PutUnsigned(entry.key_id, id_width, out);
    out += id_width;
  }
  for (const Entry& entry : entries.first(count)) {
    PutUnsigned(entry.begin - open.value_begin, offset_width, out);
    out += offset_width;
  }
  PutUnsigned(data_size, offset_width, out);
  entries_.resize(open.entries_begin);
  return Ok();
}

Status VariantBuilder::EndArray() {
  TRY(CheckSize());
  const Open open = open_.back();
  open_.pop_back();
  const std::span<Entry> entries = std::span(entries_).subspan(open.entries_begin);
  const std::size_t count = entries.size();
  const std::size_t data_size = value_.size() - open.value_begin;
  const std::size_t count_width = count > 0xFF ? 4 : 1;
  const std::size_t offset_width = WidthOf(data_size);
  value_.insert(open.value_begin, 1 + count_width + (count + 1) * offset_width, '\0');
  char* out = value_.data() + open.value_begin;
  *out++ = static_cast<char>(((count_width == 4 ? 1U : 0U) << 2 | (offset_width - 1)) << 2 |
                             std::to_underlying(Basic::kArray));
  PutUnsigned(count, count_width, out);
  out += count_width;
  for (const Entry& entry : entries) {
    PutUnsigned(entry.begin - open.value_begin, offset_width, out);
    out += offset_width;
  }
  PutUnsigned(data_size, offset_width, out);
  entries_.resize(open.entries_begin);
  return Ok();
}

Status VariantBuilder::Append(VariantView variant) {
  ValueBudget budget(variant);
  return AppendValue(variant, 0, budget);
}

Status VariantBuilder::AppendValue(VariantView variant, int depth, ValueBudget& budget) {
  TRY(budget.Spend(depth));
  const VariantNode node = TRY(VariantNode::Root(variant));
  switch (node.kind()) {
    case VariantKind::kObject:
      BeginObject();
      for (std::uint32_t i = 0; i < node.size(); ++i) {
        Key(TRY(node.KeyAt(i)));
        TRY(AppendValue(TRY(node.ChildAt(i)).view(), depth + 1, budget));
      }
      return EndObject(DuplicateKeys::kLastWins);
    case VariantKind::kArray:
      BeginArray();
      for (std::uint32_t i = 0; i < node.size(); ++i) {
        TRY(AppendValue(TRY(node.ChildAt(i)).view(), depth + 1, budget));
      }
      return EndArray();
    default:
      // Only objects name fields: the bytes of all else are the same under any metadata.
      StartValue();
      value_ += node.view().value;
      return Ok();
  }
}

void VariantBuilder::Reset() {
  value_.clear();
  names_.clear();
  name_ends_.clear();
  std::ranges::fill(name_table_, 0U);
  if (name_table_.size() > 4096) name_table_.clear();
  open_.clear();
  entries_.clear();
}

std::string VariantBuilder::MetadataBytes() const {
  const std::size_t width = WidthOf(std::max(names_.size(), name_ends_.size()));
  std::string metadata;
  metadata.resize(1 + width * (name_ends_.size() + 2));
  char* out = metadata.data();
  *out++ = static_cast<char>((width - 1) << 6 | kVersion);
  PutUnsigned(name_ends_.size(), width, out);
  out += 2 * width;  // The first offset is 0.
  for (const std::uint32_t end : name_ends_) {
    PutUnsigned(end, width, out);
    out += width;
  }
  return metadata + names_;
}

Result<Variant> VariantBuilder::Finish() {
  Variant result{.metadata = MetadataBytes(), .value = value_};
  Reset();
  if (result.value.size() > kMaxVariantBytes || result.metadata.size() > kMaxVariantBytes) {
    return TooLarge();
  }
  return result;
}

Status VariantBuilder::FinishTo(ColumnBuilder& out) {
  const std::string metadata = MetadataBytes();
  const bool too_large = value_.size() > kMaxVariantBytes || metadata.size() > kMaxVariantBytes;
  if (!too_large) out.AppendVariant(metadata, value_);
  Reset();
  if (too_large) return TooLarge();
  return Ok();
}

}  // namespace inlet::types
