#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::storage {

/// One element of a service's answer; attributes are left out.
struct XmlElement {
  std::string name;
  std::string text;  ///< Of the element itself, without that of its children.
  std::vector<XmlElement> children;

  /// The first child of that name, or nullptr. Lives as long as this.
  const XmlElement* Child(std::string_view child_name) const;
  /// The text of that child, or an empty one. Lives as long as this.
  std::string_view Text(std::string_view child_name) const;
};

/// Refuses documents with a DTD (so that no entity can blow up) and more than 32 levels.
/// Errors: STORAGE_UNAVAILABLE, since a service that answers so cannot be understood.
Result<XmlElement> ParseXml(std::string_view text);

/// `text` with the five characters escaped that XML needs escaped.
std::string XmlEscape(std::string_view text);

}  // namespace inlet::storage
