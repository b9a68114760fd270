#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

/// The hashes of Spark: hash(), xxhash64(), and those inside of sketches.
namespace inlet::engine::functions {

template <class T>
T LoadBytes(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// Murmur3 of 32 bits; Spark mixes the bytes behind the last whole word one by one.
struct Murmur3 {
  using Hash = std::uint32_t;
  static constexpr Hash kSeed = 42;

  static Hash MixKey(Hash key) { return std::rotl(key * 0xcc9e2d51u, 15) * 0x1b873593u; }
  static Hash Mix(Hash hash, Hash key) {
    return std::rotl(hash ^ MixKey(key), 13) * 5 + 0xe6546b64u;
  }
  static Hash Finish(Hash hash, std::uint32_t length) {
    hash ^= length;
    hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
    hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
    return hash ^ (hash >> 16);
  }
  static Hash OfInt(std::int32_t value, Hash seed) {
    return Finish(Mix(seed, static_cast<Hash>(value)), 4);
  }
  static Hash OfLong(std::int64_t value, Hash seed) {
    const auto bits = static_cast<std::uint64_t>(value);
    return Finish(Mix(Mix(seed, static_cast<Hash>(bits)), static_cast<Hash>(bits >> 32)), 8);
  }
  static Hash OfBytes(std::string_view bytes, Hash seed) {
    std::size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4)
      seed = Mix(seed, LoadBytes<std::uint32_t>(bytes.data() + i));
    for (; i < bytes.size(); ++i)
      seed = Mix(seed, static_cast<Hash>(static_cast<signed char>(bytes[i])));
    return Finish(seed, static_cast<std::uint32_t>(bytes.size()));
  }
};

struct XxHash64 {
  using Hash = std::uint64_t;
  static constexpr Hash kSeed = 42;
  static constexpr Hash k1 = 0x9E3779B185EBCA87u;
  static constexpr Hash k2 = 0xC2B2AE3D27D4EB4Fu;
  static constexpr Hash k3 = 0x165667B19E3779F9u;
  static constexpr Hash k4 = 0x85EBCA77C2B2AE63u;
  static constexpr Hash k5 = 0x27D4EB2F165667C5u;

  static Hash Finish(Hash hash) {
    hash = (hash ^ (hash >> 33)) * k2;
    hash = (hash ^ (hash >> 29)) * k3;
    return hash ^ (hash >> 32);
  }
  static Hash Round(Hash accumulator, Hash lane) {
    return std::rotl(accumulator + lane * k2, 31) * k1;
  }
  static Hash OfInt(std::int32_t value, Hash seed) {
    Hash hash = seed + k5 + 4;
    hash ^= static_cast<std::uint64_t>(static_cast<std::uint32_t>(value)) * k1;
    return Finish(std::rotl(hash, 23) * k2 + k3);
  }
  static Hash OfLong(std::int64_t value, Hash seed) {
    Hash hash = seed + k5 + 8;
    hash ^= Round(0, static_cast<Hash>(value));
    return Finish(std::rotl(hash, 27) * k1 + k4);
  }
  static Hash OfBytes(std::string_view bytes, Hash seed) {
    const char* at = bytes.data();
    const char* end = at + bytes.size();
    Hash hash;
    if (bytes.size() >= 32) {
      Hash lanes[4] = {seed + k1 + k2, seed + k2, seed, seed - k1};
      for (; at + 32 <= end; at += 32) {
        for (int i = 0; i < 4; ++i)
          lanes[i] = Round(lanes[i], LoadBytes<std::uint64_t>(at + 8 * i));
      }
      hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
             std::rotl(lanes[3], 18);
      for (const Hash lane : lanes) hash = (hash ^ Round(0, lane)) * k1 + k4;
    } else {
      hash = seed + k5;
    }
    hash += bytes.size();
    for (; at + 8 <= end; at += 8)
      hash = std::rotl(hash ^ Round(0, LoadBytes<std::uint64_t>(at)), 27) * k1 + k4;
    if (at + 4 <= end) {
      hash = std::rotl(hash ^ (LoadBytes<std::uint32_t>(at) * k1), 23) * k2 + k3;
      at += 4;
    }
    for (; at < end; ++at) hash = std::rotl(hash ^ (static_cast<unsigned char>(*at) * k5), 11) * k1;
    return Finish(hash);
  }
};

}  // namespace inlet::engine::functions
