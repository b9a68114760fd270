#include <cmath>
#include <duckdb/function/cast/cast_function_set.hpp>
#include <duckdb/function/cast/default_casts.hpp>
#include <duckdb/function/cast_rules.hpp>
#include <duckdb/main/config.hpp>
#include <duckdb/planner/expression/bound_cast_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <limits>

#include "engine/duckdb/functions/casts_internal.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "engine/duckdb/logical_types.h"
#include "types/text_cast.h"

// CAST under ANSI, as Spark does it. One executor for each pair of kinds; a failed value raises, or
// is NULL under TRY_CAST.
namespace inlet::engine::functions {

using duckdb::BoundCastInfo;
using duckdb::CastParameters;
using duckdb::DecimalType;
using duckdb::FlatVector;
using duckdb::string_t;
using types::TimeZone;

namespace {

enum class Outcome : std::uint8_t { kOk, kMisfit, kOverflow, kOutOfRange };

struct CastData final : duckdb::BoundCastData {
  LogicalType source;
  LogicalType target;
  const TimeZone* zone = &TimeZone::Utc();
  std::int64_t now_us = 0;
  std::vector<BoundCastInfo> children;  // Of nested types.

  duckdb::unique_ptr<duckdb::BoundCastData> Copy() const override {
    auto copy = duckdb::make_uniq<CastData>();
    copy->source = source;
    copy->target = target;
    copy->zone = zone;
    copy->now_us = now_us;
    for (const BoundCastInfo& child : children) copy->children.push_back(child.Copy());
    return copy;
  }
};

std::string SqlName(const LogicalType& type) { return types::ToSql(FromDuckDbType(type)); }

[[noreturn]] void RaiseCast(const CastData& cast, Outcome outcome, std::string value) {
  if (outcome == Outcome::kOutOfRange) {
    Raise(Condition::NUMERIC_VALUE_OUT_OF_RANGE,
          {{"value", std::move(value)},
           {"precision", std::to_string(DecimalType::GetWidth(cast.target))},
           {"scale", std::to_string(DecimalType::GetScale(cast.target))}});
  }
  if (outcome == Outcome::kOverflow) {
    Raise(Condition::CAST_OVERFLOW, {{"value", std::move(value)},
                                     {"sourceType", SqlName(cast.source)},
                                     {"targetType", SqlName(cast.target)}});
  }
  Raise(Condition::CAST_INVALID_INPUT, {{"expression", "'" + value + "'"},
                                        {"sourceType", SqlName(cast.source)},
                                        {"targetType", SqlName(cast.target)}});
}

/// Calls `convert(cast, source vector's data index, row)` for each valid row.
template <class Source, class Convert>
bool ForEachRow(Vector& source, Vector& result, idx_t count, CastParameters& parameters,
                Convert convert) {
  const CastData& cast = parameters.cast_data->Cast<CastData>();
  const bool constant = source.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR;
  UnifiedVectorFormat format;
  source.ToUnifiedFormat(count, format);
  const auto* values = UnifiedVectorFormat::GetData<Source>(format);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  bool all_fit = true;
  for (idx_t row = 0; row < (constant ? 1 : count); ++row) {
    const idx_t index = format.sel->get_index(row);
    if (!format.validity.RowIsValid(index)) {
      FlatVector::SetNull(result, row, true);
      continue;
    }
    const Outcome outcome = convert(cast, values[index], row);
    if (outcome == Outcome::kOk) continue;
    if (!parameters.error_message) {
      std::string text;
      AppendText(Cells(source, count)[row], *cast.zone, text);
      RaiseCast(cast, outcome, std::move(text));
    }
    *parameters.error_message = "cast";
    FlatVector::SetNull(result, row, true);
    all_fit = false;
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  return all_fit;
}

std::string_view View(const string_t& value) { return {value.GetData(), value.GetSize()}; }

// ---- From text

template <class T, auto kParse>
bool TextTo(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto* out = FlatVector::GetData<T>(result);
  return ForEachRow<string_t>(source, result, count, parameters,
                              [&](const CastData& cast, const string_t& text, idx_t row) {
                                auto value = kParse(cast, View(text));
                                if (!value) return Outcome::kMisfit;
                                out[row] = T(*value);
                                return Outcome::kOk;
                              });
}

std::optional<std::int32_t> TextToDate(const CastData& cast, std::string_view text) {
  if (auto days = types::ParseDate(text)) return days;
  return types::ParseDateWord(text, cast.now_us, *cast.zone);
}

std::optional<std::int64_t> TextToTimestamp(const CastData& cast, std::string_view text) {
  const auto today = static_cast<std::int32_t>(std::floor(
      static_cast<double>(cast.zone->ToLocal(cast.now_us)) / static_cast<double>(kMicrosPerDay)));
  if (auto instant = types::ParseTimestamp(text, *cast.zone, today)) return instant;
  return types::ParseTimestampWord(text, cast.now_us, *cast.zone);
}

std::optional<std::int64_t> TextToTimestampNtz(const CastData& cast, std::string_view text) {
  if (auto local = types::ParseTimestampNtz(text)) return local;
  auto instant = types::ParseTimestampWord(text, cast.now_us, *cast.zone);
  return instant ? std::optional(cast.zone->ToLocal(*instant)) : std::nullopt;
}

template <class Int>
std::optional<Int> TextToInteger(const CastData&, std::string_view text) {
  return types::ParseInteger<Int>(text);
}

std::optional<double> TextToDouble(const CastData&, std::string_view text) {
  return types::ParseDouble(text);
}
std::optional<float> TextToFloat(const CastData&, std::string_view text) {
  return types::ParseFloat(text);
}
std::optional<bool> TextToBoolean(const CastData&, std::string_view text) {
  return types::ParseBoolean(text);
}

bool TextToDecimal(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const LogicalType& target = result.GetType();
  const int precision = DecimalType::GetWidth(target);
  const int scale = DecimalType::GetScale(target);
  return ForEachRow<string_t>(
      source, result, count, parameters, [&](const CastData&, const string_t& text, idx_t row) {
        bool too_large = false;
        auto value = types::ParseDecimal(View(text), precision, scale, &too_large);
        if (!value) return too_large ? Outcome::kOutOfRange : Outcome::kMisfit;
        WriteDecimal(result, row, *value);
        return Outcome::kOk;
      });
}

bool CopyBytes(Vector& source, Vector& result, idx_t count, CastParameters&) {
  result.Reinterpret(source);
  (void)count;
  return true;
}

BoundCastInfo FromText(const LogicalType& target) {
  switch (target.id()) {
    case LogicalTypeId::BOOLEAN:
      return TextTo<bool, TextToBoolean>;
    case LogicalTypeId::TINYINT:
      return TextTo<std::int8_t, TextToInteger<std::int8_t>>;
    case LogicalTypeId::SMALLINT:
      return TextTo<std::int16_t, TextToInteger<std::int16_t>>;
    case LogicalTypeId::INTEGER:
      return TextTo<std::int32_t, TextToInteger<std::int32_t>>;
    case LogicalTypeId::BIGINT:
      return TextTo<std::int64_t, TextToInteger<std::int64_t>>;
    case LogicalTypeId::FLOAT:
      return TextTo<float, TextToFloat>;
    case LogicalTypeId::DOUBLE:
      return TextTo<double, TextToDouble>;
    case LogicalTypeId::DECIMAL:
      return TextToDecimal;
    case LogicalTypeId::DATE:
      return TextTo<duckdb::date_t, TextToDate>;
    case LogicalTypeId::TIMESTAMP:
      return TextTo<duckdb::timestamp_t, TextToTimestampNtz>;
    case LogicalTypeId::TIMESTAMP_TZ:
      return TextTo<duckdb::timestamp_t, TextToTimestamp>;
    case LogicalTypeId::BLOB:
      return CopyBytes;
    default:
      return nullptr;
  }
}

// ---- To text

bool ToText(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const CastData& cast = parameters.cast_data->Cast<CastData>();
  const bool constant = source.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR;
  const Cells cells(source, count);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  std::string text;
  for (idx_t row = 0; row < (constant ? 1 : count); ++row) {
    const Cell cell = cells[row];
    if (cell.is_null()) {
      FlatVector::SetNull(result, row, true);
      continue;
    }
    text.clear();
    AppendText(cell, *cast.zone, text);
    FlatVector::GetData<string_t>(result)[row] = duckdb::StringVector::AddString(result, text);
  }
  if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  return true;
}

// ---- Between numbers

template <class Int>
constexpr bool InRange(Int128 value) {
  return value >= std::numeric_limits<Int>::min() && value <= std::numeric_limits<Int>::max();
}

template <class From, class To>
bool IntegerToInteger(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto* out = FlatVector::GetData<To>(result);
  return ForEachRow<From>(source, result, count, parameters,
                          [&](const CastData&, From value, idx_t row) {
                            if (!InRange<To>(value)) return Outcome::kOverflow;
                            out[row] = static_cast<To>(value);
                            return Outcome::kOk;
                          });
}

template <class From, class To>
bool RealToInteger(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto* out = FlatVector::GetData<To>(result);
  return ForEachRow<From>(source, result, count, parameters,
                          [&](const CastData&, From value, idx_t row) {
                            const double whole = std::trunc(static_cast<double>(value));
                            // The greatest BIGINT rounds to 2^63, which means it.
                            if (sizeof(To) == 8 && whole == 0x1p63) {
                              out[row] = std::numeric_limits<To>::max();
                              return Outcome::kOk;
                            }
                            if (!(whole >= static_cast<double>(std::numeric_limits<To>::min()) &&
                                  whole < -static_cast<double>(std::numeric_limits<To>::min()))) {
                              return Outcome::kOverflow;
                            }
                            out[row] = static_cast<To>(whole);
                            return Outcome::kOk;
                          });
}

template <class Storage, class Body>
bool ForEachDecimal(Vector& source, Vector& result, idx_t count, CastParameters& parameters,
                    Body body) {
  return ForEachRow<Storage>(source, result, count, parameters,
                             [&](const CastData& cast, const Storage& value, idx_t row) {
                               if constexpr (std::is_same_v<Storage, duckdb::hugeint_t>) {
                                 return body(cast, ToInt128(value), row);
                               } else {
                                 return body(cast, Int128{value}, row);
                               }
                             });
}

template <class Storage, class To>
bool DecimalToInteger(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const Int128 divisor = PowerOfTen(DecimalType::GetScale(source.GetType()));
  auto* out = FlatVector::GetData<To>(result);
  return ForEachDecimal<Storage>(source, result, count, parameters,
                                 [&](const CastData&, Int128 value, idx_t row) {
                                   const Int128 whole = value / divisor;
                                   if (!InRange<To>(whole)) return Outcome::kOverflow;
                                   out[row] = static_cast<To>(whole);
                                   return Outcome::kOk;
                                 });
}

/// Half up to fewer digits, or more; false when it does not fit.
bool Rescale(Int128 value, int from, int to, int precision, Int128& out) {
  if (to >= from) {
    if (__builtin_mul_overflow(value, PowerOfTen(to - from), &out)) return false;
  } else {
    const Int128 divisor = PowerOfTen(from - to);
    const Int128 rest = value % divisor;
    out = value / divisor;
    if ((rest < 0 ? -rest : rest) * 2 >= divisor) out += value < 0 ? -1 : 1;
  }
  return FitsPrecision(out, precision);
}

template <class Storage>
bool DecimalToDecimal(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const int from = DecimalType::GetScale(source.GetType());
  const int to = DecimalType::GetScale(result.GetType());
  const int precision = DecimalType::GetWidth(result.GetType());
  return ForEachDecimal<Storage>(source, result, count, parameters,
                                 [&](const CastData&, Int128 value, idx_t row) {
                                   Int128 scaled = 0;
                                   if (!Rescale(value, from, to, precision, scaled)) {
                                     return Outcome::kOutOfRange;
                                   }
                                   WriteDecimal(result, row, scaled);
                                   return Outcome::kOk;
                                 });
}

template <class From>
bool IntegerToDecimal(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const int to = DecimalType::GetScale(result.GetType());
  const int precision = DecimalType::GetWidth(result.GetType());
  return ForEachRow<From>(source, result, count, parameters,
                          [&](const CastData&, From value, idx_t row) {
                            Int128 scaled = 0;
                            if (!Rescale(value, 0, to, precision, scaled))
                              return Outcome::kOutOfRange;
                            WriteDecimal(result, row, scaled);
                            return Outcome::kOk;
                          });
}

/// Through the shortest text of the number, as BigDecimal(double) does in Spark.
template <class From>
bool RealToDecimal(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const int scale = DecimalType::GetScale(result.GetType());
  const int precision = DecimalType::GetWidth(result.GetType());
  std::string text;
  return ForEachRow<From>(source, result, count, parameters,
                          [&](const CastData&, From value, idx_t row) {
                            text.clear();
                            types::AppendDouble(static_cast<double>(value), text);
                            auto decimal = types::ParseDecimal(text, precision, scale);
                            if (!decimal) return Outcome::kOutOfRange;
                            WriteDecimal(result, row, *decimal);
                            return Outcome::kOk;
                          });
}

template <class Storage>
bool DecimalToDouble(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const int scale = DecimalType::GetScale(source.GetType());
  std::string text;
  return ForEachDecimal<Storage>(
      source, result, count, parameters, [&](const CastData&, Int128 value, idx_t row) {
        text.clear();
        types::AppendDecimal(value, scale, text);
        const double real = types::ParseDouble(text).value_or(0);
        if (result.GetType().id() == LogicalTypeId::FLOAT) {
          FlatVector::GetData<float>(result)[row] = types::ParseFloat(text).value_or(0);
        } else {
          FlatVector::GetData<double>(result)[row] = real;
        }
        return Outcome::kOk;
      });
}

template <class From>
BoundCastInfo RealTo(const LogicalType& target) {
  switch (target.id()) {
    case LogicalTypeId::TINYINT:
      return RealToInteger<From, std::int8_t>;
    case LogicalTypeId::SMALLINT:
      return RealToInteger<From, std::int16_t>;
    case LogicalTypeId::INTEGER:
      return RealToInteger<From, std::int32_t>;
    case LogicalTypeId::BIGINT:
      return RealToInteger<From, std::int64_t>;
    case LogicalTypeId::DECIMAL:
      return RealToDecimal<From>;
    default:
      return nullptr;
  }
}

template <class From>
BoundCastInfo IntegerTo(const LogicalType& target) {
  switch (target.id()) {
    case LogicalTypeId::TINYINT:
      return IntegerToInteger<From, std::int8_t>;
    case LogicalTypeId::SMALLINT:
      return IntegerToInteger<From, std::int16_t>;
    case LogicalTypeId::INTEGER:
      return IntegerToInteger<From, std::int32_t>;
    case LogicalTypeId::BIGINT:
      return IntegerToInteger<From, std::int64_t>;
    case LogicalTypeId::DECIMAL:
      return IntegerToDecimal<From>;
    default:
      return nullptr;
  }
}

template <class Storage>
BoundCastInfo DecimalTo(const LogicalType& target) {
  switch (target.id()) {
    case LogicalTypeId::TINYINT:
      return DecimalToInteger<Storage, std::int8_t>;
    case LogicalTypeId::SMALLINT:
      return DecimalToInteger<Storage, std::int16_t>;
    case LogicalTypeId::INTEGER:
      return DecimalToInteger<Storage, std::int32_t>;
    case LogicalTypeId::BIGINT:
      return DecimalToInteger<Storage, std::int64_t>;
    case LogicalTypeId::DECIMAL:
      return DecimalToDecimal<Storage>;
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
      return DecimalToDouble<Storage>;
    default:
      return nullptr;
  }
}

// ---- Instants and days

template <class From>
bool NumberToTimestamp(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto* out = FlatVector::GetData<std::int64_t>(result);
  return ForEachRow<From>(
      source, result, count, parameters, [&](const CastData&, From value, idx_t row) {
        if constexpr (std::is_floating_point_v<From>) {
          const double micros = static_cast<double>(value) * static_cast<double>(kMicrosPerSecond);
          if (!(std::abs(micros) < 9.2e18)) return Outcome::kOverflow;
          out[row] = static_cast<std::int64_t>(micros);
        } else if (__builtin_mul_overflow(std::int64_t{value}, kMicrosPerSecond, &out[row])) {
          return Outcome::kOverflow;
        }
        return Outcome::kOk;
      });
}

template <class Storage>
bool DecimalToTimestamp(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const int scale = DecimalType::GetScale(source.GetType());
  auto* out = FlatVector::GetData<std::int64_t>(result);
  return ForEachDecimal<Storage>(
      source, result, count, parameters, [&](const CastData&, Int128 value, idx_t row) {
        Int128 micros = 0;
        if (__builtin_mul_overflow(value, Int128{kMicrosPerSecond}, &micros)) {
          return Outcome::kOverflow;
        }
        micros /= PowerOfTen(scale);
        if (!InRange<std::int64_t>(micros)) return Outcome::kOverflow;
        out[row] = static_cast<std::int64_t>(micros);
        return Outcome::kOk;
      });
}

template <class To>
bool TimestampToInteger(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto* out = FlatVector::GetData<To>(result);
  return ForEachRow<std::int64_t>(
      source, result, count, parameters, [&](const CastData&, std::int64_t micros, idx_t row) {
        const std::int64_t seconds = FloorDivide(micros, kMicrosPerSecond);
        if (!InRange<To>(seconds)) return Outcome::kOverflow;
        out[row] = static_cast<To>(seconds);
        return Outcome::kOk;
      });
}

bool TimestampToDouble(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  return ForEachRow<std::int64_t>(
      source, result, count, parameters, [&](const CastData&, std::int64_t micros, idx_t row) {
        const double seconds = static_cast<double>(micros) / static_cast<double>(kMicrosPerSecond);
        if (result.GetType().id() == LogicalTypeId::FLOAT) {
          FlatVector::GetData<float>(result)[row] = static_cast<float>(seconds);
        } else {
          FlatVector::GetData<double>(result)[row] = seconds;
        }
        return Outcome::kOk;
      });
}

bool TimestampToDecimal(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  const int scale = DecimalType::GetScale(result.GetType());
  const int precision = DecimalType::GetWidth(result.GetType());
  return ForEachRow<std::int64_t>(source, result, count, parameters,
                                  [&](const CastData&, std::int64_t micros, idx_t row) {
                                    Int128 scaled = 0;
                                    if (!Rescale(micros, 6, scale, precision, scaled)) {
                                      return Outcome::kOutOfRange;
                                    }
                                    WriteDecimal(result, row, scaled);
                                    return Outcome::kOk;
                                  });
}

BoundCastInfo FromTimestamp(const LogicalType& target) {
  switch (target.id()) {
    case LogicalTypeId::TINYINT:
      return TimestampToInteger<std::int8_t>;
    case LogicalTypeId::SMALLINT:
      return TimestampToInteger<std::int16_t>;
    case LogicalTypeId::INTEGER:
      return TimestampToInteger<std::int32_t>;
    case LogicalTypeId::BIGINT:
      return TimestampToInteger<std::int64_t>;
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
      return TimestampToDouble;
    case LogicalTypeId::DECIMAL:
      return TimestampToDecimal;
    default:
      return nullptr;
  }
}

enum class Moment : std::uint8_t { kDate, kInstant, kLocal };

/// Between DATE, TIMESTAMP and TIMESTAMP_NTZ, through the wall clock of the session's zone.
template <Moment kFrom, Moment kTo>
bool MomentTo(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  using From = std::conditional_t<kFrom == Moment::kDate, std::int32_t, std::int64_t>;
  using To = std::conditional_t<kTo == Moment::kDate, std::int32_t, std::int64_t>;
  auto* out = FlatVector::GetData<To>(result);
  return ForEachRow<From>(
      source, result, count, parameters, [&](const CastData& cast, From value, idx_t row) {
        std::int64_t local = value;
        if constexpr (kFrom == Moment::kDate) local = std::int64_t{value} * kMicrosPerDay;
        if constexpr (kFrom == Moment::kInstant) local = cast.zone->ToLocal(value);
        if constexpr (kTo == Moment::kDate) {
          out[row] = static_cast<std::int32_t>(FloorDivide(local, kMicrosPerDay));
        } else if constexpr (kTo == Moment::kInstant) {
          out[row] = cast.zone->ToInstant(local);
        } else {
          out[row] = local;
        }
        return Outcome::kOk;
      });
}

std::optional<Moment> MomentOf(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::DATE:
      return Moment::kDate;
    case LogicalTypeId::TIMESTAMP_TZ:
      return Moment::kInstant;
    case LogicalTypeId::TIMESTAMP:
      return Moment::kLocal;
    default:
      return std::nullopt;
  }
}

BoundCastInfo BetweenMoments(Moment from, Moment to) {
  using enum Moment;
  if (from == kDate) return to == kInstant ? MomentTo<kDate, kInstant> : MomentTo<kDate, kLocal>;
  if (from == kInstant) return to == kDate ? MomentTo<kInstant, kDate> : MomentTo<kInstant, kLocal>;
  return to == kDate ? MomentTo<kLocal, kDate> : MomentTo<kLocal, kInstant>;
}

// ---- Nested types

CastParameters ChildParameters(CastParameters& parent, BoundCastInfo& child) {
  CastParameters parameters(parent, child.cast_data.get(), nullptr);
  return parameters;
}

/// Lists and maps, which are lists of entries.
bool ListToList(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto& cast = const_cast<CastData&>(parameters.cast_data->Cast<CastData>());
  source.Flatten(count);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  FlatVector::SetValidity(result, FlatVector::Validity(source));
  auto* from = FlatVector::GetData<duckdb::list_entry_t>(source);
  auto* to = FlatVector::GetData<duckdb::list_entry_t>(result);
  std::copy(from, from + count, to);
  const idx_t size = duckdb::ListVector::GetListSize(source);
  duckdb::ListVector::Reserve(result, size);
  CastParameters child = ChildParameters(parameters, cast.children[0]);
  const bool all_fit = cast.children[0].function(duckdb::ListVector::GetEntry(source),
                                                 duckdb::ListVector::GetEntry(result), size, child);
  duckdb::ListVector::SetListSize(result, size);
  return all_fit;
}

/// Field by field in order; the names do not count.
bool StructToStruct(Vector& source, Vector& result, idx_t count, CastParameters& parameters) {
  auto& cast = const_cast<CastData&>(parameters.cast_data->Cast<CastData>());
  source.Flatten(count);
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  FlatVector::SetValidity(result, FlatVector::Validity(source));
  auto& from = duckdb::StructVector::GetEntries(source);
  auto& to = duckdb::StructVector::GetEntries(result);
  bool all_fit = true;
  for (std::size_t i = 0; i < cast.children.size(); ++i) {
    CastParameters child = ChildParameters(parameters, cast.children[i]);
    all_fit &= cast.children[i].function(*from[i], *to[i], count, child);
  }
  return all_fit;
}

}  // namespace

namespace {

/// The executor of a pair of types without its data; null function: DuckDB's own is right, or none
/// exists.
BoundCastInfo Executor(const LogicalType& source, const LogicalType& target) {
  using enum LogicalTypeId;
  if (source.id() == VARCHAR) return FromText(target);
  if (target.id() == VARCHAR) {
    return source.id() == BLOB ? BoundCastInfo(CopyBytes) : BoundCastInfo(ToText);
  }
  const auto from = MomentOf(source);
  const auto to = MomentOf(target);
  if (from && to) return BetweenMoments(*from, *to);
  if (source.id() == TIMESTAMP_TZ) return FromTimestamp(target);
  if (target.id() == TIMESTAMP_TZ) {
    switch (source.id()) {
      case TINYINT:
        return NumberToTimestamp<std::int8_t>;
      case SMALLINT:
        return NumberToTimestamp<std::int16_t>;
      case INTEGER:
        return NumberToTimestamp<std::int32_t>;
      case BIGINT:
        return NumberToTimestamp<std::int64_t>;
      case FLOAT:
        return NumberToTimestamp<float>;
      case DOUBLE:
        return NumberToTimestamp<double>;
      case DECIMAL:
        switch (source.InternalType()) {
          case duckdb::PhysicalType::INT16:
            return DecimalToTimestamp<std::int16_t>;
          case duckdb::PhysicalType::INT32:
            return DecimalToTimestamp<std::int32_t>;
          case duckdb::PhysicalType::INT64:
            return DecimalToTimestamp<std::int64_t>;
          default:
            return DecimalToTimestamp<duckdb::hugeint_t>;
        }
      default:
        return nullptr;
    }
  }
  switch (source.id()) {
    case TINYINT:
      return IntegerTo<std::int8_t>(target);
    case SMALLINT:
      return IntegerTo<std::int16_t>(target);
    case INTEGER:
      return IntegerTo<std::int32_t>(target);
    case BIGINT:
      return IntegerTo<std::int64_t>(target);
    case FLOAT:
      return RealTo<float>(target);
    case DOUBLE:
      return RealTo<double>(target);
    case DECIMAL:
      switch (source.InternalType()) {
        case duckdb::PhysicalType::INT16:
          return DecimalTo<std::int16_t>(target);
        case duckdb::PhysicalType::INT32:
          return DecimalTo<std::int32_t>(target);
        case duckdb::PhysicalType::INT64:
          return DecimalTo<std::int64_t>(target);
        default:
          return DecimalTo<duckdb::hugeint_t>(target);
      }
    default:
      return nullptr;
  }
}

bool IsInteger(const LogicalType& type) {
  return type.id() == LogicalTypeId::TINYINT || type.id() == LogicalTypeId::SMALLINT ||
         type.id() == LogicalTypeId::INTEGER || type.id() == LogicalTypeId::BIGINT;
}

/// Pairs that never fail and that DuckDB does as Spark does: its optimizer knows them.
bool DuckDbIsRight(const LogicalType& source, const LogicalType& target) {
  using enum LogicalTypeId;
  if (source.id() == SQLNULL || source == target) return true;
  if (IsInteger(source) && IsInteger(target)) return source.id() < target.id();
  if (IsInteger(source) || source.id() == FLOAT) {
    return target.id() == FLOAT || target.id() == DOUBLE || target.id() == BOOLEAN;
  }
  if (source.id() == BOOLEAN) return target.IsNumeric();
  if (source.id() == DOUBLE) return target.id() == FLOAT || target.id() == BOOLEAN;
  if (source.id() == DECIMAL) return target.id() == BOOLEAN;
  return false;
}

}  // namespace

bool IsCastable(const LogicalType& source, const LogicalType& target) {
  using enum LogicalTypeId;
  if (DuckDbIsRight(source, target)) return true;
  if (IsVariant(source) || IsVariant(target)) return true;
  if (target.id() == VARCHAR) return true;
  if (source.id() == LIST && target.id() == LIST) {
    return IsCastable(duckdb::ListType::GetChildType(source),
                      duckdb::ListType::GetChildType(target));
  }
  if (source.id() == MAP && target.id() == MAP) {
    return IsCastable(duckdb::MapType::KeyType(source), duckdb::MapType::KeyType(target)) &&
           IsCastable(duckdb::MapType::ValueType(source), duckdb::MapType::ValueType(target));
  }
  if (source.id() == STRUCT && target.id() == STRUCT) {
    const auto& from = duckdb::StructType::GetChildTypes(source);
    const auto& to = duckdb::StructType::GetChildTypes(target);
    if (from.size() != to.size()) return false;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!IsCastable(from[i].second, to[i].second)) return false;
    }
    return true;
  }
  if (source.IsNested() || target.IsNested()) return false;
  return Executor(source, target).function != nullptr;
}

duckdb::BoundCastInfo BindSparkCast(ClientContext* context, const FunctionSession& session,
                                    const LogicalType& source, const LogicalType& target) {
  using enum LogicalTypeId;
  if (DuckDbIsRight(source, target)) {
    if (context) {
      duckdb::GetCastFunctionInput input(*context);
      return duckdb::CastFunctionSet::Get(*context).GetCastFunction(source, target, input);
    }
    return duckdb::DefaultCasts::NopCast;
  }
  auto data = duckdb::make_uniq<CastData>();
  data->source = source;
  data->target = target;
  data->zone = types::TimeZone::FindOrNull(session.time_zone);
  if (!data->zone) data->zone = &TimeZone::Utc();
  data->now_us = session.now_us;
  BoundCastInfo cast(nullptr);
  if (source.id() == LIST && target.id() == LIST) {
    data->children.push_back(BindSparkCast(context, session, duckdb::ListType::GetChildType(source),
                                           duckdb::ListType::GetChildType(target)));
    cast = BoundCastInfo(ListToList);
  } else if (source.id() == MAP && target.id() == MAP) {
    data->children.push_back(BindSparkCast(context, session, duckdb::ListType::GetChildType(source),
                                           duckdb::ListType::GetChildType(target)));
    cast = BoundCastInfo(ListToList);
  } else if (source.id() == STRUCT && target.id() == STRUCT) {
    const auto& from = duckdb::StructType::GetChildTypes(source);
    const auto& to = duckdb::StructType::GetChildTypes(target);
    for (std::size_t i = 0; i < from.size(); ++i) {
      data->children.push_back(BindSparkCast(context, session, from[i].second, to[i].second));
    }
    cast = BoundCastInfo(StructToStruct);
  } else {
    cast = Executor(source, target);
  }
  cast.cast_data = std::move(data);
  return cast;
}

ExpressionPtr CastTo(ClientContext& context, ExpressionPtr argument, const LogicalType& target,
                     CastMode mode) {
  const LogicalType source = argument->return_type;
  if (source == target) return argument;
  if (source.id() == LogicalTypeId::SQLNULL) {
    if (argument->GetExpressionClass() == duckdb::ExpressionClass::BOUND_CONSTANT) {
      return Constant(duckdb::Value(target));
    }
    // Such as raise_error(): it has no value, but it must run.
    return duckdb::make_uniq<duckdb::BoundCastExpression>(
        std::move(argument), target, BoundCastInfo(duckdb::DefaultCasts::TryVectorNullCast));
  }
  if (IsVariant(source) || IsVariant(target)) {
    return CastVariant(context, std::move(argument), target, mode);
  }
  if (!IsCastable(source, target)) {
    Raise(Condition::DATATYPE_MISMATCH_CAST_WITHOUT_SUGGESTION,
          {{"srcType", SqlName(source)}, {"targetType", SqlName(target)}});
  }
  const FunctionSession session = SessionOf(context);
  return duckdb::make_uniq<duckdb::BoundCastExpression>(
      std::move(argument), target, BindSparkCast(&context, session, source, target),
      mode == CastMode::kTry);
}

namespace {

Bound BindCast(ClientContext& context, Arguments& arguments, CastMode mode) {
  const auto type = ConstantOf(context, *arguments.at(1));
  const LogicalType target =
      ToDuckDbType(ValueOrRaise(types::ParseType(duckdb::StringValue::Get(*type))));
  return Replace(CastTo(context, Take(arguments[0]), target, mode));
}

/// The casts that DuckDB puts in by itself (set operations, CASE, comparisons).
BoundCastInfo BindImplicit(duckdb::BindCastInput& input, const LogicalType& source,
                           const LogicalType& target) {
  return BindSparkCast(input.context.get(),
                       input.context ? SessionOf(*input.context) : FunctionSession{}, source,
                       target);
}

}  // namespace

void AddCastFunctions(Registry& registry) {
  registry.AddBound("spark_cast", [](ClientContext& context, Arguments& arguments) {
    return BindCast(context, arguments, CastMode::kAnsi);
  });
  registry.AddBound("spark_try_cast", [](ClientContext& context, Arguments& arguments) {
    return BindCast(context, arguments, CastMode::kTry);
  });
}

void RegisterImplicitCasts(duckdb::DBConfig& config) {
  using enum LogicalTypeId;
  const LogicalTypeId kinds[] = {BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT,    FLOAT,
                                 DOUBLE,  VARCHAR, BLOB,     DATE,    TIMESTAMP, TIMESTAMP_TZ};
  duckdb::CastFunctionSet& casts = config.GetCastFunctions();
  for (LogicalTypeId source : kinds) {
    for (LogicalTypeId target : kinds) {
      const LogicalType from(source);
      const LogicalType to(target);
      if (DuckDbIsRight(from, to) || !Executor(from, to).function) continue;
      casts.RegisterCastFunction(from, to, BindImplicit, duckdb::CastRules::ImplicitCast(from, to));
    }
  }
}

}  // namespace inlet::engine::functions
