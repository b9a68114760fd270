#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/catalog.h"
#include "delta/table.h"
#include "pipelines/definition.h"
#include "pipelines/host.h"
#include "sql/query.h"
#include "types/data_type.h"

/// From a definition to the Delta table that holds the rows.
namespace inlet::pipelines {

/// What CREATE says of the table, its columns left to the caller.
delta::TableDefinition TableDefinitionOf(const catalog::TableEntry& entry,
                                         const Definition& definition);

Scope ScopeOf(const Definition& definition, const Flow& flow);

/// A view's query under the names, and cast to the types, that its column list declares.
sql::Query WithDeclaredNames(const sql::Query& query, const Definition& definition);
/// Gives the columns of a view's query what its column list declares besides: NOT NULL, comments.
void ApplyDeclaredColumns(const Definition& definition, types::StructType& schema);

/// The same names, types, nullability and comments in the same order.
bool SameColumns(const types::StructType& left, const types::StructType& right);

}  // namespace inlet::pipelines
