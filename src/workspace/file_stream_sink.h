#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/stream/stream_sink.h"
#include "workspace/data_stream.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// Appends files to a directory: `part-<batch>-<stream id>-<i>.<format>`. A batch is written aside
/// and then put in its place, file by file; run again it replaces its own files, so that in the end
/// each row is there once, also after a crash.
///
/// Errors: INLET_UNSUPPORTED for a format that is not written; those of ResolvePath().
Result<std::unique_ptr<ingest::StreamSink>> OpenFileSink(const Call& call,
                                                         const DataStream& stream);

}  // namespace inlet::workspace
