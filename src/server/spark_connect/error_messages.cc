#include "server/spark_connect/error_messages.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/support/status.h>
#include <spark/connect/base.pb.h>

#include <vector>

#include "base/uuid.h"
#include "server/python/python_errors.h"
#include "types/json_text.h"

namespace inlet::server {
namespace {

/// Errors kept for FetchErrorDetails.
constexpr std::size_t kMaxErrors = 1000;
/// Of a text in the trailer: clients fail with more than some 8 kB in all.
constexpr std::size_t kMaxTrailerText = 1500;

/// Java's exceptions, from which clients choose their own.
struct ExceptionClass {
  std::string_view name;
  std::string_view parents;  ///< JSON, after the name.
};
constexpr ExceptionClass kParse = {
    "org.apache.spark.sql.catalyst.parser.ParseException",
    R"("org.apache.spark.sql.AnalysisException","java.lang.Exception")"};
constexpr ExceptionClass kAnalysis = {"org.apache.spark.sql.AnalysisException",
                                      R"("java.lang.Exception")"};
constexpr ExceptionClass kStreaming = {"org.apache.spark.sql.streaming.StreamingQueryException",
                                       R"("java.lang.Exception")"};
constexpr ExceptionClass kArithmetic = {
    "org.apache.spark.SparkArithmeticException",
    R"("java.lang.ArithmeticException","java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kNumberFormat = {
    "org.apache.spark.SparkNumberFormatException",
    R"("java.lang.NumberFormatException","java.lang.IllegalArgumentException","java.lang.Exception")"};
constexpr ExceptionClass kIndex = {
    "org.apache.spark.SparkArrayIndexOutOfBoundsException",
    R"("java.lang.ArrayIndexOutOfBoundsException","java.lang.IndexOutOfBoundsException","java.lang.Exception")"};
constexpr ExceptionClass kDateTime = {
    "org.apache.spark.SparkDateTimeException",
    R"("java.time.DateTimeException","java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kUnsupported = {
    "org.apache.spark.SparkUnsupportedOperationException",
    R"("java.lang.UnsupportedOperationException","java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kNoSuchElement = {
    "org.apache.spark.SparkNoSuchElementException",
    R"("java.util.NoSuchElementException","java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kIllegalArgument = {
    "org.apache.spark.SparkIllegalArgumentException",
    R"("java.lang.IllegalArgumentException","java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kRuntime = {"org.apache.spark.SparkRuntimeException",
                                     R"("java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kPython = {"org.apache.spark.api.python.PythonException",
                                    R"("java.lang.RuntimeException","java.lang.Exception")"};
constexpr ExceptionClass kNoClass = {"org.apache.spark.SparkClassNotFoundException",
                                     R"("java.lang.ClassNotFoundException","java.lang.Exception")"};
constexpr ExceptionClass kSpark = {"org.apache.spark.SparkException", R"("java.lang.Exception")"};
constexpr ExceptionClass kInvalidPlan = {"org.apache.spark.sql.connect.common.InvalidPlanInput",
                                         R"("java.lang.RuntimeException","java.lang.Exception")"};

const ExceptionClass& ClassOf(const Error& error) {
  const std::string_view name = error.info().name;
  if (IsOfPython(error)) return kPython;
  switch (error.condition) {
    case Condition::SQL_CONF_NOT_FOUND:
      return kNoSuchElement;
    case Condition::STREAM_FAILED:
      return kStreaming;
    case Condition::DIVIDE_BY_ZERO:
    case Condition::ARITHMETIC_OVERFLOW:
    case Condition::BINARY_ARITHMETIC_OVERFLOW:
    case Condition::CAST_OVERFLOW:
    case Condition::NUMERIC_VALUE_OUT_OF_RANGE:
      return kArithmetic;
    case Condition::CAST_INVALID_INPUT: {
      for (const auto& [key, value] : error.params) {
        const bool is_time =
            value.find("DATE") != std::string::npos || value.find("TIMESTAMP") != std::string::npos;
        if (key == "targetType" && is_time) return kDateTime;
      }
      return kNumberFormat;
    }
    case Condition::CANNOT_PARSE_TIMESTAMP:
    case Condition::DATETIME_FIELD_OUT_OF_BOUNDS:
      return kDateTime;
    case Condition::USER_RAISED_EXCEPTION:
    case Condition::DUPLICATED_MAP_KEY:
      return kRuntime;
    case Condition::INVALID_PARAMETER_VALUE:
      return kIllegalArgument;
    case Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE:
      return kInvalidPlan;
    case Condition::DATA_SOURCE_NOT_FOUND:
      return kNoClass;
    case Condition::DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE:
      return kUnsupported;
    default:
      break;
  }
  if (name.starts_with("INVALID_ARRAY_INDEX")) return kIndex;
  if (name == "PARSE_SYNTAX_ERROR" || name == "PARSE_EMPTY_STATEMENT") return kParse;
  switch (error.kind()) {
    case ErrorKind::kUnsupported:
      return kUnsupported;
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kAlreadyExists:
      // SQLSTATE class 22 is what goes wrong with values while a query runs; Delta means its own.
      if (name.starts_with("DELTA_")) return kAnalysis;
      return error.info().sqlstate.starts_with("22") ? kRuntime : kAnalysis;
    default:
      return kSpark;
  }
}

std::string TextOf(const ReportedError& reported) {
  return reported.sql.empty() ? ToString(reported.error) : ToString(reported.error, reported.sql);
}

/// At most `size` bytes, without half a character at the end.
std::string Cut(std::string text, std::size_t size = kMaxTrailerText) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
  return text.substr(0, size) + "...";
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// The message parameters as Spark has them: types stand in double quotes, the setting that makes
/// an error one is named, and our hints are none.
Parameters ParametersOf(const Error& error) {
  Parameters parameters;
  for (const auto& [key, value] : error.params) {
    if (key == "suggestion" || key == "hint") continue;
    const bool is_type = key == "sourceType" || key == "targetType";
    parameters.emplace_back(key, is_type && !value.starts_with('"') ? "\"" + value + "\"" : value);
  }
  const std::string ansi = "\"spark.sql.ansi.enabled\"";
  const std::string_view name = error.info().name;
  if (error.condition == Condition::DIVIDE_BY_ZERO ||
      error.condition == Condition::ARITHMETIC_OVERFLOW) {
    parameters.emplace_back("config", ansi);
  } else if (error.condition == Condition::CAST_INVALID_INPUT ||
             error.condition == Condition::CAST_OVERFLOW || name == "INVALID_ARRAY_INDEX") {
    parameters.emplace_back("ansiConfig", ansi);
  }
  return parameters;
}

std::string ParametersJson(const Error& error) {
  std::string json = "{";
  const Parameters parameters = ParametersOf(error);
  for (const auto& [key, value] : parameters) {
    const std::size_t room = kMaxTrailerText / std::max<std::size_t>(parameters.size(), 1);
    json += (json.size() > 1 ? "," : "") + types::JsonQuote(key) + ":" +
            types::JsonQuote(Cut(value, room));
  }
  return json + "}";
}

}  // namespace

grpc::Status ErrorReporter::Report(const Error& error, const std::string& sql) {
  const ReportedError reported{.error = error, .sql = error.span.empty() ? "" : sql};
  const ExceptionClass& exception = ClassOf(error);
  const std::string id = RandomUuid();
  {
    std::lock_guard lock(mutex_);
    errors_.emplace(id, reported);
    oldest_first_.push_back(id);
    if (oldest_first_.size() > kMaxErrors) {
      errors_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
  }
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(exception.name));
  info.set_domain("org.apache.spark");
  auto& metadata = *info.mutable_metadata();
  metadata["classes"] =
      "[\"" + std::string(exception.name) + "\"," + std::string(exception.parents) + "]";
  metadata["errorClass"] = std::string(error.info().name);
  metadata["sqlState"] = std::string(error.info().sqlstate);
  metadata["messageParameters"] = ParametersJson(error);
  metadata["errorId"] = id;
  const std::string text = Cut(TextOf(reported));
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::INTERNAL);
  status.set_message(text);
  status.add_details()->PackFrom(info);
  return {grpc::StatusCode::INTERNAL, text, status.SerializeAsString()};
}

void ErrorReporter::Describe(const std::string& error_id,
                             spark::connect::FetchErrorDetailsResponse& response) {
  ReportedError reported;
  {
    std::lock_guard lock(mutex_);
    const auto found = errors_.find(error_id);
    if (found == errors_.end()) return;
    reported = found->second;
  }
  const Error& error = reported.error;
  const ExceptionClass& exception = ClassOf(error);
  response.set_root_error_idx(0);
  auto& message = *response.add_errors();
  message.add_error_type_hierarchy(std::string(exception.name));
  std::string parents(exception.parents);
  for (std::size_t at = 0; at < parents.size();) {  // "a","b"
    const std::size_t end = parents.find('"', at + 1);
    message.add_error_type_hierarchy(parents.substr(at + 1, end - at - 1));
    at = end + 2;
  }
  message.set_message(TextOf(reported));
  auto& throwable = *message.mutable_spark_throwable();
  throwable.set_error_class(std::string(error.info().name));
  throwable.set_sql_state(std::string(error.info().sqlstate));
  for (const auto& [key, value] : ParametersOf(error)) {
    (*throwable.mutable_message_parameters())[key] = value;
  }
  if (reported.sql.empty() || error.span.end > reported.sql.size()) return;
  auto& context = *throwable.add_query_contexts();
  context.set_context_type(spark::connect::FetchErrorDetailsResponse_QueryContext::SQL);
  context.set_start_index(static_cast<int>(error.span.begin));
  context.set_stop_index(static_cast<int>(error.span.end) - 1);
  context.set_fragment(reported.sql.substr(error.span.begin, error.span.end - error.span.begin));
}

}  // namespace inlet::server
