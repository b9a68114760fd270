#include "base/error.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace inlet {
namespace {

Error PathNotFound() { return Fail(Condition::PATH_NOT_FOUND, {{"path", "s3://b/x"}}).error(); }

TEST(Error, TextNamesConditionValuesAndSqlstate) {
  EXPECT_EQ(ToString(PathNotFound()),
            "[PATH_NOT_FOUND] No file or directory at s3://b/x. SQLSTATE: 42K03");
}

TEST(Error, SubclassHasADotInItsName) {
  EXPECT_EQ(InfoOf(Condition::FAILED_READ_FILE_NO_HINT).name, "FAILED_READ_FILE.NO_HINT");
}

TEST(Error, PlaceInTheTextIsMarkedByACaret) {
  Error error = PathNotFound();
  error.span = {.begin = 14, .end = 17};
  EXPECT_EQ(ToString(error, "SELECT *\nFROM bad"),
            "[PATH_NOT_FOUND] No file or directory at s3://b/x. SQLSTATE: 42K03 (line 2, pos 5)\n"
            "FROM bad\n"
            "     ^^^");
}

TEST(Result, ContextStandsOutermostFirst) {
  Result<int> inner = Fail(Condition::PATH_NOT_FOUND, {{"path", "p"}});
  Result<int> outer = std::move(inner).Context("read the log").Context("open the table");
  EXPECT_EQ(outer.error().context, "open the table: read the log");
}

}  // namespace
}  // namespace inlet
