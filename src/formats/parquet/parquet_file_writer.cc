#include "formats/parquet/parquet_file_writer.h"

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/option_map.h"
#include "formats/columns/object_stream.h"
#include "formats/parquet/column_encoding_internal.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

struct Codec {
  std::string_view name;
  parquet::Compression::type type;
  std::string_view suffix;
};

/// A dictionary that grows beyond this is given up, and one that will is not begun. Measured on 160
/// MB of mixed columns: 1 MB, the library's default, takes a third more CPU time for columns that
/// end up without a dictionary, and makes no smaller files; beginning none takes a third less again
/// and makes files a sixth smaller.
constexpr std::int64_t kMaxDictionaryBytes = 256 << 10;

constexpr std::array kCodecs{
    Codec{"snappy", parquet::Compression::SNAPPY, ".snappy"},
    Codec{"zstd", parquet::Compression::ZSTD, ".zstd"},
    Codec{"gzip", parquet::Compression::GZIP, ".gz"},
    Codec{"none", parquet::Compression::UNCOMPRESSED, ""},
    Codec{"uncompressed", parquet::Compression::UNCOMPRESSED, ""},
    Codec{"lz4", parquet::Compression::LZ4_HADOOP, ".lz4hadoop"},
    Codec{"lz4_raw", parquet::Compression::LZ4, ".lz4raw"},
    Codec{"brotli", parquet::Compression::BROTLI, ".br"},
};

Result<Codec> FindCodec(const std::string& name) {
  const auto found = std::ranges::find_if(
      kCodecs, [&](const Codec& codec) { return EqualsIgnoreCase(codec.name, name); });
  if (found != kCodecs.end()) return *found;
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "compression"},
               {"functionName", "Parquet"},
               {"message", "unknown codec " + name +
                               ". Known: snappy, zstd, gzip, lz4, lz4_raw, brotli, none"}});
}

std::shared_ptr<const arrow::KeyValueMetadata> FieldIdMetadata(const StructField& field) {
  for (const char* key : {"delta.columnMapping.id", "parquet.field.id"}) {
    const auto found = field.metadata.find(key);
    if (found == field.metadata.end()) continue;
    return arrow::key_value_metadata({"PARQUET:field_id"}, {found->second});
  }
  return nullptr;
}

/// The Arrow type whose Parquet form we want: every field optional but map keys and the parts of a
/// variant, field ids in place.
std::shared_ptr<arrow::DataType> WrittenType(const DataType& type);

std::shared_ptr<arrow::Field> WrittenField(const StructField& field, bool nullable = true) {
  return arrow::field(field.name, WrittenType(field.type), nullable, FieldIdMetadata(field));
}

std::shared_ptr<arrow::DataType> WrittenType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kArray:
      return arrow::list(arrow::field("element", WrittenType(type.element())));
    case TypeId::kMap:
      return std::make_shared<arrow::MapType>(
          arrow::field("key", WrittenType(type.key()), /*nullable=*/false),
          arrow::field("value", WrittenType(type.value())));
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (const StructField& field : type.fields()) fields.push_back(WrittenField(field));
      return arrow::struct_(std::move(fields));
    }
    default:
      return types::ToArrow(type);
  }
}

/// The same values under a type with other names and nullability inside.
std::shared_ptr<arrow::ArrayData> Retyped(const arrow::ArrayData& data,
                                          const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<arrow::ArrayData> copy = data.Copy();
  copy->type = type;
  for (std::size_t i = 0; i < copy->child_data.size(); ++i) {
    copy->child_data[i] = Retyped(*copy->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return copy;
}

/// Whether values of `from` lie in memory as those of `to`.
bool SameLayout(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() != to.id() || from.num_fields() != to.num_fields()) return false;
  if (from.num_fields() == 0) return from.Equals(to);
  for (int i = 0; i < from.num_fields(); ++i) {
    if (!SameLayout(*from.field(i)->type(), *to.field(i)->type())) return false;
  }
  return true;
}

void Refuse(const std::string& column, const DataType& type, std::optional<Error>& refused) {
  switch (type.id()) {
    case TypeId::kVoid:
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      refused = Fail(Condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
                     {{"format", "parquet"}, {"columnName", column}, {"columnType", ToSql(type)}})
                    .error();
      return;
    default:
      if (!type.is_nested()) return;
      for (const StructField& field : type.fields()) Refuse(column, field.type, refused);
  }
}

StatisticsValue ValueOf(const parquet::Statistics& statistics, bool max) {
  const auto pick = [&]<class Typed>(const Typed& typed) {
    return max ? typed.max() : typed.min();
  };
  switch (statistics.physical_type()) {
    case parquet::Type::INT32:
      return std::int64_t{pick(static_cast<const parquet::Int32Statistics&>(statistics))};
    case parquet::Type::INT64:
      return pick(static_cast<const parquet::Int64Statistics&>(statistics));
    case parquet::Type::FLOAT:
      return static_cast<double>(pick(static_cast<const parquet::FloatStatistics&>(statistics)));
    case parquet::Type::DOUBLE:
      return pick(static_cast<const parquet::DoubleStatistics&>(statistics));
    case parquet::Type::BYTE_ARRAY:
      return std::string(
          std::string_view(pick(static_cast<const parquet::ByteArrayStatistics&>(statistics))));
    case parquet::Type::FIXED_LEN_BYTE_ARRAY: {
      if (!statistics.descr()->logical_type()->is_decimal()) return {};
      const parquet::FLBA bytes = pick(static_cast<const parquet::FLBAStatistics&>(statistics));
      const auto decimal =
          arrow::Decimal128::FromBigEndian(bytes.ptr, statistics.descr()->type_length());
      if (!decimal.ok()) return {};
      return static_cast<StatisticsInt128>(
          (static_cast<unsigned __int128>(static_cast<std::uint64_t>(decimal->high_bits())) << 64) |
          decimal->low_bits());
    }
    default:
      return {};
  }
}

/// Adds one column chunk. A chunk with values but without bounds makes the bounds unknown for good.
class LeafMerger {
 public:
  void Add(const parquet::ColumnChunkMetaData& chunk) {
    merged_.num_values += chunk.num_values();
    const std::shared_ptr<parquet::Statistics> statistics =
        chunk.is_stats_set() ? chunk.statistics() : nullptr;
    const bool counted = statistics != nullptr && statistics->HasNullCount();
    if (!counted) knows_nulls_ = false;
    if (counted) nulls_ += statistics->null_count();
    if (statistics != nullptr && statistics->HasMinMax()) {
      AddBounds(*statistics);
    } else if (!counted || statistics->null_count() != chunk.num_values()) {
      knows_bounds_ = false;
    }
  }

  LeafStatistics Merged() && {
    if (knows_nulls_) merged_.null_count = nulls_;
    if (!knows_bounds_) merged_.min = merged_.max = {};
    return std::move(merged_);
  }

 private:
  void AddBounds(const parquet::Statistics& statistics) {
    StatisticsValue min = ValueOf(statistics, /*max=*/false);
    StatisticsValue max = ValueOf(statistics, /*max=*/true);
    if (merged_.min.index() == 0 || min < merged_.min) merged_.min = std::move(min);
    if (merged_.max.index() == 0 || merged_.max < max) merged_.max = std::move(max);
  }

  LeafStatistics merged_;
  std::int64_t nulls_ = 0;
  bool knows_nulls_ = true;
  bool knows_bounds_ = true;
};

class ArrowParquetWriter final : public ParquetFileWriter {
 public:
  ArrowParquetWriter(std::string path, const types::StructType& schema,
                     const ParquetWriteOptions& options, parquet::Compression::type codec,
                     std::unique_ptr<storage::ObjectWriter> object)
      : path_(std::move(path)),
        options_(options),
        codec_(codec),
        sink_(std::make_shared<ObjectStream>(std::move(object))) {
    arrow::FieldVector fields;
    for (const StructField& field : schema.fields) fields.push_back(WrittenField(field));
    schema_ = arrow::schema(std::move(fields));
  }

  /// How columns are written depends on the first rows.
  Status Start(const arrow::RecordBatch& first_rows) {
    parquet::WriterProperties::Builder properties;
    const ColumnEncodings encodings = ChooseEncodings(first_rows, kMaxDictionaryBytes);
    for (const std::string& path : encodings.without_dictionary)
      properties.disable_dictionary(path);
    for (const std::string& path : encodings.without_statistics)
      properties.disable_statistics(path);
    properties.compression(codec_)
        ->max_row_group_length(options_.row_group_rows)
        ->dictionary_pagesize_limit(kMaxDictionaryBytes)
        ->enable_store_decimal_as_integer()
        ->enable_page_checksum()
        ->data_page_version(parquet::ParquetDataPageVersion::V1)
        ->created_by("inlet");
    auto arrow_properties = parquet::ArrowWriterProperties::Builder().build();
    return Guarded([&] {
      ARROW_ASSIGN_OR_RAISE(writer_, parquet::arrow::FileWriter::Open(
                                         *schema_, arrow::default_memory_pool(), sink_,
                                         properties.build(), std::move(arrow_properties)));
      if (options_.metadata.empty()) return arrow::Status::OK();
      std::vector<std::string> keys;
      std::vector<std::string> values;
      for (const auto& [key, value] : options_.metadata) {
        keys.push_back(key);
        values.push_back(value);
      }
      return writer_->AddKeyValueMetadata(arrow::key_value_metadata(keys, values));
    });
  }

  Status Append(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Ok();
    arrow::ArrayVector columns;
    columns.reserve(static_cast<std::size_t>(batch.num_columns()));
    for (int i = 0; i < batch.num_columns(); ++i) {
      columns.push_back(TRY(AsWritten(i, batch.column(i))));
    }
    const auto written = arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
    if (writer_ == nullptr) TRY(Start(*written));
    if (AtRowGroupEnd()) TRY(StartRowGroup());
    group_bytes_ += ReferencedBytes(*written);
    group_rows_ += batch.num_rows();
    num_rows_ += batch.num_rows();
    return Guarded([&] { return writer_->WriteRecordBatch(*written); });
  }

  std::int64_t num_rows() const override { return num_rows_; }
  std::int64_t EstimatedBytes() const override {
    const double ratio = closed_bytes_ == 0 ? 0.5
                                            : static_cast<double>(sink_->position()) /
                                                  static_cast<double>(closed_bytes_);
    return sink_->position() + static_cast<std::int64_t>(ratio * static_cast<double>(group_bytes_));
  }
  bool AtRowGroupEnd() const override {
    return group_bytes_ >= options_.row_group_bytes || group_rows_ >= options_.row_group_rows;
  }

  Result<WrittenParquetFile> Finish() override {
    if (writer_ == nullptr) TRY(Start(*ARROW_TRY(arrow::RecordBatch::MakeEmpty(schema_))));
    TRY(Guarded([&] { return writer_->Close(); }));
    WrittenParquetFile file{.num_rows = num_rows_};
    TRY(Guarded([&] {
      file.leaves = MergeStatistics(*writer_->metadata());
      if (writer_->metadata()->num_rows() != num_rows_) {
        return arrow::Status::UnknownError("the footer has a wrong number of rows");
      }
      return arrow::Status::OK();
    }));
    file.object = TRY(sink_->Finish().Context("write " + path_));
    return file;
  }

 private:
  /// Arrow flushes a row group when the next one begins.
  Status StartRowGroup() {
    TRY(Guarded([&] { return writer_->NewBufferedRowGroup(); }));
    closed_bytes_ += group_bytes_;
    group_bytes_ = 0;
    group_rows_ = 0;
    return Ok();
  }

  Result<std::shared_ptr<arrow::Array>> AsWritten(int index,
                                                  const std::shared_ptr<arrow::Array>& array) {
    const std::shared_ptr<arrow::DataType>& type = schema_->field(index)->type();
    if (array->type()->num_fields() == 0 && array->type()->Equals(*type)) return array;
    if (SameLayout(*array->type(), *type)) return arrow::MakeArray(Retyped(*array->data(), type));
    return ARROW_TRY(arrow::compute::Cast(*array, type));
  }

  static std::int64_t ReferencedBytes(const arrow::RecordBatch& batch) {
    const auto bytes = arrow::util::ReferencedBufferSize(batch);
    return bytes.ok() ? *bytes : arrow::util::TotalBufferSize(batch);
  }

  static std::vector<LeafStatistics> MergeStatistics(const parquet::FileMetaData& footer) {
    std::vector<LeafMerger> mergers(static_cast<std::size_t>(footer.num_columns()));
    for (int group = 0; group < footer.num_row_groups(); ++group) {
      const auto row_group = footer.RowGroup(group);
      for (int leaf = 0; leaf < footer.num_columns(); ++leaf) {
        mergers[static_cast<std::size_t>(leaf)].Add(*row_group->ColumnChunk(leaf));
      }
    }
    std::vector<LeafStatistics> merged;
    for (LeafMerger& merger : mergers) merged.push_back(std::move(merger).Merged());
    return merged;
  }

  /// Runs a call of the library; its exceptions and errors, and those of storage, become ours.
  template <class Body>
  Status Guarded(Body&& body) {
    std::string message;
    try {
      const arrow::Status status = std::forward<Body>(body)();
      if (status.ok()) return Ok();
      if (!sink_->error()) return types::FromArrowStatus(status);
    } catch (const std::exception& error) {
      message = error.what();
    }
    if (sink_->error()) return std::unexpected(*sink_->error());
    return FailInternal("write " + path_ + ": " + message);
  }

  std::string path_;
  ParquetWriteOptions options_;
  const parquet::Compression::type codec_;
  std::shared_ptr<ObjectStream> sink_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;  // Null before the first rows.
  std::int64_t num_rows_ = 0;
  std::int64_t group_rows_ = 0;    // Of the open row group.
  std::int64_t group_bytes_ = 0;   // In memory.
  std::int64_t closed_bytes_ = 0;  // In memory, of all closed row groups.
};

}  // namespace

Result<std::string> ParquetCompressionSuffix(const std::string& compression) {
  return std::string(TRY(FindCodec(compression)).suffix);
}

Result<std::unique_ptr<ParquetFileWriter>> ParquetFileWriter::Open(
    const storage::Location& location, const types::StructType& schema,
    const ParquetWriteOptions& options) {
  const Codec codec = TRY(FindCodec(options.compression));
  for (const StructField& field : schema.fields) {
    std::optional<Error> refused;
    Refuse(field.name, field.type, refused);
    if (refused) return std::unexpected(*std::move(refused));
  }
  std::unique_ptr<storage::ObjectWriter> object =
      TRY(location.store->OpenWriter(location.path).Context("write " + location.path));
  return std::make_unique<ArrowParquetWriter>(location.path, schema, options, codec.type,
                                              std::move(object));
}

}  // namespace inlet::formats
