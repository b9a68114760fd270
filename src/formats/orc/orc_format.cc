#include "formats/orc/orc_format.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <array>
#include <utility>

#include "formats/columns/column_mapper.h"
#include "formats/columns/library_errors.h"
#include "formats/columns/object_file.h"
#include "formats/columns/parallel_infer.h"
#include "formats/columns/schema_merge.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using arrow::adapters::orc::ORCFileReader;
using arrow::adapters::orc::StripeInformation;
using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

constexpr std::int64_t kMemoryLimitBytes = 512 << 20;
constexpr std::int64_t kFirstBatchRows = 1024;

/// Spark reads both of ORC's timestamp types as TIMESTAMP.
DataType WithInstants(const DataType& type) {
  switch (type.id()) {
    case TypeId::kTimestampNtz:
      return TypeId::kTimestamp;
    case TypeId::kArray:
      return DataType::Array(WithInstants(type.element()), type.fields()[0].nullable);
    case TypeId::kMap:
      return DataType::Map(WithInstants(type.key()), WithInstants(type.value()),
                           type.fields()[1].nullable);
    case TypeId::kStruct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) field.type = WithInstants(field.type);
      return DataType::Struct(std::move(fields));
    }
    default:
      return type;
  }
}

/// One ORC file, its tail read and its stripes checked.
struct OrcFile {
  std::shared_ptr<ObjectFile> source;
  std::unique_ptr<ORCFileReader> reader;
  StructType schema;
  std::vector<StripeInformation> stripes;
  CalendarRebase rebase = CalendarRebase::kCorrected;

  static Result<OrcFile> Open(const storage::ObjectStore& store, const storage::ObjectInfo& info) {
    OrcFile file;
    file.source =
        std::make_shared<ObjectFile>(TRY(store.Open(info)), storage::UrlOf(store, info.path));
    const AllocationBudget budget(kMemoryLimitBytes);
    std::shared_ptr<arrow::Schema> schema;
    std::int64_t num_rows = 0;
    TRY(GuardedLibraryCall(
        *file.source, budget, Condition::FAILED_READ_FILE_CANNOT_READ_FILE_FOOTER, [&] {
          ARROW_ASSIGN_OR_RAISE(file.reader, ORCFileReader::Open(file.source, BudgetPool()));
          ARROW_ASSIGN_OR_RAISE(schema, file.reader->ReadSchema());
          for (std::int64_t i = 0; i < file.reader->NumberOfStripes(); ++i) {
            file.stripes.push_back(file.reader->GetStripeInformation(i));
          }
          num_rows = file.reader->NumberOfRows();
          // Java's library writes the hybrid calendar unless told otherwise; the others do not.
          if (file.reader->GetSoftwareVersion().starts_with("ORC Java")) {
            file.rebase = CalendarRebase::kLegacy;
          }
          return arrow::Status::OK();
        }));
    TRY(file.CheckStripes(num_rows));
    file.schema = TRY(types::FromArrow(*schema).Context("read " + file.source->url()));
    for (StructField& field : file.schema.fields) field.type = WithInstants(field.type);
    return file;
  }

  Status CheckStripes(std::int64_t num_rows) const {
    std::int64_t rows = 0;
    const std::int64_t size = source->info().size_bytes;
    for (const StripeInformation& stripe : stripes) {
      const bool inside = stripe.offset >= 0 && stripe.length >= 0 && stripe.offset <= size &&
                          stripe.length <= size - stripe.offset && stripe.num_rows >= 0;
      if (!inside || stripe.first_row_id != rows) {
        return Corrupt("a stripe lies outside of the file");
      }
      if (__builtin_add_overflow(rows, stripe.num_rows, &rows)) break;
    }
    if (rows != num_rows) return Corrupt("its stripes do not have as many rows as its footer says");
    return Ok();
  }

  std::unexpected<Error> Corrupt(std::string message) const {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", source->url()}, {"message", std::move(message)}});
  }
};

/// Reads stripes, each in batches whose size follows that of the rows.
class StripesReader final : public types::BatchReader {
 public:
  StripesReader(OrcFile file, std::vector<std::size_t> stripes, const ReadSchema& schema,
                std::unique_ptr<ColumnMapper> mapper)
      : file_(std::move(file)),
        stripes_(std::move(stripes)),
        max_rows_(schema.batch_rows),
        max_bytes_(schema.batch_bytes),
        mapper_(std::move(mapper)),
        batch_rows_(std::min(kFirstBatchRows, max_rows_)) {}

  Result<types::BatchPtr> Next() override {
    while (rows_left_ == 0) {
      if (next_ == stripes_.size()) return nullptr;
      const StripeInformation& stripe = file_.stripes[stripes_[next_++]];
      rows_left_ = stripe.num_rows;
      next_row_ = stripe.first_row_id;
    }
    const types::BatchPtr raw = mapper_->wanted().empty() ? OnlyRows() : TRY(ReadBatch());
    if (raw == nullptr || raw->num_rows() == 0 || raw->num_rows() > rows_left_) {
      return file_.Corrupt("a stripe has fewer rows than the footer says");
    }
    rows_left_ -= raw->num_rows();
    next_row_ += raw->num_rows();
    const std::int64_t row_bytes = arrow::util::TotalBufferSize(*raw) / raw->num_rows() + 1;
    batch_rows_ =
        std::clamp<std::int64_t>(max_bytes_ / row_bytes, 1, std::min(max_rows_, batch_rows_ * 16));
    return mapper_->Map(*raw);
  }

 private:
  types::BatchPtr OnlyRows() const {
    return arrow::RecordBatch::Make(arrow::schema({}), std::min(rows_left_, max_rows_),
                                    arrow::ArrayVector{});
  }

  /// A stripe keeps its reader as long as its batches have the same size.
  Result<types::BatchPtr> ReadBatch() {
    const AllocationBudget budget(kMemoryLimitBytes);
    types::BatchPtr raw;
    TRY(GuardedLibraryCall(*file_.source, budget, Condition::INLET_CORRUPT_FILE, [&] {
      const bool at_start = next_row_ == file_.stripes[stripes_[next_ - 1]].first_row_id;
      if (stripe_reader_ == nullptr || at_start || reader_rows_ != batch_rows_) {
        ARROW_RETURN_NOT_OK(file_.reader->Seek(next_row_));
        ARROW_ASSIGN_OR_RAISE(stripe_reader_,
                              file_.reader->NextStripeReader(batch_rows_, mapper_->wanted()));
        reader_rows_ = batch_rows_;
        if (stripe_reader_ == nullptr) return arrow::Status::Invalid("a stripe is missing");
      }
      ARROW_RETURN_NOT_OK(stripe_reader_->ReadNext(&raw));
      return raw == nullptr ? arrow::Status::OK() : raw->Validate();
    }));
    return raw;
  }

  OrcFile file_;
  std::vector<std::size_t> stripes_;
  std::int64_t max_rows_;
  std::int64_t max_bytes_;
  std::unique_ptr<ColumnMapper> mapper_;
  std::int64_t batch_rows_;
  std::shared_ptr<arrow::RecordBatchReader> stripe_reader_;
  std::int64_t reader_rows_ = 0;  // The batch size of stripe_reader_.
  std::size_t next_ = 0;
  std::int64_t next_row_ = 0;
  std::int64_t rows_left_ = 0;  // Of the stripe.
};

class ConfiguredOrc final : public ConfiguredFormat {
 public:
  Result<StructType> InferSchema(const storage::ObjectStore& store,
                                 std::span<const storage::ObjectInfo> files,
                                 const InferOptions& options, std::stop_token stop) const override {
    return InferFromEach(
        files, options.threads, stop, [&](const storage::ObjectInfo& info) -> Result<StructType> {
          const OrcFile file = TRY(OrcFile::Open(store, info));
          TRY(CheckDistinctNames(file.schema).Context("read " + file.source->url()));
          return file.schema;
        });
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore& store,
                                       const storage::ObjectInfo& info,
                                       std::int64_t target_bytes) const override {
    if (info.size_bytes <= target_bytes) return std::vector{FileSplit{.file = info}};
    const OrcFile file = TRY(OrcFile::Open(store, info));
    std::vector<FileSplit> splits;
    std::int64_t begin = 0;
    for (const StripeInformation& stripe : file.stripes) {
      if (stripe.offset - begin < target_bytes || stripe.offset <= begin) continue;
      splits.push_back({.file = info, .position = begin, .length = stripe.offset - begin});
      begin = stripe.offset;
    }
    splits.push_back({.file = info, .position = begin, .length = -1});
    return splits;
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    OrcFile file = TRY(OrcFile::Open(store, split.file));
    auto mapper = TRY(ColumnMapper::Make(file.schema, schema, /*case_sensitive=*/true,
                                         file.source->url(), file.rebase));
    std::vector<std::size_t> stripes;
    for (std::size_t i = 0; i < file.stripes.size(); ++i) {
      const std::int64_t offset = file.stripes[i].offset;
      const bool after_begin = split.position == 0 || offset >= split.position;
      const bool before_end = split.length < 0 || offset < split.position + split.length;
      if (after_begin && before_end) stripes.push_back(i);
    }
    return std::make_unique<StripesReader>(std::move(file), std::move(stripes), schema,
                                           std::move(mapper));
  }
};

class OrcFormatImpl final : public Format {
 public:
  std::string_view name() const override { return "orc"; }
  std::span<const OptionSpec> options() const override {
    static constexpr std::array kOptions{OptionSpec{"mergeSchema", "false"}};
    return kOptions;
  }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool /*inferring*/) const override {
    TRY(GetBool(options, "mergeSchema"));
    return std::make_unique<ConfiguredOrc>();
  }
};

}  // namespace

const Format& OrcFormat() {
  static const OrcFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
