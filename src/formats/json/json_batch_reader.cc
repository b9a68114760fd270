#include <arrow/api.h>

#include <algorithm>
#include <unordered_map>

#include "formats/columns/column_json.h"
#include "formats/json/json_batch_reader_internal.h"
#include "types/json_text.h"

namespace inlet::formats {
namespace {

/// Values are counted only now and then: that takes a walk over all columns.
constexpr int kRowsBetweenSizeChecks = 64;
/// A record's text is repeated for each of its rows, as Spark does, up to this many bytes in all.
constexpr std::size_t kMaxRepeatedText = std::size_t{64} << 20;
/// What follows the first value of a record is rescued up to this size of the record.
constexpr std::size_t kMaxRescuedRecord = std::size_t{16} << 20;

bool IsReadable(const types::DataType& type) {
  if (type.is(types::TypeId::kYearMonthInterval) || type.is(types::TypeId::kDayTimeInterval)) {
    return false;
  }
  if (!type.is_nested()) return true;
  return std::ranges::all_of(type.fields(),
                             [](const auto& field) { return IsReadable(field.type); });
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  AppendValidUtf8(text, valid);
  return valid;
}

}  // namespace

Result<std::unique_ptr<types::BatchReader>> JsonBatchReader::Open(const storage::ObjectStore& store,
                                                                  const JsonOptions& options,
                                                                  std::span<const FileSplit> splits,
                                                                  const ReadSchema& schema) {
  std::unique_ptr<JsonBatchReader> reader(new JsonBatchReader(store, options, splits, schema));
  TRY(reader->Bind());
  return reader;
}

JsonBatchReader::JsonBatchReader(const storage::ObjectStore& store, const JsonOptions& options,
                                 std::span<const FileSplit> splits, const ReadSchema& schema)
    : store_(store),
      options_(options),
      splits_(splits.begin(), splits.end()),
      schema_(schema),
      records_(store, options_),
      batch_(schema.columns) {}

bool JsonBatchReader::IsSpecial(std::size_t column) const {
  return column == schema_.rescued_column || column == schema_.corrupt_record_column ||
         column == schema_.split_index_column;
}

/// A column that nobody asked for, if its misfits have to be rescued.
types::ColumnBuilder* JsonBatchReader::UnseenColumn(const types::DataType& type) {
  if (!context_.rescue.active) return nullptr;
  unseen_.push_back(std::make_unique<types::ColumnBuilder>(type));
  return unseen_.back().get();
}

Status JsonBatchReader::Bind() {
  context_.options = &options_;
  context_.zone = options_.time_zone;
  if (context_.zone == nullptr) {
    context_.zone = TRY(types::TimeZone::Find(schema_.session_time_zone));
  }
  if (schema_.guess != nullptr) {
    guess_check_.emplace(static_cast<const JsonGuess&>(*schema_.guess), options_, *context_.zone,
                         schema_.data_schema);
  }
  context_.rescue.active = schema_.rescued_column.has_value();
  if (schema_.rescued_column) rescued_ = &batch_.column(*schema_.rescued_column);
  if (schema_.corrupt_record_column) corrupt_ = &batch_.column(*schema_.corrupt_record_column);
  if (schema_.split_index_column) split_index_ = &batch_.column(*schema_.split_index_column);

  // The fields of the data, and the column of each; null where nobody looks at it.
  std::unordered_map<std::string_view, std::size_t> columns;
  for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
    columns.emplace(schema_.columns.fields[i].name, i);
  }
  std::vector<bool> bound(schema_.columns.size());
  std::vector<types::StructField> fields;
  for (const types::StructField& field : schema_.data_schema.fields) {
    const auto column = columns.find(field.name);
    if (column == columns.end()) {
      data_columns_.push_back(UnseenColumn(field.type));
      fields.push_back(field);
    } else if (!IsSpecial(column->second) && !bound[column->second]) {
      // It may be asked for as another type than the data schema says: the column counts.
      bound[column->second] = true;
      data_columns_.push_back(&batch_.column(column->second));
      fields.push_back(schema_.columns.fields[column->second]);
    }
  }
  for (std::size_t i = 0; i < schema_.columns.size(); ++i) {
    if (bound[i] || IsSpecial(i)) continue;
    data_columns_.push_back(&batch_.column(i));
    fields.push_back(schema_.columns.fields[i]);
  }
  for (const types::StructField& field : fields) {
    if (!IsReadable(field.type))
      return FailUnsupported("reading " + ToSql(field.type) + " from JSON");
  }
  root_ = JsonSlot::Make("", types::DataType::Struct(fields), !options_.reader_case_sensitive);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (data_columns_[i] == nullptr) continue;
    root_.children[i].Bind(data_columns_[i]);
    ++root_.num_columns;
  }
  std::erase(data_columns_, nullptr);
  if (options_.single_variant_column) {
    const bool is_variant = fields.size() == 1 && fields[0].type.is(types::TypeId::kVariant) &&
                            fields[0].name == *options_.single_variant_column;
    if (!fields.empty() && !is_variant) {
      return Fail(Condition::INVALID_SINGLE_VARIANT_COLUMN, {{"schema", ToDdl(schema_.columns)}});
    }
  }
  return Ok();
}

Result<types::BatchPtr> JsonBatchReader::Next() {
  if (pending_ == nullptr) {
    JsonRecord record;
    while (!IsFull()) {
      if (!TRY(NextRecord(record))) break;
      TRY(ReadRecord(record));
    }
    if (num_rows_ == 0) return nullptr;
    pending_ = TRY(TakeBatch());
    pending_row_ = 0;
  }
  // One array may have made more rows than a batch should have.
  const std::int64_t rows = std::min(schema_.batch_rows, pending_->num_rows() - pending_row_);
  if (rows == pending_->num_rows()) return std::move(pending_);
  types::BatchPtr slice = pending_->Slice(pending_row_, rows);
  pending_row_ += rows;
  if (pending_row_ == pending_->num_rows()) pending_.reset();
  return slice;
}

bool JsonBatchReader::IsFull() {
  if (num_rows_ >= schema_.batch_rows) return true;
  if (--rows_to_size_check_ > 0) return false;
  rows_to_size_check_ = kRowsBetweenSizeChecks;
  return num_rows_ > 0 && batch_.size_bytes() >= schema_.batch_bytes;
}

Result<types::BatchPtr> JsonBatchReader::TakeBatch() {
  types::BatchPtr batch = TRY(batch_.Finish(num_rows_));
  for (const auto& column : unseen_) column->Truncate(0);
  num_rows_ = 0;
  return batch;
}

Result<bool> JsonBatchReader::NextRecord(JsonRecord& record) {
  while (true) {
    if (!split_open_) {
      if (next_split_ == splits_.size()) return false;
      TRY(records_.Open(splits_[next_split_++]));
      split_open_ = true;
    }
    if (TRY(records_.Next(record))) return true;
    split_open_ = false;
  }
}

Status JsonBatchReader::ReadRecord(const JsonRecord& record) {
  record_begin_ = num_rows_;
  context_.odd = false;
  JsonOutcome outcome = record.tokens == nullptr ? JsonOutcome::kSyntax : ReadStrict(record);
  if (outcome == JsonOutcome::kSyntax) [[unlikely]] {
    context_.odd = true;
    TakeBack(record_begin_);
    outcome = ReadRelaxed(record);
  }
  if (guess_check_ && (guess_check_->looks_at_all() || !IsPlain(outcome))) {
    TRY(guess_check_->Check(record));
  }
  if (record.text.size() > (64 << 10)) rows_to_size_check_ = 0;
  if (outcome == JsonOutcome::kDone && !has_more_) [[likely]]
    return Ok();
  return FinishRecord(record, outcome);
}

JsonOutcome JsonBatchReader::ReadStrict(const JsonRecord& record) {
  types::JsonCursor cursor(record.base, record.tokens, options_.syntax);
  const JsonOutcome outcome = ReadRoot(cursor, record);
  if (outcome == JsonOutcome::kSyntax) return outcome;
  // Tokens go on behind the record: a value that reached over its end is none.
  const char* end = record.text.data() + record.text.size();
  const char* last = record.base + cursor.tokens()[-1];
  if (last >= end) return JsonOutcome::kSyntax;
  records_.Used(cursor.tokens());
  has_more_ = cursor.position() < end;
  return outcome;
}

JsonOutcome JsonBatchReader::ReadRelaxed(const JsonRecord& record) {
  if (record.tokens == nullptr && !IsValidUtf8(record.text)) return JsonOutcome::kSyntax;
  types::RelaxedJsonCursor cursor(record.text, options_.syntax);
  const JsonOutcome outcome = ReadRoot(cursor, record);
  if (outcome != JsonOutcome::kSyntax) has_more_ = cursor.Peek() != types::JsonKind::kEnd;
  return outcome;
}

template <class Cursor>
JsonOutcome JsonBatchReader::ReadRoot(Cursor& cursor, const JsonRecord&) {
  misfits_.clear();
  is_array_ = has_more_ = false;
  JsonWalker<Cursor> walker(cursor, context_);
  const types::JsonKind kind = cursor.Peek();
  if (options_.single_variant_column) {
    if (data_columns_.empty())
      return cursor.Skip() ? (FinishRow(), JsonOutcome::kDone) : JsonOutcome::kSyntax;
    const JsonOutcome outcome = walker.ReadValue(root_.children[0]);
    if (outcome == JsonOutcome::kDone) FinishRow();
    return outcome == JsonOutcome::kMisfit ? JsonOutcome::kSyntax : outcome;
  }
  if (kind == types::JsonKind::kObject) return ReadRow(walker, cursor);
  if (kind != types::JsonKind::kArray) return JsonOutcome::kSyntax;
  return ReadRows(walker, cursor);
}

template <class Cursor>
JsonOutcome JsonBatchReader::ReadRow(JsonWalker<Cursor>& walker, Cursor& cursor) {
  const char* begin = cursor.position();
  const JsonOutcome outcome = walker.ReadFields(root_, num_rows_);
  if (outcome == JsonOutcome::kSyntax) return outcome;
  if (outcome != JsonOutcome::kDone && rescued_ == nullptr) {
    misfits_.push_back({.row = num_rows_, .text = {begin, cursor.value_end()}});
  }
  FinishRow();
  return outcome;
}

template <class Cursor>
JsonOutcome JsonBatchReader::ReadRows(JsonWalker<Cursor>& walker, Cursor& cursor) {
  is_array_ = true;
  if (!cursor.BeginArray()) return JsonOutcome::kSyntax;
  JsonOutcome outcome = JsonOutcome::kDone;
  for (types::JsonStep step = cursor.FirstElement(); step != types::JsonStep::kEnd;
       step = cursor.NextElement()) {
    if (step == types::JsonStep::kError || cursor.Peek() != types::JsonKind::kObject) {
      return JsonOutcome::kSyntax;
    }
    const JsonOutcome row = ReadRow(walker, cursor);
    if (row == JsonOutcome::kSyntax) return row;
    if (row != JsonOutcome::kDone) outcome = row;
  }
  return outcome;
}

std::string JsonBatchReader::FilePath() const {
  if (!schema_.rescue_file_path) return {};
  return storage::UrlOf(store_, splits_[next_split_ - 1].file.path);
}

/// Fills the columns that do not come from the record's fields.
void JsonBatchReader::FinishRow() {
  if (rescued_ != nullptr) {
    if (context_.rescue.empty()) {
      rescued_->AppendNull();
    } else {
      rescued_->AppendBytes(RescuedObject(context_.rescue.text(), FilePath()));
      context_.rescue.Clear();
    }
  }
  if (corrupt_ != nullptr) corrupt_->AppendNull();
  if (split_index_ != nullptr)
    split_index_->AppendInteger(static_cast<std::int32_t>(next_split_ - 1));
  ++num_rows_;
}

void JsonBatchReader::TakeBack(std::int64_t num_rows) {
  batch_.Truncate(num_rows);
  for (const auto& column : unseen_) column->Truncate(num_rows);
  context_.rescue.Clear();
  num_rows_ = num_rows;
}

std::string JsonBatchReader::RecordText(const JsonRecord& record) const {
  return ValidUtf8(record.text);
}

/// What is left to do for a record that is not plainly sound.
Status JsonBatchReader::FinishRecord(const JsonRecord& record, JsonOutcome outcome) {
  if (outcome == JsonOutcome::kSyntax) {
    TakeBack(record_begin_);
    return AppendMalformed(record);
  }
  if (has_more_ && rescued_ != nullptr && num_rows_ > record_begin_) {
    // Spark reads the first value and forgets the rest; here the rest can be found again.
    const std::string text = record.text.size() <= kMaxRescuedRecord ? RecordText(record) : "";
    std::string pair;
    types::AppendJsonQuoted(options_.corrupt_record_name, pair);
    pair += ':';
    types::AppendJsonQuoted(text, pair);
    rescued_->Truncate(num_rows_ - 1);
    rescued_->AppendBytes(RescuedObject(pair, FilePath()));
  }
  if (misfits_.empty()) return Ok();
  if (schema_.bad_record_sink || options_.mode != ParseMode::kPermissive) {
    TakeBack(record_begin_);
    return AppendMalformed(record);
  }
  if (corrupt_ == nullptr) return Ok();
  // As in Spark each row of an array gets the text of all of it; of a large one, its own text.
  const std::string text = RecordText(record);
  const auto num_rows = static_cast<std::size_t>(num_rows_ - record_begin_);
  const bool to_all = text.size() * num_rows <= kMaxRepeatedText;
  corrupt_->Truncate(record_begin_);
  auto misfit = misfits_.begin();
  for (std::int64_t row = record_begin_; row < num_rows_; ++row) {
    const bool fits = misfit == misfits_.end() || misfit->row != row;
    if (to_all) {
      corrupt_->AppendBytes(text);
    } else if (fits) {
      corrupt_->AppendNull();
    } else {
      corrupt_->AppendBytes(misfit->text);
    }
    if (!fits) ++misfit;
  }
  return Ok();
}

Status JsonBatchReader::AppendMalformed(const JsonRecord& record) {
  std::string text = RecordText(record);
  if (schema_.bad_record_sink) {
    schema_.bad_record_sink({.path = storage::UrlOf(store_, splits_[next_split_ - 1].file.path),
                             .record = std::move(text),
                             .reason = misfits_.empty()
                                           ? "The record is not JSON."
                                           : "A value does not fit the type of its column."});
    return Ok();
  }
  if (options_.mode == ParseMode::kDropMalformed) return Ok();
  if (options_.mode == ParseMode::kFailFast) {
    constexpr std::size_t kMaxShown = 1000;
    return Status(Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                       {{"badRecord", text.substr(0, kMaxShown)}, {"failFastMode", "FAILFAST"}}))
        .Context("read " + storage::UrlOf(store_, splits_[next_split_ - 1].file.path));
  }
  for (types::ColumnBuilder* column : data_columns_) column->AppendNull();
  if (corrupt_ == nullptr && rescued_ != nullptr) {
    std::string value;
    types::AppendJsonQuoted(text, value);
    context_.rescue.Add(options_.corrupt_record_name, value);
  }
  FinishRow();
  if (corrupt_ != nullptr) {
    corrupt_->Truncate(num_rows_ - 1);
    corrupt_->AppendBytes(text);
  }
  return Ok();
}

}  // namespace inlet::formats
