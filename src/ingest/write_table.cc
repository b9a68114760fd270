#include "ingest/write_table.h"

#include <simdjson.h>

#include <algorithm>

#include "base/option_map.h"
#include "delta/copied_files.h"
#include "ingest/dml/row_rules.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;
using delta::SnapshotPtr;

std::string Number(std::int64_t value) { return std::to_string(value); }

struct Totals {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

Totals TotalsOf(const std::vector<AddFile>& files) {
  Totals totals;
  for (const AddFile& file : files) {
    totals.rows += NumRecords(file);
    totals.bytes += file.size;
  }
  return totals;
}

std::map<std::string, std::string> WriteMetrics(const std::vector<AddFile>& files) {
  const Totals totals = TotalsOf(files);
  return {{"numFiles", Number(static_cast<std::int64_t>(files.size()))},
          {"numOutputRows", Number(totals.rows)},
          {"numOutputBytes", Number(totals.bytes)}};
}

std::string JsonProperties(const std::map<std::string, std::string>& properties) {
  std::string json = "{";
  for (const auto& [key, value] : properties) {
    json += (json.size() > 1 ? "," : "") + delta::JsonString(key) + ":" + delta::JsonString(value);
  }
  return json + "}";
}

/// The parameters of CREATE and REPLACE in DESCRIBE HISTORY.
std::map<std::string, std::string> TableParameters(const delta::TableDefinition& definition,
                                                   bool is_managed) {
  std::map<std::string, std::string> parameters = {
      {"isManaged", is_managed ? "true" : "false"},
      {"partitionBy", delta::JsonStrings(definition.partition_columns)},
      {"clusterBy", delta::JsonStrings(definition.clustering_columns)},
      {"properties", JsonProperties(definition.properties)}};
  if (definition.comment) parameters["description"] = *definition.comment;
  return parameters;
}

/// Names that come with the data, such as a CSV header's, may have any characters: the table then
/// maps its columns. A mode that the user gives stays.
void MapOddNames(delta::TableDefinition& definition) {
  if (!delta::HasOddNames(definition.schema)) return;
  const bool is_given = std::ranges::any_of(definition.properties, [](const auto& property) {
    return EqualsIgnoreCase(property.first, "delta.columnMapping.mode");
  });
  if (!is_given) definition.properties["delta.columnMapping.mode"] = "name";
}

void SetDefinition(delta::Transaction& transaction, delta::TableActions actions) {
  transaction.Set(std::move(actions.protocol));
  transaction.Set(std::move(actions.metadata));
  for (delta::DomainMetadata& domain : actions.domains) transaction.Set(std::move(domain));
}

Status RefuseFilesAt(const storage::Location& root) {
  const std::vector<storage::ObjectInfo> files =
      TRY(root.store->List(root.path + "/", {.max_objects = 1}));
  if (files.empty()) return Ok();
  return Fail(Condition::DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION,
              {{"tableLocation", root.store->root_url() + "/" + root.path}});
}

/// Commits, or deletes what was staged. When the outcome of the commit is unknown the files stay:
/// a reader may already need them, and VACUUM takes what nobody names.
Result<WriteResult> CommitStaged(delta::Transaction transaction, delta::Operation operation,
                                 const CommitNotes& notes, const storage::Location& root,
                                 const std::vector<AddFile>& staged) {
  notes.AddTo(transaction, operation);
  Result<delta::CommitResult> committed = std::move(transaction).Commit(std::move(operation));
  if (!committed) {
    if (committed.error().kind() != ErrorKind::kUnavailable) delta::DeleteStaged(root, staged);
    return std::unexpected(std::move(committed).error());
  }
  const Totals totals = TotalsOf(staged);
  return WriteResult{.snapshot = committed->snapshot,
                     .num_rows = totals.rows,
                     .num_files = static_cast<std::int64_t>(staged.size()),
                     .size_bytes = totals.bytes};
}

}  // namespace

bool CommitNotes::AreIn(const delta::Snapshot& table) const {
  if (!transaction) return false;
  const auto found = table.transactions().find(transaction->app_id);
  return found != table.transactions().end() && found->second.version >= transaction->version;
}

void CommitNotes::AddTo(delta::Transaction& change, delta::Operation& operation) const {
  if (user_metadata) operation.user_metadata = user_metadata;
  if (!transaction) return;
  if (change.read_from() != nullptr) (void)change.ReadTransaction(transaction->app_id);
  change.Set(*transaction);
}

Status GiveIdentities(const delta::Snapshot& table, std::int64_t num_rows,
                      delta::Transaction& transaction) {
  delta::Metadata metadata = table.metadata();
  if (TRY(GiveIdentities(num_rows, metadata))) transaction.Set(std::move(metadata));
  return Ok();
}

Result<bool> GiveIdentities(std::int64_t num_rows, delta::Metadata& metadata) {
  types::StructType schema = TRY(types::SchemaFromJson(metadata.schema_string));
  const bool has_any = std::ranges::any_of(
      schema.fields, [](const types::StructField& field) { return IdentityOf(field).has_value(); });
  if (!has_any || num_rows == 0) return false;
  metadata.schema_string = types::ToJson(WithIdentitiesGiven(std::move(schema), num_rows));
  return true;
}

std::int64_t NumRecords(const AddFile& file) {
  simdjson::dom::parser parser;
  std::int64_t rows = 0;
  if (parser.parse(file.stats)["numRecords"].get(rows) != simdjson::SUCCESS) return 0;
  return rows;
}

Result<std::vector<AddFile>> TableWriter::Stage(BoundQuery query, const delta::DataFileSpec& spec) {
  std::vector<AddFile> staged =
      TRY(engine_.Write(query.query, std::move(query.inputs), query.context, spec, stop_));
  if (!options_.before_commit) return staged;
  if (Status agreed = options_.before_commit(); !agreed) {
    delta::DeleteStaged(spec.table_root, staged);
    return std::unexpected(std::move(agreed).error());
  }
  return staged;
}

Result<WriteResult> TableWriter::Create(const storage::Location& root,
                                        const delta::TableDefinition& definition, bool is_managed) {
  TRY(RefuseFilesAt(root));
  delta::Transaction transaction(root);
  SetDefinition(transaction, TRY(delta::DefineTable(definition)));
  return CommitStaged(std::move(transaction),
                      {.name = "CREATE TABLE",
                       .parameters = TableParameters(definition, is_managed),
                       .user_name = options_.user_name,
                       .is_blind_append = true},
                      options_.notes, root, {});
}

Result<WriteResult> TableWriter::CreateAs(const storage::Location& root,
                                          delta::TableDefinition definition, BoundQuery query,
                                          bool is_managed) {
  TRY(RefuseFilesAt(root));
  if (definition.schema.empty()) {
    definition.schema = TRY(engine_.Describe(query.query, query.inputs, query.context));
    MapOddNames(definition);
  }
  delta::TableActions actions = TRY(delta::DefineTable(definition));
  const delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(root, actions.metadata));
  std::vector<AddFile> staged = TRY(Stage(std::move(query), spec));
  delta::Transaction transaction(root);
  SetDefinition(transaction, std::move(actions));
  transaction.Add(staged);
  if (options_.notes.write_mode) {
    return CommitStaged(
        std::move(transaction),
        {.name = "WRITE",
         .parameters = {{"mode", *options_.notes.write_mode},
                        {"partitionBy", delta::JsonStrings(definition.partition_columns)}},
         .metrics = WriteMetrics(staged),
         .user_name = options_.user_name,
         .is_blind_append = true},
        options_.notes, root, staged);
  }
  return CommitStaged(std::move(transaction),
                      {.name = "CREATE TABLE AS SELECT",
                       .parameters = TableParameters(definition, is_managed),
                       .metrics = WriteMetrics(staged),
                       .user_name = options_.user_name,
                       .is_blind_append = true},
                      options_.notes, root, staged);
}

Result<WriteResult> TableWriter::Replace(const SnapshotPtr& current,
                                         delta::TableDefinition definition,
                                         std::optional<BoundQuery> query,
                                         bool is_create_or_replace) {
  const storage::Location& root = current->table_root();
  if (query && definition.schema.empty()) {
    definition.schema = TRY(engine_.Describe(query->query, query->inputs, query->context));
    MapOddNames(definition);
  }
  delta::TableActions actions = TRY(delta::RedefineTable(*current, definition));
  const delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(root, actions.metadata));
  const bool has_query = query.has_value();
  std::vector<AddFile> staged;
  if (query) staged = TRY(Stage(*std::move(query), spec));
  delta::Transaction transaction(current);
  transaction.ReadWholeTable();
  for (const AddFile& file : current->files()) transaction.Remove(file);
  delta::ForgetCopiedFiles(transaction);
  SetDefinition(transaction, std::move(actions));
  transaction.Add(staged);
  std::string name = is_create_or_replace ? "CREATE OR REPLACE TABLE" : "REPLACE TABLE";
  if (has_query) name += " AS SELECT";
  return CommitStaged(
      std::move(transaction),
      {.name = std::move(name),
       .parameters = TableParameters(definition, true),
       .metrics = has_query ? WriteMetrics(staged) : std::map<std::string, std::string>{},
       .user_name = options_.user_name,
       .is_blind_append = false},
      options_.notes, root, staged);
}

Result<WriteResult> TableWriter::Insert(const SnapshotPtr& current, BoundQuery query,
                                        const InsertOptions& options) {
  const storage::Location& root = current->table_root();
  const delta::DataFileSpec spec = TRY(delta::DataFileSpecFor(root, current->metadata()));
  std::vector<AddFile> staged = TRY(Stage(std::move(query), spec));
  delta::Transaction transaction(current);
  std::map<std::string, std::string> metrics = WriteMetrics(staged);
  if (options.overwrite || options.reads_table) transaction.ReadWholeTable();
  if (options.overwrite) {
    std::int64_t removed_bytes = 0;
    for (const AddFile& file : current->files()) {
      removed_bytes += file.size;
      transaction.Remove(file);
    }
    metrics["numRemovedFiles"] = Number(current->num_files());
    metrics["numRemovedBytes"] = Number(removed_bytes);
  }
  TRY(GiveIdentities(*current, TotalsOf(staged).rows, transaction));
  transaction.Add(staged);
  return CommitStaged(
      std::move(transaction),
      {.name = "WRITE",
       .parameters = {{"mode", options.overwrite ? "Overwrite" : "Append"},
                      {"partitionBy", delta::JsonStrings(current->partition_columns())}},
       .metrics = std::move(metrics),
       .user_name = options_.user_name,
       .is_blind_append = !options.overwrite && !options.reads_table,
       .enforced_features = {"checkConstraints", "generatedColumns", "identityColumns"}},
      options_.notes, root, staged);
}

}  // namespace inlet::ingest
