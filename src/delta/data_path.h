#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// Percent-decodes once; a `%` that begins no escape stays.
std::string DecodeUri(std::string_view uri);
/// Percent-encodes a path as java.net.URI does, non-ASCII letters left as they are.
std::string EncodeUri(std::string_view path);

/// Whether `uri` of the log stands on its own: has a scheme or begins with `/`.
bool IsAbsoluteUri(std::string_view uri);

/// Where a file named in the log lies. Absolute ones in the table's own store are found there;
/// others are resolved as a user's location.
/// Source: Delta protocol, "Add File and Remove File": paths are URIs, relative to the table's
/// root.
Result<storage::Location> ResolveDataPath(const storage::Location& table_root,
                                          std::string_view uri);

/// The text by which two paths of the log are compared: decoded, `scheme:///x` as `scheme:/x`. A
/// relative path and an absolute one are never equal, as for the reference reader.
std::string CanonicalPath(std::string_view uri);

/// The table's root as a URL, "file:/data/t" or "s3://bucket/t".
std::string UrlOf(const storage::Location& location);

/// One directory level `name=value` with Hive's escapes; no value is `__HIVE_DEFAULT_PARTITION__`.
std::string HivePartitionDirectory(std::string_view column, const std::string* value);

}  // namespace inlet::delta
