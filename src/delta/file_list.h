#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"

namespace inlet::delta {

/// The identity of a data file in a table: its path, decoded, and its deletion vector.
/// Source: Delta protocol, "Action Reconciliation".
std::string KeyOf(std::string_view path,
                  const std::optional<DeletionVectorDescriptor>& deletion_vector);
inline std::string KeyOf(const AddFile& file) { return KeyOf(file.path, file.deletion_vector); }
inline std::string KeyOf(const RemoveFile& file) { return KeyOf(file.path, file.deletion_vector); }

/// Keys of files, such as those that newer actions have spoken the last word on. Keeps 128 bits of
/// each, which no two keys share but by a chance far below that of a broken disk.
class FileKeySet {
 public:
  /// Whether it was not there yet.
  bool insert(std::string_view key);
  bool contains(std::string_view key) const;
  bool empty() const { return size_ == 0; }
  /// The hashes that FileList keeps of its files, in any order.
  std::vector<std::uint64_t> Hashes() const;

 private:
  struct Hash {
    std::uint64_t first = 0;
    std::uint64_t second = 0;  ///< 0: the slot is free.
    bool operator==(const Hash&) const = default;
  };
  static Hash HashOf(std::string_view key);
  /// The slot of `hash`, or the free one where it belongs.
  std::size_t SlotOf(const Hash& hash) const;
  void Grow();

  std::vector<Hash> slots_;  ///< A power of two, at most three quarters full.
  std::size_t size_ = 0;
};

/// The live files of one version in compact form: blocks of about a thousand files, compressed,
/// shared between the snapshots that have them. A million files take about 200 MB.
///
/// Immutable; thread-safe. Iteration decodes one block at a time:
///   for (const AddFile& file : snapshot.files()) ...
class FileList {
 public:
  struct Block;

  FileList() = default;

  std::int64_t num_files() const { return num_files_; }
  std::int64_t size_bytes() const { return size_bytes_; }
  bool empty() const { return num_files_ == 0; }

  /// This list without the files of these keys.
  FileList Without(const FileKeySet& touched) const;

  /// The keys of files here that are in `wanted`.
  FileKeySet KeysAmong(const FileKeySet& wanted) const;

  /// This list and then `more`, which has none of its files.
  FileList With(FileList more) const;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = AddFile;
    using difference_type = std::ptrdiff_t;
    using pointer = const AddFile*;
    using reference = const AddFile&;
    Iterator() = default;
    Iterator(const FileList* list, std::size_t block);
    reference operator*() const { return files_[row_]; }
    pointer operator->() const { return &files_[row_]; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(const Iterator& other) const {
      return block_ == other.block_ && row_ == other.row_;
    }

   private:
    void LoadBlocks();
    const FileList* list_ = nullptr;
    std::size_t block_ = 0;
    std::size_t row_ = 0;
    std::vector<AddFile> files_;
  };
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, blocks_.size()); }

  /// For reading on several threads: blocks are independent.
  std::size_t num_blocks() const { return blocks_.size(); }
  std::vector<AddFile> FilesOfBlock(std::size_t block) const;

 private:
  friend class FileListBuilder;
  /// A block and which of its rows live here.
  struct LiveBlock {
    std::shared_ptr<const Block> block;
    std::shared_ptr<const std::vector<bool>> dead;  ///< Null: all live.
    std::uint32_t num_live = 0;

    /// The live rows whose keys have one of `hashes`, which are sorted.
    std::vector<std::size_t> RowsAmong(const std::vector<std::uint64_t>& hashes) const;
  };
  static std::vector<AddFile> Decode(const Block& block);

  std::vector<LiveBlock> blocks_;
  std::int64_t num_files_ = 0;
  std::int64_t size_bytes_ = 0;
};

/// Collects files into a FileList. Keys must be unique; the caller sees to that.
class FileListBuilder {
 public:
  FileListBuilder() = default;
  /// On top of `base`; a small last block of it is taken apart, so that commits of a few files each
  /// do not leave a block each.
  explicit FileListBuilder(FileList base);
  void Add(const AddFile& file, std::string_view key);
  FileList Finish();

 private:
  friend class FileList;
  void Add(const AddFile& file, std::uint64_t hash);
  /// Takes the live rows of a block; returns the bytes of their files.
  std::int64_t Absorb(const FileList::LiveBlock& block);
  void Seal();

  FileList list_;
  std::string bytes_;
  std::vector<std::uint64_t> hashes_;
  std::int64_t size_bytes_ = 0;
};

}  // namespace inlet::delta
