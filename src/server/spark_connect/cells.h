#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "types/batch.h"

/// Cells of small results that the server asks for itself.
namespace inlet::server {

/// The first cell of a BIGINT column; 0 when there is none or it is NULL.
std::int64_t FirstLong(const std::vector<types::BatchPtr>& batches);

/// A STRING column; no value for NULL.
std::vector<std::optional<std::string>> TextsOf(const std::vector<types::BatchPtr>& batches,
                                                int column);

}  // namespace inlet::server
