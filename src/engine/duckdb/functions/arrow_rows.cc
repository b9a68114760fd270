#include "engine/duckdb/functions/arrow_rows_internal.h"

namespace inlet::engine::functions {

Bound WrittenRows(
    const types::DataType& type,
    std::function<void(const arrow::Array& array, std::int64_t at, std::string& out)> write) {
  return {.type = LogicalType::VARCHAR,
          .execute = [write = std::move(write), type](DataChunk& chunk, ExpressionState&,
                                                      Vector& result) {
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            std::string text;
            ForEachArrowRow(chunk.data[0], chunk.size(), type,
                            [&](const arrow::Array& array, std::int64_t at, idx_t row) {
                              if (array.IsNull(at)) {
                                duckdb::FlatVector::SetNull(result, row, true);
                                return;
                              }
                              text.clear();
                              write(array, at, text);
                              duckdb::FlatVector::GetData<duckdb::string_t>(result)[row] =
                                  duckdb::StringVector::AddString(result, text);
                            });
          }};
}

OptionMap OptionsOf(ClientContext& context, const Arguments& arguments, std::size_t index) {
  OptionMap options;
  if (index >= arguments.size()) return options;
  const auto map = ConstantOf(context, *arguments[index]);
  if (!map || map->IsNull() || map->type().id() != LogicalTypeId::MAP) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "options"}, {"message", "they must be a constant map of texts"}});
  }
  for (const duckdb::Value& entry : duckdb::MapValue::GetChildren(*map)) {
    const auto& pair = duckdb::StructValue::GetChildren(entry);
    options[pair[0].ToString()] = pair[1].ToString();
  }
  return options;
}

std::string TextOf(ClientContext& context, const Expression& argument, std::string_view what) {
  const auto value = ConstantOf(context, argument);
  if (!value || value->IsNull() || value->type().id() != LogicalTypeId::VARCHAR) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", std::string(what)}, {"message", "it must be a constant text"}});
  }
  return duckdb::StringValue::Get(*value);
}

std::string ColumnsText(std::string text) {
  const std::string lower = ToLower(text);
  if (!lower.starts_with("struct<") || !lower.ends_with(">")) return text;
  return text.substr(7, text.size() - 8);
}

}  // namespace inlet::engine::functions
