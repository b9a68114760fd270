#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace inlet::formats::excel_internal {

/// The files of a zip archive in memory. `bytes` outlive it. Immutable.
/// Source: PKWARE APPNOTE 6.3, "Central directory structure".
class ZipArchive {
 public:
  /// Errors, naming `url`: FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER for what is no archive,
  /// INLET_CORRUPT_FILE, INLET_UNSUPPORTED_FILE for encryption and 64-bit archives.
  static Result<ZipArchive> Open(std::string_view bytes, std::string url);

  bool Contains(const std::string& name) const { return entries_.contains(name); }
  /// The content of a file, its checksum verified.
  /// Errors: INLET_CORRUPT_FILE; INLET_RESOURCE_LIMIT for what expands too far.
  Result<std::string> Extract(const std::string& name) const;

 private:
  struct Entry {
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint32_t crc = 0;
    std::uint32_t packed_bytes = 0;
    std::uint32_t bytes = 0;
    std::uint32_t position = 0;
  };

  std::unexpected<Error> Corrupt(const std::string& message) const;

  std::string_view bytes_;
  std::string url_;
  std::map<std::string, Entry> entries_;
};

}  // namespace inlet::formats::excel_internal
