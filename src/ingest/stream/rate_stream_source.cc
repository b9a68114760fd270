#include "ingest/stream/rate_stream_source.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "types/arrow.h"

namespace inlet::ingest {
namespace {

using types::StructType;
using types::TypeId;

constexpr std::int64_t kBatchRows = 65536;
constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;
constexpr std::int64_t kMillisecondsPerSecond = 1000;

StructType RateSchema() {
  return {.fields = {{.name = "timestamp", .type = TypeId::kTimestamp},
                     {.name = "value", .type = TypeId::kLong}}};
}

/// Values [first, end) whose times lie on a line.
struct RateRows {
  std::int64_t first = 0;
  std::int64_t end = 0;
  std::int64_t begin_ms = 0;
  double ms_per_row = 0;
};

class RateReader final : public types::BatchReader {
 public:
  RateReader(RateRows rows, std::vector<std::size_t> columns)
      : rows_(rows), columns_(std::move(columns)), next_(rows.first) {}

  Result<types::BatchPtr> Next() override {
    if (next_ >= rows_.end) return nullptr;
    const std::int64_t count = std::min(kBatchRows, rows_.end - next_);
    arrow::TimestampBuilder times(types::ToArrow(RateSchema())->field(0)->type(),
                                  arrow::default_memory_pool());
    arrow::Int64Builder values;
    ARROW_CHECK_OK(times.Reserve(count));
    ARROW_CHECK_OK(values.Reserve(count));
    for (std::int64_t i = 0; i < count; ++i) {
      const double after_ms = static_cast<double>(next_ + i - rows_.first) * rows_.ms_per_row;
      times.UnsafeAppend((rows_.begin_ms + std::llround(after_ms)) * kMicrosecondsPerMillisecond);
      values.UnsafeAppend(next_ + i);
    }
    next_ += count;
    const arrow::ArrayVector all = {ARROW_TRY(times.Finish()), ARROW_TRY(values.Finish())};
    const auto schema = types::ToArrow(RateSchema());
    arrow::FieldVector fields;
    arrow::ArrayVector columns;
    for (const std::size_t column : columns_) {
      fields.push_back(schema->field(static_cast<int>(column)));
      columns.push_back(all[column]);
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), count, std::move(columns));
  }

 private:
  const RateRows rows_;
  const std::vector<std::size_t> columns_;
  std::int64_t next_;
};

class RateInput final : public engine::SplitSource {
 public:
  explicit RateInput(RateRows rows) : rows_(rows) {}
  const StructType& schema() const override { return schema_; }
  std::size_t num_splits() const override { return rows_.end > rows_.first ? 1 : 0; }
  std::optional<std::int64_t> num_rows() const override { return rows_.end - rows_.first; }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t, const engine::Projection& projection) const override {
    return std::make_unique<RateReader>(rows_, projection.columns);
  }

 private:
  const StructType schema_ = RateSchema();
  const RateRows rows_;
};

std::unexpected<Error> BadOption(std::string name, std::string message) {
  return Fail(
      Condition::INVALID_PARAMETER_VALUE,
      {{"parameter", std::move(name)}, {"functionName", "rate"}, {"message", std::move(message)}});
}

Result<std::int64_t> CountOf(const OptionMap& options, const std::string& name,
                             std::int64_t default_value, std::int64_t least) {
  const std::int64_t value = TRY(GetInt64(options, name)).value_or(default_value);
  if (value < least) return BadOption(name, fmt::format("it is {}, at least {}", value, least));
  return value;
}

/// "5s", "2 min" or a bare number of seconds.
Result<std::int64_t> SecondsOf(const OptionMap& options, const std::string& name) {
  const std::string text = ToLower(GetString(options, name).value_or("0"));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size() - end);
  std::erase(unit, ' ');
  const std::map<std::string, double> kUnits = {{"", 1},       {"s", 1},    {"m", 60},
                                                {"min", 60},   {"h", 3600}, {"d", 86400},
                                                {"ms", 0.001}, {"us", 1e-6}};
  const auto found = kUnits.find(unit);
  if (error != std::errc() || number < 0 || found == kUnits.end()) {
    return BadOption(name, "it is no span of time: " + text);
  }
  const double seconds = static_cast<double>(number) * found->second;
  if (seconds > 1e9) return BadOption(name, "it is too long: " + text);
  return static_cast<std::int64_t>(seconds);
}

std::int64_t ClockMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// Rows by the clock. What second of the stream has what rows does not depend on when it runs.
class RateStream final : public StreamSource {
 public:
  RateStream(RateStreamRequest request, std::int64_t rows_per_second, std::int64_t ramp_up_seconds)
      : state_(std::move(request.state)),
        now_ms_(request.now_ms ? std::move(request.now_ms) : ClockMs),
        rows_per_second_(rows_per_second),
        ramp_up_seconds_(ramp_up_seconds) {}

  std::string description() const override {
    return fmt::format("RateStreamV2[rowsPerSecond={}, rampUpTimeSeconds={}, numPartitions=1",
                       rows_per_second_, ramp_up_seconds_);
  }
  Result<StructType> Schema() override { return RateSchema(); }

  Result<std::optional<StreamOffset>> Latest(const std::optional<StreamOffset>& after,
                                             bool) override {
    const std::int64_t begin = TRY(BeginMs());
    std::int64_t seconds = (now_ms_() - begin) / kMillisecondsPerSecond;
    if (end_seconds_) seconds = std::min(seconds, *end_seconds_);
    const std::int64_t done = after ? TRY(SecondsIn(*after)) : 0;
    if (seconds <= done) return std::nullopt;  // Also when the clock was set back.
    TRY(ValueAt(seconds));
    return StreamOffset{std::to_string(seconds)};
  }

  Status FixEnd() override {
    end_seconds_ = (now_ms_() - TRY(BeginMs())) / kMillisecondsPerSecond;
    return Ok();
  }

  Result<SourceBatch> Plan(const OffsetRange& range) override {
    const std::int64_t from = range.after ? TRY(SecondsIn(*range.after)) : 0;
    const std::int64_t upto = TRY(SecondsIn(range.upto));
    RateRows rows{.first = TRY(ValueAt(from)), .end = TRY(ValueAt(upto))};
    rows.begin_ms = TRY(BeginMs()) + from * kMillisecondsPerSecond;
    if (rows.end > rows.first) {
      rows.ms_per_row = static_cast<double>((upto - from) * kMillisecondsPerSecond) /
                        static_cast<double>(rows.end - rows.first);
    }
    return SourceBatch{.input = std::make_shared<RateInput>(rows)};
  }

  Status Release(const StreamOffset&) override { return Ok(); }
  std::chrono::milliseconds WatchForNews(std::function<void()>) override {
    return std::chrono::milliseconds(100);
  }
  std::map<std::string, std::string> Metrics(const std::optional<StreamOffset>&) override {
    return {};
  }

 private:
  Result<std::int64_t> SecondsIn(const StreamOffset& offset) const {
    std::int64_t seconds = 0;
    const char* end = offset.json.data() + offset.json.size();
    const auto [stop, error] = std::from_chars(offset.json.data(), end, seconds);
    if (error != std::errc() || stop != end || seconds < 0) return BadOffset(offset);
    return seconds;
  }

  std::unexpected<Error> BadOffset(const StreamOffset& offset) const {
    return Fail(Condition::STREAM_CHECKPOINT_INVALID,
                {{"path", storage::UrlOf(*state_.store, state_.path)},
                 {"message", "it is no offset of a rate source: " + offset.json}});
  }

  /// The speed grows by the same step each second until it is the wanted one.
  Result<std::int64_t> ValueAt(std::int64_t seconds) const {
    __extension__ using Wide = __int128;
    const std::int64_t step = rows_per_second_ / (ramp_up_seconds_ + 1);
    const auto ramp = [&](std::int64_t at) { return Wide{at} * (at + 1) / 2 * step; };
    const Wide value =
        seconds <= ramp_up_seconds_
            ? ramp(seconds)
            : ramp(ramp_up_seconds_) + Wide{seconds - ramp_up_seconds_} * rows_per_second_;
    if (value > std::numeric_limits<std::int64_t>::max()) {
      return BadOption("rowsPerSecond", "the values of the stream no longer fit BIGINT");
    }
    return static_cast<std::int64_t>(value);
  }

  /// Written once, and so the same for each run on the checkpoint.
  Result<std::int64_t> BeginMs() {
    if (begin_ms_) return *begin_ms_;
    const std::string path = state_.path + "/0";
    const Status put =
        state_.store->Put(path, "v1\n" + std::to_string(now_ms_()), storage::PutMode::kIfAbsent);
    if (!put && put.error().kind() != ErrorKind::kAlreadyExists) {
      return std::unexpected(put.error());
    }
    const std::string text = TRY(state_.store->Get(path));
    std::int64_t begin = 0;
    const std::size_t line = text.find('\n');
    const char* from = text.data() + (line == std::string::npos ? 0 : line + 1);
    const auto [stop, error] = std::from_chars(from, text.data() + text.size(), begin);
    if (!text.starts_with("v1\n") || error != std::errc() || begin < 0) {
      return Fail(Condition::STREAM_CHECKPOINT_INVALID,
                  {{"path", storage::UrlOf(*state_.store, path)},
                   {"message", "it does not tell when the rate source began"}});
    }
    begin_ms_ = begin;
    return begin;
  }

  const storage::Location state_;
  const std::function<std::int64_t()> now_ms_;
  const std::int64_t rows_per_second_;
  const std::int64_t ramp_up_seconds_;
  std::optional<std::int64_t> begin_ms_;
  std::optional<std::int64_t> end_seconds_;
};

/// The same number of rows in each micro-batch.
class RateBatchStream final : public StreamSource {
 public:
  RateBatchStream(std::int64_t rows_per_batch, std::int64_t start_ms, std::int64_t advance_ms)
      : rows_per_batch_(rows_per_batch), start_ms_(start_ms), advance_ms_(advance_ms) {}

  std::string description() const override {
    return fmt::format(
        "RatePerMicroBatchStream[rowsPerBatch={}, numPartitions=1, startTimestamp={}, "
        "advanceMsPerBatch={}]",
        rows_per_batch_, start_ms_, advance_ms_);
  }
  Result<StructType> Schema() override { return RateSchema(); }

  Result<std::optional<StreamOffset>> Latest(const std::optional<StreamOffset>& after,
                                             bool) override {
    Place place = after ? TRY(PlaceIn(*after)) : Start();
    if (end_ && place.offset >= *end_) return std::nullopt;
    if (__builtin_add_overflow(place.offset, rows_per_batch_, &place.offset) ||
        __builtin_add_overflow(place.timestamp_ms, advance_ms_, &place.timestamp_ms)) {
      return BadOption("rowsPerBatch", "the values of the stream no longer fit BIGINT");
    }
    if (is_finite_ && !end_) end_ = place.offset;
    return StreamOffset{
        fmt::format(R"({{"offset":{},"timestamp":{}}})", place.offset, place.timestamp_ms)};
  }

  /// One batch: there is always more.
  Status FixEnd() override {
    is_finite_ = true;
    return Ok();
  }

  Result<SourceBatch> Plan(const OffsetRange& range) override {
    const Place from = range.after ? TRY(PlaceIn(*range.after)) : Start();
    const Place upto = TRY(PlaceIn(range.upto));
    return SourceBatch{
        .input = std::make_shared<RateInput>(
            RateRows{.first = from.offset, .end = upto.offset, .begin_ms = from.timestamp_ms})};
  }

  Status Release(const StreamOffset&) override { return Ok(); }
  std::chrono::milliseconds WatchForNews(std::function<void()>) override {
    return std::chrono::milliseconds(100);
  }
  std::map<std::string, std::string> Metrics(const std::optional<StreamOffset>&) override {
    return {};
  }

 private:
  struct Place {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
  };
  Place Start() const { return {.offset = 0, .timestamp_ms = start_ms_}; }

  static Result<Place> PlaceIn(const StreamOffset& offset) {
    Place place;
    simdjson::dom::parser parser;
    const auto document = parser.parse(offset.json);
    if (document["offset"].get(place.offset) != simdjson::SUCCESS ||
        document["timestamp"].get(place.timestamp_ms) != simdjson::SUCCESS || place.offset < 0) {
      return Fail(
          Condition::STREAM_CHECKPOINT_INVALID,
          {{"path", "offsets"}, {"message", "it is no offset of a rate source: " + offset.json}});
    }
    return place;
  }

  const std::int64_t rows_per_batch_;
  const std::int64_t start_ms_;
  const std::int64_t advance_ms_;
  bool is_finite_ = false;
  std::optional<std::int64_t> end_;
};

}  // namespace

Result<std::unique_ptr<StreamSource>> OpenRateStream(RateStreamRequest request) {
  TRY(CountOf(request.options, "numPartitions", 1, 1));
  if (request.is_micro_batch) {
    if (!request.options.contains("rowsPerBatch")) {
      return BadOption("rowsPerBatch", "the option is missing");
    }
    constexpr std::int64_t kMaxMs = std::numeric_limits<std::int64_t>::max() / 2'000'000;
    const std::int64_t start_ms = TRY(CountOf(request.options, "startTimestamp", 0, 0));
    const std::int64_t advance_ms = TRY(CountOf(request.options, "advanceMillisPerBatch", 1000, 0));
    if (start_ms > kMaxMs) return BadOption("startTimestamp", "it is too far away");
    if (advance_ms > kMaxMs) return BadOption("advanceMillisPerBatch", "it is too long");
    return std::make_unique<RateBatchStream>(TRY(CountOf(request.options, "rowsPerBatch", 0, 1)),
                                             start_ms, advance_ms);
  }
  const std::int64_t rows_per_second = TRY(CountOf(request.options, "rowsPerSecond", 1, 1));
  const std::int64_t ramp_up = TRY(SecondsOf(request.options, "rampUpTime"));
  return std::make_unique<RateStream>(std::move(request), rows_per_second, ramp_up);
}

}  // namespace inlet::ingest
