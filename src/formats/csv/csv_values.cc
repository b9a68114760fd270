#include "formats/csv/csv_values.h"

#include <limits>

#include "formats/csv/csv_variant.h"
#include "types/text_cast.h"
#include "types/variant.h"

namespace inlet::formats {

using types::TypeId;

std::optional<bool> ParseCsvBoolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  if (text.size() == 4 && EqualsIgnoreCase(text, "true")) return true;
  if (text.size() == 5 && EqualsIgnoreCase(text, "false")) return false;
  return std::nullopt;
}

Result<CsvColumnConverter> CsvColumnConverter::Make(const types::StructField& field,
                                                    const CsvOptions& options,
                                                    const types::TimeZone& session_zone) {
  const types::DataType& type = field.type;
  if (type.is_nested() || type.is(TypeId::kYearMonthInterval) ||
      type.is(TypeId::kDayTimeInterval)) {
    return Fail(Condition::UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE,
                {{"format", "CSV"},
                 {"columnName", types::QuoteIdentifier(field.name)},
                 {"columnType", types::ToSql(type)}});
  }
  if (type.is(TypeId::kDecimal) && !options.plain_decimals) {
    return FailUnsupported("decimals of a locale other than en-US");
  }
  const types::TimeZone* zone = &session_zone;
  if (!options.time_zone.empty()) zone = TRY(types::TimeZone::Find(options.time_zone));
  return CsvColumnConverter(type, options, *zone);
}

// By default an empty cell, quoted or not; with another nullValue a quoted empty cell is a text.
bool CsvColumnConverter::IsNull(const CsvField& field) const {
  if (field.size == 0) {
    return field.kind != CsvField::Kind::kQuoted || options_->empty_value == options_->null_value;
  }
  return !options_->null_value.empty() && field.text() == options_->null_value;
}

template <class AppendOne>
void CsvColumnConverter::AppendEach(const CsvRecords& records, std::span<const CsvRecord> rows,
                                    std::size_t source, types::ColumnBuilder& out,
                                    std::vector<std::uint32_t>& misfits,
                                    AppendOne append_one) const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (source >= rows[i].num_fields) [[unlikely]] {
      out.AppendNull();
      continue;
    }
    const CsvField& field = records.fields[rows[i].first_field + source];
    if (IsNull(field)) {
      out.AppendNull();
      continue;
    }
    std::string_view text =
        field.size == 0 ? std::string_view(options_->empty_value) : field.text();
    if (append_one(text)) [[likely]]
      continue;
    out.AppendNull();
    misfits.push_back(static_cast<std::uint32_t>(i));
  }
}

template <class Float>
std::optional<Float> CsvColumnConverter::ParseFloating(std::string_view text) const {
  std::optional<Float> value;
  if constexpr (std::is_same_v<Float, double>)
    value = types::ParseJavaDouble(text);
  else
    value = types::ParseJavaFloat(text);
  if (value) [[likely]]
    return value;
  if (text == options_->nan_value) return std::numeric_limits<Float>::quiet_NaN();
  if (text == options_->positive_infinity) return std::numeric_limits<Float>::infinity();
  if (text == options_->negative_infinity) return -std::numeric_limits<Float>::infinity();
  return std::nullopt;
}

// As java.math.BigDecimal: no blanks around; commas group digits.
std::optional<types::Int128> CsvColumnConverter::ParseDecimal(std::string_view text) const {
  if (text.size() != types::TrimForCast(text).size()) return std::nullopt;
  std::string without_commas;
  if (text.contains(',')) {
    for (char c : text) {
      if (c != ',') without_commas += c;
    }
    text = without_commas;
  }
  return types::ParseDecimal(text, type_.precision(), type_.scale());
}

void CsvColumnConverter::Append(const CsvRecords& records, std::span<const CsvRecord> rows,
                                std::size_t source, bool valid_utf8, types::ColumnBuilder& out,
                                std::vector<std::uint32_t>& misfits) const {
  auto each = [&](auto parse, auto append) {
    AppendEach(records, rows, source, out, misfits, [&](std::string_view text) {
      auto value = parse(text);
      if (!value) return false;
      append(*value);
      return true;
    });
  };
  auto bytes = [&](std::string_view text) { out.AppendBytes(text); };
  switch (type_.id()) {
    case TypeId::kString: {
      std::string repaired;
      AppendEach(records, rows, source, out, misfits, [&](std::string_view text) {
        if (!valid_utf8 && !IsValidUtf8(text)) {
          repaired.clear();
          AppendValidUtf8(text, repaired);
          text = repaired;
        }
        bytes(text);
        return true;
      });
      return;
    }
    case TypeId::kBinary:
      AppendEach(records, rows, source, out, misfits, [&](std::string_view text) {
        bytes(text);
        return true;
      });
      return;
    case TypeId::kBoolean:
      return each(ParseCsvBoolean, [&](bool value) { out.AppendBoolean(value); });
    case TypeId::kByte:
      return each(types::ParseStrictInteger<std::int8_t>,
                  [&](std::int8_t value) { out.AppendByte(value); });
    case TypeId::kShort:
      return each(types::ParseStrictInteger<std::int16_t>,
                  [&](std::int16_t value) { out.AppendShort(value); });
    case TypeId::kInteger:
      return each(types::ParseStrictInteger<std::int32_t>,
                  [&](std::int32_t value) { out.AppendInteger(value); });
    case TypeId::kLong:
      return each(types::ParseStrictInteger<std::int64_t>,
                  [&](std::int64_t value) { out.AppendLong(value); });
    case TypeId::kFloat:
      return each([&](std::string_view text) { return ParseFloating<float>(text); },
                  [&](float value) { out.AppendFloat(value); });
    case TypeId::kDouble:
      return each([&](std::string_view text) { return ParseFloating<double>(text); },
                  [&](double value) { out.AppendDouble(value); });
    case TypeId::kDecimal:
      return each([&](std::string_view text) { return ParseDecimal(text); },
                  [&](types::Int128 value) { out.AppendDecimal(value); });
    case TypeId::kDate:
      return each(
          [&](std::string_view text) {
            return options_->date_format ? options_->date_format->ParseDate(text)
                                         : types::ParseDate(text);
          },
          [&](std::int32_t value) { out.AppendInteger(value); });
    case TypeId::kTimestamp:
      return each(
          [&](std::string_view text) {
            return options_->timestamp_format
                       ? options_->timestamp_format->ParseTimestamp(text, *zone_)
                       : types::ParseTimestamp(text, *zone_);
          },
          [&](std::int64_t value) { out.AppendLong(value); });
    case TypeId::kTimestampNtz:
      return each(
          [&](std::string_view text) {
            return options_->timestamp_ntz_format
                       ? options_->timestamp_ntz_format->ParseTimestampNtz(text, false)
                       : types::ParseTimestampNtz(text, false);
          },
          [&](std::int64_t value) { out.AppendLong(value); });
    case TypeId::kVariant: {
      types::VariantBuilder variant;
      AppendEach(records, rows, source, out, misfits, [&](std::string_view text) {
        AppendCsvVariant(text, *options_, *zone_, variant);
        return variant.FinishTo(out).has_value();
      });
      return;
    }
    default:  // VOID: Make() let nothing else through.
      for (std::size_t i = 0; i < rows.size(); ++i) out.AppendNull();
  }
}

void CsvColumnConverter::AppendObjects(const CsvRecords& records, std::span<const CsvRecord> rows,
                                       std::span<const std::string> names,
                                       types::ColumnBuilder& out,
                                       std::vector<std::uint32_t>& misfits) const {
  types::VariantBuilder variant;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    variant.BeginObject();
    std::span<const CsvField> fields = records.FieldsOf(rows[i]);
    for (std::size_t cell = 0; cell < fields.size(); ++cell) {
      variant.Key(cell < names.size() ? names[cell] : "_c" + std::to_string(cell));
      if (IsNull(fields[cell]))
        variant.AppendNull();
      else
        AppendCsvVariant(fields[cell].text(), *options_, *zone_, variant);
    }
    if (variant.EndObject() && variant.FinishTo(out)) continue;
    variant.Reset();
    out.AppendNull();
    misfits.push_back(static_cast<std::uint32_t>(i));
  }
}

}  // namespace inlet::formats
