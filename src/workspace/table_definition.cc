#include "workspace/table_definition.h"

#include "sql/printer.h"
#include "types/json_text.h"

namespace inlet::workspace {
namespace {

Status AddConstraint(const sql::TableConstraint& constraint, delta::TableDefinition& definition) {
  if (constraint.kind != sql::TableConstraint::Kind::kCheck) return Ok();  // Informational.
  std::string name = constraint.name;
  if (name.empty()) name = "check_" + std::to_string(definition.properties.size() + 1);
  definition.properties["delta.constraints." + ToLower(name)] = sql::ToSql(*constraint.check);
  return Ok();
}

std::string FlatName(const sql::ColumnPath& path) {
  std::string name;
  for (const std::string& part : path) name += (name.empty() ? "" : ".") + part;
  return name;
}

Status CheckIdentity(const sql::ColumnDefinition& column) {
  if (!column.type->is(types::TypeId::kLong)) {
    return Fail(Condition::DELTA_IDENTITY_COLUMNS_UNSUPPORTED_DATA_TYPE,
                {{"dataType", types::ToSql(*column.type)}});
  }
  if (column.identity->increment == 0) {
    return Fail(Condition::DELTA_IDENTITY_COLUMNS_ILLEGAL_STEP, {});
  }
  if (column.generated_as) {
    return Fail(Condition::DELTA_IDENTITY_COLUMNS_WITH_GENERATED_EXPRESSION, {});
  }
  return Ok();
}

}  // namespace

Result<types::StructField> FieldOf(const sql::ColumnDefinition& column) {
  if (!column.type) {
    return Result<types::StructField>(
               Fail(Condition::PARSE_SYNTAX_ERROR,
                    {{"error", "'" + column.name + "'"}, {"hint", " The column has no type."}}))
        .At(column.span);
  }
  if (column.mask) return FailUnsupported("a column MASK");
  if (column.collation && !EqualsIgnoreCase(*column.collation, "UTF8_BINARY")) {
    return FailUnsupported("the collation " + *column.collation);
  }
  types::StructField field{.name = column.name,
                           .type = *column.type,
                           .nullable = column.is_nullable,
                           .metadata = column.metadata};
  if (column.comment) field.set_comment(*column.comment);
  if (column.default_value) {
    field.metadata["CURRENT_DEFAULT"] = types::JsonQuote(sql::ToSql(*column.default_value));
  }
  if (column.generated_as) {
    field.metadata["delta.generationExpression"] =
        types::JsonQuote(sql::ToSql(*column.generated_as));
  }
  if (column.identity) {
    TRY(CheckIdentity(column).At(column.span));
    field.metadata["delta.identity.start"] = std::to_string(column.identity->start);
    field.metadata["delta.identity.step"] = std::to_string(column.identity->increment);
    field.metadata["delta.identity.allowExplicitInsert"] =
        column.identity->always ? "false" : "true";
  }
  return field;
}

Result<delta::TableDefinition> DefinitionOf(const sql::CreateTable& statement) {
  if (!statement.provider.empty() && !EqualsIgnoreCase(statement.provider, "delta")) {
    return FailUnsupported("a table USING " + statement.provider + "; tables are Delta");
  }
  if (statement.row_filter) return FailUnsupported("a ROW FILTER");
  if (statement.is_temporary) return FailUnsupported("CREATE TEMPORARY TABLE");
  delta::TableDefinition definition;
  for (const sql::ColumnDefinition& column : statement.columns) {
    definition.schema.fields.push_back(TRY(FieldOf(column)));
    for (const auto& constraint : column.constraints) TRY(AddConstraint(constraint, definition));
  }
  for (const auto& constraint : statement.constraints) TRY(AddConstraint(constraint, definition));
  for (const sql::PartitionColumn& column : statement.partitioned_by) {
    if (column.transform) return FailUnsupported("PARTITIONED BY an expression");
    definition.partition_columns.push_back(column.name);
    if (column.type) {
      definition.schema.fields.push_back({.name = column.name, .type = *column.type});
    }
  }
  if (statement.cluster_by && statement.cluster_by->kind == sql::ClusterBy::Kind::kColumns) {
    if (!definition.partition_columns.empty()) {
      return Fail(Condition::SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED, {});
    }
    for (const sql::ColumnPath& path : statement.cluster_by->columns) {
      definition.clustering_columns.push_back(FlatName(path));
    }
  }
  definition.comment = statement.comment;
  for (const auto& [key, value] : statement.properties) definition.properties[key] = value;
  for (const auto& [key, value] : statement.options) {
    if (key.starts_with("delta.")) definition.properties[key] = value;
  }
  return definition;
}

}  // namespace inlet::workspace
