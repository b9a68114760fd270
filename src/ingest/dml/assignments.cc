#include <algorithm>

#include "base/option_map.h"
#include "ingest/dml/change_query_internal.h"
#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "sql/printer.h"

namespace inlet::ingest {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;

std::string PathText(const sql::ColumnPath& path) {
  std::string text;
  for (const std::string& part : path) {
    text += (text.empty() ? "" : ".") + types::QuoteIdentifier(part);
  }
  return text;
}

std::unexpected<Error> Unresolved(const sql::ColumnPath& path, const StructType& schema) {
  std::string names;
  for (const StructField& field : schema.fields) {
    names += (names.empty() ? "" : ", ") + types::QuoteIdentifier(field.name);
  }
  return Fail(Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION,
              {{"objectName", PathText(path)}, {"proposal", names}});
}

/// One value for a column or for something inside of it.
struct Assigned {
  sql::ColumnPath inside;  ///< Below the column; empty: all of it.
  Expression value;
};

/// `base` with the fields that are assigned to replaced.
Result<Expression> Replaced(Expression base, const StructField& field,
                            const std::vector<Assigned>& assigned, std::size_t depth) {
  for (const Assigned& one : assigned) {
    if (one.inside.size() != depth) continue;
    if (assigned.size() > 1) {
      return Fail(Condition::DELTA_CONFLICT_SET_COLUMN, {{"columnList", field.name}});
    }
    return one.value;
  }
  if (!field.type.is(types::TypeId::kStruct)) {
    return Fail(Condition::UNRESOLVED_FIELD, {{"columnPath", field.name},
                                              {"fieldName", assigned[0].inside[depth]},
                                              {"proposal", types::ToSql(field.type)}});
  }
  std::vector<Expression> arguments;
  std::size_t num_used = 0;
  for (const StructField& child : field.type.fields()) {
    std::vector<Assigned> of_child;
    for (const Assigned& one : assigned) {
      if (EqualsIgnoreCase(one.inside[depth], child.name)) of_child.push_back(one);
    }
    num_used += of_child.size();
    Expression value{.node = sql::FieldAccess{.base = base, .field = child.name}};
    if (!of_child.empty()) {
      value = TRY(Replaced(std::move(value), child, of_child, depth + 1));
    }
    arguments.push_back(parts::Text(child.name));
    arguments.push_back(parts::CastTo(std::move(value), child.type));
  }
  if (num_used < assigned.size()) {
    std::string names;
    for (const StructField& child : field.type.fields()) {
      names += (names.empty() ? "" : ", ") + types::QuoteIdentifier(child.name);
    }
    return Fail(Condition::UNRESOLVED_FIELD, {{"columnPath", field.name},
                                              {"fieldName", PathText(assigned[0].inside)},
                                              {"proposal", names}});
  }
  return parts::Call("named_struct", std::move(arguments));
}

}  // namespace

bool HasRules(const ChangedTable& table) {
  const bool generates = std::ranges::any_of(table.schema.fields, [](const StructField& field) {
    return GenerationOf(field).has_value();
  });
  return generates || std::ranges::any_of(table.snapshot.properties(), [](const auto& property) {
           return property.first.starts_with("delta.constraints.");
         });
}

Status CheckGivesIdentity(const StructField& field, bool inserts) {
  const std::optional<IdentityColumn> identity = IdentityOf(field);
  if (!identity || (inserts && identity->allows_given_values)) return Ok();
  return Fail(inserts ? Condition::DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED
                      : Condition::DELTA_IDENTITY_COLUMNS_UPDATE_NOT_SUPPORTED,
              {{"colName", field.name}});
}

Result<AssignedValues> ResolveAssignments(const ChangedTable& table,
                                          const std::vector<sql::Assignment>& assignments,
                                          bool inserts) {
  std::map<std::size_t, std::vector<Assigned>> by_column;
  for (const sql::Assignment& assignment : assignments) {
    sql::ColumnPath path = assignment.column;
    const bool is_qualified = path.size() > 1 && EqualsIgnoreCase(path[0], table.alias) &&
                              table.schema.Find(path[1]) != nullptr;
    if (is_qualified) path.erase(path.begin());
    const auto index = table.schema.IndexOf(path[0]);
    if (!index) return Unresolved(assignment.column, table.schema);
    const StructField& field = table.schema.fields[*index];
    TRY(CheckGivesIdentity(field, inserts));
    path.erase(path.begin());
    Expression value = assignment.value;
    if (value.As<sql::DefaultValue>() != nullptr) value = TRY(DefaultOf(field));
    by_column[*index].push_back({.inside = std::move(path), .value = std::move(value)});
  }
  AssignedValues values;
  for (const auto& [index, assigned] : by_column) {
    const StructField& field = table.schema.fields[index];
    values.emplace(index, TRY(Replaced(OldValue(table, field), field, assigned, 0)));
  }
  return values;
}

}  // namespace inlet::ingest
