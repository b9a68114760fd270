#include "formats/text/text_format.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <array>
#include <limits>

#include "formats/encoding/text_input.h"
#include "types/column_builder.h"

namespace inlet::formats {
namespace {

constexpr std::array kSpecs = std::to_array<OptionSpec>({
    {"charset", "UTF-8"},
    {"compression", ""},
    {"encoding", "UTF-8"},
    {"lineSep", "\\n, \\r\\n or \\r"},
    {"wholeText", "false"},
});

struct TextOptions {
  TextEncoding encoding = TextEncoding::kUtf8;
  std::string line_separator;  // Empty: any of \n, \r\n, \r.
  bool whole_text = false;
};

/// The lines of a split, or all of a file, in one column; the other columns asked for are NULL.
class TextReader : public types::BatchReader {
 public:
  TextReader(const TextOptions& options, const ReadSchema& schema)
      : options_(options), schema_(schema), builder_(schema.columns) {}

  Status Open(const storage::ObjectStore& store, const FileSplit& split) {
    FileSplit from = split;
    if (split.position > 0) from.position -= 1;
    input_ = TRY(TextInput::Open(store, from, options_.encoding));
    if (split.length >= 0) end_ = split.position + split.length;
    // A line belongs to the split in which it begins.
    if (split.position > 0) TRY(NextLine());
    return Ok();
  }

  Result<types::BatchPtr> Next() override {
    std::int64_t num_rows = 0;
    while (num_rows < schema_.batch_rows &&
           (num_rows == 0 || builder_.size_bytes() < schema_.batch_bytes)) {
      std::optional<std::string_view> line = TRY(options_.whole_text ? WholeText() : NextLine());
      if (!line) break;
      Append(*line);
      ++num_rows;
    }
    if (num_rows == 0) return nullptr;
    return builder_.Finish(num_rows);
  }

 private:
  struct LineEnd {
    std::size_t position = 0;
    std::size_t size = 0;  // 0: none so far.
  };

  LineEnd FindLineEnd(std::string_view text, std::size_t from) const {
    if (!options_.line_separator.empty()) {
      std::size_t at = text.find(options_.line_separator, from);
      if (at == text.npos) return {};
      return {.position = at, .size = options_.line_separator.size()};
    }
    std::size_t at = text.find_first_of("\r\n", from);
    if (at == text.npos) return {};
    if (text[at] == '\n') return {.position = at, .size = 1};
    if (at + 1 == text.size() && !input_->is_last()) return {};  // A \n may follow.
    return {.position = at, .size = text.substr(at).starts_with("\r\n") ? 2U : 1U};
  }

  // The view lives until the next call.
  Result<std::optional<std::string_view>> NextLine() {
    input_->Consume(std::exchange(used_, 0));
    if (input_->position() >= end_) return std::nullopt;
    std::size_t searched = 0;
    while (true) {
      std::string_view text = input_->window();
      LineEnd end = FindLineEnd(text, searched);
      if (end.size != 0) {
        used_ = end.position + end.size;
        return text.substr(0, end.position);
      }
      if (input_->is_last()) {
        used_ = text.size();
        if (text.empty()) return std::nullopt;
        return text;
      }
      searched = text.size() - std::min<std::size_t>(text.size(), 2);
      TRY(input_->Grow());
    }
  }

  Result<std::optional<std::string_view>> WholeText() {
    if (std::exchange(done_, true)) return std::nullopt;
    while (!input_->is_last()) TRY(input_->Grow());
    return input_->window();
  }

  void Append(std::string_view text) {
    repaired_.clear();
    if (!IsValidUtf8(text)) {
      AppendValidUtf8(text, repaired_);
      text = repaired_;
    }
    for (std::size_t c = 0; c < builder_.num_columns(); ++c) {
      const types::StructField& field = schema_.columns.fields[c];
      bool special = c == schema_.rescued_column || c == schema_.corrupt_record_column;
      if (!special && field.type.is(types::TypeId::kString))
        builder_.column(c).AppendBytes(text);
      else
        builder_.column(c).AppendNull();
    }
  }

  TextOptions options_;
  ReadSchema schema_;
  types::BatchBuilder builder_;
  std::unique_ptr<TextInput> input_;
  std::int64_t end_ = std::numeric_limits<std::int64_t>::max();
  std::size_t used_ = 0;
  bool done_ = false;
  std::string repaired_;
};

class ConfiguredText : public ConfiguredFormat {
 public:
  explicit ConfiguredText(TextOptions options) : options_(std::move(options)) {}

  Result<types::StructType> InferSchema(const storage::ObjectStore&,
                                        std::span<const storage::ObjectInfo>, const InferOptions&,
                                        std::stop_token) const override {
    return types::StructType{{{.name = "value", .type = types::TypeId::kString}}};
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore& store,
                                       const storage::ObjectInfo& file,
                                       std::int64_t target_bytes) const override {
    bool cuttable = !options_.whole_text && options_.line_separator.size() <= 1 &&
                    target_bytes > 0 && file.size_bytes > target_bytes;
    if (cuttable) {
      std::unique_ptr<storage::ObjectReader> reader = TRY(store.Open(file));
      cuttable = TRY(TextInput::IsPlain(*reader, options_.encoding));
    }
    if (!cuttable) return std::vector{FileSplit{.file = file}};
    std::vector<FileSplit> splits;
    for (std::int64_t at = 0; at < file.size_bytes; at += target_bytes) {
      splits.push_back(
          {.file = file, .position = at, .length = std::min(target_bytes, file.size_bytes - at)});
    }
    return splits;
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    auto reader = std::make_unique<TextReader>(options_, schema);
    TRY(reader->Open(store, split));
    return reader;
  }

 private:
  TextOptions options_;
};

class TextFormatImpl : public Format {
 public:
  std::string_view name() const override { return "text"; }
  std::span<const OptionSpec> options() const override { return kSpecs; }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool) const override {
    TextOptions parsed;
    for (std::string_view name : {"charset", "encoding"}) {
      if (std::optional<std::string> given = GetString(options, name)) {
        parsed.encoding = TRY(ParseEncoding(*given));
      }
    }
    if (std::optional<std::string> given = GetString(options, "lineSep")) {
      if (given->empty()) {
        return Fail(
            Condition::INVALID_PARAMETER_VALUE,
            {{"parameter", "lineSep"}, {"functionName", "text"}, {"message", "it is empty"}});
      }
      parsed.line_separator = *given;
    }
    parsed.whole_text = TRY(GetBool(options, "wholeText")).value_or(false);
    return std::make_unique<ConfiguredText>(std::move(parsed));
  }
};

}  // namespace

const Format& TextFormat() {
  static const TextFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
