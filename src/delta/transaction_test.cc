#include "delta/transaction.h"

#include <arrow/scalar.h>

#include <functional>
#include <thread>

#include "delta/commit_file.h"
#include "delta/test_table.h"
#include "storage/faulty/faulty_store.h"

namespace inlet::delta {
namespace {

using storage::Fault;
using storage::FaultyStore;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(Transaction, EachCommitMakesTheNextVersion) {
  const TestTable table;
  EXPECT_EQ(table.Append("a").version, 1);
  const CommitResult result = table.Append("b");
  EXPECT_EQ(result.version, 2);
  EXPECT_THAT(TestTable::Paths(*result.snapshot), ElementsAre("a", "b"));
  EXPECT_THAT(table.Paths(), ElementsAre("a", "b"));
}

TEST(Transaction, SecondCreationOfATableFails) {
  const TestTable table;
  Transaction again(table.root);
  const TableActions actions = Value(DefineTable({.schema = Value(types::ParseDdl("other INT"))}));
  again.Set(actions.metadata);
  again.Set(actions.protocol);
  EXPECT_THAT(std::move(again).Commit({.name = "CREATE TABLE"}),
              FailsWith(Condition::DELTA_PROTOCOL_CHANGED));
}

TEST(Transaction, SixteenThreadsThatAppendLoseNothing) {
  const TestTable table;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&table, thread] {
      SnapshotPtr snapshot = table.Latest();
      for (int i = 0; i < 10; ++i) {
        Transaction transaction(snapshot);
        transaction.Add(TestTable::File("f" + std::to_string(thread * 10 + i)));
        snapshot = Value(std::move(transaction).Commit({.name = "WRITE"})).snapshot;
      }
    });
  }
  threads.clear();
  FlushLogCheckpoints();
  const SnapshotPtr latest = table.Latest();
  EXPECT_EQ(latest->version(), 160);
  const std::multiset<std::string> paths = TestTable::Paths(*latest);
  EXPECT_EQ(paths.size(), 160u);
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), 160u);
}

/// One micro-batch as the sink of a stream commits it: nothing when it is there already.
Status CommitBatch(const storage::Location& root) {
  const SnapshotPtr latest = TRY(Snapshot::Load(root));
  Transaction transaction(latest);
  if (transaction.ReadTransaction("stream").value_or(-1) >= 1) return Ok();
  transaction.Add(TestTable::File("batch-1-" + std::to_string(latest->version())));
  transaction.Set(SetTransaction{.app_id = "stream", .version = 1});
  TRY(std::move(transaction).Commit({.name = "STREAMING UPDATE"}));
  return Ok();
}

TEST(Transaction, CrashAtAnyWriteAndASecondLifeGiveTheBatchOnce) {
  for (const Fault::Kind kind : {Fault::Kind::kCrashBefore, Fault::Kind::kCrashAfter}) {
    bool has_crashed = true;
    for (int effect = 0; has_crashed; ++effect) {
      const TestTable table;
      const auto faulty = std::make_shared<FaultyStore>(
          table.store, storage::FaultAtEffect(effect, {.kind = kind}));
      (void)CommitBatch({faulty, "t"});
      has_crashed = faulty->has_crashed();
      ASSERT_THAT(CommitBatch(table.root), IsOk());
      EXPECT_EQ(table.Paths().size(), 1u) << "crash at effect " << effect;
    }
  }
}

TEST(Transaction, LostAnswerIsToldFromALostRace) {
  const TestTable table;
  const auto faulty = std::make_shared<FaultyStore>(
      table.store, storage::FaultAtEffect(0, {.kind = Fault::Kind::kFailAfter}));
  Transaction transaction(Value(Snapshot::Load({faulty, "t"})));
  transaction.Add(TestTable::File("a"));
  EXPECT_EQ(Value(std::move(transaction).Commit({.name = "WRITE"})).version, 1);
  EXPECT_THAT(table.Paths(), ElementsAre("a"));
}

TEST(Transaction, RequestThatNeverArrivedIsSentAgain) {
  const TestTable table;
  const auto faulty = std::make_shared<FaultyStore>(
      table.store, storage::FaultAtEffect(0, {.kind = Fault::Kind::kFailBefore}));
  Transaction transaction(Value(Snapshot::Load({faulty, "t"})));
  transaction.Add(TestTable::File("a"));
  EXPECT_EQ(Value(std::move(transaction).Commit({.name = "WRITE"})).version, 1);
}

TEST(Transaction, StoreThatFailsAtRandomLosesAndDoublesNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const TestTable table;
    const auto faulty = std::make_shared<FaultyStore>(
        table.store, storage::RandomFaults(seed, {.fail_before = 0.2, .fail_after = 0.2}));
    std::multiset<std::string> committed;
    std::set<std::string> unknown;
    for (int i = 0; i < 12; ++i) {
      const Result<SnapshotPtr> latest = Snapshot::Load({faulty, "t"});
      if (!latest) continue;
      Transaction transaction(*latest);
      const std::string path = "f" + std::to_string(i);
      transaction.Add(TestTable::File(path));
      const Result<CommitResult> result = std::move(transaction).Commit({.name = "WRITE"});
      if (result) {
        committed.insert(path);
      } else {
        unknown.insert(path);
      }
    }
    std::multiset<std::string> there = table.Paths();
    for (const std::string& path : unknown) there.erase(path);
    EXPECT_EQ(there, committed) << "seed " << seed;
  }
}

/// What a transaction does, on a table partitioned by p with the files "a" (p=a) and "b" (p=b).
using Action = std::function<void(Transaction&)>;

types::ColumnPredicate PartitionIs(const char* value) {
  return {.column = 1,
          .op = types::ColumnPredicate::Op::kEqual,
          .values = {std::make_shared<arrow::StringScalar>(value)}};
}
Action Appends(const char* partition) {
  return
      [=](Transaction& t) { t.Add(TestTable::File(std::string("new-") + partition, partition)); };
}
/// Rewrites the rows of one partition.
Action Updates(const char* partition) {
  return [=](Transaction& t) {
    t.ReadRows({PartitionIs(partition)});
    for (const AddFile& file : t.read_from()->files()) {
      if (file.partition_values.at("p") != partition) continue;
      t.ReadFile(file);
      t.Remove(file);
    }
    t.Add(TestTable::File(std::string("updated-") + partition, partition));
  };
}
Action Optimizes(const char* partition) {
  return [=](Transaction& t) {
    for (const AddFile& file : t.read_from()->files()) {
      if (file.partition_values.at("p") != partition) continue;
      t.ReadFile(file);
      t.Remove(file, /*data_change=*/false);
    }
    AddFile packed = TestTable::File(std::string("packed-") + partition, partition);
    packed.data_change = false;
    t.Add(std::move(packed));
  };
}
Action Overwrites() {
  return [](Transaction& t) {
    t.ReadWholeTable();
    for (const AddFile& file : t.read_from()->files()) t.Remove(file);
  };
}
Action RunsBatch(std::int64_t version) {
  return [=](Transaction& t) {
    t.Add(TestTable::File("batch", "a"));
    t.Set(SetTransaction{.app_id = "app", .version = version});
  };
}
Action SetsProperty() {
  return [](Transaction& t) {
    t.Set(Value(AlterProperties(*t.read_from(), {{"user.key", "v"}})).metadata);
  };
}
Action SetsDomain(const char* name) {
  return [=](Transaction& t) { t.Set(DomainMetadata{.domain = name, .configuration = "{}"}); };
}
Action RaisesProtocol() {
  return [](Transaction& t) {
    t.Set(Value(AlterProperties(*t.read_from(), {{"delta.feature.changeDataFeed", "supported"}}))
              .protocol);
  };
}

struct ConflictCase {
  const char* name;
  Action winner;
  Action loser;
  std::optional<Condition> write_serializable;  ///< Nothing: both may be committed.
  std::optional<Condition> serializable;
};

TEST(Transaction, ConflictsAreThoseOfTheMatrix) {
  using enum Condition;
  const std::optional<Condition> fine;
  const std::vector<ConflictCase> cases = {
      {"append, append", Appends("a"), Appends("a"), fine, fine},
      {"append, update of the same partition", Appends("a"), Updates("a"), fine,
       DELTA_CONCURRENT_APPEND},
      {"append, update of another partition", Appends("a"), Updates("b"), fine, fine},
      {"append, overwrite", Appends("a"), Overwrites(), fine, DELTA_CONCURRENT_APPEND},
      {"update, update of the same partition", Updates("a"), Updates("a"), DELTA_CONCURRENT_APPEND,
       DELTA_CONCURRENT_APPEND},
      {"update, update of another partition", Updates("a"), Updates("b"), fine, fine},
      {"update, append", Updates("a"), Appends("a"), fine, fine},
      {"optimize, append", Optimizes("a"), Appends("a"), fine, fine},
      {"append, optimize", Appends("a"), Optimizes("a"), fine, fine},
      {"update, optimize", Updates("a"), Optimizes("a"), DELTA_CONCURRENT_DELETE_READ,
       DELTA_CONCURRENT_DELETE_READ},
      {"update, overwrite", Updates("a"), Overwrites(), DELTA_CONCURRENT_APPEND,
       DELTA_CONCURRENT_APPEND},
      {"overwrite, update", Overwrites(), Updates("a"), DELTA_CONCURRENT_DELETE_READ,
       DELTA_CONCURRENT_DELETE_READ},
      {"batch, the same batch", RunsBatch(1), RunsBatch(1), DELTA_CONCURRENT_TRANSACTION,
       DELTA_CONCURRENT_TRANSACTION},
      {"property, append", SetsProperty(), Appends("a"), DELTA_METADATA_CHANGED,
       DELTA_METADATA_CHANGED},
      {"append, property", Appends("a"), SetsProperty(), fine, fine},
      {"property, property", SetsProperty(), SetsProperty(), DELTA_METADATA_CHANGED,
       DELTA_METADATA_CHANGED},
      {"domain, the same domain", SetsDomain("d"), SetsDomain("d"), DELTA_CONCURRENT_TRANSACTION,
       DELTA_CONCURRENT_TRANSACTION},
      {"domain, another domain", SetsDomain("d"), SetsDomain("e"), fine, fine},
      {"protocol, append", RaisesProtocol(), Appends("a"), DELTA_PROTOCOL_CHANGED,
       DELTA_PROTOCOL_CHANGED},
  };
  for (const bool is_serializable : {false, true}) {
    for (const ConflictCase& c : cases) {
      SCOPED_TRACE(std::string(c.name) + (is_serializable ? ", Serializable" : ""));
      const TestTable table(
          {{"delta.isolationLevel", is_serializable ? "Serializable" : "WriteSerializable"},
           {"delta.feature.domainMetadata", "supported"}},
          {"p"});
      table.Append("a", "a");
      table.Append("b", "b");
      Transaction winner(table.Latest());
      Transaction loser(table.Latest());
      c.winner(winner);
      c.loser(loser);
      ASSERT_THAT(std::move(winner).Commit({.name = "WRITE"}), IsOk());
      const Result<CommitResult> result = std::move(loser).Commit({.name = "WRITE"});
      const std::optional<Condition> expected =
          is_serializable ? c.serializable : c.write_serializable;
      if (expected) {
        EXPECT_THAT(result, FailsWith(*expected));
        EXPECT_EQ(table.Latest()->version(), 3);
      } else {
        EXPECT_THAT(result, IsOk());
        if (result) {
          EXPECT_EQ(TestTable::Paths(*result->snapshot), table.Paths());
        }
      }
    }
  }
}

TEST(Transaction, DuplicateFilesInOneCommitAreRefused) {
  const TestTable table;
  Transaction transaction(table.Latest());
  transaction.Add(TestTable::File("a%20b"));
  transaction.Add(TestTable::File("a b"));
  EXPECT_THAT(std::move(transaction).Commit({.name = "WRITE"}),
              FailsWith(Condition::DELTA_DUPLICATE_ACTIONS_FOUND));
}

TEST(Transaction, AppendOnlyTableKeepsItsRows) {
  const TestTable table(Properties{{"delta.appendOnly", "true"}});
  table.Append("a");
  const SnapshotPtr latest = table.Latest();
  Transaction deletion(latest);
  Transaction packing(latest);
  for (const AddFile& file : latest->files()) {
    deletion.Remove(file);
    packing.Remove(file, /*data_change=*/false);
  }
  EXPECT_THAT(std::move(deletion).Commit({.name = "DELETE"}),
              FailsWith(Condition::DELTA_CANNOT_MODIFY_APPEND_ONLY));
  EXPECT_THAT(std::move(packing).Commit({.name = "OPTIMIZE"}), IsOk());
}

TEST(Transaction, InCommitTimestampsGrowAndCarryOverAFastSuccession) {
  const TestTable table(Properties{{"delta.enableInCommitTimestamps", "true"}});
  std::int64_t last = table.Latest()->timestamp_ms();
  for (int i = 0; i < 5; ++i) {
    const CommitResult result = table.Append("f" + std::to_string(i));
    EXPECT_GT(result.timestamp_ms, last);
    last = result.timestamp_ms;
    EXPECT_EQ(table.Latest()->timestamp_ms(), last);
    EXPECT_EQ(Value(Snapshot::ResolveTimestamp(table.root, last)), result.version);
    if (i > 0) {
      EXPECT_EQ(Value(Snapshot::ResolveTimestamp(table.root, last - 1)), i);
    }
  }
  EXPECT_THAT(Snapshot::ResolveTimestamp(table.root, last + 1),
              FailsWith(Condition::DELTA_TIMESTAMP_GREATER_THAN_COMMIT));
  EXPECT_THAT(Snapshot::ResolveTimestamp(table.root, 0),
              FailsWith(Condition::DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION));
}

TEST(Transaction, EnablingInCommitTimestampsLaterSaysFromWhere) {
  const TestTable table;
  table.Append("a");
  const SnapshotPtr latest = table.Latest();
  const TableActions actions =
      Value(AlterProperties(*latest, {{"delta.enableInCommitTimestamps", "true"}}));
  Transaction transaction(latest);
  transaction.Set(actions.metadata);
  transaction.Set(actions.protocol);
  const CommitResult result = Value(std::move(transaction).Commit({.name = "SET TBLPROPERTIES"}));
  const Properties& properties = result.snapshot->properties();
  EXPECT_EQ(properties.at("delta.inCommitTimestampEnablementVersion"), "2");
  EXPECT_EQ(properties.at("delta.inCommitTimestampEnablementTimestamp"),
            std::to_string(result.timestamp_ms));
  EXPECT_EQ(table.Append("b").version, 3);
}

TEST(Transaction, RowIdsAreGivenInOrder) {
  const TestTable table(Properties{{"delta.enableRowTracking", "true"}});
  table.Append("a");
  table.Append("b");
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> ids;
  const SnapshotPtr latest = table.Latest();
  for (const AddFile& file : latest->files()) {
    ids[file.path] = {*file.base_row_id, *file.default_row_commit_version};
  }
  EXPECT_EQ(ids["a"], std::pair(std::int64_t{0}, std::int64_t{1}));
  EXPECT_EQ(ids["b"], std::pair(std::int64_t{3}, std::int64_t{2}));
  EXPECT_EQ(table.Latest()->domains().at("delta.rowTracking").configuration,
            "{\"rowIdHighWaterMark\":5}");
}

void ExpectSame(const Snapshot& left, const Snapshot& right) {
  EXPECT_EQ(left.version(), right.version());
  EXPECT_EQ(TestTable::Paths(left), TestTable::Paths(right));
  EXPECT_EQ(left.size_bytes(), right.size_bytes());
  EXPECT_EQ(left.num_files(), right.num_files());
  EXPECT_EQ(left.protocol(), right.protocol());
  EXPECT_EQ(ToJson(left.metadata()), ToJson(right.metadata()));
  EXPECT_EQ(left.timestamp_ms(), right.timestamp_ms());
  EXPECT_EQ(left.transactions().size(), right.transactions().size());
  EXPECT_EQ(left.domains().size(), right.domains().size());
}

TEST(LogCheckpoint, EqualsTheReplayOfTheCommits) {
  for (const char* policy : {"classic", "v2"}) {
    const TestTable table(Properties{{"delta.checkpointPolicy", policy}});
    for (int i = 0; i < 24; ++i) {
      table.Append("f" + std::to_string(i));
      if (i % 5 == 4) table.Remove("f" + std::to_string(i - 1));
      Transaction batch(table.Latest());
      batch.Set(SetTransaction{.app_id = "app", .version = i});
      Value(std::move(batch).Commit({.name = "STREAMING UPDATE"}));
    }
    FlushLogCheckpoints();
    const SnapshotPtr with = table.Latest();
    ASSERT_TRUE(with->segment().checkpoint.has_value()) << policy;
    for (const storage::ObjectInfo& object : Value(table.store->List("t/_delta_log/", {}))) {
      if (object.path.contains("checkpoint")) {
        ASSERT_THAT(table.store->Delete(object.path), IsOk());
      }
    }
    const SnapshotPtr without = table.Latest();
    ASSERT_FALSE(without->segment().checkpoint.has_value());
    ExpectSame(*with, *without);
  }
}

TEST(LogCheckpoint, TombstonesOutliveTheirCommits) {
  const TestTable table;
  table.Append("a");
  table.Remove("a");
  for (int i = 0; i < 8; ++i) table.Append("f" + std::to_string(i));
  FlushLogCheckpoints();
  const SnapshotPtr latest = table.Latest();
  ASSERT_TRUE(latest->segment().checkpoint.has_value());
  const std::vector<RemoveFile> tombstones = Value(latest->LoadTombstones());
  ASSERT_EQ(tombstones.size(), 1u);
  EXPECT_EQ(tombstones[0].path, "a");
}

TEST(LogCheckpoint, DamagedOneIsPassedOver) {
  const TestTable table;
  for (int i = 0; i < 12; ++i) table.Append("f" + std::to_string(i));
  FlushLogCheckpoints();
  const std::string path = "t/_delta_log/" + PaddedVersion(10) + ".checkpoint.parquet";
  const std::string bytes = Value(table.store->Get(path));
  for (const std::string& damaged :
       {std::string(), std::string("PAR1"), bytes.substr(0, bytes.size() / 2),
        bytes.substr(bytes.size() / 2)}) {
    ASSERT_THAT(table.store->Put(path, damaged, storage::PutMode::kOverwrite), IsOk());
    EXPECT_EQ(table.Paths().size(), 12u);
  }
}

TEST(Snapshot, UpdateEqualsAFreshLoad) {
  const TestTable table;
  SnapshotPtr updated = table.Latest();
  for (int i = 0; i < 30; ++i) {
    const std::string name = "f" + std::to_string(i);
    table.Append(name);
    if (i % 3 == 2) table.Remove("f" + std::to_string(i - 1));
    if (i % 4 == 3) continue;  // Sometimes several versions at once.
    updated = Value(Snapshot::Update(updated));
    ExpectSame(*updated, *table.Latest());
  }
  EXPECT_EQ(Value(Snapshot::Update(updated)), updated);
}

TEST(Snapshot, ATableMadeAnewIsNotTakenForTheOldOne) {
  const TestTable table;
  table.Append("old");
  const SnapshotPtr before = table.Latest();
  ASSERT_THAT(table.store->DeleteAll("t"), IsOk());
  TestTable::Create(table.root, {}, {});
  table.Append("new");
  EXPECT_THAT(TestTable::Paths(*Value(Snapshot::Update(before))), ElementsAre("new"));
}

TEST(Snapshot, EmptyCommitFileIsCorruptAndNamed) {
  const TestTable table;
  ASSERT_THAT(table.store->Put(CommitPath(table.root, 1), "", storage::PutMode::kOverwrite),
              IsOk());
  EXPECT_THAT(Snapshot::Load(table.root), FailsWith(Condition::DELTA_LOG_CORRUPT));
}

TEST(VersionChecksum, IsWrittenAtEveryCommit) {
  const TestTable table;
  table.Append("a");
  table.Append("b");
  const std::string text = Value(table.store->Get("t/_delta_log/" + PaddedVersion(2) + ".crc"));
  EXPECT_THAT(text, testing::HasSubstr("\"tableSizeBytes\":20,\"numFiles\":2"));
  EXPECT_THAT(text, testing::HasSubstr("\"protocol\":{\"minReaderVersion\":1"));
}

}  // namespace
}  // namespace inlet::delta
