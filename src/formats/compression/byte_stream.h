#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "storage/object_store.h"

namespace inlet::formats {

/// Bytes pulled in order. Not thread-safe.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills `out` as far as the stream goes; fewer bytes than asked only at its end, so 0 is the
  /// end. Errors: those of the storage; INLET_CORRUPT_FILE for damaged or truncated compressed
  /// data; INLET_RESOURCE_LIMIT for a bomb. All name the file.
  virtual Result<std::size_t> Read(std::span<char> out) = 0;
};

enum class Codec : std::uint8_t { kNone, kGzip, kDeflate, kBzip2, kZstd, kSnappy, kLz4, kXz };

/// By the file's extension, as Spark chooses: `.gz .deflate .bz2 .zst .snappy .lz4 .xz`, ignoring
/// case.
Codec CodecOfPath(std::string_view path);

/// What a decompressor may cost.
struct DecompressionLimits {
  /// Beyond this many bytes out the ratio out : in counts as well,
  std::int64_t free_bytes = std::int64_t{1} << 30;
  /// and more than this is refused. 1 GB of one line packs to 1 MB: gzip reaches about 1030.
  std::int64_t max_ratio = 2000;
  /// More than this is refused in any case.
  std::int64_t max_bytes = std::int64_t{1} << 44;
  /// The memory that a stream's own header may ask for (zstd and xz windows, snappy and lz4
  /// blocks).
  std::int64_t max_window_bytes = std::int64_t{128} << 20;
};

/// `file` from its first byte, decompressed by its extension; when the extension says nothing, a
/// file that starts with the magic number of a codec is decompressed all the same. Checksums and
/// lengths are verified, all members and frames are read, a truncated stream is an error. `store`
/// must outlive nothing: the reader opened here is owned by the stream. Errors: those of Open();
/// INLET_UNSUPPORTED_FILE for an archive (zip, 7z, rar, tar).
Result<std::unique_ptr<ByteStream>> OpenByteStream(const storage::ObjectStore& store,
                                                   const storage::ObjectInfo& file,
                                                   const DecompressionLimits& limits = {});

/// True when OpenByteStream() will decompress: such a file cannot be split.
/// Looks at the extension, then at the first bytes.
Result<Codec> DetectCodec(const storage::ObjectReader& reader);

/// Decompresses bytes in memory, such as a block of Avro; `path` is for errors.
std::unique_ptr<ByteStream> Decompress(Codec codec, std::unique_ptr<ByteStream> source,
                                       std::string path, const DecompressionLimits& limits = {});

/// The bytes of an object from `position` on, as they are.
std::unique_ptr<ByteStream> StreamFrom(std::unique_ptr<storage::ObjectReader> reader,
                                       std::int64_t position);

/// A view as a stream; `bytes` outlives it.
std::unique_ptr<ByteStream> MemoryStream(std::string_view bytes);

/// Everything up to the end. Errors: INLET_RESOURCE_LIMIT beyond `max_bytes`.
Result<std::string> ReadAll(ByteStream& stream, std::int64_t max_bytes, std::string_view path);

}  // namespace inlet::formats
