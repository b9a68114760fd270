#pragma once

#include <memory>
#include <set>
#include <string>

#include "base/testing.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "storage/memory/memory_store.h"

namespace inlet::delta {

/// A table in memory for tests of the log; its data files are names only.
struct TestTable {
  explicit TestTable(Properties properties = {}, std::vector<std::string> partition_columns = {})
      : root{store, "t"} {
    Create(root, std::move(properties), std::move(partition_columns));
  }
  TestTable(const TestTable&) = delete;
  /// No thread may still write when the program ends and the libraries take down what they share.
  ~TestTable() { FlushLogCheckpoints(); }

  static void Create(const storage::Location& at, Properties properties,
                     std::vector<std::string> partition_columns) {
    TableDefinition definition{.schema = Value(types::ParseDdl("id BIGINT, p STRING")),
                               .partition_columns = std::move(partition_columns),
                               .properties = std::move(properties)};
    TableActions actions = Value(DefineTable(definition));
    Transaction transaction(at);
    transaction.Set(actions.metadata);
    transaction.Set(actions.protocol);
    for (const DomainMetadata& domain : actions.domains) transaction.Set(domain);
    Value(std::move(transaction).Commit({.name = "CREATE TABLE"}));
  }

  static AddFile File(const std::string& path, const std::string& partition = "") {
    AddFile file{.path = path, .size = 10, .stats = "{\"numRecords\":3}"};
    if (!partition.empty()) file.partition_values["p"] = partition;
    return file;
  }

  SnapshotPtr Latest() const { return Value(Snapshot::Load(root)); }

  static std::multiset<std::string> Paths(const Snapshot& snapshot) {
    std::multiset<std::string> paths;
    for (const AddFile& file : snapshot.files()) paths.insert(file.path);
    return paths;
  }
  std::multiset<std::string> Paths() const { return Paths(*Latest()); }

  CommitResult Append(const std::string& path, const std::string& partition = "") const {
    Transaction transaction(Latest());
    transaction.Add(File(path, partition));
    return Value(std::move(transaction).Commit({.name = "WRITE"}));
  }
  CommitResult Remove(const std::string& path) const {
    const SnapshotPtr latest = Latest();
    Transaction transaction(latest);
    for (const AddFile& file : latest->files()) {
      if (file.path == path) transaction.Remove(file);
    }
    return Value(std::move(transaction).Commit({.name = "DELETE"}));
  }

  std::shared_ptr<storage::MemoryStore> store = std::make_shared<storage::MemoryStore>("table");
  storage::Location root;
};

}  // namespace inlet::delta
