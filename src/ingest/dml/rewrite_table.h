#pragma once

#include <stop_token>
#include <string>

#include "delta/snapshot.h"
#include "delta/table.h"

namespace inlet::ingest {

struct RewriteRequest {
  delta::TableActions actions;  ///< The table's metadata and protocol as they become.
  delta::Operation operation;
  std::string session_time_zone = "UTC";
  int threads = 0;  ///< 0: one a core.
  std::stop_token stop;
};

/// Writes every row of a table again, as other metadata wants its files: without mapped columns, or
/// all of one type. Rows stay as they are, with their ids: the commit changes no data.
/// Errors: those of delta::Transaction::Commit().
Result<delta::SnapshotPtr> RewriteTable(const delta::SnapshotPtr& snapshot, RewriteRequest request);

}  // namespace inlet::ingest
