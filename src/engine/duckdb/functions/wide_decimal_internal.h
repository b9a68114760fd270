#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "types/text_cast.h"

namespace inlet::engine::functions {

using types::Int128;

/// A signed integer of 256 bits: what a product or a quotient of two DECIMALs needs before it is
/// rounded. Sums and products of the values that DECIMAL(38) allows never overflow it.
class WideInteger {
 public:
  WideInteger(Int128 value);  // NOLINT(google-explicit-constructor): reads as the number itself.

  WideInteger operator*(const WideInteger& other) const;
  WideInteger operator+(const WideInteger& other) const;
  WideInteger operator-() const;
  WideInteger TimesPowerOfTen(int exponent) const;
  /// Toward zero, or half away from zero. `divisor` is not 0.
  WideInteger Divide(const WideInteger& divisor, bool half_up) const;
  WideInteger Remainder(const WideInteger& divisor) const;
  bool is_zero() const;

  /// Nothing when it does not fit.
  std::optional<Int128> ToInt128() const;

 private:
  using Limbs = std::array<std::uint64_t, 4>;
  WideInteger(bool negative, Limbs magnitude) : negative_(negative), magnitude_(magnitude) {}
  static int Compare(const Limbs& a, const Limbs& b);
  static Limbs Subtract(const Limbs& a, const Limbs& b);
  void DivideMagnitude(const Limbs& divisor, Limbs& quotient, Limbs& remainder) const;

  bool negative_ = false;
  Limbs magnitude_{};  // Least significant first.
};

}  // namespace inlet::engine::functions
