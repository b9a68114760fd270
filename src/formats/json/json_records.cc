#include <algorithm>
#include <array>
#include <cstring>

#include "formats/json/json_records_internal.h"

namespace inlet::formats {
namespace {

// Text, tokens and columns of a run stay in the cache of a core.
constexpr std::size_t kRunBytes = std::size_t{256} << 10;
constexpr std::size_t kPadding = 64;
// A request to a remote store costs milliseconds, however small it is.
constexpr std::int64_t kRemoteBytes = std::int64_t{16} << 20;
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

bool IsRemote(const storage::ObjectStore& store) {
  return !store.root_url().starts_with("file:") && !store.root_url().starts_with("memory:");
}

/// JSON text, from which nothing has to be decompressed or decoded.
bool LooksLikeJson(std::string_view head) {
  if (head.empty() || head.starts_with(kUtf8Mark)) return true;
  const char c = head[0];
  const bool text = c == '{' || c == '[' || c == '"' || c == ' ' || c == '\n' || c == '\r' ||
                    c == '\t' || c == '/';
  return text && (head.size() < 2 || head[1] != '\0');
}

}  // namespace

Status JsonRecords::Open(const FileSplit& split) {
  path_ = storage::UrlOf(store_, split.file.path);
  object_.reset();
  stream_.reset();
  at_end_ = false;
  data_end_ = run_begin_ = run_end_ = next_ = 0;
  ahead_.clear();
  ahead_begin_ = 0;
  indexed_ = false;
  TRY(OpenSource(split));
  return Ok();
}

Status JsonRecords::OpenSource(const FileSplit& split) {
  size_ = split.file.size_bytes;
  position_ = split.position;
  split_end_ = split.length < 0 ? -1 : split.position + split.length;
  skip_first_line_ = position_ > 0;
  if (skip_first_line_) {
    // A line belongs to the split in which it starts: what stands before tells whether one starts
    // right here.
    position_ -=
        static_cast<std::int64_t>(std::max<std::size_t>(1, options_.line_separator.size()));
    position_ = std::max<std::int64_t>(position_, 0);
  }
  buffer_position_ = position_;
  const bool plain =
      options_.encoding == TextEncoding::kUtf8 && CodecOfPath(split.file.path) == Codec::kNone;
  if (plain) {
    object_ = TRY(store_.Open(split.file));
    size_ = object_->info().size_bytes;
    TRY(FillBuffer());
    if (skip_first_line_ || LooksLikeJson({buffer_.get(), data_end_})) {
      if (!skip_first_line_ && std::string_view(buffer_.get(), data_end_).starts_with(kUtf8Mark)) {
        next_ = run_end_ = run_begin_ = kUtf8Mark.size();
      }
      return Ok();
    }
    object_.reset();
    data_end_ = 0;
    at_end_ = false;
  }
  stream_ = DecodeText(options_.encoding, TRY(OpenByteStream(store_, split.file)));
  split_end_ = -1;
  skip_first_line_ = false;
  return Ok();
}

Result<std::size_t> JsonRecords::ReadBytes(char* out, std::size_t count) {
  if (stream_ != nullptr) return stream_->Read({out, count});
  if (IsRemote(store_)) return ReadAhead(out, count);
  const auto wanted =
      std::min(static_cast<std::int64_t>(count), std::max<std::int64_t>(size_ - position_, 0));
  if (wanted == 0) return 0;
  const std::int64_t read = TRY(object_->ReadAt({.position = position_, .length = wanted}, out));
  position_ += read;
  return static_cast<std::size_t>(read);
}

/// In large pieces, but not far beyond the end of the split: a record may end there.
Result<std::size_t> JsonRecords::ReadAhead(char* out, std::size_t count) {
  if (ahead_begin_ == ahead_.size()) {
    std::int64_t end = size_;
    if (split_end_ >= 0) end = std::min(end, std::max(split_end_, position_) + (kRemoteBytes >> 4));
    const std::int64_t wanted = std::min(kRemoteBytes, end - position_);
    if (wanted <= 0) return 0;
    ahead_.resize(static_cast<std::size_t>(wanted));
    const std::int64_t read =
        TRY(object_->ReadAt({.position = position_, .length = wanted}, ahead_.data()));
    ahead_.resize(static_cast<std::size_t>(read));
    ahead_begin_ = 0;
    position_ += read;
  }
  const std::size_t copied = std::min(count, ahead_.size() - ahead_begin_);
  if (copied != 0) std::memcpy(out, ahead_.data() + ahead_begin_, copied);
  ahead_begin_ += copied;
  return copied;
}

Status JsonRecords::Grow(std::size_t capacity) {
  if (capacity <= capacity_) return Ok();
  if (capacity > 2 * kMaxJsonRecordBytes) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "A JSON record of " + path_ + " is too long"},
                 {"limit", std::to_string(kMaxJsonRecordBytes) + " bytes"}});
  }
  auto larger = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
  if (data_end_ != 0) std::memcpy(larger.get(), buffer_.get(), data_end_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
  return Ok();
}

/// Reads up to the capacity, or to the end of the source.
Status JsonRecords::FillBuffer() {
  if (capacity_ < kRunBytes) {
    const bool small = object_ != nullptr && size_ < static_cast<std::int64_t>(kRunBytes);
    TRY(Grow(small ? std::max<std::size_t>(static_cast<std::size_t>(size_) + 1, 16 << 10)
                   : kRunBytes));
  }
  while (data_end_ < capacity_ && !at_end_) {
    const std::size_t wanted = capacity_ - data_end_;
    const std::size_t read = TRY(ReadBytes(buffer_.get() + data_end_, wanted));
    data_end_ += read;
    const bool all_read = stream_ == nullptr && position_ >= size_ && ahead_begin_ == ahead_.size();
    if (read == 0 || all_read) at_end_ = true;
  }
  std::memset(buffer_.get() + data_end_, 0, kPadding);
  return Ok();
}

std::size_t JsonRecords::LastSeparatorEnd() const {
  const std::string_view text(buffer_.get() + next_, data_end_ - next_);
  if (!options_.line_separator.empty()) {
    const std::size_t at = text.rfind(options_.line_separator);
    return at == std::string_view::npos ? next_ : next_ + at + options_.line_separator.size();
  }
  const std::size_t newline = text.rfind('\n');
  // A carriage return counts where another byte follows: it may be half of a line end.
  const std::size_t searched = newline == std::string_view::npos && text.size() > 1
                                   ? text.substr(0, text.size() - 1).rfind('\r')
                                   : std::string_view::npos;
  const std::size_t at = newline != std::string_view::npos ? newline : searched;
  return at == std::string_view::npos ? next_ : next_ + at + 1;
}

JsonRecords::Line JsonRecords::LineAt(std::size_t begin) {
  const char* text = buffer_.get();
  if (!options_.line_separator.empty()) {
    const std::string_view rest(text + begin, run_end_ - begin);
    const std::size_t at = rest.find(options_.line_separator);
    if (at == std::string_view::npos) return {.end = run_end_, .next = run_end_};
    return {.end = begin + at, .next = begin + at + options_.line_separator.size()};
  }
  const auto* newline = static_cast<const char*>(std::memchr(text + begin, '\n', run_end_ - begin));
  const std::size_t end = newline == nullptr ? run_end_ : static_cast<std::size_t>(newline - text);
  if (next_carriage_return_ < begin) {
    const auto* found = static_cast<const char*>(std::memchr(text + begin, '\r', run_end_ - begin));
    next_carriage_return_ = found == nullptr ? run_end_ : static_cast<std::size_t>(found - text);
  }
  if (next_carriage_return_ < end) {
    const std::size_t at = next_carriage_return_;
    return {.end = at, .next = at + 1 == end && newline != nullptr ? end + 1 : at + 1};
  }
  return {.end = end, .next = newline == nullptr ? run_end_ : end + 1};
}

/// Makes the next whole lines ready. False when there are none.
Result<bool> JsonRecords::NextRun() {
  std::size_t end = 0;
  while (true) {
    if (data_end_ > next_) {
      end = at_end_ ? data_end_ : LastSeparatorEnd();
      if (end > next_) break;
    }
    if (at_end_) return false;
    // The rest of the buffer is the start of a line: move it to the front and read on.
    if (next_ > 0) {
      std::memmove(buffer_.get(), buffer_.get() + next_, data_end_ - next_);
      buffer_position_ += static_cast<std::int64_t>(next_);
      data_end_ -= next_;
      next_ = 0;
    } else if (data_end_ == capacity_ && capacity_ != 0) {
      TRY(Grow(std::max(capacity_ * 2, kRunBytes)));
    }
    TRY(FillBuffer());
  }
  run_begin_ = next_;
  run_end_ = end;
  next_carriage_return_ = 0;
  if (const auto* found = static_cast<const char*>(
          std::memchr(buffer_.get() + run_begin_, '\r', run_end_ - run_begin_))) {
    next_carriage_return_ = static_cast<std::size_t>(found - buffer_.get());
  } else {
    next_carriage_return_ = run_end_;
  }
  if (skip_first_line_) {
    skip_first_line_ = false;
    next_ = LineAt(next_).next;
  }
  // A string never reaches over a line end, as a control character in it is refused; a separator
  // of other characters gives no such certainty.
  const std::string& separator = options_.line_separator;
  const bool certain = separator.empty() || static_cast<unsigned char>(separator[0]) < 0x20;
  indexed_ = certain && indexer_.Index({buffer_.get() + run_begin_, run_end_ - run_begin_});
  token_ = indexer_.tokens();
  return true;
}

Result<bool> JsonRecords::NextWholeFile(JsonRecord& record) {
  if (next_ > 0 && next_ == data_end_) return false;
  while (!at_end_) {
    if (data_end_ == capacity_ && capacity_ != 0) TRY(Grow(std::max(capacity_ * 2, kRunBytes)));
    TRY(FillBuffer());
  }
  record.text = {buffer_.get() + next_, data_end_ - next_};
  record.whole_file = true;
  next_ = data_end_;
  record.base = record.text.data();
  record.tokens = indexer_.Index(record.text) ? indexer_.tokens() : nullptr;
  return record.text.find_first_not_of(" \t\r\n") != std::string_view::npos;
}

Result<bool> JsonRecords::Next(JsonRecord& record) {
  if (options_.multi_line) return NextWholeFile(record);
  while (true) {
    if (next_ >= run_end_ && !TRY(NextRun())) return false;
    while (next_ < run_end_) {
      if (split_end_ >= 0 && buffer_position_ + static_cast<std::int64_t>(next_) >= split_end_) {
        next_ = run_end_ = data_end_;
        at_end_ = true;
        return false;
      }
      const Line line = LineAt(next_);
      record.text = {buffer_.get() + next_, line.end - next_};
      next_ = line.next;
      if (indexed_) {
        const auto begin =
            static_cast<std::size_t>(record.text.data() - buffer_.get()) - run_begin_;
        const std::size_t end = begin + record.text.size();
        while (*token_ < begin) ++token_;
        if (*token_ >= end) continue;  // Blank.
        record.tokens = token_;
        record.base = buffer_.get() + run_begin_;
        return true;
      }
      if (record.text.find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
      record.base = record.text.data();
      record.tokens = indexer_.Index(record.text) ? indexer_.tokens() : nullptr;
      return true;
    }
  }
}

Result<bool> IsPlainJson(const storage::ObjectStore& store, const storage::ObjectInfo& file) {
  const std::unique_ptr<storage::ObjectReader> reader = TRY(store.Open(file));
  if (TRY(DetectCodec(*reader)) != Codec::kNone) return false;
  std::array<char, 4> head{};
  const std::int64_t read = TRY(reader->ReadAt({.position = 0, .length = 4}, head.data()));
  // JSON starts with ASCII, so a byte 0 or a mark of UTF-16 says what it is.
  const std::string_view text(head.data(), static_cast<std::size_t>(read));
  return !text.contains('\0') && !text.starts_with("\xFF\xFE") && !text.starts_with("\xFE\xFF");
}

}  // namespace inlet::formats
