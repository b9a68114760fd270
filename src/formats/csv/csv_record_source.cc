#include "formats/csv/csv_record_source.h"

#include <unordered_map>
#include <utility>

namespace inlet::formats {

namespace {
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
}  // namespace

Result<std::unique_ptr<CsvRecordSource>> CsvRecordSource::Open(const storage::ObjectStore& store,
                                                               const FileSplit& split,
                                                               const CsvOptions& options) {
  std::unique_ptr<CsvRecordSource> source(
      new CsvRecordSource(storage::UrlOf(store, split.file.path), options));
  source->input_ = TRY(TextInput::Open(store, {.file = split.file}, options.encoding));
  TRY(source->ReadHead());
  if (split.length >= 0) source->end_ = split.position + split.length;
  // The head may reach into this split; then the data begins after it.
  if (split.position > source->input_->position()) {
    FileSplit from = split;
    from.position -= 1;
    source->input_ = TRY(TextInput::Open(store, from, options.encoding));
    TRY(source->SkipToRecord());
  }
  return source;
}

Status CsvRecordSource::ReadHead() {
  tokenizer_.DetectLineEnds(input_->window());
  if (options_.skip_rows > 0) {
    std::optional<std::size_t> size;
    while (
        !(size = tokenizer_.SkipLines(input_->window(), input_->is_last(), options_.skip_rows))) {
      TRY(input_->Grow());
    }
    input_->Consume(*size);
  }
  if (!options_.header) return Ok();
  while (true) {
    std::size_t used =
        TRY(tokenizer_.Tokenize(input_->window(), input_->is_last(), kAll, 1, records_));
    if (!records_.records.empty()) {
      header_ = CsvColumnNames(records_.FieldsOf(records_.records.front()), options_);
      records_.Clear();
      input_->Consume(used);
      return Ok();
    }
    if (input_->is_last()) return Ok();
    input_->Consume(used);
    TRY(input_->Grow());
  }
}

// A split begins with the first record that begins in it, that is after the first line end at or
// after the byte before it.
Status CsvRecordSource::SkipToRecord() {
  while (true) {
    std::optional<std::size_t> size = tokenizer_.SkipLines(input_->window(), input_->is_last(), 1);
    if (size) {
      input_->Consume(*size);
      return Ok();
    }
    TRY(input_->Grow());
  }
}

Result<bool> CsvRecordSource::Next() {
  records_.Clear();
  input_->Consume(std::exchange(used_, 0));
  while (end_ > input_->position()) {
    auto stop_at = static_cast<std::size_t>(end_ - input_->position());
    std::string_view window = input_->window();
    std::size_t used = TRY(tokenizer_.Tokenize(window, input_->is_last(), stop_at, kAll, records_));
    if (!records_.records.empty()) {
      used_ = used;
      valid_utf8_ = IsValidUtf8(window.substr(0, used));
      return true;
    }
    if (input_->is_last()) return false;
    input_->Consume(used);
    TRY(input_->Grow());
  }
  return false;
}

std::vector<std::string> CsvColumnNames(std::span<const CsvField> cells,
                                        const CsvOptions& options) {
  std::vector<std::string> names;
  std::unordered_map<std::string, int> uses;
  for (const CsvField& cell : cells) {
    std::string& name = names.emplace_back();
    AppendValidUtf8(cell.text(), name);
    ++uses[ToLower(name)];
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string& name = names[i];
    if (!options.header || name.empty() || name == options.null_value) {
      name = "_c" + std::to_string(i);
    } else if (uses[ToLower(name)] > 1) {
      name += std::to_string(i);
    }
  }
  return names;
}

}  // namespace inlet::formats
