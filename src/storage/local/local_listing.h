#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// The files of the local disk whose path begins with `prefix`, as ObjectStore::List() promises.
///
/// Follows symbolic links, but never into a directory that it is already inside of. Leaves out what
/// cannot hold data: temporary files of ours, pipes, sockets, devices, links to nothing.
/// A directory that may not be read is an error, since its files would go missing in silence.
/// Costs one stat() for each file that it returns, none for those that it skips.
Result<std::vector<ObjectInfo>> ListLocal(std::string_view prefix, const ListOptions& options);

/// The same without the files whose path `is_known`, which it is asked in ascending order. Those
/// cost no stat(), so that ten new files among a million are found in a fraction of the time.
Result<std::vector<ObjectInfo>> ListLocalUnless(
    std::string_view prefix, const std::function<Result<bool>(std::string_view path)>& is_known);

}  // namespace inlet::storage
