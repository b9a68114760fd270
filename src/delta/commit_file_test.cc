#include "delta/commit_file.h"

#include "base/testing.h"
#include "delta/last_checkpoint.h"

namespace inlet::delta {
namespace {

using testing::ElementsAre;

std::vector<std::string> Paths(const CommitActions& actions) {
  std::vector<std::string> paths;
  for (const FileAction& file : actions.files) {
    paths.push_back(std::visit([](const auto& action) { return action.path; }, file));
  }
  return paths;
}

TEST(CommitFile, BlankLinesUnknownActionsAndCarriageReturnsAreFine) {
  const CommitActions actions = Value(ParseActions(
      "\r\n{\"add\":{\"path\":\"a\",\"size\":1,\"news\":[{}]}}\r\n\n{\"future\":{\"x\":1}}\n"
      "{\"remove\":{\"path\":\"b\"}}",
      "f"));
  EXPECT_THAT(Paths(actions), ElementsAre("a", "b"));
}

TEST(CommitFile, ActionsOverSeveralLinesAndSeveralInOneLineAreRead) {
  const CommitActions actions = Value(ParseActions(
      "{\n  \"add\": {\n    \"path\": \"a}{\",\n \"size\": 1\n  }\n}\n"
      "{\"add\":{\"path\":\"b\"}} {\"add\":{\"path\":\"c\"}}{\"add\":{\"path\":\"d\"}}",
      "f"));
  EXPECT_THAT(Paths(actions), ElementsAre("a}{", "b", "c", "d"));
}

TEST(CommitFile, OfDuplicateKeysTheLastOneCounts) {
  const CommitActions actions =
      Value(ParseActions("{\"add\":{\"path\":\"a\",\"size\":1,\"size\":2}}", "f"));
  EXPECT_EQ(std::get<AddFile>(actions.files[0]).size, 2);
}

TEST(CommitFile, EmptyCutAndForeignFilesAreCorruptAndNamed) {
  for (const char* text :
       {"", " \n\n", "{\"add\":{\"path\":\"a\"}}\n{\"add\":{\"pa", "PAR1", "{\"add\":{\"path\":1}}",
        "{\"add\":{}}", "[]", "{\"add\":{\"path\":\"a\"}}\n{\"add\":\"x\"}"}) {
    const auto result = ParseActions(text, "_delta_log/7.json");
    EXPECT_THAT(result, FailsWith(Condition::DELTA_LOG_CORRUPT)) << text;
    if (!result) {
      EXPECT_THAT(ToString(result.error()), testing::HasSubstr("_delta_log/7.json"));
    }
  }
}

TEST(CommitFile, NestingWithoutEndIsAnErrorNotACrash) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(ParseActions("{\"add\":" + deep, "f"), FailsWith(Condition::DELTA_LOG_CORRUPT));
}

TEST(CommitFile, WhatIsWrittenReadsBack) {
  CommitActions actions;
  actions.commit_info = CommitInfo{.json = "{\"operation\":\"WRITE\",\"txnId\":\"t\"}"};
  actions.metadata = Metadata{.id = "i", .schema_string = "{\"a\":\"\\u0001\"}"};
  actions.protocol = Protocol{.min_reader_version = 3,
                              .min_writer_version = 7,
                              .reader_features = std::vector<std::string>{"x"},
                              .writer_features = std::vector<std::string>{"x", "y"}};
  actions.transactions.push_back({"app", 3, 5});
  actions.domains.push_back({"d", "{}", true});
  AddFile add{.path = "p%20q", .size = 4, .stats = "{\"numRecords\":1}"};
  add.partition_values = {{"c", "v\"\n"}, {"n", std::nullopt}};
  add.deletion_vector = DeletionVectorDescriptor{"u", "abc", 1, 2, 3};
  add.tags = {{"k", "v"}};
  actions.files.emplace_back(add);

  const CommitActions read = Value(ParseActions(WriteActions(actions), "f"));
  EXPECT_EQ(WriteActions(read), WriteActions(actions));
  EXPECT_EQ(read.commit_info->txn_id, "t");
  const AddFile& back = std::get<AddFile>(read.files[0]);
  EXPECT_EQ(back.partition_values, add.partition_values);
  EXPECT_EQ(back.deletion_vector, add.deletion_vector);
}

TEST(LastCheckpoint, ChecksumIsThatOfTheProtocolsExample) {
  EXPECT_EQ(JsonChecksum(R"({"k0":"'v 0'","checksum":"x","k1":{"k2":2,"k3":["v3",[1,2],)"
                         R"({"k4":"v4","k5":["v5","v6","v7"]}]}})"),
            "6a92d155a59bf2eecbd4b4ec7fd1f875");
}

TEST(LastCheckpoint, DamagedHintsAreNone) {
  EXPECT_EQ(ParseLastCheckpoint("{\"version\":3,\"size\":1}")->version, 3);
  for (const char* text : {"", "{", "[]", "null", "{\"version\":\"3\"}", "{\"version\":-1}",
                           "{\"version\":3,\"version\":4}", "{\"version\":3,\"checksum\":\"0\"}"}) {
    EXPECT_FALSE(ParseLastCheckpoint(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace inlet::delta
