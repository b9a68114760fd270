#include "ingest/format_detection.h"

#include <array>
#include <set>

namespace inlet::ingest {
namespace {

struct Extension {
  std::string_view text;
  std::string_view format;
};

constexpr Extension kExtensions[] = {
    {".csv", "csv"},     {".tsv", "csv"},         {".json", "json"},    {".jsonl", "json"},
    {".ndjson", "json"}, {".parquet", "parquet"}, {".parq", "parquet"}, {".avro", "avro"},
    {".orc", "orc"},     {".xml", "xml"},         {".txt", "text"},     {".text", "text"},
    {".log", "text"},    {".xlsx", "excel"},      {".xlsm", "excel"},
};

constexpr std::string_view kCompressions[] = {".gz",  ".bz2",     ".zst", ".snappy",
                                              ".lz4", ".deflate", ".xz"};

std::string_view WithoutCompression(std::string_view name) {
  for (const std::string_view compression : kCompressions) {
    if (name.ends_with(compression)) return name.substr(0, name.size() - compression.size());
  }
  return name;
}

/// Empty: the name does not tell.
std::string_view FormatByName(const std::string& path) {
  const std::string lower = ToLower(path);
  const std::string_view name = WithoutCompression(lower);
  for (const Extension& extension : kExtensions) {
    if (name.ends_with(extension.text)) return extension.format;
  }
  return "";
}

/// Empty: the bytes do not tell.
Result<std::string_view> FormatByBytes(const storage::ObjectStore& store,
                                       const storage::ObjectInfo& file) {
  std::array<char, 512> buffer;
  const auto reader = TRY(store.Open(file));
  const std::int64_t length =
      TRY(reader->ReadAt({.position = 0, .length = buffer.size()}, buffer.data()));
  std::string_view head(buffer.data(), static_cast<std::size_t>(length));
  if (head.starts_with("PAR1")) return "parquet";
  if (head.starts_with(std::string_view("Obj\x01", 4))) return "avro";
  if (head.starts_with("ORC")) return "orc";
  if (head.starts_with(std::string_view("PK\x03\x04", 4))) return "excel";
  const std::size_t first = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string_view::npos) return "";
  head.remove_prefix(first);
  if (head[0] == '{' || head[0] == '[') return "json";
  if (head[0] == '<') return "xml";
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  return line.contains(',') ? "csv" : "";
}

}  // namespace

Result<const formats::Format*> ChooseFormat(const OptionMap& options,
                                            const storage::ObjectStore& store,
                                            const std::vector<storage::ObjectInfo>& files,
                                            std::string_view path_text) {
  std::string name = GetString(options, "format").value_or("");
  if (name.empty()) {
    if (files.empty()) {
      return Fail(Condition::CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE, {{"path", std::string(path_text)}});
    }
    std::set<std::string_view> found;
    for (const storage::ObjectInfo& file : files) {
      std::string_view format = FormatByName(file.path);
      if (format.empty() && file.size_bytes > 0) format = TRY(FormatByBytes(store, file));
      if (!format.empty() || file.size_bytes > 0) found.insert(format);
    }
    if (found.size() != 1 || found.contains("")) {
      std::string formats;
      for (const std::string_view format : found) {
        formats += (formats.empty() ? "" : ", ") + std::string(format.empty() ? "unknown" : format);
      }
      return Fail(Condition::CF_UNABLE_TO_DETECT_FILE_FORMAT,
                  {{"path", std::string(path_text)}, {"formats", formats}});
    }
    name = *found.begin();
  }
  if (const formats::Format* format = formats::FindFormat(name)) return format;
  std::vector<std::string_view> known;
  for (const formats::Format* format : formats::AllFormats()) known.push_back(format->name());
  return Fail(Condition::DATA_SOURCE_NOT_FOUND,
              {{"provider", name}, {"suggestion", DidYouMean(name, known)}});
}

}  // namespace inlet::ingest
