#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <spark/connect/relations.pb.h>

#include <algorithm>
#include <memory>

#include "server/spark_connect/cells.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/literals.h"
#include "server/spark_connect/nullability.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/show_string.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/function_table.h"
#include "sql/walk.h"
#include "types/time_zone.h"
#include "workspace/row_table.h"

/// Relations with one input.
namespace inlet::server {
namespace {

using sql::Expression;
using types::StructType;
using types::TypeId;
using Message = spark::connect::Expression;
using Messages = std::vector<const Message*>;

Messages PointersTo(const google::protobuf::RepeatedPtrField<Message>& messages) {
  Messages pointers;
  for (const Message& message : messages) pointers.push_back(&message);
  return pointers;
}

bool IsGenerator(const Expression& expression) {
  const auto* call = expression.As<sql::FunctionCall>();
  if (call == nullptr || call->name.parts.empty()) return false;
  constexpr std::string_view kGenerators[] = {
      "explode", "explode_outer", "posexplode", "posexplode_outer", "inline",
      "stack",   "inline_outer",  "json_tuple", "variant_explode",  "variant_explode_outer"};
  const std::string name = ToLower(call->name.parts.back());
  return std::find(std::begin(kGenerators), std::end(kGenerators), name) != std::end(kGenerators);
}

/// hash(*) is hash() of all columns; only count(*) keeps its star.
void ExpandStars(const Frame& input, Expression& expression) {
  if (auto* call = expression.As<sql::FunctionCall>();
      call != nullptr && !call->name.parts.empty() &&
      !EqualsIgnoreCase(call->name.parts.back(), "count")) {
    std::vector<sql::FunctionCall::Argument> expanded;
    for (sql::FunctionCall::Argument& argument : call->arguments) {
      const auto* star = argument.value.As<sql::Star>();
      if (star == nullptr || !star->qualifier.empty()) {
        expanded.push_back(std::move(argument));
        continue;
      }
      for (const OutputColumn& column : input.columns) {
        expanded.push_back({.value = ColumnOf(column.name)});
      }
    }
    call->arguments = std::move(expanded);
  }
  sql::ForEachChild(
      expression, [&](Expression& child) { ExpandStars(input, child); }, [](sql::Query&) {});
}

/// A pattern of Java for names of columns, between back-ticks.
Result<std::vector<const OutputColumn*>> Matching(const Frame& frame, std::string pattern) {
  if (pattern.size() >= 2 && pattern.front() == '`' && pattern.back() == '`') {
    pattern = pattern.substr(1, pattern.size() - 2);
  }
  std::vector<const OutputColumn*> found;
  int error = 0;
  PCRE2_SIZE error_offset = 0;
  const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_CASELESS, &error, &error_offset,
                    nullptr),
      pcre2_code_free);
  if (code == nullptr) {
    return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "regex"},
                                                     {"functionName", "colRegex"},
                                                     {"message", "it is no pattern: " + pattern}});
  }
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create_from_pattern(code.get(), nullptr), pcre2_match_data_free);
  for (const OutputColumn& column : frame.columns) {
    const int count = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(column.name.data()),
                                  column.name.size(), 0, 0, match.get(), nullptr);
    if (count >= 0) found.push_back(&column);
  }
  return found;
}

const Scope::Entry* EntryOf(const Scope& scope, const OutputColumn* column) {
  for (const Scope::Entry& entry : scope.entries()) {
    if (entry.column == column) return &entry;
  }
  return nullptr;
}

bool IsUnresolved(const Error& error) {
  return error.condition == Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION ||
         error.condition == Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION;
}

/// The query of a frame if a LIMIT may be set on it, or a new one around it.
sql::Query Limitable(const Frame& frame) {
  if (const auto* table = frame.table.As<sql::SubqueryTable>();
      table != nullptr && frame.table.column_aliases.empty() && !table->query->limit &&
      !table->query->offset) {
    return *table->query;
  }
  return SelectAll(frame);
}

Result<std::vector<Expression>> ColumnsByName(const Frame& frame,
                                              const std::vector<std::string>& names) {
  std::vector<Expression> columns;
  for (const std::string& name : names) {
    Expression column = ColumnOf(TRY(ParseNameParts(name)));
    TRY(Scope(frame).Resolve(column));
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

// ---- Select lists

Result<std::vector<NamedExpression>> RelationTranslator::Items(const Frame& input,
                                                               const Messages& expressions) {
  ExpressionTranslator translator = ExpressionsOver(input);
  std::vector<NamedExpression> items;
  for (const Message* expression : expressions) {
    if (expression->has_unresolved_regex()) {
      for (const OutputColumn* column :
           TRY(Matching(input, expression->unresolved_regex().col_name()))) {
        items.push_back({.value = ColumnOf(column->name)});
      }
      continue;
    }
    items.push_back(TRY(translator.TranslateNamed(*expression)));
    ExpandStars(input, items.back().value);
  }
  return items;
}

Result<Frame> RelationTranslator::ProjectItems(const Frame& input,
                                               std::vector<NamedExpression> items, PlanId id) {
  const Scope scope(input);
  std::vector<ProjectedColumn> columns;
  std::optional<std::size_t> generator;
  std::vector<std::string> generated_names;
  for (NamedExpression& item : items) {
    if (const auto* star = item.value.As<sql::Star>()) {
      const auto& qualifier = star->qualifier;
      const std::size_t before = columns.size();
      for (const Scope::Entry& entry : scope.entries()) {
        const auto& own = entry.column->qualifier;
        const bool is_meant =
            qualifier.size() <= own.size() &&
            std::equal(qualifier.rbegin(), qualifier.rend(), own.rbegin(),
                       [](const auto& a, const auto& b) { return EqualsIgnoreCase(a, b); });
        if (is_meant) columns.push_back(PassThrough(entry));
      }
      if (columns.size() == before && !qualifier.empty()) {
        Expression base = ColumnOf(qualifier);
        const types::DataType type = TRY(TypeOver(input, base));
        if (!type.is(TypeId::kStruct)) {
          return Fail(Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION,
                      {{"objectName", types::QuoteIdentifier(qualifier.back()) + ".*"}});
        }
        TRY(scope.Resolve(base));
        for (const auto& field : type.fields()) {
          columns.push_back({.value = {.node = sql::FieldAccess{.base = base, .field = field.name}},
                             .column = {.name = field.name}});
        }
      }
      continue;
    }
    if (IsGenerator(item.value)) {
      if (generator) return FailUnsupported("more than one generator in a select list");
      generator = columns.size();
      generated_names = item.names;
    }
    ProjectedColumn column;
    if (const OutputColumn* found = TRY(scope.FindColumn(item.value));
        found != nullptr && item.names.empty()) {
      column = PassThrough(*EntryOf(scope, found));
    } else {
      column.column.name = item.names.empty() ? NameOf(item.value) : item.names[0];
      SetNulls(NullsOf(item.value, scope), column.column);
      column.column.metadata = item.metadata;
      TRY(scope.Resolve(item.value));
      column.value = std::move(item.value);
    }
    columns.push_back(std::move(column));
  }
  if (!generator) return server::Project(input, std::move(columns), id);
  // What a generator gives, its types tell: the engine is asked.
  sql::Select select{.from = input.table};
  UniqueNames names;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    sql::SelectItem item{.value = columns[i].value};
    if (i != *generator) {
      item.alias = names.Add("inlet_" + std::to_string(i));
    } else if (generated_names.size() == 1) {
      item.alias = generated_names[0];
    } else {
      item.column_aliases = generated_names;
    }
    select.items.push_back(std::move(item));
  }
  Frame frame = TRY(Leaf(AsTable({.body = std::move(select)}), {}, id));
  const std::size_t num_generated = frame.columns.size() + 1 - columns.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i == *generator) continue;
    OutputColumn& column = frame.columns[i < *generator ? i : i + num_generated - 1];
    column.name = columns[i].column.name;
    column.qualifier = columns[i].column.qualifier;
    column.nullable = columns[i].column.nullable;
    column.nulls_inside = columns[i].column.nulls_inside;
    if (columns[i].column.type) column.type = columns[i].column.type;
    column.plan_ids.insert(column.plan_ids.end(), columns[i].column.plan_ids.begin(),
                           columns[i].column.plan_ids.end());
  }
  return frame;
}

Result<Frame> RelationTranslator::Project(const spark::connect::Project& project, PlanId id) {
  Frame input{
      .table = AsTable({.body = sql::Select{.items = {{.value = NullLiteral(), .alias = "#"}}}})};
  if (project.has_input()) {
    input = Nameable(TRY(Translate(project.input())), PointersTo(project.expressions()));
  }
  return ProjectItems(input, TRY(Items(input, PointersTo(project.expressions()))), id);
}

Result<types::DataType> RelationTranslator::TypeOver(const Frame& input,
                                                     const Expression& expression) {
  sql::Select select{.from = input.table};
  Expression resolved = expression;
  TRY(Scope(input).Resolve(resolved));
  select.items.push_back({.value = std::move(resolved), .alias = "value"});
  const auto schema = TRY(Describe({.body = std::move(select)}));
  return schema.fields.at(0).type;
}

Result<Frame> RelationTranslator::WithColumns(const spark::connect::WithColumns& message,
                                              PlanId id) {
  Messages values;
  for (const auto& alias : message.aliases()) values.push_back(&alias.expr());
  const Frame input = Nameable(TRY(Translate(message.input())), values);
  const Scope scope(input);
  ExpressionTranslator translator = ExpressionsOver(input);
  std::vector<std::pair<std::string, Expression>> added;
  std::vector<OutputColumn> added_columns;
  for (const auto& alias : message.aliases()) {
    if (alias.name_size() != 1) {
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "withColumns needs one name for each column"}});
    }
    Expression value = TRY(translator.Translate(alias.expr()));
    if (IsGenerator(value)) {
      std::vector<NamedExpression> items = {{.value = {.node = sql::Star{}}},
                                            {.value = std::move(value), .names = {alias.name(0)}}};
      return ProjectItems(input, std::move(items), id);
    }
    OutputColumn& column = added_columns.emplace_back(
        OutputColumn{.name = alias.name(0), .metadata = MetadataOf(alias.metadata())});
    SetNulls(NullsOf(value, scope), column);
    TRY(scope.Resolve(value));
    added.emplace_back(alias.name(0), std::move(value));
  }
  std::vector<ProjectedColumn> columns;
  std::vector<bool> used(added.size(), false);
  for (const Scope::Entry& entry : scope.entries()) {
    ProjectedColumn column = PassThrough(entry);
    for (std::size_t i = 0; i < added.size(); ++i) {
      if (!EqualsIgnoreCase(added[i].first, entry.column->name)) continue;
      column = {.value = added[i].second, .column = added_columns[i]};
      used[i] = true;
    }
    columns.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < added.size(); ++i) {
    if (used[i]) continue;
    columns.push_back({.value = added[i].second, .column = added_columns[i]});
  }
  return server::Project(input, std::move(columns), id);
}

Result<Frame> RelationTranslator::Rename(const spark::connect::WithColumnsRenamed& message,
                                         PlanId id) {
  Frame frame = TRY(Translate(message.input()));
  const auto rename = [&](const std::string& from, const std::string& to) {
    for (OutputColumn& column : frame.columns) {
      if (!EqualsIgnoreCase(column.name, from)) continue;
      column.name = to;
      column.qualifier.clear();
      column.plan_ids.clear();
    }
  };
  for (const auto& [from, to] : message.rename_columns_map()) rename(from, to);
  for (const auto& pair : message.renames()) rename(pair.col_name(), pair.new_col_name());
  frame.below = nullptr;
  for (OutputColumn& column : frame.columns) {
    if (id) column.plan_ids.push_back(*id);
  }
  return frame;
}

Result<Frame> RelationTranslator::ToDf(const spark::connect::ToDF& message, PlanId id) {
  Frame frame = TRY(Translate(message.input()));
  if (static_cast<std::size_t>(message.column_names_size()) != frame.columns.size()) {
    return Fail(Condition::ASSIGNMENT_ARITY_MISMATCH,
                {{"numTarget", std::to_string(message.column_names_size())},
                 {"numExpr", std::to_string(frame.columns.size())}});
  }
  for (std::size_t i = 0; i < frame.columns.size(); ++i) {
    OutputColumn& column = frame.columns[i];
    column.name = message.column_names(static_cast<int>(i));
    column.qualifier.clear();
    column.plan_ids.clear();
    if (id) column.plan_ids.push_back(*id);
  }
  frame.below = nullptr;
  return frame;
}

Result<Frame> RelationTranslator::ToSchema(const spark::connect::ToSchema& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const StructType schema = TRY(ColumnsFromMessage(message.schema()));
  std::vector<NamedExpression> items;
  for (const auto& field : schema.fields) {
    Expression value = ColumnOf(field.name);
    Expression probe = value;
    if (field.nullable && !Scope(input).Resolve(probe)) value = NullLiteral();
    items.push_back({.value = CastTo(std::move(value), field.type), .names = {field.name}});
  }
  return ProjectItems(input, std::move(items), id);
}

Result<Frame> RelationTranslator::Drop(const spark::connect::Drop& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const Scope scope(input);
  std::vector<const OutputColumn*> dropped;
  ExpressionTranslator translator = ExpressionsOver(input);
  for (const Message& expression : message.columns()) {
    const Expression column = TRY(translator.Translate(expression));
    // A column that is not there is dropped already.
    if (const auto found = scope.FindColumn(column); found && *found != nullptr) {
      dropped.push_back(*found);
    }
  }
  std::vector<ProjectedColumn> kept;
  for (const Scope::Entry& entry : scope.entries()) {
    const bool by_name = std::any_of(
        message.column_names().begin(), message.column_names().end(),
        [&](const std::string& name) { return EqualsIgnoreCase(name, entry.column->name); });
    const bool by_column = std::find(dropped.begin(), dropped.end(), entry.column) != dropped.end();
    if (!by_name && !by_column) kept.push_back(PassThrough(entry));
  }
  return server::Project(input, std::move(kept), id);
}

// ---- Rows

template <class Change>
Result<Frame> RelationTranslator::WithHidden(const Frame& input, PlanId id, const Change& change) {
  Result<Frame> plain = change(input);
  if (plain || !IsUnresolved(plain.error())) return plain;
  const std::optional<Frame> wider = WithColumnsBelow(input);
  if (!wider) return plain;
  Result<Frame> changed = change(*wider);
  if (!changed) return plain;
  const Scope scope(*changed);
  std::vector<ProjectedColumn> columns;
  for (std::size_t i = 0; i < input.columns.size(); ++i) {
    columns.push_back(PassThrough(scope.entries()[i]));
  }
  return server::Project(*changed, std::move(columns), id);
}

Result<Frame> RelationTranslator::Filter(const spark::connect::Filter& message, PlanId id) {
  const Frame input = Nameable(TRY(Translate(message.input())), {&message.condition()});
  return WithHidden(input, id, [&](const Frame& frame) -> Result<Frame> {
    sql::Query query = SelectAll(frame);
    std::get<sql::Select>(query.body).where = TRY(TranslateOver(frame, message.condition()));
    return FrameOf(std::move(query), frame.columns, id);
  });
}

Result<Frame> RelationTranslator::Sort(const spark::connect::Sort& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  return WithHidden(input, id, [&](const Frame& frame) -> Result<Frame> {
    sql::Query query = SelectAll(frame);
    const Scope scope(frame);
    ExpressionTranslator translator = ExpressionsOver(frame);
    for (const auto& order : message.order()) {
      sql::SortItem item = TRY(translator.TranslateSort(order));
      TRY(scope.Resolve(item.value));
      // A literal would be a position of the select list.
      if (item.value.As<sql::Literal>() != nullptr) continue;
      query.order_by.push_back(std::move(item));
    }
    return FrameOf(std::move(query), frame.columns, id);
  });
}

Result<Frame> RelationTranslator::Limit(Frame input, std::int64_t limit, PlanId id) {
  if (limit < 0) {
    return Fail(Condition::INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE,
                {{"name", "limit"}, {"v", std::to_string(limit)}});
  }
  sql::Query query = Limitable(input);
  query.limit = LongLiteral(limit);
  return FrameOf(std::move(query), std::move(input.columns), id);
}

Result<Frame> RelationTranslator::Offset(Frame input, std::int64_t offset, PlanId id) {
  if (offset < 0) {
    return Fail(Condition::INVALID_LIMIT_LIKE_EXPRESSION_IS_NEGATIVE,
                {{"name", "offset"}, {"v", std::to_string(offset)}});
  }
  sql::Query query = Limitable(input);
  query.offset = LongLiteral(offset);
  return FrameOf(std::move(query), std::move(input.columns), id);
}

Result<Frame> RelationTranslator::Tail(const spark::connect::Tail& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  sql::Select count{.from = input.table};
  count.items.push_back({.value = CallOf("count", {LongLiteral(1)}), .alias = "n"});
  sql::Query query = SelectAll(input);
  // The offset of the last rows needs their number, which only a run tells.
  const auto rows = TRY(
      Collect(FrameOf({.body = std::move(count)}, {{.name = "n", .physical = "n"}}, std::nullopt)));
  query.offset = LongLiteral(std::max<std::int64_t>(FirstLong(rows) - message.limit(), 0));
  return FrameOf(std::move(query), input.columns, id);
}

Result<Frame> RelationTranslator::Deduplicate(const spark::connect::Deduplicate& message,
                                              PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  if (message.all_columns_as_keys() || message.column_names().empty()) {
    sql::Query query = SelectAll(input);
    std::get<sql::Select>(query.body).is_distinct = true;
    return FrameOf(std::move(query), input.columns, id);
  }
  sql::WindowSpec window;
  for (const std::string& name : message.column_names()) {
    bool is_known = false;
    for (const OutputColumn& column : input.columns) {
      if (!EqualsIgnoreCase(column.name, name)) continue;
      window.partition_by.push_back(ColumnOf(column.physical));
      is_known = true;
    }
    if (!is_known) TRY(ColumnsByName(input, {name}));
  }
  sql::FunctionCall number = FunctionOf("row_number", {});
  window.order_by.push_back({.value = LongLiteral(1)});
  number.over = std::move(window);
  sql::Query query = SelectAll(input);
  std::get<sql::Select>(query.body).qualify =
      BinaryOf(sql::BinaryOperator::kEqual, {.node = std::move(number)}, LongLiteral(1));
  return FrameOf(std::move(query), input.columns, id);
}

// ---- Groups

Result<Frame> RelationTranslator::Aggregate(const spark::connect::Aggregate& message, PlanId id) {
  using Kind = spark::connect::Aggregate;
  const Frame input = TRY(Translate(message.input()));
  if (message.group_type() == Kind::GROUP_TYPE_PIVOT) return Pivot(message, input, id);
  const Scope scope(input);
  std::vector<NamedExpression> groups =
      TRY(Items(input, PointersTo(message.grouping_expressions())));
  std::vector<NamedExpression> items =
      TRY(Items(input, PointersTo(message.aggregate_expressions())));
  sql::Select select{.from = input.table};
  std::vector<std::vector<Expression>> keys;
  for (const NamedExpression& group : groups) {
    Expression key = group.value;
    TRY(scope.Resolve(key));
    keys.push_back({std::move(key)});
  }
  if (!keys.empty()) {
    sql::GroupBy by;
    switch (message.group_type()) {
      case Kind::GROUP_TYPE_ROLLUP:
        by.items.push_back({.kind = sql::GroupBy::Kind::kRollup, .sets = keys});
        break;
      case Kind::GROUP_TYPE_CUBE:
        by.items.push_back({.kind = sql::GroupBy::Kind::kCube, .sets = keys});
        break;
      case Kind::GROUP_TYPE_GROUPING_SETS: {
        sql::GroupBy::Item sets{.kind = sql::GroupBy::Kind::kGroupingSets};
        for (const auto& set : message.grouping_sets()) {
          std::vector<Expression>& columns = sets.sets.emplace_back();
          for (const Message& column : set.grouping_set()) {
            columns.push_back(TRY(TranslateOver(input, column)));
          }
        }
        by.items.push_back(std::move(sets));
        break;
      }
      default:
        for (auto& key : keys) by.items.push_back({.sets = {key}});
    }
    select.group_by = std::move(by);
  }
  const std::size_t num_groups = groups.size();
  const bool has_several_sets = message.group_type() != Kind::GROUP_TYPE_GROUPBY;
  groups.insert(groups.end(), std::make_move_iterator(items.begin()),
                std::make_move_iterator(items.end()));
  std::vector<OutputColumn> columns;
  UniqueNames names;
  for (NamedExpression& item : groups) {
    OutputColumn column;
    if (const OutputColumn* found = TRY(scope.FindColumn(item.value));
        found != nullptr && item.names.empty()) {
      column = *found;
    } else {
      column.name = item.names.empty() ? NameOf(item.value) : item.names[0];
      SetNulls(NullsOf(item.value, scope), column);
      column.metadata = item.metadata;
    }
    if (has_several_sets && columns.size() < num_groups) column.nullable = true;
    column.physical = names.Add(column.name);
    TRY(scope.Resolve(item.value));
    select.items.push_back({.value = std::move(item.value), .alias = column.physical});
    columns.push_back(std::move(column));
  }
  if (columns.empty())
    select.items.push_back({.value = CallOf("count", {LongLiteral(1)}), .alias = "#"});
  return FrameOf({.body = std::move(select)}, std::move(columns), id);
}

namespace {

/// Gives every aggregate function in the tree the filter; says how many there were.
int FilterAggregates(Expression& expression, const Expression& filter) {
  auto* call = expression.As<sql::FunctionCall>();
  const sql::FunctionRule* rule = call != nullptr && call->name.parts.size() == 1 && !call->over
                                      ? sql::FindFunction(call->name.parts[0])
                                      : nullptr;
  if (rule != nullptr && rule->kind == sql::FunctionKind::kAggregate) {
    call->filter = call->filter ? AllOf({*call->filter, filter}) : filter;
    return 1;
  }
  int count = 0;
  sql::ForEachChild(
      expression, [&](Expression& child) { count += FilterAggregates(child, filter); },
      [](sql::Query&) {});
  return count;
}

}  // namespace

/// Each value of the pivot column is a set of aggregates over its rows alone; NULL where a group
/// has none.
Result<Frame> RelationTranslator::Pivot(const spark::connect::Aggregate& message,
                                        const Frame& input, PlanId id) {
  const Scope scope(input);
  std::vector<NamedExpression> groups =
      TRY(Items(input, PointersTo(message.grouping_expressions())));
  std::vector<NamedExpression> aggregates =
      TRY(Items(input, PointersTo(message.aggregate_expressions())));
  const Expression pivot = TRY(TranslateOver(input, message.pivot().col()));
  std::vector<std::pair<Expression, std::string>> values;
  for (const auto& literal : message.pivot().values()) {
    Expression value = TRY(FromLiteral(literal));
    const auto* text = value.As<sql::Literal>();
    std::string name = text == nullptr                ? NameOf(value)
                       : text->type.is(TypeId::kVoid) ? "null"
                                                      : text->text;
    values.emplace_back(std::move(value), std::move(name));
  }
  if (values.empty()) {
    sql::Select distinct{.is_distinct = true, .from = input.table};
    distinct.items.push_back({.value = CastTo(pivot, TypeId::kString), .alias = "v"});
    distinct.items.push_back({.value = pivot, .alias = "k"});
    sql::Query query{.body = std::move(distinct)};
    query.order_by.push_back({.value = ColumnOf("k")});
    constexpr std::int64_t kMaxValues = 10000;
    query.limit = LongLiteral(kMaxValues);
    const types::DataType type = TRY(TypeOfResolved(input, pivot));
    const auto rows = TRY(Collect(
        FrameOf(std::move(query), {{.name = "v", .physical = "v"}, {.name = "k", .physical = "k"}},
                std::nullopt)));
    for (const std::optional<std::string>& text : TextsOf(rows, 0)) {
      Expression value = text ? CastTo(TextLiteral(*text), type) : NullLiteral();
      values.emplace_back(std::move(value), text.value_or("null"));
    }
  }
  sql::Select select{.from = input.table};
  std::vector<OutputColumn> columns;
  UniqueNames names;
  sql::GroupBy by;
  for (NamedExpression& group : groups) {
    OutputColumn column;
    if (const OutputColumn* found = TRY(scope.FindColumn(group.value));
        found != nullptr && group.names.empty()) {
      column = *found;
    } else {
      column.name = group.names.empty() ? NameOf(group.value) : group.names[0];
    }
    column.physical = names.Add(column.name);
    TRY(scope.Resolve(group.value));
    by.items.push_back({.sets = {{group.value}}});
    select.items.push_back({.value = std::move(group.value), .alias = column.physical});
    columns.push_back(std::move(column));
  }
  if (!by.items.empty()) select.group_by = std::move(by);
  for (const auto& [value, name] : values) {
    const Expression is_meant = BinaryOf(sql::BinaryOperator::kNullSafeEqual, pivot, value);
    for (const NamedExpression& aggregate : aggregates) {
      Expression filtered = aggregate.value;
      TRY(scope.Resolve(filtered));
      if (FilterAggregates(filtered, is_meant) == 0) {
        return FailUnsupported("a pivot without an aggregate function");
      }
      sql::FunctionCall count = FunctionOf("count", {LongLiteral(1)});
      count.filter = is_meant;
      Expression some =
          BinaryOf(sql::BinaryOperator::kGreater, {.node = std::move(count)}, LongLiteral(0));
      OutputColumn column{.name = name};
      if (aggregates.size() > 1) {
        column.name +=
            "_" + (aggregate.names.empty() ? NameOf(aggregate.value) : aggregate.names[0]);
      }
      column.physical = names.Add(column.name);
      select.items.push_back(
          {.value = CaseOf(std::move(some), std::move(filtered)), .alias = column.physical});
      columns.push_back(std::move(column));
    }
  }
  return FrameOf({.body = std::move(select)}, std::move(columns), id);
}

Result<types::DataType> RelationTranslator::TypeOfResolved(const Frame& input,
                                                           const Expression& expression) {
  sql::Select select{.from = input.table};
  select.items.push_back({.value = expression, .alias = "value"});
  const auto schema = TRY(Describe({.body = std::move(select)}));
  return schema.fields.at(0).type;
}

Result<Frame> RelationTranslator::Unpivot(const spark::connect::Unpivot& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  const Scope scope(input);
  std::vector<NamedExpression> ids = TRY(Items(input, PointersTo(message.ids())));
  std::vector<NamedExpression> values = TRY(Items(input, PointersTo(message.values().values())));
  if (!message.has_values()) {
    for (const OutputColumn& column : input.columns) {
      const bool is_id = std::any_of(ids.begin(), ids.end(), [&](const NamedExpression& item) {
        return EqualsIgnoreCase(NameOf(item.value), column.name);
      });
      if (!is_id) values.push_back({.value = ColumnOf(column.name)});
    }
  }
  if (values.empty()) return Fail(Condition::UNPIVOT_REQUIRES_VALUE_COLUMNS, {});
  std::string text_columns;
  std::string other_columns;
  for (const NamedExpression& value : values) {
    const types::DataType type = TRY(TypeOver(input, value.value));
    std::string& list = type.is(TypeId::kString) ? text_columns : other_columns;
    if (type.is(TypeId::kVoid)) continue;
    list += (list.empty() ? "" : ", ") + std::string("\"") + types::ToSql(type) + "\" (" +
            types::QuoteIdentifier(NameOf(value.value)) + ")";
  }
  if (!text_columns.empty() && !other_columns.empty()) {
    return Fail(Condition::UNPIVOT_VALUE_DATA_TYPE_MISMATCH,
                {{"types", text_columns + ", " + other_columns}});
  }
  // One struct for each value column, then a row for each struct.
  std::vector<Expression> pairs;
  for (NamedExpression& value : values) {
    const std::string name = value.names.empty() ? NameOf(value.value) : value.names[0];
    TRY(scope.Resolve(value.value));
    pairs.push_back(CallOf("named_struct", {TextLiteral("variable"), TextLiteral(name),
                                            TextLiteral("value"), std::move(value.value)}));
  }
  std::vector<NamedExpression> items;
  for (NamedExpression& item : ids) items.push_back(std::move(item));
  items.push_back({.value = CallOf("inline", {CallOf("array", std::move(pairs))}),
                   .names = {message.variable_column_name(), message.value_column_name()}});
  // The pairs are resolved already: physical names are found again only when they are unique.
  return ProjectResolvedLast(input, std::move(items), id);
}

Result<Frame> RelationTranslator::ProjectResolvedLast(const Frame& input,
                                                      std::vector<NamedExpression> items,
                                                      PlanId id) {
  const Scope scope(input);
  sql::Select select{.from = input.table};
  std::vector<OutputColumn> columns;
  UniqueNames names;
  for (std::size_t i = 0; i + 1 < items.size(); ++i) {
    OutputColumn column{.name =
                            items[i].names.empty() ? NameOf(items[i].value) : items[i].names[0]};
    if (const OutputColumn* found = TRY(scope.FindColumn(items[i].value)); found != nullptr) {
      column.plan_ids = found->plan_ids;
      column.qualifier = found->qualifier;
    }
    column.physical = names.Add(column.name);
    TRY(scope.Resolve(items[i].value));
    select.items.push_back({.value = std::move(items[i].value), .alias = column.physical});
    columns.push_back(std::move(column));
  }
  NamedExpression& last = items.back();
  std::vector<std::string> physical;
  for (const std::string& name : last.names) {
    columns.push_back({.name = name, .physical = names.Add(name)});
    physical.push_back(columns.back().physical);
  }
  select.items.push_back({.value = std::move(last.value), .column_aliases = std::move(physical)});
  return FrameOf({.body = std::move(select)}, std::move(columns), id);
}

Result<Frame> RelationTranslator::CollectMetrics(const spark::connect::CollectMetrics& message,
                                                 PlanId id) {
  Frame input = TRY(Translate(message.input()));
  const Scope scope(input);
  std::vector<NamedExpression> items = TRY(Items(input, PointersTo(message.metrics())));
  sql::Select select{.from = input.table};
  std::vector<OutputColumn> columns;
  UniqueNames names;
  for (NamedExpression& item : items) {
    OutputColumn column{.name = item.names.empty() ? NameOf(item.value) : item.names[0]};
    column.physical = names.Add(column.name);
    TRY(scope.Resolve(item.value));
    select.items.push_back({.value = std::move(item.value), .alias = column.physical});
    columns.push_back(std::move(column));
  }
  observations_.push_back(
      {.name = message.name(),
       .plan_id = id.value_or(0),
       .metrics = FrameOf({.body = std::move(select)}, std::move(columns), {})});
  return input;
}

Result<Frame> RelationTranslator::ShowString(const spark::connect::Relation& relation) {
  const bool is_html = relation.has_html_string();
  const auto& input = is_html ? relation.html_string().input() : relation.show_string().input();
  ShowOptions show;
  show.num_rows = is_html ? relation.html_string().num_rows() : relation.show_string().num_rows();
  show.truncate = is_html ? relation.html_string().truncate() : relation.show_string().truncate();
  show.vertical = !is_html && relation.show_string().vertical();
  constexpr int kMaxShown = 1 << 20;
  show.num_rows = std::clamp(show.num_rows, 0, kMaxShown);
  const Frame frame = TRY(Limit(TRY(Translate(input)), show.num_rows + 1, std::nullopt));
  const workspace::QueryResult result = TRY(Run(frame));
  const types::TimeZone* zone = TRY(types::TimeZone::Find(result.session_time_zone));
  ShownRows rows(result.schema, *zone);
  while (types::BatchPtr batch = TRY(result.rows->Next())) TRY(rows.Add(*batch));
  const std::string text = is_html ? rows.ToHtml(show) : rows.ToText(show);
  StructType schema{.fields = {{.name = is_html ? "html_string" : "show_string",
                                .type = TypeId::kString,
                                .nullable = false}}};
  types::BatchPtr batch = TRY(workspace::MakeBatch(schema, {{text}}));
  return LocalRows(std::move(schema), {std::move(batch)});
}

Result<Frame> RelationTranslator::Transpose(const spark::connect::Transpose& message, PlanId id) {
  const Frame input = TRY(Translate(message.input()));
  if (input.columns.empty()) return input;
  constexpr std::int64_t kMaxRows = 500;
  std::vector<NamedExpression> index = TRY(Items(input, PointersTo(message.index_columns())));
  Expression key = index.empty() ? ColumnOf(input.columns[0].physical) : index[0].value;
  if (!index.empty()) TRY(Scope(input).Resolve(key));
  const auto* key_column = key.As<sql::ColumnRef>();
  std::vector<const OutputColumn*> values;
  for (const OutputColumn& column : input.columns) {
    if (key_column == nullptr || column.physical != key_column->parts.back()) {
      values.push_back(&column);
    }
  }
  sql::Query keys{.body = sql::Select{.from = input.table}};
  std::get<sql::Select>(keys.body).items.push_back(
      {.value = CastTo(key, TypeId::kString), .alias = "k"});
  keys.order_by.push_back({.value = key});
  keys.limit = LongLiteral(kMaxRows + 1);
  std::vector<std::string> names;
  const auto key_rows =
      TRY(Collect(FrameOf(std::move(keys), {{.name = "k", .physical = "k"}}, std::nullopt)));
  for (const std::optional<std::string>& name : TextsOf(key_rows, 0)) {
    if (name) names.push_back(*name);
  }
  if (static_cast<std::int64_t>(names.size()) > kMaxRows) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "transpose of too many rows"}, {"limit", std::to_string(kMaxRows)}});
  }
  // SELECT 'a', max(CASE k WHEN 'x' THEN a END) ... UNION ALL SELECT 'b', ...
  sql::SetOperation rows{.op = sql::SetOperator::kUnion, .is_all = true};
  std::vector<OutputColumn> columns = {{.name = "key", .physical = "key"}};
  UniqueNames unique;
  unique.Add("key");
  for (const std::string& name : names)
    columns.push_back({.name = name, .physical = unique.Add(name)});
  std::vector<Expression> each;
  for (const OutputColumn* value : values) each.push_back(ColumnOf(value->physical));
  for (std::size_t i = 0; i < values.size(); ++i) {
    sql::Select select{.from = input.table};
    select.items.push_back({.value = TextLiteral(values[i]->name), .alias = "key"});
    for (std::size_t j = 0; j < names.size(); ++j) {
      Expression is_key = BinaryOf(sql::BinaryOperator::kEqual, CastTo(key, TypeId::kString),
                                   TextLiteral(names[j]));
      select.items.push_back({.value = CallOf("max", {CaseOf(std::move(is_key), each[i])}),
                              .alias = columns[j + 1].physical});
    }
    rows.operands.push_back({.body = std::move(select)});
  }
  if (rows.operands.empty()) return Limit(input, 0, id);
  sql::Query query =
      rows.operands.size() == 1 ? std::move(rows.operands[0]) : sql::Query{.body = std::move(rows)};
  sql::Query ordered{.body = sql::Select{.from = AsTable(std::move(query))}};
  std::get<sql::Select>(ordered.body).items.push_back({.value = {.node = sql::Star{}}});
  ordered.order_by.push_back({.value = ColumnOf("key")});
  return FrameOf(std::move(ordered), std::move(columns), id);
}

}  // namespace inlet::server
