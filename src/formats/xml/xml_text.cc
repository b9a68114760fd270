#include "formats/xml/xml_text.h"

#include <arrow/array.h>

#include <cstring>

#include "formats/xml/xml_options.h"
#include "formats/xml/xml_rows_internal.h"
#include "formats/xml/xml_shape_internal.h"
#include "formats/xml/xml_values_internal.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using types::DataType;
using types::StructField;
using types::TypeId;

/// A text as a stream.
class TextStream final : public ByteStream {
 public:
  explicit TextStream(std::string_view text) : rest_(text) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t count = std::min(out.size(), rest_.size());
    if (count > 0) std::memcpy(out.data(), rest_.data(), count);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
};

/// The options of files, of which a text needs no row tag: its root is the row.
Result<XmlOptions> OptionsOfText(const OptionMap& options) {
  OptionMap with_tag = options;
  with_tag["rowTag"] = "row";
  XmlOptions parsed = TRY(XmlOptions::Parse(with_tag));
  parsed.row_tag.clear();
  return parsed;
}

const types::TimeZone& ZoneOf(const XmlOptions& options, const types::TimeZone& session) {
  return options.time_zone != nullptr ? *options.time_zone : session;
}

/// Its root; nothing when it is malformed.
Result<std::optional<XmlElement>> RootOf(std::string_view text, const XmlOptions& options) {
  XmlRows rows(options, std::make_unique<TextStream>(text), "a text");
  std::optional<XmlElement> root = TRY(rows.Next());
  if (!root || TRY(rows.Next()) || rows.malformed()) return std::nullopt;
  return root;
}

class TextReader final : public XmlTextReader {
 public:
  TextReader(XmlOptions options, const DataType& type, const types::TimeZone& zone)
      : options_(std::move(options)), values_(options_, ZoneOf(options_, zone)) {
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      const StructField& field = type.fields()[i];
      const bool is_corrupt = EqualsIgnoreCase(field.name, options_.corrupt_record_name) &&
                              field.type.is(TypeId::kString);
      if (is_corrupt) {
        corrupt_field_ = i;
      } else {
        fields_.push_back(field);
        places_.push_back(i);
      }
    }
  }

  Status Append(std::string_view text, types::ColumnBuilder& out) override {
    const std::optional<XmlElement> root = TRY(RootOf(text, options_));
    std::vector<types::ColumnBuilder*> columns;
    for (const std::size_t place : places_) columns.push_back(&out.child(place));
    bool fits = root.has_value();
    if (root) {
      fits = values_.AppendFields(*root, fields_, columns);
    } else {
      for (types::ColumnBuilder* column : columns) column->AppendNull();
    }
    if (!fits && options_.mode == ParseMode::kFailFast) {
      constexpr std::size_t kMaxShown = 1000;
      return Fail(
          Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
          {{"badRecord", std::string(text.substr(0, kMaxShown))}, {"failFastMode", "FAILFAST"}});
    }
    if (corrupt_field_) {
      if (fits) {
        out.child(*corrupt_field_).AppendNull();
      } else {
        out.child(*corrupt_field_).AppendBytes(text);
      }
    }
    out.CloseNested();
    return Ok();
  }

 private:
  const XmlOptions options_;
  XmlValues values_;
  std::vector<StructField> fields_;  // Without the one of corrupt records.
  std::vector<std::size_t> places_;  // Where each stands in the STRUCT.
  std::optional<std::size_t> corrupt_field_;
};

void AppendEscaped(std::string_view text, bool is_attribute, std::string& out) {
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"' && is_attribute) {
      out += "&quot;";
    } else {
      out += c;
    }
  }
}

class TextWriter final : public XmlTextWriter {
 public:
  TextWriter(DataType type, const types::TimeZone& zone) : type_(std::move(type)), zone_(&zone) {}

  Status Configure(const OptionMap& options) {
    const auto set = [&](std::string_view name, std::string& target) {
      if (const auto value = GetString(options, name); value && !value->empty()) target = *value;
    };
    set("rowTag", row_tag_);
    set("attributePrefix", attribute_prefix_);
    set("valueTag", value_tag_);
    set("arrayElementName", element_name_);
    null_value_ = GetString(options, "nullValue");
    if (const auto zone = GetString(options, "timeZone"); zone && !zone->empty()) {
      zone_ = TRY(types::TimeZone::Find(*zone));
    }
    const auto pattern = [&](std::string_view name,
                             std::string_view usual) -> Result<types::DateTimePattern> {
      const auto text = GetString(options, name);
      return types::DateTimePattern::Compile(text && !text->empty() ? *text : usual,
                                             types::DateTimePattern::Use::kFormat);
    };
    date_ = TRY(pattern("dateFormat", "yyyy-MM-dd"));
    timestamp_ = TRY(pattern("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]"));
    timestamp_ntz_ = TRY(pattern("timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]"));
    return Ok();
  }

  Status Append(const arrow::Array& array, std::int64_t row, std::string& out) const override {
    return AppendElement(row_tag_, array, row, type_, 0, out);
  }

 private:
  static void Indent(int depth, std::string& out) {
    out.append(4 * static_cast<std::size_t>(depth), ' ');
  }

  bool IsAttribute(const StructField& field) const {
    return !field.type.is_nested() && !attribute_prefix_.empty() &&
           field.name.size() > attribute_prefix_.size() &&
           field.name.starts_with(attribute_prefix_) && field.name != value_tag_;
  }

  Status AppendText(const arrow::Array& array, std::int64_t row, const DataType& type,
                    bool is_attribute, std::string& out) const {
    std::string text;
    if (type.is(TypeId::kDate)) {
      date_->FormatDate(static_cast<const arrow::Date32Array&>(array).Value(row), text);
    } else if (type.is(TypeId::kTimestamp)) {
      timestamp_->FormatTimestamp(static_cast<const arrow::TimestampArray&>(array).Value(row),
                                  *zone_, text);
    } else if (type.is(TypeId::kTimestampNtz)) {
      timestamp_ntz_->FormatTimestampNtz(
          static_cast<const arrow::TimestampArray&>(array).Value(row), text);
    } else {
      TRY(types::AppendCell(array, row, type, *zone_, text));
    }
    AppendEscaped(text, is_attribute, out);
    return Ok();
  }

  /// Elements that are NULL are left out, but for a nullValue.
  Status AppendElement(const std::string& name, const arrow::Array& array, std::int64_t row,
                       const DataType& type, int depth, std::string& out) const {
    if (type.is(TypeId::kArray)) {
      if (array.IsNull(row)) return Ok();
      const auto& list = static_cast<const arrow::ListArray&>(array);
      for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) {
        const bool is_nested = type.element().is(TypeId::kArray);
        if (is_nested) {
          TRY(AppendWrapped(name, *list.values(), i, type.element(), depth, out));
        } else {
          TRY(AppendElement(name, *list.values(), i, type.element(), depth, out));
        }
      }
      return Ok();
    }
    if (array.IsNull(row) && !null_value_) return Ok();
    if (!out.empty()) out += '\n';
    Indent(depth, out);
    out += '<' + name;
    if (array.IsNull(row)) {
      out += '>';
      AppendEscaped(*null_value_, false, out);
      out += "</" + name + '>';
      return Ok();
    }
    if (type.is(TypeId::kStruct)) return AppendStruct(name, array, row, type, depth, out);
    if (type.is(TypeId::kMap)) return AppendMap(name, array, row, type, depth, out);
    out += '>';
    TRY(AppendText(array, row, type, false, out));
    out += "</" + name + '>';
    return Ok();
  }

  /// An array inside of an array has elements of its own.
  Status AppendWrapped(const std::string& name, const arrow::Array& array, std::int64_t row,
                       const DataType& type, int depth, std::string& out) const {
    out += '\n';
    Indent(depth, out);
    out += '<' + name + '>';
    TRY(AppendElement(element_name_, array, row, type, depth + 1, out));
    out += '\n';
    Indent(depth, out);
    out += "</" + name + '>';
    return Ok();
  }

  Status AppendStruct(const std::string& name, const arrow::Array& array, std::int64_t row,
                      const DataType& type, int depth, std::string& out) const {
    const auto& fields = static_cast<const arrow::StructArray&>(array);
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      const StructField& field = type.fields()[i];
      const auto& column = fields.field(static_cast<int>(i));
      if (!IsAttribute(field) || column->IsNull(row)) continue;
      out += ' ' + field.name.substr(attribute_prefix_.size()) + "=\"";
      TRY(AppendText(*column, row, field.type, true, out));
      out += '"';
    }
    const std::size_t opened = out.size();
    out += '>';
    bool has_elements = false;
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      const StructField& field = type.fields()[i];
      const auto& column = fields.field(static_cast<int>(i));
      if (IsAttribute(field)) continue;
      const std::size_t before = out.size();
      if (field.name == value_tag_) {
        if (!column->IsNull(row)) TRY(AppendText(*column, row, field.type, false, out));
        continue;
      }
      TRY(AppendElement(field.name, *column, row, field.type, depth + 1, out));
      has_elements |= out.size() > before;
    }
    Close(name, opened, has_elements, depth, out);
    return Ok();
  }

  Status AppendMap(const std::string& name, const arrow::Array& array, std::int64_t row,
                   const DataType& type, int depth, std::string& out) const {
    const auto& map = static_cast<const arrow::MapArray&>(array);
    const std::size_t opened = out.size();
    out += '>';
    for (std::int64_t i = map.value_offset(row); i < map.value_offset(row + 1); ++i) {
      std::string key;
      TRY(types::AppendCell(*map.keys(), i, type.key(), *zone_, key));
      TRY(AppendElement(key, *map.items(), i, type.value(), depth + 1, out));
    }
    Close(name, opened, out.size() > opened + 1, depth, out);
    return Ok();
  }

  static void Close(const std::string& name, std::size_t opened, bool has_elements, int depth,
                    std::string& out) {
    if (out.size() == opened + 1) {
      out.pop_back();
      out += "/>";
      return;
    }
    if (has_elements) {
      out += '\n';
      Indent(depth, out);
    }
    out += "</" + name + '>';
  }

  const DataType type_;
  const types::TimeZone* zone_;
  std::string row_tag_ = "ROW";
  std::string attribute_prefix_ = "_";
  std::string value_tag_ = "_VALUE";
  std::string element_name_ = "item";
  std::optional<std::string> null_value_;
  std::optional<types::DateTimePattern> date_;
  std::optional<types::DateTimePattern> timestamp_;
  std::optional<types::DateTimePattern> timestamp_ntz_;
};

}  // namespace

Result<std::unique_ptr<XmlTextReader>> XmlTextReader::Create(
    const types::DataType& type, const OptionMap& options,
    const types::TimeZone& session_time_zone) {
  XmlOptions parsed = TRY(OptionsOfText(options));
  if (parsed.mode == ParseMode::kDropMalformed) {
    return Fail(Condition::PARSE_MODE_UNSUPPORTED,
                {{"funcName", "`from_xml`"}, {"mode", "DROPMALFORMED"}});
  }
  return std::make_unique<TextReader>(std::move(parsed), type, session_time_zone);
}

Result<std::unique_ptr<const XmlTextWriter>> XmlTextWriter::Create(
    const types::DataType& type, const OptionMap& options,
    const types::TimeZone& session_time_zone) {
  if (!type.is(TypeId::kStruct)) {
    return Fail(Condition::DATATYPE_MISMATCH,
                {{"sqlExpr", "to_xml"}, {"message", "its argument must be a STRUCT"}});
  }
  auto writer = std::make_unique<TextWriter>(type, session_time_zone);
  TRY(writer->Configure(options));
  return writer;
}

Result<std::string> SchemaOfXml(std::string_view xml, const OptionMap& options,
                                const types::TimeZone& session_time_zone) {
  const XmlOptions parsed = TRY(OptionsOfText(options));
  const std::optional<XmlElement> root = TRY(RootOf(xml, parsed));
  if (!root) {
    return Fail(Condition::INVALID_PARAMETER_VALUE,
                {{"parameter", "xml"},
                 {"functionName", "`schema_of_xml`"},
                 {"message", "it is no XML: " + std::string(xml.substr(0, 200))}});
  }
  XmlShape shape;
  shape.AddRow(*root, parsed, ZoneOf(parsed, session_time_zone));
  return types::ToSql(DataType::Struct(shape.ToFields(parsed)));
}

}  // namespace inlet::formats
