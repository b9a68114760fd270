#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/functions/regex_internal.h"

namespace inlet::engine::functions {
namespace {

constexpr std::uint32_t kMatchLimit = 5'000'000;
constexpr std::uint32_t kHeapLimitKib = 64 * 1024;
constexpr std::size_t kJitStackBytes = 1024 * 1024;
constexpr std::size_t kMaxPatternBytes = 1024 * 1024;

/// Java's POSIX names, which PCRE2 has in another spelling.
std::string_view PosixClass(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kClasses = {{
      {"Lower", "a-z"},
      {"Upper", "A-Z"},
      {"ASCII", "\\x00-\\x7F"},
      {"Alpha", "a-zA-Z"},
      {"Digit", "0-9"},
      {"Alnum", "a-zA-Z0-9"},
      {"Punct", "!-\\/:-@\\[-`{-~"},
      {"Graph", "!-~"},
      {"Print", " -~"},
      {"Blank", " \\t"},
      {"Cntrl", "\\x00-\\x1F\\x7F"},
      {"XDigit", "0-9a-fA-F"},
      {"Space", " \\t\\n\\x0B\\f\\r"},
  }};
  for (const auto& [java, characters] : kClasses) {
    if (java == name) return characters;
  }
  return {};
}

/// `pattern` in PCRE2's spelling.
std::string FromJava(std::string_view pattern, std::string_view function) {
  std::string result;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[i + 1];
      const std::size_t close = pattern.find('}', i);
      if ((escaped == 'p' || escaped == 'P') && i + 2 < pattern.size() && pattern[i + 2] == '{' &&
          close != std::string_view::npos) {
        const std::string_view characters = PosixClass(pattern.substr(i + 3, close - i - 3));
        if (!characters.empty() && !(in_class && escaped == 'P')) {
          result += in_class ? std::string(characters)
                             : (escaped == 'P' ? "[^" : "[") + std::string(characters) + "]";
          i = close;
          continue;
        }
      }
      if (escaped == 'u' && i + 5 < pattern.size()) {
        result += "\\x{" + std::string(pattern.substr(i + 2, 4)) + "}";
        i += 5;
        continue;
      }
      result += c;
      result += escaped;
      ++i;
      continue;
    }
    if (in_class && c == '&' && pattern.substr(i).starts_with("&&")) {
      Raise(Condition::INLET_UNSUPPORTED,
            {{"feature", "&& in a character class, in " + std::string(function)}});
    }
    if (c == '[') in_class = true;
    if (c == ']' && in_class && !result.ends_with('[') && !result.ends_with("[^")) in_class = false;
    result += c;
  }
  return result;
}

/// What one thread needs to run patterns.
struct Runner {
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 * 1024, kJitStackBytes, nullptr);
  pcre2_match_data* data = pcre2_match_data_create(32, nullptr);

  Runner() {
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kHeapLimitKib);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~Runner() {
    pcre2_match_data_free(data);
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void Reserve(std::uint32_t groups) {
    if (pcre2_get_ovector_count(data) > groups) return;
    pcre2_match_data_free(data);
    data = pcre2_match_data_create(groups + 1, nullptr);
  }
};

}  // namespace

void Regex::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Regex::Regex(std::string_view pattern, std::string_view function) {
  if (pattern.size() > kMaxPatternBytes) {
    Raise(Condition::INLET_RESOURCE_LIMIT,
          {{"message", "A regular expression is too long"}, {"limit", "1 MiB"}});
  }
  const std::string translated = FromJava(pattern, function);
  int code = 0;
  std::size_t offset = 0;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
  code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                            PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &code, &offset, context));
  pcre2_compile_context_free(context);
  if (!code_) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "regexp"},
           {"functionName", std::string(function)},
           {"message", "'" + std::string(pattern) + "' is no regular expression"}});
  }
  pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);
  pcre2_pattern_info(code_.get(), PCRE2_INFO_CAPTURECOUNT, &num_groups_);
}

int Regex::GroupNamed(const std::string& name) const {
  const int number =
      pcre2_substring_number_from_name(code_.get(), reinterpret_cast<PCRE2_SPTR>(name.c_str()));
  return number < 0 ? -1 : number;
}

bool Regex::Find(std::string_view text, std::size_t from, Groups& groups) const {
  static thread_local Runner runner;
  runner.Reserve(num_groups_ + 1);
  const int found = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                from, 0, runner.data, runner.context);
  if (found == PCRE2_ERROR_NOMATCH) return false;
  if (found < 0) {
    Raise(Condition::INLET_RESOURCE_LIMIT,
          {{"message", "A regular expression takes too many steps on a value"},
           {"limit", std::to_string(kMatchLimit)}});
  }
  const std::size_t* offsets = pcre2_get_ovector_pointer(runner.data);
  groups.assign(num_groups_ + 1, std::nullopt);
  for (std::uint32_t i = 0; i <= num_groups_ && i < static_cast<std::uint32_t>(found); ++i) {
    if (offsets[2 * i] == PCRE2_UNSET || offsets[2 * i + 1] < offsets[2 * i]) continue;
    groups[i] = Range{offsets[2 * i], offsets[2 * i + 1]};
  }
  return true;
}

}  // namespace inlet::engine::functions
