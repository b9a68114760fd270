#include <algorithm>

#include "formats/xml/xml_shape_internal.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

/// Deeper elements are inferred as STRING, which holds their XML.
constexpr int kMaxInferredDepth = 100;

bool IsDouble(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !(is_digit(text.front()) || text.front() == '.')) return false;
  if (std::string_view("dDfF").contains(text.back())) return false;
  return types::ParseDouble(text).has_value();
}

}  // namespace

XmlShape XmlShape::OfText(std::string_view text, const XmlOptions& options,
                          const types::TimeZone& zone) {
  XmlShape shape;
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  if (text.empty() || (options.null_value && text == *options.null_value)) {
    shape.kind_ = Kind::kNull;
  } else if (types::ParseStrictInteger<std::int64_t>(digits)) {
    shape.kind_ = Kind::kLong;
  } else if (IsDouble(text)) {
    shape.kind_ = Kind::kDouble;
  } else if (EqualsIgnoreCase(text, "true") || EqualsIgnoreCase(text, "false")) {
    shape.kind_ = Kind::kBoolean;
  } else if (options.date_pattern ? options.date_pattern->ParseDate(text).has_value()
                                  : text.size() == 10 && types::ParseDate(text).has_value()) {
    shape.kind_ = Kind::kDate;
  } else if (options.timestamp_pattern
                 ? options.timestamp_pattern->ParseTimestamp(text, zone).has_value()
                 : types::ParseTimestamp(text, zone).has_value()) {
    shape.kind_ = Kind::kTimestamp;
  } else {
    shape.kind_ = Kind::kString;
  }
  return shape;
}

XmlShape XmlShape::OfElement(const XmlElement& element, const XmlOptions& options,
                             const types::TimeZone& zone, int depth) {
  XmlShape shape;
  if (element.is_leaf() && element.texts.size() <= 1) return OfText(element.text(), options, zone);
  if (depth >= kMaxInferredDepth) {
    shape.kind_ = Kind::kString;
    return shape;
  }
  shape.AddFields(element, options, zone, depth);
  return shape;
}

void XmlShape::AddFields(const XmlElement& element, const XmlOptions& options,
                         const types::TimeZone& zone, int depth) {
  kind_ = Kind::kStruct;
  std::map<std::string, XmlShape> fields;
  const auto add = [&](const std::string& name, const XmlShape& shape) {
    const auto [place, is_new] = fields.try_emplace(name, shape);
    if (is_new) return;
    place->second.Merge(shape, options);
    place->second.repeated_ = true;
  };
  for (const auto& [name, value] : element.attributes) {
    fields.try_emplace(name, OfText(value, options, zone));
  }
  for (const std::string& text : element.texts) {
    add(options.value_tag, OfText(text, options, zone));
  }
  for (const XmlElement& child : element.children) {
    add(child.name, OfElement(child, options, zone, depth + 1));
  }
  for (const auto& [name, shape] : fields) {
    const auto [place, is_new] = fields_.try_emplace(name, shape);
    if (!is_new) place->second.Merge(shape, options);
  }
}

void XmlShape::AddRow(const XmlElement& row, const XmlOptions& options,
                      const types::TimeZone& zone) {
  AddFields(row, options, zone, 0);
}

void XmlShape::AddScalar(Kind kind) {
  if (kind == Kind::kNull || kind == kind_) return;
  const auto both = [&](Kind left, Kind right) {
    return (kind_ == left && kind == right) || (kind_ == right && kind == left);
  };
  if (kind_ == Kind::kNull) {
    kind_ = kind;
  } else if (both(Kind::kLong, Kind::kDouble)) {
    kind_ = Kind::kDouble;
  } else if (both(Kind::kDate, Kind::kTimestamp)) {
    kind_ = Kind::kTimestamp;
  } else {
    kind_ = Kind::kString;
    fields_.clear();
  }
}

void XmlShape::Merge(const XmlShape& other, const XmlOptions& options) {
  repeated_ |= other.repeated_;
  if (kind_ == Kind::kStruct && other.kind_ == Kind::kStruct) {
    for (const auto& [name, shape] : other.fields_) {
      const auto [place, is_new] = fields_.try_emplace(name, shape);
      if (!is_new) place->second.Merge(shape, options);
    }
  } else if (kind_ == Kind::kStruct && other.kind_ != Kind::kNull &&
             fields_.contains(options.value_tag)) {
    // Text alone where elsewhere there are attributes too: it is the text of a struct.
    fields_[options.value_tag].AddScalar(other.kind_);
  } else if (other.kind_ == Kind::kStruct && kind_ != Kind::kNull &&
             other.fields_.contains(options.value_tag)) {
    const Kind text = kind_;
    kind_ = Kind::kStruct;
    fields_ = other.fields_;
    fields_[options.value_tag].AddScalar(text);
  } else if (kind_ == Kind::kNull) {
    kind_ = other.kind_;
    fields_ = other.fields_;
  } else {
    AddScalar(other.kind_);
  }
}

types::DataType XmlShape::ToType(const XmlOptions& options) const {
  const auto type = [&]() -> types::DataType {
    switch (kind_) {
      case Kind::kLong:
        return types::TypeId::kLong;
      case Kind::kDouble:
        return types::TypeId::kDouble;
      case Kind::kBoolean:
        return types::TypeId::kBoolean;
      case Kind::kDate:
        return types::TypeId::kDate;
      case Kind::kTimestamp:
        return types::TypeId::kTimestamp;
      case Kind::kStruct:
        return types::DataType::Struct(ToFields(options));
      default:
        return types::TypeId::kString;
    }
  }();
  return repeated_ ? types::DataType::Array(type) : type;
}

/// Sorted by name; of names that differ only in case one stays.
std::vector<types::StructField> XmlShape::ToFields(const XmlOptions& options) const {
  std::vector<types::StructField> fields;
  for (const auto& [name, shape] : fields_) {
    const bool known = std::ranges::any_of(
        fields, [&](const auto& field) { return EqualsIgnoreCase(field.name, name); });
    if (!known) fields.push_back({.name = name, .type = shape.ToType(options)});
  }
  return fields;
}

}  // namespace inlet::formats
