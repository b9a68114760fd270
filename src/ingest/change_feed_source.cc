#include "ingest/change_feed_source.h"

#include <arrow/api.h>

#include <algorithm>

#include "types/arrow.h"

namespace inlet::ingest {
namespace {

/// Which of the feed's own columns; the table's come before them.
enum class FeedColumn : std::uint8_t { kChangeType, kCommitVersion, kCommitTimestamp };

/// Adds the columns that are the same in all rows of a file. A batch is of one file.
class FeedReader final : public types::BatchReader {
 public:
  FeedReader(std::unique_ptr<types::BatchReader> rows, const delta::ChangeFeed& feed,
             std::shared_ptr<arrow::Schema> schema, std::vector<int> places)
      : rows_(std::move(rows)),
        feed_(feed),
        schema_(std::move(schema)),
        places_(std::move(places)) {}

  Result<types::BatchPtr> Next() override {
    const types::BatchPtr batch = TRY(rows_->Next());
    if (batch == nullptr) return nullptr;
    const auto& numbers =
        static_cast<const arrow::Int64Array&>(*batch->column(batch->num_columns() - 2));
    const delta::ChangeFeed::Origin& origin =
        feed_.origins[static_cast<std::size_t>(numbers.Value(0))];
    arrow::ArrayVector columns;
    for (const int place : places_) {
      if (place >= 0) {
        columns.push_back(batch->column(place));
      } else {
        columns.push_back(TRY(OwnColumn(static_cast<FeedColumn>(-1 - place), origin, *batch)));
      }
    }
    return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(columns));
  }

 private:
  static Result<std::shared_ptr<arrow::Array>> OwnColumn(FeedColumn column,
                                                         const delta::ChangeFeed::Origin& origin,
                                                         const arrow::RecordBatch& batch) {
    const std::int64_t num_rows = batch.num_rows();
    switch (column) {
      case FeedColumn::kChangeType:
        if (origin.change_type.empty()) return batch.column(batch.num_columns() - 1);
        return ARROW_TRY(
            arrow::MakeArrayFromScalar(arrow::StringScalar(origin.change_type), num_rows));
      case FeedColumn::kCommitVersion:
        return ARROW_TRY(arrow::MakeArrayFromScalar(arrow::Int64Scalar(origin.version), num_rows));
      case FeedColumn::kCommitTimestamp:
        break;
    }
    const arrow::TimestampScalar time(origin.timestamp_ms * 1000,
                                      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
    return ARROW_TRY(arrow::MakeArrayFromScalar(time, num_rows));
  }

  std::unique_ptr<types::BatchReader> rows_;
  const delta::ChangeFeed& feed_;  // Outlives this.
  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<int> places_;  ///< In the batches; less than 0: -1 - FeedColumn.
};

class ChangeFeedSource final : public engine::SplitSource {
 public:
  ChangeFeedSource(delta::ChangeFeed feed, std::shared_ptr<const delta::DeltaScan> scan)
      : feed_(std::move(feed)),
        scan_(std::move(scan)),
        schema_(delta::ChangeFeedSchema(*feed_.snapshot)) {}

  const types::StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return scan_->num_splits(); }
  std::int64_t estimated_bytes() const override { return scan_->estimated_bytes(); }

  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override {
    const std::size_t num_columns = feed_.snapshot->schema().size();
    std::vector<std::size_t> columns;
    std::vector<int> places;
    arrow::FieldVector fields;
    for (const std::size_t column : projection.columns) {
      fields.push_back(types::ToArrow(schema_.fields[column]));
      if (column < num_columns) {
        places.push_back(static_cast<int>(columns.size()));
        columns.push_back(column);
      } else {
        places.push_back(-1 - static_cast<int>(column - num_columns));
      }
    }
    columns.push_back(num_columns + static_cast<std::size_t>(delta::RowColumn::kFile));
    columns.push_back(num_columns + std::size(delta::kRowColumnNames));
    auto rows = TRY(scan_->Open(split, columns));
    return std::make_unique<FeedReader>(std::move(rows), feed_, arrow::schema(std::move(fields)),
                                        std::move(places));
  }

 private:
  const delta::ChangeFeed feed_;
  const std::shared_ptr<const delta::DeltaScan> scan_;
  const types::StructType schema_;
};

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> OpenChangeFeed(delta::ChangeFeed feed,
                                                                  std::string session_time_zone) {
  const types::StructField change_type{.name = delta::kChangeTypeColumn,
                                       .type = types::TypeId::kString};
  auto scan = TRY(delta::DeltaScan::Plan(feed.snapshot, {},
                                         {.session_time_zone = std::move(session_time_zone),
                                          .with_row_columns = true,
                                          .files_without_rows = nullptr,
                                          .files = feed.files,
                                          .extra_column = change_type}));
  return std::make_shared<ChangeFeedSource>(std::move(feed), std::move(scan));
}

}  // namespace inlet::ingest
