#include "delta/protocol.h"

#include "base/testing.h"

namespace inlet::delta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

types::StructType Schema(std::string_view ddl) { return Value(types::ParseDdl(ddl)); }

TEST(Protocol, PlainTableHasTheOldNumbers) {
  EXPECT_EQ(Value(ProtocolFor(Schema("a INT"), {})), Protocol());
}

TEST(Protocol, WriterFeatureOfANewTableListsTheOldOnesToo) {
  const Protocol protocol =
      Value(ProtocolFor(Schema("a INT"), {{"delta.enableChangeDataFeed", "true"}}));
  EXPECT_EQ(protocol.min_reader_version, 1);
  EXPECT_EQ(protocol.min_writer_version, 7);
  EXPECT_FALSE(protocol.reader_features.has_value());
  EXPECT_THAT(*protocol.writer_features, ElementsAre("appendOnly", "changeDataFeed", "invariants"));
}

TEST(Protocol, ReaderFeatureStandsInBothLists) {
  const Protocol protocol = Value(ProtocolFor(Schema("a ARRAY<STRUCT<b: TIMESTAMP_NTZ>>"), {}));
  EXPECT_EQ(protocol.min_reader_version, 3);
  EXPECT_THAT(*protocol.reader_features, ElementsAre("timestampNtz"));
  EXPECT_THAT(*protocol.writer_features, ElementsAre("appendOnly", "invariants", "timestampNtz"));
}

TEST(Protocol, RequiredFeaturesComeAlong) {
  const Protocol protocol =
      Value(ProtocolFor(Schema("a INT"), {{"delta.feature.clustering", "supported"}}));
  EXPECT_TRUE(SupportsFeature(protocol, "domainMetadata"));
}

TEST(Protocol, UnknownFeatureToAskForIsAnErrorWithTheNearestName) {
  const auto result = ProtocolFor(Schema("a INT"), {{"delta.feature.deletionVector", "supported"}});
  EXPECT_THAT(result, FailsWith(Condition::DELTA_UNKNOWN_CONFIGURATION));
  if (!result) {
    EXPECT_THAT(ToString(result.error()), HasSubstr("deletionVectors"));
  }
}

TEST(Protocol, UnknownReaderFeaturesAreRefusedByName) {
  Protocol protocol{.min_reader_version = 3, .min_writer_version = 7};
  protocol.reader_features = {"deletionVectors", "fancyNewThing", "catalogManaged"};
  protocol.writer_features = protocol.reader_features;
  const Status status = CheckReadable(protocol, "t");
  EXPECT_THAT(status, FailsWith(Condition::DELTA_UNSUPPORTED_FEATURES_FOR_READ));
  EXPECT_THAT(ToString(status.error()), HasSubstr("catalogManaged, fancyNewThing"));
}

TEST(Protocol, UnknownWriterFeatureReadsAndDoesNotWrite) {
  Protocol protocol{.min_reader_version = 1, .min_writer_version = 7};
  protocol.writer_features = {"fancyWriterThing"};
  EXPECT_THAT(CheckReadable(protocol, "t"), IsOk());
  EXPECT_THAT(CheckWritable(protocol, {}, {}, "t"),
              FailsWith(Condition::DELTA_UNSUPPORTED_FEATURES_FOR_WRITE));
}

TEST(Protocol, RulesOnRowsBindOnlyWhereTheyAreActiveAndNotEnforced) {
  const Protocol legacy{.min_reader_version = 2, .min_writer_version = 6};
  Metadata metadata;
  EXPECT_THAT(CheckWritable(legacy, metadata, {}, "t"), IsOk());
  metadata.configuration["delta.constraints.positive"] = "a > 0";
  EXPECT_THAT(CheckWritable(legacy, metadata, {}, "t"),
              FailsWith(Condition::DELTA_UNSUPPORTED_FEATURES_FOR_WRITE));
  EXPECT_THAT(CheckWritable(legacy, metadata, {}, "t", /*writes_rows=*/false), IsOk());
  const std::vector<std::string> enforced = {"checkConstraints"};
  EXPECT_THAT(CheckWritable(legacy, metadata, {}, "t", true, enforced), IsOk());
}

TEST(Protocol, ContradictionsAreCorrupt) {
  Protocol protocol;
  protocol.reader_features.emplace();
  EXPECT_THAT(CheckReadable(protocol, "t"), FailsWith(Condition::DELTA_LOG_CORRUPT));
  EXPECT_THAT(CheckReadable({.min_reader_version = 3, .min_writer_version = 2}, "t"),
              FailsWith(Condition::DELTA_LOG_CORRUPT));
}

}  // namespace
}  // namespace inlet::delta
