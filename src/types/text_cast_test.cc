#include "types/text_cast.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <string>

#include "base/testing.h"

namespace inlet::types {
namespace {

template <class T, class Append>
std::string Print(T value, Append append) {
  std::string out;
  append(value, out);
  return out;
}
std::string OfDouble(double value) { return Print(value, AppendDouble); }
std::string OfDate(std::string_view text) { return Print(ParseDate(text).value(), AppendDate); }
std::string OfTimestamp(std::string_view text, std::string_view zone) {
  const TimeZone& in = *Value(TimeZone::Find(zone));
  std::string out;
  AppendTimestamp(ParseTimestamp(text, in).value(), TimeZone::Utc(), out);
  return out;
}
std::string OfDecimal(std::string_view text, int precision, int scale) {
  std::string out;
  AppendDecimal(ParseDecimal(text, precision, scale).value(), scale, out);
  return out;
}

TEST(TextCast, IntegersTakeBlanksASignAndDigitsOnly) {
  EXPECT_EQ(ParseInteger<std::int32_t>(" \t-12 \n"), -12);
  EXPECT_EQ(ParseInteger<std::int32_t>("+7"), 7);
  EXPECT_EQ(ParseInteger<std::int8_t>("-128"), -128);
  EXPECT_EQ(ParseInteger<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  for (std::string_view bad : {"", " ", "+", "-", "12.7", "1e3", "1_000", "0x1F", "1 2", "--1"}) {
    EXPECT_EQ(ParseInteger<std::int32_t>(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseInteger<std::int8_t>("128"), std::nullopt);
  EXPECT_EQ(ParseInteger<std::int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseInteger<std::int64_t>("99999999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseStrictInteger<std::int32_t>(" 1"), std::nullopt);
}

TEST(TextCast, DoublesTakeJavasFormsAndTheWords) {
  EXPECT_EQ(ParseDouble("1."), 1.0);
  EXPECT_EQ(ParseDouble(".5"), 0.5);
  EXPECT_EQ(ParseDouble(" 1e3 "), 1000.0);
  EXPECT_EQ(ParseDouble("1d"), 1.0);
  EXPECT_EQ(ParseDouble("-2.5F"), -2.5);
  EXPECT_EQ(ParseDouble("0.1"), 0.1);
  EXPECT_EQ(ParseDouble("123456789.123456789"), 123456789.123456789);
  EXPECT_EQ(ParseDouble("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ParseDouble("1e-400"), 0.0);
  EXPECT_EQ(ParseDouble("4.9e-324"), 4.9e-324);
  EXPECT_EQ(ParseDouble("0x1p3"), 8.0);
  EXPECT_EQ(ParseDouble("-inf"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(ParseDouble("nAn").value()));
  EXPECT_EQ(ParseJavaDouble("inf"), std::nullopt);
  for (std::string_view bad : {"", ".", "e5", "1e", "--1", "1dd", "0x1", "1,5", "d"}) {
    EXPECT_EQ(ParseDouble(bad), std::nullopt) << bad;
  }
}

TEST(TextCast, DecimalsRoundHalfUp) {
  EXPECT_EQ(OfDecimal("1.235", 10, 2), "1.24");
  EXPECT_EQ(OfDecimal("-1.235", 10, 2), "-1.24");
  EXPECT_EQ(OfDecimal("1.2349999", 10, 2), "1.23");
  EXPECT_EQ(OfDecimal(" 1e3", 10, 1), "1000.0");
  EXPECT_EQ(OfDecimal("125e-2", 10, 1), "1.3");
  EXPECT_EQ(OfDecimal(".5", 1, 0), "1");
  EXPECT_EQ(OfDecimal("0e100", 10, 1), "0.0");
  EXPECT_EQ(OfDecimal("0.00000000000000000000000000000000000001", 38, 38),
            "0.00000000000000000000000000000000000001");
  EXPECT_EQ(OfDecimal("99999999999999999999999999999999999999", 38, 0),
            "99999999999999999999999999999999999999");
  bool too_large = false;
  EXPECT_EQ(ParseDecimal("100", 2, 0, &too_large), std::nullopt);
  EXPECT_TRUE(too_large);
  EXPECT_EQ(ParseDecimal("99.5", 2, 0, &too_large), std::nullopt);
  EXPECT_TRUE(too_large);
  EXPECT_EQ(ParseDecimal(std::string(39, '9'), 38, 0, &too_large), std::nullopt);
  EXPECT_TRUE(too_large) << "it does not wrap around at 128 bits";
  EXPECT_EQ(ParseDecimal(std::string(60, '9'), 38, 0, &too_large), std::nullopt);
  EXPECT_EQ(ParseDecimal("1e2000000000", 38, 0, &too_large), std::nullopt);
  EXPECT_TRUE(too_large);
  EXPECT_EQ(ParseDecimal("x", 2, 0, &too_large), std::nullopt);
  EXPECT_FALSE(too_large);
  EXPECT_EQ(ParseDecimal("", 2, 0), std::nullopt);
}

TEST(TextCast, BooleansAreWords) {
  for (std::string_view yes : {"t", "TRUE", " y ", "Yes", "1"}) EXPECT_EQ(ParseBoolean(yes), true);
  for (std::string_view no : {"f", "False", "N", "no", "0"}) EXPECT_EQ(ParseBoolean(no), false);
  for (std::string_view bad : {"", "on", "2", "tru"}) EXPECT_EQ(ParseBoolean(bad), std::nullopt);
}

TEST(TextCast, DatesAreLenient) {
  EXPECT_EQ(OfDate("2024"), "2024-01-01");
  EXPECT_EQ(OfDate("2024-2"), "2024-02-01");
  EXPECT_EQ(OfDate(" 2024-2-9 "), "2024-02-09");
  EXPECT_EQ(OfDate("2024-02-29Tanything"), "2024-02-29");
  EXPECT_EQ(OfDate("2024-02-29 x"), "2024-02-29");
  EXPECT_EQ(OfDate("-0044-03-15"), "-0044-03-15");
  EXPECT_EQ(OfDate("+12024-01-01"), "+12024-01-01");
  EXPECT_EQ(OfDate("1582-10-10"), "1582-10-10");
  for (std::string_view bad :
       {"", "2023-02-29", "2024/01/05", "24-01-01", "2024-1-1x", "2024-001-1", "0000-00-00",
        "2023-13-01", "2024-", "12345678-01-01"}) {
    EXPECT_EQ(ParseDate(bad), std::nullopt) << bad;
  }
}

TEST(TextCast, EveryDayFollowsTheOneBefore) {
  using namespace std::chrono;
  const sys_days begin = 1850y / January / 1;
  for (sys_days day = begin; day < 2150y / January / 1; day += days(1)) {
    const year_month_day date = day;
    const auto text = [&](unsigned in_month) {
      char out[16];
      std::snprintf(out, sizeof(out), "%04d-%02u-%02u", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), in_month);
      return std::string(out);
    };
    const auto in_month = static_cast<unsigned>(date.day());
    ASSERT_EQ(ParseDate(text(in_month)), day.time_since_epoch().count());
    const year_month_day next = day + days(1);
    if (next.month() != date.month()) {
      ASSERT_EQ(ParseDate(text(in_month + 1)), std::nullopt);
    }
  }
  for (const char* bad :
       {"2024-00-10", "2024-13-10", "2024-01-00", "2024-0a-10", "2024/01/10", "2024-01:10",
        "20\xB0"
        "4-01-10",
        "2024-01-1:", "2024-01-1/"}) {
    EXPECT_EQ(ParseDate(bad), std::nullopt) << bad;
  }
}

TEST(TextCast, TimestampsTakeAZoneAfterTheSeconds) {
  EXPECT_EQ(OfTimestamp("2024-01-05 15:04:09.123456789", "UTC"), "2024-01-05 15:04:09.123456");
  EXPECT_EQ(OfTimestamp("2024-01-05T15:04:09+02:00", "UTC"), "2024-01-05 13:04:09");
  EXPECT_EQ(OfTimestamp("2024-01-05 15:04:09.5 Europe/Berlin", "UTC"), "2024-01-05 14:04:09.5");
  EXPECT_EQ(OfTimestamp("2024-07-05 15:04:09 GMT+1", "UTC"), "2024-07-05 14:04:09");
  EXPECT_EQ(OfTimestamp("2024-1-5 1:2", "UTC"), "2024-01-05 01:02:00");
  EXPECT_EQ(OfTimestamp("2024", "America/New_York"), "2024-01-01 05:00:00");
  EXPECT_EQ(OfTimestamp("2024-01-05 15:04:09Z", "America/New_York"), "2024-01-05 15:04:09");
  for (std::string_view bad :
       {"", "20240105", "2024-01-05 15:04Z", "2024-01-05 25:00:00", "T10:00",
        "2024-01-05 15:04:09 nowhere", "2024-01-05x", "2024-01-05 15:04:9999999999"}) {
    EXPECT_EQ(ParseTimestamp(bad, TimeZone::Utc()), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseTimestamp("T10:00", TimeZone::Utc(), 1), (86400 + 36000) * 1'000'000LL);
  EXPECT_EQ(ParseTimestamp("10:00:00", TimeZone::Utc(), 0), 36000 * 1'000'000LL);
  EXPECT_EQ(ParseTimestampNtz("1970-01-01 00:00:01+02:00"), 1'000'000);
  EXPECT_EQ(ParseTimestampNtz("1970-01-01 00:00:01+02:00", false), std::nullopt);
}

TEST(TimeZone, GapsMoveForwardAndOverlapsTakeTheEarlierInstant) {
  EXPECT_EQ(OfTimestamp("2024-03-31 02:30:00", "Europe/Berlin"), "2024-03-31 01:30:00");
  EXPECT_EQ(OfTimestamp("2024-10-27 02:30:00", "Europe/Berlin"), "2024-10-27 00:30:00");
  EXPECT_EQ(OfTimestamp("2024-03-10 02:30:00", "America/New_York"), "2024-03-10 07:30:00");
  EXPECT_EQ(OfTimestamp("2024-11-03 01:30:00", "America/New_York"), "2024-11-03 05:30:00");
  // Beyond the table of transitions the yearly rule counts; before it, local mean time.
  EXPECT_EQ(OfTimestamp("2100-07-01 12:00:00", "Europe/Berlin"), "2100-07-01 10:00:00");
  EXPECT_EQ(OfTimestamp("2100-07-01 12:00:00", "Australia/Sydney"), "2100-07-01 02:00:00");
  EXPECT_EQ(OfTimestamp("1800-01-01 00:00:00", "America/Los_Angeles"), "1800-01-01 07:52:58");
  EXPECT_THAT(TimeZone::Find("Europe/Nowhere"), FailsWith(Condition::INVALID_TIMEZONE));
  EXPECT_THAT(TimeZone::Find("US"), FailsWith(Condition::INVALID_TIMEZONE)) << "a directory";
  EXPECT_THAT(TimeZone::Find("../../etc/passwd"), FailsWith(Condition::INVALID_TIMEZONE));
  EXPECT_EQ(Value(TimeZone::Find("PST"))->id(), "America/Los_Angeles");
  EXPECT_EQ(Value(TimeZone::Find("+2:00"))->id(), "+02:00");
}

TEST(TextPrint, DoublesLookAsInJava) {
  EXPECT_EQ(OfDouble(1), "1.0");
  EXPECT_EQ(OfDouble(1e20), "1.0E20");
  EXPECT_EQ(OfDouble(1e-5), "1.0E-5");
  EXPECT_EQ(OfDouble(0.001), "0.001");
  EXPECT_EQ(OfDouble(1e7), "1.0E7");
  EXPECT_EQ(OfDouble(123456789), "1.23456789E8");
  EXPECT_EQ(OfDouble(1234567.5), "1234567.5");
  EXPECT_EQ(OfDouble(-0.0), "-0.0");
  EXPECT_EQ(OfDouble(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(Print(0.1F, AppendFloat), "0.1");
}

}  // namespace
}  // namespace inlet::types
