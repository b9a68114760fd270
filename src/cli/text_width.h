#pragma once

#include <string>
#include <string_view>

namespace inlet::cli {

/// Columns that UTF-8 text takes on a terminal: wide East Asian characters two, combining ones
/// none.
int TextWidth(std::string_view text);

/// `text`, or as much of it as fits into `width` columns with an ellipsis.
std::string CutToWidth(std::string text, int width);

}  // namespace inlet::cli
