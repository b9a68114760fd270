#include "server/spark_connect/python_calls.h"

#include <spark/connect/expressions.pb.h>

#include <atomic>

#include "base/option_map.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/sql_nodes.h"
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
                             std::vector<sql::Expression> arguments) {
  arguments.insert(arguments.begin(), TextLiteral(id + "#" + NextUse() + "#" + name));
  return CallOf(kExternal, std::move(arguments));
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
  const auto function = TRY(functions.KeepFunction(std::move(definition), std::move(names)));
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
  return CallExternal(function->id(), name, std::move(arguments));
}

Result<sql::Expression> PlainPythonCall(PythonFunctions& functions, PythonDefinition definition,
                                        std::vector<sql::Expression> arguments) {
  const std::string name = definition.name;
  const auto function = TRY(functions.KeepFunction(std::move(definition), {}));
  return CallExternal(function->id(), name, std::move(arguments));
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
    sql::FunctionCall* call = ExternalOf(node);
    if (call == nullptr) return Ok();
    const auto* literal = call->arguments[0].value.As<sql::Literal>();
    if (literal == nullptr) return Ok();
    const std::size_t end = literal->text.rfind('#');
    if (sql::FunctionCall* gathering = GatheringOf(*call)) {
      // collect_list(named_struct('_0', a, ...)) is a again.
      auto over = std::move(gathering->over);
      auto fields = std::move(gathering->arguments[0].value.As<sql::FunctionCall>()->arguments);
      sql::FunctionCall plain{.name = {.parts = {literal->text.substr(end + 1)}}};
      for (std::size_t i = 1; i < fields.size(); i += 2) {
        plain.arguments.push_back(std::move(fields[i]));
      }
      plain.over = std::move(over);
      node = sql::Expression{.node = std::move(plain)};
      return Ok();
    }
    call->name.parts = {literal->text.substr(end + 1)};
    call->arguments.erase(call->arguments.begin());
    return Ok();
  });
  return copy;
}

}  // namespace inlet::server
