#include "ingest/stream/new_field_watch.h"

#include <arrow/api.h>
#include <simdjson.h>

#include <algorithm>

#include "types/batch.h"

namespace inlet::ingest {

class NewFieldWatch::Reader final : public types::BatchReader {
 public:
  Reader(const NewFieldWatch& watch, std::unique_ptr<types::BatchReader> reader, int rescued,
         bool is_added)
      : watch_(watch), reader_(std::move(reader)), rescued_(rescued), is_added_(is_added) {}

  Result<types::BatchPtr> Next() override {
    types::BatchPtr batch = TRY(reader_->Next());
    if (batch == nullptr) return batch;
    Inspect(*batch->column(rescued_));
    if (!is_added_) return batch;
    auto fields = batch->schema()->fields();
    auto columns = batch->columns();
    fields.pop_back();
    columns.pop_back();
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(),
                                    std::move(columns));
  }

 private:
  void Inspect(const arrow::Array& column) const {
    if (watch_.has_seen_new() || column.null_count() == column.length()) return;
    const auto& texts = static_cast<const arrow::StringArray&>(column);
    for (std::int64_t row = 0; row < texts.length() && !watch_.has_seen_new(); ++row) {
      if (!texts.IsNull(row)) watch_.Inspect(texts.GetView(row));
    }
  }

  const NewFieldWatch& watch_;  // Outlives this: the engine holds the source.
  std::unique_ptr<types::BatchReader> reader_;
  const int rescued_;    // Index of the rescued data among the columns read.
  const bool is_added_;  // It is the last one and the query does not ask for it.
};

Result<std::unique_ptr<types::BatchReader>> NewFieldWatch::Open(
    std::size_t split, const engine::Projection& projection) const {
  engine::Projection wanted = projection;
  const auto found = std::ranges::find(wanted.columns, rescued_column_);
  const auto index = static_cast<int>(found - wanted.columns.begin());
  const bool is_added = found == wanted.columns.end();
  if (is_added) wanted.columns.push_back(rescued_column_);
  return std::make_unique<Reader>(*this, TRY(source_->Open(split, wanted)), index, is_added);
}

void NewFieldWatch::Inspect(std::string_view rescued_json) const {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(rescued_json.data(), rescued_json.size()).get(object) != simdjson::SUCCESS) {
    return;
  }
  std::string_view file_path;
  bool is_new = false;
  for (const auto& [key, value] : object) {
    if (key == "_file_path") {
      if (value.get(file_path) != simdjson::SUCCESS) file_path = {};
      continue;
    }
    const types::StructField* field = schema().Find(key);
    // A known column that is no struct holds a value that does not fit; what is inside of a nested
    // one may be either.
    is_new = is_new || any_rescued_ || field == nullptr || field->type.is_nested();
  }
  if (!is_new) return;
  const std::lock_guard lock(mutex_);
  if (!has_seen_new_) file_path_ = file_path;
  has_seen_new_ = true;
}

std::string NewFieldWatch::file_path() const {
  const std::lock_guard lock(mutex_);
  return file_path_;
}

}  // namespace inlet::ingest
