#include "engine/test_source.h"
#include "sql/parser.h"
#include "sql/walk.h"

namespace inlet::engine {
namespace {

/// The query of `text` with every table named t made the input.
sql::Query QueryOf(const std::string& text) {
  sql::Query query = Value(sql::ParseQuery(text));
  const Status bound = sql::BindTables(query, [](sql::TableRef& table) -> Status {
    if (table.As<sql::NamedTable>() != nullptr) table.node = sql::InputRef{.name = "t"};
    return Ok();
  });
  EXPECT_THAT(bound, IsOk());
  return query;
}

class DuckDbEngineTest : public testing::Test {
 protected:
  std::vector<Input> Inputs() const {
    return {{"t", SourceOf("id INT, name STRING, price DECIMAL(10,2)",
                           {R"([{"id": 1, "name": "one", "price": "1.50"},
                                {"id": 2, "name": null, "price": null}])",
                            R"([{"id": 3, "name": "three", "price": "3.25"}])"})}};
  }

  Result<std::vector<types::BatchPtr>> ReadAll(const std::string& text) {
    auto reader = TRY(engine_->Run(QueryOf(text), Inputs(), {}, {}));
    std::vector<types::BatchPtr> batches;
    while (auto batch = TRY(reader->Next())) batches.push_back(std::move(batch));
    return batches;
  }

  std::unique_ptr<Engine> engine_ = Value(OpenDuckDb({.threads = 2}));
};

TEST_F(DuckDbEngineTest, AQueryOfTheDialectRuns) {
  const auto batches =
      Value(ReadAll("SELECT upper(name) AS n, id + 1, sum(price) OVER (ORDER BY id) AS total FROM "
                    "t WHERE id <> 2 "
                    "ORDER BY id DESC"));
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0]->schema()->field(1)->name(), "(id + 1)");
  const auto& names = static_cast<const arrow::StringArray&>(*batches[0]->column(0));
  EXPECT_EQ(names.GetString(0), "THREE");
  EXPECT_EQ(names.GetString(1), "ONE");
}

TEST_F(DuckDbEngineTest, DescribeTellsSparksTypes) {
  const auto inputs = Inputs();
  EXPECT_EQ(
      types::ToDdl(Value(engine_->Describe(
          QueryOf("SELECT *, count(*) OVER () AS n, NULL AS v, sum(price) OVER () AS s FROM t"),
          inputs, {}))),
      "id INT, name STRING, price DECIMAL(10,2), n BIGINT, v VOID, s DECIMAL(20,2)");
}

TEST_F(DuckDbEngineTest, AnUnknownColumnIsShownInTheUsersText) {
  const std::string text = "SELECT id, nme FROM t";
  const auto failed = ReadAll(text);
  ASSERT_THAT(failed, FailsWith(Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION));
  const TextSpan span = failed.error().span;
  EXPECT_EQ(text.substr(span.begin, span.end - span.begin), "nme");
  EXPECT_THAT(MessageOf(failed.error()), testing::HasSubstr("`nme`"));
}

TEST_F(DuckDbEngineTest, ErrorsOfValuesKeepTheirCondition) {
  EXPECT_THAT(ReadAll("SELECT id / 0 FROM t"), FailsWith(Condition::DIVIDE_BY_ZERO));
  EXPECT_THAT(ReadAll("SELECT CAST(name AS INT) FROM t"), FailsWith(Condition::CAST_INVALID_INPUT));
  EXPECT_THAT(ReadAll("SELECT CAST(id + 300 AS TINYINT) FROM t"),
              FailsWith(Condition::CAST_OVERFLOW));
}

TEST_F(DuckDbEngineTest, ExplainShowsTheSplits) {
  const auto inputs = Inputs();
  EXPECT_THAT(Value(engine_->Explain(QueryOf("SELECT sum(id) FROM t"), inputs, {}, false)),
              testing::HasSubstr("2 of 2"));
  EXPECT_THAT(Value(engine_->Explain(QueryOf("SELECT sum(id) FROM t"), inputs, {}, true)),
              testing::HasSubstr("inlet_scan"));
}

}  // namespace
}  // namespace inlet::engine
