#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/result.h"

/// What goes wrong with functions of clients.
namespace inlet::server {

/// The parameter that such errors have besides their text.
inline constexpr std::string_view kPythonSource = "source";

inline std::unexpected<Error> FailPython(std::string message) {
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return Fail(Condition::USER_RAISED_EXCEPTION,
              {{"errorMessage", std::move(message)}, {std::string(kPythonSource), "python"}});
}

/// A function has raised an exception; `what` says which.
inline std::unexpected<Error> FailPythonFunction(std::string_view what,
                                                 const std::string& traceback) {
  return FailPython(std::string(what) + " failed: " + traceback);
}

/// The process could not be started, died, or did not answer.
inline std::unexpected<Error> FailPythonProcess(const std::string& message) {
  return FailPython("The Python process that runs the functions of clients " + message + ".");
}

inline bool IsOfPython(const Error& error) {
  return error.condition == Condition::USER_RAISED_EXCEPTION &&
         std::any_of(error.params.begin(), error.params.end(),
                     [](const auto& parameter) { return parameter.first == kPythonSource; });
}

}  // namespace inlet::server
