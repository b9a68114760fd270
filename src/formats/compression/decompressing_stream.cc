#include <algorithm>
#include <vector>

#include "formats/compression/decompressor_internal.h"

namespace inlet::formats {
namespace {

constexpr std::size_t kInputBytes = 256 << 10;

/// Members one after the other until the source ends.
class DecompressingStream : public ByteStream {
 public:
  DecompressingStream(std::unique_ptr<Decompressor> decompressor,
                      std::unique_ptr<ByteStream> source, std::string path,
                      const DecompressionLimits& limits)
      : decompressor_(std::move(decompressor)),
        source_(std::move(source)),
        guard_(std::move(path), limits),
        buffer_(kInputBytes) {}

  Result<std::size_t> Read(std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size() && !finished_) {
      TRY(Refill());
      // At the end of the source the codec may still hold back some output.
      bool flushing = in_.empty();
      if (flushing && !inside_member_) {
        finished_ = true;
        break;
      }
      if (!inside_member_) {
        if (!TRY(BeginMember())) break;
      }
      Decompressor::Step step = decompressor_->Run(in_, out.subspan(done));
      if (!step.damage.empty()) return guard_.Damaged(step.damage);
      in_.remove_prefix(step.consumed);
      done += step.produced;
      TRY(guard_.Count(step.consumed, step.produced));
      if (step.end_of_member) {
        inside_member_ = false;
      } else if (step.consumed == 0 && step.produced == 0 && done < out.size()) {
        if (flushing) return guard_.Damaged("its compressed data is cut off");
        needs_more_ = true;
      }
    }
    return done;
  }

 private:
  // Keeps what the codec has not taken yet and adds to it.
  Status Refill() {
    if (source_ended_ || (!in_.empty() && !needs_more_)) return Ok();
    std::copy(in_.begin(), in_.end(), buffer_.begin());
    std::size_t kept = in_.size();
    if (kept == buffer_.size()) buffer_.resize(buffer_.size() * 2);
    std::size_t count = TRY(source_->Read({buffer_.data() + kept, buffer_.size() - kept}));
    source_ended_ = count < buffer_.size() - kept;
    if (needs_more_ && count == 0) return guard_.Damaged("its compressed data is cut off");
    in_ = {buffer_.data(), kept + count};
    needs_more_ = false;
    return Ok();
  }

  // False at the end: zero bytes after the last member are padding, as of tape blocks.
  Result<bool> BeginMember() {
    if (decompressor_->StartMember(in_)) {
      inside_member_ = true;
      started_ = true;
      return true;
    }
    if (!started_) return guard_.Damaged("it does not begin as its compression says");
    while (!in_.empty()) {
      if (std::ranges::any_of(in_, [](char c) { return c != 0; })) {
        return guard_.Damaged("there are bytes after its compressed data that are not part of it");
      }
      in_ = {};
      TRY(Refill());
    }
    finished_ = true;
    return false;
  }

  std::unique_ptr<Decompressor> decompressor_;
  std::unique_ptr<ByteStream> source_;
  ExpansionGuard guard_;
  std::vector<char> buffer_;
  std::string_view in_;  // Into buffer_.
  bool source_ended_ = false;
  bool needs_more_ = false;
  bool inside_member_ = false;
  bool started_ = false;
  bool finished_ = false;
};

}  // namespace

Status ExpansionGuard::Count(std::size_t in, std::size_t out) {
  bytes_in_ += static_cast<std::int64_t>(in);
  bytes_out_ += static_cast<std::int64_t>(out);
  if (bytes_out_ <= limits_.free_bytes) return Ok();
  if (bytes_out_ > limits_.max_bytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The file " + path_ + " expands too far"},
                 {"limit", std::to_string(limits_.max_bytes) + " bytes"}});
  }
  if (bytes_out_ / std::max<std::int64_t>(bytes_in_, 1) > limits_.max_ratio) {
    return Fail(
        Condition::INLET_RESOURCE_LIMIT,
        {{"message", "The file " + path_ + " expands like a decompression bomb: " +
                         std::to_string(bytes_in_) + " bytes became " + std::to_string(bytes_out_)},
         {"limit", "a ratio of " + std::to_string(limits_.max_ratio)}});
  }
  return Ok();
}

std::unique_ptr<ByteStream> MakeDecompressingStream(std::unique_ptr<Decompressor> decompressor,
                                                    std::unique_ptr<ByteStream> source,
                                                    std::string path,
                                                    const DecompressionLimits& limits) {
  return std::make_unique<DecompressingStream>(std::move(decompressor), std::move(source),
                                               std::move(path), limits);
}

}  // namespace inlet::formats
