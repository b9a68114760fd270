#include <clocale>
#include <cwctype>

#include "engine/duckdb/functions/text_internal.h"

namespace inlet::engine::functions {

std::size_t CharBytes(std::string_view text, std::size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const std::size_t length = lead < 0x80    ? 1
                             : lead >= 0xF0 ? 4
                             : lead >= 0xE0 ? 3
                             : lead >= 0xC0 ? 2
                                            : 1;
  return std::min(length, text.size() - position);
}

std::int32_t CountChars(std::string_view text) {
  std::int32_t count = 0;
  for (std::size_t i = 0; i < text.size(); i += CharBytes(text, i)) ++count;
  return count;
}

std::size_t CharOffset(std::string_view text, std::int64_t index) {
  std::size_t position = 0;
  while (index-- > 0 && position < text.size()) position += CharBytes(text, position);
  return position;
}

char32_t NextChar(std::string_view text, std::size_t& position) {
  const std::size_t length = CharBytes(text, position);
  const auto lead = static_cast<unsigned char>(text[position]);
  char32_t character = length == 1 ? lead : lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    character = (character << 6) | (static_cast<unsigned char>(text[position + i]) & 0x3Fu);
  }
  position += length;
  return character;
}

void AppendChar(char32_t character, std::string& out) {
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += static_cast<char>(0xC0 | (character >> 6));
    out += static_cast<char>(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    out += static_cast<char>(0xE0 | (character >> 12));
    out += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (character & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (character >> 18));
    out += static_cast<char>(0x80 | ((character >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (character & 0x3F));
  }
}

bool IsValidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    const char32_t character = NextChar(text, i);
    const bool overlong =
        (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    if (overlong || character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF))
      return false;
  }
  return true;
}

namespace {

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

/// Unicode's simple case mappings, whatever the process's locale is.
locale_t UnicodeLocale() {
  static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kLocale;
}

char32_t Mapped(char32_t character, bool upper) {
  const locale_t locale = UnicodeLocale();
  if (!locale) return character;
  const auto wide = static_cast<wint_t>(character);
  return static_cast<char32_t>(upper ? towupper_l(wide, locale) : towlower_l(wide, locale));
}

/// Mappings to more than one character. Source: Unicode, SpecialCasing.txt, those without
/// conditions that living languages use.
std::string_view SpecialUpper(char32_t character) {
  switch (character) {
    case U'\u00DF':
      return "SS";
    case U'\u0149':
      return "\u02BCN";
    case U'\u01F0':
      return "J\u030C";
    case U'\uFB00':
      return "FF";
    case U'\uFB01':
      return "FI";
    case U'\uFB02':
      return "FL";
    case U'\uFB03':
      return "FFI";
    case U'\uFB04':
      return "FFL";
    default:
      return {};
  }
}

}  // namespace

std::string ToUpperText(std::string_view text) {
  std::string upper(text);
  if (IsAscii(text)) {
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return upper;
  }
  upper.clear();
  for (std::size_t i = 0; i < text.size();) {
    const char32_t character = NextChar(text, i);
    if (const std::string_view special = SpecialUpper(character); !special.empty()) {
      upper += special;
    } else {
      AppendChar(Mapped(character, /*upper=*/true), upper);
    }
  }
  return upper;
}

std::string ToLowerText(std::string_view text) {
  std::string lower(text);
  if (IsAscii(text)) {
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return lower;
  }
  lower.clear();
  for (std::size_t i = 0; i < text.size();) {
    const char32_t character = NextChar(text, i);
    if (character == U'\u0130') {
      lower += "i\u0307";
    } else {
      AppendChar(Mapped(character, /*upper=*/false), lower);
    }
  }
  return lower;
}

}  // namespace inlet::engine::functions
