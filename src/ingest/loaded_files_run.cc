#include "ingest/loaded_files_run.h"

#include <arrow/util/compression.h>
#include <arrow/util/crc32.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "types/arrow.h"

namespace inlet::ingest {
namespace {

constexpr std::string_view kMagic = "INLETLF1";
constexpr std::size_t kBlockBytes = 64 << 10;
/// index position, index length, header length, checksum of both, magic.
constexpr std::size_t kTrailerBytes = 8 + 8 + 8 + 4 + 8;
/// Enough for header and index of most runs.
constexpr std::int64_t kTailBytes = 64 << 10;
constexpr std::int64_t kMostRawBlockBytes = 16 << 20;
constexpr int kCompressionLevel = 3;
constexpr std::int64_t kOwnVersion = -1;
constexpr std::int64_t kUnknownVersion = -2;

void PutVarint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void PutFixed(std::uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::uint64_t GetFixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

/// Reads what Put...() wrote; `ok` turns false at bytes that nobody wrote.
class ByteCursor {
 public:
  ByteCursor(std::string_view bytes, std::size_t position) : bytes_(bytes), position_(position) {}

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (position_ >= bytes_.size()) break;
      const auto byte = static_cast<unsigned char>(bytes_[position_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    ok = false;
    return 0;
  }
  std::int64_t Signed() {
    const std::uint64_t value = Varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string_view Text() {
    const std::uint64_t length = Varint();
    if (length > bytes_.size() - position_) {
      ok = false;
      return "";
    }
    position_ += length;
    return bytes_.substr(position_ - length, length);
  }
  std::size_t position() const { return position_; }
  bool at_end() const { return position_ == bytes_.size(); }

  bool ok = true;

 private:
  std::string_view bytes_;
  std::size_t position_;
};

void PutSigned(std::int64_t value, std::string& out) {
  PutVarint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63),
            out);
}

void PutText(std::string_view text, std::string& out) {
  PutVarint(text.size(), out);
  out += text;
}

Result<std::unique_ptr<arrow::util::Codec>> OpenCodec() {
  return ARROW_TRY(arrow::util::Codec::Create(arrow::Compression::ZSTD, kCompressionLevel));
}

Result<std::string> Compressed(arrow::util::Codec& codec, std::string_view raw) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(raw.data());
  const auto size = static_cast<std::int64_t>(raw.size());
  std::string out(static_cast<std::size_t>(codec.MaxCompressedLen(size, bytes)), '\0');
  const std::int64_t length =
      ARROW_TRY(codec.Compress(size, bytes, static_cast<std::int64_t>(out.size()),
                               reinterpret_cast<std::uint8_t*>(out.data())));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

Result<std::string> Decompressed(std::string_view bytes, std::int64_t raw_length) {
  const auto codec = TRY(OpenCodec());
  std::string raw(static_cast<std::size_t>(raw_length), '\0');
  const std::int64_t length = ARROW_TRY(codec->Decompress(
      static_cast<std::int64_t>(bytes.size()), reinterpret_cast<const std::uint8_t*>(bytes.data()),
      raw_length, reinterpret_cast<std::uint8_t*>(raw.data())));
  if (length != raw_length) return FailInternal("a block of loaded files has another length");
  return raw;
}

std::uint32_t Checksum(std::string_view bytes) {
  return arrow::internal::crc32(0, bytes.data(), bytes.size());
}

std::unexpected<Error> Damaged(const std::string& url, std::string_view what) {
  return Fail(Condition::COPY_INTO_STATE_INTERNAL_ERROR,
              {{"tableName", url}, {"message", std::string(what)}});
}

std::string ToJson(const LoadedFilesRun::Header& header) {
  nlohmann::json older = nlohmann::json::array();
  for (const LoadedFilesRun::Older& run : header.older) {
    nlohmann::json entry = {{"name", run.name}, {"numFiles", run.num_files}};
    if (run.version) entry["version"] = *run.version;
    older.push_back(std::move(entry));
  }
  return nlohmann::json{{"format", 1},
                        {"tableId", header.table_id},
                        {"readVersion", header.read_version},
                        {"numFiles", header.num_files},
                        {"older", std::move(older)},
                        {"errors", header.errors}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<LoadedFilesRun::Header> HeaderFromJson(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const auto number = [](const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
  };
  const auto text_of = [](const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (!json.is_object() || number(json, "format") != 1) return std::nullopt;
  LoadedFilesRun::Header header{.table_id = text_of(json, "tableId"),
                                .read_version = number(json, "readVersion"),
                                .num_files = number(json, "numFiles")};
  const auto older = json.find("older");
  if (older == json.end() || !older->is_array()) return std::nullopt;
  for (const nlohmann::json& entry : *older) {
    if (!entry.is_object()) return std::nullopt;
    LoadedFilesRun::Older run{.name = text_of(entry, "name"),
                              .num_files = number(entry, "numFiles")};
    if (entry.contains("version")) run.version = number(entry, "version");
    header.older.push_back(std::move(run));
  }
  const auto errors = json.find("errors");
  if (errors == json.end() || !errors->is_array()) return std::nullopt;
  for (const nlohmann::json& name : *errors) {
    if (name.is_string()) header.errors.push_back(name.get<std::string>());
  }
  return header;
}

}  // namespace

// ---- Writing ----------------------------------------------------------------------------------

struct LoadedFilesRun::Writer::State {
  std::string out{kMagic};
  std::string block;
  std::string first_path;  ///< Of `block`.
  std::string last_path;
  std::string index;
  std::unique_ptr<arrow::util::Codec> codec;
  std::int64_t num_files = 0;

  Status FinishBlock() {
    if (block.empty()) return Ok();
    if (codec == nullptr) codec = TRY(OpenCodec());
    const std::string bytes = TRY(Compressed(*codec, block));
    PutVarint(out.size(), index);
    PutVarint(bytes.size(), index);
    PutVarint(block.size(), index);
    PutVarint(Checksum(bytes), index);
    PutText(first_path, index);
    out += bytes;
    block.clear();
    return Ok();
  }
};

LoadedFilesRun::Writer::Writer() : state_(std::make_unique<State>()) {}
LoadedFilesRun::Writer::~Writer() = default;

std::int64_t LoadedFilesRun::Writer::num_files() const { return state_->num_files; }

Status LoadedFilesRun::Writer::Append(const LoadedFile& file, bool is_new) {
  State& state = *state_;
  INLET_CHECK(state.num_files == 0 || state.last_path < file.path);
  std::string& out = state.block;
  std::size_t shared = 0;
  if (out.empty()) {
    state.first_path = file.path;
  } else {
    const std::size_t most = std::min(state.last_path.size(), file.path.size());
    while (shared < most && state.last_path[shared] == file.path[shared]) ++shared;
  }
  PutVarint(shared, out);
  PutText(std::string_view(file.path).substr(shared), out);
  PutSigned(file.size_bytes, out);
  PutSigned(file.modified_at_ms, out);
  PutText(file.etag, out);
  PutSigned(file.loaded_at_ms, out);
  PutSigned(is_new ? kOwnVersion : file.version.value_or(kUnknownVersion), out);
  PutVarint(static_cast<std::uint64_t>(file.state), out);
  PutText(file.reason, out);
  state.last_path = file.path;
  ++state.num_files;
  return out.size() >= kBlockBytes ? state.FinishBlock() : Ok();
}

Result<std::string> LoadedFilesRun::Writer::Finish(Header header) && {
  State& state = *state_;
  TRY(state.FinishBlock());
  header.num_files = state.num_files;
  const std::size_t index_position = state.out.size();
  const std::string tail = state.index + ToJson(header);
  state.out += tail;
  PutFixed(index_position, 8, state.out);
  PutFixed(state.index.size(), 8, state.out);
  PutFixed(tail.size() - state.index.size(), 8, state.out);
  PutFixed(Checksum(tail), 4, state.out);
  state.out += kMagic;
  return std::move(state.out);
}

// ---- Reading ----------------------------------------------------------------------------------

Result<std::shared_ptr<const LoadedFilesRun>> LoadedFilesRun::Open(
    std::shared_ptr<storage::ObjectStore> store, const std::string& path) {
  auto run = std::make_shared<LoadedFilesRun>();
  run->url_ = storage::UrlOf(*store, path);
  run->reader_ = TRY(store->Open(TRY(store->Head(path))));
  const std::int64_t size = run->reader_->info().size_bytes;
  const auto read = [&](std::int64_t position, std::int64_t length) -> Result<std::string> {
    std::string bytes(static_cast<std::size_t>(length), '\0');
    const std::int64_t count =
        TRY(run->reader_->ReadAt({.position = position, .length = length}, bytes.data()));
    if (count != length) return Damaged(run->url_, "it is cut");
    return bytes;
  };
  const auto trailer_bytes = static_cast<std::int64_t>(kTrailerBytes);
  if (size < trailer_bytes) return Damaged(run->url_, "it is too short");
  const std::int64_t tail_length = std::min(size, kTailBytes);
  std::string tail = TRY(read(size - tail_length, tail_length));
  const std::string_view trailer = std::string_view(tail).substr(tail.size() - kTrailerBytes);
  if (!trailer.ends_with(kMagic)) return Damaged(run->url_, "it has no mark at its end");
  const auto index_position = static_cast<std::int64_t>(GetFixed(trailer.substr(0, 8)));
  const auto index_length = static_cast<std::int64_t>(GetFixed(trailer.substr(8, 8)));
  const auto header_length = static_cast<std::int64_t>(GetFixed(trailer.substr(16, 8)));
  const auto checksum = static_cast<std::uint32_t>(GetFixed(trailer.substr(24, 4)));
  const std::int64_t whole = size - trailer_bytes;
  const auto within = [&](std::int64_t value) { return value >= 0 && value <= whole; };
  if (!within(index_position) || !within(index_length) || !within(header_length) ||
      index_position + index_length + header_length != whole) {
    return Damaged(run->url_, "its trailer is wrong");
  }
  const std::string bytes =
      index_position >= size - tail_length
          ? tail.substr(static_cast<std::size_t>(index_position - (size - tail_length)),
                        static_cast<std::size_t>(whole - index_position))
          : TRY(read(index_position, whole - index_position));
  if (Checksum(bytes) != checksum) return Damaged(run->url_, "its checksum is wrong");
  const auto split = static_cast<std::size_t>(index_length);
  std::optional<Header> header = HeaderFromJson(std::string_view(bytes).substr(split));
  if (!header) return Damaged(run->url_, "its header is wrong");
  run->header_ = *std::move(header);
  ByteCursor index(std::string_view(bytes).substr(0, split), 0);
  while (!index.at_end()) {
    Block block;
    block.position = static_cast<std::int64_t>(index.Varint());
    block.length = static_cast<std::int64_t>(index.Varint());
    block.raw_length = static_cast<std::int64_t>(index.Varint());
    block.checksum = static_cast<std::uint32_t>(index.Varint());
    block.first_path = index.Text();
    if (!index.ok || !within(block.position) || !within(block.length) || block.raw_length < 0 ||
        block.raw_length > kMostRawBlockBytes) {
      return Damaged(run->url_, "its index is wrong");
    }
    run->blocks_.push_back(std::move(block));
  }
  return run;
}

LoadedFilesRun::Cursor::Cursor(std::shared_ptr<const LoadedFilesRun> run,
                               std::optional<delta::Version> version)
    : run_(std::move(run)), version_(version) {}

Status LoadedFilesRun::Cursor::LoadBlock(std::size_t block) {
  const Block& wanted = run_->blocks_[block];
  std::string bytes(static_cast<std::size_t>(wanted.length), '\0');
  const std::int64_t count = TRY(
      run_->reader_->ReadAt({.position = wanted.position, .length = wanted.length}, bytes.data()));
  if (count != wanted.length || Checksum(bytes) != wanted.checksum) {
    return Damaged(run_->url_, "the checksum of a block is wrong");
  }
  bytes_ = TRY(Decompressed(bytes, wanted.raw_length));
  block_ = block + 1;
  position_ = 0;
  file_.path.clear();
  return Ok();
}

Result<bool> LoadedFilesRun::Cursor::Decode() {
  if (position_ == bytes_.size()) {
    if (block_ == run_->blocks_.size()) {
      at_end_ = true;
      return false;
    }
    TRY(LoadBlock(block_));
  }
  ByteCursor bytes(bytes_, position_);
  const std::uint64_t shared = bytes.Varint();
  const std::string_view rest = bytes.Text();
  if (shared > file_.path.size()) return Damaged(run_->url_, "a block is wrong");
  file_.path.resize(shared);
  file_.path += rest;
  file_.size_bytes = bytes.Signed();
  file_.modified_at_ms = bytes.Signed();
  file_.etag = bytes.Text();
  file_.loaded_at_ms = bytes.Signed();
  const std::int64_t version = bytes.Signed();
  file_.version = version;
  if (version == kOwnVersion) file_.version = version_;
  if (version == kUnknownVersion) file_.version.reset();
  const std::uint64_t state = bytes.Varint();
  file_.state = static_cast<FileState>(state);
  file_.reason = bytes.Text();
  if (!bytes.ok || state > static_cast<std::uint64_t>(FileState::kRejected)) {
    return Damaged(run_->url_, "a block is wrong");
  }
  position_ = bytes.position();
  has_file_ = true;
  return true;
}

Result<bool> LoadedFilesRun::Cursor::Start() { return Decode(); }

Result<bool> LoadedFilesRun::Cursor::Next() { return at_end_ ? false : Decode(); }

Result<bool> LoadedFilesRun::Cursor::SeekTo(std::string_view path) {
  if (at_end_) return false;
  if (has_file_ && file_.path >= path) return true;
  // The last block that begins at or before the path; the files before it cannot be wanted.
  const auto& blocks = run_->blocks_;
  const auto behind = std::upper_bound(
      blocks.begin() + static_cast<std::ptrdiff_t>(block_), blocks.end(), path,
      [](std::string_view wanted, const Block& block) { return wanted < block.first_path; });
  const auto target = static_cast<std::size_t>(behind - blocks.begin());
  if (target > block_) TRY(LoadBlock(target - 1));
  while (TRY(Decode())) {
    if (file_.path >= path) return true;
  }
  return false;
}

}  // namespace inlet::ingest
