#pragma once

#include "workspace/session.h"

namespace inlet::workspace {

/// ALTER TABLE ... DROP FEATURE: turns the feature off, writes again what needs it, and takes it
/// out of the protocol. Readers of older versions of a reader feature are kept safe by checkpoints
/// that stay (`checkpointProtection`), or with TRUNCATE HISTORY by having no older versions.
/// Errors: those of delta::DropFeature(); DELTA_FEATURE_DROP_WAIT_FOR_RETENTION_PERIOD,
/// DELTA_FEATURE_DROP_HISTORICAL_VERSIONS_EXIST with TRUNCATE HISTORY.
Status DropFeature(const Call& call, delta::SnapshotPtr table, const sql::DropFeature& action);

/// SET TBLPROPERTIES ('delta.columnMapping.mode' = 'none') for a table that maps columns: its files
/// get the columns' own names. Errors: DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES.
Result<delta::SnapshotPtr> RemoveColumnMapping(const Call& call, const delta::SnapshotPtr& table);

}  // namespace inlet::workspace
