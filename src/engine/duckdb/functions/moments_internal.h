#pragma once

#include "engine/duckdb/functions/function_internal.h"
#include "types/time_zone.h"

/// Dates, instants, wall clocks and intervals.
namespace inlet::engine::functions {

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

constexpr std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

const types::TimeZone& ZoneOf(const FunctionSession& session);

std::int32_t AddMonths(std::int32_t days, std::int64_t months);
/// Months, then whole days, by the wall clock of `zone`; then the rest of the time.
std::int64_t AddToInstant(std::int64_t instant_us, const duckdb::interval_t& interval,
                          const types::TimeZone& zone);

/// DATE + INT, TIMESTAMP - INTERVAL, DATE - DATE, INTERVAL * n and their kin; nothing when neither
/// operand is of these types.
std::optional<Bound> BindMomentArithmetic(ClientContext& context, Arguments& arguments, bool add,
                                          bool subtract, bool multiply, bool divide, bool is_try);

}  // namespace inlet::engine::functions
