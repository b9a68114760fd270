#include "connectors/file_events/file_event.h"

#include <gmock/gmock.h>

#include "base/testing.h"
#include "base/uuid.h"
#include "connectors/file_events/file_event_log.h"

namespace inlet::connectors {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> UrlsOf(std::string_view message) {
  return Value(ParseFileEvents(message)).urls;
}

constexpr const char* kS3 =
    R"({"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},
       "object":{"key":"in/a+b%2Bc.json","size":3}}},
       {"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"in/x"}}}]})";

TEST(FileEvents, OfS3NameWhatWasWritten) {
  EXPECT_THAT(UrlsOf(kS3), ElementsAre("s3://b/in/a b+c.json"));
  EXPECT_THAT(UrlsOf(R"({"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"})"), IsEmpty());
  EXPECT_THAT(UrlsOf(R"({"source":"aws.s3","detail-type":"Object Created",
                         "detail":{"bucket":{"name":"b"},"object":{"key":"a b"}}})"),
              ElementsAre("s3://b/a b"));
}

TEST(FileEvents, AreFoundInsideOfOtherMessages) {
  std::string quoted;
  for (const char* c = kS3; *c != 0; ++c) {
    if (*c == '"') quoted += '\\';
    if (*c != '\n') quoted += *c;
  }
  EXPECT_THAT(UrlsOf(R"({"Type":"Notification","TopicArn":"t","Message":")" + quoted + "\"}"),
              ElementsAre("s3://b/in/a b+c.json"));
  EXPECT_EQ(Value(ParseFileEvents(R"({"Type":"SubscriptionConfirmation","TopicArn":"t",
                                      "SubscribeURL":"https://sns.x/"})"))
                .subscribe_url,
            "https://sns.x/");
}

TEST(FileEvents, OfGoogleAndAzureNameWhatWasWritten) {
  EXPECT_THAT(UrlsOf(R"({"message":{"attributes":{"eventType":"OBJECT_FINALIZE","bucketId":"b",
                         "objectId":"in/a b"}},"subscription":"s"})"),
              ElementsAre("gs://b/in/a b"));
  EXPECT_THAT(UrlsOf(R"({"message":{"attributes":{"eventType":"OBJECT_DELETE","bucketId":"b",
                         "objectId":"in/a"}}})"),
              IsEmpty());
  EXPECT_THAT(UrlsOf(R"([{"eventType":"Microsoft.Storage.BlobCreated","data":{"api":"PutBlob",
                         "url":"https://acc.blob.core.windows.net/c/in/a%20b"}}])"),
              ElementsAre("abfss://c@acc.dfs.core.windows.net/in/a b"));
  EXPECT_EQ(Value(ParseFileEvents(
                      R"([{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent",
                     "data":{"validationCode":"512d38b6"}}])"))
                .validation_code,
            "512d38b6");
}

TEST(FileEvents, OfAnybodyAreUrlsAndPaths) {
  EXPECT_THAT(UrlsOf(R"({"urls":["s3a://b/x","/data/y","file:///data/z"]})"),
              ElementsAre("s3://b/x", "file:/data/y", "file:/data/z"));
}

TEST(FileEvents, ThatNobodyKnowsAreRefused) {
  for (const char* message :
       {"", "[1]", "{}", "{\"urls\":3}", "nonsense",
        "{\"Records\":[{\"eventName\":\"ObjectCreated:Put\"}]}", "[[[[[[[[[[[[{}]]]]]]]]]]]]"}) {
    EXPECT_THAT(ParseFileEvents(message), FailsWith(Condition::INVALID_PARAMETER_VALUE)) << message;
  }
}

TEST(FileEventLog, TellsEachStreamWhatCameSinceItAskedLast) {
  const std::string home = testing::TempDir() + "/" + RandomUuid();
  ASSERT_EQ(std::system(("mkdir -p " + home).c_str()), 0);
  const auto log = std::make_shared<FileEventLog>(home);
  const auto events = MakeLoggedEvents(log, "s3://b/in");
  std::string position;
  // Nobody posts events of these files yet.
  EXPECT_FALSE(Value(events->Take(position)).is_complete);
  EXPECT_THAT(log->Append({"s3://b/in/1", "s3://b/other/2"}, 1), IsOk());
  FileNews news = Value(events->Take(position));
  EXPECT_TRUE(news.is_complete);
  EXPECT_THAT(news.urls, ElementsAre("s3://b/in/1"));
  EXPECT_THAT(Value(events->Take(position)).urls, IsEmpty());
  const std::string before = position;
  EXPECT_THAT(log->Append({"s3://b/in/2", "s3://b/in/3"}, 2), IsOk());
  EXPECT_THAT(Value(events->Take(position)).urls,
              UnorderedElementsAre("s3://b/in/2", "s3://b/in/3"));
  // Whoever was away for longer than events are kept has to list.
  constexpr std::int64_t kEightDaysMs = std::int64_t{8} * 24 * 3600 * 1000;
  EXPECT_THAT(log->Append({"s3://b/in/4"}, kEightDaysMs), IsOk());
  position = before;
  EXPECT_FALSE(Value(events->Take(position)).is_complete);
}

}  // namespace
}  // namespace inlet::connectors
