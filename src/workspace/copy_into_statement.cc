#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "base/uuid.h"
#include "delta/data_file_writer.h"
#include "ingest/align_to_table.h"
#include "ingest/dml/row_rules.h"
#include "ingest/loaded_files.h"
#include "ingest/read_files.h"
#include "ingest/schema_evolution.h"
#include "ingest/write_table.h"
#include "sql/printer.h"
#include "sql/walk.h"
#include "storage/copy_object.h"
#include "types/json_text.h"
#include "workspace/binder.h"
#include "workspace/copy_into_options.h"
#include "workspace/datasets.h"
#include "workspace/guessed_scans.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using ingest::LoadedFile;
using ingest::LoadedFiles;
using storage::ObjectInfo;
using types::StructField;
using types::StructType;
using types::TypeId;

/// How often a statement begins anew because another one loaded some of the same files, or changed
/// the table, in the meantime.
constexpr int kMostAttempts = 20;
constexpr std::int64_t kMostPreviewRows = 50;

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// Of the files under the path, those that one attempt takes.
struct Selection {
  std::vector<ObjectInfo> files;  ///< Sorted by path.
  std::int64_t num_loaded_before = 0;
  std::int64_t num_changed = 0;  ///< Of num_loaded_before: has other content now.
  /// URLs of files that were rejected before and are what they were then. They are tried again.
  std::set<std::string, std::less<>> known_rejections;
};

/// The malformed records of one attempt. Thread-safe.
class RowErrors {
 public:
  void Add(const formats::BadRecord& record) {
    const std::lock_guard lock(mutex_);
    ++num_records_;
    if (json_lines_.size() >= kMostBytes) return;
    json_lines_ += "{\"path\":" + types::JsonQuote(record.path) +
                   ",\"record\":" + types::JsonQuote(record.record) +
                   ",\"reason\":" + types::JsonQuote(record.reason) + "}\n";
  }
  std::int64_t num_records() const {
    const std::lock_guard lock(mutex_);
    return num_records_;
  }
  std::string json_lines() const {
    const std::lock_guard lock(mutex_);
    return json_lines_;
  }

 private:
  /// What comes behind is counted only.
  static constexpr std::size_t kMostBytes = 64 << 20;

  mutable std::mutex mutex_;
  std::int64_t num_records_ = 0;  // Guarded by mutex_.
  std::string json_lines_;        // Guarded by mutex_.
};

/// What an attempt has made ready: rows in the shape of the table.
struct Plan {
  delta::SnapshotPtr table;
  std::shared_ptr<const ingest::FileScan> scan;
  StructType source;                           ///< What the files, or the SELECT, give.
  ingest::BoundQuery source_query;             ///< It gives `source`.
  ingest::BoundQuery query;                    ///< It gives the columns of the table.
  std::optional<delta::TableActions> changes;  ///< The table needs new columns or types.
  std::shared_ptr<RowErrors> errors = std::make_shared<RowErrors>();

  const delta::Metadata& metadata() const {
    return changes ? changes->metadata : table->metadata();
  }
};

struct Counts {
  std::int64_t num_rows = 0;
  std::int64_t num_corrupt_files = 0;
};

bool SameDefinition(const delta::Snapshot& left, const delta::Snapshot& right) {
  const delta::Metadata& a = left.metadata();
  const delta::Metadata& b = right.metadata();
  return a.id == b.id && a.schema_string == b.schema_string &&
         a.partition_columns == b.partition_columns && a.configuration == b.configuration &&
         left.protocol() == right.protocol();
}

std::int64_t NumRows(const std::vector<delta::AddFile>& staged) {
  std::int64_t num_rows = 0;
  for (const delta::AddFile& file : staged) num_rows += ingest::NumRecords(file);
  return num_rows;
}

std::string JsonObject(const OptionMap& options) {
  std::string json = "{";
  for (const auto& [key, value] : options) {
    json += (json.size() > 1 ? "," : "") + delta::JsonString(key) + ":" + delta::JsonString(value);
  }
  return json + "}";
}

/// input_file_name() is what `_metadata.file_path` was called before.
Status ReplaceInputFileName(sql::Query& query) {
  return sql::VisitExpressions(query, [](sql::Expression& expression) {
    const auto* call = expression.As<sql::FunctionCall>();
    if (call == nullptr || call->name.parts.size() != 1) return Ok();
    if (!EqualsIgnoreCase(call->name.parts[0], "input_file_name")) return Ok();
    expression.node = sql::ColumnRef{.parts = {std::string(ingest::kMetadataColumn), "file_path"}};
    return Ok();
  });
}

class CopyIntoRun {
 public:
  CopyIntoRun(const Call& call, const sql::CopyInto& statement, CopyIntoOptions options)
      : call_(call), statement_(statement), options_(std::move(options)) {}

  Result<QueryResult> Run() {
    target_ = TRY(FindTarget());
    TRY(RefuseForDatasets(target_.entry, "COPY INTO").At(statement_.target.name.span));
    if (options_.forgets) return Forget();
    TRY(List());
    if (statement_.validate) return Validate();
    TRY(ResolveArchive());
    for (int attempt = 1; attempt <= kMostAttempts; ++attempt) {
      const std::optional<Counts> counts = TRY(Attempt());
      if (!counts) continue;
      TRY(Clean().Context("the rows are loaded; clean the source").At(statement_.span));
      return CountsAsRow(*counts);
    }
    return Fail(Condition::COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED,
                {{"tableName", target_.display_name}});
  }

 private:
  Result<TableTarget> FindTarget() const {
    const sql::ObjectName& name = statement_.target.name;
    Result<TableTarget> target = FindTable(call_, name);
    const auto missing = [&]() -> Result<TableTarget> {
      return Result<TableTarget>(Fail(Condition::DELTA_MISSING_DELTA_TABLE_COPY_INTO,
                                      {{"tableName", sql::ToString(name)}}))
          .At(name.span);
    };
    if (!target) {
      const Condition condition = target.error().condition;
      if (condition == Condition::TABLE_OR_VIEW_NOT_FOUND) return missing();
      if (condition == Condition::DELTA_CANNOT_WRITE_INTO_VIEW) {
        return Result<TableTarget>(Fail(Condition::DELTA_COPY_INTO_TARGET_FORMAT,
                                        {{"tableName", sql::ToString(name)}}))
            .At(name.span);
      }
      return target;
    }
    const Result<delta::SnapshotPtr> table = LatestOf(call_, *target);
    if (!table && table.error().condition == Condition::DELTA_TABLE_NOT_FOUND) return missing();
    if (!table) return std::unexpected(table.error());
    if ((*table)->properties().contains("delta.setTransactionRetentionDuration")) {
      return Result<TableTarget>(Fail(Condition::COPY_INTO_FEATURE_INCOMPATIBLE_SETTING,
                                      {{"feature", "COPY INTO"},
                                       {"incompatibleSetting",
                                        "delta.setTransactionRetentionDuration, by which the "
                                        "table forgets what it has loaded"}}))
          .At(name.span);
    }
    return target;
  }

  Status List() {
    location_ =
        TRY((options_.storage.empty() ? ResolvePath(call_, statement_.from_path)
                                      : storage::Resolve(statement_.from_path, options_.storage))
                .At(statement_.path_span));
    TRY(ingest::CheckReadOptions(options_.reader));
    ingest::FileFilter filter = TRY(ingest::FilterFrom(options_.reader, call_.session.time_zone()));
    filter.descend = options_.descends;
    if (!statement_.files.empty()) {
      listing_ = TRY(ingest::ListNamedFiles(location_, statement_.files, filter,
                                            options_.ignores_missing_files)
                         .At(statement_.path_span));
      return Ok();
    }
    storage::Location wanted = location_;
    if (statement_.pattern) wanted.path += "/" + *statement_.pattern;
    Result<ingest::FileListing> listing = ingest::ListFiles(wanted, filter);
    if (listing) {
      listing_ = *std::move(listing);
      return Ok();
    }
    // A pattern may match nothing yet, and so may a directory whose columns are known.
    const bool may_be_missing = statement_.pattern || options_.has_schema;
    if (listing.error().kind() == ErrorKind::kNotFound && may_be_missing) return Ok();
    return Status(std::unexpected(std::move(listing).error())).At(statement_.path_span);
  }

  /// Where cleanSource moves files to.
  Status ResolveArchive() {
    if (options_.clean_source != ingest::CleanSource::kMove) return Ok();
    archive_ = TRY(ResolvePath(call_, options_.move_destination).At(statement_.span));
    while (archive_.path.ends_with('/')) archive_.path.pop_back();
    const std::string source = storage::UrlOf(*location_.store, location_.path + "/");
    if (!storage::UrlOf(*archive_.store, archive_.path + "/").starts_with(source)) return Ok();
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "cleanSource.moveDestination"},
                 {"functionName", "COPY_OPTIONS"},
                 {"message", "it must not be inside of the source directory"}});
  }

  /// Moves or deletes what the table has loaded as it is now, when its retention is over.
  Status Clean() const {
    if (options_.clean_source == ingest::CleanSource::kOff) return Ok();
    const LoadedFiles record = TRY(LoadedFiles::Load(TRY(LatestOf(call_, target_))));
    const std::int64_t latest_ms = NowMs() - options_.clean_retention.count();
    std::vector<ObjectInfo> done;
    TRY(record.Match(
        *location_.store, listing_.files, [&](std::size_t index, const LoadedFile& file) {
          const ObjectInfo& now = listing_.files[index];
          const bool is_due = file.state == ingest::FileState::kLoaded &&
                              file.loaded_at_ms <= latest_ms && !ingest::IsChanged(now, file);
          if (is_due) done.push_back(now);
        }));
    for (const ObjectInfo& file : done) {
      // What was written since the listing is not what was loaded.
      const Result<ObjectInfo> now = location_.store->Head(file.path);
      if (!now && now.error().kind() == ErrorKind::kNotFound) continue;
      if (!now) return std::unexpected(now.error());
      if (now->size_bytes != file.size_bytes || now->modified_at_ms != file.modified_at_ms)
        continue;
      if (options_.clean_source == ingest::CleanSource::kMove) {
        const std::string target = archive_.path + "/" + NameBelowSource(file);
        TRY(storage::CopyObject({location_.store, file.path}, {archive_.store, target},
                                call_.options.stop));
      }
      TRY(location_.store->Delete(file.path));
    }
    return Ok();
  }

  std::string NameBelowSource(const ObjectInfo& file) const {
    const std::string& base = listing_.base_path;
    if (!base.empty() && file.path.starts_with(base + "/"))
      return file.path.substr(base.size() + 1);
    return file.path.substr(file.path.rfind('/') + 1);
  }

  /// Takes the named files out of the record, whether they are still there or not.
  Result<QueryResult> Forget() {
    location_ = TRY(ResolvePath(call_, statement_.from_path).At(statement_.path_span));
    std::vector<ObjectInfo> files;
    for (const std::string& name : statement_.files) {
      files.push_back({.path = location_.path + "/" + name});
    }
    std::ranges::sort(files, {}, &ObjectInfo::path);
    const auto again = std::ranges::unique(files, {}, &ObjectInfo::path);
    files.erase(again.begin(), again.end());
    for (int attempt = 1; attempt <= kMostAttempts; ++attempt) {
      const delta::SnapshotPtr table = TRY(LatestOf(call_, target_));
      const LoadedFiles record = TRY(LoadedFiles::Load(table));
      std::vector<LoadedFile> entries;
      TRY(record.Match(*location_.store, files, [&](std::size_t, const LoadedFile& file) {
        entries.push_back(file);
        entries.back().state = ingest::FileState::kForgotten;
      }));
      if (entries.empty()) return CountsAsRow({});
      std::ranges::sort(entries, {}, &LoadedFile::path);
      delta::Transaction transaction(table);
      transaction.Set(TRY(record.Write(entries)));
      const auto committed =
          std::move(transaction)
              .Commit({.name = "COPY INTO",
                       .parameters = {{"path", delta::JsonString(statement_.from_path)},
                                      {"files", delta::JsonStrings(statement_.files)},
                                      {"copyOptions", JsonObject(statement_.copy_options)}},
                       .metrics = {{"numForgottenFiles", std::to_string(entries.size())}},
                       .user_name = call_.session.user,
                       .is_blind_append = true});
      if (committed) {
        call_.shared.snapshots.Put(committed->snapshot);
        return CountsAsRow({});
      }
      if (committed.error().kind() != ErrorKind::kConflict) {
        return std::unexpected(committed.error());
      }
    }
    return Fail(Condition::COPY_INTO_DUPLICATED_FILES_COPY_NOT_ALLOWED,
                {{"tableName", target_.display_name}});
  }

  /// Nothing: the statement has to begin anew.
  Result<std::optional<Counts>> Attempt() {
    const delta::SnapshotPtr table = TRY(LatestOf(call_, target_));
    const LoadedFiles record = TRY(LoadedFiles::Load(table));
    const Selection selection = TRY(Select(record));
    const auto num_corrupt = static_cast<std::int64_t>(corrupt_.size());
    if (selection.files.empty() && !(listing_.files.empty() && options_.has_schema)) {
      if (listing_.files.empty()) TRY(CheckEmptySource());
      if (!HasNewRejections(selection)) return Counts{.num_corrupt_files = num_corrupt};
      return Commit(Plan{.table = table}, record, selection, {}, {});
    }
    std::optional<Plan> plan = TRY(MakePlan(table, selection.files));
    if (!plan) return std::nullopt;
    if (selection.files.empty() && !plan->changes) return Counts{};
    const delta::DataFileSpec spec =
        TRY(delta::DataFileSpecFor(table->table_root(), plan->metadata()));
    std::vector<delta::AddFile> staged = TRY(Write(*plan, spec));
    if (Status proven = ProveGuesses(call_); !proven) {
      delta::DeleteStaged(table->table_root(), staged);
      return std::unexpected(std::move(proven).error());
    }
    std::vector<ObjectInfo> loaded;
    if (!TakeSkipped(*plan->scan, selection.files, loaded)) {
      delta::DeleteStaged(table->table_root(), staged);
      return std::nullopt;
    }
    if (loaded.empty() && !plan->changes && !HasNewRejections(selection)) {
      delta::DeleteStaged(table->table_root(), staged);
      return Counts{.num_corrupt_files = static_cast<std::int64_t>(corrupt_.size())};
    }
    return Commit(*plan, record, selection, loaded, std::move(staged));
  }

  Result<Selection> Select(const LoadedFiles& record) const {
    Selection selection;
    std::vector<bool> is_wanted(listing_.files.size(), true);
    std::optional<std::pair<std::size_t, LoadedFile>> changed;
    if (!options_.force) {
      TRY(record.Match(*location_.store, listing_.files,
                       [&](std::size_t index, const LoadedFile& then) {
                         const bool is_changed = ingest::IsChanged(listing_.files[index], then);
                         if (then.state == ingest::FileState::kRejected) {
                           if (!is_changed) selection.known_rejections.insert(then.path);
                           return;
                         }
                         if (is_changed && !changed) changed.emplace(index, then);
                         selection.num_changed += is_changed ? 1 : 0;
                         if (is_changed && options_.changed_files == ChangedFilePolicy::kAppend) {
                           return;
                         }
                         is_wanted[index] = false;
                         ++selection.num_loaded_before;
                       }));
    }
    if (changed && options_.changed_files == ChangedFilePolicy::kFail) {
      return Fail(
          Condition::STREAM_SOURCE_CHANGED,
          {{"path", changed->second.path},
           {"message", "it had " + std::to_string(changed->second.size_bytes) +
                           " bytes when it was loaded and has " +
                           std::to_string(listing_.files[changed->first].size_bytes) + " now"}});
    }
    for (std::size_t i = 0; i < is_wanted.size(); ++i) {
      const ObjectInfo& file = listing_.files[i];
      if (is_wanted[i] && !corrupt_.contains(file.path)) selection.files.push_back(file);
    }
    return selection;
  }

  std::unexpected<Error> NothingReadable() const {
    return Fail(Condition::COPY_INTO_SOURCE_SCHEMA_INFERENCE_FAILED,
                {{"source", statement_.from_path}, {"format", statement_.file_format}});
  }

  Status CheckEmptySource() const {
    if (!call_.session.is_true("spark.databricks.delta.copyInto.emptySourceCheck.enabled", true)) {
      return Ok();
    }
    return Status(NothingReadable())
        .Hint(listing_.num_skipped > 0
                  ? std::to_string(listing_.num_skipped) +
                        " files there were left out: hidden names, other directories, or what the "
                        "filters exclude. PATTERN => '*/*' or recursiveFileLookup descends."
                  : "With FORMAT_OPTIONS ('schema' = '...') an empty directory is no error.")
        .At(statement_.path_span);
  }

  ingest::ReadFilesRequest Request(std::vector<ObjectInfo> files, bool with_metadata) const {
    ingest::FileListing listing{.files = std::move(files), .base_path = listing_.base_path};
    if (!statement_.files.empty()) listing.base_path = location_.path;
    return {.location = location_,
            .path_text = statement_.from_path,
            .options = options_.reader,
            .session_time_zone = call_.session.time_zone(),
            .threads = call_.shared.threads,
            .with_metadata = with_metadata,
            .is_read_files = false,
            .listing = std::make_shared<const ingest::FileListing>(std::move(listing)),
            .inferred = {},
            .callers_options = {},
            .ignore_wrong_files = options_.on_error == ErrorPolicy::kSkipFile,
            .bad_record_sink = {}};
  }

  sql::Query SourceQuery() const {
    if (statement_.query) return *statement_.query;
    sql::Select select{
        .from = sql::TableRef{.node = sql::InputRef{.name = sql::CopyInto::kSourceInput}}};
    select.items.push_back({.value = {.node = sql::Star{}}});
    return {.body = std::move(select)};
  }

  /// Nothing: files turned out to be damaged, without them it may go.
  Result<std::optional<Plan>> MakePlan(const delta::SnapshotPtr& table,
                                       const std::vector<ObjectInfo>& files) {
    sql::Query query = SourceQuery();
    TRY(ReplaceInputFileName(query));
    const auto errors = std::make_shared<RowErrors>();
    ingest::ReadFilesRequest request = Request(files, MentionsMetadata(query));
    if (options_.on_error == ErrorPolicy::kContinue) {
      request.bad_record_sink = [errors](const formats::BadRecord& record) { errors->Add(record); };
    }
    if (call_.guesses != nullptr && !statement_.validate) request.guess.emplace();
    auto scan = ingest::OpenReadFiles(request, call_.options.stop);
    if (scan && (*scan)->spec().guess != nullptr) call_.guesses->Add(*scan);
    const bool may_skip =
        options_.ignores_corrupt_files || options_.on_error == ErrorPolicy::kSkipFile;
    if (!scan) {
      if (may_skip && FindCorrupt(files)) return std::nullopt;
      return Result<std::optional<Plan>>(std::unexpected(std::move(scan).error()))
          .At(statement_.path_span);
    }
    const ingest::FileScanSpec& spec = (*scan)->spec();
    if (spec.data_schema.empty() && spec.partitions.fields.empty()) {
      if (!may_skip) {
        return Result<std::optional<Plan>>(NothingReadable()).At(statement_.path_span);
      }
      for (const ObjectInfo& file : files) {
        corrupt_.emplace(file.path, "No column of it could be read.");
      }
      return std::nullopt;
    }
    Plan plan{.table = table, .scan = *std::move(scan), .errors = errors};
    plan.source_query =
        TRY(Bind(call_, std::move(query),
                 {.inputs = {{.name = sql::CopyInto::kSourceInput, .source = plan.scan}},
                  .pinned = nullptr,
                  .hides_metadata = plan.scan->spec().has_metadata_column})
                .At(statement_.path_span));
    if (statement_.validate_rows) {
      plan.source_query.query =
          Limited(std::move(plan.source_query.query), *statement_.validate_rows);
    }
    const ingest::BoundQuery& bound = plan.source_query;
    plan.source = TRY(call_.shared.engine->Describe(bound.query, bound.inputs, bound.context));
    TRY(Align(plan).At(statement_.span));
    return plan;
  }

  /// Which of `files` cannot even be looked into. Whether there are any.
  bool FindCorrupt(const std::vector<ObjectInfo>& files) {
    bool found = false;
    for (const ObjectInfo& file : files) {
      const auto scan = ingest::OpenReadFiles(Request({file}, false), call_.options.stop);
      if (scan || !ingest::IsAboutContent(scan.error())) continue;
      corrupt_.emplace(file.path, ToString(scan.error()));
      found = true;
    }
    return found;
  }

  Status Align(Plan& plan) const {
    ingest::TargetTable table{.schema = plan.table->schema(),
                              .properties = plan.table->properties(),
                              .display_name = target_.display_name};
    ingest::Alignment alignment;
    if (statement_.by_position || !statement_.columns.empty()) {
      alignment = TRY(AlignByPlace(plan.source, table));
    } else {
      TRY(Evolve(plan, table));
      alignment = TRY(ingest::AlignByName(plan.source, table));
      alignment.structs_by_name = true;
    }
    plan.query = plan.source_query;
    plan.query.query =
        TRY(ingest::AlignToTable(std::move(plan.query.query), plan.source, table, alignment));
    return Ok();
  }

  /// BY POSITION and the column list: what the table fills by itself does not count.
  Result<ingest::Alignment> AlignByPlace(const StructType& source,
                                         const ingest::TargetTable& table) const {
    std::vector<std::size_t> places = TRY(ingest::PlacesOf(statement_.columns, table));
    const auto fills_itself = [&](std::size_t place) {
      const StructField& field = table.schema.fields[place];
      return ingest::GenerationOf(field) || field.metadata.contains("delta.identity.start");
    };
    if (statement_.by_position) {
      for (std::size_t i = 0; i < table.schema.size(); ++i) {
        if (!fills_itself(i)) places.push_back(i);
      }
    }
    for (const std::size_t place : places) {
      if (!fills_itself(place)) continue;
      return Fail(
          Condition::COPY_INTO_FEATURE_INCOMPATIBLE_SETTING,
          {{"feature", "a column list"},
           {"incompatibleSetting",
            "the generated column " + types::QuoteIdentifier(table.schema.fields[place].name)}});
    }
    if (places.size() != source.size()) {
      return Fail(Condition::COPY_INTO_COLUMN_ARITY_MISMATCH,
                  {{"sourceColumns", std::to_string(source.size())},
                   {"tableName", table.display_name},
                   {"targetColumns", std::to_string(places.size())}});
    }
    ingest::Alignment alignment;
    alignment.source_of.resize(table.schema.size());
    for (std::size_t i = 0; i < places.size(); ++i) alignment.source_of[places[i]] = i;
    return alignment;
  }

  /// Makes the table take the columns of the source, or says why it does not.
  Status Evolve(Plan& plan, ingest::TargetTable& table) const {
    if (!options_.merges_schema) {
      const std::string difference = ingest::SchemaDifference(plan.source, table.schema);
      if (difference.empty()) return Ok();
      return Status(Fail(Condition::COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE,
                         {{"tableName", target_.display_name}, {"message", difference}}))
          .Hint(MismatchHint(plan));
    }
    StructType merged = TRY(ingest::MergeSchemas(table.schema, plan.source,
                                                 ingest::WidensTypes(table.properties)
                                                     ? ingest::TypeWidening::kWithinFamily
                                                     : ingest::TypeWidening::kNone)
                                .Hint(MismatchHint(plan)));
    if (merged == table.schema) return Ok();
    plan.changes = TRY(ingest::EvolveTable(*plan.table, merged));
    table.schema = std::move(merged);
    return Ok();
  }

  std::string MismatchHint(const Plan& plan) const {
    const bool is_untyped = options_.format == "csv" && !statement_.query &&
                            std::ranges::all_of(plan.source.fields, [](const StructField& field) {
                              return field.type.is(TypeId::kString);
                            });
    if (is_untyped && !GetString(options_.reader, "inferSchema")) {
      return "CSV columns are texts: cast them in FROM (SELECT a::INT, ... FROM 'path'), or set "
             "FORMAT_OPTIONS ('inferSchema' = 'true').";
    }
    if (!options_.merges_schema) {
      return "COPY_OPTIONS ('mergeSchema' = 'true') adds new columns to the table.";
    }
    return "Cast the column in FROM (SELECT ... FROM 'path').";
  }

  Result<std::vector<delta::AddFile>> Write(const Plan& plan, const delta::DataFileSpec& spec) {
    auto staged = call_.shared.engine->Write(plan.query.query, plan.query.inputs,
                                             plan.query.context, spec, call_.options.stop);
    if (!staged) return std::unexpected(ingest::WithConstraintName(std::move(staged).error()));
    return staged;
  }

  /// The rows as they would be loaded: all of them are read and checked, none is kept.
  Result<QueryResult> Validate() {
    while (true) {
      const delta::SnapshotPtr table = TRY(LatestOf(call_, target_));
      const Selection selection = TRY(Select(TRY(LoadedFiles::Load(table))));
      if (listing_.files.empty() && !options_.has_schema) TRY(CheckEmptySource());
      if (selection.files.empty() && !options_.has_schema) return NoRows();
      std::optional<Plan> plan = TRY(MakePlan(table, selection.files));
      if (!plan) continue;
      TRY(CheckRows(*plan));
      return Preview(*plan);
    }
  }

  static sql::Query Limited(sql::Query query, std::int64_t rows) {
    sql::Select select{.from = sql::TableRef{.node = sql::SubqueryTable{.query = std::move(query)},
                                             .alias = "inlet_source"}};
    select.items.push_back({.value = {.node = sql::Star{}}});
    return {.body = std::move(select),
            .limit = sql::Expression{
                .node = sql::Literal{.type = TypeId::kInteger, .text = std::to_string(rows)}}};
  }

  /// Writes the rows to a place that is thrown away: so everything is checked that loading checks.
  Status CheckRows(const Plan& plan) {
    const storage::Location root = TRY(storage::Resolve(
        call_.shared.catalog->temporary_directory() + "/validate-" + RandomUuid()));
    const delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(root, plan.metadata()));
    const auto staged = Write(plan, spec);
    const Status cleaned = root.store->DeleteAll(root.path);
    if (!staged) return std::unexpected(staged.error());
    return cleaned;
  }

  Result<QueryResult> Preview(const Plan& plan) {
    const std::int64_t rows =
        std::min(statement_.validate_rows.value_or(kMostPreviewRows), kMostPreviewRows);
    const ingest::BoundQuery& bound = plan.source_query;
    auto reader = TRY(call_.shared.engine->Run(Limited(bound.query, rows), bound.inputs,
                                               bound.context, call_.options.stop));
    return QueryResult{.schema = plan.source, .rows = std::move(reader)};
  }

  /// Notes the files that were left out while they were read; `loaded` gets the others. False: rows
  /// of a file that turned out to be damaged are among those that were written.
  bool TakeSkipped(const ingest::FileScan& scan, const std::vector<ObjectInfo>& files,
                   std::vector<ObjectInfo>& loaded) {
    std::set<std::string, std::less<>> left_out;
    bool is_clean = true;
    for (const ingest::FileScan::SkippedFile& skipped : scan.skipped_files()) {
      const std::string& path = FileOf(skipped.path, files);
      left_out.insert(path);
      // Of an archive the other files may have given rows.
      const bool gave_rows = skipped.gave_rows || path != skipped.path;
      if (!skipped.is_missing || gave_rows) corrupt_.emplace(path, ToString(skipped.error));
      is_clean = is_clean && !gave_rows;
    }
    for (const ObjectInfo& file : files) {
      if (!left_out.contains(file.path)) loaded.push_back(file);
    }
    return is_clean;
  }

  /// The file that `path` is, or the archive that it is in.
  static const std::string& FileOf(const std::string& path, const std::vector<ObjectInfo>& files) {
    for (std::size_t slash = path.size(); slash != std::string::npos;
         slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
      const std::string_view archive = std::string_view(path).substr(0, slash);
      const auto file = std::ranges::lower_bound(files, archive, {}, &ObjectInfo::path);
      if (file != files.end() && file->path == archive) return file->path;
    }
    return path;
  }

  delta::Operation Operation(const Plan& plan, const Selection& selection,
                             const std::vector<ObjectInfo>& loaded,
                             const std::vector<delta::AddFile>& staged) const {
    std::int64_t num_bytes = 0;
    for (const delta::AddFile& file : staged) num_bytes += file.size;
    delta::Operation operation{
        .name = "COPY INTO",
        .parameters = {{"path", delta::JsonString(statement_.from_path)},
                       {"fileFormat", delta::JsonString(options_.format)},
                       {"formatOptions", JsonObject(statement_.format_options)},
                       {"copyOptions", JsonObject(statement_.copy_options)}},
        .metrics = {{"numFiles", std::to_string(staged.size())},
                    {"numOutputRows", std::to_string(NumRows(staged))},
                    {"numOutputBytes", std::to_string(num_bytes)},
                    {"numLoadedFiles", std::to_string(loaded.size())},
                    {"numSkippedLoadedFiles", std::to_string(selection.num_loaded_before)},
                    {"numSkippedChangedFiles", std::to_string(selection.num_changed)},
                    {"numSkippedFilteredFiles", std::to_string(listing_.num_skipped)}},
        .user_name = call_.session.user,
        .is_blind_append = plan.query.inputs.size() <= 1,
        .enforced_features = {"checkConstraints", "generatedColumns", "identityColumns"}};
    if (statement_.pattern) {
      operation.parameters["pattern"] = delta::JsonString(*statement_.pattern);
    }
    if (!statement_.files.empty()) {
      operation.parameters["files"] = delta::JsonStrings(statement_.files);
    }
    if (options_.on_error == ErrorPolicy::kContinue) {
      operation.metrics["numErrorRecords"] = std::to_string(plan.errors->num_records());
    }
    if (options_.ignores_corrupt_files || options_.on_error == ErrorPolicy::kSkipFile) {
      operation.metrics["numSkippedCorruptFiles"] = std::to_string(corrupt_.size());
    }
    return operation;
  }

  bool HasNewRejections(const Selection& selection) const {
    return std::ranges::any_of(corrupt_, [&](const auto& file) {
      return !selection.known_rejections.contains(storage::UrlOf(*location_.store, file.first));
    });
  }

  /// The record of `files` as loaded now, and of those that were left out.
  std::vector<LoadedFile> Entries(const std::vector<ObjectInfo>& files) const {
    std::vector<LoadedFile> entries;
    entries.reserve(files.size() + corrupt_.size());
    const std::int64_t now_ms = NowMs();
    const auto add = [&](const ObjectInfo& file) {
      entries.push_back({.path = storage::UrlOf(*location_.store, file.path),
                         .size_bytes = file.size_bytes,
                         .modified_at_ms = file.modified_at_ms,
                         .etag = file.etag,
                         .loaded_at_ms = now_ms});
    };
    for (const ObjectInfo& file : files) add(file);
    for (const auto& [path, reason] : corrupt_) {
      const auto file = std::ranges::lower_bound(listing_.files, path, {}, &ObjectInfo::path);
      if (file == listing_.files.end() || file->path != path) continue;
      add(*file);
      entries.back().state = ingest::FileState::kRejected;
      entries.back().reason = reason;
    }
    std::ranges::sort(entries, {}, &LoadedFile::path);
    return entries;
  }

  /// Rows and record become visible in one commit. Behind a COPY INTO of other files the same rows
  /// are committed again with a new record. Nothing: the statement has to begin anew.
  Result<std::optional<Counts>> Commit(const Plan& plan, LoadedFiles record,
                                       const Selection& selection,
                                       const std::vector<ObjectInfo>& loaded,
                                       std::vector<delta::AddFile> staged) {
    const std::vector<LoadedFile> entries = Entries(loaded);
    const delta::Operation operation = Operation(plan, selection, loaded, staged);
    delta::SnapshotPtr table = plan.table;
    while (true) {
      Result<delta::CommitResult> committed =
          TryCommit(plan, table, record, entries, operation, staged);
      if (committed) {
        call_.shared.snapshots.Put(committed->snapshot);
        return Counts{.num_rows = NumRows(staged),
                      .num_corrupt_files = static_cast<std::int64_t>(corrupt_.size())};
      }
      const ErrorKind kind = committed.error().kind();
      if (kind != ErrorKind::kConflict) {
        // Nobody knows whether the files are needed: VACUUM takes them if they are not.
        if (kind != ErrorKind::kUnavailable) delta::DeleteStaged(table->table_root(), staged);
        return std::unexpected(std::move(committed).error());
      }
      table = TRY(LatestOf(call_, target_));
      record = TRY(LoadedFiles::Load(table));
      bool is_overlapping = false;
      if (!options_.force) {
        TRY(record.Match(*location_.store, loaded, [&](std::size_t, const LoadedFile& file) {
          is_overlapping = is_overlapping || file.state == ingest::FileState::kLoaded;
        }));
      }
      if (is_overlapping || !SameDefinition(*plan.table, *table)) {
        delta::DeleteStaged(table->table_root(), staged);
        return std::nullopt;
      }
    }
  }

  Result<delta::CommitResult> TryCommit(const Plan& plan, const delta::SnapshotPtr& table,
                                        const LoadedFiles& record,
                                        const std::vector<LoadedFile>& entries,
                                        const delta::Operation& operation,
                                        const std::vector<delta::AddFile>& staged) const {
    delta::Transaction transaction(table);
    delta::Metadata metadata = plan.metadata();
    const bool gave_identities = TRY(ingest::GiveIdentities(NumRows(staged), metadata));
    if (plan.changes) transaction.Set(plan.changes->protocol);
    if (plan.changes || gave_identities) transaction.Set(std::move(metadata));
    transaction.Add(staged);
    if (!entries.empty()) {
      transaction.Set(TRY(record.Write(entries, plan.errors->json_lines())));
    }
    return std::move(transaction).Commit(operation);
  }

  Result<QueryResult> CountsAsRow(const Counts& counts) const {
    StructType schema{.fields = {{.name = "num_affected_rows", .type = TypeId::kLong},
                                 {.name = "num_inserted_rows", .type = TypeId::kLong},
                                 {.name = "num_skipped_corrupt_files", .type = TypeId::kLong}}};
    return MakeResult(std::move(schema),
                      {{counts.num_rows, counts.num_rows, counts.num_corrupt_files}});
  }

  const Call& call_;
  const sql::CopyInto& statement_;
  const CopyIntoOptions options_;
  TableTarget target_;
  storage::Location location_;
  storage::Location archive_;
  ingest::FileListing listing_;
  /// Files that this statement leaves out, by path, with the reason.
  std::map<std::string, std::string, std::less<>> corrupt_;
};

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::CopyInto& statement) {
  const bool checks_format =
      call.session.is_true("spark.databricks.delta.copyInto.formatCheck.enabled", true);
  const CopyIntoOptions options = TRY(CheckCopyInto(statement, checks_format).At(statement.span));
  return RunByGuess(
      call, [&](const Call& attempt) { return CopyIntoRun(attempt, statement, options).Run(); });
}

}  // namespace inlet::workspace
