#include "ingest/stream/delta_stream_source.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "delta/commit_file.h"
#include "delta/log_segment.h"
#include "delta/scan.h"
#include "delta/snapshot.h"
#include "ingest/stream/directory_watch.h"
#include "ingest/stream/file_stream_options.h"
#include "types/json_text.h"
#include "types/text_cast.h"
#include "types/time_zone.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;
using delta::RemoveFile;
using delta::SnapshotPtr;
using delta::Version;
using types::StructType;

constexpr std::int64_t kBeforeFirst = -1;
constexpr std::int64_t kDefaultMaxFiles = 1000;
constexpr std::chrono::milliseconds kPollInterval(100);
/// A backlog is walked once for the next batch, once for its files, once for the progress.
constexpr Version kMaxVersionsKept = 1000;

constexpr std::string_view kOptions[] = {
    "excludeRegex",       "failOnDataLoss",     "ignoreChanges",   "ignoreDeletes",
    "maxBytesPerTrigger", "maxFilesPerTrigger", "readChangeData",  "readChangeFeed",
    "skipChangeCommits",  "startingTimestamp",  "startingVersion", "withEventTimeOrder"};

/// How far a stream has read.
struct Place {
  Version version = 0;
  std::int64_t index = kBeforeFirst;
  bool is_initial = false;  ///< `version` is read as a whole table.
  auto operator<=>(const Place&) const = default;
};

struct Options {
  std::optional<Version> starting_version;
  bool starts_at_latest = false;
  std::optional<std::int64_t> starting_timestamp_ms;
  bool skip_change_commits = false;
  bool ignore_deletes = false;
  bool ignore_changes = false;
  std::int64_t max_files = kDefaultMaxFiles;
  std::int64_t max_bytes = 0;
};

std::unexpected<Error> BadOption(std::string name, std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::move(name)},
                                                   {"functionName", "the stream's options"},
                                                   {"message", std::move(message)}});
}

Status ParseStart(const OptionMap& given, std::string_view time_zone, Options& options) {
  const auto version = GetString(given, "startingVersion");
  const auto timestamp = GetString(given, "startingTimestamp");
  if (version && timestamp) {
    return Fail(Condition::DELTA_STARTING_VERSION_AND_TIMESTAMP_BOTH_SET,
                {{"version", *version}, {"timestamp", *timestamp}});
  }
  if (version) {
    options.starts_at_latest = EqualsIgnoreCase(*version, "latest");
    if (!options.starts_at_latest) {
      options.starting_version = TRY(GetInt64(given, "startingVersion"));
      if (*options.starting_version < 0) {
        return BadOption("startingVersion", "'" + *version + "' is not a version or latest");
      }
    }
  }
  if (timestamp) {
    const types::TimeZone* zone = TRY(types::TimeZone::Find(time_zone));
    const auto instant_us = types::ParseTimestamp(*timestamp, *zone);
    if (!instant_us) {
      return BadOption("startingTimestamp", "'" + *timestamp + "' is not a timestamp");
    }
    options.starting_timestamp_ms = *instant_us / 1000;
  }
  return Ok();
}

Result<Options> Parse(const OptionMap& given, std::string_view time_zone) {
  for (const auto& [name, value] : given) {
    const bool is_known = std::ranges::any_of(
        kOptions, [&](std::string_view known) { return EqualsIgnoreCase(known, name); });
    if (!is_known) {
      return Fail(Condition::CF_UNKNOWN_OPTION_KEYS_ERROR,
                  {{"optionNames", name + " of a stream of a Delta table"},
                   {"suggestion", DidYouMean(name, kOptions)}});
    }
  }
  for (const char* name : {"readChangeFeed", "readChangeData"}) {
    if (TRY(GetBool(given, name)).value_or(false)) {
      return FailUnsupported(std::string(name) + " of a stream");
    }
  }
  if (given.contains("excludeRegex")) return FailUnsupported("excludeRegex of a stream");
  Options options;
  TRY(ParseStart(given, time_zone, options));
  options.skip_change_commits = TRY(GetBool(given, "skipChangeCommits")).value_or(false);
  options.ignore_deletes = TRY(GetBool(given, "ignoreDeletes")).value_or(false);
  options.ignore_changes = TRY(GetBool(given, "ignoreChanges")).value_or(false);
  // The limits are those of the file stream.
  OptionMap limits;
  for (const char* name : {"maxFilesPerTrigger", "maxBytesPerTrigger"}) {
    if (const auto found = given.find(name); found != given.end()) limits.insert(*found);
  }
  const FileStreamOptions parsed = TRY(TakeFileStreamOptions(limits));
  options.max_files = parsed.max_files;
  options.max_bytes = parsed.max_bytes;
  return options;
}

/// The files of one table version, in the order that indexes count.
struct VersionFiles {
  Place first;  ///< With the index before the first file.
  std::vector<AddFile> files;
};

/// The rows of some files of a table.
class TableFiles final : public engine::SplitSource {
 public:
  explicit TableFiles(std::shared_ptr<const delta::DeltaScan> scan) : scan_(std::move(scan)) {}
  const StructType& schema() const override { return scan_->schema(); }
  std::size_t num_splits() const override { return scan_->num_splits(); }
  std::int64_t estimated_bytes() const override { return scan_->estimated_bytes(); }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override {
    return scan_->Open(split, projection.columns);
  }

 private:
  std::shared_ptr<const delta::DeltaScan> scan_;
};

class DeltaStreamSource final : public StreamSource {
 public:
  DeltaStreamSource(DeltaStreamRequest request, Options options)
      : request_(std::move(request)), options_(options) {}

  std::string description() const override { return "DeltaSource[" + Url() + "]"; }

  Result<StructType> Schema() override {
    TRY(EnsureOpen());
    return table_->schema();
  }

  Result<std::optional<StreamOffset>> Latest(const std::optional<StreamOffset>& after,
                                             bool use_limits) override {
    TRY(EnsureOpen());
    if (watch_ != nullptr) (void)watch_->Take();  // The log itself tells what is new.
    const Place from = after ? TRY(PlaceOf(*after)) : TRY(FirstPlace());
    Budget budget{.files = use_limits ? options_.max_files : 0,
                  .bytes = use_limits ? options_.max_bytes : 0};
    Place upto = from;
    TRY(Walk(from, std::nullopt, [&](const VersionFiles& version) {
      for (std::size_t i = 0; i < version.files.size(); ++i) {
        const Place place{.version = version.first.version,
                          .index = static_cast<std::int64_t>(i),
                          .is_initial = version.first.is_initial};
        if (!IsAfter(place, from)) continue;
        if (!budget.Take(version.files[i].size)) return false;
        upto = place;
      }
      upto = {.version = version.first.version + 1};
      // A replay of the first batch must find the whole table again by the version alone.
      return !version.first.is_initial && !budget.is_empty();
    }));
    if (upto == from) return std::nullopt;
    return OffsetAt(upto);
  }

  Status FixEnd() override {
    TRY(EnsureOpen());
    fixed_end_ = TRY(delta::Snapshot::Update(table_))->version();
    return Ok();
  }

  Result<SourceBatch> Plan(const OffsetRange& range) override {
    TRY(EnsureOpen());
    const Place upto = TRY(PlaceOf(range.upto));
    const Place from = range.after ? TRY(PlaceOf(*range.after)) : TRY(StartOfFirstBatch(upto));
    auto files = std::make_shared<std::vector<delta::ScanFile>>();
    TRY(Walk(from, upto, [&](const VersionFiles& version) {
      for (std::size_t i = 0; i < version.files.size(); ++i) {
        const Place place{.version = version.first.version,
                          .index = static_cast<std::int64_t>(i),
                          .is_initial = version.first.is_initial};
        if (IsAfter(place, from) && !IsAfter(place, upto)) {
          files->push_back({.file = version.files[i], .only_rows = nullptr});
        }
      }
      return true;
    }));
    auto scan = TRY(delta::DeltaScan::Plan(
        table_, {}, {.session_time_zone = request_.session_time_zone, .files = std::move(files)}));
    return SourceBatch{.input = std::make_shared<TableFiles>(std::move(scan))};
  }

  Status Release(const StreamOffset&) override { return Ok(); }

  std::chrono::milliseconds WatchForNews(std::function<void()> on_news) override {
    const bool is_local = request_.table.store->root_url() == "file:";
    if (is_local) {
      auto watch =
          DirectoryWatch::Start("/" + delta::LogDirectory(request_.table), std::move(on_news));
      if (watch) watch_ = *std::move(watch);
    }
    return watch_ != nullptr ? std::chrono::seconds(1) : kPollInterval;
  }

  std::map<std::string, std::string> Metrics(const std::optional<StreamOffset>& upto) override {
    if (table_ == nullptr) return {};
    const Result<Place> place = upto ? PlaceOf(*upto) : FirstPlace();
    if (!place) return {};
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    const Status walked = Walk(*place, std::nullopt, [&](const VersionFiles& version) {
      for (std::size_t i = 0; i < version.files.size(); ++i) {
        const Place file{.version = version.first.version,
                         .index = static_cast<std::int64_t>(i),
                         .is_initial = version.first.is_initial};
        if (!IsAfter(file, *place)) continue;
        ++files;
        bytes += version.files[i].size;
      }
      return true;
    });
    if (!walked) return {};
    return {{"numFilesOutstanding", std::to_string(files)},
            {"numBytesOutstanding", std::to_string(bytes)}};
  }

 private:
  /// How much one batch may still take; a zero limit is none. The first file always fits.
  struct Budget {
    std::int64_t files = 0;
    std::int64_t bytes = 0;
    std::int64_t taken_files = 0;
    std::int64_t taken_bytes = 0;

    bool is_empty() const {
      return (files > 0 && taken_files >= files) || (bytes > 0 && taken_bytes >= bytes);
    }
    bool Take(std::int64_t size_bytes) {
      if (taken_files > 0 && is_empty()) return false;
      ++taken_files;
      taken_bytes += size_bytes;
      return true;
    }
  };

  std::string Url() const { return storage::UrlOf(*request_.table.store, request_.table.path); }

  Status EnsureOpen() {
    if (table_ == nullptr) table_ = TRY(delta::Snapshot::Load(request_.table));
    return Ok();
  }

  /// Whether `place` comes later in the stream. The whole table comes before its changes.
  static bool IsAfter(const Place& place, const Place& other) {
    const auto rank = [](const Place& of) {
      return std::tuple(of.version, of.is_initial ? 0 : 1, of.index);
    };
    return rank(place) > rank(other);
  }

  Result<Place> PlaceOf(const StreamOffset& offset) const {
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    Place place;
    std::string_view table_id;
    if (parser.parse(offset.json).get(json) != simdjson::SUCCESS ||
        json["reservoirVersion"].get(place.version) != simdjson::SUCCESS ||
        json["index"].get(place.index) != simdjson::SUCCESS ||
        json["isStartingVersion"].get(place.is_initial) != simdjson::SUCCESS ||
        json["reservoirId"].get(table_id) != simdjson::SUCCESS) {
      return FailCheckpoint("its offset " + offset.json + " is not that of a Delta table");
    }
    if (table_ != nullptr && table_id != table_->metadata().id) {
      return FailCheckpoint("it is of the table with id " + std::string(table_id) + ", but " +
                            Url() + " has id " + table_->metadata().id);
    }
    return place;
  }

  static std::unexpected<Error> FailCheckpoint(std::string message) {
    return Fail(Condition::STREAM_CHECKPOINT_INVALID,
                {{"path", "of the stream"}, {"message", std::move(message)}});
  }

  StreamOffset OffsetAt(const Place& place) const {
    return {"{\"sourceVersion\":1,\"reservoirId\":" + types::JsonQuote(table_->metadata().id) +
            ",\"reservoirVersion\":" + std::to_string(place.version) +
            ",\"index\":" + std::to_string(place.index) +
            ",\"isStartingVersion\":" + (place.is_initial ? "true" : "false") + "}"};
  }

  /// Where a new stream begins.
  Result<Place> FirstPlace() {
    if (!first_place_) {
      if (options_.starting_version) {
        first_place_ = Place{.version = *options_.starting_version};
      } else if (options_.starts_at_latest) {
        first_place_ = Place{.version = table_->version() + 1};
      } else if (options_.starting_timestamp_ms) {
        first_place_ = Place{.version = TRY(VersionAtOrAfter(*options_.starting_timestamp_ms))};
      } else {
        first_place_ = Place{.version = table_->version(), .is_initial = true};
      }
    }
    return *first_place_;
  }

  /// The first version that was committed at or after an instant.
  Result<Version> VersionAtOrAfter(std::int64_t timestamp_ms) const {
    const Result<Version> before = delta::Snapshot::ResolveTimestamp(request_.table, timestamp_ms);
    if (!before) {
      if (before.error().condition != Condition::DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION) {
        return before;
      }
      return TRY(delta::LogSegment::AvailableVersions(request_.table)).earliest;
    }
    const SnapshotPtr snapshot = TRY(delta::Snapshot::Load(request_.table, *before));
    return snapshot->timestamp_ms() == timestamp_ms ? *before : *before + 1;
  }

  /// The first batch was planned before its start was recorded anywhere but in its end.
  Result<Place> StartOfFirstBatch(const Place& upto) {
    const bool reads_table =
        !options_.starting_version && !options_.starts_at_latest && !options_.starting_timestamp_ms;
    if (!reads_table) {
      if (options_.starts_at_latest) return Place{.version = upto.version};
      return FirstPlace();
    }
    return Place{.version = upto.is_initial ? upto.version : upto.version - 1, .is_initial = true};
  }

  /// Gives the versions with files after `from`, in order, until `take` says false. No `upto`: to
  /// the end that is known now.
  Status Walk(const Place& from, const std::optional<Place>& upto,
              const std::function<bool(const VersionFiles&)>& take) {
    Version next = from.version;
    if (from.is_initial) {
      if (!take(TRY(WholeTable(from.version)))) return Ok();
      ++next;
    }
    if (upto && (upto->version < next || *upto == Place{.version = next})) return Ok();
    const auto commits = TRY(CommitsFrom(next));
    for (std::size_t i = 0; i < commits.size(); ++i) {
      const Version version = next + static_cast<Version>(i);
      if (fixed_end_ && version > *fixed_end_) return Ok();
      if (upto && *upto == Place{.version = version}) return Ok();
      if (!take(TRY(ChangesOf(version, commits[i].path)))) return Ok();
      if (upto && version >= upto->version) return Ok();
    }
    return Ok();
  }

  /// The commits from `version` on; none when it is the next one to come.
  Result<std::vector<storage::ObjectInfo>> CommitsFrom(Version version) const {
    auto commits = delta::LogSegment::CommitsAfter(request_.table, version - 1);
    if (commits) return commits;
    if (commits.error().condition != Condition::DELTA_VERSIONS_NOT_CONTIGUOUS) return commits;
    const auto available = TRY(delta::LogSegment::AvailableVersions(request_.table));
    if (available.earliest <= version) return commits;
    return Result<std::vector<storage::ObjectInfo>>(
               Fail(Condition::DELTA_VERSION_NOT_FOUND,
                    {{"userVersion", std::to_string(version)},
                     {"earliest", std::to_string(available.earliest)},
                     {"latest", std::to_string(available.latest)}}))
        .Hint(
            "The log of the source table was cleaned before the stream had read it: begin with a "
            "new checkpoint, or at a later startingVersion.");
  }

  Result<VersionFiles> WholeTable(Version version) {
    if (!whole_table_ || whole_table_->first.version != version) {
      const SnapshotPtr snapshot = version == table_->version()
                                       ? table_
                                       : TRY(delta::Snapshot::Load(request_.table, version));
      VersionFiles all{.first = {.version = version, .is_initial = true}};
      all.files.assign(snapshot->files().begin(), snapshot->files().end());
      std::ranges::sort(all.files, [](const AddFile& a, const AddFile& b) {
        return a.modification_time != b.modification_time
                   ? a.modification_time < b.modification_time
                   : a.path < b.path;
      });
      whole_table_ = std::move(all);
    }
    return *whole_table_;
  }

  /// What one commit appended. Errors for what a stream does not follow.
  Result<VersionFiles> ChangesOf(Version version, const std::string& path) {
    const auto known = changes_.find(version);
    if (known != changes_.end()) return known->second;
    VersionFiles changes = TRY(ReadChanges(version, path));
    for (AddFile& file : changes.files) file.stats.clear();
    changes_.erase(changes_.begin(), changes_.lower_bound(version - kMaxVersionsKept));
    changes_.emplace(version, changes);
    return changes;
  }

  Result<VersionFiles> ReadChanges(Version version, const std::string& path) {
    const delta::CommitActions commit =
        TRY(delta::ParseActions(TRY(request_.table.store->Get(path)), path));
    if (commit.metadata) TRY(FollowSchema(version, *commit.metadata));
    VersionFiles changes{.first = {.version = version}};
    const RemoveFile* removed = nullptr;
    for (const delta::FileAction& action : commit.files) {
      if (const auto* add = std::get_if<AddFile>(&action)) {
        if (add->data_change) changes.files.push_back(*add);
      } else if (const auto& remove = std::get<RemoveFile>(action); remove.data_change) {
        removed = &remove;
      }
    }
    if (removed == nullptr || options_.ignore_changes) return changes;
    if (options_.skip_change_commits) {
      changes.files.clear();
      return changes;
    }
    if (changes.files.empty()) {
      if (options_.ignore_deletes) return changes;
      return Fail(Condition::DELTA_SOURCE_IGNORE_DELETE, {{"version", std::to_string(version)},
                                                          {"dataPath", Url()},
                                                          {"removedFile", removed->path}});
    }
    return Fail(
        Condition::DELTA_SOURCE_TABLE_IGNORE_CHANGES,
        {{"version", std::to_string(version)}, {"dataPath", Url()}, {"file", removed->path}});
  }

  /// A commit that changes the columns ends the run: the next one reads with the new ones.
  Status FollowSchema(Version version, const delta::Metadata& metadata) {
    if (version <= table_->version()) return Ok();  // Read with its columns already.
    const StructType schema = TRY(types::SchemaFromJson(metadata.schema_string));
    const StructType& known = table_->schema();
    if (schema == known) return Ok();
    for (const types::StructField& field : known.fields) {
      if (schema.Find(field.name) == nullptr) {
        return Fail(
            Condition::DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE,
            {{"readSchema", types::ToDdl(known)}, {"incompatibleSchema", types::ToDdl(schema)}});
      }
    }
    auto failure =
        Fail(Condition::DELTA_SCHEMA_CHANGED_WITH_VERSION, {{"version", std::to_string(version)},
                                                            {"readSchema", types::ToDdl(known)},
                                                            {"dataSchema", types::ToDdl(schema)}});
    table_ = TRY(delta::Snapshot::Update(table_));
    return failure;
  }

  const DeltaStreamRequest request_;
  const Options options_;
  SnapshotPtr table_;  ///< Whose columns are read.
  std::optional<Place> first_place_;
  std::optional<VersionFiles> whole_table_;
  std::map<Version, VersionFiles> changes_;  ///< Of the last few versions looked at.
  std::optional<Version> fixed_end_;
  std::unique_ptr<DirectoryWatch> watch_;
};

}  // namespace

Result<std::unique_ptr<StreamSource>> OpenDeltaStream(DeltaStreamRequest request) {
  const Options options = TRY(Parse(request.options, request.session_time_zone));
  return std::make_unique<DeltaStreamSource>(std::move(request), options);
}

}  // namespace inlet::ingest
