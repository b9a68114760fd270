#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "types/data_type.h"

namespace inlet::delta {

using Version = std::int64_t;

/// Partition column (physical name) to its text; no value means NULL.
using PartitionValues = std::map<std::string, std::optional<std::string>>;

/// Source: Delta protocol, "Deletion Vectors".
struct DeletionVectorDescriptor {
  std::string storage_type;  ///< "u", "i" or "p".
  std::string path_or_inline_dv;
  std::optional<std::int32_t> offset;
  std::int32_t size_in_bytes = 0;
  std::int64_t cardinality = 0;

  std::string UniqueId() const;
  bool operator==(const DeletionVectorDescriptor&) const = default;
};

/// Source of all below: Delta protocol, "Actions". Names are those of the protocol.
struct AddFile {
  std::string path;  ///< As it stands in the log: a URI, percent-encoded once.
  PartitionValues partition_values;
  std::int64_t size = 0;
  std::int64_t modification_time = 0;
  bool data_change = true;
  std::string stats;  ///< JSON text; empty when there are none.
  std::map<std::string, std::string> tags;
  std::optional<DeletionVectorDescriptor> deletion_vector;
  std::optional<std::int64_t> base_row_id;
  std::optional<std::int64_t> default_row_commit_version;
  std::optional<std::string> clustering_provider;
};

struct RemoveFile {
  std::string path;
  std::optional<std::int64_t> deletion_timestamp;
  bool data_change = true;
  bool extended_file_metadata = false;
  PartitionValues partition_values;
  std::optional<std::int64_t> size;
  std::string stats;
  std::map<std::string, std::string> tags;
  std::optional<DeletionVectorDescriptor> deletion_vector;
  std::optional<std::int64_t> base_row_id;
  std::optional<std::int64_t> default_row_commit_version;
};

struct AddCdcFile {
  std::string path;
  PartitionValues partition_values;
  std::int64_t size = 0;
  std::map<std::string, std::string> tags;
};

struct Metadata {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::string format_provider = "parquet";
  std::map<std::string, std::string> format_options;
  std::string schema_string;
  std::vector<std::string> partition_columns;  ///< Logical names.
  std::optional<std::int64_t> created_time;
  std::map<std::string, std::string> configuration;
};

struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::optional<std::vector<std::string>> reader_features;
  std::optional<std::vector<std::string>> writer_features;

  bool operator==(const Protocol&) const = default;
};

/// The `txn` action: "application `app_id` has applied everything up to `version`".
struct SetTransaction {
  std::string app_id;
  std::int64_t version = 0;
  std::optional<std::int64_t> last_updated;
};

struct DomainMetadata {
  std::string domain;
  std::string configuration;
  bool removed = false;
};

}  // namespace inlet::delta
