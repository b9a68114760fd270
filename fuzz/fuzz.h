#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace inlet::fuzz {

/// One parser of bytes from outside. It may refuse them or read them; it must come back.
struct Target {
  std::string name;
  std::function<void(std::string_view bytes)> run;
  /// What to begin with: small, and of all the shapes that the parser knows.
  std::vector<std::string> seeds;
  /// Words that chance would not find.
  std::vector<std::string> words;
};

// format_targets.cc: the readers of files, compression and encodings among them.
void AddFormatTargets(std::vector<Target>& targets);
// delta_targets.cc: everything that lies in a table's directory.
void AddDeltaTargets(std::vector<Target>& targets);
// text_targets.cc: SQL, types, patterns, globs, variants.
void AddTextTargets(std::vector<Target>& targets);
// connect_targets.cc: plans of Spark Connect, up to their schema.
void AddConnectTargets(std::vector<Target>& targets);

/// The files below `directory` up to 256 KiB each, for seeds; none when it is not there.
std::vector<std::string> FilesBelow(const std::string& directory);

}  // namespace inlet::fuzz
