#pragma once

#include <string>
#include <string_view>

#include "types/data_type.h"
#include "types/json_text.h"

namespace inlet::formats {

/// What of one record found no place, as the inside of a JSON object that has the shape of the
/// record: `"id":"x7","address":{"zip":[1]}`. Values stand as in the record.
class JsonRescue {
 public:
  bool active = false;

  void Clear() {
    text_.clear();
    frame_begin_ = 0;
  }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

  /// `name` is unescaped, `value` is JSON.
  void Add(std::string_view name, std::string_view value) {
    Separate();
    types::AppendJsonQuoted(name, text_);
    text_ += ':';
    text_ += value;
  }

  /// What is added between Enter() and Leave() lies one level deeper.
  struct Frame {
    std::size_t outer_begin = 0;
    std::size_t begin = 0;
  };
  Frame Enter() {
    const Frame frame{.outer_begin = frame_begin_, .begin = text_.size()};
    frame_begin_ = text_.size();
    return frame;
  }
  void Rewind(std::size_t size) { text_.resize(size); }
  /// Nothing of it counts.
  void Discard(const Frame& frame) {
    text_.resize(frame.begin);
    frame_begin_ = frame.outer_begin;
  }
  void LeaveField(const Frame& frame, std::string_view name, types::TypeId id) {
    const std::string inner = Take(frame);
    if (inner.empty()) return;
    std::string value;
    Wrap(inner, id, value);
    Add(name, value);
  }
  /// `next` counts the elements that the array has in the text so far; those without anything to
  /// rescue stand as null, so that places can be told.
  void LeaveElement(const Frame& frame, std::int64_t index, std::int64_t& next, types::TypeId id) {
    const std::string inner = Take(frame);
    if (inner.empty()) return;
    for (; next < index; ++next) {
      Separate();
      text_ += "null";
    }
    Separate();
    Wrap(inner, id, text_);
    ++next;
  }

 private:
  void Separate() {
    if (text_.size() > frame_begin_) text_ += ',';
  }
  std::string Take(const Frame& frame) {
    std::string inner = text_.substr(frame.begin);
    Discard(frame);
    return inner;
  }
  static void Wrap(std::string_view inner, types::TypeId id, std::string& out) {
    const bool array = id == types::TypeId::kArray;
    out += array ? '[' : '{';
    out += inner;
    out += array ? ']' : '}';
  }

  std::string text_;
  std::size_t frame_begin_ = 0;
};

}  // namespace inlet::formats
