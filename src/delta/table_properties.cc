#include <algorithm>
#include <charconv>
#include <limits>

#include "base/option_map.h"
#include "delta/table.h"

namespace inlet::delta {
namespace {

enum class Kind : std::uint8_t {
  kBool,
  kPositive,  ///< A whole number above 0.
  kCount,     ///< A whole number from -1.
  kLong,
  kInterval,
  kText,
  kInternal,  ///< Kept by the table itself; a user does not set it.
};

struct KnownProperty {
  std::string_view key;
  Kind kind;
  std::string_view values;  ///< The allowed ones, blanks between; empty: any.
};

constexpr KnownProperty kKnown[] = {
    {"delta.appendOnly", Kind::kBool, ""},
    {"delta.autoOptimize", Kind::kBool, ""},
    {"delta.autoOptimize.autoCompact", Kind::kText, "true false auto legacy"},
    {"delta.autoOptimize.optimizeWrite", Kind::kBool, ""},
    {"delta.castIcebergTimeType", Kind::kBool, ""},
    {"delta.checkpoint.writeStatsAsJson", Kind::kBool, ""},
    {"delta.checkpoint.writeStatsAsStruct", Kind::kBool, ""},
    {"delta.checkpointInterval", Kind::kPositive, ""},
    {"delta.checkpointPolicy", Kind::kText, "classic v2"},
    {"delta.checkpointRetentionDuration", Kind::kInterval, ""},
    {"delta.columnMapping.maxColumnId", Kind::kInternal, ""},
    {"delta.columnMapping.mode", Kind::kText, "none name id"},
    {"delta.compatibility.symlinkFormatManifest.enabled", Kind::kBool, ""},
    {"delta.dataSkippingNumIndexedCols", Kind::kCount, ""},
    {"delta.dataSkippingStatsColumns", Kind::kText, ""},
    {"delta.dataSkippingStringPrefixLength", Kind::kCount, ""},
    {"delta.deletedFileRetentionDuration", Kind::kInterval, ""},
    {"delta.dropFeatureTruncateHistory.retentionDuration", Kind::kInterval, ""},
    {"delta.enableChangeDataFeed", Kind::kBool, ""},
    {"delta.enableDeletionVectors", Kind::kBool, ""},
    {"delta.enableExpiredLogCleanup", Kind::kBool, ""},
    {"delta.enableFullRetentionRollback", Kind::kBool, ""},
    {"delta.enableIcebergCompatV1", Kind::kBool, ""},
    {"delta.enableIcebergCompatV2", Kind::kBool, ""},
    {"delta.enableIcebergCompatV3", Kind::kBool, ""},
    {"delta.enableInCommitTimestamps", Kind::kBool, ""},
    {"delta.enableMaterializePartitionColumnsFeature", Kind::kBool, ""},
    {"delta.enableRowTracking", Kind::kBool, ""},
    {"delta.enableTypeWidening", Kind::kBool, ""},
    {"delta.enableVariantShredding", Kind::kBool, ""},
    {"delta.ignoreIcebergBucketPartition", Kind::kBool, ""},
    {"delta.ignoreProtocolDefaults", Kind::kBool, ""},
    {"delta.inCommitTimestampEnablementTimestamp", Kind::kInternal, ""},
    {"delta.inCommitTimestampEnablementVersion", Kind::kInternal, ""},
    {"delta.isolationLevel", Kind::kText, "Serializable WriteSerializable"},
    {"delta.logRetentionDuration", Kind::kInterval, ""},
    {"delta.minReaderVersion", Kind::kPositive, ""},
    {"delta.minWriterVersion", Kind::kPositive, ""},
    {"delta.parquet.compression.codec", Kind::kText,
     "uncompressed none snappy gzip lz4 lz4_raw zstd"},
    {"delta.parquet.format.version", Kind::kText, ""},
    {"delta.randomPrefixLength", Kind::kPositive, ""},
    {"delta.randomizeFilePrefixes", Kind::kBool, ""},
    {"delta.requireCheckpointProtectionBeforeVersion", Kind::kInternal, ""},
    {"delta.rowTracking.materializedRowCommitVersionColumnName", Kind::kInternal, ""},
    {"delta.rowTracking.materializedRowIdColumnName", Kind::kInternal, ""},
    {"delta.rowTrackingSuspended", Kind::kBool, ""},
    {"delta.sampleRetentionDuration", Kind::kInterval, ""},
    {"delta.setTransactionRetentionDuration", Kind::kInterval, ""},
    {"delta.targetFileSize", Kind::kText, ""},
    {"delta.tuneFileSizesForRewrites", Kind::kBool, ""},
    {"delta.universalFormat.enabledFormats", Kind::kText, ""},
    {"delta.writePartitionColumnsToParquet", Kind::kBool, ""},
};

std::unexpected<Error> Refuse(std::string_view key, std::string_view value, std::string message) {
  return Fail(Condition::DELTA_INVALID_TABLE_PROPERTY, {{"property", std::string(key)},
                                                        {"value", std::string(value)},
                                                        {"message", std::move(message)}});
}

bool IsOneOf(std::string_view value, std::string_view values) {
  while (!values.empty()) {
    const std::string_view one = values.substr(0, values.find(' '));
    if (EqualsIgnoreCase(value, one)) return true;
    values.remove_prefix(std::min(values.size(), one.size() + 1));
  }
  return false;
}

Status CheckNumber(std::string_view key, std::string_view value, std::int64_t least) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || stop != value.data() + value.size() || number < least) {
    return Refuse(key, value, "it is a whole number from " + std::to_string(least));
  }
  return Ok();
}

Status CheckValue(const KnownProperty& property, std::string_view value) {
  switch (property.kind) {
    case Kind::kBool:
      if (IsOneOf(value, "true false")) return Ok();
      return Refuse(property.key, value, "it is true or false");
    case Kind::kPositive:
      return CheckNumber(property.key, value, 1);
    case Kind::kCount:
      return CheckNumber(property.key, value, -1);
    case Kind::kLong:
      return CheckNumber(property.key, value, std::numeric_limits<std::int64_t>::min());
    case Kind::kInterval:
      TRY(ParseInterval(value));
      return Ok();
    case Kind::kText:
      if (property.values.empty() || IsOneOf(value, property.values)) return Ok();
      return Refuse(property.key, value, "it is one of: " + std::string(property.values));
    case Kind::kInternal:
      return Ok();
  }
  return Ok();
}

/// Milliseconds of one unit; nothing for what is none or has no fixed length.
std::optional<std::int64_t> UnitMs(std::string_view unit) {
  constexpr std::int64_t kSecond = 1000;
  if (unit.ends_with('s') || unit.ends_with('S')) unit.remove_suffix(1);
  if (EqualsIgnoreCase(unit, "week")) return 7 * 24 * 3600 * kSecond;
  if (EqualsIgnoreCase(unit, "day")) return 24 * 3600 * kSecond;
  if (EqualsIgnoreCase(unit, "hour")) return 3600 * kSecond;
  if (EqualsIgnoreCase(unit, "minute")) return 60 * kSecond;
  if (EqualsIgnoreCase(unit, "second")) return kSecond;
  if (EqualsIgnoreCase(unit, "millisecond")) return 1;
  if (EqualsIgnoreCase(unit, "microsecond")) return 0;
  return std::nullopt;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    if (text.empty()) return words;
    std::size_t length = 0;
    while (length < text.size() && static_cast<unsigned char>(text[length]) > ' ') ++length;
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

}  // namespace

Result<std::string> CheckProperty(std::string_view key, std::string_view value) {
  if (key.size() < 6 || !EqualsIgnoreCase(key.substr(0, 6), "delta.")) return std::string(key);
  for (const KnownProperty& property : kKnown) {
    if (!EqualsIgnoreCase(property.key, key)) continue;
    TRY(CheckValue(property, value));
    return std::string(property.key);
  }
  if (key.starts_with("delta.constraints.") || key.starts_with("delta.feature.")) {
    return std::string(key);
  }
  std::vector<std::string_view> names;
  for (const KnownProperty& property : kKnown) names.push_back(property.key);
  return Fail(Condition::DELTA_UNKNOWN_CONFIGURATION,
              {{"config", std::string(key)}, {"suggestion", DidYouMean(key, names)}});
}

Result<std::int64_t> ParseInterval(std::string_view text) {
  const auto refuse = [&] {
    return Fail(Condition::DELTA_INVALID_INTERVAL, {{"interval", std::string(text)}});
  };
  std::vector<std::string_view> words = Words(text);
  if (!words.empty() && EqualsIgnoreCase(words[0], "interval")) words.erase(words.begin());
  if (words.empty() || words.size() % 2 != 0) return refuse();
  std::int64_t total_ms = 0;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    std::int64_t count = 0;
    const char* end = words[i].data() + words[i].size();
    const auto [stop, error] = std::from_chars(words[i].data(), end, count);
    const std::optional<std::int64_t> unit_ms = UnitMs(words[i + 1]);
    std::int64_t part_ms = 0;
    if (error != std::errc() || stop != end || !unit_ms || count < 0 ||
        __builtin_mul_overflow(count, *unit_ms, &part_ms) ||
        __builtin_add_overflow(total_ms, part_ms, &total_ms)) {
      return refuse();
    }
  }
  return total_ms;
}

}  // namespace inlet::delta
