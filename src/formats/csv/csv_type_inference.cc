#include "formats/csv/csv_type_inference.h"

#include <algorithm>

#include "formats/csv/csv_values.h"
#include "types/text_cast.h"

namespace inlet::formats {

using types::TypeId;

namespace {

// Digits with or without a minus, few enough to fit an INT. By far the most common integers.
bool IsShortInteger(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > 9) return false;
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// `-123.45`, which every double is at first sight.
bool IsPlainDecimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  std::size_t points = 0;
  for (char c : text) {
    if (c == '.')
      ++points;
    else if (c < '0' || c > '9')
      return false;
  }
  return points <= 1 && text.size() > points;
}

// How many digits each integer type has.
int DigitsOf(InferredType type) {
  if (type.id == TypeId::kInteger) return 10;
  if (type.id == TypeId::kLong) return 20;
  return type.precision;
}

bool IsWhole(TypeId id) {
  return id == TypeId::kInteger || id == TypeId::kLong || id == TypeId::kDecimal;
}

}  // namespace

types::DataType InferredType::ToDataType() const {
  if (id == TypeId::kVoid) return TypeId::kString;
  if (id == TypeId::kDecimal) return types::DataType::Decimal(precision, 0);
  return id;
}

InferredType MergeInferred(InferredType left, InferredType right) {
  if (left == right || right.id == TypeId::kVoid) return left;
  if (left.id == TypeId::kVoid) return right;
  if (IsWhole(left.id) && IsWhole(right.id)) {
    if (left.id != TypeId::kDecimal && right.id != TypeId::kDecimal) return {TypeId::kLong};
    return {TypeId::kDecimal, std::max(DigitsOf(left), DigitsOf(right))};
  }
  auto both = [&](auto fits) { return fits(left.id) && fits(right.id); };
  if (both([](TypeId id) { return IsWhole(id) || id == TypeId::kDouble; }))
    return {TypeId::kDouble};
  if (both([](TypeId id) { return id == TypeId::kDate || id == TypeId::kTimestamp; })) {
    return {TypeId::kTimestamp};
  }
  return {TypeId::kString};
}

CsvTypeInference::CsvTypeInference(const CsvOptions& options, const types::TimeZone& zone)
    : options_(options), zone_(zone) {}

bool CsvTypeInference::IsDouble(std::string_view text) const {
  return types::ParseJavaDouble(text) || text == options_.nan_value ||
         text == options_.positive_infinity || text == options_.negative_infinity;
}

// Without a dateFormat `yyyy-MM-dd` exactly: a longer text may be a timestamp.
bool CsvTypeInference::IsDate(std::string_view text) const {
  if (options_.date_format) return options_.date_format->ParseDate(text).has_value();
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && text[8] != ' ' &&
         types::TrimForCast(text).size() == 10 && types::ParseDate(text);
}

bool CsvTypeInference::IsTimestamp(std::string_view text) const {
  if (options_.timestamp_format) {
    return options_.timestamp_format->ParseTimestamp(text, zone_).has_value();
  }
  return types::ParseTimestamp(text, zone_).has_value();
}

// The first type that fits, in this order from `first` on: a column never goes back.
InferredType CsvTypeInference::TypeFrom(TypeId first, std::string_view text) const {
  switch (first) {
    case TypeId::kVoid:
    case TypeId::kInteger:
      if (types::ParseStrictInteger<std::int32_t>(text)) return {TypeId::kInteger};
      [[fallthrough]];
    case TypeId::kLong:
      if (types::ParseStrictInteger<std::int64_t>(text)) return {TypeId::kLong};
      [[fallthrough]];
    case TypeId::kDecimal: {
      std::optional<types::DecimalShape> shape = types::ParseDecimalShape(text);
      if (shape && shape->scale == 0 && shape->precision <= 38) {
        return {TypeId::kDecimal, shape->precision};
      }
      [[fallthrough]];
    }
    case TypeId::kDouble:
      if (IsDouble(text)) return {TypeId::kDouble};
      [[fallthrough]];
    case TypeId::kDate:
      if (options_.prefer_date && IsDate(text)) return {TypeId::kDate};
      [[fallthrough]];
    case TypeId::kTimestamp:
      if (IsTimestamp(text)) return {TypeId::kTimestamp};
      [[fallthrough]];
    case TypeId::kBoolean:
      if (ParseCsvBoolean(text)) return {TypeId::kBoolean};
      [[fallthrough]];
    default:
      return {TypeId::kString};
  }
}

InferredType CsvTypeInference::WidenBy(InferredType type, std::string_view text) const {
  if (type.id == TypeId::kString) return type;
  return MergeInferred(type, TypeFrom(type.id, text));
}

void CsvTypeInference::Widen(const CsvRecords& records, std::size_t source,
                             InferredType& type) const {
  for (const CsvRecord& record : records.records) {
    if (type.id == TypeId::kString) return;
    if (source >= record.num_fields) continue;
    const CsvField& field = records.fields[record.first_field + source];
    std::string_view text = field.text();
    if (text.empty() || text == options_.null_value) continue;
    bool whole = type.id == TypeId::kInteger || type.id == TypeId::kLong;
    if (whole && IsShortInteger(text)) continue;
    if (type.id == TypeId::kDouble && IsPlainDecimal(text)) continue;
    type = WidenBy(type, text);
  }
}

}  // namespace inlet::formats
