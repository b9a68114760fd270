#pragma once

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

}  // namespace inlet::storage
