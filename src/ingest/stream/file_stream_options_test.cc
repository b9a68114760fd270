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
  EXPECT_THAT(Parse({{"useManagedFileEvents", "true"}}), FailsWith(Condition::INLET_UNSUPPORTED));
}

TEST(FileStreamOptions, TheEvolutionModeIsLeftForTheReader) {
  OptionMap options = {{"cloudFiles.schemaEvolutionMode", "none"}};
  EXPECT_EQ(Value(TakeFileStreamOptions(options)).evolution_mode, EvolutionMode::kNone);
  EXPECT_TRUE(options.contains("schemaEvolutionMode"));
}

}  // namespace
}  // namespace inlet::ingest
