#include <algorithm>
#include <array>
#include <cmath>
#include <duckdb/planner/expression/bound_cast_expression.hpp>

#include "base/option_map.h"
#include "engine/duckdb/functions/cache_internal.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "engine/duckdb/logical_types.h"
#include "types/datetime_pattern.h"

namespace inlet::engine::functions {

using duckdb::date_t;
using duckdb::interval_t;
using duckdb::timestamp_t;
using duckdb::timestamp_tz_t;
using types::DateTimePattern;
using types::TimeZone;

const TimeZone& ZoneOf(const FunctionSession& session) {
  const TimeZone* zone = TimeZone::FindOrNull(session.time_zone);
  return zone ? *zone : TimeZone::Utc();
}

namespace {

constexpr std::string_view kDefaultPattern = "yyyy-MM-dd HH:mm:ss";

int DaysInMonth(std::int64_t year, int month) {
  static constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && types::IsValidDate(year, 2, 29) ? 29
                                                       : kDays[static_cast<std::size_t>(month - 1)];
}

std::int32_t DayOf(std::int64_t local_us) {
  return static_cast<std::int32_t>(FloorDivide(local_us, kMicrosPerDay));
}
std::int64_t TimeOfDay(std::int64_t local_us) {
  return local_us - FloorDivide(local_us, kMicrosPerDay) * kMicrosPerDay;
}
/// Monday is 1, Sunday is 7.
int IsoDayOfWeek(std::int32_t days) { return static_cast<int>(((days + 3LL) % 7 + 7) % 7) + 1; }

const TimeZone& ZoneNamed(std::string_view name) { return *ValueOrRaise(TimeZone::Find(name)); }

const DateTimePattern& Pattern(std::string_view text, DateTimePattern::Use use) {
  static thread_local std::array<CompiledCache<DateTimePattern>, 2> caches;
  return caches[use == DateTimePattern::Use::kParse ? 0 : 1].Get(
      text, [use](std::string_view pattern) {
        return ValueOrRaise(DateTimePattern::Compile(pattern, use));
      });
}

[[noreturn]] void RaiseCannotParse(std::string_view text) {
  Raise(Condition::CANNOT_PARSE_TIMESTAMP,
        {{"message", "Text '" + std::string(text) + "' could not be parsed by the pattern"}});
}

}  // namespace

std::int32_t AddMonths(std::int32_t days, std::int64_t months) {
  const types::CivilDate date = types::CivilFromDays(days);
  const std::int64_t total = date.year * 12 + (date.month - 1) + months;
  const std::int64_t year = FloorDivide(total, 12);
  const int month = static_cast<int>(total - year * 12) + 1;
  return types::DaysFromCivil(year, month, std::min(date.day, DaysInMonth(year, month)));
}

std::int64_t AddToInstant(std::int64_t instant_us, const interval_t& interval,
                          const TimeZone& zone) {
  std::int64_t local = zone.ToLocal(instant_us);
  // Spark keeps day-time intervals as one number: whole days in it are calendar days.
  const std::int64_t whole_days = interval.micros / kMicrosPerDay;
  const std::int64_t days = interval.days + whole_days;
  if (interval.months != 0 || days != 0) {
    const std::int32_t day = AddMonths(DayOf(local), interval.months);
    local = (day + days) * kMicrosPerDay + TimeOfDay(local);
    instant_us = zone.ToInstant(local);
  }
  return instant_us + (interval.micros - whole_days * kMicrosPerDay);
}

// ---- Arithmetic

namespace {

bool IsMoment(const LogicalType& type) {
  return type.id() == LogicalTypeId::DATE || type.id() == LogicalTypeId::TIMESTAMP ||
         type.id() == LogicalTypeId::TIMESTAMP_TZ;
}

template <class A, class B, class R, class Fn>
Bound Rows(LogicalType type, Fn fn) {
  return {.type = std::move(type),
          .execute = [fn](DataChunk& chunk, ExpressionState&, Vector& result) {
            duckdb::BinaryExecutor::Execute<A, B, R>(chunk.data[0], chunk.data[1], result,
                                                     chunk.size(), fn);
          }};
}

interval_t Scaled(const interval_t& interval, double factor) {
  const double micros = (static_cast<double>(interval.days) * static_cast<double>(kMicrosPerDay) +
                         static_cast<double>(interval.micros)) *
                        factor;
  return {static_cast<std::int32_t>(std::llround(interval.months * factor)), 0,
          std::llround(micros)};
}

interval_t Sum(const interval_t& a, const interval_t& b, int sign) {
  return {a.months + sign * b.months, a.days + sign * b.days, a.micros + sign * b.micros};
}

/// DATE stays DATE under an interval of months or whole days; with a time it becomes TIMESTAMP.
bool HasTime(ClientContext& context, const Expression& interval) {
  const auto value = ConstantOf(context, interval);
  if (!value || value->IsNull()) return !value.has_value();
  return duckdb::IntervalValue::Get(*value).micros != 0;
}

Bound AddInterval(ClientContext& context, Arguments& arguments, int sign) {
  const LogicalType type = arguments[0]->return_type;
  if (type.id() == LogicalTypeId::DATE && !HasTime(context, *arguments[1])) {
    return Rows<date_t, interval_t, date_t>(type, [sign](date_t day, interval_t interval) {
      return date_t(AddMonths(day.days, std::int64_t{sign} * interval.months) +
                    sign * interval.days);
    });
  }
  if (type.id() != LogicalTypeId::TIMESTAMP) {
    arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::TIMESTAMP_TZ);
  }
  const TimeZone* zone =
      type.id() == LogicalTypeId::TIMESTAMP ? &TimeZone::Utc() : &ZoneOf(SessionOf(context));
  return Rows<timestamp_t, interval_t, timestamp_t>(
      arguments[0]->return_type, [sign, zone](timestamp_t moment, interval_t interval) {
        const interval_t signed_interval{sign * interval.months, sign * interval.days,
                                         sign * interval.micros};
        return timestamp_t(AddToInstant(moment.value, signed_interval, *zone));
      });
}

Bound SubtractMoments(ClientContext& context, Arguments& arguments) {
  if (arguments[0]->return_type.id() == LogicalTypeId::DATE &&
      arguments[1]->return_type.id() == LogicalTypeId::DATE) {
    return Rows<date_t, date_t, interval_t>(LogicalType::INTERVAL, [](date_t a, date_t b) {
      return interval_t{0, a.days - b.days, 0};
    });
  }
  const bool ntz = arguments[0]->return_type.id() == LogicalTypeId::TIMESTAMP &&
                   arguments[1]->return_type.id() == LogicalTypeId::TIMESTAMP;
  for (ExpressionPtr& argument : arguments) {
    argument = CastTo(context, std::move(argument),
                      ntz ? LogicalType::TIMESTAMP : LogicalType::TIMESTAMP_TZ);
  }
  return Rows<timestamp_t, timestamp_t, interval_t>(LogicalType::INTERVAL,
                                                    [](timestamp_t a, timestamp_t b) {
                                                      return interval_t{0, 0, a.value - b.value};
                                                    });
}

Bound AddDays(ClientContext& context, Arguments& arguments, int sign) {
  arguments[1] = CastTo(context, std::move(arguments[1]), LogicalType::INTEGER);
  return Rows<date_t, std::int32_t, date_t>(
      LogicalType::DATE,
      [sign](date_t day, std::int32_t days) { return date_t(day.days + sign * days); });
}

Bound ScaleInterval(ClientContext& context, Arguments& arguments, bool divide) {
  arguments[1] = CastTo(context, std::move(arguments[1]), LogicalType::DOUBLE);
  return Rows<interval_t, double, interval_t>(
      arguments[0]->return_type, [divide](interval_t interval, double factor) {
        if (divide && factor == 0) Raise(Condition::DIVIDE_BY_ZERO, {});
        return Scaled(interval, divide ? 1 / factor : factor);
      });
}

}  // namespace

std::optional<Bound> BindMomentArithmetic(ClientContext& context, Arguments& arguments, bool add,
                                          bool subtract, bool multiply, bool divide, bool) {
  auto id = [&](std::size_t i) { return arguments[i]->return_type.id(); };
  auto is = [&](std::size_t i, LogicalTypeId type) { return id(i) == type; };
  const bool any_moment =
      IsMoment(arguments[0]->return_type) || IsMoment(arguments[1]->return_type);
  const bool any_interval = is(0, LogicalTypeId::INTERVAL) || is(1, LogicalTypeId::INTERVAL);
  if (!any_moment && !any_interval) return std::nullopt;
  if (add && (is(0, LogicalTypeId::INTERVAL) || is(1, LogicalTypeId::DATE)) &&
      !is(1, LogicalTypeId::INTERVAL)) {
    std::swap(arguments[0], arguments[1]);
  }
  if (multiply && is(1, LogicalTypeId::INTERVAL)) std::swap(arguments[0], arguments[1]);
  const int sign = subtract ? -1 : 1;
  if (add || subtract) {
    if (is(0, LogicalTypeId::INTERVAL) && is(1, LogicalTypeId::INTERVAL)) {
      return Rows<interval_t, interval_t, interval_t>(
          arguments[0]->return_type,
          [sign](interval_t a, interval_t b) { return Sum(a, b, sign); });
    }
    if (is(1, LogicalTypeId::INTERVAL)) return AddInterval(context, arguments, sign);
    if (is(0, LogicalTypeId::DATE) &&
        (arguments[1]->return_type.IsIntegral() || is(1, LogicalTypeId::SQLNULL))) {
      return AddDays(context, arguments, sign);
    }
    if (subtract) return SubtractMoments(context, arguments);
  }
  if ((multiply || divide) && is(0, LogicalTypeId::INTERVAL)) {
    return ScaleInterval(context, arguments, divide);
  }
  return std::nullopt;
}

// ---- Fields

namespace {

/// A field of the wall clock: of a TIMESTAMP in the session's zone, of a TIMESTAMP_NTZ as it is.
template <class R, class Fn>
void AddClockField(Registry& registry, const std::string& name, Fn fn) {
  registry.AddBound(name, [fn, name](ClientContext& context, Arguments& arguments) {
    const bool ntz = arguments.at(0)->return_type.id() == LogicalTypeId::TIMESTAMP;
    if (!ntz) CoerceTo(context, arguments[0], LogicalType::TIMESTAMP_TZ, name, 0);
    const TimeZone* zone = ntz ? &TimeZone::Utc() : &ZoneOf(SessionOf(context));
    return Bound{.type = detail::Traits<R>::type(),
                 .execute = [fn, zone](DataChunk& chunk, ExpressionState&, Vector& result) {
                   duckdb::UnaryExecutor::Execute<timestamp_t, R>(
                       chunk.data[0], result, chunk.size(),
                       [&](timestamp_t moment) { return R(fn(zone->ToLocal(moment.value))); });
                 }};
  });
}

std::int32_t DayOfYear(std::int32_t days) {
  return days - types::DaysFromCivil(types::CivilFromDays(days).year, 1, 1) + 1;
}

/// The Thursday of a day's ISO week lies in the year that the week belongs to.
std::int32_t WeekThursday(std::int32_t days) { return days - IsoDayOfWeek(days) + 4; }

void AddDateFields(Registry& registry) {
  auto add = [&](const char* name, std::int32_t (*field)(std::int32_t)) {
    registry.Add(name, [field](date_t day) { return field(day.days); });
  };
  add("spark_year",
      [](std::int32_t d) { return static_cast<std::int32_t>(types::CivilFromDays(d).year); });
  add("spark_quarter", [](std::int32_t d) { return (types::CivilFromDays(d).month - 1) / 3 + 1; });
  add("spark_month", [](std::int32_t d) { return std::int32_t{types::CivilFromDays(d).month}; });
  add("spark_day", [](std::int32_t d) { return std::int32_t{types::CivilFromDays(d).day}; });
  add("spark_dayofyear", DayOfYear);
  add("spark_dayofweek", [](std::int32_t d) { return IsoDayOfWeek(d) % 7 + 1; });
  add("spark_dayofweek_iso", [](std::int32_t d) { return std::int32_t{IsoDayOfWeek(d)}; });
  add("spark_weekday", [](std::int32_t d) { return IsoDayOfWeek(d) - 1; });
  add("spark_weekofyear", [](std::int32_t d) { return (DayOfYear(WeekThursday(d)) - 1) / 7 + 1; });
  add("spark_yearofweek", [](std::int32_t d) {
    return static_cast<std::int32_t>(types::CivilFromDays(WeekThursday(d)).year);
  });
  registry.Add("spark_unix_date", [](date_t day) { return day.days; });
  registry.Add("spark_date_from_unix_date", [](std::int32_t days) { return date_t(days); });
  registry.Add("spark_dayname", [](date_t day) {
    static constexpr const char* kNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return std::string(kNames[IsoDayOfWeek(day.days) - 1]);
  });
  registry.Add("spark_monthname", [](date_t day) {
    static constexpr const char* kNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return std::string(kNames[types::CivilFromDays(day.days).month - 1]);
  });
  AddClockField<std::int32_t>(registry, "spark_hour",
                              [](std::int64_t local) { return TimeOfDay(local) / 3'600'000'000; });
  AddClockField<std::int32_t>(registry, "spark_minute", [](std::int64_t local) {
    return TimeOfDay(local) / 60'000'000 % 60;
  });
  AddClockField<std::int32_t>(registry, "spark_second",
                              [](std::int64_t local) { return TimeOfDay(local) / 1'000'000 % 60; });
  registry.AddBound("spark_second_fraction", [](ClientContext& context, Arguments& arguments) {
    const bool ntz = arguments.at(0)->return_type.id() == LogicalTypeId::TIMESTAMP;
    if (!ntz) CoerceTo(context, arguments[0], LogicalType::TIMESTAMP_TZ, "extract", 0);
    return Bound{.type = LogicalType::DECIMAL(8, 6),
                 .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
                   duckdb::UnaryExecutor::Execute<timestamp_t, std::int32_t>(
                       chunk.data[0], result, chunk.size(), [](timestamp_t moment) {
                         return static_cast<std::int32_t>(TimeOfDay(moment.value) % 60'000'000);
                       });
                 }};
  });
}

/// EXTRACT and date_part by the field's name.
const char* FunctionOfField(std::string_view field) {
  static constexpr std::pair<std::string_view, const char*> kFields[] = {
      {"year", "spark_year"},
      {"y", "spark_year"},
      {"years", "spark_year"},
      {"yr", "spark_year"},
      {"yrs", "spark_year"},
      {"yearofweek", "spark_yearofweek"},
      {"quarter", "spark_quarter"},
      {"qtr", "spark_quarter"},
      {"month", "spark_month"},
      {"mon", "spark_month"},
      {"mons", "spark_month"},
      {"months", "spark_month"},
      {"week", "spark_weekofyear"},
      {"w", "spark_weekofyear"},
      {"weeks", "spark_weekofyear"},
      {"day", "spark_day"},
      {"d", "spark_day"},
      {"days", "spark_day"},
      {"dayofweek", "spark_dayofweek"},
      {"dow", "spark_dayofweek"},
      {"dayofweek_iso", "spark_dayofweek_iso"},
      {"dow_iso", "spark_dayofweek_iso"},
      {"doy", "spark_dayofyear"},
      {"hour", "spark_hour"},
      {"h", "spark_hour"},
      {"hours", "spark_hour"},
      {"hr", "spark_hour"},
      {"hrs", "spark_hour"},
      {"minute", "spark_minute"},
      {"m", "spark_minute"},
      {"min", "spark_minute"},
      {"mins", "spark_minute"},
      {"minutes", "spark_minute"},
      {"second", "spark_second_fraction"},
      {"s", "spark_second_fraction"},
      {"sec", "spark_second_fraction"},
      {"seconds", "spark_second_fraction"},
      {"secs", "spark_second_fraction"},
  };
  for (const auto& [name, function] : kFields) {
    if (name == field) return function;
  }
  return nullptr;
}

Bound BindDatePart(ClientContext& context, Arguments& arguments) {
  const auto field = ConstantOf(context, *arguments.at(0));
  const std::string name = field && !field->IsNull() ? ToLower(field->ToString()) : "";
  const char* function = FunctionOfField(name);
  if (!function) {
    Raise(Condition::INVALID_EXTRACT_FIELD, {{"field", name}, {"expr", "extract"}});
  }
  return Replace(Call(context, function, Args(Take(arguments[1]))));
}

// ---- Text

Bound BindFormat(ClientContext& context, Arguments& arguments) {
  const bool ntz = arguments.at(0)->return_type.id() == LogicalTypeId::TIMESTAMP;
  if (!ntz) CoerceTo(context, arguments[0], LogicalType::TIMESTAMP_TZ, "date_format", 0);
  CoerceTo(context, arguments.at(1), LogicalType::VARCHAR, "date_format", 1);
  const TimeZone* zone = &ZoneOf(SessionOf(context));
  return {.type = LogicalType::VARCHAR,
          .execute = [ntz, zone](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::string text;
            duckdb::BinaryExecutor::Execute<timestamp_t, duckdb::string_t, duckdb::string_t>(
                chunk.data[0], chunk.data[1], result, chunk.size(),
                [&](timestamp_t moment, duckdb::string_t format) {
                  const DateTimePattern& pattern =
                      Pattern({format.GetData(), format.GetSize()}, DateTimePattern::Use::kFormat);
                  text.clear();
                  if (ntz) {
                    pattern.FormatTimestampNtz(moment.value, text);
                  } else {
                    pattern.FormatTimestamp(moment.value, *zone, text);
                  }
                  return duckdb::StringVector::AddString(result, text);
                });
          }};
}

enum class ParseTo : std::uint8_t { kDate, kInstant, kLocal, kSeconds };

LogicalType TypeOf(ParseTo to) {
  switch (to) {
    case ParseTo::kDate:
      return LogicalType::DATE;
    case ParseTo::kInstant:
      return LogicalType::TIMESTAMP_TZ;
    case ParseTo::kLocal:
      return LogicalType::TIMESTAMP;
    case ParseTo::kSeconds:
      return LogicalType::BIGINT;
  }
  return LogicalType::SQLNULL;
}

std::optional<std::int64_t> ParseWith(const DateTimePattern& pattern, std::string_view text,
                                      ParseTo to, const TimeZone& zone) {
  if (to == ParseTo::kDate) return pattern.ParseDate(text);
  if (to == ParseTo::kLocal) return pattern.ParseTimestampNtz(text);
  const auto instant = pattern.ParseTimestamp(text, zone);
  if (instant && to == ParseTo::kSeconds) return FloorDivide(*instant, kMicrosPerSecond);
  return instant;
}

/// to_date, to_timestamp, unix_timestamp: without a pattern a cast; anything but text is cast too.
Bound BindParse(ClientContext& context, Arguments& arguments, ParseTo to, bool is_try) {
  const bool is_text = arguments.at(0)->return_type.id() == LogicalTypeId::VARCHAR;
  const CastMode mode = is_try ? CastMode::kTry : CastMode::kAnsi;
  if (to == ParseTo::kSeconds && !is_text) {
    return Replace(Call(context, "spark_seconds_of",
                        Args(CastTo(context, Take(arguments[0]), LogicalType::TIMESTAMP_TZ))));
  }
  if (!is_text || (arguments.size() == 1 && to != ParseTo::kSeconds)) {
    return Replace(CastTo(context, Take(arguments[0]), TypeOf(to), mode));
  }
  if (arguments.size() == 1)
    arguments.push_back(Constant(duckdb::Value(std::string(kDefaultPattern))));
  CoerceTo(context, arguments[1], LogicalType::VARCHAR, "to_timestamp", 1);
  const TimeZone* zone = &ZoneOf(SessionOf(context));
  auto execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
    duckdb::BinaryExecutor::ExecuteWithNulls<duckdb::string_t, duckdb::string_t, std::int64_t>(
        chunk.data[0], chunk.data[1], result, chunk.size(),
        [&](duckdb::string_t text, duckdb::string_t format, duckdb::ValidityMask& mask,
            idx_t row) -> std::int64_t {
          const std::string_view view(text.GetData(), text.GetSize());
          const DateTimePattern& pattern =
              Pattern({format.GetData(), format.GetSize()}, DateTimePattern::Use::kParse);
          if (const auto value = ParseWith(pattern, view, to, *zone)) return *value;
          if (!is_try) RaiseCannotParse(view);
          mask.SetInvalid(row);
          return 0;
        });
  };
  if (to != ParseTo::kDate) return {.type = TypeOf(to), .execute = execute};
  auto execute_date = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
    duckdb::BinaryExecutor::ExecuteWithNulls<duckdb::string_t, duckdb::string_t, std::int32_t>(
        chunk.data[0], chunk.data[1], result, chunk.size(),
        [&](duckdb::string_t text, duckdb::string_t format, duckdb::ValidityMask& mask,
            idx_t row) -> std::int32_t {
          const std::string_view view(text.GetData(), text.GetSize());
          const DateTimePattern& pattern =
              Pattern({format.GetData(), format.GetSize()}, DateTimePattern::Use::kParse);
          if (const auto value = pattern.ParseDate(view)) return *value;
          if (!is_try) RaiseCannotParse(view);
          mask.SetInvalid(row);
          return 0;
        });
  };
  return {.type = LogicalType::DATE, .execute = execute_date};
}

void AddParsers(Registry& registry) {
  struct Parser {
    const char* name;
    ParseTo to;
    bool is_try;
  };
  for (const Parser& parser : {Parser{"spark_to_date", ParseTo::kDate, false},
                               Parser{"spark_try_to_date", ParseTo::kDate, true},
                               Parser{"spark_to_timestamp", ParseTo::kInstant, false},
                               Parser{"spark_try_to_timestamp", ParseTo::kInstant, true},
                               Parser{"spark_to_timestamp_ntz", ParseTo::kLocal, false},
                               Parser{"spark_unix_timestamp", ParseTo::kSeconds, false}}) {
    registry.AddBound(parser.name, [parser](ClientContext& context, Arguments& arguments) {
      if (arguments.empty()) {
        return Replace(Constant(
            duckdb::Value::BIGINT(FloorDivide(SessionOf(context).now_us, kMicrosPerSecond))));
      }
      return BindParse(context, arguments, parser.to, parser.is_try);
    });
  }
  registry.AddBound("spark_date_format", BindFormat);
  registry.Add("spark_from_unixtime", [](const FunctionSession& session, std::int64_t seconds) {
    std::string text;
    Pattern(kDefaultPattern, DateTimePattern::Use::kFormat)
        .FormatTimestamp(seconds * kMicrosPerSecond, ZoneOf(session), text);
    return text;
  });
  registry.Add("spark_from_unixtime",
               [](const FunctionSession& session, std::int64_t seconds, std::string_view format) {
                 std::string text;
                 Pattern(format, DateTimePattern::Use::kFormat)
                     .FormatTimestamp(seconds * kMicrosPerSecond, ZoneOf(session), text);
                 return text;
               });
}

// ---- Units

enum class Unit : std::uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium
};

std::optional<Unit> UnitNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, Unit> kUnits[] = {
      {"microsecond", Unit::kMicrosecond},
      {"millisecond", Unit::kMillisecond},
      {"second", Unit::kSecond},
      {"minute", Unit::kMinute},
      {"hour", Unit::kHour},
      {"day", Unit::kDay},
      {"dd", Unit::kDay},
      {"dayofyear", Unit::kDay},
      {"week", Unit::kWeek},
      {"month", Unit::kMonth},
      {"mon", Unit::kMonth},
      {"mm", Unit::kMonth},
      {"quarter", Unit::kQuarter},
      {"year", Unit::kYear},
      {"yyyy", Unit::kYear},
      {"yy", Unit::kYear}};
  const std::string lower = ToLower(name);
  for (const auto& [text, unit] : kUnits) {
    if (text == lower) return unit;
  }
  return std::nullopt;
}

Unit UnitOrRaise(std::string_view name, std::string_view function) {
  const auto unit = UnitNamed(name);
  if (!unit) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "unit"},
           {"functionName", std::string(function)},
           {"message", "there is no unit " + std::string(name)}});
  }
  return *unit;
}

std::int64_t MicrosOf(Unit unit) {
  switch (unit) {
    case Unit::kMicrosecond:
      return 1;
    case Unit::kMillisecond:
      return 1'000;
    case Unit::kSecond:
      return kMicrosPerSecond;
    case Unit::kMinute:
      return 60 * kMicrosPerSecond;
    case Unit::kHour:
      return 3'600 * kMicrosPerSecond;
    case Unit::kWeek:
      return 7 * kMicrosPerDay;
    default:
      return kMicrosPerDay;
  }
}

std::int64_t MonthsOf(Unit unit) {
  switch (unit) {
    case Unit::kMonth:
      return 1;
    case Unit::kQuarter:
      return 3;
    case Unit::kYear:
      return 12;
    default:
      return 0;
  }
}

std::int32_t TruncateDay(std::int32_t days, Unit unit) {
  const types::CivilDate date = types::CivilFromDays(days);
  switch (unit) {
    case Unit::kWeek:
      return days - IsoDayOfWeek(days) + 1;
    case Unit::kMonth:
      return types::DaysFromCivil(date.year, date.month, 1);
    case Unit::kQuarter:
      return types::DaysFromCivil(date.year, (date.month - 1) / 3 * 3 + 1, 1);
    case Unit::kYear:
      return types::DaysFromCivil(date.year, 1, 1);
    default:
      return days;
  }
}

std::int64_t TruncateLocal(std::int64_t local, Unit unit) {
  if (unit < Unit::kDay) return FloorDivide(local, MicrosOf(unit)) * MicrosOf(unit);
  return TruncateDay(DayOf(local), unit) * kMicrosPerDay;
}

/// Whole months from `a` to `b`, as java.time counts them.
std::int64_t MonthsBetween(std::int64_t a, std::int64_t b) {
  const types::CivilDate from = types::CivilFromDays(DayOf(a));
  const types::CivilDate to = types::CivilFromDays(DayOf(b));
  std::int64_t months = (to.year - from.year) * 12 + (to.month - from.month);
  const auto from_rest = std::pair(from.day, TimeOfDay(a));
  const auto to_rest = std::pair(to.day, TimeOfDay(b));
  if (months > 0 && to_rest < from_rest) --months;
  if (months < 0 && to_rest > from_rest) ++months;
  return months;
}

/// months_between: fractions of a month have 31 days; the same day, or two month ends, are whole.
double MonthsBetweenAsDouble(std::int64_t a, std::int64_t b, bool round_off) {
  const types::CivilDate x = types::CivilFromDays(DayOf(a));
  const types::CivilDate y = types::CivilFromDays(DayOf(b));
  const auto months = static_cast<double>((x.year - y.year) * 12 + (x.month - y.month));
  const bool month_ends =
      x.day == DaysInMonth(x.year, x.month) && y.day == DaysInMonth(y.year, y.month);
  if (x.day == y.day || month_ends) return months;
  const std::int64_t seconds =
      (x.day - y.day) * 86'400LL + (TimeOfDay(a) - TimeOfDay(b)) / kMicrosPerSecond;
  const double difference = months + static_cast<double>(seconds) / (31.0 * 86'400);
  return round_off ? std::round(difference * 1e8) / 1e8 : difference;
}

void AddUnitFunctions(Registry& registry) {
  registry.Add("spark_timestampdiff",
               [](const FunctionSession& session, std::string_view unit_name, timestamp_tz_t start,
                  timestamp_tz_t end) -> std::int64_t {
                 const Unit unit = UnitOrRaise(unit_name, "timestampdiff");
                 const TimeZone& zone = ZoneOf(session);
                 const std::int64_t a = zone.ToLocal(start.value);
                 const std::int64_t b = zone.ToLocal(end.value);
                 if (const std::int64_t months = MonthsOf(unit))
                   return MonthsBetween(a, b) / months;
                 return (b - a) / MicrosOf(unit);
               });
  registry.AddBound("spark_timestampadd", [](ClientContext& context, Arguments& arguments) {
    CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "timestampadd", 0);
    CoerceTo(context, arguments.at(1), LogicalType::INTEGER, "timestampadd", 1);
    const bool ntz = arguments.at(2)->return_type.id() == LogicalTypeId::TIMESTAMP;
    if (!ntz) CoerceTo(context, arguments[2], LogicalType::TIMESTAMP_TZ, "timestampadd", 2);
    const TimeZone* zone = ntz ? &TimeZone::Utc() : &ZoneOf(SessionOf(context));
    return Bound{.type = arguments[2]->return_type,
                 .execute = [zone](DataChunk& chunk, ExpressionState&, Vector& result) {
                   duckdb::TernaryExecutor::Execute<duckdb::string_t, std::int32_t, timestamp_t,
                                                    timestamp_t>(
                       chunk.data[0], chunk.data[1], chunk.data[2], result, chunk.size(),
                       [&](duckdb::string_t unit_name, std::int32_t amount, timestamp_t moment) {
                         const Unit unit = UnitOrRaise({unit_name.GetData(), unit_name.GetSize()},
                                                       "timestampadd");
                         interval_t interval{};
                         if (const std::int64_t months = MonthsOf(unit)) {
                           interval.months = static_cast<std::int32_t>(months * amount);
                         } else if (unit >= Unit::kDay) {
                           interval.days =
                               static_cast<std::int32_t>(MicrosOf(unit) / kMicrosPerDay * amount);
                         } else {
                           return timestamp_t(moment.value + MicrosOf(unit) * amount);
                         }
                         return timestamp_t(AddToInstant(moment.value, interval, *zone));
                       });
                 }};
  });
  registry.Add("spark_trunc", [](date_t day, std::string_view unit) -> std::optional<date_t> {
    const auto known = UnitNamed(unit);
    if (!known || *known < Unit::kWeek) return std::nullopt;
    return date_t(TruncateDay(day.days, *known));
  });
  registry.Add("spark_date_trunc",
               [](const FunctionSession& session, std::string_view unit,
                  timestamp_tz_t moment) -> std::optional<timestamp_tz_t> {
                 const auto known = UnitNamed(unit);
                 if (!known) return std::nullopt;
                 const TimeZone& zone = ZoneOf(session);
                 return timestamp_tz_t(timestamp_t(
                     zone.ToInstant(TruncateLocal(zone.ToLocal(moment.value), *known))));
               });
  registry.Add("spark_months_between",
               [](const FunctionSession& session, timestamp_tz_t a, timestamp_tz_t b) {
                 const TimeZone& zone = ZoneOf(session);
                 return MonthsBetweenAsDouble(zone.ToLocal(a.value), zone.ToLocal(b.value), true);
               });
  registry.Add("spark_months_between", [](const FunctionSession& session, timestamp_tz_t a,
                                          timestamp_tz_t b, bool round_off) {
    const TimeZone& zone = ZoneOf(session);
    return MonthsBetweenAsDouble(zone.ToLocal(a.value), zone.ToLocal(b.value), round_off);
  });
}

// ---- Making

[[noreturn]] void RaiseField(std::string message) {
  Raise(Condition::DATETIME_FIELD_OUT_OF_BOUNDS, {{"rangeMessage", std::move(message)}});
}

/// Microseconds of a wall clock from its parts; nothing when a part is out of range.
std::optional<std::int64_t> LocalOf(std::int32_t year, std::int32_t month, std::int32_t day,
                                    std::int32_t hour, std::int32_t minute, double second) {
  const std::int64_t micros = std::llround(second * 1e6);
  if (!types::IsValidDate(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      micros < 0 || micros > 60 * kMicrosPerSecond) {
    return std::nullopt;
  }
  return types::DaysFromCivil(year, month, day) * kMicrosPerDay + hour * 3'600'000'000LL +
         minute * 60'000'000LL + micros;
}

std::string PartsText(std::int32_t year, std::int32_t month, std::int32_t day) {
  return "There is no such date or time: year " + std::to_string(year) + ", month " +
         std::to_string(month) + ", day " + std::to_string(day);
}

void AddMakers(Registry& registry) {
  using i32 = std::int32_t;
  registry.Add("spark_make_date", [](i32 year, i32 month, i32 day) {
    if (!types::IsValidDate(year, month, day)) RaiseField(PartsText(year, month, day));
    return date_t(types::DaysFromCivil(year, month, day));
  });
  registry.Add("spark_make_timestamp",
               [](const FunctionSession& session, i32 y, i32 mo, i32 d, i32 h, i32 mi, double s) {
                 const auto local = LocalOf(y, mo, d, h, mi, s);
                 if (!local) RaiseField(PartsText(y, mo, d));
                 return timestamp_tz_t(timestamp_t(ZoneOf(session).ToInstant(*local)));
               });
  registry.Add("spark_make_timestamp",
               [](i32 y, i32 mo, i32 d, i32 h, i32 mi, double s, std::string_view zone) {
                 const auto local = LocalOf(y, mo, d, h, mi, s);
                 if (!local) RaiseField(PartsText(y, mo, d));
                 return timestamp_tz_t(timestamp_t(ZoneNamed(zone).ToInstant(*local)));
               });
  registry.Add("spark_try_make_timestamp",
               [](const FunctionSession& session, i32 y, i32 mo, i32 d, i32 h, i32 mi,
                  double s) -> std::optional<timestamp_tz_t> {
                 const auto local = LocalOf(y, mo, d, h, mi, s);
                 if (!local) return std::nullopt;
                 return timestamp_tz_t(timestamp_t(ZoneOf(session).ToInstant(*local)));
               });
  registry.Add("spark_try_make_timestamp",
               [](i32 y, i32 mo, i32 d, i32 h, i32 mi, double s,
                  std::string_view zone) -> std::optional<timestamp_tz_t> {
                 const auto local = LocalOf(y, mo, d, h, mi, s);
                 if (!local) return std::nullopt;
                 return timestamp_tz_t(timestamp_t(ZoneNamed(zone).ToInstant(*local)));
               });
  registry.Add("spark_try_make_timestamp_ntz",
               [](i32 y, i32 mo, i32 d, i32 h, i32 mi, double s) -> std::optional<timestamp_t> {
                 const auto local = LocalOf(y, mo, d, h, mi, s);
                 return local ? std::optional(timestamp_t(*local)) : std::nullopt;
               });
  registry.Add("spark_make_timestamp_ntz", [](i32 y, i32 mo, i32 d, i32 h, i32 mi, double s) {
    const auto local = LocalOf(y, mo, d, h, mi, s);
    if (!local) RaiseField(PartsText(y, mo, d));
    return timestamp_t(*local);
  });
  registry.Add("spark_make_dt_interval", [](i32 days, i32 hours, i32 minutes, double seconds) {
    return interval_t{
        0, days, hours * 3'600'000'000LL + minutes * 60'000'000LL + std::llround(seconds * 1e6)};
  });
  registry.Add("spark_months_interval", [](i32 years, i32 months) {
    i32 total = 0;
    if (__builtin_mul_overflow(years, 12, &total) ||
        __builtin_add_overflow(total, months, &total)) {
      Raise(Condition::ARITHMETIC_OVERFLOW,
            {{"message", "The interval is out of range"}, {"functionName", "make_ym_interval"}});
    }
    return interval_t{total, 0, 0};
  });
  registry.AddBound("spark_make_ym_interval", [](ClientContext& context, Arguments& arguments) {
    // The same values under another name: there is no cast to it.
    ExpressionPtr call = Call(context, "spark_months_interval", TakeAll(arguments));
    call->return_type = ToDuckDbType(types::TypeId::kYearMonthInterval);
    return Replace(std::move(call));
  });
  // The start of the bucket of a moment, counted from an origin.
  registry.Add(
      "spark_time_bucket", [](interval_t size, timestamp_tz_t moment, timestamp_tz_t origin) {
        const std::int64_t width = size.days * kMicrosPerDay + size.micros;
        if (size.months != 0 || width <= 0) {
          Raise(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "bucketSize"},
                 {"functionName", "`time_bucket`"},
                 {"message", "it must be a positive interval of days and time"}});
        }
        const std::int64_t passed = moment.value - origin.value;
        return timestamp_tz_t(timestamp_t(origin.value + FloorDivide(passed, width) * width));
      });
  registry.Add("spark_timestamp_millis", [](std::int64_t n) {
    std::int64_t micros = 0;
    if (__builtin_mul_overflow(n, std::int64_t{1000}, &micros)) {
      Raise(Condition::ARITHMETIC_OVERFLOW, {{"message", "timestamp_millis is out of range"},
                                             {"functionName", "timestamp_millis"}});
    }
    return timestamp_tz_t(timestamp_t(micros));
  });
  registry.Add("spark_timestamp_micros",
               [](std::int64_t n) { return timestamp_tz_t(timestamp_t(n)); });
  registry.AddBound("spark_timestamp_seconds", [](ClientContext& context, Arguments& arguments) {
    return Replace(CastTo(context, Take(arguments.at(0)), LogicalType::TIMESTAMP_TZ));
  });
  // unix_timestamp() drops the fraction, unix_seconds() rounds down.
  registry.Add("spark_seconds_of",
               [](timestamp_tz_t t) -> std::int64_t { return t.value / kMicrosPerSecond; });
  registry.Add("spark_unix_seconds",
               [](timestamp_tz_t t) { return FloorDivide(t.value, kMicrosPerSecond); });
  registry.Add("spark_unix_millis", [](timestamp_tz_t t) { return FloorDivide(t.value, 1000); });
  registry.Add("spark_unix_micros", [](timestamp_tz_t t) { return std::int64_t{t.value}; });
}

// ---- Days

int DayNamed(std::string_view name) {
  static constexpr std::string_view kNames[] = {"monday", "tuesday",  "wednesday", "thursday",
                                                "friday", "saturday", "sunday"};
  const std::string lower = ToLower(name);
  for (int i = 0; i < 7; ++i) {
    const std::string_view full = kNames[i];
    if (lower == full || lower == full.substr(0, 3) || lower == full.substr(0, 2)) return i + 1;
  }
  Raise(Condition::ILLEGAL_DAY_OF_WEEK, {{"string", std::string(name)}});
}

void AddDayFunctions(Registry& registry) {
  registry.Add("spark_date_add",
               [](date_t day, std::int32_t days) { return date_t(day.days + days); });
  registry.Add("spark_date_sub",
               [](date_t day, std::int32_t days) { return date_t(day.days - days); });
  registry.Add("spark_datediff", [](date_t end, date_t start) { return end.days - start.days; });
  registry.Add("spark_add_months",
               [](date_t day, std::int32_t months) { return date_t(AddMonths(day.days, months)); });
  registry.Add("spark_last_day", [](date_t day) {
    const types::CivilDate date = types::CivilFromDays(day.days);
    return date_t(types::DaysFromCivil(date.year, date.month, DaysInMonth(date.year, date.month)));
  });
  registry.Add("spark_next_day", [](date_t day, std::string_view name) {
    const int ahead = (DayNamed(name) - IsoDayOfWeek(day.days) + 6) % 7 + 1;
    return date_t(day.days + ahead);
  });
}

// ---- Zones, windows and the present

void AddZoneFunctions(Registry& registry) {
  registry.Add("spark_from_utc_timestamp",
               [](const FunctionSession& session, timestamp_tz_t moment, std::string_view zone) {
                 const TimeZone& own = ZoneOf(session);
                 const std::int64_t utc = TimeZone::Utc().ToInstant(own.ToLocal(moment.value));
                 return timestamp_tz_t(timestamp_t(own.ToInstant(ZoneNamed(zone).ToLocal(utc))));
               });
  registry.Add("spark_to_utc_timestamp",
               [](const FunctionSession& session, timestamp_tz_t moment, std::string_view zone) {
                 const TimeZone& own = ZoneOf(session);
                 const std::int64_t instant = ZoneNamed(zone).ToInstant(own.ToLocal(moment.value));
                 return timestamp_tz_t(timestamp_t(own.ToInstant(instant)));
               });
  registry.Add("spark_convert_timezone",
               [](std::string_view from, std::string_view to, timestamp_t local) {
                 return timestamp_t(ZoneNamed(to).ToLocal(ZoneNamed(from).ToInstant(local.value)));
               });
  registry.Add("spark_convert_timezone",
               [](const FunctionSession& session, std::string_view to, timestamp_t local) {
                 return timestamp_t(ZoneNamed(to).ToLocal(ZoneOf(session).ToInstant(local.value)));
               });
}

/// "5 minutes", "1 hour 30 seconds", also with INTERVAL in front.
std::int64_t WindowMicros(std::string_view text) {
  const auto fail = [&]() -> std::int64_t {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "windowDuration"},
           {"functionName", "window"},
           {"message", "'" + std::string(text) + "' is no interval of fixed length"}});
  };
  std::int64_t total = 0;
  std::string lower = ToLower(text);
  std::string_view rest = lower;
  if (rest.starts_with("interval")) rest.remove_prefix(8);
  auto word = [&] {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const std::string_view found = rest.substr(0, rest.find(' '));
    rest.remove_prefix(found.size());
    return found;
  };
  for (std::string_view number = word(); !number.empty(); number = word()) {
    const auto amount = types::ParseInteger<std::int64_t>(number);
    std::string_view name = word();
    if (name.ends_with('s')) name.remove_suffix(1);
    const auto unit = UnitNamed(name);
    if (!amount || !unit || MonthsOf(*unit) != 0) return fail();
    total += *amount * MicrosOf(*unit);
  }
  return total > 0 ? total : fail();
}

/// The arguments of window() behind the moment.
struct WindowShape {
  std::int64_t length = 0;
  std::int64_t slide = 0;
  std::int64_t offset = 0;

  std::int64_t LastStart(std::int64_t moment) const {
    return FloorDivide(moment - offset, slide) * slide + offset;
  }
};

/// Leaves only the moment among `arguments`.
WindowShape TakeWindowShape(ClientContext& context, Arguments& arguments) {
  constexpr std::int64_t kMaxWindowsOfMoment = 100'000;
  const bool ntz = arguments.at(0)->return_type.id() == LogicalTypeId::TIMESTAMP;
  if (!ntz) CoerceTo(context, arguments[0], LogicalType::TIMESTAMP_TZ, "window", 0);
  std::int64_t parts[3] = {0, 0, 0};
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const auto value = ConstantOf(context, *arguments[i]);
    if (value && !value->IsNull()) parts[i - 1] = WindowMicros(value->ToString());
  }
  const WindowShape shape{
      .length = parts[0], .slide = parts[1] == 0 ? parts[0] : parts[1], .offset = parts[2]};
  if (shape.slide > shape.length || shape.length / shape.slide > kMaxWindowsOfMoment) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "slideDuration"},
           {"functionName", "window"},
           {"message", "it must be at most the window's length, and not a tiny part of it"}});
  }
  arguments.resize(1);
  return shape;
}

/// window(ts, '5 minutes'): the tumbling window that a moment falls into, aligned to 1970 UTC.
Bound BindWindow(ClientContext& context, Arguments& arguments) {
  const WindowShape shape = TakeWindowShape(context, arguments);
  if (shape.slide != shape.length) {
    Raise(Condition::INLET_UNSUPPORTED, {{"feature", "window() with a slide outside of GROUP BY"}});
  }
  const LogicalType moment = arguments[0]->return_type;
  return {.type = LogicalType::STRUCT({{"start", moment}, {"end", moment}}),
          .execute = [shape](DataChunk& chunk, ExpressionState&, Vector& result) {
            chunk.data[0].Flatten(chunk.size());
            const auto* moments = duckdb::FlatVector::GetData<std::int64_t>(chunk.data[0]);
            auto& fields = duckdb::StructVector::GetEntries(result);
            auto* start = duckdb::FlatVector::GetData<std::int64_t>(*fields[0]);
            auto* end = duckdb::FlatVector::GetData<std::int64_t>(*fields[1]);
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < chunk.size(); ++row) {
              if (!duckdb::FlatVector::Validity(chunk.data[0]).RowIsValid(row)) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              start[row] = shape.LastStart(moments[row]);
              end[row] = start[row] + shape.length;
            }
          }};
}

/// All windows that a moment falls into, for a query that groups by them; none for NULL.
Bound BindWindows(ClientContext& context, Arguments& arguments) {
  const WindowShape shape = TakeWindowShape(context, arguments);
  const LogicalType moment = arguments[0]->return_type;
  return {.type = LogicalType::LIST(LogicalType::STRUCT({{"start", moment}, {"end", moment}})),
          .execute = [shape](DataChunk& chunk, ExpressionState&, Vector& result) {
            chunk.data[0].Flatten(chunk.size());
            const auto* moments = duckdb::FlatVector::GetData<std::int64_t>(chunk.data[0]);
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            auto* lists = duckdb::FlatVector::GetData<duckdb::list_entry_t>(result);
            idx_t size = 0;
            for (idx_t row = 0; row < chunk.size(); ++row) {
              lists[row] = {size, 0};
              if (!duckdb::FlatVector::Validity(chunk.data[0]).RowIsValid(row)) continue;
              for (std::int64_t begin = shape.LastStart(moments[row]);
                   begin + shape.length > moments[row]; begin -= shape.slide) {
                duckdb::ListVector::Reserve(result, size + 1);
                auto& fields =
                    duckdb::StructVector::GetEntries(duckdb::ListVector::GetEntry(result));
                duckdb::FlatVector::GetData<std::int64_t>(*fields[0])[size] = begin;
                duckdb::FlatVector::GetData<std::int64_t>(*fields[1])[size] = begin + shape.length;
                ++size;
              }
              lists[row].length = size - lists[row].offset;
            }
            duckdb::ListVector::SetListSize(result, size);
          }};
}

void AddPresent(Registry& registry) {
  registry.AddBound("spark_current_timestamp", [](ClientContext& context, Arguments&) {
    return Replace(Constant(
        duckdb::Value::TIMESTAMPTZ(timestamp_tz_t(timestamp_t(SessionOf(context).now_us)))));
  });
  registry.AddBound("spark_localtimestamp", [](ClientContext& context, Arguments&) {
    const FunctionSession session = SessionOf(context);
    return Replace(
        Constant(duckdb::Value::TIMESTAMP(timestamp_t(ZoneOf(session).ToLocal(session.now_us)))));
  });
  registry.AddBound("spark_current_date", [](ClientContext& context, Arguments&) {
    const FunctionSession session = SessionOf(context);
    return Replace(
        Constant(duckdb::Value::DATE(date_t(DayOf(ZoneOf(session).ToLocal(session.now_us))))));
  });
  registry.AddBound("spark_current_timezone", [](ClientContext& context, Arguments&) {
    return Replace(Constant(duckdb::Value(SessionOf(context).time_zone)));
  });
}

}  // namespace

void AddDatetimeFunctions(Registry& registry) {
  AddDateFields(registry);
  registry.AddBound("spark_date_part", BindDatePart);
  AddParsers(registry);
  AddUnitFunctions(registry);
  AddMakers(registry);
  AddDayFunctions(registry);
  AddZoneFunctions(registry);
  registry.AddBound("spark_window", BindWindow);
  registry.AddBound("spark_windows", BindWindows);
  AddPresent(registry);
}

}  // namespace inlet::engine::functions
