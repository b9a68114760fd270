#include <gmock/gmock.h>

#include "ingest/stream/stream_fixture.h"
#include "storage/faulty/faulty_store.h"

namespace inlet::ingest {
namespace {

using storage::Fault;
using storage::FaultyStore;

/// What is done before and between the lives of a stream.
struct Story {
  OptionMap options = {{"format", "json"}, {"maxFilesPerTrigger", "2"}};
  std::vector<std::string> first_files;
  std::vector<std::string> later_files;  ///< Land between the first run and the second.
  bool keeps_transactions = true;        ///< Off: the negative control.
};

/// The ids in the table after a life that ends at effect `effect`, and one that does not.
struct Outcome {
  std::vector<std::int64_t> ids;
  bool has_crashed = false;
};

FileToTable StreamIn(const ScratchDirectory& scratch, const Story& story,
                     const std::shared_ptr<storage::ObjectStore>& store) {
  FileToTable stream{.landing = scratch / "landing",
                     .checkpoint = {.store = store, .path = (scratch / "checkpoint").substr(1)},
                     .table = {.store = store, .path = (scratch / "table").substr(1)},
                     .options = story.options,
                     .merge_schema = true,
                     .restart_on_schema_change = true};
  if (!story.keeps_transactions) stream.transaction_app_id = RandomUuid();
  return stream;
}

void Land(const ScratchDirectory& scratch, const std::vector<std::string>& files,
          std::size_t first) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    scratch.Write("landing/" + std::to_string(first + i) + ".json", files[i]);
  }
}

/// In memory where there is such a place: a sweep syncs thousands of files.
std::filesystem::path FastDirectory() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
}

Outcome LiveTwice(const Story& story, std::int64_t effect, Fault::Kind kind) {
  const ScratchDirectory scratch(FastDirectory());
  const auto faulty = std::make_shared<FaultyStore>(storage::TheLocalStore(),
                                                    storage::FaultAtEffect(effect, {.kind = kind}));
  Land(scratch, story.first_files, 0);
  const Status first = StreamIn(scratch, story, faulty).Run();
  if (first) {
    Land(scratch, story.later_files, story.first_files.size());
    (void)StreamIn(scratch, story, faulty).Run();
  }
  Land(scratch, story.later_files, story.first_files.size());
  const Status last = StreamIn(scratch, story, storage::TheLocalStore()).Run();
  EXPECT_TRUE(last.has_value()) << "effect " << effect << ": " << ToString(last.error());
  return {.ids = ColumnOf(LocalAt(scratch / "table"), "id"), .has_crashed = faulty->has_crashed()};
}

/// How many crash points of the story lead to a wrong table.
int NumWrong(const Story& story, const std::vector<std::int64_t>& expected, int* num_points) {
  int num_wrong = 0;
  for (const auto kind : {Fault::Kind::kCrashBefore, Fault::Kind::kCrashAfter}) {
    for (std::int64_t effect = 0;; ++effect) {
      const Outcome outcome = LiveTwice(story, effect, kind);
      if (!outcome.has_crashed) break;
      ++*num_points;
      if (outcome.ids != expected) ++num_wrong;
    }
  }
  return num_wrong;
}

Story ThreeFilesAndANewColumn() {
  return {.first_files = {R"({"id": 1})", R"({"id": 2})", R"({"id": 3})"},
          .later_files = {R"({"id": 4, "more": "x"})"}};
}

TEST(StreamCrash, EveryRowIsThereOnceWhereverTheProcessDies) {
  int num_points = 0;
  EXPECT_EQ(NumWrong(ThreeFilesAndANewColumn(), {1, 2, 3, 4}, &num_points), 0);
  EXPECT_GT(num_points, 40);
}

TEST(StreamCrash, TheSweepFindsRowsThatCameTwiceWithoutTransactionIds) {
  Story story = ThreeFilesAndANewColumn();
  story.later_files.clear();
  story.keeps_transactions = false;
  int num_points = 0;
  EXPECT_GT(NumWrong(story, {1, 2, 3}, &num_points), 0);
}

}  // namespace
}  // namespace inlet::ingest
