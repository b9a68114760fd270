#include "formats/encoding/text_encoding.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/option_map.h"

namespace inlet::formats {
namespace {

struct EncodingName {
  std::string_view name;
  TextEncoding encoding;
};
// The names that Spark takes, then Java's other names of the same.
constexpr std::array kNames = std::to_array<EncodingName>({
    {"iso-8859-1", TextEncoding::kLatin1}, {"us-ascii", TextEncoding::kAscii},
    {"utf-16", TextEncoding::kUtf16},      {"utf-16be", TextEncoding::kUtf16Be},
    {"utf-16le", TextEncoding::kUtf16Le},  {"utf-32", TextEncoding::kUtf32},
    {"utf-8", TextEncoding::kUtf8},        {"utf-32be", TextEncoding::kUtf32Be},
    {"utf-32le", TextEncoding::kUtf32Le},  {"utf8", TextEncoding::kUtf8},
    {"ascii", TextEncoding::kAscii},       {"latin1", TextEncoding::kLatin1},
    {"iso8859-1", TextEncoding::kLatin1},  {"iso8859_1", TextEncoding::kLatin1},
    {"iso_8859-1", TextEncoding::kLatin1}, {"utf16", TextEncoding::kUtf16},
    {"utf_16", TextEncoding::kUtf16},      {"utf32", TextEncoding::kUtf32},
    {"utf_32", TextEncoding::kUtf32},      {"unicode", TextEncoding::kUtf16},
});
constexpr std::string_view kSparksNames =
    "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8";

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void AppendCodePoint(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

bool IsContinuation(unsigned char c) { return (c & 0xC0) == 0x80; }

// How many bytes from `i` on are one sequence; negative: that many are one malformed sequence, as
// Java's UTF-8 decoder counts them.
int SequenceLength(std::string_view text, std::size_t i) {
  auto at = [&](std::size_t k) -> unsigned char {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0;
  };
  unsigned char first = at(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return -1;
  if (!IsContinuation(at(1))) return -1;
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    if (first == 0xE0 && at(1) < 0xA0) return -1;
    if (!IsContinuation(at(2))) return -2;
    return first == 0xED && at(1) >= 0xA0 ? -3 : 3;  // A surrogate is malformed as a whole.
  }
  if ((first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F)) return -1;
  if (!IsContinuation(at(2))) return -2;
  return IsContinuation(at(3)) ? 4 : -3;
}

/// Bytes of one encoding to UTF-8, piece by piece.
class DecodingStream : public ByteStream {
 public:
  DecodingStream(TextEncoding encoding, std::unique_ptr<ByteStream> source)
      : encoding_(encoding), source_(std::move(source)) {}

  Result<std::size_t> Read(std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      if (position_ == decoded_.size()) {
        if (pass_through_ && started_) return done + TRY(source_->Read(out.subspan(done)));
        if (!TRY(DecodeMore())) break;
        continue;
      }
      std::size_t size = std::min(out.size() - done, decoded_.size() - position_);
      std::memcpy(out.data() + done, decoded_.data() + position_, size);
      position_ += size;
      done += size;
    }
    return done;
  }

 private:
  static constexpr std::size_t kChunk = 256 << 10;

  Result<bool> DecodeMore() {
    position_ = 0;
    decoded_.clear();
    if (source_ended_ && raw_.empty()) return false;
    std::size_t kept = raw_.size();
    raw_.resize(kept + kChunk);
    std::size_t count = TRY(source_->Read({raw_.data() + kept, kChunk}));
    raw_.resize(kept + count);
    source_ended_ = count < kChunk;
    if (!started_) Start();
    Decode();
    return true;
  }

  // A byte order mark tells the truth about the bytes, whatever the option says.
  void Start() {
    started_ = true;
    struct Mark {
      std::string_view bytes;
      TextEncoding encoding;
    };
    static constexpr std::array kMarks = std::to_array<Mark>({
        {std::string_view("\xFF\xFE\0\0", 4), TextEncoding::kUtf32Le},
        {std::string_view("\0\0\xFE\xFF", 4), TextEncoding::kUtf32Be},
        {"\xEF\xBB\xBF", TextEncoding::kUtf8},
        {"\xFF\xFE", TextEncoding::kUtf16Le},
        {"\xFE\xFF", TextEncoding::kUtf16Be},
    });
    bool eight_bit = encoding_ == TextEncoding::kLatin1 || encoding_ == TextEncoding::kAscii;
    for (const Mark& mark : kMarks) {
      if (eight_bit && mark.encoding != TextEncoding::kUtf8) continue;
      if (!raw_.starts_with(mark.bytes)) continue;
      raw_.erase(0, mark.bytes.size());
      encoding_ = mark.encoding;
      break;
    }
    if (encoding_ == TextEncoding::kUtf16) encoding_ = TextEncoding::kUtf16Be;
    if (encoding_ == TextEncoding::kUtf32) encoding_ = TextEncoding::kUtf32Be;
    pass_through_ = encoding_ == TextEncoding::kUtf8;
  }

  void Decode() {
    switch (encoding_) {
      case TextEncoding::kUtf8:
        decoded_.swap(raw_);
        raw_.clear();
        return;
      case TextEncoding::kLatin1:
        for (char c : raw_) AppendCodePoint(static_cast<unsigned char>(c), decoded_);
        raw_.clear();
        return;
      case TextEncoding::kAscii:
        for (char c : raw_) {
          if (static_cast<unsigned char>(c) < 0x80)
            decoded_ += c;
          else
            decoded_ += kReplacement;
        }
        raw_.clear();
        return;
      case TextEncoding::kUtf16:
      case TextEncoding::kUtf16Be:
        return DecodeUtf16(1, 0);
      case TextEncoding::kUtf16Le:
        return DecodeUtf16(0, 1);
      case TextEncoding::kUtf32:
      case TextEncoding::kUtf32Be:
        return DecodeUtf32(false);
      case TextEncoding::kUtf32Le:
        return DecodeUtf32(true);
    }
  }

  void DecodeUtf16(std::size_t low, std::size_t high) {
    auto unit = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(raw_[i + high]) << 8 |
                                        static_cast<unsigned char>(raw_[i + low]));
    };
    std::size_t i = 0;
    while (i + 2 <= raw_.size()) {
      std::uint32_t code = unit(i);
      if (code >= 0xD800 && code < 0xDC00) {
        if (i + 4 > raw_.size()) {
          if (!source_ended_) break;
        } else if (std::uint32_t next = unit(i + 2); next >= 0xDC00 && next < 0xE000) {
          AppendCodePoint(0x10000 + ((code - 0xD800) << 10) + (next - 0xDC00), decoded_);
          i += 4;
          continue;
        }
        decoded_ += kReplacement;
      } else if (code >= 0xDC00 && code < 0xE000) {
        decoded_ += kReplacement;
      } else {
        AppendCodePoint(code, decoded_);
      }
      i += 2;
    }
    KeepRest(i);
  }

  void DecodeUtf32(bool little) {
    std::size_t i = 0;
    for (; i + 4 <= raw_.size(); i += 4) {
      std::uint32_t code = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        code = code << 8 | static_cast<unsigned char>(raw_[i + (little ? 3 - k : k)]);
      }
      if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        decoded_ += kReplacement;
      else
        AppendCodePoint(code, decoded_);
    }
    KeepRest(i);
  }

  // Half a character waits for its other half; at the end there is none.
  void KeepRest(std::size_t used) {
    raw_.erase(0, used);
    if (!source_ended_ || raw_.empty()) return;
    decoded_ += kReplacement;
    raw_.clear();
  }

  TextEncoding encoding_;
  std::unique_ptr<ByteStream> source_;
  std::string raw_;
  std::string decoded_;
  std::size_t position_ = 0;
  bool started_ = false;
  bool pass_through_ = false;
  bool source_ended_ = false;
};

}  // namespace

Result<TextEncoding> ParseEncoding(std::string_view name) {
  for (const EncodingName& known : kNames) {
    if (EqualsIgnoreCase(known.name, name)) return known.encoding;
  }
  return Fail(Condition::INVALID_PARAMETER_VALUE_CHARSET,
              {{"charset", std::string(name)}, {"charsets", std::string(kSparksNames)}});
}

std::unique_ptr<ByteStream> DecodeText(TextEncoding encoding, std::unique_ptr<ByteStream> source) {
  return std::make_unique<DecodingStream>(encoding, std::move(source));
}

bool IsValidUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

void AppendValidUtf8(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size();) {
    int length = SequenceLength(text, i);
    if (length > 0) {
      out.append(text, i, static_cast<std::size_t>(length));
    } else {
      out += kReplacement;
      length = -length;
    }
    i += static_cast<std::size_t>(length);
  }
}

}  // namespace inlet::formats
