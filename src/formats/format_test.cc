#include "formats/format.h"

#include <gtest/gtest.h>

namespace inlet::formats {
namespace {

TEST(Formats, AreFoundByNameIgnoringCase) {
  for (const Format* format : AllFormats()) {
    EXPECT_EQ(FindFormat(format->name()), format);
    EXPECT_EQ(FindFormat(ToLower(format->name())), format);
  }
  EXPECT_EQ(FindFormat("CSV")->name(), "csv");
  EXPECT_EQ(FindFormat("csvx"), nullptr);
}

}  // namespace
}  // namespace inlet::formats
