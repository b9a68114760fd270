#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <random>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/list_rows_internal.h"

// Random values. With a seed they are those of Spark on one partition: each thread that runs a call
// counts as a partition of its own.
namespace inlet::engine::functions {
namespace {

// ---- The generator behind rand() and its kin

/// scala.util.hashing.MurmurHash3 of the bytes of a number, most significant first.
std::uint32_t HashOfLong(std::int64_t value, std::uint32_t seed) {
  std::uint32_t hash = seed;
  for (const int shift : {32, 0}) {
    const auto word = std::byteswap(static_cast<std::uint32_t>(value >> shift));
    hash ^= std::rotl(word * 0xcc9e2d51u, 15) * 0x1b873593u;
    hash = std::rotl(hash, 13) * 5 + 0xe6546b64u;
  }
  hash ^= 8;
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
  return hash ^ (hash >> 16);
}

/// org.apache.spark.util.random.XORShiftRandom under the methods of java.util.Random.
class XorShift {
 public:
  explicit XorShift(std::int64_t seed) {
    const std::uint32_t low = HashOfLong(seed, 0x3c074a61u);
    state_ = std::uint64_t{HashOfLong(seed, low)} << 32 | low;
  }
  std::uint32_t Next(int bits) {
    state_ ^= state_ << 21;
    state_ ^= state_ >> 35;
    state_ ^= state_ << 4;
    return static_cast<std::uint32_t>(state_ & ((std::uint64_t{1} << bits) - 1));
  }
  double NextDouble() {
    const std::uint64_t high = Next(26);
    return static_cast<double>((high << 27) + Next(27)) * 0x1.0p-53;
  }
  double NextGaussian() {
    if (has_next_) {
      has_next_ = false;
      return next_;
    }
    double a = 0;
    double b = 0;
    double square = 0;
    do {
      a = 2 * NextDouble() - 1;
      b = 2 * NextDouble() - 1;
      square = a * a + b * b;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    next_ = b * factor;
    has_next_ = true;
    return a * factor;
  }

 private:
  std::uint64_t state_ = 0;
  double next_ = 0;
  bool has_next_ = false;
};

/// The Mersenne twister of Commons Math, which uuid() and shuffle() use.
class Twister {
 public:
  explicit Twister(std::int64_t seed) {
    Fill(19'650'218);
    const std::array<std::uint32_t, 2> key = {static_cast<std::uint32_t>(seed >> 32),
                                              static_cast<std::uint32_t>(seed)};
    std::size_t i = 1;
    std::size_t j = 0;
    for (std::size_t step = 0; step < kSize; ++step) {
      words_[i] = (words_[i] ^ ((words_[i - 1] ^ (words_[i - 1] >> 30)) * 1'664'525u)) + key[j] +
                  static_cast<std::uint32_t>(j);
      if (++i == kSize) Wrap(i);
      j = (j + 1) % key.size();
    }
    for (std::size_t step = 1; step < kSize; ++step) {
      words_[i] = (words_[i] ^ ((words_[i - 1] ^ (words_[i - 1] >> 30)) * 1'566'083'941u)) -
                  static_cast<std::uint32_t>(i);
      if (++i == kSize) Wrap(i);
    }
    words_[0] = 0x80000000u;
  }
  std::uint32_t Next(int bits) {
    if (at_ == kSize) Twist();
    std::uint32_t y = words_[at_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    y ^= y >> 18;
    return y >> (32 - bits);
  }
  std::uint64_t NextLong() {
    const std::uint64_t high = Next(32);
    return high << 32 | Next(32);
  }
  std::int32_t Below(std::int32_t bound) {
    if (std::has_single_bit(static_cast<std::uint32_t>(bound))) {
      return static_cast<std::int32_t>((static_cast<std::int64_t>(bound) * Next(31)) >> 31);
    }
    while (true) {
      const std::int64_t bits = Next(31);
      const std::int64_t value = bits % bound;
      if (bits - value + (bound - 1) <= INT32_MAX) return static_cast<std::int32_t>(value);
    }
  }

 private:
  static constexpr std::size_t kSize = 624;
  void Fill(std::uint32_t seed) {
    words_[0] = seed;
    for (std::uint32_t i = 1; i < kSize; ++i) {
      words_[i] = 1'812'433'253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + i;
    }
  }
  void Wrap(std::size_t& i) {
    words_[0] = words_[kSize - 1];
    i = 1;
  }
  void Twist() {
    for (std::size_t i = 0; i < kSize; ++i) {
      const std::uint32_t y = (words_[i] & 0x80000000u) | (words_[(i + 1) % kSize] & 0x7fffffffu);
      words_[i] = words_[(i + 397) % kSize] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0);
    }
    at_ = 0;
  }
  std::array<std::uint32_t, kSize> words_{};
  std::size_t at_ = kSize;
};

template <class Generator>
struct GeneratorState final : duckdb::FunctionLocalState {
  explicit GeneratorState(std::int64_t seed) : generator(seed) {}
  Generator generator;
};

template <class Generator>
MakeState StateFrom(std::int64_t seed) {
  return [seed, next = std::make_shared<std::atomic<std::int64_t>>(0)] {
    const auto partition = static_cast<std::uint64_t>(next->fetch_add(1));
    return duckdb::make_uniq<GeneratorState<Generator>>(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(seed) + partition));
  };
}

/// The seed is the argument at `index`; without one, or NULL, any number.
std::int64_t SeedOf(ClientContext& context, const Arguments& arguments, std::size_t index,
                    const char* function) {
  if (index >= arguments.size()) {
    std::random_device device;
    return static_cast<std::int64_t>(std::uint64_t{device()} << 32 | device());
  }
  const auto value = ConstantOf(context, *arguments[index]);
  const bool is_whole = value && (value->IsNull() || value->type().IsIntegral());
  if (!is_whole) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", function}, {"message", "the seed must be a constant whole number"}});
  }
  return value->IsNull() ? 0 : value->GetValue<std::int64_t>();
}

/// An executor that makes one value a row and looks at no argument.
template <class Generator, class T, class MakeValue>
Bound EachRow(const LogicalType& type, std::int64_t seed, MakeValue make_value) {
  return {.type = type,
          .execute =
              [make_value](DataChunk& chunk, ExpressionState& state, Vector& result) {
                auto& generator = StateOf<GeneratorState<Generator>>(state).generator;
                result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
                auto* out = duckdb::FlatVector::GetData<T>(result);
                for (idx_t row = 0; row < chunk.size(); ++row) {
                  out[row] = make_value(generator, result);
                }
              },
          .make_state = StateFrom<Generator>(seed)};
}

Bound BindRand(ClientContext& context, Arguments& arguments) {
  const std::int64_t seed = SeedOf(context, arguments, 0, "rand");
  arguments.clear();
  return EachRow<XorShift, double>(LogicalType::DOUBLE, seed,
                                   [](XorShift& random, Vector&) { return random.NextDouble(); });
}

Bound BindRandn(ClientContext& context, Arguments& arguments) {
  const std::int64_t seed = SeedOf(context, arguments, 0, "randn");
  arguments.clear();
  return EachRow<XorShift, double>(LogicalType::DOUBLE, seed,
                                   [](XorShift& random, Vector&) { return random.NextGaussian(); });
}

/// uniform(low, high[, seed]) is low + rand(seed) * (high - low), in the type of both.
Bound BindUniform(ClientContext& context, Arguments& arguments) {
  const std::int64_t seed = SeedOf(context, arguments, 2, "uniform");
  std::array<double, 2> bounds{};
  bool has_null = false;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto bound = ConstantOf(context, *arguments[i]);
    const bool is_number = bound && (bound->IsNull() || arguments[i]->return_type.IsNumeric());
    if (!is_number) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "uniform"}, {"message", "its bounds must be constant numbers"}});
    }
    has_null |= bound->IsNull();
    if (!bound->IsNull()) bounds[i] = bound->GetValue<double>();
  }
  const LogicalType type = CommonTypeOf(std::span(arguments.data(), 2));
  arguments.clear();
  if (has_null) return Replace(Constant(duckdb::Value(type)));
  ExpressionPtr random = Call(context, "spark_rand", Args(Constant(duckdb::Value::BIGINT(seed))));
  ExpressionPtr scaled =
      Call(context, "spark_multiply",
           Args(std::move(random), Constant(duckdb::Value::DOUBLE(bounds[1] - bounds[0]))));
  ExpressionPtr shifted = Call(context, "spark_add",
                               Args(Constant(duckdb::Value::DOUBLE(bounds[0])), std::move(scaled)));
  return Replace(CastTo(context, std::move(shifted), type));
}

Bound BindRandStr(ClientContext& context, Arguments& arguments) {
  const std::int64_t seed = SeedOf(context, arguments, 1, "randstr");
  const auto length = ConstantOf(context, *arguments[0]);
  if (!length || length->IsNull() || !length->type().IsIntegral()) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "randstr"}, {"message", "the length must be a constant whole number"}});
  }
  const auto count = length->GetValue<std::int64_t>();
  if (count < 0 || count > 1'000'000) {
    Raise(Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "length"},
           {"functionName", "`randstr`"},
           {"message", "it must be from 0 to 1000000, it is " + std::to_string(count)}});
  }
  arguments.clear();
  return EachRow<XorShift, duckdb::string_t>(
      LogicalType::VARCHAR, seed, [count](XorShift& random, Vector& result) {
        std::string text;
        for (std::int64_t i = 0; i < count; ++i) {
          const int digit = std::abs(static_cast<std::int32_t>(random.Next(32)) % 62);
          const char base = digit < 10 ? '0' : digit < 36 ? 'a' : 'A';
          text += static_cast<char>(base + (digit < 10   ? digit
                                            : digit < 36 ? digit - 10
                                                         : digit - 36));
        }
        return duckdb::StringVector::AddString(result, text);
      });
}

Bound BindUuid(ClientContext& context, Arguments& arguments) {
  const std::int64_t seed = SeedOf(context, arguments, 0, "uuid");
  arguments.clear();
  return EachRow<Twister, duckdb::string_t>(
      LogicalType::VARCHAR, seed, [](Twister& random, Vector& result) {
        const std::uint64_t high = (random.NextLong() & 0xFFFF'FFFF'FFFF'0FFFu) | 0x4000;
        const std::uint64_t low =
            (random.NextLong() | 0x8000'0000'0000'0000u) & 0xBFFF'FFFF'FFFF'FFFFu;
        constexpr char kDigits[] = "0123456789abcdef";
        std::string text;
        for (int i = 0; i < 32; ++i) {
          if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
          const std::uint64_t half = i < 16 ? high : low;
          text += kDigits[half >> (4 * (15 - i % 16)) & 15];
        }
        return duckdb::StringVector::AddString(result, text);
      });
}

Bound BindShuffle(ClientContext& context, Arguments& arguments) {
  const std::int64_t seed = SeedOf(context, arguments, 1, "shuffle");
  if (arguments.size() > 1) arguments.pop_back();
  const LogicalType type = arguments[0]->return_type;
  if (type.id() != LogicalTypeId::LIST && type.id() != LogicalTypeId::SQLNULL) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "shuffle"}, {"message", "its argument must be an ARRAY"}});
  }
  return {.type = type,
          .execute =
              [](DataChunk& chunk, ExpressionState& state, Vector& result) {
                auto& random = StateOf<GeneratorState<Twister>>(state).generator;
                chunk.Flatten();
                ListRows rows(chunk, {ListRows::Kind::kList}, ListRows::Gives::kList, result,
                              /*with_keys=*/false);
                for (idx_t row = 0; row < rows.num_rows(); ++row) {
                  rows.Begin(row);
                  if (rows.is_null(0)) {
                    rows.SetNull();
                  } else {
                    // From the inside out: each new element changes places with one before it.
                    std::vector<std::int64_t> order;
                    for (std::int64_t i = 0; i < rows.size(0); ++i) {
                      const auto place =
                          static_cast<std::size_t>(random.Below(static_cast<std::int32_t>(i) + 1));
                      order.push_back(rows.at(0, i));
                      std::swap(order[place], order.back());
                    }
                    for (const std::int64_t element : order) rows.Emit(element);
                  }
                  rows.End();
                }
                rows.Finish();
              },
          .make_state = StateFrom<Twister>(seed)};
}

}  // namespace

void AddRandomFunctions(Registry& registry) {
  registry.AddVolatile("spark_rand", BindRand);
  registry.AddVolatile("spark_randn", BindRandn);
  registry.AddVolatile("spark_uniform", BindUniform);
  registry.AddVolatile("spark_randstr", BindRandStr);
  registry.AddVolatile("spark_uuid", BindUuid);
  registry.AddVolatile("spark_shuffle", BindShuffle);
}

}  // namespace inlet::engine::functions
