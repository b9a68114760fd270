#include "formats/csv/csv_text.h"

#include <arrow/array.h>

#include "formats/csv/csv_options.h"
#include "formats/csv/csv_tokenizer.h"
#include "formats/csv/csv_type_inference.h"
#include "formats/csv/csv_values.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

constexpr std::string_view kNoPath = "a text";

Result<const types::TimeZone*> ZoneOf(const CsvOptions& options, const types::TimeZone& session) {
  if (options.time_zone.empty()) return &session;
  return types::TimeZone::Find(options.time_zone);
}

/// The cells of one line; no record for an empty text.
Status Tokenize(const CsvOptions& options, std::string_view text, CsvRecords& records) {
  records.Clear();
  CsvTokenizer tokenizer(options, std::string(kNoPath));
  TRY(tokenizer.Tokenize(text, /*is_last=*/true, text.size(), /*max_records=*/1, records));
  return Ok();
}

class TextReader final : public CsvTextReader {
 public:
  TextReader(CsvOptions options, const DataType& type) : options_(std::move(options)) {
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      const StructField& field = type.fields()[i];
      const bool is_corrupt = EqualsIgnoreCase(field.name, options_.corrupt_record_column) &&
                              field.type.is(TypeId::kString);
      if (is_corrupt) corrupt_field_ = i;
    }
  }

  Status Prepare(const DataType& type, const types::TimeZone& zone) {
    for (const StructField& field : type.fields()) {
      converters_.push_back(TRY(CsvColumnConverter::Make(field, options_, zone)));
    }
    return Ok();
  }

  Status Append(std::string_view text, types::ColumnBuilder& out) override {
    TRY(Tokenize(options_, text, records_));
    misfits_.clear();
    std::size_t source = 0;
    for (std::size_t i = 0; i < converters_.size(); ++i) {
      if (i == corrupt_field_) continue;
      if (records_.records.empty()) {
        out.child(i).AppendNull();
      } else {
        converters_[i].Append(records_, records_.records, source, /*valid_utf8=*/true, out.child(i),
                              misfits_);
      }
      ++source;
    }
    const std::size_t num_cells =
        records_.records.empty() ? 0 : records_.records.front().num_fields;
    const bool malformed = !misfits_.empty() || num_cells != source;
    if (malformed && options_.mode == ParseMode::kFailFast) {
      return Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                  {{"badRecord", std::string(text)}, {"failFastMode", "FAILFAST"}});
    }
    if (corrupt_field_) {
      if (malformed) {
        out.child(*corrupt_field_).AppendBytes(text);
      } else {
        out.child(*corrupt_field_).AppendNull();
      }
    }
    out.CloseNested();
    return Ok();
  }

 private:
  CsvOptions options_;  // The converters point into it.
  std::vector<CsvColumnConverter> converters_;
  std::optional<std::size_t> corrupt_field_;
  CsvRecords records_;
  std::vector<std::uint32_t> misfits_;
};

/// What of the options only a writer knows.
struct WriteOptions {
  bool quote_all = false;
  bool trim = true;
  std::string empty_value = "\"\"";
};

class TextWriter final : public CsvTextWriter {
 public:
  TextWriter(CsvOptions options, WriteOptions write, DataType type, const types::TimeZone& zone)
      : options_(std::move(options)),
        write_(std::move(write)),
        type_(std::move(type)),
        zone_(zone) {}

  Status Append(const arrow::Array& array, std::int64_t row, std::string& out) const override {
    const auto& values = static_cast<const arrow::StructArray&>(array);
    std::string cell;
    for (std::size_t i = 0; i < type_.fields().size(); ++i) {
      if (i > 0) out += options_.separator;
      const arrow::Array& column = *values.field(static_cast<int>(i));
      if (column.IsNull(row)) {
        out += options_.null_value;
        continue;
      }
      cell.clear();
      TRY(AppendText(column, row, type_.fields()[i].type, cell));
      AppendCell(cell, out);
    }
    return Ok();
  }

 private:
  Status AppendText(const arrow::Array& column, std::int64_t row, const DataType& type,
                    std::string& out) const {
    if (type.is(TypeId::kTimestamp) && options_.timestamp_format) {
      const auto& instants = static_cast<const arrow::TimestampArray&>(column);
      options_.timestamp_format->FormatTimestamp(instants.Value(row), zone_, out);
      return Ok();
    }
    if (type.is(TypeId::kTimestampNtz) && options_.timestamp_ntz_format) {
      const auto& local = static_cast<const arrow::TimestampArray&>(column);
      options_.timestamp_ntz_format->FormatTimestampNtz(local.Value(row), out);
      return Ok();
    }
    if (type.is(TypeId::kDate) && options_.date_format) {
      options_.date_format->FormatDate(static_cast<const arrow::Date32Array&>(column).Value(row),
                                       out);
      return Ok();
    }
    return types::AppendCell(column, row, type, zone_, out);
  }

  void AppendCell(std::string_view cell, std::string& out) const {
    if (write_.trim) {
      while (cell.starts_with(' ') || cell.starts_with('\t')) cell.remove_prefix(1);
      while (cell.ends_with(' ') || cell.ends_with('\t')) cell.remove_suffix(1);
    }
    if (cell.empty()) {
      out += write_.empty_value;
      return;
    }
    const bool needs_quotes = write_.quote_all || cell.contains(options_.separator) ||
                              cell.contains('\n') || cell.contains('\r') ||
                              cell.contains(options_.quote);
    if (!needs_quotes || options_.quote == '\0') {
      out += cell;
      return;
    }
    out += options_.quote;
    for (const char c : cell) {
      if (c == options_.quote) out += options_.escape;
      out += c;
    }
    out += options_.quote;
  }

  CsvOptions options_;
  WriteOptions write_;
  DataType type_;
  const types::TimeZone& zone_;
};

/// The formats of a writer that is told none.
OptionMap WithFormats(OptionMap options) {
  options.emplace("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
  options.emplace("timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss.SSS");
  return options;
}

}  // namespace

Result<std::unique_ptr<CsvTextReader>> CsvTextReader::Create(
    const DataType& type, const OptionMap& options, const types::TimeZone& session_time_zone) {
  if (!type.is(TypeId::kStruct)) {
    return Fail(Condition::UNSUPPORTED_DATATYPE, {{"typeName", ToSql(type)}, {"suggestion", ""}});
  }
  CsvOptions parsed = TRY(CsvOptions::Parse(options, /*inferring=*/false));
  if (parsed.mode == ParseMode::kDropMalformed) {
    return Fail(Condition::PARSE_MODE_UNSUPPORTED,
                {{"funcName", "from_csv"}, {"mode", "DROPMALFORMED"}});
  }
  for (const StructField& field : type.fields()) {
    if (!field.type.is_nested() && !field.type.is(TypeId::kVariant)) continue;
    return Fail(Condition::UNSUPPORTED_DATATYPE,
                {{"typeName", ToSql(field.type)}, {"suggestion", " A CSV cell cannot hold it."}});
  }
  const types::TimeZone* zone = TRY(ZoneOf(parsed, session_time_zone));
  auto reader = std::make_unique<TextReader>(std::move(parsed), type);
  TRY(reader->Prepare(type, *zone));
  return reader;
}

Result<std::unique_ptr<const CsvTextWriter>> CsvTextWriter::Create(
    const DataType& type, const OptionMap& options, const types::TimeZone& session_time_zone) {
  if (!type.is(TypeId::kStruct)) {
    return Fail(Condition::DATATYPE_MISMATCH,
                {{"sqlExpr", "to_csv"}, {"message", "it takes a STRUCT, not " + ToSql(type)}});
  }
  WriteOptions write;
  write.quote_all = TRY(GetBool(options, "quoteAll")).value_or(false);
  write.trim = TRY(GetBool(options, "ignoreLeadingWhiteSpace")).value_or(true);
  write.empty_value = GetString(options, "emptyValue").value_or(write.empty_value);
  CsvOptions parsed = TRY(CsvOptions::Parse(WithFormats(options), /*inferring=*/false));
  const types::TimeZone* zone = TRY(ZoneOf(parsed, session_time_zone));
  return std::make_unique<const TextWriter>(std::move(parsed), std::move(write), type, *zone);
}

Result<std::string> SchemaOfCsv(std::string_view csv, const OptionMap& options,
                                const types::TimeZone& session_time_zone) {
  const CsvOptions parsed = TRY(CsvOptions::Parse(options, /*inferring=*/false));
  const types::TimeZone* zone = TRY(ZoneOf(parsed, session_time_zone));
  CsvRecords records;
  TRY(Tokenize(parsed, csv, records));
  if (records.records.empty()) {
    return Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                {{"badRecord", std::string(csv)}, {"failFastMode", "FAILFAST"}});
  }
  const CsvTypeInference inference(parsed, *zone);
  types::StructType schema;
  for (std::size_t i = 0; i < records.records.front().num_fields; ++i) {
    InferredType type;
    inference.Widen(records, i, type);
    schema.fields.push_back({.name = "_c" + std::to_string(i), .type = type.ToDataType()});
  }
  return ToSql(DataType::Struct(std::move(schema.fields)));
}

}  // namespace inlet::formats
