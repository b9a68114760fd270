#include <arrow/api.h>

#include "base/testing.h"
#include "ingest/stream/rate_stream_source.h"
#include "storage/memory/memory_store.h"
#include "types/batch.h"

namespace inlet::ingest {
namespace {

using testing::ElementsAre;

/// A rate source whose clock the test sets.
class RateStreamTest : public testing::Test {
 protected:
  std::unique_ptr<StreamSource> Open(OptionMap options, bool is_micro_batch = false) {
    auto opened = OpenRateStream({.is_micro_batch = is_micro_batch,
                                  .options = std::move(options),
                                  .state = {.store = store_, .path = "c/sources/0"},
                                  .now_ms = [this] { return now_ms_; }});
    EXPECT_TRUE(opened.has_value());
    return *std::move(opened);
  }

  static std::string LatestOf(StreamSource& source, std::optional<std::string> after) {
    std::optional<StreamOffset> from;
    if (after) from = StreamOffset{*after};
    const auto latest = source.Latest(from, true);
    EXPECT_TRUE(latest.has_value());
    return *latest ? (*latest)->json : "none";
  }

  /// (milliseconds, value) of each row.
  static std::vector<std::pair<std::int64_t, std::int64_t>> RowsOf(StreamSource& source,
                                                                   std::optional<std::string> after,
                                                                   const std::string& upto) {
    OffsetRange range{.upto = {upto}};
    if (after) range.after = StreamOffset{*after};
    const auto planned = source.Plan(range);
    EXPECT_TRUE(planned.has_value());
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;
    if (planned->input->num_splits() == 0) return rows;
    auto reader = planned->input->Open(0, {.columns = {0, 1}});
    while (const types::BatchPtr batch = *(*reader)->Next()) {
      const auto& times = static_cast<const arrow::TimestampArray&>(*batch->column(0));
      const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
        rows.emplace_back(times.Value(i) / 1000, values.Value(i));
      }
    }
    return rows;
  }

  std::int64_t now_ms_ = 1'000'000;
  std::shared_ptr<storage::MemoryStore> store_ = std::make_shared<storage::MemoryStore>("rate");
};

TEST_F(RateStreamTest, RowsLieEvenlyInTheSecondsSinceTheBeginning) {
  const auto source = Open({{"rowsPerSecond", "2"}});
  EXPECT_EQ(LatestOf(*source, std::nullopt), "none");
  now_ms_ += 2'500;
  EXPECT_EQ(LatestOf(*source, std::nullopt), "2");
  EXPECT_THAT(RowsOf(*source, std::nullopt, "2"),
              ElementsAre(std::pair(1'000'000, 0), std::pair(1'000'500, 1), std::pair(1'001'000, 2),
                          std::pair(1'001'500, 3)));
  EXPECT_EQ(LatestOf(*source, "2"), "none");
}

TEST_F(RateStreamTest, ARestartGoesOnFromTheSameBeginning) {
  LatestOf(*Open({}), std::nullopt);
  now_ms_ += 10'000;
  const auto source = Open({});
  EXPECT_EQ(LatestOf(*source, "3"), "10");
  EXPECT_THAT(RowsOf(*source, "3", "5"),
              ElementsAre(std::pair(1'003'000, 3), std::pair(1'004'000, 4)));
}

TEST_F(RateStreamTest, TheSpeedGrowsStepByStep) {
  const auto source = Open({{"rowsPerSecond", "10"}, {"rampUpTime", "4s"}});
  const auto count = [&](const std::string& second) {
    return RowsOf(*source, std::nullopt, second).size();
  };
  EXPECT_THAT((std::vector<std::size_t>{count("1"), count("2"), count("3"), count("4"), count("5"),
                                        count("6")}),
              ElementsAre(2, 6, 12, 20, 30, 40));
}

TEST_F(RateStreamTest, AvailableNowEndsWithWhatIsThere) {
  const auto source = Open({});
  LatestOf(*source, std::nullopt);
  now_ms_ += 3'000;
  ASSERT_TRUE(source->FixEnd().has_value());
  now_ms_ += 9'000;
  EXPECT_EQ(LatestOf(*source, std::nullopt), "3");
  EXPECT_EQ(LatestOf(*source, "3"), "none");
}

TEST_F(RateStreamTest, EachMicroBatchHasItsRowsAtOneTime) {
  const auto source = Open({{"rowsPerBatch", "2"}, {"startTimestamp", "500"}}, true);
  const std::string first = LatestOf(*source, std::nullopt);
  EXPECT_EQ(first, R"({"offset":2,"timestamp":1500})");
  EXPECT_THAT(RowsOf(*source, std::nullopt, first),
              ElementsAre(std::pair(500, 0), std::pair(500, 1)));
  EXPECT_THAT(RowsOf(*source, first, LatestOf(*source, first)),
              ElementsAre(std::pair(1500, 2), std::pair(1500, 3)));
}

TEST_F(RateStreamTest, OptionsAndOffsetsThatMakeNoSenseAreRefused) {
  const auto open = [&](OptionMap options, bool is_micro_batch) {
    return OpenRateStream({.is_micro_batch = is_micro_batch,
                           .options = std::move(options),
                           .state = {.store = store_, .path = "c"}});
  };
  EXPECT_THAT(open({{"rowsPerSecond", "0"}}, false), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(open({{"rampUpTime", "soon"}}, false), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(open({}, true), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  const auto source = Open({{"rowsPerSecond", "9223372036854775807"}});
  LatestOf(*source, std::nullopt);
  now_ms_ += 2'000;
  EXPECT_THAT(source->Latest(std::nullopt, true), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  EXPECT_THAT(source->Plan({.upto = {"-1"}}), FailsWith(Condition::STREAM_CHECKPOINT_INVALID));
}

}  // namespace
}  // namespace inlet::ingest
