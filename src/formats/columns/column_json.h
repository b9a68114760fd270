#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace inlet::formats {

/// Appends one value as JSON: numbers plainly, binary as base64, dates and times as Spark's to_json
/// writes them (in UTC), structs as objects without their NULL fields, maps as objects.
void AppendJsonValue(const arrow::Array& array, std::int64_t index, std::string& out);

/// Closes a rescued-data object: `body` holds `"name":value` pairs between commas, without braces.
std::string RescuedObject(std::string_view body, std::string_view file_path);

}  // namespace inlet::formats
