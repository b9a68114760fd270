#include "ingest/stream/stream_sink.h"
#include "workspace/open_stream.h"

// Streams are refused by name until the loop behind the interface is there; this file goes then.
namespace inlet {

Result<std::unique_ptr<ingest::StreamingQuery>> workspace::OpenStream(const Call&, StreamRequest) {
  return FailUnsupported("a streaming query");
}

Result<types::StructType> workspace::DescribeStream(const Call&, const StreamRequest&) {
  return FailUnsupported("a streaming query");
}

std::unique_ptr<ingest::StreamSink> ingest::MakeDeltaSink(engine::Engine&, DeltaSinkOptions) {
  return nullptr;
}

}  // namespace inlet
