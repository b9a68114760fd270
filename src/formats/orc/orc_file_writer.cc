#include "formats/orc/orc_file_writer.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/api.h>
#include <arrow/compute/cast.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "base/option_map.h"
#include "formats/columns/object_stream.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::TypeId;

struct Codec {
  std::string_view name;
  arrow::Compression::type type;
  std::string_view suffix;
};
constexpr std::array kCodecs{
    Codec{"zstd", arrow::Compression::ZSTD, ".zstd"},
    Codec{"snappy", arrow::Compression::SNAPPY, ".snappy"},
    Codec{"zlib", arrow::Compression::GZIP, ".zlib"},
    Codec{"lz4", arrow::Compression::LZ4, ".lz4"},
    Codec{"none", arrow::Compression::UNCOMPRESSED, ""},
    Codec{"uncompressed", arrow::Compression::UNCOMPRESSED, ""},
};

Result<Codec> FindCodec(const std::string& name) {
  const auto found = std::ranges::find_if(
      kCodecs, [&](const Codec& codec) { return EqualsIgnoreCase(codec.name, name); });
  if (found != kCodecs.end()) return *found;
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "compression"},
               {"functionName", "ORC"},
               {"message", "unknown codec " + name + ". Known: zstd, snappy, zlib, lz4, none"}});
}

/// What goes to the library for a type; null for what ORC has no type for.
std::shared_ptr<arrow::DataType> StoredType(const DataType& type) {
  switch (type.id()) {
    case TypeId::kVoid:
    case TypeId::kVariant:
    case TypeId::kYearMonthInterval:
    case TypeId::kDayTimeInterval:
      return nullptr;
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      // With a zone the library would write a type that Spark does not.
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeId::kArray: {
      auto element = StoredType(type.element());
      return element == nullptr ? nullptr : arrow::list(std::move(element));
    }
    case TypeId::kMap: {
      auto key = StoredType(type.key());
      auto value = StoredType(type.value());
      if (key == nullptr || value == nullptr) return nullptr;
      return arrow::map(std::move(key), std::move(value));
    }
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (const types::StructField& field : type.fields()) {
        auto stored = StoredType(field.type);
        if (stored == nullptr) return nullptr;
        fields.push_back(arrow::field(field.name, std::move(stored)));
      }
      return arrow::struct_(std::move(fields));
    }
    default:
      return types::ToArrow(type);
  }
}

/// The library throws where it finds something odd.
template <class Function>
arrow::Status Guarded(const Function& call) {
  try {
    return call();
  } catch (const std::exception& broken) {
    return arrow::Status::Invalid(broken.what());
  }
}

class Writer final : public OrcFileWriter {
 public:
  Writer(std::unique_ptr<storage::ObjectWriter> object, std::shared_ptr<arrow::Schema> schema)
      : stream_(std::move(object)), schema_(std::move(schema)) {}

  Status Start(arrow::Compression::type compression) {
    return Call([&]() -> arrow::Status {
      arrow::adapters::orc::WriteOptions options;
      options.compression = compression;
      ARROW_ASSIGN_OR_RAISE(writer_, arrow::adapters::orc::ORCFileWriter::Open(&stream_, options));
      // A file without rows tells its columns too.
      return WriteColumns(0, {});
    });
  }

  Status Append(const arrow::RecordBatch& batch) override {
    if (batch.num_rows() == 0) return Ok();
    return Call([&]() -> arrow::Status {
      arrow::ArrayVector columns;
      for (int i = 0; i < schema_->num_fields(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto column,
                              arrow::compute::Cast(*batch.column(i), schema_->field(i)->type()));
        columns.push_back(std::move(column));
      }
      return WriteColumns(batch.num_rows(), std::move(columns));
    });
  }

  Result<storage::ObjectInfo> Finish() override {
    TRY(Call([&] { return writer_->Close(); }));
    return stream_.Finish();
  }

 private:
  arrow::Status WriteColumns(std::int64_t num_rows, arrow::ArrayVector columns) {
    if (columns.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto empty, arrow::RecordBatch::MakeEmpty(schema_));
      return writer_->Write(*empty);
    }
    return writer_->Write(*arrow::RecordBatch::Make(schema_, num_rows, std::move(columns)));
  }

  template <class Function>
  Status Call(const Function& call) {
    const arrow::Status status = Guarded(call);
    if (status.ok()) return Ok();
    if (stream_.error()) return std::unexpected(*stream_.error());
    return types::FromArrowStatus(status);
  }

  ObjectStream stream_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::adapters::orc::ORCFileWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<OrcFileWriter>> OrcFileWriter::Open(const storage::Location& location,
                                                           const types::StructType& schema,
                                                           const std::string& compression) {
  const Codec codec = TRY(FindCodec(compression));
  arrow::FieldVector fields;
  for (const types::StructField& field : schema.fields) {
    auto stored = StoredType(field.type);
    if (stored == nullptr) {
      return Fail(Condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
                  {{"columnName", types::QuoteIdentifier(field.name)},
                   {"columnType", types::ToSql(field.type)},
                   {"format", "ORC"}});
    }
    fields.push_back(arrow::field(field.name, std::move(stored)));
  }
  auto object = TRY(location.store->OpenWriter(location.path));
  auto writer = std::make_unique<Writer>(std::move(object), arrow::schema(std::move(fields)));
  TRY(writer->Start(codec.type));
  return writer;
}

Result<std::string> OrcCompressionSuffix(const std::string& compression) {
  return std::string(TRY(FindCodec(compression)).suffix);
}

}  // namespace inlet::formats
