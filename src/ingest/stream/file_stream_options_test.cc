#include "ingest/stream/file_stream_options.h"

#include <gmock/gmock.h>

#include "base/testing.h"

namespace inlet::ingest {
namespace {

Result<FileStreamOptions> Parse(OptionMap options) { return TakeFileStreamOptions(options); }

TEST(FileStreamOptions, TakesItsOwnNamesWithAndWithoutPrefix) {
  OptionMap options = {{"cloudFiles.format", "csv"},
                       {"header", "true"},
                       {"cloudFiles.maxFilesPerTrigger", "7"},
                       {"MAXBYTESPERTRIGGER", "1.5k"},
                       {"cloudFiles.resourceTag.team", "x"}};
  const FileStreamOptions parsed = Value(TakeFileStreamOptions(options));
  EXPECT_EQ(parsed.max_files, 7);
  EXPECT_EQ(parsed.max_bytes, 1536);
  EXPECT_EQ(options, (OptionMap{{"format", "csv"}, {"header", "true"}}));
}

TEST(FileStreamOptions, HasTheDocumentedDefaults) {
  const FileStreamOptions parsed = Value(Parse({}));
  EXPECT_EQ(parsed.max_files, 1000);
  EXPECT_TRUE(parsed.include_existing_files);
  EXPECT_FALSE(parsed.allow_overwrites);
  EXPECT_EQ(parsed.clean_source, CleanSource::kOff);
  EXPECT_EQ(parsed.clean_retention, std::chrono::hours(30 * 24));
}

TEST(FileStreamOptions, RefusesWhatTheDocumentationForbids) {
  for (const OptionMap& options : {
           OptionMap{{"maxFilesPerTrigger", "0"}},
           OptionMap{{"maxBytesPerTrigger", "ten"}},
           OptionMap{{"maxFileAge", "13 days"}},
           OptionMap{{"backfillInterval", "often"}},
           OptionMap{{"cleanSource", "SHRED"}},
           OptionMap{{"cleanSource", "DELETE"}, {"cleanSource.retentionDuration", "7 days"}},
           OptionMap{{"cleanSource", "MOVE"}},
           OptionMap{{"maxFilesPerTrigger", "1"}, {"cloudFiles.maxFilesPerTrigger", "2"}},
       }) {
    EXPECT_THAT(Parse(options), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  }
  EXPECT_THAT(Parse({{"schemaEvolutionMode", "grow"}}),
              FailsWith(Condition::CF_INVALID_SCHEMA_EVOLUTION_MODE));
  for (const OptionMap& options : {
           OptionMap{{"fetchParallelism", "0"}},
           OptionMap{{"awsAccessKey", "key"}},
           OptionMap{{"pathRewrites", "[1]"}},
       }) {
    EXPECT_THAT(Parse(options), FailsWith(Condition::INVALID_PARAMETER_VALUE));
  }
}

TEST(FileStreamOptions, KnowsWhereEventsComeFrom) {
  EXPECT_TRUE(Value(Parse({{"useManagedFileEvents", "true"}})).use_posted_events);
  const FileStreamOptions parsed =
      Value(Parse({{"cloudFiles.useNotifications", "true"},
                   {"cloudFiles.queueUrl", "https://sqs.eu-west-1.amazonaws.com/1/q"},
                   {"cloudFiles.fetchParallelism", "4"},
                   {"cloudFiles.pathRewrites", R"({"b/in": "/mnt/in"})"}}));
  EXPECT_EQ(parsed.queue_url, "https://sqs.eu-west-1.amazonaws.com/1/q");
  EXPECT_EQ(parsed.fetch_parallelism, 4);
  EXPECT_EQ(parsed.path_rewrites.at("b/in"), "/mnt/in");
}

TEST(FileStreamOptions, RefusesOptionsThatContradictEachOther) {
  for (const OptionMap& options : {
           OptionMap{{"useNotifications", "true"}, {"useManagedFileEvents", "true"}},
           OptionMap{{"useNotifications", "true"}, {"useIncrementalListing", "true"}},
           OptionMap{{"useManagedFileEvents", "true"}, {"backfillInterval", "1 day"}},
           OptionMap{{"cleanSource", "DELETE"}, {"cleanSource.moveDestination", "/archive"}},
       }) {
    EXPECT_THAT(Parse(options), FailsWith(Condition::CONTRADICTORY_OPTIONS));
  }
}

TEST(FileStreamOptions, TheEvolutionModeIsLeftForTheReader) {
  OptionMap options = {{"cloudFiles.schemaEvolutionMode", "none"}};
  EXPECT_EQ(Value(TakeFileStreamOptions(options)).evolution_mode, EvolutionMode::kNone);
  EXPECT_TRUE(options.contains("schemaEvolutionMode"));
}

}  // namespace
}  // namespace inlet::ingest
