#include "delta/table.h"

#include "delta/test_table.h"

namespace inlet::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TableDefinition Definition(std::string_view ddl, Properties properties = {}) {
  return {.schema = Value(types::ParseDdl(ddl)), .properties = std::move(properties)};
}

TEST(DefineTable, RefusesWhatDatabricksRefuses) {
  EXPECT_THAT(DefineTable(Definition("`a b` INT")),
              FailsWith(Condition::DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES));
  EXPECT_THAT(DefineTable(Definition("a STRUCT<`x;y`: INT>")),
              FailsWith(Condition::DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES));
  TableDefinition all = Definition("a INT");
  all.partition_columns = {"A"};
  EXPECT_THAT(DefineTable(all), FailsWith(Condition::DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION));
  TableDefinition both = Definition("a INT, b INT");
  both.partition_columns = {"a"};
  both.clustering_columns = {"b"};
  EXPECT_THAT(DefineTable(both), FailsWith(Condition::DELTA_CLUSTER_BY_WITH_PARTITIONED_BY));
  TableDefinition missing = Definition("a INT, b INT");
  missing.partition_columns = {"c"};
  EXPECT_THAT(DefineTable(missing), FailsWith(Condition::DELTA_MISSING_COLUMN));
  TableDefinition nested = Definition("a INT, b ARRAY<INT>");
  nested.clustering_columns = {"b"};
  EXPECT_THAT(DefineTable(nested),
              FailsWith(Condition::DELTA_CLUSTERING_COLUMNS_DATATYPE_NOT_SUPPORTED));
}

TEST(DefineTable, KeepsPartitionColumnsInTheCaseOfTheSchema) {
  TableDefinition definition = Definition("Id INT, Day DATE");
  definition.partition_columns = {"day"};
  EXPECT_THAT(Value(DefineTable(definition)).metadata.partition_columns, ElementsAre("Day"));
}

TEST(DefineTable, ProtocolPropertiesAreNotStored) {
  const TableActions actions = Value(DefineTable(Definition(
      "a INT",
      {{"delta.feature.deletionVectors", "supported"}, {"DELTA.APPENDONLY", "true"}, {"x", "y"}})));
  EXPECT_EQ(actions.metadata.configuration, (Properties{{"delta.appendOnly", "true"}, {"x", "y"}}));
  EXPECT_TRUE(SupportsFeature(actions.protocol, "deletionVectors"));
}

TEST(CheckProperty, UnknownKeysNameTheNearestOne) {
  const auto result = CheckProperty("delta.enableChangeDataFed", "true");
  EXPECT_THAT(result, FailsWith(Condition::DELTA_UNKNOWN_CONFIGURATION));
  if (!result) {
    EXPECT_THAT(ToString(result.error()), HasSubstr("delta.enableChangeDataFeed"));
  }
  EXPECT_EQ(Value(CheckProperty("my.key", "v")), "my.key");
}

TEST(CheckProperty, ValuesAreChecked) {
  EXPECT_THAT(CheckProperty("delta.logRetentionDuration", "abc"),
              FailsWith(Condition::DELTA_INVALID_INTERVAL));
  EXPECT_THAT(CheckProperty("delta.appendOnly", "yes"),
              FailsWith(Condition::DELTA_INVALID_TABLE_PROPERTY));
  EXPECT_THAT(CheckProperty("delta.checkpointInterval", "0"),
              FailsWith(Condition::DELTA_INVALID_TABLE_PROPERTY));
  EXPECT_THAT(CheckProperty("delta.checkpointPolicy", "v3"),
              FailsWith(Condition::DELTA_INVALID_TABLE_PROPERTY));
  EXPECT_THAT(CheckProperty("delta.dataSkippingNumIndexedCols", "-1"), IsOk());
}

TEST(ParseInterval, TakesUnitsOfFixedLength) {
  constexpr std::int64_t kHour = std::int64_t{3600} * 1000;
  EXPECT_EQ(Value(ParseInterval("interval 1 week")), 168 * kHour);
  EXPECT_EQ(Value(ParseInterval("7 days 2 HOURS")), 170 * kHour);
  for (const char* text : {"", "interval", "1", "1 month", "-1 days", "days 1", "1 year",
                           "99999999999999999999 days", "9999999999999999 weeks"}) {
    EXPECT_THAT(ParseInterval(text), FailsWith(Condition::DELTA_INVALID_INTERVAL)) << text;
  }
}

TEST(RedefineTable, KeepsTheIdAndNeverLowersTheProtocol) {
  const TestTable table(Properties{{"delta.enableChangeDataFeed", "true"}});
  const SnapshotPtr latest = table.Latest();
  const TableActions actions = Value(RedefineTable(*latest, Definition("other STRING")));
  EXPECT_EQ(actions.metadata.id, latest->metadata().id);
  EXPECT_EQ(actions.protocol, latest->protocol());
}

TEST(Restore, BringsBackFilesAndMetadata) {
  const TestTable table;
  table.Append("a");
  table.Append("b");
  table.Remove("a");
  table.Append("c");
  // Data files are names only in this table.
  const RestoreResult result = Value(Restore(table.root, {.version = 2}, true));
  EXPECT_EQ(result.version, 5);
  EXPECT_EQ(result.num_restored_files, 1);
  EXPECT_EQ(result.num_removed_files, 1);
  EXPECT_EQ(result.num_of_files_after_restore, 2);
  EXPECT_THAT(table.Paths(), ElementsAre("a", "b"));
  EXPECT_THAT(Restore(table.root, {.version = 2}, false), IsOk());
  EXPECT_THAT(Restore(table.root, {.version = 99}),
              FailsWith(Condition::DELTA_CANNOT_RESTORE_TABLE_VERSION));
  EXPECT_THAT(Restore(table.root, {.timestamp_ms = 5}),
              FailsWith(Condition::DELTA_CANNOT_RESTORE_TIMESTAMP_EARLIER));
}

TEST(Restore, NamesAFileThatIsGone) {
  const TestTable table;
  table.Append("a");
  table.Remove("a");
  const auto result = Restore(table.root, {.version = 1});
  EXPECT_THAT(result, FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_EQ(table.Latest()->version(), 2);
}

TEST(History, TellsWhatEachCommitDid) {
  const TestTable table;
  Transaction transaction(table.Latest());
  transaction.Add(TestTable::File("a"));
  Value(std::move(transaction)
            .Commit({.name = "WRITE",
                     .parameters = {{"mode", "Append"}, {"partitionBy", JsonStrings({"x"})}},
                     .metrics = {{"numFiles", "1"}},
                     .user_metadata = "me\n"}));
  const std::vector<HistoryEntry> history = Value(History(table.root));
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].version, 1);
  EXPECT_EQ(history[0].operation, "WRITE");
  EXPECT_EQ(history[0].operation_parameters->at("mode"), "Append");
  EXPECT_EQ(history[0].operation_parameters->at("partitionBy"), "[\"x\"]");
  EXPECT_EQ(history[0].operation_metrics->at("numFiles"), "1");
  EXPECT_EQ(history[0].user_metadata, "me\n");
  EXPECT_EQ(history[0].read_version, 0);
  EXPECT_EQ(history[0].is_blind_append, true);
  EXPECT_EQ(history[0].engine_info, "Inlet/0.1.0");
  EXPECT_EQ(history[1].operation, "CREATE TABLE");
  EXPECT_EQ(Value(History(table.root, 1)).size(), 1u);
}

class VacuumTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* path :
         {"live", "removed", "orphan", "d/orphan", "_hidden/x", ".hidden", "_change_data/cdc-1"}) {
      ASSERT_THAT(table_.store->Put(std::string("t/") + path, "x", storage::PutMode::kOverwrite),
                  IsOk());
    }
    table_.Append("live");
    table_.Append("removed");
    table_.Remove("removed");
    now_ms_ = table_.Latest()->timestamp_ms();
  }
  std::vector<std::string> Names(const VacuumResult& result) {
    std::vector<std::string> names;
    for (const std::string& url : result.files) {
      names.push_back(url.substr(url.find("/t/") + 3));
    }
    std::ranges::sort(names);
    return names;
  }
  static constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
  const TestTable table_;
  std::int64_t now_ms_ = 0;
};

TEST_F(VacuumTest, YoungFilesStay) {
  EXPECT_THAT(Value(Vacuum(table_.root, {.dry_run = true})).files, ElementsAre());
}

TEST_F(VacuumTest, OldFilesThatNobodyNeedsGo) {
  const VacuumOptions options{.dry_run = true, .now_ms = now_ms_ + 8 * kDayMs};
  const std::vector<std::string> expected = {"_change_data/cdc-1", "d/orphan", "orphan", "removed"};
  EXPECT_EQ(Names(Value(Vacuum(table_.root, options))), expected);
  EXPECT_THAT(table_.store->Head("t/orphan"), IsOk());

  const VacuumOptions real{.now_ms = options.now_ms};
  EXPECT_EQ(Names(Value(Vacuum(table_.root, real))), expected);
  EXPECT_THAT(table_.store->Head("t/orphan"), FailsWith(Condition::PATH_NOT_FOUND));
  EXPECT_THAT(table_.store->Head("t/live"), IsOk());
  EXPECT_THAT(table_.store->Head("t/_hidden/x"), IsOk());
  EXPECT_EQ(Value(History(table_.root))[0].operation, "VACUUM END");
}

TEST_F(VacuumTest, ShortRetentionNeedsTheCheckOff) {
  EXPECT_THAT(Vacuum(table_.root, {.retention_hours = 1}),
              FailsWith(Condition::DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT));
  const VacuumResult result = Value(Vacuum(
      table_.root, {.retention_hours = 0, .check_retention = false, .now_ms = now_ms_ + 1000}));
  EXPECT_EQ(result.files.size(), 4u);
}

}  // namespace
}  // namespace inlet::delta
