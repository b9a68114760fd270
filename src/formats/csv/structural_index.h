#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace inlet::formats {

/// Where up to four kinds of bytes stand in a text, one bit a byte, found 64 at a time (AVX2 where
/// the machine has it, else SSE2 or plain code).
class StructuralIndex {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Unused places of `bytes` repeat another one. `text` stays where it is while the index is used.
  void Build(std::string_view text, std::array<char, 4> bytes);

  /// The first of the bytes at or after `position`; kNone when there is none.
  std::size_t Next(std::size_t position) const {
    std::size_t word = position >> 6;
    if (word >= words_.size()) return kNone;
    std::uint64_t bits = words_[word] & (~std::uint64_t{0} << (position & 63));
    while (bits == 0) {
      if (++word >= words_.size()) return kNone;
      bits = words_[word];
    }
    return (word << 6) + static_cast<std::size_t>(std::countr_zero(bits));
  }

  /// Goes over the bytes at or after a position in order; cheaper than Next() for each.
  class Cursor {
   public:
    Cursor(const StructuralIndex& index, std::size_t position)
        : words_(index.words_), word_(position >> 6) {
      if (word_ < words_.size()) bits_ = words_[word_] & (~std::uint64_t{0} << (position & 63));
    }

    /// kNone at the end.
    std::size_t Next() {
      while (bits_ == 0) {
        if (++word_ >= words_.size()) return kNone;
        bits_ = words_[word_];
      }
      const auto at = static_cast<std::size_t>(std::countr_zero(bits_));
      bits_ &= bits_ - 1;
      return (word_ << 6) + at;
    }

   private:
    std::span<const std::uint64_t> words_;
    std::size_t word_;
    std::uint64_t bits_ = 0;
  };

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace inlet::formats
