#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// DuckDB's headers have a macro of this name, which is one of our conditions.
#undef INVALID_SCHEMA

namespace inlet {

/// What a caller can do about an error. A new kind is justified only when some
/// caller must act on it differently.
enum class ErrorKind : std::uint8_t {
  kInvalid,        ///< The request itself is wrong. Never retried.
  kNotFound,       ///< The named thing does not exist.
  kAlreadyExists,  ///< Put-if-absent lost, or CREATE without IF NOT EXISTS.
  kConflict,       ///< Another writer committed first. Rebase, then retry.
  kUnsupported,    ///< Valid Databricks SQL that Inlet does not do yet.
  kUnavailable,    ///< Transient. Retry with back-off.
  kPermission,     ///< Credentials are missing or do not suffice.
  kCancelled,      ///< The user or a shutdown asked to stop.
  kCorrupt,        ///< Stored bytes break the rules of their format.
  kResource,       ///< A limit of this process was reached: memory, disk, size, depth.
  kInternal,       ///< A bug in Inlet.
};

/// Every error a user can see, by its Databricks name; the list with SQLSTATE
/// and text is error_conditions.inc, one line each. A sub-class such as
/// FAILED_READ_FILE.NO_HINT is the enumerator FAILED_READ_FILE_NO_HINT.
enum class Condition : std::uint16_t {
#define INLET_CONDITION(id, name, kind, sqlstate, text) id,
#include "base/error_conditions.inc"
#undef INLET_CONDITION
};

struct ConditionInfo {
  std::string_view name;
  ErrorKind kind;
  std::string_view sqlstate;
  std::string_view text;  ///< With <parameters>.
};

const ConditionInfo& InfoOf(Condition condition);

/// A place in the user's SQL text: bytes [begin, end). Empty when unknown.
struct TextSpan {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool empty() const { return end <= begin; }
  bool operator==(const TextSpan&) const = default;
};

struct Error {
  Condition condition;
  std::vector<std::pair<std::string, std::string>> params;
  std::string context;  ///< What was being done, outermost first.
  std::string hint;     ///< What helps, a full sentence; may be empty.
  TextSpan span;        ///< Where in the statement's text it was found.

  const ConditionInfo& info() const { return InfoOf(condition); }
  ErrorKind kind() const { return info().kind; }
};

/// "[PATH_NOT_FOUND] No file or directory at s3://b/x. SQLSTATE: 42K03", with
/// the context before the closing SQLSTATE and the hint after the text.
std::string ToString(const Error& error);

/// The text alone, parameters filled in.
std::string MessageOf(const Error& error);

/// ToString() and, when `error.span` is known, "(line 1, pos 15)" and the line
/// of `sql` with a caret below the place, as Spark prints it.
std::string ToString(const Error& error, std::string_view sql);

}  // namespace inlet
