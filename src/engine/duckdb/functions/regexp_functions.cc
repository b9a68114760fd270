#include "engine/duckdb/functions/cache_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/regex_internal.h"
#include "engine/duckdb/functions/text_internal.h"

namespace inlet::engine::functions {
namespace {

using std::string;
using std::string_view;
using i32 = std::int32_t;

const Regex& Compiled(string_view pattern, string_view function) {
  static thread_local CompiledCache<Regex> cache;
  return cache.Get(pattern, [function](string_view text) { return Regex(text, function); });
}

string_view Part(string_view text, const std::optional<Regex::Range>& range) {
  return range ? text.substr(range->first, range->second - range->first) : string_view();
}

/// Where to look for the next match: behind this one, a character further when it was empty.
std::size_t Behind(string_view text, const Regex::Range& match) {
  if (match.second > match.first) return match.second;
  return match.second < text.size() ? match.second + CharBytes(text, match.second)
                                    : text.size() + 1;
}

template <class Visit>
void ForEachMatch(const Regex& regex, string_view text, std::size_t from, Visit visit) {
  Regex::Groups groups;
  while (from <= text.size() && regex.Find(text, from, groups)) {
    visit(groups);
    from = Behind(text, *groups[0]);
  }
}

std::size_t CheckedGroup(const Regex& regex, i32 group, string_view function) {
  if (group < 0 || static_cast<std::uint32_t>(group) > regex.num_groups()) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "idx"},
           {"functionName", string(function)},
           {"message", "the expression has " + std::to_string(regex.num_groups()) +
                           " groups, not " + std::to_string(group)}});
  }
  return static_cast<std::size_t>(group);
}

string Extract(string_view text, string_view pattern, i32 group) {
  const Regex& regex = Compiled(pattern, "regexp_extract");
  const std::size_t index = CheckedGroup(regex, group, "regexp_extract");
  Regex::Groups groups;
  return regex.Find(text, 0, groups) ? string(Part(text, groups[index])) : string();
}

StringList ExtractAll(string_view text, string_view pattern, i32 group) {
  const Regex& regex = Compiled(pattern, "regexp_extract_all");
  const std::size_t index = CheckedGroup(regex, group, "regexp_extract_all");
  StringList all;
  ForEachMatch(regex, text, 0,
               [&](const Regex::Groups& groups) { all.emplace_back(Part(text, groups[index])); });
  return all;
}

/// Java's replacement text: $1, ${name}, a backslash before anything that stands for itself.
void AppendReplacement(const Regex& regex, string_view text, const Regex::Groups& groups,
                       string_view replacement, string& out) {
  auto fail = [&](const string& what) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "rep"}, {"functionName", "regexp_replace"}, {"message", what}});
  };
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    const char c = replacement[i];
    if (c == '\\' && i + 1 < replacement.size()) {
      out += replacement[++i];
    } else if (c == '$') {
      std::size_t group = 0;
      if (i + 1 < replacement.size() && replacement[i + 1] == '{') {
        const std::size_t close = replacement.find('}', i);
        const int named = close == string_view::npos
                              ? -1
                              : regex.GroupNamed(string(replacement.substr(i + 2, close - i - 2)));
        if (named < 0) fail("there is no such group in " + string(replacement));
        group = static_cast<std::size_t>(named);
        i = close;
      } else {
        if (i + 1 >= replacement.size() || replacement[i + 1] < '0' || replacement[i + 1] > '9')
          fail("a $ names no group in " + string(replacement));
        group = static_cast<std::size_t>(replacement[++i] - '0');
        if (group > regex.num_groups()) fail("there is no group " + std::to_string(group));
        while (i + 1 < replacement.size() && replacement[i + 1] >= '0' &&
               replacement[i + 1] <= '9') {
          const std::size_t longer =
              group * 10 + static_cast<std::size_t>(replacement[i + 1] - '0');
          if (longer > regex.num_groups()) break;
          group = longer;
          ++i;
        }
      }
      out += Part(text, groups[group]);
    } else {
      out += c;
    }
  }
}

string Replace(string_view text, string_view pattern, string_view replacement, i32 position) {
  const Regex& regex = Compiled(pattern, "regexp_replace");
  const std::size_t from = CharOffset(text, position - 1);
  string out;
  std::size_t copied = 0;
  ForEachMatch(regex, text, from, [&](const Regex::Groups& groups) {
    out += text.substr(copied, groups[0]->first - copied);
    AppendReplacement(regex, text, groups, replacement, out);
    copied = groups[0]->second;
  });
  return out += text.substr(copied);
}

StringList SplitChars(string_view text, i32 limit) {
  StringList parts;
  for (std::size_t i = 0;
       i < text.size() && (limit <= 0 || parts.size() < static_cast<std::size_t>(limit));) {
    const std::size_t length = CharBytes(text, i);
    parts.emplace_back(text.substr(i, length));
    i += length;
  }
  return parts;
}

/// Java's String.split that keeps the empty texts at the end.
StringList Split(string_view text, string_view pattern, i32 limit) {
  if (pattern.empty() && !text.empty()) return SplitChars(text, limit);
  const Regex& regex = Compiled(pattern, "split");
  StringList parts;
  std::size_t begin = 0;
  Regex::Groups groups;
  for (std::size_t from = 0;
       from <= text.size() && (limit <= 0 || parts.size() + 1 < static_cast<std::size_t>(limit));) {
    if (!regex.Find(text, from, groups)) break;
    const Regex::Range match = *groups[0];
    from = Behind(text, match);
    if (match.second == 0 || (match.first == match.second && match.first >= text.size())) continue;
    parts.emplace_back(text.substr(begin, match.first - begin));
    begin = match.second;
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

}  // namespace

void AddRegexpFunctions(Registry& registry) {
  registry.Add("spark_rlike", [](string_view s, string_view p) {
    Regex::Groups groups;
    return Compiled(p, "rlike").Find(s, 0, groups);
  });
  registry.Add("spark_regexp_extract",
               [](string_view s, string_view p) { return Extract(s, p, 1); });
  registry.Add("spark_regexp_extract",
               [](string_view s, string_view p, i32 g) { return Extract(s, p, g); });
  registry.Add("spark_regexp_extract_all",
               [](string_view s, string_view p) { return ExtractAll(s, p, 1); });
  registry.Add("spark_regexp_extract_all",
               [](string_view s, string_view p, i32 g) { return ExtractAll(s, p, g); });
  registry.Add("spark_regexp_replace",
               [](string_view s, string_view p, string_view r) { return Replace(s, p, r, 1); });
  registry.Add("spark_regexp_replace", [](string_view s, string_view p, string_view r, i32 at) {
    return Replace(s, p, r, at);
  });
  registry.Add("spark_regexp_count", [](string_view s, string_view p) {
    i32 count = 0;
    ForEachMatch(Compiled(p, "regexp_count"), s, 0, [&](const Regex::Groups&) { ++count; });
    return count;
  });
  registry.Add("spark_regexp_substr", [](string_view s, string_view p) -> std::optional<string> {
    Regex::Groups groups;
    if (!Compiled(p, "regexp_substr").Find(s, 0, groups)) return std::nullopt;
    return string(Part(s, groups[0]));
  });
  registry.Add("spark_regexp_instr", [](string_view s, string_view p) {
    Regex::Groups groups;
    if (!Compiled(p, "regexp_instr").Find(s, 0, groups)) return 0;
    return CountChars(s.substr(0, groups[0]->first)) + 1;
  });
  registry.Add("spark_split", [](string_view s, string_view p) { return Split(s, p, -1); });
  registry.Add("spark_split", [](string_view s, string_view p, i32 n) { return Split(s, p, n); });
}

}  // namespace inlet::engine::functions
