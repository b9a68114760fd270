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

}  // namespace
}  // namespace inlet::sim
