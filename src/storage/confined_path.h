#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace inlet::storage {

/// `root + "/" + relative`, for a `relative` that comes from a request, an archive or a log and
/// must not lead out of `root`. Drops "." and empty components. Looks at the text only: symbolic
/// links below `root` belong to whoever may write there.
///
/// Errors: INLET_PATH_OUTSIDE when `relative` has a ".." component, is absolute, names a scheme
/// or holds a NUL byte.
Result<std::string> ConfinedPath(std::string_view root, std::string_view relative);

/// A path with "." and ".." resolved by the text alone, without empty components, without leading
/// and trailing slashes; ".." at the root stays there, as on a disk.
std::string NormalizedPath(std::string_view path);

}  // namespace inlet::storage
