#include "base/option_map.h"

#include <gtest/gtest.h>

namespace inlet {
namespace {

TEST(OptionMap, NamesIgnoreCase) {
  const OptionMap options{{"Header", "TRUE"}};
  EXPECT_EQ(GetBool(options, "header").value(), true);
}

TEST(OptionMap, BadValueIsNamed) {
  const OptionMap options{{"skipRows", "two"}};
  const auto rows = GetInt64(options, "skipRows");
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().condition, Condition::INVALID_PARAMETER_VALUE);
}

TEST(OptionMap, NearestNameIsSuggested) {
  constexpr std::string_view kKnown[] = {"header", "multiLine", "sep"};
  EXPECT_EQ(DidYouMean("multline", kKnown), " Did you mean `multiLine`?");
  EXPECT_EQ(DidYouMean("spe", kKnown), " Did you mean `sep`?");
  EXPECT_EQ(DidYouMean("zzzzzz", kKnown), "");
}

}  // namespace
}  // namespace inlet
