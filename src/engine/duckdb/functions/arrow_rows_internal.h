#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "engine/duckdb/arrow_input.h"
#include "engine/duckdb/arrow_output.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"
#include "types/column_builder.h"

/// Functions whose values pass through Arrow columns, for which the readers and writers of formats
/// are made: JSON, CSV, VARIANT.
namespace inlet::engine::functions {

inline void Check(const Status& status) {
  if (!status) Raise(status.error());
}

/// An executor that appends one value a row to a column of `type`.
template <class AppendRow>
Bound Built(const types::DataType& type, AppendRow append_row) {
  return {.type = ToDuckDbType(type),
          .execute = [type, append_row](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            types::ColumnBuilder builder(type);
            auto append = append_row();
            for (idx_t row = 0; row < chunk.size(); ++row) append(columns, row, builder);
            const auto array = ValueOrRaise(builder.Finish());
            ShowArrowArray(array->data(), 0, array->length(), result);
          }};
}

/// Visits the rows of a column as cells of Arrow arrays.
template <class Visit>
void ForEachArrowRow(Vector& vector, idx_t count, const types::DataType& type, Visit visit) {
  DataChunk chunk;
  chunk.InitializeEmpty({vector.GetType()});
  chunk.data[0].Reference(vector);
  chunk.SetCardinality(count);
  types::StructType schema;
  schema.fields.push_back({.name = "value", .type = type});
  for (idx_t row = 0; row < count;) {
    ArrowOutput output(schema);
    const idx_t next = output.Append(chunk, row);
    const auto batch = output.Take();
    for (std::int64_t i = 0; i < batch->num_rows(); ++i)
      visit(*batch->column(0), i, row + static_cast<idx_t>(i));
    row = next;
  }
}

/// An executor that writes each value of the one argument as text; NULL stays NULL.
Bound WrittenRows(
    const types::DataType& type,
    std::function<void(const arrow::Array& array, std::int64_t at, std::string& out)> write);

/// The pairs of a constant map argument, as options.
OptionMap OptionsOf(ClientContext& context, const Arguments& arguments, std::size_t index);
/// A constant text. Raises DATATYPE_MISMATCH.
std::string TextOf(ClientContext& context, const Expression& argument, std::string_view what);
/// `a INT, b STRING` also of `STRUCT<a: INT, b: STRING>`.
std::string ColumnsText(std::string text);

}  // namespace inlet::engine::functions
