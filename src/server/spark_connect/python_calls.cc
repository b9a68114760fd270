#include "server/spark_connect/python_calls.h"

#include <spark/connect/expressions.pb.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "base/option_map.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/printer.h"
#include "sql/walk.h"

namespace inlet::server {
namespace {

constexpr const char* kExternal = "inlet_external";
constexpr const char* kGather = "collect_list";

sql::FunctionCall* ExternalOf(sql::Expression& expression) {
  auto* call = expression.As<sql::FunctionCall>();
  const bool is_external = call != nullptr && call->name.parts.size() == 1 &&
                           call->name.parts[0] == kExternal && !call->arguments.empty();
  return is_external ? call : nullptr;
}

/// Calls with the same use share what a function keeps between batches.
std::string NextUse() {
  static std::atomic<std::uint64_t> next = 0;
  return std::to_string(next++);
}

sql::Expression CallExternal(const std::string& id, const std::string& name,
                             const std::vector<std::string>& names,
                             std::vector<sql::Expression> arguments) {
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ",") + one;
  if (all.find_first_not_of(',') == std::string::npos) all.clear();
  arguments.insert(arguments.begin(), TextLiteral(id + "#" + NextUse() + "#" + all + "#" + name));
  return CallOf(kExternal, std::move(arguments));
}

/// The call as its user wrote it, as text: f(a, b => 1).
std::string TextOf(sql::FunctionCall call) {
  const auto* literal = call.arguments[0].value.As<sql::Literal>();
  const std::string id = literal == nullptr ? "" : literal->text;
  const std::size_t name_at = id.rfind('#') + 1;
  const std::size_t names_at = id.find('#', id.find('#') + 1) + 1;
  std::vector<std::string> names;
  for (std::size_t at = names_at; names_at + 1 < name_at && at < name_at; ++at) {
    const std::size_t end = std::min(id.find(',', at), name_at - 1);
    names.push_back(id.substr(at, end - at));
    at = end;
  }
  constexpr std::string_view kStandIn = "python_function";
  sql::FunctionCall plain{.name = {.parts = {std::string(kStandIn)}}};
  if (sql::FunctionCall* gathering = GatheringOf(call)) {
    // collect_list(named_struct('_0', a, ...)) is a again.
    plain.over = std::move(gathering->over);
    auto fields = std::move(gathering->arguments[0].value.As<sql::FunctionCall>()->arguments);
    for (std::size_t i = 1; i < fields.size(); i += 2) {
      plain.arguments.push_back(std::move(fields[i]));
    }
  } else {
    plain.arguments.assign(std::make_move_iterator(call.arguments.begin() + 1),
                           std::make_move_iterator(call.arguments.end()));
  }
  for (auto& argument : plain.arguments) argument.value = WithoutPythonIds(argument.value);
  const std::string name = id.substr(name_at);
  if (names.empty()) return name + sql::OutputName({.node = plain}).substr(kStandIn.size());
  std::string text;
  for (std::size_t i = 0; i < plain.arguments.size(); ++i) {
    const std::string alone =
        sql::OutputName(CallOf(std::string(kStandIn), {plain.arguments[i].value}));
    if (i > 0) text += ", ";
    if (i < names.size() && !names[i].empty()) text += names[i] + " => ";
    text += alone.substr(kStandIn.size() + 1, alone.size() - kStandIn.size() - 2);
  }
  return name + "(" + text + ")";
}

/// Items of select lists without alias that call functions of the session get the name that they
/// have now.
void NameItems(PythonFunctions& functions, sql::Query& query) {
  for (sql::CommonTable& table : query.with) NameItems(functions, table.query);
  if (auto* operation = std::get_if<sql::SetOperation>(&query.body)) {
    for (sql::Query& operand : operation->operands) NameItems(functions, operand);
  }
  auto* select = std::get_if<sql::Select>(&query.body);
  if (select == nullptr) return;
  for (sql::SelectItem& item : select->items) {
    if (!item.alias.empty() || !item.column_aliases.empty()) continue;
    const std::set<std::string> called = sql::FunctionsOf(item.value);
    const bool is_ours = std::any_of(called.begin(), called.end(), [&](const std::string& name) {
      return functions.FindFunction(name) != nullptr;
    });
    if (is_ours) item.alias = sql::OutputName(item.value);
  }
  auto* below = select->from ? select->from->As<sql::SubqueryTable>() : nullptr;
  if (below != nullptr) NameItems(functions, *below->query);
}

}  // namespace

Result<PythonDefinition> DefinitionOf(
    const spark::connect::CommonInlineUserDefinedFunction& message) {
  if (!message.has_python_udf()) {
    return FailUnsupported("the function " + message.function_name() + " of Scala or Java");
  }
  const auto& udf = message.python_udf();
  return PythonDefinition{.name = message.function_name(),
                          .eval_type = udf.eval_type(),
                          .type = TRY(FromMessage(udf.output_type())),
                          .command = udf.command(),
                          .version = udf.python_ver()};
}

Result<sql::Expression> PythonCall(PythonFunctions& functions, PythonDefinition definition,
                                   std::vector<sql::Expression> arguments,
                                   std::vector<std::string> names) {
  const std::string name = definition.name;
  const PythonKind kind = KindOf(definition.eval_type);
  if (kind != PythonKind::kScalar && kind != PythonKind::kAggregate) {
    return FailUnsupported("the Python function " + name + " as an expression");
  }
  const auto function = TRY(functions.KeepFunction(std::move(definition), names));
  if (kind == PythonKind::kAggregate) {
    std::vector<sql::Expression> fields;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      fields.push_back(TextLiteral("_" + std::to_string(i)));
      fields.push_back(std::move(arguments[i]));
    }
    if (fields.empty()) return FailUnsupported("a Python function over groups without arguments");
    arguments.clear();
    std::vector<sql::Expression> gathered;
    gathered.push_back(CallOf("named_struct", std::move(fields)));
    arguments.push_back(CallOf(kGather, std::move(gathered)));
  }
  return CallExternal(function->id(), name, names, std::move(arguments));
}

Result<sql::Expression> PlainPythonCall(PythonFunctions& functions, PythonDefinition definition,
                                        std::vector<sql::Expression> arguments) {
  const std::string name = definition.name;
  const auto function = TRY(functions.KeepFunction(std::move(definition), {}));
  return CallExternal(function->id(), name, {}, std::move(arguments));
}

Status ResolveRegistered(PythonFunctions& functions, sql::Expression& expression) {
  if (!functions.has_registered_functions()) return Ok();
  return sql::VisitExpressions(expression, [&](sql::Expression& node) -> Status {
    auto* call = node.As<sql::FunctionCall>();
    if (call == nullptr || call->name.parts.size() != 1) return Ok();
    const auto definition = functions.FindFunction(call->name.parts[0]);
    if (definition == nullptr) return Ok();
    std::vector<sql::Expression> arguments;
    std::vector<std::string> names;
    for (auto& argument : call->arguments) {
      names.push_back(argument.name);
      arguments.push_back(std::move(argument.value));
    }
    auto over = std::move(call->over);
    node = TRY(PythonCall(functions, *definition, std::move(arguments), std::move(names)));
    if (over) {
      sql::FunctionCall* gathering = GatheringOf(*node.As<sql::FunctionCall>());
      if (gathering == nullptr) {
        return FailUnsupported("OVER after the Python function " + definition->name);
      }
      gathering->over = std::move(over);
    }
    return Ok();
  });
}

Status ResolveRegistered(PythonFunctions& functions, sql::Query& query) {
  if (!functions.has_registered_functions()) return Ok();
  bool has_any = false;
  for (const std::string& name : sql::FunctionsOf(query)) {
    has_any = has_any || functions.FindFunction(name) != nullptr;
  }
  if (!has_any) return Ok();
  NameItems(functions, query);
  return sql::VisitExpressions(query, [&](sql::Expression& node) -> Status {
    const auto* call = node.As<sql::FunctionCall>();
    if (call == nullptr || call->name.parts.size() != 1) return Ok();
    if (functions.FindFunction(call->name.parts[0]) == nullptr) return Ok();
    return ResolveRegistered(functions, node);
  });
}

sql::FunctionCall* GatheringOf(sql::FunctionCall& call) {
  const bool is_external = call.name.parts.size() == 1 && call.name.parts[0] == kExternal;
  if (!is_external || call.arguments.size() != 2) return nullptr;
  auto* gathering = call.arguments[1].value.As<sql::FunctionCall>();
  const bool gathers = gathering != nullptr && gathering->name.parts.size() == 1 &&
                       gathering->name.parts[0] == kGather;
  return gathers ? gathering : nullptr;
}

sql::Expression WithoutPythonIds(const sql::Expression& expression) {
  sql::Expression copy = expression;
  (void)sql::VisitExpressions(copy, [](sql::Expression& node) -> Status {
    const sql::FunctionCall* call = ExternalOf(node);
    if (call != nullptr) node = ColumnOf(TextOf(*call));
    return Ok();
  });
  return copy;
}

}  // namespace inlet::server
