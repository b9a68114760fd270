#include "engine/duckdb/arrow_output.h"

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

#include <duckdb/common/exception.hpp>
#include <duckdb/common/types/data_chunk.hpp>
#include <duckdb/common/types/vector.hpp>
#include <limits>
#include <numeric>

#include "engine/duckdb/functions/raise.h"
#include "types/arrow.h"

namespace inlet::engine {

using duckdb::idx_t;
using Format = duckdb::RecursiveUnifiedVectorFormat;

namespace {

constexpr std::int64_t kBatchRows = 64 * 1024;
constexpr std::int64_t kBatchBytes = 32 << 20;
/// With more text than this in one column of a chunk its rows are appended one by one.
constexpr idx_t kStepBytes = 64 << 20;

void Check(const arrow::Status& status) {
  if (!status.ok()) Raise(types::FromArrowStatus(status).error());
}

std::shared_ptr<arrow::Buffer> Finish(arrow::BufferBuilder& builder) {
  auto buffer = builder.Finish();
  Check(buffer.status());
  return *std::move(buffer);
}

}  // namespace

/// Which rows of a vector (positions before its selection): a run, or the listed places.
struct Rows {
  idx_t begin = 0;
  idx_t size = 0;
  const idx_t* places = nullptr;

  bool is_run() const { return places == nullptr; }
  idx_t operator[](idx_t i) const { return is_run() ? begin + i : places[i]; }
};

/// One column under construction: validity here, values in the subclass.
class ColumnOutput {
 public:
  explicit ColumnOutput(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}
  virtual ~ColumnOutput() = default;

  void Append(const Format& format, const Rows& rows) {
    AppendValidity(format.unified, rows);
    AppendValues(format, rows);
    size_ += static_cast<std::int64_t>(rows.size);
  }

  std::shared_ptr<arrow::ArrayData> Take() {
    std::shared_ptr<arrow::Buffer> bitmap;
    if (num_nulls_ > 0) {
      auto finished = validity_.Finish();
      Check(finished.status());
      bitmap = *std::move(finished);
    }
    auto data = arrow::ArrayData::Make(type_, size_, {std::move(bitmap)}, num_nulls_);
    TakeValues(*data);
    size_ = 0;
    num_nulls_ = 0;
    return data;
  }

  virtual std::int64_t num_bytes() const = 0;

 protected:
  virtual void AppendValues(const Format& format, const Rows& rows) = 0;
  virtual void TakeValues(arrow::ArrayData& data) = 0;

  std::int64_t size() const { return size_; }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

 private:
  /// The bitmap begins with the first NULL: most columns never need one.
  void AppendValidity(const duckdb::UnifiedVectorFormat& format, const Rows& rows) {
    const auto count = static_cast<std::int64_t>(rows.size);
    if (format.validity.AllValid()) {
      if (num_nulls_ > 0) Check(validity_.Append(count, true));
      return;
    }
    for (idx_t i = 0; i < rows.size; ++i) {
      const bool valid = format.validity.RowIsValid(format.sel->get_index(rows[i]));
      if (!valid && num_nulls_++ == 0) {
        Check(validity_.Append(size_ + static_cast<std::int64_t>(i), true));
      }
      if (num_nulls_ > 0) Check(validity_.Append(valid));
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  arrow::TypedBufferBuilder<bool> validity_;
  std::int64_t size_ = 0;
  std::int64_t num_nulls_ = 0;
};

namespace {

/// Appends `convert(value)` of DuckDB's `In` for each row as an `Out`.
template <class In, class Out, class Convert>
void AppendConverted(arrow::BufferBuilder& out, const Format& format, const Rows& rows,
                     Convert convert) {
  Check(out.Reserve(static_cast<std::int64_t>(rows.size * sizeof(Out))));
  const In* values = reinterpret_cast<const In*>(format.unified.data);
  auto* to = reinterpret_cast<Out*>(out.mutable_data() + out.length());
  if (format.unified.validity.AllValid()) {
    for (idx_t i = 0; i < rows.size; ++i) {
      to[i] = convert(values[format.unified.sel->get_index(rows[i])]);
    }
  } else {
    for (idx_t i = 0; i < rows.size; ++i) {
      const idx_t row = format.unified.sel->get_index(rows[i]);
      to[i] = format.unified.validity.RowIsValid(row) ? convert(values[row]) : Out{};
    }
  }
  out.UnsafeAdvance(static_cast<std::int64_t>(rows.size * sizeof(Out)));
}

template <class T>
class FixedWidthOutput : public ColumnOutput {
 public:
  using ColumnOutput::ColumnOutput;
  std::int64_t num_bytes() const override { return values_.length(); }

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    if (rows.is_run() && !format.unified.sel->IsSet()) {
      Check(values_.Append(format.unified.data + rows.begin * sizeof(T),
                           static_cast<std::int64_t>(rows.size * sizeof(T))));
      return;
    }
    AppendConverted<T, T>(values_, format, rows, [](T value) { return value; });
  }
  void TakeValues(arrow::ArrayData& data) override { data.buffers.push_back(Finish(values_)); }

  arrow::BufferBuilder values_;
};

/// Decimals of every physical width as 128 bits.
class DecimalOutput : public FixedWidthOutput<duckdb::hugeint_t> {
 public:
  using FixedWidthOutput::FixedWidthOutput;

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    switch (format.unified.physical_type) {
      case duckdb::PhysicalType::INT16:
        return Widen<std::int16_t>(format, rows);
      case duckdb::PhysicalType::INT32:
        return Widen<std::int32_t>(format, rows);
      case duckdb::PhysicalType::INT64:
        return Widen<std::int64_t>(format, rows);
      default:
        return FixedWidthOutput::AppendValues(format, rows);
    }
  }

 private:
  template <class T>
  void Widen(const Format& format, const Rows& rows) {
    AppendConverted<T, duckdb::hugeint_t>(values_, format, rows, [](T value) {
      return duckdb::hugeint_t(static_cast<std::int64_t>(value));
    });
  }
};

class MonthsOutput : public FixedWidthOutput<std::int32_t> {
 public:
  using FixedWidthOutput::FixedWidthOutput;

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    AppendConverted<duckdb::interval_t, std::int32_t>(
        values_, format, rows, [](duckdb::interval_t interval) { return interval.months; });
  }
};

class DurationOutput : public FixedWidthOutput<std::int64_t> {
 public:
  using FixedWidthOutput::FixedWidthOutput;

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    AppendConverted<duckdb::interval_t, std::int64_t>(
        values_, format, rows, [](duckdb::interval_t interval) {
          // Days are 32 bits: 2^31 days are 1.9e20 us, which 64 bits do not hold.
          std::int64_t micros = 0;
          if (interval.months != 0 ||
              __builtin_mul_overflow(std::int64_t{interval.days}, std::int64_t{86'400'000'000},
                                     &micros) ||
              __builtin_add_overflow(micros, interval.micros, &micros)) {
            Raise(Condition::ARITHMETIC_OVERFLOW,
                  {{"message", "interval out of range"}, {"functionName", "add"}});
          }
          return micros;
        });
  }
};

class BooleanOutput : public ColumnOutput {
 public:
  using ColumnOutput::ColumnOutput;
  std::int64_t num_bytes() const override { return values_.length() / 8; }

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    Check(values_.Reserve(static_cast<std::int64_t>(rows.size)));
    const bool* values = reinterpret_cast<const bool*>(format.unified.data);
    for (idx_t i = 0; i < rows.size; ++i) {
      const idx_t at = format.unified.sel->get_index(rows[i]);
      values_.UnsafeAppend(format.unified.validity.RowIsValid(at) && values[at]);
    }
  }
  void TakeValues(arrow::ArrayData& data) override {
    auto finished = values_.Finish();
    Check(finished.status());
    data.buffers.push_back(*std::move(finished));
  }

 private:
  arrow::TypedBufferBuilder<bool> values_;
};

class TextOutput : public ColumnOutput {
 public:
  using ColumnOutput::ColumnOutput;
  std::int64_t num_bytes() const override { return bytes_.length() + offsets_.length() * 4; }

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    const auto* values = reinterpret_cast<const duckdb::string_t*>(format.unified.data);
    Check(offsets_.Reserve(static_cast<std::int64_t>(rows.size) + 1));
    if (offsets_.length() == 0) offsets_.UnsafeAppend(0);
    const bool all_valid = format.unified.validity.AllValid();
    for (idx_t i = 0; i < rows.size; ++i) {
      const idx_t at = format.unified.sel->get_index(rows[i]);
      if (all_valid || format.unified.validity.RowIsValid(at)) AppendText(values[at]);
      offsets_.UnsafeAppend(static_cast<std::int32_t>(bytes_.length()));
    }
  }
  void TakeValues(arrow::ArrayData& data) override {
    if (offsets_.length() == 0) Check(offsets_.Append(0));
    auto offsets = offsets_.Finish();
    Check(offsets.status());
    data.buffers.push_back(*std::move(offsets));
    data.buffers.push_back(Finish(bytes_));
  }

 private:
  void AppendText(const duckdb::string_t& text) {
    const auto size = static_cast<std::int64_t>(text.GetSize());
    if (bytes_.length() + size > std::numeric_limits<std::int32_t>::max()) {
      Raise(Condition::INLET_RESOURCE_LIMIT,
            {{"message", "A row has too much text in one column"}, {"limit", "2147483647 bytes"}});
    }
    Check(bytes_.Append(text.GetData(), size));
  }

  arrow::TypedBufferBuilder<std::int32_t> offsets_;
  arrow::BufferBuilder bytes_;
};

class NullOutput : public ColumnOutput {
 public:
  using ColumnOutput::ColumnOutput;
  std::int64_t num_bytes() const override { return 0; }

 protected:
  void AppendValues(const Format&, const Rows&) override {}
  void TakeValues(arrow::ArrayData& data) override {
    data.buffers = {nullptr};
    data.null_count = data.length;
  }
};

std::unique_ptr<ColumnOutput> MakeColumn(const std::shared_ptr<arrow::DataType>& type);

/// Lists, and maps as lists of (key, value).
class ListOutput : public ColumnOutput {
 public:
  explicit ListOutput(const std::shared_ptr<arrow::DataType>& type)
      : ColumnOutput(type), child_(MakeColumn(type->field(0)->type())) {}
  std::int64_t num_bytes() const override { return child_->num_bytes() + offsets_.length() * 4; }

 protected:
  void AppendValues(const Format& format, const Rows& rows) override {
    const auto* lists = reinterpret_cast<const duckdb::list_entry_t*>(format.unified.data);
    Check(offsets_.Reserve(static_cast<std::int64_t>(rows.size) + 1));
    if (offsets_.length() == 0) offsets_.UnsafeAppend(0);
    elements_.clear();
    for (idx_t i = 0; i < rows.size; ++i) {
      const idx_t at = format.unified.sel->get_index(rows[i]);
      if (format.unified.validity.RowIsValid(at)) {
        const duckdb::list_entry_t list = lists[at];
        const std::size_t before = elements_.size();
        elements_.resize(before + list.length);
        std::iota(elements_.begin() + static_cast<std::ptrdiff_t>(before), elements_.end(),
                  list.offset);
      }
      const std::size_t end = num_elements_ + elements_.size();
      if (end > std::numeric_limits<std::int32_t>::max()) {
        Raise(Condition::INLET_RESOURCE_LIMIT,
              {{"message", "Lists of a batch are too long"}, {"limit", "2147483647 elements"}});
      }
      offsets_.UnsafeAppend(static_cast<std::int32_t>(end));
    }
    if (!elements_.empty()) {
      child_->Append(format.children[0], {.size = elements_.size(), .places = elements_.data()});
    }
    num_elements_ += elements_.size();
  }

  void TakeValues(arrow::ArrayData& data) override {
    if (offsets_.length() == 0) Check(offsets_.Append(0));
    auto offsets = offsets_.Finish();
    Check(offsets.status());
    data.buffers.push_back(*std::move(offsets));
    data.child_data.push_back(child_->Take());
    num_elements_ = 0;
  }

 private:
  std::unique_ptr<ColumnOutput> child_;
  arrow::TypedBufferBuilder<std::int32_t> offsets_;
  std::vector<idx_t> elements_;
  std::size_t num_elements_ = 0;
};

class StructOutput : public ColumnOutput {
 public:
  explicit StructOutput(const std::shared_ptr<arrow::DataType>& type) : ColumnOutput(type) {
    for (const auto& field : type->fields()) fields_.push_back(MakeColumn(field->type()));
  }
  std::int64_t num_bytes() const override {
    std::int64_t sum = 0;
    for (const auto& field : fields_) sum += field->num_bytes();
    return sum;
  }

 protected:
  /// The selection of a struct applies to its fields as well.
  void AppendValues(const Format& format, const Rows& rows) override {
    Rows field_rows = rows;
    if (format.unified.sel->IsSet()) {
      places_.resize(rows.size);
      for (idx_t i = 0; i < rows.size; ++i) places_[i] = format.unified.sel->get_index(rows[i]);
      field_rows = {.size = places_.size(), .places = places_.data()};
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      fields_[i]->Append(format.children[i], field_rows);
    }
  }
  void TakeValues(arrow::ArrayData& data) override {
    for (const auto& field : fields_) data.child_data.push_back(field->Take());
  }

 private:
  std::vector<std::unique_ptr<ColumnOutput>> fields_;
  std::vector<idx_t> places_;
};

std::unique_ptr<ColumnOutput> MakeColumn(const std::shared_ptr<arrow::DataType>& type) {
  using enum arrow::Type::type;
  switch (type->id()) {
    case NA:
      return std::make_unique<NullOutput>(type);
    case BOOL:
      return std::make_unique<BooleanOutput>(type);
    case INT8:
      return std::make_unique<FixedWidthOutput<std::int8_t>>(type);
    case INT16:
      return std::make_unique<FixedWidthOutput<std::int16_t>>(type);
    case INT32:
    case DATE32:
      return std::make_unique<FixedWidthOutput<std::int32_t>>(type);
    case INT64:
    case TIMESTAMP:
      return std::make_unique<FixedWidthOutput<std::int64_t>>(type);
    case FLOAT:
      return std::make_unique<FixedWidthOutput<float>>(type);
    case DOUBLE:
      return std::make_unique<FixedWidthOutput<double>>(type);
    case DECIMAL128:
      return std::make_unique<DecimalOutput>(type);
    case STRING:
    case BINARY:
      return std::make_unique<TextOutput>(type);
    case INTERVAL_MONTHS:
      return std::make_unique<MonthsOutput>(type);
    case DURATION:
      return std::make_unique<DurationOutput>(type);
    case LIST:
    case MAP:
      return std::make_unique<ListOutput>(type);
    case STRUCT:
      return std::make_unique<StructOutput>(type);
    default:
      throw duckdb::InternalException("No output for the Arrow type " + type->ToString());
  }
}

/// Bytes of text below a vector's rows, roughly: what decides how many rows go into one step.
idx_t TextBytes(const Format& format, idx_t size) {
  idx_t sum = 0;
  if (format.unified.physical_type == duckdb::PhysicalType::VARCHAR) {
    const auto* values = reinterpret_cast<const duckdb::string_t*>(format.unified.data);
    for (idx_t i = 0; i < size; ++i) {
      const idx_t at = format.unified.sel->get_index(i);
      if (format.unified.validity.RowIsValid(at)) sum += values[at].GetSize();
    }
  } else if (format.unified.physical_type == duckdb::PhysicalType::LIST) {
    const auto* lists = reinterpret_cast<const duckdb::list_entry_t*>(format.unified.data);
    idx_t elements = 0;
    for (idx_t i = 0; i < size; ++i) {
      const idx_t at = format.unified.sel->get_index(i);
      if (format.unified.validity.RowIsValid(at)) {
        elements = std::max(elements, lists[at].offset + lists[at].length);
      }
    }
    sum = elements * 8 + TextBytes(format.children[0], elements);
  } else {
    for (const Format& child : format.children) sum += TextBytes(child, size);
  }
  return sum;
}

}  // namespace

ArrowOutput::ArrowOutput(const types::StructType& schema) : schema_(types::ToArrow(schema)) {
  for (const auto& field : schema_->fields()) columns_.push_back(MakeColumn(field->type()));
}
ArrowOutput::~ArrowOutput() = default;
ArrowOutput::ArrowOutput(ArrowOutput&&) noexcept = default;
ArrowOutput& ArrowOutput::operator=(ArrowOutput&&) noexcept = default;

std::uint64_t ArrowOutput::Append(duckdb::DataChunk& chunk, std::uint64_t first_row) {
  const idx_t size = chunk.size();
  std::vector<Format> formats(columns_.size());
  idx_t heaviest = 1;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    duckdb::Vector::RecursiveToUnifiedFormat(chunk.data[i], size, formats[i]);
    heaviest = std::max(heaviest, TextBytes(formats[i], size));
  }
  const idx_t step = heaviest > kStepBytes ? 1 : size;
  while (first_row < size && !full()) {
    const Rows rows{.begin = first_row, .size = std::min(step, size - first_row)};
    for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i]->Append(formats[i], rows);
    first_row += rows.size;
    num_rows_ += static_cast<std::int64_t>(rows.size);
  }
  return first_row;
}

bool ArrowOutput::full() const {
  if (num_rows_ >= kBatchRows) return true;
  std::int64_t bytes = 0;
  for (const auto& column : columns_) bytes += column->num_bytes();
  return bytes >= kBatchBytes;
}

types::BatchPtr ArrowOutput::Take() {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  for (const auto& column : columns_) columns.push_back(column->Take());
  const std::int64_t rows = std::exchange(num_rows_, 0);
  return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
}

}  // namespace inlet::engine
