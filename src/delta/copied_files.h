#pragma once

#include <string>
#include <string_view>

#include "delta/snapshot.h"

namespace inlet::delta {

class Transaction;

/// Which files COPY INTO has loaded into a table is part of the table: a `txn` action of this
/// application, followed by the table's id, whose version names the newest file of that record
/// below `_delta_log/_inlet_copy/`; 0 is an empty record. Other engines keep the action and need
/// not know of it. See ingest/loaded_files.h.
inline constexpr std::string_view kCopiedFilesApplication = "inlet-copy-into:";

std::string CopiedFilesApplication(const Metadata& metadata);

/// The record as `wanted` has it becomes that of the next version: for RESTORE.
void RestoreCopiedFiles(const Snapshot& wanted, Transaction& transaction);
/// An empty record: for REPLACE TABLE.
void ForgetCopiedFiles(Transaction& transaction);

}  // namespace inlet::delta
