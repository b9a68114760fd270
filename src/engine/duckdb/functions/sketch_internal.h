#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/duckdb/functions/hash_internal.h"

/// Sketches in the bytes of Apache DataSketches, so that Spark and Databricks read ours and we
/// theirs. Values; not thread-safe. Source: the layouts in the documentation of Apache
/// DataSketches.
namespace inlet::engine::functions {

/// The two halves of Murmur3 of 128 bits with the seed that all sketches share.
std::pair<std::uint64_t, std::uint64_t> SketchHash(std::string_view bytes);
std::pair<std::uint64_t, std::uint64_t> SketchHash(std::int64_t value);
std::pair<std::uint64_t, std::uint64_t> SketchHash(double value);

/// Reads the little-endian parts of a sketch; past the end it says so once and gives zeros.
class SketchReader {
 public:
  explicit SketchReader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T At(std::size_t position) {
    if (bytes_.size() < sizeof(T) || position > bytes_.size() - sizeof(T)) {
      is_good_ = false;
      return T{};
    }
    return LoadBytes<T>(bytes_.data() + position);
  }
  bool is_good() const { return is_good_; }
  std::size_t size() const { return bytes_.size(); }
  std::string_view From(std::size_t position) const {
    return position < bytes_.size() ? bytes_.substr(position) : std::string_view();
  }

 private:
  std::string_view bytes_;
  bool is_good_ = true;
};

template <class T>
void AppendBytes(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// Counts distinct values: coupons in a list, then in a set, then registers of 8 bits.
class HllSketch {
 public:
  static constexpr int kLeastLgK = 4;
  static constexpr int kMostLgK = 21;

  explicit HllSketch(int lg_k) : lg_k_(lg_k) {}
  static std::optional<HllSketch> FromBytes(std::string_view bytes);

  int lg_k() const { return lg_k_; }
  void Add(std::pair<std::uint64_t, std::uint64_t> hash);
  void Merge(const HllSketch& other);
  double Estimate() const;
  std::string ToBytes() const;

 private:
  void AddCoupon(std::uint32_t coupon);
  void Grow();
  void SetRegister(std::uint32_t slot, std::uint8_t value);
  double EstimateOfRegisters() const;

  int lg_k_;
  std::vector<std::uint32_t> coupons_;  // In order of arrival, while there are no registers.
  std::unordered_set<std::uint32_t> known_;
  std::vector<std::uint8_t> registers_;
  double hip_ = 0;
  double kxq0_ = 0;  // Sums of 2^-register, of small and of large registers.
  double kxq1_ = 0;
  bool is_out_of_order_ = false;  // Merged: hip_ no longer says anything.
};

/// A sample of hashes below theta: counts distinct values and takes set operations.
class ThetaSketch {
 public:
  static constexpr int kLeastLgK = 4;
  static constexpr int kMostLgK = 26;
  static constexpr std::uint64_t kMostTheta = INT64_MAX;

  explicit ThetaSketch(int lg_k) : lg_k_(lg_k) {}
  static std::optional<ThetaSketch> FromBytes(std::string_view bytes);

  void Add(std::pair<std::uint64_t, std::uint64_t> hash);
  void Unite(const ThetaSketch& other);
  void Intersect(const ThetaSketch& other);
  void Subtract(const ThetaSketch& other);
  double Estimate() const;
  std::string ToBytes() const;

 private:
  void Insert(std::uint64_t hash);
  void Trim(std::size_t kept);
  std::vector<std::uint64_t> Sorted() const;

  int lg_k_;
  std::uint64_t theta_ = kMostTheta;
  bool is_empty_ = true;
  std::unordered_set<std::uint64_t> hashes_;
};

}  // namespace inlet::engine::functions
