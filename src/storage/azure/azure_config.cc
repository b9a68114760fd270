#include "storage/azure/azure_config.h"

#include <map>

#include "base/digest.h"
#include "base/percent_encoding.h"
#include "storage/settings.h"
#include "storage/small_file.h"

namespace inlet::storage {
namespace {

constexpr const char* kWho = "Azure Storage";
constexpr const char* kResource = "https://storage.azure.com/";

std::unexpected<Error> FailAzure(std::string parameter, std::string authority,
                                 std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", std::move(parameter)},
               {"functionName", "abfss://" + std::move(authority)},
               {"message", std::move(message)}});
}

/// "AccountName=a;AccountKey=b=="
OptionMap ParseConnectionString(std::string_view text) {
  OptionMap fields;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(text.size(), field.size() + 1));
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    fields[std::string(field.substr(0, equals))] = field.substr(equals + 1);
  }
  return fields;
}

/// Finds settings of one account in the options, the environment and the connection string.
class Settings {
 public:
  Settings(const AzureConfig& config, const OptionMap& options, const Environment& environment)
      : account_(config.account),
        options_(options),
        environment_(environment),
        connection_(
            ParseConnectionString(environment("AZURE_STORAGE_CONNECTION_STRING").value_or(""))) {}

  /// `hadoop_name` may have the account behind it, as in ".<account>.dfs.core.windows.net".
  std::optional<std::string> Find(const std::string& hadoop_name,
                                  std::initializer_list<std::string> other_names) const {
    const std::string with_account = hadoop_name + "." + account_;
    if (auto value =
            FindSetting(options_, {with_account + ".dfs.core.windows.net",
                                   with_account + ".blob.core.windows.net", hadoop_name})) {
      return value;
    }
    return FindSetting(options_, other_names);
  }

  std::optional<std::string> FromEnvironment(std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      if (auto value = environment_(name)) return value;
    }
    return std::nullopt;
  }

  /// Only when the connection string speaks of this account.
  std::optional<std::string> FromConnectionString(const char* field) const {
    const auto name = GetString(connection_, "AccountName");
    if (name && *name != account_) return std::nullopt;
    return GetString(connection_, field);
  }

 private:
  const std::string account_;
  const OptionMap& options_;
  const Environment& environment_;
  const OptionMap connection_;
};

std::shared_ptr<CachedAccessToken> Cached(CachedAccessToken::Fetch fetch) {
  return std::make_shared<CachedAccessToken>(std::move(fetch), SystemNowMs);
}

/// The two generations of the token service name what is asked for differently.
std::pair<std::string, std::string> ScopeFor(const std::string& endpoint) {
  if (endpoint.contains("/v2.0/")) return {"scope", std::string(kResource) + ".default"};
  return {"resource", kResource};
}

std::shared_ptr<CachedAccessToken> FindToken(const Settings& settings) {
  const auto either = [](std::optional<std::string> first, std::optional<std::string> second) {
    return first ? first : second;
  };
  const auto id = either(settings.Find("fs.azure.account.oauth2.client.id",
                                       {"azure_storage_client_id", "azure_client_id"}),
                         settings.FromEnvironment({"AZURE_CLIENT_ID"}));
  const auto secret = either(settings.Find("fs.azure.account.oauth2.client.secret",
                                           {"azure_storage_client_secret", "azure_client_secret"}),
                             settings.FromEnvironment({"AZURE_CLIENT_SECRET"}));
  const auto tenant = either(settings.Find("fs.azure.account.oauth2.msi.tenant",
                                           {"azure_storage_tenant_id", "azure_tenant_id"}),
                             settings.FromEnvironment({"AZURE_TENANT_ID"}));
  const auto host = settings.FromEnvironment({"AZURE_AUTHORITY_HOST"})
                        .value_or("https://login.microsoftonline.com");
  const std::string endpoint =
      settings.Find("fs.azure.account.oauth2.client.endpoint", {"azure_token_endpoint"})
          .value_or(EndpointUrl(host, /*use_tls=*/true) + "/" + tenant.value_or("common") +
                    "/oauth2/v2.0/token");
  if (id && secret) {
    return Cached([id = *id, secret = *secret, endpoint] {
      return RequestAccessToken(endpoint,
                                {{"grant_type", "client_credentials"},
                                 {"client_id", id},
                                 {"client_secret", secret},
                                 ScopeFor(endpoint)},
                                kWho, SystemNowMs);
    });
  }
  const auto federated_file = settings.FromEnvironment({"AZURE_FEDERATED_TOKEN_FILE"});
  if (id && federated_file) {
    return Cached([id = *id, file = *federated_file, endpoint] {
      return RequestAccessToken(
          endpoint,
          {{"grant_type", "client_credentials"},
           {"client_id", id},
           {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
           {"client_assertion", ReadSmallFile(file).value_or("")},
           ScopeFor(endpoint)},
          kWho, SystemNowMs);
    });
  }
  std::string url =
      "http://169.254.169.254/metadata/identity/oauth2/token"
      "?api-version=2018-02-01&resource=" +
      PercentEncode(kResource);
  if (id) url += "&client_id=" + PercentEncode(*id);
  return Cached([url] {
    return RequestMetadataToken(url, {{"Metadata", "true"}}, kWho, SystemNowMs);
  });
}

Status FindProof(const Settings& settings, const std::string& authority, AzureConfig& config) {
  if (IsTrueSetting(settings.Find("fs.azure.skip.signature", {"azure_skip_signature"})))
    return Ok();
  const auto given_key =
      settings.Find("fs.azure.account.key",
                    {"azure_storage_account_key", "azure_storage_access_key", "azure_account_key"});
  const auto given_sas = settings.Find(
      "fs.azure.sas.fixed.token",
      {"fs.azure.sas." + config.container + "." + config.account + ".blob.core.windows.net",
       "azure_storage_sas_token", "azure_storage_sas_key", "azure_sas_token"});
  const bool has_given_login =
      settings
          .Find("fs.azure.account.oauth2.client.id", {"azure_storage_client_id", "azure_client_id"})
          .has_value();
  std::optional<std::string> key = given_key;
  std::optional<std::string> sas = given_sas;
  if (!given_key && !given_sas && !has_given_login) {
    key = settings.FromConnectionString("AccountKey");
    if (!key) key = settings.FromEnvironment({"AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"});
    sas = settings.FromConnectionString("SharedAccessSignature");
    if (!sas) sas = settings.FromEnvironment({"AZURE_STORAGE_SAS_TOKEN"});
  }
  if (key) {
    const std::optional<std::string> bytes = Base64Decode(*key);
    if (!bytes) return FailAzure("the account key", authority, "it is not Base64");
    config.account_key = *bytes;
  } else if (sas) {
    config.sas_token = sas->starts_with('?') ? sas->substr(1) : *sas;
  } else {
    config.access_token = FindToken(settings);
  }
  return Ok();
}

}  // namespace

Result<AzureConfig> AzureConfig::Make(const std::string& authority, const OptionMap& options,
                                      const Environment& environment) {
  const std::size_t at = authority.find('@');
  const std::string host = at == std::string::npos ? "" : authority.substr(at + 1);
  AzureConfig config{.account = host.substr(0, host.find('.')),
                     .container = authority.substr(0, std::min(at, authority.size()))};
  if (config.account.empty() || config.container.empty()) {
    return FailAzure("container", authority,
                     "write abfss://container@account.dfs.core.windows.net/path");
  }
  const Settings settings(config, options, environment);
  const auto endpoint =
      settings.Find("fs.azure.blob.endpoint", {"azure_storage_endpoint", "azure_endpoint"});
  std::string blob_host = host;
  if (const std::size_t dfs = host.find(".dfs."); dfs != std::string::npos) {
    blob_host.replace(dfs, 5, ".blob.");
  }
  const auto connection_endpoint = settings.FromConnectionString("BlobEndpoint");
  config.endpoint = EndpointUrl(endpoint              ? *endpoint
                                : connection_endpoint ? *connection_endpoint
                                                      : blob_host,
                                /*use_tls=*/true);
  TRY(FindProof(settings, authority, config));
  return config;
}

}  // namespace inlet::storage
