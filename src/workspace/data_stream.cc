#include "workspace/data_stream.h"

#include "workspace/file_stream_sink.h"
#include "workspace/open_stream.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

/// CREATE TABLE IF NOT EXISTS with the columns that the stream gives.
Status MakeTable(const Call& call, const DataStream& stream, const types::StructType& columns) {
  sql::CreateTable create{.if_not_exists = true, .name = stream.table, .provider = "delta"};
  for (const types::StructField& field : columns.fields) {
    create.columns.push_back({.name = field.name, .type = field.type});
  }
  for (const std::string& column : stream.partition_columns) {
    create.partitioned_by.push_back({.name = column});
  }
  const auto made = Run(call, create);
  if (!made) return std::unexpected(made.error());
  return Ok();
}

Result<std::unique_ptr<ingest::StreamSink>> TableSink(const Call& call, const DataStream& stream,
                                                      const types::StructType& columns) {
  TRY(MakeTable(call, stream, columns));
  TableTarget target = TRY(FindTable(call, stream.table));
  return ingest::MakeDeltaSink(
      *call.shared.engine,
      {.root = std::move(target.root),
       .table_name = std::move(target.display_name),
       .merge_schema = stream.merge_schema,
       .overwrite = stream.is_complete,
       .user_name = call.session.user,
       .on_commit = [&shared = call.shared](const delta::SnapshotPtr& snapshot) {
         shared.snapshots.Put(snapshot);
       }});
}

StreamRequest RequestFor(const DataStream& stream) {
  return {.query = stream.query,
          .inputs = stream.inputs,
          .name = stream.name,
          .checkpoint = stream.checkpoint,
          .trigger = stream.trigger,
          .is_complete = stream.is_complete,
          .on_progress = stream.on_progress};
}

}  // namespace

Result<types::StructType> DescribeDataStream(const Call& call, const DataStream& stream) {
  return DescribeStream(call, RequestFor(stream));
}

Result<std::unique_ptr<ingest::StreamingQuery>> OpenDataStream(const Call& call,
                                                               const DataStream& stream) {
  StreamRequest request = RequestFor(stream);
  if (stream.take) {
    request.sink = ingest::MakeFunctionSink(stream.sink_description, stream.take);
  } else if (!stream.file_format.empty()) {
    request.sink = TRY(OpenFileSink(call, stream));
  } else {
    const types::StructType columns = TRY(DescribeStream(call, request));
    request.sink = TRY(TableSink(call, stream, columns));
  }
  return OpenStream(call, std::move(request));
}

}  // namespace inlet::workspace
