#include "formats/columns/object_file.h"

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <algorithm>
#include <limits>

namespace inlet::formats {
namespace {

/// Bytes of a mapped object; keeps the mapping alive.
class MappedBuffer : public arrow::Buffer {
 public:
  MappedBuffer(std::string_view bytes, std::shared_ptr<storage::ObjectReader> owner)
      : Buffer(bytes), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<storage::ObjectReader> owner_;
};

struct BudgetState {
  std::int64_t left = std::numeric_limits<std::int64_t>::max();
  bool exceeded = false;
};
thread_local BudgetState budget_state;

class ThreadBudgetPool : public arrow::MemoryPool {
 public:
  arrow::Status Allocate(std::int64_t size, std::int64_t alignment, std::uint8_t** out) override {
    ARROW_RETURN_NOT_OK(Take(size));
    return pool_->Allocate(size, alignment, out);
  }
  arrow::Status Reallocate(std::int64_t old_size, std::int64_t new_size, std::int64_t alignment,
                           std::uint8_t** data) override {
    ARROW_RETURN_NOT_OK(Take(new_size - old_size));
    return pool_->Reallocate(old_size, new_size, alignment, data);
  }
  void Free(std::uint8_t* buffer, std::int64_t size, std::int64_t alignment) override {
    GiveBack(size);
    pool_->Free(buffer, size, alignment);
  }
  std::int64_t bytes_allocated() const override { return pool_->bytes_allocated(); }
  std::int64_t total_bytes_allocated() const override { return pool_->total_bytes_allocated(); }
  std::int64_t num_allocations() const override { return pool_->num_allocations(); }
  std::int64_t max_memory() const override { return pool_->max_memory(); }
  std::string backend_name() const override { return pool_->backend_name(); }

 private:
  static arrow::Status Take(std::int64_t size) {
    if (size > budget_state.left) {
      budget_state.exceeded = true;
      return arrow::Status::OutOfMemory("the limit of one batch");
    }
    if (budget_state.left != std::numeric_limits<std::int64_t>::max()) budget_state.left -= size;
    return arrow::Status::OK();
  }
  static void GiveBack(std::int64_t size) {
    if (budget_state.left < std::numeric_limits<std::int64_t>::max() - size) {
      budget_state.left += size;
    }
  }

  arrow::MemoryPool* pool_ = arrow::default_memory_pool();
};

}  // namespace

ObjectFile::ObjectFile(std::unique_ptr<storage::ObjectReader> object, std::string url)
    : object_(std::move(object)), url_(std::move(url)), mapped_(object_->Mapped()) {
  set_mode(arrow::io::FileMode::READ);
}

std::optional<Error> ObjectFile::storage_error() const {
  std::lock_guard lock(mutex_);
  return error_;
}

arrow::Status ObjectFile::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

arrow::Status ObjectFile::Seek(std::int64_t position) {
  if (position < 0) return arrow::Status::Invalid("negative position");
  position_ = position;
  return arrow::Status::OK();
}

arrow::Result<std::int64_t> ObjectFile::Read(std::int64_t length, void* out) {
  ARROW_ASSIGN_OR_RAISE(std::int64_t done, ReadAt(position_, length, out));
  position_ += done;
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ObjectFile::Read(std::int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, length));
  position_ += buffer->size();
  return buffer;
}

arrow::Result<std::int64_t> ObjectFile::ReadAt(std::int64_t position, std::int64_t length,
                                               void* out) {
  const std::int64_t size = object_->info().size_bytes;
  if (position < 0 || length < 0 || position > size) {
    return arrow::Status::IOError("bytes outside of the file");
  }
  length = std::min(length, size - position);
  if (length == 0) return 0;
  if (mapped_) {
    // The mapping may be shorter than the listing said when the file shrank.
    const auto available = static_cast<std::int64_t>(mapped_->size());
    length = std::clamp<std::int64_t>(available - position, 0, length);
    std::copy_n(mapped_->data() + position, length, static_cast<char*>(out));
    return length;
  }
  Result<std::int64_t> done =
      object_->ReadAt({.position = position, .length = length}, static_cast<char*>(out));
  if (!done) {
    std::lock_guard lock(mutex_);
    error_ = done.error();
    return arrow::Status::IOError(MessageOf(*error_));
  }
  return *done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ObjectFile::ReadAt(std::int64_t position,
                                                                 std::int64_t length) {
  const std::int64_t size = object_->info().size_bytes;
  if (position < 0 || length < 0 || position > size) {
    return arrow::Status::IOError("bytes outside of the file");
  }
  length = std::min(length, size - position);
  if (mapped_ && position + length <= static_cast<std::int64_t>(mapped_->size())) {
    return std::make_shared<MappedBuffer>(
        mapped_->substr(static_cast<std::size_t>(position), static_cast<std::size_t>(length)),
        object_);
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(length, BudgetPool()));
  ARROW_ASSIGN_OR_RAISE(std::int64_t done, ReadAt(position, length, buffer->mutable_data()));
  if (done < length) ARROW_RETURN_NOT_OK(buffer->Resize(done));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

AllocationBudget::AllocationBudget(std::int64_t bytes) { budget_state = {.left = bytes}; }
AllocationBudget::~AllocationBudget() { budget_state = {}; }
bool AllocationBudget::exceeded() const { return budget_state.exceeded; }

arrow::MemoryPool* BudgetPool() {
  static auto* const pool = new ThreadBudgetPool;  // Never destroyed: buffers may outlive main().
  return pool;
}

}  // namespace inlet::formats
