#include <delta/connect/commands.pb.h>
#include <delta/connect/relations.pb.h>
#include <google/protobuf/any.pb.h>
#include <spark/connect/commands.pb.h>

#include "server/spark_connect/data_types.h"
#include "server/spark_connect/plan_runner.h"
#include "server/spark_connect/relations.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/parser.h"
#include "sql/statement.h"
#include "workspace/row_table.h"

/// Delta Connect: what the Python package delta.tables asks for.
namespace inlet::server {
namespace {

namespace dc = ::delta::connect;
using types::StructType;
using types::TypeId;

std::unexpected<Error> BadPlan(std::string message) {
  return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE, {{"errorMsg", std::move(message)}});
}

/// A path, or a name of the catalog.
Result<sql::ObjectName> NameOrPath(const std::string& text) {
  const bool is_path = text.starts_with('/') || text.find(":/") != std::string::npos;
  if (is_path) return sql::ObjectName{.parts = {"delta", text}};
  return sql::ParseObjectName(text);
}

Result<sql::ObjectName> NameOf(const dc::DeltaTable& table) {
  if (table.has_path()) return sql::ObjectName{.parts = {"delta", table.path().path()}};
  return NameOrPath(table.table_or_view_name());
}

/// A target of UPDATE, DELETE and MERGE: a scan, perhaps under an alias.
struct Target {
  sql::ObjectName name;
  std::string alias;
};

Result<Target> TargetOf(const spark::connect::Relation& relation) {
  if (relation.has_subquery_alias()) {
    Target target = TRY(TargetOf(relation.subquery_alias().input()));
    target.alias = relation.subquery_alias().alias();
    return target;
  }
  dc::DeltaRelation message;
  if (!relation.has_extension() || !relation.extension().UnpackTo(&message) ||
      !message.has_scan()) {
    return BadPlan("the target is no Delta table");
  }
  return Target{.name = TRY(NameOf(message.scan().table()))};
}

/// Expressions as they stand: columns of Delta's own frames have no numbers that mean something.
Result<sql::Expression> Plain(const spark::connect::Expression& expression) {
  ExpressionTranslator translator{ExpressionContext{}};
  return WithoutMarks(TRY(translator.Translate(expression)));
}

Result<std::vector<sql::Assignment>> AssignmentsOf(
    const google::protobuf::RepeatedPtrField<dc::Assignment>& messages) {
  std::vector<sql::Assignment> assignments;
  for (const dc::Assignment& message : messages) {
    const sql::Expression field = TRY(Plain(message.field()));
    const auto* column = field.As<sql::ColumnRef>();
    if (column == nullptr) return BadPlan("an assignment to what is no column");
    sql::Expression value = TRY(Plain(message.value()));
    assignments.push_back({.column = {column->parts.back()}, .value = std::move(value)});
  }
  return assignments;
}

Result<sql::Merge::Clause> ClauseOf(const dc::MergeIntoTable_Action& action,
                                    sql::Merge::When when) {
  using Kind = sql::Merge::Action;
  sql::Merge::Clause clause{.when = when};
  if (action.has_condition()) clause.condition = TRY(Plain(action.condition()));
  switch (action.action_type_case()) {
    case dc::MergeIntoTable_Action::kDeleteAction:
      clause.action = Kind::kDelete;
      break;
    case dc::MergeIntoTable_Action::kUpdateAction:
      clause.action = Kind::kUpdate;
      clause.assignments = TRY(AssignmentsOf(action.update_action().assignments()));
      break;
    case dc::MergeIntoTable_Action::kUpdateStarAction:
      clause.action = Kind::kUpdateAll;
      break;
    case dc::MergeIntoTable_Action::kInsertAction:
      clause.action = Kind::kInsert;
      clause.assignments = TRY(AssignmentsOf(action.insert_action().assignments()));
      break;
    case dc::MergeIntoTable_Action::kInsertStarAction:
      clause.action = Kind::kInsertAll;
      break;
    default:
      return BadPlan("a merge action has no kind");
  }
  return clause;
}

Result<sql::Statement> CreateStatement(const dc::CreateDeltaTable& message) {
  using Kind = dc::CreateDeltaTable;
  sql::CreateTable create;
  create.is_create = message.mode() != Kind::MODE_REPLACE;
  create.or_replace = message.mode() == Kind::MODE_CREATE_OR_REPLACE;
  create.if_not_exists = message.mode() == Kind::MODE_CREATE_IF_NOT_EXISTS;
  create.provider = "delta";
  if (message.has_table_name()) {
    create.name = TRY(sql::ParseObjectName(message.table_name()));
    if (message.has_location()) create.location = message.location();
  } else {
    create.name.parts = {"delta", message.location()};
  }
  if (message.has_comment()) create.comment = message.comment();
  for (const auto& column : message.columns()) {
    types::DataType type = TRY(FromMessage(column.data_type()));
    sql::ColumnDefinition definition{
        .name = column.name(), .type = std::move(type), .is_nullable = column.nullable()};
    if (column.has_comment()) definition.comment = column.comment();
    if (column.has_generated_always_as()) {
      definition.generated_as = TRY(sql::ParseExpression(column.generated_always_as()));
    }
    if (column.has_identity_info()) {
      definition.identity = sql::Identity{.always = !column.identity_info().allow_explicit_insert(),
                                          .start = column.identity_info().start(),
                                          .increment = column.identity_info().step()};
    }
    create.columns.push_back(std::move(definition));
  }
  for (const std::string& name : message.partitioning_columns()) {
    create.partitioned_by.push_back({.name = name});
  }
  if (!message.clustering_columns().empty()) {
    sql::ClusterBy cluster;
    for (const std::string& name : message.clustering_columns()) {
      cluster.columns.push_back(TRY(ParseNameParts(name)));
    }
    create.cluster_by = std::move(cluster);
  }
  create.properties.assign(message.properties().begin(), message.properties().end());
  return sql::Statement(std::move(create));
}

Result<sql::TimeTravel> VersionOf(const dc::RestoreTable& message) {
  if (message.has_timestamp()) {
    return sql::TimeTravel{.timestamp = TextLiteral(message.timestamp())};
  }
  return sql::TimeTravel{.version = message.version()};
}

}  // namespace

Result<Frame> RelationTranslator::RowsOf(const sql::Statement& statement) {
  workspace::QueryResult result = TRY(client_.Execute(statement, inputs_, options_));
  std::vector<types::BatchPtr> batches;
  while (result.rows != nullptr) {
    types::BatchPtr batch = TRY(result.rows->Next());
    if (batch == nullptr) break;
    batches.push_back(std::move(batch));
  }
  return LocalRows(std::move(result.schema), std::move(batches));
}

Result<Frame> RelationTranslator::Extension(const google::protobuf::Any& extension, PlanId id) {
  using Kind = dc::DeltaRelation;
  dc::DeltaRelation relation;
  if (!extension.UnpackTo(&relation)) {
    return FailUnsupported("the extension " + extension.type_url());
  }
  switch (relation.relation_type_case()) {
    case Kind::kScan:
      return Leaf({.node = sql::NamedTable{.name = TRY(NameOf(relation.scan().table()))}}, {}, id);
    case Kind::kDescribeHistory:
      return RowsOf(sql::DescribeHistory{.name = TRY(NameOf(relation.describe_history().table()))});
    case Kind::kDescribeDetail:
      return RowsOf(sql::DescribeDetail{.name = TRY(NameOf(relation.describe_detail().table()))});
    case Kind::kRestoreTable: {
      sql::Restore restore{.name = TRY(NameOf(relation.restore_table().table()))};
      restore.to = TRY(VersionOf(relation.restore_table()));
      return RowsOf(restore);
    }
    case Kind::kIsDeltaTable: {
      const sql::ObjectName name{.parts = {"delta", relation.is_delta_table().path()}};
      const bool is_one =
          client_.Execute(sql::DescribeDetail{.name = name}, {}, options_).has_value();
      StructType schema{.fields = {{.name = "value", .type = TypeId::kBoolean, .nullable = false}}};
      types::BatchPtr batch = TRY(workspace::MakeBatch(schema, {{is_one}}));
      return LocalRows(std::move(schema), {std::move(batch)});
    }
    case Kind::kDeleteFromTable: {
      const auto& message = relation.delete_from_table();
      const Target target = TRY(TargetOf(message.target()));
      sql::Delete statement{.target = {.name = target.name}, .alias = target.alias};
      if (message.has_condition()) statement.where = TRY(Plain(message.condition()));
      return RowsOf(statement);
    }
    case Kind::kUpdateTable: {
      const auto& message = relation.update_table();
      const Target target = TRY(TargetOf(message.target()));
      sql::Update statement{.target = {.name = target.name}, .alias = target.alias};
      statement.assignments = TRY(AssignmentsOf(message.assignments()));
      if (message.has_condition()) statement.where = TRY(Plain(message.condition()));
      return RowsOf(statement);
    }
    case Kind::kMergeIntoTable: {
      const auto& message = relation.merge_into_table();
      const Target target = TRY(TargetOf(message.target()));
      const Frame source = TRY(Translate(message.source()));
      std::string alias;
      if (!source.columns.empty() && source.columns[0].qualifier.size() == 1) {
        alias = source.columns[0].qualifier[0];
      }
      sql::Merge merge{.with_schema_evolution = message.with_schema_evolution(),
                       .target_alias = target.alias,
                       .source = AsTable(ToNamedQuery(source), alias)};
      merge.condition = TRY(Plain(message.condition()));
      merge.target.name = target.name;
      for (const auto& action : message.matched_actions()) {
        merge.clauses.push_back(TRY(ClauseOf(action, sql::Merge::When::kMatched)));
      }
      for (const auto& action : message.not_matched_actions()) {
        merge.clauses.push_back(TRY(ClauseOf(action, sql::Merge::When::kNotMatched)));
      }
      for (const auto& action : message.not_matched_by_source_actions()) {
        merge.clauses.push_back(TRY(ClauseOf(action, sql::Merge::When::kNotMatchedBySource)));
      }
      return RowsOf(merge);
    }
    case Kind::kOptimizeTable: {
      const auto& message = relation.optimize_table();
      sql::Optimize optimize{.name = TRY(NameOf(message.table()))};
      std::vector<sql::Expression> filters;
      for (const std::string& filter : message.partition_filters()) {
        filters.push_back(TRY(sql::ParseExpression(filter)));
      }
      if (!filters.empty()) optimize.where = AllOf(std::move(filters));
      for (const std::string& column : message.zorder_columns()) {
        optimize.zorder_by.push_back(TRY(ParseNameParts(column)));
      }
      return RowsOf(optimize);
    }
    case Kind::kConvertToDelta: {
      const auto& message = relation.convert_to_delta();
      sql::ConvertToDelta convert{.name = TRY(sql::ParseObjectName(message.identifier()))};
      StructType partitions;
      if (message.has_partition_schema_string()) {
        partitions = TRY(types::ParseDdl(message.partition_schema_string()));
      } else if (message.has_partition_schema_struct()) {
        partitions = TRY(ColumnsFromMessage(message.partition_schema_struct()));
      }
      for (const types::StructField& field : partitions.fields) {
        convert.partitioned_by.push_back({.name = field.name, .type = field.type});
      }
      TRY(RowsOf(convert));
      // The client makes a DeltaTable of what this names.
      StructType schema{.fields = {{.name = "value", .type = TypeId::kString}}};
      const auto& parts = convert.name.parts;
      const bool is_path = parts.size() == 2 && EqualsIgnoreCase(parts[0], "parquet");
      const std::string name =
          is_path ? "delta." + types::QuoteIdentifier(parts[1]) : message.identifier();
      types::BatchPtr batch = TRY(workspace::MakeBatch(schema, {{name}}));
      return LocalRows(std::move(schema), {std::move(batch)});
    }
    default:
      return BadPlan("a Delta relation has no kind that is known");
  }
}

Status PlanRunner::DeltaCommand(const google::protobuf::Any& extension) {
  using Kind = dc::DeltaCommand;
  dc::DeltaCommand command;
  if (!extension.UnpackTo(&command)) {
    return FailUnsupported("the extension " + extension.type_url());
  }
  switch (command.command_type_case()) {
    case Kind::kVacuumTable: {
      sql::Vacuum vacuum{.name = TRY(NameOf(command.vacuum_table().table()))};
      if (command.vacuum_table().has_retention_hours()) {
        vacuum.retain_hours = command.vacuum_table().retention_hours();
      }
      return Execute(vacuum);
    }
    case Kind::kCreateDeltaTable:
      return Execute(TRY(CreateStatement(command.create_delta_table())));
    case Kind::kCloneTable: {
      const auto& message = command.clone_table();
      sql::CloneTable clone{.or_replace = message.replace(),
                            .name = TRY(NameOrPath(message.target())),
                            .is_shallow = message.is_shallow()};
      clone.source.name = TRY(NameOf(message.table()));
      if (message.has_version())
        clone.source.time_travel = sql::TimeTravel{.version = message.version()};
      if (message.has_timestamp()) {
        clone.source.time_travel = sql::TimeTravel{.timestamp = TextLiteral(message.timestamp())};
      }
      clone.properties.assign(message.properties().begin(), message.properties().end());
      return Execute(clone);
    }
    case Kind::kGenerate:
      return Execute(sql::GenerateManifest{.mode = command.generate().mode(),
                                           .name = TRY(NameOf(command.generate().table()))});
    case Kind::kUpgradeTableProtocol: {
      sql::AlterTable alter{.name = TRY(NameOf(command.upgrade_table_protocol().table()))};
      alter.action =
          sql::SetProperties{{{"delta.minReaderVersion",
                               std::to_string(command.upgrade_table_protocol().reader_version())},
                              {"delta.minWriterVersion",
                               std::to_string(command.upgrade_table_protocol().writer_version())}}};
      return Execute(alter);
    }
    case Kind::kAddFeatureSupport: {
      sql::AlterTable alter{.name = TRY(NameOf(command.add_feature_support().table()))};
      alter.action = sql::SetProperties{
          {{"delta.feature." + command.add_feature_support().feature_name(), "supported"}}};
      return Execute(alter);
    }
    case Kind::kDropFeatureSupport: {
      sql::AlterTable alter{.name = TRY(NameOf(command.drop_feature_support().table()))};
      alter.action =
          sql::DropFeature{.feature = command.drop_feature_support().feature_name(),
                           .truncate_history = command.drop_feature_support().truncate_history()};
      return Execute(alter);
    }
    default:
      return BadPlan("a Delta command has no kind that is known");
  }
}

}  // namespace inlet::server
