#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pipelines/change_rules.h"
#include "pipelines/schedule.h"
#include "types/data_type.h"

namespace inlet::pipelines {

/// CONSTRAINT name EXPECT (condition) ON VIOLATION ...
struct Expectation {
  enum class OnViolation : std::uint8_t { kKeep, kDropRow, kFailUpdate };
  std::string name;
  std::string condition;  ///< SQL
  OnViolation on_violation = OnViolation::kKeep;

  bool operator==(const Expectation&) const = default;
};

/// A column as a definition declares it; without a type the query gives it.
struct DeclaredColumn {
  std::string name;
  std::optional<types::DataType> type;
  bool is_nullable = true;
  std::optional<std::string> comment;
};

/// One query that feeds a dataset. A dataset made with AS has one of its own name.
struct Flow {
  std::string name;
  std::string query;    ///< SQL
  std::string catalog;  ///< What short names in the query mean.
  std::string schema;
  bool is_once = false;
  bool by_name = true;
  std::optional<std::string> comment;
  std::optional<ChangeRules> changes;  ///< AUTO CDC: the query gives events.

  bool operator==(const Flow&) const = default;
};

/// What a streaming table or materialized view is, besides name, place and comment, which the
/// catalog's entry has. Kept as JSON in that entry.
struct Definition {
  std::vector<Flow> flows;
  std::vector<DeclaredColumn> columns;
  std::vector<Expectation> expectations;
  std::vector<std::string> partition_columns;
  std::vector<std::string> clustering_columns;
  std::vector<std::pair<std::string, std::string>> properties;
  std::optional<Schedule> schedule;
  std::string time_zone = "UTC";  ///< Of the session that made it, for its queries.
  std::string user;               ///< Who made it.
  std::string refresh_policy;     ///< As written; empty: none.
  /// Counts full refreshes: each begins with checkpoints of its own.
  std::int64_t generation = 0;

  const std::string* FindProperty(std::string_view key) const;
  const Flow* FindFlow(std::string_view name) const;
};

std::string ToJson(const Definition& definition);
/// Errors: INLET_CORRUPT_FILE.
Result<Definition> ParseDefinition(const std::string& json);

}  // namespace inlet::pipelines
