#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/http_client.h"
#include "storage/environment.h"
#include "storage/http/service_time.h"
#include "storage/s3/aws_profile.h"
#include "storage/s3/aws_signature.h"

namespace inlet::storage {

/// Gives the credentials for the next request. Thread-safe.
class AwsCredentialsProvider {
 public:
  virtual ~AwsCredentialsProvider() = default;
  /// Nothing: send without a signature.
  /// Errors: PERMISSION_DENIED when there are none to be had.
  virtual Result<std::optional<AwsCredentials>> Get() = 0;
};

/// Always the same ones, or none for public buckets.
class FixedAwsCredentials : public AwsCredentialsProvider {
 public:
  FixedAwsCredentials() = default;
  explicit FixedAwsCredentials(std::optional<AwsCredentials> credentials)
      : credentials_(std::move(credentials)) {}
  Result<std::optional<AwsCredentials>> Get() override { return credentials_; }

 private:
  const std::optional<AwsCredentials> credentials_;
};

/// What the vendor's own tools would use, in their order:
///   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN;
///   2. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, exchanged at STS;
///   3. the profile's keys in ~/.aws/credentials and ~/.aws/config;
///   4. the container's endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI);
///   5. the instance's metadata service (IMDSv2), unless AWS_EC2_METADATA_DISABLED is true.
/// Keeps what it has found until five minutes before it expires.
class AwsCredentialsChain : public AwsCredentialsProvider {
 public:
  AwsCredentialsChain(Environment environment, AwsProfile profile, std::string region,
                      NowMs now_ms);
  ~AwsCredentialsChain() override;
  Result<std::optional<AwsCredentials>> Get() override;

 private:
  using Found = Result<std::optional<AwsCredentials>>;

  Found Find() const;
  std::optional<AwsCredentials> FromEnvironment() const;
  Found FromWebIdentity() const;
  Found FromContainer() const;
  Found FromInstance() const;

  const Environment environment_;
  const AwsProfile profile_;
  const std::string region_;
  const NowMs now_ms_;
  const HttpClient client_;
  std::mutex mutex_;  // Held over the search, so that threads do not all search at once.
  std::optional<AwsCredentials> found_;  // Guarded by mutex_.
};

}  // namespace inlet::storage
