#include <algorithm>

#include "ingest/align_to_table.h"
#include "ingest/dml/nested_fields.h"
#include "ingest/dml/row_rules.h"
#include "ingest/dml/sql_parts.h"
#include "ingest/write_table.h"
#include "sql/printer.h"
#include "workspace/binder.h"
#include "workspace/change_statement.h"
#include "workspace/commit_notes.h"
#include "workspace/datasets.h"
#include "workspace/file_tables.h"
#include "workspace/guessed_scans.h"
#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using sql::Expression;
using types::StructField;
using types::StructType;

/// Turns what the user wants to insert into a query with the table's columns by position.
class InsertQuery {
 public:
  InsertQuery(const Call& call, const sql::Insert& statement, delta::SnapshotPtr table,
              std::string table_name)
      : call_(call),
        statement_(statement),
        snapshot_(std::move(table)),
        table_({.schema = snapshot_->schema(),
                .properties = snapshot_->properties(),
                .display_name = std::move(table_name)}) {}

  /// Binds the user's query and finds its columns.
  Status BindSource() {
    sql::Query query = statement_.query;
    TRY(FillDefaults(query));
    bound_ = TRY(Bind(call_, std::move(query),
                      {.inputs = {}, .pinned = snapshot_, .reads_pinned = &reads_target_}));
    source_ = TRY(call_.shared.engine->Describe(bound_.query, bound_.inputs, bound_.context));
    return Ok();
  }
  /// Whether the query reads the table that it inserts into; after BindSource().
  bool reads_target() const { return reads_target_; }
  /// What the user's query gives; after BindSource().
  const ingest::BoundQuery& source() const { return bound_; }

  /// The table's columns and those that the query brings along; after BindSource().
  StructType Evolved() const {
    StructType evolved = table_.schema;
    const bool by_place = !statement_.by_name && statement_.columns.empty();
    for (std::size_t i = 0; i < source_.size(); ++i) {
      const bool is_listed = !statement_.by_name && i < statement_.columns.size();
      const std::string& name = is_listed ? statement_.columns[i] : source_.fields[i].name;
      const auto index =
          by_place && i < table_.schema.size() ? std::optional(i) : evolved.IndexOf(name);
      if (index) {
        types::DataType& type = evolved.fields[*index].type;
        type = ingest::WithFieldsAdded(type, source_.fields[i].type);
        continue;
      }
      evolved.fields.push_back({.name = name, .type = source_.fields[i].type});
    }
    return evolved;
  }
  void SetSchema(StructType schema) { table_.schema = std::move(schema); }

  /// The rows with the table's columns.
  Result<ingest::BoundQuery> Build() const {
    ingest::Alignment alignment = TRY(Align(source_));
    alignment.structs_by_name = !(table_.schema == original_);
    AddFixedValues(alignment);
    ingest::BoundQuery rows = bound_;
    rows.query = TRY(ingest::AlignToTable(std::move(rows.query), source_, table_, alignment));
    return rows;
  }

 private:
  /// DEFAULT among the values of INSERT ... VALUES.
  Status FillDefaults(sql::Query& query) const {
    auto* values = std::get_if<sql::ValuesQuery>(&query.body);
    if (values == nullptr) return Ok();
    for (std::vector<Expression>& row : values->rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i].As<sql::DefaultValue>() == nullptr) continue;
        const StructField* field = nullptr;
        if (!statement_.columns.empty()) {
          if (i < statement_.columns.size()) field = table_.schema.Find(statement_.columns[i]);
        } else if (i < table_.schema.size()) {
          field = &table_.schema.fields[i];
        }
        row[i] = TRY(ingest::DefaultOf(field == nullptr ? StructField{} : *field));
      }
    }
    return Ok();
  }

  Result<ingest::Alignment> Align(const StructType& source) const {
    if (statement_.by_name) return ingest::AlignByName(source, table_);
    std::vector<std::size_t> targets = TRY(ingest::PlacesOf(statement_.columns, table_));
    if (statement_.columns.empty()) {
      for (std::size_t i = 0; i < table_.schema.size(); ++i) {
        if (FixedValue(table_.schema.fields[i].name) == nullptr) targets.push_back(i);
      }
      // Columns with values of their own may be left out.
      LeaveOutIdentities(source.size(), targets);
      while (targets.size() > source.size() &&
             ingest::GenerationOf(table_.schema.fields[targets.back()])) {
        targets.pop_back();
      }
    }
    if (targets.size() != source.size()) {
      return Fail(Condition::DELTA_INSERT_COLUMN_ARITY_MISMATCH,
                  {{"tableName", table_.display_name},
                   {"numTargetColumns", std::to_string(targets.size())},
                   {"insertDataColumns", std::to_string(source.size())}});
    }
    ingest::Alignment alignment;
    alignment.source_of.resize(table_.schema.size());
    for (std::size_t i = 0; i < targets.size(); ++i) alignment.source_of[targets[i]] = i;
    return alignment;
  }

  /// A query with fewer columns gives none for GENERATED ALWAYS AS IDENTITY.
  void LeaveOutIdentities(std::size_t num_given, std::vector<std::size_t>& targets) const {
    if (targets.size() <= num_given) return;
    std::erase_if(targets, [&](std::size_t column) {
      const auto identity = ingest::IdentityOf(table_.schema.fields[column]);
      return identity && !identity->allows_given_values;
    });
  }

  /// The value of `PARTITION (column = value)`; null for `PARTITION (column)` and no mention.
  const Expression* FixedValue(std::string_view column) const {
    if (!statement_.partition) return nullptr;
    for (const auto& [name, value] : statement_.partition->columns) {
      if (EqualsIgnoreCase(name, column)) return value ? &*value : nullptr;
    }
    return nullptr;
  }

  void AddFixedValues(ingest::Alignment& alignment) const {
    for (const StructField& field : table_.schema.fields) {
      const Expression* value = FixedValue(field.name);
      if (value != nullptr) alignment.fixed_values.emplace(field.name, *value);
    }
  }

  const Call& call_;
  const sql::Insert& statement_;
  const delta::SnapshotPtr snapshot_;
  bool reads_target_ = false;
  ingest::TargetTable table_;
  const StructType original_ = table_.schema;  ///< Before it evolved.
  ingest::BoundQuery bound_;
  StructType source_;
};

namespace parts = ingest::parts;

constexpr const char* kReplaceWhere = "REPLACE WHERE";
constexpr const char* kSource = "inlet_replacing";

/// INSERT that takes other rows away, or gives the table new columns.
class ReplacingInsert {
 public:
  ReplacingInsert(const Call& call, const sql::Insert& statement)
      : call_(call), statement_(statement) {}

  Result<QueryResult> Run() {
    const bool only_inserts = !Replaces();
    run_ = TRY(ChangeStatement::Open(call_, statement_.target.name, statement_.replace_target_alias,
                                     only_inserts));
    if (TRY(CommitNotesOf(call_)).AreIn(run_->table())) return InsertedRows(0);
    InsertQuery query(call_, statement_, run_->change().snapshot(), run_->display_name());
    TRY(query.BindSource());
    if (query.reads_target()) run_->change().ReadsWholeTable();
    if (EvolvesSchema()) {
      StructType evolved = query.Evolved();
      if (!(evolved == run_->table().schema())) {
        TRY(run_->change().Evolve(evolved));
        query.SetSchema(std::move(evolved));
      }
    }
    ingest::BoundQuery rows = TRY(query.Build());
    const bool in_feed = TRY(DeleteOld(query, rows));
    TRY(Guard(rows));
    if (Status inserted = run_->Insert(std::move(rows), in_feed); !inserted) {
      return std::unexpected(Mismatch(std::move(inserted).error()));
    }
    if (IsDynamic()) TRY(run_->change().RemovePartitionsOfNewRows());
    return Commit();
  }

 private:
  bool EvolvesSchema() const {
    return statement_.with_schema_evolution ||
           call_.session.is_true("spark.databricks.delta.schema.autoMerge.enabled", false);
  }

  bool Replaces() const {
    return statement_.is_overwrite || statement_.replace_where || statement_.replace_on ||
           !statement_.replace_using.empty();
  }

  bool IsDynamic() const {
    if (!statement_.is_overwrite || run_->table().partition_columns().empty()) return false;
    const auto mode = call_.session.configs.find("spark.sql.sources.partitionOverwriteMode");
    return mode != call_.session.configs.end() && EqualsIgnoreCase(mode->second, "dynamic");
  }

  /// Takes the rows away that are to be replaced. Says whether the new ones go into change files.
  Result<bool> DeleteOld(const InsertQuery& query, const ingest::BoundQuery& rows) {
    if (statement_.replace_where) {
      const Expression& condition = *statement_.replace_where;
      TRY(run_->DeleteWhere(condition));
      return !IsOnPartitions(run_->table(), condition);
    }
    if (!statement_.replace_using.empty() || statement_.replace_on) {
      TRY(DeleteMatched(query, rows));
      return true;
    }
    if (!statement_.is_overwrite || IsDynamic()) return false;
    const Expression fixed = FixedPartition();
    if (fixed.As<sql::Literal>() != nullptr) {
      TRY(run_->change().RemoveAll());
    } else {
      TRY(run_->RemovePartitions(fixed));
    }
    return false;
  }

  /// PARTITION (a = 1, b): a <=> 1
  Expression FixedPartition() const {
    std::vector<Expression> conditions;
    if (statement_.partition) {
      for (const auto& [column, value] : statement_.partition->columns) {
        if (!value) continue;
        conditions.push_back(
            parts::Binary(sql::BinaryOperator::kNullSafeEqual, parts::Column(column), *value));
      }
    }
    return parts::And(std::move(conditions));
  }

  /// REPLACE USING (columns), REPLACE ON condition: rows go that match a new one.
  Status DeleteMatched(const InsertQuery& query, const ingest::BoundQuery& rows) {
    const ingest::ChangedTable changed = run_->Changed(/*with_news=*/false);
    sql::Select matching;
    matching.items.push_back(parts::Item(parts::Integer(1), "one"));
    std::vector<engine::Input> inputs;
    if (statement_.replace_on) {
      const std::string alias =
          statement_.replace_source_alias.empty() ? kSource : statement_.replace_source_alias;
      matching.from = parts::AsTable(query.source().query, alias);
      matching.where = *statement_.replace_on;
      inputs = query.source().inputs;
    } else {
      std::vector<std::string> names;
      for (const StructField& field : run_->change().schema().fields) names.push_back(field.name);
      matching.from = parts::AsTable(rows.query, kSource, std::move(names));
      std::vector<Expression> equal;
      for (const std::string& column : statement_.replace_using) {
        equal.push_back(parts::Binary(sql::BinaryOperator::kNullSafeEqual,
                                      parts::Column(kSource, column),
                                      parts::Column(changed.alias, column)));
      }
      matching.where = parts::And(std::move(equal));
      inputs = rows.inputs;
    }
    const Expression exists{.node = sql::Exists{.query = sql::Query{.body = std::move(matching)}}};
    return run_->Run(ingest::DeleteQuery(changed, &exists), /*with_news=*/false,
                     /*allow_repeated=*/false, std::move(inputs));
  }

  /// Rows that REPLACE WHERE would not take away next time may not come in.
  Status Guard(ingest::BoundQuery& rows) const {
    if (!statement_.replace_where) return Ok();
    const StructType& schema = run_->change().schema();
    std::vector<std::string> names;
    for (const StructField& field : schema.fields) names.push_back(field.name);
    const ingest::RowCheck check{.name = kReplaceWhere,
                                 .text = sql::ToSparkText(*statement_.replace_where),
                                 .condition = *statement_.replace_where};
    sql::Select select{.from = parts::AsTable(std::move(rows.query), kSource, names),
                       .where = ingest::GuardOf(check, schema)};
    for (const std::string& name : names) {
      select.items.push_back(parts::Item(parts::Column(name), name));
    }
    rows.query = sql::Query{.body = std::move(select)};
    return Ok();
  }

  Error Mismatch(Error error) const {
    if (error.condition != Condition::DELTA_VIOLATE_CONSTRAINT_WITH_VALUES ||
        error.params.empty() || error.params[0].second != kReplaceWhere) {
      return error;
    }
    return Fail(Condition::DELTA_REPLACE_WHERE_MISMATCH,
                {{"replaceWhere", sql::ToSparkText(*statement_.replace_where)}})
        .error();
  }

  Result<QueryResult> Commit() {
    const ingest::ChangeFigures figures = TRY(run_->change().Finish());
    std::map<std::string, std::string> parameters = {
        {"mode", Replaces() ? "Overwrite" : "Append"},
        {"partitionBy", delta::JsonStrings(run_->table().partition_columns())}};
    if (statement_.replace_where) {
      parameters["predicate"] = sql::ToSparkText(*statement_.replace_where);
    } else if (statement_.replace_on) {
      parameters["predicate"] = sql::ToSparkText(*statement_.replace_on);
    }
    if (IsDynamic()) parameters["isDynamicPartitionOverwrite"] = "true";
    std::map<std::string, std::string> metrics = ingest::FileMetrics(figures);
    metrics["numFiles"] = std::to_string(figures.added_files);
    metrics["numOutputRows"] = std::to_string(figures.inserted_rows);
    metrics["numOutputBytes"] = std::to_string(figures.added_bytes);
    metrics["numDeletedRows"] = std::to_string(figures.deleted_rows);
    TRY(run_->Commit(
        {.name = "WRITE", .parameters = std::move(parameters), .metrics = std::move(metrics)}));
    return InsertedRows(figures.inserted_rows);
  }

  const Call& call_;
  const sql::Insert& statement_;
  std::unique_ptr<ChangeStatement> run_;
};

/// Whether the statement is more than an append or the overwrite of everything.
bool NeedsChange(const Call& call, const sql::Insert& statement) {
  const auto mode = call.session.configs.find("spark.sql.sources.partitionOverwriteMode");
  const bool is_dynamic =
      mode != call.session.configs.end() && EqualsIgnoreCase(mode->second, "dynamic");
  return statement.with_schema_evolution || statement.replace_where || statement.replace_on ||
         !statement.replace_using.empty() ||
         (statement.is_overwrite && (statement.partition || is_dynamic)) ||
         call.session.is_true("spark.databricks.delta.schema.autoMerge.enabled", false);
}

/// An append, or the overwrite of everything.
Result<QueryResult> RunPlainInsert(const Call& call, const sql::Insert& statement) {
  const TableTarget target = TRY(FindTable(call, statement.target.name));
  TRY(RefuseForMaterializedViews(target.entry, "INSERT").At(statement.target.name.span));
  const delta::SnapshotPtr table = TRY(LatestOf(call, target));
  ingest::CommitNotes notes = TRY(CommitNotesOf(call));
  if (notes.AreIn(*table)) return InsertedRows(0);
  InsertQuery query(call, statement, table, target.display_name);
  TRY(query.BindSource().At(statement.span));
  ingest::BoundQuery rows = TRY(query.Build().At(statement.span));
  ingest::TableWriter writer(*call.shared.engine,
                             {.user_name = call.session.user,
                              .before_commit = [&call] { return ProveGuesses(call); },
                              .notes = std::move(notes)},
                             call.options.stop);
  Result<ingest::WriteResult> written =
      writer.Insert(table, std::move(rows),
                    {.overwrite = statement.is_overwrite, .reads_table = query.reads_target()});
  if (!written) return std::unexpected(ingest::WithConstraintName(std::move(written).error()));
  call.shared.snapshots.Put(written->snapshot);
  AutoCompact(call, written->snapshot);
  return InsertedRows(written->num_rows);
}

}  // namespace

Result<QueryResult> InsertedRows(std::int64_t rows) {
  types::StructType schema{.fields = {{.name = "num_affected_rows", .type = types::TypeId::kLong},
                                      {.name = "num_inserted_rows", .type = types::TypeId::kLong}}};
  return MakeResult(std::move(schema), {{rows, rows}});
}

Result<QueryResult> Run(const Call& call, const sql::Insert& statement) {
  if (statement.if_not_exists) return FailUnsupported("INSERT OVERWRITE ... IF NOT EXISTS");
  if (const auto entry = FindFileTable(call, statement.target.name)) {
    return InsertIntoFileTable(call, statement, *entry);
  }
  if (NeedsChange(call, statement)) {
    return ReplacingInsert(call, statement).Run().At(statement.span);
  }
  return RunByGuess(call, [&](const Call& attempt) { return RunPlainInsert(attempt, statement); });
}

}  // namespace inlet::workspace
