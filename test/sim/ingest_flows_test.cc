// The statements that take each file once, harmed at each of their effects.

#include "base/testing.h"
#include "crash_sweep.h"

namespace inlet::sim {
namespace {

using testing::IsEmpty;

void ExpectEachFileOnce(const Flow& flow) {
  const SweepReport report = Sweep(flow);
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_GT(report.num_kills, 0);
}

std::string RowsOfT(Life& life) { return life.Rows("SELECT id, name FROM t"); }

std::vector<Step> TwoFiles() {
  return {File("input/a.csv", "id,name\n1,x\n2,y\n"), File("input/b.csv", "id,name\n3,z\n")};
}

/// A file that arrives, unless it has, then a statement: one step, since a file alone changes no
/// state that would show that it was done.
Step ThenSql(std::string path, std::string text, std::string statement) {
  return [=](Life& life) -> Status {
    if (!std::filesystem::exists(life.home() / path)) TRY(File(path, text)(life));
    return Sql(statement)(life);
  };
}

TEST(IngestFlows, CopyInto) {
  std::vector<Step> setup = TwoFiles();
  setup.push_back(Sql("CREATE TABLE t"));
  ExpectEachFileOnce(
      {.setup = std::move(setup),
       .action = {Sql("COPY INTO t FROM '{HOME}/input' FILEFORMAT = CSV "
                      "FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true') "
                      "COPY_OPTIONS ('mergeSchema' = 'true')"),
                  ThenSql("input/c.csv", "id,name\n4,late\n",
                          "COPY INTO t FROM '{HOME}/input' FILEFORMAT = CSV "
                          "FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')")},
       .state = RowsOfT});
}

TEST(IngestFlows, StreamingTable) {
  std::vector<Step> setup = TwoFiles();
  setup.push_back(
      Sql("CREATE OR REFRESH STREAMING TABLE t AS SELECT id, name FROM "
          "STREAM read_files('{HOME}/input', format => 'csv', maxFilesPerTrigger => 10)"));
  ExpectEachFileOnce({.setup = std::move(setup),
                      .action = {ThenSql("input/c.csv", "id,name\n4,late\n", "REFRESH TABLE t"),
                                 ThenSql("input/d.csv", "id,name\n5,last\n", "REFRESH TABLE t")},
                      .state = RowsOfT});
}

TEST(IngestFlows, FullRefresh) {
  std::vector<Step> setup = TwoFiles();
  setup.push_back(
      Sql("CREATE OR REFRESH STREAMING TABLE t AS SELECT id, name FROM "
          "STREAM read_files('{HOME}/input', format => 'csv')"));
  setup.push_back(File("input/c.csv", "id,name\n4,late\n"));
  ExpectEachFileOnce({.setup = std::move(setup),
                      .action = {Sql("REFRESH TABLE t FULL")},
                      .state = RowsOfT,
                      .repeatable = true});
}

TEST(IngestFlows, CopyIntoIdentityAndCleanSource) {
  std::vector<Step> setup = TwoFiles();
  setup.push_back(
      Sql("CREATE TABLE t (number BIGINT GENERATED ALWAYS AS IDENTITY, id INT, name STRING)"));
  const std::string copy =
      "COPY INTO t FROM '{HOME}/input' FILEFORMAT = CSV "
      "FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true') "
      "COPY_OPTIONS ('cleanSource' = 'MOVE', 'cleanSource.moveDestination' = '{HOME}/done', "
      "'cleanSource.retentionDuration' = '0 seconds')";
  ExpectEachFileOnce({.setup = std::move(setup),
                      .action = {Sql(copy), ThenSql("input/c.csv", "id,name\n4,late\n", copy)},
                      .state = [](Life& life) {
                        return life.Rows(
                            "SELECT id, name, count(*) OVER (PARTITION BY number) FROM t");
                      }});
}

TEST(IngestFlows, StreamingTableWithNewColumnsAndCleanSource) {
  std::vector<Step> setup = TwoFiles();
  setup.push_back(
      Sql("CREATE OR REFRESH STREAMING TABLE t AS SELECT * FROM "
          "STREAM read_files('{HOME}/input', format => 'csv', cleanSource => 'MOVE', "
          "`cleanSource.moveDestination` => '{HOME}/done', "
          "`cleanSource.retentionDuration` => '0 seconds')"));
  ExpectEachFileOnce(
      {.setup = std::move(setup),
       .action = {ThenSql("input/c.csv", "id,name,more\n4,late,1\n", "REFRESH TABLE t"),
                  ThenSql("input/d.csv", "id,name\n5,last\n", "REFRESH TABLE t")},
       .state = [](Life& life) { return life.Rows("SELECT * FROM t"); }});
}

TEST(IngestFlows, Replay) {
  std::vector<Step> setup = TwoFiles();
  setup.push_back(
      Sql("CREATE OR REFRESH STREAMING TABLE t AS SELECT id, name FROM "
          "STREAM read_files('{HOME}/input', format => 'csv')"));
  ExpectEachFileOnce({.setup = std::move(setup),
                      .action = {Sql("REFRESH STREAMING TABLE t REPLAY WHERE path LIKE '%/a.csv'")},
                      .state = RowsOfT});
}

TEST(IngestFlows, AutoCdc) {
  std::vector<Step> setup = {
      File("input/a.csv", "id,name,op,at\n1,x,U,1\n2,y,U,1\n"),
      Sql("CREATE STREAMING TABLE t FLOW AUTO CDC FROM STREAM read_files('{HOME}/input', "
          "format => 'csv', header => true, schema => 'id INT, name STRING, op STRING, at INT') "
          "KEYS (id) "
          "IGNORE NULL UPDATES APPLY AS DELETE WHEN op = 'D' SEQUENCE BY at "
          "COLUMNS * EXCEPT (op, at)")};
  // A part of the second file's events that is lost would be filled by nobody.
  ExpectEachFileOnce(
      {.setup = std::move(setup),
       .action = {ThenSql("input/b.csv", "id,name,op,at\n1,z,U,3\n1,,U,4\n2,,D,5\n3,n,U,2\n",
                          "REFRESH TABLE t"),
                  ThenSql("input/c.csv", "id,name,op,at\n2,old,U,2\n3,m,U,9\n", "REFRESH TABLE t")},
       .state = RowsOfT});
}

}  // namespace
}  // namespace inlet::sim
