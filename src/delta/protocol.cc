#include "delta/protocol.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "base/option_map.h"

namespace inlet::delta {
namespace {

using Names = std::vector<std::string_view>;

/// Whether rows need nothing of the writer as long as the feature is not active.
bool IsHarmlessUnlessActive(std::string_view feature) {
  return feature == "checkConstraints" || feature == "generatedColumns" ||
         feature == "identityColumns" || feature == "columnMapping" || feature == "invariants" ||
         feature == "icebergCompatV1" || feature == "icebergCompatV2" ||
         feature == "icebergCompatV3" || feature == "collations" || feature == "collations-preview";
}

template <class Range>
bool Contains(const Range& names, std::string_view name) {
  return std::ranges::find(names, name) != std::ranges::end(names);
}

std::string Join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

bool IsTrue(const Properties& properties, const std::string& key) {
  const auto found = properties.find(key);
  return found != properties.end() && EqualsIgnoreCase(found->second, "true");
}

/// Calls `visit` for every field at every level.
void ForEachField(const types::DataType& type,
                  const std::function<void(const types::StructField&)>& visit) {
  for (const types::StructField& field : type.fields()) {
    visit(field);
    if (field.type.is_nested()) ForEachField(field.type, visit);
  }
}

std::set<std::string> WithRequired(std::set<std::string> names) {
  std::vector<std::string> pending(names.begin(), names.end());
  while (!pending.empty()) {
    const TableFeature* feature = FindFeature(pending.back());
    pending.pop_back();
    if (feature == nullptr) continue;
    for (const std::string_view required : feature->required_features) {
      if (names.emplace(required).second) pending.emplace_back(required);
    }
  }
  return names;
}

std::vector<std::string> Sorted(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

/// The least protocol that has all features of `base` and of `needed`.
Protocol Combine(const Protocol& base, const std::set<std::string>& needed) {
  if (std::ranges::all_of(needed,
                          [&](const std::string& name) { return SupportsFeature(base, name); })) {
    return base;
  }
  std::set<std::string> all = needed;
  for (std::string& name : SupportedFeatures(base)) all.insert(std::move(name));
  Protocol result;
  result.min_reader_version = base.min_reader_version;
  result.min_writer_version = 7;
  std::set<std::string> reader_features;
  if (base.reader_features) {
    reader_features.insert(base.reader_features->begin(), base.reader_features->end());
  }
  for (const std::string& name : all) {
    const TableFeature* feature = FindFeature(name);
    if (feature == nullptr || !feature->is_reader_feature) continue;
    reader_features.insert(name);
    const int least = feature->legacy_reader_version > 0 ? feature->legacy_reader_version : 3;
    result.min_reader_version = std::max(result.min_reader_version, least);
  }
  result.writer_features = Sorted(all);
  if (result.min_reader_version >= 3) result.reader_features = Sorted(reader_features);
  return result;
}

Result<int> ProtocolNumber(const Properties& properties, const std::string& key, int absent,
                           int most) {
  const auto found = properties.find(key);
  if (found == properties.end()) return absent;
  int number = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, number);
  if (error != std::errc() || stop != end || number < 1 || number > most) {
    return Fail(Condition::DELTA_INVALID_TABLE_PROPERTY,
                {{"property", key},
                 {"value", found->second},
                 {"message", "it is a number from 1 to " + std::to_string(most)}});
  }
  return number;
}

Result<std::set<std::string>> FeaturesAskedFor(const Properties& properties) {
  constexpr std::string_view kPrefix = "delta.feature.";
  std::set<std::string> names;
  for (const auto& [key, value] : properties) {
    if (!key.starts_with(kPrefix)) continue;
    const std::string_view asked = std::string_view(key).substr(kPrefix.size());
    const auto known = std::ranges::find_if(KnownFeatures(), [&](const TableFeature& feature) {
      return EqualsIgnoreCase(feature.name, asked);
    });
    if (known == KnownFeatures().end()) {
      Names candidates;
      for (const TableFeature& feature : KnownFeatures()) candidates.push_back(feature.name);
      return Fail(Condition::DELTA_UNKNOWN_CONFIGURATION,
                  {{"config", key}, {"suggestion", DidYouMean(asked, candidates)}});
    }
    if (!EqualsIgnoreCase(value, "supported") && !EqualsIgnoreCase(value, "enabled")) {
      return Fail(Condition::DELTA_INVALID_TABLE_PROPERTY,
                  {{"property", key}, {"value", value}, {"message", "it is supported or enabled"}});
    }
    names.emplace(known->name);
  }
  return names;
}

}  // namespace

std::span<const TableFeature> KnownFeatures() {
  // name, reader feature, legacy reader, legacy writer, can read, can write, required
  static const std::vector<TableFeature> features = {
      {"appendOnly", false, 0, 2, true, true, {}},
      {"invariants", false, 0, 2, true, true, {}},
      {"checkConstraints", false, 0, 3, true, true, {}},
      {"changeDataFeed", false, 0, 4, true, true, {}},
      {"generatedColumns", false, 0, 4, true, true, {}},
      {"columnMapping", true, 2, 5, true, true, {}},
      {"identityColumns", false, 0, 6, true, true, {}},
      {"deletionVectors", true, 0, 0, true, true, {}},
      {"rowTracking", false, 0, 0, true, true, {"domainMetadata"}},
      {"timestampNtz", true, 0, 0, true, true, {}},
      {"timestampWithoutTimezone", true, 0, 0, true, true, {}},
      {"domainMetadata", false, 0, 0, true, true, {}},
      {"v2Checkpoint", true, 0, 0, true, true, {}},
      {"icebergCompatV1", false, 0, 0, true, false, {"columnMapping"}},
      {"icebergCompatV2", false, 0, 0, true, false, {"columnMapping"}},
      {"icebergCompatV3", false, 0, 0, true, false, {"columnMapping", "rowTracking"}},
      {"icebergWriterCompatV1", false, 0, 0, true, false, {"icebergCompatV2"}},
      {"icebergWriterCompatV3", false, 0, 0, true, false, {"icebergCompatV3"}},
      {"clustering", false, 0, 0, true, true, {"domainMetadata"}},
      {"allowColumnDefaults", false, 0, 0, true, true, {}},
      {"vacuumProtocolCheck", true, 0, 0, true, true, {}},
      {"inCommitTimestamp", false, 0, 0, true, true, {}},
      {"typeWidening", true, 0, 0, true, true, {}},
      {"typeWidening-preview", true, 0, 0, true, true, {}},
      {"variantType", true, 0, 0, true, true, {}},
      {"variantType-preview", true, 0, 0, true, true, {}},
      {"variantShredding", true, 0, 0, true, true, {"variantType"}},
      {"variantShredding-preview", true, 0, 0, true, true, {}},
      {"checkpointProtection", false, 0, 0, true, true, {}},
      {"materializePartitionColumns", false, 0, 0, true, false, {}},
      {"collations", false, 0, 0, true, false, {"domainMetadata"}},
      {"collations-preview", false, 0, 0, true, false, {"domainMetadata"}},
      {"columnMappingUsageTracking", false, 0, 0, true, false, {"columnMapping"}},
      {"coordinatedCommits-preview", false, 0, 0, true, false, {"inCommitTimestamp"}},
      {"redirectWriterOnly-preview", false, 0, 0, true, false, {}},
      {"redirectReaderWriter-preview", true, 0, 0, false, false, {}},
      {"catalogManaged", true, 0, 0, false, false, {"inCommitTimestamp"}},
      {"catalogOwned", true, 0, 0, false, false, {"inCommitTimestamp"}},
      {"catalogOwned-preview", true, 0, 0, false, false, {"inCommitTimestamp"}},
      {"adaptiveMetadata-preview", true, 0, 0, false, false, {}},
      {"geospatial", true, 0, 0, false, false, {}},
      {"geospatial-dev", true, 0, 0, false, false, {}},
      {"timestampNanos", true, 0, 0, false, false, {}},
  };
  return features;
}

const TableFeature* FindFeature(std::string_view name) {
  for (const TableFeature& feature : KnownFeatures()) {
    if (feature.name == name) return &feature;
  }
  return nullptr;
}

bool SupportsFeature(const Protocol& protocol, std::string_view feature) {
  if (protocol.writer_features) return Contains(*protocol.writer_features, feature);
  if (protocol.min_writer_version >= 7) return false;
  const TableFeature* known = FindFeature(feature);
  return known != nullptr && known->legacy_writer_version > 0 &&
         known->legacy_writer_version <= protocol.min_writer_version;
}

std::vector<std::string> SupportedFeatures(const Protocol& protocol) {
  std::set<std::string> names;
  if (protocol.writer_features) {
    names.insert(protocol.writer_features->begin(), protocol.writer_features->end());
  }
  if (protocol.reader_features) {
    names.insert(protocol.reader_features->begin(), protocol.reader_features->end());
  }
  for (const TableFeature& feature : KnownFeatures()) {
    if (SupportsFeature(protocol, feature.name)) names.emplace(feature.name);
  }
  return Sorted(names);
}

Status CheckReadable(const Protocol& protocol, std::string_view table) {
  const bool reader_lists = protocol.min_reader_version == 3;
  if (protocol.min_reader_version < 1 || (reader_lists && protocol.min_writer_version < 7) ||
      (!reader_lists && protocol.min_reader_version < 3 && protocol.reader_features)) {
    return Fail(
        Condition::DELTA_LOG_CORRUPT,
        {{"path", std::string(table)},
         {"message", "its protocol (" + std::to_string(protocol.min_reader_version) + ", " +
                         std::to_string(protocol.min_writer_version) + ") contradicts itself"}});
  }
  std::vector<std::string> unknown;
  if (protocol.min_reader_version > 3) {
    unknown.push_back("reader version " + std::to_string(protocol.min_reader_version));
  }
  if (protocol.reader_features) {
    for (const std::string& name : *protocol.reader_features) {
      const TableFeature* feature = FindFeature(name);
      if (feature == nullptr || !feature->can_read) unknown.push_back(name);
    }
  }
  if (unknown.empty()) return Ok();
  std::ranges::sort(unknown);
  return Fail(Condition::DELTA_UNSUPPORTED_FEATURES_FOR_READ,
              {{"tableNameOrPath", std::string(table)}, {"unsupported", Join(unknown)}});
}

Status CheckWritable(const Protocol& protocol, const Metadata& metadata,
                     const types::StructType& schema, std::string_view table, bool writes_rows,
                     std::span<const std::string> enforced) {
  TRY(CheckReadable(protocol, table));
  std::vector<std::string> refused;
  if (protocol.min_writer_version > 7) {
    refused.push_back("writer version " + std::to_string(protocol.min_writer_version));
  }
  const std::vector<std::string> active = ActiveFeatures(schema, metadata.configuration);
  for (const std::string& name : SupportedFeatures(protocol)) {
    const TableFeature* feature = FindFeature(name);
    const bool is_active = Contains(active, name);
    if (feature == nullptr) {
      refused.push_back(name);
    } else if (!feature->can_write) {
      if (is_active || !IsHarmlessUnlessActive(name)) refused.push_back(name);
    } else if (writes_rows && is_active && Contains(kFeaturesOfRows, name) &&
               !Contains(enforced, name)) {
      refused.push_back(name);
    }
  }
  for (const auto& [key, value] : metadata.configuration) {
    if (key.starts_with("delta.coordinatedCommits.") || key.starts_with("delta.redirect")) {
      refused.push_back(key);
    }
  }
  if (refused.empty()) return Ok();
  return Fail(Condition::DELTA_UNSUPPORTED_FEATURES_FOR_WRITE,
              {{"tableNameOrPath", std::string(table)}, {"unsupported", Join(refused)}});
}

std::vector<std::string> ActiveFeatures(const types::StructType& schema,
                                        const Properties& properties) {
  std::set<std::string> names;
  const auto when = [&](bool is_active, const char* name) {
    if (is_active) names.insert(name);
  };
  when(IsTrue(properties, "delta.appendOnly"), "appendOnly");
  when(IsTrue(properties, "delta.enableChangeDataFeed"), "changeDataFeed");
  when(IsTrue(properties, "delta.enableDeletionVectors"), "deletionVectors");
  when(IsTrue(properties, "delta.enableRowTracking"), "rowTracking");
  when(IsTrue(properties, "delta.enableIcebergCompatV1"), "icebergCompatV1");
  when(IsTrue(properties, "delta.enableIcebergCompatV2"), "icebergCompatV2");
  when(IsTrue(properties, "delta.enableIcebergCompatV3"), "icebergCompatV3");
  when(IsTrue(properties, "delta.enableInCommitTimestamps"), "inCommitTimestamp");
  when(IsTrue(properties, "delta.enableTypeWidening"), "typeWidening");
  when(IsTrue(properties, "delta.enableVariantShredding"), "variantShredding");
  when(IsTrue(properties, "delta.enableMaterializePartitionColumnsFeature"),
       "materializePartitionColumns");
  if (const auto mode = properties.find("delta.columnMapping.mode"); mode != properties.end()) {
    when(!EqualsIgnoreCase(mode->second, "none"), "columnMapping");
  }
  if (const auto policy = properties.find("delta.checkpointPolicy"); policy != properties.end()) {
    when(EqualsIgnoreCase(policy->second, "v2"), "v2Checkpoint");
  }
  for (const auto& [key, value] : properties) {
    when(key.starts_with("delta.constraints."), "checkConstraints");
  }
  ForEachField(types::DataType::Struct(schema.fields), [&](const types::StructField& field) {
    when(field.type.is(types::TypeId::kTimestampNtz), "timestampNtz");
    when(field.type.is(types::TypeId::kVariant), "variantType");
    for (const auto& [key, value] : field.metadata) {
      when(key == "delta.invariants", "invariants");
      when(key == "delta.generationExpression", "generatedColumns");
      when(key == "CURRENT_DEFAULT", "allowColumnDefaults");
      when(key == "__COLLATIONS", "collations");
      when(key.starts_with("delta.identity."), "identityColumns");
    }
  });
  return Sorted(WithRequired(std::move(names)));
}

Result<Protocol> ProtocolFor(const types::StructType& schema, const Properties& properties) {
  Protocol base;
  base.min_reader_version = TRY(ProtocolNumber(properties, "delta.minReaderVersion", 1, 3));
  base.min_writer_version = TRY(ProtocolNumber(properties, "delta.minWriterVersion", 2, 7));
  if (base.min_reader_version == 3) base.min_writer_version = 7;
  if (base.min_writer_version == 7) base.writer_features = {"appendOnly", "invariants"};
  if (base.min_reader_version == 3) base.reader_features.emplace();
  return RaiseProtocol(base, schema, properties);
}

Result<Protocol> RaiseProtocol(const Protocol& current, const types::StructType& schema,
                               const Properties& properties) {
  Protocol base = current;
  const int reader = TRY(ProtocolNumber(properties, "delta.minReaderVersion", 1, 3));
  const int writer = TRY(ProtocolNumber(properties, "delta.minWriterVersion", 1, 7));
  std::set<std::string> needed = TRY(FeaturesAskedFor(properties));
  for (std::string& name : ActiveFeatures(schema, properties)) needed.insert(std::move(name));
  needed = WithRequired(std::move(needed));
  // Preview names stand for the same rules.
  for (const char* name : {"typeWidening", "variantType", "variantShredding", "collations"}) {
    if (SupportsFeature(current, std::string(name) + "-preview")) needed.erase(name);
  }
  if (!base.writer_features && reader < 3 && writer < 7) {
    base.min_reader_version = std::max(base.min_reader_version, reader);
    base.min_writer_version = std::max(base.min_writer_version, writer);
  }
  return Combine(base, needed);
}

}  // namespace inlet::delta
