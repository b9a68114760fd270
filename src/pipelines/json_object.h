#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "types/json_text.h"

namespace inlet::pipelines {

/// Writes one JSON object, member by member, in the order of the calls.
class JsonObject {
 public:
  JsonObject& Add(std::string_view name, std::string_view text) {
    return AddJson(name, types::JsonQuote(text));
  }
  JsonObject& Add(std::string_view name, const char* text) {
    return Add(name, std::string_view(text));
  }
  JsonObject& Add(std::string_view name, std::int64_t number) {
    return AddJson(name, std::to_string(number));
  }
  JsonObject& Add(std::string_view name, bool value) {
    return AddJson(name, value ? "true" : "false");
  }
  /// `json` is a value already.
  JsonObject& AddJson(std::string_view name, std::string_view json) {
    if (!members_.empty()) members_ += ',';
    types::AppendJsonQuoted(name, members_);
    members_ += ':';
    members_ += json;
    return *this;
  }

  bool empty() const { return members_.empty(); }
  std::string Text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

/// "[a,b]" of values that are JSON already.
template <class Range>
std::string JsonArray(const Range& values) {
  std::string text = "[";
  for (const std::string& value : values) text += (text.size() > 1 ? "," : "") + value;
  return text + "]";
}

}  // namespace inlet::pipelines
