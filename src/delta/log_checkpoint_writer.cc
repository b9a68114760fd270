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

#include <utility>

#include "base/option_map.h"
#include "base/uuid.h"
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

/// The columns in the order in which ActionRows fills them.
std::shared_ptr<arrow::Schema> CheckpointSchema(bool is_v2) {
  std::vector<std::shared_ptr<arrow::Field>> fields = {
      arrow::field("txn", arrow::struct_({Text("appId"), Long("version"), Long("lastUpdated")})),
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
  if (is_v2) {
    fields.push_back(arrow::field(
        "checkpointMetadata", arrow::struct_({Long("version"), arrow::field("tags", TextMap())})));
  }
  return arrow::schema(std::move(fields));
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

Status WriteRows(const Snapshot& snapshot, const std::vector<RemoveFile>& tombstones,
                 const std::vector<SetTransaction>& transactions, bool is_v2, ActionRows& rows) {
  enum { kTxn, kAdd, kRemove, kMetadata, kProtocol, kDomain, kCheckpointMetadata };
  TRY(rows.Begin());
  if (is_v2) TRY(rows.Add(kCheckpointMetadata, CheckpointMetadata{snapshot.version()}));
  TRY(rows.Add(kProtocol, snapshot.protocol()));
  TRY(rows.Add(kMetadata, snapshot.metadata()));
  for (const SetTransaction& transaction : transactions) TRY(rows.Add(kTxn, transaction));
  for (const auto& [name, domain] : snapshot.domains()) TRY(rows.Add(kDomain, domain));
  for (const AddFile& file : snapshot.files()) TRY(rows.Add(kAdd, file));
  for (const RemoveFile& file : tombstones) TRY(rows.Add(kRemove, file));
  return rows.Flush();
}

}  // namespace

Result<WrittenCheckpoint> WriteCheckpointFile(const Snapshot& snapshot,
                                              const std::vector<RemoveFile>& tombstones,
                                              const std::vector<SetTransaction>& transactions) {
  const bool is_v2 = IsV2(snapshot);
  const std::string path = LogDirectory(snapshot.table_root()) + PaddedVersion(snapshot.version()) +
                           ".checkpoint." + (is_v2 ? RandomUuid() + "." : "") + "parquet";
  std::unique_ptr<storage::ObjectWriter> object =
      TRY(snapshot.table_root().store->OpenWriter(path));
  const std::shared_ptr<arrow::Schema> schema = CheckpointSchema(is_v2);
  WrittenCheckpoint written;
  try {
    auto properties = parquet::WriterProperties::Builder();
    properties.compression(parquet::Compression::SNAPPY);
    std::unique_ptr<parquet::arrow::FileWriter> file = ARROW_TRY(parquet::arrow::FileWriter::Open(
        *schema, arrow::default_memory_pool(), std::make_shared<StoredOutput>(*object),
        properties.build()));
    ActionRows rows(schema, *file);
    TRY(WriteRows(snapshot, tombstones, transactions, is_v2, rows));
    ARROW_CHECK_OK(file->Close());
    written.num_actions = rows.num_rows();
  } catch (const std::exception& exception) {
    return FailInternal(std::string("write a log checkpoint: ") + exception.what());
  }
  written.size_bytes = TRY(object->Finish()).size_bytes;
  written.num_add_files = snapshot.num_files();
  return written;
}

}  // namespace inlet::delta
