#pragma once

#include <string_view>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// Puts the types of `hints` ("a INT, b.c DATE, tags.element STRING, m.value BIGINT") into
/// `schema`: a column that is there changes its type, one that is not is appended.
///
/// Errors: CF_INVALID_SCHEMA_HINTS_OPTION for text that is no hint list or names a column twice;
/// CF_INVALID_SCHEMA_HINT_COLUMN for a path into a column that has no such field.
/// Source: Auto Loader, "Override schema inference with schema hints".
Result<types::StructType> ApplySchemaHints(types::StructType schema, std::string_view hints);

}  // namespace inlet::ingest
