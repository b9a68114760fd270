#include "ingest/glob.h"

#include <optional>

namespace inlet::ingest {
namespace {

constexpr std::size_t kMaxAlternatives = 10'000;

/// The place after the class that begins at pattern[open] == '[', and whether `c` is in it; nothing
/// when the class is not closed: then the bracket stands for itself.
struct ClassMatch {
  std::size_t after;
  bool matches;
};

std::optional<ClassMatch> MatchClass(std::string_view pattern, std::size_t open, char c) {
  std::size_t i = open + 1;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool found = false;
  for (const std::size_t first = i; i < pattern.size(); ++i) {
    if (pattern[i] == ']' && i > first) return ClassMatch{i + 1, found != negated};
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      found = found || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 2;
    } else {
      found = found || pattern[i] == c;
    }
  }
  return std::nullopt;
}

/// Bytes of the character at the start of `text`: '?' takes one character, not one byte.
std::size_t CharacterLength(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return length;
}

/// Matches with backtracking to the last * only, which is enough for globs.
bool Match(std::string_view pattern, std::string_view name, bool star_crosses_slash, bool prefix) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (true) {
    if (p == pattern.size() && (prefix || n == name.size())) return true;
    bool advanced = false;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
      continue;
    }
    if (p < pattern.size() && n < name.size()) {
      const char c = name[n];
      std::optional<ClassMatch> in_class;
      if (pattern[p] == '[') in_class = MatchClass(pattern, p, c);
      if (pattern[p] == '?' && c != '/') {
        ++p;
        n += CharacterLength(name.substr(n));
        advanced = true;
      } else if (in_class) {
        if (in_class->matches && c != '/') {
          p = in_class->after;
          ++n;
          advanced = true;
        }
      } else {
        const std::size_t literal = pattern[p] == '\\' && p + 1 < pattern.size() ? p + 1 : p;
        if (pattern[literal] == c) {
          p = literal + 1;
          ++n;
          advanced = true;
        }
      }
    }
    if (advanced) continue;
    if (star == std::string_view::npos || retry >= name.size()) return false;
    if (name[retry] == '/' && !star_crosses_slash) return false;
    n = ++retry;
    p = star + 1;
  }
}

/// The place of the brace that closes pattern[open], or npos.
std::size_t ClosingBrace(std::string_view pattern, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '{') {
      ++depth;
    } else if (pattern[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::size_t OpeningBrace(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '{') {
      return i;
    }
  }
  return std::string_view::npos;
}

std::vector<std::string_view> SplitAlternatives(std::string_view inside) {
  std::vector<std::string_view> alternatives;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '{') ++depth;
    if (inside[i] == '}') --depth;
    if (inside[i] == ',' && depth == 0) {
      alternatives.push_back(inside.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  alternatives.push_back(inside.substr(begin));
  return alternatives;
}

}  // namespace

bool HasGlob(std::string_view text) { return text.find_first_of("?*[{") != std::string_view::npos; }

bool GlobMatches(std::string_view pattern, std::string_view name, bool star_crosses_slash) {
  return Match(pattern, name, star_crosses_slash, /*prefix=*/false);
}

bool GlobMatchesPrefix(std::string_view pattern, std::string_view path) {
  return Match(pattern, path, /*star_crosses_slash=*/true, /*prefix=*/true);
}

Result<std::vector<std::string>> ExpandBraces(std::string_view pattern) {
  std::vector<std::string> done;
  std::vector<std::string> open{std::string(pattern)};
  while (!open.empty()) {
    const std::string current = std::move(open.back());
    open.pop_back();
    const std::size_t begin = OpeningBrace(current);
    if (begin == std::string::npos) {
      done.push_back(current);
      continue;
    }
    const std::size_t end = ClosingBrace(current, begin);
    if (end == std::string::npos) {
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "path"},
                   {"functionName", "a glob"},
                   {"message", "a { is not closed in " + std::string(pattern)}});
    }
    const std::string_view view = current;
    const auto alternatives = SplitAlternatives(view.substr(begin + 1, end - begin - 1));
    if (done.size() + open.size() + alternatives.size() > kMaxAlternatives) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "The glob " + std::string(pattern) + " has too many alternatives"},
                   {"limit", std::to_string(kMaxAlternatives)}});
    }
    // Pushed backwards, so that they come off in the order written.
    for (auto it = alternatives.rbegin(); it != alternatives.rend(); ++it) {
      open.push_back(std::string(view.substr(0, begin)) + std::string(*it) +
                     std::string(view.substr(end + 1)));
    }
  }
  return done;
}

}  // namespace inlet::ingest
