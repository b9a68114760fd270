#include "formats/binary_file/binary_file_format.h"

#include <arrow/api.h>

#include <limits>
#include <string>
#include <utility>

#include "formats/columns/read_columns.h"
#include "types/arrow.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructType;
using types::TypeId;

/// The largest content that a batch can hold.
constexpr std::int64_t kMaxContentBytes = std::numeric_limits<std::int32_t>::max() - 8;

StructType FixedSchema() {
  return {{{.name = "path", .type = TypeId::kString},
           {.name = "modificationTime", .type = TypeId::kTimestamp},
           {.name = "length", .type = TypeId::kLong},
           {.name = "content", .type = TypeId::kBinary}}};
}

/// One row for one file. Its content is read only when it is asked for.
class OneFileReader final : public types::BatchReader {
 public:
  OneFileReader(const storage::ObjectStore& store, storage::ObjectInfo file, ReadColumns columns)
      : store_(store), file_(std::move(file)), columns_(std::move(columns)) {}

  Result<types::BatchPtr> Next() override {
    if (std::exchange(done_, true)) return nullptr;
    arrow::ArrayVector columns;
    for (const types::StructField& field : columns_.data().fields) {
      columns.push_back(TRY(Column(field)));
    }
    const auto data =
        arrow::RecordBatch::Make(types::ToArrow(columns_.data()), 1, std::move(columns));
    std::shared_ptr<arrow::Array> rescued;
    if (columns_.rescues()) rescued = ARROW_TRY(arrow::MakeArrayOfNull(arrow::utf8(), 1));
    return columns_.Assemble(*data, std::move(rescued));
  }

 private:
  Result<std::shared_ptr<arrow::Array>> Column(const types::StructField& field) const {
    const std::shared_ptr<arrow::DataType> type = types::ToArrow(field.type);
    if (EqualsIgnoreCase(field.name, "path")) {
      return One(arrow::StringScalar(storage::UrlOf(store_, file_.path)));
    }
    if (EqualsIgnoreCase(field.name, "modificationTime")) {
      return One(arrow::TimestampScalar(file_.modified_at_ms * 1000, type));
    }
    if (EqualsIgnoreCase(field.name, "length")) return One(arrow::Int64Scalar(file_.size_bytes));
    if (EqualsIgnoreCase(field.name, "content")) return Content();
    return ARROW_TRY(arrow::MakeArrayOfNull(type, 1));
  }

  static Result<std::shared_ptr<arrow::Array>> One(const arrow::Scalar& scalar) {
    return ARROW_TRY(arrow::MakeArrayFromScalar(scalar, 1));
  }

  Result<std::shared_ptr<arrow::Array>> Content() const {
    if (file_.size_bytes > kMaxContentBytes) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", storage::UrlOf(store_, file_.path) + " has " +
                                   std::to_string(file_.size_bytes) + " bytes"},
                   {"limit", std::to_string(kMaxContentBytes) + " bytes in one value"}});
    }
    const auto object = TRY(store_.Open(file_));
    std::shared_ptr<arrow::Buffer> bytes = ARROW_TRY(arrow::AllocateBuffer(file_.size_bytes));
    const std::int64_t length = TRY(object->ReadAt({.position = 0, .length = file_.size_bytes},
                                                   reinterpret_cast<char*>(bytes->mutable_data())));
    if (length != file_.size_bytes) {
      return Fail(Condition::INLET_CORRUPT_FILE,
                  {{"path", storage::UrlOf(store_, file_.path)},
                   {"message", "it became shorter while it was read"}});
    }
    const std::int32_t offsets[] = {0, static_cast<std::int32_t>(length)};
    std::shared_ptr<arrow::Buffer> offset_bytes = arrow::Buffer::FromString(
        std::string(reinterpret_cast<const char*>(offsets), sizeof offsets));
    return std::make_shared<arrow::BinaryArray>(1, std::move(offset_bytes), std::move(bytes));
  }

  const storage::ObjectStore& store_;  // Outlives this.
  storage::ObjectInfo file_;
  ReadColumns columns_;
  bool done_ = false;
};

class ConfiguredBinaryFile final : public ConfiguredFormat {
 public:
  Result<StructType> InferSchema(const storage::ObjectStore&, std::span<const storage::ObjectInfo>,
                                 const InferOptions&, std::stop_token) const override {
    return FixedSchema();
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore&, const storage::ObjectInfo& file,
                                       std::int64_t) const override {
    return std::vector{FileSplit{.file = file}};
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    const StructType& given = schema.data_schema.empty() ? schema.columns : schema.data_schema;
    ReadColumns columns(schema);
    const StructType fixed = FixedSchema();
    for (const types::StructField& field : columns.data().fields) {
      const types::StructField* known = fixed.Find(field.name);
      if (known == nullptr || !(known->type == field.type)) {
        return Fail(Condition::INVALID_SCHEMA,
                    {{"inputSchema", types::ToDdl(given)},
                     {"message", "binaryFile has the columns " + types::ToDdl(fixed)}});
      }
    }
    return std::make_unique<OneFileReader>(store, split.file, std::move(columns));
  }
};

class BinaryFileFormatImpl final : public Format {
 public:
  std::string_view name() const override { return "binaryFile"; }
  std::span<const OptionSpec> options() const override { return {}; }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap&, bool) const override {
    return std::make_unique<ConfiguredBinaryFile>();
  }
};

}  // namespace

const Format& BinaryFileFormat() {
  static const BinaryFileFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
