#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "storage/gcs/gcs_client.h"
#include "storage/settings.h"
#include "storage/small_file.h"

namespace inlet::storage {
namespace {

constexpr const char* kWho = "Google Cloud Storage";
constexpr const char* kScope = "https://www.googleapis.com/auth/devstorage.read_write";
constexpr const char* kTokenEndpoint = "https://oauth2.googleapis.com/token";

std::unexpected<Error> FailKey(std::string message) {
  return Fail(Condition::PERMISSION_DENIED, {{"path", kWho}, {"message", std::move(message)}});
}

/// What a service account proves itself with.
struct ServiceAccount {
  std::string email;
  std::string private_key;  // PEM.
  std::string token_endpoint = kTokenEndpoint;
};

Result<std::string> SignRs256(const std::string& private_key, std::string_view text) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())), &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (key == nullptr) return FailKey("the private key of the service account cannot be read");
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return FailKey("the private key of the service account cannot sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1) {
    return FailKey("the private key of the service account cannot sign");
  }
  signature.resize(size);
  return signature;
}

/// Source: RFC 7523, "JWT as an authorization grant".
Result<AccessToken> TokenOfServiceAccount(const ServiceAccount& account, const NowMs& now_ms) {
  const std::int64_t now_seconds = now_ms() / 1000;
  const nlohmann::json claims = {{"iss", account.email},
                                 {"scope", kScope},
                                 {"aud", account.token_endpoint},
                                 {"iat", now_seconds},
                                 {"exp", now_seconds + 3600}};
  const std::string text =
      Base64UrlEncode(R"({"alg":"RS256","typ":"JWT"})") + "." + Base64UrlEncode(claims.dump());
  const std::string signature = TRY(SignRs256(account.private_key, text));
  return RequestAccessToken(account.token_endpoint,
                            {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                             {"assertion", text + "." + Base64UrlEncode(signature)}},
                            kWho, now_ms);
}

std::shared_ptr<CachedAccessToken> Cached(CachedAccessToken::Fetch fetch) {
  return std::make_shared<CachedAccessToken>(std::move(fetch), SystemNowMs);
}

std::shared_ptr<CachedAccessToken> TokenOf(ServiceAccount account) {
  return Cached(
      [account = std::move(account)] { return TokenOfServiceAccount(account, SystemNowMs); });
}

/// The token for the JSON text of a key file: of a service account or of gcloud's own login.
Result<std::shared_ptr<CachedAccessToken>> TokenOfKey(const std::optional<std::string>& text) {
  if (!text) return FailKey("the key file cannot be read");
  const nlohmann::json key = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!key.is_object()) return FailKey("the key is not JSON");
  const auto field = [&](const char* name) {
    return key.contains(name) && key[name].is_string() ? key[name].get<std::string>() : "";
  };
  const std::string type = field("type");
  if (type == "service_account") {
    ServiceAccount account{.email = field("client_email"), .private_key = field("private_key")};
    if (!field("token_uri").empty()) account.token_endpoint = field("token_uri");
    return TokenOf(std::move(account));
  }
  if (type == "authorized_user") {
    return Cached([id = field("client_id"), secret = field("client_secret"),
                   refresh_token = field("refresh_token")] {
      return RequestAccessToken(kTokenEndpoint,
                                {{"grant_type", "refresh_token"},
                                 {"client_id", id},
                                 {"client_secret", secret},
                                 {"refresh_token", refresh_token}},
                                kWho, SystemNowMs);
    });
  }
  return FailUnsupported("a Google credential of type " + type);
}

Result<std::shared_ptr<CachedAccessToken>> FindToken(const OptionMap& options,
                                                     const Environment& environment) {
  const auto email = FindSetting(options, {"fs.gs.auth.service.account.email"});
  const auto private_key = FindSetting(options, {"fs.gs.auth.service.account.private.key"});
  if (email && private_key) return TokenOf({.email = *email, .private_key = *private_key});

  if (const auto key = FindSetting(options, {"google_service_account_key"})) return TokenOfKey(key);
  const auto file =
      FindSetting(options, {"fs.gs.auth.service.account.json.keyfile", "google_service_account",
                            "google_service_account_path", "google_application_credentials"});
  if (file) return TokenOfKey(ReadSmallFile(*file));
  if (const auto named = environment("GOOGLE_APPLICATION_CREDENTIALS")) {
    return TokenOfKey(ReadSmallFile(*named));
  }
  const std::string own_file =
      environment("HOME").value_or("") + "/.config/gcloud/application_default_credentials.json";
  if (const auto key = ReadSmallFile(own_file)) return TokenOfKey(key);

  const std::string host = environment("GCE_METADATA_HOST").value_or("metadata.google.internal");
  return Cached([host] {
    return RequestMetadataToken(
        "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/token",
        {{"Metadata-Flavor", "Google"}}, kWho, SystemNowMs);
  });
}

}  // namespace

Result<GcsConfig> GcsConfig::Make(const std::string& bucket, const OptionMap& options,
                                  const Environment& environment) {
  if (bucket.empty() || bucket.find_first_of("/?#@\\ ") != std::string::npos) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "bucket"},
                 {"functionName", "gs://" + bucket},
                 {"message", "it is not the name of a bucket"}});
  }
  GcsConfig config{.bucket = bucket};
  const auto emulator = environment("STORAGE_EMULATOR_HOST");
  const auto endpoint =
      FindSetting(options, {"fs.gs.storage.root.url", "google_base_url", "google_endpoint"});
  if (endpoint) {
    config.endpoint = EndpointUrl(*endpoint, /*use_tls=*/true);
  } else if (emulator) {
    config.endpoint = EndpointUrl(*emulator, /*use_tls=*/false);
  }
  const bool is_anonymous = IsTrueSetting(FindSetting(options, {"google_skip_signature"})) ||
                            FindSetting(options, {"fs.gs.auth.type"}) == "UNAUTHENTICATED" ||
                            (emulator && !endpoint);
  if (!is_anonymous) config.token = TRY(FindToken(options, environment));
  return config;
}

}  // namespace inlet::storage
