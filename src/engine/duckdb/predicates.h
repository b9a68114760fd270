#pragma once

#include <duckdb/common/unique_ptr.hpp>
#include <duckdb/common/vector.hpp>
#include <vector>

#include "types/data_type.h"
#include "types/predicate.h"

namespace duckdb {
class Expression;
class LogicalGet;
}  // namespace duckdb

namespace inlet::engine {

/// Those of the conjoined `filters` over a scan that compare one column with constants, in the
/// terms of the scanned schema. The rest is left out: predicates only ever narrow what is read.
std::vector<types::ColumnPredicate> FindPredicates(
    const duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters,
    const duckdb::LogicalGet& get, const types::StructType& schema);

}  // namespace inlet::engine
