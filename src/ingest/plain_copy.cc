#include "ingest/plain_copy.h"

#include <algorithm>

#include "base/option_map.h"

namespace inlet::ingest {
namespace {

/// The select of a query that has no other clause.
const sql::Select* BareSelect(const sql::Query& query) {
  const auto* select = std::get_if<sql::Select>(&query.body);
  const bool has_tail = !query.with.empty() || !query.order_by.empty() || query.order_by_all ||
                        !query.sort_by.empty() || !query.cluster_by.empty() ||
                        !query.distribute_by.empty() || query.limit || query.offset;
  if (select == nullptr || has_tail || select->is_distinct || !select->from || select->where ||
      select->group_by || select->having || select->qualify || !select->windows.empty()) {
    return nullptr;
  }
  return select;
}

bool AppendStar(const sql::Star& star, const types::StructType& schema,
                std::vector<std::size_t>& columns) {
  if (!star.qualifier.empty() || !star.replace.empty()) return false;
  for (const auto& path : star.except) {
    if (path.size() != 1 || !schema.Find(path[0])) return false;
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const bool is_left_out = std::any_of(
        star.except.begin(), star.except.end(),
        [&](const auto& path) { return EqualsIgnoreCase(path[0], schema.fields[i].name); });
    if (!is_left_out) columns.push_back(i);
  }
  return true;
}

bool AppendItem(const sql::SelectItem& item, const types::StructType& schema,
                std::vector<std::size_t>& columns) {
  if (const auto* star = item.value.As<sql::Star>()) return AppendStar(*star, schema, columns);
  const auto* column = item.value.As<sql::ColumnRef>();
  if (column == nullptr || column->parts.size() != 1) return false;
  const std::optional<std::size_t> index = schema.IndexOf(column->parts[0]);
  if (!index) return false;
  columns.push_back(*index);
  return true;
}

}  // namespace

std::optional<PlainCopy> AsPlainCopy(const BoundQuery& query, const types::StructType& target) {
  const sql::Select* select = BareSelect(query.query);
  if (select == nullptr || query.inputs.size() != 1) return std::nullopt;
  const auto* input = select->from->As<sql::InputRef>();
  if (input == nullptr || select->from->sample || !select->from->column_aliases.empty()) {
    return std::nullopt;
  }
  PlainCopy copy{.source = query.inputs[0].source};
  const types::StructType& schema = copy.source->schema();
  for (const sql::SelectItem& item : select->items) {
    if (!AppendItem(item, schema, copy.projection.columns)) return std::nullopt;
  }
  const auto& columns = copy.projection.columns;
  const bool same_types = columns.size() == target.size() &&
                          std::equal(columns.begin(), columns.end(), target.fields.begin(),
                                     [&](std::size_t column, const types::StructField& field) {
                                       return schema.fields[column].type == field.type;
                                     });
  if (!same_types) return std::nullopt;
  return copy;
}

}  // namespace inlet::ingest
