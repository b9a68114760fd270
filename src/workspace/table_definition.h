#pragma once

#include "delta/table.h"
#include "sql/statement.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// What the clauses of CREATE TABLE say, for the Delta layer. The schema is empty where a query
/// gives it.
///
/// Errors: DATA_SOURCE_NOT_FOUND and INLET_UNSUPPORTED for another provider than DELTA;
/// SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED;
/// WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED; INLET_UNSUPPORTED by name for clauses that
/// are not done yet.
Result<delta::TableDefinition> DefinitionOf(const sql::CreateTable& statement);

/// A column as the schema of a Delta table keeps it.
Result<types::StructField> FieldOf(const sql::ColumnDefinition& column);

}  // namespace inlet::workspace
