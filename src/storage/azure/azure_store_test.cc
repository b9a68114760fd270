#include "storage/azure/azure_store.h"

#include <gtest/gtest.h>

#include <map>

#include "base/http_test_server.h"
#include "base/testing.h"

namespace inlet::storage {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

AzureStore StoreAt(const HttpTestServer& server, AzureConfig config = {}) {
  config.account = "account";
  config.container = "c";
  config.endpoint = server.url();
  config.retry = {.max_tries = 3, .first_bound = milliseconds(1)};
  return {"abfss://c@account.dfs.core.windows.net", std::move(config), HttpClient::Shared()};
}

TEST(AzureStore, APutIfAbsentThatLostItsAnswerIsToldFromALostRace) {
  for (const bool is_ours : {true, false}) {
    std::string put_id;
    const HttpTestServer server([&](const ReceivedRequest& request) {
      if (request.Line().starts_with("HEAD ")) {
        return "HTTP/1.1 200 OK\r\nx-ms-meta-inlet_put: " + (is_ours ? put_id : "other") +
               "\r\nContent-Length: 1\r\n\r\n";
      }
      if (!put_id.empty()) {
        return HttpAnswer("409 Conflict", "", "x-ms-error-code: BlobAlreadyExists\r\n");
      }
      const std::size_t begin = request.head.find("x-ms-meta-inlet_put: ") + 21;
      put_id = request.head.substr(begin, 36);
      return std::string();
    });
    const Status put = StoreAt(server).Put("a", "x", PutMode::kIfAbsent);
    if (is_ours) {
      EXPECT_THAT(put, IsOk());
    } else {
      EXPECT_THAT(put, FailsWith(Condition::PATH_ALREADY_EXISTS));
    }
  }
}

TEST(AzureStore, ALeaseIsNotALostRace) {
  const HttpTestServer server([](const ReceivedRequest&) {
    return HttpAnswer("412 Precondition Failed", "", "x-ms-error-code: LeaseIdMissing\r\n");
  });
  EXPECT_THAT(StoreAt(server).Put("a", "x", PutMode::kIfAbsent),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

TEST(AzureStore, ListSortsPagesAndLeavesOutTheDirectoriesOfAHierarchy) {
  const HttpTestServer server([](const ReceivedRequest& request) {
    if (request.Line().contains("marker=m")) {
      return HttpAnswer("200 OK",
                        "<R><Blobs><Blob><Name>a!b</Name><Properties><Content-Length>2"
                        "</Content-Length></Properties></Blob></Blobs><NextMarker/></R>");
    }
    return HttpAnswer(
        "200 OK",
        "<R><Blobs><Blob><Name>a</Name><Properties><ResourceType>directory</ResourceType>"
        "</Properties></Blob><Blob><Name>e</Name><Properties/><Metadata><hdi_isfolder>true"
        "</hdi_isfolder></Metadata></Blob><Blob><Name>a/x</Name><Properties><Etag>0x1</Etag>"
        "<Content-Length>1</Content-Length></Properties></Blob></Blobs><NextMarker>m</NextMarker>"
        "</R>");
  });
  std::vector<std::string> paths;
  for (const ObjectInfo& object : Value(StoreAt(server).List("", {}))) paths.push_back(object.path);
  EXPECT_THAT(paths, ElementsAre("a!b", "a/x"));
}

TEST(AzureStore, ADirectoryOfAHierarchyIsNoObject) {
  const HttpTestServer server([](const ReceivedRequest&) {
    return "HTTP/1.1 200 OK\r\nx-ms-meta-hdi_isfolder: true\r\nContent-Length: 0\r\n\r\n";
  });
  EXPECT_THAT(StoreAt(server).Head("d"), FailsWith(Condition::PATH_NOT_FOUND));
}

TEST(AzureStore, ASharedAccessSignatureIsSentAndNeverShown) {
  const HttpTestServer server([](const ReceivedRequest&) {
    return HttpAnswer("403 Forbidden",
                      "<Error><Code>AuthenticationFailed</Code><Message>No.\nRequestId:1"
                      "</Message></Error>",
                      "x-ms-error-code: AuthenticationFailed\r\n");
  });
  const auto got = StoreAt(server, {.sas_token = "sv=1&sig=hunter2"}).Get("a b");
  ASSERT_THAT(got, FailsWith(Condition::PERMISSION_DENIED));
  EXPECT_THAT(ToString(got.error()), HasSubstr("status 403, AuthenticationFailed, No."));
  EXPECT_THAT(ToString(got.error()), Not(HasSubstr("hunter2")));
  EXPECT_EQ(server.requests().at(0).Line(), "GET /c/a%20b?sv=1&sig=hunter2 HTTP/1.1");
}

class AzureConfigTest : public testing::Test {
 protected:
  Result<AzureConfig> Make(const OptionMap& options,
                           std::map<std::string, std::string> variables = {},
                           const std::string& authority = "c@acc.dfs.core.windows.net") {
    return AzureConfig::Make(authority, options, [&](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  }
};

TEST_F(AzureConfigTest, TheBlobInterfaceOfTheAccountIsUsed) {
  const AzureConfig config = Value(Make({{"azure_skip_signature", "true"}}));
  EXPECT_EQ(config.endpoint, "https://acc.blob.core.windows.net");
  EXPECT_EQ(config.account, "acc");
  EXPECT_EQ(config.container, "c");
}

TEST_F(AzureConfigTest, ProofsComeFromTheOptionsThenFromTheEnvironment) {
  const std::map<std::string, std::string> variables = {{"AZURE_STORAGE_KEY", "ZW52"}};
  EXPECT_EQ(Value(Make({{"fs.azure.account.key.acc.dfs.core.windows.net", "b3B0"}}, variables))
                .account_key,
            "opt");
  EXPECT_EQ(Value(Make({}, variables)).account_key, "env");
  const AzureConfig with_sas = Value(Make({{"AZURE_SAS_TOKEN", "?sig=x"}}, variables));
  EXPECT_EQ(with_sas.sas_token, "sig=x");
  EXPECT_EQ(with_sas.account_key, "");
}

TEST_F(AzureConfigTest, AConnectionStringCountsForItsAccountOnly) {
  const std::string text =
      "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=ZW52;BlobEndpoint=http://h:1/acc;";
  const std::map<std::string, std::string> variables = {{"AZURE_STORAGE_CONNECTION_STRING", text}};
  const AzureConfig config = Value(Make({}, variables));
  EXPECT_EQ(config.account_key, "env");
  EXPECT_EQ(config.endpoint, "http://h:1/acc");
  const AzureConfig other = Value(Make({}, variables, "c@other.dfs.core.windows.net"));
  EXPECT_EQ(other.account_key, "");
  EXPECT_EQ(other.endpoint, "https://other.blob.core.windows.net");
}

TEST_F(AzureConfigTest, AClientsSecretIsExchangedForAToken) {
  const HttpTestServer server([](const ReceivedRequest&) {
    return HttpAnswer("200 OK", R"({"access_token": "token", "expires_in": "3600"})");
  });
  const AzureConfig config =
      Value(Make({{"fs.azure.account.oauth2.client.id.acc.dfs.core.windows.net", "me"},
                  {"fs.azure.account.oauth2.client.secret", "s&cret"},
                  {"fs.azure.account.oauth2.client.endpoint", server.url() + "/t/oauth2/token"}}));
  EXPECT_EQ(Value(config.access_token->Get()), "token");
  EXPECT_EQ(server.requests().at(0).body,
            "grant_type=client_credentials&client_id=me&client_secret=s%26cret&"
            "resource=https%3A%2F%2Fstorage.azure.com%2F");
}

TEST_F(AzureConfigTest, WhatIsNotAnAddressOrAKeyIsRefused) {
  for (const char* authority : {"", "c", "c@", "@acc.dfs.core.windows.net"}) {
    EXPECT_THAT(Make({}, {}, authority), FailsWith(Condition::INVALID_PARAMETER_VALUE))
        << authority;
  }
  EXPECT_THAT(Make({{"azure_storage_account_key", "not base64!"}}),
              FailsWith(Condition::INVALID_PARAMETER_VALUE));
}

}  // namespace
}  // namespace inlet::storage
