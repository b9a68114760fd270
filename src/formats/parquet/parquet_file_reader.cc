#include "formats/parquet/parquet_file_reader.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <utility>

#include "formats/columns/column_conversion.h"
#include "formats/columns/column_plan.h"
#include "formats/columns/object_file.h"
#include "formats/columns/rescued_columns.h"
#include "formats/parquet/file_columns_internal.h"
#include "formats/parquet/parquet_errors_internal.h"
#include "formats/parquet/row_group_pruning_internal.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using namespace parquet_internal;

/// What one footer may take; the largest real ones are some 100 MB.
constexpr std::int64_t kFooterBudgetBytes = std::int64_t{1} << 30;
constexpr std::int64_t kFirstBatchRows = 1024;

parquet::ReaderProperties LibraryProperties() {
  parquet::ReaderProperties properties(BudgetPool());
  properties.set_page_checksum_verification(true);
  properties.set_schema_depth_limit(types::kMaxNesting);
  return properties;
}

parquet::ArrowReaderProperties ArrowProperties(bool is_mapped) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(!is_mapped);
  // INT96 straight to microseconds: 64-bit nanoseconds overflow outside of 1677 to 2262.
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  return properties;
}

/// Spark tells by footer keys in which calendar a file's dates and times are.
CalendarRebase RebaseOf(const std::map<std::string, std::string>& metadata,
                        const std::string& legacy_key, std::string_view first_version,
                        CalendarRebase otherwise) {
  const auto version = metadata.find("org.apache.spark.version");
  if (version == metadata.end()) return otherwise;
  const bool is_legacy = version->second < first_version || metadata.contains(legacy_key);
  return is_legacy ? CalendarRebase::kLegacy : CalendarRebase::kCorrected;
}

ColumnMatching MatchingOf(const ParquetReadOptions& options) {
  return {.fields = options.matching, .rescue = options.rescue};
}

class OpenedFile final : public ParquetFile, public std::enable_shared_from_this<OpenedFile> {
 public:
  OpenedFile(std::unique_ptr<storage::ObjectReader> object, std::string url)
      : source_(std::make_shared<ObjectFile>(std::move(object), std::move(url))) {}

  Status ReadFooter() {
    const AllocationBudget budget(kFooterBudgetBytes);
    TRY(RefuseEncrypted());
    TRY(Guarded(*source_, budget, Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER, [&] {
      footer_ = parquet::ParquetFileReader::Open(source_, LibraryProperties())->metadata();
      parquet::arrow::SchemaManifest manifest;
      ARROW_RETURN_NOT_OK(
          parquet::arrow::SchemaManifest::Make(footer_->schema(), footer_->key_value_metadata(),
                                               ArrowProperties(source_->is_mapped()), &manifest));
      columns_ = DescribeColumns(manifest);
      return arrow::Status::OK();
    }));
    std::string complaint;
    TRY(Guarded(*source_, budget, Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER, [&] {
      complaint = TakeRowGroups();
      return arrow::Status::OK();
    }));
    if (!complaint.empty()) {
      return Fail(Condition::INLET_CORRUPT_FILE,
                  {{"path", url()}, {"message", std::move(complaint)}});
    }
    if (const auto& pairs = footer_->key_value_metadata()) {
      for (std::int64_t i = 0; i < pairs->size(); ++i) metadata_[pairs->key(i)] = pairs->value(i);
    }
    return Ok();
  }

  const storage::ObjectInfo& info() const override { return source_->info(); }
  const std::string& url() const override { return source_->url(); }
  Result<types::StructType> Schema() const override {
    return SqlColumns(columns_).Context("read " + url());
  }
  std::int64_t num_rows() const override { return footer_->num_rows(); }
  std::span<const ParquetRowGroup> row_groups() const override { return row_groups_; }
  const std::map<std::string, std::string>& metadata() const override { return metadata_; }

  std::vector<int> MatchingRowGroups(const types::StructType& columns,
                                     std::span<const types::ColumnPredicate> predicates,
                                     const ParquetReadOptions& options) const override;

  Result<std::unique_ptr<ParquetBatchReader>> Read(
      const types::StructType& columns, std::span<const int> row_groups,
      const ParquetReadOptions& options) const override;

  const std::shared_ptr<ObjectFile>& source() const { return source_; }
  const std::shared_ptr<parquet::FileMetaData>& footer() const { return footer_; }

  ConversionContext ContextOf(const ParquetReadOptions& options) const {
    return {.path = url(),
            .datetime_rebase = RebaseOf(metadata_, "org.apache.spark.legacyDateTime", "3.0.0",
                                        options.datetime_rebase),
            .int96_rebase =
                RebaseOf(metadata_, "org.apache.spark.legacyINT96", "3.1.0", options.int96_rebase)};
  }

 private:
  Status RefuseEncrypted() const {
    char magic[4] = {};
    const std::int64_t size = info().size_bytes;
    if (size < 12 || !source_->ReadAt(size - 4, 4, magic).ok()) return Ok();
    if (std::string_view(magic, 4) != "PARE") return Ok();
    return Fail(Condition::INLET_UNSUPPORTED_FILE,
                {{"path", url()}, {"message", "it is encrypted"}});
  }

  /// Copies what is needed of the row groups; returns what contradicts the file, or nothing.
  std::string TakeRowGroups() {
    std::int64_t first_row = 0;
    for (int i = 0; i < footer_->num_row_groups(); ++i) {
      const auto group = footer_->RowGroup(i);
      ParquetRowGroup taken{.first_row = first_row, .num_rows = group->num_rows()};
      if (taken.num_rows < 0) return "a row group has a negative number of rows";
      if (group->num_columns() != footer_->num_columns()) {
        return "a row group has another number of columns than the schema";
      }
      for (int column = 0; column < group->num_columns(); ++column) {
        std::string complaint = TakeColumnChunk(*group, column, taken);
        if (!complaint.empty()) return complaint;
      }
      if (__builtin_add_overflow(first_row, taken.num_rows, &first_row)) {
        return "the row groups have too many rows";
      }
      row_groups_.push_back(taken);
    }
    if (first_row != footer_->num_rows()) {
      return "the footer says " + std::to_string(footer_->num_rows()) + " rows, its row groups " +
             std::to_string(first_row);
    }
    return {};
  }

  std::string TakeColumnChunk(const parquet::RowGroupMetaData& group, int column,
                              ParquetRowGroup& taken) const {
    const auto chunk = group.ColumnChunk(column);
    const auto* descriptor = footer_->schema()->Column(column);
    if (!chunk->file_path().empty()) return "it keeps columns in other files";
    std::int64_t begin = chunk->data_page_offset();
    if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) {
      begin = std::min(begin, chunk->dictionary_page_offset());
    }
    const std::int64_t length = chunk->total_compressed_size();
    if (begin < 0 || length < 0 || begin > info().size_bytes ||
        length > info().size_bytes - begin) {
      return "the column " + descriptor->path()->ToDotString() + " lies outside of the file";
    }
    if (descriptor->max_repetition_level() == 0 && chunk->num_values() != taken.num_rows) {
      return "the column " + descriptor->path()->ToDotString() + " has " +
             std::to_string(chunk->num_values()) + " values for " + std::to_string(taken.num_rows) +
             " rows";
    }
    if (column == 0) taken.position = begin;
    taken.compressed_bytes += length;
    taken.uncompressed_bytes += std::max<std::int64_t>(chunk->total_uncompressed_size(), 0);
    return {};
  }

  std::shared_ptr<ObjectFile> source_;
  std::shared_ptr<parquet::FileMetaData> footer_;
  std::vector<FileColumn> columns_;
  std::vector<ParquetRowGroup> row_groups_;
  std::map<std::string, std::string> metadata_;
};

class RowGroupsReader final : public ParquetBatchReader {
 public:
  RowGroupsReader(std::shared_ptr<const OpenedFile> file, const types::StructType& columns,
                  std::span<const int> row_groups, const ParquetReadOptions& options, ReadPlan plan)
      : file_(std::move(file)),
        row_groups_(row_groups.begin(), row_groups.end()),
        options_(options),
        plan_(std::move(plan)),
        context_(file_->ContextOf(options)),
        schema_(types::ToArrow(columns)) {
    if (options_.rescue) {
      arrow::FieldVector fields = schema_->fields();
      fields.push_back(arrow::field("_rescued_data", arrow::utf8()));
      schema_ = arrow::schema(std::move(fields));
    }
  }

  Result<types::BatchPtr> Next() override {
    while (next_group_ <= row_groups_.size()) {
      if (rows_left_ > 0) return NextOfGroup();
      batches_.reset();
      if (next_group_ == row_groups_.size()) break;
      TRY(OpenGroup(row_groups_[next_group_++]));
    }
    return nullptr;
  }

  std::int64_t batch_first_row() const override { return batch_first_row_; }

 private:
  Status OpenGroup(int group) {
    if (group < 0 || static_cast<std::size_t>(group) >= file_->row_groups().size()) {
      return FailInternal("there is no row group " + std::to_string(group));
    }
    group_ = group;
    const ParquetRowGroup& row_group = file_->row_groups()[static_cast<std::size_t>(group)];
    next_row_ = row_group.first_row;
    rows_left_ = row_group.num_rows;
    if (rows_left_ == 0 || plan_.leaves.empty()) return Ok();
    if (batch_rows_ == 0) {
      const std::int64_t row_bytes = row_group.uncompressed_bytes / row_group.num_rows + 1;
      batch_rows_ = std::clamp<std::int64_t>(options_.batch_bytes / row_bytes, 1,
                                             std::min(options_.batch_rows, kFirstBatchRows));
    }
    const AllocationBudget budget(options_.memory_limit_bytes);
    return OpenBatches(budget);
  }

  Status OpenBatches(const AllocationBudget& budget) {
    return Guarded(*file_->source(), budget, Condition::INLET_CORRUPT_FILE, [&] {
      if (reader_ == nullptr) {
        ARROW_ASSIGN_OR_RAISE(
            reader_, parquet::arrow::FileReader::Make(
                         BudgetPool(),
                         parquet::ParquetFileReader::Open(file_->source(), LibraryProperties(),
                                                          file_->footer()),
                         ArrowProperties(file_->source()->is_mapped())));
      }
      ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader({group_}, plan_.leaves));
      return arrow::Status::OK();
    });
  }

  Result<types::BatchPtr> NextOfGroup() {
    if (plan_.leaves.empty()) return RowsWithoutColumns();
    types::BatchPtr raw = TRY(ReadWithinBudget());
    if (raw == nullptr || raw->num_rows() == 0 || raw->num_rows() > rows_left_) {
      return Fail(Condition::INLET_CORRUPT_FILE,
                  {{"path", file_->url()},
                   {"message", "its pages have " + std::to_string(rows_left_) +
                                   " rows fewer than its footer says"}});
    }
    AdaptBatchRows(*raw);
    types::BatchPtr batch = TRY(Convert(*raw));
    Took(batch->num_rows());
    return batch;
  }

  /// Where a batch takes too much memory, the row group is read again in smaller ones.
  Result<types::BatchPtr> ReadWithinBudget() {
    for (;;) {
      Result<types::BatchPtr> raw = ReadRaw(batch_rows_);
      if (raw || raw.error().condition != Condition::INLET_RESOURCE_LIMIT || batch_rows_ == 1) {
        return raw;
      }
      batch_rows_ = std::max<std::int64_t>(batch_rows_ / 16, 1);
      TRY(SkipToNextRow());
    }
  }

  Result<types::BatchPtr> ReadRaw(std::int64_t num_rows) {
    const AllocationBudget budget(options_.memory_limit_bytes);
    types::BatchPtr raw;
    TRY(Guarded(*file_->source(), budget, Condition::INLET_CORRUPT_FILE, [&] {
      reader_->set_batch_size(num_rows);
      ARROW_RETURN_NOT_OK(batches_->ReadNext(&raw));
      return raw == nullptr ? arrow::Status::OK() : raw->Validate();
    }));
    return raw;
  }

  Status SkipToNextRow() {
    {
      const AllocationBudget budget(options_.memory_limit_bytes);
      batches_.reset();
      TRY(OpenBatches(budget));
    }
    const ParquetRowGroup& group = file_->row_groups()[static_cast<std::size_t>(group_)];
    std::int64_t to_skip = next_row_ - group.first_row;
    while (to_skip > 0) {
      const types::BatchPtr skipped = TRY(ReadRaw(std::min(batch_rows_, to_skip)));
      if (skipped == nullptr) break;
      to_skip -= skipped->num_rows();
    }
    return Ok();
  }

  void AdaptBatchRows(const arrow::RecordBatch& raw) {
    const std::int64_t row_bytes = arrow::util::TotalBufferSize(raw) / raw.num_rows() + 1;
    const std::int64_t most = std::min(options_.batch_rows, batch_rows_ * 16);
    batch_rows_ = std::clamp<std::int64_t>(options_.batch_bytes / row_bytes, 1, most);
  }

  Result<types::BatchPtr> Convert(const arrow::RecordBatch& raw) {
    arrow::ArrayVector columns;
    columns.reserve(plan_.columns.size() + 1);
    for (const ColumnPlan& plan : plan_.columns) {
      if (plan.step == ColumnPlan::Step::kNull) {
        columns.push_back(ARROW_TRY(arrow::MakeArrayOfNull(plan.arrow_type, raw.num_rows())));
        continue;
      }
      if (plan.array_index < 0 || plan.array_index >= raw.num_columns()) {
        return FailInternal("a column is missing from what was read: " + plan.source->name);
      }
      columns.push_back(TRY(ConvertColumn(plan, raw.column(plan.array_index), context_)));
    }
    if (options_.rescue) {
      columns.push_back(TRY(RescueColumns(plan_.rescued, raw, options_.rescue->file_path)));
    }
    return arrow::RecordBatch::Make(schema_, raw.num_rows(), std::move(columns));
  }

  /// No leaf is read: every column is NULL, or there is none.
  Result<types::BatchPtr> RowsWithoutColumns() {
    const std::int64_t num_rows = std::min(rows_left_, options_.batch_rows);
    arrow::ArrayVector columns;
    for (const auto& field : schema_->fields()) {
      columns.push_back(ARROW_TRY(arrow::MakeArrayOfNull(field->type(), num_rows)));
    }
    Took(num_rows);
    return arrow::RecordBatch::Make(schema_, num_rows, std::move(columns));
  }

  void Took(std::int64_t num_rows) {
    batch_first_row_ = next_row_;
    next_row_ += num_rows;
    rows_left_ -= num_rows;
  }

  std::shared_ptr<const OpenedFile> file_;
  std::vector<int> row_groups_;
  ParquetReadOptions options_;
  ReadPlan plan_;
  ConversionContext context_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // Of reader_; of the current row group.
  std::size_t next_group_ = 0;
  int group_ = -1;
  std::int64_t batch_rows_ = 0;  // What the next batch asks for; 0 before the first.
  std::int64_t next_row_ = 0;    // In the file.
  std::int64_t rows_left_ = 0;   // Of the row group.
  std::int64_t batch_first_row_ = 0;
};

std::vector<int> OpenedFile::MatchingRowGroups(const types::StructType& columns,
                                               std::span<const types::ColumnPredicate> predicates,
                                               const ParquetReadOptions& options) const {
  std::vector<int> matching;
  const Result<ReadPlan> plan = PlanColumns(columns_, columns, MatchingOf(options), url());
  const ConversionContext context = ContextOf(options);
  const bool rebased = context.datetime_rebase != CalendarRebase::kCorrected;
  const auto may_match = [&](int group) {
    if (row_groups_[static_cast<std::size_t>(group)].num_rows == 0) return false;
    if (!plan) return true;
    try {
      const auto row_group = footer_->RowGroup(group);
      return std::ranges::all_of(predicates, [&](const types::ColumnPredicate& predicate) {
        if (predicate.column >= plan->columns.size()) return true;
        const ColumnPlan& column = plan->columns[predicate.column];
        const bool tells = column.step == ColumnPlan::Step::kLeaf && !column.source->is_int96 &&
                           !(rebased && column.target.id() >= types::TypeId::kDate);
        return !tells || MayMatch(*row_group, *column.source, column.target, predicate);
      });
    } catch (const std::exception&) {
      return true;  // Statistics that cannot be read tell nothing.
    }
  };
  for (int group = 0; group < static_cast<int>(row_groups_.size()); ++group) {
    if (may_match(group)) matching.push_back(group);
  }
  return matching;
}

Result<std::unique_ptr<ParquetBatchReader>> OpenedFile::Read(
    const types::StructType& columns, std::span<const int> row_groups,
    const ParquetReadOptions& options) const {
  ReadPlan plan = TRY(PlanColumns(columns_, columns, MatchingOf(options), url()));
  return std::make_unique<RowGroupsReader>(shared_from_this(), columns, row_groups, options,
                                           std::move(plan));
}

}  // namespace

Result<std::shared_ptr<const ParquetFile>> ParquetFile::Open(const storage::ObjectStore& store,
                                                             const storage::ObjectInfo& file) {
  auto opened =
      std::make_shared<OpenedFile>(TRY(store.Open(file)), storage::UrlOf(store, file.path));
  TRY(opened->ReadFooter());
  return opened;
}

}  // namespace inlet::formats
