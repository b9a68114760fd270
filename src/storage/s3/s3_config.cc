#include "storage/s3/s3_config.h"

#include "storage/settings.h"

namespace inlet::storage {
namespace {

/// Finds settings by any of their names, those of this bucket first.
class Settings {
 public:
  Settings(const std::string& bucket, const OptionMap& options)
      : bucket_prefix_("fs.s3a.bucket." + bucket + "."), options_(options) {}

  std::optional<std::string> Find(std::initializer_list<std::string> names) const {
    return FindSetting(options_, names);
  }
  /// `hadoop_name` stands without "fs.s3a.".
  std::optional<std::string> Find(const std::string& hadoop_name,
                                  std::initializer_list<std::string> other_names) const {
    if (auto value = Find({bucket_prefix_ + hadoop_name, "fs.s3a." + hadoop_name})) return value;
    return Find(other_names);
  }

 private:
  const std::string bucket_prefix_;
  const OptionMap& options_;
};

std::unexpected<Error> FailSetting(std::string name, const std::string& bucket,
                                   std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::move(name)},
                                                   {"functionName", "s3://" + bucket},
                                                   {"message", std::move(message)}});
}

std::optional<AwsCredentials> FindKeys(const Settings& settings) {
  const auto access_key_id =
      settings.Find("access.key", {"aws_access_key_id", "aws_access_key", "access_key_id"});
  const auto secret_access_key =
      settings.Find("secret.key", {"aws_secret_access_key", "aws_secret_key", "secret_access_key"});
  if (!access_key_id || !secret_access_key) return std::nullopt;
  return AwsCredentials{
      .access_key_id = *access_key_id,
      .secret_access_key = *secret_access_key,
      .session_token =
          settings.Find("session.token", {"aws_session_token", "session_token"}).value_or("")};
}

bool WantsNoSignature(const Settings& settings) {
  const auto provider = settings.Find("aws.credentials.provider", {});
  return (provider && provider->contains("Anonymous")) ||
         IsTrueSetting(settings.Find({"aws_skip_signature", "skip_signature"}));
}

bool IsOfAws(std::string_view endpoint) {
  return endpoint.ends_with(".amazonaws.com") || endpoint.ends_with(".amazonaws.com.cn");
}

Result<std::int64_t> PartBytes(const Settings& settings, const std::string& bucket) {
  constexpr std::int64_t kSmallest = 5 << 20;
  constexpr std::int64_t kLargest = std::int64_t{1} << 30;
  const auto text = settings.Find("multipart.size", {});
  if (!text) return 8 << 20;
  std::string number = *text;
  std::int64_t unit = 1;
  if (number.ends_with('M') || number.ends_with('m')) unit = 1 << 20;
  if (number.ends_with('K') || number.ends_with('k')) unit = 1 << 10;
  if (number.ends_with('G') || number.ends_with('g')) unit = 1 << 30;
  if (unit > 1) number.pop_back();
  const OptionMap one = {{"fs.s3a.multipart.size", number}};
  const std::int64_t size = TRY(GetInt64(one, "fs.s3a.multipart.size")).value_or(0);
  if (size < kSmallest / unit || size > kLargest / unit) {
    return FailSetting("fs.s3a.multipart.size", bucket, "it lies between 5M and 1G");
  }
  return size * unit;
}

}  // namespace

Result<S3Config> S3Config::Make(const std::string& bucket, const OptionMap& options,
                                const Environment& environment) {
  if (bucket.empty() || bucket.find_first_of("/?#@\\ ") != std::string::npos) {
    return FailSetting("bucket", bucket, "it is not the name of a bucket");
  }
  const Settings settings(bucket, options);
  const AwsProfile profile = LoadAwsProfile(environment);
  const auto of_profile = [&](const char* name) -> std::optional<std::string> {
    const auto found = profile.find(name);
    return found == profile.end() ? std::nullopt : std::optional(found->second);
  };
  const auto first = [](std::initializer_list<std::optional<std::string>> values) {
    for (const auto& value : values) {
      if (value && !value->empty()) return value;
    }
    return std::optional<std::string>();
  };

  S3Config config{.bucket = bucket};
  config.part_bytes = TRY(PartBytes(settings, bucket));
  const auto region = first({settings.Find("endpoint.region", {"aws_region", "region"}),
                             settings.Find({"aws_default_region"}), environment("AWS_REGION"),
                             environment("AWS_DEFAULT_REGION"), of_profile("region")});
  if (region) config.region = *region;

  const auto endpoint =
      first({settings.Find("endpoint", {"aws_endpoint_url_s3", "aws_endpoint_url", "aws_endpoint",
                                        "endpoint_url", "endpoint"}),
             environment("AWS_ENDPOINT_URL_S3"), environment("AWS_ENDPOINT_URL"),
             of_profile("endpoint_url")});
  const auto use_tls = settings.Find("connection.ssl.enabled", {});
  config.endpoint = EndpointUrl(endpoint.value_or("s3." + config.region + ".amazonaws.com"),
                                !use_tls || IsTrueSetting(use_tls));
  config.is_custom_endpoint = !IsOfAws(config.endpoint);

  // A certificate for *.s3.amazonaws.com does not cover a bucket with dots in its name.
  const bool is_path_style_needed = config.is_custom_endpoint || bucket.contains('.');
  const auto path_style = settings.Find("path.style.access", {"aws_path_style"});
  const auto virtual_hosted =
      settings.Find({"aws_virtual_hosted_style_request", "virtual_hosted_style_request"});
  config.path_style = path_style       ? IsTrueSetting(path_style)
                      : virtual_hosted ? !IsTrueSetting(virtual_hosted)
                                       : is_path_style_needed;

  if (WantsNoSignature(settings)) {
    config.credentials = std::make_shared<FixedAwsCredentials>();
  } else if (const auto keys = FindKeys(settings)) {
    config.credentials = std::make_shared<FixedAwsCredentials>(keys);
  } else {
    config.credentials =
        std::make_shared<AwsCredentialsChain>(environment, profile, config.region, config.now_ms);
  }
  return config;
}

}  // namespace inlet::storage
