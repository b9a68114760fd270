#include "types/data_type.h"

#include <algorithm>

#include "base/check.h"
#include "base/option_map.h"
#include "types/json_text.h"

namespace inlet::types {
namespace {

const std::vector<StructField> kNoFields;

}  // namespace

DataType DataType::Decimal(int precision, int scale) {
  INLET_CHECK(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision);
  DataType type(TypeId::kDecimal);
  type.precision_ = static_cast<std::uint8_t>(precision);
  type.scale_ = static_cast<std::uint8_t>(scale);
  return type;
}

DataType DataType::Array(DataType element, bool contains_null) {
  DataType type(TypeId::kArray);
  type.fields_ = std::make_shared<const std::vector<StructField>>(
      std::vector<StructField>{{"element", std::move(element), contains_null, {}}});
  return type;
}

DataType DataType::Map(DataType key, DataType value, bool value_contains_null) {
  DataType type(TypeId::kMap);
  type.fields_ = std::make_shared<const std::vector<StructField>>(std::vector<StructField>{
      {"key", std::move(key), false, {}}, {"value", std::move(value), value_contains_null, {}}});
  return type;
}

DataType DataType::Struct(std::vector<StructField> fields) {
  DataType type(TypeId::kStruct);
  type.fields_ = std::make_shared<const std::vector<StructField>>(std::move(fields));
  return type;
}

const std::vector<StructField>& DataType::fields() const { return fields_ ? *fields_ : kNoFields; }

const DataType& DataType::element() const {
  INLET_CHECK(id_ == TypeId::kArray);
  return (*fields_)[0].type;
}

const DataType& DataType::key() const {
  INLET_CHECK(id_ == TypeId::kMap);
  return (*fields_)[0].type;
}

const DataType& DataType::value() const {
  INLET_CHECK(id_ == TypeId::kMap);
  return (*fields_)[1].type;
}

bool DataType::operator==(const DataType& other) const {
  if (id_ != other.id_ || precision_ != other.precision_ || scale_ != other.scale_) return false;
  return fields_ == other.fields_ || fields() == other.fields();
}

std::optional<std::string> StructField::comment() const {
  const auto found = metadata.find("comment");
  if (found == metadata.end()) return std::nullopt;
  return JsonStringValue(found->second);
}

void StructField::set_comment(std::string_view text) { metadata["comment"] = JsonQuote(text); }

const StructField* StructType::Find(std::string_view name) const {
  const std::optional<std::size_t> index = IndexOf(name);
  return index ? &fields[*index] : nullptr;
}

std::optional<std::size_t> StructType::IndexOf(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const StructField& field) {
    return EqualsIgnoreCase(field.name, name);
  });
  if (found == fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - fields.begin());
}

}  // namespace inlet::types
