#include "ingest/file_scan.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "base/testing.h"
#include "ingest/read_files.h"
#include "storage/object_store.h"

namespace inlet::ingest {
namespace {

class FileScanTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    location_ = Value(storage::Resolve("memory://scan-" + name + "/"));
    Put("a.csv", "id\n1\n");
    Put("b.csv", "id\n2\n");
    Put("c.csv", "id\n3\n");
  }

  void Put(const std::string& path, const std::string& text) {
    ASSERT_THAT(location_.store->Put(location_.path + path, text, storage::PutMode::kOverwrite),
                IsOk());
  }

  std::shared_ptr<const FileScan> Scan(OptionMap options) {
    options["format"] = "csv";
    return Value(OpenReadFiles({.location = location_, .path_text = "here", .options = options},
                               /*stop=*/{}));
  }

  /// Of all splits.
  static Result<std::int64_t> CountRows(const FileScan& scan) {
    std::int64_t rows = 0;
    for (std::size_t split = 0; split < scan.num_splits(); ++split) {
      const auto reader = TRY(scan.Open(split, {.columns = {0}}));
      while (types::BatchPtr batch = TRY(reader->Next())) rows += batch->num_rows();
    }
    return rows;
  }

  storage::Location location_;
};

TEST_F(FileScanTest, FileThatVanishedAfterTheListingFailsTheScan) {
  const auto scan = Scan({});
  ASSERT_THAT(location_.store->Delete(location_.path + "b.csv"), IsOk());
  EXPECT_FALSE(CountRows(*scan).has_value());
}

TEST_F(FileScanTest, IgnoreMissingFilesLeavesOutWhatVanished) {
  const auto scan = Scan({{"ignoreMissingFiles", "true"}});
  ASSERT_THAT(location_.store->Delete(location_.path + "b.csv"), IsOk());
  EXPECT_EQ(Value(CountRows(*scan)), 2);
  EXPECT_EQ(scan->skipped_files().size(), 1U);
}

TEST_F(FileScanTest, IgnoreCorruptFilesDoesNotHideMissingOnes) {
  const auto scan = Scan({{"ignoreCorruptFiles", "true"}});
  ASSERT_THAT(location_.store->Delete(location_.path + "b.csv"), IsOk());
  EXPECT_FALSE(CountRows(*scan).has_value());
}

}  // namespace
}  // namespace inlet::ingest
