#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::sql {
struct AutoCdc;
}

namespace inlet::pipelines {

/// What AUTO CDC does with the events of a flow.
struct ChangeRules {
  std::vector<std::string> keys;
  int scd_type = 1;
  bool has_truncate = false;  ///< APPLY AS TRUNCATE WHEN was given.
  /// IGNORE NULL UPDATES: of all columns, or of these, or of all but these.
  bool ignores_nulls = false;
  std::vector<std::string> null_columns;
  std::vector<std::string> null_except;
  /// TRACK HISTORY ON these, or all but these.
  bool tracks_some = false;
  std::vector<std::string> track_columns;
  std::vector<std::string> track_except;

  bool operator==(const ChangeRules&) const = default;
};

/// Columns that the query of such a flow has besides those of its target.
inline constexpr const char* kSequence = "__inlet_sequence";
inline constexpr const char* kIsDelete = "__inlet_deleted";
inline constexpr const char* kIsTruncate = "__inlet_truncated";
/// The columns that history of type 2 has.
inline constexpr const char* kStartAt = "__START_AT";
inline constexpr const char* kEndAt = "__END_AT";

/// The query of the events, as SQL, and what is done with them.
/// Errors: INLET_UNSUPPORTED by name; AUTO_CDC_INVALID.
Result<std::pair<std::string, ChangeRules>> PlanAutoCdc(const sql::AutoCdc& statement);

/// The columns of the target, of what the query gives.
/// Errors: AUTO_CDC_INVALID for keys and choices of columns that are not there.
Result<types::StructType> TargetColumns(const types::StructType& events, const ChangeRules& rules,
                                        const std::string& table_name);

/// The queries of one micro-batch, as SQL over the tables `events`, `target` (the target before)
/// and `state` (what is remembered of events that left no row).
struct ChangeQueries {
  std::string gone_rows;   ///< A condition on a row of the target, called t: it goes.
  std::string new_rows;    ///< The rows that come, with the target's columns.
  std::string gone_state;  ///< The same of the state, its row called t.
  std::string new_state;
};
/// `columns` as TargetColumns() gives them.
ChangeQueries QueriesOf(const ChangeRules& rules, const types::StructType& columns);

/// In backticks, whatever the name.
std::string Quoted(std::string_view name);

/// The columns of the state.
types::StructType StateColumns(const types::StructType& events, const ChangeRules& rules);

}  // namespace inlet::pipelines
