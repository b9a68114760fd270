#include "storage/s3/aws_credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/http_test_server.h"
#include "base/testing.h"
#include "base/uuid.h"

namespace inlet::storage {
namespace {

using Variables = std::map<std::string, std::string>;

Environment EnvironmentOf(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

class AwsCredentialsTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string WriteFile(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }

  std::shared_ptr<AwsCredentialsChain> Chain(Variables variables) {
    variables.try_emplace("AWS_EC2_METADATA_DISABLED", "true");
    variables.try_emplace("HOME", directory_);
    const Environment environment = EnvironmentOf(std::move(variables));
    return std::make_shared<AwsCredentialsChain>(environment, LoadAwsProfile(environment),
                                                 "eu-west-1", [this] { return now_ms_; });
  }

  AwsCredentials Found(Variables variables) {
    return Value(Chain(std::move(variables))->Get()).value_or(AwsCredentials());
  }

  const std::filesystem::path directory_ =
      std::filesystem::path(testing::TempDir()) / ("inlet_aws_" + RandomUuid());
  std::int64_t now_ms_ = 1'795'356'497'000;  // 2026-11-22T14:08:17Z
};

constexpr const char* kMetadataAnswer =
    R"({"AccessKeyId": "meta", "SecretAccessKey": "s", "Token": "t",
        "Expiration": "2026-11-22T15:08:17Z"})";

TEST_F(AwsCredentialsTest, TheEnvironmentComesFirst) {
  const AwsCredentials found = Found({{"AWS_ACCESS_KEY_ID", "id"},
                                      {"AWS_SECRET_ACCESS_KEY", "secret"},
                                      {"AWS_SESSION_TOKEN", "token"}});
  EXPECT_EQ(found.access_key_id, "id");
  EXPECT_EQ(found.secret_access_key, "secret");
  EXPECT_EQ(found.session_token, "token");
}

TEST_F(AwsCredentialsTest, AProfileMayStandInEitherFile) {
  const Variables files = {
      {"AWS_SHARED_CREDENTIALS_FILE",
       WriteFile("credentials",
                 "[default]\naws_access_key_id=a\naws_secret_access_key=b=\n"
                 "# [work]\n[work]\n aws_access_key_id = nested\n")},
      {"AWS_CONFIG_FILE",
       WriteFile("config",
                 "[profile work]\r\naws_access_key_id = c \r\naws_secret_access_key = d\n"
                 "region = eu-north-1\n[default]\nregion = us-west-2")}};
  EXPECT_EQ(Found(files).access_key_id, "a");
  EXPECT_EQ(Found(files).secret_access_key, "b=");
  Variables work = files;
  work["AWS_PROFILE"] = "work";
  EXPECT_EQ(Found(work).access_key_id, "c");
  EXPECT_EQ(LoadAwsProfile(EnvironmentOf(work)).at("region"), "eu-north-1");
  EXPECT_EQ(LoadAwsProfile(EnvironmentOf(files)).at("region"), "us-west-2");
}

TEST_F(AwsCredentialsTest, AProfileThatNeedsMoreIsNamed) {
  const Variables files = {{"AWS_CONFIG_FILE", WriteFile("config", "[default]\nrole_arn = r\n")}};
  EXPECT_THAT(Chain(files)->Get(), FailsWith(Condition::INLET_UNSUPPORTED));
}

TEST_F(AwsCredentialsTest, AWebIdentityIsExchanged) {
  const HttpTestServer sts([](const ReceivedRequest&) {
    return HttpAnswer("200 OK",
                      "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>web"
                      "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
                      "</SessionToken><Expiration>2026-11-22T15:08:17Z</Expiration></Credentials>"
                      "</AssumeRoleWithWebIdentityResult></R>");
  });
  const AwsCredentials found = Found({{"AWS_WEB_IDENTITY_TOKEN_FILE", WriteFile("jwt", "a.b+c")},
                                      {"AWS_ROLE_ARN", "arn:aws:iam::1:role/x"},
                                      {"AWS_ENDPOINT_URL_STS", sts.url()}});
  EXPECT_EQ(found.access_key_id, "web");
  EXPECT_EQ(found.session_token, "t");
  EXPECT_THAT(sts.requests().at(0).body, testing::HasSubstr("RoleArn=arn%3Aaws%3Aiam"));
  EXPECT_THAT(sts.requests().at(0).body, testing::HasSubstr("WebIdentityToken=a.b%2Bc"));
}

TEST_F(AwsCredentialsTest, AContainerGivesThem) {
  const HttpTestServer server(
      [](const ReceivedRequest&) { return HttpAnswer("200 OK", kMetadataAnswer); });
  EXPECT_EQ(Found({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/creds"},
                   {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret"}})
                .access_key_id,
            "meta");
  EXPECT_THAT(server.requests().at(0).head, testing::HasSubstr("Authorization: secret"));
}

TEST_F(AwsCredentialsTest, AnInstanceGivesThemAgainBeforeTheyExpire) {
  const HttpTestServer server([](const ReceivedRequest& request) {
    if (request.Line().starts_with("PUT ")) return HttpAnswer("200 OK", "session");
    if (request.Line().contains("credentials/ ")) return HttpAnswer("200 OK", "role");
    return HttpAnswer("200 OK", kMetadataAnswer);
  });
  const auto chain = Chain({{"AWS_EC2_METADATA_DISABLED", "false"},
                            {"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}});
  EXPECT_EQ(Value(chain->Get())->access_key_id, "meta");
  EXPECT_EQ(Value(chain->Get())->access_key_id, "meta");
  EXPECT_EQ(server.requests().size(), 3u);
  now_ms_ += 56 * 60 * 1000;
  EXPECT_EQ(Value(chain->Get())->access_key_id, "meta");
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST_F(AwsCredentialsTest, NoneAtAllIsSaidWithAHint) {
  const auto found = Chain({})->Get();
  ASSERT_THAT(found, FailsWith(Condition::PERMISSION_DENIED));
  EXPECT_THAT(found.error().hint, testing::HasSubstr("AWS_ACCESS_KEY_ID"));
}

}  // namespace
}  // namespace inlet::storage
