#include "pipelines/schedule.h"

#include <algorithm>

#include "pipelines/cron.h"
#include "sql/printer.h"
#include "types/time_zone.h"

namespace inlet::pipelines {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

struct Unit {
  std::string_view name;
  std::int64_t length_ms;
  std::int64_t most;
};
constexpr Unit kUnits[] = {{"MINUTE", kMinuteMs, 1440},
                           {"HOUR", 60 * kMinuteMs, 72},
                           {"DAY", 24 * 60 * kMinuteMs, 31},
                           {"WEEK", 7 * 24 * 60 * kMinuteMs, 8}};

const Unit* FindUnit(std::string_view name) {
  const auto* found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const Unit& unit) { return unit.name == name; });
  return found == std::end(kUnits) ? nullptr : found;
}

std::unexpected<Error> Wrong(std::string schedule, std::string message) {
  return Fail(Condition::INVALID_SCHEDULE,
              {{"schedule", std::move(schedule)}, {"message", std::move(message)}});
}

std::int64_t FloorDivide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

Result<Schedule> CheckSchedule(const sql::Schedule& schedule, std::string_view session_time_zone) {
  using Kind = sql::Schedule::Kind;
  if (schedule.kind == Kind::kCron) {
    TRY(Cron::Parse(schedule.cron));
    std::string zone = schedule.time_zone.value_or(std::string(session_time_zone));
    TRY(types::TimeZone::Find(zone));
    return Schedule{
        .kind = Schedule::Kind::kCron, .cron = schedule.cron, .time_zone = std::move(zone)};
  }
  if (schedule.kind == Kind::kOnUpdate) {
    Schedule on_update{.kind = Schedule::Kind::kOnUpdate, .at_most_every_ms = kMinuteMs};
    if (!schedule.at_most_every) return on_update;
    if (schedule.at_most_every->months != 0) {
      return Wrong("TRIGGER ON UPDATE", "months and years are not of one length");
    }
    on_update.at_most_every_ms = schedule.at_most_every->microseconds / 1000;
    if (on_update.at_most_every_ms < kMinuteMs) {
      return Wrong(ToSql(on_update), "the shortest interval is one minute");
    }
    return on_update;
  }
  const Schedule every{.kind = Schedule::Kind::kEvery,
                       .every_count = schedule.every_count,
                       .every_unit = schedule.every_unit};
  const Unit* unit = FindUnit(every.every_unit);
  if (unit == nullptr) return Wrong(ToSql(every), "the unit is not MINUTE, HOUR, DAY or WEEK");
  if (every.every_count < 1 || every.every_count > unit->most) {
    return Wrong(ToSql(every), "the number of " + std::string(unit->name) + "S goes from 1 to " +
                                   std::to_string(unit->most));
  }
  return every;
}

std::string ToSql(const Schedule& schedule) {
  switch (schedule.kind) {
    case Schedule::Kind::kEvery:
      return "SCHEDULE EVERY " + std::to_string(schedule.every_count) + " " + schedule.every_unit +
             (schedule.every_count == 1 ? "" : "S");
    case Schedule::Kind::kCron:
      return "SCHEDULE CRON " + sql::QuoteText(schedule.cron) + " AT TIME ZONE " +
             sql::QuoteText(schedule.time_zone);
    case Schedule::Kind::kOnUpdate:
      break;
  }
  std::string text = "TRIGGER ON UPDATE";
  if (schedule.at_most_every_ms == kMinuteMs) return text;
  const std::int64_t seconds = schedule.at_most_every_ms / 1000;
  text += " AT MOST EVERY INTERVAL ";
  if (seconds % 60 == 0) return text + std::to_string(seconds / 60) + " MINUTES";
  return text + std::to_string(seconds) + " SECONDS";
}

Result<std::optional<std::int64_t>> NextRun(const Schedule& schedule, std::int64_t anchor_ms,
                                            std::int64_t after_ms) {
  if (schedule.kind == Schedule::Kind::kOnUpdate) return after_ms + schedule.at_most_every_ms;
  if (schedule.kind == Schedule::Kind::kCron) {
    const Cron cron = TRY(Cron::Parse(schedule.cron));
    const types::TimeZone& zone = *TRY(types::TimeZone::Find(schedule.time_zone));
    const auto next_s = cron.Next(FloorDivide(after_ms, 1000), zone);
    if (!next_s) return std::nullopt;
    return *next_s * 1000;
  }
  const Unit* unit = FindUnit(schedule.every_unit);
  if (unit == nullptr || schedule.every_count < 1) return Wrong(ToSql(schedule), "it has no unit");
  const std::int64_t period_ms = unit->length_ms * schedule.every_count;
  const std::int64_t periods =
      std::max<std::int64_t>(1, FloorDivide(after_ms - anchor_ms, period_ms) + 1);
  return anchor_ms + periods * period_ms;
}

}  // namespace inlet::pipelines
