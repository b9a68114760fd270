#include <spark/connect/base.pb.h>
#include <spark/connect/commands.pb.h>

#include <algorithm>

#include "formats/format.h"
#include "server/spark_connect/plan_runner.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/parser.h"
#include "sql/statement.h"
#include "workspace/file_write.h"

/// df.write, df.writeTo and df.mergeInto as the statements that they are.
namespace inlet::server {
namespace {

using V1 = spark::connect::WriteOperation;
using V2 = spark::connect::WriteOperationV2;

/// Options of a write that mean something; readers' and file formats' ones do not get here.
struct WriteOptions {
  bool merge_schema = false;
  bool overwrite_schema = false;
  std::optional<std::string> replace_where;
  std::optional<std::string> path;
  sql::Properties table_properties;  ///< delta.*
};

Result<WriteOptions> OptionsOf(const google::protobuf::Map<std::string, std::string>& message) {
  const OptionMap options(message.begin(), message.end());
  WriteOptions write;
  write.merge_schema = TRY(GetBool(options, "mergeSchema")).value_or(false);
  write.overwrite_schema = TRY(GetBool(options, "overwriteSchema")).value_or(false);
  write.replace_where = GetString(options, "replaceWhere");
  write.path = GetString(options, "path");
  for (const auto& [key, value] : options) {
    if (ToLower(key).starts_with("delta.")) write.table_properties.emplace_back(key, value);
  }
  return write;
}

/// Options of one write that Delta knows as settings of the session, too.
constexpr std::pair<std::string_view, std::string_view> kSettings[] = {
    {"txnAppId", "spark.databricks.delta.write.txnAppId"},
    {"txnVersion", "spark.databricks.delta.write.txnVersion"},
    {"userMetadata", "spark.databricks.delta.commitInfo.userMetadata"},
    {"partitionOverwriteMode", "spark.sql.sources.partitionOverwriteMode"}};

/// coalesce(1) and repartition(1) ask for one file.
bool WantsOneFile(const spark::connect::Relation& input) {
  return input.has_repartition() && input.repartition().num_partitions() == 1;
}

Result<sql::ObjectName> TableName(const std::string& text) { return sql::ParseObjectName(text); }

}  // namespace

Result<bool> PlanRunner::TableExists(const sql::ObjectName& name) {
  sql::Select select{.from = sql::TableRef{.node = sql::NamedTable{.name = name}}};
  select.items.push_back({.value = {.node = sql::Star{}}});
  const auto schema = client_->Describe({.body = std::move(select)}, {}, options_);
  if (schema) return true;
  const Error& error = schema.error();
  if (error.kind() == ErrorKind::kNotFound ||
      error.condition == Condition::DELTA_MISSING_DELTA_TABLE) {
    return false;
  }
  return std::unexpected(error);
}

Status PlanRunner::Execute(const sql::Statement& statement) {
  auto result = client_->Execute(statement, translator_.inputs(), options_);
  if (!result) return std::unexpected(std::move(result).error());
  return Ok();
}

/// The client is this plan's own.
Status PlanRunner::UseSettings(const google::protobuf::Map<std::string, std::string>& options) {
  const OptionMap given(options.begin(), options.end());
  for (const auto& [option, key] : kSettings) {
    const auto value = GetString(given, option);
    if (!value) continue;
    TRY(Execute(sql::SetConfig{.key = std::string(key), .value = *value}));
  }
  return Ok();
}

Status PlanRunner::Write(const V1& write) {
  std::string source = ToLower(write.source());
  // Buckets are a layout, and change no row.
  if (write.has_bucket_by() && source == "delta")
    return FailUnsupported("bucketBy of Delta tables");
  if (write.has_bucket_by() && !write.has_table()) {
    return FailUnsupported("bucketBy of files that are no table");
  }
  if (source.empty()) source = "delta";
  TRY(UseSettings(write.options()));
  const Frame frame = TRY(translator_.Translate(write.input()));
  const WriteOptions options = TRY(OptionsOf(write.options()));
  const bool is_insert = write.has_table() && write.table().save_method() ==
                                                  V1::SaveTable::TABLE_SAVE_METHOD_INSERT_INTO;
  sql::ObjectName target;
  if (write.has_table()) {
    target = TRY(TableName(write.table().table_name()));
  } else {
    const std::string path = write.has_path() ? write.path() : options.path.value_or("");
    if (path.empty()) {
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "path"}, {"functionName", "save"}, {"message", "it is missing"}});
    }
    if (source != "delta" && source != "noop") {
      return WriteFiles(frame, write, source, path);
    }
    target.parts = {"delta", path};
  }
  if (source == "noop") {
    TRY(translator_.Collect(frame));
    return Ok();
  }
  if (source != "delta" && !is_insert) {
    if (formats::FindFormat(source) == nullptr) {
      return Fail(Condition::DATA_SOURCE_NOT_FOUND,
                  {{"provider", write.source()}, {"suggestion", ""}});
    }
  }
  const bool exists = TRY(TableExists(target));
  const bool is_overwrite = write.mode() == V1::SAVE_MODE_OVERWRITE;
  if (is_insert || (exists && write.mode() == V1::SAVE_MODE_APPEND) ||
      (exists && is_overwrite && !options.overwrite_schema && source == "delta")) {
    sql::Insert insert{.query = ToNamedQuery(frame)};
    insert.target.name = target;
    insert.by_name = !is_insert;
    insert.with_schema_evolution = options.merge_schema || write.with_schema_evolution();
    if (is_overwrite && options.replace_where) {
      insert.replace_where = TRY(sql::ParseExpression(*options.replace_where));
    } else {
      insert.is_overwrite = is_overwrite;
    }
    return Execute(insert);
  }
  if (exists && write.mode() == V1::SAVE_MODE_IGNORE) return Ok();
  if (!write.has_table() && write.clustering_columns().empty()) {
    if (!exists) return WriteFirst(frame, write, target.parts[1]);
    if (!is_overwrite) {
      return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", target.parts[1]}});
    }
  }
  sql::CreateTable create{.query = ToNamedQuery(frame)};
  create.or_replace = is_overwrite;
  create.name = target;
  create.provider = source;
  create.properties = options.table_properties;
  if (source != "delta") create.options.assign(write.options().begin(), write.options().end());
  if (write.has_table() && options.path) create.location = options.path;
  for (const std::string& column : write.partitioning_columns()) {
    create.partitioned_by.push_back({.name = column});
  }
  if (!write.clustering_columns().empty()) {
    sql::ClusterBy cluster;
    for (const std::string& column : write.clustering_columns()) {
      cluster.columns.push_back(TRY(ParseNameParts(column)));
    }
    create.cluster_by = std::move(cluster);
  }
  return Execute(create);
}

/// save() of a Delta table that is not there yet.
Status PlanRunner::WriteFirst(const Frame& frame, const V1& write, const std::string& path) {
  workspace::FileWrite first{.query = ToNamedQuery(frame),
                             .path = path,
                             .format = "delta",
                             .options = OptionMap(write.options().begin(), write.options().end()),
                             .partition_columns = {write.partitioning_columns().begin(),
                                                   write.partitioning_columns().end()}};
  if (write.mode() == V1::SAVE_MODE_APPEND) first.mode_name = "Append";
  if (write.mode() == V1::SAVE_MODE_OVERWRITE) first.mode_name = "Overwrite";
  if (write.mode() == V1::SAVE_MODE_IGNORE) first.mode_name = "Ignore";
  const auto result = client_->Execute(first, translator_.inputs(), options_);
  if (!result) return std::unexpected(result.error());
  return Ok();
}

Status PlanRunner::WriteFiles(const Frame& frame, const V1& write, const std::string& format,
                              const std::string& path) {
  if (formats::FindFormat(format) == nullptr) {
    return Fail(Condition::DATA_SOURCE_NOT_FOUND,
                {{"provider", write.source()}, {"suggestion", ""}});
  }
  workspace::FileWrite files{.query = ToNamedQuery(frame),
                             .path = path,
                             .format = format,
                             .options = OptionMap(write.options().begin(), write.options().end()),
                             .partition_columns = {write.partitioning_columns().begin(),
                                                   write.partitioning_columns().end()},
                             .is_ordered = WantsOneFile(write.input())};
  switch (write.mode()) {
    case V1::SAVE_MODE_APPEND:
      break;
    case V1::SAVE_MODE_OVERWRITE: {
      const auto mode = client_->configs().find("spark.sql.sources.partitionOverwriteMode");
      const bool is_dynamic = mode != client_->configs().end() &&
                              EqualsIgnoreCase(mode->second, "dynamic") &&
                              !files.partition_columns.empty();
      files.mode =
          is_dynamic ? ingest::FilesMode::kOverwritePartitions : ingest::FilesMode::kOverwrite;
      break;
    }
    default: {
      const auto found = client_->Execute(sql::ListFiles{.path = path, .limit = 1}, {}, options_);
      const bool exists = found && found->rows != nullptr && TRY(found->rows->Next()) != nullptr;
      if (exists && write.mode() == V1::SAVE_MODE_IGNORE) return Ok();
      if (exists) return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", path}});
    }
  }
  const auto result = client_->Execute(files, translator_.inputs(), options_);
  if (!result) return std::unexpected(result.error());
  return Ok();
}

Status PlanRunner::WriteV2(const V2& write) {
  const Frame frame = TRY(translator_.Translate(write.input()));
  const WriteOptions options = TRY(OptionsOf(write.options()));
  const sql::ObjectName target = TRY(TableName(write.table_name()));
  TRY(UseSettings(write.options()));
  const auto insert = [&](bool is_overwrite) {
    sql::Insert statement{.query = ToNamedQuery(frame)};
    statement.target.name = target;
    statement.by_name = true;
    statement.is_overwrite = is_overwrite;
    statement.with_schema_evolution = options.merge_schema || write.with_schema_evolution();
    return statement;
  };
  switch (write.mode()) {
    case V2::MODE_APPEND:
      return Execute(insert(false));
    case V2::MODE_OVERWRITE: {
      sql::Insert statement = insert(false);
      ExpressionTranslator expressions{ExpressionContext{}};
      statement.replace_where =
          WithoutMarks(TRY(expressions.Translate(write.overwrite_condition())));
      return Execute(statement);
    }
    case V2::MODE_OVERWRITE_PARTITIONS:
      TRY(Execute(
          sql::SetConfig{.key = "spark.sql.sources.partitionOverwriteMode", .value = "dynamic"}));
      return Execute(insert(true));
    default:
      break;
  }
  sql::CreateTable create{.query = ToNamedQuery(frame)};
  create.is_create = write.mode() != V2::MODE_REPLACE;
  create.or_replace = write.mode() == V2::MODE_CREATE_OR_REPLACE;
  create.name = target;
  create.provider = write.provider().empty() ? "delta" : write.provider();
  create.properties = options.table_properties;
  for (const auto& [key, value] : write.table_properties())
    create.properties.emplace_back(key, value);
  for (const auto& column : write.partitioning_columns()) {
    if (!column.has_unresolved_attribute()) return FailUnsupported("transforms in partitionedBy");
    create.partitioned_by.push_back({.name = column.unresolved_attribute().unparsed_identifier()});
  }
  if (!write.clustering_columns().empty()) {
    sql::ClusterBy cluster;
    for (const std::string& column : write.clustering_columns()) {
      cluster.columns.push_back(TRY(ParseNameParts(column)));
    }
    create.cluster_by = std::move(cluster);
  }
  return Execute(create);
}

Status PlanRunner::Merge(const spark::connect::MergeIntoTableCommand& message) {
  using Action = spark::connect::MergeAction;
  const Frame source = TRY(translator_.Translate(message.source_table_plan()));
  std::string alias = "source";
  if (!source.columns.empty() && source.columns[0].qualifier.size() == 1) {
    alias = source.columns[0].qualifier[0];
  }
  ExpressionTranslator expressions{ExpressionContext{}};
  const auto translate = [&](const spark::connect::Expression& expression) {
    Result<sql::Expression> translated = expressions.Translate(expression);
    if (translated) Requalify(*translated, alias);
    return translated;
  };
  sql::Merge merge{.with_schema_evolution = message.with_schema_evolution(),
                   .source = AsTable(ToNamedQuery(source), alias)};
  merge.condition = TRY(translate(message.merge_condition()));
  merge.target.name = TRY(TableName(message.target_table_name()));
  const auto add = [&](const auto& actions, sql::Merge::When when) -> Status {
    for (const auto& expression : actions) {
      const Action& action = expression.merge_action();
      sql::Merge::Clause clause{.when = when};
      if (action.has_condition()) clause.condition = TRY(translate(action.condition()));
      switch (action.action_type()) {
        case Action::ACTION_TYPE_DELETE:
          clause.action = sql::Merge::Action::kDelete;
          break;
        case Action::ACTION_TYPE_INSERT:
          clause.action = sql::Merge::Action::kInsert;
          break;
        case Action::ACTION_TYPE_INSERT_STAR:
          clause.action = sql::Merge::Action::kInsertAll;
          break;
        case Action::ACTION_TYPE_UPDATE:
          clause.action = sql::Merge::Action::kUpdate;
          break;
        case Action::ACTION_TYPE_UPDATE_STAR:
          clause.action = sql::Merge::Action::kUpdateAll;
          break;
        default:
          return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                      {{"errorMsg", "a merge action has no kind"}});
      }
      for (const auto& assignment : action.assignments()) {
        sql::Expression key = WithoutMarks(TRY(expressions.Translate(assignment.key())));
        const auto* column = key.As<sql::ColumnRef>();
        if (column == nullptr) return FailUnsupported("assignments to what is no column");
        sql::Expression value = TRY(translate(assignment.value()));
        clause.assignments.push_back({.column = {column->parts.back()}, .value = std::move(value)});
      }
      merge.clauses.push_back(std::move(clause));
    }
    return Ok();
  };
  TRY(add(message.match_actions(), sql::Merge::When::kMatched));
  TRY(add(message.not_matched_actions(), sql::Merge::When::kNotMatched));
  TRY(add(message.not_matched_by_source_actions(), sql::Merge::When::kNotMatchedBySource));
  return Execute(merge);
}

}  // namespace inlet::server
