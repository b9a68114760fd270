#include "engine/duckdb/functions/arrow_rows_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "formats/csv/csv_text.h"

// CSV text. Values pass through Arrow columns, as those of JSON do.
namespace inlet::engine::functions {
namespace {

using formats::CsvTextReader;
using formats::CsvTextWriter;
using std::string;
using types::ColumnBuilder;
using types::DataType;

Bound BindFromCsv(ClientContext& context, Arguments& arguments) {
  if (arguments.at(0)->return_type.IsNumeric()) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "from_csv"}, {"message", "the first argument must be a text"}});
  }
  CoerceTo(context, arguments[0], LogicalType::VARCHAR, "from_csv", 0);
  types::StructType columns =
      ValueOrRaise(types::ParseDdl(ColumnsText(TextOf(context, *arguments.at(1), "from_csv"))));
  const DataType type = DataType::Struct(std::move(columns.fields));
  const OptionMap options = OptionsOf(context, arguments, 2);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  ValueOrRaise(CsvTextReader::Create(type, options, *zone));  // Errors before the first row.
  arguments.resize(1);
  return Built(type, [type, options, zone] {
    auto reader = std::shared_ptr(ValueOrRaise(CsvTextReader::Create(type, options, *zone)));
    return [reader](const std::vector<Cells>& columns_of, idx_t row, ColumnBuilder& out) {
      const Cell text = columns_of[0][row];
      if (text.is_null()) {
        out.AppendNull();
      } else {
        Check(reader->Append(text.text(), out));
      }
    };
  });
}

Bound BindToCsv(ClientContext& context, Arguments& arguments) {
  if (arguments.at(0)->return_type.id() == LogicalTypeId::SQLNULL) {
    return Replace(Constant(duckdb::Value(LogicalType::VARCHAR)));
  }
  const OptionMap options = OptionsOf(context, arguments, 1);
  const DataType type = FromDuckDbType(arguments[0]->return_type);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  const std::shared_ptr<const CsvTextWriter> writer =
      ValueOrRaise(CsvTextWriter::Create(type, options, *zone));
  arguments.resize(1);
  return WrittenRows(type, [writer](const arrow::Array& array, std::int64_t at, string& out) {
    Check(writer->Append(array, at, out));
  });
}

}  // namespace

void AddCsvFunctions(Registry& registry) {
  registry.AddBound("spark_from_csv", BindFromCsv);
  registry.AddBound("spark_to_csv", BindToCsv);
  registry.AddBound("spark_schema_of_csv", [](ClientContext& context, Arguments& arguments) {
    const string csv = TextOf(context, *arguments.at(0), "schema_of_csv");
    return Replace(Constant(duckdb::Value(ValueOrRaise(
        formats::SchemaOfCsv(csv, OptionsOf(context, arguments, 1), ZoneOf(SessionOf(context)))))));
  });
}

}  // namespace inlet::engine::functions
