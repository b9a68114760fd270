#include "delta/row_bitmap.h"

#include <algorithm>
#include <bit>

namespace inlet::delta {
namespace {

constexpr std::uint64_t kWordBits = 64;

/// The first bit at or after `bit` that is `value`; the number of bits when there is none.
std::uint64_t FindNext(const std::vector<std::uint64_t>& words, std::uint64_t bit, bool value) {
  std::size_t index = bit / kWordBits;
  if (index >= words.size()) return words.size() * kWordBits;
  const auto wanted = [&](std::size_t i) { return value ? words[i] : ~words[i]; };
  std::uint64_t word = wanted(index) & (~std::uint64_t{0} << (bit % kWordBits));
  while (word == 0) {
    if (++index == words.size()) return words.size() * kWordBits;
    word = wanted(index);
  }
  return index * kWordBits + static_cast<std::uint64_t>(std::countr_zero(word));
}

}  // namespace

bool RowBitmap::Add(std::uint64_t row) {
  const std::size_t index = row / kWordBits;
  if (index >= words_.size()) words_.resize(std::max(index + 1, words_.size() * 2));
  const std::uint64_t bit = std::uint64_t{1} << (row % kWordBits);
  if ((words_[index] & bit) != 0) return false;
  words_[index] |= bit;
  ++cardinality_;
  return true;
}

void RowBitmap::Add(const DeletedRows& rows) {
  for (const auto& [begin, end] : rows.ranges) AddRange(begin, end);
}

void RowBitmap::AddRange(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t row = begin; row < end; ++row) Add(row);
}

DeletedRows RowBitmap::ToRanges() const {
  DeletedRows rows{.ranges = {}, .cardinality = cardinality_};
  const std::uint64_t num_bits = words_.size() * kWordBits;
  for (std::uint64_t begin = FindNext(words_, 0, true); begin < num_bits;) {
    const std::uint64_t end = FindNext(words_, begin, false);
    rows.ranges.emplace_back(begin, end);
    begin = FindNext(words_, end, true);
  }
  return rows;
}

}  // namespace inlet::delta
