#include "formats/csv/structural_index.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace inlet::formats {
namespace {

using Bytes = std::array<char, 4>;
using BuildWords = void (*)(const char* text, std::size_t num_words, Bytes bytes,
                            std::uint64_t* words);

#if defined(__x86_64__)
__attribute__((target("avx2"))) void BuildAvx2(const char* text, std::size_t num_words, Bytes bytes,
                                               std::uint64_t* words) {
  const __m256i a = _mm256_set1_epi8(bytes[0]);
  const __m256i b = _mm256_set1_epi8(bytes[1]);
  const __m256i c = _mm256_set1_epi8(bytes[2]);
  const __m256i d = _mm256_set1_epi8(bytes[3]);
  for (std::size_t i = 0; i < num_words; ++i) {
    std::uint64_t word = 0;
    for (int half = 0; half < 2; ++half) {
      __m256i at = _mm256_loadu_si256(
          reinterpret_cast<const __m256i*>(text + i * 64 + static_cast<std::size_t>(half) * 32));
      __m256i hit =
          _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(at, a), _mm256_cmpeq_epi8(at, b)),
                          _mm256_or_si256(_mm256_cmpeq_epi8(at, c), _mm256_cmpeq_epi8(at, d)));
      auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(hit));
      word |= std::uint64_t{mask} << (half * 32);
    }
    words[i] = word;
  }
}

void BuildSse2(const char* text, std::size_t num_words, Bytes bytes, std::uint64_t* words) {
  const __m128i a = _mm_set1_epi8(bytes[0]);
  const __m128i b = _mm_set1_epi8(bytes[1]);
  const __m128i c = _mm_set1_epi8(bytes[2]);
  const __m128i d = _mm_set1_epi8(bytes[3]);
  for (std::size_t i = 0; i < num_words; ++i) {
    std::uint64_t word = 0;
    for (int quarter = 0; quarter < 4; ++quarter) {
      __m128i at = _mm_loadu_si128(
          reinterpret_cast<const __m128i*>(text + i * 64 + static_cast<std::size_t>(quarter) * 16));
      __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(at, a), _mm_cmpeq_epi8(at, b)),
                                 _mm_or_si128(_mm_cmpeq_epi8(at, c), _mm_cmpeq_epi8(at, d)));
      auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(hit));
      word |= std::uint64_t{mask} << (quarter * 16);
    }
    words[i] = word;
  }
}

BuildWords Choose() { return __builtin_cpu_supports("avx2") ? BuildAvx2 : BuildSse2; }
#else
void BuildPlain(const char* text, std::size_t num_words, Bytes bytes, std::uint64_t* words) {
  for (std::size_t i = 0; i < num_words; ++i) {
    std::uint64_t word = 0;
    for (std::size_t k = 0; k < 64; ++k) {
      char at = text[i * 64 + k];
      bool hit = at == bytes[0] || at == bytes[1] || at == bytes[2] || at == bytes[3];
      word |= std::uint64_t{hit} << k;
    }
    words[i] = word;
  }
}

BuildWords Choose() { return BuildPlain; }
#endif

}  // namespace

void StructuralIndex::Build(std::string_view text, std::array<char, 4> bytes) {
  static const BuildWords kBuild = Choose();
  std::size_t whole = text.size() / 64;
  std::size_t rest = text.size() % 64;
  words_.resize(whole + (rest != 0 ? 1 : 0));
  kBuild(text.data(), whole, bytes, words_.data());
  if (rest == 0) return;
  std::array<char, 64> tail{};
  std::memcpy(tail.data(), text.data() + whole * 64, rest);
  std::uint64_t word = 0;
  kBuild(tail.data(), 1, bytes, &word);
  words_[whole] = word & ((std::uint64_t{1} << rest) - 1);
}

}  // namespace inlet::formats
