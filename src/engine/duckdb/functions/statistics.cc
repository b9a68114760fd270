#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/duckdb/functions/aggregate_internal.h"

// Aggregates of statistics: moments, covariances, regressions, percentiles, the most frequent
// value. The steps are those of Spark, so that their last digits agree.
namespace inlet::engine::functions {
namespace {

using duckdb::AggregateFunction;
using duckdb::FunctionData;

struct NoData {
  bool operator==(const NoData&) const = default;
};

// ---- Central moments of one column

struct Moments {
  double count = 0, mean = 0, m2 = 0, m3 = 0, m4 = 0;
};

struct MomentSteps {
  using State = Moments;
  using Data = NoData;
  static constexpr bool kSkipsNulls = true;

  static void Update(Moments& state, const Data&, const RowCells& row) {
    const double count = state.count + 1;
    const double delta = row[0].As<double>() - state.mean;
    const double step = delta / count;
    const double m2 = state.m2 + delta * (delta - step);
    const double m3 = state.m3 - 3 * step * m2 + delta * (delta * delta - step * step);
    const double m4 = state.m4 - 4 * step * m3 - 6 * (step * step) * m2 +
                      delta * (delta * (delta * delta) - step * (step * step));
    state = {count, state.mean + step, m2, m3, m4};
  }
  static void Combine(Moments& a, const Moments& b, const Data&) {
    const double count = a.count + b.count;
    if (b.count == 0) return;
    const double delta = b.mean - a.mean;
    const double step = delta / count;
    const double m2 = a.m2 + b.m2 + delta * step * a.count * b.count;
    const double m3 = a.m3 + b.m3 + step * step * delta * a.count * b.count * (a.count - b.count) +
                      3 * step * (a.count * b.m2 - b.count * a.m2);
    const double m4 = a.m4 + b.m4 +
                      step * step * step * delta * a.count * b.count *
                          (a.count * a.count - a.count * b.count + b.count * b.count) +
                      6 * step * step * (a.count * a.count * b.m2 + b.count * b.count * a.m2) +
                      4 * step * (a.count * b.m3 - b.count * a.m3);
    a = {count, a.mean + step * b.count, m2, m3, m4};
  }
};

enum class Moment : std::uint8_t { kVarPop, kVarSamp, kDevPop, kDevSamp, kSkewness, kKurtosis };

template <Moment kind>
struct MomentOf : MomentSteps {
  static void Finish(Moments& state, const Data&, Vector& result, idx_t row) {
    const double n = state.count;
    constexpr bool kSample = kind == Moment::kVarSamp || kind == Moment::kDevSamp;
    constexpr bool kShape = kind == Moment::kSkewness || kind == Moment::kKurtosis;
    if (n == 0 || (kSample && n == 1) || (kShape && state.m2 == 0)) return SetNull(result, row);
    double value = 0;
    if constexpr (kind == Moment::kVarPop) value = state.m2 / n;
    if constexpr (kind == Moment::kVarSamp) value = state.m2 / (n - 1);
    if constexpr (kind == Moment::kDevPop) value = std::sqrt(state.m2 / n);
    if constexpr (kind == Moment::kDevSamp) value = std::sqrt(state.m2 / (n - 1));
    if constexpr (kind == Moment::kSkewness) {
      value = std::sqrt(n) * state.m3 / std::sqrt(state.m2 * state.m2 * state.m2);
    }
    if constexpr (kind == Moment::kKurtosis) value = n * state.m4 / (state.m2 * state.m2) - 3;
    SetValue(result, row, value);
  }
};

// ---- Two columns: covariance, correlation, regression

struct Pairs {
  double count = 0, x_mean = 0, y_mean = 0, xy = 0, xx = 0, yy = 0;
};

struct PairSteps {
  using State = Pairs;
  using Data = NoData;
  static constexpr bool kSkipsNulls = true;

  static void Add(Pairs& state, double x, double y) {
    state.count += 1;
    const double dx = x - state.x_mean;
    const double dy = y - state.y_mean;
    state.x_mean += dx / state.count;
    state.y_mean += dy / state.count;
    state.xy += dx * (y - state.y_mean);
    state.xx += dx * (x - state.x_mean);
    state.yy += dy * (y - state.y_mean);
  }
  static void Update(Pairs& state, const Data&, const RowCells& row) {
    Add(state, row[0].As<double>(), row[1].As<double>());
  }
  static void Combine(Pairs& a, const Pairs& b, const Data&) {
    if (b.count == 0) return;
    const double count = a.count + b.count;
    const double dx = b.x_mean - a.x_mean;
    const double dx_step = dx / count;
    const double dy = b.y_mean - a.y_mean;
    const double dy_step = dy / count;
    a.xy += b.xy + dx * dy_step * a.count * b.count;
    a.xx += b.xx + dx * dx_step * a.count * b.count;
    a.yy += b.yy + dy * dy_step * a.count * b.count;
    a.x_mean += dx_step * b.count;
    a.y_mean += dy_step * b.count;
    a.count = count;
  }
};

enum class Pairing : std::uint8_t {
  kCorrelation,
  kCovPop,
  kCovSamp,
  kAverageX,
  kAverageY,
  kCount,
  kIntercept,
  kR2,
  kSlope,
  kSxx,
  kSxy,
  kSyy
};

/// The regr_ functions are written (y, x): they see their arguments the other way round.
template <Pairing kind>
struct PairOf : PairSteps {
  static void Update(Pairs& state, const Data&, const RowCells& row) {
    constexpr bool kSwapped = kind > Pairing::kCovSamp;
    Add(state, row[kSwapped ? 1 : 0].As<double>(), row[kSwapped ? 0 : 1].As<double>());
  }
  static void Finish(Pairs& state, const Data&, Vector& result, idx_t row) {
    if constexpr (kind == Pairing::kCount) {
      return SetValue(result, row, static_cast<std::int64_t>(state.count));
    }
    const auto value = ValueOf(state);
    if (state.count == 0 || !value) return SetNull(result, row);
    SetValue(result, row, *value);
  }
  static std::optional<double> ValueOf(const Pairs& s) {
    switch (kind) {
      case Pairing::kCorrelation:
        if (s.count == 1) return std::nullopt;
        return s.xy / std::sqrt(s.xx * s.yy);
      case Pairing::kCovPop:
        return s.xy / s.count;
      case Pairing::kCovSamp:
        if (s.count == 1) return std::nullopt;
        return s.xy / (s.count - 1);
      case Pairing::kAverageX:
        return s.x_mean;
      case Pairing::kAverageY:
        return s.y_mean;
      case Pairing::kIntercept:
        if (s.xx == 0) return std::nullopt;
        return s.y_mean - s.xy / s.xx * s.x_mean;
      case Pairing::kR2: {
        if (s.xx == 0) return std::nullopt;
        if (s.yy == 0) return 1;
        const double correlation = s.xy / std::sqrt(s.xx * s.yy);
        return correlation * correlation;
      }
      case Pairing::kSlope:
        if (s.xx == 0) return std::nullopt;
        return s.xy / s.xx;
      case Pairing::kSxx:
        return s.xx;
      case Pairing::kSxy:
        return s.xy;
      case Pairing::kSyy:
        return s.yy;
      case Pairing::kCount:
        break;
    }
    return std::nullopt;
  }
};

// ---- The product

struct Product {
  struct State {
    double product = 1;
    bool has_value = false;
  };
  using Data = NoData;
  static constexpr bool kSkipsNulls = true;
  static void Update(State& state, const Data&, const RowCells& row) {
    state = {state.product * row[0].As<double>(), true};
  }
  static void Combine(State& target, const State& source, const Data&) {
    if (source.has_value) target = {target.product * source.product, true};
  }
  static void Finish(State& state, const Data&, Vector& result, idx_t row) {
    if (!state.has_value) return SetNull(result, row);
    SetValue(result, row, state.product);
  }
};

template <class Op>
duckdb::unique_ptr<FunctionData> BindDoubles(ClientContext& context, AggregateFunction& function,
                                             Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    CoerceTo(context, arguments[i], LogicalType::DOUBLE, function.name, i);
  }
  return Become<Op>(function, arguments, LogicalType::DOUBLE);
}

duckdb::unique_ptr<FunctionData> BindRegressionCount(ClientContext& context,
                                                     AggregateFunction& function,
                                                     Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    CoerceTo(context, arguments[i], LogicalType::DOUBLE, function.name, i);
  }
  return Become<PairOf<Pairing::kCount>>(function, arguments, LogicalType::BIGINT);
}

// ---- Exact percentiles

/// percentile(), median(), percentile_cont() and percentile_disc().
struct Percentile {
  struct Data {
    std::vector<double> fractions;
    bool is_list = false;
    bool is_discrete = false;
    bool is_descending = false;
    bool operator==(const Data&) const = default;
  };
  struct State {
    std::vector<std::pair<double, std::int64_t>> values;  // With their frequencies.
    bool is_weighted = false;                             // Whether one of them is not 1.
  };
  static constexpr bool kSkipsNulls = false;

  static void Update(State& state, const Data&, const RowCells& row) {
    if (row[0].is_null()) return;
    std::int64_t frequency = 1;
    if (row.size() > 1) {
      if (row[1].is_null()) return;
      frequency = row[1].As<std::int64_t>();
      if (frequency < 0) {
        Raise(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "frequency"},
               {"functionName", "`percentile`"},
               {"message", "it must not be negative, it is " + std::to_string(frequency)}});
      }
      if (frequency == 0) return;
    }
    state.values.emplace_back(row[0].As<double>(), frequency);
    state.is_weighted |= frequency != 1;
  }
  static void Combine(State& target, const State& source, const Data&) {
    target.values.insert(target.values.end(), source.values.begin(), source.values.end());
    target.is_weighted |= source.is_weighted;
  }
  /// NaN is the largest.
  static bool Less(const std::pair<double, std::int64_t>& a,
                   const std::pair<double, std::int64_t>& b) {
    return std::isnan(b.first) ? !std::isnan(a.first) : a.first < b.first;
  }
  static double At(const State& state, const Data& data, std::int64_t total, double fraction) {
    const double place = data.is_descending ? 1 - fraction : fraction;
    // The value of the row with this number, from 0.
    const auto value_at = [&](std::int64_t row) {
      if (!state.is_weighted) return state.values[static_cast<std::size_t>(row)].first;
      for (const auto& [value, frequency] : state.values) {
        if (row < frequency) return value;
        row -= frequency;
      }
      return state.values.back().first;
    };
    if (data.is_discrete) {
      const double rank = data.is_descending
                              ? static_cast<double>(total) -
                                    std::max(std::ceil(fraction * static_cast<double>(total)), 1.0)
                              : std::max(std::ceil(place * static_cast<double>(total)), 1.0) - 1;
      return value_at(static_cast<std::int64_t>(rank));
    }
    const double position = static_cast<double>(total - 1) * place;
    const double lower = std::floor(position);
    const double higher = std::ceil(position);
    const double low = value_at(static_cast<std::int64_t>(lower));
    if (lower == higher) return low;
    const double high = value_at(static_cast<std::int64_t>(higher));
    if (low == high) return low;
    return (higher - position) * low + (position - lower) * high;
  }
  static void Finish(State& state, const Data& data, Vector& result, idx_t row) {
    if (state.values.empty()) return SetNull(result, row);
    std::sort(state.values.begin(), state.values.end(), Less);
    std::int64_t total = 0;
    for (auto& [value, frequency] : state.values) {
      if (__builtin_add_overflow(total, frequency, &total)) total = INT64_MAX;
    }
    if (!data.is_list) return SetValue(result, row, At(state, data, total, data.fractions[0]));
    const idx_t begin = duckdb::ListVector::GetListSize(result);
    duckdb::ListVector::Reserve(result, begin + data.fractions.size());
    Vector& child = duckdb::ListVector::GetEntry(result);
    for (std::size_t i = 0; i < data.fractions.size(); ++i) {
      SetValue(child, begin + i, At(state, data, total, data.fractions[i]));
    }
    duckdb::ListVector::SetListSize(result, begin + data.fractions.size());
    SetValue(result, row, duckdb::list_entry_t{begin, data.fractions.size()});
  }
};

std::vector<double> FractionsOf(const duckdb::Value& value, bool& is_list) {
  const auto one = [](const duckdb::Value& fraction) {
    const double number = fraction.IsNull() ? -1 : fraction.GetValue<double>();
    if (!(number >= 0 && number <= 1)) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "percentage"}, {"message", "the percentage must lie between 0 and 1"}});
    }
    return number;
  };
  is_list = value.type().id() == LogicalTypeId::LIST;
  if (!is_list || value.IsNull()) return {one(value)};
  std::vector<double> fractions;
  for (const duckdb::Value& child : duckdb::ListValue::GetChildren(value)) {
    fractions.push_back(one(child));
  }
  return fractions;
}

/// spark_percentile(value, fractions, discrete, descending[, frequency]): a printer wrote it, the
/// first three after the value are constants.
duckdb::unique_ptr<FunctionData> BindPercentile(ClientContext& context, AggregateFunction& function,
                                                Arguments& arguments) {
  Percentile::Data data;
  const auto constant = [&](std::size_t index) {
    const auto value = ConstantOf(context, *arguments[index]);
    if (!value) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "percentage"}, {"message", "the percentage must be a constant"}});
    }
    return *value;
  };
  data.fractions = FractionsOf(constant(1), data.is_list);
  data.is_discrete = constant(2).GetValue<bool>();
  data.is_descending = constant(3).GetValue<bool>();
  for (const std::size_t index : {3, 2, 1}) {
    duckdb::Function::EraseArgument(function, arguments, index);
  }
  CoerceTo(context, arguments[0], LogicalType::DOUBLE, "percentile", 0);
  if (arguments.size() > 1) CoerceTo(context, arguments[1], LogicalType::BIGINT, "percentile", 2);
  const LogicalType result =
      data.is_list ? LogicalType::LIST(LogicalType::DOUBLE) : LogicalType::DOUBLE;
  return Become<Percentile>(function, arguments, result, std::move(data));
}

// ---- A histogram of bins that grow together

/// Source: Ben-Haim and Tom-Tov, "A Streaming Parallel Decision Tree Algorithm", as Hive has it.
struct Histogram {
  struct Data {
    std::size_t num_bins = 0;
    LogicalType type = LogicalType::DOUBLE;  // Of the values, and of the middles of bins.
    bool operator==(const Data&) const = default;
  };
  struct Bin {
    double x = 0;
    double y = 0;
  };
  struct State {
    std::vector<Bin> bins;
    std::uint64_t random = (31183 ^ 0x5DEECE66Du) & kRandomMask;
  };
  static constexpr std::uint64_t kRandomMask = (std::uint64_t{1} << 48) - 1;

  /// java.util.Random.nextDouble(), which chooses among pairs that are as near.
  static double NextDouble(State& state) {
    const auto next = [&state](int bits) {
      state.random = (state.random * 0x5DEECE66Du + 11) & kRandomMask;
      return state.random >> (48 - bits);
    };
    const std::uint64_t high = next(26);
    return static_cast<double>((high << 27) + next(27)) * 0x1.0p-53;
  }
  static constexpr bool kSkipsNulls = true;

  static void Add(State& state, const Data& data, Bin bin) {
    auto at = std::lower_bound(state.bins.begin(), state.bins.end(), bin.x,
                               [](const Bin& known, double x) { return known.x < x; });
    if (at != state.bins.end() && at->x == bin.x) {
      at->y += bin.y;
      return;
    }
    state.bins.insert(at, bin);
    if (state.bins.size() > data.num_bins) MergeNearest(state);
  }
  /// The two bins with the least distance become one.
  static void MergeNearest(State& state) {
    std::vector<Bin>& bins = state.bins;
    std::size_t nearest = 0;
    double least = bins[1].x - bins[0].x;
    int num_least = 1;
    for (std::size_t i = 1; i + 1 < bins.size(); ++i) {
      const double distance = bins[i + 1].x - bins[i].x;
      if (distance < least) {
        least = distance;
        nearest = i;
        num_least = 1;
      } else if (distance == least && NextDouble(state) <= 1.0 / ++num_least) {
        nearest = i;
      }
    }
    const Bin a = bins[nearest];
    const Bin b = bins[nearest + 1];
    const double total = a.y + b.y;
    bins[nearest] = {a.x * (a.y / total) + b.x / total * b.y, total};
    bins.erase(bins.begin() + static_cast<std::ptrdiff_t>(nearest) + 1);
  }
  static void Update(State& state, const Data& data, const RowCells& row) {
    Add(state, data, {row[0].As<double>(), 1});
  }
  static void Combine(State& target, const State& source, const Data& data) {
    for (const Bin& bin : source.bins) Add(target, data, bin);
  }
  static void SetMiddle(Vector& result, idx_t row, double x) {
    switch (result.GetType().id()) {
      case LogicalTypeId::TINYINT:
        return SetValue(result, row, static_cast<std::int8_t>(x));
      case LogicalTypeId::SMALLINT:
        return SetValue(result, row, static_cast<std::int16_t>(x));
      case LogicalTypeId::INTEGER:
        return SetValue(result, row, static_cast<std::int32_t>(x));
      case LogicalTypeId::BIGINT:
        return SetValue(result, row, static_cast<std::int64_t>(x));
      case LogicalTypeId::FLOAT:
        return SetValue(result, row, static_cast<float>(x));
      default:
        return SetValue(result, row, x);
    }
  }
  static void Finish(State& state, const Data&, Vector& result, idx_t row) {
    if (state.bins.empty()) return SetNull(result, row);
    const idx_t begin = duckdb::ListVector::GetListSize(result);
    duckdb::ListVector::Reserve(result, begin + state.bins.size());
    auto& fields = duckdb::StructVector::GetEntries(duckdb::ListVector::GetEntry(result));
    for (std::size_t i = 0; i < state.bins.size(); ++i) {
      SetMiddle(*fields[0], begin + i, state.bins[i].x);
      SetValue(*fields[1], begin + i, state.bins[i].y);
    }
    duckdb::ListVector::SetListSize(result, begin + state.bins.size());
    SetValue(result, row, duckdb::list_entry_t{begin, state.bins.size()});
  }
};

duckdb::unique_ptr<FunctionData> BindHistogram(ClientContext& context, AggregateFunction& function,
                                               Arguments& arguments) {
  const duckdb::Value bins = TakeConstant(context, function, arguments, "histogram_numeric");
  const std::int64_t count = bins.IsNull() ? 0 : bins.GetValue<std::int64_t>();
  if (count < 2) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", "histogram_numeric"}, {"message", "it needs two bins or more"}});
  }
  LogicalType type = arguments[0]->return_type;
  const bool keeps_type = type.IsIntegral() || type.id() == LogicalTypeId::FLOAT;
  if (!keeps_type) type = LogicalType::DOUBLE;
  CoerceTo(context, arguments[0], LogicalType::DOUBLE, "histogram_numeric", 0);
  return Become<Histogram>(
      function, arguments,
      LogicalType::LIST(LogicalType::STRUCT({{"x", type}, {"y", LogicalType::DOUBLE}})),
      {.num_bins = static_cast<std::size_t>(count), .type = type});
}

}  // namespace

duckdb::AggregateFunctionSet AggregateOf(const std::string& name, std::size_t least,
                                         std::size_t most, BindAggregate bind) {
  duckdb::AggregateFunctionSet set(name);
  for (std::size_t count = least; count <= most; ++count) {
    AggregateFunction function = AggregateSteps<Product>::Make(LogicalType::ANY);
    function.name = name;
    function.arguments.assign(count, LogicalType::ANY);
    function.SetBindCallback(bind);
    set.AddFunction(std::move(function));
  }
  return set;
}

duckdb::Value TakeConstant(ClientContext& context, AggregateFunction& function,
                           Arguments& arguments, std::string_view name) {
  const auto value = ConstantOf(context, *arguments.back());
  if (!value) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", std::string(name)}, {"message", "its last argument must be a constant"}});
  }
  duckdb::Function::EraseArgument(function, arguments, arguments.size() - 1);
  return *value;
}

void AddStatistics(Registry& registry) {
  const auto add = [&](const char* name, std::size_t count, BindAggregate bind) {
    registry.AddAggregate(AggregateOf(name, count, count, bind));
  };
  add("spark_var_pop", 1, BindDoubles<MomentOf<Moment::kVarPop>>);
  add("spark_var_samp", 1, BindDoubles<MomentOf<Moment::kVarSamp>>);
  add("spark_stddev_pop", 1, BindDoubles<MomentOf<Moment::kDevPop>>);
  add("spark_stddev_samp", 1, BindDoubles<MomentOf<Moment::kDevSamp>>);
  add("spark_skewness", 1, BindDoubles<MomentOf<Moment::kSkewness>>);
  add("spark_kurtosis", 1, BindDoubles<MomentOf<Moment::kKurtosis>>);
  add("spark_corr", 2, BindDoubles<PairOf<Pairing::kCorrelation>>);
  add("spark_covar_pop", 2, BindDoubles<PairOf<Pairing::kCovPop>>);
  add("spark_covar_samp", 2, BindDoubles<PairOf<Pairing::kCovSamp>>);
  add("spark_regr_avgx", 2, BindDoubles<PairOf<Pairing::kAverageX>>);
  add("spark_regr_avgy", 2, BindDoubles<PairOf<Pairing::kAverageY>>);
  add("spark_regr_count", 2, BindRegressionCount);
  add("spark_regr_intercept", 2, BindDoubles<PairOf<Pairing::kIntercept>>);
  add("spark_regr_r2", 2, BindDoubles<PairOf<Pairing::kR2>>);
  add("spark_regr_slope", 2, BindDoubles<PairOf<Pairing::kSlope>>);
  add("spark_regr_sxx", 2, BindDoubles<PairOf<Pairing::kSxx>>);
  add("spark_regr_sxy", 2, BindDoubles<PairOf<Pairing::kSxy>>);
  add("spark_regr_syy", 2, BindDoubles<PairOf<Pairing::kSyy>>);
  add("spark_product", 1, BindDoubles<Product>);
  registry.AddAggregate(AggregateOf("spark_percentile", 4, 5, BindPercentile));
  add("spark_histogram_numeric", 2, BindHistogram);
}

}  // namespace inlet::engine::functions
