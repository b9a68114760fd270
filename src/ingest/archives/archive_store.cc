#include "ingest/archives/archive_store.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>

#include "base/option_map.h"
#include "formats/compression/byte_stream.h"
#include "ingest/archives/archive_member.h"

namespace inlet::ingest {
namespace {

using storage::ByteRange;
using storage::ObjectInfo;
using storage::ObjectReader;
using storage::ObjectStore;

constexpr std::size_t kMostInMemory = 64 << 20;
constexpr std::size_t kReadBytes = 1 << 20;

std::unexpected<Error> DiskFailure(const std::string& path) {
  return Fail(errno == ENOSPC ? Condition::INLET_DISK_FULL : Condition::STORAGE_UNAVAILABLE,
              {{"path", path}, {"message", path + ": " + std::strerror(errno)}});
}

/// Unpacked bytes, in memory or in a file without a name. Immutable once filled; thread-safe then.
class UnpackedBytes {
 public:
  ~UnpackedBytes() {
    if (file_ >= 0) close(file_);
  }
  UnpackedBytes() = default;
  UnpackedBytes(const UnpackedBytes&) = delete;
  UnpackedBytes& operator=(const UnpackedBytes&) = delete;

  static Result<std::shared_ptr<const UnpackedBytes>> Fill(formats::ByteStream& stream) {
    auto unpacked = std::make_shared<UnpackedBytes>();
    std::string buffer(kReadBytes, '\0');
    while (const std::size_t read = TRY(stream.Read(buffer))) {
      TRY(unpacked->Append(std::string_view(buffer).substr(0, read)));
    }
    return unpacked;
  }

  std::int64_t size() const { return size_; }

  Result<std::int64_t> ReadAt(ByteRange range, char* out) const {
    const std::int64_t length = std::clamp<std::int64_t>(size_ - range.position, 0, range.length);
    if (file_ < 0) {
      if (length > 0) {
        std::memcpy(out, memory_.data() + range.position, static_cast<std::size_t>(length));
      }
      return length;
    }
    std::int64_t done = 0;
    while (done < length) {
      const ssize_t read =
          pread(file_, out + done, static_cast<std::size_t>(length - done), range.position + done);
      if (read < 0 && errno == EINTR) continue;
      if (read <= 0) return DiskFailure("a temporary file");
      done += read;
    }
    return done;
  }

 private:
  Status Append(std::string_view bytes) {
    size_ += static_cast<std::int64_t>(bytes.size());
    if (file_ < 0 && memory_.size() + bytes.size() <= kMostInMemory) {
      memory_ += bytes;
      return Ok();
    }
    if (file_ < 0) {
      TRY(OpenFile());
      TRY(Write(std::exchange(memory_, {})));
    }
    return Write(bytes);
  }

  Status OpenFile() {
    std::error_code error;
    std::string path = (std::filesystem::temp_directory_path(error) / "inlet-XXXXXX").string();
    file_ = mkstemp(path.data());
    if (file_ < 0) return DiskFailure(path);
    unlink(path.c_str());
    return Ok();
  }

  Status Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return DiskFailure("a temporary file");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return Ok();
  }

  std::string memory_;
  int file_ = -1;
  std::int64_t size_ = 0;
};

using UnpackedPtr = std::shared_ptr<const UnpackedBytes>;

/// A part of unpacked bytes as an object.
class UnpackedReader final : public ObjectReader {
 public:
  UnpackedReader(ObjectInfo info, UnpackedPtr bytes, std::int64_t position)
      : info_(std::move(info)), bytes_(std::move(bytes)), position_(position) {}

  const ObjectInfo& info() const override { return info_; }
  Result<std::int64_t> ReadAt(ByteRange range, char* out) const override {
    const std::int64_t length =
        std::clamp<std::int64_t>(info_.size_bytes - range.position, 0, range.length);
    return bytes_->ReadAt({.position = position_ + range.position, .length = length}, out);
  }

 private:
  const ObjectInfo info_;
  const UnpackedPtr bytes_;
  const std::int64_t position_;
};

/// A part of another object.
class PartReader final : public ObjectReader {
 public:
  PartReader(ObjectInfo info, std::unique_ptr<ObjectReader> whole, std::int64_t position)
      : info_(std::move(info)), whole_(std::move(whole)), position_(position) {}

  const ObjectInfo& info() const override { return info_; }
  Result<std::int64_t> ReadAt(ByteRange range, char* out) const override {
    const std::int64_t length =
        std::clamp<std::int64_t>(info_.size_bytes - range.position, 0, range.length);
    if (length == 0) return 0;
    return whole_->ReadAt({.position = position_ + range.position, .length = length}, out);
  }
  Status CheckUnchanged() const override { return whole_->CheckUnchanged(); }

 private:
  const ObjectInfo info_;
  const std::unique_ptr<ObjectReader> whole_;
  const std::int64_t position_;
};

/// The deflated bytes of a ZIP member in the clothes of a gzip file, whose decompressor then checks
/// length and checksum.
class GzipOfMember final : public formats::ByteStream {
 public:
  GzipOfMember(std::unique_ptr<formats::ByteStream> archive, const ArchiveMember& member)
      : archive_(std::move(archive)), left_(member.packed_bytes) {
    constexpr std::array<unsigned char, 10> kHeader = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF};
    before_.assign(kHeader.begin(), kHeader.end());
    const auto append = [this](std::uint32_t number) {
      for (int shift = 0; shift < 32; shift += 8) after_ += static_cast<char>(number >> shift);
    };
    append(member.checksum);
    append(static_cast<std::uint32_t>(member.size_bytes));
  }

  Result<std::size_t> Read(std::span<char> out) override {
    std::size_t done = TakeFrom(before_, out);
    while (done < out.size() && left_ > 0) {
      const std::size_t wanted = std::min(out.size() - done, static_cast<std::size_t>(left_));
      const std::size_t read = TRY(archive_->Read(out.subspan(done, wanted)));
      if (read == 0) break;
      left_ -= static_cast<std::int64_t>(read);
      done += read;
    }
    if (left_ > 0) return done;
    return done + TakeFrom(after_, out.subspan(done));
  }

 private:
  static std::size_t TakeFrom(std::string& bytes, std::span<char> out) {
    const std::size_t count = std::min(bytes.size(), out.size());
    if (count > 0) std::memcpy(out.data(), bytes.data(), count);
    bytes.erase(0, count);
    return count;
  }

  const std::unique_ptr<formats::ByteStream> archive_;
  std::int64_t left_;
  std::string before_;
  std::string after_;
};

class ArchiveStore final : public ObjectStore {
 public:
  explicit ArchiveStore(std::shared_ptr<ObjectStore> base) : base_(std::move(base)) {}

  /// Before the store is used. Gives the members.
  Result<std::vector<ArchiveMember>> AddArchive(const ObjectInfo& archive) {
    const std::string url = storage::UrlOf(*base_, archive.path);
    Archive added{.info = archive};
    std::vector<ArchiveMember> members;
    if (EqualsIgnoreCase(Extension(archive.path), "zip")) {
      members = TRY(ReadZipDirectory(*TRY(base_->Open(archive)), url));
    } else if (EqualsIgnoreCase(Extension(archive.path), "tar")) {
      members = TRY(ReadTarDirectory(*TRY(base_->Open(archive)), url));
    } else {
      const auto stream = TRY(OpenTarStream(archive));
      added.unpacked = TRY(UnpackedBytes::Fill(*stream));
      ObjectInfo whole = archive;
      whole.size_bytes = added.unpacked->size();
      members = TRY(ReadTarDirectory(UnpackedReader(whole, added.unpacked, 0), url));
    }
    const std::size_t index = archives_.size();
    archives_.push_back(std::move(added));
    for (const ArchiveMember& member : members) {
      members_.emplace(archive.path + "/" + member.name,
                       Place{.archive = index, .member = member, .unpacked = {}});
    }
    return members;
  }

  const std::string& root_url() const override { return base_->root_url(); }

  Result<std::unique_ptr<ObjectReader>> Open(const ObjectInfo& info) const override {
    const auto found = members_.find(info.path);
    if (found == members_.end()) return base_->Open(info);
    const Place& place = found->second;
    const Archive& archive = archives_[place.archive];
    ObjectInfo of_member = archive.info;
    of_member.path = info.path;
    of_member.size_bytes = place.member.size_bytes;
    if (archive.unpacked) {
      return std::make_unique<UnpackedReader>(std::move(of_member), archive.unpacked,
                                              place.member.position);
    }
    if (!place.member.is_deflated) {
      return std::make_unique<PartReader>(std::move(of_member), TRY(base_->Open(archive.info)),
                                          place.member.position);
    }
    return std::make_unique<UnpackedReader>(std::move(of_member), TRY(Unpack(archive, place)), 0);
  }

  Result<std::string> Get(std::string_view path) const override {
    if (!members_.contains(path)) return base_->Get(path);
    const auto reader = TRY(Open(TRY(Head(path))));
    std::string bytes(static_cast<std::size_t>(reader->info().size_bytes), '\0');
    TRY(reader->ReadAt({.position = 0, .length = reader->info().size_bytes}, bytes.data()));
    return bytes;
  }

  Result<ObjectInfo> Head(std::string_view path) const override {
    const auto found = members_.find(path);
    if (found == members_.end()) return base_->Head(path);
    ObjectInfo info = archives_[found->second.archive].info;
    info.path = path;
    info.size_bytes = found->second.member.size_bytes;
    return info;
  }

  Result<std::vector<ObjectInfo>> List(std::string_view prefix,
                                       const storage::ListOptions& options) const override {
    return base_->List(prefix, options);
  }
  Status Put(std::string_view path, std::string_view bytes, storage::PutMode mode) override {
    return base_->Put(path, bytes, mode);
  }
  Result<std::unique_ptr<storage::ObjectWriter>> OpenWriter(std::string_view path) override {
    return base_->OpenWriter(path);
  }
  Status Delete(std::string_view path) override { return base_->Delete(path); }

 private:
  struct Archive {
    ObjectInfo info;
    UnpackedPtr unpacked;  ///< The whole of a compressed TAR.
  };
  struct Place {
    std::size_t archive = 0;
    ArchiveMember member;
    /// While somebody reads it: the pieces of a big file share it. Guarded by mutex_.
    mutable std::weak_ptr<const UnpackedBytes> unpacked;
  };

  static std::string_view Extension(std::string_view path) {
    return path.substr(path.rfind('.') + 1);
  }

  /// .tgz says nothing to those who look for .gz: the first bytes do.
  Result<std::unique_ptr<formats::ByteStream>> OpenTarStream(const ObjectInfo& archive) const {
    std::unique_ptr<ObjectReader> reader = TRY(base_->Open(archive));
    const formats::Codec codec = TRY(formats::DetectCodec(*reader));
    return formats::Decompress(codec, formats::StreamFrom(std::move(reader), 0),
                               storage::UrlOf(*base_, archive.path));
  }

  Result<UnpackedPtr> Unpack(const Archive& archive, const Place& place) const {
    const std::lock_guard lock(mutex_);
    if (UnpackedPtr known = place.unpacked.lock()) return known;
    const auto gzip = formats::Decompress(
        formats::Codec::kGzip,
        std::make_unique<GzipOfMember>(
            formats::StreamFrom(TRY(base_->Open(archive.info)), place.member.position),
            place.member),
        storage::UrlOf(*base_, archive.info.path) + "/" + place.member.name);
    UnpackedPtr unpacked = TRY(UnpackedBytes::Fill(*gzip));
    if (unpacked->size() != place.member.size_bytes) {
      return DamagedArchive(storage::UrlOf(*base_, archive.info.path),
                            "the file " + place.member.name + " has another size than it says");
    }
    place.unpacked = unpacked;
    return unpacked;
  }

  const std::shared_ptr<ObjectStore> base_;
  std::vector<Archive> archives_;
  std::map<std::string, Place, std::less<>> members_;
  mutable std::mutex mutex_;  // Held while a member is unpacked, so that it is done once.
};

bool EndsWith(std::string_view path, std::string_view end) {
  return path.size() > end.size() && EqualsIgnoreCase(path.substr(path.size() - end.size()), end);
}

}  // namespace

std::unexpected<Error> DamagedArchive(const std::string& url, std::string message) {
  return Fail(Condition::INLET_CORRUPT_FILE, {{"path", url}, {"message", std::move(message)}});
}

Result<std::string> ReadExactly(const ObjectReader& archive, std::int64_t position,
                                std::int64_t length, const std::string& url) {
  const std::int64_t size = archive.info().size_bytes;
  if (position < 0 || length < 0 || position > size || length > size - position) {
    return DamagedArchive(url, "it is cut off");
  }
  std::string bytes(static_cast<std::size_t>(length), '\0');
  if (length == 0) return bytes;
  const std::int64_t read =
      TRY(archive.ReadAt({.position = position, .length = length}, bytes.data()));
  if (read != length) return DamagedArchive(url, "it is cut off");
  return bytes;
}

Status AddMember(ArchiveMember member, const std::string& url,
                 std::vector<ArchiveMember>& members) {
  while (member.name.starts_with("./")) member.name.erase(0, 2);
  const std::string padded = "/" + member.name + "/";
  const bool leaves = member.name.starts_with('/') || padded.contains("/../");
  if (leaves || member.name.empty() || member.name.size() > kMostMemberNameBytes ||
      member.name.contains('\0')) {
    return DamagedArchive(url, "a file of it has the name '" + member.name.substr(0, 100) +
                                   "', which is not one within it");
  }
  if (members.size() == kMostArchiveMembers) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The archive " + url + " has too many files"},
                 {"limit", std::to_string(kMostArchiveMembers)}});
  }
  members.push_back(std::move(member));
  return Ok();
}

bool IsArchive(std::string_view path) {
  for (const std::string_view end :
       {".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"}) {
    if (EndsWith(path, end)) return true;
  }
  return false;
}

Result<ExpandedListing> ExpandArchives(FileListing listing, std::shared_ptr<ObjectStore> store,
                                       const FileFilter& filter) {
  const bool has_any = std::ranges::any_of(
      listing.files, [](const ObjectInfo& file) { return IsArchive(file.path); });
  if (!has_any) return ExpandedListing{.listing = std::move(listing), .store = std::move(store)};
  auto archives = std::make_shared<ArchiveStore>(std::move(store));
  FileFilter of_members = filter;
  of_members.descend = true;
  FileListing expanded{.base_path = listing.base_path, .num_skipped = listing.num_skipped};
  for (ObjectInfo& file : listing.files) {
    if (!IsArchive(file.path)) {
      expanded.files.push_back(std::move(file));
      continue;
    }
    for (const ArchiveMember& member : TRY(archives->AddArchive(file))) {
      ObjectInfo info = file;
      info.path += "/" + member.name;
      info.size_bytes = member.size_bytes;
      if (Wants(of_members, info, member.name)) {
        expanded.files.push_back(std::move(info));
      } else {
        ++expanded.num_skipped;
      }
    }
  }
  // A name that an archive has twice is one file.
  std::ranges::sort(expanded.files, {}, &ObjectInfo::path);
  const auto again = std::ranges::unique(expanded.files, {}, &ObjectInfo::path);
  expanded.files.erase(again.begin(), again.end());
  return ExpandedListing{.listing = std::move(expanded), .store = std::move(archives)};
}

}  // namespace inlet::ingest
