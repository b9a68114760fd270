#include <bit>
#include <charconv>
#include <cmath>
#include <numbers>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"

namespace inlet::engine::functions {
namespace {

using duckdb::DecimalType;
using std::optional;
using std::string;
using std::string_view;
using i32 = std::int32_t;
using i64 = std::int64_t;

// ---- Rounding

enum class Rounding : std::uint8_t { kHalfUp, kHalfEven, kCeiling, kFloor };

/// `value` with `digits` fewer digits.
Int128 Rounded(Int128 value, int digits, Rounding rounding) {
  if (digits <= 0) return value;
  if (digits > 38)
    return rounding == Rounding::kCeiling && value > 0 ? 1
           : rounding == Rounding::kFloor && value < 0 ? -1
                                                       : 0;
  const Int128 divisor = PowerOfTen(digits);
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  const Int128 twice = (rest < 0 ? -rest : rest) * 2;
  const int away = value < 0 ? -1 : 1;
  switch (rounding) {
    case Rounding::kHalfUp:
      return quotient + (twice >= divisor ? away : 0);
    case Rounding::kHalfEven:
      return quotient + (twice > divisor || (twice == divisor && quotient % 2 != 0) ? away : 0);
    case Rounding::kCeiling:
      return quotient + (rest > 0 ? 1 : 0);
    case Rounding::kFloor:
      return quotient - (rest < 0 ? 1 : 0);
  }
  return quotient;
}

/// Through the shortest text of the number, as BigDecimal does in Spark.
double RoundReal(double value, int places, Rounding rounding) {
  if (!std::isfinite(value)) return value;
  constexpr int kScale = 17;
  if (places >= kScale) return value;
  string text;
  types::AppendDouble(value, text);
  const auto exact = types::ParseDecimal(text, 38, kScale);
  if (!exact) return value;  // Too large to have a fraction.
  const int dropped = kScale - places;
  Int128 rounded = Rounded(*exact, dropped, rounding);
  text.clear();
  for (int i = places; i < 0; ++i) rounded *= 10;
  types::AppendDecimal(rounded, std::max(places, 0), text);
  return types::ParseDouble(text).value_or(value);
}

/// Source: Spark, RoundBase.dataType.
LogicalType RoundedType(int precision, int scale, int places) {
  const int whole = precision - scale + 1;
  if (places < 0)
    return LogicalType::DECIMAL(
        static_cast<std::uint8_t>(std::min(38, std::max(whole, -places + 1))), 0);
  const int kept = std::min(scale, places);
  return LogicalType::DECIMAL(static_cast<std::uint8_t>(std::min(38, whole + kept)),
                              static_cast<std::uint8_t>(kept));
}

Bound RoundDecimal(const LogicalType& source, const LogicalType& target, int places,
                   Rounding rounding) {
  const int scale = DecimalType::GetScale(source);
  return {.type = target, .execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
            UnifiedVectorFormat format;
            chunk.data[0].ToUnifiedFormat(chunk.size(), format);
            const bool constant = chunk.AllConstant();
            const int target_scale = DecimalType::GetScale(result.GetType());
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              const idx_t index = format.sel->get_index(row);
              if (!format.validity.RowIsValid(index)) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              Int128 value =
                  Rounded(ReadDecimal(format, index, chunk.data[0].GetType().InternalType()),
                          scale - places, rounding);
              if (places < target_scale) value *= PowerOfTen(std::min(38, target_scale - places));
              if (!FitsPrecision(value, DecimalType::GetWidth(result.GetType()))) {
                Raise(Condition::NUMERIC_VALUE_OUT_OF_RANGE,
                      {{"value", "of the rounding"},
                       {"precision", std::to_string(DecimalType::GetWidth(result.GetType()))},
                       {"scale", std::to_string(target_scale)}});
              }
              WriteDecimal(result, row, value);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

template <class T>
Bound RoundInteger(const LogicalType& type, int places, Rounding rounding) {
  return {.type = type, .execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
            duckdb::UnaryExecutor::Execute<T, T>(
                chunk.data[0], result, chunk.size(), [=](T value) -> T {
                  if (places >= 0) return value;
                  const Int128 rounded =
                      Rounded(value, -places, rounding) * PowerOfTen(std::min(-places, 30));
                  if (rounded != static_cast<T>(rounded)) {
                    Raise(Condition::ARITHMETIC_OVERFLOW,
                          {{"message", "Overflow"}, {"functionName", "round"}});
                  }
                  return static_cast<T>(rounded);
                });
          }};
}

template <class T>
Bound RoundRealColumn(const LogicalType& type, int places, Rounding rounding) {
  return {.type = type, .execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
            duckdb::UnaryExecutor::Execute<T, T>(chunk.data[0], result, chunk.size(), [=](T value) {
              return static_cast<T>(RoundReal(static_cast<double>(value), places, rounding));
            });
          }};
}

int PlacesOf(ClientContext& context, Arguments& arguments, string_view function) {
  if (arguments.size() < 2) return 0;
  const auto places = ConstantOf(context, *arguments[1]);
  if (!places || places->IsNull()) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", string(function)}, {"message", "the scale must be a constant"}});
  }
  const int value = places->GetValue<i32>();
  Arguments only;
  only.push_back(std::move(arguments[0]));
  arguments = std::move(only);
  return std::clamp(value, -400, 400);
}

Bound BindRound(ClientContext& context, Arguments& arguments, Rounding rounding) {
  const int places = PlacesOf(context, arguments, "round");
  LogicalType type = arguments.at(0)->return_type;
  if (type.id() == LogicalTypeId::VARCHAR || type.id() == LogicalTypeId::SQLNULL) {
    type = LogicalType::DOUBLE;
    arguments[0] = CastTo(context, std::move(arguments[0]), type);
  }
  switch (type.id()) {
    case LogicalTypeId::TINYINT:
      return RoundInteger<std::int8_t>(type, places, rounding);
    case LogicalTypeId::SMALLINT:
      return RoundInteger<std::int16_t>(type, places, rounding);
    case LogicalTypeId::INTEGER:
      return RoundInteger<i32>(type, places, rounding);
    case LogicalTypeId::BIGINT:
      return RoundInteger<i64>(type, places, rounding);
    case LogicalTypeId::FLOAT:
      return RoundRealColumn<float>(type, places, rounding);
    case LogicalTypeId::DOUBLE:
      return RoundRealColumn<double>(type, places, rounding);
    case LogicalTypeId::DECIMAL: {
      const int scale = DecimalType::GetScale(type);
      return RoundDecimal(type, RoundedType(DecimalType::GetWidth(type), scale, places),
                          std::min(places, scale), rounding);
    }
    default:
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "round"}, {"message", "the argument is no number"}});
  }
}

/// ceil() and floor(): BIGINT, DECIMAL for a DECIMAL or when places are given.
Bound BindCeilFloor(ClientContext& context, Arguments& arguments, Rounding rounding) {
  const bool with_places = arguments.size() == 2;
  const int places = PlacesOf(context, arguments, "ceil");
  LogicalType type = arguments.at(0)->return_type;
  if (with_places && type.id() != LogicalTypeId::DECIMAL) {
    const LogicalTypeId id = type.id();
    type = id == LogicalTypeId::TINYINT    ? LogicalType::DECIMAL(3, 0)
           : id == LogicalTypeId::SMALLINT ? LogicalType::DECIMAL(5, 0)
           : id == LogicalTypeId::INTEGER  ? LogicalType::DECIMAL(10, 0)
           : id == LogicalTypeId::BIGINT   ? LogicalType::DECIMAL(20, 0)
                                           : LogicalType::DECIMAL(30, 15);
    arguments[0] = CastTo(context, std::move(arguments[0]), type);
  }
  if (type.id() == LogicalTypeId::DECIMAL) {
    const int scale = DecimalType::GetScale(type);
    return RoundDecimal(type, RoundedType(DecimalType::GetWidth(type), scale, places),
                        std::min(places, scale), rounding);
  }
  if (type.IsIntegral()) return Replace(CastTo(context, Take(arguments[0]), LogicalType::BIGINT));
  arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::DOUBLE);
  return {.type = LogicalType::BIGINT,
          .execute = [rounding](DataChunk& chunk, ExpressionState&, Vector& result) {
            duckdb::UnaryExecutor::Execute<double, i64>(
                chunk.data[0], result, chunk.size(), [rounding](double value) -> i64 {
                  const double whole =
                      rounding == Rounding::kCeiling ? std::ceil(value) : std::floor(value);
                  if (std::isnan(whole)) return 0;
                  if (whole >= 0x1p63) return std::numeric_limits<i64>::max();
                  if (whole < -0x1p63) return std::numeric_limits<i64>::min();
                  return static_cast<i64>(whole);
                });
          }};
}

// ---- Real functions

using Real = double (*)(double);

/// e^x in the steps of fdlibm, which Java's StrictMath prescribes: now and then its last digit is
/// another than that of other libraries.
double StrictExp(double x) {
  if (!std::isfinite(x) || x > 709.78 || x < -745.13) return std::exp(x);
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  double high = x;
  double low = 0;
  int k = 0;
  if (std::fabs(x) > 0.5 * std::numbers::ln2) {
    if (std::fabs(x) < 1.5 * std::numbers::ln2) {
      k = x < 0 ? -1 : 1;
    } else {
      k = static_cast<int>(x / std::numbers::ln2 + (x < 0 ? -0.5 : 0.5));
    }
    high = x - k * kLn2High;
    low = k * kLn2Low;
  } else if (std::fabs(x) < 0x1p-28) {
    return 1 + x;
  }
  const double r = high - low;
  const double t = r * r;
  // The polynomial of Remez on [0, 0.34658].
  const double c =
      r - t * (1.66666666666666019037e-01 +
               t * (-2.77777777770155933842e-03 +
                    t * (6.61375632143793436117e-05 +
                         t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  if (k == 0) return 1 - (r * c / (c - 2) - r);
  return std::ldexp(1 - (low - r * c / (2 - c) - high), k);
}

/// The natural logarithm in the steps of fdlibm; `x` is above 0.
double StrictLog(double x) {
  if (!std::isfinite(x)) return std::log(x);
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  int k = 0;
  double m = std::frexp(x, &k) * 2;  // From 1 to 2.
  --k;
  const auto high_bits = static_cast<std::int32_t>(std::bit_cast<std::uint64_t>(m) >> 32 & 0xFFFFF);
  const auto above = (high_bits + 0x95F64) & 0x100000;  // Above the root of 2.
  if (above != 0) {
    m /= 2;
    ++k;
  }
  const double f = m - 1;
  const double dk = k;
  if ((0x000FFFFF & (2 + high_bits)) < 3) {  // Next to a power of 2.
    if (f == 0) return k == 0 ? 0 : dk * kLn2High + dk * kLn2Low;
    const double r = f * f * (0.5 - 0.33333333333333333 * f);
    return k == 0 ? f - r : dk * kLn2High - ((r - dk * kLn2Low) - f);
  }
  const double s = f / (2 + f);
  const double z = s * s;
  const double w = z * z;
  const double t1 = w * (3.999999999940941908e-01 +
                         w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double t2 = z * (6.666666666666735130e-01 +
                         w * (2.857142874366239149e-01 +
                              w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const double r = t2 + t1;
  if (((high_bits - 0x6147A) | (0x6B851 - high_bits)) > 0) {
    const double half = 0.5 * f * f;
    if (k == 0) return f - (half - s * (half + r));
    return dk * kLn2High - ((half - (s * (half + r) + dk * kLn2Low)) - f);
  }
  if (k == 0) return f - s * (f - r);
  return dk * kLn2High - ((s * (f - r) - dk * kLn2Low) - f);
}

double StrictCosh(double x) {
  const double size = std::fabs(x);
  if (size < 0.5 * std::numbers::ln2 || size > 22) return std::cosh(x);
  const double power = StrictExp(size);
  return 0.5 * power + 0.5 / power;
}

/// One step of Newton makes the last digit right.
double Cbrt(double x) {
  const double root = std::cbrt(x);
  if (root == 0 || !std::isfinite(root)) return root;
  return root - (root * root * root - x) / (3 * root * root);
}

void AddRealFunctions(Registry& registry) {
  const std::pair<const char*, Real> functions[] = {
      {"sqrt", std::sqrt},
      {"cbrt", Cbrt},
      {"exp", StrictExp},
      {"expm1", std::expm1},
      {"sin", std::sin},
      {"cos", std::cos},
      {"tan", std::tan},
      {"asin", std::asin},
      {"acos", std::acos},
      {"atan", std::atan},
      {"sinh", std::sinh},
      {"cosh", StrictCosh},
      {"tanh", std::tanh},
      {"asinh", [](double x) { return std::isinf(x) ? x : std::log(x + std::sqrt(x * x + 1)); }},
      {"acosh", std::acosh},
      {"atanh", std::atanh},
      {"rint", std::nearbyint},
      {"cot", [](double x) { return 1 / std::tan(x); }},
      {"sec", [](double x) { return 1 / std::cos(x); }},
      {"csc", [](double x) { return 1 / std::sin(x); }},
      {"degrees", [](double x) { return x * 180 / std::numbers::pi; }},
      {"radians", [](double x) { return x * std::numbers::pi / 180; }},
      {"sign", [](double x) { return x > 0   ? 1.0
                                     : x < 0 ? -1.0
                                             : x; }}};
  for (const auto& [name, function] : functions) {
    registry.Add(string("spark_") + name, [function](double x) { return function(x); });
  }
  // Spark gives NULL where the logarithm does not exist.
  const std::tuple<const char*, Real, double> logarithms[] = {
      {"ln", StrictLog, 0},
      {"log10", std::log10, 0},
      {"log2", [](double x) { return StrictLog(x) / StrictLog(2); }, 0},
      {"log1p", std::log1p, -1}};
  for (const auto& [name, function, bound] : logarithms) {
    registry.Add(string("spark_") + name, [function, bound](double x) {
      return x <= bound ? std::nullopt : optional(function(x));
    });
  }
  registry.Add("spark_log",
               [](double x) { return x <= 0 ? std::nullopt : optional(StrictLog(x)); });
  registry.Add("spark_log", [](double base, double x) {
    return x <= 0 || base <= 0 ? std::nullopt : optional(StrictLog(x) / StrictLog(base));
  });
  registry.Add("spark_power", [](double x, double y) { return std::pow(x, y); });
  registry.Add("spark_hypot", [](double x, double y) { return std::hypot(x, y); });
  registry.Add("spark_atan2", [](double y, double x) { return std::atan2(y + 0.0, x + 0.0); });
  registry.Add("spark_isnan_value", [](double x) { return std::isnan(x); });
  registry.Add(
      "spark_width_bucket", [](double x, double low, double high, i64 buckets) -> optional<i64> {
        if (buckets <= 0 || low == high || !std::isfinite(low) || !std::isfinite(high) ||
            std::isnan(x))
          return std::nullopt;
        if (low < high ? x < low : x > low) return 0;
        if (low < high ? x >= high : x <= high) return buckets + 1;
        return static_cast<i64>(static_cast<double>(buckets) * (x - low) / (high - low)) + 1;
      });
}

// ---- Whole numbers

string Binary(i64 value) {
  string digits;
  for (auto rest = static_cast<std::uint64_t>(value); rest != 0; rest >>= 1)
    digits.insert(digits.begin(), rest & 1 ? '1' : '0');
  return digits.empty() ? "0" : digits;
}

/// conv(): unsigned 64 bits, the bases from 2 to 36; a negative target base prints a sign.
optional<string> Conv(string_view text, i32 from, i32 to) {
  if (from < 2 || from > 36 || std::abs(to) < 2 || std::abs(to) > 36) return std::nullopt;
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, from);
  if (error == std::errc::result_out_of_range) {
    Raise(Condition::ARITHMETIC_OVERFLOW,
          {{"message", "Overflow in function conv()"}, {"functionName", "conv"}});
  }
  if (end == text.data()) value = 0;
  if (negative) value = static_cast<std::uint64_t>(-static_cast<i64>(value));
  const bool print_sign = to < 0 && static_cast<i64>(value) < 0;
  if (print_sign) value = static_cast<std::uint64_t>(-static_cast<i64>(value));
  char buffer[72];
  const auto printed = std::to_chars(buffer, buffer + sizeof buffer, value, std::abs(to));
  string digits(buffer, printed.ptr);
  for (char& c : digits) c = c >= 'a' ? static_cast<char>(c - 32) : c;
  return (print_sign ? "-" : "") + digits;
}

template <class Fn>
void AddBitwise(Registry& registry, const string& name, Fn fn) {
  registry.AddBound(name, [fn, name](ClientContext& context, Arguments& arguments) {
    LogicalType type = CommonTypeOf(arguments);
    if (!type.IsIntegral()) type = LogicalType::BIGINT;
    for (std::size_t i = 0; i < arguments.size(); ++i)
      CoerceTo(context, arguments[i], type, name, i);
    auto of = [&]<class T>(T) {
      return Bound{.type = type,
                   .execute = [fn](DataChunk& chunk, ExpressionState&, Vector& result) {
                     duckdb::BinaryExecutor::Execute<T, T, T>(
                         chunk.data[0], chunk.data[1], result, chunk.size(),
                         [fn](T a, T b) { return static_cast<T>(fn(a, b)); });
                   }};
    };
    switch (type.id()) {
      case LogicalTypeId::TINYINT:
        return of(std::int8_t{});
      case LogicalTypeId::SMALLINT:
        return of(std::int16_t{});
      case LogicalTypeId::INTEGER:
        return of(i32{});
      default:
        return of(i64{});
    }
  });
}

/// Shifts of INT and BIGINT by the low bits of the amount, as Java does.
template <class Fn32, class Fn64>
void AddShift(Registry& registry, const string& name, Fn32 narrow, Fn64 wide) {
  registry.Add(name + "_int",
               [narrow](i32 value, i32 amount) { return narrow(value, amount & 31); });
  registry.Add(name + "_long", [wide](i64 value, i32 amount) { return wide(value, amount & 63); });
  registry.AddBound(name, [name](ClientContext& context, Arguments& arguments) {
    const bool is_long = arguments.at(0)->return_type.id() == LogicalTypeId::BIGINT;
    return Replace(Call(context, name + (is_long ? "_long" : "_int"),
                        Args(Take(arguments[0]), Take(arguments.at(1)))));
  });
}

void AddWholeFunctions(Registry& registry) {
  registry.Add("spark_factorial", [](i32 n) -> optional<i64> {
    if (n < 0 || n > 20) return std::nullopt;
    i64 product = 1;
    for (i32 i = 2; i <= n; ++i) product *= i;
    return product;
  });
  registry.Add("spark_bin", [](i64 value) { return Binary(value); });
  // A bitmap has 32768 bits; the first one stands for 1.
  constexpr i64 kBitmapBits = 32768;
  registry.Add("spark_bitmap_bit_position", [](i64 value) {
    return value > 0 ? (value - 1) % kBitmapBits : -(value % kBitmapBits);
  });
  registry.Add("spark_bitmap_bucket_number", [](i64 value) {
    return value > 0 ? 1 + (value - 1) / kBitmapBits : value / kBitmapBits;
  });
  registry.Add("spark_bitmap_count", [](Bytes bitmap) {
    i64 count = 0;
    for (const char byte : bitmap) count += std::popcount(static_cast<unsigned char>(byte));
    return count;
  });
  registry.Add("spark_bit_count", [](i64 value) {
    return static_cast<i32>(std::popcount(static_cast<std::uint64_t>(value)));
  });
  registry.Add("spark_conv",
               [](string_view text, i32 from, i32 to) { return Conv(text, from, to); });
  registry.Add("spark_getbit", [](i64 value, i32 position) -> std::int8_t {
    if (position < 0 || position > 63) {
      Raise(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "pos"},
                                                 {"functionName", "getbit"},
                                                 {"message", "bits are numbered from 0 to 63"}});
    }
    return static_cast<std::int8_t>((value >> position) & 1);
  });
  AddBitwise(registry, "spark_bit_and", [](auto a, auto b) { return a & b; });
  AddBitwise(registry, "spark_bit_or", [](auto a, auto b) { return a | b; });
  AddBitwise(registry, "spark_bit_xor", [](auto a, auto b) { return a ^ b; });
  registry.AddBound("spark_bit_not", [](ClientContext& context, Arguments& arguments) {
    ExpressionPtr ones =
        CastTo(context, Constant(duckdb::Value::INTEGER(-1)), arguments.at(0)->return_type);
    return Replace(Call(context, "spark_bit_xor", Args(Take(arguments[0]), std::move(ones))));
  });
  AddShift(
      registry, "spark_shiftleft",
      [](i32 v, i32 n) { return static_cast<i32>(static_cast<std::uint32_t>(v) << n); },
      [](i64 v, i32 n) { return static_cast<i64>(static_cast<std::uint64_t>(v) << n); });
  AddShift(
      registry, "spark_shiftright", [](i32 v, i32 n) { return v >> n; },
      [](i64 v, i32 n) { return v >> n; });
  AddShift(
      registry, "spark_shiftrightunsigned",
      [](i32 v, i32 n) { return static_cast<i32>(static_cast<std::uint32_t>(v) >> n); },
      [](i64 v, i32 n) { return static_cast<i64>(static_cast<std::uint64_t>(v) >> n); });
}

}  // namespace

void AddMathFunctions(Registry& registry) {
  for (const auto& [name, rounding] :
       {std::pair{"spark_round", Rounding::kHalfUp}, {"spark_bround", Rounding::kHalfEven}}) {
    registry.AddBound(name, [rounding](ClientContext& context, Arguments& arguments) {
      return BindRound(context, arguments, rounding);
    });
  }
  for (const auto& [name, rounding] :
       {std::pair{"spark_ceil", Rounding::kCeiling}, {"spark_floor", Rounding::kFloor}}) {
    registry.AddBound(name, [rounding](ClientContext& context, Arguments& arguments) {
      return BindCeilFloor(context, arguments, rounding);
    });
  }
  AddRealFunctions(registry);
  AddWholeFunctions(registry);
}

}  // namespace inlet::engine::functions
