#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "delta/commit_file.h"
#include "delta/deletion_vector.h"
#include "delta/snapshot.h"
#include "fuzz.h"
#include "storage/memory/memory_store.h"

namespace inlet::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCommit =
    R"({"commitInfo":{"timestamp":1700000000000,"operation":"WRITE","inCommitTimestamp":1}}
{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}
{"metaData":{"id":"a","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{},"createdTime":1}}
{"add":{"path":"a%20b.parquet","partitionValues":{},"size":10,"modificationTime":1,"dataChange":true,"stats":"{\"numRecords\":3,\"minValues\":{\"a\":1},\"maxValues\":{\"a\":9},\"nullCount\":{\"a\":0}}","deletionVector":{"storageType":"i","pathOrInlineDv":"wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L","sizeInBytes":40,"cardinality":6}}}
{"remove":{"path":"c.parquet","deletionTimestamp":1,"dataChange":true}}
{"txn":{"appId":"x","version":1,"lastUpdated":1}}
{"domainMetadata":{"domain":"d","configuration":"{}","removed":false}}
)";

const std::vector<std::string> kWords = {"\"add\":{",
                                         "\"remove\":{",
                                         "\"metaData\":{",
                                         "null",
                                         "\"stats\":\"{\\\"numRecords\\\":1}\"",
                                         "-1",
                                         "1e30",
                                         "9223372036854775807",
                                         "\"schemaString\":",
                                         "\n",
                                         "\\u0000"};

/// Opens a table whose log holds these objects besides a good commit 0.
void LoadTable(const std::vector<std::pair<std::string, std::string>>& objects) {
  const auto store = std::make_shared<storage::MemoryStore>("fuzz");
  for (const auto& [name, bytes] : objects) {
    if (!store->Put("t/_delta_log/" + name, bytes, storage::PutMode::kOverwrite)) return;
  }
  const auto snapshot = delta::Snapshot::Load({.store = store, .path = "t"});
  if (!snapshot) return;
  (void)(*snapshot)->LoadTombstones().has_value();
  for (const delta::AddFile& file : (*snapshot)->files()) {
    if (file.deletion_vector) {
      (void)delta::LoadDeletedRows((*snapshot)->table_root(), *file.deletion_vector).has_value();
    }
  }
}

/// Files of the golden tables whose names end like this; they may be many, so only some.
std::vector<std::string> GoldenFiles(std::string_view suffix, std::size_t max_files) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(INLET_GOLDEN_DIR, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string path = entry->path().string();
    if (path.ends_with(suffix) && entry->is_regular_file() && entry->file_size() < 20'000) {
      paths.push_back(path);
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  const std::size_t step = std::max<std::size_t>(1, paths.size() / max_files);
  for (std::size_t i = 0; i < paths.size(); i += step) {
    std::ostringstream text;
    text << std::ifstream(paths[i], std::ios::binary).rdbuf();
    files.push_back(std::move(text).str());
  }
  return files;
}

std::vector<std::string> With(std::vector<std::string> files, std::string_view one) {
  files.emplace_back(one);
  return files;
}

}  // namespace

void AddDeltaTargets(std::vector<Target>& targets) {
  const std::string commit(kCommit);
  targets.push_back({.name = "delta_commit",
                     .run =
                         [](std::string_view bytes) {
                           (void)delta::ParseActions(std::string(bytes), "fuzz").has_value();
                           LoadTable({{"00000000000000000000.json", std::string(bytes)}});
                         },
                     .seeds = With(GoldenFiles("00.json", 30), kCommit),
                     .words = kWords});
  targets.push_back(
      {.name = "delta_checkpoint",
       .run =
           [](std::string_view bytes) {
             LoadTable({{"00000000000000000001.checkpoint.parquet", std::string(bytes)}});
           },
       .seeds = GoldenFiles(".checkpoint.parquet", 12),
       .words = {"PAR1", "add", "path", "metaData"}});
  targets.push_back({.name = "delta_last_checkpoint",
                     .run =
                         [commit](std::string_view bytes) {
                           LoadTable({{"00000000000000000000.json", commit},
                                      {"_last_checkpoint", std::string(bytes)}});
                         },
                     .seeds = With(GoldenFiles("_last_checkpoint", 10),
                                   R"({"version":0,"size":4,"parts":2,"checksum":"x"})"),
                     .words = kWords});
  targets.push_back({.name = "delta_checksum",
                     .run =
                         [commit](std::string_view bytes) {
                           LoadTable({{"00000000000000000000.json", commit},
                                      {"00000000000000000000.crc", std::string(bytes)}});
                         },
                     .seeds = With(GoldenFiles(".crc", 10),
                                   R"({"tableSizeBytes":10,"numFiles":1,"numMetadata":1})"),
                     .words = kWords});
  targets.push_back({.name = "deletion_vector",
                     .run =
                         [](std::string_view bytes) {
                           (void)delta::ParseDeletedRows(bytes, "fuzz").has_value();
                           (void)delta::DecodeZ85(bytes).has_value();
                           const auto store = storage::MemoryStore::Named("fuzz");
                           if (!store->Put("t/dv.bin", bytes, storage::PutMode::kOverwrite)) return;
                           (void)delta::LoadDeletedRows(
                               {.store = store, .path = "t"},
                               {.storage_type = "p",
                                .path_or_inline_dv = "memory://fuzz/t/dv.bin",
                                .offset = 1,
                                .size_in_bytes = static_cast<std::int32_t>(bytes.size()) - 9,
                                .cardinality = 2})
                               .has_value();
                         },
                     .seeds = GoldenFiles(".bin", 20),
                     .words = {std::string("\xD1\xD3\x39\x64", 4), std::string("\x3A\x30\0\0", 4),
                               std::string("\x3B\x30\0\0", 4)}});
}

}  // namespace inlet::fuzz
