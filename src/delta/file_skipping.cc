#include "delta/file_skipping.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <string>
#include <variant>

#include "base/option_map.h"
#include "delta/partition_value.h"
#include "types/text_cast.h"

namespace inlet::delta {
namespace {

namespace dom = simdjson::dom;
using types::ColumnPredicate;
using types::TypeId;
using Op = ColumnPredicate::Op;

/// A value of any orderable type; both sides of a comparison have the same alternative.
using Value = std::variant<std::int64_t, double, types::Int128, std::string>;

/// Statistics of timestamps are cut to milliseconds, so the largest one may be this much later.
constexpr std::int64_t kLostMicroseconds = 999;
/// Statistics of decimals pass through a double here; this is more than it can lose.
constexpr double kDoubleSlack = 1e-12;

std::optional<Value> ValueOf(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return std::nullopt;
  switch (scalar.type->id()) {
    case arrow::Type::BOOL:
      return std::int64_t{static_cast<const arrow::BooleanScalar&>(scalar).value};
    case arrow::Type::INT8:
      return std::int64_t{static_cast<const arrow::Int8Scalar&>(scalar).value};
    case arrow::Type::INT16:
      return std::int64_t{static_cast<const arrow::Int16Scalar&>(scalar).value};
    case arrow::Type::INT32:
      return std::int64_t{static_cast<const arrow::Int32Scalar&>(scalar).value};
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Scalar&>(scalar).value;
    case arrow::Type::FLOAT:
      return double{static_cast<const arrow::FloatScalar&>(scalar).value};
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleScalar&>(scalar).value;
    case arrow::Type::DATE32:
      return std::int64_t{static_cast<const arrow::Date32Scalar&>(scalar).value};
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampScalar&>(scalar).value;
    case arrow::Type::DECIMAL128: {
      const arrow::Decimal128& value = static_cast<const arrow::Decimal128Scalar&>(scalar).value;
      return (static_cast<types::Int128>(value.high_bits()) << 64) |
             static_cast<types::Int128>(value.low_bits());
    }
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const auto& text = static_cast<const arrow::BaseBinaryScalar&>(scalar);
      return std::string(text.view());
    }
    default:
      return std::nullopt;
  }
}

/// SQL's order: NaN is equal to itself and above all else, both zeros are equal.
std::strong_ordering Compare(const Value& left, const Value& right) {
  if (left.index() != right.index()) return std::strong_ordering::equal;
  if (const auto* number = std::get_if<double>(&left)) {
    const double other = std::get<double>(right);
    if (std::isnan(*number) || std::isnan(other)) {
      return std::isnan(*number) <=> std::isnan(other);
    }
    return *number < other   ? std::strong_ordering::less
           : *number > other ? std::strong_ordering::greater
                             : std::strong_ordering::equal;
  }
  return left < right   ? std::strong_ordering::less
         : right < left ? std::strong_ordering::greater
                        : std::strong_ordering::equal;
}

/// What is known of the values of one column in one file. An absent bound is unknown.
struct Range {
  std::optional<Value> min;
  std::optional<Value> max;
  bool may_have_null = true;
  bool may_have_value = true;
};

bool CanEqual(const Range& range, const Value& value) {
  return !(range.min && Compare(value, *range.min) < 0) &&
         !(range.max && Compare(value, *range.max) > 0);
}

bool CanMatch(const ColumnPredicate& predicate, const std::vector<std::optional<Value>>& values,
              const Range& range) {
  if (predicate.op == Op::kIsNull) return range.may_have_null;
  if (!range.may_have_value) return false;
  if (predicate.op == Op::kIsNotNull) return true;
  if (predicate.op == Op::kIn) {
    return std::ranges::any_of(values, [&](const std::optional<Value>& value) {
      return !value || CanEqual(range, *value);
    });
  }
  if (values.empty() || !values[0]) return true;
  const Value& value = *values[0];
  switch (predicate.op) {
    case Op::kEqual:
      return CanEqual(range, value);
    case Op::kLess:
      return !range.min || Compare(*range.min, value) < 0;
    case Op::kLessOrEqual:
      return !range.min || Compare(*range.min, value) <= 0;
    case Op::kGreater:
      return !range.max || Compare(*range.max, value) > 0;
    case Op::kGreaterOrEqual:
      return !range.max || Compare(*range.max, value) >= 0;
    default:
      return true;
  }
}

types::Int128 ScaledDecimal(double number, int scale, bool is_max) {
  const double scaled = number * std::pow(10.0, scale);
  const double slack = std::abs(scaled) * kDoubleSlack + 1;
  const double bound = is_max ? std::ceil(scaled + slack) : std::floor(scaled - slack);
  return static_cast<types::Int128>(std::clamp(bound, -1e38, 1e38));
}

/// One bound as the statistics have it; nothing for what cannot be trusted.
std::optional<Value> BoundOf(dom::element json, const types::DataType& type, bool is_max) {
  std::int64_t integer = 0;
  double number = 0;
  std::string_view text;
  switch (type.id()) {
    case TypeId::kByte:
    case TypeId::kShort:
    case TypeId::kInteger:
    case TypeId::kLong:
      if (json.get_int64().get(integer) == simdjson::SUCCESS) return integer;
      return std::nullopt;
    case TypeId::kFloat:
    case TypeId::kDouble:
      // Writers that leave NaN out of account give a largest value that is none.
      if (is_max || json.get_double().get(number) != simdjson::SUCCESS) return std::nullopt;
      return number;
    case TypeId::kDecimal:
      if (json.get_double().get(number) != simdjson::SUCCESS) return std::nullopt;
      return ScaledDecimal(number, type.scale(), is_max);
    default:
      break;
  }
  if (json.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  const auto micros = [&](std::optional<std::int64_t> value) -> std::optional<Value> {
    if (!value) return std::nullopt;
    return is_max && *value <= INT64_MAX - kLostMicroseconds ? *value + kLostMicroseconds : *value;
  };
  switch (type.id()) {
    case TypeId::kString:
      return std::string(text);
    case TypeId::kDate:
      if (const auto days = types::ParseDate(text)) return std::int64_t{*days};
      return std::nullopt;
    case TypeId::kTimestamp:
      return micros(types::ParseTimestamp(text, types::TimeZone::Utc()));
    case TypeId::kTimestampNtz:
      return micros(types::ParseTimestampNtz(text));
    default:
      return std::nullopt;
  }
}

struct PreparedPredicate {
  const ColumnPredicate* predicate;
  std::vector<std::optional<Value>> values;
  const types::StructField* field;
  std::string physical_name;
  bool is_partition;
};

}  // namespace

struct FileSkipper::State {
  explicit State(const types::TimeZone& time_zone) : zone(time_zone) {}

  std::vector<PreparedPredicate> predicates;
  const types::TimeZone& zone;
  dom::parser parser;

  Range PartitionRange(const PreparedPredicate& prepared, const PartitionValues& values) const {
    const auto found = values.find(prepared.physical_name);
    const std::optional<std::string> text = found == values.end() ? std::nullopt : found->second;
    const auto scalar = ParsePartitionValue(text, prepared.field->type, zone);
    if (!scalar) return {};
    const std::optional<Value> value = ValueOf(**scalar);
    return {.min = value,
            .max = value,
            .may_have_null = !(*scalar)->is_valid,
            .may_have_value = (*scalar)->is_valid};
  }

  static Range StatisticsRange(const PreparedPredicate& prepared, dom::element stats) {
    Range range;
    std::int64_t num_records = -1;
    std::int64_t null_count = -1;
    if (stats["numRecords"].get_int64().get(num_records) == simdjson::SUCCESS &&
        stats["nullCount"][prepared.physical_name].get_int64().get(null_count) ==
            simdjson::SUCCESS) {
      range.may_have_value = null_count < num_records;
    }
    // Whatever the bounds are, no null is no null.
    if (null_count == 0) range.may_have_null = false;
    dom::element bound;
    if (stats["minValues"][prepared.physical_name].get(bound) == simdjson::SUCCESS) {
      range.min = BoundOf(bound, prepared.field->type, /*is_max=*/false);
    }
    if (stats["maxValues"][prepared.physical_name].get(bound) == simdjson::SUCCESS) {
      range.max = BoundOf(bound, prepared.field->type, /*is_max=*/true);
    }
    return range;
  }
};

FileSkipper::FileSkipper(const types::StructType& schema,
                         const std::vector<std::string>& partition_columns, ColumnMappingMode mode,
                         std::span<const ColumnPredicate> predicates, const types::TimeZone& zone)
    : state_(std::make_unique<State>(zone)) {
  for (const ColumnPredicate& predicate : predicates) {
    const types::StructField& field = schema.fields[predicate.column];
    PreparedPredicate prepared{.predicate = &predicate, .values = {}, .field = &field};
    prepared.physical_name = PhysicalName(field, mode);
    prepared.is_partition = std::ranges::any_of(partition_columns, [&](const std::string& column) {
      return EqualsIgnoreCase(column, field.name);
    });
    for (const auto& scalar : predicate.values) prepared.values.push_back(ValueOf(*scalar));
    state_->predicates.push_back(std::move(prepared));
  }
}

FileSkipper::FileSkipper(FileSkipper&&) noexcept = default;
FileSkipper::~FileSkipper() = default;

bool FileSkipper::CanMatchPartition(const PartitionValues& values) const {
  return std::ranges::all_of(state_->predicates, [&](const PreparedPredicate& prepared) {
    return !prepared.is_partition || delta::CanMatch(*prepared.predicate, prepared.values,
                                                     state_->PartitionRange(prepared, values));
  });
}

bool FileSkipper::CanMatch(const AddFile& file) {
  if (!CanMatchPartition(file.partition_values)) return false;
  const bool needs_statistics = std::ranges::any_of(
      state_->predicates, [](const PreparedPredicate& prepared) { return !prepared.is_partition; });
  if (!needs_statistics || file.stats.empty()) return true;
  dom::element stats;
  if (state_->parser.parse(file.stats).get(stats) != simdjson::SUCCESS) return true;
  return std::ranges::all_of(state_->predicates, [&](const PreparedPredicate& prepared) {
    return prepared.is_partition || delta::CanMatch(*prepared.predicate, prepared.values,
                                                    State::StatisticsRange(prepared, stats));
  });
}

std::optional<std::int64_t> NumRecordsOf(std::string_view stats) {
  constexpr std::string_view kBegin = "{\"numRecords\":";
  std::int64_t number = 0;
  if (stats.starts_with(kBegin)) {
    const char* begin = stats.data() + kBegin.size();
    const auto [stop, error] = std::from_chars(begin, stats.data() + stats.size(), number);
    if (error == std::errc() && stop != stats.data() + stats.size() &&
        (*stop == ',' || *stop == '}')) {
      return number;
    }
  }
  if (stats.empty()) return std::nullopt;
  dom::parser parser;
  dom::element json;
  if (parser.parse(stats.data(), stats.size()).get(json) != simdjson::SUCCESS ||
      json["numRecords"].get_int64().get(number) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::int64_t> LiveRowsOf(const AddFile& file) {
  const std::optional<std::int64_t> records = NumRecordsOf(file.stats);
  if (!records) return std::nullopt;
  return *records - (file.deletion_vector ? file.deletion_vector->cardinality : 0);
}

}  // namespace inlet::delta
