#include "formats/excel/excel_format.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "formats/columns/column_json.h"
#include "formats/columns/parallel_infer.h"
#include "formats/columns/read_columns.h"
#include "formats/columns/schema_merge.h"
#include "formats/excel/workbook_internal.h"
#include "types/column_builder.h"
#include "types/json_text.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using namespace excel_internal;
using types::ColumnBuilder;
using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

constexpr std::int64_t kMaxFileBytes = 256 << 20;
constexpr double kMillisPerDay = 86'400'000;

struct ExcelOptions {
  std::string sheet;  ///< Empty: the first.
  CellRange range;
  bool has_range = false;
  bool has_header = false;
  bool list_sheets = false;
};

/// The cells of the chosen range and the names of its columns.
struct Table {
  std::vector<std::string> names;
  Rows rows;
};

std::int64_t Micros(double days) {
  return static_cast<std::int64_t>(std::llround(days * kMillisPerDay)) * 1000;
}

bool IsWhole(double number) { return number == std::floor(number) && std::abs(number) < 9.0e15; }

std::string NumberText(double number) {
  if (IsWhole(number)) return std::to_string(static_cast<std::int64_t>(number));
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return {text, end};
}

/// The cell's value as a JSON value, for the rescued column.
std::string CellJson(const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kNumber:
      return NumberText(cell.number);
    case Cell::Kind::kBoolean:
      return cell.number != 0 ? "true" : "false";
    case Cell::Kind::kDate: {
      const arrow::TimestampScalar scalar(Micros(cell.number),
                                          arrow::timestamp(arrow::TimeUnit::MICRO));
      const auto array = arrow::MakeArrayFromScalar(scalar, 1);
      std::string json;
      if (array.ok()) AppendJsonValue(**array, 0, json);
      return json;
    }
    default:
      return types::JsonQuote(cell.text);
  }
}

std::string CellText(const Cell& cell) {
  if (cell.kind == Cell::Kind::kText) return cell.text;
  std::string json = CellJson(cell);
  if (json.starts_with('"')) json = json.substr(1, json.size() - 2);
  return json;
}

template <class Int>
bool AppendIntegerCell(const Cell& cell, void (ColumnBuilder::*append)(Int), ColumnBuilder& out) {
  std::optional<Int> value;
  if (cell.kind == Cell::Kind::kText) {
    value = types::ParseInteger<Int>(cell.text);
  } else if (cell.kind == Cell::Kind::kNumber && IsWhole(cell.number) &&
             cell.number >= static_cast<double>(std::numeric_limits<Int>::min()) &&
             cell.number <= static_cast<double>(std::numeric_limits<Int>::max())) {
    value = static_cast<Int>(cell.number);
  }
  if (value) (out.*append)(*value);
  return value.has_value();
}

bool AppendDateCell(const Cell& cell, ColumnBuilder& out) {
  std::optional<std::int32_t> days;
  if (cell.kind == Cell::Kind::kDate) days = static_cast<std::int32_t>(std::floor(cell.number));
  if (cell.kind == Cell::Kind::kText) days = types::ParseDate(cell.text);
  if (days) out.AppendInteger(*days);
  return days.has_value();
}

bool AppendTimestampCell(const Cell& cell, ColumnBuilder& out) {
  std::optional<std::int64_t> micros;
  if (cell.kind == Cell::Kind::kDate) micros = Micros(cell.number);
  if (cell.kind == Cell::Kind::kText) micros = types::ParseTimestampNtz(cell.text);
  if (micros) out.AppendLong(*micros);
  return micros.has_value();
}

/// Appends the cell in the column's type; false, and nothing appended, when it does not fit.
bool AppendCell(const Cell& cell, ColumnBuilder& out) {
  const bool is_text = cell.kind == Cell::Kind::kText;
  switch (out.id()) {
    case TypeId::kString:
      out.AppendBytes(CellText(cell));
      return true;
    case TypeId::kByte:
      return AppendIntegerCell<std::int8_t>(cell, &ColumnBuilder::AppendByte, out);
    case TypeId::kShort:
      return AppendIntegerCell<std::int16_t>(cell, &ColumnBuilder::AppendShort, out);
    case TypeId::kInteger:
      return AppendIntegerCell<std::int32_t>(cell, &ColumnBuilder::AppendInteger, out);
    case TypeId::kLong:
      return AppendIntegerCell<std::int64_t>(cell, &ColumnBuilder::AppendLong, out);
    case TypeId::kFloat:
    case TypeId::kDouble: {
      std::optional<double> value;
      if (is_text) value = types::ParseDouble(cell.text);
      if (cell.kind == Cell::Kind::kNumber) value = cell.number;
      if (!value) return false;
      if (out.id() == TypeId::kFloat) {
        out.AppendFloat(static_cast<float>(*value));
      } else {
        out.AppendDouble(*value);
      }
      return true;
    }
    case TypeId::kDecimal: {
      if (!is_text && cell.kind != Cell::Kind::kNumber) return false;
      const auto value =
          types::ParseDecimal(CellText(cell), out.type().precision(), out.type().scale());
      if (value) out.AppendDecimal(*value);
      return value.has_value();
    }
    case TypeId::kBoolean: {
      std::optional<bool> value;
      if (is_text) value = types::ParseBoolean(cell.text);
      if (cell.kind == Cell::Kind::kBoolean) value = cell.number != 0;
      if (value) out.AppendBoolean(*value);
      return value.has_value();
    }
    case TypeId::kDate:
      return AppendDateCell(cell, out);
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return AppendTimestampCell(cell, out);
    default:
      return false;
  }
}

/// The narrowest type for all cells of a column.
DataType InferColumn(const Rows& rows, std::size_t column) {
  std::optional<TypeId> type;
  for (const std::vector<Cell>& row : rows) {
    if (column >= row.size() || row[column].kind == Cell::Kind::kEmpty) continue;
    const Cell& cell = row[column];
    TypeId own = TypeId::kString;
    if (cell.kind == Cell::Kind::kNumber) {
      own = IsWhole(cell.number) ? TypeId::kLong : TypeId::kDouble;
    } else if (cell.kind == Cell::Kind::kBoolean) {
      own = TypeId::kBoolean;
    } else if (cell.kind == Cell::Kind::kDate) {
      own = IsWhole(cell.number) ? TypeId::kDate : TypeId::kTimestampNtz;
    }
    if (!type || *type == own) {
      type = own;
      continue;
    }
    const auto are = [&](TypeId one, TypeId other) {
      return (*type == one && own == other) || (*type == other && own == one);
    };
    type = are(TypeId::kLong, TypeId::kDouble)         ? TypeId::kDouble
           : are(TypeId::kDate, TypeId::kTimestampNtz) ? TypeId::kTimestampNtz
                                                       : TypeId::kString;
  }
  return type.value_or(TypeId::kString);
}

class ConfiguredExcel final : public ConfiguredFormat {
 public:
  explicit ConfiguredExcel(ExcelOptions options) : options_(std::move(options)) {}

  Result<StructType> InferSchema(const storage::ObjectStore& store,
                                 std::span<const storage::ObjectInfo> files,
                                 const InferOptions& options, std::stop_token stop) const override {
    return InferFromEach(files, options.threads, stop,
                         [&](const storage::ObjectInfo& file) { return SchemaOf(store, file); });
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore&, const storage::ObjectInfo& file,
                                       std::int64_t) const override {
    return std::vector{FileSplit{.file = file}};
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override;

 private:
  Result<StructType> SchemaOf(const storage::ObjectStore& store,
                              const storage::ObjectInfo& file) const {
    const Table table = TRY(Load(store, file));
    StructType schema;
    for (std::size_t i = 0; i < table.names.size(); ++i) {
      schema.fields.push_back({.name = table.names[i], .type = InferColumn(table.rows, i)});
    }
    TRY(CheckDistinctNames(schema).Context("read " + storage::UrlOf(store, file.path)));
    return schema;
  }

  Result<Table> Load(const storage::ObjectStore& store, const storage::ObjectInfo& file) const {
    const std::string url = storage::UrlOf(store, file.path);
    if (file.size_bytes > kMaxFileBytes) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", url + " has " + std::to_string(file.size_bytes) + " bytes"},
                   {"limit", std::to_string(kMaxFileBytes) + " bytes in one workbook"}});
    }
    const std::string bytes = TRY(store.Get(file.path));
    const Workbook book = TRY(Workbook::Open(bytes, url));
    if (options_.list_sheets) return SheetList(book);
    const auto& sheets = book.sheet_names();
    const auto found =
        options_.sheet.empty() ? sheets.begin() : std::ranges::find(sheets, options_.sheet);
    if (found == sheets.end()) {
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "dataAddress"},
                   {"functionName", "excel"},
                   {"message", "there is no sheet " + options_.sheet + " in " + url}});
    }
    Table table;
    table.rows =
        TRY(book.ReadSheet(static_cast<std::size_t>(found - sheets.begin()), options_.range));
    NameColumns(table);
    return table;
  }

  static Table SheetList(const Workbook& book) {
    Table table{.names = {"sheetIndex", "sheetName"}};
    for (std::size_t i = 0; i < book.sheet_names().size(); ++i) {
      table.rows.push_back({{.kind = Cell::Kind::kNumber, .number = static_cast<double>(i)},
                            {.kind = Cell::Kind::kText, .text = book.sheet_names()[i]}});
    }
    return table;
  }

  /// From the first row, or `_c1`, `_c2`, ...
  void NameColumns(Table& table) const {
    std::size_t columns = 0;
    for (const auto& row : table.rows) columns = std::max(columns, row.size());
    if (options_.has_range && options_.range.last_column < (1 << 14) - 1) {
      columns =
          static_cast<std::size_t>(options_.range.last_column - options_.range.first_column + 1);
    }
    std::vector<Cell> header;
    if (options_.has_header && !table.rows.empty()) {
      header = std::move(table.rows.front());
      table.rows.erase(table.rows.begin());
    }
    for (std::size_t i = 0; i < columns; ++i) {
      std::string name = i < header.size() && header[i].kind != Cell::Kind::kEmpty
                             ? CellText(header[i])
                             : "_c" + std::to_string(i + 1);
      table.names.push_back(std::move(name));
    }
  }

  ExcelOptions options_;
};

/// The rows of one sheet in the requested types.
class SheetReader final : public types::BatchReader {
 public:
  SheetReader(Table table, const ReadSchema& schema, std::string url)
      : table_(std::move(table)),
        columns_(schema),
        builder_(columns_.data()),
        batch_rows_(schema.batch_rows),
        rescued_path_(schema.rescue_file_path ? std::move(url) : "") {
    const StructType& known = schema.data_schema.empty() ? columns_.data() : schema.data_schema;
    target_.assign(table_.names.size(), -1);
    for (std::size_t i = 0; i < table_.names.size(); ++i) {
      if (const auto index = columns_.data().IndexOf(table_.names[i])) {
        target_[i] = static_cast<int>(*index);
      }
      is_known_.push_back(known.Find(table_.names[i]) != nullptr);
    }
  }

  Result<types::BatchPtr> Next() override {
    std::int64_t rows = 0;
    arrow::StringBuilder rescued;
    for (; next_ < table_.rows.size() && rows < batch_rows_; ++next_) {
      const std::vector<Cell>& row = table_.rows[next_];
      if (row.empty()) continue;  // A blank row is no record.
      const std::string misfits = AppendRow(row);
      ++rows;
      const arrow::Status status = misfits.empty()
                                       ? rescued.AppendNull()
                                       : rescued.Append(RescuedObject(misfits, rescued_path_));
      if (!status.ok()) return FailInternal(status.message());
    }
    if (rows == 0) return nullptr;
    const types::BatchPtr data = TRY(builder_.Finish(rows));
    auto rescued_column = rescued.Finish();
    if (!rescued_column.ok()) return FailInternal(rescued_column.status().message());
    return columns_.Assemble(*data, *std::move(rescued_column));
  }

 private:
  /// Returns what goes to the rescued column.
  std::string AppendRow(const std::vector<Cell>& row) {
    std::string misfits;
    std::vector<bool> filled(columns_.data().size());
    for (std::size_t i = 0; i < row.size() && i < target_.size(); ++i) {
      const Cell& cell = row[i];
      if (cell.kind == Cell::Kind::kEmpty) continue;
      const bool is_wanted = target_[i] >= 0 && !filled[static_cast<std::size_t>(target_[i])];
      if (is_wanted && AppendCell(cell, builder_.column(static_cast<std::size_t>(target_[i])))) {
        filled[static_cast<std::size_t>(target_[i])] = true;
      } else if (is_wanted || !is_known_[i]) {
        if (!misfits.empty()) misfits += ',';
        types::AppendJsonQuoted(table_.names[i], misfits);
        misfits += ':' + CellJson(cell);
      }
    }
    for (std::size_t i = 0; i < filled.size(); ++i) {
      if (!filled[i]) builder_.column(i).AppendNull();
    }
    return misfits;
  }

  Table table_;
  ReadColumns columns_;
  types::BatchBuilder builder_;
  std::int64_t batch_rows_;
  std::string rescued_path_;
  std::vector<int> target_;     // For each column of the sheet, which data column; -1: none.
  std::vector<bool> is_known_;  // For each column of the sheet.
  std::size_t next_ = 0;
};

Result<std::unique_ptr<types::BatchReader>> ConfiguredExcel::Open(const storage::ObjectStore& store,
                                                                  const FileSplit& split,
                                                                  const ReadSchema& schema) const {
  Table table = TRY(Load(store, split.file));
  return std::make_unique<SheetReader>(std::move(table), schema,
                                       storage::UrlOf(store, split.file.path));
}

std::unexpected<Error> BadOption(const std::string& name, const std::string& message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", name}, {"functionName", "excel"}, {"message", message}});
}

/// "B7" as row and column, from 0.
bool ParsePlace(std::string_view text, std::int64_t& row, std::int64_t& column) {
  std::size_t i = 0;
  column = 0;
  for (; i < text.size() && i < 3 && std::isalpha(static_cast<unsigned char>(text[i])) != 0; ++i) {
    column = column * 26 + (text[i] & 0x1F);
  }
  const auto number = types::ParseStrictInteger<std::int64_t>(text.substr(i));
  --column;
  row = number.value_or(0) - 1;
  return i > 0 && column < (1 << 14) && row >= 0 && row < (1 << 20);
}

/// `Sheet`, `Sheet!A1:C10`, `A1:C10`; quotes around the sheet's name.
Status ParseAddress(std::string address, ExcelOptions& options) {
  const std::size_t mark = address.rfind('!');
  std::string cells = mark == std::string::npos ? address : address.substr(mark + 1);
  const std::size_t colon = cells.find(':');
  CellRange range;
  const std::string first = cells.substr(0, colon);
  const std::string last = colon == std::string::npos ? first : cells.substr(colon + 1);
  const bool is_range = (colon != std::string::npos || mark != std::string::npos) &&
                        ParsePlace(first, range.first_row, range.first_column) &&
                        ParsePlace(last, range.last_row, range.last_column) &&
                        range.first_row <= range.last_row &&
                        range.first_column <= range.last_column;
  if (!is_range && mark != std::string::npos) {
    return BadOption("dataAddress", cells + " is no range of cells such as A1:C10");
  }
  if (is_range) {
    options.range = range;
    options.has_range = true;
    address = mark == std::string::npos ? "" : address.substr(0, mark);
  }
  if (address.size() >= 2 && address.front() == '\'' && address.back() == '\'') {
    address = address.substr(1, address.size() - 2);
  }
  options.sheet = address;
  return Ok();
}

class ExcelFormatImpl final : public Format {
 public:
  std::string_view name() const override { return "excel"; }

  std::span<const OptionSpec> options() const override {
    static constexpr std::array kOptions{
        OptionSpec{"dataAddress", ""},        OptionSpec{"headerRows", "0"},
        OptionSpec{"listSheets", "false"},    OptionSpec{"operation", "readSheet"},
        OptionSpec{"dateFormat", ""},         OptionSpec{"timestampFormat", ""},
        OptionSpec{"timestampNTZFormat", ""}, OptionSpec{"rescuedDataColumn", ""},
    };
    return kOptions;
  }

  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool /*inferring*/) const override {
    ExcelOptions parsed;
    for (const char* name : {"dateFormat", "timestampFormat", "timestampNTZFormat"}) {
      if (const auto text = GetString(options, name); text && !text->empty()) {
        return FailUnsupported(std::string("the option ") + name + " of Excel files");
      }
    }
    const std::int64_t header_rows = TRY(GetInt64(options, "headerRows")).value_or(0);
    if (header_rows < 0 || header_rows > 1) {
      return BadOption("headerRows", std::to_string(header_rows) + " is neither 0 nor 1");
    }
    parsed.has_header = header_rows == 1;
    parsed.list_sheets = TRY(GetBool(options, "listSheets")).value_or(false);
    const std::string operation = GetString(options, "operation").value_or("readSheet");
    if (EqualsIgnoreCase(operation, "listSheets")) {
      parsed.list_sheets = true;
    } else if (!EqualsIgnoreCase(operation, "readSheet")) {
      return BadOption("operation", operation + " is neither readSheet nor listSheets");
    }
    if (const auto address = GetString(options, "dataAddress"); address && !address->empty()) {
      TRY(ParseAddress(*address, parsed));
    }
    return std::make_unique<ConfiguredExcel>(std::move(parsed));
  }
};

}  // namespace

const Format& ExcelFormat() {
  static const ExcelFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
