#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/duckdb/functions/sketch_internal.h"

namespace inlet::engine::functions {

/// Quantiles of many numbers in little space: level i holds items that stand for 2^i values each.
/// In the bytes of Apache DataSketches, items of 8 bytes (BIGINT, DOUBLE) or 4 (FLOAT).
/// Source: Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams".
template <class T>
class KllSketch {
 public:
  static constexpr int kLeastK = 8;
  static constexpr int kMostK = 65535;
  static constexpr int kDefaultK = 200;

  explicit KllSketch(int k = kDefaultK) : k_(k), least_k_(k) {}

  std::uint64_t n() const { return n_; }

  void Add(T value) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) return;
    }
    min_ = n_ == 0 ? value : std::min(min_, value);
    max_ = n_ == 0 ? value : std::max(max_, value);
    ++n_;
    levels_[0].push_back(value);
    if (levels_[0].size() >= CapacityOf(0) && Retained() >= Capacity()) Compact();
  }

  void Merge(const KllSketch& other) {
    if (other.n_ == 0) return;
    min_ = n_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = n_ == 0 ? other.max_ : std::max(max_, other.max_);
    n_ += other.n_;
    least_k_ = std::min(least_k_, other.least_k_);
    if (levels_.size() < other.levels_.size()) levels_.resize(other.levels_.size());
    for (std::size_t i = 0; i < other.levels_.size(); ++i) {
      const std::size_t before = levels_[i].size();
      levels_[i].insert(levels_[i].end(), other.levels_[i].begin(), other.levels_[i].end());
      if (i > 0) {
        std::inplace_merge(levels_[i].begin(),
                           levels_[i].begin() + static_cast<std::ptrdiff_t>(before),
                           levels_[i].end());
      }
    }
    while (Retained() > Capacity()) Compact();
  }

  /// The least value with at least this share of all values at or below it.
  T Quantile(double rank) const {
    const auto items = Weighted();
    const double target = std::ceil(rank * static_cast<double>(n_));
    std::uint64_t seen = 0;
    for (const auto& [value, weight] : items) {
      seen += weight;
      if (static_cast<double>(seen) >= target) return value;
    }
    return max_;
  }

  /// The share of values at or below `value`.
  double Rank(T value) const {
    std::uint64_t below = 0;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (const T item : levels_[level]) {
        if (item <= value) below += std::uint64_t{1} << level;
      }
    }
    return static_cast<double>(below) / static_cast<double>(n_);
  }

  std::string ToBytes() const {
    std::string out;
    const bool is_single = n_ == 1;
    const bool is_short = n_ <= 1;
    AppendBytes(static_cast<std::uint8_t>(is_short ? 2 : 5), out);
    AppendBytes(static_cast<std::uint8_t>(is_single ? 2 : 1), out);
    AppendBytes(kFamily, out);
    AppendBytes(static_cast<std::uint8_t>(n_ == 0 ? 1 : is_single ? 4 : 0), out);
    AppendBytes(static_cast<std::uint16_t>(k_), out);
    AppendBytes(kLeastWidth, out);
    AppendBytes(std::uint8_t{0}, out);
    if (is_short) {
      if (is_single) AppendBytes(levels_[0][0], out);
      return out;
    }
    AppendBytes(n_, out);
    AppendBytes(static_cast<std::uint16_t>(least_k_), out);
    AppendBytes(static_cast<std::uint8_t>(levels_.size()), out);
    AppendBytes(std::uint8_t{0}, out);
    // Where each level begins in an array that is as full as it can be at its end.
    auto begin = static_cast<std::uint32_t>(std::max(Capacity(), Retained()) - Retained());
    for (const std::vector<T>& level : levels_) {
      AppendBytes(begin, out);
      begin += static_cast<std::uint32_t>(level.size());
    }
    AppendBytes(min_, out);
    AppendBytes(max_, out);
    for (const std::vector<T>& level : levels_) {
      for (const T item : level) AppendBytes(item, out);
    }
    return out;
  }

  static std::optional<KllSketch> FromBytes(std::string_view bytes) {
    SketchReader in(bytes);
    const unsigned words = in.At<std::uint8_t>(0);
    const unsigned version = in.At<std::uint8_t>(1);
    const unsigned flags = in.At<std::uint8_t>(3);
    const int k = in.At<std::uint16_t>(4);
    if (!in.is_good() || in.At<std::uint8_t>(2) != kFamily || k < kLeastK || version > 2 ||
        in.At<std::uint8_t>(6) != kLeastWidth || (words != 2 && words != 5)) {
      return std::nullopt;
    }
    KllSketch sketch(k);
    if ((flags & 1) != 0) return sketch;
    if (version == 2) {
      sketch.Add(in.At<T>(8));
      return in.is_good() ? std::optional(std::move(sketch)) : std::nullopt;
    }
    sketch.n_ = in.At<std::uint64_t>(8);
    sketch.least_k_ = in.At<std::uint16_t>(16);
    const std::size_t num_levels = in.At<std::uint8_t>(18);
    if (!in.is_good() || num_levels == 0 || num_levels > 60) return std::nullopt;
    std::vector<std::uint32_t> begins;
    for (std::size_t i = 0; i < num_levels; ++i) begins.push_back(in.At<std::uint32_t>(20 + 4 * i));
    std::size_t at = 20 + 4 * num_levels;
    sketch.min_ = in.At<T>(at);
    sketch.max_ = in.At<T>(at + sizeof(T));
    at += 2 * sizeof(T);
    if (!in.is_good() || !std::ranges::is_sorted(begins)) return std::nullopt;
    const std::size_t total = in.From(at).size() / sizeof(T);
    sketch.levels_.resize(num_levels);
    std::uint64_t weight = 0;
    for (std::size_t i = 0; i < num_levels; ++i) {
      const std::size_t first = begins[i] - begins[0];
      const std::size_t last = i + 1 < num_levels ? begins[i + 1] - begins[0] : total;
      if (last < first || last > total) return std::nullopt;
      for (std::size_t item = first; item < last; ++item) {
        sketch.levels_[i].push_back(in.At<T>(at + item * sizeof(T)));
      }
      if (i > 0) std::ranges::sort(sketch.levels_[i]);
      weight += std::uint64_t{last - first} << i;
    }
    if (weight != sketch.n_) return std::nullopt;
    return sketch;
  }

  std::string Describe(std::string_view item_name) const {
    const std::size_t retained = Retained();
    const std::size_t capacity = std::max(Capacity(), retained);
    const std::size_t header = 20 + 4 * levels_.size() + 2 * sizeof(T);
    const auto item = [this](T value) { return n_ == 0 ? std::string("NaN") : ItemText(value); };
    return fmt::format(
        "\n### KllKll{}Sketch Summary:\n"
        "   K                      : {}\n"
        "   Dynamic min K          : {}\n"
        "   M                      : {}\n"
        "   N                      : {}\n"
        "   Epsilon                : {:.3f}%\n"
        "   Epsilon PMF            : {:.3f}%\n"
        "   Empty                  : {}\n"
        "   Estimation Mode        : {}\n"
        "   Levels                 : {}\n"
        "   Level 0 Sorted         : false\n"
        "   Capacity Items         : {}\n"
        "   Retained Items         : {}\n"
        "   Free Space             : {}\n"
        "   ReadOnly               : false\n"
        "   Updatable Storage Bytes: {}\n"
        "   Compact Storage Bytes  : {}\n"
        "   Min Item               : {}\n"
        "   Max Item               : {}\n"
        "### End sketch summary\n",
        item_name, k_, least_k_, kLeastWidth, n_, 100 * 2.296 / std::pow(least_k_, 0.9723),
        100 * 2.446 / std::pow(least_k_, 0.9433), n_ == 0, levels_.size() > 1, levels_.size(),
        capacity, retained, capacity - retained, header + 4 + capacity * sizeof(T),
        ToBytes().size(), item(min_), item(max_));
  }

 private:
  static constexpr std::uint8_t kFamily = 15;
  static constexpr std::uint8_t kLeastWidth = 8;

  static std::string ItemText(T value) {
    if constexpr (std::is_integral_v<T>) {
      return std::to_string(value);
    } else {
      return fmt::format("{:.6f}", value);
    }
  }
  std::size_t CapacityOf(std::size_t level) const {
    const auto depth = static_cast<double>(levels_.size() - level - 1);
    const double width = static_cast<double>(k_) * std::pow(2.0 / 3.0, depth);
    return std::max<std::size_t>(kLeastWidth, static_cast<std::size_t>(width + 0.5));
  }
  std::size_t Capacity() const {
    std::size_t capacity = 0;
    for (std::size_t i = 0; i < levels_.size(); ++i) capacity += CapacityOf(i);
    return capacity;
  }
  std::size_t Retained() const {
    std::size_t count = 0;
    for (const std::vector<T>& level : levels_) count += level.size();
    return count;
  }
  /// Halves the lowest level that is full; every other item goes up.
  void Compact() {
    std::size_t level = 0;
    while (level + 1 < levels_.size() && levels_[level].size() < CapacityOf(level)) ++level;
    if (level + 1 == levels_.size()) levels_.emplace_back();
    std::vector<T>& full = levels_[level];
    std::ranges::sort(full);
    std::vector<T> kept;
    if (full.size() % 2 != 0) {  // An odd one stays.
      kept.push_back(full.front());
      full.erase(full.begin());
    }
    std::vector<T>& above = levels_[level + 1];
    const std::size_t before = above.size();
    for (std::size_t i = random_() & 1; i < full.size(); i += 2) above.push_back(full[i]);
    std::inplace_merge(above.begin(), above.begin() + static_cast<std::ptrdiff_t>(before),
                       above.end());
    full = std::move(kept);
  }
  std::vector<std::pair<T, std::uint64_t>> Weighted() const {
    std::vector<std::pair<T, std::uint64_t>> items;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      for (const T item : levels_[level]) items.emplace_back(item, std::uint64_t{1} << level);
    }
    std::ranges::sort(items);
    return items;
  }

  int k_;
  int least_k_;  // The least k of all that were merged.
  std::uint64_t n_ = 0;
  T min_{};
  T max_{};
  std::vector<std::vector<T>> levels_{1};
  std::minstd_rand random_{42};
};

}  // namespace inlet::engine::functions
