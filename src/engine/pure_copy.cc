#include "engine/pure_copy.h"

namespace inlet::engine {
namespace {

/// The select of a query without any clause but SELECT and FROM; else null.
const sql::Select* PlainSelect(const sql::Query& query) {
  const auto* select = std::get_if<sql::Select>(&query.body);
  if (select == nullptr || !query.with.empty() || query.order_by_all || !query.order_by.empty() ||
      !query.sort_by.empty() || !query.cluster_by.empty() || !query.distribute_by.empty() ||
      query.limit || query.offset) {
    return nullptr;
  }
  const bool plain = !select->is_distinct && select->from && !select->where && !select->group_by &&
                     !select->having && !select->qualify && select->windows.empty();
  return plain ? select : nullptr;
}

std::shared_ptr<const SplitSource> InputOf(const sql::TableRef& table,
                                           std::span<const Input> inputs) {
  const auto* reference = table.As<sql::InputRef>();
  if (reference == nullptr || table.sample || !table.column_aliases.empty()) return nullptr;
  for (const Input& input : inputs) {
    if (input.name == reference->name) return input.source;
  }
  return nullptr;
}

/// False for what is not a plain column or star.
bool AddColumns(const sql::Expression& item, const types::StructType& schema,
                Projection& projection) {
  if (const auto* star = item.As<sql::Star>()) {
    if (!star->qualifier.empty() || !star->except.empty() || !star->replace.empty()) return false;
    for (std::size_t i = 0; i < schema.size(); ++i) projection.columns.push_back(i);
    return true;
  }
  const auto* column = item.As<sql::ColumnRef>();
  if (column == nullptr || column->parts.size() != 1 || column->computed) return false;
  const auto index = schema.IndexOf(column->parts[0]);
  if (index) projection.columns.push_back(*index);
  return index.has_value();
}

}  // namespace

std::optional<PureCopy> FindPureCopy(const sql::Query& query, std::span<const Input> inputs,
                                     const types::StructType& target) {
  const sql::Select* select = PlainSelect(query);
  if (select == nullptr) return std::nullopt;
  PureCopy copy{.source = InputOf(*select->from, inputs)};
  if (!copy.source) return std::nullopt;
  const types::StructType& schema = copy.source->schema();
  for (const sql::SelectItem& item : select->items) {
    if (!AddColumns(item.value, schema, copy.projection)) return std::nullopt;
  }
  const std::vector<std::size_t>& columns = copy.projection.columns;
  if (columns.size() != target.size()) return std::nullopt;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (schema.fields[columns[i]].type != target.fields[i].type) return std::nullopt;
  }
  return copy;
}

}  // namespace inlet::engine
