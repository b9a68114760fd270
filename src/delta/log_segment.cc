#include "delta/log_segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "delta/data_path.h"
#include "delta/last_checkpoint.h"

namespace inlet::delta {
namespace {

using Kind = LogFileName::Kind;

/// A number of 1 to 20 digits.
std::optional<std::int64_t> ParseDigits(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text[0] == '-') {
    return std::nullopt;
  }
  return number;
}

bool IsUuid(std::string_view text) {
  return text.size() == 36 && std::ranges::all_of(text, [](unsigned char c) {
           return std::isxdigit(c) != 0 || c == '-';
         });
}

std::vector<std::string_view> SplitAtDots(std::string_view name) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = name.find('.');
    parts.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    name.remove_prefix(dot + 1);
  }
}

/// Everything of a listing that matters, at or below the wanted version.
struct Listing {
  std::map<Version, storage::ObjectInfo> commits;
  std::map<Version, storage::ObjectInfo> checksums;
  std::vector<std::pair<LogFileName, storage::ObjectInfo>> compactions;
  std::vector<LogCheckpointFiles> checkpoints;  ///< Complete ones, the best last.
};

int Preference(Kind kind) {
  return kind == Kind::kUuidCheckpoint ? 2 : kind == Kind::kMultiPartCheckpoint ? 1 : 0;
}

Result<Listing> List(const storage::Location& table_root, Version from,
                     const LogSegment::FindOptions& options) {
  const std::string directory = LogDirectory(table_root);
  storage::ListOptions list_options{.one_level = true};
  // A name with this version begins with the digits and a dot, so it sorts after the bare digits.
  if (from > 0) list_options.start_after = directory + PaddedVersion(from);
  const std::vector<storage::ObjectInfo> objects =
      TRY(table_root.store->List(directory, list_options).Context("list " + directory));

  Listing listing;
  std::map<std::pair<Version, int>, std::vector<std::pair<int, storage::ObjectInfo>>> parts;
  for (const storage::ObjectInfo& object : objects) {
    const LogFileName name =
        LogFileName::Parse(std::string_view(object.path).substr(directory.size()));
    if (name.kind == Kind::kOther || (options.version && name.version > *options.version)) continue;
    if (options.excluded_checkpoints.contains(object.path)) continue;
    switch (name.kind) {
      case Kind::kCommit:
        listing.commits[name.version] = object;
        break;
      case Kind::kChecksum:
        listing.checksums[name.version] = object;
        break;
      case Kind::kCompaction:
        listing.compactions.emplace_back(name, object);
        break;
      case Kind::kCheckpoint:
      case Kind::kUuidCheckpoint:
        listing.checkpoints.push_back({name.version, name.kind, {object}});
        break;
      case Kind::kMultiPartCheckpoint:
        parts[{name.version, name.num_parts}].emplace_back(name.part, object);
        break;
      case Kind::kOther:
        break;
    }
  }
  for (auto& [key, files] : parts) {
    if (static_cast<int>(files.size()) != key.second) continue;
    std::ranges::sort(files, {}, [](const auto& file) { return file.first; });
    LogCheckpointFiles checkpoint{key.first, Kind::kMultiPartCheckpoint, {}};
    for (auto& [part, object] : files) checkpoint.files.push_back(std::move(object));
    listing.checkpoints.push_back(std::move(checkpoint));
  }
  std::ranges::stable_sort(listing.checkpoints, {}, [](const LogCheckpointFiles& checkpoint) {
    return std::pair(checkpoint.version, Preference(checkpoint.kind));
  });
  return listing;
}

std::unexpected<Error> FailVersionNotFound(const storage::Location& table_root, Version version) {
  const Result<VersionRange> available = LogSegment::AvailableVersions(table_root);
  if (!available) return std::unexpected(available.error());
  return Fail(Condition::DELTA_VERSION_NOT_FOUND,
              {{"userVersion", std::to_string(version)},
               {"earliest", std::to_string(available->earliest)},
               {"latest", std::to_string(available->latest)}});
}

}  // namespace

LogFileName LogFileName::Parse(std::string_view name) {
  const std::vector<std::string_view> parts = SplitAtDots(name);
  LogFileName result;
  const std::optional<std::int64_t> version = ParseDigits(parts[0]);
  if (!version || parts.size() < 2) return result;
  result.version = *version;
  const std::string_view last = parts.back();
  const auto is = [&](Kind kind) {
    result.kind = kind;
    return result;
  };
  if (parts.size() == 2 && last == "json") return is(Kind::kCommit);
  if (parts.size() == 2 && last == "crc") return is(Kind::kChecksum);
  if (parts.size() == 4 && parts[2] == "compacted" && last == "json") {
    const std::optional<std::int64_t> to = ParseDigits(parts[1]);
    if (!to || *to <= *version) return result;
    result.first_version = *version;
    result.version = *to;
    return is(Kind::kCompaction);
  }
  if (parts[1] != "checkpoint") return result;
  if (parts.size() == 3 && last == "parquet") return is(Kind::kCheckpoint);
  if (parts.size() == 4 && IsUuid(parts[2]) && (last == "json" || last == "parquet")) {
    result.is_json = last == "json";
    return is(Kind::kUuidCheckpoint);
  }
  if (parts.size() == 5 && last == "parquet" && parts[2].size() == 10 && parts[3].size() == 10) {
    const std::optional<std::int64_t> part = ParseDigits(parts[2]);
    const std::optional<std::int64_t> num_parts = ParseDigits(parts[3]);
    if (!part || !num_parts || *part < 1 || *part > *num_parts || *num_parts > INT32_MAX) {
      return result;
    }
    result.part = static_cast<int>(*part);
    result.num_parts = static_cast<int>(*num_parts);
    return is(Kind::kMultiPartCheckpoint);
  }
  return result;
}

std::string PaddedVersion(Version version) { return fmt::format("{:020}", version); }

std::string LogDirectory(const storage::Location& table_root) {
  return table_root.path.empty() ? "_delta_log/" : table_root.path + "/_delta_log/";
}

std::string CommitPath(const storage::Location& table_root, Version version) {
  return LogDirectory(table_root) + PaddedVersion(version) + ".json";
}

Result<LogSegment> LogSegment::Find(const storage::Location& table_root,
                                    const FindOptions& options) {
  Version from = 0;
  if (options.version && *options.version < 0) {
    return FailVersionNotFound(table_root, *options.version);
  }
  if (options.use_hint) {
    const std::optional<LastCheckpoint> hint = ReadLastCheckpoint(table_root);
    if (hint && (!options.version || hint->version <= *options.version)) from = hint->version;
  }
  Listing listing = TRY(List(table_root, from, options));
  // A hint that leads past every complete checkpoint is as good as none.
  if (from > 0 && listing.checkpoints.empty()) {
    from = 0;
    listing = TRY(List(table_root, 0, options));
  }
  const std::string url = UrlOf(table_root);
  if (listing.commits.empty() && listing.checkpoints.empty()) {
    if (options.version) return FailVersionNotFound(table_root, *options.version);
    return Fail(Condition::DELTA_TABLE_NOT_FOUND, {{"tableName", url}});
  }

  LogSegment segment;
  if (!listing.checkpoints.empty()) segment.checkpoint = std::move(listing.checkpoints.back());
  const Version first = segment.checkpoint ? segment.checkpoint->version + 1 : 0;
  segment.version = first - 1;
  for (auto commit = listing.commits.lower_bound(first); commit != listing.commits.end();
       ++commit) {
    if (commit->first != segment.version + 1) {
      if (segment.version < 0) {
        if (options.version) return FailVersionNotFound(table_root, *options.version);
        return Fail(Condition::DELTA_TRUNCATED_TRANSACTION_LOG,
                    {{"path", url}, {"version", std::to_string(listing.commits.rbegin()->first)}});
      }
      return Fail(Condition::DELTA_VERSIONS_NOT_CONTIGUOUS,
                  {{"missingVersion", std::to_string(segment.version + 1)}, {"path", url}});
    }
    ++segment.version;
    segment.commits.push_back(std::move(commit->second));
  }
  if (options.version && segment.version != *options.version) {
    return FailVersionNotFound(table_root, *options.version);
  }
  for (auto& [name, object] : listing.compactions) {
    if (name.first_version >= first && name.version <= segment.version) {
      segment.compactions.push_back(std::move(object));
    }
  }
  if (const auto found = listing.checksums.find(segment.version);
      found != listing.checksums.end()) {
    segment.checksum = std::move(found->second);
  }
  if (!segment.commits.empty()) {
    segment.commit_at_version = segment.commits.back();
  } else if (const auto found = listing.commits.find(segment.version);
             found != listing.commits.end()) {
    segment.commit_at_version = std::move(found->second);
  }
  return segment;
}

Result<VersionRange> LogSegment::AvailableVersions(const storage::Location& table_root) {
  const Listing listing = TRY(List(table_root, 0, {}));
  if (listing.commits.empty() && listing.checkpoints.empty()) {
    return Fail(Condition::DELTA_TABLE_NOT_FOUND, {{"tableName", UrlOf(table_root)}});
  }
  VersionRange range;
  if (!listing.commits.empty()) range.latest = listing.commits.rbegin()->first;
  if (!listing.checkpoints.empty()) {
    range.latest = std::max(range.latest, listing.checkpoints.back().version);
  }
  Version before = range.latest;  // The version below the unbroken run of commits at the end.
  while (listing.commits.contains(before)) --before;
  range.earliest = range.latest;
  if (before < 0) {
    range.earliest = 0;
  } else {
    for (const LogCheckpointFiles& checkpoint : listing.checkpoints) {
      if (checkpoint.version >= before) {
        range.earliest = std::min(range.earliest, checkpoint.version);
      }
    }
  }
  return range;
}

Result<std::vector<storage::ObjectInfo>> LogSegment::CommitsAfter(
    const storage::Location& table_root, Version after) {
  Listing listing = TRY(List(table_root, after + 1, {}));
  std::vector<storage::ObjectInfo> commits;
  for (auto& [version, object] : listing.commits) {
    if (version <= after) continue;
    const Version expected = after + 1 + static_cast<Version>(commits.size());
    if (version != expected) {
      return Fail(Condition::DELTA_VERSIONS_NOT_CONTIGUOUS,
                  {{"missingVersion", std::to_string(expected)}, {"path", UrlOf(table_root)}});
    }
    commits.push_back(std::move(object));
  }
  return commits;
}

}  // namespace inlet::delta
