#pragma once

#include "ingest/write_table.h"
#include "sql/query.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// Binds every table of `query`: catalog tables and paths become inputs, views their queries,
/// session variables their values.
///
/// Errors: TABLE_OR_VIEW_NOT_FOUND with the nearest name; those of read_files and of Delta;
/// UNRESOLVABLE_TABLE_VALUED_FUNCTION; all with their place.
Result<ingest::BoundQuery> Bind(const Call& call, sql::Query query);

}  // namespace inlet::workspace
