#include "cli/result_printer.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/option_map.h"
#include "cli/text_width.h"
#include "formats/json/json_value_reader.h"
#include "types/arrow.h"
#include "types/text_cast.h"
#include "types/time_zone.h"
#include "types/variant.h"

namespace inlet::cli {
namespace {

using types::BatchPtr;
using types::DataType;
using types::StructType;
using types::TypeId;
using workspace::QueryResult;

/// Writes the rows of one result in one format.
class Printer {
 public:
  virtual ~Printer() = default;
  virtual Status Begin(const StructType& schema) = 0;
  virtual Status Rows(const arrow::RecordBatch& batch) = 0;
  virtual Status End() = 0;
};

/// The text of cells, as CAST(x AS STRING) gives it; VARIANT as JSON.
class CellText {
 public:
  CellText(StructType schema, const types::TimeZone& zone)
      : schema_(std::move(schema)), zone_(zone) {}

  /// Nothing for NULL.
  Result<std::optional<std::string>> At(const arrow::RecordBatch& batch, int column,
                                        std::int64_t row) const {
    const arrow::Array& array = *batch.column(column);
    if (array.IsNull(row)) return std::nullopt;
    const DataType& type = schema_.fields[static_cast<std::size_t>(column)].type;
    std::string text;
    if (type.is(TypeId::kVariant)) {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      const auto part = [&](int field) {
        return static_cast<const arrow::BinaryArray&>(*fields.field(field)).GetView(row);
      };
      TRY(types::AppendJson({.metadata = part(0), .value = part(1)}, zone_, text));
    } else {
      TRY(types::AppendCell(array, row, type, zone_, text));
    }
    return text;
  }

  const StructType& schema() const { return schema_; }

 private:
  StructType schema_;
  const types::TimeZone& zone_;
};

bool IsRightAligned(const DataType& type) { return type.is_numeric(); }

/// Control characters would break the lines of a table.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      line += '?';
    } else {
      line += c;
    }
  }
  return line;
}

/// Collects the cells that a table shows, so that columns can be measured.
class GridPrinter : public Printer {
 public:
  GridPrinter(CellText text, const PrintOptions& options, std::ostream& out)
      : text_(std::move(text)), options_(options), out_(out) {}

  Status Begin(const StructType& schema) override {
    for (const auto& field : schema.fields) {
      header_.push_back(Shorten(OneLine(field.name)));
      right_.push_back(IsRightAligned(field.type));
    }
    return Ok();
  }

  Status Rows(const arrow::RecordBatch& batch) override {
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      ++num_rows_;
      if (num_rows_ > options_.max_table_rows) continue;
      std::vector<std::string>& cells = rows_.emplace_back();
      for (int column = 0; column < batch.num_columns(); ++column) {
        const std::optional<std::string> cell = TRY(text_.At(batch, column, row));
        only_cell_ = num_rows_ == 1 && batch.num_columns() == 1 ? cell.value_or("") : "";
        cells.push_back(Shorten(OneLine(cell.value_or("NULL"))));
      }
    }
    return Ok();
  }

 protected:
  std::string Shorten(std::string text) const {
    if (options_.max_cell_width == 0) return text;
    return CutToWidth(std::move(text), options_.max_cell_width);
  }

  std::vector<int> Widths() const {
    std::vector<int> widths;
    for (const std::string& name : header_) widths.push_back(TextWidth(name));
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], TextWidth(row[i]));
    }
    return widths;
  }

  static std::string Padded(const std::string& text, int width, bool right) {
    const std::string blanks(static_cast<std::size_t>(std::max(width - TextWidth(text), 0)), ' ');
    return right ? blanks + text : text + blanks;
  }

  CellText text_;
  const PrintOptions& options_;
  std::ostream& out_;
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
  std::int64_t num_rows_ = 0;
  std::string only_cell_;  ///< Of a result of one value.
};

class TablePrinter final : public GridPrinter {
 public:
  using GridPrinter::GridPrinter;

  Status End() override {
    // A plan or a definition: a text of many lines is better read as it is.
    if (only_cell_.contains('\n')) {
      out_ << only_cell_ << (only_cell_.ends_with('\n') ? "" : "\n");
      return Ok();
    }
    const std::vector<int> widths = Widths();
    Rule(widths, "┌", "┬", "┐");
    Line(widths, header_);
    Rule(widths, "├", "┼", "┤");
    for (const auto& row : rows_) Line(widths, row);
    Rule(widths, "└", "┴", "┘");
    const auto shown = static_cast<std::int64_t>(rows_.size());
    out_ << num_rows_ << (num_rows_ == 1 ? " row" : " rows");
    if (shown < num_rows_) out_ << " (" << shown << " shown)";
    out_ << "\n";
    return Ok();
  }

 private:
  void Rule(const std::vector<int>& widths, const char* left, const char* middle,
            const char* right) const {
    out_ << left;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) out_ << middle;
      for (int j = 0; j < widths[i] + 2; ++j) out_ << "─";
    }
    out_ << right << "\n";
  }

  void Line(const std::vector<int>& widths, const std::vector<std::string>& cells) const {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      out_ << "│ " << Padded(cells[i], widths[i], right_[i]) << " ";
    }
    out_ << "│\n";
  }
};

class MarkdownPrinter final : public GridPrinter {
 public:
  using GridPrinter::GridPrinter;

  Status End() override {
    const std::vector<int> widths = Widths();
    Line(widths, header_);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const auto dashes = static_cast<std::size_t>(std::max(widths[i], 3));
      out_ << "| " << std::string(dashes - (right_[i] ? 1 : 0), '-') << (right_[i] ? ": " : " ");
    }
    out_ << "|\n";
    for (const auto& row : rows_) Line(widths, row);
    return Ok();
  }

 private:
  void Line(const std::vector<int>& widths, const std::vector<std::string>& cells) const {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      std::string escaped;
      for (const char c : cells[i]) escaped += c == '|' ? "\\|" : std::string(1, c);
      out_ << "| " << Padded(escaped, std::max(widths[i], 3), right_[i]) << " ";
    }
    out_ << "|\n";
  }
};

/// RFC 4180: a header, quotes where they are needed, NULL as an empty cell, '' as "".
class CsvPrinter final : public Printer {
 public:
  CsvPrinter(CellText text, std::ostream& out) : text_(std::move(text)), out_(out) {}

  Status Begin(const StructType& schema) override {
    const char* separator = "";
    for (const auto& field : schema.fields) {
      out_ << separator << Quoted(field.name);
      separator = ",";
    }
    out_ << "\n";
    return Ok();
  }

  Status Rows(const arrow::RecordBatch& batch) override {
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int column = 0; column < batch.num_columns(); ++column) {
        if (column > 0) out_ << ",";
        if (const auto cell = TRY(text_.At(batch, column, row))) out_ << Quoted(*cell);
      }
      out_ << "\n";
    }
    return Ok();
  }

  Status End() override { return Ok(); }

 private:
  static std::string Quoted(const std::string& cell) {
    if (!cell.empty() && cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
  }

  CellText text_;
  std::ostream& out_;
};

/// One JSON object a row: lines, or one array.
class JsonPrinter final : public Printer {
 public:
  JsonPrinter(const types::TimeZone& zone, bool lines, std::ostream& out)
      : zone_(zone), lines_(lines), out_(out) {}

  Status Begin(const StructType& schema) override {
    writer_ = TRY(formats::JsonValueWriter::Create(DataType::Struct(schema.fields),
                                                   {{"ignoreNullFields", "false"}}, zone_));
    if (!lines_) out_ << "[";
    return Ok();
  }

  Status Rows(const arrow::RecordBatch& batch) override {
    const std::shared_ptr<arrow::StructArray> rows = ARROW_TRY(batch.ToStructArray());
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string json;
      TRY(writer_->Append(*rows, row, json));
      if (lines_) {
        out_ << json << "\n";
      } else {
        out_ << (first_ ? "\n" : ",\n") << json;
        first_ = false;
      }
    }
    return Ok();
  }

  Status End() override {
    if (!lines_) out_ << (first_ ? "]\n" : "\n]\n");
    return Ok();
  }

 private:
  const types::TimeZone& zone_;
  const bool lines_;
  std::ostream& out_;
  std::unique_ptr<formats::JsonValueWriter> writer_;
  bool first_ = true;
};

/// An Arrow IPC stream.
class ArrowPrinter final : public Printer {
 public:
  explicit ArrowPrinter(std::ostream& out) : sink_(std::make_shared<Sink>(out)) {}

  Status Begin(const StructType& schema) override {
    writer_ = ARROW_TRY(arrow::ipc::MakeStreamWriter(sink_, types::ToArrow(schema)));
    return Ok();
  }

  Status Rows(const arrow::RecordBatch& batch) override {
    ARROW_CHECK_OK(writer_->WriteRecordBatch(batch));
    return Ok();
  }

  Status End() override {
    ARROW_CHECK_OK(writer_->Close());
    return Ok();
  }

 private:
  class Sink final : public arrow::io::OutputStream {
   public:
    explicit Sink(std::ostream& out) : out_(out) {}
    using arrow::io::OutputStream::Write;
    arrow::Status Write(const void* data, std::int64_t length) override {
      out_.write(static_cast<const char*>(data), length);
      position_ += length;
      return out_ ? arrow::Status::OK() : arrow::Status::IOError("the output takes no more");
    }
    arrow::Status Close() override {
      closed_ = true;
      return arrow::Status::OK();
    }
    arrow::Result<std::int64_t> Tell() const override { return position_; }
    bool closed() const override { return closed_; }

   private:
    std::ostream& out_;
    std::int64_t position_ = 0;
    bool closed_ = false;
  };

  std::shared_ptr<Sink> sink_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

std::unique_ptr<Printer> MakePrinter(const StructType& schema, const types::TimeZone& zone,
                                     const PrintOptions& options, std::ostream& out) {
  switch (options.format) {
    case OutputFormat::kTable:
      return std::make_unique<TablePrinter>(CellText(schema, zone), options, out);
    case OutputFormat::kMarkdown:
      return std::make_unique<MarkdownPrinter>(CellText(schema, zone), options, out);
    case OutputFormat::kCsv:
      return std::make_unique<CsvPrinter>(CellText(schema, zone), out);
    case OutputFormat::kJson:
      return std::make_unique<JsonPrinter>(zone, /*lines=*/false, out);
    case OutputFormat::kJsonLines:
      return std::make_unique<JsonPrinter>(zone, /*lines=*/true, out);
    case OutputFormat::kArrow:
      return std::make_unique<ArrowPrinter>(out);
  }
  return nullptr;
}

}  // namespace

std::optional<OutputFormat> FindOutputFormat(std::string_view name) {
  constexpr std::pair<std::string_view, OutputFormat> kFormats[] = {
      {"table", OutputFormat::kTable},         {"csv", OutputFormat::kCsv},
      {"json", OutputFormat::kJson},           {"jsonl", OutputFormat::kJsonLines},
      {"jsonlines", OutputFormat::kJsonLines}, {"ndjson", OutputFormat::kJsonLines},
      {"markdown", OutputFormat::kMarkdown},   {"arrow", OutputFormat::kArrow},
  };
  for (const auto& [known, format] : kFormats) {
    if (EqualsIgnoreCase(known, name)) return format;
  }
  return std::nullopt;
}

Result<std::int64_t> Print(QueryResult result, const PrintOptions& options, std::ostream& out) {
  if (result.rows == nullptr) return 0;
  const types::TimeZone* zone = TRY(types::TimeZone::Find(result.session_time_zone));
  const std::unique_ptr<Printer> printer = MakePrinter(result.schema, *zone, options, out);
  // Nothing is printed before the first rows are there: a query that fails at once prints no
  // header.
  BatchPtr batch = TRY(result.rows->Next());
  TRY(printer->Begin(result.schema));
  std::int64_t rows = 0;
  for (; batch != nullptr; batch = TRY(result.rows->Next())) {
    rows += batch->num_rows();
    TRY(printer->Rows(*batch));
  }
  TRY(printer->End());
  out.flush();
  if (!out) {
    return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", "the output takes no more"}});
  }
  return rows;
}

}  // namespace inlet::cli
