#include "ingest/stream/file_stream_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "delta/table.h"

namespace inlet::ingest {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPrefix = "cloudFiles.";

constexpr std::string_view kNames[] = {
    "allowOverwrites", "backfillInterval", "cleanSource", "cleanSource.moveDestination",
    "cleanSource.retentionDuration", "fetchParallelism", "includeExistingFiles",
    "maxBytesPerTrigger", "maxFileAge", "maxFilesPerTrigger", "pathRewrites",
    "restartOnSchemaChange", "schemaEvolutionMode", "schemaLocation", "useIncrementalListing",
    "useManagedFileEvents", "useNotifications",
    // Of the clouds' notification services.
    "awsAccessKey", "awsSecretKey", "client", "clientEmail", "clientId", "clientSecret",
    "connectionString", "databricks.serviceCredential", "privateKey", "privateKeyId", "projectId",
    "queueName", "queueUrl", "region", "resourceGroup",
    "restrictNotificationSetupToSameAWSAccountId", "roleArn", "roleExternalId", "roleSessionName",
    "stsEndpoint", "subscription", "subscriptionId", "tenantId"};

bool IsStreamOption(std::string_view name) {
  constexpr std::string_view kTags = "resourceTag.";
  if (name.size() > kTags.size() && EqualsIgnoreCase(name.substr(0, kTags.size()), kTags)) {
    return true;
  }
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view known) { return EqualsIgnoreCase(known, name); });
}

std::unexpected<Error> BadValue(std::string_view name, std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::string(name)},
                                                   {"functionName", "the stream's options"},
                                                   {"message", std::move(message)}});
}

/// "10g", "512mb", "1000": bytes.
Result<std::int64_t> ParseBytes(std::string_view name, std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit;
  for (const char c : std::string_view(end, text.data() + text.size())) {
    if (c != ' ') unit += c;
  }
  unit = ToLower(unit);
  if (unit.size() == 2 && unit[1] == 'b') unit.pop_back();
  constexpr std::string_view kUnits = "bkmgtp";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit);
  if (error != std::errc() || unit.size() > 1 || power == std::string_view::npos || number <= 0) {
    return BadValue(name, "'" + std::string(text) + "' is not a size such as 10g or 512m");
  }
  const double bytes = number * std::pow(1024.0, static_cast<double>(power));
  constexpr double kMaxBytes = 9e18;
  if (!(bytes < kMaxBytes)) return BadValue(name, "'" + std::string(text) + "' is too large");
  return static_cast<std::int64_t>(bytes);
}

Result<std::optional<milliseconds>> GetInterval(const OptionMap& options, std::string_view name,
                                                bool may_be_zero = false) {
  const std::optional<std::string> text = GetString(options, name);
  if (!text) return std::nullopt;
  const Result<std::int64_t> interval_ms = delta::ParseInterval(*text);
  if (!interval_ms || *interval_ms < (may_be_zero ? 0 : 1)) {
    return BadValue(name, "'" + *text + "' is not an interval such as 1 day");
  }
  return milliseconds(*interval_ms);
}

Result<std::optional<EvolutionMode>> GetMode(const OptionMap& options) {
  const std::optional<std::string> text = GetString(options, "schemaEvolutionMode");
  if (!text) return std::nullopt;
  constexpr std::pair<std::string_view, EvolutionMode> kModes[] = {
      {"addNewColumns", EvolutionMode::kAddNewColumns},
      {"addNewColumnsWithTypeWidening", EvolutionMode::kAddNewColumnsWithTypeWidening},
      {"rescue", EvolutionMode::kRescue},
      {"failOnNewColumns", EvolutionMode::kFailOnNewColumns},
      {"none", EvolutionMode::kNone}};
  std::string names;
  for (const auto& [name, mode] : kModes) {
    if (EqualsIgnoreCase(name, *text)) return mode;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return Fail(Condition::CF_INVALID_SCHEMA_EVOLUTION_MODE,
              {{"mode", *text}, {"supportedModes", names}});
}

Status ParseCleaning(const OptionMap& options, FileStreamOptions& parsed) {
  const std::string mode = GetString(options, "cleanSource").value_or("OFF");
  if (EqualsIgnoreCase(mode, "DELETE")) {
    parsed.clean_source = CleanSource::kDelete;
  } else if (EqualsIgnoreCase(mode, "MOVE")) {
    parsed.clean_source = CleanSource::kMove;
  } else if (!EqualsIgnoreCase(mode, "OFF")) {
    return BadValue("cleanSource", "'" + mode + "' is not OFF, DELETE or MOVE");
  }
  if (const auto retention =
          TRY(GetInterval(options, "cleanSource.retentionDuration", /*may_be_zero=*/true))) {
    parsed.clean_retention = *retention;
  }
  if (parsed.clean_source == CleanSource::kDelete &&
      parsed.clean_retention <= std::chrono::hours(7 * 24)) {
    return BadValue("cleanSource.retentionDuration", "DELETE needs more than 7 days");
  }
  parsed.move_destination = GetString(options, "cleanSource.moveDestination").value_or("");
  if (parsed.clean_source == CleanSource::kMove && parsed.move_destination.empty()) {
    return BadValue("cleanSource.moveDestination", "MOVE needs it");
  }
  return Ok();
}

std::unexpected<Error> Contradict(const char* first, const char* second, const char* message) {
  return Fail(Condition::CONTRADICTORY_OPTIONS,
              {{"first", first}, {"second", second}, {"message", message}});
}

Status RefuseContradictions(const OptionMap& options, const FileStreamOptions& parsed) {
  const auto is_on = [&](const char* name) {
    return GetBool(options, name).value_or(false) == true;
  };
  const bool uses_managed_events = is_on("useManagedFileEvents");
  if (is_on("useNotifications") && uses_managed_events) {
    return Contradict("useNotifications", "useManagedFileEvents", "choose one source of events");
  }
  if (is_on("useNotifications") && is_on("useIncrementalListing")) {
    return Contradict("useNotifications", "useIncrementalListing",
                      "one finds files by events, the other by listings");
  }
  if (uses_managed_events && parsed.backfill_interval) {
    return Contradict("useManagedFileEvents", "backfillInterval",
                      "with managed file events listings come by themselves");
  }
  if (parsed.clean_source == CleanSource::kDelete && !parsed.move_destination.empty()) {
    return Contradict("cleanSource = DELETE", "cleanSource.moveDestination",
                      "a deleted file is not moved");
  }
  return Ok();
}

Status ParseQueue(const OptionMap& options, bool uses_notifications, FileStreamOptions& parsed) {
  if (uses_notifications) parsed.queue_url = GetString(options, "queueUrl").value_or("");
  for (const char* name : {"region", "awsAccessKey", "awsSecretKey"}) {
    if (const auto value = GetString(options, name)) parsed.queue[name] = *value;
  }
  if (parsed.queue.contains("awsAccessKey") != parsed.queue.contains("awsSecretKey")) {
    return BadValue("awsAccessKey", "it goes together with awsSecretKey");
  }
  if (const auto parallelism = TRY(GetInt64(options, "fetchParallelism"))) {
    constexpr std::int64_t kMost = 64;
    if (*parallelism < 1 || *parallelism > kMost) {
      return BadValue("fetchParallelism", "it must be from 1 to 64");
    }
    parsed.fetch_parallelism = static_cast<int>(*parallelism);
  }
  const auto rewrites = GetString(options, "pathRewrites");
  if (!rewrites) return Ok();
  const nlohmann::json json = nlohmann::json::parse(*rewrites, nullptr, false);
  const bool is_map = json.is_object() && std::ranges::all_of(json, [](const auto& value) {
                        return value.is_string();
                      });
  if (!is_map) {
    return BadValue("pathRewrites",
                    "'" + *rewrites + R"(' is not JSON such as {"bucket/path": "/mnt/path"})");
  }
  for (const auto& [from, to] : json.items()) {
    parsed.path_rewrites[from] = to.get<std::string>();
  }
  return Ok();
}

Result<FileStreamOptions> Parse(const OptionMap& options) {
  FileStreamOptions parsed;
  parsed.allow_overwrites = TRY(GetBool(options, "allowOverwrites")).value_or(false);
  parsed.include_existing_files = TRY(GetBool(options, "includeExistingFiles")).value_or(true);
  if (const auto max_files = TRY(GetInt64(options, "maxFilesPerTrigger"))) {
    if (*max_files <= 0) return BadValue("maxFilesPerTrigger", "it must be at least 1");
    parsed.max_files = *max_files;
  }
  if (const auto bytes = GetString(options, "maxBytesPerTrigger")) {
    parsed.max_bytes = TRY(ParseBytes("maxBytesPerTrigger", *bytes));
  }
  parsed.max_file_age = TRY(GetInterval(options, "maxFileAge"));
  if (parsed.max_file_age && *parsed.max_file_age < std::chrono::hours(14 * 24)) {
    return BadValue("maxFileAge", "it must be at least 14 days");
  }
  parsed.backfill_interval = TRY(GetInterval(options, "backfillInterval"));
  TRY(ParseCleaning(options, parsed));
  parsed.evolution_mode = TRY(GetMode(options));
  parsed.restart_on_schema_change = TRY(GetBool(options, "restartOnSchemaChange")).value_or(false);
  parsed.schema_location = GetString(options, "schemaLocation").value_or("");
  // `auto` lists all, as it does from Runtime 17.3 on.
  const std::string incremental = GetString(options, "useIncrementalListing").value_or("auto");
  if (!EqualsIgnoreCase(incremental, "auto")) {
    parsed.incremental_listing = TRY(GetBool(options, "useIncrementalListing")).value_or(false);
  }
  TRY(RefuseContradictions(options, parsed));
  const std::optional<bool> notifications = TRY(GetBool(options, "useNotifications"));
  parsed.watch_directories = notifications.value_or(true);
  parsed.use_posted_events = TRY(GetBool(options, "useManagedFileEvents")).value_or(false);
  TRY(ParseQueue(options, notifications.value_or(false), parsed));
  return parsed;
}

}  // namespace

std::span<const std::string_view> FileStreamOptionNames() { return kNames; }

Result<FileStreamOptions> TakeFileStreamOptions(OptionMap& options) {
  OptionMap of_stream;
  OptionMap of_files;
  for (const auto& [name, value] : options) {
    std::string_view plain = name;
    if (plain.size() > kPrefix.size() &&
        EqualsIgnoreCase(plain.substr(0, kPrefix.size()), kPrefix)) {
      plain.remove_prefix(kPrefix.size());
    }
    OptionMap& target = IsStreamOption(plain) ? of_stream : of_files;
    if (!target.emplace(plain, value).second) return BadValue(plain, "it is given twice");
  }
  FileStreamOptions parsed = TRY(Parse(of_stream));
  // Which reader defaults hold depends on the mode.
  if (const auto mode = of_stream.find("schemaEvolutionMode"); mode != of_stream.end()) {
    of_files.insert(*mode);
  }
  options = std::move(of_files);
  return parsed;
}

}  // namespace inlet::ingest
