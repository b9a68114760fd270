#pragma once

#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace inlet {

/// A value, or the Error that stands in its place. A bare std::expected may be
/// dropped without a warning; this may not.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;

  /// Says what was being done. Costs nothing when there is a value.
  Result Context(std::string_view doing) && {
    if (!this->has_value()) {
      std::string& context = this->error().context;
      context.insert(0, context.empty() ? std::string(doing) : std::string(doing) + ": ");
    }
    return std::move(*this);
  }

  /// Adds what helps, when there is an error without a hint.
  Result Hint(std::string_view hint) && {
    if (!this->has_value() && this->error().hint.empty()) this->error().hint = hint;
    return std::move(*this);
  }

  /// Says where in the statement's text, when there is an error without a place.
  Result At(TextSpan span) && {
    if (!this->has_value() && this->error().span.empty()) this->error().span = span;
    return std::move(*this);
  }
};

using Status = Result<void>;

inline Status Ok() { return {}; }

struct Param {
  std::string_view name;
  std::string value;
};

/// Fail(Condition::PATH_NOT_FOUND, {{"path", path}})
inline std::unexpected<Error> Fail(Condition condition, std::initializer_list<Param> params) {
  Error error{.condition = condition};
  for (const Param& param : params) error.params.emplace_back(param.name, param.value);
  return std::unexpected(std::move(error));
}

/// For what we should never see; `message` is for a bug report.
inline std::unexpected<Error> FailInternal(std::string message) {
  return Fail(Condition::INTERNAL_ERROR, {{"message", std::move(message)}});
}

/// Valid for Databricks, not done here yet; `feature` names it for the user.
inline std::unexpected<Error> FailUnsupported(std::string feature) {
  return Fail(Condition::INLET_UNSUPPORTED, {{"feature", std::move(feature)}});
}

#define INLET_CONCAT_IMPL(a, b) a##b
#define INLET_CONCAT(a, b) INLET_CONCAT_IMPL(a, b)
#define INLET_TRY_IMPL(name, ...)                      \
  __extension__({                                      \
    auto name = (__VA_ARGS__);                         \
    if (!name) [[unlikely]] {                          \
      return std::unexpected(std::move(name).error()); \
    }                                                  \
    *std::move(name);                                  \
  })
/// Unwraps a Result, or returns its Error from the enclosing function.
#define TRY(...) INLET_TRY_IMPL(INLET_CONCAT(try_result_, __COUNTER__), __VA_ARGS__)

}  // namespace inlet
