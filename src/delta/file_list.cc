#include "delta/file_list.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

#include "base/check.h"
#include "delta/data_path.h"

namespace inlet::delta {

/// About a thousand files, each encoded field by field, all of them compressed together.
struct FileList::Block {
  std::string compressed;
  std::size_t num_bytes = 0;          ///< Before compression.
  std::vector<std::uint64_t> hashes;  ///< Of the keys, by row.

  // Rows by the first byte of their hash: those of byte b are by_byte[begins[b]] and on.
  std::vector<std::uint16_t> by_byte;
  std::array<std::uint16_t, 257> begins = {};

  void Index();
  /// Calls `visit(row)` for each row whose key has this hash.
  template <class Function>
  void ForEach(std::uint64_t hash, Function&& visit) const {
    const auto byte = static_cast<std::size_t>(hash >> 56);
    for (std::size_t i = begins[byte]; i < begins[byte + 1]; ++i) {
      if (hashes[by_byte[i]] == hash) visit(std::size_t{by_byte[i]});
    }
  }
};

void FileList::Block::Index() {
  std::array<std::uint16_t, 257> next = {};
  for (const std::uint64_t hash : hashes) ++next[(hash >> 56) + 1];
  for (std::size_t byte = 1; byte < next.size(); ++byte) {
    next[byte] = static_cast<std::uint16_t>(next[byte] + next[byte - 1]);
  }
  begins = next;
  by_byte.resize(hashes.size());
  for (std::size_t row = 0; row < hashes.size(); ++row) {
    by_byte[next[hashes[row] >> 56]++] = static_cast<std::uint16_t>(row);
  }
}

namespace {

constexpr std::size_t kRowsPerBlock = 1024;
constexpr int kCompressionLevel = 1;

std::uint64_t HashOf(std::string_view key) { return std::hash<std::string_view>{}(key); }

/// A second hash, independent of the first.
std::uint64_t OtherHashOf(std::string_view key) {
  constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;
  std::uint64_t hash = key.size() * kFactor;
  while (!key.empty()) {
    std::uint64_t chunk = 0;
    const std::size_t size = std::min(key.size(), sizeof(chunk));
    std::memcpy(&chunk, key.data(), size);
    key.remove_prefix(size);
    hash = (hash ^ chunk) * kFactor;
    hash ^= hash >> 29;
  }
  return hash == 0 ? 1 : hash;
}

/// As many hashes are looked up one by one; more are found by going through all rows.
constexpr std::size_t kFewHashes = 64;

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}
  void Number(std::int64_t number) {
    auto rest =
        (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
    char bytes[10];
    std::size_t size = 0;
    while (rest >= 0x80) {
      bytes[size++] = static_cast<char>(rest | 0x80);
      rest >>= 7;
    }
    bytes[size++] = static_cast<char>(rest);
    out_.append(bytes, size);
  }
  void Text(std::string_view text) {
    Number(static_cast<std::int64_t>(text.size()));
    out_ += text;
  }
  template <class Optional, class Function>
  void IfAny(const Optional& value, Function&& encode) {
    out_ += value ? '\1' : '\0';
    if (value) encode(*value);
  }
  void OptionalNumber(const std::optional<std::int64_t>& value) {
    IfAny(value, [&](std::int64_t number) { Number(number); });
  }

 private:
  std::string& out_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}
  bool done() const { return position_ == bytes_.size(); }
  std::int64_t Number() {
    std::uint64_t zigzag = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[position_++]);
      zigzag |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    return static_cast<std::int64_t>(zigzag >> 1) ^ -static_cast<std::int64_t>(zigzag & 1);
  }
  std::string Text() {
    const auto size = static_cast<std::size_t>(Number());
    std::string text(bytes_.substr(position_, size));
    position_ += size;
    return text;
  }
  bool Flag() { return bytes_[position_++] != '\0'; }
  std::optional<std::int64_t> OptionalNumber() {
    if (!Flag()) return std::nullopt;
    return Number();
  }

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
};

void Encode(const AddFile& file, std::string& out) {
  Encoder encoder(out);
  encoder.Text(file.path);
  encoder.Number(static_cast<std::int64_t>(file.partition_values.size()));
  for (const auto& [column, value] : file.partition_values) {
    encoder.Text(column);
    encoder.IfAny(value, [&](const std::string& text) { encoder.Text(text); });
  }
  encoder.Number(file.size);
  encoder.Number(file.modification_time);
  encoder.Number(file.data_change ? 1 : 0);
  encoder.Text(file.stats);
  encoder.Number(static_cast<std::int64_t>(file.tags.size()));
  for (const auto& [key, value] : file.tags) {
    encoder.Text(key);
    encoder.Text(value);
  }
  encoder.IfAny(file.deletion_vector, [&](const DeletionVectorDescriptor& dv) {
    encoder.Text(dv.storage_type);
    encoder.Text(dv.path_or_inline_dv);
    encoder.IfAny(dv.offset, [&](std::int32_t offset) { encoder.Number(offset); });
    encoder.Number(dv.size_in_bytes);
    encoder.Number(dv.cardinality);
  });
  encoder.OptionalNumber(file.base_row_id);
  encoder.OptionalNumber(file.default_row_commit_version);
  encoder.IfAny(file.clustering_provider, [&](const std::string& text) { encoder.Text(text); });
}

AddFile DecodeOne(Decoder& decoder) {
  AddFile file;
  file.path = decoder.Text();
  for (std::int64_t left = decoder.Number(); left > 0; --left) {
    auto& value = file.partition_values[decoder.Text()];
    if (decoder.Flag()) value = decoder.Text();
  }
  file.size = decoder.Number();
  file.modification_time = decoder.Number();
  file.data_change = decoder.Number() != 0;
  file.stats = decoder.Text();
  for (std::int64_t left = decoder.Number(); left > 0; --left) {
    std::string& value = file.tags[decoder.Text()];
    value = decoder.Text();
  }
  if (decoder.Flag()) {
    DeletionVectorDescriptor& dv = file.deletion_vector.emplace();
    dv.storage_type = decoder.Text();
    dv.path_or_inline_dv = decoder.Text();
    if (decoder.Flag()) dv.offset = static_cast<std::int32_t>(decoder.Number());
    dv.size_in_bytes = static_cast<std::int32_t>(decoder.Number());
    dv.cardinality = decoder.Number();
  }
  file.base_row_id = decoder.OptionalNumber();
  file.default_row_commit_version = decoder.OptionalNumber();
  if (decoder.Flag()) file.clustering_provider = decoder.Text();
  return file;
}

}  // namespace

std::string KeyOf(std::string_view path,
                  const std::optional<DeletionVectorDescriptor>& deletion_vector) {
  std::string key = CanonicalPath(path);
  if (deletion_vector) {
    key += '\x1F';
    key += deletion_vector->UniqueId();
  }
  return key;
}

FileKeySet::Hash FileKeySet::HashOf(std::string_view key) {
  return {delta::HashOf(key), OtherHashOf(key)};
}

std::size_t FileKeySet::SlotOf(const Hash& hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash.first & mask;
  while (slots_[slot].second != 0 && slots_[slot] != hash) slot = (slot + 1) & mask;
  return slot;
}

void FileKeySet::Grow() {
  constexpr std::size_t kFewestSlots = 16;
  const std::vector<Hash> before = std::exchange(slots_, {});
  slots_.resize(std::max(kFewestSlots, before.size() * 2));
  for (const Hash& hash : before) {
    if (hash.second != 0) slots_[SlotOf(hash)] = hash;
  }
}

bool FileKeySet::insert(std::string_view key) {
  if (size_ * 4 >= slots_.size() * 3) Grow();
  const Hash hash = HashOf(key);
  Hash& slot = slots_[SlotOf(hash)];
  if (slot.second != 0) return false;
  slot = hash;
  ++size_;
  return true;
}

bool FileKeySet::contains(std::string_view key) const {
  return size_ > 0 && slots_[SlotOf(HashOf(key))].second != 0;
}

std::vector<std::uint64_t> FileKeySet::Hashes() const {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(size_);
  for (const Hash& hash : slots_) {
    if (hash.second != 0) hashes.push_back(hash.first);
  }
  return hashes;
}

std::vector<AddFile> FileList::Decode(const Block& block) {
  std::string bytes(block.num_bytes, '\0');
  const std::size_t size =
      ZSTD_decompress(bytes.data(), bytes.size(), block.compressed.data(), block.compressed.size());
  INLET_CHECK(size == block.num_bytes);
  std::vector<AddFile> files;
  files.reserve(block.hashes.size());
  Decoder decoder(bytes);
  while (!decoder.done()) files.push_back(DecodeOne(decoder));
  INLET_CHECK(files.size() == block.hashes.size());
  return files;
}

std::vector<AddFile> FileList::FilesOfBlock(std::size_t index) const {
  const LiveBlock& live = blocks_[index];
  std::vector<AddFile> files = Decode(*live.block);
  if (live.dead) {
    std::size_t row = 0;
    std::erase_if(files, [&](const AddFile&) { return (*live.dead)[row++]; });
  }
  return files;
}

std::vector<std::size_t> FileList::LiveBlock::RowsAmong(
    const std::vector<std::uint64_t>& hashes) const {
  std::vector<std::size_t> rows;
  const auto take = [&](std::size_t row) {
    if (!dead || !(*dead)[row]) rows.push_back(row);
  };
  if (hashes.size() <= kFewHashes) {
    for (const std::uint64_t hash : hashes) block->ForEach(hash, take);
    return rows;
  }
  for (std::size_t row = 0; row < block->hashes.size(); ++row) {
    if (std::ranges::binary_search(hashes, block->hashes[row])) take(row);
  }
  return rows;
}

FileList FileList::Without(const FileKeySet& touched) const {
  if (touched.empty() || empty()) return *this;
  std::vector<std::uint64_t> hashes = touched.Hashes();
  std::ranges::sort(hashes);
  FileList result = *this;
  for (LiveBlock& live : result.blocks_) {
    const Block& block = *live.block;
    const std::vector<std::size_t> rows = live.RowsAmong(hashes);
    if (rows.empty()) continue;
    const std::vector<AddFile> files = Decode(block);
    auto dead = live.dead ? std::make_shared<std::vector<bool>>(*live.dead)
                          : std::make_shared<std::vector<bool>>(files.size(), false);
    for (const std::size_t row : rows) {
      if (!touched.contains(KeyOf(files[row]))) continue;  // Only the hash is equal.
      (*dead)[row] = true;
      --live.num_live;
      --result.num_files_;
      result.size_bytes_ -= files[row].size;
    }
    live.dead = std::move(dead);
  }
  std::erase_if(result.blocks_, [](const LiveBlock& live) { return live.num_live == 0; });
  return result;
}

FileKeySet FileList::KeysAmong(const FileKeySet& wanted) const {
  FileKeySet found;
  if (wanted.empty()) return found;
  std::vector<std::uint64_t> hashes = wanted.Hashes();
  std::ranges::sort(hashes);
  for (const LiveBlock& live : blocks_) {
    const std::vector<std::size_t> rows = live.RowsAmong(hashes);
    if (rows.empty()) continue;
    const std::vector<AddFile> files = Decode(*live.block);
    for (const std::size_t row : rows) {
      const std::string key = KeyOf(files[row]);
      if (wanted.contains(key)) found.insert(key);
    }
  }
  return found;
}

FileList FileList::With(FileList more) const {
  if (empty()) return more;
  if (more.empty()) return *this;
  if (more.num_files() <= static_cast<std::int64_t>(kRowsPerBlock)) {
    // A commit of a few files: they join the last block, as long as that is small itself.
    FileListBuilder builder(*this);
    for (const LiveBlock& block : more.blocks_) builder.Absorb(block);
    return builder.Finish();
  }
  FileList result = *this;
  result.blocks_.insert(result.blocks_.end(), more.blocks_.begin(), more.blocks_.end());
  result.num_files_ += more.num_files_;
  result.size_bytes_ += more.size_bytes_;
  return result;
}

FileList::Iterator::Iterator(const FileList* list, std::size_t block) : list_(list), block_(block) {
  LoadBlocks();
}

FileList::Iterator& FileList::Iterator::operator++() {
  if (++row_ == files_.size()) {
    ++block_;
    LoadBlocks();
  }
  return *this;
}

/// Stands on the first row of `block_`, or of the end. Blocks without live rows are not kept.
void FileList::Iterator::LoadBlocks() {
  row_ = 0;
  files_.clear();
  if (block_ < list_->blocks_.size()) files_ = list_->FilesOfBlock(block_);
}

FileListBuilder::FileListBuilder(FileList base) : list_(std::move(base)) {
  if (list_.blocks_.empty() || list_.blocks_.back().num_live > kRowsPerBlock / 4) return;
  const FileList::LiveBlock last = std::move(list_.blocks_.back());
  list_.blocks_.pop_back();
  list_.num_files_ -= last.num_live;
  list_.size_bytes_ -= Absorb(last);
}

std::int64_t FileListBuilder::Absorb(const FileList::LiveBlock& block) {
  const std::vector<AddFile> files = FileList::Decode(*block.block);
  std::int64_t size_bytes = 0;
  for (std::size_t row = 0; row < files.size(); ++row) {
    if (block.dead && (*block.dead)[row]) continue;
    size_bytes += files[row].size;
    Add(files[row], block.block->hashes[row]);
  }
  return size_bytes;
}

void FileListBuilder::Add(const AddFile& file, std::string_view key) { Add(file, HashOf(key)); }

void FileListBuilder::Add(const AddFile& file, std::uint64_t hash) {
  Encode(file, bytes_);
  hashes_.push_back(hash);
  size_bytes_ += file.size;
  if (hashes_.size() == kRowsPerBlock) Seal();
}

FileList FileListBuilder::Finish() {
  if (!hashes_.empty()) Seal();
  return std::move(list_);
}

void FileListBuilder::Seal() {
  auto block = std::make_shared<FileList::Block>();
  block->num_bytes = bytes_.size();
  block->compressed.resize(ZSTD_compressBound(bytes_.size()));
  const std::size_t size = ZSTD_compress(block->compressed.data(), block->compressed.size(),
                                         bytes_.data(), bytes_.size(), kCompressionLevel);
  INLET_CHECK(ZSTD_isError(size) == 0);
  block->compressed.resize(size);
  block->compressed.shrink_to_fit();
  block->hashes = std::exchange(hashes_, {});
  block->Index();
  bytes_.clear();
  list_.num_files_ += static_cast<std::int64_t>(block->hashes.size());
  list_.size_bytes_ += std::exchange(size_bytes_, 0);
  const auto num_live = static_cast<std::uint32_t>(block->hashes.size());
  list_.blocks_.push_back({std::move(block), nullptr, num_live});
}

}  // namespace inlet::delta
