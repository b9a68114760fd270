#include "workspace/file_stream_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "sql/statement.h"
#include "types/batch.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

constexpr std::int64_t kCopyBytes = 8 << 20;

class FileSink final : public ingest::StreamSink {
 public:
  FileSink(const Call& call, const DataStream& stream, storage::Location root)
      : shared_(call.shared),
        session_(call.session),
        format_(ToLower(stream.file_format)),
        directory_(stream.directory),
        options_(stream.file_options.begin(), stream.file_options.end()),
        root_(std::move(root)) {}

  std::string description() const override {
    return "FileSink[" + storage::UrlOf(*root_.store, root_.path) + "]";
  }
  bool is_transactional() const override { return true; }

  Status Open(const std::string& query_id, const types::StructType&) override {
    query_id_ = query_id;
    return Ok();
  }

  Result<ingest::SinkResult> AddBatch(ingest::BatchId id, ingest::BoundQuery query,
                                      const std::function<Status()>& before_visible,
                                      std::stop_token stop) override {
    const std::string aside = fmt::format("_temporary/{}-{}", query_id_, id);
    const std::string staging = root_.path + "/" + aside;
    TRY(root_.store->DeleteAll(staging));
    TRY(Write(aside, std::move(query), std::move(stop)));
    TRY(before_visible());
    const ingest::SinkResult result = TRY(Publish(id, staging));
    TRY(root_.store->DeleteAll(staging));
    return result;
  }

 private:
  Status Write(const std::string& aside, ingest::BoundQuery query, std::stop_token stop) {
    Session session = session_;
    const ExecuteOptions options{.stop = std::move(stop)};
    const Call call{.shared = shared_,
                    .session = session,
                    .text = "",
                    .options = options,
                    .inputs = query.inputs};
    sql::InsertDirectory statement{
        .path = directory_ + "/" + aside, .provider = format_, .query = std::move(query.query)};
    statement.options.assign(options_.begin(), options_.end());
    const auto written = Run(call, statement);
    if (!written) return std::unexpected(written.error());
    return Ok();
  }

  /// Puts the files in their place, under names that are the same whenever the batch is run again.
  Result<ingest::SinkResult> Publish(ingest::BatchId id, const std::string& staging) {
    const std::string prefix = fmt::format("part-{:05}-{}-", id, query_id_);
    for (const auto& old : TRY(root_.store->List(root_.path + "/" + prefix, {}))) {
      TRY(root_.store->Delete(old.path));
    }
    ingest::SinkResult result;
    int number = 0;
    for (const storage::ObjectInfo& file : TRY(root_.store->List(staging + "/", {}))) {
      const std::string name = file.path.substr(file.path.rfind('/') + 1);
      if (name.starts_with('_') || name.starts_with('.')) continue;
      const std::size_t dot = name.find('.');
      const std::string suffix = dot == std::string::npos ? "" : name.substr(dot);
      TRY(Copy(file, fmt::format("{}/{}{:05}{}", root_.path, prefix, number++, suffix)));
      result.num_output_bytes += file.size_bytes;
    }
    return result;
  }

  Status Copy(const storage::ObjectInfo& from, const std::string& to) {
    const auto reader = TRY(root_.store->Open(from));
    const auto writer = TRY(root_.store->OpenWriter(to));
    std::string bytes;
    for (std::int64_t at = 0; at < from.size_bytes;) {
      bytes.resize(static_cast<std::size_t>(std::min(kCopyBytes, from.size_bytes - at)));
      const std::int64_t count = TRY(reader->ReadAt(
          {.position = at, .length = static_cast<std::int64_t>(bytes.size())}, bytes.data()));
      if (count <= 0) break;
      TRY(writer->Append({bytes.data(), static_cast<std::size_t>(count)}));
      at += count;
    }
    TRY(writer->Finish());
    return Ok();
  }

  Shared& shared_;  // Outlives this.
  const Session session_;
  const std::string format_;
  const std::string directory_;
  const OptionMap options_;
  const storage::Location root_;
  std::string query_id_;
};

}  // namespace

Result<std::unique_ptr<ingest::StreamSink>> OpenFileSink(const Call& call,
                                                         const DataStream& stream) {
  const std::string format = ToLower(stream.file_format);
  if (format != "csv" && format != "json" && format != "text" && format != "parquet") {
    return FailUnsupported("streams into " + stream.file_format);
  }
  if (!stream.partition_columns.empty()) {
    return FailUnsupported("partitionBy of " + format + " files");
  }
  storage::Location root = TRY(ResolvePath(call, stream.directory).Context("the sink"));
  while (root.path.ends_with('/')) root.path.pop_back();
  return std::make_unique<FileSink>(call, stream, std::move(root));
}

}  // namespace inlet::workspace
