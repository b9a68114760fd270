#include "types/time_zone.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "types/text_cast.h"

namespace inlet::types {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr std::int32_t kMaxOffset = 18 * 3600;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::int64_t FloorDiv(std::int64_t value, std::int64_t by) {
  std::int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

// java.time.ZoneId.SHORT_IDS.
constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kShortIds{{
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"EST", "-05:00"},
    {"HST", "-10:00"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"MST", "-07:00"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
}};

// Two digits at the front of `text`, which is then shortened; -1 when there are none.
int TakeTwoDigits(std::string_view& text) {
  if (text.size() < 2 || !IsDigit(text[0]) || !IsDigit(text[1])) return -1;
  int value = (text[0] - '0') * 10 + (text[1] - '0');
  text.remove_prefix(2);
  return value;
}

std::string OffsetId(std::int32_t offset_s) {
  if (offset_s == 0) return "Z";
  std::int32_t rest = offset_s < 0 ? -offset_s : offset_s;
  std::string id(1, offset_s < 0 ? '-' : '+');
  auto two = [&](std::int32_t value) {
    id += static_cast<char>('0' + value / 10);
    id += static_cast<char>('0' + value % 10);
  };
  two(rest / 3600);
  id += ':';
  two(rest / 60 % 60);
  if (rest % 60 != 0) {
    id += ':';
    two(rest % 60);
  }
  return id;
}

}  // namespace

std::optional<std::int32_t> ParseZoneOffset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  bool negative = text[0] == '-';
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  if (text.size() == 1 || text[1] == ':') {
    if (!IsDigit(text[0])) return std::nullopt;
    hours = text[0] - '0';
    text.remove_prefix(1);
  } else if ((hours = TakeTwoDigits(text)) < 0) {
    return std::nullopt;
  }
  bool colons = text.starts_with(':');
  if (!text.empty()) {
    if (colons) text.remove_prefix(1);
    if (colons && text.size() == 1 && IsDigit(text[0])) {
      minutes = text[0] - '0';
      text.remove_prefix(1);
    } else if ((minutes = TakeTwoDigits(text)) < 0) {
      return std::nullopt;
    }
  }
  if (!text.empty()) {
    if (colons != text.starts_with(':')) return std::nullopt;
    if (colons) text.remove_prefix(1);
    if ((seconds = TakeTwoDigits(text)) < 0) return std::nullopt;
  }
  if (!text.empty() || minutes > 59 || seconds > 59) return std::nullopt;
  std::int32_t offset = hours * 3600 + minutes * 60 + seconds;
  if (offset > kMaxOffset) return std::nullopt;
  return negative ? -offset : offset;
}

/// Makes zones out of names and out of the files of the system's tzdata, and keeps them.
class TimeZoneLoader {
 public:
  static TimeZoneLoader& Get() {
    static TimeZoneLoader kLoader;
    return kLoader;
  }

  const TimeZone* Find(std::string_view id) {
    {
      std::shared_lock lock(mutex_);
      if (auto found = zones_.find(id); found != zones_.end()) return found->second.get();
    }
    if (id.size() > 64) return nullptr;
    std::unique_ptr<TimeZone> zone = Make(id);
    std::unique_lock lock(mutex_);
    // Names that are no zones are remembered too, as long as there are few of them.
    if (!zone && zones_.size() > kMaxRemembered) return nullptr;
    return zones_.emplace(std::string(id), std::move(zone)).first->second.get();
  }

 private:
  static constexpr std::size_t kMaxRemembered = 20000;

  static std::unique_ptr<TimeZone> Make(std::string_view id) {
    for (auto [name, target] : kShortIds) {
      if (id == name) return Make(target);
    }
    if (std::optional<std::int32_t> offset = ParseZoneOffset(id)) {
      return Fixed(OffsetId(*offset), *offset);
    }
    for (std::string_view prefix : {"UTC", "GMT", "UT"}) {
      if (!id.starts_with(prefix)) continue;
      std::string_view rest = id.substr(prefix.size());
      if (rest.empty()) return Fixed(std::string(prefix), 0);
      if (rest[0] != '+' && rest[0] != '-') continue;
      std::optional<std::int32_t> offset = ParseZoneOffset(rest);
      if (!offset) return nullptr;
      return Fixed(std::string(prefix) + (*offset == 0 ? "" : OffsetId(*offset)), *offset);
    }
    return IsRegionName(id) ? Load(id) : nullptr;
  }

  static std::unique_ptr<TimeZone> Fixed(std::string id, std::int32_t offset_s) {
    auto zone = std::make_unique<TimeZone>();
    std::string letters = id == "Z" ? "Z" : id;
    zone->id_ = std::move(id);
    zone->types_.push_back({.offset_s = offset_s, .abbreviation = std::move(letters)});
    return zone;
  }

  static bool IsRegionName(std::string_view id) {
    if (id.size() < 2 || !IsLetter(id[0]) || id.contains("..") || id.starts_with("posix") ||
        id.starts_with("right/") || id == "Factory" || id == "localtime") {
      return false;
    }
    return std::ranges::all_of(id, [](char c) {
      return IsLetter(c) || IsDigit(c) || std::string_view("~/._+-").contains(c);
    });
  }

  static std::unique_ptr<TimeZone> Load(std::string_view id) {
    const std::string path = "/usr/share/zoneinfo/" + std::string(id);
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return nullptr;  // "US" is a directory.
    std::ifstream file(path, std::ios::binary);
    if (!file) return nullptr;
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    auto zone = std::make_unique<TimeZone>();
    zone->id_ = id;
    return ParseTzif(bytes, *zone) ? std::move(zone) : nullptr;
  }

  // RFC 8536. Version 2 and later: the second half of the file has 64-bit times.
  static bool ParseTzif(std::string_view bytes, TimeZone& zone) {
    Header header;
    if (!ReadHeader(bytes, header) || header.version < '2') return false;
    std::size_t first_half = 44 + header.BlockSize(4);
    if (bytes.size() < first_half) return false;
    bytes.remove_prefix(first_half);
    if (!ReadHeader(bytes, header)) return false;
    bytes.remove_prefix(44);
    if (bytes.size() < header.BlockSize(8) || header.num_types == 0) return false;

    std::string_view times = bytes;
    std::string_view indices = bytes.substr(header.num_times * 8);
    std::string_view types = indices.substr(header.num_times);
    std::string_view letters = types.substr(header.num_types * 6).substr(0, header.num_letters);
    for (std::size_t i = 0; i < header.num_types; ++i) {
      std::string_view entry = types.substr(i * 6, 6);
      std::size_t at = static_cast<unsigned char>(entry[5]);
      std::string_view name = letters.substr(std::min(at, letters.size()));
      zone.types_.push_back({.offset_s = static_cast<std::int32_t>(ReadBigEndian(entry, 4)),
                             .daylight = entry[4] != 0,
                             .abbreviation = std::string(name.substr(0, name.find('\0')))});
    }
    for (std::size_t i = 0; i < header.num_times; ++i) {
      auto type = static_cast<std::uint8_t>(indices[i]);
      if (type >= header.num_types) return false;
      zone.transitions_.push_back(
          {.at_s = static_cast<std::int64_t>(ReadBigEndian(times.substr(i * 8), 8)), .type = type});
    }
    if (!std::ranges::is_sorted(zone.transitions_, {}, &TimeZone::Transition::at_s)) return false;
    std::string_view footer = bytes.substr(header.BlockSize(8));
    if (footer.starts_with('\n')) {
      footer.remove_prefix(1);
      zone.rule_ = ParseRule(footer.substr(0, footer.find('\n')));
    }
    return true;
  }

  struct Header {
    char version = 0;
    std::size_t num_utc = 0, num_standard = 0, num_leaps = 0, num_times = 0, num_types = 0,
                num_letters = 0;
    std::size_t BlockSize(std::size_t time_size) const {
      return num_times * (time_size + 1) + num_types * 6 + num_letters +
             num_leaps * (time_size + 4) + num_standard + num_utc;
    }
  };

  static std::uint64_t ReadBigEndian(std::string_view bytes, int size) {
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    }
    return value;
  }

  static bool ReadHeader(std::string_view bytes, Header& header) {
    if (bytes.size() < 44 || !bytes.starts_with("TZif")) return false;
    header.version = bytes[4];
    std::size_t position = 20;
    for (std::size_t* count : {&header.num_utc, &header.num_standard, &header.num_leaps,
                               &header.num_times, &header.num_types, &header.num_letters}) {
      *count = ReadBigEndian(bytes.substr(position), 4);
      position += 4;
      if (*count > 100000) return false;
    }
    return true;
  }

  // "CET-1CEST,M3.5.0,M10.5.0/3": nothing where the text has no daylight time, since then the last
  // transition says all.
  static std::optional<TimeZone::YearlyRule> ParseRule(std::string_view text) {
    TimeZone::YearlyRule rule;
    auto name = [&](std::string& out) {
      if (text.starts_with('<')) {
        std::size_t end = text.find('>');
        if (end == text.npos) return false;
        out = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        return true;
      }
      std::size_t size = 0;
      while (size < text.size() && IsLetter(text[size])) ++size;
      out = text.substr(0, size);
      text.remove_prefix(size);
      return size > 0;
    };
    if (!name(rule.standard.abbreviation)) return std::nullopt;
    rule.standard.offset_s = -TakeTime(text);
    if (text.empty() || !name(rule.daylight.abbreviation)) return std::nullopt;
    rule.daylight.daylight = true;
    rule.daylight.offset_s = rule.standard.offset_s + 3600;
    if (!text.empty() && text[0] != ',') rule.daylight.offset_s = -TakeTime(text);
    if (!TakeRuleDate(text, rule.begin) || !TakeRuleDate(text, rule.end)) return std::nullopt;
    return rule;
  }

  static int TakeNumber(std::string_view& text) {
    int value = 0;
    while (!text.empty() && IsDigit(text[0]) && value < 1000) {
      value = value * 10 + (text[0] - '0');
      text.remove_prefix(1);
    }
    return value;
  }

  // [+-]h[:mm[:ss]] as seconds.
  static std::int32_t TakeTime(std::string_view& text) {
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::int32_t seconds = TakeNumber(text) * 3600;
    for (int unit : {60, 1}) {
      if (!text.starts_with(':')) break;
      text.remove_prefix(1);
      seconds += TakeNumber(text) * unit;
    }
    return negative ? -seconds : seconds;
  }

  static bool TakeRuleDate(std::string_view& text, TimeZone::RuleDate& date) {
    using Kind = TimeZone::RuleDate::Kind;
    if (!text.starts_with(',')) return false;
    text.remove_prefix(1);
    if (text.starts_with('M')) {
      text.remove_prefix(1);
      date.month = TakeNumber(text);
      if (!text.starts_with('.')) return false;
      text.remove_prefix(1);
      date.week = TakeNumber(text);
      if (!text.starts_with('.')) return false;
      text.remove_prefix(1);
      date.day = TakeNumber(text);
      if (date.month < 1 || date.month > 12 || date.week < 1 || date.week > 5 || date.day > 6) {
        return false;
      }
    } else {
      date.kind = text.starts_with('J') ? Kind::kJulian : Kind::kDayOfYear;
      if (date.kind == Kind::kJulian) text.remove_prefix(1);
      date.day = TakeNumber(text);
    }
    if (text.starts_with('/')) {
      text.remove_prefix(1);
      date.time_s = TakeTime(text);
    }
    return true;
  }

  std::shared_mutex mutex_;  // Guards zones_.
  std::map<std::string, std::unique_ptr<TimeZone>, std::less<>> zones_;
};

Result<const TimeZone*> TimeZone::Find(std::string_view id) {
  if (const TimeZone* zone = FindOrNull(id)) return zone;
  return Fail(Condition::INVALID_TIMEZONE, {{"timeZone", std::string(id)}});
}

const TimeZone* TimeZone::FindOrNull(std::string_view id) { return TimeZoneLoader::Get().Find(id); }

const TimeZone& TimeZone::Utc() {
  static const TimeZone& kUtc = *FindOrNull("UTC");
  return kUtc;
}

std::int64_t TimeZone::RuleDate::LocalSecondsIn(std::int64_t year) const {
  std::int64_t days = 0;
  if (kind == Kind::kMonthWeekDay) {
    std::int32_t first = DaysFromCivil(year, month, 1);
    int first_weekday = static_cast<int>(((first + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday.
    days = first + (day - first_weekday + 7) % 7 + (week - 1) * 7;
    while (week == 5 && !IsValidDate(year, month, static_cast<int>(days - first) + 1)) days -= 7;
  } else {
    days = DaysFromCivil(year, 1, 1) + day;
    // Julian days count from 1 and leave out February 29.
    if (kind == Kind::kJulian && !(day > 59 && IsValidDate(year, 2, 29))) --days;
  }
  return days * kSecondsPerDay + time_s;
}

const TimeZone::LocalType& TimeZone::TypeAt(std::int64_t instant_s) const {
  if (transitions_.empty() && !rule_) return types_.front();
  if (rule_ && (transitions_.empty() || instant_s >= transitions_.back().at_s)) {
    auto days = FloorDiv(instant_s + rule_->standard.offset_s, kSecondsPerDay);
    days = std::clamp<std::int64_t>(days, -1'000'000'000, 1'000'000'000);
    std::int64_t year = CivilFromDays(static_cast<std::int32_t>(days)).year;
    std::int64_t begin = rule_->begin.LocalSecondsIn(year) - rule_->standard.offset_s;
    std::int64_t end = rule_->end.LocalSecondsIn(year) - rule_->daylight.offset_s;
    bool daylight =
        begin < end ? instant_s >= begin && instant_s < end : instant_s >= begin || instant_s < end;
    return daylight ? rule_->daylight : rule_->standard;
  }
  auto after = std::ranges::upper_bound(transitions_, instant_s, {}, &Transition::at_s);
  if (after == transitions_.begin()) return types_.front();
  return types_[std::prev(after)->type];
}

std::int32_t TimeZone::OffsetAt(std::int64_t instant_s) const { return TypeAt(instant_s).offset_s; }
bool TimeZone::IsDaylightAt(std::int64_t instant_s) const { return TypeAt(instant_s).daylight; }

std::string TimeZone::AbbreviationAt(std::int64_t instant_s) const {
  const std::string& name = TypeAt(instant_s).abbreviation;
  return !name.empty() && IsLetter(name[0]) ? name : id_;
}

std::int64_t TimeZone::ToInstant(std::int64_t local_us) const {
  auto shift = [&](std::int32_t offset_s) {
    return static_cast<std::int64_t>(
        static_cast<std::uint64_t>(local_us) -
        static_cast<std::uint64_t>(std::int64_t{offset_s} * 1'000'000));
  };
  if (is_fixed()) return shift(types_.front().offset_s);
  std::int64_t local_s = FloorDiv(local_us, 1'000'000);
  // In a gap and in an overlap alike java.time takes the offset from before the change.
  std::int32_t before = OffsetAt(local_s - kSecondsPerDay);
  std::int32_t at = OffsetAt(local_s - before);
  if (at == before || OffsetAt(local_s - at) != at) return shift(before);
  return shift(at);
}

std::int64_t TimeZone::ToLocal(std::int64_t instant_us) const {
  std::int64_t offset_us = std::int64_t{OffsetAt(FloorDiv(instant_us, 1'000'000))} * 1'000'000;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(instant_us) +
                                   static_cast<std::uint64_t>(offset_us));
}

}  // namespace inlet::types
