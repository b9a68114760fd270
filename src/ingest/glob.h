#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::ingest {

/// Whether `text` has a glob character: ? * [ {
bool HasGlob(std::string_view text);

/// `name` against one pattern without alternatives: ? * [abc] [a-z] [^a], a backslash takes the
/// next character as it stands. With `star_crosses_slash` a * also takes '/'. Source: read_files,
/// "File globs". Costs O(length of both) for a pattern with one *.
bool GlobMatches(std::string_view pattern, std::string_view name, bool star_crosses_slash = false);

/// Whether some beginning of `path` matches, for the relaxed globs of Auto Loader.
bool GlobMatchesPrefix(std::string_view pattern, std::string_view path);

/// {ab,c{de,fh}} written out: every pattern without braces.
/// Errors: INVALID_PARAMETER_VALUE for a brace that is not closed, INLET_RESOURCE_LIMIT beyond
/// 10,000 alternatives.
Result<std::vector<std::string>> ExpandBraces(std::string_view pattern);

}  // namespace inlet::ingest
