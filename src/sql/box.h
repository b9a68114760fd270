#pragma once

#include <memory>
#include <utility>

namespace inlet::sql {

/// An optional T on the heap that copies like a value, so that a tree of plain structs does too.
/// Empty by default; a moved-from box is empty.
template <class T>
class Box {
 public:
  Box() = default;
  Box(T value)  // NOLINT(google-explicit-constructor): a Box is written like its value.
      : value_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
    return *this;
  }
  Box& operator=(Box&&) noexcept = default;
  ~Box() = default;

  explicit operator bool() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  T* get() { return value_.get(); }
  const T* get() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace inlet::sql
