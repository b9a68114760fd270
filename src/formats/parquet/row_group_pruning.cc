#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cmath>
#include <compare>
#include <optional>
#include <string>
#include <variant>

#include "formats/parquet/row_group_pruning_internal.h"

namespace inlet::formats::parquet_internal {
namespace {

using Op = types::ColumnPredicate::Op;
using types::TypeId;

/// A value that can be ordered; the alternatives of the two sides of a comparison are the same.
using Ordered = std::variant<std::int64_t, double, std::string>;

struct Range {
  Ordered min;
  Ordered max;
};

std::optional<Ordered> ValueOf(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return std::nullopt;
  switch (scalar.type->id()) {
    case arrow::Type::INT8:
      return std::int64_t{static_cast<const arrow::Int8Scalar&>(scalar).value};
    case arrow::Type::INT16:
      return std::int64_t{static_cast<const arrow::Int16Scalar&>(scalar).value};
    case arrow::Type::INT32:
      return std::int64_t{static_cast<const arrow::Int32Scalar&>(scalar).value};
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Scalar&>(scalar).value;
    case arrow::Type::DATE32:
      return std::int64_t{static_cast<const arrow::Date32Scalar&>(scalar).value};
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampScalar&>(scalar).value;
    case arrow::Type::FLOAT:
      return static_cast<double>(static_cast<const arrow::FloatScalar&>(scalar).value);
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleScalar&>(scalar).value;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BaseBinaryScalar&>(scalar).value->ToString();
    default:
      return std::nullopt;
  }
}

/// Micro- or other units of a timestamp column, or 0 when it is none.
std::int64_t UnitsPerMicro(const parquet::ColumnDescriptor& column, bool* nanoseconds) {
  *nanoseconds = false;
  const parquet::LogicalType& logical = *column.logical_type();
  if (!logical.is_timestamp()) return 0;
  switch (static_cast<const parquet::TimestampLogicalType&>(logical).time_unit()) {
    case parquet::LogicalType::TimeUnit::MILLIS:
      return 1000;
    case parquet::LogicalType::TimeUnit::MICROS:
      return 1;
    case parquet::LogicalType::TimeUnit::NANOS:
      *nanoseconds = true;
      return 1;
    default:
      return 0;
  }
}

std::optional<Range> Int64Range(const parquet::Statistics& statistics, TypeId type) {
  const auto& typed = static_cast<const parquet::Int64Statistics&>(statistics);
  std::int64_t min = typed.min();
  std::int64_t max = typed.max();
  if (type == TypeId::kLong) return Range{min, max};
  if (type != TypeId::kTimestamp && type != TypeId::kTimestampNtz) return std::nullopt;
  bool nanoseconds = false;
  const std::int64_t multiplier = UnitsPerMicro(*statistics.descr(), &nanoseconds);
  if (multiplier == 0) return std::nullopt;
  if (nanoseconds) return Range{min / 1000 - 1, max / 1000 + 1};
  if (__builtin_mul_overflow(min, multiplier, &min) ||
      __builtin_mul_overflow(max, multiplier, &max)) {
    return std::nullopt;
  }
  return Range{min, max};
}

std::optional<Range> RangeOf(const parquet::Statistics& statistics, TypeId type) {
  if (!statistics.HasMinMax()) return std::nullopt;
  const parquet::LogicalType& logical = *statistics.descr()->logical_type();
  const bool is_unsigned =
      logical.is_int() && !static_cast<const parquet::IntLogicalType&>(logical).is_signed();
  switch (statistics.physical_type()) {
    case parquet::Type::INT32: {
      if (is_unsigned ||
          (type != TypeId::kDate && (type < TypeId::kByte || type > TypeId::kLong))) {
        return std::nullopt;
      }
      const auto& typed = static_cast<const parquet::Int32Statistics&>(statistics);
      return Range{std::int64_t{typed.min()}, std::int64_t{typed.max()}};
    }
    case parquet::Type::INT64:
      if (is_unsigned) return std::nullopt;
      return Int64Range(statistics, type);
    case parquet::Type::BYTE_ARRAY: {
      if (type != TypeId::kString && type != TypeId::kBinary) return std::nullopt;
      const auto& typed = static_cast<const parquet::ByteArrayStatistics&>(statistics);
      return Range{std::string(std::string_view(typed.min())),
                   std::string(std::string_view(typed.max()))};
    }
    default:
      // Floating point: NaN is the greatest value in SQL and is left out of Parquet's statistics.
      return std::nullopt;
  }
}

bool MayHold(const Range& range, Op op, const Ordered& value) {
  if (value.index() != range.min.index()) return true;
  switch (op) {
    case Op::kEqual:
    case Op::kIn:
      return range.min <= value && value <= range.max;
    case Op::kLess:
      return range.min < value;
    case Op::kLessOrEqual:
      return range.min <= value;
    case Op::kGreater:
      return range.max > value;
    case Op::kGreaterOrEqual:
      return range.max >= value;
    default:
      return true;
  }
}

}  // namespace

bool MayMatch(const parquet::RowGroupMetaData& row_group, const FileColumn& column,
              const types::DataType& type, const types::ColumnPredicate& predicate) {
  const auto chunk = row_group.ColumnChunk(column.first_leaf);
  if (!chunk->is_stats_set()) return true;
  const std::shared_ptr<parquet::Statistics> statistics = chunk->statistics();
  if (statistics == nullptr) return true;
  const bool all_null =
      statistics->HasNullCount() && statistics->null_count() == row_group.num_rows();
  if (predicate.op == Op::kIsNull)
    return !statistics->HasNullCount() || statistics->null_count() > 0;
  if (all_null) return false;
  if (predicate.op == Op::kIsNotNull) return true;
  const std::optional<Range> range = RangeOf(*statistics, type.id());
  if (!range) return true;
  return std::ranges::any_of(predicate.values, [&](const auto& scalar) {
    if (scalar == nullptr || !scalar->is_valid) return false;  // No row is equal to NULL.
    const std::optional<Ordered> value = ValueOf(*scalar);
    return !value || MayHold(*range, predicate.op, *value);
  });
}

}  // namespace inlet::formats::parquet_internal
