#include "server/spark_connect/expressions.h"

#include <spark/connect/expressions.pb.h>

#include <algorithm>

#include "base/option_map.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/frame.h"
#include "server/spark_connect/literals.h"
#include "server/spark_connect/python_calls.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/parser.h"

namespace inlet::server {
namespace {

using Message = spark::connect::Expression;
using sql::BinaryOperator;
using sql::Expression;
using types::DataType;
using types::TypeId;

/// Deeper trees of calls are refused before the stack is in danger.
constexpr int kMaxDepth = 400;

struct OperatorName {
  std::string_view name;
  BinaryOperator op;
};
constexpr OperatorName kOperators[] = {{"+", BinaryOperator::kAdd},
                                       {"-", BinaryOperator::kSubtract},
                                       {"*", BinaryOperator::kMultiply},
                                       {"/", BinaryOperator::kDivide},
                                       {"%", BinaryOperator::kModulo},
                                       {"&", BinaryOperator::kBitwiseAnd},
                                       {"|", BinaryOperator::kBitwiseOr},
                                       {"^", BinaryOperator::kBitwiseXor},
                                       {"==", BinaryOperator::kEqual},
                                       {"=", BinaryOperator::kEqual},
                                       {"!=", BinaryOperator::kNotEqual},
                                       {"<", BinaryOperator::kLess},
                                       {"<=", BinaryOperator::kLessOrEqual},
                                       {">", BinaryOperator::kGreater},
                                       {">=", BinaryOperator::kGreaterOrEqual},
                                       {"<=>", BinaryOperator::kNullSafeEqual},
                                       {"div", BinaryOperator::kIntegerDivide}};

std::unexpected<Error> BadPlan(std::string message) {
  return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE, {{"errorMsg", std::move(message)}});
}

std::unexpected<Error> TooDeep() {
  return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "An expression nests too deeply"},
                                                {"limit", std::to_string(kMaxDepth)}});
}

bool IsFunction(const Message& message, std::string_view name) {
  return message.has_unresolved_function() &&
         EqualsIgnoreCase(message.unresolved_function().function_name(), name);
}

std::vector<const Message*> Pointers(const google::protobuf::RepeatedPtrField<Message>& messages) {
  std::vector<const Message*> pointers;
  for (const Message& message : messages) pointers.push_back(&message);
  return pointers;
}

/// CASE from the arguments of `when`: pairs, and what is otherwise when their number is odd.
Expression CaseFrom(std::vector<Expression> arguments) {
  sql::Case node;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    node.whens.push_back(
        {.condition = std::move(arguments[i]), .result = std::move(arguments[i + 1])});
  }
  if (arguments.size() % 2 == 1) node.otherwise = std::move(arguments.back());
  return {.node = std::move(node)};
}

Expression InListFrom(std::vector<Expression> arguments) {
  if (arguments.size() == 1) return LiteralOf(TypeId::kBoolean, "false");
  sql::InList node{.operand = std::move(arguments[0])};
  for (std::size_t i = 1; i < arguments.size(); ++i) node.values.push_back(std::move(arguments[i]));
  return {.node = std::move(node)};
}

std::optional<Expression> LikeFrom(sql::LikeKind kind, std::vector<Expression>& arguments) {
  sql::Like node{.kind = kind};
  if (arguments.size() == 3) {
    const auto* escape = arguments[2].As<sql::Literal>();
    if (escape == nullptr) return std::nullopt;
    node.escape = escape->text;
  }
  node.operand = std::move(arguments[0]);
  node.patterns.push_back(std::move(arguments[1]));
  return Expression{.node = std::move(node)};
}

/// Functions that SQL writes as operators; nothing for all others.
std::optional<Expression> OperatorFrom(const std::string& name,
                                       std::vector<Expression>& arguments) {
  const std::size_t count = arguments.size();
  if (count == 2) {
    for (const OperatorName& known : kOperators) {
      if (known.name == name) {
        return BinaryOf(known.op, std::move(arguments[0]), std::move(arguments[1]));
      }
    }
  }
  const std::string lower = ToLower(name);
  if (count == 0 && lower == "distributed_sequence_id") {  // Of zipWithIndex().
    sql::FunctionCall number = FunctionOf("row_number", {});
    number.over = sql::WindowSpec{};
    number.over->order_by.push_back({.value = LongLiteral(1)});
    return BinaryOf(BinaryOperator::kSubtract, {.node = std::move(number)}, LongLiteral(1));
  }
  if (count == 1) {
    if (lower == "not" || lower == "!") return NotOf(std::move(arguments[0]));
    if (lower == "~") {
      return Expression{.node = sql::Unary{.op = sql::UnaryOperator::kBitwiseNot,
                                           .operand = std::move(arguments[0])}};
    }
    if (lower == "isnull") return IsNullOf(std::move(arguments[0]));
    if (lower == "isnotnull") return IsNullOf(std::move(arguments[0]), /*negated=*/true);
  }
  if (count == 2 || count == 3) {
    if (lower == "like") return LikeFrom(sql::LikeKind::kLike, arguments);
    if (lower == "ilike") return LikeFrom(sql::LikeKind::kILike, arguments);
  }
  if (count == 2 && lower == "rlike") return LikeFrom(sql::LikeKind::kRLike, arguments);
  if (lower == "when" && count >= 2) return CaseFrom(std::move(arguments));
  if (lower == "in" && count >= 1) return InListFrom(std::move(arguments));
  return std::nullopt;
}

/// A schema argument that is Spark's JSON becomes SQL text.
void UseSqlSchema(const std::string& name, std::vector<Expression>& arguments) {
  const std::string lower = ToLower(name);
  if (lower != "from_json" && lower != "from_csv" && lower != "from_xml") return;
  if (arguments.size() < 2) return;
  auto* literal = arguments[1].As<sql::Literal>();
  if (literal == nullptr || !literal->type.is(TypeId::kString)) return;
  if (const auto columns = types::SchemaFromJson(literal->text)) {
    literal->text = types::ToDdl(*columns);
    return;
  }
  const auto wrapped = types::SchemaFromJson(
      R"({"type":"struct","fields":[{"name":"f","nullable":true,"metadata":{},"type":)" +
      literal->text + "}]}");
  if (wrapped) literal->text = types::ToSql(wrapped->fields[0].type);
}

}  // namespace

Result<std::vector<std::string>> ParseNameParts(const std::string& text) {
  // Most names are plain; those that are not SQL words, such as `order`, need no quotes here.
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c < 0;
  });
  if (is_plain) return std::vector<std::string>{text};
  std::vector<std::string> parts(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '`' && is_quoted && i + 1 < text.size() && text[i + 1] == '`') {
      parts.back() += '`';
      ++i;
    } else if (c == '`') {
      is_quoted = !is_quoted;
    } else if (c == '.' && !is_quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const bool has_empty =
      std::any_of(parts.begin(), parts.end(), [](const std::string& part) { return part.empty(); });
  if (is_quoted || has_empty) {
    return Fail(Condition::PARSE_SYNTAX_ERROR,
                {{"error", "'" + text + "'"}, {"hint", " It is no name of a column."}});
  }
  return parts;
}

Result<NamedExpression> ParseSelectItem(const std::string& text) {
  sql::Query query = TRY(sql::ParseQuery("SELECT " + text));
  auto* select = std::get_if<sql::Select>(&query.body);
  const bool is_item = select != nullptr && select->items.size() == 1 && !select->from &&
                       !select->where && !select->is_distinct && query.order_by.empty() &&
                       query.with.empty() && !query.limit;
  if (!is_item) return NamedExpression{.value = TRY(sql::ParseExpression(text))};
  sql::SelectItem& item = select->items[0];
  NamedExpression named{.value = std::move(item.value), .names = std::move(item.column_aliases)};
  if (!item.alias.empty()) named.names = {std::move(item.alias)};
  return named;
}

Result<DataType> ExpressionTranslator::TypeOf(const Expression& expression) const {
  if (!context_.type_of) return FailUnsupported("this expression here");
  return context_.type_of(expression);
}

Result<NamedExpression> ExpressionTranslator::TranslateNamed(const Message& expression) {
  if (expression.has_expression_string()) {
    NamedExpression item = TRY(ParseSelectItem(expression.expression_string().expression()));
    if (context_.functions != nullptr) TRY(ResolveRegistered(*context_.functions, item.value));
    if (context_.mark_outer) context_.mark_outer(item.value);
    return item;
  }
  if (!expression.has_alias()) return NamedExpression{.value = TRY(Translate(expression))};
  NamedExpression named{.value = TRY(Translate(expression.alias().expr()))};
  named.names.assign(expression.alias().name().begin(), expression.alias().name().end());
  named.metadata = MetadataOf(expression.alias().metadata());
  return named;
}

Result<Expression> ExpressionTranslator::Translate(const Message& expression) {
  if (depth_ >= kMaxDepth) return TooDeep();
  ++depth_;
  Result<Expression> result = TranslateInner(expression);
  --depth_;
  if (result && depth_ == 0 && context_.mark_outer) context_.mark_outer(*result);
  return result;
}

Result<Expression> ExpressionTranslator::TranslateInner(const Message& expression) {
  switch (expression.expr_type_case()) {
    case Message::kLiteral:
      return FromLiteral(expression.literal());
    case Message::kUnresolvedAttribute:
      return Attribute(expression);
    case Message::kUnresolvedFunction:
    case Message::kCallFunction:
      return Function(expression);
    case Message::kExpressionString:
      return TRY(TranslateNamed(expression)).value;
    case Message::kUnresolvedStar: {
      sql::Star star;
      const std::string& target = expression.unresolved_star().unparsed_target();
      if (target.ends_with(".*")) {
        star.qualifier = TRY(ParseNameParts(target.substr(0, target.size() - 2)));
      }
      return Expression{.node = std::move(star)};
    }
    case Message::kAlias:
      return Translate(expression.alias().expr());
    case Message::kCast:
      return Cast(expression);
    case Message::kSortOrder:
      return Translate(expression.sort_order().child());
    case Message::kLambdaFunction:
      return Lambda(expression);
    case Message::kUnresolvedNamedLambdaVariable: {
      const auto& names = expression.unresolved_named_lambda_variable().name_parts();
      return ColumnOf(std::vector<std::string>(names.begin(), names.end()));
    }
    case Message::kWindow:
      return Window(expression);
    case Message::kUnresolvedExtractValue:
      return Extract(expression);
    case Message::kUpdateFields:
      return UpdateFields(expression);
    case Message::kSubqueryExpression:
      return Subquery(expression);
    case Message::kNamedArgumentExpression:
      return Translate(expression.named_argument_expression().value());
    case Message::kCommonInlineUserDefinedFunction:
      return Python(expression);
    case Message::kTypedAggregateExpression:
      return FailUnsupported("Scala aggregates");
    case Message::kUnresolvedRegex:
      return BadPlan("a pattern of column names stands where one column is meant");
    case Message::kExtension:
      return FailUnsupported("extensions of expressions");
    default:
      return BadPlan("an expression has no kind");
  }
}

Result<std::vector<Expression>> ExpressionTranslator::TranslateAll(
    const std::vector<const Message*>& expressions) {
  std::vector<Expression> translated;
  for (const Message* expression : expressions) translated.push_back(TRY(Translate(*expression)));
  return translated;
}

Result<Expression> ExpressionTranslator::Attribute(const Message& expression) {
  const auto& attribute = expression.unresolved_attribute();
  std::vector<std::string> parts = TRY(ParseNameParts(attribute.unparsed_identifier()));
  if (attribute.has_plan_id()) return MarkedColumn(attribute.plan_id(), std::move(parts));
  return ColumnOf(std::move(parts));
}

/// and(and(a, b), c) is as deep as it is long: its left side is walked, not recursed into.
Result<Expression> ExpressionTranslator::Chain(const Message& expression, bool is_and) {
  const std::string_view name = is_and ? "and" : "or";
  std::vector<const Message*> operands;
  const Message* left = &expression;
  while (IsFunction(*left, name) && left->unresolved_function().arguments_size() == 2) {
    operands.push_back(&left->unresolved_function().arguments(1));
    left = &left->unresolved_function().arguments(0);
  }
  operands.push_back(left);
  std::reverse(operands.begin(), operands.end());
  return Expression{
      .node = sql::Logical{.op = is_and ? sql::LogicalOperator::kAnd : sql::LogicalOperator::kOr,
                           .operands = TRY(TranslateAll(operands))}};
}

Result<Expression> ExpressionTranslator::Function(const Message& expression) {
  const bool is_call = expression.has_call_function();
  const std::string& name = is_call ? expression.call_function().function_name()
                                    : expression.unresolved_function().function_name();
  const auto messages = Pointers(is_call ? expression.call_function().arguments()
                                         : expression.unresolved_function().arguments());
  if (messages.size() == 2 && !is_call) {
    if (EqualsIgnoreCase(name, "and")) return Chain(expression, true);
    if (EqualsIgnoreCase(name, "or")) return Chain(expression, false);
  }
  if (EqualsIgnoreCase(name, "struct")) return StructOf(expression);
  std::vector<Expression> arguments = TRY(TranslateAll(messages));
  const bool is_count = EqualsIgnoreCase(name, "count");
  if (context_.expand_star && !is_count) ExpandStars(arguments);
  if (!is_call) {
    if (auto operation = OperatorFrom(name, arguments)) return *std::move(operation);
  }
  UseSqlSchema(name, arguments);
  sql::FunctionCall call = FunctionOf(name, std::move(arguments));
  if (is_call) call.name.parts = TRY(ParseNameParts(name));
  call.is_distinct = !is_call && expression.unresolved_function().is_distinct();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i]->has_named_argument_expression()) {
      call.arguments[i].name = messages[i]->named_argument_expression().key();
    }
  }
  Expression translated{.node = std::move(call)};
  if (context_.functions != nullptr) TRY(ResolveRegistered(*context_.functions, translated));
  return translated;
}

Result<Expression> ExpressionTranslator::Python(const Message& expression) {
  const auto& message = expression.common_inline_user_defined_function();
  if (context_.functions == nullptr) {
    return FailUnsupported("the Python function " + message.function_name() + " here");
  }
  std::vector<std::string> names;
  for (const Message& argument : message.arguments()) {
    names.push_back(
        argument.has_named_argument_expression() ? argument.named_argument_expression().key() : "");
  }
  return PythonCall(*context_.functions, TRY(DefinitionOf(message)),
                    TRY(TranslateAll(Pointers(message.arguments()))), std::move(names));
}

void ExpressionTranslator::ExpandStars(std::vector<Expression>& arguments) const {
  std::vector<Expression> expanded;
  for (Expression& argument : arguments) {
    if (const auto* star = argument.As<sql::Star>()) {
      for (Expression& column : context_.expand_star(*star)) expanded.push_back(std::move(column));
    } else {
      expanded.push_back(std::move(argument));
    }
  }
  arguments = std::move(expanded);
}

/// struct(a, b AS c): the names of the fields are those of aliases.
Result<Expression> ExpressionTranslator::StructOf(const Message& expression) {
  const auto messages =
      Pointers(expression.has_call_function() ? expression.call_function().arguments()
                                              : expression.unresolved_function().arguments());
  const bool has_alias = std::any_of(messages.begin(), messages.end(),
                                     [](const Message* message) { return message->has_alias(); });
  if (!has_alias) {
    std::vector<Expression> members = TRY(TranslateAll(messages));
    if (context_.expand_star) ExpandStars(members);
    return CallOf("struct", std::move(members));
  }
  std::vector<Expression> arguments;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    NamedExpression named = TRY(TranslateNamed(*messages[i]));
    std::string name = "col" + std::to_string(i + 1);
    if (!named.names.empty()) {
      name = named.names[0];
    } else if (named.value.As<sql::ColumnRef>() != nullptr) {
      name = NameOf(named.value);
    }
    arguments.push_back(TextLiteral(std::move(name)));
    arguments.push_back(std::move(named.value));
  }
  return CallOf("named_struct", std::move(arguments));
}

Result<Expression> ExpressionTranslator::Cast(const Message& expression) {
  const auto& cast = expression.cast();
  sql::Cast node{.operand = TRY(Translate(cast.expr()))};
  node.type =
      cast.has_type() ? TRY(FromMessage(cast.type())) : TRY(types::ParseType(cast.type_str()));
  node.is_try = cast.eval_mode() == spark::connect::Expression_Cast::EVAL_MODE_TRY;
  return Expression{.node = std::move(node)};
}

Result<sql::SortItem> ExpressionTranslator::TranslateSort(
    const spark::connect::Expression_SortOrder& order) {
  using Order = spark::connect::Expression_SortOrder;
  sql::SortItem item{.value = TRY(Translate(order.child()))};
  item.descending = order.direction() == Order::SORT_DIRECTION_DESCENDING;
  if (order.null_ordering() == Order::SORT_NULLS_FIRST) item.nulls = sql::NullOrder::kFirst;
  if (order.null_ordering() == Order::SORT_NULLS_LAST) item.nulls = sql::NullOrder::kLast;
  return item;
}

Result<sql::SortItem> ExpressionTranslator::TranslateSort(const Message& expression) {
  if (expression.has_sort_order()) return TranslateSort(expression.sort_order());
  return sql::SortItem{.value = TRY(Translate(expression))};
}

Result<Expression> ExpressionTranslator::Window(const Message& expression) {
  using Range = spark::connect::Expression_Window_WindowFrame;
  using Bound = sql::FrameBound;
  const auto& window = expression.window();
  Expression function = TRY(Translate(window.window_function()));
  auto* call = function.As<sql::FunctionCall>();
  if (call == nullptr) return FailUnsupported("OVER after something that is no function");
  if (sql::FunctionCall* gathering = GatheringOf(*call)) call = gathering;
  sql::WindowSpec spec;
  spec.partition_by = TRY(TranslateAll(Pointers(window.partition_spec())));
  for (const auto& order : window.order_spec()) spec.order_by.push_back(TRY(TranslateSort(order)));
  if (window.has_frame_spec()) {
    const auto bound_of = [this](const Range::FrameBoundary& message,
                                 bool is_lower) -> Result<Bound> {
      if (message.has_current_row()) return Bound{.kind = Bound::Kind::kCurrentRow};
      if (message.has_unbounded()) {
        return Bound{.kind = is_lower ? Bound::Kind::kUnboundedPreceding
                                      : Bound::Kind::kUnboundedFollowing};
      }
      Expression offset = TRY(Translate(message.value()));
      auto* literal = offset.As<sql::Literal>();
      if (literal != nullptr && literal->text.starts_with('-')) {
        literal->text.erase(0, 1);
        return Bound{.kind = Bound::Kind::kPreceding, .offset = std::move(offset)};
      }
      if (literal != nullptr && literal->text == "0")
        return Bound{.kind = Bound::Kind::kCurrentRow};
      return Bound{.kind = Bound::Kind::kFollowing, .offset = std::move(offset)};
    };
    const auto& frame = window.frame_spec();
    Bound start = TRY(bound_of(frame.lower(), true));
    Bound end = TRY(bound_of(frame.upper(), false));
    spec.frame = sql::WindowFrame{.is_rows = frame.frame_type() == Range::FRAME_TYPE_ROW,
                                  .start = std::move(start),
                                  .end = std::move(end)};
  }
  call->over = std::move(spec);
  return function;
}

/// col["name"] is a field of a struct or a key of a map, by the type of col.
Result<Expression> ExpressionTranslator::Extract(const Message& expression) {
  const auto& extract = expression.unresolved_extract_value();
  Expression base = TRY(Translate(extract.child()));
  Expression index = TRY(Translate(extract.extraction()));
  const auto* literal = index.As<sql::Literal>();
  const bool is_text = literal != nullptr && literal->type.is(TypeId::kString);
  bool is_field = false;
  if (is_text && context_.type_of) {
    const auto type = context_.type_of(base);
    is_field = type && (type->is(TypeId::kStruct) ||
                        (type->is(TypeId::kArray) && type->element().is(TypeId::kStruct)));
  }
  if (!is_field) {
    return Expression{.node = sql::Subscript{.base = std::move(base), .index = std::move(index)}};
  }
  return Expression{.node = sql::FieldAccess{.base = std::move(base), .field = literal->text}};
}

/// withField and dropFields: the struct again, field by field.
Result<Expression> ExpressionTranslator::UpdateFields(const Message& expression) {
  const auto& update = expression.update_fields();
  const Expression base = TRY(Translate(update.struct_expression()));
  const DataType type = TRY(TypeOf(base));
  if (!type.is(TypeId::kStruct)) {
    return Fail(
        Condition::DATATYPE_MISMATCH,
        {{"sqlExpr", NameOf(base)}, {"message", "a STRUCT is needed to change its fields"}});
  }
  const std::vector<std::string> path = TRY(ParseNameParts(update.field_name()));
  const bool has_value = update.has_value_expression();
  const Expression value = has_value ? TRY(Translate(update.value_expression())) : NullLiteral();
  // One level of the path; the levels below are structs of their own.
  const std::function<Expression(const Expression&, const DataType&, std::size_t)> rebuild =
      [&](const Expression& from, const DataType& from_type, std::size_t level) {
        std::vector<Expression> arguments;
        bool is_known = false;
        const bool is_last = level + 1 == path.size();
        for (const types::StructField& field : from_type.fields()) {
          Expression old{.node = sql::FieldAccess{.base = from, .field = field.name}};
          if (EqualsIgnoreCase(field.name, path[level])) {
            is_known = true;
            if (is_last && !has_value) continue;
            old = is_last || !field.type.is(TypeId::kStruct) ? value
                                                             : rebuild(old, field.type, level + 1);
          }
          arguments.push_back(TextLiteral(field.name));
          arguments.push_back(std::move(old));
        }
        if (!is_known && is_last && has_value) {
          arguments.push_back(TextLiteral(path[level]));
          arguments.push_back(value);
        }
        return CallOf("named_struct", std::move(arguments));
      };
  return CaseOf(IsNullOf(base), NullLiteral(), rebuild(base, type, 0));
}

Result<Expression> ExpressionTranslator::Lambda(const Message& expression) {
  const auto& lambda = expression.lambda_function();
  sql::Lambda node{.body = TRY(Translate(lambda.function()))};
  for (const auto& argument : lambda.arguments()) {
    if (argument.name_parts_size() != 1) return BadPlan("a lambda variable has no name");
    node.parameters.push_back(argument.name_parts(0));
  }
  return Expression{.node = std::move(node)};
}

Result<Expression> ExpressionTranslator::Subquery(const Message& expression) {
  using Kind = spark::connect::SubqueryExpression;
  const auto& subquery = expression.subquery_expression();
  if (!context_.subquery_of) return BadPlan("a subquery has no relation");
  sql::Query query = TRY(context_.subquery_of(subquery.plan_id()));
  switch (subquery.subquery_type()) {
    case Kind::SUBQUERY_TYPE_SCALAR:
      return Expression{.node = sql::ScalarSubquery{.query = std::move(query)}};
    case Kind::SUBQUERY_TYPE_EXISTS:
      return Expression{.node = sql::Exists{.query = std::move(query)}};
    case Kind::SUBQUERY_TYPE_IN: {
      std::vector<Expression> values = TRY(TranslateAll(Pointers(subquery.in_subquery_values())));
      if (values.empty()) return BadPlan("IN has no value before it");
      Expression operand = values.size() == 1
                               ? std::move(values[0])
                               : Expression{.node = sql::Tuple{.items = std::move(values)}};
      return Expression{
          .node = sql::InSubquery{.operand = std::move(operand), .query = std::move(query)}};
    }
    default:
      return FailUnsupported("tables as arguments of Python functions");
  }
}

}  // namespace inlet::server
