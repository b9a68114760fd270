#include <cmath>

#include "engine/duckdb/functions/aggregate_internal.h"
#include "engine/duckdb/functions/kll_sketch_internal.h"
#include "engine/duckdb/functions/sketch_internal.h"

// Aggregates whose result is a sketch or a bitmap, and the functions over them.
namespace inlet::engine::functions {
namespace {

using duckdb::AggregateFunction;
using duckdb::FunctionData;

struct NoData {
  bool operator==(const NoData&) const = default;
};

[[noreturn]] void RaiseParameter(std::string_view function, std::string_view parameter,
                                 std::string message) {
  Raise(Condition::INVALID_PARAMETER_VALUE, {{"parameter", std::string(parameter)},
                                             {"functionName", "`" + std::string(function) + "`"},
                                             {"message", std::move(message)}});
}

[[noreturn]] void RaiseType(std::string_view function, const LogicalType& type,
                            std::string_view expected);

/// A constant whole number in a range; `usual` when the argument at `index` was not written.
int TakeSize(ClientContext& context, AggregateFunction& function, Arguments& arguments,
             std::size_t index, int least, int most, int usual) {
  if (index >= arguments.size()) return usual;
  const std::string name = function.name.substr(6);
  const duckdb::Value value = TakeConstant(context, function, arguments, name);
  const std::int64_t number = value.IsNull() || !value.type().IsIntegral()
                                  ? std::int64_t{least} - 1
                                  : value.GetValue<std::int64_t>();
  if (number < least || number > most) {
    RaiseParameter(name, "size",
                   "it must be from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<int>(number);
}

// ---- Bitmaps of 32768 bits

constexpr std::size_t kBitmapBytes = 4096;

template <bool kAnd>
struct BitmapMerge {
  using Data = NoData;
  struct State {
    std::string bits = std::string(kBitmapBytes, kAnd ? '\xFF' : '\0');
  };
  static constexpr bool kSkipsNulls = true;
  static void Update(State& state, const Data&, const RowCells& row) { Mix(state, row[0].text()); }
  static void Combine(State& target, const State& source, const Data&) { Mix(target, source.bits); }
  static void Mix(State& state, std::string_view bits) {
    for (std::size_t i = 0; i < kBitmapBytes; ++i) {
      const char byte = i < bits.size() ? bits[i] : '\0';
      state.bits[i] = static_cast<char>(kAnd ? state.bits[i] & byte : state.bits[i] | byte);
    }
  }
  static void Finish(State& state, const Data&, Vector& result, idx_t row) {
    SetBytes(result, row, state.bits);
  }
};

struct BitmapConstruct : BitmapMerge<false> {
  static void Update(State& state, const Data&, const RowCells& row) {
    const auto position = row[0].As<std::int64_t>();
    if (position < 0 || position >= static_cast<std::int64_t>(kBitmapBytes * 8)) {
      RaiseParameter("bitmap_construct_agg", "position",
                     "it must be from 0 to 32767, it is " + std::to_string(position));
    }
    char& byte = state.bits[static_cast<std::size_t>(position) / 8];
    byte = static_cast<char>(byte | 1 << position % 8);
  }
};

template <class Op>
duckdb::unique_ptr<FunctionData> BindBitmap(ClientContext& context, AggregateFunction& function,
                                            Arguments& arguments) {
  const bool builds = std::is_same_v<Op, BitmapConstruct>;
  CoerceTo(context, arguments[0], builds ? LogicalType::BIGINT : LogicalType::BLOB, function.name,
           0);
  return Become<Op>(function, arguments, LogicalType::BLOB);
}

// ---- The count-min sketch of Spark

struct CountMin {
  struct Data {
    std::int32_t depth = 1;
    std::int32_t width = 1;
    std::vector<std::int64_t> factors;  // One for each row of counters.
    bool operator==(const Data&) const = default;
  };
  struct State {
    std::int64_t total = 0;
    std::vector<std::int64_t> counters;
  };
  static constexpr bool kSkipsNulls = true;

  static void Update(State& state, const Data& data, const RowCells& row) {
    const Cell cell = row[0];
    state.counters.resize(static_cast<std::size_t>(data.depth) *
                          static_cast<std::size_t>(data.width));
    const bool is_number = cell.type().id() == LogicalTypeId::BIGINT;
    const std::uint32_t first = is_number ? 0 : Murmur3::OfBytes(cell.text(), 0);
    const std::uint32_t second = is_number ? 0 : Murmur3::OfBytes(cell.text(), first);
    for (std::int32_t i = 0; i < data.depth; ++i) {
      std::int32_t place = 0;
      if (is_number) {
        auto hash = static_cast<std::int64_t>(
            static_cast<std::uint64_t>(data.factors[static_cast<std::size_t>(i)]) *
            static_cast<std::uint64_t>(cell.As<std::int64_t>()));
        hash = static_cast<std::int64_t>(static_cast<std::uint64_t>(hash) +
                                         static_cast<std::uint64_t>(hash >> 32));
        place = static_cast<std::int32_t>(hash & INT32_MAX) % data.width;
      } else {
        const auto mixed =
            static_cast<std::int32_t>(first + static_cast<std::uint32_t>(i) * second);
        place = std::abs(mixed % data.width);
      }
      ++state.counters[static_cast<std::size_t>(i) * static_cast<std::size_t>(data.width) +
                       static_cast<std::size_t>(place)];
    }
    ++state.total;
  }
  static void Combine(State& target, const State& source, const Data&) {
    target.counters.resize(std::max(target.counters.size(), source.counters.size()));
    for (std::size_t i = 0; i < source.counters.size(); ++i) {
      target.counters[i] += source.counters[i];
    }
    target.total += source.total;
  }
  static void Finish(State& state, const Data& data, Vector& result, idx_t row) {
    state.counters.resize(static_cast<std::size_t>(data.depth) *
                          static_cast<std::size_t>(data.width));
    std::string out;
    const auto put = [&out](auto value) { AppendBytes(std::byteswap(value), out); };
    put(std::int32_t{1});
    put(state.total);
    put(data.depth);
    put(data.width);
    for (const std::int64_t factor : data.factors) put(factor);
    for (const std::int64_t counter : state.counters) put(counter);
    SetBytes(result, row, out);
  }
};

/// java.util.Random.nextInt(Integer.MAX_VALUE).
class JavaRandom {
 public:
  explicit JavaRandom(std::int64_t seed)
      : state_((static_cast<std::uint64_t>(seed) ^ 0x5DEECE66Du) & kMask) {}
  std::int64_t Next() {
    while (true) {
      state_ = (state_ * 0x5DEECE66Du + 11) & kMask;
      const auto bits = static_cast<std::int64_t>(state_ >> 17);
      if (bits < INT32_MAX) return bits;
    }
  }

 private:
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
  std::uint64_t state_;
};

/// count_min_sketch(value, eps, confidence, seed)
duckdb::unique_ptr<FunctionData> BindCountMin(ClientContext& context, AggregateFunction& function,
                                              Arguments& arguments) {
  const duckdb::Value seed = TakeConstant(context, function, arguments, "count_min_sketch");
  const duckdb::Value confidence = TakeConstant(context, function, arguments, "count_min_sketch");
  const duckdb::Value eps = TakeConstant(context, function, arguments, "count_min_sketch");
  const bool has_null = seed.IsNull() || confidence.IsNull() || eps.IsNull();
  const double error = has_null ? 0 : eps.GetValue<double>();
  const double certainty = has_null ? 0 : confidence.GetValue<double>();
  if (!(error > 0) || !(certainty > 0 && certainty < 1)) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "count_min_sketch"},
           {"message", "eps must be above 0 and the confidence between 0 and 1"}});
  }
  const double width = std::ceil(2 / error);
  const double depth = std::ceil(-std::log1p(-certainty) / std::log(2.0));
  if (width * depth > 100'000'000) {
    Raise(Condition::INLET_RESOURCE_LIMIT,
          {{"message", "The sketch is too large"}, {"limit", "100000000 counters"}});
  }
  CountMin::Data data;
  data.width = static_cast<std::int32_t>(width);
  data.depth = static_cast<std::int32_t>(depth);
  // Spark takes the low half of a long seed.
  JavaRandom random(static_cast<std::int32_t>(seed.GetValue<std::int64_t>()));
  for (std::int32_t i = 0; i < data.depth; ++i) data.factors.push_back(random.Next());
  const LogicalType& type = arguments[0]->return_type;
  if (type.IsIntegral()) {
    arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::BIGINT);
  } else if (type.id() != LogicalTypeId::VARCHAR && type.id() != LogicalTypeId::BLOB) {
    RaiseType("count_min_sketch", type, "a whole number, STRING or BINARY");
  }
  return Become<CountMin>(function, arguments, LogicalType::BLOB, std::move(data));
}

// ---- HLL and theta sketches of values

[[noreturn]] void RaiseBadSketch(std::string_view function) {
  RaiseParameter(function, "sketch", "the bytes are no sketch that this function reads");
}

/// Whole numbers as BIGINT, reals as DOUBLE, texts and binaries as they are.
void CoerceToHashed(ClientContext& context, ExpressionPtr& argument, std::string_view function) {
  const LogicalType type = argument->return_type;
  if (type.id() == LogicalTypeId::VARCHAR || type.id() == LogicalTypeId::BLOB) return;
  if (type.IsIntegral() || type.id() == LogicalTypeId::SQLNULL) {
    argument = CastTo(context, std::move(argument), LogicalType::BIGINT);
  } else if (type.id() == LogicalTypeId::FLOAT || type.id() == LogicalTypeId::DOUBLE) {
    argument = CastTo(context, std::move(argument), LogicalType::DOUBLE);
  } else {
    RaiseType(function, type, "a number, STRING or BINARY");
  }
}

void RaiseType(std::string_view function, const LogicalType& type, std::string_view expected) {
  Raise(Condition::DATATYPE_MISMATCH, {{"sqlExpr", std::string(function)},
                                       {"message", "the argument is " + type.ToString() +
                                                       ", expected " + std::string(expected)}});
}

/// Nothing for an empty text, which adds nothing.
std::optional<std::pair<std::uint64_t, std::uint64_t>> HashOf(const Cell& cell) {
  if (cell.type().id() == LogicalTypeId::BIGINT) return SketchHash(cell.As<std::int64_t>());
  if (cell.type().id() == LogicalTypeId::DOUBLE) return SketchHash(cell.As<double>());
  if (cell.text().empty()) return std::nullopt;
  return SketchHash(cell.text());
}

struct SizeData {
  int size = 12;
  bool is_loose = false;  // Sketches of other sizes are taken too.
  bool operator==(const SizeData&) const = default;
};

struct HllBuild {
  using Data = SizeData;
  struct State {
    std::optional<HllSketch> sketch;
  };
  static constexpr bool kSkipsNulls = true;
  static HllSketch& In(State& state, const Data& data) {
    if (!state.sketch) state.sketch.emplace(data.size);
    return *state.sketch;
  }
  static void Update(State& state, const Data& data, const RowCells& row) {
    if (const auto hash = HashOf(row[0])) In(state, data).Add(*hash);
  }
  static void Combine(State& target, const State& source, const Data& data) {
    if (source.sketch) In(target, data).Merge(*source.sketch);
  }
  static void Finish(State& state, const Data& data, Vector& result, idx_t row) {
    SetBytes(result, row, In(state, data).ToBytes());
  }
};

HllSketch ReadHll(std::string_view bytes, std::string_view function) {
  auto sketch = HllSketch::FromBytes(bytes);
  if (!sketch) RaiseBadSketch(function);
  return *std::move(sketch);
}

void MergeHll(std::optional<HllSketch>& target, const HllSketch& source, bool is_loose) {
  if (!target) {
    target = source;
    return;
  }
  if (target->lg_k() != source.lg_k() && !is_loose) {
    RaiseParameter("hll_union", "lgConfigK",
                   "the sketches have " + std::to_string(target->lg_k()) + " and " +
                       std::to_string(source.lg_k()) + "; the last argument allows that");
  }
  target->Merge(source);
}

struct HllUnion : HllBuild {
  static void Update(State& state, const Data& data, const RowCells& row) {
    MergeHll(state.sketch, ReadHll(row[0].text(), "hll_union_agg"), data.is_loose);
  }
  static void Combine(State& target, const State& source, const Data& data) {
    if (source.sketch) MergeHll(target.sketch, *source.sketch, data.is_loose);
  }
};

struct ThetaBuild {
  using Data = SizeData;
  struct State {
    std::optional<ThetaSketch> sketch;
  };
  static constexpr bool kSkipsNulls = true;
  static ThetaSketch& In(State& state, const Data& data) {
    if (!state.sketch) state.sketch.emplace(data.size);
    return *state.sketch;
  }
  static void Update(State& state, const Data& data, const RowCells& row) {
    if (const auto hash = HashOf(row[0])) In(state, data).Add(*hash);
  }
  static void Combine(State& target, const State& source, const Data& data) {
    if (source.sketch) In(target, data).Unite(*source.sketch);
  }
  static void Finish(State& state, const Data& data, Vector& result, idx_t row) {
    SetBytes(result, row, In(state, data).ToBytes());
  }
};

ThetaSketch ReadTheta(std::string_view bytes, std::string_view function) {
  auto sketch = ThetaSketch::FromBytes(bytes);
  if (!sketch) RaiseBadSketch(function);
  return *std::move(sketch);
}

struct ThetaUnion : ThetaBuild {
  static void Update(State& state, const Data& data, const RowCells& row) {
    In(state, data).Unite(ReadTheta(row[0].text(), "theta_union_agg"));
  }
};

struct ThetaIntersection : ThetaBuild {
  static void Intersect(State& state, const ThetaSketch& sketch) {
    if (!state.sketch) {
      state.sketch = sketch;
    } else {
      state.sketch->Intersect(sketch);
    }
  }
  static void Update(State& state, const Data&, const RowCells& row) {
    Intersect(state, ReadTheta(row[0].text(), "theta_intersection_agg"));
  }
  static void Combine(State& target, const State& source, const Data&) {
    if (source.sketch) Intersect(target, *source.sketch);
  }
};

template <class Op, int least, int most>
duckdb::unique_ptr<FunctionData> BindBuild(ClientContext& context, AggregateFunction& function,
                                           Arguments& arguments) {
  const int size = TakeSize(context, function, arguments, 1, least, most, 12);
  CoerceToHashed(context, arguments[0], function.name);
  return Become<Op>(function, arguments, LogicalType::BLOB, {.size = size});
}

duckdb::unique_ptr<FunctionData> BindHllUnion(ClientContext& context, AggregateFunction& function,
                                              Arguments& arguments) {
  SizeData data;
  if (arguments.size() > 1) {
    const duckdb::Value loose = TakeConstant(context, function, arguments, "hll_union_agg");
    data.is_loose = !loose.IsNull() && loose.GetValue<bool>();
  }
  CoerceTo(context, arguments[0], LogicalType::BLOB, "hll_union_agg", 0);
  return Become<HllUnion>(function, arguments, LogicalType::BLOB, data);
}

template <class Op>
duckdb::unique_ptr<FunctionData> BindThetaMerge(ClientContext& context, AggregateFunction& function,
                                                Arguments& arguments) {
  const int size =
      TakeSize(context, function, arguments, 1, ThetaSketch::kLeastLgK, ThetaSketch::kMostLgK, 12);
  CoerceTo(context, arguments[0], LogicalType::BLOB, function.name, 0);
  return Become<Op>(function, arguments, LogicalType::BLOB, {.size = size});
}

void AddDistinctSketches(Registry& registry) {
  registry.AddAggregate(
      AggregateOf("spark_hll_sketch_agg", 1, 2,
                  BindBuild<HllBuild, HllSketch::kLeastLgK, HllSketch::kMostLgK>));
  registry.AddAggregate(AggregateOf("spark_hll_union_agg", 1, 2, BindHllUnion));
  registry.AddAggregate(
      AggregateOf("spark_theta_sketch_agg", 1, 2,
                  BindBuild<ThetaBuild, ThetaSketch::kLeastLgK, ThetaSketch::kMostLgK>));
  registry.AddAggregate(AggregateOf("spark_theta_union_agg", 1, 2, BindThetaMerge<ThetaUnion>));
  registry.AddAggregate(
      AggregateOf("spark_theta_intersection_agg", 1, 1, BindThetaMerge<ThetaIntersection>));
  registry.Add("spark_hll_sketch_estimate", [](Bytes sketch) -> std::int64_t {
    return std::llround(ReadHll(sketch, "hll_sketch_estimate").Estimate());
  });
  registry.Add("spark_hll_union", [](Bytes a, Bytes b, bool is_loose) {
    std::optional<HllSketch> merged = ReadHll(a, "hll_union");
    MergeHll(merged, ReadHll(b, "hll_union"), is_loose);
    return OwnedBytes{merged->ToBytes()};
  });
  registry.Add("spark_theta_sketch_estimate", [](Bytes sketch) -> std::int64_t {
    return std::llround(ReadTheta(sketch, "theta_sketch_estimate").Estimate());
  });
  registry.Add("spark_theta_union", [](Bytes a, Bytes b, std::int32_t size) {
    if (size < ThetaSketch::kLeastLgK || size > ThetaSketch::kMostLgK) {
      RaiseParameter("theta_union", "lgNomEntries", "it must be from 4 to 26");
    }
    ThetaSketch merged(size);
    merged.Unite(ReadTheta(a, "theta_union"));
    merged.Unite(ReadTheta(b, "theta_union"));
    return OwnedBytes{merged.ToBytes()};
  });
  registry.Add("spark_theta_intersection", [](Bytes a, Bytes b) {
    ThetaSketch merged = ReadTheta(a, "theta_intersection");
    merged.Intersect(ReadTheta(b, "theta_intersection"));
    return OwnedBytes{merged.ToBytes()};
  });
  registry.Add("spark_theta_difference", [](Bytes a, Bytes b) {
    ThetaSketch merged = ReadTheta(a, "theta_difference");
    merged.Subtract(ReadTheta(b, "theta_difference"));
    return OwnedBytes{merged.ToBytes()};
  });
}

// ---- KLL sketches

template <class T>
KllSketch<T> ReadKll(std::string_view bytes, std::string_view function) {
  auto sketch = KllSketch<T>::FromBytes(bytes);
  if (!sketch) RaiseBadSketch(function);
  return *std::move(sketch);
}

template <class T>
struct KllBuild {
  using Data = SizeData;
  struct State {
    std::optional<KllSketch<T>> sketch;
  };
  static constexpr bool kSkipsNulls = true;
  static KllSketch<T>& In(State& state, const Data& data) {
    if (!state.sketch) state.sketch.emplace(data.size);
    return *state.sketch;
  }
  static void Update(State& state, const Data& data, const RowCells& row) {
    In(state, data).Add(row[0].template As<T>());
  }
  static void Combine(State& target, const State& source, const Data& data) {
    if (source.sketch) In(target, data).Merge(*source.sketch);
  }
  static void Finish(State& state, const Data& data, Vector& result, idx_t row) {
    SetBytes(result, row, In(state, data).ToBytes());
  }
};

template <class T>
struct KllMerge : KllBuild<T> {
  using typename KllBuild<T>::State;
  static void Update(State& state, const SizeData& data, const RowCells& row) {
    KllBuild<T>::In(state, data).Merge(ReadKll<T>(row[0].text(), "kll_merge_agg"));
  }
};

template <class T>
LogicalType KllType() {
  return detail::Traits<T>::type();
}

template <class Op, class T>
duckdb::unique_ptr<FunctionData> BindKll(ClientContext& context, AggregateFunction& function,
                                         Arguments& arguments) {
  using Sketch = KllSketch<T>;
  const int size =
      TakeSize(context, function, arguments, 1, Sketch::kLeastK, Sketch::kMostK, Sketch::kDefaultK);
  const bool builds = std::is_same_v<Op, KllBuild<T>>;
  CoerceTo(context, arguments[0], builds ? KllType<T>() : LogicalType::BLOB, function.name, 0);
  return Become<Op>(function, arguments, LogicalType::BLOB, {.size = size});
}

/// An executor over a sketch and one value or an array of values.
template <class T, class In, class Out, class Ask>
Bound BindAsk(ClientContext& context, Arguments& arguments, const char* function, Ask ask) {
  const bool is_list = arguments[1]->return_type.id() == LogicalTypeId::LIST;
  const LogicalType in = detail::Traits<In>::type();
  CoerceTo(context, arguments[0], LogicalType::BLOB, function, 0);
  arguments[1] = CastTo(context, std::move(arguments[1]), is_list ? LogicalType::LIST(in) : in);
  const LogicalType out = detail::Traits<Out>::type();
  return {.type = is_list ? LogicalType::LIST(out) : out,
          .execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells sketches(chunk.data[0], chunk.size());
            const Cells values(chunk.data[1], chunk.size());
            const bool is_constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (is_constant ? 1 : chunk.size()); ++row) {
              const Cell value = values[row];
              if (sketches[row].is_null() || value.is_null()) {
                SetNull(result, row);
                continue;
              }
              const KllSketch<T> sketch = ReadKll<T>(sketches[row].text(), function);
              if (!is_list) {
                if (sketch.n() == 0) {
                  SetNull(result, row);
                } else {
                  SetValue(result, row, static_cast<Out>(ask(sketch, value.As<In>())));
                }
                continue;
              }
              const idx_t begin = duckdb::ListVector::GetListSize(result);
              duckdb::ListVector::Reserve(result, begin + value.size());
              Vector& child = duckdb::ListVector::GetEntry(result);
              for (idx_t i = 0; i < value.size(); ++i) {
                const Cell element = value.element(i);
                if (element.is_null() || sketch.n() == 0) {
                  SetNull(child, begin + i);
                } else {
                  SetValue(child, begin + i, static_cast<Out>(ask(sketch, element.As<In>())));
                }
              }
              duckdb::ListVector::SetListSize(result, begin + value.size());
              SetValue(result, row, duckdb::list_entry_t{begin, value.size()});
            }
            if (is_constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

template <class T>
void AddKll(Registry& registry, const std::string& type, const char* items) {
  registry.AddAggregate(AggregateOf("spark_kll_sketch_agg_" + type, 1, 2, BindKll<KllBuild<T>, T>));
  registry.AddAggregate(AggregateOf("spark_kll_merge_agg_" + type, 1, 2, BindKll<KllMerge<T>, T>));
  registry.Add("spark_kll_sketch_get_n_" + type, [](Bytes sketch) {
    return static_cast<std::int64_t>(ReadKll<T>(sketch, "kll_sketch_get_n").n());
  });
  registry.Add("spark_kll_sketch_merge_" + type, [](Bytes a, Bytes b) {
    KllSketch<T> merged = ReadKll<T>(a, "kll_sketch_merge");
    merged.Merge(ReadKll<T>(b, "kll_sketch_merge"));
    return OwnedBytes{merged.ToBytes()};
  });
  registry.Add("spark_kll_sketch_to_string_" + type, [items](Bytes sketch) {
    return ReadKll<T>(sketch, "kll_sketch_to_string").Describe(items);
  });
  registry.AddBound("spark_kll_sketch_get_quantile_" + type, [](ClientContext& context,
                                                                Arguments& arguments) {
    return BindAsk<T, double, T>(
        context, arguments, "kll_sketch_get_quantile", [](const KllSketch<T>& sketch, double rank) {
          if (!(rank >= 0 && rank <= 1)) {
            RaiseParameter("kll_sketch_get_quantile", "rank", "it must be from 0 to 1");
          }
          return sketch.Quantile(rank);
        });
  });
  registry.AddBound("spark_kll_sketch_get_rank_" + type,
                    [](ClientContext& context, Arguments& arguments) {
                      return BindAsk<T, T, double>(
                          context, arguments, "kll_sketch_get_rank",
                          [](const KllSketch<T>& sketch, T value) { return sketch.Rank(value); });
                    });
}

}  // namespace

void AddSketches(Registry& registry) {
  registry.AddAggregate(
      AggregateOf("spark_bitmap_construct_agg", 1, 1, BindBitmap<BitmapConstruct>));
  registry.AddAggregate(AggregateOf("spark_bitmap_or_agg", 1, 1, BindBitmap<BitmapMerge<false>>));
  registry.AddAggregate(AggregateOf("spark_bitmap_and_agg", 1, 1, BindBitmap<BitmapMerge<true>>));
  registry.AddAggregate(AggregateOf("spark_count_min_sketch", 4, 4, BindCountMin));
  AddDistinctSketches(registry);
  AddKll<std::int64_t>(registry, "bigint", "Longs");
  AddKll<float>(registry, "float", "Floats");
  AddKll<double>(registry, "double", "Doubles");
}

}  // namespace inlet::engine::functions
