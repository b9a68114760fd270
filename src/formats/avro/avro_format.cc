#include "formats/avro/avro_format.h"

#include <algorithm>
#include <array>
#include <utility>

#include "formats/avro/avro_container_internal.h"
#include "formats/avro/avro_decoder_internal.h"
#include "formats/columns/column_mapper.h"
#include "formats/columns/parallel_infer.h"
#include "formats/columns/schema_merge.h"
#include "types/column_builder.h"

namespace inlet::formats {
namespace {

using namespace avro_internal;
using types::StructType;

/// A record schema as columns. Errors: INLET_UNSUPPORTED_FILE for another type at the top.
Result<StructType> ColumnsOf(const AvroSchema& schema, const std::string& url) {
  if (schema.kind != AvroKind::kRecord) {
    return Fail(Condition::INLET_UNSUPPORTED_FILE,
                {{"path", url}, {"message", "its Avro schema is not a record"}});
  }
  return StructType{schema.type.fields()};
}

/// Records of one split, decoded into the file's own types and mapped from those.
class RecordsReader final : public types::BatchReader {
 public:
  RecordsReader(std::unique_ptr<AvroContainer> container, std::unique_ptr<ColumnMapper> mapper,
                const StructType& columns, const ReadSchema& schema)
      : container_(std::move(container)),
        mapper_(std::move(mapper)),
        max_rows_(schema.batch_rows),
        max_bytes_(schema.batch_bytes),
        builder_of_field_(columns.size(), -1) {
    StructType wanted;
    for (const int index : mapper_->wanted()) {
      const auto field = static_cast<std::size_t>(index);
      builder_of_field_[field] = static_cast<int>(wanted.size());
      wanted.fields.push_back(columns.fields[field]);
      wanted.fields.back().nullable = true;
    }
    builder_ = std::make_unique<types::BatchBuilder>(wanted);
  }

  Result<types::BatchPtr> Next() override {
    std::int64_t rows = 0;
    while (rows < max_rows_) {
      if (records_left_ == 0) {
        if (!TRY(NextBlock())) break;
        continue;
      }
      TRY(DecodeRecord());
      ++rows;
      constexpr std::int64_t kRowsPerCheck = 64;
      const bool checks = rows % kRowsPerCheck == 0 || block_.size() > 64 * kRowsPerCheck;
      if (checks && builder_->size_bytes() >= max_bytes_) break;
    }
    if (rows == 0) return nullptr;
    const types::BatchPtr raw = TRY(builder_->Finish(rows));
    return mapper_->Map(*raw);
  }

 private:
  /// Opens the next block with records; false at the end.
  Result<bool> NextBlock() {
    for (;;) {
      const std::optional<AvroBlock> block = TRY(container_->NextBlock());
      if (!block) return false;
      block_ = block->bytes;
      cursor_ = AvroCursor(block_);
      const std::uint64_t least = container_->schema().min_bytes;
      // Records without any bytes are legal; a file of them may not keep us for ever.
      const std::uint64_t most = least == 0 ? kMaxEmptyRecords : block_.size() / least;
      if (static_cast<std::uint64_t>(block->num_records) > most) {
        return container_->Corrupt("a block has more records than bytes");
      }
      records_left_ = block->num_records;
      if (records_left_ > 0) return true;
      if (!block_.empty()) return container_->Corrupt("a block without records has bytes");
    }
  }

  Status DecodeRecord() {
    const std::vector<AvroField>& fields = container_->schema().fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const int index = builder_of_field_[i];
      const char* wrong = index < 0 ? SkipAvro(*fields[i].schema, cursor_)
                                    : DecodeAvro(*fields[i].schema, cursor_,
                                                 builder_->column(static_cast<std::size_t>(index)));
      if (wrong != nullptr) {
        return container_->Corrupt("field " + fields[i].name + ": " + wrong);
      }
    }
    if (--records_left_ == 0 && cursor_.left() > 0) {
      return container_->Corrupt("a block has bytes after its last record");
    }
    return Ok();
  }

  static constexpr std::uint64_t kMaxEmptyRecords = std::uint64_t{1} << 32;

  std::unique_ptr<AvroContainer> container_;
  std::unique_ptr<ColumnMapper> mapper_;
  std::int64_t max_rows_;
  std::int64_t max_bytes_;
  std::vector<int> builder_of_field_;  // -1: not wanted.
  std::unique_ptr<types::BatchBuilder> builder_;
  std::string_view block_;  // Of container_.
  AvroCursor cursor_{{}};
  std::int64_t records_left_ = 0;  // In block_.
};

class ConfiguredAvro final : public ConfiguredFormat {
 public:
  struct Options {
    std::optional<StructType> reader_schema;  ///< avroSchema.
    bool case_sensitive = true;
    CalendarRebase rebase = CalendarRebase::kCorrected;
  };
  explicit ConfiguredAvro(Options options) : options_(std::move(options)) {}

  Result<StructType> InferSchema(const storage::ObjectStore& store,
                                 std::span<const storage::ObjectInfo> files,
                                 const InferOptions& options, std::stop_token stop) const override {
    if (options_.reader_schema) return AsNullable(*options_.reader_schema);
    return InferFromEach(
        files, options.threads, stop, [&](const storage::ObjectInfo& file) -> Result<StructType> {
          const auto container = TRY(AvroContainer::Open(store, file));
          StructType columns = TRY(ColumnsOf(container->schema(), container->url()));
          TRY(CheckDistinctNames(columns).Context("read " + container->url()));
          return columns;
        });
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore&, const storage::ObjectInfo& file,
                                       std::int64_t target_bytes) const override {
    std::vector<FileSplit> splits;
    std::int64_t begin = 0;
    while (file.size_bytes - begin > target_bytes + target_bytes / 2) {
      splits.push_back({.file = file, .position = begin, .length = target_bytes});
      begin += target_bytes;
    }
    splits.push_back({.file = file, .position = begin, .length = -1});
    return splits;
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    auto container = TRY(AvroContainer::Open(store, split.file));
    const StructType columns = TRY(ColumnsOf(container->schema(), container->url()));
    TRY(container->Seek(split.position, split.length < 0 ? -1 : split.position + split.length));
    auto mapper = TRY(ColumnMapper::Make(columns, schema, options_.case_sensitive, container->url(),
                                         options_.rebase));
    return std::make_unique<RecordsReader>(std::move(container), std::move(mapper), columns,
                                           schema);
  }

 private:
  Options options_;
};

Result<CalendarRebase> ParseRebase(const OptionMap& options) {
  const std::string text = GetString(options, "datetimeRebaseMode").value_or("CORRECTED");
  if (EqualsIgnoreCase(text, "CORRECTED")) return CalendarRebase::kCorrected;
  if (EqualsIgnoreCase(text, "LEGACY")) return CalendarRebase::kLegacy;
  if (EqualsIgnoreCase(text, "EXCEPTION")) return CalendarRebase::kException;
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "datetimeRebaseMode"},
               {"functionName", "avro"},
               {"message", text + " is none of EXCEPTION, CORRECTED, LEGACY"}});
}

class AvroFormatImpl final : public Format {
 public:
  std::string_view name() const override { return "avro"; }

  std::span<const OptionSpec> options() const override {
    static constexpr std::array kOptions{
        OptionSpec{"avroSchema", ""},        OptionSpec{"datetimeRebaseMode", "CORRECTED"},
        OptionSpec{"mergeSchema", "false"},  OptionSpec{"readerCaseSensitive", "true"},
        OptionSpec{"rescuedDataColumn", ""},
    };
    return kOptions;
  }

  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool /*inferring*/) const override {
    ConfiguredAvro::Options parsed;
    parsed.case_sensitive = TRY(GetBool(options, "readerCaseSensitive")).value_or(true);
    parsed.rebase = TRY(ParseRebase(options));
    TRY(GetBool(options, "mergeSchema"));
    if (const auto text = GetString(options, "avroSchema"); text && !text->empty()) {
      const AvroSchemaPtr schema = TRY(ParseAvroSchema(*text, "the option avroSchema"));
      for (const AvroField& field : schema->fields) {
        if (field.has_default) return FailUnsupported("default values in the option avroSchema");
      }
      parsed.reader_schema = TRY(ColumnsOf(*schema, "the option avroSchema"));
    }
    return std::make_unique<ConfiguredAvro>(std::move(parsed));
  }
};

}  // namespace

const Format& AvroFormat() {
  static const AvroFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
