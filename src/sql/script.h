#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"

namespace inlet::sql {

/// One statement of a script.
struct ScriptPart {
  TextSpan span;             ///< Without the semicolon, outer blanks and outer comments.
  bool is_complete = false;  ///< A semicolon ended it.
};

/// The statements of `text`. Knows strings, names in back-ticks, comments, hints and BEGIN ... END;
/// any bytes are allowed. An open string or comment runs to the end of the text and is not
/// complete.
std::vector<ScriptPart> SplitStatements(std::string_view text);

/// Whether the shell can run what was typed so far: every statement ends with a semicolon.
bool IsComplete(std::string_view text);

}  // namespace inlet::sql
