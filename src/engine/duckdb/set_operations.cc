#include "engine/duckdb/set_operations.h"

#include "engine/duckdb/functions/common_type.h"

namespace inlet::engine {

Result<std::optional<types::StructType>> CommonColumns(DuckDbInstance& instance,
                                                       const DuckDbQuery& query,
                                                       const std::vector<std::string>& operands) {
  std::optional<types::StructType> common;
  bool is_mixed = false;
  for (std::size_t table = 0; table < operands.size(); ++table) {
    const auto columns = DescribeSql(
        instance, {.sql = operands[table], .inputs = query.inputs, .context = query.context});
    if (!columns || (common && columns->size() != common->size())) return std::nullopt;
    if (!common) {
      common = *columns;
      continue;
    }
    for (std::size_t i = 0; i < columns->size(); ++i) {
      const types::DataType& left = common->fields[i].type;
      const types::DataType& right = columns->fields[i].type;
      if (left == right) continue;
      is_mixed = true;
      const auto type = functions::CommonType(left, right);
      if (!type) {
        return Fail(Condition::INCOMPATIBLE_COLUMN_TYPE,
                    {{"operator", "A set operation"},
                     {"columnOrdinalNumber", std::to_string(i + 1)},
                     {"tableOrdinalNumber", std::to_string(table + 1)},
                     {"dataType1", types::ToSql(right)},
                     {"dataType2", types::ToSql(left)}});
      }
      common->fields[i].type = *type;
    }
  }
  return is_mixed ? common : std::nullopt;
}

}  // namespace inlet::engine
