#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "engine/duckdb/functions/sketch_internal.h"

namespace inlet::engine::functions {
namespace {

constexpr std::uint64_t kSeed = 9001;

std::uint64_t MixHalf(std::uint64_t key) {
  key = (key ^ (key >> 33)) * 0xff51afd7ed558ccdu;
  key = (key ^ (key >> 33)) * 0xc4ceb9fe1a85ec53u;
  return key ^ (key >> 33);
}

struct Murmur128 {
  std::uint64_t h1 = kSeed;
  std::uint64_t h2 = kSeed;
  static constexpr std::uint64_t kC1 = 0x87c37b91114253d5u;
  static constexpr std::uint64_t kC2 = 0x4cf5ad432745937fu;
  static std::uint64_t Key1(std::uint64_t key) { return std::rotl(key * kC1, 31) * kC2; }
  static std::uint64_t Key2(std::uint64_t key) { return std::rotl(key * kC2, 33) * kC1; }

  void Block(std::uint64_t k1, std::uint64_t k2) {
    h1 = (std::rotl(h1 ^ Key1(k1), 27) + h2) * 5 + 0x52dce729u;
    h2 = (std::rotl(h2 ^ Key2(k2), 31) + h1) * 5 + 0x38495ab5u;
  }
  std::pair<std::uint64_t, std::uint64_t> Finish(std::size_t length) {
    h1 ^= length;
    h2 ^= length;
    h1 += h2;
    h2 += h1;
    h1 = MixHalf(h1);
    h2 = MixHalf(h2);
    h1 += h2;
    h2 += h1;
    return {h1, h2};
  }
};

/// The low 16 bits of the hash of the seed: sketches of other seeds are refused by it.
std::uint16_t SeedHash() {
  static const auto kHash = [] {
    Murmur128 hash{0, 0};
    hash.h1 ^= Murmur128::Key1(kSeed);
    return static_cast<std::uint16_t>(hash.Finish(8).first);
  }();
  return kHash;
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> SketchHash(std::string_view bytes) {
  Murmur128 hash;
  std::size_t at = 0;
  for (; at + 16 <= bytes.size(); at += 16) {
    hash.Block(LoadBytes<std::uint64_t>(bytes.data() + at),
               LoadBytes<std::uint64_t>(bytes.data() + at + 8));
  }
  std::array<char, 16> tail{};
  const std::size_t rest = bytes.size() - at;
  if (rest > 0) std::memcpy(tail.data(), bytes.data() + at, rest);
  if (rest > 8) hash.h2 ^= Murmur128::Key2(LoadBytes<std::uint64_t>(tail.data() + 8));
  if (rest > 0) hash.h1 ^= Murmur128::Key1(LoadBytes<std::uint64_t>(tail.data()));
  return hash.Finish(bytes.size());
}

std::pair<std::uint64_t, std::uint64_t> SketchHash(std::int64_t value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  return SketchHash(std::string_view(bytes, 8));
}

std::pair<std::uint64_t, std::uint64_t> SketchHash(double value) {
  if (value == 0) value = 0;  // No negative zero.
  const auto bits =
      std::isnan(value) ? std::int64_t{0x7ff8'0000'0000'0000} : std::bit_cast<std::int64_t>(value);
  return SketchHash(bits);
}

// ---- HLL

namespace {

constexpr std::uint8_t kHllFamily = 7;
constexpr std::uint8_t kHllType8 = 8;  // Registers of 8 bits, in the byte of modes.
constexpr std::uint8_t kEmptyFlag = 4;
constexpr std::uint8_t kCompactFlag = 8;
constexpr std::uint8_t kOutOfOrderFlag = 16;
constexpr std::uint32_t kAddressMask = (1u << 26) - 1;
constexpr std::size_t kListSize = 8;

/// Fewer distinct coupons than values: two values meet in one of 2^26 by chance.
double CouponEstimate(std::size_t count) {
  const auto n = static_cast<double>(count);
  return std::max(n, -std::log1p(-n / 0x1p26) * 0x1p26);
}

}  // namespace

void HllSketch::Add(std::pair<std::uint64_t, std::uint64_t> hash) {
  const int zeros = std::min(std::countl_zero(hash.second), 62);
  AddCoupon(static_cast<std::uint32_t>(zeros + 1) << 26 |
            (static_cast<std::uint32_t>(hash.first) & kAddressMask));
}

void HllSketch::AddCoupon(std::uint32_t coupon) {
  if (!registers_.empty()) {
    const std::uint32_t slot = coupon & ((1u << lg_k_) - 1);
    return SetRegister(slot, static_cast<std::uint8_t>(coupon >> 26));
  }
  if (!known_.insert(coupon).second) return;
  coupons_.push_back(coupon);
  // A list of eight, then a set up to three quarters of an eighth of the registers.
  const std::size_t most = lg_k_ < 8 ? kListSize - 1 : (std::size_t{1} << (lg_k_ - 3)) * 3 / 4;
  if (coupons_.size() > most) Grow();
}

void HllSketch::Grow() {
  const double estimate = CouponEstimate(coupons_.size());
  registers_.assign(std::size_t{1} << lg_k_, 0);
  kxq0_ = static_cast<double>(registers_.size());
  for (const std::uint32_t coupon : coupons_) AddCoupon(coupon);
  hip_ = estimate;
  coupons_.clear();
  known_.clear();
}

void HllSketch::SetRegister(std::uint32_t slot, std::uint8_t value) {
  const std::uint8_t old = registers_[slot];
  if (value <= old) return;
  hip_ += static_cast<double>(registers_.size()) / (kxq0_ + kxq1_);
  (old < 32 ? kxq0_ : kxq1_) -= std::ldexp(1, -old);
  (value < 32 ? kxq0_ : kxq1_) += std::ldexp(1, -value);
  registers_[slot] = value;
}

void HllSketch::Merge(const HllSketch& other) {
  if (other.registers_.empty()) {
    for (const std::uint32_t coupon : other.coupons_) AddCoupon(coupon);
    return;
  }
  if (registers_.empty()) {
    // The smaller one is added to the larger one; the number of registers is the lesser of both.
    const std::vector<std::uint32_t> coupons = std::move(coupons_);
    const int lg_k = std::min(lg_k_, other.lg_k_);
    HllSketch merged(lg_k);
    merged.registers_.assign(std::size_t{1} << lg_k, 0);
    merged.kxq0_ = static_cast<double>(merged.registers_.size());
    if (lg_k == other.lg_k_) {
      merged = other;
    } else {
      merged.Merge(other);
    }
    for (const std::uint32_t coupon : coupons) merged.AddCoupon(coupon);
    *this = std::move(merged);
    return;
  }
  if (other.lg_k_ < lg_k_) {
    HllSketch folded(other.lg_k_);
    folded.registers_.assign(std::size_t{1} << other.lg_k_, 0);
    folded.kxq0_ = static_cast<double>(folded.registers_.size());
    for (std::uint32_t slot = 0; slot < registers_.size(); ++slot) {
      folded.SetRegister(slot & ((1u << other.lg_k_) - 1), registers_[slot]);
    }
    *this = std::move(folded);
  }
  for (std::uint32_t slot = 0; slot < other.registers_.size(); ++slot) {
    SetRegister(slot & ((1u << lg_k_) - 1), other.registers_[slot]);
  }
  is_out_of_order_ = true;
}

/// Source: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", algorithm 6.
double HllSketch::EstimateOfRegisters() const {
  std::array<double, 65> counts{};
  for (const std::uint8_t value : registers_) counts[std::min<std::uint8_t>(value, 64)] += 1;
  const auto m = static_cast<double>(registers_.size());
  const auto sigma = [](double x) {
    if (x == 1) return HUGE_VAL;
    double y = 1;
    double sum = x;
    for (double before = -1; sum != before;) {
      x *= x;
      before = sum;
      sum += x * y;
      y += y;
    }
    return sum;
  };
  const auto tau = [](double x) {
    if (x == 0 || x == 1) return 0.0;
    double y = 1;
    double sum = 1 - x;
    for (double before = -1; sum != before;) {
      x = std::sqrt(x);
      before = sum;
      y /= 2;
      sum -= (1 - x) * (1 - x) * y;
    }
    return sum / 3;
  };
  double z = m * tau(1 - counts[64] / m);
  for (std::size_t k = 63; k >= 1; --k) z = 0.5 * (z + counts[k]);
  z += m * sigma(counts[0] / m);
  return m * m / (2 * std::log(2.0)) / z;
}

double HllSketch::Estimate() const {
  if (registers_.empty()) return CouponEstimate(coupons_.size());
  return is_out_of_order_ ? EstimateOfRegisters() : hip_;
}

std::string HllSketch::ToBytes() const {
  std::string out;
  const bool is_list = registers_.empty() && coupons_.size() < kListSize;
  const std::uint8_t mode = is_list ? 0 : registers_.empty() ? 1 : 2;
  const std::uint8_t header_words = mode == 0 ? 2 : mode == 1 ? 3 : 10;
  std::size_t slots = kListSize;
  int lg_slots = 3;
  if (mode == 1) {
    lg_slots = 5;
    while (coupons_.size() * 4 > (std::size_t{3} << lg_slots)) ++lg_slots;
    slots = std::size_t{1} << lg_slots;
  }
  const bool is_empty = mode == 0 && coupons_.empty();
  AppendBytes(header_words, out);
  AppendBytes(std::uint8_t{1}, out);
  AppendBytes(kHllFamily, out);
  AppendBytes(static_cast<std::uint8_t>(lg_k_), out);
  AppendBytes(static_cast<std::uint8_t>(mode == 2 ? 0 : lg_slots), out);
  AppendBytes(static_cast<std::uint8_t>((is_empty ? kEmptyFlag : 0) |
                                        (is_out_of_order_ ? kOutOfOrderFlag : 0)),
              out);
  AppendBytes(static_cast<std::uint8_t>(mode == 0 ? coupons_.size() : 0), out);
  AppendBytes(static_cast<std::uint8_t>(mode | kHllType8), out);
  if (mode == 0) {
    for (const std::uint32_t coupon : coupons_) AppendBytes(coupon, out);
    out.resize(8 + 4 * slots, '\0');
  } else if (mode == 1) {
    AppendBytes(static_cast<std::uint32_t>(coupons_.size()), out);
    std::vector<std::uint32_t> table(slots, 0);
    const auto mask = static_cast<std::uint32_t>(slots - 1);
    for (const std::uint32_t coupon : coupons_) {
      std::uint32_t probe = coupon & mask;
      const std::uint32_t stride = ((coupon & kAddressMask) >> lg_slots) | 1;
      while (table[probe] != 0) probe = (probe + stride) & mask;
      table[probe] = coupon;
    }
    for (const std::uint32_t coupon : table) AppendBytes(coupon, out);
  } else {
    AppendBytes(hip_, out);
    AppendBytes(kxq0_, out);
    AppendBytes(kxq1_, out);
    AppendBytes(static_cast<std::uint32_t>(std::ranges::count(registers_, 0)), out);
    AppendBytes(std::uint32_t{0}, out);
    out.append(reinterpret_cast<const char*>(registers_.data()), registers_.size());
  }
  return out;
}

std::optional<HllSketch> HllSketch::FromBytes(std::string_view bytes) {
  SketchReader in(bytes);
  const int lg_k = in.At<std::uint8_t>(3);
  const std::uint8_t flags = in.At<std::uint8_t>(5);
  const int mode = in.At<std::uint8_t>(7) & 3;
  const int type = in.At<std::uint8_t>(7) >> 2 & 3;
  if (!in.is_good() || in.At<std::uint8_t>(1) != 1 || in.At<std::uint8_t>(2) != kHllFamily ||
      lg_k < kLeastLgK || lg_k > kMostLgK || mode > 2 || type > 2) {
    return std::nullopt;
  }
  HllSketch sketch(lg_k);
  if ((flags & kEmptyFlag) != 0) return sketch;
  if (mode < 2) {
    const std::size_t first = mode == 0 ? 8 : 12;
    const std::size_t count = mode == 0 ? in.At<std::uint8_t>(6) : in.At<std::uint32_t>(8);
    const bool is_compact = (flags & kCompactFlag) != 0 || mode == 0;
    const std::size_t slots = is_compact ? count : std::size_t{1} << (in.At<std::uint8_t>(4) & 31);
    if (slots > in.size() / 4) return std::nullopt;
    for (std::size_t i = 0; i < slots; ++i) {
      const auto coupon = in.At<std::uint32_t>(first + 4 * i);
      if (coupon != 0) sketch.AddCoupon(coupon);
    }
    return in.is_good() ? std::optional(std::move(sketch)) : std::nullopt;
  }
  const std::size_t k = std::size_t{1} << lg_k;
  sketch.registers_.assign(k, 0);
  sketch.kxq0_ = static_cast<double>(k);
  const std::uint8_t least = in.At<std::uint8_t>(6);
  if (type == 2) {
    for (std::uint32_t i = 0; i < k; ++i) sketch.SetRegister(i, in.At<std::uint8_t>(40 + i) & 63);
  } else if (type == 1) {  // Six bits each.
    for (std::uint32_t i = 0; i < k; ++i) {
      const std::size_t bit = std::size_t{i} * 6;
      const std::size_t at = 40 + bit / 8;
      const unsigned low = in.At<std::uint8_t>(at);
      const unsigned high = bit % 8 > 2 ? in.At<std::uint8_t>(at + 1) : 0;
      sketch.SetRegister(i, static_cast<std::uint8_t>((low | high << 8) >> bit % 8 & 63));
    }
  } else {  // Four bits above the least; 15 says that the value stands behind.
    for (std::uint32_t i = 0; i < k; ++i) {
      const unsigned pair = in.At<std::uint8_t>(40 + i / 2);
      const unsigned nibble = i % 2 == 0 ? pair & 15 : pair >> 4;
      if (nibble < 15) sketch.SetRegister(i, static_cast<std::uint8_t>(nibble + least));
    }
    const std::size_t first = 40 + k / 2;
    const std::size_t exceptions = (in.size() - std::min(in.size(), first)) / 4;
    for (std::size_t i = 0; i < exceptions; ++i) {
      const auto entry = in.At<std::uint32_t>(first + 4 * i);
      if (entry == 0) continue;
      sketch.SetRegister(entry & static_cast<std::uint32_t>(k - 1),
                         static_cast<std::uint8_t>(entry >> 26));
    }
  }
  sketch.hip_ = in.At<double>(8);
  sketch.is_out_of_order_ = (flags & kOutOfOrderFlag) != 0;
  return in.is_good() ? std::optional(std::move(sketch)) : std::nullopt;
}

// ---- Theta

namespace {

constexpr std::uint8_t kThetaFamily = 3;
constexpr std::uint8_t kReadOnly = 2;
constexpr std::uint8_t kOrdered = 16;
constexpr std::uint8_t kSingleItem = 32;

/// Bits of numbers, the most significant first.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void Put(std::uint64_t value, int bits) {
    for (int i = bits - 1; i >= 0; --i) {
      if (used_ % 8 == 0) out_ += '\0';
      if ((value >> i & 1) != 0) out_.back() = static_cast<char>(out_.back() | 0x80 >> used_ % 8);
      ++used_;
    }
  }

 private:
  std::string& out_;
  std::size_t used_ = 0;
};

}  // namespace

void ThetaSketch::Add(std::pair<std::uint64_t, std::uint64_t> hash) {
  is_empty_ = false;
  Insert(hash.first >> 1);
}

void ThetaSketch::Insert(std::uint64_t hash) {
  if (hash == 0 || hash >= theta_) return;
  hashes_.insert(hash);
  const std::size_t k = std::size_t{1} << lg_k_;
  if (hashes_.size() > k * 15 / 8) Trim(k);
}

/// Keeps the least hashes; the next one becomes theta.
void ThetaSketch::Trim(std::size_t kept) {
  if (hashes_.size() <= kept) return;
  std::vector<std::uint64_t> hashes(hashes_.begin(), hashes_.end());
  std::nth_element(hashes.begin(), hashes.begin() + static_cast<std::ptrdiff_t>(kept),
                   hashes.end());
  theta_ = hashes[kept];
  hashes_ = {hashes.begin(), hashes.begin() + static_cast<std::ptrdiff_t>(kept)};
}

void ThetaSketch::Unite(const ThetaSketch& other) {
  is_empty_ = is_empty_ && other.is_empty_;
  theta_ = std::min(theta_, other.theta_);
  std::erase_if(hashes_, [this](std::uint64_t hash) { return hash >= theta_; });
  for (const std::uint64_t hash : other.hashes_) Insert(hash);
  Trim(std::size_t{1} << lg_k_);
}

void ThetaSketch::Intersect(const ThetaSketch& other) {
  is_empty_ = is_empty_ || other.is_empty_;
  theta_ = is_empty_ ? kMostTheta : std::min(theta_, other.theta_);
  std::erase_if(
      hashes_, [&](std::uint64_t hash) { return hash >= theta_ || !other.hashes_.contains(hash); });
}

void ThetaSketch::Subtract(const ThetaSketch& other) {
  theta_ = std::min(theta_, other.theta_);
  std::erase_if(hashes_,
                [&](std::uint64_t hash) { return hash >= theta_ || other.hashes_.contains(hash); });
  is_empty_ = is_empty_ || (hashes_.empty() && theta_ == kMostTheta);
}

double ThetaSketch::Estimate() const {
  return static_cast<double>(hashes_.size()) /
         (static_cast<double>(theta_) / static_cast<double>(kMostTheta));
}

std::vector<std::uint64_t> ThetaSketch::Sorted() const {
  std::vector<std::uint64_t> hashes(hashes_.begin(), hashes_.end());
  std::ranges::sort(hashes);
  return hashes;
}

std::string ThetaSketch::ToBytes() const {
  ThetaSketch trimmed = *this;
  trimmed.Trim(std::size_t{1} << lg_k_);
  const std::vector<std::uint64_t> hashes = trimmed.Sorted();
  const bool is_estimating = trimmed.theta_ < kMostTheta;
  std::string out;
  if (is_empty_) return {1, 3, kThetaFamily, 0, 0, 0x1E, 0, 0};
  constexpr std::uint8_t kFlags = kReadOnly | kCompactFlag | kOrdered;
  if (hashes.empty() || (hashes.size() == 1 && !is_estimating)) {
    const bool is_single = !hashes.empty();
    out = {static_cast<char>(is_single ? 1 : is_estimating ? 3 : 2), 3, kThetaFamily, 0, 0,
           static_cast<char>(kFlags | (is_single ? kSingleItem : 0))};
    AppendBytes(SeedHash(), out);
    if (!is_single) {
      AppendBytes(std::uint32_t{0}, out);
      AppendBytes(std::uint32_t{0}, out);
      if (is_estimating) AppendBytes(trimmed.theta_, out);
    }
    for (const std::uint64_t hash : hashes) AppendBytes(hash, out);
    return out;
  }
  // Differences in as few bits as the largest needs.
  std::uint64_t all = 0;
  std::uint64_t before = 0;
  for (const std::uint64_t hash : hashes) {
    all |= hash - before;
    before = hash;
  }
  const int bits = 64 - std::countl_zero(all);
  const std::size_t count_bytes = (static_cast<std::size_t>(std::bit_width(hashes.size())) + 7) / 8;
  out = {static_cast<char>(is_estimating ? 2 : 1),
         4,
         kThetaFamily,
         static_cast<char>(bits),
         static_cast<char>(count_bytes),
         static_cast<char>(kFlags)};
  AppendBytes(SeedHash(), out);
  if (is_estimating) AppendBytes(trimmed.theta_, out);
  for (std::size_t i = 0; i < count_bytes; ++i) {
    out += static_cast<char>(hashes.size() >> (8 * i) & 255);
  }
  BitWriter writer(out);
  before = 0;
  for (const std::uint64_t hash : hashes) {
    writer.Put(hash - before, bits);
    before = hash;
  }
  return out;
}

std::optional<ThetaSketch> ThetaSketch::FromBytes(std::string_view bytes) {
  SketchReader in(bytes);
  const unsigned words = in.At<std::uint8_t>(0) & 63;
  const unsigned version = in.At<std::uint8_t>(1);
  const unsigned flags = in.At<std::uint8_t>(5);
  if (!in.is_good() || in.At<std::uint8_t>(2) > kThetaFamily || (version != 3 && version != 4)) {
    return std::nullopt;
  }
  ThetaSketch sketch(kMostLgK);
  if ((flags & kEmptyFlag) != 0) return sketch;
  if (in.At<std::uint16_t>(6) != SeedHash()) return std::nullopt;
  sketch.is_empty_ = false;
  const auto insert = [&sketch](std::uint64_t hash) {
    if (hash != 0 && hash < sketch.theta_) sketch.hashes_.insert(hash);
  };
  if (version == 3) {
    const std::size_t count = words == 1 ? 1 : in.At<std::uint32_t>(8);
    if (words >= 3) sketch.theta_ = in.At<std::uint64_t>(16);
    if (count > in.size() / 8) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) insert(in.At<std::uint64_t>(8 * (words + i)));
    return in.is_good() ? std::optional(std::move(sketch)) : std::nullopt;
  }
  const int bits = in.At<std::uint8_t>(3);
  const std::size_t count_bytes = in.At<std::uint8_t>(4);
  if (bits < 1 || bits > 63 || count_bytes > 4) return std::nullopt;
  if (words >= 2) sketch.theta_ = in.At<std::uint64_t>(8);
  std::size_t at = 8 * words;
  std::size_t count = 0;
  for (std::size_t i = 0; i < count_bytes; ++i) {
    count |= std::size_t{in.At<std::uint8_t>(at++)} << (8 * i);
  }
  const std::string_view packed = in.From(at);
  if (!in.is_good() || count > packed.size() * 8 / static_cast<std::size_t>(bits)) {
    return std::nullopt;
  }
  std::uint64_t hash = 0;
  std::size_t bit = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t difference = 0;
    for (int j = 0; j < bits; ++j, ++bit) {
      const auto byte = static_cast<unsigned char>(packed[bit / 8]);
      difference = difference << 1 | (byte >> (7 - bit % 8) & 1);
    }
    hash += difference;
    insert(hash);
  }
  return sketch;
}

}  // namespace inlet::engine::functions
