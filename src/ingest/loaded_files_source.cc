#include "ingest/loaded_files_source.h"

#include <arrow/api.h>

#include "ingest/loaded_files.h"
#include "ingest/read_files.h"
#include "types/arrow.h"

namespace inlet::ingest {
namespace {

using types::StructType;
using types::TypeId;

constexpr std::int64_t kBatchRows = 16384;

StructType Columns() {
  return {.fields = {{"path", TypeId::kString, false, {}},
                     {"size", TypeId::kLong, false, {}},
                     {"modification_time", TypeId::kTimestamp, false, {}},
                     {"etag", TypeId::kString, true, {}},
                     {"commit_time", TypeId::kTimestamp, false, {}},
                     {"table_version", TypeId::kLong, true, {}},
                     {"ingestion_state", TypeId::kString, false, {}},
                     {"reason", TypeId::kString, true, {}}}};
}

arrow::Status AppendNumber(arrow::ArrayBuilder& builder, std::int64_t value) {
  return static_cast<arrow::Int64Builder&>(builder).Append(value);
}

arrow::Status AppendText(arrow::ArrayBuilder& builder, const std::string& text) {
  return static_cast<arrow::StringBuilder&>(builder).Append(text);
}

arrow::Status AppendTime(arrow::ArrayBuilder& builder, std::int64_t ms) {
  return static_cast<arrow::TimestampBuilder&>(builder).Append(ms * 1000);
}

arrow::Status Append(arrow::ArrayBuilder& builder, std::size_t column, const LoadedFile& file) {
  switch (column) {
    case 0:
      return AppendText(builder, file.path);
    case 1:
      return AppendNumber(builder, file.size_bytes);
    case 2:
      return AppendTime(builder, file.modified_at_ms);
    case 3:
      return file.etag.empty() ? builder.AppendNull() : AppendText(builder, file.etag);
    case 4:
      return AppendTime(builder, file.loaded_at_ms);
    case 6:
      return AppendText(builder, file.state == FileState::kRejected ? "REJECTED" : "LOADED");
    case 7:
      return file.reason.empty() ? builder.AppendNull() : AppendText(builder, file.reason);
    default:
      return file.version ? AppendNumber(builder, *file.version) : builder.AppendNull();
  }
}

class LoadedFilesSource final : public engine::SplitSource {
 public:
  explicit LoadedFilesSource(LoadedFiles record)
      : record_(std::make_shared<const LoadedFiles>(std::move(record))), schema_(Columns()) {}

  const StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return 1; }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t, const engine::Projection& projection) const override {
    return std::make_unique<Reader>(record_, projection.columns);
  }

 private:
  class Reader final : public types::BatchReader {
   public:
    Reader(std::shared_ptr<const LoadedFiles> record, std::vector<std::size_t> columns)
        : record_(std::move(record)), files_(record_->Read()), columns_(std::move(columns)) {}

    Result<types::BatchPtr> Next() override {
      arrow::FieldVector fields;
      std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders;
      const StructType schema = Columns();
      for (const std::size_t column : columns_) {
        fields.push_back(types::ToArrow(schema.fields[column]));
        builders.push_back(ARROW_TRY(arrow::MakeBuilder(fields.back()->type())));
      }
      std::int64_t num_rows = 0;
      while (num_rows < kBatchRows && !at_end_) {
        const LoadedFile* file = TRY(files_.Next());
        at_end_ = file == nullptr;
        if (at_end_) break;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
          ARROW_CHECK_OK(Append(*builders[i], columns_[i], *file));
        }
        ++num_rows;
      }
      if (num_rows == 0) return nullptr;
      arrow::ArrayVector arrays;
      for (const auto& builder : builders) arrays.push_back(ARROW_TRY(builder->Finish()));
      return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_rows,
                                      std::move(arrays));
    }

   private:
    std::shared_ptr<const LoadedFiles> record_;
    LoadedFiles::Reader files_;
    const std::vector<std::size_t> columns_;
    bool at_end_ = false;
  };

  std::shared_ptr<const LoadedFiles> record_;
  StructType schema_;
};

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> OpenLoadedFiles(
    const delta::SnapshotPtr& snapshot) {
  return std::make_shared<LoadedFilesSource>(TRY(LoadedFiles::Load(snapshot)));
}

Result<std::shared_ptr<const engine::SplitSource>> OpenCopyErrors(
    const delta::SnapshotPtr& snapshot) {
  const LoadedFiles record = TRY(LoadedFiles::Load(snapshot));
  const std::shared_ptr<const FileScan> scan = TRY(OpenReadFiles(
      {.location = snapshot->table_root(),
       .path_text = snapshot->table_url(),
       .options = {{"format", "json"}, {"schema", "path STRING, record STRING, reason STRING"}},
       .is_read_files = false,
       .listing = std::make_shared<const FileListing>(
           FileListing{.files = record.ErrorFiles(), .base_path = ""})},
      {}));
  return scan;
}

}  // namespace inlet::ingest
