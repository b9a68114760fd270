#pragma once

#include <memory>
#include <string>

#include "formats/compression/byte_stream.h"

namespace inlet::formats {

/// One codec's state machine: bytes in, bytes out. Not thread-safe.
class Decompressor {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    /// A member or frame has just ended with all of its checks passed.
    bool end_of_member = false;
    /// What is wrong with the data, for the error's text; empty when nothing is.
    std::string damage;
  };

  virtual ~Decompressor() = default;
  virtual Step Run(std::string_view in, std::span<char> out) = 0;
  /// Gets ready for the next member. False when what follows, if it is not padding, is no member.
  virtual bool StartMember(std::string_view in) = 0;
};

std::unique_ptr<Decompressor> MakeGzip();
std::unique_ptr<Decompressor> MakeZlib();
std::unique_ptr<Decompressor> MakeBzip2();
std::unique_ptr<Decompressor> MakeZstd(const DecompressionLimits& limits);
std::unique_ptr<Decompressor> MakeLz4Frame();
std::unique_ptr<Decompressor> MakeXz(const DecompressionLimits& limits);

std::unique_ptr<ByteStream> MakeDecompressingStream(std::unique_ptr<Decompressor> decompressor,
                                                    std::unique_ptr<ByteStream> source,
                                                    std::string path,
                                                    const DecompressionLimits& limits);

/// Files of Hadoop's block framing; snappy also in its own framing or as one raw block, lz4 also as
/// frames.
std::unique_ptr<ByteStream> MakeSnappyStream(std::unique_ptr<ByteStream> source, std::string path,
                                             const DecompressionLimits& limits);
std::unique_ptr<ByteStream> MakeLz4Stream(std::unique_ptr<ByteStream> source, std::string path,
                                          const DecompressionLimits& limits);

/// Counts what comes out against what went in.
class ExpansionGuard {
 public:
  ExpansionGuard(std::string path, const DecompressionLimits& limits)
      : path_(std::move(path)), limits_(limits) {}

  /// Errors: INLET_RESOURCE_LIMIT.
  Status Count(std::size_t in, std::size_t out);
  std::unexpected<Error> Damaged(std::string message) const {
    return Fail(Condition::INLET_CORRUPT_FILE, {{"path", path_}, {"message", std::move(message)}});
  }
  const DecompressionLimits& limits() const { return limits_; }

 private:
  std::string path_;
  DecompressionLimits limits_;
  std::int64_t bytes_in_ = 0;
  std::int64_t bytes_out_ = 0;
};

}  // namespace inlet::formats
