#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/http_client.h"
#include "base/option_map.h"
#include "storage/environment.h"
#include "storage/http/access_token.h"

namespace inlet::storage {

/// Where a container is and how to ask it. At most one of the last three proofs is used, in their
/// order; none: send without one.
struct AzureConfig {
  std::string account;
  std::string container;
  std::string endpoint;     ///< "https://account.blob.core.windows.net", no slash at the end.
  std::string account_key;  ///< Raw bytes.
  std::string sas_token;    ///< Without a question mark.
  std::shared_ptr<CachedAccessToken> access_token;
  std::int64_t part_bytes = 8 << 20;
  RetryPolicy retry;
  NowMs now_ms = SystemNowMs;

  /// `authority` is "container@account.dfs.core.windows.net". The rest comes from `options`
  /// (fs.azure.* of Hadoop with or without the account behind it, azure_* of delta-rs,
  /// AZURE_SAS_TOKEN of COPY INTO's CREDENTIAL), then from the environment as the vendor's tools
  /// read it.
  /// Errors: INVALID_PARAMETER_VALUE.
  static Result<AzureConfig> Make(const std::string& authority, const OptionMap& options,
                                  const Environment& environment);
};

}  // namespace inlet::storage
