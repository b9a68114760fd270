#include <fmt/format.h>

#include <array>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/raise.h"
#include "engine/duckdb/logical_types.h"
#include "types/variant.h"

namespace inlet::engine::functions {

using duckdb::LogicalTypeId;
using duckdb::PhysicalType;

Int128 ToInt128(const duckdb::hugeint_t& value) {
  return static_cast<Int128>((static_cast<unsigned __int128>(value.upper) << 64) | value.lower);
}

duckdb::hugeint_t ToHugeint(Int128 value) {
  duckdb::hugeint_t result;
  result.lower = static_cast<std::uint64_t>(value);
  result.upper = static_cast<std::int64_t>(value >> 64);
  return result;
}

Int128 ReadDecimal(const duckdb::UnifiedVectorFormat& format, duckdb::idx_t index,
                   PhysicalType storage) {
  using duckdb::UnifiedVectorFormat;
  switch (storage) {
    case PhysicalType::INT16:
      return UnifiedVectorFormat::GetData<std::int16_t>(format)[index];
    case PhysicalType::INT32:
      return UnifiedVectorFormat::GetData<std::int32_t>(format)[index];
    case PhysicalType::INT64:
      return UnifiedVectorFormat::GetData<std::int64_t>(format)[index];
    default:
      return ToInt128(UnifiedVectorFormat::GetData<duckdb::hugeint_t>(format)[index]);
  }
}

void WriteDecimal(duckdb::Vector& result, duckdb::idx_t row, Int128 value) {
  using duckdb::FlatVector;
  switch (result.GetType().InternalType()) {
    case PhysicalType::INT16:
      FlatVector::GetData<std::int16_t>(result)[row] = static_cast<std::int16_t>(value);
      break;
    case PhysicalType::INT32:
      FlatVector::GetData<std::int32_t>(result)[row] = static_cast<std::int32_t>(value);
      break;
    case PhysicalType::INT64:
      FlatVector::GetData<std::int64_t>(result)[row] = static_cast<std::int64_t>(value);
      break;
    default:
      FlatVector::GetData<duckdb::hugeint_t>(result)[row] = ToHugeint(value);
  }
}

Int128 PowerOfTen(int exponent) {
  static const auto kPowers = [] {
    std::array<Int128, 39> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  return kPowers[static_cast<std::size_t>(exponent)];
}

bool FitsPrecision(Int128 value, int precision) {
  const Int128 limit = PowerOfTen(precision);
  return value > -limit && value < limit;
}

namespace {

void AppendListText(const Cell& cell, const types::TimeZone& zone, std::string& out) {
  out += '[';
  for (duckdb::idx_t i = 0; i < cell.size(); ++i) {
    if (i > 0) out += ", ";
    AppendText(cell.element(i), zone, out);
  }
  out += ']';
}

void AppendMapText(const Cell& cell, const types::TimeZone& zone, std::string& out) {
  out += '{';
  for (duckdb::idx_t i = 0; i < cell.size(); ++i) {
    if (i > 0) out += ", ";
    const Cell entry = cell.element(i);
    AppendText(entry.field(0), zone, out);
    out += " -> ";
    AppendText(entry.field(1), zone, out);
  }
  out += '}';
}

void AppendStructText(const Cell& cell, const types::TimeZone& zone, std::string& out) {
  out += '{';
  for (duckdb::idx_t i = 0; i < cell.num_fields(); ++i) {
    if (i > 0) out += ", ";
    AppendText(cell.field(i), zone, out);
  }
  out += '}';
}

/// CAST(variant AS STRING): a text without its quotes, anything else as JSON.
void AppendVariantText(const Cell& cell, const types::TimeZone& zone, std::string& out) {
  const types::VariantView variant{cell.field(0).text(), cell.field(1).text()};
  const types::VariantNode node = ValueOrRaise(types::VariantNode::Root(variant));
  if (node.kind() == types::VariantKind::kString) {
    out += node.text();
  } else if (Status status = types::AppendJson(variant, zone, out); !status) {
    Raise(status.error());
  }
}

}  // namespace

std::string IntervalText(const duckdb::LogicalType& type, const duckdb::interval_t& value) {
  if (FromDuckDbType(type).is(types::TypeId::kYearMonthInterval) ||
      (value.months != 0 && value.days == 0 && value.micros == 0)) {
    const std::int64_t months = value.months < 0 ? -std::int64_t{value.months} : value.months;
    return fmt::format("INTERVAL '{}{}-{}' YEAR TO MONTH", value.months < 0 ? "-" : "", months / 12,
                       months % 12);
  }
  const Int128 total = static_cast<Int128>(value.days) * 86'400'000'000 + value.micros;
  const Int128 magnitude = total < 0 ? -total : total;
  const auto days = static_cast<std::int64_t>(magnitude / 86'400'000'000);
  const auto rest = static_cast<std::int64_t>(magnitude % 86'400'000'000);
  std::string text =
      fmt::format("INTERVAL '{}{} {:02}:{:02}:{:02}", total < 0 ? "-" : "", days,
                  rest / 3'600'000'000, rest / 60'000'000 % 60, rest / 1'000'000 % 60);
  if (rest % 1'000'000 != 0) {
    text += fmt::format(".{:06}", rest % 1'000'000);
    while (text.ends_with('0')) text.pop_back();
  }
  return text + "' DAY TO SECOND";
}

void AppendText(const Cell& cell, const types::TimeZone& zone, std::string& out) {
  if (cell.is_null()) {
    out += "null";
    return;
  }
  switch (cell.type().id()) {
    case LogicalTypeId::BOOLEAN:
      out += cell.As<bool>() ? "true" : "false";
      break;
    case LogicalTypeId::TINYINT:
      types::AppendInteger(cell.As<std::int8_t>(), out);
      break;
    case LogicalTypeId::SMALLINT:
      types::AppendInteger(cell.As<std::int16_t>(), out);
      break;
    case LogicalTypeId::INTEGER:
      types::AppendInteger(cell.As<std::int32_t>(), out);
      break;
    case LogicalTypeId::BIGINT:
      types::AppendInteger(cell.As<std::int64_t>(), out);
      break;
    case LogicalTypeId::HUGEINT:
      types::AppendDecimal(ToInt128(cell.As<duckdb::hugeint_t>()), 0, out);
      break;
    case LogicalTypeId::FLOAT:
      types::AppendFloat(cell.As<float>(), out);
      break;
    case LogicalTypeId::DOUBLE:
      types::AppendDouble(cell.As<double>(), out);
      break;
    case LogicalTypeId::DECIMAL:
      types::AppendDecimal(cell.unscaled(), duckdb::DecimalType::GetScale(cell.type()), out);
      break;
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::BLOB:
      out += cell.text();
      break;
    case LogicalTypeId::DATE:
      types::AppendDate(cell.As<duckdb::date_t>().days, out);
      break;
    case LogicalTypeId::TIMESTAMP:
      types::AppendTimestampNtz(cell.As<duckdb::timestamp_t>().value, out);
      break;
    case LogicalTypeId::TIMESTAMP_TZ:
      types::AppendTimestamp(cell.As<duckdb::timestamp_t>().value, zone, out);
      break;
    case LogicalTypeId::INTERVAL:
      out += IntervalText(cell.type(), cell.As<duckdb::interval_t>());
      break;
    case LogicalTypeId::LIST:
      AppendListText(cell, zone, out);
      break;
    case LogicalTypeId::MAP:
      AppendMapText(cell, zone, out);
      break;
    case LogicalTypeId::STRUCT:
      if (IsVariant(cell.type())) {
        AppendVariantText(cell, zone, out);
      } else {
        AppendStructText(cell, zone, out);
      }
      break;
    default:
      Raise(Condition::INLET_UNSUPPORTED, {{"feature", "text of " + cell.type().ToString()}});
  }
}

}  // namespace inlet::engine::functions
