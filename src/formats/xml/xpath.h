#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::formats {

/// An XML document in memory, for XPath. Entities that it declares make it malformed.
/// Immutable; the results of queries do not refer to it.
class XmlDocument {
 public:
  /// Errors: INVALID_PARAMETER_VALUE for malformed XML; INLET_RESOURCE_LIMIT.
  static Result<XmlDocument> Parse(std::string_view xml);
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();

 private:
  friend class XPath;
  struct Nodes;
  explicit XmlDocument(std::unique_ptr<Nodes> nodes);
  std::unique_ptr<Nodes> nodes_;
};

/// An expression of XPath 1.0: paths over the axes child, descendant, parent, ancestor, self,
/// attribute and siblings, predicates, operators, and the functions of nodes, texts, numbers and
/// truth. Namespaces are parts of names. Immutable; thread-safe.
/// Source: W3C, "XML Path Language (XPath) Version 1.0".
class XPath {
 public:
  /// Errors: INVALID_PARAMETER_VALUE with the place.
  static Result<XPath> Parse(std::string_view text);
  XPath(XPath&&) noexcept;
  XPath& operator=(XPath&&) noexcept;
  ~XPath();

  Result<bool> Boolean(const XmlDocument& document) const;
  Result<double> Number(const XmlDocument& document) const;
  Result<std::string> Text(const XmlDocument& document) const;
  /// The values of the nodes: of texts and attributes; an element has none.
  /// Errors: INVALID_PARAMETER_VALUE when the expression does not give nodes.
  Result<std::vector<std::optional<std::string>>> Nodes(const XmlDocument& document) const;

  struct Expression;

 private:
  explicit XPath(std::unique_ptr<Expression> expression);
  std::unique_ptr<Expression> expression_;
};

}  // namespace inlet::formats
