#include "ingest/type_evidence.h"

#include <arrow/api.h>

#include <algorithm>
#include <map>

#include "formats/csv/csv_options.h"
#include "formats/csv/csv_type_inference.h"
#include "ingest/format_detection.h"
#include "types/time_zone.h"
#include "types/variant.h"

namespace inlet::ingest {
namespace {

using types::StructField;
using types::StructType;
using types::TypeId;

constexpr std::int64_t kMostRows = 1'000'000;
constexpr std::size_t kMostFiles = 1000;
constexpr std::size_t kMostExampleBytes = 60;
constexpr const char* kNothing = "VOID";

using Counts = std::map<std::string, TypeCount>;

std::string Shortened(std::string text) {
  if (text.size() <= kMostExampleBytes) return text;
  text.resize(kMostExampleBytes);
  // Not within a character.
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
  return text + "...";
}

/// Says which type a value has by itself. Not thread-safe.
class ValueTypes {
 public:
  virtual ~ValueTypes() = default;
  /// The type as which the columns are to be read.
  virtual types::DataType read_as() const = 0;
  struct Value {
    std::string type;
    std::string text;
  };
  virtual Result<Value> TypeAt(const arrow::Array& column, std::int64_t row) const = 0;
};

/// Texts, by the rules of CSV.
class TextTypes final : public ValueTypes {
 public:
  TextTypes(formats::CsvOptions options, const types::TimeZone& zone)
      : options_(std::move(options)), inference_(options_, zone) {}

  types::DataType read_as() const override { return TypeId::kString; }

  Result<Value> TypeAt(const arrow::Array& column, std::int64_t row) const override {
    const std::string_view text = static_cast<const arrow::StringArray&>(column).GetView(row);
    const formats::InferredType type = inference_.WidenBy({}, text);
    return Value{.type = types::ToSql(type.ToDataType()), .text = std::string(text)};
  }

 private:
  const formats::CsvOptions options_;
  const formats::CsvTypeInference inference_;
};

/// Values of JSON, which bring their types.
class VariantTypes final : public ValueTypes {
 public:
  explicit VariantTypes(const types::TimeZone& zone) : zone_(zone) {}

  types::DataType read_as() const override { return TypeId::kVariant; }

  Result<Value> TypeAt(const arrow::Array& column, std::int64_t row) const override {
    const auto& parts = static_cast<const arrow::StructArray&>(column);
    const auto bytes = [&](int part) {
      return static_cast<const arrow::BinaryArray&>(*parts.field(part)).GetView(row);
    };
    const types::VariantView variant{.metadata = bytes(0), .value = bytes(1)};
    const types::VariantNode node = TRY(types::VariantNode::Root(variant));
    Value value{.type = NameOf(node)};
    if (value.type != kNothing) TRY(types::AppendJson(variant, zone_, value.text));
    return value;
  }

 private:
  static std::string NameOf(const types::VariantNode& node) {
    using Kind = types::VariantKind;
    switch (node.kind()) {
      case Kind::kNull:
        return kNothing;
      case Kind::kBoolean:
        return "BOOLEAN";
      case Kind::kLong:
        return "BIGINT";
      case Kind::kDecimal:
        return node.scale() == 0 ? "DECIMAL" : "DOUBLE";
      case Kind::kDouble:
      case Kind::kFloat:
        return "DOUBLE";
      case Kind::kObject:
        return "STRUCT";
      case Kind::kArray:
        return "ARRAY";
      default:
        return "STRING";
    }
  }

  const types::TimeZone& zone_;
};

void Note(Counts& counts, const std::string& type, std::string text, const std::string& file) {
  TypeCount& count = counts[type];
  if (count.count++ > 0) return;
  count.type = type;
  count.example = Shortened(std::move(text));
  count.file = file;
}

/// Whether a column whose values have the types of `counts` but `left_out` would be another one.
bool Decides(const Counts& counts, const std::string& left_out, const std::string& type) {
  if (left_out == kNothing || counts.size() == 1) return false;
  const auto is_of = [&](const std::string& name) {
    return type == name || type.starts_with(name + "<") || type.starts_with(name + "(");
  };
  // One kind of value alone gives its own type.
  std::vector<std::string> others;
  for (const auto& [name, count] : counts) {
    if (name != left_out && name != kNothing) others.push_back(name);
  }
  if (others.empty()) return false;
  if (std::ranges::any_of(others, is_of)) return false;
  return is_of(left_out) || others.size() == 1;
}

/// The type that most values have, if it is another one than inference gave.
std::string HintFor(const std::string& column, const std::string& type, const Counts& counts) {
  const TypeCount* most = nullptr;
  for (const auto& [name, count] : counts) {
    const bool is_plain = name != kNothing && name != "STRUCT" && name != "ARRAY";
    if (is_plain && (most == nullptr || count.count > most->count)) most = &count;
  }
  if (most == nullptr || type == most->type || most->type == "STRING") return "";
  if (most->type == "DECIMAL") return "";
  return types::QuoteIdentifier(column) + " " + most->type;
}

ColumnEvidence EvidenceOf(const StructField& field, const Counts& counts, bool counts_files) {
  ColumnEvidence evidence{
      .column = field.name, .type = types::ToSql(field.type), .counts_files = counts_files};
  for (const auto& [name, count] : counts) {
    evidence.types.push_back(count);
    evidence.types.back().decides = Decides(counts, name, evidence.type);
  }
  std::ranges::stable_sort(evidence.types, std::ranges::greater(), &TypeCount::count);
  if (!counts_files) evidence.hint = HintFor(field.name, evidence.type, counts);
  return evidence;
}

class EvidenceSearch {
 public:
  EvidenceSearch(ReadFilesRequest request, std::stop_token stop)
      : request_(std::move(request)), stop_(std::move(stop)) {}

  Result<std::vector<ColumnEvidence>> Run() {
    if (request_.options.contains("schema")) {
      return Fail(Condition::CONTRADICTORY_OPTIONS,
                  {{"first", "schema"},
                   {"second", "infer_schema"},
                   {"message", "with a schema nothing is inferred"}});
    }
    if (!request_.listing) {
      request_.listing = std::make_shared<const FileListing>(TRY(ListFiles(
          request_.location, TRY(FilterFrom(request_.options, request_.session_time_zone)))));
    }
    const FilesSchema schema = TRY(InferFilesSchema(request_, stop_));
    const formats::Format* format = TRY(ChooseFormat(request_.options, *request_.location.store,
                                                     request_.listing->files, request_.path_text));
    const std::string name(format->name());
    const bool has_values = name == "csv" || name == "json" || name == "xml";
    std::vector<Counts> counts(schema.data.size());
    if (has_values) {
      TRY(CountValues(name, schema, counts));
    } else {
      TRY(CountFiles(schema, counts));
    }
    std::vector<ColumnEvidence> evidence;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      evidence.push_back(EvidenceOf(schema.data.fields[i], counts[i], !has_values));
    }
    return evidence;
  }

 private:
  Result<std::unique_ptr<ValueTypes>> TypesOf(const std::string& format) const {
    const types::TimeZone* zone = TRY(types::TimeZone::Find(request_.session_time_zone));
    if (format == "json") return std::make_unique<VariantTypes>(*zone);
    OptionMap options;
    if (format == "csv") {
      for (const formats::OptionSpec& spec : formats::CsvOptionSpecs()) {
        const auto found = request_.options.find(spec.name);
        if (found != request_.options.end()) options.insert(*found);
      }
    }
    return std::make_unique<TextTypes>(TRY(formats::CsvOptions::Parse(options, /*inferring=*/true)),
                                       *zone);
  }

  /// Reads the files with columns that take every value as it is.
  Status CountValues(const std::string& format, const FilesSchema& schema,
                     std::vector<Counts>& counts) {
    const std::unique_ptr<ValueTypes> value_types = TRY(TypesOf(format));
    ReadFilesRequest request = request_;
    FilesSchema plain = schema;
    const std::string corrupt =
        GetString(request_.options, "columnNameOfCorruptRecord").value_or("_corrupt_record");
    for (StructField& field : plain.data.fields) {
      if (!EqualsIgnoreCase(field.name, corrupt)) field.type = value_types->read_as();
    }
    request.inferred = std::move(plain);
    request.options.erase("schemaHints");
    request.with_metadata = true;
    const auto scan = TRY(OpenReadFiles(request, stop_));
    engine::Projection projection;
    std::vector<std::size_t> counted;  // A column that the directories give has no values to count.
    for (std::size_t i = 0; i < schema.data.size(); ++i) {
      const auto index = scan->schema().IndexOf(schema.data.fields[i].name);
      if (!index || !(scan->schema().fields[*index].type == value_types->read_as())) continue;
      projection.columns.push_back(*index);
      counted.push_back(i);
    }
    projection.columns.push_back(scan->schema().size() - 1);
    std::int64_t num_rows = 0;
    for (std::size_t split = 0; split < scan->num_splits() && num_rows < kMostRows; ++split) {
      const auto reader = TRY(scan->Open(split, projection));
      while (const types::BatchPtr batch = TRY(reader->Next())) {
        if (stop_.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
        TRY(CountBatch(*value_types, *batch, counted, counts));
        num_rows += batch->num_rows();
        if (num_rows >= kMostRows) break;
      }
    }
    return Ok();
  }

  static Status CountBatch(const ValueTypes& value_types, const arrow::RecordBatch& batch,
                           const std::vector<std::size_t>& counted, std::vector<Counts>& counts) {
    const auto& metadata =
        static_cast<const arrow::StructArray&>(*batch.column(static_cast<int>(counted.size())));
    const auto& paths = static_cast<const arrow::StringArray&>(*metadata.field(0));
    for (std::size_t column = 0; column < counted.size(); ++column) {
      Counts& of_column = counts[counted[column]];
      const arrow::Array& values = *batch.column(static_cast<int>(column));
      for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
        if (values.IsNull(row)) {
          Note(of_column, kNothing, "", paths.GetString(row));
          continue;
        }
        ValueTypes::Value value = TRY(value_types.TypeAt(values, row));
        Note(of_column, value.type, std::move(value.text), paths.GetString(row));
      }
    }
    return Ok();
  }

  /// Files that bring their types: what each one says.
  Status CountFiles(const FilesSchema& schema, std::vector<Counts>& counts) {
    std::size_t num_files = 0;
    for (const storage::ObjectInfo& file : request_.listing->files) {
      if (++num_files > kMostFiles) break;
      ReadFilesRequest request = request_;
      request.options.erase("schemaHints");
      FileListing one{.files = {file}, .base_path = request_.listing->base_path};
      request.listing = std::make_shared<const FileListing>(std::move(one));
      const StructType found = TRY(InferFilesSchema(request, stop_)).data;
      const std::string url = storage::UrlOf(*request_.location.store, file.path);
      for (std::size_t i = 0; i < counts.size(); ++i) {
        const StructField* field = found.Find(schema.data.fields[i].name);
        Note(counts[i], field == nullptr ? kNothing : types::ToSql(field->type), "", url);
      }
    }
    return Ok();
  }

  ReadFilesRequest request_;
  const std::stop_token stop_;
};

}  // namespace

Result<std::vector<ColumnEvidence>> FindTypeEvidence(const ReadFilesRequest& request,
                                                     std::stop_token stop) {
  return EvidenceSearch(request, std::move(stop)).Run();
}

}  // namespace inlet::ingest
