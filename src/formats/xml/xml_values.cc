#include <algorithm>
#include <map>

#include "formats/xml/xml_values_internal.h"
#include "types/base64.h"
#include "types/json_text.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using types::TypeId;

/// A sign may stand before digits.
std::string_view WithoutPlus(std::string_view text) {
  return text.starts_with('+') ? text.substr(1) : text;
}

}  // namespace

int XmlValues::IndexOf(const std::vector<types::StructField>& fields, std::string_view name) const {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name ||
        (!options_.reader_case_sensitive && EqualsIgnoreCase(fields[i].name, name))) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

bool XmlValues::AppendFields(const XmlElement& element,
                             const std::vector<types::StructField>& fields,
                             const std::vector<types::ColumnBuilder*>& columns) {
  std::vector<std::vector<const XmlElement*>> children(fields.size());
  std::vector<const std::string*> attributes(fields.size());
  int value_field = -1;
  for (const auto& [name, value] : element.attributes) {
    const int index = IndexOf(fields, name);
    if (index >= 0) {
      attributes[static_cast<std::size_t>(index)] = &value;
    } else if (rescue.active) {
      rescue.Add(name, types::JsonQuote(value));
    }
  }
  for (const XmlElement& child : element.children) {
    const int index = IndexOf(fields, child.name);
    if (index >= 0) {
      children[static_cast<std::size_t>(index)].push_back(&child);
    } else if (rescue.active) {
      rescue.Add(child.name, JsonOf(child));
    }
  }
  if (!element.texts.empty()) {
    value_field = IndexOf(fields, options_.value_tag);
    if (value_field < 0 && rescue.active) {
      for (const std::string& text : element.texts) {
        rescue.Add(options_.value_tag, types::JsonQuote(text));
      }
    }
  }
  bool all_fit = true;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    types::ColumnBuilder* out = columns[i];
    if (out == nullptr) continue;
    if (static_cast<int>(i) == value_field) {
      all_fit &= AppendTexts(element.texts, fields[i], *out);
    } else if (attributes[i] != nullptr && children[i].empty()) {
      all_fit &= AppendTexts({*attributes[i]}, fields[i], *out);
    } else if (!children[i].empty()) {
      all_fit &= AppendElements(children[i], fields[i], *out);
    } else {
      out->AppendNull();
    }
  }
  return all_fit;
}

/// Text of an attribute or of the element itself; more than one run makes an array.
bool XmlValues::AppendTexts(const std::vector<std::string>& texts, const types::StructField& field,
                            types::ColumnBuilder& out) {
  const std::int64_t length = out.length();
  bool fits = true;
  if (field.type.is(TypeId::kArray)) {
    for (const std::string& text : texts) {
      fits = fits && AppendText(text, field.type.element(), out.child(0));
    }
    if (fits) out.CloseNested();
  } else {
    fits = AppendText(texts.back(), field.type, out);
  }
  if (fits) return true;
  out.Truncate(length);
  out.AppendNull();
  if (rescue.active) rescue.Add(field.name, types::JsonQuote(texts.back()));
  return false;
}

/// All children of one name. The last one counts where no array is wanted.
bool XmlValues::AppendElements(const std::vector<const XmlElement*>& elements,
                               const types::StructField& field, types::ColumnBuilder& out) {
  const std::int64_t length = out.length();
  const JsonRescue::Frame frame = rescue.Enter();
  bool fits = true;
  bool inner_fit = true;
  if (field.type.is(TypeId::kArray)) {
    std::int64_t next_rescued = 0;
    const types::DataType& type = field.type.element();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const JsonRescue::Frame inner = rescue.Enter();
      const std::int64_t elements_before = out.child(0).length();
      const bool fit = AppendElement(*elements[i], type, out.child(0));
      if (rescue.active) {
        rescue.LeaveElement(inner, static_cast<std::int64_t>(i), next_rescued, type.id());
      } else {
        rescue.Discard(inner);
      }
      inner_fit &= fit;
      fits &= out.child(0).length() == elements_before + 1;
    }
    if (fits) out.CloseNested();
  } else {
    inner_fit = AppendElement(*elements.back(), field.type, out);
    fits = out.length() == length + 1;
  }
  if (fits) {
    if (rescue.active) {
      rescue.LeaveField(frame, field.name, field.type.id());
    } else {
      rescue.Discard(frame);
    }
    return inner_fit;
  }
  rescue.Discard(frame);
  out.Truncate(length);
  out.AppendNull();
  if (rescue.active) {
    std::string value;
    for (const XmlElement* element : elements) {
      value += (value.empty() ? "" : ",") + JsonOf(*element);
    }
    rescue.Add(field.name, elements.size() == 1 ? value : "[" + value + "]");
  }
  return false;
}

/// False when something did not fit; if that is the element itself, nothing is appended.
bool XmlValues::AppendElement(const XmlElement& element, const types::DataType& type,
                              types::ColumnBuilder& out) {
  switch (type.id()) {
    case TypeId::kStruct: {
      std::vector<types::ColumnBuilder*> columns;
      for (std::size_t i = 0; i < out.num_children(); ++i) columns.push_back(&out.child(i));
      const bool fits = AppendFields(element, type.fields(), columns);
      out.CloseNested();
      return fits;
    }
    case TypeId::kMap:
      return AppendMap(element, type, out);
    case TypeId::kArray: {
      // An array in an array: elements of one name directly below, whatever it is.
      std::vector<const XmlElement*> children;
      for (const XmlElement& child : element.children) children.push_back(&child);
      return AppendElements(children, {.name = element.name, .type = type}, out);
    }
    case TypeId::kVariant:
      return AppendVariant(element, out).has_value();
    case TypeId::kString:
      if (!element.children.empty()) {
        std::string inner;
        element.AppendInner(inner);
        out.AppendBytes(inner);
        return true;
      }
      return AppendText(element.text(), type, out);
    default:
      if (!element.children.empty()) return false;
      return AppendText(element.text(), type, out);
  }
}

bool XmlValues::AppendMap(const XmlElement& element, const types::DataType& type,
                          types::ColumnBuilder& out) {
  const std::int64_t length = out.length();
  if (!type.key().is(TypeId::kString)) return false;
  std::map<std::string, const XmlElement*> last;
  for (const XmlElement& child : element.children) last[child.name] = &child;
  bool all_fit = true;
  for (const XmlElement& child : element.children) {
    if (last[child.name] != &child) continue;
    const std::int64_t before = out.child(1).length();
    out.child(0).AppendBytes(child.name);
    all_fit &= AppendElement(child, type.value(), out.child(1));
    if (out.child(1).length() == before) {
      out.Truncate(length);
      return false;
    }
  }
  out.CloseNested();
  return all_fit;
}

bool XmlValues::AppendText(std::string_view text, const types::DataType& type,
                           types::ColumnBuilder& out) {
  if (options_.null_value && text == *options_.null_value) {
    out.AppendNull();
    return true;
  }
  if (type.is(TypeId::kStruct)) {
    // Text alone stands for an element that might have more.
    const int index = IndexOf(type.fields(), options_.value_tag);
    if (index < 0) return false;
    const auto value = static_cast<std::size_t>(index);
    if (!AppendText(text, type.fields()[value].type, out.child(value))) return false;
    for (std::size_t i = 0; i < out.num_children(); ++i) {
      if (i != value) out.child(i).AppendNull();
    }
    out.CloseNested();
    return true;
  }
  if (type.is(TypeId::kVariant)) {
    types::VariantBuilder variant;
    AddTextToVariant(text, variant);
    return variant.FinishTo(out).has_value();
  }
  if (text.empty() && !type.is(TypeId::kString)) {
    out.AppendNull();
    return true;
  }
  return AppendScalar(text, type, out);
}

bool XmlValues::AppendScalar(std::string_view text, const types::DataType& type,
                             types::ColumnBuilder& out) {
  const auto append = [&](const auto& value, auto method) {
    if (value) (out.*method)(*value);
    return value.has_value();
  };
  const auto parsed = [&](const auto& pattern, auto by_pattern, auto by_grammar) {
    return pattern ? by_pattern(*pattern) : by_grammar();
  };
  using Builder = types::ColumnBuilder;
  const std::string_view digits = WithoutPlus(text);
  switch (type.id()) {
    case TypeId::kString:
      out.AppendBytes(text);
      return true;
    case TypeId::kBoolean: {
      std::optional<bool> value;
      if (EqualsIgnoreCase(text, "true") || text == "1") value = true;
      if (EqualsIgnoreCase(text, "false") || text == "0") value = false;
      return append(value, &Builder::AppendBoolean);
    }
    case TypeId::kByte:
      return append(types::ParseInteger<std::int8_t>(digits), &Builder::AppendByte);
    case TypeId::kShort:
      return append(types::ParseInteger<std::int16_t>(digits), &Builder::AppendShort);
    case TypeId::kInteger:
      return append(types::ParseInteger<std::int32_t>(digits), &Builder::AppendInteger);
    case TypeId::kLong:
      return append(types::ParseInteger<std::int64_t>(digits), &Builder::AppendLong);
    case TypeId::kFloat:
      return append(types::ParseFloat(digits), &Builder::AppendFloat);
    case TypeId::kDouble:
      return append(types::ParseDouble(digits), &Builder::AppendDouble);
    case TypeId::kDecimal: {
      std::string plain(digits);
      std::erase(plain, ',');
      return append(types::ParseDecimal(plain, type.precision(), type.scale()),
                    &Builder::AppendDecimal);
    }
    case TypeId::kDate:
      return append(
          parsed(
              options_.date_pattern, [&](const auto& pattern) { return pattern.ParseDate(text); },
              [&] { return types::ParseDate(text); }),
          &Builder::AppendInteger);
    case TypeId::kTimestamp:
      return append(parsed(
                        options_.timestamp_pattern,
                        [&](const auto& pattern) { return pattern.ParseTimestamp(text, zone_); },
                        [&] { return types::ParseTimestamp(text, zone_); }),
                    &Builder::AppendLong);
    case TypeId::kTimestampNtz:
      return append(parsed(
                        options_.timestamp_ntz_pattern,
                        [&](const auto& pattern) { return pattern.ParseTimestampNtz(text, false); },
                        [&] { return types::ParseTimestampNtz(text, false); }),
                    &Builder::AppendLong);
    case TypeId::kBinary: {
      std::string bytes;
      if (!types::AppendBase64Decoded(text, bytes)) return false;
      out.AppendBytes(bytes);
      return true;
    }
    default:
      return false;
  }
}

Status XmlValues::AppendVariant(const XmlElement& element, types::ColumnBuilder& out) {
  types::VariantBuilder variant;
  TRY(AddToVariant(element, variant));
  return variant.FinishTo(out);
}

/// Numbers and booleans as such, an empty text as null.
void XmlValues::AddTextToVariant(std::string_view text, types::VariantBuilder& out) {
  if (text.empty()) return out.AppendNull();
  if (const auto integer = types::ParseStrictInteger<std::int64_t>(text)) {
    return out.AppendLong(*integer);
  }
  const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  if (numeric) {
    const auto shape = types::ParseDecimalShape(text);
    if (shape && shape->precision <= 38 && shape->scale >= 0 && shape->scale <= 38 &&
        text.find_first_of("eE") == std::string_view::npos) {
      if (const auto value = types::ParseDecimal(text, 38, shape->scale)) {
        return out.AppendDecimal(*value, shape->scale);
      }
    }
    if (const auto real = types::ParseDouble(text)) return out.AppendDouble(*real);
  }
  if (EqualsIgnoreCase(text, "true")) return out.AppendBoolean(true);
  if (EqualsIgnoreCase(text, "false")) return out.AppendBoolean(false);
  out.AppendString(text);
}

Status XmlValues::AddToVariant(const XmlElement& element, types::VariantBuilder& out) const {
  if (element.is_leaf()) {
    AddTextToVariant(element.text(), out);
    return Ok();
  }
  out.BeginObject();
  for (const auto& [name, value] : element.attributes) {
    out.Key(name);
    AddTextToVariant(value, out);
  }
  for (const std::string& text : element.texts) {
    out.Key(options_.value_tag);
    AddTextToVariant(text, out);
  }
  std::vector<std::string_view> order;
  std::map<std::string_view, std::vector<const XmlElement*>> by_name;
  for (const XmlElement& child : element.children) {
    auto& same = by_name[child.name];
    if (same.empty()) order.push_back(child.name);
    same.push_back(&child);
  }
  for (const std::string_view name : order) {
    const auto& same = by_name[name];
    out.Key(name);
    if (same.size() > 1) out.BeginArray();
    for (const XmlElement* child : same) TRY(AddToVariant(*child, out));
    if (same.size() > 1) TRY(out.EndArray());
  }
  return out.EndObject(types::VariantBuilder::DuplicateKeys::kLastWins);
}

/// For the rescued data: leaves as texts, the rest as objects.
std::string XmlValues::JsonOf(const XmlElement& element) const {
  if (element.is_leaf()) return types::JsonQuote(element.text());
  std::string json = "{";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (json.size() > 1) json += ',';
    types::AppendJsonQuoted(name, json);
    json += ':';
    json += value;
  };
  for (const auto& [name, value] : element.attributes) add(name, types::JsonQuote(value));
  for (const std::string& text : element.texts) add(options_.value_tag, types::JsonQuote(text));
  std::map<std::string_view, std::string> by_name;
  std::map<std::string_view, int> count;
  for (const XmlElement& child : element.children) {
    std::string& values = by_name[child.name];
    values += (values.empty() ? "" : ",") + JsonOf(child);
    ++count[child.name];
  }
  for (const auto& [name, values] : by_name) {
    add(name, count[name] > 1 ? "[" + values + "]" : values);
  }
  return json + "}";
}

}  // namespace inlet::formats
