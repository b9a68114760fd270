#include "server/spark_connect/arrow_messages.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/byte_size.h>

#include "types/arrow.h"

namespace inlet::server {
namespace {

/// Clients take 128 MiB; small messages keep memory and the time to the first row low.
constexpr std::int64_t kMaxRows = 65536;
constexpr std::int64_t kMaxBytes = 4 << 20;

/// The type with every instant in `zone` instead of UTC: the same values, shown elsewhere.
std::shared_ptr<arrow::DataType> InZone(const std::shared_ptr<arrow::DataType>& type,
                                        const std::string& zone) {
  switch (type->id()) {
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
      if (timestamp.timezone().empty()) return type;
      return arrow::timestamp(timestamp.unit(), zone);
    }
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListType&>(*type);
      return arrow::list(list.value_field()->WithType(InZone(list.value_type(), zone)));
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(
          map.key_field()->WithType(InZone(map.key_type(), zone)),
          map.item_field()->WithType(InZone(map.item_type(), zone)), map.keys_sorted());
    }
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) {
        fields.push_back(field->WithType(InZone(field->type(), zone)));
      }
      return arrow::struct_(std::move(fields));
    }
    default:
      return type;
  }
}

/// The same values under a type that differs only in names and zones.
std::shared_ptr<arrow::ArrayData> WithType(const arrow::ArrayData& data,
                                           const std::shared_ptr<arrow::DataType>& type) {
  std::shared_ptr<arrow::ArrayData> copy = data.Copy();
  copy->type = type;
  for (std::size_t i = 0; i < copy->child_data.size(); ++i) {
    const auto& child = type->field(static_cast<int>(i))->type();
    copy->child_data[i] = WithType(*copy->child_data[i], child);
  }
  return copy;
}

std::shared_ptr<arrow::Schema> SchemaIn(const types::StructType& schema, const std::string& zone) {
  arrow::FieldVector fields;
  const std::shared_ptr<arrow::Schema> in_utc = types::ToArrow(schema);
  for (const auto& field : in_utc->fields()) {
    fields.push_back(arrow::field(field->name(), InZone(field->type(), zone), field->nullable()));
  }
  return arrow::schema(std::move(fields));
}

Result<std::string> Serialize(const arrow::Schema& schema,
                              const std::vector<types::BatchPtr>& batches) {
  const auto sink = ARROW_TRY(arrow::io::BufferOutputStream::Create());
  const auto writer =
      ARROW_TRY(arrow::ipc::MakeStreamWriter(sink, std::make_shared<arrow::Schema>(schema)));
  for (const types::BatchPtr& batch : batches) ARROW_CHECK_OK(writer->WriteRecordBatch(*batch));
  ARROW_CHECK_OK(writer->Close());
  return ARROW_TRY(sink->Finish())->ToString();
}

types::BatchPtr Under(const std::shared_ptr<arrow::Schema>& schema, const types::BatchPtr& batch) {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  for (int i = 0; i < schema->num_fields(); ++i) {
    columns.push_back(WithType(*batch->column_data(i), schema->field(i)->type()));
  }
  return arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns));
}

}  // namespace

ArrowMessageWriter::ArrowMessageWriter(types::StructType schema, std::string session_time_zone,
                                       std::function<Status(ArrowMessage)> emit)
    : schema_(SchemaIn(schema, session_time_zone)), emit_(std::move(emit)) {}

Status ArrowMessageWriter::Add(const types::BatchPtr& batch) {
  if (batch->num_columns() < schema_->num_fields()) {
    return FailInternal("a batch has fewer columns than its schema");
  }
  const types::BatchPtr renamed = Under(schema_, batch);
  const std::int64_t bytes = arrow::util::TotalBufferSize(*renamed);
  const std::int64_t rows_a_message = std::clamp<std::int64_t>(
      kMaxBytes * std::max<std::int64_t>(renamed->num_rows(), 1) / std::max<std::int64_t>(bytes, 1),
      1, kMaxRows);
  if (renamed->num_rows() > rows_a_message) {
    TRY(Flush());
    for (std::int64_t at = 0; at < renamed->num_rows(); at += rows_a_message) {
      TRY(Emit(renamed->Slice(at, rows_a_message)));
    }
    return Ok();
  }
  if (pending_rows_ + renamed->num_rows() > kMaxRows || pending_bytes_ + bytes > kMaxBytes) {
    TRY(Flush());
  }
  pending_.push_back(renamed);
  pending_rows_ += renamed->num_rows();
  pending_bytes_ += bytes;
  return Ok();
}

Status ArrowMessageWriter::Finish() {
  TRY(Flush());
  if (has_emitted_) return Ok();
  return Emit(ARROW_TRY(arrow::RecordBatch::MakeEmpty(schema_)));
}

Status ArrowMessageWriter::Flush() {
  if (pending_.empty()) return Ok();
  types::BatchPtr batch = pending_[0];
  if (pending_.size() > 1) batch = ARROW_TRY(arrow::ConcatenateRecordBatches(pending_));
  pending_.clear();
  pending_rows_ = 0;
  pending_bytes_ = 0;
  return Emit(batch);
}

Status ArrowMessageWriter::Emit(const types::BatchPtr& batch) {
  has_emitted_ = true;
  return emit_({.data = TRY(Serialize(*schema_, {batch})), .num_rows = batch->num_rows()});
}

Result<std::string> ToIpcStream(types::BatchReader* rows, const types::StructType& schema,
                                const std::string& session_time_zone) {
  const std::shared_ptr<arrow::Schema> arrow_schema = SchemaIn(schema, session_time_zone);
  std::vector<types::BatchPtr> batches;
  while (rows != nullptr) {
    const types::BatchPtr batch = TRY(rows->Next());
    if (batch == nullptr) break;
    batches.push_back(Under(arrow_schema, batch));
  }
  return Serialize(*arrow_schema, batches);
}

}  // namespace inlet::server
