#include "pipelines/dataset_table.h"

#include <algorithm>

namespace inlet::pipelines {

delta::TableDefinition TableDefinitionOf(const catalog::TableEntry& entry,
                                         const Definition& definition) {
  delta::TableDefinition table{.partition_columns = definition.partition_columns,
                               .clustering_columns = definition.clustering_columns};
  if (!entry.comment.empty()) table.comment = entry.comment;
  for (const auto& [key, value] : definition.properties) table.properties[key] = value;
  return table;
}

Scope ScopeOf(const Definition& definition, const Flow& flow) {
  return {.catalog = flow.catalog,
          .schema = flow.schema,
          .user = definition.user,
          .time_zone = definition.time_zone};
}

sql::Query WithDeclaredNames(const sql::Query& query, const Definition& definition) {
  if (definition.columns.empty()) return query;
  sql::TableRef named{.node = sql::SubqueryTable{.query = query}, .alias = "__inlet_view"};
  sql::Select select;
  for (const DeclaredColumn& column : definition.columns) {
    named.column_aliases.push_back(column.name);
    sql::Expression value{.node = sql::ColumnRef{.parts = {column.name}}};
    if (column.type) {
      value = {.node = sql::Cast{.operand = std::move(value), .type = *column.type}};
    }
    select.items.push_back({.value = std::move(value), .alias = column.name});
  }
  select.from = std::move(named);
  return {.body = std::move(select)};
}

void ApplyDeclaredColumns(const Definition& definition, types::StructType& schema) {
  for (const DeclaredColumn& column : definition.columns) {
    for (types::StructField& field : schema.fields) {
      if (field.name != column.name) continue;
      field.nullable = column.is_nullable;
      if (column.comment) field.set_comment(*column.comment);
    }
  }
}

bool SameColumns(const types::StructType& left, const types::StructType& right) {
  return left.size() == right.size() &&
         std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(),
                    [](const types::StructField& a, const types::StructField& b) {
                      return a.name == b.name && a.type == b.type && a.nullable == b.nullable &&
                             a.comment() == b.comment();
                    });
}

}  // namespace inlet::pipelines
