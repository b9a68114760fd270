#pragma once

#include <gmock/gmock.h>

#include <stdexcept>

#include "base/result.h"

namespace inlet {

/// EXPECT_THAT(result, FailsWith(Condition::PATH_NOT_FOUND))
MATCHER_P(FailsWith, condition, "fails with " + std::string(InfoOf(condition).name)) {
  if (arg.has_value()) {
    *result_listener << "which has a value";
    return false;
  }
  *result_listener << "which is " << ToString(arg.error());
  return arg.error().condition == condition;
}

/// EXPECT_THAT(result, IsOk())
MATCHER(IsOk, "has a value") {
  if (arg.has_value()) return true;
  *result_listener << "which is " << ToString(arg.error());
  return false;
}

/// The value, or a failed test with the error's text: auto x = Value(F());
template <class T>
T Value(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << ToString(result.error());
    throw std::runtime_error(ToString(result.error()));
  }
  return *std::move(result);
}

}  // namespace inlet
