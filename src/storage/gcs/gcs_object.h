#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// The fields to ask the service for.
inline constexpr const char* kGcsObjectFields = "name,size,updated,generation,metadata";

struct GcsObject {
  ObjectInfo info;
  std::string put_id;  ///< Of the put that made it; empty when that was not ours.
};

struct GcsPage {
  std::vector<ObjectInfo> entries;
  std::string next_token;  ///< Empty on the last page.
};

/// Errors of both: STORAGE_UNAVAILABLE, since a service that answers so cannot be understood.
Result<GcsObject> ParseGcsObject(std::string_view json);
Result<GcsPage> ParseGcsPage(std::string_view json);

/// The description of an object to be made.
std::string GcsObjectJson(std::string_view name, std::string_view put_id);

}  // namespace inlet::storage
