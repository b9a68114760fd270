#include "ingest/stream/schema_location.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "types/json_text.h"

namespace inlet::ingest {

std::string SchemaLocation::PathOf(std::int64_t number) const {
  return location_.path + "/_schemas/" + std::to_string(number);
}

Result<std::optional<StoredSchema>> SchemaLocation::Newest() {
  const std::string prefix = location_.path + "/_schemas/";
  std::int64_t newest = -1;
  for (const storage::ObjectInfo& file : TRY(location_.store->List(prefix, {.one_level = true}))) {
    const std::string_view name = std::string_view(file.path).substr(prefix.size());
    std::int64_t number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) newest = std::max(newest, number);
  }
  next_ = newest + 1;
  if (newest < 0) return std::nullopt;
  const std::string text = TRY(location_.store->Get(PathOf(newest)));
  const auto invalid = [&](std::string message) {
    return Fail(Condition::STREAM_CHECKPOINT_INVALID,
                {{"path", storage::UrlOf(*location_.store, PathOf(newest))},
                 {"message", std::move(message)}});
  };
  constexpr std::string_view kVersionLine = "v1\n";
  if (!text.starts_with(kVersionLine)) return invalid("it is not a schema of version v1");
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  std::string_view data;
  std::string_view partitions;
  if (parser.parse(text.substr(kVersionLine.size())).get(json) != simdjson::SUCCESS ||
      json["dataSchemaJson"].get(data) != simdjson::SUCCESS ||
      json["partitionSchemaJson"].get(partitions) != simdjson::SUCCESS) {
    return invalid("it has no dataSchemaJson and partitionSchemaJson");
  }
  StoredSchema stored;
  stored.schema.data = TRY(types::SchemaFromJson(data));
  stored.schema.partitions = TRY(types::SchemaFromJson(partitions));
  std::string_view format;
  if (json["format"].get(format) == simdjson::SUCCESS) stored.format = format;
  return stored;
}

Status SchemaLocation::Add(const StoredSchema& schema) {
  const std::string text =
      "v1\n{\"dataSchemaJson\":" + types::JsonQuote(types::ToJson(schema.schema.data)) +
      ",\"partitionSchemaJson\":" + types::JsonQuote(types::ToJson(schema.schema.partitions)) +
      ",\"format\":" + types::JsonQuote(schema.format) + "}";
  Status put = location_.store->Put(PathOf(next_), text, storage::PutMode::kIfAbsent);
  if (!put && put.error().kind() == ErrorKind::kAlreadyExists) {
    return Fail(Condition::CF_METADATA_FILE_CONCURRENTLY_USED,
                {{"path", storage::UrlOf(*location_.store, location_.path)}});
  }
  if (put) ++next_;
  return put;
}

}  // namespace inlet::ingest
