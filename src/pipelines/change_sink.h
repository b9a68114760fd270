#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "ingest/stream/stream_sink.h"
#include "pipelines/change_rules.h"

namespace inlet::pipelines {

struct ChangeSinkOptions {
  storage::Location root;   ///< The target.
  storage::Location state;  ///< What is remembered of events: a Delta table with the checkpoint.
  std::string table_name;
  ChangeRules rules;
  bool merge_schema = false;  ///< New columns of the events are added to the target.
  std::string user_name;
  std::string session_time_zone = "UTC";
  std::string temp_directory;  ///< The events of a batch are kept here while it is applied.
  std::function<void(const delta::SnapshotPtr&)> on_commit;
};

/// AUTO CDC: each micro-batch of events becomes changes of the target, in one commit with its
/// `txn`. Before that the state is committed, with the same `txn`; a batch that is applied again
/// after a kill in between reads the state as it was before.
///
/// Errors: AUTO_CDC_INVALID for an event without a sequence; DELTA_METADATA_MISMATCH.
std::unique_ptr<ingest::StreamSink> MakeChangeSink(engine::Engine& engine,
                                                   ChangeSinkOptions options);

}  // namespace inlet::pipelines
