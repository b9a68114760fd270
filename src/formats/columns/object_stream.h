#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/status.h>

#include <memory>
#include <optional>
#include <utility>

#include "storage/object_store.h"

namespace inlet::formats {

/// An object under construction as a stream of Arrow's. Keeps storage's own error. Not thread-safe.
class ObjectStream : public arrow::io::OutputStream {
 public:
  explicit ObjectStream(std::unique_ptr<storage::ObjectWriter> object)
      : object_(std::move(object)) {
    set_mode(arrow::io::FileMode::WRITE);
  }

  arrow::Status Write(const void* data, std::int64_t length) override {
    const Status status = object_->Append(
        std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(length)));
    if (!status) {
      error_ = status.error();
      return arrow::Status::IOError(MessageOf(*error_));
    }
    position_ += length;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

  std::int64_t position() const { return position_; }
  const std::optional<Error>& error() const { return error_; }
  Result<storage::ObjectInfo> Finish() { return object_->Finish(); }

 private:
  std::unique_ptr<storage::ObjectWriter> object_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace inlet::formats
