#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/ignored_segments.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// Which files under a path are wanted.
/// Source: read_files, "File globs" and "Generic options".
struct FileFilter {
  bool strict_globber = true;  ///< useStrictGlobber
  /// pathGlobFilter, fileNamePattern, braces expanded: on the file's name, one has to match; none:
  /// all do.
  std::vector<std::string> name_globs;
  /// ignoredPathSegmentRegex; null: its default.
  std::shared_ptr<const IgnoredSegments> ignored_segments;
  std::optional<std::int64_t> modified_after_ms;   ///< Strictly after.
  std::optional<std::int64_t> modified_before_ms;  ///< Strictly before.
  /// Only names after this one, of a directory without globs whose names grow; empty: all.
  std::string start_after;
  /// readArchives: archives are directories, so a filter of names is for the files in them.
  bool opens_archives = false;
  /// Takes files at any depth below a directory; else only those in it and in `key=value`
  /// directories.
  bool descend = true;
  bool keeps_skipped = false;  ///< For those who want to know why.
};

/// Why a file is not wanted.
enum class SkipReason : std::uint8_t { kHidden, kBelowDirectory, kName, kTooOld, kTooNew };

struct SkippedObject {
  storage::ObjectInfo file;
  SkipReason reason = SkipReason::kHidden;
};

struct FileListing {
  std::vector<storage::ObjectInfo> files;  ///< Sorted by path.
  /// The directory that relative names (partition directories) count from; no trailing slash.
  std::string base_path;
  /// How many files a filter or a hidden name left out.
  std::int64_t num_skipped = 0;
  std::vector<SkippedObject> skipped;  ///< They, where the filter keeps them.
};

/// A name that begins with '_' or '.' is hidden, unless it is a directory `_key=value`; so is a
/// copy under way (`._COPYING_`). With `ignored` it says which other names are. `relative` is the
/// path below the base.
bool IsHidden(std::string_view relative, const IgnoredSegments* ignored = nullptr);

/// Why `file`, whose path below the listed directory is `relative`, is not wanted; none: it is.
std::optional<SkipReason> WhyNot(const FileFilter& filter, const storage::ObjectInfo& file,
                                 std::string_view relative);
bool Wants(const FileFilter& filter, const storage::ObjectInfo& file, std::string_view relative);

/// The files at `location`, whose path may be a file, a directory or a glob.
///
/// Errors: PATH_NOT_FOUND when nothing is there (a directory without files is an empty listing);
/// those of the store and of ExpandBraces().
Result<FileListing> ListFiles(const storage::Location& location, const FileFilter& filter);

/// Those of the files `names`, relative to `directory`, that are there and that the filter wants.
/// With `ignore_missing` false an absent one is an error: PATH_NOT_FOUND.
Result<FileListing> ListNamedFiles(const storage::Location& directory,
                                   const std::vector<std::string>& names, const FileFilter& filter,
                                   bool ignore_missing);

}  // namespace inlet::ingest
