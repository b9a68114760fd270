#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/option_map.h"
#include "base/result.h"
#include "ingest/stream/stream_source.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// Rows from nowhere, for tests and first steps: (timestamp TIMESTAMP, value BIGINT).
struct RateStreamRequest {
  /// By the clock: `rowsPerSecond`, `rampUpTime`. By the micro-batch: `rowsPerBatch`,
  /// `startTimestamp`, `advanceMillisPerBatch`.
  bool is_micro_batch = false;
  OptionMap options;
  storage::Location state;               ///< `<checkpoint>/sources/<i>`: when the stream began.
  std::function<std::int64_t()> now_ms;  ///< Empty: the clock.
};

/// Checks the options; reads nothing yet. The offset is the number of seconds since the stream
/// began, or {"offset":<rows>,"timestamp":<ms>}.
/// Errors: INVALID_PARAMETER_VALUE.
/// Source: Spark, "Structured Streaming: Rate source", "Rate Per Micro-Batch source".
Result<std::unique_ptr<StreamSource>> OpenRateStream(RateStreamRequest request);

}  // namespace inlet::ingest
