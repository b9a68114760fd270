#include "workspace/row_table.h"

#include <arrow/api.h>

#include "types/arrow.h"

namespace inlet::workspace {
namespace {

using types::BatchPtr;

class OneBatchReader final : public types::BatchReader {
 public:
  explicit OneBatchReader(BatchPtr batch) : batch_(std::move(batch)) {}
  Result<BatchPtr> Next() override { return std::exchange(batch_, nullptr); }

 private:
  BatchPtr batch_;
};

Status Append(const Cell& cell, arrow::ArrayBuilder& builder);

Status AppendTexts(const std::vector<std::string>& texts, arrow::ListBuilder& list) {
  ARROW_CHECK_OK(list.Append());
  auto& values = static_cast<arrow::StringBuilder&>(*list.value_builder());
  for (const std::string& text : texts) ARROW_CHECK_OK(values.Append(text));
  return Ok();
}

Status AppendPairs(const std::map<std::string, std::string>& pairs, arrow::MapBuilder& map) {
  ARROW_CHECK_OK(map.Append());
  auto& keys = static_cast<arrow::StringBuilder&>(*map.key_builder());
  auto& values = static_cast<arrow::StringBuilder&>(*map.item_builder());
  for (const auto& [key, value] : pairs) {
    ARROW_CHECK_OK(keys.Append(key));
    ARROW_CHECK_OK(values.Append(value));
  }
  return Ok();
}

Status AppendFields(const std::vector<Cell>& cells, arrow::StructBuilder& builder) {
  if (static_cast<int>(cells.size()) != builder.num_fields()) {
    return FailInternal("a struct cell has the wrong number of fields");
  }
  ARROW_CHECK_OK(builder.Append());
  for (int i = 0; i < builder.num_fields(); ++i) {
    TRY(Append(cells[static_cast<std::size_t>(i)], *builder.field_builder(i)));
  }
  return Ok();
}

Status AppendInteger(std::int64_t value, arrow::ArrayBuilder& builder) {
  switch (builder.type()->id()) {
    case arrow::Type::INT32:
      ARROW_CHECK_OK(
          static_cast<arrow::Int32Builder&>(builder).Append(static_cast<std::int32_t>(value)));
      return Ok();
    case arrow::Type::INT64:
      ARROW_CHECK_OK(static_cast<arrow::Int64Builder&>(builder).Append(value));
      return Ok();
    case arrow::Type::TIMESTAMP:
      ARROW_CHECK_OK(static_cast<arrow::TimestampBuilder&>(builder).Append(value));
      return Ok();
    default:
      return FailInternal("an integer cell in a column of " + builder.type()->ToString());
  }
}

Status Append(const Cell& cell, arrow::ArrayBuilder& builder) {
  const arrow::Type::type type = builder.type()->id();
  if (std::holds_alternative<std::monostate>(cell)) {
    ARROW_CHECK_OK(builder.AppendNull());
    return Ok();
  }
  if (const auto* integer = std::get_if<std::int64_t>(&cell))
    return AppendInteger(*integer, builder);
  if (const auto* text = std::get_if<std::string>(&cell); text && type == arrow::Type::STRING) {
    ARROW_CHECK_OK(static_cast<arrow::StringBuilder&>(builder).Append(*text));
    return Ok();
  }
  if (const auto* flag = std::get_if<bool>(&cell); flag && type == arrow::Type::BOOL) {
    ARROW_CHECK_OK(static_cast<arrow::BooleanBuilder&>(builder).Append(*flag));
    return Ok();
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&cell);
      texts && type == arrow::Type::LIST) {
    return AppendTexts(*texts, static_cast<arrow::ListBuilder&>(builder));
  }
  if (const auto* pairs = std::get_if<std::map<std::string, std::string>>(&cell);
      pairs && type == arrow::Type::MAP) {
    return AppendPairs(*pairs, static_cast<arrow::MapBuilder&>(builder));
  }
  if (const auto* fields = std::get_if<std::vector<Cell>>(&cell);
      fields && type == arrow::Type::STRUCT) {
    return AppendFields(*fields, static_cast<arrow::StructBuilder&>(builder));
  }
  return FailInternal("a cell does not fit a column of " + builder.type()->ToString());
}

}  // namespace

Result<BatchPtr> MakeBatch(const types::StructType& schema, const std::vector<Row>& rows) {
  arrow::ArrayVector columns;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const auto builder = ARROW_TRY(arrow::MakeBuilder(types::ToArrow(schema.fields[i].type)));
    for (const Row& row : rows) TRY(Append(row.at(i), *builder));
    columns.push_back(ARROW_TRY(builder->Finish()));
  }
  return arrow::RecordBatch::Make(types::ToArrow(schema), static_cast<std::int64_t>(rows.size()),
                                  std::move(columns));
}

Result<QueryResult> MakeResult(types::StructType schema, const std::vector<Row>& rows) {
  BatchPtr batch;
  if (!rows.empty()) batch = TRY(MakeBatch(schema, rows));
  return QueryResult{.schema = std::move(schema),
                     .rows = std::make_unique<OneBatchReader>(std::move(batch))};
}

types::StructType StringColumns(std::initializer_list<std::string_view> names) {
  types::StructType schema;
  for (const std::string_view name : names) {
    schema.fields.push_back({.name = std::string(name), .type = types::TypeId::kString});
  }
  return schema;
}

}  // namespace inlet::workspace
