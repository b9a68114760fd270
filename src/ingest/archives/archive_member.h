#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// Where the bytes of one file of an archive lie.
struct ArchiveMember {
  std::string name;  ///< With '/' between its parts; never absolute, no "..".
  std::int64_t position = 0;
  std::int64_t packed_bytes = 0;
  std::int64_t size_bytes = 0;
  bool is_deflated = false;    ///< Else its bytes stand as they are.
  std::uint32_t checksum = 0;  ///< CRC-32; of deflated ones.
};

/// So many files of one archive, and so long names, are read.
inline constexpr std::size_t kMostArchiveMembers = 100'000;
inline constexpr std::size_t kMostMemberNameBytes = 4096;

/// The files of a ZIP archive, ZIP64 too. Errors: INLET_CORRUPT_FILE; INLET_UNSUPPORTED_FILE for
/// encrypted files and other compressions than deflate; INLET_RESOURCE_LIMIT.
/// Source: PKWARE APPNOTE 6.3.10.
Result<std::vector<ArchiveMember>> ReadZipDirectory(const storage::ObjectReader& archive,
                                                    const std::string& url);

/// The plain files of a TAR archive: ustar, GNU long names, pax paths and sizes.
/// Errors: INLET_CORRUPT_FILE; INLET_RESOURCE_LIMIT. Source: POSIX.1-2017, "pax".
Result<std::vector<ArchiveMember>> ReadTarDirectory(const storage::ObjectReader& archive,
                                                    const std::string& url);

/// Takes a member whose name stays within the archive; a name that does not is an error.
Status AddMember(ArchiveMember member, const std::string& url, std::vector<ArchiveMember>& members);

/// All of [position, position + length), or INLET_CORRUPT_FILE.
Result<std::string> ReadExactly(const storage::ObjectReader& archive, std::int64_t position,
                                std::int64_t length, const std::string& url);

std::unexpected<Error> DamagedArchive(const std::string& url, std::string message);

}  // namespace inlet::ingest
