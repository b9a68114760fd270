#include "formats/columns/column_mapper.h"

#include <arrow/api.h>

#include <utility>

#include "formats/columns/rescued_columns.h"
#include "types/arrow.h"

namespace inlet::formats {

Result<std::unique_ptr<ColumnMapper>> ColumnMapper::Make(const types::StructType& file_schema,
                                                         const ReadSchema& schema,
                                                         bool case_sensitive,
                                                         const std::string& url,
                                                         CalendarRebase rebase) {
  std::unique_ptr<ColumnMapper> mapper(new ColumnMapper(schema));
  mapper->columns_ = FileColumnsOf(file_schema);
  mapper->context_ = {.path = url, .datetime_rebase = rebase};
  const bool rescues = mapper->read_columns_.rescues();
  if (schema.rescue_file_path) mapper->rescued_path_ = url;
  const types::StructType& requested = mapper->read_columns_.data();
  ColumnMatching matching{.fields = rescues && case_sensitive ? FieldMatching::kByName
                                                              : FieldMatching::kByNameIgnoreCase};
  if (rescues) {
    matching.rescue =
        Rescue{.known_columns = schema.data_schema.empty() ? requested : schema.data_schema,
               .file_path = mapper->rescued_path_};
  }
  mapper->plan_ =
      TRY(PlanColumns(mapper->columns_, requested, matching, url, /*whole_columns=*/true));
  std::size_t next = 0;
  const std::vector<int>& leaves = mapper->plan_.leaves;
  for (std::size_t i = 0; i < mapper->columns_.size(); ++i) {
    const std::size_t before = next;
    while (next < leaves.size() && leaves[next] < mapper->columns_[i].end_leaf) ++next;
    if (next > before) mapper->wanted_.push_back(static_cast<int>(i));
  }
  mapper->data_schema_ = types::ToArrow(requested);
  return mapper;
}

Result<types::BatchPtr> ColumnMapper::Map(const arrow::RecordBatch& raw) const {
  arrow::ArrayVector columns;
  columns.reserve(plan_.columns.size());
  for (const ColumnPlan& plan : plan_.columns) {
    if (plan.step == ColumnPlan::Step::kNull) {
      columns.push_back(ARROW_TRY(arrow::MakeArrayOfNull(plan.arrow_type, raw.num_rows())));
      continue;
    }
    if (plan.array_index < 0 || plan.array_index >= raw.num_columns()) {
      return FailInternal("a column is missing from what was read: " + plan.source->name);
    }
    columns.push_back(TRY(ConvertColumn(plan, raw.column(plan.array_index), context_)));
  }
  std::shared_ptr<arrow::Array> rescued;
  if (read_columns_.rescues()) rescued = TRY(RescueColumns(plan_.rescued, raw, rescued_path_));
  const auto data = arrow::RecordBatch::Make(data_schema_, raw.num_rows(), std::move(columns));
  return read_columns_.Assemble(*data, std::move(rescued));
}

}  // namespace inlet::formats
