#include <spark/connect/relations.pb.h>

#include "server/spark_connect/query_source.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/statement.h"

/// Python functions over whole tables and groups: mapInPandas, applyInPandas and their kin.
namespace inlet::server {
namespace {

/// Rows that a Python function makes from others.
class MappedRows final : public types::BatchReader {
 public:
  explicit MappedRows(std::unique_ptr<PythonMap> map) : map_(std::move(map)) {}
  Result<types::BatchPtr> Next() override { return map_->Next(); }

 private:
  std::unique_ptr<PythonMap> map_;
};

/// Every column of a frame in a struct, under the names that the user sees.
sql::Expression RowOf(const Frame& frame) {
  std::vector<sql::Expression> fields;
  for (const OutputColumn& column : frame.columns) {
    fields.push_back(TextLiteral(column.name));
    fields.push_back(ColumnOf(column.physical));
  }
  return CallOf("named_struct", std::move(fields));
}

sql::Expression GatheredOf(sql::Expression value) {
  std::vector<sql::Expression> arguments;
  arguments.push_back(std::move(value));
  return CallOf("collect_list", std::move(arguments));
}

std::string KeyName(std::size_t i) { return "key_" + std::to_string(i); }

/// SELECT columns, keys FROM frame, the keys as key_0, key_1, ...
sql::Select SelectKeys(const Frame& frame, std::vector<sql::SelectItem> items,
                       const std::vector<sql::Expression>& keys) {
  sql::Select select{.from = frame.table};
  select.items = std::move(items);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    select.items.push_back({.value = keys[i], .alias = KeyName(i)});
  }
  return select;
}

Status CheckColumns(const PythonDefinition& definition) {
  if (definition.type.is(types::TypeId::kStruct)) return Ok();
  return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
              {{"errorMsg", "the function " + definition.name + " does not give rows"}});
}

}  // namespace

Result<Frame> RelationTranslator::MapPartitions(const spark::connect::MapPartitions& message) {
  PythonDefinition definition = TRY(DefinitionOf(message.func()));
  TRY(CheckColumns(definition));
  if (KindOf(definition.eval_type) != PythonKind::kMap) {
    return FailUnsupported("the Python function " + definition.name + " over a table");
  }
  const Frame input = TRY(Translate(message.input()));
  if (checkpoint_) return FailUnsupported("mapInPandas and mapInArrow over a stream");
  const types::StructType schema = TRY(SchemaOf(input));
  types::StructType columns{.fields = definition.type.fields()};
  // foreachPartition: nothing is made, and the engine wants a column.
  const bool is_empty = columns.empty();
  if (is_empty) columns.fields.push_back({.name = "nothing", .type = types::TypeId::kBoolean});
  // The query runs when the rows are read, on a client of its own.
  std::shared_ptr<const workspace::Client> client = client_.Clone();
  OpenRows open = [client, schema, is_empty, definition = std::move(definition),
                   statement = sql::Statement(sql::SelectStatement{.query = ToQuery(input)}),
                   inputs = inputs_, home = resources_.python_home(),
                   settings = resources_.python_settings(),
                   stop = options_.stop]() -> Result<std::unique_ptr<types::BatchReader>> {
    workspace::QueryResult result =
        TRY(client->Clone()->Execute(statement, inputs, {.stop = stop}));
    auto map = TRY(PythonMap::Start(home, definition, settings, schema,
                                    {.is_interrupted = [stop] { return stop.stop_requested(); }},
                                    std::move(result.rows)));
    while (is_empty && TRY(map->Next()) != nullptr) {
    }
    return std::make_unique<MappedRows>(std::move(map));
  };
  auto source = QuerySource(columns, std::move(open));
  return LocalRows(std::move(columns), std::move(source));
}

/// One row a group, with its rows in a list; the function gives a list of rows; inline() takes them
/// apart.
Result<Frame> RelationTranslator::GroupMap(const spark::connect::GroupMap& message, PlanId id) {
  PythonDefinition definition = TRY(DefinitionOf(message.func()));
  const bool has_state = message.has_is_map_groups_with_state() ||
                         message.has_transform_with_state_info() || message.has_initial_input();
  if (has_state || message.sorting_expressions_size() > 0 ||
      KindOf(definition.eval_type) != PythonKind::kGroupMap) {
    return FailUnsupported("the Python function " + definition.name +
                           " over groups with state or in an order");
  }
  TRY(CheckColumns(definition));
  const Frame input = TRY(Translate(message.input()));
  std::vector<sql::Expression> keys;
  for (const auto& key : message.grouping_expressions()) {
    keys.push_back(TRY(TranslateOver(input, key)));
  }
  std::vector<sql::SelectItem> items;
  items.push_back({.value = RowOf(input), .alias = "row"});
  return ApplyToGroups(std::move(definition), SelectKeys(input, std::move(items), keys), {"row"},
                       keys.size(), id);
}

/// The rows of both sides in one table, each in a column of its side.
Result<Frame> RelationTranslator::CoGroupMap(const spark::connect::CoGroupMap& message, PlanId id) {
  PythonDefinition definition = TRY(DefinitionOf(message.func()));
  if (message.input_sorting_expressions_size() > 0 ||
      message.other_sorting_expressions_size() > 0 ||
      KindOf(definition.eval_type) != PythonKind::kCogroupMap) {
    return FailUnsupported("the Python function " + definition.name + " over groups in an order");
  }
  TRY(CheckColumns(definition));
  const auto side = [&](const spark::connect::Relation& relation, const auto& expressions,
                        bool is_left) -> Result<sql::Query> {
    const Frame frame = TRY(Translate(relation));
    std::vector<sql::Expression> keys;
    for (const auto& key : expressions) keys.push_back(TRY(TranslateOver(frame, key)));
    std::vector<sql::SelectItem> items;
    items.push_back({.value = is_left ? RowOf(frame) : NullLiteral(), .alias = "left_row"});
    items.push_back({.value = is_left ? NullLiteral() : RowOf(frame), .alias = "right_row"});
    return sql::Query{.body = SelectKeys(frame, std::move(items), keys)};
  };
  std::vector<sql::Query> sides;
  sides.push_back(TRY(side(message.input(), message.input_grouping_expressions(), true)));
  sides.push_back(TRY(side(message.other(), message.other_grouping_expressions(), false)));
  sql::Select both{.from = AsTable({.body = sql::SetOperation{.op = sql::SetOperator::kUnion,
                                                              .is_all = true,
                                                              .operands = std::move(sides)}},
                                   "sides")};
  both.items.push_back({.value = {.node = sql::Star{}}});
  return ApplyToGroups(std::move(definition), std::move(both), {"left_row", "right_row"},
                       static_cast<std::size_t>(message.input_grouping_expressions_size()), id);
}

Result<Frame> RelationTranslator::ApplyToGroups(PythonDefinition definition, sql::Select rows,
                                                const std::vector<std::string>& row_columns,
                                                std::size_t num_keys, PlanId id) {
  std::vector<sql::Expression> arguments;
  for (const std::string& column : row_columns) {
    arguments.push_back(GatheredOf(ColumnOf(column)));
  }
  sql::GroupBy by;
  for (std::size_t i = 0; i < num_keys; ++i) {
    arguments.push_back(ColumnOf(KeyName(i)));
    std::vector<sql::Expression> key;
    key.push_back(ColumnOf(KeyName(i)));
    by.items.push_back({.sets = {std::move(key)}});
  }
  sql::Select groups{.from = AsTable({.body = std::move(rows)}, "rows")};
  groups.items.push_back(
      {.value = TRY(PlainPythonCall(resources_, std::move(definition), std::move(arguments))),
       .alias = "made"});
  if (num_keys > 0) {
    groups.group_by = std::move(by);
  } else {
    std::vector<sql::Expression> one;
    one.push_back(LongLiteral(1));
    groups.having =
        BinaryOf(sql::BinaryOperator::kGreater, CallOf("count", std::move(one)), LongLiteral(0));
  }
  sql::Select apart{.from = AsTable({.body = std::move(groups)}, "groups")};
  std::vector<sql::Expression> made;
  made.push_back(ColumnOf("made"));
  apart.items.push_back({.value = CallOf("inline", std::move(made))});
  return Leaf(AsTable({.body = std::move(apart)}), {}, id);
}

}  // namespace inlet::server
