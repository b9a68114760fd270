#pragma once

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/testing.h"
#include "base/uuid.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "ingest/delta_source.h"
#include "ingest/stream/file_stream_source.h"
#include "ingest/stream/streaming_query.h"
#include "sql/ast.h"
#include "storage/local/local_store.h"
#include "types/batch.h"

namespace inlet::ingest {

/// A directory that is gone after the test.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    path_ = parent / ("inlet-stream-" + RandomUuid());
    std::filesystem::create_directories(path_);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

 private:
  std::filesystem::path path_;
};

inline storage::Location LocalAt(const std::string& path) {
  return {.store = storage::TheLocalStore(), .path = path.substr(1)};
}

/// One engine for all tests of a program; it has to go before main() returns.
inline std::unique_ptr<engine::Engine>& EngineSlot() {
  static std::unique_ptr<engine::Engine> slot;
  return slot;
}
inline engine::Engine& TheEngine() {
  if (EngineSlot() == nullptr) {
    EngineSlot() = Value(
        engine::OpenDuckDb({.threads = 2, .memory_bytes = 1 << 30, .temp_directory = "/tmp"}));
  }
  return *EngineSlot();
}
class CloseEngine final : public ::testing::Environment {
 public:
  void TearDown() override { EngineSlot().reset(); }
};
inline ::testing::Environment* const kCloseEngine =
    ::testing::AddGlobalTestEnvironment(new CloseEngine);

/// SELECT * FROM the first input.
inline Result<BoundQuery> SelectAll(
    const std::vector<std::shared_ptr<const engine::SplitSource>>& inputs) {
  sql::Select select;
  select.items.push_back({.value = {.node = sql::Star{}}});
  select.from = sql::TableRef{.node = sql::InputRef{.name = "input_0"}};
  return BoundQuery{.query = {.body = std::move(select)},
                    .inputs = {{.name = "input_0", .source = inputs[0]}}};
}

/// Auto Loader from `landing` to a Delta table, SELECT *.
struct FileToTable {
  std::string landing;
  storage::Location checkpoint;
  storage::Location table;
  OptionMap options = {{"format", "json"}};
  StreamTrigger trigger = {.kind = StreamTrigger::Kind::kAvailableNow};
  bool merge_schema = false;
  bool restart_on_schema_change = false;
  std::string transaction_app_id;

  Result<std::unique_ptr<StreamingQuery>> Open() const {
    FileStreamRequest files;
    files.files.location = LocalAt(landing);
    files.files.path_text = landing;
    files.files.threads = 2;
    files.files.options = options;
    files.state = {.store = checkpoint.store, .path = checkpoint.path + "/sources/0"};
    files.schemas = files.state;
    files.resolve = [](std::string_view path) { return storage::Resolve(path); };
    files.scratch_directory = "/" + checkpoint.path + "-scratch";
    StreamDefinition definition{.checkpoint = checkpoint,
                                .bind = SelectAll,
                                .trigger = trigger,
                                .restart_on_schema_change = restart_on_schema_change};
    definition.sources.push_back(TRY(OpenFileStream(std::move(files))));
    definition.sink = MakeDeltaSink(TheEngine(), {.root = table,
                                                  .table_name = "t",
                                                  .merge_schema = merge_schema,
                                                  .create_if_missing = delta::TableDefinition{},
                                                  .transaction_app_id = transaction_app_id});
    return StreamingQuery::Open(TheEngine(), std::move(definition));
  }

  Status Run() const { return TRY(Open())->RunToEnd({}); }
};

/// The values of an integer column of a table, sorted.
inline std::vector<std::int64_t> ColumnOf(const storage::Location& table,
                                          const std::string& column) {
  const auto source = Value(DeltaSource::Open(Value(delta::Snapshot::Load(table)), {}));
  std::vector<std::int64_t> values;
  const auto index = source->schema().IndexOf(column);
  if (!index) return values;
  for (std::size_t split = 0; split < source->num_splits(); ++split) {
    const auto reader = Value(source->Open(split, {.columns = {*index}}));
    while (const types::BatchPtr batch = Value(reader->Next())) {
      const auto& array = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (std::int64_t row = 0; row < array.length(); ++row) {
        values.push_back(array.IsNull(row) ? -1 : array.Value(row));
      }
    }
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace inlet::ingest
