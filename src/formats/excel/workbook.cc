#include <expat.h>

#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "formats/excel/workbook_internal.h"

namespace inlet::formats::excel_internal {
namespace {

constexpr std::size_t kMaxCells = 50'000'000;

/// Attributes of an element, names without their prefix.
class Attributes {
 public:
  explicit Attributes(const char** pairs) : pairs_(pairs) {}
  std::string_view Get(std::string_view name) const {
    for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
      std::string_view key = pair[0];
      if (const std::size_t colon = key.rfind(':'); colon != std::string_view::npos) {
        key.remove_prefix(colon + 1);
      }
      if (key == name) return pair[1];
    }
    return {};
  }

 private:
  const char** pairs_;
};

struct XmlEvents {
  std::function<void(std::string_view, const Attributes&)> start;
  std::function<void(std::string_view)> end;
  std::function<void(std::string_view)> text;
  XML_Parser parser = nullptr;
  bool has_doctype = false;
};

std::string_view LocalName(const char* name) {
  const std::string_view full = name;
  const std::size_t colon = full.rfind(':');
  return colon == std::string_view::npos ? full : full.substr(colon + 1);
}

/// Passes over `xml`; false when it is not well-formed or has a document type, which no workbook
/// needs and entity bombs do.
bool ParseXml(const std::string& xml, XmlEvents events) {
  const std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser(
      XML_ParserCreate(nullptr), &XML_ParserFree);
  if (parser == nullptr) return false;
  events.parser = parser.get();
  XML_SetUserData(parser.get(), &events);
  XML_SetElementHandler(
      parser.get(),
      [](void* data, const char* name, const char** attributes) {
        auto& self = *static_cast<XmlEvents*>(data);
        if (self.start) self.start(LocalName(name), Attributes(attributes));
      },
      [](void* data, const char* name) {
        auto& self = *static_cast<XmlEvents*>(data);
        if (self.end) self.end(LocalName(name));
      });
  XML_SetCharacterDataHandler(parser.get(), [](void* data, const char* text, int length) {
    auto& self = *static_cast<XmlEvents*>(data);
    if (self.text) self.text({text, static_cast<std::size_t>(length)});
  });
  XML_SetStartDoctypeDeclHandler(parser.get(),
                                 [](void* data, const char*, const char*, const char*, int) {
                                   auto& self = *static_cast<XmlEvents*>(data);
                                   self.has_doctype = true;
                                   XML_StopParser(self.parser, XML_FALSE);
                                 });
  constexpr std::size_t kChunkBytes = 16 << 20;
  for (std::size_t at = 0; at < xml.size(); at += kChunkBytes) {
    const std::size_t length = std::min(kChunkBytes, xml.size() - at);
    const bool is_last = at + length == xml.size();
    if (XML_Parse(parser.get(), xml.data() + at, static_cast<int>(length), is_last ? 1 : 0) !=
        XML_STATUS_OK) {
      return false;
    }
  }
  return !xml.empty() && !events.has_doctype;
}

std::int64_t ToNumber(std::string_view text, std::int64_t otherwise) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

/// Whether a number format shows a date or a time: has a letter of one outside of quotes, brackets
/// and escapes.
bool IsDateFormat(std::string_view format) {
  bool quoted = false;
  bool bracketed = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\\' || c == '_' || c == '*') {
      ++i;
    } else if (c == '[' || c == ']') {
      bracketed = c == '[';
    } else if (!bracketed && std::string_view("dmyhsDMYHS").contains(c)) {
      return true;
    } else if (c == ';') {
      return false;
    }
  }
  return false;
}

bool IsBuiltInDate(std::int64_t id) {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) ||
         (id >= 50 && id <= 58);
}

/// The place of "BC12", from 0; false when it is none.
bool ParseReference(std::string_view text, std::int64_t& row, std::int64_t& column) {
  std::size_t i = 0;
  column = 0;
  for (; i < text.size() && text[i] >= 'A' && text[i] <= 'Z' && i < 4; ++i) {
    column = column * 26 + (text[i] - 'A' + 1);
  }
  row = ToNumber(text.substr(i), 0) - 1;
  --column;
  return column >= 0 && column < (1 << 14) && row >= 0 && row < (1 << 20);
}

double DaysSince1970(double serial, bool epoch_1904) {
  if (epoch_1904) return serial - 24107;
  // The workbook's calendar has a 29 February 1900, which never was.
  return serial < 60 ? serial - 25568 : serial - 25569;
}

/// Reads the cells of a sheet as the parser comes to them.
class SheetHandler {
 public:
  SheetHandler(const std::vector<std::string>& strings, const std::vector<bool>& date_styles,
               bool epoch_1904, const CellRange& range)
      : strings_(strings), date_styles_(date_styles), epoch_1904_(epoch_1904), range_(range) {}

  void Start(std::string_view name, const Attributes& attributes) {
    if (name == "row") {
      row_ = ToNumber(attributes.Get("r"), row_ + 2) - 1;
      column_ = -1;
    } else if (name == "c") {
      std::int64_t row = 0;
      std::int64_t column = 0;
      if (ParseReference(attributes.Get("r"), row, column)) {
        row_ = row;
        column_ = column;
      } else {
        ++column_;
      }
      type_ = attributes.Get("t");
      style_ = ToNumber(attributes.Get("s"), 0);
      value_.clear();
    } else if (name == "rPh") {
      in_phonetic_ = true;
    } else if (name == "v" || name == "t") {
      in_value_ = !in_phonetic_;
    }
  }
  void Text(std::string_view text) {
    if (in_value_) value_ += text;
  }
  void End(std::string_view name) {
    if (name == "v" || name == "t") in_value_ = false;
    if (name == "rPh") in_phonetic_ = false;
    if (name == "c") Take();
  }

  bool too_large() const { return num_cells_ > kMaxCells; }
  Rows Finish() && { return std::move(rows_); }

 private:
  void Take() {
    const bool inside = row_ >= range_.first_row && row_ <= range_.last_row &&
                        column_ >= range_.first_column && column_ <= range_.last_column;
    Cell cell = inside ? MakeCell() : Cell{};
    if (cell.kind == Cell::Kind::kEmpty) return;
    const auto row = static_cast<std::size_t>(row_ - range_.first_row);
    const auto column = static_cast<std::size_t>(column_ - range_.first_column);
    num_cells_ += row >= rows_.size() ? row - rows_.size() + 1 : 0;
    if (rows_.size() <= row && !too_large()) rows_.resize(row + 1);
    if (too_large()) return;
    num_cells_ += column >= rows_[row].size() ? column - rows_[row].size() + 1 : 0;
    if (too_large()) return;
    if (rows_[row].size() <= column) rows_[row].resize(column + 1);
    rows_[row][column] = std::move(cell);
  }

  Cell MakeCell() const {
    using Kind = Cell::Kind;
    if (type_ == "s") {
      const auto index = static_cast<std::size_t>(ToNumber(value_, -1));
      if (index >= strings_.size()) return {};
      return {.kind = Kind::kText, .text = strings_[index]};
    }
    if (type_ == "inlineStr" || type_ == "str" || type_ == "d") {
      return {.kind = Kind::kText, .text = value_};
    }
    if (type_ == "e") return {};
    double number = 0;
    const auto [end, error] = std::from_chars(value_.data(), value_.data() + value_.size(), number);
    if (value_.empty() || error != std::errc() || !std::isfinite(number)) return {};
    if (type_ == "b") return {.kind = Kind::kBoolean, .number = number};
    const auto style = static_cast<std::size_t>(style_);
    if (style < date_styles_.size() && date_styles_[style]) {
      return {.kind = Kind::kDate, .number = DaysSince1970(number, epoch_1904_)};
    }
    return {.kind = Kind::kNumber, .number = number};
  }

  const std::vector<std::string>& strings_;
  const std::vector<bool>& date_styles_;
  bool epoch_1904_;
  CellRange range_;
  Rows rows_;
  std::size_t num_cells_ = 0;
  std::int64_t row_ = -1;
  std::int64_t column_ = -1;
  std::int64_t style_ = 0;
  std::string type_;
  std::string value_;
  bool in_value_ = false;
  bool in_phonetic_ = false;
};

}  // namespace

Result<Workbook> Workbook::Open(std::string_view bytes, const std::string& url) {
  Workbook book(TRY(ZipArchive::Open(bytes, url)));
  book.url_ = url;
  const auto corrupt = [&](const std::string& part) {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", url}, {"message", "the part " + part + " is not right"}});
  };
  std::map<std::string, std::string, std::less<>> targets;  // By relationship id.
  const std::string relations = TRY(book.archive_.Extract("xl/_rels/workbook.xml.rels"));
  const bool has_relations =
      ParseXml(relations, {.start = [&](std::string_view name, const Attributes& attributes) {
                 if (name != "Relationship") return;
                 std::string target(attributes.Get("Target"));
                 target = target.starts_with('/') ? target.substr(1) : "xl/" + target;
                 targets[std::string(attributes.Get("Id"))] = std::move(target);
               }});
  if (!has_relations) return corrupt("workbook.xml.rels");
  std::vector<std::string> ids;
  const std::string workbook = TRY(book.archive_.Extract("xl/workbook.xml"));
  const bool has_workbook =
      ParseXml(workbook, {.start = [&](std::string_view name, const Attributes& attributes) {
                 if (name == "workbookPr") {
                   const std::string_view flag = attributes.Get("date1904");
                   book.epoch_1904_ = flag == "1" || flag == "true";
                 }
                 if (name != "sheet") return;
                 book.sheet_names_.emplace_back(attributes.Get("name"));
                 ids.emplace_back(attributes.Get("id"));
               }});
  if (!has_workbook) return corrupt("workbook.xml");
  for (const std::string& id : ids) book.sheet_parts_.push_back(targets[id]);

  if (book.archive_.Contains("xl/sharedStrings.xml")) {
    const std::string xml = TRY(book.archive_.Extract("xl/sharedStrings.xml"));
    bool in_text = false;
    bool in_phonetic = false;
    const bool fine = ParseXml(xml, {.start =
                                         [&](std::string_view name, const Attributes&) {
                                           if (name == "si") book.shared_strings_.emplace_back();
                                           if (name == "rPh") in_phonetic = true;
                                           if (name == "t") in_text = !in_phonetic;
                                         },
                                     .end =
                                         [&](std::string_view name) {
                                           if (name == "rPh") in_phonetic = false;
                                           if (name == "t") in_text = false;
                                         },
                                     .text =
                                         [&](std::string_view text) {
                                           if (in_text && !book.shared_strings_.empty()) {
                                             book.shared_strings_.back() += text;
                                           }
                                         }});
    if (!fine) return corrupt("sharedStrings.xml");
  }
  if (book.archive_.Contains("xl/styles.xml")) {
    const std::string xml = TRY(book.archive_.Extract("xl/styles.xml"));
    std::map<std::int64_t, bool> formats;
    bool in_cell_formats = false;
    const bool fine =
        ParseXml(xml, {.start =
                           [&](std::string_view name, const Attributes& attributes) {
                             if (name == "numFmt") {
                               formats[ToNumber(attributes.Get("numFmtId"), -1)] =
                                   IsDateFormat(attributes.Get("formatCode"));
                             }
                             if (name == "cellXfs") in_cell_formats = true;
                             if (name == "xf" && in_cell_formats) {
                               const std::int64_t id = ToNumber(attributes.Get("numFmtId"), 0);
                               const auto own = formats.find(id);
                               book.style_is_date_.push_back(
                                   own != formats.end() ? own->second : IsBuiltInDate(id));
                             }
                           },
                       .end =
                           [&](std::string_view name) {
                             if (name == "cellXfs") in_cell_formats = false;
                           }});
    if (!fine) return corrupt("styles.xml");
  }
  return book;
}

Result<Rows> Workbook::ReadSheet(std::size_t sheet, const CellRange& range) const {
  const std::string xml = TRY(archive_.Extract(sheet_parts_[sheet]));
  SheetHandler handler(shared_strings_, style_is_date_, epoch_1904_, range);
  const bool fine = ParseXml(
      xml, {.start = [&](std::string_view name, const Attributes& a) { handler.Start(name, a); },
            .end = [&](std::string_view name) { handler.End(name); },
            .text = [&](std::string_view text) { handler.Text(text); }});
  if (handler.too_large()) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "A sheet of " + url_ + " has too many cells"},
                 {"limit", std::to_string(kMaxCells)}});
  }
  if (!fine) {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", url_}, {"message", "a sheet is not well-formed XML"}});
  }
  return std::move(handler).Finish();
}

}  // namespace inlet::formats::excel_internal
