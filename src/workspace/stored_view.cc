#include "workspace/stored_view.h"

#include "sql/parser.h"

namespace inlet::workspace {
namespace {

// Lists are kept one item a line; a name with a line break is not a legal column name.
std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

Result<ViewDefinition> DefinitionOf(const catalog::TableEntry& entry) {
  const std::vector<std::string> names = SplitLines(entry.default_names);
  ViewDefinition view{.query = TRY(sql::ParseQuery(entry.view_text)),
                      .column_names = SplitLines(entry.view_columns),
                      .catalog = entry.name.catalog,
                      .schema = entry.name.schema};
  if (names.size() == 2) {
    view.catalog = names[0];
    view.schema = names[1];
  }
  return view;
}

void StoreDefinition(const ViewDefinition& view, std::string_view query_text,
                     catalog::TableEntry& entry) {
  entry.view_text = query_text;
  entry.view_columns = JoinLines(view.column_names);
  entry.default_names = JoinLines({view.catalog, view.schema});
}

}  // namespace inlet::workspace
