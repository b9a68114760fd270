#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "formats/format.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// The format that the options name, or else the one that all `files` have: by their extension
/// (behind that of a compression), then by their first bytes.
///
/// Errors: DATA_SOURCE_NOT_FOUND for a name that nobody knows, with the nearest one;
/// CF_UNABLE_TO_DETECT_FILE_FORMAT for mixed or unknown files; CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE.
Result<const formats::Format*> ChooseFormat(const OptionMap& options,
                                            const storage::ObjectStore& store,
                                            const std::vector<storage::ObjectInfo>& files,
                                            std::string_view path_text);

}  // namespace inlet::ingest
