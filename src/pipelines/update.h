#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "pipelines/definition.h"
#include "pipelines/event_log.h"
#include "pipelines/expectations.h"
#include "pipelines/host.h"
#include "pipelines/lease.h"

namespace inlet::pipelines {

/// One refresh of one dataset.
struct UpdateRequest {
  /// What becomes of `entry` in the catalog when a view's new rows are visible.
  enum class Save : std::uint8_t { kNothing, kCreate, kReplace };

  catalog::TableEntry entry;
  Definition definition;
  Save save = Save::kNothing;
  bool is_full = false;
  std::string cause = "USER_ACTION";  ///< create_update's: USER_ACTION, SCHEDULED, ...
  std::string user;
  int max_retries = 0;  ///< Of what may pass by itself; a changed schema is begun again at once.
  /// Called under the lease, before anything else: false says that another process has done it, and
  /// nothing is run. May be empty.
  std::function<Result<bool>()> is_still_wanted;
  /// Called under the lease, once, before any flow runs. May be empty.
  std::function<Status()> prepare;
  /// Called when the catalog says that the update runs; a kill after that is made up for.
  std::function<Status()> on_begin;
  std::stop_token stop;
};

struct UpdateResult {
  std::string update_id;
  std::int64_t num_output_rows = 0;
  bool was_run = true;
};

/// Writes the events of one update. What cannot be written is left out: the log is no reason to
/// fail an update. Not thread-safe.
class UpdateRecord {
 public:
  UpdateRecord(EventLog& log, Clock clock, const UpdateRequest& request, std::string update_id);

  const std::string& update_id() const { return update_id_; }

  void Created(const UpdateRequest& request);
  void Progress(std::string_view state, const Error* error = nullptr);
  void Retry(const Error& error, int attempt);
  /// "MAINTENANCE_TYPE_COMPLETE_RECOMPUTE", "MAINTENANCE_TYPE_NO_OP"
  void Planned(std::string_view technique);
  void FlowStatus(const std::string& flow, std::string_view status, const Error* error = nullptr);
  void FlowRows(const std::string& flow, const FlowCounts& counts,
                const ExpectationRun* expectations);

 private:
  void Append(Event event);

  EventLog& log_;  // Outlives this.
  const Clock clock_;
  const std::string update_id_;
  Event origin_;
};

/// What the parts of an update need.
struct UpdateRun {
  Host& host;
  const UpdateRequest& request;
  UpdateRecord& record;
  std::stop_token stop;
};

// materialized_view.cc
/// Computes the view anew and puts the rows in place of the old ones by one commit, unless nothing
/// that it reads has changed since `sources` was written. Sets `sources` to what it read.
Result<std::int64_t> RefreshMaterializedView(const UpdateRun& run, std::string& sources);
/// The bytes of what the view reads; none when a refresh has nothing to do.
Result<std::vector<Backlog>> BacklogOfView(Host& host, const catalog::TableEntry& entry,
                                           const Definition& definition);
/// SourcesNow() of a view.
Result<std::string> SourcesOfView(Host& host, const Definition& definition);

// streaming_table.cc
/// One for each source of each flow.
Result<std::vector<Backlog>> BacklogOfStreamingTable(Host& host, const catalog::TableEntry& entry,
                                                     const Definition& definition);
/// Where the flow `flow` of a streaming table keeps its checkpoint, whether it has run or not.
struct FlowCheckpoint {
  std::string flow;
  std::string path;  ///< Of a directory.
};
Result<std::vector<FlowCheckpoint>> CheckpointsOfStreamingTable(Host& host,
                                                                const catalog::TableEntry& entry,
                                                                const Definition& definition);
/// SourcesNow() of a streaming table.
Result<std::string> SourcesOfStreamingTable(Host& host, const Definition& definition);
/// Takes in what is new in the sources of all flows. In full: everything that is there, into a
/// table of its own beside, which then takes the place of the old rows by one commit.
Result<std::int64_t> RefreshStreamingTable(const UpdateRun& run);
/// The columns that a new streaming table begins with: those declared, then the query's.
/// Errors: USER_SPECIFIED_AND_INFERRED_SCHEMA_NOT_COMPATIBLE; those of the flows' queries.
Result<types::StructType> ColumnsOfStreamingTable(Host& host, const catalog::TableEntry& entry,
                                                  const Definition& definition);

/// The versions of all tables that the dataset's queries read now, as an update notes them; empty
/// when they do not say all (files, other systems, functions of time).
Result<std::string> SourcesNow(Host& host, const catalog::TableEntry& entry,
                               const Definition& definition);

/// Runs updates. Thread-safe.
class Updater {
 public:
  struct Options {
    Lease::Options lease;
    std::chrono::milliseconds first_retry_delay{1000};  ///< Doubles with each attempt.
  };

  Updater(Host& host, EventLog& log, Options options)
      : host_(host), log_(log), options_(std::move(options)) {}

  /// Errors: TABLE_REFRESH_RUNNING; those of the dataset's queries, sources and target.
  Result<UpdateResult> Run(const UpdateRequest& request);

  /// What a refresh would take in, without taking it. Errors: as Run().
  Result<std::vector<Backlog>> Explain(const catalog::TableEntry& entry,
                                       const Definition& definition);

 private:
  Result<std::int64_t> RunDataset(const UpdateRun& run, std::string& sources);
  Result<std::int64_t> RunWithRetries(const UpdateRun& run, std::string& sources);

  Host& host_;     // Outlives this.
  EventLog& log_;  // Outlives this.
  const Options options_;
};

/// Whether an update that failed so may well succeed when it is tried again.
bool IsRetryable(const Error& error);
/// Whether it failed because the data has a new schema, which the next run takes.
bool IsSchemaChange(const Error& error);

}  // namespace inlet::pipelines
