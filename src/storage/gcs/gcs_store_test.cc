#include "storage/gcs/gcs_store.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <atomic>

#include "base/digest.h"
#include "base/http_test_server.h"
#include "base/percent_encoding.h"
#include "base/testing.h"
#include "storage/gcs/gcs_object.h"

namespace inlet::storage {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

GcsStore StoreAt(const HttpTestServer& server) {
  GcsConfig config{.bucket = "b",
                   .endpoint = server.url(),
                   .retry = {.max_tries = 3, .first_bound = milliseconds(1)}};
  return {std::move(config), HttpClient::Shared()};
}

std::string ObjectAnswer(const std::string& put_id) {
  return HttpAnswer("200 OK", R"({"name": "a", "size": "1", "generation": "7", "metadata": )"
                              R"({"inlet-put": ")" +
                                  put_id + "\"}}");
}

/// The text between two others, the first time that they occur.
std::string Between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

TEST(GcsStore, APutIfAbsentThatLostItsAnswerIsToldFromALostRace) {
  for (const bool is_ours : {true, false}) {
    std::string put_id;
    const HttpTestServer server([&](const ReceivedRequest& request) {
      if (request.Line().starts_with("GET ")) return ObjectAnswer(is_ours ? put_id : "other");
      if (!put_id.empty()) return HttpAnswer("412 Precondition Failed");
      put_id = Between(request.body, "\"inlet-put\":\"", "\"");
      return std::string();
    });
    const Status put = StoreAt(server).Put("a", "x", PutMode::kIfAbsent);
    if (is_ours) {
      EXPECT_THAT(put, IsOk());
    } else {
      EXPECT_THAT(put, FailsWith(Condition::PATH_ALREADY_EXISTS));
    }
    EXPECT_THAT(server.requests().at(0).Line(), HasSubstr("ifGenerationMatch=0"));
  }
}

/// A resumable upload that keeps only a part of each request and loses every second answer.
class HalfHeartedService {
 public:
  std::string operator()(const ReceivedRequest& request) {
    const std::string line = request.Line();
    if (line.starts_with("POST ")) {
      return HttpAnswer("200 OK", "", "Location: " + url + "/session\r\n");
    }
    const std::string range = Between(request.head, "Content-Range: bytes ", "\r");
    if (!range.starts_with("*")) {
      EXPECT_EQ(range.substr(0, range.find('-')), std::to_string(received.size()));
      constexpr std::size_t kKept = 3 << 20;
      received += request.body.substr(0, kKept);
    }
    if (++num_answers % 2 == 0) return "";
    const std::string total = range.substr(range.find('/') + 1);
    if (total == std::to_string(received.size())) return ObjectAnswer("");
    return HttpAnswer("308 Resume Incomplete", "",
                      "Range: bytes=0-" + std::to_string(received.size() - 1) + "\r\n");
  }

  std::string url;
  std::string received;
  int num_answers = 0;
};

TEST(GcsStore, AnUploadGoesOnWhereTheServiceSaysThatItStands) {
  HalfHeartedService service;
  const HttpTestServer server([&](const ReceivedRequest& request) { return service(request); });
  service.url = server.url();
  std::string bytes(20 << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 2654435761u >> 24);
  }
  GcsStore store = StoreAt(server);
  const auto writer = Value(store.OpenWriter("a"));
  ASSERT_THAT(writer->Append(bytes), IsOk());
  EXPECT_THAT(writer->Finish(), IsOk());
  EXPECT_TRUE(service.received == bytes);
}

TEST(GcsStore, AServiceThatForgetsAPartIsAnError) {
  const HttpTestServer* running = nullptr;
  const HttpTestServer server([&](const ReceivedRequest& request) {
    if (request.Line().starts_with("POST ")) {
      return HttpAnswer("200 OK", "", "Location: " + running->url() + "/session\r\n");
    }
    return HttpAnswer("308 Resume Incomplete");
  });
  running = &server;
  GcsStore store = StoreAt(server);
  const auto writer = Value(store.OpenWriter("a"));
  ASSERT_THAT(writer->Append(std::string(8 << 20, 'x')), IsOk());
  EXPECT_THAT(writer->Append("x"), FailsWith(Condition::STORAGE_UNAVAILABLE));
}

TEST(GcsStore, AnswersThatAreNotJsonAreErrors) {
  for (const std::string body : {"", "no", "[]", "<a/>"}) {
    const HttpTestServer server([&](const ReceivedRequest&) { return HttpAnswer("200 OK", body); });
    EXPECT_THAT(StoreAt(server).Head("a"), FailsWith(Condition::STORAGE_UNAVAILABLE)) << body;
    EXPECT_THAT(StoreAt(server).List("", {}), FailsWith(Condition::STORAGE_UNAVAILABLE)) << body;
  }
  EXPECT_EQ(Value(ParseGcsPage(R"({"items": [1, {"name": 5}], "prefixes": [{}]})")).entries.size(),
            1u);
}

TEST(GcsStore, TheMessageOfARefusalIsPassedOn) {
  const HttpTestServer server([](const ReceivedRequest&) {
    return HttpAnswer("403 Forbidden", R"({"error": {"code": 403, "message": "no access"}})");
  });
  const auto got = StoreAt(server).Get("a");
  ASSERT_THAT(got, FailsWith(Condition::PERMISSION_DENIED));
  EXPECT_THAT(ToString(got.error()), HasSubstr("gs://b/a: status 403, no access"));
}

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string PemOf(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  EXPECT_EQ(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

bool IsSignedBy(EVP_PKEY* key, const std::string& text, std::string signature) {
  std::ranges::replace(signature, '-', '+');
  std::ranges::replace(signature, '_', '/');
  while (signature.size() % 4 != 0) signature += '=';
  const std::string raw = Base64Decode(signature).value_or("");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(raw.data()),
                          raw.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

std::optional<std::string> NoVariables(const std::string&) { return std::nullopt; }

TEST(GcsConfig, AServiceAccountProvesItselfBySignature) {
  const Key key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  std::atomic<bool> is_signed = false;
  const HttpTestServer server([&](const ReceivedRequest& request) {
    const std::string form = Value(PercentDecode(request.body)) + "&";
    const std::string assertion = Between(form, "assertion=", "&");
    const std::size_t dot = assertion.rfind('.');
    is_signed = IsSignedBy(key.get(), assertion.substr(0, dot), assertion.substr(dot + 1));
    return HttpAnswer("200 OK", R"({"access_token": "token", "expires_in": 3600})");
  });
  std::string pem = PemOf(key.get());
  for (std::size_t at = pem.find('\n'); at != std::string::npos; at = pem.find('\n', at)) {
    pem.replace(at, 1, "\\n");
  }
  const std::string json = R"({"type": "service_account", "client_email": "a@b", "token_uri": ")" +
                           server.url() + R"(/token", "private_key": ")" + pem + "\"}";
  const GcsConfig config =
      Value(GcsConfig::Make("b", {{"google_service_account_key", json}}, NoVariables));
  EXPECT_EQ(Value(config.token->Get()), "token");
  EXPECT_EQ(Value(config.token->Get()), "token");
  EXPECT_TRUE(is_signed);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(GcsConfig, KeysThatCannotBeUsedAreSaid) {
  const auto make = [](const std::string& key) {
    return GcsConfig::Make("b", {{"google_service_account_key", key}}, NoVariables);
  };
  EXPECT_THAT(make("no"), FailsWith(Condition::PERMISSION_DENIED));
  EXPECT_THAT(make(R"({"type": "external_account"})"), FailsWith(Condition::INLET_UNSUPPORTED));
  const GcsConfig config =
      Value(make(R"({"type": "service_account", "private_key": "no", "client_email": "a"})"));
  EXPECT_THAT(config.token->Get(), FailsWith(Condition::PERMISSION_DENIED));
  EXPECT_THAT(GcsConfig::Make("b", {{"google_service_account", "/no/such/file"}}, NoVariables),
              FailsWith(Condition::PERMISSION_DENIED));
}

TEST(GcsConfig, AnEmulatorNeedsNoProof) {
  const GcsConfig config = Value(GcsConfig::Make("b", {}, [](const std::string& name) {
    return name == "STORAGE_EMULATOR_HOST" ? std::optional<std::string>("host:1") : std::nullopt;
  }));
  EXPECT_EQ(config.endpoint, "http://host:1");
  EXPECT_EQ(config.token, nullptr);
}

}  // namespace
}  // namespace inlet::storage
