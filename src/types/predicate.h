#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace inlet::types {

/// A condition on one column that a source may use to leave out data that cannot match. The engine
/// applies it again: a source that ignores it is slow, not wrong. SQL meaning: NULL never matches
/// except kIsNull.
struct ColumnPredicate {
  enum class Op : std::uint8_t {
    kEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIn,
    kIsNull,
    kIsNotNull
  };
  std::size_t column = 0;  ///< Index into the source's schema.
  Op op = Op::kEqual;
  std::vector<std::shared_ptr<arrow::Scalar>>
      values;  ///< Of the column's Arrow type; several for kIn.
};

}  // namespace inlet::types
