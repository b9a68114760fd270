#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/wide_decimal_internal.h"

namespace inlet::engine::functions {

__extension__ using UInt128 = unsigned __int128;

WideInteger::WideInteger(Int128 value) : negative_(value < 0) {
  const UInt128 magnitude = negative_ ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  magnitude_ = {static_cast<std::uint64_t>(magnitude), static_cast<std::uint64_t>(magnitude >> 64),
                0, 0};
}

int WideInteger::Compare(const Limbs& a, const Limbs& b) {
  for (std::size_t i = 4; i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

WideInteger::Limbs WideInteger::Subtract(const Limbs& a, const Limbs& b) {
  Limbs result{};
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const UInt128 take = static_cast<UInt128>(b[i]) + borrow;
    borrow = a[i] < take ? 1 : 0;
    result[i] = static_cast<std::uint64_t>(a[i] - take);
  }
  return result;
}

bool WideInteger::is_zero() const { return magnitude_ == Limbs{}; }

WideInteger WideInteger::operator-() const { return {!negative_, magnitude_}; }

WideInteger WideInteger::operator+(const WideInteger& other) const {
  if (negative_ != other.negative_) {
    const int order = Compare(magnitude_, other.magnitude_);
    return order >= 0 ? WideInteger(negative_, Subtract(magnitude_, other.magnitude_))
                      : WideInteger(other.negative_, Subtract(other.magnitude_, magnitude_));
  }
  Limbs sum{};
  UInt128 carry = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    carry += static_cast<UInt128>(magnitude_[i]) + other.magnitude_[i];
    sum[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  return {negative_, sum};
}

WideInteger WideInteger::operator*(const WideInteger& other) const {
  Limbs product{};
  for (std::size_t i = 0; i < 4; ++i) {
    UInt128 carry = 0;
    for (std::size_t j = 0; i + j < 4; ++j) {
      carry += static_cast<UInt128>(magnitude_[i]) * other.magnitude_[j] + product[i + j];
      product[i + j] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
  }
  return {negative_ != other.negative_, product};
}

WideInteger WideInteger::TimesPowerOfTen(int exponent) const {
  WideInteger result = *this;
  for (; exponent > 38; exponent -= 38) result = result * PowerOfTen(38);
  return result * PowerOfTen(exponent);
}

void WideInteger::DivideMagnitude(const Limbs& divisor, Limbs& quotient, Limbs& remainder) const {
  if ((magnitude_[2] | magnitude_[3] | divisor[2] | divisor[3]) == 0) {
    const UInt128 a = (static_cast<UInt128>(magnitude_[1]) << 64) | magnitude_[0];
    const UInt128 b = (static_cast<UInt128>(divisor[1]) << 64) | divisor[0];
    const UInt128 q = a / b;
    const UInt128 r = a % b;
    quotient = {static_cast<std::uint64_t>(q), static_cast<std::uint64_t>(q >> 64), 0, 0};
    remainder = {static_cast<std::uint64_t>(r), static_cast<std::uint64_t>(r >> 64), 0, 0};
    return;
  }
  quotient = {};
  remainder = {};
  for (std::size_t bit = 256; bit-- > 0;) {
    for (std::size_t i = 3; i > 0; --i)
      remainder[i] = (remainder[i] << 1) | (remainder[i - 1] >> 63);
    remainder[0] = (remainder[0] << 1) | ((magnitude_[bit / 64] >> (bit % 64)) & 1);
    if (Compare(remainder, divisor) >= 0) {
      remainder = Subtract(remainder, divisor);
      quotient[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
}

WideInteger WideInteger::Divide(const WideInteger& divisor, bool half_up) const {
  Limbs quotient{};
  Limbs remainder{};
  DivideMagnitude(divisor.magnitude_, quotient, remainder);
  const bool negative = negative_ != divisor.negative_;
  WideInteger result(negative, quotient);
  if (half_up) {
    const WideInteger rest(false, remainder);
    if (Compare((rest + rest).magnitude_, divisor.magnitude_) >= 0) {
      result = WideInteger(false, quotient) + WideInteger(1);
      result.negative_ = negative;
    }
  }
  return result;
}

WideInteger WideInteger::Remainder(const WideInteger& divisor) const {
  Limbs quotient{};
  Limbs remainder{};
  DivideMagnitude(divisor.magnitude_, quotient, remainder);
  return {negative_, remainder};
}

std::optional<Int128> WideInteger::ToInt128() const {
  if ((magnitude_[2] | magnitude_[3]) != 0 || (magnitude_[1] >> 63) != 0) return std::nullopt;
  const auto value =
      static_cast<Int128>((static_cast<UInt128>(magnitude_[1]) << 64) | magnitude_[0]);
  return negative_ ? -value : value;
}

}  // namespace inlet::engine::functions
