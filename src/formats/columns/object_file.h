#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>

#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::formats {

/// An object of a store as a file of Arrow's; no copy where the store maps it. Thread-safe, but for
/// Read() and Seek(), which share one position.
class ObjectFile : public arrow::io::RandomAccessFile {
 public:
  /// `url` names it in messages.
  ObjectFile(std::unique_ptr<storage::ObjectReader> object, std::string url);

  const storage::ObjectInfo& info() const { return object_->info(); }
  const std::string& url() const { return url_; }
  bool is_mapped() const { return mapped_.has_value(); }
  /// Storage's own error behind an arrow::Status, which can carry only its text.
  std::optional<Error> storage_error() const;

  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override;
  arrow::Result<std::int64_t> GetSize() override { return object_->info().size_bytes; }
  arrow::Result<std::int64_t> Read(std::int64_t length, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t length) override;
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t length,
                                     void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t length) override;

 private:
  std::shared_ptr<storage::ObjectReader> object_;
  std::string url_;
  std::optional<std::string_view> mapped_;  // Of object_.
  std::int64_t position_ = 0;
  bool closed_ = false;
  mutable std::mutex mutex_;  // Guards error_.
  std::optional<Error> error_;
};

/// A limit on what this thread allocates from BudgetPool() during the object's life, so that a
/// small damaged or hostile file cannot ask for all memory. Not nested.
class AllocationBudget {
 public:
  explicit AllocationBudget(std::int64_t bytes);
  ~AllocationBudget();
  AllocationBudget(const AllocationBudget&) = delete;
  AllocationBudget& operator=(const AllocationBudget&) = delete;
  /// Whether an allocation was refused.
  bool exceeded() const;
};

/// Arrow's default pool, under the calling thread's AllocationBudget if it has one. Lives for ever,
/// as buffers may outlive their reader.
arrow::MemoryPool* BudgetPool();

}  // namespace inlet::formats
