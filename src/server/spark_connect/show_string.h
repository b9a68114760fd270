#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"
#include "types/time_zone.h"

/// df.show(): the table of text that the server draws.
/// Source: measured on Apache Spark 4.1.
namespace inlet::server {

struct ShowOptions {
  int num_rows = 20;
  int truncate = 20;  ///< Longest cell, headers apart; 0: whole cells, to the left.
  bool vertical = false;
};

/// Cells as show() prints them: NULL in capitals also inside of values, binary as [0A FF].
/// Not thread-safe.
class ShownRows {
 public:
  ShownRows(types::StructType schema, const types::TimeZone& zone)
      : schema_(std::move(schema)), zone_(zone) {}

  Status Add(const arrow::RecordBatch& batch);
  std::string ToText(const ShowOptions& options) const;
  std::string ToHtml(const ShowOptions& options) const;
  std::size_t num_rows() const { return rows_.size(); }

 private:
  std::string Horizontal(const ShowOptions& options, std::size_t num_shown) const;
  std::string Vertical(const ShowOptions& options, std::size_t num_shown) const;

  types::StructType schema_;
  const types::TimeZone& zone_;  // Outlives this.
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace inlet::server
