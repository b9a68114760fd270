#include "ingest/directory_writer.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/uuid.h"
#include "delta/data_path.h"
#include "delta/partition_splitter.h"
#include "formats/compression/compressed_writer.h"
#include "formats/orc/orc_file_writer.h"
#include "formats/parquet/parquet_file_writer.h"

namespace inlet::ingest {
namespace {

/// With more open files than this the one that was used least recently is finished.
constexpr std::size_t kMaxOpenFiles = 64;
constexpr std::size_t kMaxPendingBytes = 1 << 20;

/// One file under construction.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual Status Append(const arrow::RecordBatch& rows) = 0;
  virtual Result<storage::ObjectInfo> Finish() = 0;
};

class ParquetSink final : public FileSink {
 public:
  explicit ParquetSink(std::unique_ptr<formats::ParquetFileWriter> writer)
      : writer_(std::move(writer)) {}
  Status Append(const arrow::RecordBatch& rows) override { return writer_->Append(rows); }
  Result<storage::ObjectInfo> Finish() override { return TRY(writer_->Finish()).object; }

 private:
  std::unique_ptr<formats::ParquetFileWriter> writer_;
};

class OrcSink final : public FileSink {
 public:
  explicit OrcSink(std::unique_ptr<formats::OrcFileWriter> writer) : writer_(std::move(writer)) {}
  Status Append(const arrow::RecordBatch& rows) override { return writer_->Append(rows); }
  Result<storage::ObjectInfo> Finish() override { return writer_->Finish(); }

 private:
  std::unique_ptr<formats::OrcFileWriter> writer_;
};

class TextSink final : public FileSink {
 public:
  TextSink(std::unique_ptr<formats::CompressedWriter> writer, const DirectorySpec& spec)
      : writer_(std::move(writer)), spec_(spec), pending_(spec.head) {}

  Status Append(const arrow::RecordBatch& rows) override {
    const auto& lines = static_cast<const arrow::StringArray&>(*rows.column(0));
    for (std::int64_t i = 0; i < lines.length(); ++i) {
      if (spec_.format == "xml") {
        TRY(AppendXmlRecord(lines.GetView(i), spec_.xml, pending_));
      } else {
        if (lines.IsValid(i)) pending_ += lines.GetView(i);
        pending_ += spec_.line_end;
      }
      if (pending_.size() > kMaxPendingBytes) TRY(Flush());
    }
    return Ok();
  }
  Result<storage::ObjectInfo> Finish() override {
    pending_ += spec_.tail;
    TRY(Flush());
    return writer_->Finish();
  }

 private:
  Status Flush() {
    TRY(writer_->Append(pending_));
    pending_.clear();
    return Ok();
  }

  std::unique_ptr<formats::CompressedWriter> writer_;
  const DirectorySpec& spec_;  // Outlives this.
  std::string pending_;
};

Result<std::string> SuffixOf(const DirectorySpec& spec) {
  if (spec.format == "parquet") {
    return TRY(formats::ParquetCompressionSuffix(spec.compression)) + ".parquet";
  }
  if (spec.format == "orc") return TRY(formats::OrcCompressionSuffix(spec.compression)) + ".orc";
  return "." + (spec.format == "text" ? "txt" : spec.format) +
         std::string(formats::SuffixOf(spec.codec));
}

types::StructType FileColumns(const DirectorySpec& spec) {
  types::StructType columns = spec.schema;
  columns.fields.resize(columns.size() - spec.partition_columns.size());
  return columns;
}

Result<std::unique_ptr<FileSink>> OpenSink(const DirectorySpec& spec,
                                           const storage::Location& file) {
  if (spec.format == "parquet") {
    return std::make_unique<ParquetSink>(TRY(formats::ParquetFileWriter::Open(
        file, FileColumns(spec), {.compression = spec.compression, .metadata = {}})));
  }
  if (spec.format == "orc") {
    return std::make_unique<OrcSink>(
        TRY(formats::OrcFileWriter::Open(file, FileColumns(spec), spec.compression)));
  }
  return std::make_unique<TextSink>(TRY(formats::CompressedWriter::Open(file, spec.codec)), spec);
}

struct Partition {
  std::string directory;  ///< Below the root, with a closing slash, or empty.
  std::unique_ptr<FileSink> sink;
  std::string path;  ///< Of the sink's file, below the root.
  std::int64_t num_rows = 0;
  std::int64_t last_used = 0;
};

class DirectoryWriter final : public delta::DataFileWriter {
 public:
  DirectoryWriter(DirectorySpec spec, delta::PartitionSplitter splitter, std::string suffix)
      : spec_(std::move(spec)), splitter_(std::move(splitter)), suffix_(std::move(suffix)) {}

  ~DirectoryWriter() override {
    if (!handed_over_) delta::DeleteStaged(spec_.root, finished_);
  }

  Status Append(const types::BatchPtr& batch) override {
    if (batch->num_rows() == 0) return Ok();
    for (delta::PartitionRows& rows : TRY(splitter_.Split(batch))) {
      while (partitions_.size() < splitter_.values().size()) AddPartition();
      Partition& partition = partitions_[rows.partition];
      partition.last_used = ++clock_;
      if (partition.sink == nullptr) TRY(OpenNext(partition));
      TRY(partition.sink->Append(*rows.rows));
      partition.num_rows += rows.rows->num_rows();
    }
    return Ok();
  }

  Result<std::vector<delta::AddFile>> Finish() override {
    for (Partition& partition : partitions_) {
      if (partition.sink != nullptr) TRY(FinishFile(partition));
    }
    handed_over_ = true;
    return std::move(finished_);
  }

 private:
  void AddPartition() {
    const auto& texts = splitter_.values()[partitions_.size()];
    Partition partition;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      partition.directory += delta::HivePartitionDirectory(spec_.partition_columns[i],
                                                           texts[i] ? &*texts[i] : nullptr) +
                             "/";
    }
    partitions_.push_back(std::move(partition));
  }

  Status OpenNext(Partition& partition) {
    if (open_files_ >= kMaxOpenFiles) TRY(FinishLeastRecent());
    partition.path = partition.directory + "part-00000-" + RandomUuid() + "-c000" + suffix_;
    partition.sink = TRY(OpenSink(
        spec_, {.store = spec_.root.store, .path = spec_.root.path + "/" + partition.path}));
    ++open_files_;
    return Ok();
  }

  Status FinishLeastRecent() {
    Partition* oldest = nullptr;
    for (Partition& partition : partitions_) {
      if (partition.sink == nullptr) continue;
      if (oldest == nullptr || partition.last_used < oldest->last_used) oldest = &partition;
    }
    return oldest == nullptr ? Ok() : FinishFile(*oldest);
  }

  Status FinishFile(Partition& partition) {
    const std::unique_ptr<FileSink> sink = std::move(partition.sink);
    --open_files_;
    const storage::ObjectInfo object = TRY(sink->Finish());
    finished_.push_back(
        {.path = delta::EncodeUri(partition.path),
         .size = object.size_bytes,
         .modification_time = object.modified_at_ms,
         .stats = fmt::format(R"({{"numRecords":{}}})", std::exchange(partition.num_rows, 0))});
    return Ok();
  }

  const DirectorySpec spec_;
  delta::PartitionSplitter splitter_;
  const std::string suffix_;           // Of file names.
  std::vector<Partition> partitions_;  // As the splitter counts them.
  std::vector<delta::AddFile> finished_;
  std::size_t open_files_ = 0;
  std::int64_t clock_ = 0;
  bool handed_over_ = false;
};

}  // namespace

Result<std::unique_ptr<delta::DataFileWriter>> OpenDirectoryWriter(const DirectorySpec& spec) {
  std::vector<int> file_columns;
  for (std::size_t i = 0; i + spec.partition_columns.size() < spec.schema.size(); ++i) {
    file_columns.push_back(static_cast<int>(i));
  }
  auto splitter =
      TRY(delta::PartitionSplitter::Make(spec.schema, spec.partition_columns, file_columns));
  std::string suffix = TRY(SuffixOf(spec));
  return std::make_unique<DirectoryWriter>(spec, std::move(splitter), std::move(suffix));
}

Status WriteEmptyFile(const DirectorySpec& spec) {
  const std::string name = "part-00000-" + RandomUuid() + "-c000" + TRY(SuffixOf(spec));
  const auto sink =
      TRY(OpenSink(spec, {.store = spec.root.store, .path = spec.root.path + "/" + name}));
  auto written = sink->Finish();
  if (!written) return std::unexpected(std::move(written).error());
  return Ok();
}

}  // namespace inlet::ingest
