#pragma once

#include "ingest/write_table.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// What the session's settings want commits to say: spark.databricks.delta.commitInfo.userMetadata,
/// and spark.databricks.delta.write.txnAppId with txnVersion.
/// Errors: INVALID_PARAMETER_VALUE when only one of the two is set, or the version is no number.
Result<ingest::CommitNotes> CommitNotesOf(const Call& call);

}  // namespace inlet::workspace
