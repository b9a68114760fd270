#include "delta/stored_file.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <algorithm>
#include <utility>

namespace inlet::delta {
namespace {

class StoredFile : public arrow::io::RandomAccessFile {
 public:
  explicit StoredFile(std::unique_ptr<storage::ObjectReader> reader) : reader_(std::move(reader)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> GetSize() override { return reader_->info().size_bytes; }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t num_bytes,
                                     void* out) override {
    const Result<std::int64_t> read =
        reader_->ReadAt({.position = position, .length = num_bytes}, static_cast<char*>(out));
    if (!read) return arrow::Status::IOError(MessageOf(read.error()));
    return *read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t num_bytes) override {
    const std::int64_t left = std::max<std::int64_t>(reader_->info().size_bytes - position, 0);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::min(num_bytes, left)));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read,
                          ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(position_, num_bytes, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, num_bytes));
    position_ += buffer->size();
    return buffer;
  }

 private:
  std::unique_ptr<storage::ObjectReader> reader_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenStoredFile(
    const storage::ObjectStore& store, const storage::ObjectInfo& info) {
  std::unique_ptr<storage::ObjectReader> reader = TRY(store.Open(info));
  return std::make_shared<StoredFile>(std::move(reader));
}

}  // namespace inlet::delta
