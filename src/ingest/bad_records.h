#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "formats/format.h"

namespace inlet::ingest {

/// Where malformed records go: `<path>/<yyyyMMdd'T'HHmmss>/bad_records/part-<uuid>`, a JSON object
/// {path, record, reason} a line. The file appears with the first record and is complete when the
/// last copy of the returned function is destroyed.
/// Source: Databricks, "Handle bad records and files".
Result<std::function<void(formats::BadRecord)>> OpenBadRecords(const std::string& path);

}  // namespace inlet::ingest
