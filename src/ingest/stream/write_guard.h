#pragma once

#include <cstdint>
#include <string>

namespace inlet::ingest {

/// Whether somebody on this machine has the file open for writing, so that it may grow yet.
///
/// The kernel knows: it grants a lease for reading only when there is no writer. Where it grants
/// none at all (NFS, files of other users), a file is taken to be written while its last change is
/// less than a second old.
bool IsBeingWritten(const std::string& path, std::int64_t modified_at_ms);

}  // namespace inlet::ingest
