#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ingest/write_table.h"
#include "pipelines/definition.h"
#include "sql/statement.h"

namespace inlet::pipelines {

/// Takes the expectations of a statement over. Errors: INVALID_PARAMETER_VALUE for a name that is
/// there twice; INLET_UNSUPPORTED for a subquery.
Result<std::vector<Expectation>> CheckExpectations(std::span<const sql::Expectation> expectations);

/// The expectations of a dataset on their way through one write: one micro-batch, or one
/// computation of a view. Rewrite() goes first; when the rows have been read, Check() says whether
/// they may become visible. NULL counts as a violation.
class ExpectationRun {
 public:
  /// What one expectation has seen, for the event log.
  struct Count {
    std::string name;
    std::int64_t passed = 0;
    std::int64_t failed = 0;
  };

  ExpectationRun(std::vector<Expectation> expectations, std::string flow_name)
      : expectations_(std::move(expectations)), flow_name_(std::move(flow_name)) {}

  /// The same query less the rows that are to be dropped; counts while it runs.
  Result<ingest::BoundQuery> Rewrite(ingest::BoundQuery query);

  /// After all rows have been read. A write that is begun anew, because others changed the table
  /// meanwhile, reads them again and comes here again: what counts is the last reading.
  /// Errors: EXPECTATION_VIOLATION with a record that failed, for ON VIOLATION FAIL UPDATE.
  Status Check(engine::Engine& engine);

  // As the last Check() found them.
  std::vector<Count> counts() const;
  std::int64_t num_dropped() const { return last_.num_dropped; }

 private:
  struct Totals {
    std::int64_t num_rows = 0;
    std::int64_t num_dropped = 0;
    std::vector<std::int64_t> num_failed;
  };
  void TakeTotals();
  Result<std::string> FindViolation(engine::Engine& engine, const Expectation& expectation) const;

  const std::vector<Expectation> expectations_;
  const std::string flow_name_;
  ingest::BoundQuery original_;  ///< To find a record that failed.
  std::shared_ptr<engine::RowChecks> checks_;
  Totals seen_;  ///< Of all readings.
  Totals last_;
};

}  // namespace inlet::pipelines
