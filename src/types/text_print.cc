#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "types/text_cast.h"

namespace inlet::types {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

// The shortest digits that read back as the same number, laid out as Java does: plain from 1e-3 up
// to 1e7, else with an exponent; always a digit on both sides of the point.
template <class Float>
void AppendFloating(Float value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::signbit(value)) out += '-';
  value = std::abs(value);
  if (std::isinf(value)) {
    out += "Infinity";
    return;
  }
  if (value == 0) {
    out += "0.0";
    return;
  }
  std::array<char, 48> buffer;
  char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                            std::chars_format::scientific)
                  .ptr;
  // Java prints two digits at least, the nearest ones: 4.9E-324 for what 5E-324 would say too.
  if (buffer[1] == 'e') {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                        std::chars_format::scientific, 1)
              .ptr;
  }
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::size_t e = text.find('e');
  int exponent = 0;
  std::size_t exponent_at = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + exponent_at, end, exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();

  if (exponent < -3 || exponent >= 7) {
    out += digits[0];
    out += '.';
    out += digits.size() > 1 ? std::string_view(digits).substr(1) : "0";
    out += 'E';
    AppendInteger(exponent, out);
  } else if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    out += digits;
  } else {
    std::size_t whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    out.append(digits, 0, whole);
    out += '.';
    out += digits.size() > whole ? std::string_view(digits).substr(whole) : "0";
  }
}

void AppendPadded(std::uint64_t value, std::size_t width, std::string& out) {
  std::array<char, 24> buffer;
  char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  auto size = static_cast<std::size_t>(end - buffer.data());
  if (size < width) out.append(width - size, '0');
  out.append(buffer.data(), size);
}

// The text of one Arrow value below a nested one, or at the top.
class CellPrinter {
 public:
  CellPrinter(const TimeZone& zone, std::string& out) : zone_(zone), out_(out) {}

  Status Append(const arrow::Array& array, std::int64_t row, const DataType& type) {
    if (array.IsNull(row)) {
      out_ += "null";
      return Ok();
    }
    switch (type.id()) {
      case TypeId::kVoid:
        out_ += "null";
        return Ok();
      case TypeId::kBoolean:
        out_ += Of<arrow::BooleanArray>(array).Value(row) ? "true" : "false";
        return Ok();
      case TypeId::kByte:
        AppendInteger(Of<arrow::Int8Array>(array).Value(row), out_);
        return Ok();
      case TypeId::kShort:
        AppendInteger(Of<arrow::Int16Array>(array).Value(row), out_);
        return Ok();
      case TypeId::kInteger:
        AppendInteger(Of<arrow::Int32Array>(array).Value(row), out_);
        return Ok();
      case TypeId::kLong:
        AppendInteger(Of<arrow::Int64Array>(array).Value(row), out_);
        return Ok();
      case TypeId::kFloat:
        AppendFloat(Of<arrow::FloatArray>(array).Value(row), out_);
        return Ok();
      case TypeId::kDouble:
        AppendDouble(Of<arrow::DoubleArray>(array).Value(row), out_);
        return Ok();
      case TypeId::kDecimal: {
        arrow::Decimal128 value(Of<arrow::Decimal128Array>(array).GetValue(row));
        AppendDecimal(Int128{value.high_bits()} << 64 | value.low_bits(), type.scale(), out_);
        return Ok();
      }
      case TypeId::kString:
        out_ += Of<arrow::StringArray>(array).GetView(row);
        return Ok();
      case TypeId::kBinary:
        out_ += Of<arrow::BinaryArray>(array).GetView(row);
        return Ok();
      case TypeId::kDate:
        AppendDate(Of<arrow::Date32Array>(array).Value(row), out_);
        return Ok();
      case TypeId::kTimestamp:
        AppendTimestamp(Of<arrow::TimestampArray>(array).Value(row), zone_, out_);
        return Ok();
      case TypeId::kTimestampNtz:
        AppendTimestampNtz(Of<arrow::TimestampArray>(array).Value(row), out_);
        return Ok();
      case TypeId::kYearMonthInterval:
        AppendYearMonth(Of<arrow::MonthIntervalArray>(array).Value(row));
        return Ok();
      case TypeId::kDayTimeInterval:
        AppendDayTime(Of<arrow::DurationArray>(array).Value(row));
        return Ok();
      case TypeId::kArray:
        return AppendArray(array, row, type);
      case TypeId::kMap:
        return AppendMap(array, row, type);
      case TypeId::kStruct:
        return AppendStruct(array, row, type);
      case TypeId::kVariant:
        break;
    }
    return FailUnsupported("the text of a VARIANT inside of another value");
  }

 private:
  template <class ArrayType>
  static const ArrayType& Of(const arrow::Array& array) {
    return static_cast<const ArrayType&>(array);
  }

  Status AppendArray(const arrow::Array& array, std::int64_t row, const DataType& type) {
    const auto& list = Of<arrow::ListArray>(array);
    out_ += '[';
    for (std::int64_t i = 0; i < list.value_length(row); ++i) {
      if (i > 0) out_ += ", ";
      TRY(Append(*list.values(), list.value_offset(row) + i, type.element()));
    }
    out_ += ']';
    return Ok();
  }

  Status AppendMap(const arrow::Array& array, std::int64_t row, const DataType& type) {
    const auto& map = Of<arrow::MapArray>(array);
    out_ += '{';
    for (std::int64_t i = 0; i < map.value_length(row); ++i) {
      if (i > 0) out_ += ", ";
      TRY(Append(*map.keys(), map.value_offset(row) + i, type.key()));
      out_ += " -> ";
      TRY(Append(*map.items(), map.value_offset(row) + i, type.value()));
    }
    out_ += '}';
    return Ok();
  }

  Status AppendStruct(const arrow::Array& array, std::int64_t row, const DataType& type) {
    const auto& record = Of<arrow::StructArray>(array);
    out_ += '{';
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      if (i > 0) out_ += ", ";
      TRY(Append(*record.field(static_cast<int>(i)), row, type.fields()[i].type));
    }
    out_ += '}';
    return Ok();
  }

  // INTERVAL '1-2' YEAR TO MONTH
  void AppendYearMonth(std::int32_t months) {
    out_ += "INTERVAL '";
    if (months < 0) out_ += '-';
    std::int64_t rest = std::abs(std::int64_t{months});
    AppendInteger(rest / 12, out_);
    out_ += '-';
    AppendInteger(rest % 12, out_);
    out_ += "' YEAR TO MONTH";
  }

  // INTERVAL '1 02:03:04.5' DAY TO SECOND
  void AppendDayTime(std::int64_t micros) {
    out_ += "INTERVAL '";
    if (micros < 0) out_ += '-';
    std::uint64_t rest =
        micros < 0 ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
    AppendPadded(rest / kMicrosPerDay, 1, out_);
    out_ += ' ';
    AppendTime(static_cast<std::int64_t>(rest % kMicrosPerDay));
    out_ += "' DAY TO SECOND";
  }

  void AppendTime(std::int64_t time_us);

  const TimeZone& zone_;
  std::string& out_;
};

// HH:mm:ss[.ffffff], without trailing zeros.
void AppendTimeOfDay(std::int64_t time_us, std::string& out) {
  auto seconds = static_cast<std::uint64_t>(time_us / kMicrosPerSecond);
  AppendPadded(seconds / 3600, 2, out);
  out += ':';
  AppendPadded(seconds / 60 % 60, 2, out);
  out += ':';
  AppendPadded(seconds % 60, 2, out);
  if (auto fraction = static_cast<std::uint64_t>(time_us % kMicrosPerSecond); fraction != 0) {
    out += '.';
    AppendPadded(fraction, 6, out);
    while (out.back() == '0') out.pop_back();
  }
}

void CellPrinter::AppendTime(std::int64_t time_us) { AppendTimeOfDay(time_us, out_); }

}  // namespace

void AppendDouble(double value, std::string& out) { AppendFloating(value, out); }
void AppendFloat(float value, std::string& out) { AppendFloating(value, out); }

void AppendInteger(std::int64_t value, std::string& out) {
  std::array<char, 24> buffer;
  char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
}

void AppendDecimal(Int128 unscaled, int scale, std::string& out) {
  if (unscaled < 0) out += '-';
  __extension__ using UInt128 = unsigned __int128;
  UInt128 rest = unscaled < 0 ? 0 - static_cast<UInt128>(unscaled) : static_cast<UInt128>(unscaled);
  std::array<char, 48> buffer;
  std::size_t at = buffer.size();
  int written = 0;
  do {
    if (written == scale && scale > 0) buffer[--at] = '.';
    buffer[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    ++written;
  } while (rest != 0 || written <= scale);
  out.append(buffer.data() + at, buffer.size() - at);
}

void AppendDate(std::int32_t days, std::string& out) {
  CivilDate date = CivilFromDays(days);
  if (date.year < 0) out += '-';
  if (date.year > 9999) out += '+';
  AppendPadded(static_cast<std::uint64_t>(std::abs(date.year)), 4, out);
  out += '-';
  AppendPadded(static_cast<std::uint64_t>(date.month), 2, out);
  out += '-';
  AppendPadded(static_cast<std::uint64_t>(date.day), 2, out);
}

void AppendTimestampNtz(std::int64_t local_us, std::string& out) {
  std::int64_t days = local_us / kMicrosPerDay;
  std::int64_t time_us = local_us % kMicrosPerDay;
  if (time_us < 0) {
    time_us += kMicrosPerDay;
    --days;
  }
  AppendDate(static_cast<std::int32_t>(days), out);
  out += ' ';
  AppendTimeOfDay(time_us, out);
}

void AppendTimestamp(std::int64_t instant_us, const TimeZone& zone, std::string& out) {
  AppendTimestampNtz(zone.ToLocal(instant_us), out);
}

Status AppendCell(const arrow::Array& array, std::int64_t row, const DataType& type,
                  const TimeZone& zone, std::string& out) {
  return CellPrinter(zone, out).Append(array, row, type);
}

}  // namespace inlet::types
