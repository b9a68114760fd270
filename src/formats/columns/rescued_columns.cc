#include "formats/columns/rescued_columns.h"

#include <arrow/api.h>

#include "formats/columns/column_json.h"
#include "types/arrow.h"
#include "types/json_text.h"

namespace inlet::formats {
namespace {

/// Appends `"name":value`, with a comma if there is something before it. Leaves out NULLs.
void AppendRescued(const RescuePlan& plan, const arrow::Array& array, std::int64_t row,
                   std::string& out) {
  if (array.IsNull(row)) return;
  std::string value;
  if (plan.whole) {
    AppendJsonValue(array, row, value);
  } else {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    for (const RescuePlan& child : plan.children) {
      AppendRescued(child, *fields.field(child.array_index), row, value);
    }
    if (value.empty()) return;
    value = "{" + value + "}";
  }
  if (!out.empty()) out += ',';
  types::AppendJsonQuoted(plan.source->name, out);
  out += ':';
  out += value;
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> RescueColumns(const std::vector<RescuePlan>& plans,
                                                    const arrow::RecordBatch& batch,
                                                    const std::string& file_path) {
  if (plans.empty()) return ARROW_TRY(arrow::MakeArrayOfNull(arrow::utf8(), batch.num_rows()));
  arrow::StringBuilder builder;
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string body;
    for (const RescuePlan& plan : plans) {
      AppendRescued(plan, *batch.column(plan.array_index), row, body);
    }
    if (body.empty()) {
      ARROW_CHECK_OK(builder.AppendNull());
    } else {
      ARROW_CHECK_OK(builder.Append(RescuedObject(body, file_path)));
    }
  }
  return ARROW_TRY(builder.Finish());
}

}  // namespace inlet::formats
