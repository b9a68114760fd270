#pragma once

#include <string>
#include <string_view>

#include "types/json_cursor.h"

namespace inlet::types {

/// One JSON text with its tokens, for functions that get one after the other. Copies the text, so
/// that a cursor may read beyond its end. Not thread-safe; meant to be used again.
class JsonDocument {
 public:
  void Load(std::string_view text) {
    text_size_ = text.size();
    buffer_.assign(text);
    buffer_.append(kPadding, '\0');
    indexed_ = indexer_.Index(this->text());
  }
  std::string_view text() const { return std::string_view(buffer_).substr(0, text_size_); }

  /// Calls `read` with a cursor at the start: a strict one, and should that give false because the
  /// text is not standard JSON, a relaxed one. `read` must then forget what it did before.
  template <class Read>
  bool Visit(const JsonSyntax& syntax, const Read& read) {
    if (indexed_) {
      JsonCursor cursor(buffer_.data(), indexer_.tokens(), syntax);
      if (read(cursor)) return true;
    } else if (!IsUtf8(text())) {
      return false;
    }
    RelaxedJsonCursor cursor(text(), syntax);
    return read(cursor);
  }

 private:
  static constexpr std::size_t kPadding = 64;
  static bool IsUtf8(std::string_view text);

  std::string buffer_;
  std::size_t text_size_ = 0;
  bool indexed_ = false;
  JsonIndexer indexer_;
};

}  // namespace inlet::types
