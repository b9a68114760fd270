// The statements that change rows, harmed at each of their effects.

#include "base/testing.h"
#include "crash_sweep.h"

namespace inlet::sim {
namespace {

using testing::IsEmpty;

void ExpectNeverHalf(const Flow& flow) {
  const SweepReport report = Sweep(flow);
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_GT(report.num_kills, 0);
}

std::vector<Step> TableWith(const std::string& properties) {
  return {
      Sql("CREATE TABLE t (id BIGINT, p BIGINT, name STRING) PARTITIONED BY (p) TBLPROPERTIES (" +
          properties + ")"),
      Sql("INSERT INTO t SELECT id, id % 3, concat('name ', id) FROM range(0, 30) r(id)")};
}

std::string RowsAndFeed(Life& life) {
  return life.Rows("SELECT * FROM t") +
         life.Rows("SELECT * EXCEPT (_commit_timestamp) FROM table_changes('t', 0)");
}

std::string RowsOnly(Life& life) { return life.Rows("SELECT * FROM t"); }

const std::vector<Step>& Changes() {
  static const std::vector<Step> changes = {
      Sql("DELETE FROM t WHERE id % 5 = 0"), Sql("UPDATE t SET name = 'new' WHERE id % 4 = 1"),
      Sql("MERGE INTO t USING (SELECT id * 2 AS id FROM range(10, 20) r(id)) AS s ON t.id = s.id "
          "WHEN MATCHED THEN UPDATE SET name = 'merged' "
          "WHEN NOT MATCHED THEN INSERT (id, p, name) VALUES (s.id, 1, 'inserted') "
          "WHEN NOT MATCHED BY SOURCE AND t.id < 3 THEN DELETE"),
      Sql("INSERT INTO t REPLACE WHERE id > 30 VALUES (99, 1, 'replaced')")};
  return changes;
}

TEST(DmlFlows, ByCopies) {
  ExpectNeverHalf({.setup = TableWith("'a' = 'b'"), .action = Changes(), .state = RowsOnly});
}

TEST(DmlFlows, ByDeletionVectors) {
  ExpectNeverHalf({.setup = TableWith("'delta.enableDeletionVectors' = 'true'"),
                   .action = Changes(),
                   .state = RowsOnly});
}

TEST(DmlFlows, WithAChangeFeed) {
  ExpectNeverHalf({.setup = TableWith("'delta.enableChangeDataFeed' = 'true'"),
                   .action = Changes(),
                   .state = RowsAndFeed});
}

TEST(DmlFlows, Maintenance) {
  std::vector<Step> setup = TableWith("'delta.enableDeletionVectors' = 'true'");
  setup.push_back(Sql("INSERT INTO t VALUES (100, 1, 'more')"));
  setup.push_back(Sql("DELETE FROM t WHERE id = 7"));
  ExpectNeverHalf({.setup = std::move(setup),
                   .action = {Sql("OPTIMIZE t"), Sql("REORG TABLE t APPLY (PURGE)"),
                              Sql("OPTIMIZE t ZORDER BY (id)")},
                   .state = RowsOnly,
                   .repeatable = true});
}

TEST(DmlFlows, Truncate) {
  ExpectNeverHalf({.setup = TableWith("'a' = 'b'"),
                   .action = {Sql("TRUNCATE TABLE t")},
                   .state = RowsOnly,
                   .repeatable = true});
}

TEST(DmlFlows, Clone) {
  ExpectNeverHalf({.setup = TableWith("'a' = 'b'"),
                   .action = {Sql("CREATE TABLE c DEEP CLONE t")},
                   .state = [](Life& life) { return life.Rows("SELECT * FROM c"); }});
}

TEST(DmlFlows, MaterializedView) {
  ExpectNeverHalf(
      {.setup = TableWith("'a' = 'b'"),
       .action = {Sql("CREATE MATERIALIZED VIEW c AS SELECT * FROM t"),
                  Sql("INSERT INTO t VALUES (100, 1, 'more')"), Sql("REFRESH MATERIALIZED VIEW c")},
       .state = [](Life& life) { return life.Rows("SELECT * FROM c"); }});
}

}  // namespace
}  // namespace inlet::sim
