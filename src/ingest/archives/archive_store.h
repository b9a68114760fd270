#pragma once

#include <memory>
#include <string_view>

#include "ingest/file_listing.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// By its name: .zip, .tar, and .tar behind a compression (.tar.gz, .tgz, .tar.bz2, .tar.xz,
/// .tar.zst).
bool IsArchive(std::string_view path);

/// A listing in which archives are directories: their files in place of them, as
/// `archive path + "/" + name`, with the time and etag of the archive. `filter` chooses among them.
struct ExpandedListing {
  FileListing listing;
  /// Reads those files, and all others as before.
  std::shared_ptr<storage::ObjectStore> store;
};

/// Reads the directories of the archives; an archive that is compressed as a whole is unpacked to
/// memory, or beyond 64 MiB to a temporary file that has no name. Unpacked bytes have the limits of
/// compressed files. Archives in archives stay files.
/// Errors: those of ReadZipDirectory(), ReadTarDirectory() and of decompression.
Result<ExpandedListing> ExpandArchives(FileListing listing,
                                       std::shared_ptr<storage::ObjectStore> store,
                                       const FileFilter& filter);

}  // namespace inlet::ingest
