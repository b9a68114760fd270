#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/python/python_function.h"
#include "sql/query.h"

namespace spark::connect {
class CommonInlineUserDefinedFunction;
}

/// Python functions of clients as expressions.
namespace inlet::server {

/// Errors: INLET_UNSUPPORTED for functions of Scala and Java.
Result<PythonDefinition> DefinitionOf(
    const spark::connect::CommonInlineUserDefinedFunction& message);

/// The functions of a session. Thread-safe.
class PythonFunctions {
 public:
  virtual ~PythonFunctions() = default;
  /// Kept as long as the session. The same function again is the same one.
  /// Errors: INLET_RESOURCE_LIMIT.
  virtual Result<std::shared_ptr<PythonFunction>> KeepFunction(PythonDefinition definition,
                                                               std::vector<std::string> names) = 0;
  /// spark.udf.register(name, f): from now on SQL may call it.
  virtual void RegisterFunction(const std::string& name, PythonDefinition definition) = 0;
  /// Null: there is none of this name.
  virtual std::shared_ptr<const PythonDefinition> FindFunction(const std::string& name) = 0;
  virtual bool has_registered_functions() = 0;
  /// Where and how functions of the session run.
  virtual std::shared_ptr<const PythonHome> python_home() = 0;
  virtual PythonSettings python_settings() = 0;
};

/// inlet_external('<id>#<use>#<names>#<name>', arguments...). Of a function over groups the
/// arguments are gathered first. `names`: of the arguments that were given by name, else empty
/// texts. Errors: INLET_UNSUPPORTED for a kind that is no expression.
Result<sql::Expression> PythonCall(PythonFunctions& functions, PythonDefinition definition,
                                   std::vector<sql::Expression> arguments,
                                   std::vector<std::string> names);

/// The same over arguments that are as the function is to see them.
Result<sql::Expression> PlainPythonCall(PythonFunctions& functions, PythonDefinition definition,
                                        std::vector<sql::Expression> arguments);

/// Calls of functions that the session has registered become calls of those.
Status ResolveRegistered(PythonFunctions& functions, sql::Query& query);
Status ResolveRegistered(PythonFunctions& functions, sql::Expression& expression);

/// The aggregate inside of a call over groups, which takes the OVER clause; null: it is none.
sql::FunctionCall* GatheringOf(sql::FunctionCall& call);

/// The expression with Python functions under their own names, as users wrote them.
sql::Expression WithoutPythonIds(const sql::Expression& expression);

}  // namespace inlet::server
