#include "formats/encoding/text_input.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace inlet::formats {
namespace {

// Small enough to stay in the second-level cache between cutting and converting.
constexpr std::size_t kMappedWindow = 256 << 10;
constexpr std::size_t kStreamWindow = 1 << 20;
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

}  // namespace

Result<bool> TextInput::IsPlain(const storage::ObjectReader& reader, TextEncoding encoding) {
  if (TRY(DetectCodec(reader)) != Codec::kNone || encoding != TextEncoding::kUtf8) return false;
  std::array<char, 4> head{};
  std::int64_t count = TRY(reader.ReadAt({.position = 0, .length = 4}, head.data()));
  std::string_view bytes(head.data(), static_cast<std::size_t>(count));
  return !bytes.starts_with("\xFF\xFE") && !bytes.starts_with("\xFE\xFF") &&
         !bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4));
}

Result<std::unique_ptr<TextInput>> TextInput::Open(const storage::ObjectStore& store,
                                                   const FileSplit& split, TextEncoding encoding) {
  std::unique_ptr<TextInput> input(new TextInput());
  input->path_ = storage::UrlOf(store, split.file.path);
  std::unique_ptr<storage::ObjectReader> reader = TRY(store.Open(split.file));
  if (!TRY(IsPlain(*reader, encoding))) {
    if (split.position != 0) {
      return FailInternal("a file that cannot be cut was cut: " + split.file.path);
    }
    input->stream_ = DecodeText(encoding, TRY(OpenByteStream(store, split.file)));
    TRY(input->Grow());
    return input;
  }
  input->position_ = split.position;
  if (std::optional<std::string_view> mapped = reader->Mapped()) {
    auto at = std::min(static_cast<std::size_t>(split.position), mapped->size());
    input->mapped_ = mapped->substr(at);
    input->reader_ = std::move(reader);
    input->SetMappedWindow(kMappedWindow);
  } else {
    input->stream_ = StreamFrom(std::move(reader), split.position);
    TRY(input->Grow());
  }
  if (split.position == 0 && input->window_.starts_with(kUtf8Mark)) {
    input->Consume(kUtf8Mark.size());
  }
  return input;
}

void TextInput::SetMappedWindow(std::size_t size) {
  window_ = mapped_.substr(0, size);
  is_last_ = window_.size() == mapped_.size();
}

void TextInput::Consume(std::size_t bytes) {
  if (bytes == 0) return;  // A window that has grown stays.
  position_ += static_cast<std::int64_t>(bytes);
  if (!stream_) {
    mapped_.remove_prefix(bytes);
    SetMappedWindow(kMappedWindow);
    return;
  }
  window_.remove_prefix(bytes);
}

Status TextInput::Grow() {
  if (is_last_) return Ok();
  if (window_.size() >= kMaxWindowBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "A record of the file " + path_ + " is too long"},
                 {"limit", std::to_string(kMaxWindowBytes) + " bytes"}});
  }
  if (!stream_) {
    SetMappedWindow(std::max(window_.size() * 2, kMappedWindow));
    return Ok();
  }
  std::size_t kept = window_.size();
  if (kept != 0) std::memmove(buffer_.data(), window_.data(), kept);
  std::size_t wanted = std::max(kept * 2, kStreamWindow);
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  std::size_t count = TRY(stream_->Read({buffer_.data() + kept, wanted - kept}));
  is_last_ = count < wanted - kept;
  window_ = {buffer_.data(), kept + count};
  return Ok();
}

}  // namespace inlet::formats
