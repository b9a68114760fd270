#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "storage/object_store.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// Keys and values of the `key=value` directories of `path` below `base_path`, in path order,
/// percent-decoded; no value means NULL (`__HIVE_DEFAULT_PARTITION__`).
using PathPartition = std::vector<std::pair<std::string, std::optional<std::string>>>;
PathPartition PartitionOf(std::string_view path, std::string_view base_path);

/// The partition columns of a set of files.
struct PartitionColumns {
  std::vector<types::StructField> fields;
  /// For each file, a text for each field; no value means NULL.
  std::vector<std::vector<std::optional<std::string>>> values;
};

struct PartitionOptions {
  /// partitionColumns: only these keys, absent ones are NULL; empty list: none at all.
  /// No value: all keys that the paths have.
  std::optional<std::vector<std::string>> keys;
  /// False: every partition column is STRING.
  bool infer_types = true;
  std::string session_time_zone = "UTC";
};

/// Finds the columns and infers their types as Spark does: INT, BIGINT, DECIMAL, DOUBLE, DATE,
/// TIMESTAMP, else STRING, the narrowest that takes every value.
///
/// Errors: CONFLICTING_PARTITION_COLUMN_NAMES when files differ in their keys and no
/// partitionColumns were given.
Result<PartitionColumns> FindPartitionColumns(const std::vector<storage::ObjectInfo>& files,
                                              std::string_view base_path,
                                              const PartitionOptions& options);

}  // namespace inlet::ingest
