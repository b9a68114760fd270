#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/compression/byte_stream.h"
#include "formats/format.h"
#include "formats/json/json_options.h"
#include "storage/object_store.h"
#include "types/json_cursor.h"

namespace inlet::formats {

/// The longest record that is read; beyond it INLET_RESOURCE_LIMIT.
inline constexpr std::size_t kMaxJsonRecordBytes = std::size_t{512} << 20;

/// One record of a file and, where the tokens are known, where its first one stands.
struct JsonRecord {
  std::string_view text;
  const std::uint32_t* tokens = nullptr;  ///< Null: nothing is known of the text.
  const char* base = nullptr;             ///< What tokens count from.
  bool whole_file = false;
};

/// Cuts splits into records: lines, or whole files with multiLine. The bytes of a record live until
/// the next one. Not thread-safe; buffers serve one split after the other.
class JsonRecords {
 public:
  JsonRecords(const storage::ObjectStore& store, const JsonOptions& options)
      : store_(store), options_(options) {}

  /// Begins with another split. Errors: those of storage and of decompression.
  Status Open(const FileSplit& split);
  /// False at the end of the split. Blank lines are left out.
  Result<bool> Next(JsonRecord& record);
  /// Says that the record's tokens before `next` were used, so that they need not be gone over
  /// again.
  void Used(const std::uint32_t* next) {
    if (indexed_) token_ = next;
  }

 private:
  Status OpenSource(const FileSplit& split);
  Result<std::size_t> ReadBytes(char* out, std::size_t count);
  Result<std::size_t> ReadAhead(char* out, std::size_t count);
  Status Grow(std::size_t capacity);
  Status FillBuffer();
  Result<bool> NextRun();
  void SkipFirstLine();
  std::size_t LastSeparatorEnd() const;
  /// Where the line that starts at `begin` ends, and where the next one starts.
  struct Line {
    std::size_t end = 0;
    std::size_t next = 0;
  };
  Line LineAt(std::size_t begin);
  Result<bool> NextWholeFile(JsonRecord& record);

  const storage::ObjectStore& store_;  // Outlives this.
  const JsonOptions& options_;         // Outlives this.
  std::string path_;

  std::unique_ptr<storage::ObjectReader> object_;  // Either this, read from position_,
  std::unique_ptr<ByteStream> stream_;             // or this.
  std::int64_t position_ = 0;
  std::int64_t size_ = 0;
  std::int64_t split_end_ = 0;  // Records that start here or later belong to others; < 0: none do.
  std::string ahead_;           // Read from a remote store but not yet used, from ahead_begin_ on.
  std::size_t ahead_begin_ = 0;
  bool at_end_ = false;
  bool skip_first_line_ = false;

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t data_end_ = 0;
  std::int64_t buffer_position_ = 0;  // Of the buffer's first byte in the file.

  std::size_t run_begin_ = 0;  // Whole lines of the buffer whose tokens are known, if indexed_.
  std::size_t run_end_ = 0;
  std::size_t next_ = 0;  // The next line.
  bool indexed_ = false;
  const std::uint32_t* token_ = nullptr;
  std::size_t next_carriage_return_ = 0;  // The first one at or after next_, or run_end_.
  types::JsonIndexer indexer_;
};

/// Whether the bytes of `file` need neither decompressing nor decoding, so that it can be cut.
/// Looks at its first bytes.
Result<bool> IsPlainJson(const storage::ObjectStore& store, const storage::ObjectInfo& file);

}  // namespace inlet::formats
