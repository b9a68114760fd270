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

/// Finds a field by its name. Fields mostly come in the order of the schema or of the last record,
/// so the one expected next is tried before the hash table.
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
  /// The name reads in JSON as it stands, so that bytes can be compared.
  bool plain_name = false;

  /// A slot for `type` with all below it; Bind() says where values go.
  static JsonSlot Make(std::string name, const types::DataType& type, bool ignore_case);
  void Bind(types::ColumnBuilder* builder);
};

}  // namespace inlet::formats
