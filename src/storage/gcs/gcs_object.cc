#include "storage/gcs/gcs_object.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "storage/http/service_time.h"

namespace inlet::storage {
namespace {

using nlohmann::json;

constexpr const char* kPutId = "inlet-put";

Result<json> ParseObject(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) {
    return Fail(Condition::STORAGE_UNAVAILABLE,
                {{"message", "the answer of Google Cloud Storage is not JSON"}});
  }
  return value;
}

/// A text, or a number as its text.
std::string Field(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  return found->is_number_integer() ? found->dump() : "";
}

GcsObject ObjectOf(const json& object) {
  GcsObject parsed;
  parsed.info.path = Field(object, "name");
  const std::string size = Field(object, "size");
  std::from_chars(size.data(), size.data() + size.size(), parsed.info.size_bytes);
  parsed.info.modified_at_ms = ParseIsoTimeMs(Field(object, "updated")).value_or(0);
  parsed.info.etag = Field(object, "generation");
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) parsed.put_id = Field(*metadata, kPutId);
  return parsed;
}

}  // namespace

Result<GcsObject> ParseGcsObject(std::string_view text) { return ObjectOf(TRY(ParseObject(text))); }

Result<GcsPage> ParseGcsPage(std::string_view text) {
  const json listing = TRY(ParseObject(text));
  GcsPage page{.next_token = Field(listing, "nextPageToken")};
  const auto items = listing.find("items");
  if (items != listing.end() && items->is_array()) {
    for (const json& item : *items) {
      if (item.is_object()) page.entries.push_back(ObjectOf(item).info);
    }
  }
  const auto prefixes = listing.find("prefixes");
  if (prefixes != listing.end() && prefixes->is_array()) {
    for (const json& prefix : *prefixes) {
      if (prefix.is_string()) page.entries.push_back({.path = prefix.get<std::string>()});
    }
  }
  return page;
}

std::string GcsObjectJson(std::string_view name, std::string_view put_id) {
  json object = {{"name", name}};
  if (!put_id.empty()) object["metadata"] = {{kPutId, put_id}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace inlet::storage
