#include "storage/s3/s3_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "base/http_test_server.h"
#include "base/testing.h"

namespace inlet::storage {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// The value of a header of a request, by its name in lower case.
std::string HeaderOf(const ReceivedRequest& request, const std::string& name) {
  const std::size_t found = request.head.find("\r\n" + name + ": ");
  if (found == std::string::npos) return "";
  const std::size_t begin = found + name.size() + 4;
  return request.head.substr(begin, request.head.find('\r', begin) - begin);
}

S3Store StoreAt(const HttpTestServer& server) {
  S3Config config{
      .bucket = "b",
      .endpoint = server.url(),
      .path_style = true,
      .credentials = std::make_shared<FixedAwsCredentials>(
          AwsCredentials{.access_key_id = "id", .secret_access_key = "hunter2"}),
      .retry = {.max_tries = 3, .first_bound = milliseconds(1)},
  };
  return {"s3", std::move(config), HttpClient::Shared()};
}

/// A service that carries out a put-if-absent, loses its answer, and says at the second try that
/// the object is there. `owner` is the id that HEAD tells; empty: the one of that put.
class LosingService {
 public:
  explicit LosingService(std::string owner = "") : owner_(std::move(owner)) {}

  std::string operator()(const ReceivedRequest& request) {
    if (request.Line().starts_with("HEAD ")) {
      return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nx-amz-meta-inlet-put: " + owner_ + "\r\n\r\n";
    }
    if (std::exchange(is_first_, false)) {
      if (owner_.empty()) owner_ = HeaderOf(request, "x-amz-meta-inlet-put");
      return "";
    }
    return HttpAnswer("412 Precondition Failed");
  }

 private:
  std::string owner_;
  bool is_first_ = true;
};

TEST(S3Store, APutIfAbsentThatLostItsAnswerHasWon) {
  const HttpTestServer server(LosingService{});
  EXPECT_THAT(StoreAt(server).Put("a", "x", PutMode::kIfAbsent), IsOk());
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(S3Store, APutIfAbsentAfterALostAnswerCanStillLose) {
  const HttpTestServer server(LosingService{"somebody else"});
  EXPECT_THAT(StoreAt(server).Put("a", "x", PutMode::kIfAbsent),
              FailsWith(Condition::PATH_ALREADY_EXISTS));
}

TEST(S3Store, TwoPutsIfAbsentAtOnceAreTriedAgain) {
  std::atomic<int> num_requests = 0;
  const HttpTestServer server([&](const ReceivedRequest&) {
    return HttpAnswer(++num_requests < 3 ? "409 Conflict" : "200 OK");
  });
  EXPECT_THAT(StoreAt(server).Put("a", "x", PutMode::kIfAbsent), IsOk());
  EXPECT_EQ(num_requests, 3);
}

TEST(S3Store, AServiceThatIgnoresConditionsIsRefused) {
  const HttpTestServer server([](const ReceivedRequest&) { return HttpAnswer("200 OK"); });
  S3Config config{.bucket = "b", .endpoint = server.url(), .path_style = true};
  config.is_custom_endpoint = true;
  config.credentials = std::make_shared<FixedAwsCredentials>();
  S3Store store("s3", std::move(config), HttpClient::Shared());
  EXPECT_THAT(store.Put("d/a", "x", PutMode::kIfAbsent), FailsWith(Condition::INLET_UNSUPPORTED));
  EXPECT_THAT(store.Put("d/a", "x", PutMode::kOverwrite), IsOk());
  EXPECT_THAT(server.requests().back().Line(), HasSubstr("PUT /b/d/a "));
}

TEST(S3Store, AnUploadThatFailsAtItsEndIsAnErrorAndIsAborted) {
  std::atomic<int> num_aborts = 0;
  const HttpTestServer server([&](const ReceivedRequest& request) {
    const std::string line = request.Line();
    if (line.contains("?uploads=")) {
      return HttpAnswer("200 OK", "<R><UploadId>u&amp;1</UploadId></R>");
    }
    if (line.starts_with("PUT ")) return HttpAnswer("200 OK", "", "ETag: \"e\"\r\n");
    if (line.starts_with("HEAD ")) return HttpAnswer("404 Not Found");
    if (line.starts_with("DELETE ")) {
      EXPECT_THAT(line, HasSubstr("uploadId=u%261"));
      ++num_aborts;
      return HttpAnswer("204 No Content");
    }
    return HttpAnswer("200 OK", "<Error><Code>InternalError</Code></Error>");
  });
  S3Store store = StoreAt(server);
  {
    const auto writer = Value(store.OpenWriter("a"));
    ASSERT_THAT(writer->Append(std::string(9 << 20, 'x')), IsOk());
    EXPECT_THAT(writer->Finish(), FailsWith(Condition::STORAGE_UNAVAILABLE));
    EXPECT_EQ(num_aborts, 0);
  }
  EXPECT_EQ(num_aborts, 1);
}

TEST(S3Store, APartThatFailsFailsTheUpload) {
  const HttpTestServer server([&](const ReceivedRequest& request) {
    const std::string line = request.Line();
    if (line.contains("?uploads=")) return HttpAnswer("200 OK", "<R><UploadId>u</UploadId></R>");
    if (line.contains("partNumber=2&")) return HttpAnswer("403 Forbidden");
    return HttpAnswer("200 OK", "<R/>", "ETag: \"e\"\r\n");
  });
  S3Store store = StoreAt(server);
  const auto writer = Value(store.OpenWriter("a"));
  ASSERT_THAT(writer->Append(std::string(30 << 20, 'x')), IsOk());
  EXPECT_THAT(writer->Finish(), FailsWith(Condition::PERMISSION_DENIED));
  for (const ReceivedRequest& request : server.requests()) {
    EXPECT_FALSE(request.body.starts_with("<CompleteMultipartUpload>"));
  }
}

TEST(S3Store, ABucketIsFollowedIntoItsRegion) {
  const HttpTestServer server([](const ReceivedRequest& request) {
    if (HeaderOf(request, "Authorization").contains("/eu-west-1/"))
      return HttpAnswer("200 OK", "x");
    return HttpAnswer("301 Moved Permanently", "", "x-amz-bucket-region: eu-west-1\r\n");
  });
  const S3Store store = StoreAt(server);
  EXPECT_EQ(Value(store.Get("a")), "x");
  EXPECT_EQ(Value(store.Get("a")), "x");
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(S3Store, APartThatComesShortOrIsOfAnotherObjectIsNotTaken) {
  std::string etag = "\"e\"";
  const HttpTestServer server([&](const ReceivedRequest&) {
    return HttpAnswer("206 Partial Content", "123", "ETag: " + etag + "\r\n");
  });
  const S3Store store = StoreAt(server);
  const auto reader = Value(store.Open({.path = "a", .size_bytes = 10, .etag = "e"}));
  char out[10];
  EXPECT_THAT(reader->ReadAt({.position = 0, .length = 3}, out), IsOk());
  EXPECT_THAT(reader->ReadAt({.position = 0, .length = 4}, out),
              FailsWith(Condition::STORAGE_UNAVAILABLE));
  etag = "\"other\"";
  EXPECT_THAT(reader->ReadAt({.position = 0, .length = 3}, out),
              FailsWith(Condition::FAILED_READ_FILE_FILE_NOT_EXIST));
}

std::vector<std::string> PathsOf(const std::vector<ObjectInfo>& objects) {
  std::vector<std::string> paths;
  for (const ObjectInfo& object : objects) paths.push_back(object.path);
  return paths;
}

TEST(S3Store, ListFollowsThePagesAndDecodesTheNames) {
  const HttpTestServer server([](const ReceivedRequest& request) {
    if (request.Line().contains("continuation-token=t%2B1")) {
      return HttpAnswer("200 OK", "<L><Contents><Key>b&lt;</Key><Size>2</Size></Contents></L>");
    }
    return HttpAnswer("200 OK",
                      "<L><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
                      "<NextContinuationToken>t+1</NextContinuationToken>"
                      "<Contents><Key>a+%01%2B</Key><Size>1</Size></Contents></L>");
  });
  EXPECT_THAT(PathsOf(Value(StoreAt(server).List("", {}))), ElementsAre("a \x01+", "b<"));
}

TEST(S3Store, ListingsThatLieAreErrors) {
  for (const std::string body :
       {"<L><Contents><Key>b</Key></Contents></L><x>", "not XML",
        "<!DOCTYPE L [<!ENTITY a \"aaaa\">]><L><Contents><Key>&a;</Key></Contents></L>",
        "<L><EncodingType>url</EncodingType><Contents><Key>%zz</Key></Contents></L>"}) {
    const HttpTestServer server([&](const ReceivedRequest&) { return HttpAnswer("200 OK", body); });
    EXPECT_FALSE(StoreAt(server).List("", {}).has_value()) << body;
  }
}

TEST(S3Store, AListingThatNeverEndsOrGoesBackIsStopped) {
  const HttpTestServer endless([](const ReceivedRequest&) {
    return HttpAnswer("200 OK",
                      "<L><IsTruncated>true</IsTruncated><NextContinuationToken>t"
                      "</NextContinuationToken><Contents><Key>a</Key></Contents></L>");
  });
  EXPECT_EQ(Value(StoreAt(endless).List("", {})).size(), 2u);

  const HttpTestServer unsorted([](const ReceivedRequest& request) {
    const bool is_second = request.Line().contains("continuation-token");
    return HttpAnswer("200 OK", "<L><IsTruncated>" + std::string(is_second ? "false" : "true") +
                                    "</IsTruncated><NextContinuationToken>t"
                                    "</NextContinuationToken><Contents><Key>" +
                                    (is_second ? "a" : "b") + "</Key></Contents></L>");
  });
  EXPECT_THAT(StoreAt(unsorted).List("", {}), FailsWith(Condition::INLET_UNSUPPORTED));
}

TEST(S3Store, RefusalsNameTheObjectAndNoSecret) {
  const HttpTestServer server([](const ReceivedRequest&) {
    return HttpAnswer("403 Forbidden",
                      "<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message>"
                      "<StringToSign>hunter2</StringToSign></Error>");
  });
  const auto got = StoreAt(server).Get("d/a");
  ASSERT_THAT(got, FailsWith(Condition::PERMISSION_DENIED));
  EXPECT_THAT(ToString(got.error()), HasSubstr("s3://b/d/a: status 403, SignatureDoesNotMatch"));
  EXPECT_THAT(ToString(got.error()), Not(HasSubstr("hunter2")));
  EXPECT_THAT(server.requests().at(0).head, Not(HasSubstr("hunter2")));
}

TEST(S3Store, OldUploadsAreLeftoversAndYoungOnesAreNot) {
  std::vector<std::string> aborted;
  const HttpTestServer server([&](const ReceivedRequest& request) {
    if (request.Line().starts_with("DELETE ")) aborted.push_back(request.Line());
    return HttpAnswer("200 OK",
                      "<L><Upload><Key>d/a</Key><UploadId>1</UploadId><Initiated>"
                      "2020-01-01T00:00:00Z</Initiated></Upload><Upload><Key>d/b</Key>"
                      "<UploadId>2</UploadId><Initiated>2999-01-01T00:00:00Z</Initiated></Upload>"
                      "</L>");
  });
  EXPECT_EQ(Value(StoreAt(server).RemoveLeftovers("d")), 1);
  EXPECT_THAT(aborted, ElementsAre("DELETE /b/d/a?uploadId=1 HTTP/1.1"));
}

class S3ConfigTest : public testing::Test {
 protected:
  Result<S3Config> Make(const OptionMap& options, std::map<std::string, std::string> variables = {},
                        const std::string& bucket = "b") {
    return S3Config::Make(bucket, options, [&](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  }
};

TEST_F(S3ConfigTest, WithoutSettingsItIsAwsItself) {
  const S3Config config = Value(Make({{"header", "true"}}));
  EXPECT_EQ(config.endpoint, "https://s3.us-east-1.amazonaws.com");
  EXPECT_FALSE(config.path_style);
  EXPECT_FALSE(config.is_custom_endpoint);
  EXPECT_TRUE(Value(Make({}, {}, "with.dots")).path_style);
  EXPECT_EQ(Value(Make({}, {{"AWS_REGION", "eu-west-1"}})).endpoint,
            "https://s3.eu-west-1.amazonaws.com");
}

TEST_F(S3ConfigTest, TheNamesOfHadoopAndOfOthersAreKnown) {
  const S3Config hadoop = Value(Make({{"fs.s3a.endpoint", "host:9000/"},
                                      {"fs.s3a.connection.ssl.enabled", "false"},
                                      {"fs.s3a.access.key", "k"},
                                      {"fs.s3a.secret.key", "s"},
                                      {"fs.s3a.multipart.size", "64M"}}));
  EXPECT_EQ(hadoop.endpoint, "http://host:9000");
  EXPECT_TRUE(hadoop.path_style);
  EXPECT_EQ(hadoop.part_bytes, 64 << 20);
  EXPECT_EQ(Value(hadoop.credentials->Get())->access_key_id, "k");

  const S3Config other = Value(Make({{"AWS_ENDPOINT_URL", "http://host"},
                                     {"aws_virtual_hosted_style_request", "true"},
                                     {"AWS_ACCESS_KEY", "k2"},
                                     {"AWS_SECRET_KEY", "s2"},
                                     {"AWS_SESSION_TOKEN", "t2"}}));
  EXPECT_FALSE(other.path_style);
  EXPECT_EQ(Value(other.credentials->Get())->session_token, "t2");
  EXPECT_EQ(Value(Make({}, {{"AWS_ENDPOINT_URL", "http://env"}})).endpoint, "http://env");
}

TEST_F(S3ConfigTest, ABucketCanHaveItsOwnSettings) {
  const OptionMap options = {{"fs.s3a.endpoint", "http://all"},
                             {"fs.s3a.bucket.b.endpoint", "http://one"}};
  EXPECT_EQ(Value(Make(options)).endpoint, "http://one");
  EXPECT_EQ(Value(Make(options, {}, "c")).endpoint, "http://all");
}

TEST_F(S3ConfigTest, PublicBucketsNeedNoSignature) {
  EXPECT_EQ(Value(Value(Make({{"aws_skip_signature", "true"}})).credentials->Get()), std::nullopt);
  EXPECT_EQ(Value(Value(Make({{"fs.s3a.aws.credentials.provider",
                               "org.apache.hadoop.fs.s3a.AnonymousAWSCredentialsProvider"}}))
                      .credentials->Get()),
            std::nullopt);
}

TEST_F(S3ConfigTest, WrongSettingsAreNamed) {
  for (const char* size : {"1M", "x", "5", "99999999999G", "-1"}) {
    EXPECT_THAT(Make({{"fs.s3a.multipart.size", size}}),
                FailsWith(Condition::INVALID_PARAMETER_VALUE))
        << size;
  }
  for (const char* bucket : {"", "a b", "a@b", "a/b"}) {
    EXPECT_THAT(Make({}, {}, bucket), FailsWith(Condition::INVALID_PARAMETER_VALUE)) << bucket;
  }
}

}  // namespace
}  // namespace inlet::storage
