#include "cli/text_width.h"

#include <cstdint>

namespace inlet::cli {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 1;
};

/// The character at the start of `text`; a byte that is no UTF-8 stands for itself.
Character First(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || text.size() < length) return {.code = lead, .length = 1};
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = (code << 6) | (byte(i) & 0x3FU);
  return {.code = code, .length = length};
}

int WidthOf(std::uint32_t code) {
  const auto in = [code](std::uint32_t low, std::uint32_t high) {
    return code >= low && code <= high;
  };
  if (in(0x300, 0x36F) || in(0x200B, 0x200F) || in(0xFE00, 0xFE0F) || in(0x20D0, 0x20FF)) return 0;
  const bool wide = in(0x1100, 0x115F) || in(0x2E80, 0xA4CF) || in(0xAC00, 0xD7A3) ||
                    in(0xF900, 0xFAFF) || in(0xFE30, 0xFE6F) || in(0xFF00, 0xFF60) ||
                    in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1FAFF) || in(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

}  // namespace

int TextWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character character = First(text);
    width += WidthOf(character.code);
    text.remove_prefix(character.length);
  }
  return width;
}

std::string CutToWidth(std::string text, int width) {
  if (TextWidth(text) <= width) return text;
  std::string_view rest = text;
  int used = 0;
  std::size_t kept = 0;
  while (!rest.empty()) {
    const Character character = First(rest);
    used += WidthOf(character.code);
    if (used > width - 1) break;
    kept += character.length;
    rest.remove_prefix(character.length);
  }
  text.resize(kept);
  return text + "…";
}

}  // namespace inlet::cli
