#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// What the record says of a file.
enum class FileState : std::uint8_t {
  kLoaded,
  kForgotten,  ///< Taken out of the record again: it counts as not loaded.
  kRejected,   ///< Left out because of its content: it counts as not loaded.
};

/// A file that a table has loaded, or has left out.
struct LoadedFile {
  std::string path;  ///< As a URL.
  std::int64_t size_bytes = 0;
  std::int64_t modified_at_ms = 0;
  std::string etag;  ///< Empty when the store has none.
  std::int64_t loaded_at_ms = 0;
  /// The table's version with its rows; none when it cannot be told any more.
  std::optional<delta::Version> version;
  FileState state = FileState::kLoaded;
  std::string reason;  ///< Why it was rejected.
};

/// An immutable file of LoadedFiles, sorted by path, each path once: compressed blocks, an index of
/// their first paths, a header, a trailer that says where they lie. Thread-safe.
class LoadedFilesRun {
 public:
  struct Older {
    std::string name;
    std::int64_t num_files = 0;
    /// Of the files that the run itself brought.
    std::optional<delta::Version> version;
  };
  struct Header {
    std::string table_id;
    delta::Version read_version = 0;  ///< It is part of a later one.
    std::int64_t num_files = 0;
    /// The runs that, with this one, make the whole record; newest first. What a newer run says of
    /// a path counts.
    std::vector<Older> older;
    /// Files with the records that were left out of loaded files, newest first.
    std::vector<std::string> errors;
  };

  /// Builds the bytes of a run.
  class Writer {
   public:
    Writer();
    ~Writer();
    /// Paths ascend strictly. `is_new`: the version is that of the commit which the run belongs to.
    Status Append(const LoadedFile& file, bool is_new);
    std::int64_t num_files() const;
    Result<std::string> Finish(Header header) &&;

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

  /// Reads header and index. Errors: those of the store; COPY_INTO_STATE_INTERNAL_ERROR for bytes
  /// that are no run.
  static Result<std::shared_ptr<const LoadedFilesRun>> Open(
      std::shared_ptr<storage::ObjectStore> store, const std::string& path);

  const Header& header() const { return header_; }

  /// Goes through the run in the order of paths, one block in memory. Not thread-safe.
  class Cursor {
   public:
    /// `version`: of the commit that the run belongs to.
    Cursor(std::shared_ptr<const LoadedFilesRun> run, std::optional<delta::Version> version);
    /// To the first file; false: there is none.
    Result<bool> Start();
    Result<bool> Next();
    /// To the first file at or behind `path`, never backwards; false: there is none.
    Result<bool> SeekTo(std::string_view path);
    const LoadedFile& file() const { return file_; }
    bool at_end() const { return at_end_; }

   private:
    Status LoadBlock(std::size_t block);
    Result<bool> Decode();

    std::shared_ptr<const LoadedFilesRun> run_;
    std::optional<delta::Version> version_;
    std::size_t block_ = 0;  ///< The one in bytes_, plus one.
    std::string bytes_;
    std::size_t position_ = 0;
    LoadedFile file_;
    bool has_file_ = false;
    bool at_end_ = false;
  };

 private:
  struct Block {
    std::int64_t position = 0;
    std::int64_t length = 0;
    std::int64_t raw_length = 0;
    std::uint32_t checksum = 0;  ///< CRC-32 of the compressed bytes.
    std::string first_path;
  };

  std::unique_ptr<storage::ObjectReader> reader_;
  std::string url_;
  Header header_;
  std::vector<Block> blocks_;
};

}  // namespace inlet::ingest
