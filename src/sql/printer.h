#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sql/ast.h"

/// Writes structs as Databricks SQL on one line. Parsing the text gives the same structs again,
/// spans apart: stored definitions, SHOW CREATE and messages are written so.
namespace inlet::sql {

std::string ToSql(const Query& query);
std::string ToSql(const Expression& expression);
std::string ToSql(const TableRef& table);

/// 'text' with quotes and backslashes escaped.
std::string QuoteText(std::string_view text);

struct OutputNameOptions {
  /// Whether the name is a table of the query: t.a is then called a, but s.f of a struct s.f.
  std::function<bool(std::string_view name)> is_table;
};

/// The name of an output column without alias: `(a + 1)`, `count(1)`, `upper(a)`.
/// Source: Spark, toPrettySQL; golden names in testdata.
std::string OutputName(const Expression& expression, const OutputNameOptions& options = {});

/// The expression as Spark shows it in DESCRIBE HISTORY and in messages: `(id > 5)`.
std::string ToSparkText(const Expression& expression);

}  // namespace inlet::sql
