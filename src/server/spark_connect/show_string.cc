#include "server/spark_connect/show_string.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "types/text_cast.h"
#include "types/variant.h"

namespace inlet::server {
namespace {

using types::DataType;
using types::TypeId;

constexpr int kMinColumnWidth = 3;

/// The length of the UTF-8 sequence that starts with `lead`.
std::size_t SequenceLength(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  return byte >= 0xC0 ? 2 : 1;
}

char32_t CodePointAt(std::string_view text, std::size_t at, std::size_t length) {
  if (length == 1) return static_cast<unsigned char>(text[at]);
  char32_t code = static_cast<unsigned char>(text[at]) & (0x7Fu >> length);
  for (std::size_t i = 1; i < length && at + i < text.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  }
  return code;
}

/// What Spark counts as two columns wide.
bool IsWide(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
                             {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}};
  return std::any_of(std::begin(kWide), std::end(kWide),
                     [&](Range range) { return code >= range.first && code <= range.last; });
}

int WidthOf(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = SequenceLength(text[at]);
    width += IsWide(CodePointAt(text, at, length)) ? 2 : 1;
    at += length;
  }
  return width;
}

/// Java's length of the text: UTF-16 units.
int LengthOf(std::string_view text) {
  int length = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = SequenceLength(text[at]);
    length += bytes == 4 ? 2 : 1;
    at += bytes;
  }
  return length;
}

std::string FirstUnits(std::string_view text, int units) {
  std::size_t at = 0;
  while (at < text.size() && units > 0) {
    const std::size_t bytes = SequenceLength(text[at]);
    units -= bytes == 4 ? 2 : 1;
    at += bytes;
  }
  return std::string(text.substr(0, std::min(at, text.size())));
}

std::string Shortened(std::string_view text, int truncate) {
  if (truncate <= 0 || LengthOf(text) <= truncate) return std::string(text);
  if (truncate < 4) return FirstUnits(text, truncate);
  return FirstUnits(text, truncate - 3) + "...";
}

/// Control characters are shown as their escapes, so that a row stays one line.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\n':
        escaped += "\\n";
        break;
      case '\r':
        escaped += "\\r";
        break;
      case '\t':
        escaped += "\\t";
        break;
      case '\f':
        escaped += "\\f";
        break;
      case '\b':
        escaped += "\\b";
        break;
      case '\v':
        escaped += "\\v";
        break;
      case '\a':
        escaped += "\\a";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string EscapedHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string Padded(const std::string& text, int width, bool to_the_right) {
  const std::string blanks(static_cast<std::size_t>(std::max(width - WidthOf(text), 0)), ' ');
  return to_the_right ? blanks + text : text + blanks;
}

Status AppendShown(const arrow::Array& array, std::int64_t row, const DataType& type,
                   const types::TimeZone& zone, std::string& out);

Status AppendElements(const arrow::Array& values, std::int64_t begin, std::int64_t end,
                      const DataType& type, const types::TimeZone& zone, std::string& out) {
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ", ";
    TRY(AppendShown(values, i, type, zone, out));
  }
  return Ok();
}

Status AppendShown(const arrow::Array& array, std::int64_t row, const DataType& type,
                   const types::TimeZone& zone, std::string& out) {
  if (array.IsNull(row)) {
    out += "NULL";
    return Ok();
  }
  switch (type.id()) {
    case TypeId::kBinary: {
      const std::string_view bytes = static_cast<const arrow::BinaryArray&>(array).GetView(row);
      out += '[';
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        out += fmt::format("{}{:02X}", i > 0 ? " " : "", static_cast<unsigned char>(bytes[i]));
      }
      out += ']';
      return Ok();
    }
    case TypeId::kVariant: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      const auto part = [&](const std::string& name) {
        return static_cast<const arrow::BinaryArray&>(*fields.GetFieldByName(name)).GetView(row);
      };
      return types::AppendJson({.metadata = part("metadata"), .value = part("value")}, zone, out);
    }
    case TypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      out += '[';
      TRY(AppendElements(*list.values(), list.value_offset(row), list.value_offset(row + 1),
                         type.element(), zone, out));
      out += ']';
      return Ok();
    }
    case TypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      out += '{';
      for (std::int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
        if (i > map.value_offset(row)) out += ", ";
        TRY(AppendShown(*map.keys(), i, type.key(), zone, out));
        out += " -> ";
        TRY(AppendShown(*map.items(), i, type.value(), zone, out));
      }
      out += '}';
      return Ok();
    }
    case TypeId::kStruct: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      out += '{';
      for (int i = 0; i < fields.num_fields(); ++i) {
        if (i > 0) out += ", ";
        TRY(AppendShown(*fields.field(i), row, type.fields()[static_cast<std::size_t>(i)].type,
                        zone, out));
      }
      out += '}';
      return Ok();
    }
    default:
      return types::AppendCell(array, row, type, zone, out);
  }
}

}  // namespace

Status ShownRows::Add(const arrow::RecordBatch& batch) {
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    std::vector<std::string>& cells = rows_.emplace_back();
    for (std::size_t i = 0; i < schema_.size(); ++i) {
      std::string cell;
      TRY(AppendShown(*batch.column(static_cast<int>(i)), row, schema_.fields[i].type, zone_,
                      cell));
      cells.push_back(std::move(cell));
    }
  }
  return Ok();
}

std::string ShownRows::ToText(const ShowOptions& options) const {
  const std::size_t num_shown =
      std::min(rows_.size(), static_cast<std::size_t>(std::max(options.num_rows, 0)));
  std::string text =
      options.vertical ? Vertical(options, num_shown) : Horizontal(options, num_shown);
  if (options.vertical && rows_.empty()) {
    text += "(0 rows)\n";
  } else if (num_shown < rows_.size()) {
    text += fmt::format("only showing top {} {}", num_shown, num_shown == 1 ? "row" : "rows");
  }
  return text;
}

std::string ShownRows::Horizontal(const ShowOptions& options, std::size_t num_shown) const {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& field : schema_.fields) {
    lines[0].push_back(Escaped(field.name));
  }
  for (std::size_t i = 0; i < num_shown; ++i) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& cell : rows_[i]) {
      line.push_back(Shortened(Escaped(cell), options.truncate));
    }
  }
  std::string border = "+";
  std::vector<int> widths(schema_.size(), kMinColumnWidth);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], WidthOf(line[i]));
  }
  for (const int width : widths) border += std::string(static_cast<std::size_t>(width), '-') + "+";
  if (widths.empty()) border += "+";
  border += "\n";
  std::string text = border;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += "|";
    for (std::size_t j = 0; j < lines[i].size(); ++j) {
      text += Padded(lines[i][j], widths[j], options.truncate > 0) + "|";
    }
    if (widths.empty()) text += "|";
    text += "\n";
    if (i == 0) text += border;
  }
  return text + border;
}

std::string ShownRows::Vertical(const ShowOptions& options, std::size_t num_shown) const {
  int name_width = kMinColumnWidth;
  int data_width = kMinColumnWidth;
  for (const auto& field : schema_.fields) {
    name_width = std::max(name_width, WidthOf(Escaped(field.name)));
  }
  std::vector<std::vector<std::string>> shown;
  for (std::size_t i = 0; i < num_shown; ++i) {
    std::vector<std::string>& cells = shown.emplace_back();
    for (const std::string& cell : rows_[i]) {
      cells.push_back(Shortened(Escaped(cell), options.truncate));
      data_width = std::max(data_width, WidthOf(cells.back()));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    std::string header = fmt::format("-RECORD {}", i);
    const auto full = static_cast<std::size_t>(name_width + data_width + 5);
    if (header.size() < full) header.resize(full, '-');
    text += header + "\n";
    for (std::size_t j = 0; j < shown[i].size(); ++j) {
      text += " " + Padded(Escaped(schema_.fields[j].name), name_width, false) + " | " +
              Padded(shown[i][j], data_width, false) + " \n";
    }
  }
  return text;
}

std::string ShownRows::ToHtml(const ShowOptions& options) const {
  const std::size_t num_shown =
      std::min(rows_.size(), static_cast<std::size_t>(std::max(options.num_rows, 0)));
  std::string html = "<table border='1'>\n<tr>";
  for (const auto& field : schema_.fields) {
    html += "<th>" + EscapedHtml(Escaped(field.name)) + "</th>";
  }
  html += "</tr>\n";
  for (std::size_t i = 0; i < num_shown; ++i) {
    html += "<tr>";
    for (const std::string& cell : rows_[i]) {
      html += "<td>" + EscapedHtml(Shortened(Escaped(cell), options.truncate)) + "</td>";
    }
    html += "</tr>\n";
  }
  html += "</table>\n";
  if (num_shown < rows_.size()) {
    html += fmt::format("only showing top {} {}\n", num_shown, num_shown == 1 ? "row" : "rows");
  }
  return html;
}

}  // namespace inlet::server
