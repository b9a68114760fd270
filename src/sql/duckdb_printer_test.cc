#include "sql/duckdb_printer.h"

#include "base/testing.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace inlet::sql {
namespace {

using testing::HasSubstr;

Result<std::string> Print(std::string_view sql, const DuckDbOptions& options = {}) {
  Query query = Value(ParseQuery(sql));
  TRY(BindTables(query, [](TableRef& table) {
    if (const auto* named = table.As<NamedTable>())
      table.node = InputRef{.name = ToString(named->name)};
    return Ok();
  }));
  return ToDuckDb(query, options);
}

std::string Printed(std::string_view sql, const DuckDbOptions& options = {}) {
  return Value(Print(sql, options));
}

TEST(DuckDbPrinter, NamesEveryColumn) {
  EXPECT_EQ(Printed("SELECT a, t.b, upper(a), count(*) AS n FROM t"),
            "SELECT \"a\" AS \"a\", \"t\".\"b\" AS \"b\", spark_upper(\"a\") AS \"upper(a)\", "
            "count(*) AS \"n\" "
            "FROM inlet_scan('t') AS \"t\"");
}

TEST(DuckDbPrinter, DropsCatalogAndSchemaOfColumns) {
  EXPECT_EQ(
      Printed("SELECT main.s.t.a, s.t.a, t.a.f, t.* FROM main.s.t"),
      "SELECT \"t\".\"a\" AS \"a\", \"t\".\"a\" AS \"a\", \"t\".\"a\".\"f\" AS \"f\", \"t\".* "
      "FROM inlet_scan('main.s.t') AS \"t\"");
}

TEST(DuckDbPrinter, WritesLiteralsByType) {
  EXPECT_EQ(Printed("SELECT 1 AS a, -1 AS b, 5L AS c, 1.50 AS d, 1e3 AS e, 'it''s' AS f, X'0A' AS "
                    "g, DATE '2024-01-01' AS h, "
                    "INTERVAL 2 DAYS AS i, INTERVAL 1 HOUR AS j, INTERVAL 1 YEAR AS k"),
            "SELECT 1 AS \"a\", (-1) AS \"b\", spark_literal(5, 'BIGINT') AS \"c\", CAST('1.50' AS "
            "DECIMAL(3,2)) AS \"d\", "
            "CAST('1e3' AS DOUBLE) AS \"e\", 'it''s' AS \"f\", from_hex('0A') AS \"g\", "
            "CAST('2024-01-01' AS DATE) AS \"h\", "
            "to_days(2) AS \"i\", to_microseconds(3600000000) AS \"j\", to_months(12) AS \"k\"");
}

TEST(DuckDbPrinter, GivesLikeItsEscape) {
  EXPECT_THAT(Printed("SELECT a LIKE 'x' AS p FROM t"),
              HasSubstr("(spark_like_operand(\"a\") LIKE spark_like_operand('x') ESCAPE '\\')"));
  EXPECT_THAT(Printed("SELECT a NOT LIKE ALL ('x', 'y') AS q FROM t"),
              HasSubstr("LIKE spark_like_operand('x') ESCAPE '\\')) AND (NOT "));
}

TEST(DuckDbPrinter, ExplodesInASelectAndInALateralView) {
  EXPECT_THAT(Printed("SELECT a, explode(b) AS x FROM t"), HasSubstr("unnest(\"b\") AS \"x\""));
  EXPECT_THAT(Printed("SELECT * FROM t LATERAL VIEW explode(m) e AS k, v"),
              HasSubstr(", LATERAL (SELECT unnest(map_keys(\"m\")) AS \"k\", "
                        "unnest(map_values(\"m\")) AS \"v\") AS \"e\""));
  EXPECT_THAT(Printed("SELECT * FROM t LATERAL VIEW OUTER explode(b) e AS x"),
              HasSubstr("unnest(CASE WHEN len(\"b\") > 0 THEN \"b\" ELSE [NULL] END) AS \"x\""));
  EXPECT_THAT(Print("SELECT explode(b) AS (x, y, z) FROM t"),
              FailsWith(Condition::UDTF_ALIAS_NUMBER_MISMATCH));
}

TEST(DuckDbPrinter, LeavesToTheBinderWhatExplodeGives) {
  EXPECT_THAT(Printed("SELECT explode(m) FROM t"),
              HasSubstr("unnest(spark_exploded(\"m\"), max_depth := 2)"));
  EXPECT_THAT(Printed("SELECT posexplode(m) FROM t"),
              HasSubstr("unnest(spark_exploded_at(\"m\"), max_depth := 2)"));
}

TEST(DuckDbPrinter, ComparesByFunctionsThatKnowTheTypes) {
  EXPECT_THAT(Printed("SELECT CASE a WHEN 1 THEN b ELSE c END AS x FROM t WHERE a NOT IN (1, '2')"),
              HasSubstr("spark_case(spark_equal(\"a\", 1), \"b\", \"c\")"));
  EXPECT_THAT(Printed("SELECT a FROM t WHERE a NOT IN (1, '2')"),
              HasSubstr("(NOT spark_in(\"a\", 1, '2'))"));
}

TEST(DuckDbPrinter, GroupsByTheWindowsOfARow) {
  EXPECT_THAT(Printed("SELECT window.start AS s FROM t GROUP BY window(at, '1 hour')"),
              HasSubstr("LATERAL (SELECT unnest(spark_windows(\"at\", '1 hour'))"));
}

TEST(DuckDbPrinter, PivotsByFilteredAggregates) {
  const std::string printed = Printed("SELECT * FROM t PIVOT (sum(x) FOR c IN ('p', 'q' AS r))");
  EXPECT_THAT(printed, HasSubstr("SELECT * EXCLUDE (\"c\", \"x\"), CASE WHEN count(*) FILTER"));
  EXPECT_THAT(printed, HasSubstr("spark_equal_null(\"c\", 'p')"));
  EXPECT_THAT(printed, HasSubstr("END AS \"p\", "));
  EXPECT_THAT(printed, HasSubstr("END AS \"r\" FROM inlet_scan('t') AS \"t\" GROUP BY ALL)"));
}

TEST(DuckDbPrinter, CountsTheIndexOfALambdaFromZero) {
  EXPECT_THAT(Printed("SELECT transform(a, (x, i) -> x + i) AS r FROM t"),
              HasSubstr("CAST(\"i\" - 1 AS INTEGER)"));
}

TEST(DuckDbPrinter, PutsColumnsOfUsingFirst) {
  EXPECT_THAT(Printed("SELECT * FROM a JOIN b USING (k)"),
              HasSubstr("SELECT \"k\", * EXCLUDE (\"k\") FROM"));
}

TEST(DuckDbPrinter, WritesJoins) {
  EXPECT_THAT(Printed("SELECT * FROM a LEFT SEMI JOIN b ON a.x = b.x"),
              HasSubstr(" SEMI JOIN inlet_scan('b')"));
  EXPECT_THAT(Printed("SELECT * FROM a JOIN b"), HasSubstr(" CROSS JOIN "));
  EXPECT_THAT(Printed("SELECT * FROM a LEFT JOIN b"), HasSubstr(" ON TRUE"));
  EXPECT_THAT(Printed("SELECT * FROM a, LATERAL (SELECT a.x + 1 AS y) AS l"),
              HasSubstr("CROSS JOIN LATERAL (SELECT"));
}

TEST(DuckDbPrinter, NamesAnUnknownFunctionAndItsPlace) {
  const auto printed = Print("SELECT uper(a) FROM t");
  ASSERT_THAT(printed, FailsWith(Condition::UNRESOLVED_ROUTINE));
  EXPECT_THAT(ToString(printed.error()), HasSubstr("Did you mean `upper`?"));
  EXPECT_EQ(printed.error().span.begin, 7U);
}

TEST(DuckDbPrinter, QuotesTextWithNulBytes) {
  EXPECT_EQ(LiteralForDuckDb(std::string_view("a\0b'", 4)), "('a' || chr(0) || 'b''')");
}

TEST(DuckDbPrinter, WritesTypes) {
  EXPECT_EQ(
      ToDuckDb(Value(types::ParseType(
          "ARRAY<STRUCT<`a b`: MAP<STRING, DECIMAL(5,2)>, t: TIMESTAMP, n: TIMESTAMP_NTZ>>"))),
      "STRUCT(\"a b\" MAP(VARCHAR, DECIMAL(5,2)), \"t\" TIMESTAMP WITH TIME ZONE, \"n\" "
      "TIMESTAMP)[]");
}

}  // namespace
}  // namespace inlet::sql
