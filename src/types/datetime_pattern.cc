#include "types/datetime_pattern.h"

#include <algorithm>
#include <array>

#include "base/option_map.h"
#include "types/text_cast.h"

namespace inlet::types {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 4> kQuarters{"1st quarter", "2nd quarter", "3rd quarter",
                                                    "4th quarter"};
// Zone names that text uses and that are no ids of their own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kZoneNames{{
    {"EST", "America/New_York"},
    {"EDT", "America/New_York"},
    {"CST", "America/Chicago"},
    {"CDT", "America/Chicago"},
    {"MST", "America/Denver"},
    {"MDT", "America/Denver"},
    {"PST", "America/Los_Angeles"},
    {"PDT", "America/Los_Angeles"},
    {"CET", "Europe/Paris"},
    {"CEST", "Europe/Paris"},
    {"EET", "Europe/Bucharest"},
    {"EEST", "Europe/Bucharest"},
    {"BST", "Europe/London"},
    {"JST", "Asia/Tokyo"},
}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

// The pattern's parts outside of quotes, joined: Spark checks letters there.
std::string Unquoted(std::string_view pattern) {
  std::string out;
  bool quoted = false;
  for (char c : pattern) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted) {
      out += c;
    }
  }
  return out;
}

// Would java.text.SimpleDateFormat, which Spark 2 used, have taken the pattern?
bool OldFormatterAccepts(std::string_view pattern) {
  std::string letters = Unquoted(pattern);
  if (std::ranges::count(pattern, '\'') % 2 != 0) return false;
  return !letters.contains("XXXX") && std::ranges::all_of(letters, [](char c) {
    return !IsLetter(c) || std::string_view("GyYMLwWDdFEuaHkKhmsSzZX").contains(c);
  });
}

std::unexpected<Error> IllegalLetter(std::string_view pattern, char letter) {
  return Fail(Condition::INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER,
              {{"c", std::string(1, letter)}, {"pattern", std::string(pattern)}});
}

std::unexpected<Error> WrongLength(std::string_view pattern) {
  return Fail(Condition::INVALID_DATETIME_PATTERN_LENGTH, {{"pattern", std::string(pattern)}});
}

}  // namespace

/// Turns a pattern's text into items, by the rules of java.time.format.DateTimeFormatterBuilder.
class DateTimePattern::Compiler {
 public:
  Compiler(std::string_view pattern, Use use) : pattern_(pattern), use_(use) {}

  Result<std::vector<Item>> Run() {
    TRY(CheckLetters());
    for (std::size_t i = 0; i < pattern_.size();) {
      char c = pattern_[i];
      if (IsLetter(c)) {
        std::size_t end = pattern_.find_first_not_of(c, i);
        if (end == pattern_.npos) end = pattern_.size();
        TRY(AddField(c, static_cast<int>(end - i)));
        i = end;
      } else if (c == '\'') {
        i = TRY(AddQuoted(i));
      } else if (c == '[') {
        open_.push_back(items_.size());
        Add({.kind = Item::Kind::kOptional});
        ++i;
      } else if (c == ']') {
        if (open_.empty()) return IllegalLetter(pattern_, c);
        items_[open_.back()].end = items_.size();
        open_.pop_back();
        last_number_ = kNone;
        ++i;
      } else if (c == '{' || c == '}' || c == '#') {
        return IllegalLetter(pattern_, c);
      } else {
        Add({.kind = Item::Kind::kLiteral, .literal = std::string(1, c)});
        ++i;
      }
    }
    for (std::size_t section : open_) items_[section].end = items_.size();
    return std::move(items_);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // Letters that Spark refuses, in its order of checks.
  Status CheckLetters() const {
    std::string letters = Unquoted(pattern_);
    for (char c : letters) {
      if (std::string_view("YWwuec").contains(c)) {
        return Fail(Condition::INCONSISTENT_BEHAVIOR_CROSS_VERSION_DATETIME_WEEK_BASED_PATTERN,
                    {{"c", std::string(1, c)}});
      }
      bool illegal = std::string_view("ABnNp").contains(c) ||
                     (use_ == Use::kParse && std::string_view("EFqQ").contains(c));
      if (illegal) return IllegalLetter(pattern_, c);
    }
    for (char c : std::string_view("GMLEQq")) {
      if (letters.contains(std::string(5, c))) return WrongLength(pattern_);
    }
    return Ok();
  }

  Result<std::size_t> AddQuoted(std::size_t begin) {
    std::string literal;
    std::size_t i = begin + 1;
    for (; i < pattern_.size(); ++i) {
      if (pattern_[i] == '\'') {
        if (i + 1 < pattern_.size() && pattern_[i + 1] == '\'')
          ++i;
        else
          break;
      }
      literal += pattern_[i];
    }
    if (i >= pattern_.size()) return IllegalLetter(pattern_, '\'');
    Add({.kind = Item::Kind::kLiteral, .literal = literal.empty() ? "'" : literal});
    return i + 1;
  }

  Status AddField(char letter, int count) {
    using Kind = Item::Kind;
    Item item{.letter = letter, .count = count};
    switch (letter) {
      case 'y':
        item.kind = Kind::kNumber;
        item.min_width = count;
        if (count == 2) item.max_width = 2;
        if (count > 19) return WrongLength(pattern_);
        break;
      case 'M':
      case 'L':
      case 'Q':
      case 'q':
        item.kind = count <= 2 ? Kind::kNumber : Kind::kText;
        item.min_width = std::min(count, 2);
        if (count == 2) item.max_width = 2;
        if (count > 4) return WrongLength(pattern_);
        break;
      case 'd':
      case 'h':
      case 'H':
      case 'k':
      case 'K':
      case 'm':
      case 's':
        item.kind = Kind::kNumber;
        item.min_width = count;
        if (count == 2) item.max_width = 2;
        if (count > 2) return WrongLength(pattern_);
        break;
      case 'D':
        item.kind = Kind::kNumber;
        item.min_width = count;
        if (count > 1) item.max_width = 3;
        if (count > 3) return WrongLength(pattern_);
        break;
      case 'F':
        item.kind = Kind::kNumber;
        if (count > 1) return WrongLength(pattern_);
        break;
      case 'S':
        item.kind = Kind::kFraction;
        if (count > 9) return WrongLength(pattern_);
        break;
      case 'a':
        item.kind = Kind::kText;
        if (count > 1) return WrongLength(pattern_);
        break;
      case 'E':
      case 'G':
        item.kind = Kind::kText;
        if (count > 4) return WrongLength(pattern_);
        break;
      case 'V':
        item.kind = Kind::kZone;
        if (count != 2) return WrongLength(pattern_);
        break;
      case 'z':
        item.kind = Kind::kZone;
        if (count > 4) return WrongLength(pattern_);
        break;
      case 'O':
        item.kind = Kind::kOffset;
        if (count != 1 && count != 4) return WrongLength(pattern_);
        break;
      case 'X':
      case 'x':
      case 'Z':
        item.kind = Kind::kOffset;
        if (count > 5) return WrongLength(pattern_);
        break;
      default:
        return IllegalLetter(pattern_, letter);
    }
    Add(std::move(item));
    return Ok();
  }

  // A number of open width leaves the digits that the fixed numbers right behind it need.
  void Add(Item item) {
    bool number = item.kind == Item::Kind::kNumber;
    bool fixed = number && item.min_width == item.max_width;
    if (number && last_number_ != kNone && fixed) {
      items_[last_number_].reserved_width += item.max_width;
    } else {
      last_number_ = number ? items_.size() : kNone;
    }
    items_.push_back(std::move(item));
  }

  std::string_view pattern_;
  Use use_;
  std::vector<Item> items_;
  std::vector<std::size_t> open_;    // Sections without their end so far.
  std::size_t last_number_ = kNone;  // Where a row of adjacent numbers began.
};

/// What a text gave, field by field.
struct DateTimePattern::Fields {
  enum Name : std::uint8_t {
    kYear,
    kYearOfEra,
    kEra,
    kMonth,
    kDay,
    kDayOfYear,
    kHour,
    kClockHour,
    kHourOfHalf,
    kClockHourOfHalf,
    kHalf,
    kMinute,
    kSecond,
    kMicro,
    kCount
  };
  std::array<std::int64_t, kCount> values{};
  std::uint32_t known = 0;
  bool has_zone = false;
  std::int32_t offset_s = 0;
  const TimeZone* zone = nullptr;  // Wins over offset_s.

  bool Has(Name name) const { return (known >> name & 1) != 0; }
  std::int64_t Get(Name name, std::int64_t otherwise) const {
    return Has(name) ? values[name] : otherwise;
  }
  // The same field twice must say the same.
  bool Set(Name name, std::int64_t value) {
    if (Has(name) && values[name] != value) return false;
    values[name] = value;
    known |= std::uint32_t{1} << name;
    return true;
  }

  std::optional<std::int32_t> Days() const;
  std::optional<std::int64_t> TimeMicros() const;
};

// Missing parts are those of 1970-01-01, as in Spark.
std::optional<std::int32_t> DateTimePattern::Fields::Days() const {
  std::int64_t year = Get(kYear, 1970);
  if (Has(kYearOfEra)) {
    std::int64_t of_era = values[kYearOfEra];
    if (of_era < 1) return std::nullopt;
    year = Get(kEra, 1) == 1 ? of_era : 1 - of_era;
    if (Has(kYear) && values[kYear] != year) return std::nullopt;
  }
  if (year > 5'881'580 || year < -5'877'641) return std::nullopt;
  auto month = static_cast<int>(std::clamp<std::int64_t>(Get(kMonth, 1), -1, 99));
  auto day = static_cast<int>(std::clamp<std::int64_t>(Get(kDay, 1), -1, 99));
  if (!IsValidDate(year, month, day)) return std::nullopt;
  std::int32_t days = DaysFromCivil(year, month, day);
  if (!Has(kDayOfYear)) return days;
  std::int64_t of_year = values[kDayOfYear];
  if (of_year < 1 || of_year > (IsValidDate(year, 2, 29) ? 366 : 365)) return std::nullopt;
  std::int32_t by_day = DaysFromCivil(year, 1, 1) + static_cast<std::int32_t>(of_year) - 1;
  CivilDate date = CivilFromDays(by_day);
  if ((Has(kMonth) && date.month != month) || (Has(kDay) && date.day != day)) return std::nullopt;
  return by_day;
}

std::optional<std::int64_t> DateTimePattern::Fields::TimeMicros() const {
  auto in = [&](Name name, std::int64_t low, std::int64_t high) {
    return !Has(name) || (values[name] >= low && values[name] <= high);
  };
  if (!in(kHour, 0, 23) || !in(kClockHour, 1, 24) || !in(kHourOfHalf, 0, 11) ||
      !in(kClockHourOfHalf, 1, 12) || !in(kMinute, 0, 59) || !in(kSecond, 0, 59)) {
    return std::nullopt;
  }
  // Several fields may name the hour: they have to agree.
  std::optional<std::int64_t> hour;
  if (Has(kHour)) hour = values[kHour];
  if (Has(kClockHour)) {
    std::int64_t clock = values[kClockHour] % 24;
    if (hour && *hour != clock) return std::nullopt;
    hour = clock;
  }
  std::optional<std::int64_t> of_half;
  if (Has(kHourOfHalf)) of_half = values[kHourOfHalf];
  if (Has(kClockHourOfHalf)) {
    std::int64_t clock = values[kClockHourOfHalf] % 12;
    if (of_half && *of_half != clock) return std::nullopt;
    of_half = clock;
  }
  if (hour) {
    if (of_half && *of_half != *hour % 12) return std::nullopt;
    if (Has(kHalf) && values[kHalf] != *hour / 12) return std::nullopt;
  } else {
    hour = of_half.value_or(0) + Get(kHalf, 0) * 12;
  }
  return (*hour * 3600 + Get(kMinute, 0) * 60 + Get(kSecond, 0)) * kMicrosPerSecond +
         Get(kMicro, 0);
}

namespace {

using Position = std::size_t;

// An unsigned or, where the pattern lets it, signed number.
bool TakeNumber(std::string_view text, Position& position, int min_width, int max_width,
                int reserved_width, bool exceeds_pad, std::int64_t& value) {
  Position at = position;
  bool fixed = min_width == max_width;
  bool positive = false;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-') && !fixed) {
    positive = text[at] == '+';
    negative = !positive;
    // Java takes a plus only where the sign shows that the width is exceeded.
    if (positive && !exceeds_pad) return false;
    ++at;
  }
  Position begin = at;
  auto limit = static_cast<Position>(max_width) + static_cast<Position>(reserved_width);
  while (at < text.size() && at - begin < limit && IsDigit(text[at])) ++at;
  if (reserved_width > 0) {
    auto taken = static_cast<std::int64_t>(at - begin);
    at = begin + static_cast<Position>(std::max<std::int64_t>(
                     std::min<std::int64_t>(min_width, taken), taken - reserved_width));
  }
  auto width = static_cast<int>(at - begin);
  if (width < min_width || width > 18) return false;
  if (exceeds_pad && (positive ? width <= min_width : !negative && width > min_width)) return false;
  value = 0;
  for (Position i = begin; i < at; ++i) value = value * 10 + (text[i] - '0');
  if (negative && value == 0) return false;
  if (negative) value = -value;
  position = at;
  return true;
}

// The longest of `names` that stands here, in short or in full; -1 for none.
template <std::size_t n>
int TakeName(const std::array<std::string_view, n>& names, bool full, std::string_view text,
             Position& position) {
  for (std::size_t i = 0; i < n; ++i) {
    std::string_view name = full ? names[i] : names[i].substr(0, 3);
    if (StartsWithIgnoreCase(text.substr(position), name)) {
      position += name.size();
      return static_cast<int>(i);
    }
  }
  return -1;
}

int TakeTwoDigits(std::string_view text, Position& position) {
  if (position + 2 > text.size() || !IsDigit(text[position]) || !IsDigit(text[position + 1])) {
    return -1;
  }
  int value = (text[position] - '0') * 10 + (text[position + 1] - '0');
  position += 2;
  return value;
}

// X, x and Z: which parts an offset has. Java's "+HHmm": lower case parts may be missing.
struct OffsetShape {
  bool colon = false;
  bool minutes_needed = false;
  bool seconds_possible = false;
};

OffsetShape ShapeOf(char letter, int count) {
  if (letter == 'Z') {
    if (count == 5) return {.colon = true, .minutes_needed = true, .seconds_possible = true};
    return {.minutes_needed = true};
  }
  switch (count) {
    case 1:
      return {};
    case 2:
      return {.minutes_needed = true};
    case 3:
      return {.colon = true, .minutes_needed = true};
    case 4:
      return {.minutes_needed = true, .seconds_possible = true};
    default:
      return {.colon = true, .minutes_needed = true, .seconds_possible = true};
  }
}

bool TakeOffset(char letter, int count, std::string_view text, Position& position,
                std::int32_t& offset_s) {
  std::string_view rest = text.substr(position);
  bool localized = letter == 'O' || (letter == 'Z' && count == 4);
  if (localized) {
    if (!StartsWithIgnoreCase(rest, "GMT")) return false;
    position += 3;
    if (position >= text.size() || (text[position] != '+' && text[position] != '-')) {
      offset_s = 0;
      return true;
    }
  } else if ((letter == 'X' || count == 5) && letter != 'x' && StartsWithIgnoreCase(rest, "Z")) {
    ++position;
    offset_s = 0;
    return true;
  }
  if (position >= text.size() || (text[position] != '+' && text[position] != '-')) return false;
  bool negative = text[position++] == '-';
  int hours = 0;
  bool short_hour = letter == 'O' && count == 1;
  if (short_hour && position < text.size() && IsDigit(text[position]) &&
      (position + 1 >= text.size() || !IsDigit(text[position + 1]))) {
    hours = text[position++] - '0';
  } else {
    hours = TakeTwoDigits(text, position);
  }
  if (hours < 0) return false;
  OffsetShape shape = ShapeOf(letter, count);
  if (localized) shape = {.colon = true, .minutes_needed = count == 4, .seconds_possible = true};
  int minutes = 0;
  int seconds = 0;
  auto part = [&](int& value) {
    Position at = position;
    if (shape.colon) {
      if (at >= text.size() || text[at] != ':') return false;
      ++at;
    }
    int taken = TakeTwoDigits(text, at);
    if (taken < 0 || taken > 59) return false;
    value = taken;
    position = at;
    return true;
  };
  bool has_minutes = part(minutes);
  if (!has_minutes && shape.minutes_needed) return false;
  if (has_minutes && shape.seconds_possible) part(seconds);
  offset_s = hours * 3600 + minutes * 60 + seconds;
  if (offset_s > 18 * 3600) return false;
  if (negative) offset_s = -offset_s;
  return true;
}

// The longest zone id, or for `z` a zone's name, that stands here.
const TimeZone* TakeZone(char letter, std::string_view text, Position& position) {
  Position end = position;
  while (end < text.size() && end - position < 64 &&
         (IsLetter(text[end]) || IsDigit(text[end]) ||
          std::string_view("~/._+-:").contains(text[end]))) {
    ++end;
  }
  for (; end > position; --end) {
    std::string_view id = text.substr(position, end - position);
    if (letter == 'z') {
      for (auto [name, target] : kZoneNames) {
        if (!EqualsIgnoreCase(name, id)) continue;
        position = end;
        return TimeZone::FindOrNull(target);
      }
    }
    if (const TimeZone* zone = TimeZone::FindOrNull(id)) {
      position = end;
      return zone;
    }
  }
  return nullptr;
}

}  // namespace

Result<DateTimePattern> DateTimePattern::Compile(std::string_view pattern, Use use,
                                                 std::string_view locale) {
  DateTimePattern compiled;
  compiled.text_ = pattern;
  Result<std::vector<Item>> items = Compiler(pattern, use).Run();
  if (!items && OldFormatterAccepts(pattern)) {
    return Fail(Condition::INCONSISTENT_BEHAVIOR_CROSS_VERSION_DATETIME_PATTERN_RECOGNITION,
                {{"pattern", std::string(pattern)}, {"letters", Unquoted(pattern)}});
  }
  compiled.items_ = TRY(std::move(items));
  compiled.has_era_ =
      std::ranges::any_of(compiled.items_, [](const Item& item) { return item.letter == 'G'; });
  bool names = std::ranges::any_of(compiled.items_, [](const Item& item) {
    return item.kind == Item::Kind::kText && item.letter != 'G';
  });
  bool english = ToLower(locale).starts_with("en") || locale.empty();
  if (names && !english) {
    return FailUnsupported("names of months and days in the locale " + std::string(locale));
  }
  return compiled;
}

bool DateTimePattern::Match(std::string_view text, Fields& fields) const {
  std::size_t position = 0;
  return MatchItems(0, items_.size(), text, position, fields) && position == text.size();
}

bool DateTimePattern::MatchItems(std::size_t begin, std::size_t end, std::string_view text,
                                 std::size_t& position, Fields& fields) const {
  using Kind = Item::Kind;
  for (std::size_t i = begin; i < end; ++i) {
    const Item& item = items_[i];
    std::int64_t value = 0;
    switch (item.kind) {
      case Kind::kLiteral:
        if (!StartsWithIgnoreCase(text.substr(position), item.literal)) return false;
        position += item.literal.size();
        break;
      case Kind::kOptional: {
        std::size_t at = position;
        Fields tried = fields;
        if (MatchItems(i + 1, item.end, text, at, tried)) {
          position = at;
          fields = tried;
        }
        i = item.end - 1;
        break;
      }
      case Kind::kNumber: {
        bool exceeds_pad = item.letter == 'y' && item.count >= 4;
        if (!TakeNumber(text, position, item.min_width, item.max_width, item.reserved_width,
                        exceeds_pad, value) ||
            !SetNumber(item, value, fields)) {
          return false;
        }
        break;
      }
      case Kind::kFraction: {
        int num_digits = 0;
        std::int64_t micros = 0;
        while (position < text.size() && num_digits < item.count && IsDigit(text[position])) {
          if (num_digits < 6) micros = micros * 10 + (text[position] - '0');
          ++num_digits;
          ++position;
        }
        if (num_digits == 0) return false;
        for (int n = num_digits; n < 6; ++n) micros *= 10;
        if (!fields.Set(Fields::kMicro, micros)) return false;
        break;
      }
      case Kind::kText:
        if (!MatchName(item, text, position, fields)) return false;
        break;
      case Kind::kOffset:
        if (!TakeOffset(item.letter, item.count, text, position, fields.offset_s)) return false;
        fields.has_zone = true;
        break;
      case Kind::kZone:
        fields.zone = TakeZone(item.letter, text, position);
        if (!fields.zone) return false;
        fields.has_zone = true;
        break;
    }
  }
  return true;
}

bool DateTimePattern::SetNumber(const Item& item, std::int64_t value, Fields& fields) const {
  switch (item.letter) {
    case 'y':
      if (item.count == 2) value += 2000;
      return fields.Set(has_era_ ? Fields::kYearOfEra : Fields::kYear, value);
    case 'M':
    case 'L':
      return fields.Set(Fields::kMonth, value);
    case 'd':
      return fields.Set(Fields::kDay, value);
    case 'D':
      return fields.Set(Fields::kDayOfYear, value);
    case 'H':
      return fields.Set(Fields::kHour, value);
    case 'k':
      return fields.Set(Fields::kClockHour, value);
    case 'K':
      return fields.Set(Fields::kHourOfHalf, value);
    case 'h':
      return fields.Set(Fields::kClockHourOfHalf, value);
    case 'm':
      return fields.Set(Fields::kMinute, value);
    case 's':
      return fields.Set(Fields::kSecond, value);
    default:
      return false;
  }
}

bool DateTimePattern::MatchName(const Item& item, std::string_view text, std::size_t& position,
                                Fields& fields) {
  static constexpr std::array<std::string_view, 2> kHalves{"AM", "PM"};
  static constexpr std::array<std::string_view, 2> kEras{"BC", "AD"};
  static constexpr std::array<std::string_view, 2> kLongEras{"Before Christ", "Anno Domini"};
  bool full = item.count == 4;
  int index = -1;
  switch (item.letter) {
    case 'M':
    case 'L':
      index = TakeName(kMonths, full, text, position);
      return index >= 0 && fields.Set(Fields::kMonth, index + 1);
    case 'a':
      index = TakeName(kHalves, true, text, position);
      return index >= 0 && fields.Set(Fields::kHalf, index);
    case 'G':
      index = TakeName(full ? kLongEras : kEras, true, text, position);
      return index >= 0 && fields.Set(Fields::kEra, index);
    default:
      return false;
  }
}

std::optional<std::int32_t> DateTimePattern::ParseDate(std::string_view text) const {
  Fields fields;
  if (!Match(text, fields) || !fields.TimeMicros()) return std::nullopt;
  return fields.Days();
}

std::optional<std::int64_t> DateTimePattern::ParseTimestampNtz(std::string_view text,
                                                               bool allow_zone) const {
  Fields fields;
  if (!Match(text, fields) || (fields.has_zone && !allow_zone)) return std::nullopt;
  std::optional<std::int32_t> days = fields.Days();
  std::optional<std::int64_t> time = fields.TimeMicros();
  std::int64_t result = 0;
  if (!days || !time || __builtin_mul_overflow(std::int64_t{*days}, kMicrosPerDay, &result) ||
      __builtin_add_overflow(result, *time, &result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<std::int64_t> DateTimePattern::ParseTimestamp(std::string_view text,
                                                            const TimeZone& zone) const {
  Fields fields;
  if (!Match(text, fields)) return std::nullopt;
  std::optional<std::int32_t> days = fields.Days();
  std::optional<std::int64_t> time = fields.TimeMicros();
  std::int64_t local = 0;
  if (!days || !time || __builtin_mul_overflow(std::int64_t{*days}, kMicrosPerDay, &local) ||
      __builtin_add_overflow(local, *time, &local)) {
    return std::nullopt;
  }
  if (!fields.has_zone) return zone.ToInstant(local);
  if (fields.zone) return fields.zone->ToInstant(local);
  return local - fields.offset_s * kMicrosPerSecond;
}

/// Writes one moment field by field.
class DateTimePattern::Formatter {
 public:
  Formatter(std::int64_t local_us, std::int64_t instant_s, const TimeZone& zone, bool has_era,
            std::string& out)
      : zone_(zone), instant_s_(instant_s), has_era_(has_era), out_(out) {
    std::int64_t days = local_us / kMicrosPerDay;
    time_us_ = local_us % kMicrosPerDay;
    if (time_us_ < 0) {
      time_us_ += kMicrosPerDay;
      --days;
    }
    days_ = static_cast<std::int32_t>(days);
    date_ = CivilFromDays(days_);
  }

  void Append(const Item& item) {
    using Kind = Item::Kind;
    switch (item.kind) {
      case Kind::kLiteral:
        out_ += item.literal;
        break;
      case Kind::kNumber:
        AppendNumber(item);
        break;
      case Kind::kFraction:
        AppendFraction(item.count);
        break;
      case Kind::kText:
        AppendName(item);
        break;
      case Kind::kOffset:
        AppendOffset(item);
        break;
      case Kind::kZone:
        out_ += item.letter == 'V' ? zone_.id() : zone_.AbbreviationAt(instant_s_);
        break;
      case Kind::kOptional:
        break;
    }
  }

 private:
  std::int64_t Hour() const { return time_us_ / (3600 * kMicrosPerSecond); }

  void AppendNumber(const Item& item) {
    std::int64_t hour = Hour();
    switch (item.letter) {
      case 'y':
        AppendYear(item.count);
        break;
      case 'M':
      case 'L':
        Pad(date_.month, item.count);
        break;
      case 'Q':
      case 'q':
        Pad((date_.month + 2) / 3, item.count);
        break;
      case 'd':
        Pad(date_.day, item.count);
        break;
      case 'D':
        Pad(days_ - DaysFromCivil(date_.year, 1, 1) + 1, item.count);
        break;
      case 'F':
        Pad((date_.day - 1) % 7 + 1, item.count);
        break;
      case 'H':
        Pad(hour, item.count);
        break;
      case 'k':
        Pad(hour == 0 ? 24 : hour, item.count);
        break;
      case 'K':
        Pad(hour % 12, item.count);
        break;
      case 'h':
        Pad(hour % 12 == 0 ? 12 : hour % 12, item.count);
        break;
      case 'm':
        Pad(time_us_ / (60 * kMicrosPerSecond) % 60, item.count);
        break;
      case 's':
        Pad(time_us_ / kMicrosPerSecond % 60, item.count);
        break;
      default:
        break;
    }
  }

  void AppendYear(int count) {
    std::int64_t year = date_.year;
    if (has_era_ && year <= 0) year = 1 - year;
    if (count == 2) return Pad(((year % 100) + 100) % 100, 2);
    if (year < 0) {
      out_ += '-';
      year = -year;
    } else if (count >= 4 && std::to_string(year).size() > static_cast<std::size_t>(count)) {
      out_ += '+';
    }
    Pad(year, count);
  }

  void AppendFraction(int count) {
    std::string digits = std::to_string(kMicrosPerSecond + time_us_ % kMicrosPerSecond).substr(1);
    digits += "000";
    out_.append(digits, 0, static_cast<std::size_t>(count));
  }

  void AppendName(const Item& item) {
    bool full = item.count == 4;
    auto name = [&](std::string_view text) { out_ += full ? text : text.substr(0, 3); };
    auto quarter = static_cast<std::size_t>((date_.month + 2) / 3 - 1);
    switch (item.letter) {
      case 'M':
      case 'L':
        name(kMonths[static_cast<std::size_t>(date_.month - 1)]);
        break;
      case 'E':
        name(kWeekdays[static_cast<std::size_t>(((days_ + 3) % 7 + 7) % 7)]);
        break;
      case 'a':
        out_ += Hour() < 12 ? "AM" : "PM";
        break;
      case 'G':
        if (full)
          out_ += date_.year > 0 ? "Anno Domini" : "Before Christ";
        else
          out_ += date_.year > 0 ? "AD" : "BC";
        break;
      case 'Q':
      case 'q':
        if (full)
          out_ += kQuarters[quarter];
        else
          out_ += "Q" + std::to_string(quarter + 1);
        break;
      default:
        break;
    }
  }

  void AppendOffset(const Item& item) {
    std::int32_t offset_s = zone_.OffsetAt(instant_s_);
    std::int32_t rest = std::abs(offset_s);
    bool localized = item.letter == 'O' || (item.letter == 'Z' && item.count == 4);
    if (localized) {
      out_ += "GMT";
      if (offset_s == 0) return;
      out_ += offset_s < 0 ? '-' : '+';
      bool full = item.count == 4;
      Pad(rest / 3600, full ? 2 : 1);
      if (!full && rest % 3600 == 0) return;
      out_ += ':';
      Pad(rest / 60 % 60, 2);
      if (rest % 60 != 0) {
        out_ += ':';
        Pad(rest % 60, 2);
      }
      return;
    }
    OffsetShape shape = ShapeOf(item.letter, item.count);
    bool letter_for_zero = item.letter == 'X' || (item.letter == 'Z' && item.count == 5);
    if (letter_for_zero && offset_s == 0) {
      out_ += 'Z';
      return;
    }
    out_ += offset_s < 0 ? '-' : '+';
    Pad(rest / 3600, 2);
    if (!shape.minutes_needed && rest / 60 % 60 == 0) return;
    if (shape.colon) out_ += ':';
    Pad(rest / 60 % 60, 2);
    if (shape.seconds_possible && rest % 60 != 0) {
      if (shape.colon) out_ += ':';
      Pad(rest % 60, 2);
    }
  }

  void Pad(std::int64_t value, int width) {
    std::string digits = std::to_string(value);
    if (digits.size() < static_cast<std::size_t>(width)) {
      out_.append(static_cast<std::size_t>(width) - digits.size(), '0');
    }
    out_ += digits;
  }

  const TimeZone& zone_;
  std::int64_t instant_s_;
  bool has_era_;
  std::string& out_;
  std::int32_t days_ = 0;
  std::int64_t time_us_ = 0;
  CivilDate date_;
};

void DateTimePattern::FormatTimestamp(std::int64_t instant_us, const TimeZone& zone,
                                      std::string& out) const {
  std::int64_t instant_s = instant_us / kMicrosPerSecond - (instant_us % kMicrosPerSecond < 0);
  Formatter formatter(zone.ToLocal(instant_us), instant_s, zone, has_era_, out);
  for (const Item& item : items_) formatter.Append(item);
}

void DateTimePattern::FormatTimestampNtz(std::int64_t local_us, std::string& out) const {
  FormatTimestamp(local_us, TimeZone::Utc(), out);
}

void DateTimePattern::FormatDate(std::int32_t days, std::string& out) const {
  FormatTimestampNtz(days * kMicrosPerDay, out);
}

}  // namespace inlet::types
