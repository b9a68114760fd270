#include "types/column_builder.h"

#include <arrow/api.h>

#include <algorithm>
#include <limits>
#include <new>

#include "types/arrow.h"

namespace inlet::types {
namespace {

constexpr std::size_t kSmallestBuffer = 256;

int WidthOf(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
    case TypeId::kByte:
      return 1;
    case TypeId::kShort:
      return 2;
    case TypeId::kInteger:
    case TypeId::kFloat:
    case TypeId::kDate:
    case TypeId::kYearMonthInterval:
      return 4;
    case TypeId::kLong:
    case TypeId::kDouble:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
    case TypeId::kDayTimeInterval:
      return 8;
    case TypeId::kDecimal:
      return 16;
    default:
      return 0;
  }
}

/// One bit a byte, as Arrow wants them; `bytes` are 0 or 1.
std::shared_ptr<arrow::Buffer> PackBits(const char* bytes, std::int64_t count,
                                        std::int64_t* zeros) {
  auto bits = arrow::AllocateBuffer((count + 7) / 8).ValueOrDie();
  auto* out = bits->mutable_data();
  std::int64_t ones = 0;
  for (std::int64_t i = 0; i < count; i += 8) {
    const std::int64_t end = std::min<std::int64_t>(count, i + 8);
    unsigned packed = 0;
    for (std::int64_t j = i; j < end; ++j) {
      const auto bit = static_cast<unsigned>(bytes[j]);
      packed |= bit << (j - i);
      ones += bit;
    }
    out[i / 8] = static_cast<std::uint8_t>(packed);
  }
  if (zeros != nullptr) *zeros = count - ones;
  return bits;
}

}  // namespace

void GrowingBuffer::Grow(std::size_t bytes) {
  const std::size_t wanted =
      std::max({size_ + bytes, capacity_ * 2, expected_ + expected_ / 8, kSmallestBuffer});
  if (buffer_ == nullptr) {
    auto allocated = arrow::AllocateResizableBuffer(static_cast<std::int64_t>(wanted));
    if (!allocated.ok()) throw std::bad_alloc();
    buffer_ = *std::move(allocated);
  } else if (!buffer_->Resize(static_cast<std::int64_t>(wanted), /*shrink_to_fit=*/false).ok()) {
    throw std::bad_alloc();
  }
  data_ = reinterpret_cast<char*>(buffer_->mutable_data());
  capacity_ = wanted;
}

std::shared_ptr<arrow::Buffer> GrowingBuffer::Finish() {
  Reserve(1);  // An empty column has a buffer too.
  const bool shrink = size_ < capacity_ / 2;
  if (!buffer_->Resize(static_cast<std::int64_t>(size_), shrink).ok()) throw std::bad_alloc();
  expected_ = size_;
  data_ = nullptr;
  size_ = capacity_ = 0;
  return std::move(buffer_);
}

ColumnBuilder::ColumnBuilder(const DataType& type)
    : type_(type), arrow_type_(ToArrow(type)), width_(WidthOf(type.id())) {
  if (type.is(TypeId::kVariant)) {
    children_.push_back(std::make_unique<ColumnBuilder>(TypeId::kBinary));
    children_.push_back(std::make_unique<ColumnBuilder>(TypeId::kBinary));
  } else if (type.is_nested()) {
    for (const StructField& field : type.fields()) {
      children_.push_back(std::make_unique<ColumnBuilder>(field.type));
    }
  }
  if (has_offsets()) offsets_.Append<std::int32_t>(0);
}

bool ColumnBuilder::has_offsets() const {
  return id() == TypeId::kString || id() == TypeId::kBinary || id() == TypeId::kArray ||
         id() == TypeId::kMap;
}

std::int32_t ColumnBuilder::OffsetAt(std::int64_t index) const {
  std::int32_t offset = 0;
  std::memcpy(&offset, offsets_.data() + index * 4, 4);
  return offset;
}

std::int64_t ColumnBuilder::size_bytes() const {
  auto bytes = static_cast<std::int64_t>(values_.size() + offsets_.size() + validity_.size());
  for (const auto& child : children_) bytes += child->size_bytes();
  return bytes;
}

void ColumnBuilder::CountNull() {
  if (!has_nulls_) {
    has_nulls_ = true;
    const auto length = static_cast<std::size_t>(length_);
    std::memset(validity_.Reserve(length + 1), 1, length);
    validity_.Advance(length);
  }
  validity_.Append<std::uint8_t>(0);
  ++length_;
}

void ColumnBuilder::AppendNull() {
  switch (id()) {
    case TypeId::kVoid:
      break;
    case TypeId::kString:
    case TypeId::kBinary:
      offsets_.Append(static_cast<std::int32_t>(values_.size()));
      break;
    case TypeId::kArray:
    case TypeId::kMap:
      offsets_.Append(static_cast<std::int32_t>(children_[0]->length()));
      break;
    case TypeId::kStruct:
      for (const auto& child : children_) child->AppendNull();
      break;
    case TypeId::kVariant:
      for (const auto& child : children_) child->AppendBytes({});
      break;
    default: {
      const auto width = static_cast<std::size_t>(width_);
      std::memset(values_.Reserve(width), 0, width);
      values_.Advance(width);
    }
  }
  CountNull();
}

void ColumnBuilder::AppendVariant(std::string_view metadata, std::string_view value) {
  children_[0]->AppendBytes(metadata);
  children_[1]->AppendBytes(value);
  CountValid();
}

void ColumnBuilder::Truncate(std::int64_t length) {
  if (id() == TypeId::kStruct || id() == TypeId::kVariant) {
    // A child may be ahead while its parent is under construction.
    for (const auto& child : children_) child->Truncate(length);
  } else if (id() == TypeId::kArray || id() == TypeId::kMap) {
    length = std::min(length, length_);
    for (const auto& child : children_) child->Truncate(OffsetAt(length));
    offsets_.Truncate(static_cast<std::size_t>(length + 1) * 4);
  } else if (has_offsets()) {
    length = std::min(length, length_);
    values_.Truncate(static_cast<std::size_t>(OffsetAt(length)));
    offsets_.Truncate(static_cast<std::size_t>(length + 1) * 4);
  } else {
    length = std::min(length, length_);
    values_.Truncate(static_cast<std::size_t>(length * width_));
  }
  length_ = std::min(length, length_);
  if (has_nulls_) validity_.Truncate(static_cast<std::size_t>(length_));
}

std::shared_ptr<arrow::Buffer> ColumnBuilder::FinishValidity(std::int64_t* null_count) {
  *null_count = 0;
  if (!has_nulls_) return nullptr;
  auto bits = PackBits(validity_.data(), length_, null_count);
  validity_.Truncate(0);
  has_nulls_ = false;
  return *null_count == 0 ? nullptr : bits;
}

std::shared_ptr<arrow::Buffer> ColumnBuilder::FinishBooleans() {
  auto bits = PackBits(values_.data(), length_, nullptr);
  values_.Truncate(0);
  return bits;
}

Result<std::shared_ptr<arrow::ArrayData>> ColumnBuilder::FinishData() {
  constexpr std::size_t kMax = std::numeric_limits<std::int32_t>::max();
  const bool too_large =
      has_offsets() && (type_.is_nested() ? static_cast<std::size_t>(children_[0]->length()) > kMax
                                          : values_.size() > kMax);
  if (too_large) {
    return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A batch of one column is too large"},
                                                  {"limit", "2147483647 bytes or elements"}});
  }
  auto data = std::make_shared<arrow::ArrayData>(arrow_type_, length_);
  std::int64_t null_count = 0;
  std::shared_ptr<arrow::Buffer> validity = FinishValidity(&null_count);
  if (id() == TypeId::kVoid) {
    data->buffers = {nullptr};
    data->null_count = length_;
  } else {
    data->null_count = null_count;
    data->buffers = {std::move(validity)};
    if (has_offsets()) data->buffers.push_back(offsets_.Finish());
    if (id() == TypeId::kBoolean) {
      data->buffers.push_back(FinishBooleans());
    } else if (!type_.is_nested() && id() != TypeId::kVariant) {
      data->buffers.push_back(values_.Finish());
    }
  }
  if (id() == TypeId::kMap) {
    // Arrow keeps the entries of a MAP as one child, a struct.
    auto entries = std::make_shared<arrow::ArrayData>(arrow_type_->field(0)->type(),
                                                      children_[0]->length(), 0);
    entries->buffers = {nullptr};
    for (const auto& child : children_) entries->child_data.push_back(TRY(child->FinishData()));
    data->child_data.push_back(std::move(entries));
  } else {
    for (const auto& child : children_) data->child_data.push_back(TRY(child->FinishData()));
  }
  length_ = 0;
  if (has_offsets()) offsets_.Append<std::int32_t>(0);
  return data;
}

Result<std::shared_ptr<arrow::Array>> ColumnBuilder::Finish() {
  return arrow::MakeArray(TRY(FinishData()));
}

BatchBuilder::BatchBuilder(const StructType& schema) : arrow_schema_(ToArrow(schema)) {
  for (const StructField& field : schema.fields) {
    columns_.push_back(std::make_unique<ColumnBuilder>(field.type));
  }
}

std::int64_t BatchBuilder::size_bytes() const {
  std::int64_t bytes = 0;
  for (const auto& column : columns_) bytes += column->size_bytes();
  return bytes;
}

void BatchBuilder::Truncate(std::int64_t num_rows) {
  for (const auto& column : columns_) column->Truncate(num_rows);
}

Result<BatchPtr> BatchBuilder::Finish(std::int64_t num_rows) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  arrays.reserve(columns_.size());
  for (const auto& column : columns_) {
    INLET_CHECK(column->length() == num_rows);
    arrays.push_back(TRY(column->Finish()));
  }
  return arrow::RecordBatch::Make(arrow_schema_, num_rows, std::move(arrays));
}

}  // namespace inlet::types
