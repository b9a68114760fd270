#include "engine/duckdb/functions/raise.h"

#include <duckdb/common/error_data.hpp>
#include <duckdb/common/exception.hpp>
#include <map>
#include <string>

namespace inlet::engine {
namespace {

constexpr char kConditionKey[] = "inlet_condition";
constexpr char kHintKey[] = "inlet_hint";
constexpr std::string_view kParamPrefix =
    "inlet_param_";  // Then one digit, its place, and the name.

}  // namespace

void Raise(const Error& error) {
  duckdb::unordered_map<std::string, std::string> extra;
  extra[kConditionKey] = std::to_string(static_cast<int>(error.condition));
  if (!error.hint.empty()) extra[kHintKey] = error.hint;
  for (std::size_t i = 0; i < error.params.size(); ++i) {
    extra[std::string(kParamPrefix) + static_cast<char>('0' + i % 10) + error.params[i].first] =
        error.params[i].second;
  }
  throw duckdb::Exception(extra, duckdb::ExceptionType::INVALID_INPUT, MessageOf(error));
}

void Raise(Condition condition, std::initializer_list<Param> params) {
  Raise(Fail(condition, params).error());
}

std::optional<Error> DecodeRaised(const duckdb::ErrorData& error) {
  const auto& extra = error.ExtraInfo();
  auto condition = extra.find(kConditionKey);
  if (condition == extra.end()) return std::nullopt;
  Error decoded{.condition = static_cast<Condition>(std::stoi(condition->second))};
  if (auto hint = extra.find(kHintKey); hint != extra.end()) decoded.hint = hint->second;
  std::map<char, std::pair<std::string, std::string>> ordered;
  for (const auto& [key, value] : extra) {
    if (key.size() <= kParamPrefix.size() || !key.starts_with(kParamPrefix)) continue;
    ordered[key[kParamPrefix.size()]] = {key.substr(kParamPrefix.size() + 1), value};
  }
  for (auto& [index, param] : ordered) decoded.params.push_back(std::move(param));
  return decoded;
}

}  // namespace inlet::engine
