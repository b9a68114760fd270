#include "delta/log_checkpoint_writer.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/table_builder.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <functional>
#include <utility>

#include "base/option_map.h"
#include "base/uuid.h"
#include "delta/commit_file.h"
#include "types/arrow.h"

namespace inlet::delta {
namespace {

constexpr std::int64_t kRowsPerBatch = 16384;

std::shared_ptr<arrow::DataType> TextMap() { return arrow::map(arrow::utf8(), arrow::utf8()); }
std::shared_ptr<arrow::DataType> TextList() {
  return arrow::list(arrow::field("element", arrow::utf8()));
}
std::shared_ptr<arrow::Field> Text(const char* name) { return arrow::field(name, arrow::utf8()); }
std::shared_ptr<arrow::Field> Long(const char* name) { return arrow::field(name, arrow::int64()); }
std::shared_ptr<arrow::Field> Int(const char* name) { return arrow::field(name, arrow::int32()); }
std::shared_ptr<arrow::Field> Bool(const char* name) {
  return arrow::field(name, arrow::boolean());
}

std::shared_ptr<arrow::DataType> DeletionVectorType() {
  return arrow::struct_({Text("storageType"), Text("pathOrInlineDv"), Int("offset"),
                         Int("sizeInBytes"), Long("cardinality")});
}

std::shared_ptr<arrow::Field> Transactions() {
  return arrow::field("txn", arrow::struct_({Text("appId"), Long("version"), Long("lastUpdated")}));
}

std::vector<std::shared_ptr<arrow::Field>> FileFields() {
  return {
      arrow::field(
          "add", arrow::struct_(
                     {Text("path"), arrow::field("partitionValues", TextMap()), Long("size"),
                      Long("modificationTime"), Bool("dataChange"), arrow::field("tags", TextMap()),
                      arrow::field("deletionVector", DeletionVectorType()), Long("baseRowId"),
                      Long("defaultRowCommitVersion"), Text("clusteringProvider"), Text("stats")})),
      arrow::field(
          "remove",
          arrow::struct_({Text("path"), Long("deletionTimestamp"), Bool("dataChange"),
                          Bool("extendedFileMetadata"), arrow::field("partitionValues", TextMap()),
                          Long("size"), arrow::field("deletionVector", DeletionVectorType()),
                          Long("baseRowId"), Long("defaultRowCommitVersion")})),
  };
}

std::vector<std::shared_ptr<arrow::Field>> TableFields() {
  return {
      arrow::field(
          "metaData",
          arrow::struct_(
              {Text("id"), Text("name"), Text("description"),
               arrow::field("format",
                            arrow::struct_({Text("provider"), arrow::field("options", TextMap())})),
               Text("schemaString"), arrow::field("partitionColumns", TextList()),
               Long("createdTime"), arrow::field("configuration", TextMap())})),
      arrow::field("protocol", arrow::struct_({Int("minReaderVersion"), Int("minWriterVersion"),
                                               arrow::field("readerFeatures", TextList()),
                                               arrow::field("writerFeatures", TextList())})),
      arrow::field("domainMetadata",
                   arrow::struct_({Text("domain"), Text("configuration"), Bool("removed")})),
  };
}

using Fields = std::vector<std::shared_ptr<arrow::Field>>;

Fields Together(std::initializer_list<Fields> parts) {
  Fields all;
  for (const Fields& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// What stands in the main file of a V2 checkpoint beside txn and the table's own actions.
Fields V2Fields() {
  return {arrow::field("checkpointMetadata",
                       arrow::struct_({Long("version"), arrow::field("tags", TextMap())})),
          arrow::field("sidecar",
                       arrow::struct_({Text("path"), Long("sizeInBytes"), Long("modificationTime"),
                                       arrow::field("tags", TextMap())}))};
}

/// Fills the fields of one struct in their order; what is left out at the end is an error of ours.
class FieldWriter {
 public:
  explicit FieldWriter(arrow::StructBuilder& builder) : builder_(builder) {
    status_ = builder.Append();
  }
  template <class Value>
  FieldWriter& PutIfAny(const std::optional<Value>& value) {
    return value ? Put(*value) : Null();
  }
  FieldWriter& Put(std::string_view text) {
    return Keep(static_cast<arrow::StringBuilder&>(Next()).Append(text));
  }
  FieldWriter& Put(const std::string& text) { return Put(std::string_view(text)); }
  FieldWriter& Put(const char* text) { return Put(std::string_view(text)); }
  FieldWriter& Put(std::int64_t number) {
    return Keep(static_cast<arrow::Int64Builder&>(Next()).Append(number));
  }
  FieldWriter& Put(std::int32_t number) {
    return Keep(static_cast<arrow::Int32Builder&>(Next()).Append(number));
  }
  FieldWriter& Put(bool value) {
    return Keep(static_cast<arrow::BooleanBuilder&>(Next()).Append(value));
  }
  FieldWriter& Put(const std::vector<std::string>& texts) {
    auto& list = static_cast<arrow::ListBuilder&>(Next());
    Keep(list.Append());
    for (const std::string& text : texts) {
      Keep(static_cast<arrow::StringBuilder&>(*list.value_builder()).Append(text));
    }
    return *this;
  }
  template <class Map>
  FieldWriter& PutMap(const Map& texts) {
    auto& map = static_cast<arrow::MapBuilder&>(Next());
    Keep(map.Append());
    for (const auto& [key, value] : texts) {
      Keep(static_cast<arrow::StringBuilder&>(*map.key_builder()).Append(key));
      Keep(Append(static_cast<arrow::StringBuilder&>(*map.item_builder()), value));
    }
    return *this;
  }
  FieldWriter& Null() { return Keep(Next().AppendNull()); }
  arrow::StructBuilder& Struct() { return static_cast<arrow::StructBuilder&>(Next()); }
  FieldWriter& Keep(const arrow::Status& status) {
    if (status_.ok()) status_ = status;
    return *this;
  }
  const arrow::Status& status() const { return status_; }

 private:
  static arrow::Status Append(arrow::StringBuilder& builder, const std::string& text) {
    return builder.Append(text);
  }
  static arrow::Status Append(arrow::StringBuilder& builder,
                              const std::optional<std::string>& text) {
    return text ? builder.Append(*text) : builder.AppendNull();
  }
  arrow::ArrayBuilder& Next() { return *builder_.field_builder(next_++); }

  arrow::StructBuilder& builder_;
  int next_ = 0;
  arrow::Status status_;
};

void Put(FieldWriter& out, const std::optional<DeletionVectorDescriptor>& dv) {
  if (!dv) {
    out.Null();
    return;
  }
  FieldWriter fields(out.Struct());
  fields.Put(dv->storage_type).Put(dv->path_or_inline_dv).PutIfAny(dv->offset);
  fields.Put(dv->size_in_bytes).Put(dv->cardinality);
  out.Keep(fields.status());
}

void Fill(FieldWriter& out, const AddFile& file) {
  out.Put(file.path).PutMap(file.partition_values).Put(file.size).Put(file.modification_time);
  out.Put(false);  // Nothing of a checkpoint is a change.
  file.tags.empty() ? out.Null() : out.PutMap(file.tags);
  Put(out, file.deletion_vector);
  out.PutIfAny(file.base_row_id).PutIfAny(file.default_row_commit_version);
  out.PutIfAny(file.clustering_provider);
  file.stats.empty() ? out.Null() : out.Put(file.stats);
}

void Fill(FieldWriter& out, const RemoveFile& file) {
  out.Put(file.path).PutIfAny(file.deletion_timestamp).Put(false).Put(file.extended_file_metadata);
  file.extended_file_metadata ? out.PutMap(file.partition_values) : out.Null();
  out.PutIfAny(file.size);
  Put(out, file.deletion_vector);
  out.PutIfAny(file.base_row_id).PutIfAny(file.default_row_commit_version);
}

void Fill(FieldWriter& out, const Metadata& metadata) {
  out.Put(metadata.id).PutIfAny(metadata.name).PutIfAny(metadata.description);
  FieldWriter format(out.Struct());
  format.Put(metadata.format_provider).PutMap(metadata.format_options);
  out.Keep(format.status());
  out.Put(metadata.schema_string).Put(metadata.partition_columns).PutIfAny(metadata.created_time);
  out.PutMap(metadata.configuration);
}

void Fill(FieldWriter& out, const Protocol& protocol) {
  out.Put(std::int32_t{protocol.min_reader_version}).Put(std::int32_t{protocol.min_writer_version});
  out.PutIfAny(protocol.reader_features).PutIfAny(protocol.writer_features);
}

void Fill(FieldWriter& out, const SetTransaction& transaction) {
  out.Put(transaction.app_id).Put(transaction.version).PutIfAny(transaction.last_updated);
}

void Fill(FieldWriter& out, const DomainMetadata& domain) {
  out.Put(domain.domain).Put(domain.configuration).Put(domain.removed);
}

struct CheckpointMetadata {
  Version version;
};

void Fill(FieldWriter& out, const CheckpointMetadata& metadata) {
  out.Put(metadata.version).Null();
}

void Fill(FieldWriter& out, const SidecarFile& sidecar) {
  out.Put(sidecar.path).Put(sidecar.size_in_bytes).Put(sidecar.modification_time).Null();
}

/// An object of a store as Arrow writes files.
class StoredOutput : public arrow::io::OutputStream {
 public:
  explicit StoredOutput(storage::ObjectWriter& writer) : writer_(writer) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Write(const void* data, std::int64_t num_bytes) override {
    const Status status = writer_.Append(
        std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(num_bytes)));
    if (!status) return arrow::Status::IOError(MessageOf(status.error()));
    position_ += num_bytes;
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;

 private:
  storage::ObjectWriter& writer_;  // Outlives this.
  std::int64_t position_ = 0;
  bool closed_ = false;
};

/// Rows of actions, written out a batch at a time.
class ActionRows {
 public:
  ActionRows(std::shared_ptr<arrow::Schema> schema, parquet::arrow::FileWriter& file)
      : schema_(std::move(schema)), file_(file) {}

  Status Begin() {
    builder_ = ARROW_TRY(arrow::RecordBatchBuilder::Make(schema_, arrow::default_memory_pool()));
    return Ok();
  }
  /// One row, whose column `column` alone has a value.
  template <class Action>
  Status Add(int column, const Action& action) {
    for (int i = 0; i < builder_->num_fields(); ++i) {
      if (i != column) ARROW_CHECK_OK(builder_->GetField(i)->AppendNull());
    }
    FieldWriter out(static_cast<arrow::StructBuilder&>(*builder_->GetField(column)));
    Fill(out, action);
    ARROW_CHECK_OK(out.status());
    ++num_rows_;
    return num_rows_ % kRowsPerBatch == 0 ? Flush() : Ok();
  }
  Status Flush() {
    const std::shared_ptr<arrow::RecordBatch> batch = ARROW_TRY(builder_->Flush());
    if (batch->num_rows() > 0) ARROW_CHECK_OK(file_.WriteRecordBatch(*batch));
    return Ok();
  }
  std::int64_t num_rows() const { return num_rows_; }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  parquet::arrow::FileWriter& file_;  // Outlives this.
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
  std::int64_t num_rows_ = 0;
};

bool IsV2(const Snapshot& snapshot) {
  const auto found = snapshot.properties().find("delta.checkpointPolicy");
  return found != snapshot.properties().end() && EqualsIgnoreCase(found->second, "v2");
}

Status WriteFiles(const Snapshot& snapshot, const std::vector<RemoveFile>& tombstones,
                  int first_column, ActionRows& rows) {
  for (const AddFile& file : snapshot.files()) TRY(rows.Add(first_column, file));
  for (const RemoveFile& file : tombstones) TRY(rows.Add(first_column + 1, file));
  return Ok();
}

Status WriteTable(const Snapshot& snapshot, const std::vector<SetTransaction>& transactions,
                  int first_column, ActionRows& rows) {
  TRY(rows.Add(first_column, snapshot.metadata()));
  TRY(rows.Add(first_column + 1, snapshot.protocol()));
  for (const SetTransaction& transaction : transactions) TRY(rows.Add(/*column=*/0, transaction));
  for (const auto& [name, domain] : snapshot.domains()) TRY(rows.Add(first_column + 2, domain));
  return Ok();
}

struct WrittenFile {
  storage::ObjectInfo object;
  std::int64_t num_actions = 0;
};

/// One Parquet file with these columns, filled by `write`.
Result<WrittenFile> WriteFile(const Snapshot& snapshot, const std::string& path, Fields fields,
                              const std::function<Status(ActionRows&)>& write) {
  std::unique_ptr<storage::ObjectWriter> object =
      TRY(snapshot.table_root().store->OpenWriter(path));
  const std::shared_ptr<arrow::Schema> schema = arrow::schema(std::move(fields));
  WrittenFile written;
  try {
    auto properties = parquet::WriterProperties::Builder();
    properties.compression(parquet::Compression::SNAPPY);
    // Each file has its own path and statistics: a dictionary of them would be all of them.
    for (const char* column : {"add.path", "add.stats", "remove.path"}) {
      properties.disable_dictionary(column);
    }
    std::unique_ptr<parquet::arrow::FileWriter> file = ARROW_TRY(parquet::arrow::FileWriter::Open(
        *schema, arrow::default_memory_pool(), std::make_shared<StoredOutput>(*object),
        properties.build()));
    ActionRows rows(schema, *file);
    TRY(rows.Begin());
    TRY(write(rows));
    TRY(rows.Flush());
    ARROW_CHECK_OK(file->Close());
    written.num_actions = rows.num_rows();
  } catch (const std::exception& exception) {
    return FailInternal(std::string("write a log checkpoint: ") + exception.what());
  }
  written.object = TRY(object->Finish());
  return written;
}

/// The file actions of a V2 checkpoint, in a file of their own.
Result<std::pair<SidecarFile, WrittenFile>> WriteSidecar(
    const Snapshot& snapshot, const std::vector<RemoveFile>& tombstones) {
  const std::string name = PaddedVersion(snapshot.version()) +
                           ".checkpoint.0000000001.0000000001." + RandomUuid() + ".parquet";
  const std::string path = LogDirectory(snapshot.table_root()) + "_sidecars/" + name;
  WrittenFile written = TRY(WriteFile(snapshot, path, FileFields(), [&](ActionRows& rows) {
    return WriteFiles(snapshot, tombstones, /*first_column=*/0, rows);
  }));
  SidecarFile sidecar{.path = name,
                      .size_in_bytes = written.object.size_bytes,
                      .modification_time = written.object.modified_at_ms};
  return std::pair(std::move(sidecar), std::move(written));
}

Result<WrittenCheckpoint> WriteClassic(const Snapshot& snapshot,
                                       const std::vector<RemoveFile>& tombstones,
                                       const std::vector<SetTransaction>& transactions) {
  const std::string path = LogDirectory(snapshot.table_root()) + PaddedVersion(snapshot.version()) +
                           ".checkpoint.parquet";
  const WrittenFile written =
      TRY(WriteFile(snapshot, path, Together({{Transactions()}, FileFields(), TableFields()}),
                    [&](ActionRows& rows) -> Status {
                      TRY(WriteTable(snapshot, transactions, /*first_column=*/3, rows));
                      return WriteFiles(snapshot, tombstones, /*first_column=*/1, rows);
                    }));
  return WrittenCheckpoint{.num_actions = written.num_actions,
                           .num_add_files = snapshot.num_files(),
                           .size_bytes = written.object.size_bytes};
}

Result<WrittenCheckpoint> WriteV2(const Snapshot& snapshot,
                                  const std::vector<RemoveFile>& tombstones,
                                  const std::vector<SetTransaction>& transactions) {
  const auto sidecar = TRY(WriteSidecar(snapshot, tombstones));
  const std::string path = LogDirectory(snapshot.table_root()) + PaddedVersion(snapshot.version()) +
                           ".checkpoint." + RandomUuid() + ".parquet";
  const WrittenFile written =
      TRY(WriteFile(snapshot, path, Together({{Transactions()}, TableFields(), V2Fields()}),
                    [&](ActionRows& rows) -> Status {
                      TRY(rows.Add(/*column=*/4, CheckpointMetadata{snapshot.version()}));
                      TRY(WriteTable(snapshot, transactions, /*first_column=*/1, rows));
                      return rows.Add(/*column=*/5, sidecar.first);
                    }));
  return WrittenCheckpoint{
      .num_actions = written.num_actions + sidecar.second.num_actions,
      .num_add_files = snapshot.num_files(),
      .size_bytes = written.object.size_bytes + sidecar.second.object.size_bytes};
}

}  // namespace

Result<WrittenCheckpoint> WriteCheckpointFile(const Snapshot& snapshot,
                                              const std::vector<RemoveFile>& tombstones,
                                              const std::vector<SetTransaction>& transactions) {
  return IsV2(snapshot) ? WriteV2(snapshot, tombstones, transactions)
                        : WriteClassic(snapshot, tombstones, transactions);
}

}  // namespace inlet::delta
