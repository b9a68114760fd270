#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/format.h"
#include "formats/json/json_guess_internal.h"
#include "formats/json/json_options.h"
#include "formats/json/json_records_internal.h"
#include "formats/json/json_rescue.h"
#include "formats/json/json_slots_internal.h"
#include "formats/json/json_walker_internal.h"
#include "types/column_builder.h"

namespace inlet::formats {

/// Reads splits one after the other into batches. Not thread-safe.
class JsonBatchReader final : public types::BatchReader {
 public:
  static Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                          const JsonOptions& options,
                                                          std::span<const FileSplit> splits,
                                                          const ReadSchema& schema);
  Result<types::BatchPtr> Next() override;

 private:
  JsonBatchReader(const storage::ObjectStore& store, const JsonOptions& options,
                  std::span<const FileSplit> splits, const ReadSchema& schema);
  Status Bind();
  types::ColumnBuilder* UnseenColumn(const types::DataType& type);
  bool IsSpecial(std::size_t column) const;

  Result<bool> NextRecord(JsonRecord& record);
  Status ReadRecord(const JsonRecord& record);
  template <class Cursor>
  JsonOutcome ReadRoot(Cursor& cursor, const JsonRecord& record);
  template <class Cursor>
  JsonOutcome ReadRows(JsonWalker<Cursor>& walker, Cursor& cursor);
  template <class Cursor>
  JsonOutcome ReadRow(JsonWalker<Cursor>& walker, Cursor& cursor);
  bool IsPlain(JsonOutcome outcome) const {
    return outcome == JsonOutcome::kDone && !has_more_ && !context_.odd;
  }
  JsonOutcome ReadStrict(const JsonRecord& record);
  JsonOutcome ReadRelaxed(const JsonRecord& record);
  void FinishRow();
  Status FinishRecord(const JsonRecord& record, JsonOutcome outcome);
  Status AppendMalformed(const JsonRecord& record);
  void TakeBack(std::int64_t num_rows);
  bool IsFull();
  Result<types::BatchPtr> TakeBatch();

  std::string FilePath() const;
  std::string RecordText(const JsonRecord& record) const;

  const storage::ObjectStore& store_;  // Outlives this.
  const JsonOptions options_;
  const std::vector<FileSplit> splits_;
  const ReadSchema schema_;
  std::size_t next_split_ = 0;
  bool split_open_ = false;
  JsonRecords records_;

  JsonContext context_;
  std::optional<JsonGuessCheck> guess_check_;  // With schema_.guess.
  JsonSlot root_;
  types::BatchBuilder batch_;
  /// Columns that nobody asked for, but whose misfits belong into the rescued data.
  std::vector<std::unique_ptr<types::ColumnBuilder>> unseen_;
  types::ColumnBuilder* rescued_ = nullptr;
  types::ColumnBuilder* corrupt_ = nullptr;
  types::ColumnBuilder* split_index_ = nullptr;
  std::vector<types::ColumnBuilder*> data_columns_;  // All that a row of NULLs fills.

  std::int64_t num_rows_ = 0;
  std::int64_t record_begin_ = 0;  // The first row of the record at hand.
  struct Misfit {
    std::int64_t row = 0;
    std::string_view text;  // Of the record.
  };
  std::vector<Misfit> misfits_;
  bool is_array_ = false;  // The record is an array of rows.
  bool has_more_ = false;  // Something follows the first value of the record.
  int rows_to_size_check_ = 0;

  types::BatchPtr pending_;  // A batch that is handed out in slices.
  std::int64_t pending_row_ = 0;
};

}  // namespace inlet::formats
