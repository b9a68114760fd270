#include "delta/data_file_writer.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/uuid.h"
#include "delta/data_file_statistics.h"
#include "delta/data_path.h"
#include "delta/partition_splitter.h"
#include "delta/text_limit.h"
#include "formats/parquet/parquet_file_writer.h"
#include "types/arrow.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

/// Open files of one writer, as each keeps its encoders in memory; beyond it the one that was used
/// least recently is finished.
constexpr std::size_t kMaxOpenFiles = 32;
/// Rows of partitions that wait until there are enough of them for a file to take.
constexpr std::int64_t kMaxPendingBytes = 64 << 20;
constexpr std::int64_t kMaxRowGroupBytes = 128 << 20;
/// With partitions many row groups are open at once.
constexpr std::int64_t kMaxPartitionRowGroupBytes = 16 << 20;
constexpr std::size_t kMaxDirectoryNameBytes = 255;

std::string PhysicalName(const StructField& field) {
  const auto found = field.metadata.find("delta.columnMapping.physicalName");
  if (found == field.metadata.end()) return field.name;
  return types::JsonStringValue(found->second).value_or(field.name);
}

DataType WithPhysicalNames(const DataType& type);

StructField WithPhysicalNames(const StructField& field) {
  StructField physical = field;
  physical.name = PhysicalName(field);
  physical.type = WithPhysicalNames(field.type);
  return physical;
}

DataType WithPhysicalNames(const DataType& type) {
  switch (type.id()) {
    case TypeId::kStruct: {
      std::vector<StructField> fields;
      for (const StructField& field : type.fields()) fields.push_back(WithPhysicalNames(field));
      return DataType::Struct(std::move(fields));
    }
    case TypeId::kArray:
      return DataType::Array(WithPhysicalNames(type.element()), type.fields()[0].nullable);
    case TypeId::kMap:
      return DataType::Map(WithPhysicalNames(type.key()), WithPhysicalNames(type.value()),
                           type.fields()[1].nullable);
    default:
      return type;
  }
}

/// The type without VOID fields of structs, which Delta does not store. Nothing is left of a VOID
/// and of a struct of only those.
std::optional<DataType> WithoutVoid(const DataType& type) {
  if (type.is(TypeId::kVoid)) return std::nullopt;
  if (!type.is(TypeId::kStruct)) return type;
  std::vector<StructField> fields;
  for (const StructField& field : type.fields()) {
    if (std::optional<DataType> kept = WithoutVoid(field.type)) {
      fields.push_back(field);
      fields.back().type = *std::move(kept);
    }
  }
  if (fields.empty()) return std::nullopt;
  return DataType::Struct(std::move(fields));
}

bool ContainsVoid(const DataType& type) {
  if (type.is(TypeId::kVoid)) return true;
  return type.is_nested() && std::ranges::any_of(type.fields(), [](const StructField& field) {
           return ContainsVoid(field.type);
         });
}

/// The columns of a data file, and which of the table's columns they are.
struct FileColumns {
  StructType schema;
  std::vector<int> indices;
  bool drops_nested = false;  ///< Some struct loses VOID fields.
};

Result<FileColumns> ColumnsOfFiles(const DataFileSpec& spec) {
  FileColumns columns;
  for (std::size_t i = 0; i < spec.schema.size(); ++i) {
    const StructField& field = spec.schema.fields[i];
    const bool is_partition = std::ranges::any_of(spec.partition_columns, [&](const auto& name) {
      return EqualsIgnoreCase(name, field.name);
    });
    if (is_partition) continue;
    std::optional<DataType> kept = WithoutVoid(field.type);
    if (!kept) continue;
    if (ContainsVoid(*kept)) {
      return Fail(Condition::DELTA_UNSUPPORTED_DATA_TYPES,
                  {{"dataTypeList", field.name + " " + ToSql(field.type)}});
    }
    columns.drops_nested |= !(*kept == field.type);
    columns.schema.fields.push_back(field);
    columns.schema.fields.back().type = *std::move(kept);
    columns.indices.push_back(static_cast<int>(i));
  }
  if (columns.schema.empty()) {
    return Fail(Condition::DELTA_UNSUPPORTED_DATA_TYPES,
                {{"dataTypeList", "a table without a column that can be stored"}});
  }
  return columns;
}

/// `data` of type `from` without the fields that `to` does not have.
std::shared_ptr<arrow::ArrayData> DropVoid(const arrow::ArrayData& data, const DataType& from,
                                           const DataType& to) {
  std::shared_ptr<arrow::ArrayData> copy = data.Copy();
  if (!from.is(TypeId::kStruct) || from == to) return copy;
  copy->child_data.clear();
  arrow::FieldVector fields;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < from.fields().size() && kept < to.fields().size(); ++i) {
    if (from.fields()[i].name != to.fields()[kept].name) continue;
    copy->child_data.push_back(
        DropVoid(*data.child_data[i], from.fields()[i].type, to.fields()[kept].type));
    fields.push_back(
        data.type->field(static_cast<int>(i))->WithType(copy->child_data.back()->type));
    ++kept;
  }
  copy->type = arrow::struct_(std::move(fields));
  return copy;
}

/// Refuses a NULL in a NOT NULL column; `path` names it. Fields of a NULL struct are not there.
Status CheckNotNull(const StructField& field, const arrow::Array& array, const std::string& path,
                    const arrow::Array* parent) {
  if (!field.nullable && array.null_count() > 0) {
    for (std::int64_t i = 0; i < array.length(); ++i) {
      if (array.IsValid(i) || (parent != nullptr && parent->IsNull(i))) continue;
      return Fail(Condition::DELTA_NOT_NULL_CONSTRAINT_VIOLATED, {{"columnName", path}});
    }
  }
  if (!field.type.is(TypeId::kStruct)) return Ok();
  const auto& fields = static_cast<const arrow::StructArray&>(array);
  for (std::size_t i = 0; i < field.type.fields().size(); ++i) {
    const StructField& child = field.type.fields()[i];
    TRY(CheckNotNull(child, *fields.field(static_cast<int>(i)), path + "." + child.name, &array));
  }
  return Ok();
}

/// A data file under construction.
struct OpenFile {
  std::unique_ptr<formats::ParquetFileWriter> writer;
  DataFileStatistics statistics;
  std::string path;  ///< Below the table's root, not encoded.
};

/// What one partition has in memory and on the way.
struct Partition {
  std::string directory;  ///< Below the table's root, with a closing slash, or empty.
  PartitionValues values;
  std::optional<OpenFile> file;
  std::vector<types::BatchPtr> pending;
  std::int64_t pending_bytes = 0;
  std::int64_t last_used = 0;
};

class PartitionedWriter final : public DataFileWriter {
 public:
  PartitionedWriter(DataFileSpec spec, FileColumns columns, PartitionSplitter splitter,
                    std::string suffix)
      : spec_(std::move(spec)),
        columns_(std::move(columns)),
        splitter_(std::move(splitter)),
        suffix_(std::move(suffix)) {
    for (const StructField& field : columns_.schema.fields) {
      written_schema_.fields.push_back(WithPhysicalNames(field));
    }
  }

  ~PartitionedWriter() override {
    if (!handed_over_) DeleteStaged(spec_.table_root, finished_);
  }

  Status Append(const types::BatchPtr& given) override {
    if (given->num_rows() == 0) return Ok();
    types::BatchPtr batch = given;
    for (std::size_t i = 0; i < spec_.schema.size(); ++i) {
      const StructField& field = spec_.schema.fields[i];
      const int column = static_cast<int>(i);
      TRY(CheckNotNull(field, *batch->column(column), field.name, nullptr));
      if (const auto limit = TextLimitOf(field)) {
        const auto texts = TRY(WithinTextLimit(batch->column(column), *limit, field));
        batch = ARROW_TRY(batch->SetColumn(column, batch->schema()->field(column), texts));
      }
    }
    for (PartitionRows& rows : TRY(splitter_.Split(batch))) {
      while (partitions_.size() < splitter_.values().size()) AddPartition();
      TRY(Take(partitions_[rows.partition], std::move(rows.rows)));
    }
    while (pending_bytes_ > kMaxPendingBytes) TRY(Flush(LargestPending()));
    return Ok();
  }

  Result<std::vector<AddFile>> Finish() override {
    for (Partition& partition : partitions_) {
      TRY(Flush(partition));
      if (partition.file) TRY(FinishFile(partition));
    }
    handed_over_ = true;
    return std::move(finished_);
  }

 private:
  /// With one partition rows go straight to its file. With several, small pieces are gathered.
  Status Take(Partition& partition, types::BatchPtr rows) {
    partition.last_used = ++clock_;
    if (partitions_.size() == 1) {
      TRY(Flush(partition));
      return Write(partition, rows);
    }
    const auto bytes = arrow::util::ReferencedBufferSize(*rows);
    const std::int64_t size = bytes.ok() ? *bytes : arrow::util::TotalBufferSize(*rows);
    partition.pending.push_back(std::move(rows));
    partition.pending_bytes += size;
    pending_bytes_ += size;
    return Ok();
  }

  Partition& LargestPending() {
    return *std::ranges::max_element(partitions_, {}, &Partition::pending_bytes);
  }

  Status Flush(Partition& partition) {
    std::vector<types::BatchPtr> pending = std::exchange(partition.pending, {});
    pending_bytes_ -= std::exchange(partition.pending_bytes, 0);
    for (const types::BatchPtr& rows : pending) TRY(Write(partition, rows));
    return Ok();
  }

  Status Write(Partition& partition, const types::BatchPtr& rows) {
    if (partition.file && partition.file->writer->EstimatedBytes() >= spec_.target_file_bytes) {
      TRY(FinishFile(partition));
    }
    if (!partition.file) TRY(OpenNext(partition));
    types::BatchPtr stored = rows;
    if (columns_.drops_nested) stored = WithoutVoidFields(*rows);
    partition.file->statistics.Add(*stored);
    return partition.file->writer->Append(*stored);
  }

  types::BatchPtr WithoutVoidFields(const arrow::RecordBatch& rows) const {
    arrow::ArrayVector columns;
    arrow::FieldVector fields;
    for (std::size_t i = 0; i < columns_.schema.size(); ++i) {
      const auto index = static_cast<std::size_t>(columns_.indices[i]);
      columns.push_back(arrow::MakeArray(DropVoid(*rows.column_data(static_cast<int>(i)),
                                                  spec_.schema.fields[index].type,
                                                  columns_.schema.fields[i].type)));
      fields.push_back(arrow::field(columns_.schema.fields[i].name, columns.back()->type()));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(),
                                    std::move(columns));
  }

  Status OpenNext(Partition& partition) {
    if (open_files_ >= kMaxOpenFiles) TRY(FinishLeastRecent());
    std::string path = spec_.directory + partition.directory + spec_.file_prefix + "-00000-" +
                       RandomUuid() + "-c000" + suffix_;
    const formats::ParquetWriteOptions options{
        .compression = spec_.compression,
        .row_group_bytes = std::min(
            spec_.partition_columns.empty() ? kMaxRowGroupBytes : kMaxPartitionRowGroupBytes,
            spec_.target_file_bytes)};
    const std::string& root = spec_.table_root.path;
    const storage::Location location{.store = spec_.table_root.store,
                                     .path = root.empty() ? path : root + "/" + path};
    auto writer = TRY(formats::ParquetFileWriter::Open(location, written_schema_, options));
    const StatisticsSpec statistics{.columns = spec_.stats_columns,
                                    .column_names = spec_.stats_column_names,
                                    .string_prefix = spec_.stats_string_prefix};
    partition.file = OpenFile{.writer = std::move(writer),
                              .statistics = DataFileStatistics(columns_.schema, statistics),
                              .path = std::move(path)};
    ++open_files_;
    return Ok();
  }

  Status FinishLeastRecent() {
    Partition* oldest = nullptr;
    for (Partition& partition : partitions_) {
      if (partition.file && (oldest == nullptr || partition.last_used < oldest->last_used)) {
        oldest = &partition;
      }
    }
    return oldest == nullptr ? Ok() : FinishFile(*oldest);
  }

  Status FinishFile(Partition& partition) {
    OpenFile file = *std::exchange(partition.file, std::nullopt);
    --open_files_;
    const formats::WrittenParquetFile written = TRY(file.writer->Finish());
    finished_.push_back({.path = EncodeUri(file.path),
                         .partition_values = partition.values,
                         .size = written.object.size_bytes,
                         .modification_time = written.object.modified_at_ms,
                         .stats = file.statistics.ToJson(written)});
    return Ok();
  }

  void AddPartition() {
    const std::vector<std::optional<std::string>>& texts = splitter_.values()[partitions_.size()];
    Partition partition;
    bool fits = true;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const StructField& field = *spec_.schema.Find(spec_.partition_columns[i]);
      partition.values[PhysicalName(field)] = texts[i];
      // Some readers take partition values from the directories: they bear the stored names.
      const std::string level =
          HivePartitionDirectory(PhysicalName(field), texts[i] ? &*texts[i] : nullptr);
      fits &= level.size() <= kMaxDirectoryNameBytes;
      partition.directory += level + "/";
    }
    if (!fits) partition.directory = RandomUuid().substr(0, 2) + "/";
    partitions_.push_back(std::move(partition));
  }

  DataFileSpec spec_;
  FileColumns columns_;
  PartitionSplitter splitter_;
  std::string suffix_;                 // Of file names.
  StructType written_schema_;          // Of the files, with physical names.
  std::vector<Partition> partitions_;  // As the splitter counts them.
  std::vector<AddFile> finished_;
  std::size_t open_files_ = 0;
  std::int64_t pending_bytes_ = 0;
  std::int64_t clock_ = 0;
  bool handed_over_ = false;
};

}  // namespace

Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Open(const DataFileSpec& spec) {
  FileColumns columns = TRY(ColumnsOfFiles(spec));
  PartitionSplitter splitter =
      TRY(PartitionSplitter::Make(spec.schema, spec.partition_columns, columns.indices));
  std::string suffix = TRY(formats::ParquetCompressionSuffix(spec.compression)) + ".parquet";
  return std::make_unique<PartitionedWriter>(spec, std::move(columns), std::move(splitter),
                                             std::move(suffix));
}

void DeleteStaged(const storage::Location& table_root, const std::vector<AddFile>& files) {
  for (const AddFile& file : files) {
    const Result<storage::Location> location = ResolveDataPath(table_root, file.path);
    if (location) (void)location->store->Delete(location->path);
  }
}

}  // namespace inlet::delta
