#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"

namespace inlet::storage {

struct ObjectInfo {
  std::string path;  ///< Relative to the store's root; no leading slash.
  std::int64_t size_bytes = 0;
  std::int64_t modified_at_ms = 0;  ///< UTC, milliseconds since 1970-01-01.
  std::string etag;                 ///< Empty when the store has none.
};

enum class PutMode : std::uint8_t {
  kOverwrite,
  kIfAbsent,  ///< Exactly one of several concurrent callers succeeds.
};

struct ListOptions {
  std::string start_after;  ///< Exclusive, a full path; empty means from the start.
  std::optional<std::int64_t> max_objects;
  /// Only the level directly below the prefix: objects in it, and each "directory" once, its path
  /// ending in '/' and its size 0. For walking a tree without listing what is not wanted.
  /// Directories take part in the order and in `start_after` by that path. Empty directories
  /// appear where the store has any.
  bool one_level = false;
};

/// Bytes [position, position + length) of an object; shorter at its end.
struct ByteRange {
  std::int64_t position = 0;
  std::int64_t length = 0;
};

/// One object open for reading at any position. Thread-safe.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual const ObjectInfo& info() const = 0;
  /// Reads into `out`; returns how many bytes, fewer than asked only at the end.
  /// Errors: kUnavailable; FAILED_READ_FILE_FILE_NOT_EXIST when the object is gone or was
  /// replaced since Open (where the store can tell).
  virtual Result<std::int64_t> ReadAt(ByteRange range, char* out) const = 0;
  /// The whole object in memory without a copy, where the store can (a mapped local file, memory);
  /// otherwise nothing. The view lives as long as this reader.
  virtual std::optional<std::string_view> Mapped() const { return std::nullopt; }
  /// Whether the object is still what was opened. To be asked after the last use of Mapped(): a
  /// mapped file that someone shortens or writes to in place reads as zeros or as a mixture.
  /// Errors: FAILED_READ_FILE_FILE_NOT_EXIST.
  virtual Status CheckUnchanged() const { return Ok(); }
};

/// One object under construction. Nothing is visible before Finish() succeeds;
/// destroying an unfinished writer leaves no trace.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status Append(std::string_view bytes) = 0;
  /// Durable when it returns: synced to disk, or acknowledged by the service.
  virtual Result<ObjectInfo> Finish() = 0;
};

/// A flat namespace of byte objects: local disk, S3, GCS, ADLS, memory.
///
/// Promises that delta/ relies on; object_store_contract.h tests each of them:
///   1. List() is sorted by the UTF-8 bytes of the path.
///   2. A finished Put() is visible to the next Get(), Head() and List().
///   3. Put(kIfAbsent) is atomic, also between processes and machines.
///   4. A reader never sees part of an object.
///
/// Thread-safe: any method may be called from any thread.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// What a path is relative to, as a URL without a trailing slash: "file:/data", "s3://bucket".
  virtual const std::string& root_url() const = 0;

  /// Errors: PATH_NOT_FOUND, PERMISSION_DENIED, STORAGE_UNAVAILABLE; so for all below.
  virtual Result<std::string> Get(std::string_view path) const = 0;
  virtual Result<ObjectInfo> Head(std::string_view path) const = 0;
  /// Costs no request where `info` comes from a listing.
  virtual Result<std::unique_ptr<ObjectReader>> Open(const ObjectInfo& info) const = 0;

  /// Every object whose path begins with `prefix`, at any depth. A missing directory is an empty
  /// list.
  virtual Result<std::vector<ObjectInfo>> List(std::string_view prefix,
                                               const ListOptions& options) const = 0;

  /// Errors: PATH_ALREADY_EXISTS (kIfAbsent only), INLET_DISK_FULL.
  /// After kUnavailable the object may or may not exist: Head() decides.
  virtual Status Put(std::string_view path, std::string_view bytes, PutMode mode) = 0;

  /// Overwrites. Large objects go up in parts.
  virtual Result<std::unique_ptr<ObjectWriter>> OpenWriter(std::string_view path) = 0;

  /// Deleting what is not there succeeds.
  virtual Status Delete(std::string_view path) = 0;

  /// Deletes every object below `directory` and, where the store has any, the directories. Not
  /// atomic: an error can leave a part.
  virtual Status DeleteAll(std::string_view directory);

  /// Removes what writers that died have left below `directory`: temporary files, unfinished
  /// uploads. Leaves alone those of living writers. Returns how many it removed.
  virtual Result<std::int64_t> RemoveLeftovers(std::string_view directory);
};

/// A store and a path in it.
struct Location {
  std::shared_ptr<ObjectStore> store;
  std::string path;  ///< Relative to the store's root; a directory has no trailing slash.
};

/// Turns what a user writes into a Location: `/dir/x`, `file:/dir/x`, `file:///dir/x`, a relative
/// path (against the working directory), `memory://name/x`, `s3://` `s3a://`, `gs://`,
/// `abfss://container@account.dfs.core.windows.net/x`. The local store's root is `/`.
/// Percent signs are taken as they stand, as Spark does, with a scheme or without, so that
/// `root_url() + "/" + path` always comes back to the same object. `.`, `..` and repeated slashes
/// of a local path are resolved; a key of an object store is taken as it stands.
///
/// Credentials and end-points come from `options` (the user's reader options or a credential of the
/// catalog), then from the environment as the vendors' own tools read it.
/// Errors: INVALID_PARAMETER_VALUE for an unknown scheme, naming the known ones.
Result<Location> Resolve(std::string_view url, const OptionMap& options = {});

/// `root_url() + "/" + path`, for messages and for the `file_path` of rows.
std::string UrlOf(const ObjectStore& store, std::string_view path);

}  // namespace inlet::storage
