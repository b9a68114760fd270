// The statements that write tables, harmed at each of their effects.

#include "base/testing.h"
#include "crash_sweep.h"

namespace inlet::sim {
namespace {

using testing::IsEmpty;

std::function<std::string(Life&)> RowsOf(std::string query) {
  return [query = std::move(query)](Life& life) { return life.Rows(query); };
}

void ExpectNeverHalf(const Flow& flow) {
  const SweepReport report = Sweep(flow);
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_GT(report.num_kills, 0);
  testing::Test::RecordProperty("points", static_cast<int>(report.num_points));
}

constexpr std::string_view kTable =
    "CREATE TABLE t AS SELECT id, id % 3 AS p, concat('name ', id) AS name FROM range(0, 30) r(id)";

TEST(TableFlows, CreateTableAs) {
  ExpectNeverHalf(
      {.setup = {File("input/a.csv", "id,name\n1,x\n2,y\n"), File("input/b.csv", "id,name\n3,z\n")},
       .action = {Sql("CREATE TABLE t AS SELECT id, name FROM "
                      "read_files('{HOME}/input', format => 'csv', header => true)")},
       .state = RowsOf("SELECT * FROM t")});
}

TEST(TableFlows, CreatePartitionedTableAs) {
  ExpectNeverHalf({.action = {Sql("CREATE TABLE t PARTITIONED BY (p) AS "
                                  "SELECT id, id % 3 AS p FROM range(0, 30) r(id)")},
                   .state = RowsOf("SELECT * FROM t")});
}

TEST(TableFlows, InsertInto) {
  ExpectNeverHalf({.setup = {Sql(std::string(kTable))},
                   .action = {Sql("INSERT INTO t VALUES (100, 0, 'new')"),
                              Sql("INSERT INTO t SELECT id + 200, p, name FROM t")},
                   .state = RowsOf("SELECT * FROM t")});
}

TEST(TableFlows, InsertOverwrite) {
  ExpectNeverHalf({.setup = {Sql(std::string(kTable))},
                   .action = {Sql("INSERT OVERWRITE t VALUES (1, 1, 'only')")},
                   .state = RowsOf("SELECT * FROM t"),
                   .repeatable = true});
}

TEST(TableFlows, InsertReplaceWhere) {
  ExpectNeverHalf({.setup = {Sql(std::string(kTable))},
                   .action = {Sql("INSERT INTO t REPLACE WHERE p = 1 VALUES (1, 1, 'only')")},
                   .state = RowsOf("SELECT * FROM t"),
                   .repeatable = true});
}

TEST(TableFlows, CreateOrReplace) {
  ExpectNeverHalf({.setup = {Sql(std::string(kTable))},
                   .action = {Sql("CREATE OR REPLACE TABLE t AS SELECT 'other' AS columns")},
                   .state = RowsOf("SELECT * FROM t"),
                   .repeatable = true});
}

TEST(TableFlows, Restore) {
  ExpectNeverHalf({.setup = {Sql(std::string(kTable)), Sql("INSERT OVERWRITE t VALUES (1, 1, '')")},
                   .action = {Sql("RESTORE TABLE t TO VERSION AS OF 0")},
                   .state = RowsOf("SELECT * FROM t"),
                   .repeatable = true});
}

TEST(TableFlows, Vacuum) {
  ExpectNeverHalf(
      {.setup = {Sql(std::string(kTable)), Sql("INSERT OVERWRITE t SELECT * FROM t WHERE p < 2"),
                 Sql("INSERT OVERWRITE t SELECT * FROM t WHERE p < 1")},
       .action = {Sql("SET spark.databricks.delta.retentionDurationCheck.enabled = false"),
                  Sql("VACUUM t RETAIN 0 HOURS")},
       .state = RowsOf("SELECT * FROM t"),
       .repeatable = true});
}

TEST(TableFlows, AlterTable) {
  ExpectNeverHalf({.setup = {Sql(std::string(kTable))},
                   .action = {Sql("ALTER TABLE t ADD COLUMN more STRING"),
                              Sql("ALTER TABLE t SET TBLPROPERTIES ('a.b' = 'c')"),
                              Sql("ALTER TABLE t RENAME TO u")},
                   .state = [](Life& life) {
                     return life.Rows("SELECT * FROM t") + life.Rows("SELECT * FROM u") +
                            life.Rows("SHOW TBLPROPERTIES t ('a.b')");
                   }});
}

TEST(TableFlows, LogCheckpoint) {
  ExpectNeverHalf(
      {.setup = {Sql("CREATE TABLE t (a INT) TBLPROPERTIES ('delta.checkpointInterval' = '2')"),
                 Sql("INSERT INTO t VALUES (1)")},
       .action = {Sql("INSERT INTO t VALUES (2)"), Sql("INSERT INTO t VALUES (3)"),
                  Sql("INSERT INTO t VALUES (4)")},
       .state = RowsOf("SELECT * FROM t")});
}

TEST(TableFlows, DropAndUndrop) {
  ExpectNeverHalf(
      {.setup = {Sql(std::string(kTable))},
       .action = {Sql("DROP TABLE t"), Sql("CREATE TABLE t AS SELECT 1 AS a"), Sql("DROP TABLE t")},
       .state = RowsOf("SELECT * FROM t")});
}

}  // namespace
}  // namespace inlet::sim
