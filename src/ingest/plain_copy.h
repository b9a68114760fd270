#pragma once

#include <memory>
#include <optional>

#include "engine/engine.h"
#include "ingest/write_table.h"

namespace inlet::ingest {

/// A query that only picks columns of one input: `SELECT * FROM input`, `SELECT * EXCEPT (a)`,
/// `SELECT b, a`. It needs no SQL engine between reader and writer.
struct PlainCopy {
  std::shared_ptr<const engine::SplitSource> source;
  engine::Projection projection;
};

/// Nothing when `query` does more than that, or when its columns are not those of `target` to the
/// type.
std::optional<PlainCopy> AsPlainCopy(const BoundQuery& query, const types::StructType& target);

}  // namespace inlet::ingest
