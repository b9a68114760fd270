#include "ingest/stream/file_stream_source.h"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/digest.h"
#include "connectors/file_events/file_event.h"
#include "connectors/file_events/sqs_events.h"
#include "ingest/glob.h"
#include "ingest/stream/file_cleaner.h"
#include "ingest/stream/file_discovery.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/new_field_watch.h"
#include "ingest/stream/stream_schema.h"
#include "types/json_text.h"

namespace inlet::ingest {
namespace {

using storage::ObjectInfo;
using types::StructType;

/// So many files are looked at for the first schema. Source: Auto Loader, "schema inference".
constexpr std::size_t kSampleFiles = 1000;
constexpr std::int64_t kSampleBytes = std::int64_t{50} << 30;
constexpr std::chrono::milliseconds kPollInterval(1000);

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class FileStreamSource final : public StreamSource {
 public:
  FileStreamSource(FileStreamRequest request, FileStreamOptions options, FileFilter filter,
                   storage::Location schemas, std::optional<FileCleaner> cleaner,
                   std::unique_ptr<connectors::FileEventSource> events)
      : request_(std::move(request)),
        options_(options),
        discovery_(request_.files.location, std::move(filter), options, std::move(events)),
        schema_(request_.files, options.evolution_mode, std::move(schemas)),
        cleaner_(std::move(cleaner)) {}

  std::string description() const override { return "CloudFilesSource[" + Url() + "]"; }

  Result<StructType> Schema() override {
    TRY(EnsureOpen());
    if (!schema_.is_known()) {
      TRY(discovery_.FindNew(*index_));
      TRY(LearnSchema(0));
    }
    const auto scan = TRY(OpenReadFiles(schema_.RequestFor({}), {}));
    return scan->schema();
  }

  Result<std::optional<StreamOffset>> Latest(const std::optional<StreamOffset>& after,
                                             bool use_limits) override {
    TRY(EnsureOpen());
    const std::int64_t from = TRY(SeqOf(after));
    committed_ = from;
    // A backlog goes first: looking for more can wait.
    if (!fixed_end_ && index_->last_seq() <= from) TRY(discovery_.FindNew(*index_));
    const std::int64_t end = fixed_end_.value_or(index_->last_seq());
    if (end <= from) {
      TRY(Persist());
      TRY(Clean());
      return std::nullopt;
    }
    std::int64_t upto = end;
    if (use_limits) {
      upto = TRY(index_->Take(from, end, options_.max_files, options_.max_bytes));
    }
    return OffsetAt(upto);
  }

  Status FixEnd() override {
    TRY(EnsureOpen());
    TRY(discovery_.FindAll(*index_));
    fixed_end_ = index_->last_seq();
    return Persist();
  }

  bool restarts_on_schema_change() const override { return options_.restart_on_schema_change; }

  Status Persist() override {
    if (index_ == nullptr) return Ok();
    TRY(index_->Persist());
    return discovery_.Acknowledge();
  }

  Result<SourceBatch> Plan(const OffsetRange& range) override {
    TRY(EnsureOpen());
    const std::int64_t after = TRY(SeqOf(range.after));
    const std::int64_t upto = TRY(SeqOf(range.upto));
    if (upto > index_->last_seq()) return FailLost(upto);
    // The second time something was wrong with the files as they were found.
    const bool is_again = planned_upto_ == upto;
    planned_upto_ = upto;
    planned_at_ms_ = NowMs();
    if (is_again || request_.files.options.contains("ignoreMissingFiles")) {
      TRY(TakeReplaced(after, upto));
    }
    auto files = std::make_shared<FileListing>(TRY(ListingOf(after, upto)));
    if (!schema_.is_known()) TRY(LearnSchema(after));
    if (schema_.HasNewPartitions(*files)) TRY(schema_.TakeNewColumns(*files, ""));
    const auto scan = TRY(OpenReadFiles(schema_.RequestFor(*files), {}));
    return BatchOf(scan, std::move(files));
  }

  Status Release(const StreamOffset& upto) override {
    TRY(EnsureOpen());
    committed_ = TRY(SeqOf(upto));
    TRY(index_->MarkCommitted(committed_, planned_at_ms_, NowMs()));
    TRY(NoteSkipped());
    return Clean();
  }

  std::chrono::milliseconds WatchForNews(std::function<void()> on_news) override {
    discovery_.Watch(std::move(on_news));
    return kPollInterval;
  }

  std::map<std::string, std::string> Metrics(const std::optional<StreamOffset>& upto) override {
    const Result<std::int64_t> seq = SeqOf(upto);
    if (index_ == nullptr || !seq) return {};
    const std::int64_t last = index_->last_seq();
    std::map<std::string, std::string> metrics = {
        {"numFilesOutstanding", std::to_string(last - *seq)},
        {"numBytesOutstanding", std::to_string(index_->BytesBetween(*seq, last).value_or(0))}};
    if (discovery_.queue_size() >= 0) {
      metrics["approximateQueueSize"] = std::to_string(discovery_.queue_size());
    }
    return metrics;
  }

 private:
  std::string Url() const {
    return storage::UrlOf(*request_.files.location.store, request_.files.location.path);
  }

  Status EnsureOpen() {
    if (index_ != nullptr) return Ok();
    TRY(RefuseDelta());
    TRY(schema_.Load());
    index_ = TRY(FileIndex::Open(IndexDirectory(request_.state, request_.scratch_directory),
                                 DiscoveryLog(request_.state)));
    return Ok();
  }

  Status Clean() { return cleaner_ ? cleaner_->CleanSome(*index_, committed_, NowMs()) : Ok(); }

  Status RefuseDelta() const {
    std::string prefix = request_.files.location.path;
    while (prefix.ends_with('/')) prefix.pop_back();
    prefix += "/_delta_log/";
    if (TRY(request_.files.location.store->List(prefix, {.max_objects = 1})).empty()) return Ok();
    return Fail(Condition::CF_USE_DELTA_FORMAT, {{"path", Url()}});
  }

  StreamOffset OffsetAt(std::int64_t seq) const {
    return {"{\"seqNum\":" + std::to_string(seq) + ",\"sourceVersion\":3" +
            ",\"lastBackfillStartTimeMs\":" + std::to_string(discovery_.last_listing_began_ms()) +
            ",\"lastBackfillFinishTimeMs\":" + std::to_string(discovery_.last_listing_ended_ms()) +
            ",\"lastInputPath\":" + types::JsonQuote(Url()) + "}"};
  }

  /// The log of discoveries lost files that a batch was planned with.
  std::unexpected<Error> FailLost(std::int64_t upto) const {
    return Fail(Condition::CF_INVALID_CHECKPOINT,
                {{"path", storage::UrlOf(*request_.state.store, request_.state.path)},
                 {"message", "a batch reads up to file number " + std::to_string(upto) + ", only " +
                                 std::to_string(index_->last_seq()) + " are known"}});
  }

  Result<FileListing> ListingOf(std::int64_t after, std::int64_t upto) const {
    FileListing listing{.base_path = BasePath()};
    const std::string root = request_.files.location.store->root_url() + "/";
    for (FoundFile& file : TRY(index_->Range(after, upto))) {
      // Files below an earlier load path on another store stay with it.
      if (!file.url.starts_with(root)) continue;
      listing.files.push_back({.path = file.url.substr(root.size()),
                               .size_bytes = file.size_bytes,
                               .modified_at_ms = file.modified_at_ms,
                               .etag = std::move(file.etag)});
    }
    return listing;
  }

  /// Before any listing of this run: as a listing would find it.
  std::string BasePath() const {
    if (!discovery_.base_path().empty()) return discovery_.base_path();
    std::string path = request_.files.location.path;
    if (const std::size_t glob = path.find_first_of("?*[{"); glob != std::string::npos) {
      path.resize(std::min(path.size(), path.rfind('/', glob)));
    }
    while (path.ends_with('/')) path.pop_back();
    return path;
  }

  /// From the first files of the backlog; where existing files are not wanted, from those.
  Status LearnSchema(std::int64_t after) {
    const std::int64_t upto = TRY(index_->Take(
        after, index_->last_seq(), static_cast<std::int64_t>(kSampleFiles), kSampleBytes));
    FileListing sample = TRY(ListingOf(after, std::max(after, upto)));
    if (sample.files.empty()) sample.files = TRY(discovery_.Peek(kSampleFiles));
    if (sample.files.empty()) {
      return Fail(Condition::CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE,
                  {{"path", request_.files.path_text}});
    }
    return schema_.Infer(sample);
  }

  /// For cloud_files_state.
  Status NoteSkipped() {
    const auto scan = std::exchange(scan_, nullptr);
    if (scan == nullptr) return Ok();
    for (const FileScan::SkippedFile& file : scan->skipped_files()) {
      const auto known =
          TRY(index_->Find(storage::UrlOf(*request_.files.location.store, file.path)));
      if (known && known->seq > 0) TRY(index_->MarkSkipped(known->seq, file.is_missing));
    }
    return Ok();
  }

  /// Files may be replaced between being found and being read: then what is there now is read.
  Status TakeReplaced(std::int64_t after, std::int64_t upto) {
    const std::string root = request_.files.location.store->root_url() + "/";
    std::vector<FoundFile> replaced;
    for (FoundFile& file : TRY(index_->Range(after, upto))) {
      if (!file.url.starts_with(root)) continue;
      Result<ObjectInfo> now = request_.files.location.store->Head(file.url.substr(root.size()));
      if (!now) continue;  // Reading it tells, or ignoreMissingFiles.
      if (now->etag == file.etag && now->size_bytes == file.size_bytes &&
          now->modified_at_ms == file.modified_at_ms) {
        continue;
      }
      file.etag = now->etag;
      file.size_bytes = now->size_bytes;
      file.modified_at_ms = now->modified_at_ms;
      replaced.push_back(std::move(file));
    }
    return replaced.empty() ? Ok() : index_->Add(std::move(replaced));
  }

  SourceBatch BatchOf(const std::shared_ptr<const FileScan>& scan,
                      std::shared_ptr<const FileListing> files) {
    SourceBatch batch{.input = scan};
    scan_ = scan;
    const EvolutionMode mode = schema_.mode();
    const auto& rescued = scan->spec().rescued_data_column;
    const bool watches = rescued && schema_.known() && mode != EvolutionMode::kNone &&
                         mode != EvolutionMode::kRescue;
    if (watches) {
      const auto column = scan->schema().IndexOf(*rescued);
      const auto watch = std::make_shared<NewFieldWatch>(
          scan, *column, mode == EvolutionMode::kAddNewColumnsWithTypeWidening);
      batch.input = watch;
      batch.check_after_reading = [this, watch, files]() -> Status {
        return watch->has_seen_new() ? schema_.TakeNewColumns(*files, watch->file_path()) : Ok();
      };
      batch.check_before_reading = [this, files] { return schema_.TakeNewColumns(*files, ""); };
    }
    if (scan->spec().ignore_missing_files) {
      batch.check_after_reading = [this, scan, files,
                                   inner = std::move(batch.check_after_reading)]() -> Status {
        TRY(CheckSkipped(*scan, *files));
        return inner ? inner() : Ok();
      };
    }
    return batch;
  }

  /// A file that was left out as missing may have been replaced in that moment: then the batch is
  /// read again.
  Status CheckSkipped(const FileScan& scan, const FileListing& files) const {
    if (scan.skipped_files().empty()) return Ok();
    for (const ObjectInfo& file : files.files) {
      const Result<ObjectInfo> now = request_.files.location.store->Head(file.path);
      if (now && now->etag != file.etag) {
        return Fail(Condition::STREAM_SOURCE_CHANGED,
                    {{"path", storage::UrlOf(*request_.files.location.store, file.path)},
                     {"message", "it was replaced while it was read"}});
      }
    }
    return Ok();
  }

  FileStreamRequest request_;
  FileStreamOptions options_;
  FileDiscovery discovery_;
  StreamSchema schema_;
  std::optional<FileCleaner> cleaner_;
  std::unique_ptr<FileIndex> index_;
  std::shared_ptr<const FileScan> scan_;  ///< Of the batch under way.
  std::int64_t committed_ = 0;
  std::optional<std::int64_t> fixed_end_;
  std::int64_t planned_upto_ = -1;
  std::int64_t planned_at_ms_ = 0;
};

/// Null: listings, or the file system itself, tell of new files.
Result<std::unique_ptr<connectors::FileEventSource>> EventsFor(const FileStreamRequest& request,
                                                               const FileStreamOptions& options) {
  if (options.use_posted_events && request.posted_events != nullptr) {
    const storage::Location& location = request.files.location;
    std::string prefix = storage::UrlOf(*location.store, location.path);
    if (const std::size_t glob = prefix.find_first_of("?*[{"); glob != std::string::npos) {
      prefix.resize(glob);
    }
    return connectors::MakeLoggedEvents(request.posted_events, connectors::CanonicalUrl(prefix));
  }
  if (options.queue_url.empty()) return nullptr;
  const auto text = [&](const char* name) { return GetString(options.queue, name).value_or(""); };
  connectors::SqsOptions queue{.queue_url = options.queue_url,
                               .region = text("region"),
                               .fetch_parallelism = options.fetch_parallelism};
  if (options.queue.contains("awsAccessKey")) {
    queue.credentials = std::make_shared<storage::FixedAwsCredentials>(storage::AwsCredentials{
        .access_key_id = text("awsAccessKey"), .secret_access_key = text("awsSecretKey")});
  } else {
    queue.credentials = std::make_shared<storage::AwsCredentialsChain>(
        storage::ProcessEnvironment, storage::LoadAwsProfile(storage::ProcessEnvironment),
        queue.region, storage::SystemNowMs);
  }
  return connectors::OpenSqsEvents(std::move(queue));
}

/// Errors: INVALID_PARAMETER_VALUE for a destination inside of the source.
Result<std::optional<FileCleaner>> CleanerFor(const FileStreamRequest& request,
                                              const FileStreamOptions& options) {
  if (options.clean_source == CleanSource::kOff) return std::nullopt;
  storage::Location source = request.files.location;
  if (HasGlob(source.path)) return FailUnsupported("cleanSource of a path with a glob");
  while (source.path.ends_with('/')) source.path.pop_back();
  storage::Location destination;
  if (options.clean_source == CleanSource::kMove) {
    destination = TRY(request.resolve(options.move_destination));
    while (destination.path.ends_with('/')) destination.path.pop_back();
    const bool is_inside = storage::UrlOf(*destination.store, destination.path + "/")
                               .starts_with(storage::UrlOf(*source.store, source.path + "/"));
    if (is_inside) {
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "cleanSource.moveDestination"},
                   {"functionName", "the stream's options"},
                   {"message", "it must not be inside of the source directory"}});
    }
  }
  return FileCleaner(std::move(source), std::move(destination), options.clean_source,
                     options.clean_retention);
}

}  // namespace

Result<std::int64_t> SeqOf(const std::optional<StreamOffset>& offset) {
  if (!offset) return 0;
  simdjson::dom::parser parser;
  std::int64_t seq = 0;
  if (parser.parse(offset->json)["seqNum"].get(seq) == simdjson::SUCCESS && seq >= 0) return seq;
  return Fail(
      Condition::CF_INVALID_CHECKPOINT,
      {{"path", "the checkpoint"}, {"message", "its offset " + offset->json + " has no seqNum"}});
}

std::string IndexDirectory(const storage::Location& state, const std::string& scratch_directory) {
  if (state.store->root_url() == "file:") return "/" + state.path + "/rocksdb";
  return scratch_directory + "/" + HexEncode(Sha256(storage::UrlOf(*state.store, state.path)));
}

Result<std::unique_ptr<StreamSource>> OpenFileStream(FileStreamRequest request) {
  if (request.files.path_text.empty()) {
    return Fail(Condition::CF_SOURCE_DIRECTORY_PATH_REQUIRED, {});
  }
  const FileStreamOptions options = TRY(TakeFileStreamOptions(request.files.options));
  request.files.callers_options = FileStreamOptionNames();
  FileFilter filter = TRY(FilterFrom(request.files.options, request.files.session_time_zone));
  storage::Location schemas = request.schemas;
  if (!options.schema_location.empty()) schemas = TRY(request.resolve(options.schema_location));
  std::optional<FileCleaner> cleaner = TRY(CleanerFor(request, options));
  auto events = TRY(EventsFor(request, options));
  return std::make_unique<FileStreamSource>(std::move(request), options, std::move(filter),
                                            std::move(schemas), std::move(cleaner),
                                            std::move(events));
}

}  // namespace inlet::ingest
