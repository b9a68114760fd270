#include "engine/duckdb/arrow_input.h"

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/decimal.h>

#include <duckdb/common/exception.hpp>
#include <duckdb/common/types/vector.hpp>

namespace inlet::engine {
namespace {

using duckdb::idx_t;
using duckdb::Vector;

/// A part of an Arrow array by its absolute place in the buffers (its offset included).
struct Range {
  const arrow::ArrayData& data;
  std::int64_t begin;
  idx_t size;
};

/// Keeps the Arrow batch alive as long as a vector shows its memory.
class ArrowOwner : public duckdb::VectorBuffer {
 public:
  explicit ArrowOwner(std::shared_ptr<arrow::ArrayData> array)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), array_(std::move(array)) {}

 private:
  std::shared_ptr<arrow::ArrayData> array_;
};

using Owner = duckdb::buffer_ptr<duckdb::VectorBuffer>;

void Show(const Range& range, const Owner& owner, Vector& vector);

void ShowValidity(const Range& range, Vector& vector) {
  const auto& bitmap = range.data.buffers[0];
  if (range.data.null_count == 0 || !bitmap || range.size == 0) return;
  auto& validity = duckdb::FlatVector::Validity(vector);
  validity.Initialize(std::max<idx_t>(range.size, STANDARD_VECTOR_SIZE));
  arrow::internal::CopyBitmap(bitmap->data(), range.begin, static_cast<std::int64_t>(range.size),
                              reinterpret_cast<std::uint8_t*>(validity.GetData()), 0);
}

void ShowNulls(const Range& range, Vector& vector) {
  auto& validity = duckdb::FlatVector::Validity(vector);
  validity.Initialize(std::max<idx_t>(range.size, STANDARD_VECTOR_SIZE));
  validity.SetAllInvalid(range.size);
}

template <class T>
const T* ValuesOf(const Range& range) {
  const auto& buffer = range.data.buffers[1];
  return buffer ? reinterpret_cast<const T*>(buffer->data()) + range.begin : nullptr;
}

/// Same layout on both sides: points into Arrow's memory where it is aligned.
template <class T>
void ShowFixedWidth(const Range& range, const Owner& owner, Vector& vector) {
  const T* values = ValuesOf<T>(range);
  if (values == nullptr) return;
  if (reinterpret_cast<std::uintptr_t>(values) % alignof(T) != 0) {
    std::memcpy(duckdb::FlatVector::GetData(vector), values, range.size * sizeof(T));
    return;
  }
  duckdb::FlatVector::SetData(vector, reinterpret_cast<duckdb::data_ptr_t>(const_cast<T*>(values)));
  vector.SetAuxiliary(owner);
}

void ShowBooleans(const Range& range, Vector& vector) {
  const auto& buffer = range.data.buffers[1];
  if (!buffer) return;
  bool* out = duckdb::FlatVector::GetData<bool>(vector);
  for (idx_t i = 0; i < range.size; ++i) {
    out[i] = arrow::bit_util::GetBit(buffer->data(), range.begin + static_cast<std::int64_t>(i));
  }
}

/// DuckDB keeps a DECIMAL in the narrowest integer that holds its precision.
template <class T>
void NarrowDecimals(const Range& range, Vector& vector) {
  const auto& buffer = range.data.buffers[1];
  if (!buffer) return;
  const std::uint8_t* values = buffer->data() + range.begin * 16;
  T* out = duckdb::FlatVector::GetData<T>(vector);
  for (idx_t i = 0; i < range.size; ++i) std::memcpy(out + i, values + i * 16, sizeof(T));
}

void ShowDecimals(const Range& range, const Owner& owner, Vector& vector) {
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::INT16:
      return NarrowDecimals<std::int16_t>(range, vector);
    case duckdb::PhysicalType::INT32:
      return NarrowDecimals<std::int32_t>(range, vector);
    case duckdb::PhysicalType::INT64:
      return NarrowDecimals<std::int64_t>(range, vector);
    default:
      return ShowFixedWidth<duckdb::hugeint_t>(range, owner, vector);
  }
}

void ShowTexts(const Range& range, const Owner& owner, Vector& vector) {
  const std::int32_t* offsets = ValuesOf<std::int32_t>(range);
  if (offsets == nullptr) return;
  const auto& bytes = range.data.buffers[2];
  const char* text = bytes ? reinterpret_cast<const char*>(bytes->data()) : "";
  auto* out = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
  for (idx_t i = 0; i < range.size; ++i) {
    out[i] = duckdb::string_t(text + offsets[i],
                              static_cast<std::uint32_t>(offsets[i + 1] - offsets[i]));
  }
  duckdb::StringVector::AddBuffer(vector, owner);
}

void ShowMonths(const Range& range, Vector& vector) {
  const std::int32_t* months = ValuesOf<std::int32_t>(range);
  auto* out = duckdb::FlatVector::GetData<duckdb::interval_t>(vector);
  for (idx_t i = 0; months != nullptr && i < range.size; ++i) out[i] = {months[i], 0, 0};
}

/// Spark's day-time interval is one number of microseconds; DuckDB prints days apart.
void ShowDurations(const Range& range, Vector& vector) {
  constexpr std::int64_t kDay = 86'400'000'000;
  const std::int64_t* micros = ValuesOf<std::int64_t>(range);
  auto* out = duckdb::FlatVector::GetData<duckdb::interval_t>(vector);
  for (idx_t i = 0; micros != nullptr && i < range.size; ++i) {
    out[i] = {0, static_cast<std::int32_t>(micros[i] / kDay), micros[i] % kDay};
  }
}

/// Lists and maps, which DuckDB holds as lists of (key, value).
void ShowLists(const Range& range, const Owner& owner, Vector& vector) {
  const std::int32_t* offsets = ValuesOf<std::int32_t>(range);
  const arrow::ArrayData& child = *range.data.child_data[0];
  const std::int64_t first = offsets == nullptr ? 0 : offsets[0];
  const idx_t size = offsets == nullptr ? 0 : static_cast<idx_t>(offsets[range.size] - first);
  auto* out = duckdb::FlatVector::GetData<duckdb::list_entry_t>(vector);
  for (idx_t i = 0; offsets != nullptr && i < range.size; ++i) {
    out[i] = {static_cast<idx_t>(offsets[i] - first),
              static_cast<idx_t>(offsets[i + 1] - offsets[i])};
  }
  duckdb::ListVector::Reserve(vector, size);
  Show({child, child.offset + first, size}, owner, duckdb::ListVector::GetEntry(vector));
  duckdb::ListVector::SetListSize(vector, size);
}

/// DuckDB reads a field of a struct without looking at the struct's own validity: the fields of a
/// NULL struct must be NULL.
void ShowStructs(const Range& range, const Owner& owner, Vector& vector) {
  auto& fields = duckdb::StructVector::GetEntries(vector);
  const auto& validity = duckdb::FlatVector::Validity(vector);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const arrow::ArrayData& child = *range.data.child_data[i];
    Show({child, child.offset + range.begin, range.size}, owner, *fields[i]);
    if (validity.AllValid()) continue;
    auto& field_validity = duckdb::FlatVector::Validity(*fields[i]);
    if (field_validity.AllValid()) {
      field_validity.Initialize(std::max<idx_t>(range.size, STANDARD_VECTOR_SIZE));
    }
    for (idx_t row = 0; row < range.size; ++row) {
      if (!validity.RowIsValid(row)) duckdb::FlatVector::SetNull(*fields[i], row, true);
    }
  }
}

void Show(const Range& range, const Owner& owner, Vector& vector) {
  using enum arrow::Type::type;
  const arrow::Type::type id = range.data.type->id();
  if (id == NA) return ShowNulls(range, vector);
  ShowValidity(range, vector);
  switch (id) {
    case BOOL:
      return ShowBooleans(range, vector);
    case INT8:
      return ShowFixedWidth<std::int8_t>(range, owner, vector);
    case INT16:
      return ShowFixedWidth<std::int16_t>(range, owner, vector);
    case INT32:
      return ShowFixedWidth<std::int32_t>(range, owner, vector);
    case INT64:
      return ShowFixedWidth<std::int64_t>(range, owner, vector);
    case FLOAT:
      return ShowFixedWidth<float>(range, owner, vector);
    case DOUBLE:
      return ShowFixedWidth<double>(range, owner, vector);
    case DATE32:
      return ShowFixedWidth<duckdb::date_t>(range, owner, vector);
    case TIMESTAMP:
      return ShowFixedWidth<duckdb::timestamp_t>(range, owner, vector);
    case DECIMAL128:
      return ShowDecimals(range, owner, vector);
    case STRING:
    case BINARY:
      return ShowTexts(range, owner, vector);
    case INTERVAL_MONTHS:
      return ShowMonths(range, vector);
    case DURATION:
      return ShowDurations(range, vector);
    case LIST:
    case MAP:
      return ShowLists(range, owner, vector);
    case STRUCT:
      return ShowStructs(range, owner, vector);
    default:
      throw duckdb::InternalException("A batch has a column of the type " +
                                      range.data.type->ToString());
  }
}

}  // namespace

void ShowArrowArray(const std::shared_ptr<arrow::ArrayData>& array, std::int64_t first_row,
                    std::int64_t num_rows, duckdb::Vector& vector) {
  Show({*array, array->offset + first_row, static_cast<idx_t>(num_rows)},
       duckdb::make_buffer<ArrowOwner>(array), vector);
}

}  // namespace inlet::engine
