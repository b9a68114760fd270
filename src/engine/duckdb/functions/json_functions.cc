#include "engine/duckdb/functions/casts_internal.h"
#include "engine/duckdb/functions/function_internal.h"

namespace inlet::engine::functions {

ExpressionPtr CastVariant(ClientContext&, ExpressionPtr, const LogicalType&, CastMode) {
  Raise(Condition::INLET_UNSUPPORTED, {{"feature", "CAST of VARIANT"}});
}

}  // namespace inlet::engine::functions
