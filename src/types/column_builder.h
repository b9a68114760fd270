#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::types {

__extension__ using Int128 = __int128;

/// Bytes that grow, in memory of Arrow's pool, so that they become a column without a copy.
/// Not thread-safe.
class GrowingBuffer {
 public:
  GrowingBuffer() = default;
  GrowingBuffer(GrowingBuffer&&) noexcept = default;
  GrowingBuffer& operator=(GrowingBuffer&&) noexcept = default;

  char* data() { return data_; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  void Truncate(std::size_t size) { size_ = size; }

  /// Room for `bytes` more; they count when Advance() says so.
  char* Reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]]
      Grow(bytes);
    return data_ + size_;
  }
  void Advance(std::size_t bytes) { size_ += bytes; }

  void Append(const void* bytes, std::size_t count) {
    char* out = Reserve(count);
    if (count != 0) std::memcpy(out, bytes, count);
    size_ += count;
  }
  template <class T>
  void Append(T value) {
    std::memcpy(Reserve(sizeof(T)), &value, sizeof(T));
    size_ += sizeof(T);
  }
  /// Hands the bytes over and is empty again, with room for as many at the next Reserve().
  std::shared_ptr<arrow::Buffer> Finish();

 private:
  void Grow(std::size_t bytes);

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t expected_ = 0;
  std::shared_ptr<arrow::ResizableBuffer> buffer_;
};

/// One column under construction, nested ones with their children. Unlike Arrow's builders it can
/// take values back, which a reader needs when a record turns out to be broken half-way.
///
/// Not thread-safe. Appending a value of another type than type() is a mistake of the caller.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(const DataType& type);

  const DataType& type() const { return type_; }
  TypeId id() const { return type_.id(); }
  std::int64_t length() const { return length_; }
  /// About how much memory the values take.
  std::int64_t size_bytes() const;

  /// A NULL; in an ARRAY or MAP one without elements, in a STRUCT also for the children.
  void AppendNull();

  void AppendBoolean(bool value) { AppendFixed<std::uint8_t>(value ? 1 : 0); }
  void AppendByte(std::int8_t value) { AppendFixed(value); }
  void AppendShort(std::int16_t value) { AppendFixed(value); }
  void AppendInteger(std::int32_t value) { AppendFixed(value); }  ///< Also DATE, in days.
  void AppendLong(std::int64_t value) { AppendFixed(value); }  ///< Also TIMESTAMP and _NTZ, in us.
  void AppendFloat(float value) { AppendFixed(value); }
  void AppendDouble(double value) { AppendFixed(value); }
  void AppendDecimal(Int128 unscaled) { AppendFixed(unscaled); }

  /// STRING and BINARY; a STRING must be UTF-8.
  void AppendBytes(std::string_view bytes) {
    values_.Append(bytes.data(), bytes.size());
    CloseBytes();
  }
  /// The same in pieces: write to bytes(), then close the value.
  GrowingBuffer& bytes() { return values_; }
  void CloseBytes() {
    offsets_.Append(static_cast<std::int32_t>(values_.size()));
    CountValid();
  }

  /// VARIANT; types/variant.h makes the two parts.
  void AppendVariant(std::string_view metadata, std::string_view value);

  /// STRUCT: its fields. ARRAY: the elements. MAP: keys and values.
  std::size_t num_children() const { return children_.size(); }
  ColumnBuilder& child(std::size_t index) { return *children_[index]; }
  /// Ends one STRUCT, when each child has had its value; or one ARRAY or MAP, whose elements are
  /// those that the children got since the last one.
  void CloseNested() {
    if (id() != TypeId::kStruct) {
      offsets_.Append(static_cast<std::int32_t>(children_[0]->length()));
    }
    CountValid();
  }

  /// Takes back all values after the first `length`, and elements that belong to no ARRAY or MAP.
  void Truncate(std::int64_t length);

  /// The values so far; then the builder is empty again.
  /// Errors: INLET_RESOURCE_LIMIT for more than 2 GB of text or 2^31 elements in one column.
  Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  template <class T>
  void AppendFixed(T value) {
    values_.Append(value);
    CountValid();
  }
  void CountValid() {
    if (has_nulls_) [[unlikely]]
      validity_.Append<std::uint8_t>(1);
    ++length_;
  }
  void CountNull();
  bool has_offsets() const;
  std::int32_t OffsetAt(std::int64_t index) const;
  Result<std::shared_ptr<arrow::ArrayData>> FinishData();
  std::shared_ptr<arrow::Buffer> FinishValidity(std::int64_t* null_count);
  std::shared_ptr<arrow::Buffer> FinishBooleans();

  DataType type_;
  std::shared_ptr<arrow::DataType> arrow_type_;
  int width_ = 0;  // Of a fixed-width value; BOOLEAN takes a byte while building.
  std::int64_t length_ = 0;
  bool has_nulls_ = false;
  GrowingBuffer validity_;  // A byte a value, from the first NULL on.
  GrowingBuffer offsets_;
  GrowingBuffer values_;
  std::vector<std::unique_ptr<ColumnBuilder>> children_;
};

/// The columns of one batch under construction.
class BatchBuilder {
 public:
  explicit BatchBuilder(const StructType& schema);

  std::size_t num_columns() const { return columns_.size(); }
  ColumnBuilder& column(std::size_t index) { return *columns_[index]; }
  std::int64_t size_bytes() const;
  void Truncate(std::int64_t num_rows);
  /// Each column must have `num_rows` values. Errors: as ColumnBuilder::Finish().
  Result<BatchPtr> Finish(std::int64_t num_rows);

 private:
  std::shared_ptr<arrow::Schema> arrow_schema_;
  std::vector<std::unique_ptr<ColumnBuilder>> columns_;
};

}  // namespace inlet::types
