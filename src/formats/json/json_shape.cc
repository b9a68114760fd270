#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "base/option_map.h"
#include "formats/json/json_shape_internal.h"

namespace inlet::formats {
namespace {

constexpr int kMaxPrecision = 38;
constexpr types::DecimalShape kLongAsDecimal{.precision = 20, .scale = 0};

bool IsNumber(JsonShape::Kind kind) {
  return kind == JsonShape::Kind::kLong || kind == JsonShape::Kind::kDecimal ||
         kind == JsonShape::Kind::kDouble;
}

}  // namespace

JsonShape::JsonShape() = default;
JsonShape::~JsonShape() = default;
JsonShape::JsonShape(JsonShape&&) noexcept = default;
JsonShape& JsonShape::operator=(JsonShape&&) noexcept = default;

JsonShape::State JsonShape::Joined(Kind kind, types::DecimalShape decimal) const {
  const State self{.kind = kind_, .decimal = decimal_};
  if (kind == Kind::kNull) return self;
  if (kind_ == Kind::kNull) return {.kind = kind, .decimal = decimal};
  if (kind_ == kind && kind != Kind::kDecimal) return self;
  if (!IsNumber(kind_) || !IsNumber(kind)) return {.kind = Kind::kString};
  if (kind_ == Kind::kDouble || kind == Kind::kDouble) return {.kind = Kind::kDouble};
  const types::DecimalShape left = kind_ == Kind::kLong ? kLongAsDecimal : decimal_;
  const types::DecimalShape right = kind == Kind::kLong ? kLongAsDecimal : decimal;
  const int scale = std::max(left.scale, right.scale);
  const int range = std::max(left.precision - left.scale, right.precision - right.scale);
  if (range + scale > kMaxPrecision) return {.kind = Kind::kDouble};
  return {.kind = Kind::kDecimal, .decimal = {.precision = range + scale, .scale = scale}};
}

void JsonShape::Become(const State& state) {
  kind_ = state.kind;
  decimal_ = state.decimal;
  if (kind_ == Kind::kArray && element_ == nullptr) element_ = std::make_unique<JsonShape>();
  if (kind_ != Kind::kArray) element_.reset();
  if (kind_ != Kind::kObject) {
    fields_.clear();
    table_.clear();
  }
}

std::uint32_t JsonShape::Hash(std::string_view name) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
}

void JsonShape::Rehash(std::size_t size) {
  table_.assign(size, -1);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    std::size_t at = Hash(fields_[i]->name) & (size - 1);
    while (table_[at] >= 0) at = (at + 1) & (size - 1);
    table_[at] = static_cast<std::int32_t>(i);
  }
}

JsonShape::Field* JsonShape::Find(std::string_view name) const {
  if (table_.empty()) return nullptr;
  std::size_t at = Hash(name) & (table_.size() - 1);
  while (table_[at] >= 0) {
    Field* field = fields_[static_cast<std::size_t>(table_[at])].get();
    if (field->name == name) return field;
    at = (at + 1) & (table_.size() - 1);
  }
  return nullptr;
}

JsonShape::Field& JsonShape::FindOrAdd(std::string_view name) {
  if (Field* field = Find(name)) return *field;
  fields_.push_back(std::make_unique<Field>(Field{.name = std::string(name), .shape = {}}));
  if (table_.size() < fields_.size() * 2) {
    Rehash(std::max<std::size_t>(8, table_.size() * 2));
  } else {
    std::size_t at = Hash(name) & (table_.size() - 1);
    while (table_[at] >= 0) at = (at + 1) & (table_.size() - 1);
    table_[at] = static_cast<std::int32_t>(fields_.size() - 1);
  }
  return *fields_.back();
}

void JsonShape::Merge(JsonShape other) {
  AddScalar(other.kind_, other.decimal_);
  if (kind_ == Kind::kArray && other.kind_ == Kind::kArray) {
    element_->Merge(std::move(*other.element_));
  } else if (kind_ == Kind::kObject && other.kind_ == Kind::kObject) {
    for (const auto& field : other.fields_) {
      FindOrAdd(field->name).shape.Merge(std::move(field->shape));
    }
  }
}

std::size_t JsonShape::CountFields() const {
  std::size_t count = fields_.size();
  for (const auto& field : fields_) count += field->shape.CountFields();
  if (element_ != nullptr) count += element_->CountFields();
  return count;
}

std::optional<types::DataType> JsonShape::ToType(const JsonOptions& options) const {
  switch (kind_) {
    case Kind::kNull:
      if (options.drop_field_if_all_null) return std::nullopt;
      return types::TypeId::kString;
    case Kind::kBoolean:
      return types::TypeId::kBoolean;
    case Kind::kLong:
      return types::TypeId::kLong;
    case Kind::kDecimal:
      return types::DataType::Decimal(decimal_.precision, decimal_.scale);
    case Kind::kDouble:
      return types::TypeId::kDouble;
    case Kind::kTimestamp:
      return types::TypeId::kTimestamp;
    case Kind::kArray: {
      std::optional<types::DataType> element = element_->ToType(options);
      if (!element) return std::nullopt;
      return types::DataType::Array(*std::move(element));
    }
    case Kind::kObject: {
      std::vector<types::StructField> fields = ToFields(options);
      if (fields.empty()) return std::nullopt;
      return types::DataType::Struct(std::move(fields));
    }
    case Kind::kString:
      return types::TypeId::kString;
  }
  return types::TypeId::kString;
}

/// Sorted by name. Of names that differ only in case the one seen first stays: the others are
/// rescued when the file is read, or read into the same column if case does not matter.
std::vector<types::StructField> JsonShape::ToFields(const JsonOptions& options) const {
  std::map<std::string, std::size_t> first_of;  // By lower-case name.
  std::vector<types::StructField> result;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = *fields_[i];
    if (field.name.empty()) continue;
    const auto [place, is_new] = first_of.emplace(ToLower(field.name), result.size());
    std::optional<types::DataType> type = field.shape.ToType(options);
    if (!type) {
      if (is_new) first_of.erase(place);
      continue;
    }
    if (is_new) {
      result.push_back({.name = field.name, .type = *std::move(type)});
    } else if (!options.reader_case_sensitive && !(result[place->second].type == *type)) {
      result[place->second].type = types::TypeId::kString;
    }
  }
  std::ranges::sort(result, {}, &types::StructField::name);
  return result;
}

}  // namespace inlet::formats
