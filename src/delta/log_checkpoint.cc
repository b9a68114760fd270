#include "delta/log_checkpoint.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <cmath>
#include <set>
#include <utility>

#include "delta/data_path.h"
#include "delta/stored_file.h"
#include "types/arrow.h"
#include "types/json_text.h"
#include "types/text_cast.h"

namespace inlet::delta {
namespace {

std::unexpected<Error> Corrupt(std::string_view path, std::string_view message) {
  return Fail(Condition::DELTA_LOG_CORRUPT,
              {{"path", std::string(path)}, {"message", std::string(message)}});
}

/// One column of a batch, maybe absent. Values that are null or of an odd type read as "no value".
class Column {
 public:
  Column() = default;
  explicit Column(std::shared_ptr<arrow::Array> array) : array_(std::move(array)) {}

  bool Has(std::int64_t row) const { return array_ != nullptr && array_->IsValid(row); }

  Column Child(const char* name) const {
    if (array_ == nullptr || array_->type_id() != arrow::Type::STRUCT) return Column();
    return Column(static_cast<const arrow::StructArray&>(*array_).GetFieldByName(name));
  }

  std::optional<std::string> Text(std::int64_t row) const {
    if (!Has(row)) return std::nullopt;
    switch (array_->type_id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return std::string(static_cast<const arrow::BinaryArray&>(*array_).GetView(row));
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return std::string(static_cast<const arrow::LargeBinaryArray&>(*array_).GetView(row));
      default:
        return std::nullopt;
    }
  }
  std::optional<std::int64_t> Number(std::int64_t row) const {
    if (!Has(row)) return std::nullopt;
    switch (array_->type_id()) {
      case arrow::Type::INT64:
        return static_cast<const arrow::Int64Array&>(*array_).Value(row);
      case arrow::Type::INT32:
        return static_cast<const arrow::Int32Array&>(*array_).Value(row);
      default:
        return std::nullopt;
    }
  }
  std::optional<bool> Bool(std::int64_t row) const {
    if (!Has(row) || array_->type_id() != arrow::Type::BOOL) return std::nullopt;
    return static_cast<const arrow::BooleanArray&>(*array_).Value(row);
  }
  /// Calls `visit(key, value)` for each entry of a map.
  template <class Function>
  void Entries(std::int64_t row, Function&& visit) const {
    if (!Has(row) || array_->type_id() != arrow::Type::MAP) return;
    const auto& map = static_cast<const arrow::MapArray&>(*array_);
    if (map.value_offset(row) == map.value_offset(row + 1)) return;
    const Column keys(map.keys());
    const Column values(map.items());
    for (std::int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
      if (const std::optional<std::string> key = keys.Text(i)) visit(*key, values.Text(i));
    }
  }
  std::map<std::string, std::string> Texts(std::int64_t row) const {
    std::map<std::string, std::string> texts;
    Entries(row, [&](const std::string& key, std::optional<std::string> value) {
      texts[key] = std::move(value).value_or("");
    });
    return texts;
  }
  std::optional<std::vector<std::string>> List(std::int64_t row) const {
    if (!Has(row) || array_->type_id() != arrow::Type::LIST) return std::nullopt;
    const auto& list = static_cast<const arrow::ListArray&>(*array_);
    const Column values(list.values());
    std::vector<std::string> texts;
    for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
      texts.push_back(values.Text(i).value_or(""));
    }
    return texts;
  }
  const std::shared_ptr<arrow::Array>& array() const { return array_; }

 private:
  std::shared_ptr<arrow::Array> array_;
};

struct DeletionVectorColumns {
  Column storage_type, path, offset, size, cardinality;

  explicit DeletionVectorColumns(const Column& column)
      : storage_type(column.Child("storageType")),
        path(column.Child("pathOrInlineDv")),
        offset(column.Child("offset")),
        size(column.Child("sizeInBytes")),
        cardinality(column.Child("cardinality")) {}

  std::optional<DeletionVectorDescriptor> Get(std::int64_t row) const {
    std::optional<std::string> type = storage_type.Text(row);
    if (!type || type->empty()) return std::nullopt;
    DeletionVectorDescriptor dv;
    dv.storage_type = *std::move(type);
    dv.path_or_inline_dv = path.Text(row).value_or("");
    if (const auto number = offset.Number(row)) dv.offset = static_cast<std::int32_t>(*number);
    dv.size_in_bytes = static_cast<std::int32_t>(size.Number(row).value_or(0));
    dv.cardinality = cardinality.Number(row).value_or(0);
    return dv;
  }
};

PartitionValues PartitionsOf(const Column& column, std::int64_t row) {
  PartitionValues values;
  column.Entries(row, [&](const std::string& key, std::optional<std::string> value) {
    values[key] = std::move(value);
  });
  return values;
}

/// Appends one value of `stats_parsed` as the JSON that `stats` would have; false when it has none.
bool AppendStatistic(const arrow::Array& array, std::int64_t row, std::string& out) {
  if (array.IsNull(row)) return false;
  switch (array.type_id()) {
    case arrow::Type::STRUCT: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      const std::size_t begin = out.size();
      out += '{';
      for (int i = 0; i < fields.num_fields(); ++i) {
        const std::size_t before = out.size();
        if (out.size() > begin + 1) out += ',';
        types::AppendJsonQuoted(fields.struct_type()->field(i)->name(), out);
        out += ':';
        if (!AppendStatistic(*fields.field(i), row, out)) out.resize(before);
      }
      out += '}';
      return true;
    }
    case arrow::Type::BOOL:
      out += static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
      return true;
    case arrow::Type::INT8:
      types::AppendInteger(static_cast<const arrow::Int8Array&>(array).Value(row), out);
      return true;
    case arrow::Type::INT16:
      types::AppendInteger(static_cast<const arrow::Int16Array&>(array).Value(row), out);
      return true;
    case arrow::Type::INT32:
      types::AppendInteger(static_cast<const arrow::Int32Array&>(array).Value(row), out);
      return true;
    case arrow::Type::INT64:
      types::AppendInteger(static_cast<const arrow::Int64Array&>(array).Value(row), out);
      return true;
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE: {
      const double value = array.type_id() == arrow::Type::FLOAT
                               ? static_cast<const arrow::FloatArray&>(array).Value(row)
                               : static_cast<const arrow::DoubleArray&>(array).Value(row);
      if (!std::isfinite(value)) out += '"';
      types::AppendDouble(value, out);
      if (!std::isfinite(value)) out += '"';
      return true;
    }
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
      const auto& type = static_cast<const arrow::Decimal128Type&>(*array.type());
      const arrow::Decimal128 value(decimals.GetValue(row));
      types::AppendDecimal((static_cast<types::Int128>(value.high_bits()) << 64) |
                               static_cast<types::Int128>(value.low_bits()),
                           type.scale(), out);
      return true;
    }
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      types::AppendJsonQuoted(static_cast<const arrow::BinaryArray&>(array).GetView(row), out);
      return true;
    case arrow::Type::DATE32:
      out += '"';
      types::AppendDate(static_cast<const arrow::Date32Array&>(array).Value(row), out);
      out += '"';
      return true;
    case arrow::Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
      std::int64_t value = static_cast<const arrow::TimestampArray&>(array).Value(row);
      if (type.unit() == arrow::TimeUnit::MILLI) value *= 1000;
      if (type.unit() == arrow::TimeUnit::NANO) value /= 1000;
      out += '"';
      const std::size_t begin = out.size();
      types::AppendTimestampNtz(value, out);
      if (const std::size_t blank = out.find(' ', begin); blank != std::string::npos) {
        out[blank] = 'T';
      }
      if (!type.timezone().empty()) out += 'Z';
      out += '"';
      return true;
    }
    default:
      return false;
  }
}

void ReadAdds(const Column& add, std::int64_t num_rows, const FileActionSink& sink) {
  const Column path = add.Child("path");
  const Column partitions = add.Child("partitionValues");
  const Column size = add.Child("size");
  const Column modified = add.Child("modificationTime");
  const Column data_change = add.Child("dataChange");
  const Column stats = add.Child("stats");
  const Column stats_parsed = add.Child("stats_parsed");
  const Column tags = add.Child("tags");
  const Column base_row_id = add.Child("baseRowId");
  const Column row_commit_version = add.Child("defaultRowCommitVersion");
  const Column clustering = add.Child("clusteringProvider");
  const DeletionVectorColumns deletion_vector(add.Child("deletionVector"));
  for (std::int64_t row = 0; row < num_rows; ++row) {
    // A struct may be there with nothing in it, or with empty texts: the required leaf decides.
    std::optional<std::string> path_text = path.Text(row);
    if (!path_text || path_text->empty()) continue;
    AddFile file;
    file.path = *std::move(path_text);
    file.partition_values = PartitionsOf(partitions, row);
    file.size = size.Number(row).value_or(0);
    file.modification_time = modified.Number(row).value_or(0);
    file.data_change = data_change.Bool(row).value_or(false);
    if (std::optional<std::string> text = stats.Text(row)) {
      file.stats = *std::move(text);
    } else if (stats_parsed.Has(row)) {
      AppendStatistic(*stats_parsed.array(), row, file.stats);
    }
    file.tags = tags.Texts(row);
    file.deletion_vector = deletion_vector.Get(row);
    file.base_row_id = base_row_id.Number(row);
    file.default_row_commit_version = row_commit_version.Number(row);
    file.clustering_provider = clustering.Text(row);
    sink.add(std::move(file));
  }
}

void ReadRemoves(const Column& remove, std::int64_t num_rows, const FileActionSink& sink) {
  const Column path = remove.Child("path");
  const Column deleted_at = remove.Child("deletionTimestamp");
  const Column data_change = remove.Child("dataChange");
  const Column extended = remove.Child("extendedFileMetadata");
  const Column partitions = remove.Child("partitionValues");
  const Column size = remove.Child("size");
  const Column base_row_id = remove.Child("baseRowId");
  const Column row_commit_version = remove.Child("defaultRowCommitVersion");
  const DeletionVectorColumns deletion_vector(remove.Child("deletionVector"));
  for (std::int64_t row = 0; row < num_rows; ++row) {
    std::optional<std::string> path_text = path.Text(row);
    if (!path_text || path_text->empty()) continue;
    RemoveFile file;
    file.path = *std::move(path_text);
    file.deletion_timestamp = deleted_at.Number(row);
    file.data_change = data_change.Bool(row).value_or(false);
    file.extended_file_metadata = extended.Bool(row).value_or(false);
    file.partition_values = PartitionsOf(partitions, row);
    file.size = size.Number(row);
    file.deletion_vector = deletion_vector.Get(row);
    file.base_row_id = base_row_id.Number(row);
    file.default_row_commit_version = row_commit_version.Number(row);
    sink.remove(std::move(file));
  }
}

void ReadMetadata(const Column& column, std::int64_t row, CommitActions& out) {
  std::optional<std::string> schema = column.Child("schemaString").Text(row);
  if (!schema) return;
  Metadata metadata;
  metadata.schema_string = *std::move(schema);
  metadata.id = column.Child("id").Text(row).value_or("");
  metadata.name = column.Child("name").Text(row);
  metadata.description = column.Child("description").Text(row);
  metadata.format_provider = column.Child("format").Child("provider").Text(row).value_or("parquet");
  metadata.format_options = column.Child("format").Child("options").Texts(row);
  metadata.partition_columns =
      column.Child("partitionColumns").List(row).value_or(std::vector<std::string>());
  metadata.created_time = column.Child("createdTime").Number(row);
  metadata.configuration = column.Child("configuration").Texts(row);
  out.metadata = std::move(metadata);
}

void ReadProtocol(const Column& column, std::int64_t row, CommitActions& out) {
  const std::optional<std::int64_t> reader = column.Child("minReaderVersion").Number(row);
  if (!reader) return;
  Protocol protocol;
  protocol.min_reader_version = static_cast<int>(*reader);
  protocol.min_writer_version =
      static_cast<int>(column.Child("minWriterVersion").Number(row).value_or(1));
  // Some writers put empty lists where there should be none.
  if (protocol.min_reader_version >= 3) {
    protocol.reader_features = column.Child("readerFeatures").List(row);
  }
  if (protocol.min_writer_version >= 7) {
    protocol.writer_features = column.Child("writerFeatures").List(row);
  }
  out.protocol = std::move(protocol);
}

void ReadOthers(const arrow::RecordBatch& batch, CommitActions& out) {
  const auto column = [&](const char* name) { return Column(batch.GetColumnByName(name)); };
  const Column metadata = column("metaData");
  const Column protocol = column("protocol");
  const Column txn = column("txn");
  const Column domain = column("domainMetadata");
  const Column sidecar = column("sidecar");
  const Column checkpoint_metadata = column("checkpointMetadata");
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    if (metadata.Has(row)) ReadMetadata(metadata, row, out);
    if (protocol.Has(row)) ReadProtocol(protocol, row, out);
    if (txn.Has(row)) {
      if (std::optional<std::string> app_id = txn.Child("appId").Text(row)) {
        out.transactions.push_back({*std::move(app_id),
                                    txn.Child("version").Number(row).value_or(0),
                                    txn.Child("lastUpdated").Number(row)});
      }
    }
    if (domain.Has(row)) {
      if (std::optional<std::string> name = domain.Child("domain").Text(row)) {
        out.domains.push_back({*std::move(name),
                               domain.Child("configuration").Text(row).value_or(""),
                               domain.Child("removed").Bool(row).value_or(false)});
      }
    }
    if (sidecar.Has(row)) {
      if (std::optional<std::string> path = sidecar.Child("path").Text(row)) {
        out.sidecars.push_back({*std::move(path),
                                sidecar.Child("sizeInBytes").Number(row).value_or(0),
                                sidecar.Child("modificationTime").Number(row).value_or(0)});
      }
    }
    if (checkpoint_metadata.Has(row)) out.has_checkpoint_metadata = true;
  }
}

/// Whether `add.stats` tells nothing in this file, so that `add.stats_parsed` has to.
bool NeedsParsedStatistics(const parquet::FileMetaData& metadata, int stats_column) {
  if (stats_column < 0) return true;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto chunk = metadata.RowGroup(i)->ColumnChunk(stats_column);
    const auto statistics = chunk->statistics();
    if (statistics == nullptr || !statistics->HasNullCount()) return false;
    if (statistics->null_count() < chunk->num_values()) return false;
  }
  return true;
}

/// The leaf columns that matter here.
std::vector<int> WantedColumns(const parquet::FileMetaData& metadata, const FileActionSink& sink) {
  static const std::set<std::string> kOthers = {"metaData",       "protocol", "txn",
                                                "domainMetadata", "sidecar",  "checkpointMetadata"};
  const parquet::SchemaDescriptor& schema = *metadata.schema();
  int stats_column = -1;
  for (int i = 0; i < schema.num_columns(); ++i) {
    if (schema.Column(i)->path()->ToDotString() == "add.stats") stats_column = i;
  }
  const bool with_parsed = NeedsParsedStatistics(metadata, stats_column);
  std::vector<int> wanted;
  for (int i = 0; i < schema.num_columns(); ++i) {
    const std::vector<std::string> path = schema.Column(i)->path()->ToDotVector();
    const std::string second = path.size() > 1 ? path[1] : "";
    if (path[0] == "add") {
      if (!sink.add) continue;
      if (second == "partitionValues_parsed") continue;
      if (second == "stats_parsed" && !with_parsed) continue;
      wanted.push_back(i);
    } else if (kOthers.contains(path[0]) || (path[0] == "remove" && sink.remove)) {
      wanted.push_back(i);
    }
  }
  return wanted;
}

Status ReadParquet(const storage::Location& table_root, const storage::ObjectInfo& info,
                   const FileActionSink& sink, CommitActions& out) {
  try {
    auto input = TRY(OpenStoredFile(*table_root.store, info));
    parquet::ReaderProperties properties;
    properties.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_properties;
    arrow_properties.set_batch_size(8192);
    arrow_properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    std::unique_ptr<parquet::ParquetFileReader> file =
        parquet::ParquetFileReader::Open(std::move(input), properties);
    const std::vector<int> columns = WantedColumns(*file->metadata(), sink);
    std::vector<int> row_groups(static_cast<std::size_t>(file->metadata()->num_row_groups()));
    for (std::size_t i = 0; i < row_groups.size(); ++i) row_groups[i] = static_cast<int>(i);
    if (columns.empty() || row_groups.empty()) return Ok();

    auto reader = parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(file),
                                                   arrow_properties);
    if (!reader.ok()) return Corrupt(info.path, reader.status().message());
    auto batches = (*reader)->GetRecordBatchReader(row_groups, columns);
    if (!batches.ok()) return Corrupt(info.path, batches.status().message());
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      const arrow::Status status = (*batches)->ReadNext(&batch);
      if (!status.ok()) return Corrupt(info.path, status.message());
      if (batch == nullptr) return Ok();
      ReadOthers(*batch, out);
      if (sink.add) ReadAdds(Column(batch->GetColumnByName("add")), batch->num_rows(), sink);
      if (sink.remove) {
        ReadRemoves(Column(batch->GetColumnByName("remove")), batch->num_rows(), sink);
      }
    }
  } catch (const std::exception& exception) {
    return Corrupt(info.path, exception.what());
  }
}

void Deliver(std::vector<FileAction> files, const FileActionSink& sink) {
  for (FileAction& file : files) {
    if (auto* add = std::get_if<AddFile>(&file)) {
      if (sink.add) sink.add(std::move(*add));
    } else if (sink.remove) {
      sink.remove(std::get<RemoveFile>(std::move(file)));
    }
  }
}

Result<storage::ObjectInfo> FindSidecar(const storage::Location& table_root,
                                        const SidecarFile& sidecar) {
  std::string path;
  if (IsAbsoluteUri(sidecar.path)) {
    path = TRY(ResolveDataPath(table_root, sidecar.path)).path;
  } else {
    const std::string name = DecodeUri(sidecar.path);
    path = LogDirectory(table_root) + "_sidecars/" + name.substr(name.rfind('/') + 1);
  }
  return table_root.store->Head(path);
}

}  // namespace

Result<CommitActions> ReadLogCheckpoint(const storage::Location& table_root,
                                        const LogCheckpointFiles& checkpoint,
                                        const FileActionSink& sink) {
  CommitActions others;
  others.version = checkpoint.version;
  for (const storage::ObjectInfo& info : checkpoint.files) {
    if (info.path.ends_with(".json")) {
      std::string text = TRY(table_root.store->Get(info.path));
      others = TRY(ParseActions(std::move(text), info.path));
      others.version = checkpoint.version;
      Deliver(std::exchange(others.files, {}), sink);
    } else {
      TRY(ReadParquet(table_root, info, sink, others));
    }
  }
  for (const SidecarFile& sidecar : std::vector<SidecarFile>(others.sidecars)) {
    const storage::ObjectInfo info = TRY(FindSidecar(table_root, sidecar));
    TRY(ReadParquet(table_root, info, sink, others));
  }
  return others;
}

}  // namespace inlet::delta
