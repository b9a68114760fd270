#include "formats/xml/xml_format.h"

#include <algorithm>

#include "formats/columns/column_json.h"
#include "formats/compression/byte_stream.h"
#include "formats/xml/xml_options.h"
#include "formats/xml/xml_rows_internal.h"
#include "formats/xml/xml_shape_internal.h"
#include "formats/xml/xml_values_internal.h"
#include "types/json_text.h"

namespace inlet::formats {
namespace {

Result<std::unique_ptr<XmlRows>> OpenRows(const storage::ObjectStore& store,
                                          const storage::ObjectInfo& file,
                                          const XmlOptions& options) {
  std::unique_ptr<ByteStream> stream = TRY(OpenByteStream(store, file));
  if (options.encoding) stream = DecodeText(*options.encoding, std::move(stream));
  return std::make_unique<XmlRows>(options, std::move(stream), storage::UrlOf(store, file.path));
}

/// Reads one file into batches. Not thread-safe.
class XmlBatchReader final : public types::BatchReader {
 public:
  XmlBatchReader(const storage::ObjectStore& store, const FileSplit& split,
                 const XmlOptions& options, const ReadSchema& schema, const types::TimeZone& zone)
      : options_(options),
        schema_(schema),
        path_(storage::UrlOf(store, split.file.path)),
        batch_(schema.columns),
        values_(options_, zone) {}

  Status Open(const storage::ObjectStore& store, const storage::ObjectInfo& file) {
    rows_ = TRY(OpenRows(store, file, options_));
    values_.rescue.active = schema_.rescued_column.has_value();
    if (schema_.rescued_column) rescued_ = &batch_.column(*schema_.rescued_column);
    if (schema_.corrupt_record_column) corrupt_ = &batch_.column(*schema_.corrupt_record_column);
    BindFields();
    if (!options_.single_variant_column || fields_.empty()) return Ok();
    const bool is_variant = fields_.size() == 1 && fields_[0].type.is(types::TypeId::kVariant) &&
                            fields_[0].name == *options_.single_variant_column;
    if (is_variant) return Ok();
    return Fail(Condition::INVALID_SINGLE_VARIANT_COLUMN, {{"schema", ToDdl(schema_.columns)}});
  }

  Result<types::BatchPtr> Next() override {
    int rows_to_size_check = 0;
    while (!done_ && num_rows_ < schema_.batch_rows) {
      if (--rows_to_size_check <= 0) {
        rows_to_size_check = 64;
        if (num_rows_ > 0 && batch_.size_bytes() >= schema_.batch_bytes) break;
      }
      const std::optional<XmlElement> row = TRY(rows_->Next());
      if (row) {
        TRY(AppendRow(*row));
      } else {
        done_ = true;
        if (rows_->malformed()) TRY(AppendMalformed(*rows_->malformed()));
      }
    }
    if (num_rows_ == 0) return nullptr;
    for (const auto& column : unseen_) column->Truncate(0);
    return batch_.Finish(std::exchange(num_rows_, 0));
  }

 private:
  bool IsSpecial(std::size_t column) const {
    return column == schema_.rescued_column || column == schema_.corrupt_record_column ||
           column == schema_.split_index_column;
  }

  /// The fields of the data and the columns of those that are looked at.
  void BindFields() {
    for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
      if (IsSpecial(i)) continue;
      fields_.push_back(schema_.columns.fields[i]);
      columns_.push_back(&batch_.column(i));
    }
    for (const types::StructField& field : schema_.data_schema.fields) {
      const bool known = std::ranges::any_of(
          schema_.columns.fields, [&](const auto& column) { return column.name == field.name; });
      if (known) continue;
      fields_.push_back(field);
      columns_.push_back(nullptr);
      if (!values_.rescue.active) continue;
      unseen_.push_back(std::make_unique<types::ColumnBuilder>(field.type));
      columns_.back() = unseen_.back().get();
    }
  }

  Status AppendRow(const XmlElement& row) {
    bool fits = true;
    if (options_.single_variant_column && !columns_.empty()) {
      if (!values_.AppendVariant(row, *columns_[0])) {
        columns_[0]->AppendNull();
        fits = false;
      }
    } else {
      fits = values_.AppendFields(row, fields_, columns_);
    }
    const bool malformed = !fits && rescued_ == nullptr;
    if (malformed && (schema_.bad_record_sink || options_.mode != ParseMode::kPermissive)) {
      batch_.Truncate(num_rows_);
      return RefuseRecord("a value does not fit the type of its column");
    }
    FinishRow();
    if (malformed && corrupt_ != nullptr) TRY(KeepDocument());
    return Ok();
  }

  void FinishRow() {
    if (rescued_ != nullptr) {
      if (values_.rescue.empty()) {
        rescued_->AppendNull();
      } else {
        rescued_->AppendBytes(
            RescuedObject(values_.rescue.text(), schema_.rescue_file_path ? path_ : ""));
        values_.rescue.Clear();
      }
    }
    if (corrupt_ != nullptr) corrupt_->AppendNull();
    if (schema_.split_index_column) batch_.column(*schema_.split_index_column).AppendInteger(0);
    ++num_rows_;
  }

  /// Puts the document into the corrupt-record column of the last row, as Spark does.
  Status KeepDocument() {
    TRY(rows_->ReadWholeDocument());
    std::string text;
    AppendValidUtf8(rows_->document(), text);
    corrupt_->Truncate(num_rows_ - 1);
    corrupt_->AppendBytes(text);
    return Ok();
  }

  /// What modes other than PERMISSIVE do with a record.
  Status RefuseRecord(const std::string& reason) {
    if (!schema_.bad_record_sink && options_.mode == ParseMode::kDropMalformed) return Ok();
    TRY(rows_->ReadWholeDocument());
    std::string text;
    AppendValidUtf8(rows_->document(), text);
    if (schema_.bad_record_sink) {
      schema_.bad_record_sink({.path = path_, .record = std::move(text), .reason = reason});
      return Ok();
    }
    constexpr std::size_t kMaxShown = 1000;
    return Status(Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                       {{"badRecord", text.substr(0, kMaxShown)}, {"failFastMode", "FAILFAST"}}))
        .Context("read " + path_ + ": " + reason);
  }

  /// The rest of a malformed document, as one row.
  Status AppendMalformed(const std::string& reason) {
    if (schema_.bad_record_sink || options_.mode != ParseMode::kPermissive) {
      return RefuseRecord(reason);
    }
    for (types::ColumnBuilder* column : columns_) {
      if (column != nullptr) column->AppendNull();
    }
    if (corrupt_ == nullptr && rescued_ != nullptr) {
      TRY(rows_->ReadWholeDocument());
      values_.rescue.Add(options_.corrupt_record_name, types::JsonQuote(rows_->document()));
    }
    FinishRow();
    if (corrupt_ != nullptr) TRY(KeepDocument());
    return Ok();
  }

  const XmlOptions options_;
  const ReadSchema schema_;
  const std::string path_;
  types::BatchBuilder batch_;
  XmlValues values_;
  std::unique_ptr<XmlRows> rows_;
  std::vector<types::StructField> fields_;
  std::vector<types::ColumnBuilder*> columns_;  // Null: nobody looks at the field.
  std::vector<std::unique_ptr<types::ColumnBuilder>> unseen_;
  types::ColumnBuilder* rescued_ = nullptr;
  types::ColumnBuilder* corrupt_ = nullptr;
  std::int64_t num_rows_ = 0;
  bool done_ = false;
};

class ConfiguredXml final : public ConfiguredFormat {
 public:
  explicit ConfiguredXml(XmlOptions options) : options_(std::move(options)) {}

  Result<types::StructType> InferSchema(const storage::ObjectStore& store,
                                        std::span<const storage::ObjectInfo> files,
                                        const InferOptions& infer,
                                        std::stop_token stop) const override {
    if (options_.single_variant_column) {
      return types::StructType{
          {{.name = *options_.single_variant_column, .type = types::TypeId::kVariant}}};
    }
    const types::TimeZone* zone = TRY(ZoneOf(infer.session_time_zone));
    XmlShape shape;
    bool has_malformed = false;
    std::int64_t bytes = 0;
    for (const storage::ObjectInfo& file : files) {
      if (bytes >= infer.max_bytes) break;
      bytes += file.size_bytes;
      const std::unique_ptr<XmlRows> rows = TRY(OpenRows(store, file, options_));
      while (const std::optional<XmlElement> row = TRY(rows->Next())) {
        if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
        shape.AddRow(*row, options_, *zone);
      }
      if (!rows->malformed()) continue;
      if (options_.mode == ParseMode::kFailFast) {
        TRY(Status(Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                        {{"badRecord", *rows->malformed()}, {"failFastMode", "FAILFAST"}}))
                .Context("read " + storage::UrlOf(store, file.path)));
      }
      has_malformed = true;
    }
    types::StructType schema{shape.ToFields(options_)};
    if (!infer.infer_column_types) {
      for (types::StructField& field : schema.fields) field.type = types::TypeId::kString;
    }
    if (has_malformed && infer.add_corrupt_record_column &&
        options_.mode == ParseMode::kPermissive) {
      schema.fields.push_back(
          {.name = options_.corrupt_record_name, .type = types::TypeId::kString});
      std::ranges::sort(schema.fields, {}, &types::StructField::name);
    }
    return schema;
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore&, const storage::ObjectInfo& file,
                                       std::int64_t) const override {
    return std::vector<FileSplit>{{.file = file}};
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    const types::TimeZone* zone = TRY(ZoneOf(schema.session_time_zone));
    auto reader = std::make_unique<XmlBatchReader>(store, split, options_, schema, *zone);
    TRY(reader->Open(store, split.file));
    return reader;
  }

 private:
  Result<const types::TimeZone*> ZoneOf(std::string_view session_time_zone) const {
    if (options_.time_zone != nullptr) return options_.time_zone;
    return types::TimeZone::Find(session_time_zone);
  }

  const XmlOptions options_;
};

class Xml final : public Format {
 public:
  std::string_view name() const override { return "xml"; }
  std::span<const OptionSpec> options() const override { return XmlOptions::Known(); }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool) const override {
    return std::make_unique<ConfiguredXml>(TRY(XmlOptions::Parse(options)));
  }
};

}  // namespace

const Format& XmlFormat() {
  static const Xml format;
  return format;
}

}  // namespace inlet::formats
