#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/compression/byte_stream.h"
#include "formats/encoding/text_encoding.h"
#include "formats/format.h"

namespace inlet::formats {

/// The bytes of a split as UTF-8, seen through a window that moves forward and grows on demand.
/// Not thread-safe.
class TextInput {
 public:
  /// A record of more bytes than this is refused.
  static constexpr std::size_t kMaxWindowBytes = std::size_t{512} << 20;

  /// Decompresses and decodes as needed; then the split has to be the whole file.
  /// Errors: those of OpenByteStream().
  static Result<std::unique_ptr<TextInput>> Open(const storage::ObjectStore& store,
                                                 const FileSplit& split, TextEncoding encoding);

  /// True when byte positions of the file are those of the text, so that it can be cut.
  static Result<bool> IsPlain(const storage::ObjectReader& reader, TextEncoding encoding);

  /// What is to be read next. Views into it hold until Consume() or Grow().
  std::string_view window() const { return window_; }
  /// The window ends where the file ends.
  bool is_last() const { return is_last_; }
  /// Where the window begins in the file, for a plain file.
  std::int64_t position() const { return position_; }

  void Consume(std::size_t bytes);
  /// Makes the window longer, unless it is the last one.
  /// Errors: INLET_RESOURCE_LIMIT beyond kMaxWindowBytes.
  Status Grow();

 private:
  TextInput() = default;
  void SetMappedWindow(std::size_t size);

  std::string path_;
  std::unique_ptr<storage::ObjectReader> reader_;  // Keeps a mapped file mapped.
  std::string_view mapped_;                        // The rest of it, from the window on.
  std::unique_ptr<ByteStream> stream_;             // Null for a mapped file.
  std::vector<char> buffer_;
  std::string_view window_;
  bool is_last_ = false;
  std::int64_t position_ = 0;
};

}  // namespace inlet::formats
