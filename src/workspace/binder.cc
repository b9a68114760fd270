#include "workspace/binder.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "delta/change_feed.h"
#include "delta/commit_time.h"
#include "formats/format.h"
#include "ingest/change_feed_source.h"
#include "ingest/delta_source.h"
#include "ingest/loaded_files_source.h"
#include "ingest/read_files.h"
#include "ingest/type_evidence.h"
#include "sql/parser.h"
#include "sql/walk.h"
#include "workspace/datasets.h"
#include "workspace/file_states.h"
#include "workspace/file_tables.h"
#include "workspace/guessed_scans.h"
#include "workspace/information_schema.h"
#include "workspace/pipeline_tables.h"
#include "workspace/row_source.h"
#include "workspace/stored_view.h"

namespace inlet::workspace {
namespace {

constexpr int kMaxViewDepth = 100;

/// Table functions that the engine's printer knows.
constexpr std::string_view kEngineFunctions[] = {"range",
                                                 "explode",
                                                 "explode_outer",
                                                 "posexplode",
                                                 "posexplode_outer",
                                                 "inline",
                                                 "inline_outer",
                                                 "stack",
                                                 "json_tuple",
                                                 "variant_explode",
                                                 "variant_explode_outer",
                                                 "sequence",
                                                 "values"};

/// count(*) counts rows, whatever their columns.
bool IsCountStar(const sql::FunctionCall& call) {
  if (call.name.parts.size() != 1 || !EqualsIgnoreCase(call.name.parts[0], "count")) return false;
  if (call.arguments.size() != 1) return false;
  const auto* star = call.arguments[0].value.As<sql::Star>();
  return star != nullptr && star->qualifier.empty() && star->except.empty();
}

/// The hidden column stays out of every `*`.
Status HideMetadata(sql::Query& query) {
  return sql::VisitExpressions(query, [](sql::Expression& expression) {
    if (auto* call = expression.As<sql::FunctionCall>(); call != nullptr && IsCountStar(*call)) {
      call->arguments[0].value.node = sql::Literal{.type = types::TypeId::kInteger, .text = "1"};
    } else if (auto* star = expression.As<sql::Star>()) {
      star->except.push_back({std::string(ingest::kMetadataColumn)});
    }
    return Ok();
  });
}

/// The one-part name, in lower case, that the analysis of a query did not find.
std::optional<std::string> UnresolvedName(const Error& error) {
  if (error.condition != Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION &&
      error.condition != Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION) {
    return std::nullopt;
  }
  for (const auto& [name, value] : error.params) {
    if (name != "objectName") continue;
    std::string plain;
    for (const char c : value) {
      if (c != '`') plain += c;
    }
    return ToLower(plain);
  }
  return std::nullopt;
}

using StreamInputs = std::vector<std::shared_ptr<const engine::SplitSource>>;

class Binder {
 public:
  /// `stream_inputs` take the places of the streams, in order; null: there are none.
  Binder(const Call& call, const BindOptions& options, const StreamInputs* stream_inputs = nullptr)
      : call_(call), options_(options), stream_inputs_(stream_inputs) {
    bound_.context = ContextOf(call);
    AddInputs(call.inputs);
    AddInputs(options.inputs);
    exposed_metadata_ = options.hides_metadata;
  }

  Result<std::vector<StreamTable>> FindStreams(sql::Query query) {
    collects_streams_ = true;
    with_metadata_ = MentionsMetadata(query);
    TRY(sql::BindTables(query, [this](sql::TableRef& table) { return BindTable(table); }));
    return std::move(streams_);
  }

  /// `variables` are bare names that are no columns of the query but session variables.
  Result<ingest::BoundQuery> Run(sql::Query query, const std::set<std::string>& variables) {
    with_metadata_ = MentionsMetadata(query);
    TRY(SubstituteVariables(query, variables));
    TRY(sql::BindTables(query, [this](sql::TableRef& table) { return BindTable(table); }));
    if (exposed_metadata_) TRY(HideMetadata(query));
    bound_.query = std::move(query);
    SetTotalBytes();
    return std::move(bound_);
  }

 private:
  /// What the inputs hold in all, for the progress.
  void SetTotalBytes() {
    if (!call_.options.on_progress) return;
    std::int64_t total_bytes = 0;
    for (const engine::Input& input : bound_.inputs) total_bytes += input.source->estimated_bytes();
    bound_.context.on_progress = [report = call_.options.on_progress, total_bytes](
                                     std::int64_t rows, std::int64_t bytes) {
      report({.rows = rows, .bytes = bytes, .total_bytes = total_bytes});
    };
  }

  /// session.v and system.session.v; of bare names only `names`, which are no columns.
  Status SubstituteVariables(sql::Query& query, const std::set<std::string>& names) {
    if (call_.session.variables.empty()) return Ok();
    return sql::VisitExpressions(query, [&](sql::Expression& expression) {
      const auto* column = expression.As<sql::ColumnRef>();
      if (column == nullptr || column->parts.empty()) return Ok();
      const auto& parts = column->parts;
      const bool is_qualified = (parts.size() == 2 && EqualsIgnoreCase(parts[0], "session")) ||
                                (parts.size() == 3 && EqualsIgnoreCase(parts[0], "system") &&
                                 EqualsIgnoreCase(parts[1], "session"));
      const bool is_bare = parts.size() == 1 && names.contains(ToLower(parts[0]));
      if (is_qualified || is_bare) {
        const auto found = call_.session.variables.find(parts.back());
        if (found != call_.session.variables.end()) expression = found->second.value;
      }
      return Ok();
    });
  }

  Status BindTable(sql::TableRef& table) {
    const auto* named = table.As<sql::NamedTable>();
    const auto* function = table.As<sql::TableFunction>();
    const bool is_stream =
        (named != nullptr && named->is_stream) || (function != nullptr && function->is_stream);
    if (is_stream) return BindStream(table, named, function);
    if (collects_streams_ && !IsView(named)) return Ok();
    if (named != nullptr) return BindNamed(table, *named);
    if (function != nullptr) return BindFunction(table, *function);
    return Ok();
  }

  /// A view may have streams inside.
  bool IsView(const sql::NamedTable* named) const {
    if (named == nullptr) return false;
    const std::optional<std::string> temporary = TemporaryViewKey(named->name);
    if (temporary && call_.session.temporary_views.contains(*temporary)) return true;
    const auto full = Complete(named->name, call_.session);
    if (!full) return false;
    const auto entry = call_.shared.catalog->FindTable(*full);
    return entry && entry->kind == catalog::TableKind::kView;
  }

  /// The next stream in order: its input, or what it is of.
  Status BindStream(sql::TableRef& table, const sql::NamedTable* named,
                    const sql::TableFunction* function) {
    if (collects_streams_) {
      streams_.push_back(TRY(StreamOf(named, function).At(table.span)));
      streams_.back().span = table.span;
      return Ok();
    }
    if (stream_inputs_ == nullptr || next_stream_ == stream_inputs_->size()) {
      const bool is_auto_loader =
          function != nullptr && EqualsIgnoreCase(function->call.name.parts.back(), "cloud_files");
      if (is_auto_loader) {
        return Status(Fail(Condition::CF_INCORRECT_BATCH_USAGE, {})).At(table.span);
      }
      return Status(FailUnsupported("STREAM outside of a streaming query")).At(table.span);
    }
    const auto& input = (*stream_inputs_)[next_stream_++];
    const types::StructType& schema = input->schema();
    exposed_metadata_ = exposed_metadata_ || schema.Find(ingest::kMetadataColumn) != nullptr;
    PutInput(
        table, input,
        named != nullptr ? named->name.parts.back() : ToLower(function->call.name.parts.back()));
    return Ok();
  }

  Result<StreamTable> StreamOf(const sql::NamedTable* named, const sql::TableFunction* function) {
    if (function != nullptr) {
      const std::string name = ToLower(function->call.name.parts.back());
      if (name == "read_files") return StreamTable{.files = TRY(ReadFilesOf(function->call))};
      if (name == "cloud_files") return StreamTable{.files = TRY(CloudFilesOf(function->call))};
      if (name == "rate" || name == "rate_micro_batch") {
        return StreamTable{.rate = ingest::RateStreamRequest{
                               .is_micro_batch = name == "rate_micro_batch",
                               .options = TRY(NamedOptionsOf(function->call, name))}};
      }
      return FailUnsupported("STREAM " + name);
    }
    OptionMap options(named->options.begin(), named->options.end());
    const auto& parts = named->name.parts;
    const bool is_path = parts.size() == 2 && !EqualsIgnoreCase(parts[0], "delta") &&
                         formats::FindFormat(parts[0]) != nullptr;
    if (is_path) {
      ingest::ReadFilesRequest request = TRY(RequestFor(parts[1]));
      request.options = std::move(options);
      request.options["format"] = parts[0];
      request.is_read_files = false;
      return StreamTable{.files = std::move(request)};
    }
    if (IsView(named)) return FailUnsupported("STREAM of a view");
    return StreamTable{.table = TRY(FindTable(call_, named->name)), .options = std::move(options)};
  }

  /// Inputs that the statement, or a temporary view that it uses, brings along.
  void AddInputs(std::span<const engine::Input> inputs) {
    for (const engine::Input& input : inputs) {
      const bool is_known =
          std::any_of(bound_.inputs.begin(), bound_.inputs.end(),
                      [&](const engine::Input& known) { return known.name == input.name; });
      if (!is_known) bound_.inputs.push_back(input);
    }
  }

  void PutInput(sql::TableRef& table, std::shared_ptr<const engine::SplitSource> source,
                std::string default_alias) {
    std::string name = "input_" + std::to_string(bound_.inputs.size());
    bound_.inputs.push_back({.name = name, .source = std::move(source)});
    table.node = sql::InputRef{.name = std::move(name)};
    if (table.alias.empty()) table.alias = std::move(default_alias);
  }

  Status BindNamed(sql::TableRef& table, const sql::NamedTable& named) {
    const auto& parts = named.name.parts;
    if (const std::optional<std::string> temporary = TemporaryViewKey(named.name)) {
      const auto view = call_.session.temporary_views.find(*temporary);
      if (view != call_.session.temporary_views.end()) {
        return PutView(table, view->second, parts.back());
      }
    }
    if (parts.size() == 2) {
      if (EqualsIgnoreCase(parts[0], "delta")) return BindDelta(table, named);
      if (formats::FindFormat(parts[0]) != nullptr) return BindPath(table, named);
    }
    const catalog::FullName full = TRY(Complete(named.name, call_.session));
    if (EqualsIgnoreCase(full.schema, "information_schema")) {
      auto source = TRY(OpenInformationSchema(call_, full).At(table.span));
      PutInput(table, std::move(source), full.object);
      return Ok();
    }
    const catalog::TableEntry entry = TRY(call_.shared.catalog->FindTable(full).At(table.span));
    if (entry.kind == catalog::TableKind::kView) return BindView(table, entry);
    if (IsFileTable(entry)) return BindFileTable(table, named, entry);
    if (named.time_travel) {
      TRY(RefuseForMaterializedViews(entry, "time travel").At(named.time_travel->span));
    }
    return BindDelta(table, named);
  }

  Status BindDelta(sql::TableRef& table, const sql::NamedTable& named) {
    const TableTarget target = TRY(FindTable(call_, named.name));
    delta::SnapshotPtr snapshot = TRY(SnapshotOf(target, named).At(table.span));
    if (snapshot->schema().empty()) {
      return Status(Fail(Condition::DELTA_READ_TABLE_WITHOUT_COLUMNS,
                         {{"tableName", target.display_name}}))
          .At(table.span);
    }
    auto source = TRY(ingest::DeltaSource::Open(std::move(snapshot),
                                                {.session_time_zone = call_.session.time_zone()}));
    PutInput(table, std::move(source), named.name.parts.back());
    return Ok();
  }

  Result<delta::SnapshotPtr> SnapshotOf(const TableTarget& target, const sql::NamedTable& named) {
    if (!named.time_travel) {
      const delta::SnapshotPtr latest = TRY(LatestOf(call_, target));
      if (!options_.pinned || latest->table_url() != options_.pinned->table_url()) return latest;
      if (options_.reads_pinned != nullptr) *options_.reads_pinned = true;
      return options_.pinned;
    }
    if (named.time_travel->version) {
      return delta::Snapshot::Load(target.root, *named.time_travel->version);
    }
    const std::int64_t timestamp_ms =
        TRY(ConstantTimestampMs(call_, *named.time_travel->timestamp));
    const delta::Version version =
        TRY(delta::Snapshot::ResolveTimestamp(target.root, timestamp_ms));
    return delta::Snapshot::Load(target.root, version);
  }

  /// csv.`/path` and its kin: a reader's defaults, no rescued data.
  Status BindPath(sql::TableRef& table, const sql::NamedTable& named) {
    ingest::ReadFilesRequest request = TRY(RequestFor(named.name.parts[1]).At(table.span));
    request.options["format"] = named.name.parts[0];
    for (const auto& [key, value] : named.options) request.options[key] = value;
    // A plain reader takes no notice of options that it does not know.
    request.options.try_emplace("validateOptions", "false");
    request.is_read_files = false;
    request.keeps_partitions = true;
    if (const auto base = GetString(request.options, "basePath")) {
      request.base_path = TRY(ResolvePath(call_, *base)).path;
    }
    request.infer_partition_types =
        call_.session.is_true("spark.sql.sources.partitionColumnTypeInference.enabled", true);
    return PutFiles(table, request, "");
  }

  Status BindFileTable(sql::TableRef& table, const sql::NamedTable& named,
                       const catalog::TableEntry& entry) {
    if (named.time_travel) {
      return Status(
                 Fail(Condition::DELTA_TABLE_ONLY_OPERATION,
                      {{"tableName", catalog::ToString(entry.name)}, {"operation", "time travel"}}))
          .At(named.time_travel->span);
    }
    ingest::ReadFilesRequest request = TRY(ReadRequestOf(call_, entry));
    request.with_metadata = with_metadata_;
    Status bound = PutFiles(table, request, entry.name.object);
    if (bound || bound.error().condition != Condition::PATH_NOT_FOUND) return bound;
    request.listing = std::make_shared<const ingest::FileListing>();  // Somebody took it away.
    return PutFiles(table, request, entry.name.object);
  }

  Result<ingest::ReadFilesRequest> RequestFor(const std::string& path) const {
    ingest::ReadFilesRequest request{
        .location = TRY(ResolvePath(call_, path)),
        .path_text = path,
        .options = {},
        .session_time_zone = call_.session.time_zone(),
        .threads = call_.shared.threads,
        .with_metadata = with_metadata_,
        .rescue_file_path =
            call_.session.is_true("spark.databricks.sql.rescuedDataColumn.filePath.enabled", true)};
    if (call_.guesses != nullptr) request.guess.emplace();
    return request;
  }

  Status PutFiles(sql::TableRef& table, const ingest::ReadFilesRequest& request,
                  std::string default_alias) {
    auto scan = TRY(ingest::OpenReadFiles(request, call_.options.stop).At(table.span));
    if (scan->spec().guess != nullptr) call_.guesses->Add(scan);
    exposed_metadata_ = exposed_metadata_ || scan->spec().has_metadata_column;
    PutInput(table, std::move(scan), std::move(default_alias));
    return Ok();
  }

  Status BindFunction(sql::TableRef& table, const sql::TableFunction& function) {
    const std::string name = ToLower(function.call.name.parts.back());
    if (name == "read_files") {
      return PutFiles(table, TRY(ReadFilesOf(function.call).At(table.span)), "read_files");
    }
    if (name == "infer_schema") return BindInferSchema(table, function.call);
    if (name == "table_changes") return BindTableChanges(table, function.call);
    if (std::find(std::begin(kEngineFunctions), std::end(kEngineFunctions), name) !=
        std::end(kEngineFunctions)) {
      return Ok();
    }
    if (name == "loaded_files" || name == "copy_errors") {
      return BindCopyRecord(table, function.call, name);
    }
    if (name == "cloud_files_state") {
      PutInput(table, TRY(OpenCloudFilesState(call_, function.call).At(table.span)), name);
      return Ok();
    }
    if (name == "event_log") {
      PutInput(table, TRY(OpenEventLog(call_, function.call).At(table.span)), name);
      return Ok();
    }
    if (name == "stream_metrics") {
      PutInput(table, TRY(OpenStreamMetrics(call_)), name);
      return Ok();
    }
    constexpr std::string_view kLater[] = {"read_kafka"};
    if (std::find(std::begin(kLater), std::end(kLater), name) != std::end(kLater)) {
      return Status(FailUnsupported("the table function " + name)).At(table.span);
    }
    std::vector<std::string_view> known(std::begin(kEngineFunctions), std::end(kEngineFunctions));
    known.push_back("read_files");
    known.push_back("infer_schema");
    known.push_back("table_changes");
    known.push_back("loaded_files");
    known.push_back("copy_errors");
    return Status(Fail(Condition::UNRESOLVABLE_TABLE_VALUED_FUNCTION,
                       {{"name", "`" + name + "`"}, {"suggestion", DidYouMean(name, known)}}))
        .At(table.span);
  }

  /// infer_schema('path', options of read_files): why each column gets its type.
  Status BindInferSchema(sql::TableRef& table, const sql::FunctionCall& call) {
    const ingest::ReadFilesRequest request = TRY(ReadFilesOf(call).At(table.span));
    std::vector<Row> rows;
    for (const ingest::ColumnEvidence& column :
         TRY(ingest::FindTypeEvidence(request, call_.options.stop).At(table.span))) {
      for (const ingest::TypeCount& type : column.types) {
        const auto or_null = [](const std::string& text) {
          return text.empty() ? Cell() : Cell(text);
        };
        rows.push_back({column.column, column.type, type.type, type.count,
                        column.counts_files ? "files" : "values", or_null(type.example),
                        or_null(type.file), type.decides, or_null(column.hint)});
      }
    }
    types::StructType schema =
        StringColumns({"column_name", "data_type", "value_type", "count", "counted",
                       "first_example", "first_file", "decides", "schema_hint"});
    schema.fields[3].type = types::TypeId::kLong;
    schema.fields[7].type = types::TypeId::kBoolean;
    PutInput(table, TRY(MakeRowSource(std::move(schema), rows)), "infer_schema");
    return Ok();
  }

  /// loaded_files(TABLE t [VERSION AS OF n]), loaded_files(TABLE t, 'path', options),
  /// copy_errors(TABLE t)
  Status BindCopyRecord(sql::TableRef& table, const sql::FunctionCall& call,
                        const std::string& name) {
    const sql::TableQuery* named = nullptr;
    const bool has_path = name == "loaded_files" && call.arguments.size() > 1;
    if (call.arguments.size() == 1 || has_path) {
      const auto* query = call.arguments[0].value.As<sql::ScalarSubquery>();
      if (query != nullptr) named = std::get_if<sql::TableQuery>(&query->query->body);
    }
    if (named == nullptr) {
      return Status(Fail(Condition::INVALID_PARAMETER_VALUE,
                         {{"parameter", "its argument"},
                          {"functionName", name},
                          {"message", "it takes one table: " + name + "(TABLE orders)"}}))
          .At(table.span);
    }
    const TableTarget target = TRY(FindTable(call_, named->table.name));
    const bool is_stream =
        target.entry && target.entry->kind == catalog::TableKind::kStreamingTable;
    if (is_stream && name == "loaded_files" && !has_path) {
      return BindStreamFiles(table, *target.entry, sql::ToString(named->table.name));
    }
    const delta::SnapshotPtr snapshot = TRY(SnapshotOf(target, named->table).At(table.span));
    if (has_path) {
      sql::FunctionCall files = call;
      files.arguments.erase(files.arguments.begin());
      const ingest::ReadFilesRequest request = TRY(ReadFilesOf(files).At(table.span));
      PutInput(table, TRY(OpenCopyFiles(call_, snapshot, request).At(table.span)), name);
      return Ok();
    }
    PutInput(table,
             TRY((name == "loaded_files" ? ingest::OpenLoadedFiles(snapshot)
                                         : ingest::OpenCopyErrors(snapshot))
                     .At(table.span)),
             name);
    return Ok();
  }

  /// loaded_files() of a streaming table: what its sources have found, then what they leave out.
  Status BindStreamFiles(sql::TableRef& table, const catalog::TableEntry& entry,
                         const std::string& written_name) {
    sql::Query query = TRY(sql::ParseQuery(
        "SELECT path, size, create_time AS modification_time, CAST(NULL AS STRING) AS etag, "
        "commit_time, CAST(NULL AS BIGINT) AS table_version, "
        "coalesce(ingestion_state, 'NOT_LOADED') AS ingestion_state, "
        "CAST(NULL AS STRING) AS reason FROM cloud_files_state(TABLE(" +
        written_name + ")) UNION ALL SELECT * FROM inlet_left_out"));
    auto left_out = TRY(OpenFilesLeftOut(call_, entry).At(table.span));
    TRY(sql::BindTables(query, [&](sql::TableRef& inner) {
      if (inner.As<sql::NamedTable>() == nullptr) return BindTable(inner);
      PutInput(inner, left_out, "inlet_left_out");
      return Ok();
    }));
    table.node = sql::SubqueryTable{.query = std::move(query)};
    if (table.alias.empty()) table.alias = "loaded_files";
    return Ok();
  }

  static std::unexpected<Error> BadArgument(std::string_view function, std::string parameter,
                                            std::string message) {
    return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::move(parameter)},
                                                     {"functionName", std::string(function)},
                                                     {"message", std::move(message)}});
  }

  /// table_changes('t', start [, end]), versions or timestamps.
  Status BindTableChanges(sql::TableRef& table, const sql::FunctionCall& call) {
    if (call.arguments.size() < 2 || call.arguments.size() > 3) {
      return Status(Fail(Condition::WRONG_NUM_ARGS,
                         {{"functionName", "`table_changes`"},
                          {"expectedNum", "2 or 3"},
                          {"actualNum", std::to_string(call.arguments.size())}}))
          .At(table.span);
    }
    const std::optional<std::string> name = TRY(ConstantText(call_, call.arguments[0].value));
    if (!name) return Fail(Condition::DELTA_CDC_READ_NULL_RANGE_BOUNDARY, {});
    const TableTarget target =
        TRY(FindTable(call_, TRY(sql::ParseObjectName(*name).At(table.span))));
    const delta::SnapshotPtr latest = TRY(LatestOf(call_, target));
    const FeedBound start =
        TRY(BoundOf(call.arguments[1].value, target, /*is_start=*/true).At(table.span));
    const FeedBound end =
        call.arguments.size() == 3
            ? TRY(BoundOf(call.arguments[2].value, target, /*is_start=*/false).At(table.span))
            : FeedBound{.version = std::max(latest->version(), start.version)};
    const bool is_empty = start.timestamp_ms && end.timestamp_ms &&
                          end.version == start.version - 1 &&
                          *start.timestamp_ms <= *end.timestamp_ms;
    delta::ChangeFeed feed =
        is_empty ? delta::EmptyChangeFeed(latest)
                 : TRY(delta::LoadChangeFeed(latest, start.version, end.version).At(table.span));
    auto source = TRY(ingest::OpenChangeFeed(std::move(feed), call_.session.time_zone()));
    PutInput(table, std::move(source), "table_changes");
    return Ok();
  }

  /// One end of the versions that table_changes() is asked for.
  struct FeedBound {
    delta::Version version = 0;
    std::optional<std::int64_t> timestamp_ms;  ///< If that was given.
  };

  /// A version, or the one that a timestamp means: at or after it as a start, at or before it as
  /// an end.
  Result<FeedBound> BoundOf(const sql::Expression& bound, const TableTarget& target,
                            bool is_start) {
    const std::optional<std::string> text = TRY(ConstantText(call_, bound));
    if (!text) return Fail(Condition::DELTA_CDC_READ_NULL_RANGE_BOUNDARY, {});
    delta::Version version = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, version);
    if (error == std::errc() && stop == end) return FeedBound{.version = version};
    const std::int64_t timestamp_ms = TRY(ConstantTimestampMs(call_, bound));
    if (is_start) return FeedBound{TRY(FirstVersionSince(target, timestamp_ms)), timestamp_ms};
    return FeedBound{TRY(delta::Snapshot::ResolveTimestamp(target.root, timestamp_ms)),
                     timestamp_ms};
  }

  static Result<delta::Version> FirstVersionSince(const TableTarget& target,
                                                  std::int64_t timestamp_ms) {
    const std::vector<delta::TimedCommit> commits = TRY(delta::ListCommits(target.root));
    if (!commits.empty() && timestamp_ms <= commits.front().timestamp_ms) {
      return commits.front().version;
    }
    const delta::Version before =
        TRY(delta::Snapshot::ResolveTimestamp(target.root, timestamp_ms - 1));
    return before + 1;
  }

  Result<ingest::ReadFilesRequest> ReadFilesOf(const sql::FunctionCall& call) {
    std::optional<std::string> path;
    OptionMap options;
    for (const auto& argument : call.arguments) {
      const std::optional<std::string> value = TRY(ConstantText(call_, argument.value));
      const bool is_path = argument.name.empty() || EqualsIgnoreCase(argument.name, "path");
      if (is_path && !path) {
        if (!value) break;
        path = *value;
      } else if (argument.name.empty()) {
        return Result<ingest::ReadFilesRequest>(
                   BadArgument("read_files", "an option", "options are named: format => 'csv'"))
            .At(argument.value.span);
      } else if (value && !options.emplace(argument.name, *value).second) {
        return Result<ingest::ReadFilesRequest>(
                   BadArgument("read_files", argument.name, "it is given twice"))
            .At(argument.value.span);
      }
    }
    if (!path || path->empty()) return BadArgument("read_files", "path", "it is missing");
    ingest::ReadFilesRequest request = TRY(RequestFor(*path));
    request.options = std::move(options);
    return request;
  }

  /// name => 'value', ...
  Result<OptionMap> NamedOptionsOf(const sql::FunctionCall& call, const std::string& function) {
    OptionMap options;
    for (const auto& argument : call.arguments) {
      if (argument.name.empty()) {
        return BadArgument(function, "an option", "options are named: rowsPerSecond => 10");
      }
      const std::optional<std::string> value = TRY(ConstantText(call_, argument.value));
      if (value) options[argument.name] = *value;
    }
    return options;
  }

  /// cloud_files(path, format [, map(option, value, ...)]), and the same with named options: the
  /// defaults are those of the source cloudFiles.
  Result<ingest::ReadFilesRequest> CloudFilesOf(const sql::FunctionCall& call) {
    sql::FunctionCall named = call;
    if (call.arguments.size() >= 2 && call.arguments[1].name.empty()) {
      named.arguments[1].name = "format";
      if (call.arguments.size() == 3 && call.arguments[2].name.empty()) {
        const auto* map = call.arguments[2].value.As<sql::FunctionCall>();
        if (map == nullptr || map->arguments.size() % 2 != 0) {
          return BadArgument("cloud_files", "options", "they are map('name', 'value', ...)");
        }
        named.arguments.pop_back();
        for (std::size_t i = 0; i < map->arguments.size(); i += 2) {
          const auto name = TRY(ConstantText(call_, map->arguments[i].value));
          named.arguments.push_back(
              {.name = name.value_or(""), .value = map->arguments[i + 1].value});
        }
      }
    }
    ingest::ReadFilesRequest request = TRY(ReadFilesOf(named));
    const auto is_set = [&](const std::string& name) {
      return request.options.contains(name) || request.options.contains("cloudFiles." + name);
    };
    if (!is_set("format")) return Fail(Condition::CF_FILE_FORMAT_REQUIRED, {});
    if (!is_set("inferColumnTypes")) request.options["inferColumnTypes"] = "false";
    if (!is_set("useStrictGlobber")) request.options["useStrictGlobber"] = "false";
    return request;
  }

  Status BindView(sql::TableRef& table, const catalog::TableEntry& entry) {
    const ViewDefinition view = TRY(DefinitionOf(entry).Context("the view " + entry.name.object));
    return PutView(table, view, entry.name.object).Context("the view " + entry.name.object);
  }

  /// Short names in a view are those of the session that created it.
  /// `default_alias` is a copy: the name it comes from may be part of the node that is replaced.
  Status PutView(sql::TableRef& table, const ViewDefinition& view, std::string default_alias) {
    if (view_depth_ == kMaxViewDepth) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "Views refer to views too deeply, or to themselves"},
                   {"limit", std::to_string(kMaxViewDepth)}});
    }
    ++view_depth_;
    AddInputs(view.inputs);
    const std::string catalog = std::exchange(call_.session.catalog, view.catalog);
    const std::string schema = std::exchange(call_.session.schema, view.schema);
    sql::Query query = view.query;
    Status bound =
        sql::BindTables(query, [this](sql::TableRef& inner) { return BindTable(inner); });
    call_.session.catalog = catalog;
    call_.session.schema = schema;
    --view_depth_;
    TRY(std::move(bound));
    table.node = sql::SubqueryTable{.query = std::move(query)};
    if (table.alias.empty()) table.alias = std::move(default_alias);
    if (table.column_aliases.empty()) table.column_aliases = view.column_names;
    return Ok();
  }

  const Call& call_;
  const BindOptions& options_;
  const StreamInputs* const stream_inputs_;
  ingest::BoundQuery bound_;
  bool with_metadata_ = false;
  bool exposed_metadata_ = false;
  int view_depth_ = 0;
  std::size_t next_stream_ = 0;
  bool collects_streams_ = false;
  std::vector<StreamTable> streams_;
};

/// `make_binder` gives a binder for each attempt.
template <class MakeBinder>
Result<ingest::BoundQuery> BindWith(const Call& call, sql::Query query,
                                    const MakeBinder& make_binder) {
  std::set<std::string> variables;
  if (call.session.variables.empty()) return make_binder().Run(std::move(query), variables);
  // A bare name is a column first. Which names are none, the engine's analysis tells, one at a
  // time.
  while (true) {
    ingest::BoundQuery bound = TRY(make_binder().Run(query, variables));
    const auto schema = call.shared.engine->Describe(bound.query, bound.inputs, bound.context);
    if (schema) return bound;
    std::optional<std::string> name = UnresolvedName(schema.error());
    if (!name || !call.session.variables.contains(*name) || !variables.insert(*name).second) {
      return bound;  // Running it tells the user what is wrong.
    }
  }
}

}  // namespace

bool MentionsMetadata(const sql::Query& query) {
  const auto columns = sql::ColumnsOf(query);
  return std::any_of(columns.begin(), columns.end(), [](const sql::ColumnRef* column) {
    return std::any_of(column->parts.begin(), column->parts.end(), [](const std::string& part) {
      return EqualsIgnoreCase(part, ingest::kMetadataColumn);
    });
  });
}

Result<ingest::BoundQuery> Bind(const Call& call, sql::Query query, const BindOptions& options) {
  return BindWith(call, std::move(query), [&] { return Binder(call, options); });
}

Result<std::vector<StreamTable>> FindStreams(const Call& call, sql::Query query) {
  const BindOptions no_options;
  return Binder(call, no_options).FindStreams(std::move(query));
}

Result<ingest::BoundQuery> BindStreams(
    const Call& call, sql::Query query,
    const std::vector<std::shared_ptr<const engine::SplitSource>>& inputs) {
  const BindOptions no_options;
  return BindWith(call, std::move(query), [&] { return Binder(call, no_options, &inputs); });
}

}  // namespace inlet::workspace
