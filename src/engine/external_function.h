#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::engine {

/// A function over rows whose code runs outside of the engine, such as one of a client's Python
/// program. Thread-safe.
class ExternalFunction {
 public:
  virtual ~ExternalFunction() = default;
  virtual const types::DataType& type() const = 0;
  /// One value for each row of `arguments`, whose columns are `_0`, `_1`, ... `call` is what stands
  /// in the query after the id: calls that share it belong to one use of the function.
  /// `is_interrupted` is asked now and then; true ends the call with OPERATION_CANCELED.
  virtual Result<std::shared_ptr<arrow::Array>> Call(
      std::string_view call, const types::BatchPtr& arguments,
      const std::function<bool()>& is_interrupted) = 0;
};

/// Queries name such functions by `inlet_external('<id>#<call>', arguments...)`. They are known to
/// this process alone, and only as long as their owner keeps them.
///
/// Gives the id. Thread-safe, as are the others.
std::string AddExternalFunction(std::weak_ptr<ExternalFunction> function);
void RemoveExternalFunction(const std::string& id);
/// Null: there is none, or no longer.
std::shared_ptr<ExternalFunction> FindExternalFunction(std::string_view id);

}  // namespace inlet::engine
