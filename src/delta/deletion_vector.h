#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// The rows of a data file that are deleted: half-open ranges of positions, ascending and disjoint.
/// Ranges, so that memory is bounded by the bytes of the vector and not by the rows it speaks of.
struct DeletedRows {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  std::uint64_t cardinality = 0;
};

/// Reads and checks a deletion vector.
/// Errors: INLET_CORRUPT_FILE for wrong sizes, checksums, cardinalities and bitmaps; errors of
/// storage. Source: Delta protocol, "Deletion Vectors"; Roaring format specification.
Result<DeletedRows> LoadDeletedRows(const storage::Location& table_root,
                                    const DeletionVectorDescriptor& descriptor);

/// The file that holds a vector of type `u` or `p`; nothing for an inline one.
/// Errors: INLET_CORRUPT_FILE.
Result<std::optional<storage::Location>> DeletionVectorFile(
    const storage::Location& table_root, const DeletionVectorDescriptor& descriptor);

/// The bitmap of a vector without size and checksum. `origin` is for messages.
Result<DeletedRows> ParseDeletedRows(std::string_view bytes, std::string_view origin);

/// Base 85 of ZeroMQ. Nothing for other characters and lengths that are no multiple of five.
std::optional<std::string> DecodeZ85(std::string_view text);

}  // namespace inlet::delta
