#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "types/data_type.h"

namespace inlet::delta {

/// Table properties: `metaData.configuration`, and what a user gives as TBLPROPERTIES.
using Properties = std::map<std::string, std::string>;

/// One row of the protocol's feature table. Numbers are those of the protocol versions that imply
/// the feature without lists; 0 where none does.
struct TableFeature {
  std::string_view name;
  bool is_reader_feature;  ///< Must stand in both lists.
  int legacy_reader_version;
  int legacy_writer_version;
  bool can_read;   ///< Inlet applies it when reading (true for writer-only features).
  bool can_write;  ///< Inlet keeps its rules when appending and changing tables.
  std::vector<std::string_view> required_features;
};

std::span<const TableFeature> KnownFeatures();
/// Null for a feature nobody here has heard of. Old and preview names are rows of their own.
const TableFeature* FindFeature(std::string_view name);

/// Whether `protocol` supports a feature, by its lists or by its numbers.
bool SupportsFeature(const Protocol& protocol, std::string_view feature);
/// All features that `protocol` supports, sorted by name.
std::vector<std::string> SupportedFeatures(const Protocol& protocol);

/// Errors: DELTA_UNSUPPORTED_FEATURES_FOR_READ, naming every feature that Inlet does not read;
/// DELTA_LOG_CORRUPT for numbers and lists that contradict each other.
Status CheckReadable(const Protocol& protocol, std::string_view table);
/// Features of the table, beyond reading, that a commit has to keep although the commit itself
/// cannot: the caller tells which of them its rows were checked against.
inline constexpr std::string_view kFeaturesOfRows[] = {"checkConstraints", "generatedColumns",
                                                       "identityColumns", "invariants"};

/// Whether Inlet may commit to a table with this protocol and metadata. `writes_rows`: files with
/// new rows are added; then each active one of kFeaturesOfRows must be in `enforced`. Errors: as
/// CheckReadable(); DELTA_UNSUPPORTED_FEATURES_FOR_WRITE.
Status CheckWritable(const Protocol& protocol, const Metadata& metadata,
                     const types::StructType& schema, std::string_view table,
                     bool writes_rows = true, std::span<const std::string> enforced = {});

/// The features that schema and properties make active, with all that these require; sorted.
std::vector<std::string> ActiveFeatures(const types::StructType& schema,
                                        const Properties& properties);

/// The least protocol for a new table with this schema and these properties, which may hold
/// `delta.minReaderVersion`, `delta.minWriterVersion` and `delta.feature.<name>`.
/// Errors: DELTA_UNKNOWN_CONFIGURATION for an unknown feature name, INVALID_PARAMETER_VALUE.
Result<Protocol> ProtocolFor(const types::StructType& schema, const Properties& properties);

/// `current` raised so that it allows this schema and these properties; equal to `current` when it
/// already does. Never lowers anything.
Result<Protocol> RaiseProtocol(const Protocol& current, const types::StructType& schema,
                               const Properties& properties);

}  // namespace inlet::delta
