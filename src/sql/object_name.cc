#include "sql/ast.h"

namespace inlet::sql {

std::string ToString(const ObjectName& name) {
  std::string text;
  for (const std::string& part : name.parts) {
    if (!text.empty()) text += '.';
    text += types::QuoteIdentifier(part);
  }
  return text;
}

}  // namespace inlet::sql
