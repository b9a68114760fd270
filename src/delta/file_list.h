#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"

namespace inlet::delta {

/// The identity of a data file in a table: its path, decoded and resolved, and its deletion vector.
/// Source: Delta protocol, "Action Reconciliation".
class FileKeys {
 public:
  /// `table_root_url` as "file:/data/t" or "s3://bucket/t"; absolute paths below it equal relative
  /// ones.
  explicit FileKeys(std::string_view table_root_url);
  std::string KeyOf(std::string_view path,
                    const std::optional<DeletionVectorDescriptor>& deletion_vector) const;
  std::string KeyOf(const AddFile& file) const { return KeyOf(file.path, file.deletion_vector); }
  std::string KeyOf(const RemoveFile& file) const { return KeyOf(file.path, file.deletion_vector); }

 private:
  std::string root_;
};

/// What commits did to files, the last word on each key: a file that lives, or nothing.
using FileChanges = std::unordered_map<std::string, std::optional<AddFile>>;

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

  /// This list with `changes` done to it.
  FileList Apply(const FileKeys& keys, const FileChanges& changes) const;

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
  };
  std::vector<LiveBlock> blocks_;
  std::int64_t num_files_ = 0;
  std::int64_t size_bytes_ = 0;
};

/// Collects files into a FileList. Keys must be unique; the caller sees to that.
class FileListBuilder {
 public:
  explicit FileListBuilder(const FileKeys& keys) : keys_(keys) {}
  explicit FileListBuilder(const FileKeys& keys, FileList base)
      : keys_(keys), list_(std::move(base)) {}
  void Add(const AddFile& file);
  void Add(const AddFile& file, std::string_view key);
  FileList Finish();

 private:
  void Seal();

  const FileKeys& keys_;  // Outlives this.
  FileList list_;
  std::string bytes_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace inlet::delta
