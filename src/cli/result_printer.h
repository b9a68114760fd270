#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "workspace/client.h"

namespace inlet::cli {

enum class OutputFormat : std::uint8_t { kTable, kCsv, kJson, kJsonLines, kMarkdown, kArrow };

/// table, csv, json, jsonl, markdown, arrow; nothing for another name.
std::optional<OutputFormat> FindOutputFormat(std::string_view name);

struct PrintOptions {
  OutputFormat format = OutputFormat::kTable;
  std::int64_t max_table_rows = 1000;  ///< A table shows this many rows and counts the rest.
  int max_cell_width = 80;             ///< Longer cells of a table are cut; 0: never.
};

/// Pulls all rows of `result` and writes them. Gives how many rows there were.
/// Errors: those of the rows; STORAGE_UNAVAILABLE when `out` takes no more.
Result<std::int64_t> Print(workspace::QueryResult result, const PrintOptions& options,
                           std::ostream& out);

}  // namespace inlet::cli
