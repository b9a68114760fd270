#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/commit_file.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "types/predicate.h"

namespace inlet::delta {

/// What a transaction has read of a table.
struct ReadSet {
  bool whole_table = false;
  std::vector<std::vector<types::ColumnPredicate>> rows;  ///< Each: all of its predicates hold.
  FileKeySet files;
  std::set<std::string, std::less<>> app_ids;

  bool empty() const { return !whole_table && rows.empty() && files.empty(); }
};

/// Whether a transaction may still be committed behind `winner`, which came first.
///
/// `read_from`: the snapshot that the transaction read; `before`: the version right before
/// `winner`. Errors (kConflict): DELTA_PROTOCOL_CHANGED, DELTA_METADATA_CHANGED,
/// DELTA_CONCURRENT_TRANSACTION, DELTA_CONCURRENT_APPEND, DELTA_CONCURRENT_DELETE_READ,
/// DELTA_CONCURRENT_DELETE_DELETE. Source: conflict checks of the reference writer, in its order.
Status CheckConflict(const Snapshot& read_from, const Snapshot& before, const CommitActions& winner,
                     const CommitActions& ours, const ReadSet& reads, IsolationLevel isolation);

}  // namespace inlet::delta
