#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/query.h"

namespace spark::connect {
class Expression;
class Expression_SortOrder;
}  // namespace spark::connect

namespace inlet::server {

class PythonFunctions;

/// An expression of a select list and the names that it was given; none: a generated one.
struct NamedExpression {
  sql::Expression value;
  std::vector<std::string> names;
  types::FieldMetadata metadata;
};

/// What translating an expression may have to ask. Empty functions refuse.
struct ExpressionContext {
  /// The type of an expression over the columns at hand.
  std::function<Result<types::DataType>(const sql::Expression&)> type_of;
  /// The relation of a subquery expression, by its number.
  std::function<Result<sql::Query>(std::int64_t plan_id)> subquery_of;
  /// The columns that a `*` among the arguments of a function means.
  std::function<std::vector<sql::Expression>(const sql::Star&)> expand_star;
  /// Tells columns of queries around this one from those at hand.
  std::function<void(sql::Expression&)> mark_outer;
  PythonFunctions* functions = nullptr;  ///< Outlives the translator; null refuses them.
};

/// Expressions of the protocol as those of SQL. Names of columns stay as written; those of a
/// certain relation are marked (MarkedColumn).
///
/// Errors: PARSE_SYNTAX_ERROR of expressions that are text; INLET_UNSUPPORTED by name, Python UDFs
/// among them; INLET_RESOURCE_LIMIT when nested too deeply; CONNECT_INVALID_PLAN.CANNOT_PARSE.
class ExpressionTranslator {
 public:
  explicit ExpressionTranslator(ExpressionContext context) : context_(std::move(context)) {}

  Result<sql::Expression> Translate(const spark::connect::Expression& expression);
  /// The same with the names of an alias around it. A `*` stays one Star.
  Result<NamedExpression> TranslateNamed(const spark::connect::Expression& expression);
  Result<sql::SortItem> TranslateSort(const spark::connect::Expression_SortOrder& order);
  /// Of an expression that may be a sort order or not.
  Result<sql::SortItem> TranslateSort(const spark::connect::Expression& expression);

 private:
  Result<sql::Expression> TranslateInner(const spark::connect::Expression& expression);
  Result<std::vector<sql::Expression>> TranslateAll(
      const std::vector<const spark::connect::Expression*>& expressions);
  Result<sql::Expression> Attribute(const spark::connect::Expression& expression);
  Result<sql::Expression> Function(const spark::connect::Expression& expression);
  Result<sql::Expression> Chain(const spark::connect::Expression& expression, bool is_and);
  void ExpandStars(std::vector<sql::Expression>& arguments) const;
  Result<sql::Expression> StructOf(const spark::connect::Expression& expression);
  Result<sql::Expression> Cast(const spark::connect::Expression& expression);
  Result<sql::Expression> Window(const spark::connect::Expression& expression);
  Result<sql::Expression> Extract(const spark::connect::Expression& expression);
  Result<sql::Expression> UpdateFields(const spark::connect::Expression& expression);
  Result<sql::Expression> Lambda(const spark::connect::Expression& expression);
  Result<sql::Expression> Python(const spark::connect::Expression& expression);
  Result<sql::Expression> Subquery(const spark::connect::Expression& expression);
  Result<types::DataType> TypeOf(const sql::Expression& expression) const;

  ExpressionContext context_;
  int depth_ = 0;
};

/// `a.b` in text as its parts. Errors: PARSE_SYNTAX_ERROR.
Result<std::vector<std::string>> ParseNameParts(const std::string& text);

/// What stands in a select list as text: "a + 1", "a + 1 AS b", "*", "t.*".
Result<NamedExpression> ParseSelectItem(const std::string& text);

}  // namespace inlet::server
