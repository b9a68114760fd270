#include "formats/csv/csv_variant.h"

#include "formats/csv/csv_type_inference.h"
#include "formats/csv/csv_values.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

constexpr int kMaxDigits = 38;

// `1e3` is 1000: a negative scale is written out.
bool AppendNumber(std::string_view text, types::VariantBuilder& out) {
  if (std::optional<std::int64_t> value = types::ParseStrictInteger<std::int64_t>(text)) {
    out.AppendLong(*value);
    return true;
  }
  std::optional<types::DecimalShape> shape = types::ParseDecimalShape(text);
  if (!shape || shape->precision > kMaxDigits || shape->scale > kMaxDigits) return false;
  int scale = std::max(shape->scale, 0);
  std::optional<types::Int128> value = types::ParseDecimal(text, kMaxDigits, scale);
  if (!value) return false;
  out.AppendDecimal(*value, scale);
  return true;
}

}  // namespace

void AppendCsvVariant(std::string_view text, const CsvOptions& options, const types::TimeZone& zone,
                      types::VariantBuilder& out) {
  if (AppendNumber(text, out)) return;
  CsvTypeInference inference(options, zone);
  switch (inference.WidenBy({types::TypeId::kDate}, text).id) {
    case types::TypeId::kDate:
      out.AppendDate(
          *(options.date_format ? options.date_format->ParseDate(text) : types::ParseDate(text)));
      return;
    case types::TypeId::kTimestamp:
      out.AppendTimestamp(*(options.timestamp_format
                                ? options.timestamp_format->ParseTimestamp(text, zone)
                                : types::ParseTimestamp(text, zone)));
      return;
    default:
      break;
  }
  if (std::optional<bool> value = ParseCsvBoolean(text)) {
    out.AppendBoolean(*value);
  } else {
    std::string valid;
    AppendValidUtf8(text, valid);
    out.AppendString(valid);
  }
}

}  // namespace inlet::formats
