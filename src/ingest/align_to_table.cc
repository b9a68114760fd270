#include "ingest/align_to_table.h"

#include <algorithm>

#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "sql/ast.h"
#include "sql/parser.h"

namespace inlet::ingest {
namespace {

using sql::Expression;
using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

Expression Column(std::string name) { return {.node = sql::ColumnRef{.parts = {std::move(name)}}}; }

Expression Null() { return {.node = sql::Literal{.type = TypeId::kVoid, .text = "NULL"}}; }

Expression Text(std::string text) {
  return {.node = sql::Literal{.type = TypeId::kString, .text = std::move(text)}};
}

Expression Call(std::string function, std::vector<Expression> arguments) {
  sql::FunctionCall call{.name = {.parts = {std::move(function)}}};
  for (Expression& argument : arguments) call.arguments.push_back({.value = std::move(argument)});
  return {.node = std::move(call)};
}

std::string SourceColumn(std::size_t index) { return "inlet_source_" + std::to_string(index); }

/// `query` as a table with the columns `names`.
sql::TableRef AsTable(sql::Query query, std::vector<std::string> names) {
  return {.node = sql::SubqueryTable{.query = std::move(query)},
          .alias = "inlet_source",
          .column_aliases = std::move(names)};
}

std::string NamesOf(const StructType& schema) {
  std::string names;
  for (const StructField& field : schema.fields) {
    names += (names.empty() ? "" : ", ") + types::QuoteIdentifier(field.name);
  }
  return names;
}

const StructField* FindField(const std::vector<StructField>& fields, std::string_view name) {
  const auto found = std::ranges::find_if(
      fields, [&](const StructField& field) { return EqualsIgnoreCase(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

/// Whether a cast by position puts every struct field where its name wants it.
bool HasSameFields(const DataType& from, const DataType& to) {
  if (from.id() != to.id()) return true;
  if (!from.is_nested()) return true;
  if (from.fields().size() != to.fields().size()) return false;
  for (std::size_t i = 0; i < from.fields().size(); ++i) {
    const bool is_named = to.is(TypeId::kStruct);
    if (is_named && !EqualsIgnoreCase(from.fields()[i].name, to.fields()[i].name)) return false;
    if (!HasSameFields(from.fields()[i].type, to.fields()[i].type)) return false;
  }
  return true;
}

/// `value` of type `from` with the struct fields of `to`, at every level.
Expression Reshaped(Expression value, const DataType& from, const DataType& to, int depth) {
  if (HasSameFields(from, to)) return value;
  const std::string element = "inlet_element_" + std::to_string(depth);
  const auto inner = [&](const DataType& inner_from, const DataType& inner_to) {
    return Reshaped(Column(element), inner_from, inner_to, depth + 1);
  };
  if (to.is(TypeId::kArray)) {
    return Call("transform", {std::move(value),
                              {.node = sql::Lambda{.parameters = {element},
                                                   .body = inner(from.element(), to.element())}}});
  }
  if (to.is(TypeId::kMap)) {
    const std::string key = "inlet_key_" + std::to_string(depth);
    return Call("transform_values",
                {std::move(value),
                 {.node = sql::Lambda{.parameters = {key, element},
                                      .body = inner(from.value(), to.value())}}});
  }
  std::vector<Expression> fields;
  for (const StructField& field : to.fields()) {
    fields.push_back(Text(field.name));
    const StructField* given = FindField(from.fields(), field.name);
    if (given == nullptr) {
      fields.push_back({.node = sql::Cast{.operand = Null(), .type = field.type}});
    } else {
      fields.push_back(Reshaped({.node = sql::FieldAccess{.base = value, .field = given->name}},
                                given->type, field.type, depth));
    }
  }
  sql::Case guard;
  guard.whens.push_back({.condition = {.node = sql::Is{.operand = value, .negated = true}},
                         .result = Call("named_struct", std::move(fields))});
  return {.node = std::move(guard)};
}

class Aligner {
 public:
  Aligner(const StructType& source, const TargetTable& table, const Alignment& alignment)
      : source_(source), table_(table), alignment_(alignment) {}

  Result<sql::Query> Run(sql::Query query) const {
    TRY(CheckIdentities());
    if (NeedsMapping()) query = TRY(Mapped(std::move(query)));
    if (HasGenerated()) query = TRY(Generated(std::move(query)));
    return Checked(std::move(query));
  }

 private:
  const std::vector<StructField>& columns() const { return table_.schema.fields; }
  const std::optional<std::size_t>& source_of(std::size_t column) const {
    return alignment_.source_of[column];
  }

  /// Columns that are always counted take no value.
  Status CheckIdentities() const {
    for (std::size_t i = 0; i < columns().size(); ++i) {
      const auto identity = IdentityOf(columns()[i]);
      const bool is_given = source_of(i) || alignment_.fixed_values.contains(columns()[i].name);
      if (identity && is_given && !identity->allows_given_values) {
        return Fail(Condition::DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED,
                    {{"colName", columns()[i].name}});
      }
    }
    return Ok();
  }

  bool HasGenerated() const {
    return std::ranges::any_of(
        columns(), [](const StructField& field) { return GenerationOf(field).has_value(); });
  }

  bool NeedsMapping() const {
    if (source_.size() != columns().size() || HasGenerated()) return true;
    for (std::size_t i = 0; i < columns().size(); ++i) {
      if (source_of(i) != i) return true;
      if (alignment_.structs_by_name && !HasSameFields(source_.fields[i].type, columns()[i].type)) {
        return true;
      }
    }
    return false;
  }

  Result<Expression> ValueOf(std::size_t column) const {
    const StructField& field = columns()[column];
    if (source_of(column)) {
      const std::size_t source = *source_of(column);
      if (!alignment_.structs_by_name) return Column(SourceColumn(source));
      return Reshaped(Column(SourceColumn(source)), source_.fields[source].type, field.type, 0);
    }
    const auto fixed = alignment_.fixed_values.find(field.name);
    if (fixed != alignment_.fixed_values.end()) return fixed->second;
    if (const auto identity = IdentityOf(field)) return NextIdentity(*identity);
    return DefaultOf(field);
  }

  Result<sql::Query> Mapped(sql::Query query) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < source_.size(); ++i) names.push_back(SourceColumn(i));
    sql::Select select{.from = AsTable(std::move(query), std::move(names))};
    const bool has_generated = HasGenerated();
    for (std::size_t i = 0; i < columns().size(); ++i) {
      Expression value = TRY(ValueOf(i));
      // Only what a generation expression refers to needs its type at once.
      if (has_generated) {
        value = {.node = sql::Cast{.operand = std::move(value), .type = columns()[i].type}};
      }
      select.items.push_back({.value = std::move(value), .alias = columns()[i].name});
    }
    return sql::Query{.body = std::move(select)};
  }

  /// Computes the generated columns that were left out from the others.
  Result<sql::Query> Generated(sql::Query mapped) const {
    sql::Select select{.from = AsTable(std::move(mapped), {})};
    for (std::size_t i = 0; i < columns().size(); ++i) {
      const std::optional<std::string> expression = GenerationOf(columns()[i]);
      Expression value = Column(columns()[i].name);
      if (expression && !source_of(i)) value = TRY(sql::ParseExpression(*expression));
      select.items.push_back({.value = std::move(value), .alias = columns()[i].name});
    }
    return sql::Query{.body = std::move(select)};
  }

  Result<std::vector<RowCheck>> Checks() const {
    std::vector<RowCheck> checks = TRY(ChecksOf(table_.properties));
    for (std::size_t i = 0; i < columns().size(); ++i) {
      const StructField& field = columns()[i];
      if (GenerationOf(field) && source_of(i)) checks.push_back(TRY(GenerationCheck(field)));
    }
    return checks;
  }

  /// Keeps rows only where every check holds; the first that does not fails the query.
  Result<sql::Query> Checked(sql::Query query) const {
    const std::vector<RowCheck> checks = TRY(Checks());
    if (checks.empty()) return query;
    std::vector<std::string> names;
    for (const StructField& field : columns()) names.push_back(field.name);
    sql::Select select{.from = AsTable(std::move(query), std::move(names))};
    for (const StructField& field : columns()) {
      select.items.push_back({.value = Column(field.name), .alias = field.name});
    }
    std::vector<Expression> guards;
    for (const RowCheck& check : checks) guards.push_back(GuardOf(check, table_.schema));
    select.where = parts::And(std::move(guards));
    return sql::Query{.body = std::move(select)};
  }

  const StructType& source_;
  const TargetTable& table_;
  const Alignment& alignment_;
};

}  // namespace

Result<Alignment> AlignByName(const StructType& source, const TargetTable& table) {
  Alignment alignment{.source_of = std::vector<std::optional<std::size_t>>(table.schema.size())};
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto index = table.schema.IndexOf(source.fields[i].name);
    if (!index) {
      return Fail(
          Condition::DELTA_METADATA_MISMATCH,
          {{"message", "the table has no column " + types::QuoteIdentifier(source.fields[i].name)},
           {"tableSchema", types::ToDdl(table.schema)},
           {"dataSchema", types::ToDdl(source)}});
    }
    if (alignment.source_of[*index]) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS,
                  {{"columnName", types::QuoteIdentifier(source.fields[i].name)}});
    }
    alignment.source_of[*index] = i;
  }
  return alignment;
}

Result<std::vector<std::size_t>> PlacesOf(const std::vector<std::string>& names,
                                          const TargetTable& table) {
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto index = table.schema.IndexOf(name);
    if (!index) {
      return Fail(Condition::DELTA_MISSING_COLUMN, {{"columnName", types::QuoteIdentifier(name)},
                                                    {"columnList", NamesOf(table.schema)}});
    }
    if (std::ranges::find(places, *index) != places.end()) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS, {{"columnName", types::QuoteIdentifier(name)}});
    }
    places.push_back(*index);
  }
  return places;
}

Expression WithFieldsOf(Expression value, const DataType& from, const DataType& to) {
  return Reshaped(std::move(value), from, to, 0);
}

Result<sql::Query> AlignToTable(sql::Query query, const StructType& source,
                                const TargetTable& table, const Alignment& alignment) {
  return Aligner(source, table, alignment).Run(std::move(query));
}

}  // namespace inlet::ingest
