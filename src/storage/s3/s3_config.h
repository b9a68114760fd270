#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/http_client.h"
#include "base/option_map.h"
#include "storage/environment.h"
#include "storage/http/service_time.h"
#include "storage/s3/aws_credentials.h"

namespace inlet::storage {

/// Where a bucket is and how to ask it.
struct S3Config {
  std::string bucket;
  std::string endpoint;  ///< "https://host:port", without the bucket and a trailing slash.
  std::string region = "us-east-1";
  bool path_style = false;          ///< The bucket stands in the path, not in the host's name.
  bool is_custom_endpoint = false;  ///< Not AWS itself.
  std::shared_ptr<AwsCredentialsProvider> credentials;
  std::int64_t part_bytes = 8 << 20;  ///< At least 5 MiB, says the service.
  RetryPolicy retry;
  NowMs now_ms = SystemNowMs;

  /// From `options` (fs.s3a.* of Hadoop, also for one bucket as fs.s3a.bucket.<bucket>.*; aws_* of
  /// delta-rs; AWS_* of COPY INTO's CREDENTIAL), then from the environment and the profile of the
  /// vendor's tools. README.md has the table.
  /// Errors: INVALID_PARAMETER_VALUE.
  static Result<S3Config> Make(const std::string& bucket, const OptionMap& options,
                               const Environment& environment);
};

}  // namespace inlet::storage
