#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/compression/byte_stream.h"

namespace inlet::formats {

/// A codec by the name that the option `compression` of text formats takes.
/// Errors: CODEC_NOT_AVAILABLE.
Result<Codec> WritableCodec(const std::string& name);
/// What the name of a file ends with: ".gz", or nothing.
std::string_view SuffixOf(Codec codec);

/// An object whose bytes are compressed on the way. Destroying an unfinished one leaves no trace.
/// Not thread-safe.
class CompressedWriter {
 public:
  virtual ~CompressedWriter() = default;
  virtual Status Append(std::string_view bytes) = 0;
  virtual Result<storage::ObjectInfo> Finish() = 0;

  /// `codec` is one that WritableCodec() gives.
  static Result<std::unique_ptr<CompressedWriter>> Open(const storage::Location& location,
                                                        Codec codec);
};

}  // namespace inlet::formats
