#include "types/datetime_pattern.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "types/text_cast.h"

namespace inlet::types {
namespace {

constexpr std::int64_t kSample = 1704467049123456;  // 2024-01-05 15:04:09.123456 UTC, a Friday.

std::string Format(std::string_view pattern, std::string_view zone = "UTC") {
  DateTimePattern compiled =
      Value(DateTimePattern::Compile(pattern, DateTimePattern::Use::kFormat));
  std::string out;
  compiled.FormatTimestamp(kSample, *Value(TimeZone::Find(zone)), out);
  return out;
}

std::string Parse(std::string_view pattern, std::string_view text) {
  DateTimePattern compiled = Value(DateTimePattern::Compile(pattern, DateTimePattern::Use::kParse));
  std::optional<std::int64_t> value = compiled.ParseTimestamp(text, TimeZone::Utc());
  if (!value) return "misfit";
  std::string out;
  AppendTimestampNtz(*value, out);
  return out;
}

Status Compiles(std::string_view pattern, DateTimePattern::Use use) {
  TRY(DateTimePattern::Compile(pattern, use));
  return Ok();
}

TEST(DateTimePattern, FormatsEachLetter) {
  EXPECT_EQ(Format("yyyy-MM-dd'T'HH:mm:ss.SSSXXX"), "2024-01-05T15:04:09.123Z");
  EXPECT_EQ(Format("yy/M/d h:m:s a"), "24/1/5 3:4:9 PM");
  EXPECT_EQ(Format("E EEEE MMM MMMM D DDD F"), "Fri Friday Jan January 5 005 5");
  EXPECT_EQ(Format("Q QQ QQQ QQQQ G"), "1 01 Q1 1st quarter AD");
  EXPECT_EQ(Format("K k hh ''yyyy''"), "3 15 03 '2024'");
  EXPECT_EQ(Format("SSSSSS SSSSSSSSS"), "123456 123456000");
  EXPECT_EQ(Format("x xx xxx X XX Z ZZZZ O", "Asia/Kolkata"),
            "+0530 +0530 +05:30 +0530 +0530 +0530 GMT+05:30 GMT+5:30");
  EXPECT_EQ(Format("x X VV z", "Europe/Berlin"), "+01 +01 Europe/Berlin CET");
}

TEST(DateTimePattern, WidthsAreExactWhereTheyMatter) {
  EXPECT_EQ(Parse("yyyy-MM-dd", "2024-1-5"), "misfit");
  EXPECT_EQ(Parse("yyyy-M-d", "2024-1-5"), "2024-01-05 00:00:00");
  EXPECT_EQ(Parse("yyyy-M-d", "2024-01-05"), "2024-01-05 00:00:00");
  EXPECT_EQ(Parse("yyyyMMdd", "20240105"), "2024-01-05 00:00:00");
  EXPECT_EQ(Parse("yyyyMMddHHmmss", "20240105150409"), "2024-01-05 15:04:09");
  EXPECT_EQ(Parse("ddMMMyyyy", "05jan2024"), "2024-01-05 00:00:00");
  EXPECT_EQ(Parse("yyyy-DDD", "2024-060"), "2024-02-29 00:00:00");
  EXPECT_EQ(Parse("h:mm a", "3:04 pm"), "1970-01-01 15:04:00");
  EXPECT_EQ(Parse("dd/MM/yy", "05/01/24"), "2024-01-05 00:00:00");
  EXPECT_EQ(Parse("yyyy-MM-dd", "2023-02-29"), "misfit");
  EXPECT_EQ(Parse("yyyy-MM-dd", "12024-01-01"), "misfit");
  EXPECT_EQ(Parse("yyyy-MM-dd", "2024-01-05 "), "misfit");
}

TEST(DateTimePattern, OptionalSectionsFractionsAndZones) {
  constexpr std::string_view kDefault = "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]";
  EXPECT_EQ(Parse(kDefault, "2024-01-05T15:04:09"), "2024-01-05 15:04:09");
  EXPECT_EQ(Parse(kDefault, "2024-01-05T15:04:09.1Z"), "2024-01-05 15:04:09.1");
  EXPECT_EQ(Parse(kDefault, "2024-01-05T15:04:09.123+02:00"), "2024-01-05 13:04:09.123");
  EXPECT_EQ(Parse(kDefault, "2024-01-05T15:04:09.1234"), "misfit");
  EXPECT_EQ(Parse("yyyy-MM-dd HH:mm:ss VV", "2024-01-05 15:04:09 Europe/Berlin"),
            "2024-01-05 14:04:09");
  EXPECT_EQ(Parse("yyyy-MM-dd HH:mm:ss z", "2024-01-05 15:04:09 PST"), "2024-01-05 23:04:09");
  EXPECT_EQ(Parse("yyyy[-MM[-dd]]", "2024-02"), "2024-02-01 00:00:00");
  EXPECT_EQ(Parse("HH:mm", "24:00"), "misfit");
}

TEST(DateTimePattern, RefusesLettersAsSparkDoes) {
  using enum DateTimePattern::Use;
  constexpr auto kRecognition =
      Condition::INCONSISTENT_BEHAVIOR_CROSS_VERSION_DATETIME_PATTERN_RECOGNITION;
  for (std::string_view pattern : {"u", "w", "W", "YYYY-MM-dd"}) {
    EXPECT_THAT(Compiles(pattern, kFormat), FailsWith(kRecognition)) << pattern;
  }
  EXPECT_THAT(Compiles("E yyyy", kParse), FailsWith(kRecognition));
  EXPECT_THAT(Compiles("E yyyy", kFormat), IsOk());
  EXPECT_THAT(
      Compiles("e", kFormat),
      FailsWith(Condition::INCONSISTENT_BEHAVIOR_CROSS_VERSION_DATETIME_WEEK_BASED_PATTERN));
  EXPECT_THAT(Compiles("yyyy A", kFormat),
              FailsWith(Condition::INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER));
  EXPECT_THAT(Compiles("QQ", kParse),
              FailsWith(Condition::INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER));
}

}  // namespace
}  // namespace inlet::types
