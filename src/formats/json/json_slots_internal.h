#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "types/column_builder.h"
#include "types/data_type.h"

namespace inlet::formats {

struct JsonSlot;

/// `left == right` without a call, for the short names that fields have.
inline bool SameName(std::string_view left, std::string_view right) {
  const std::size_t size = left.size();
  if (size != right.size()) return false;
  const auto same = [&]<class Word>(std::size_t at, Word) {
    Word a = 0;
    Word b = 0;
    std::memcpy(&a, left.data() + at, sizeof(Word));
    std::memcpy(&b, right.data() + at, sizeof(Word));
    return a == b;
  };
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same(at, std::uint64_t{})) return false;
    }
    return same(size - 8, std::uint64_t{});
  }
  if (size >= 4) return same(0, std::uint32_t{}) && same(size - 4, std::uint32_t{});
  for (std::size_t at = 0; at < size; ++at) {
    if (left[at] != right[at]) return false;
  }
  return true;
}

/// Finds a field by its name.
class JsonFieldTable {
 public:
  /// `fields` are those of the slot that owns this table, already in their final order.
  void Build(const std::vector<JsonSlot>& fields, bool ignore_case);
  /// -1 when there is none.
  int Find(const std::vector<JsonSlot>& fields, std::string_view name) const;

 private:
  static std::uint32_t Hash(std::string_view name);
  int FindExactly(const std::vector<JsonSlot>& fields, std::string_view name) const;

  bool ignore_case_ = false;
  std::vector<std::int32_t> table_;  // Open addressing; index of the field, -1 free.
  std::vector<std::string> lower_names_;
};

/// Where the values of one place in a document go.
struct JsonSlot {
  std::string name;  ///< Of a STRUCT's field.
  types::DataType type;
  types::TypeId id = types::TypeId::kVoid;
  types::ColumnBuilder* out = nullptr;  ///< Null: the value is checked and left out.
  std::vector<JsonSlot> children;       ///< STRUCT: fields; ARRAY: element; MAP: key and value.
  std::size_t num_columns = 0;          ///< STRUCT: how many of the fields have a column.
  JsonFieldTable table;                 ///< STRUCT only.
  /// STRUCT: the field that came after each one in the last object, counted from 1; 0 is the start.
  /// Objects mostly have the order of the last one.
  std::vector<std::uint32_t> followers;
  /// The name reads in JSON as it stands, so that bytes can be compared.
  bool plain_name = false;

  /// A slot for `type` with all below it; Bind() says where values go.
  static JsonSlot Make(std::string name, const types::DataType& type, bool ignore_case);
  void Bind(types::ColumnBuilder* builder);
};

}  // namespace inlet::formats
