#include "formats/xml/xpath.h"

#include <expat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <variant>

#include "formats/xml/xml_rows_internal.h"

namespace inlet::formats {
namespace {

constexpr std::size_t kMaxNodes = 10'000'000;
constexpr int kMaxExpressionDepth = 200;

enum class NodeKind : std::uint8_t { kRoot, kElement, kText, kAttribute };

struct Node {
  NodeKind kind = NodeKind::kElement;
  std::size_t parent = 0;
  std::string name;
  std::string value;                  // Of texts and attributes.
  std::vector<std::size_t> children;  // In document order.
  std::vector<std::size_t> attributes;
};

std::unexpected<Error> Invalid(std::string_view function, std::string_view parameter,
                               std::string message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", std::string(parameter)},
               {"functionName", "`" + std::string(function) + "`"},
               {"message", std::move(message)}});
}

}  // namespace

// ---- The document

/// Nodes by number, in document order: an element, its attributes, then what is in it.
struct XmlDocument::Nodes {
  std::vector<Node> all{Node{.kind = NodeKind::kRoot}};

  std::size_t Add(NodeKind kind, std::size_t parent, std::string name, std::string value) {
    all.push_back(
        {.kind = kind, .parent = parent, .name = std::move(name), .value = std::move(value)});
    return all.size() - 1;
  }
  /// All text in a node.
  void AppendText(std::size_t node, std::string& out) const {
    // Descendants have the numbers behind it.
    if (all[node].kind == NodeKind::kText || all[node].kind == NodeKind::kAttribute) {
      out += all[node].value;
      return;
    }
    for (const std::size_t child : all[node].children) AppendText(child, out);
  }
  std::string TextOf(std::size_t node) const {
    std::string text;
    AppendText(node, text);
    return text;
  }
};

namespace {

/// What expat's callbacks build.
template <class Tree>
struct TreeBuilder {
  Tree& tree;
  XML_Parser parser;
  std::vector<std::size_t> open{0};
  bool is_refused = false;

  static TreeBuilder& Self(void* user) { return *static_cast<TreeBuilder*>(user); }
  void Refuse() {
    is_refused = true;
    XML_StopParser(parser, XML_FALSE);
  }
  static void OnStart(void* user, const XML_Char* name, const XML_Char** attributes) {
    TreeBuilder& self = Self(user);
    if (self.open.size() > kMaxXmlDepth || self.tree.all.size() > kMaxNodes) return self.Refuse();
    const std::size_t parent = self.open.back();
    const std::size_t element = self.tree.Add(NodeKind::kElement, parent, name, "");
    self.tree.all[parent].children.push_back(element);
    for (; *attributes != nullptr; attributes += 2) {
      const std::size_t attribute =
          self.tree.Add(NodeKind::kAttribute, element, attributes[0], attributes[1]);
      self.tree.all[element].attributes.push_back(attribute);
    }
    self.open.push_back(element);
  }
  static void OnEnd(void* user, const XML_Char*) { Self(user).open.pop_back(); }
  static void OnText(void* user, const XML_Char* text, int length) {
    TreeBuilder& self = Self(user);
    const std::string_view piece(text, static_cast<std::size_t>(length));
    const std::size_t parent = self.open.back();
    if (parent == 0) return;
    auto& siblings = self.tree.all[parent].children;
    if (!siblings.empty() && self.tree.all[siblings.back()].kind == NodeKind::kText) {
      self.tree.all[siblings.back()].value += piece;
      return;
    }
    const std::size_t node = self.tree.Add(NodeKind::kText, parent, "", std::string(piece));
    self.tree.all[parent].children.push_back(node);
  }
  static void OnEntity(void* user, const XML_Char*, int, const XML_Char*, int, const XML_Char*,
                       const XML_Char*, const XML_Char*, const XML_Char*) {
    Self(user).Refuse();
  }
};

}  // namespace

XmlDocument::XmlDocument(std::unique_ptr<Nodes> nodes) : nodes_(std::move(nodes)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::Parse(std::string_view xml) {
  auto nodes = std::make_unique<Nodes>();
  const std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)> parser(
      XML_ParserCreate("UTF-8"), XML_ParserFree);
  if (!parser || xml.size() > kMaxXmlRowBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "An XML text is too large"},
                 {"limit", std::to_string(kMaxXmlRowBytes) + " bytes"}});
  }
  TreeBuilder<Nodes> builder{.tree = *nodes, .parser = parser.get()};
  XML_SetUserData(parser.get(), &builder);
  XML_SetElementHandler(parser.get(), TreeBuilder<Nodes>::OnStart, TreeBuilder<Nodes>::OnEnd);
  XML_SetCharacterDataHandler(parser.get(), TreeBuilder<Nodes>::OnText);
  XML_SetEntityDeclHandler(parser.get(), TreeBuilder<Nodes>::OnEntity);
  const auto status = XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), 1);
  if (status != XML_STATUS_OK || builder.is_refused) {
    return Invalid(
        "xpath", "xml",
        "the XML is malformed: " + std::string(XML_ErrorString(XML_GetErrorCode(parser.get()))));
  }
  return XmlDocument(std::move(nodes));
}

// ---- Expressions

namespace {

enum class Axis : std::uint8_t {
  kChild,
  kDescendant,
  kDescendantOrSelf,
  kParent,
  kAncestor,
  kAncestorOrSelf,
  kSelf,
  kAttribute,
  kFollowingSibling,
  kPrecedingSibling
};
constexpr std::pair<std::string_view, Axis> kAxes[] = {
    {"child", Axis::kChild},
    {"descendant", Axis::kDescendant},
    {"descendant-or-self", Axis::kDescendantOrSelf},
    {"parent", Axis::kParent},
    {"ancestor", Axis::kAncestor},
    {"ancestor-or-self", Axis::kAncestorOrSelf},
    {"self", Axis::kSelf},
    {"attribute", Axis::kAttribute},
    {"following-sibling", Axis::kFollowingSibling},
    {"preceding-sibling", Axis::kPrecedingSibling}};

enum class Test : std::uint8_t { kName, kAnyName, kText, kAnyNode };

using ExpressionPtr = std::unique_ptr<XPath::Expression>;

struct Step {
  Axis axis = Axis::kChild;
  Test test = Test::kAnyNode;
  std::string name;
  std::vector<ExpressionPtr> predicates;
};

using NodeSet = std::vector<std::size_t>;  // In document order.
using Value = std::variant<NodeSet, bool, double, std::string>;

}  // namespace

struct XPath::Expression {
  enum class Kind : std::uint8_t { kNumber, kText, kOperator, kNegative, kCall, kPath };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::string text;                      // A text, an operator, a function.
  std::vector<ExpressionPtr> arguments;  // Operands; of a path what it starts from, if any.
  bool is_absolute = false;
  std::vector<Step> steps;
  std::vector<ExpressionPtr> filters;  // Predicates of what a path starts from.
};

namespace {

using Expression = XPath::Expression;
using Kind = Expression::Kind;

struct Token {
  enum class Kind : std::uint8_t { kEnd, kName, kNumber, kText, kSign };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t position = 0;
};

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<signed char>(c) < 0;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

Result<std::vector<Token>> Tokens(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t i = 0;
  while (true) {
    while (i < text.size() && std::string_view(" \t\r\n").contains(text[i])) ++i;
    if (i == text.size()) break;
    const std::size_t begin = i;
    const char c = text[i];
    Token token{.position = begin};
    if (IsNameStart(c)) {
      const auto goes_on = [&] {
        if (i >= text.size()) return false;
        if (IsNameStart(text[i]) || IsDigit(text[i]) || text[i] == '-' || text[i] == '.')
          return true;
        // One colon is part of a name, two are an axis.
        return text[i] == ':' && i + 1 < text.size() && text[i + 1] != ':' && text[i - 1] != ':';
      };
      while (goes_on()) ++i;
      token.kind = Token::Kind::kName;
    } else if (IsDigit(c) || (c == '.' && i + 1 < text.size() && IsDigit(text[i + 1]))) {
      while (i < text.size() && (IsDigit(text[i]) || text[i] == '.')) ++i;
      token.kind = Token::Kind::kNumber;
    } else if (c == '"' || c == '\'') {
      const std::size_t end = text.find(c, i + 1);
      if (end == std::string_view::npos) {
        return Invalid("xpath", "path", "a text has no end at position " + std::to_string(i));
      }
      i = end + 1;
      token.kind = Token::Kind::kText;
    } else {
      const std::string_view two = text.substr(i, 2);
      i += two == "//" || two == "::" || two == ".." || two == "!=" || two == "<=" || two == ">="
               ? 2
               : 1;
      token.kind = Token::Kind::kSign;
    }
    token.text = text.substr(begin, i - begin);
    if (token.kind == Token::Kind::kText) token.text = token.text.substr(1, token.text.size() - 2);
    tokens.push_back(std::move(token));
  }
  tokens.push_back({.position = text.size()});
  return tokens;
}

/// Reads the grammar of XPath, least binding first.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<ExpressionPtr> Whole() {
    ExpressionPtr expression = TRY(Binary(0));
    if (Now().kind != Token::Kind::kEnd) return Bad();
    return expression;
  }

 private:
  static constexpr std::size_t kLevels = 6;
  static bool IsOperator(std::size_t level, std::string_view word) {
    constexpr std::array<std::array<std::string_view, 4>, kLevels> kOperators = {
        {{"or"}, {"and"}, {"=", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "div", "mod"}}};
    return !word.empty() && std::ranges::find(kOperators[level], word) != kOperators[level].end();
  }
  const Token& Now() const { return tokens_[at_]; }
  const Token& Next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool Accept(std::string_view sign) {
    if (Now().kind != Token::Kind::kSign || Now().text != sign) return false;
    ++at_;
    return true;
  }
  std::unexpected<Error> Bad() const {
    return Invalid("xpath", "path", "it is no XPath at position " + std::to_string(Now().position));
  }

  Result<ExpressionPtr> Binary(std::size_t level) {
    if (level == kLevels) return Unary();
    if (++depth_ > kMaxExpressionDepth * 7) return Invalid("xpath", "path", "it nests too deep");
    ExpressionPtr left = TRY(Binary(level + 1));
    while (Now().kind != Token::Kind::kText && Now().kind != Token::Kind::kNumber &&
           IsOperator(level, Now().text)) {
      auto joined = std::make_unique<Expression>();
      joined->kind = Kind::kOperator;
      joined->text = Now().text;
      ++at_;
      joined->arguments.push_back(std::move(left));
      joined->arguments.push_back(TRY(Binary(level + 1)));
      left = std::move(joined);
    }
    --depth_;
    return left;
  }

  Result<ExpressionPtr> Unary() {
    if (Accept("-")) {
      if (++depth_ > kMaxExpressionDepth * 7) return Invalid("xpath", "path", "it nests too deep");
      auto negative = std::make_unique<Expression>();
      negative->kind = Kind::kNegative;
      negative->arguments.push_back(TRY(Unary()));
      --depth_;
      return negative;
    }
    ExpressionPtr left = TRY(Path());
    while (Accept("|")) {
      auto joined = std::make_unique<Expression>();
      joined->kind = Kind::kOperator;
      joined->text = "|";
      joined->arguments.push_back(std::move(left));
      joined->arguments.push_back(TRY(Path()));
      left = std::move(joined);
    }
    return left;
  }

  bool IsCall() const {
    return Now().kind == Token::Kind::kName && Next().text == "(" &&
           Next().kind == Token::Kind::kSign && Now().text != "text" && Now().text != "node";
  }

  Result<ExpressionPtr> Path() {
    auto path = std::make_unique<Expression>();
    path->kind = Kind::kPath;
    const bool starts = Now().kind == Token::Kind::kNumber || Now().kind == Token::Kind::kText ||
                        (Now().kind == Token::Kind::kSign && Now().text == "(") || IsCall();
    if (starts) {
      ExpressionPtr start = TRY(Primary());
      std::vector<ExpressionPtr> filters = TRY(Predicates());
      const bool goes_on = Now().kind == Token::Kind::kSign && Now().text.starts_with("/");
      if (filters.empty() && !goes_on) return start;
      path->arguments.push_back(std::move(start));
      path->filters = std::move(filters);
      if (!goes_on) return path;
    } else if (Accept("/")) {
      path->is_absolute = true;
      if (!BeginsStep()) return path;
      path->steps.push_back(TRY(OneStep()));
    } else if (Now().kind == Token::Kind::kSign && Now().text == "//") {
      path->is_absolute = true;
    } else {
      path->steps.push_back(TRY(OneStep()));
    }
    while (true) {
      if (Accept("//")) {
        path->steps.push_back({.axis = Axis::kDescendantOrSelf});
      } else if (!Accept("/")) {
        break;
      }
      path->steps.push_back(TRY(OneStep()));
    }
    return path;
  }

  bool BeginsStep() const {
    return Now().kind == Token::Kind::kName ||
           (Now().kind == Token::Kind::kSign &&
            (Now().text == "*" || Now().text == "@" || Now().text == "." || Now().text == ".."));
  }

  Result<ExpressionPtr> Primary() {
    auto primary = std::make_unique<Expression>();
    const Token token = Now();
    ++at_;
    if (token.kind == Token::Kind::kNumber) {
      const auto [end, error] = std::from_chars(
          token.text.data(), token.text.data() + token.text.size(), primary->number);
      if (error != std::errc() || end != token.text.data() + token.text.size()) return Bad();
      return primary;
    }
    if (token.kind == Token::Kind::kText) {
      primary->kind = Kind::kText;
      primary->text = token.text;
      return primary;
    }
    if (token.kind == Token::Kind::kSign) {  // A bracket.
      ExpressionPtr inner = TRY(Binary(0));
      if (!Accept(")")) return Bad();
      return inner;
    }
    primary->kind = Kind::kCall;
    primary->text = token.text;
    ++at_;  // The bracket.
    if (Accept(")")) return primary;
    do {
      primary->arguments.push_back(TRY(Binary(0)));
    } while (Accept(","));
    if (!Accept(")")) return Bad();
    return primary;
  }

  Result<std::vector<ExpressionPtr>> Predicates() {
    std::vector<ExpressionPtr> predicates;
    while (Accept("[")) {
      predicates.push_back(TRY(Binary(0)));
      if (!Accept("]")) return Bad();
    }
    return predicates;
  }

  Result<Step> OneStep() {
    Step step;
    if (Accept(".")) {
      step.axis = Axis::kSelf;
      return step;
    }
    if (Accept("..")) {
      step.axis = Axis::kParent;
      return step;
    }
    if (Accept("@")) {
      step.axis = Axis::kAttribute;
    } else if (Now().kind == Token::Kind::kName && Next().text == "::") {
      const auto found =
          std::ranges::find(kAxes, Now().text, [](const auto& axis) { return axis.first; });
      if (found == std::end(kAxes)) return Bad();
      step.axis = found->second;
      at_ += 2;
    }
    if (Accept("*")) {
      step.test = Test::kAnyName;
    } else if (Now().kind == Token::Kind::kName) {
      const bool is_type = Next().kind == Token::Kind::kSign && Next().text == "(" &&
                           (Now().text == "text" || Now().text == "node");
      step.test = !is_type ? Test::kName : Now().text == "text" ? Test::kText : Test::kAnyNode;
      step.name = Now().text;
      ++at_;
      if (is_type && (!Accept("(") || !Accept(")"))) return Bad();
    } else {
      return Bad();
    }
    step.predicates = TRY(Predicates());
    return step;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

std::string NumberText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == std::trunc(number) && std::fabs(number) < 1e15) {
    return std::to_string(static_cast<std::int64_t>(number));
  }
  char buffer[400];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed);
  return error == std::errc() ? std::string(buffer, end) : "NaN";
}

double NumberOfText(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nan("");
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  if (text.find_first_not_of("-.0123456789") != std::string_view::npos) return std::nan("");
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return error == std::errc() && end == text.data() + text.size() ? number : std::nan("");
}

/// Evaluates over one document. `Tree` is the document's private type.
template <class Tree>
class Evaluator {
 public:
  explicit Evaluator(const Tree& tree) : tree_(tree) {}

  struct Context {
    std::size_t node = 0;
    std::size_t position = 1;
    std::size_t size = 1;
  };

  Result<Value> Evaluate(const Expression& expression, const Context& context) const {
    switch (expression.kind) {
      case Kind::kNumber:
        return Value(expression.number);
      case Kind::kText:
        return Value(expression.text);
      case Kind::kNegative:
        return Value(-NumberOf(TRY(Evaluate(*expression.arguments[0], context))));
      case Kind::kOperator:
        return Operate(expression, context);
      case Kind::kCall:
        return CallFunction(expression, context);
      case Kind::kPath:
        break;
    }
    return Value(TRY(Walk(expression, context)));
  }

  bool BooleanOf(const Value& value) const {
    if (const auto* nodes = std::get_if<NodeSet>(&value)) return !nodes->empty();
    if (const auto* truth = std::get_if<bool>(&value)) return *truth;
    if (const auto* number = std::get_if<double>(&value))
      return *number != 0 && !std::isnan(*number);
    return !std::get<std::string>(value).empty();
  }
  double NumberOf(const Value& value) const {
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    return NumberOfText(TextOf(value));
  }
  std::string TextOf(const Value& value) const {
    if (const auto* nodes = std::get_if<NodeSet>(&value)) {
      return nodes->empty() ? "" : tree_.TextOf(nodes->front());
    }
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    if (const auto* number = std::get_if<double>(&value)) return NumberText(*number);
    return std::get<std::string>(value);
  }

 private:
  static void Sort(NodeSet& nodes) {
    std::ranges::sort(nodes);
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  }

  Result<NodeSet> Walk(const Expression& path, const Context& context) const {
    NodeSet nodes{path.is_absolute ? 0 : context.node};
    if (!path.arguments.empty()) {
      const Value start = TRY(Evaluate(*path.arguments[0], context));
      const auto* set = std::get_if<NodeSet>(&start);
      if (set == nullptr)
        return Invalid("xpath", "path", "a path starts from something that is no node");
      nodes = *set;
      for (const ExpressionPtr& filter : path.filters) nodes = TRY(Filtered(nodes, *filter));
    }
    for (const Step& step : path.steps) {
      NodeSet next;
      for (const std::size_t node : nodes) {
        NodeSet found = Along(step, node);
        for (const ExpressionPtr& predicate : step.predicates) {
          found = TRY(Filtered(found, *predicate));
        }
        next.insert(next.end(), found.begin(), found.end());
      }
      Sort(next);
      nodes = std::move(next);
    }
    return nodes;
  }

  /// In the order of the axis: positions count from the node outwards.
  NodeSet Along(const Step& step, std::size_t node) const {
    NodeSet candidates;
    const Node& from = tree_.all[node];
    switch (step.axis) {
      case Axis::kChild:
        candidates = from.children;
        break;
      case Axis::kAttribute:
        candidates = from.attributes;
        break;
      case Axis::kSelf:
        candidates = {node};
        break;
      case Axis::kParent:
        if (node != 0) candidates = {from.parent};
        break;
      case Axis::kAncestorOrSelf:
      case Axis::kAncestor:
        if (step.axis == Axis::kAncestorOrSelf) candidates.push_back(node);
        for (std::size_t at = node; at != 0;) {
          at = tree_.all[at].parent;
          candidates.push_back(at);
        }
        break;
      case Axis::kDescendantOrSelf:
      case Axis::kDescendant:
        if (step.axis == Axis::kDescendantOrSelf) candidates.push_back(node);
        AddDescendants(node, candidates);
        break;
      case Axis::kFollowingSibling:
      case Axis::kPrecedingSibling: {
        if (node == 0 || from.kind == NodeKind::kAttribute) break;
        const auto& siblings = tree_.all[from.parent].children;
        const auto self = std::ranges::find(siblings, node);
        if (step.axis == Axis::kFollowingSibling) {
          candidates.assign(self + 1, siblings.end());
        } else {
          candidates.assign(siblings.begin(), self);
          std::ranges::reverse(candidates);
        }
        break;
      }
    }
    const NodeKind principal =
        step.axis == Axis::kAttribute ? NodeKind::kAttribute : NodeKind::kElement;
    std::erase_if(candidates, [&](std::size_t candidate) {
      const Node& tested = tree_.all[candidate];
      if (step.test == Test::kText) return tested.kind != NodeKind::kText;
      if (step.test == Test::kAnyNode) return false;
      return tested.kind != principal || (step.test == Test::kName && tested.name != step.name);
    });
    return candidates;
  }

  void AddDescendants(std::size_t node, NodeSet& out) const {
    for (const std::size_t child : tree_.all[node].children) {
      out.push_back(child);
      AddDescendants(child, out);
    }
  }

  Result<NodeSet> Filtered(const NodeSet& nodes, const Expression& predicate) const {
    NodeSet kept;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Value value =
          TRY(Evaluate(predicate, {.node = nodes[i], .position = i + 1, .size = nodes.size()}));
      const auto* number = std::get_if<double>(&value);
      const bool is_kept =
          number != nullptr ? *number == static_cast<double>(i + 1) : BooleanOf(value);
      if (is_kept) kept.push_back(nodes[i]);
    }
    return kept;
  }

  Result<Value> Operate(const Expression& expression, const Context& context) const {
    const std::string& sign = expression.text;
    const Value left = TRY(Evaluate(*expression.arguments[0], context));
    if (sign == "or" && BooleanOf(left)) return Value(true);
    if (sign == "and" && !BooleanOf(left)) return Value(false);
    const Value right = TRY(Evaluate(*expression.arguments[1], context));
    if (sign == "or" || sign == "and") return Value(BooleanOf(right));
    if (sign == "|") {
      const auto* a = std::get_if<NodeSet>(&left);
      const auto* b = std::get_if<NodeSet>(&right);
      if (a == nullptr || b == nullptr) return Invalid("xpath", "path", "| joins nodes only");
      NodeSet both = *a;
      both.insert(both.end(), b->begin(), b->end());
      Sort(both);
      return Value(std::move(both));
    }
    if (sign == "=" || sign == "!=" || sign[0] == '<' || sign[0] == '>') {
      return Value(Compare(sign, left, right));
    }
    const double a = NumberOf(left);
    const double b = NumberOf(right);
    if (sign == "+") return Value(a + b);
    if (sign == "-") return Value(a - b);
    if (sign == "*") return Value(a * b);
    if (sign == "div") return Value(a / b);
    return Value(std::fmod(a, b));
  }

  /// Of node sets it is enough that one node fits.
  bool Compare(const std::string& sign, const Value& left, const Value& right) const {
    if (const auto* nodes = std::get_if<NodeSet>(&left);
        nodes != nullptr && !std::get_if<bool>(&right)) {
      return std::ranges::any_of(*nodes, [&](std::size_t node) {
        return Compare(sign, Value(tree_.TextOf(node)), right);
      });
    }
    if (const auto* nodes = std::get_if<NodeSet>(&right);
        nodes != nullptr && !std::get_if<bool>(&left)) {
      return std::ranges::any_of(
          *nodes, [&](std::size_t node) { return Compare(sign, left, Value(tree_.TextOf(node))); });
    }
    if (sign == "=" || sign == "!=") {
      const bool truths =
          std::get_if<bool>(&left) != nullptr || std::get_if<bool>(&right) != nullptr;
      const bool numbers =
          std::get_if<double>(&left) != nullptr || std::get_if<double>(&right) != nullptr;
      const bool same = truths    ? BooleanOf(left) == BooleanOf(right)
                        : numbers ? NumberOf(left) == NumberOf(right)
                                  : TextOf(left) == TextOf(right);
      return same == (sign == "=");
    }
    const double a = NumberOf(left);
    const double b = NumberOf(right);
    if (sign == "<") return a < b;
    if (sign == "<=") return a <= b;
    if (sign == ">") return a > b;
    return a >= b;
  }

  Result<Value> CallFunction(const Expression& call, const Context& context) const {
    const std::string& name = call.text;
    std::vector<Value> values;
    for (const ExpressionPtr& argument : call.arguments) {
      values.push_back(TRY(Evaluate(*argument, context)));
    }
    const std::size_t count = values.size();
    const auto text = [&](std::size_t i) {
      return i < count ? TextOf(values[i]) : tree_.TextOf(context.node);
    };
    const auto* nodes = count == 1 ? std::get_if<NodeSet>(&values[0]) : nullptr;
    if (name == "position" && count == 0) return Value(static_cast<double>(context.position));
    if (name == "last" && count == 0) return Value(static_cast<double>(context.size));
    if (name == "true" && count == 0) return Value(true);
    if (name == "false" && count == 0) return Value(false);
    if (name == "count" && nodes != nullptr) return Value(static_cast<double>(nodes->size()));
    if (name == "sum" && nodes != nullptr) {
      double sum = 0;
      for (const std::size_t node : *nodes) sum += NumberOfText(tree_.TextOf(node));
      return Value(sum);
    }
    if ((name == "name" || name == "local-name") && (count == 0 || nodes != nullptr)) {
      if (nodes != nullptr && nodes->empty()) return Value(std::string());
      std::string own = tree_.all[nodes != nullptr ? nodes->front() : context.node].name;
      if (name == "local-name") own = own.substr(own.rfind(':') + 1);
      return Value(std::move(own));
    }
    if (name == "string" && count <= 1) return Value(text(0));
    if (name == "number" && count <= 1) {
      return Value(count == 1 ? NumberOf(values[0]) : NumberOfText(text(0)));
    }
    if (name == "boolean" && count == 1) return Value(BooleanOf(values[0]));
    if (name == "not" && count == 1) return Value(!BooleanOf(values[0]));
    if (name == "floor" && count == 1) return Value(std::floor(NumberOf(values[0])));
    if (name == "ceiling" && count == 1) return Value(std::ceil(NumberOf(values[0])));
    if (name == "round" && count == 1) return Value(std::floor(NumberOf(values[0]) + 0.5));
    if (name == "concat" && count >= 2) {
      std::string joined;
      for (std::size_t i = 0; i < count; ++i) joined += text(i);
      return Value(std::move(joined));
    }
    if (name == "contains" && count == 2) return Value(text(0).contains(text(1)));
    if (name == "starts-with" && count == 2) return Value(text(0).starts_with(text(1)));
    if ((name == "substring-before" || name == "substring-after") && count == 2) {
      const std::string whole = text(0);
      const std::string part = text(1);
      const std::size_t at = whole.find(part);
      if (at == std::string::npos) return Value(std::string());
      return Value(name == "substring-before" ? whole.substr(0, at)
                                              : whole.substr(at + part.size()));
    }
    if (name == "normalize-space" && count <= 1) return Value(Normalized(text(0)));
    if (name == "string-length" && count <= 1) {
      return Value(static_cast<double>(Characters(text(0)).size()));
    }
    if (name == "substring" && (count == 2 || count == 3)) {
      const auto characters = Characters(text(0));
      const double first = std::floor(NumberOf(values[1]) + 0.5);
      const double end = count == 3 ? first + std::floor(NumberOf(values[2]) + 0.5) : HUGE_VAL;
      std::string part;
      for (std::size_t i = 0; i < characters.size(); ++i) {
        const auto place = static_cast<double>(i + 1);
        if (place >= first && place < end) part += characters[i];
      }
      return Value(std::move(part));
    }
    if (name == "translate" && count == 3) {
      const auto from = Characters(text(1));
      const auto to = Characters(text(2));
      std::string translated;
      for (const std::string& character : Characters(text(0))) {
        const auto found = std::ranges::find(from, character);
        const auto place = static_cast<std::size_t>(found - from.begin());
        if (found == from.end()) {
          translated += character;
        } else if (place < to.size()) {
          translated += to[place];
        }
      }
      return Value(std::move(translated));
    }
    return Invalid(
        "xpath", "path",
        "there is no function " + name + " of " + std::to_string(count) + " such arguments");
  }

  static std::string Normalized(std::string_view text) {
    std::string result;
    for (const char c : text) {
      const bool is_blank = std::string_view(" \t\r\n").contains(c);
      if (!is_blank) {
        result += c;
      } else if (!result.empty() && result.back() != ' ') {
        result += ' ';
      }
    }
    if (result.ends_with(' ')) result.pop_back();
    return result;
  }
  static std::vector<std::string> Characters(std::string_view text) {
    std::vector<std::string> characters;
    for (const char c : text) {
      if ((c & 0xC0) == 0x80 && !characters.empty()) {
        characters.back() += c;
      } else {
        characters.emplace_back(1, c);
      }
    }
    return characters;
  }

  const Tree& tree_;  // Outlives this.
};

}  // namespace

XPath::XPath(std::unique_ptr<Expression> expression) : expression_(std::move(expression)) {}
XPath::XPath(XPath&&) noexcept = default;
XPath& XPath::operator=(XPath&&) noexcept = default;
XPath::~XPath() = default;

Result<XPath> XPath::Parse(std::string_view text) {
  return XPath(TRY(Parser(TRY(Tokens(text))).Whole()));
}

Result<bool> XPath::Boolean(const XmlDocument& document) const {
  const Evaluator evaluator(*document.nodes_);
  return evaluator.BooleanOf(TRY(evaluator.Evaluate(*expression_, {})));
}

Result<double> XPath::Number(const XmlDocument& document) const {
  const Evaluator evaluator(*document.nodes_);
  return evaluator.NumberOf(TRY(evaluator.Evaluate(*expression_, {})));
}

Result<std::string> XPath::Text(const XmlDocument& document) const {
  const Evaluator evaluator(*document.nodes_);
  return evaluator.TextOf(TRY(evaluator.Evaluate(*expression_, {})));
}

Result<std::vector<std::optional<std::string>>> XPath::Nodes(const XmlDocument& document) const {
  const Evaluator evaluator(*document.nodes_);
  const Value value = TRY(evaluator.Evaluate(*expression_, {}));
  const auto* nodes = std::get_if<NodeSet>(&value);
  if (nodes == nullptr) return Invalid("xpath", "path", "it does not give nodes");
  std::vector<std::optional<std::string>> values;
  for (const std::size_t node : *nodes) {
    const Node& found = document.nodes_->all[node];
    const bool has_value = found.kind == NodeKind::kText || found.kind == NodeKind::kAttribute;
    values.push_back(has_value ? std::optional(found.value) : std::nullopt);
  }
  return values;
}

}  // namespace inlet::formats
