#include "ingest/file_listing.h"

#include <algorithm>

#include "ingest/archives/archive_store.h"
#include "ingest/glob.h"

namespace inlet::ingest {
namespace {

using storage::ListOptions;
using storage::ObjectInfo;
using storage::ObjectStore;

std::string_view NameOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view ParentOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

std::string Join(std::string_view directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  return std::string(directory) + "/" + std::string(name);
}

bool IsHiddenSegment(std::string_view segment, bool is_directory, const IgnoredSegments* ignored) {
  if (segment.ends_with("._COPYING_")) return true;
  if (ignored != nullptr) return ignored->Matches(segment);
  if (segment.starts_with('.')) return true;
  return segment.starts_with('_') && !(is_directory && segment.contains('='));
}

/// Whether one of the directories of `relative` is no `key=value`.
bool IsBelowPlainDirectory(std::string_view relative) {
  for (std::size_t slash = relative.find('/'); slash != std::string_view::npos;
       slash = relative.find('/')) {
    if (!relative.substr(0, slash).contains('=')) return true;
    relative.remove_prefix(slash + 1);
  }
  return false;
}

/// Collects the files of one walk.
class Walk {
 public:
  Walk(const ObjectStore& store, const FileFilter& filter) : store_(store), filter_(filter) {}

  enum class Found : std::uint8_t { kNothing, kFile, kDirectory };

  /// `path` itself when it is a file, else everything below it.
  Result<Found> TakeFileOrDirectory(std::string_view path, bool must_be_directory) {
    if (!must_be_directory && !path.empty()) {
      Result<ObjectInfo> file = store_.Head(path);
      if (file) {
        Take(*std::move(file), ParentOf(path));
        return Found::kFile;
      }
      if (file.error().condition != Condition::PATH_NOT_FOUND) {
        return std::unexpected(std::move(file).error());
      }
    }
    return TRY(TakeDirectory(path)) ? Found::kDirectory : Found::kNothing;
  }

  /// Matches the segments of a glob one level after the other, so that a directory that cannot
  /// match is not listed.
  Status TakeMatches(const std::string& directory, std::string_view pattern) {
    const bool must_be_directory = pattern.ends_with('/');
    const std::size_t slash = pattern.find('/');
    const std::string_view segment = pattern.substr(0, slash);
    std::string_view rest = slash == std::string_view::npos ? "" : pattern.substr(slash + 1);
    while (rest.starts_with('/')) rest.remove_prefix(1);
    if (!HasGlob(segment)) {
      const std::string next = Join(directory, segment);
      if (!rest.empty()) return TakeMatches(next, rest);
      TRY(TakeFileOrDirectory(next, must_be_directory));
      return Ok();
    }
    const std::string prefix = directory.empty() ? "" : directory + "/";
    for (const ObjectInfo& entry : TRY(store_.List(prefix, ListOptions{.one_level = true}))) {
      const bool is_directory = entry.path.ends_with('/');
      const std::string path =
          is_directory ? entry.path.substr(0, entry.path.size() - 1) : entry.path;
      if (!GlobMatches(segment, NameOf(path))) continue;
      if (IsHiddenSegment(NameOf(path), is_directory, filter_.ignored_segments.get())) continue;
      if (!rest.empty()) {
        if (is_directory) TRY(TakeMatches(path, rest));
      } else if (is_directory) {
        TRY(TakeDirectory(path));
      } else if (!must_be_directory) {
        Take(entry, directory);
      }
    }
    return Ok();
  }

  /// The relaxed globber: a plain prefix in which * may cross '/'.
  Status TakePrefixMatches(const std::string& directory, std::string_view pattern) {
    while (pattern.ends_with('/')) pattern.remove_suffix(1);
    const std::string prefix = directory.empty() ? "" : directory + "/";
    for (ObjectInfo& file : TRY(store_.List(prefix, {}))) {
      if (GlobMatchesPrefix(pattern, std::string_view(file.path).substr(prefix.size()))) {
        Take(std::move(file), directory);
      }
    }
    return Ok();
  }

  /// The file `name` below `directory`; false: it is not there.
  Result<bool> TakeNamed(const std::string& directory, std::string_view name) {
    while (name.starts_with("./")) name.remove_prefix(2);
    Result<ObjectInfo> file = store_.Head(Join(directory, name));
    if (file) {
      // What is named need not be in the directory itself.
      Take(*std::move(file), ParentOf(Join(directory, name)));
      return true;
    }
    if (file.error().kind() == ErrorKind::kNotFound) return false;
    return std::unexpected(std::move(file).error());
  }

  FileListing Finish(std::string base_path) && {
    auto& files = listing_.files;
    const auto by_path = [](const ObjectInfo& a, const ObjectInfo& b) { return a.path < b.path; };
    const auto same_path = [](const ObjectInfo& a, const ObjectInfo& b) {
      return a.path == b.path;
    };
    std::sort(files.begin(), files.end(), by_path);
    // Alternatives of one glob may overlap.
    files.erase(std::unique(files.begin(), files.end(), same_path), files.end());
    listing_.base_path = std::move(base_path);
    return std::move(listing_);
  }

 private:
  Result<bool> TakeDirectory(std::string_view path) {
    const std::string prefix = path.empty() ? "" : std::string(path) + "/";
    std::vector<ObjectInfo> files = TRY(store_.List(prefix, {.start_after = filter_.start_after}));
    if (files.empty()) return HasEmptyDirectory(path);
    for (ObjectInfo& file : files) Take(std::move(file), path);
    return true;
  }

  /// A local directory may exist without a file in it.
  Result<bool> HasEmptyDirectory(std::string_view path) const {
    if (path.empty()) return true;
    const std::string_view parent = ParentOf(path);
    const std::string wanted = std::string(path) + "/";
    const std::string prefix = parent.empty() ? "" : std::string(parent) + "/";
    for (const ObjectInfo& entry : TRY(store_.List(prefix, ListOptions{.one_level = true}))) {
      if (entry.path == wanted) return true;
    }
    return false;
  }

  void Take(ObjectInfo file, std::string_view base) {
    const std::string_view relative =
        std::string_view(file.path).substr(base.empty() ? 0 : base.size() + 1);
    const std::optional<SkipReason> reason = WhyNot(filter_, file, relative);
    if (!reason) {
      listing_.files.push_back(std::move(file));
      return;
    }
    ++listing_.num_skipped;
    if (filter_.keeps_skipped) {
      listing_.skipped.push_back({.file = std::move(file), .reason = *reason});
    }
  }

  const ObjectStore& store_;
  const FileFilter& filter_;
  FileListing listing_;
};

/// The directory before the first segment with a glob character, and the rest.
std::pair<std::string, std::string> SplitAtGlob(std::string_view path) {
  const std::size_t glob = path.find_first_of("?*[{");
  const std::size_t slash = path.rfind('/', glob);
  if (slash == std::string_view::npos) return {"", std::string(path)};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

std::unexpected<Error> NotFound(const storage::Location& location) {
  return Fail(Condition::PATH_NOT_FOUND,
              {{"path", location.store->root_url() + "/" + location.path}});
}

}  // namespace

bool IsHidden(std::string_view relative, const IgnoredSegments* ignored) {
  while (true) {
    const std::size_t slash = relative.find('/');
    const bool is_directory = slash != std::string_view::npos;
    if (IsHiddenSegment(relative.substr(0, slash), is_directory, ignored)) return true;
    if (slash == std::string_view::npos) return false;
    relative.remove_prefix(slash + 1);
  }
}

std::optional<SkipReason> WhyNot(const FileFilter& filter, const ObjectInfo& file,
                                 std::string_view relative) {
  if (IsHidden(relative, filter.ignored_segments.get())) return SkipReason::kHidden;
  if (!filter.descend && IsBelowPlainDirectory(relative)) return SkipReason::kBelowDirectory;
  const auto matches_name = [&](const std::string& glob) {
    return GlobMatches(glob, NameOf(file.path));
  };
  const bool is_directory = filter.opens_archives && IsArchive(file.path);
  if (!is_directory && !filter.name_globs.empty() &&
      std::ranges::none_of(filter.name_globs, matches_name)) {
    return SkipReason::kName;
  }
  if (filter.modified_after_ms && file.modified_at_ms <= *filter.modified_after_ms) {
    return SkipReason::kTooOld;
  }
  if (filter.modified_before_ms && file.modified_at_ms >= *filter.modified_before_ms) {
    return SkipReason::kTooNew;
  }
  return std::nullopt;
}

bool Wants(const FileFilter& filter, const ObjectInfo& file, std::string_view relative) {
  return !WhyNot(filter, file, relative);
}

Result<FileListing> ListFiles(const storage::Location& location, const FileFilter& filter) {
  Walk walk(*location.store, filter);
  std::string path = location.path;
  const bool must_be_directory = path.ends_with('/');
  while (path.ends_with('/')) path.pop_back();
  // A name that has glob characters and exists is meant as it stands.
  if (!HasGlob(path) || location.store->Head(path).has_value()) {
    const Walk::Found found = TRY(walk.TakeFileOrDirectory(path, must_be_directory));
    if (found == Walk::Found::kNothing) return NotFound(location);
    return std::move(walk).Finish(found == Walk::Found::kFile ? std::string(ParentOf(path)) : path);
  }
  auto [directory, pattern] = SplitAtGlob(location.path);
  for (const std::string& alternative : TRY(ExpandBraces(pattern))) {
    if (filter.strict_globber) {
      TRY(walk.TakeMatches(directory, alternative));
    } else {
      TRY(walk.TakePrefixMatches(directory, alternative));
    }
  }
  FileListing listing = std::move(walk).Finish(std::move(directory));
  if (listing.files.empty() && listing.num_skipped == 0) return NotFound(location);
  return listing;
}

Result<FileListing> ListNamedFiles(const storage::Location& directory,
                                   const std::vector<std::string>& names, const FileFilter& filter,
                                   bool ignore_missing) {
  Walk walk(*directory.store, filter);
  std::string path = directory.path;
  while (path.ends_with('/')) path.pop_back();
  for (const std::string& name : names) {
    if (!TRY(walk.TakeNamed(path, name)) && !ignore_missing) {
      return NotFound({.store = directory.store, .path = Join(path, name)});
    }
  }
  return std::move(walk).Finish(std::move(path));
}

}  // namespace inlet::ingest
