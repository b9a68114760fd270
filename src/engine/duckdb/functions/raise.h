#pragma once

#include <initializer_list>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/result.h"

namespace duckdb {
class ErrorData;
}  // namespace duckdb

namespace inlet::engine {

/// Leaves a function that runs inside DuckDB. DuckDB knows exceptions only: the error travels as
/// one, its condition and parameters in the exception's extra information.
[[noreturn]] void Raise(const Error& error);
[[noreturn]] void Raise(Condition condition, std::initializer_list<Param> params);

/// The value, or Raise().
template <class T>
T ValueOrRaise(Result<T> result) {
  if (!result) Raise(result.error());
  return *std::move(result);
}

/// The Error that Raise() sent; none for an error that is DuckDB's own.
std::optional<Error> DecodeRaised(const duckdb::ErrorData& error);

}  // namespace inlet::engine
