#include <algorithm>

#include "base/option_map.h"
#include "delta/protocol.h"
#include "delta/table.h"

namespace inlet::delta {
namespace {

/// A feature that can go, and what of the table belongs to it.
struct Removable {
  std::string_view name;
  std::vector<std::string_view> properties;
  std::string_view domain;  ///< Empty: none.
};

const std::vector<Removable>& RemovableFeatures() {
  static const std::vector<Removable> features = {
      {"checkConstraints", {}, ""},
      {"inCommitTimestamp",
       {"delta.enableInCommitTimestamps", "delta.inCommitTimestampEnablementVersion",
        "delta.inCommitTimestampEnablementTimestamp"},
       ""},
      {"rowTracking",
       {"delta.enableRowTracking", "delta.rowTrackingSuspended",
        "delta.rowTracking.materializedRowIdColumnName",
        "delta.rowTracking.materializedRowCommitVersionColumnName"},
       "delta.rowTracking"},
      {"deletionVectors", {"delta.enableDeletionVectors"}, ""},
      {"columnMapping", {"delta.columnMapping.mode", "delta.columnMapping.maxColumnId"}, ""},
      {"typeWidening", {"delta.enableTypeWidening"}, ""},
      {"typeWidening-preview", {"delta.enableTypeWidening"}, ""},
      {"v2Checkpoint", {"delta.checkpointPolicy"}, ""},
      {"vacuumProtocolCheck", {}, ""}};
  return features;
}

std::string Join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

Status CheckNobodyNeeds(const Snapshot& current, const TableFeature& feature) {
  std::vector<std::string> dependents;
  for (const std::string& name : SupportedFeatures(current.protocol())) {
    const TableFeature* other = FindFeature(name);
    if (other != nullptr && std::ranges::find(other->required_features, feature.name) !=
                                other->required_features.end()) {
      dependents.push_back(name);
    }
  }
  if (!dependents.empty()) {
    return Fail(Condition::DELTA_FEATURE_DROP_DEPENDENT_FEATURE,
                {{"feature", std::string(feature.name)}, {"dependentFeatures", Join(dependents)}});
  }
  if (feature.name != "checkConstraints") return Ok();
  std::vector<std::string> constraints;
  for (const auto& [key, value] : current.properties()) {
    if (key.starts_with("delta.constraints.")) constraints.push_back(value);
  }
  if (constraints.empty()) return Ok();
  return Fail(Condition::DELTA_CANNOT_DROP_CHECK_CONSTRAINT_FEATURE,
              {{"constraints", Join(constraints)}});
}

Protocol Without(const Protocol& current, std::string_view feature) {
  Protocol protocol = current;
  std::vector<std::string> left = SupportedFeatures(current);
  std::erase(left, feature);
  protocol.min_writer_version = 7;
  protocol.writer_features = std::move(left);
  if (protocol.reader_features) std::erase(*protocol.reader_features, feature);
  const bool needs_nothing =
      protocol.reader_features ? protocol.reader_features->empty() : feature == "columnMapping";
  if (needs_nothing) {
    protocol.min_reader_version = 1;
    protocol.reader_features.reset();
  }
  return protocol;
}

}  // namespace

Result<TableActions> DropFeature(const Snapshot& current, std::string_view name) {
  const auto known = std::ranges::find_if(KnownFeatures(), [&](const TableFeature& feature) {
    return EqualsIgnoreCase(feature.name, name);
  });
  if (known == KnownFeatures().end()) {
    return Fail(Condition::DELTA_FEATURE_DROP_UNSUPPORTED_CLIENT_FEATURE,
                {{"feature", std::string(name)}});
  }
  if (!SupportsFeature(current.protocol(), known->name)) {
    return Fail(Condition::DELTA_FEATURE_DROP_FEATURE_NOT_PRESENT,
                {{"feature", std::string(known->name)}});
  }
  const auto removable = std::ranges::find(RemovableFeatures(), known->name, &Removable::name);
  if (removable == RemovableFeatures().end()) {
    return Fail(Condition::DELTA_FEATURE_DROP_NONREMOVABLE_FEATURE,
                {{"feature", std::string(known->name)}});
  }
  TRY(CheckNobodyNeeds(current, *known));
  TableActions actions{.metadata = current.metadata(),
                       .protocol = Without(current.protocol(), known->name),
                       .domains = {}};
  for (const std::string_view property : removable->properties) {
    actions.metadata.configuration.erase(std::string(property));
  }
  if (!removable->domain.empty() && current.domains().contains(removable->domain)) {
    actions.domains.push_back(
        {.domain = std::string(removable->domain), .configuration = "{}", .removed = true});
  }
  return actions;
}

}  // namespace inlet::delta
