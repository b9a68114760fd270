#include <algorithm>

#include "base/option_map.h"
#include "formats/json/json_slots_internal.h"

namespace inlet::formats {

std::uint32_t JsonFieldTable::Hash(std::string_view name) {
  std::uint64_t hash = name.size() * 0x9E3779B97F4A7C15U;
  while (name.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data(), 8);
    hash = (hash ^ word) * 0xFF51AFD7ED558CCDU;
    hash ^= hash >> 32U;
    name.remove_prefix(8);
  }
  std::uint64_t word = 0;
  if (!name.empty()) std::memcpy(&word, name.data(), name.size());
  hash = (hash ^ word) * 0xFF51AFD7ED558CCDU;
  return static_cast<std::uint32_t>(hash >> 32U);
}

void JsonFieldTable::Build(const std::vector<JsonSlot>& fields, bool ignore_case) {
  ignore_case_ = ignore_case;
  lower_names_.clear();
  std::size_t size = 4;
  while (size < fields.size() * 2) size *= 2;
  table_.assign(size, -1);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (ignore_case) lower_names_.push_back(ToLower(fields[i].name));
    std::size_t at = Hash(ignore_case ? lower_names_.back() : fields[i].name) & (size - 1);
    while (table_[at] >= 0) at = (at + 1) & (size - 1);
    table_[at] = static_cast<std::int32_t>(i);
  }
}

int JsonFieldTable::FindExactly(const std::vector<JsonSlot>& fields, std::string_view name) const {
  std::size_t at = Hash(name) & (table_.size() - 1);
  while (table_[at] >= 0) {
    const auto index = static_cast<std::size_t>(table_[at]);
    if ((ignore_case_ ? lower_names_[index] : fields[index].name) == name) return table_[at];
    at = (at + 1) & (table_.size() - 1);
  }
  return -1;
}

int JsonFieldTable::Find(const std::vector<JsonSlot>& fields, std::string_view name) const {
  return ignore_case_ ? FindExactly(fields, ToLower(name)) : FindExactly(fields, name);
}

JsonSlot JsonSlot::Make(std::string name, const types::DataType& type, bool ignore_case) {
  JsonSlot slot;
  slot.plain_name = std::ranges::none_of(
      name, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
  slot.name = std::move(name);
  slot.type = type;
  slot.id = type.id();
  if (type.is_nested()) {
    for (const types::StructField& field : type.fields()) {
      slot.children.push_back(Make(field.name, field.type, ignore_case));
    }
  }
  if (slot.id == types::TypeId::kStruct) {
    slot.table.Build(slot.children, ignore_case);
    for (std::uint32_t i = 0; i <= slot.children.size(); ++i) slot.followers.push_back(i);
  }
  return slot;
}

void JsonSlot::Bind(types::ColumnBuilder* builder) {
  out = builder;
  num_columns = children.size();
  for (std::size_t i = 0; i < children.size(); ++i) children[i].Bind(&builder->child(i));
}

}  // namespace inlet::formats
