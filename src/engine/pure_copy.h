#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engine/engine.h"
#include "sql/ast.h"

namespace inlet::engine {

/// A query that only picks columns of one input.
struct PureCopy {
  std::shared_ptr<const SplitSource> source;
  Projection projection;
};

/// Recognizes `SELECT * FROM input` and `SELECT a, b FROM input` whose columns have the types of
/// `target` already: rows can go to the writer as they come.
std::optional<PureCopy> FindPureCopy(const sql::Query& query, std::span<const Input> inputs,
                                     const types::StructType& target);

}  // namespace inlet::engine
