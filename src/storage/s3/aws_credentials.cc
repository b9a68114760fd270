#include "storage/s3/aws_credentials.h"

#include <nlohmann/json.hpp>

#include "base/percent_encoding.h"
#include "storage/http/xml_tree.h"
#include "storage/small_file.h"

namespace inlet::storage {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kRefreshBeforeMs = 5 * 60 * 1000;

// The metadata services answer at once where they exist; elsewhere the address leads nowhere.
constexpr HttpClient::Options kMetadataOptions{.connect_timeout = milliseconds(1000),
                                               .stall_timeout = milliseconds(5000),
                                               .total_timeout = milliseconds(10'000),
                                               .max_body_bytes = 1 << 20};

std::unexpected<Error> FailCredentials(std::string what) {
  return Fail(Condition::PERMISSION_DENIED,
              {{"path", "S3"}, {"message", "no credentials: " + std::move(what)}});
}

std::string Text(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// The answer of a metadata service.
Result<std::optional<AwsCredentials>> ParseCredentials(const std::string& body) {
  const nlohmann::json object = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return FailCredentials("the metadata service did not answer in JSON");
  AwsCredentials credentials{.access_key_id = Text(object, "AccessKeyId"),
                             .secret_access_key = Text(object, "SecretAccessKey"),
                             .session_token = Text(object, "Token")};
  credentials.expires_at_ms = ParseIsoTimeMs(Text(object, "Expiration")).value_or(0);
  if (credentials.access_key_id.empty()) return FailCredentials("the metadata service has none");
  return credentials;
}

}  // namespace

AwsCredentialsChain::AwsCredentialsChain(Environment environment, AwsProfile profile,
                                         std::string region, NowMs now_ms)
    : environment_(std::move(environment)),
      profile_(std::move(profile)),
      region_(std::move(region)),
      now_ms_(std::move(now_ms)),
      client_(kMetadataOptions) {}

AwsCredentialsChain::~AwsCredentialsChain() = default;

Result<std::optional<AwsCredentials>> AwsCredentialsChain::Get() {
  const std::lock_guard lock(mutex_);
  const bool is_fresh = found_ && (found_->expires_at_ms == 0 ||
                                   now_ms_() < found_->expires_at_ms - kRefreshBeforeMs);
  if (!is_fresh) found_ = TRY(Find());
  return found_;
}

Result<std::optional<AwsCredentials>> AwsCredentialsChain::Find() const {
  if (auto found = FromEnvironment()) return found;
  if (auto found = TRY(FromWebIdentity())) return found;
  const auto setting = [&](const char* name) {
    const auto found = profile_.find(name);
    return found == profile_.end() ? std::string() : found->second;
  };
  if (!setting("aws_access_key_id").empty()) {
    return AwsCredentials{.access_key_id = setting("aws_access_key_id"),
                          .secret_access_key = setting("aws_secret_access_key"),
                          .session_token = setting("aws_session_token")};
  }
  for (const char* name : {"role_arn", "sso_session", "sso_start_url", "credential_process"}) {
    if (!setting(name).empty()) {
      return FailUnsupported("the setting " + std::string(name) + " of an AWS profile");
    }
  }
  if (auto found = TRY(FromContainer())) return found;
  if (auto found = TRY(FromInstance())) return found;
  Error error =
      FailCredentials("none in the options, the environment, ~/.aws or the machine").error();
  error.hint =
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws_skip_signature = true for a public "
      "bucket.";
  return std::unexpected(std::move(error));
}

std::optional<AwsCredentials> AwsCredentialsChain::FromEnvironment() const {
  const auto access_key_id = environment_("AWS_ACCESS_KEY_ID");
  const auto secret_access_key = environment_("AWS_SECRET_ACCESS_KEY");
  if (!access_key_id || !secret_access_key) return std::nullopt;
  return AwsCredentials{.access_key_id = *access_key_id,
                        .secret_access_key = *secret_access_key,
                        .session_token = environment_("AWS_SESSION_TOKEN").value_or("")};
}

Result<std::optional<AwsCredentials>> AwsCredentialsChain::FromWebIdentity() const {
  const auto token_file = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto role = environment_("AWS_ROLE_ARN");
  if (!token_file || !role) return std::nullopt;
  const std::optional<std::string> token = ReadSmallFile(*token_file);
  if (!token) return FailCredentials("AWS_WEB_IDENTITY_TOKEN_FILE cannot be read");

  const std::string endpoint =
      environment_("AWS_ENDPOINT_URL_STS").value_or("https://sts." + region_ + ".amazonaws.com");
  const std::string session = environment_("AWS_ROLE_SESSION_NAME").value_or("inlet");
  const std::string body =
      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + PercentEncode(*role) +
      "&RoleSessionName=" + PercentEncode(session) + "&WebIdentityToken=" + PercentEncode(*token);
  const auto make = [&]() -> Result<HttpRequest> {
    return HttpRequest{.method = "POST",
                       .url = endpoint + "/",
                       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                       .body = body};
  };
  const HttpResponse response = TRY(SendWithRetries(client_, {.max_tries = 4}, make)).response;
  if (!response.is_success()) {
    return FailCredentials("STS refuses the web identity with status " +
                           std::to_string(response.status));
  }
  const XmlElement answer = TRY(ParseXml(response.body));
  const XmlElement* const result = answer.Child("AssumeRoleWithWebIdentityResult");
  const XmlElement* const given = result == nullptr ? nullptr : result->Child("Credentials");
  if (given == nullptr) return FailCredentials("STS gave none for the web identity");
  return AwsCredentials{.access_key_id = std::string(given->Text("AccessKeyId")),
                        .secret_access_key = std::string(given->Text("SecretAccessKey")),
                        .session_token = std::string(given->Text("SessionToken")),
                        .expires_at_ms = ParseIsoTimeMs(given->Text("Expiration")).value_or(0)};
}

Result<std::optional<AwsCredentials>> AwsCredentialsChain::FromContainer() const {
  std::string url;
  if (const auto relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    url = "http://169.254.170.2" + *relative;
  } else if (const auto full = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    url = *full;
  } else {
    return std::nullopt;
  }
  std::optional<std::string> token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = ReadSmallFile(*file);
  }
  HttpRequest request{.url = url};
  if (token) request.headers.emplace_back("Authorization", *token);
  const HttpResponse response = TRY(client_.Send(request));
  if (!response.is_success()) return FailCredentials("the container's endpoint refuses");
  return ParseCredentials(response.body);
}

Result<std::optional<AwsCredentials>> AwsCredentialsChain::FromInstance() const {
  if (environment_("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  const std::string service =
      environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
  const Result<HttpResponse> token =
      client_.Send({.method = "PUT",
                    .url = service + "/latest/api/token",
                    .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}}});
  if (!token || !token->is_success()) return std::nullopt;  // Not on such a machine.
  const HttpHeaders headers = {{"X-aws-ec2-metadata-token", token->body}};
  const std::string roles = service + "/latest/meta-data/iam/security-credentials/";
  const HttpResponse role = TRY(client_.Send({.url = roles, .headers = headers}));
  if (!role.is_success() || role.body.empty()) return std::nullopt;
  const std::string name = role.body.substr(0, role.body.find('\n'));
  const HttpResponse response =
      TRY(client_.Send({.url = roles + PercentEncode(name), .headers = headers}));
  if (!response.is_success()) return FailCredentials("the instance's role gives none");
  return ParseCredentials(response.body);
}

}  // namespace inlet::storage
