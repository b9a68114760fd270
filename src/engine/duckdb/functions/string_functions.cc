#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/option_map.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "engine/duckdb/functions/text_internal.h"

namespace inlet::engine::functions {

namespace {

using std::string;
using std::string_view;
using i32 = std::int32_t;

/// A function for STRING and for BINARY under one name: `name`_text and `name`_bytes, chosen by the
/// first argument.
void AddByKind(Registry& registry, const string& name) {
  registry.AddBound(name, [name](ClientContext& context, Arguments& arguments) {
    const bool bytes = arguments.at(0)->return_type.id() == LogicalTypeId::BLOB;
    return Replace(Call(context, name + (bytes ? "_bytes" : "_text"), TakeAll(arguments)));
  });
}

// ---- Parts

/// Where substring(s, position, length) begins and ends, for a text of `size` characters.
std::pair<std::int64_t, std::int64_t> SubstringRange(std::int64_t size, i32 position, i32 length) {
  std::int64_t begin = position > 0 ? position - 1 : position < 0 ? size + position : 0;
  const std::int64_t end = std::clamp<std::int64_t>(begin + length, 0, size);
  begin = std::clamp<std::int64_t>(begin, 0, size);
  return {begin, std::max(begin, end)};
}

string_view Substring(string_view text, i32 position, i32 length) {
  const std::int64_t size = position < 0 ? CountChars(text) : std::numeric_limits<i32>::max() * 2LL;
  const auto [begin, end] = SubstringRange(size, position, length);
  if (begin >= end) return {};
  const std::size_t from = CharOffset(text, begin);
  const std::size_t to = from + CharOffset(text.substr(from), end - begin);
  return text.substr(from, to - from);
}

string_view SubstringOfBytes(string_view bytes, i32 position, i32 length) {
  const auto [begin, end] =
      SubstringRange(static_cast<std::int64_t>(bytes.size()), position, length);
  return bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

constexpr i32 kToTheEnd = std::numeric_limits<i32>::max();

/// 1-based place of `part`, from the character `start` (1-based) on; 0 for none.
i32 Locate(string_view part, string_view text, i32 start) {
  if (start < 1) return 0;
  if (part.empty()) return 1;
  const std::size_t from = CharOffset(text, start - 1);
  const std::size_t found = text.find(part, from);
  return found == string_view::npos ? 0 : CountChars(text.substr(0, found)) + 1;
}

string Pad(string_view text, i32 length, string_view pad, bool left) {
  if (length <= 0) return {};
  const i32 have = CountChars(text);
  if (have >= length) return string(text.substr(0, CharOffset(text, length)));
  if (pad.empty()) return string(text);
  string filling;
  const i32 pad_chars = CountChars(pad);
  i32 missing = length - have;
  for (; missing >= pad_chars; missing -= pad_chars) filling += pad;
  filling += pad.substr(0, CharOffset(pad, missing));
  return left ? filling + string(text) : string(text) + filling;
}

string PadBytes(string_view bytes, i32 length, string_view pad, bool left) {
  if (length <= 0) return {};
  const auto size = static_cast<std::size_t>(length);
  if (bytes.size() >= size) return string(bytes.substr(0, size));
  string filling;
  while (!pad.empty() && bytes.size() + filling.size() < size) {
    filling += pad.substr(0, size - bytes.size() - filling.size());
  }
  return left ? filling + string(bytes) : string(bytes) + filling;
}

std::vector<string_view> SplitBy(string_view text, string_view delimiter) {
  std::vector<string_view> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(delimiter, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == string_view::npos) return parts;
    begin = end + delimiter.size();
  }
}

string SplitPart(string_view text, string_view delimiter, i32 index) {
  if (index == 0) Raise(Condition::INVALID_INDEX_OF_ZERO, {});
  const std::vector<string_view> parts =
      delimiter.empty() ? std::vector<string_view>{text} : SplitBy(text, delimiter);
  const auto count = static_cast<std::int64_t>(parts.size());
  const std::int64_t at = index > 0 ? index - 1 : count + index;
  return at >= 0 && at < count ? string(parts[static_cast<std::size_t>(at)]) : string();
}

string_view SubstringIndex(string_view text, string_view delimiter, i32 count) {
  if (count == 0 || delimiter.empty()) return {};
  if (count > 0) {
    for (std::size_t at = 0;; at += delimiter.size()) {
      at = text.find(delimiter, at);
      if (at == string_view::npos) return text;
      if (--count == 0) return text.substr(0, at);
    }
  }
  for (std::size_t at = text.size();;) {
    at = at == 0 ? string_view::npos : text.rfind(delimiter, at - 1);
    if (at == string_view::npos) return text;
    if (++count == 0) return text.substr(at + delimiter.size());
  }
}

bool Contains(string_view characters, string_view character) {
  for (std::size_t i = 0; i < characters.size(); i += CharBytes(characters, i)) {
    if (characters.substr(i, CharBytes(characters, i)) == character) return true;
  }
  return false;
}

string_view Trim(string_view text, string_view characters, bool left, bool right) {
  while (left && !text.empty() && Contains(characters, text.substr(0, CharBytes(text, 0)))) {
    text.remove_prefix(CharBytes(text, 0));
  }
  while (right && !text.empty()) {
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!Contains(characters, text.substr(last))) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

void AddParts(Registry& registry) {
  registry.Add("spark_substring_text", [](string_view s, i32 position, i32 length) {
    return string(Substring(s, position, length));
  });
  registry.Add("spark_substring_text", [](string_view s, i32 position) {
    return string(Substring(s, position, kToTheEnd));
  });
  registry.Add("spark_substring_bytes", [](Bytes s, i32 position, i32 length) {
    return OwnedBytes{string(SubstringOfBytes(s, position, length))};
  });
  registry.Add("spark_substring_bytes", [](Bytes s, i32 position) {
    return OwnedBytes{string(SubstringOfBytes(s, position, kToTheEnd))};
  });
  AddByKind(registry, "spark_substring");
  registry.Add("spark_left",
               [](string_view s, i32 n) { return string(s.substr(0, CharOffset(s, n))); });
  registry.Add("spark_right", [](string_view s, i32 n) {
    return n <= 0 ? string() : string(s.substr(CharOffset(s, CountChars(s) - n)));
  });
  registry.Add("spark_locate", [](string_view part, string_view s) { return Locate(part, s, 1); });
  registry.Add("spark_locate",
               [](string_view part, string_view s, i32 start) { return Locate(part, s, start); });
  registry.Add("spark_instr", [](string_view s, string_view part) { return Locate(part, s, 1); });
  registry.Add("spark_split_part",
               [](string_view s, string_view d, i32 n) { return SplitPart(s, d, n); });
  registry.Add("spark_substring_index",
               [](string_view s, string_view d, i32 n) { return string(SubstringIndex(s, d, n)); });
  for (const auto& [name, left, right] : {std::tuple{"spark_trim", true, true},
                                          {"spark_ltrim", true, false},
                                          {"spark_rtrim", false, true}}) {
    registry.Add(name, [left, right](string_view s) { return string(Trim(s, " ", left, right)); });
    registry.Add(name, [left, right](string_view characters, string_view s) {
      return string(Trim(s, characters, left, right));
    });
  }
  for (const bool left : {true, false}) {
    const string name = left ? "spark_lpad" : "spark_rpad";
    registry.Add(name + "_text", [left](string_view s, i32 n) { return Pad(s, n, " ", left); });
    registry.Add(name + "_text",
                 [left](string_view s, i32 n, string_view pad) { return Pad(s, n, pad, left); });
    registry.Add(name + "_bytes", [left](Bytes s, i32 n) {
      return OwnedBytes{PadBytes(s, n, string_view("\0", 1), left)};
    });
    registry.Add(name + "_bytes", [left](Bytes s, i32 n, Bytes pad) {
      return OwnedBytes{PadBytes(s, n, pad, left)};
    });
    AddByKind(registry, name);
  }
  registry.Add("spark_startswith_text",
               [](string_view s, string_view part) { return s.starts_with(part); });
  registry.Add("spark_startswith_bytes", [](Bytes s, Bytes part) { return s.starts_with(part); });
  AddByKind(registry, "spark_startswith");
  registry.Add("spark_endswith_text",
               [](string_view s, string_view part) { return s.ends_with(part); });
  registry.Add("spark_endswith_bytes", [](Bytes s, Bytes part) { return s.ends_with(part); });
  AddByKind(registry, "spark_endswith");
  registry.Add("spark_contains_text",
               [](string_view s, string_view part) { return s.find(part) != string_view::npos; });
  registry.Add("spark_contains_bytes",
               [](Bytes s, Bytes part) { return s.find(part) != string_view::npos; });
  AddByKind(registry, "spark_contains");
}

// ---- Measures

void AddMeasures(Registry& registry) {
  registry.Add("spark_length_text", [](string_view s) { return CountChars(s); });
  registry.Add("spark_length_bytes", [](Bytes s) { return static_cast<i32>(s.size()); });
  AddByKind(registry, "spark_length");
  registry.Add("spark_octet_length_text", [](string_view s) { return static_cast<i32>(s.size()); });
  registry.Add("spark_octet_length_bytes", [](Bytes s) { return static_cast<i32>(s.size()); });
  AddByKind(registry, "spark_octet_length");
  registry.Add("spark_bit_length_text",
               [](string_view s) { return static_cast<i32>(s.size() * 8); });
  registry.Add("spark_bit_length_bytes", [](Bytes s) { return static_cast<i32>(s.size() * 8); });
  AddByKind(registry, "spark_bit_length");
  registry.Add("spark_ascii", [](string_view s) {
    std::size_t position = 0;
    return s.empty() ? 0 : static_cast<i32>(NextChar(s, position));
  });
  registry.Add("spark_find_in_set", [](string_view word, string_view list) -> i32 {
    if (word.find(',') != string_view::npos) return 0;
    const std::vector<string_view> words = SplitBy(list, ",");
    const auto found = std::ranges::find(words, word);
    return found == words.end() ? 0 : static_cast<i32>(found - words.begin()) + 1;
  });
}

i32 Levenshtein(string_view a, string_view b) {
  std::vector<char32_t> x;
  std::vector<char32_t> y;
  for (std::size_t i = 0; i < a.size();) x.push_back(NextChar(a, i));
  for (std::size_t i = 0; i < b.size();) y.push_back(NextChar(b, i));
  std::vector<i32> row(y.size() + 1);
  for (std::size_t j = 0; j <= y.size(); ++j) row[j] = static_cast<i32>(j);
  for (std::size_t i = 1; i <= x.size(); ++i) {
    i32 diagonal = row[0];
    row[0] = static_cast<i32>(i);
    for (std::size_t j = 1; j <= y.size(); ++j) {
      const i32 substituted = diagonal + (x[i - 1] == y[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

// ---- Changes

string InitCap(string_view text) {
  string lower = ToLowerText(text);
  string result;
  bool at_start = true;
  for (std::size_t i = 0; i < lower.size();) {
    const std::size_t length = CharBytes(lower, i);
    const string_view character = string_view(lower).substr(i, length);
    result += at_start ? ToUpperText(character) : string(character);
    at_start = character == " ";
    i += length;
  }
  return result;
}

string Replaced(string_view text, string_view search, string_view replacement) {
  if (search.empty()) return string(text);
  string result;
  std::size_t begin = 0;
  for (std::size_t at = text.find(search); at != string_view::npos; at = text.find(search, begin)) {
    result += text.substr(begin, at - begin);
    result += replacement;
    begin = at + search.size();
  }
  return result += text.substr(begin);
}

string Translate(string_view text, string_view from, string_view to) {
  string result;
  for (std::size_t i = 0; i < text.size();) {
    const string_view character = text.substr(i, CharBytes(text, i));
    i += character.size();
    std::int64_t place = 0;
    bool found = false;
    for (std::size_t k = 0; k < from.size() && !found; k += CharBytes(from, k), ++place) {
      found = from.substr(k, CharBytes(from, k)) == character;
    }
    if (!found) {
      result += character;
      continue;
    }
    const std::size_t at = CharOffset(to, place - 1);
    if (at < to.size()) result += to.substr(at, CharBytes(to, at));
  }
  return result;
}

string Reversed(string_view text) {
  string result(text.size(), '\0');
  std::size_t end = text.size();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = CharBytes(text, i);
    end -= length;
    std::copy_n(text.data() + i, length, result.data() + end);
    i += length;
  }
  return result;
}

constexpr std::size_t kMaxTextBytes = std::size_t{2} << 30;

string Repeated(string_view text, i32 times) {
  if (times <= 0 || text.empty()) return {};
  if (text.size() > kMaxTextBytes / static_cast<std::size_t>(times)) {
    Raise(Condition::INLET_RESOURCE_LIMIT,
          {{"message", "repeat() makes too long a text"}, {"limit", "2 GiB"}});
  }
  string result;
  result.reserve(text.size() * static_cast<std::size_t>(times));
  for (i32 i = 0; i < times; ++i) result += text;
  return result;
}

string Overlay(string_view text, string_view replacement, i32 position, i32 length) {
  if (length < 0) length = CountChars(replacement);
  const std::size_t begin = CharOffset(text, position - 1);
  const std::size_t end = CharOffset(text, std::int64_t{position} - 1 + length);
  return string(text.substr(0, begin)) + string(replacement) + string(text.substr(end));
}

string Character(std::int64_t code) {
  string text;
  if (code >= 0) AppendChar(static_cast<char32_t>(code & 0xFF), text);
  return text;
}

string Masked(string_view text, std::optional<string_view> upper, std::optional<string_view> lower,
              std::optional<string_view> digit, std::optional<string_view> other) {
  string result;
  for (std::size_t i = 0; i < text.size();) {
    const string_view character = text.substr(i, CharBytes(text, i));
    i += character.size();
    const char c = character.size() == 1 ? character[0] : '\0';
    const bool is_upper = ToLowerText(character) != character;
    const bool is_lower = !is_upper && ToUpperText(character) != character;
    const bool is_digit = c >= '0' && c <= '9';
    const auto& stand_in = is_upper ? upper : is_lower ? lower : is_digit ? digit : other;
    result += stand_in.value_or(character);
  }
  return result;
}

/// mask(text[, upper[, lower[, digit[, other]]]]): NULL keeps a kind of character as it is.
Bound BindMask(ClientContext& context, Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    CoerceTo(context, arguments[i], LogicalType::VARCHAR, "mask", i);
  }
  return {.type = LogicalType::VARCHAR,
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              if (columns[0][row].is_null()) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              std::array<std::optional<string_view>, 4> stand_ins = {"X", "x", "n", std::nullopt};
              for (std::size_t i = 1; i < columns.size(); ++i) {
                const Cell cell = columns[i][row];
                stand_ins[i - 1] = cell.is_null() ? std::nullopt : std::optional(cell.text());
              }
              const string text = Masked(columns[0][row].text(), stand_ins[0], stand_ins[1],
                                         stand_ins[2], stand_ins[3]);
              duckdb::FlatVector::GetData<duckdb::string_t>(result)[row] =
                  duckdb::StringVector::AddString(result, text);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

/// The sentences of a text, each a list of its words.
std::vector<std::vector<string>> SentencesOf(string_view text) {
  std::vector<std::vector<string>> sentences(1);
  string word;
  const auto end_word = [&] {
    while (!word.empty() && (word.back() == '\'' || word.back() == '.')) word.pop_back();
    if (!word.empty()) sentences.back().push_back(std::move(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    const string_view character = text.substr(i, CharBytes(text, i));
    const char c = character.size() == 1 ? character[0] : 'a';
    const char next = i + character.size() < text.size() ? text[i + character.size()] : ' ';
    i += character.size();
    const bool is_word =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool next_is_blank = next == ' ' || next == '\n' || next == '\t' || next == '\r';
    if (is_word) {
      word += character;
    } else if ((c == '.' || c == '\'' || c == ',') && !word.empty() && !next_is_blank) {
      // 3.14 and it's are one word.
      const bool joins =
          c == '\'' || (word.back() >= '0' && word.back() <= '9' && next >= '0' && next <= '9');
      if (joins) {
        word += c;
      } else {
        end_word();
      }
    } else {
      end_word();
      const bool ends = (c == '.' || c == '!' || c == '?') && next_is_blank;
      if (ends && !sentences.back().empty()) sentences.emplace_back();
    }
  }
  end_word();
  if (sentences.back().empty()) sentences.pop_back();
  return sentences;
}

/// sentences(text[, language[, country]]): the rules of English for all.
Bound BindSentences(ClientContext& context, Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    CoerceTo(context, arguments[i], LogicalType::VARCHAR, "sentences", i);
  }
  return {.type = LogicalType::LIST(LogicalType::LIST(LogicalType::VARCHAR)),
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells texts(chunk.data[0], chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              if (texts[row].is_null()) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              const auto sentences = SentencesOf(texts[row].text());
              const idx_t begin = duckdb::ListVector::GetListSize(result);
              duckdb::ListVector::Reserve(result, begin + sentences.size());
              Vector& child = duckdb::ListVector::GetEntry(result);
              for (idx_t i = 0; i < sentences.size(); ++i) {
                const StringList words(sentences[i].begin(), sentences[i].end());
                duckdb::FlatVector::GetData<duckdb::list_entry_t>(child)[begin + i] =
                    detail::Traits<StringList>::Write(child, words);
              }
              duckdb::ListVector::SetListSize(result, begin + sentences.size());
              duckdb::FlatVector::GetData<duckdb::list_entry_t>(result)[row] = {begin,
                                                                                sentences.size()};
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

string Quoted(string_view text) {
  string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

string Soundex(string_view text) {
  static constexpr string_view kCodes = "01230120022455012623010202";  // Of A to Z; 0 is silent.
  if (text.empty() || !((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z')) return string(text);
  auto code = [](char c) { return kCodes[static_cast<std::size_t>((c & ~0x20) - 'A')]; };
  string result(1, static_cast<char>(text[0] & ~0x20));
  char last = code(text[0]);
  for (std::size_t i = 1; i < text.size() && result.size() < 4; ++i) {
    const char c = static_cast<char>(text[i] & ~0x20);
    if (c < 'A' || c > 'Z') {
      last = '0';
      continue;
    }
    const char digit = code(c);
    if (digit != '0' && digit != last) result += digit;
    if (c != 'H' && c != 'W') last = digit;
  }
  result.resize(4, '0');
  return result;
}

bool LuhnCheck(string_view digits) {
  if (digits.empty()) return false;
  int sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    int digit = digits[i] - '0';
    if (twice) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

string MakeValid(string_view text) {
  string result;
  for (std::size_t i = 0; i < text.size();) {
    const string_view character = text.substr(i, CharBytes(text, i));
    if (IsValidUtf8(character)) {
      result += character;
      i += character.size();
    } else {
      result += "\uFFFD";
      ++i;
    }
  }
  return result;
}

void AddChanges(Registry& registry) {
  registry.Add("spark_upper", [](string_view s) { return ToUpperText(s); });
  registry.Add("spark_lower", [](string_view s) { return ToLowerText(s); });
  registry.Add("spark_initcap", [](string_view s) { return InitCap(s); });
  registry.Add("spark_replace",
               [](string_view s, string_view a, string_view b) { return Replaced(s, a, b); });
  registry.Add("spark_replace", [](string_view s, string_view a) { return Replaced(s, a, ""); });
  registry.Add("spark_translate",
               [](string_view s, string_view a, string_view b) { return Translate(s, a, b); });
  registry.Add("spark_reverse_text", [](string_view s) { return Reversed(s); });
  registry.Add("spark_reverse_bytes",
               [](Bytes s) { return OwnedBytes{string(s.rbegin(), s.rend())}; });
  registry.Add("spark_repeat", [](string_view s, i32 n) { return Repeated(s, n); });
  registry.Add("spark_space", [](i32 n) { return Repeated(" ", n); });
  registry.Add("spark_overlay",
               [](string_view s, string_view r, i32 p) { return Overlay(s, r, p, -1); });
  registry.Add("spark_overlay",
               [](string_view s, string_view r, i32 p, i32 n) { return Overlay(s, r, p, n); });
  registry.Add("spark_chr", [](std::int64_t n) { return Character(n); });
  registry.Add("spark_levenshtein", [](string_view a, string_view b) { return Levenshtein(a, b); });
  registry.Add("spark_levenshtein", [](string_view a, string_view b, i32 limit) {
    const i32 distance = Levenshtein(a, b);
    return distance > limit ? -1 : distance;
  });
  registry.AddBound("spark_mask", BindMask);
  registry.Add("spark_quote", [](string_view s) { return Quoted(s); });
  registry.Add("spark_soundex", [](string_view s) { return Soundex(s); });
  registry.Add("spark_luhn_check", [](string_view s) { return LuhnCheck(s); });
  registry.Add("spark_is_valid_utf8_text", [](string_view s) { return IsValidUtf8(s); });
  registry.Add("spark_is_valid_utf8_bytes", [](Bytes s) { return IsValidUtf8(s); });
  AddByKind(registry, "spark_is_valid_utf8");
  registry.AddBound("spark_collation", [](ClientContext& context, Arguments& arguments) {
    if (arguments.at(0)->return_type.id() != LogicalTypeId::VARCHAR &&
        arguments[0]->return_type.id() != LogicalTypeId::SQLNULL) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "collation"}, {"message", "its argument must be a STRING"}});
    }
    return Replace(Call(context, "concat",
                        Args(Constant(duckdb::Value("SYSTEM.BUILTIN.")), Take(arguments.at(1)))));
  });
  registry.AddBound("spark_sentences", BindSentences);
  registry.Add("spark_make_valid_utf8", [](string_view s) { return MakeValid(s); });
  registry.Add("spark_try_validate_utf8", [](string_view s) {
    return IsValidUtf8(s) ? std::optional(string(s)) : std::nullopt;
  });
  registry.Add("spark_validate_utf8", [](string_view s) {
    if (!IsValidUtf8(s))
      Raise(
          Condition::INVALID_PARAMETER_VALUE,
          {{"parameter", "str"}, {"functionName", "validate_utf8"}, {"message", "it is no UTF-8"}});
    return string(s);
  });
}

// ---- Joining

/// concat(): texts, binaries or arrays; NULL when any of them is NULL.
Bound BindConcat(ClientContext& context, Arguments& arguments) {
  if (arguments.empty()) return Replace(Constant(duckdb::Value("")));
  LogicalType type = LogicalType::VARCHAR;
  bool only_bytes = true;
  for (const ExpressionPtr& argument : arguments) {
    const LogicalTypeId id = argument->return_type.id();
    if (id == LogicalTypeId::LIST) type = CommonTypeOf(arguments);
    only_bytes = only_bytes && id == LogicalTypeId::BLOB;
  }
  if (only_bytes) type = LogicalType::BLOB;
  ExpressionPtr joined;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    ExpressionPtr next = Take(arguments[i]);
    CoerceTo(context, next, type, "concat", i);
    joined =
        joined ? Call(context, "||", Args(std::move(joined), std::move(next))) : std::move(next);
  }
  return Replace(std::move(joined));
}

void AppendJoined(const Cell& cell, const types::TimeZone& zone, string_view separator, bool& first,
                  string& out) {
  if (cell.is_null()) return;
  if (cell.type().id() == LogicalTypeId::LIST) {
    for (idx_t i = 0; i < cell.size(); ++i)
      AppendJoined(cell.element(i), zone, separator, first, out);
    return;
  }
  if (!first) out += separator;
  first = false;
  AppendText(cell, zone, out);
}

/// concat_ws(): skips NULLs, takes arrays of texts too.
Bound BindConcatWs(ClientContext& context, Arguments& arguments) {
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "concat_ws", 0);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  return {.type = LogicalType::VARCHAR,
          .execute = [zone](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            string text;
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              const Cell separator = columns[0][row];
              if (separator.is_null()) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              text.clear();
              bool first = true;
              for (std::size_t i = 1; i < columns.size(); ++i) {
                AppendJoined(columns[i][row], *zone, separator.text(), first, text);
              }
              duckdb::FlatVector::GetData<duckdb::string_t>(result)[row] =
                  duckdb::StringVector::AddString(result, text);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

// ---- Formats

/// Digits with commas, rounded half even as java.text.DecimalFormat does.
string FormatNumber(string_view digits, i32 places) {
  if (places < 0) return {};
  auto value = types::ParseDecimal(digits, 38, std::min(places + 10, 30));
  if (!value) return string(digits);
  const int scale = std::min(places + 10, 30);
  const Int128 divisor = PowerOfTen(std::max(scale - places, 0));
  const bool negative = *value < 0 || digits.starts_with('-');
  Int128 magnitude = *value < 0 ? -*value : *value;
  const Int128 rest = magnitude % divisor;
  magnitude /= divisor;
  if (rest * 2 > divisor || (rest * 2 == divisor && magnitude % 2 == 1)) ++magnitude;
  string text;
  types::AppendDecimal(magnitude, std::min(places, scale), text);
  std::size_t point = text.find('.');
  if (point == string::npos) point = text.size();
  for (std::size_t at = point; at > 3; at -= 3) text.insert(at - 3, ",");
  return (negative ? "-" : "") + text;
}

Bound BindFormatNumber(ClientContext& context, Arguments& arguments) {
  if (arguments.at(0)->return_type.id() == LogicalTypeId::VARCHAR) {
    arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::DOUBLE);
  }
  arguments[0] = CastTo(context, std::move(arguments[0]), LogicalType::VARCHAR);
  if (arguments.at(1)->return_type.id() == LogicalTypeId::VARCHAR) {
    Raise(Condition::INLET_UNSUPPORTED, {{"feature", "format_number() with a pattern"}});
  }
  return Replace(
      Call(context, "spark_format_number_text", Args(Take(arguments[0]), Take(arguments[1]))));
}

/// One %-specifier of java.util.Formatter.
struct Specifier {
  string flags;
  int width = -1;
  int precision = -1;
  char conversion = 0;
  bool has(char flag) const { return flags.find(flag) != string::npos; }
};

string WithCommas(string digits) {
  std::size_t end = digits.find('.');
  if (end == string::npos) end = digits.size();
  const std::size_t begin = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = end; at > begin + 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

string Aligned(const Specifier& specifier, string text) {
  const auto width = static_cast<i32>(specifier.width);
  if (CountChars(text) >= width) return text;
  if (specifier.has('0') && !specifier.has('-')) {
    const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    text.insert(sign, static_cast<std::size_t>(width - CountChars(text)), '0');
    return text;
  }
  return Pad(text, width, " ", !specifier.has('-'));
}

string Signed(const Specifier& specifier, string number) {
  if (specifier.has(',')) number = WithCommas(std::move(number));
  if (specifier.has('+') && !number.starts_with('-')) number.insert(0, "+");
  if (specifier.has(' ') && !number.starts_with('-')) number.insert(0, " ");
  return number;
}

double RealOf(const Cell& cell) {
  string text;
  AppendText(cell, types::TimeZone::Utc(), text);
  return types::ParseDouble(text).value_or(0);
}

std::int64_t IntegerOf(const Cell& cell) {
  string text;
  AppendText(cell, types::TimeZone::Utc(), text);
  return types::ParseInteger<std::int64_t>(text).value_or(0);
}

string Formatted(const Specifier& specifier, const Cell& cell, const types::TimeZone& zone) {
  if (cell.is_null()) return Aligned(specifier, "null");
  const int precision = specifier.precision < 0 ? 6 : specifier.precision;
  switch (specifier.conversion) {
    case 'd':
      return Aligned(specifier, Signed(specifier, fmt::format("{}", IntegerOf(cell))));
    case 'x':
    case 'X':
    case 'o': {
      const bool narrow = cell.type().id() == LogicalTypeId::INTEGER;
      const auto value =
          static_cast<std::uint64_t>(IntegerOf(cell)) & (narrow ? 0xFFFFFFFFu : ~std::uint64_t{0});
      return Aligned(specifier, specifier.conversion == 'x'   ? fmt::format("{:x}", value)
                                : specifier.conversion == 'X' ? fmt::format("{:X}", value)
                                                              : fmt::format("{:o}", value));
    }
    case 'f':
      return Aligned(specifier, Signed(specifier, fmt::format("{:.{}f}", RealOf(cell), precision)));
    case 'e':
      return Aligned(specifier, Signed(specifier, fmt::format("{:.{}e}", RealOf(cell), precision)));
    case 'E':
      return Aligned(specifier, Signed(specifier, fmt::format("{:.{}E}", RealOf(cell), precision)));
    case 'g':
      return Aligned(specifier, Signed(specifier, fmt::format("{:.{}g}", RealOf(cell), precision)));
    case 'c': {
      string text;
      if (cell.type().IsIntegral()) {
        AppendChar(static_cast<char32_t>(IntegerOf(cell)), text);
      } else {
        AppendText(cell, zone, text);
      }
      return Aligned(specifier, text);
    }
    case 'b':
      return Aligned(specifier, cell.type().id() == LogicalTypeId::BOOLEAN && !cell.As<bool>()
                                    ? "false"
                                    : "true");
    case 's':
    case 'S': {
      string text;
      AppendText(cell, zone, text);
      if (specifier.precision >= 0) text.resize(CharOffset(text, specifier.precision));
      return Aligned(specifier, specifier.conversion == 'S' ? ToUpperText(text) : text);
    }
    default:
      Raise(Condition::INVALID_PARAMETER_VALUE,
            {{"parameter", "strfmt"},
             {"functionName", "format_string"},
             {"message", string("there is no conversion %") + specifier.conversion}});
  }
}

string FormatString(string_view format, const std::vector<Cell>& values,
                    const types::TimeZone& zone) {
  string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    Specifier specifier;
    std::size_t at = i + 1;
    int number = 0;
    auto digits = [&] {
      int value = 0;
      while (at < format.size() && format[at] >= '0' && format[at] <= '9' && value < 100'000)
        value = value * 10 + (format[at++] - '0');
      return value;
    };
    const std::size_t begin = at;
    number = digits();
    const bool indexed = at > begin && at < format.size() && format[at] == '$';
    if (indexed) {
      ++at;
    } else {
      at = begin;
    }
    while (at < format.size() && string_view("-#+ 0,(").find(format[at]) != string_view::npos)
      specifier.flags += format[at++];
    if (at < format.size() && format[at] >= '1' && format[at] <= '9') specifier.width = digits();
    if (at < format.size() && format[at] == '.') {
      ++at;
      specifier.precision = digits();
    }
    specifier.conversion = at < format.size() ? format[at] : '%';
    i = at;
    if (specifier.conversion == '%') {
      out += '%';
    } else if (specifier.conversion == 'n') {
      out += '\n';
    } else {
      const std::size_t index = indexed ? static_cast<std::size_t>(number - 1) : next++;
      if (index >= values.size()) {
        Raise(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "strfmt"},
               {"functionName", "format_string"},
               {"message", "it has more places than there are arguments"}});
      }
      out += Formatted(specifier, values[index], zone);
    }
  }
  return out;
}

Bound BindFormatString(ClientContext& context, Arguments& arguments) {
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "format_string", 0);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  return {.type = LogicalType::VARCHAR,
          .execute = [zone](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              if (columns[0][row].is_null()) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              std::vector<Cell> values;
              for (std::size_t i = 1; i < columns.size(); ++i) values.push_back(columns[i][row]);
              duckdb::FlatVector::GetData<duckdb::string_t>(result)[row] =
                  duckdb::StringVector::AddString(
                      result, FormatString(columns[0][row].text(), values, *zone));
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

}  // namespace

void AddStringFunctions(Registry& registry) {
  AddParts(registry);
  AddMeasures(registry);
  AddChanges(registry);
  registry.AddBound("spark_concat", BindConcat);
  registry.AddBound("spark_concat_ws", BindConcatWs);
  registry.AddBound("spark_format_number", BindFormatNumber);
  registry.Add("spark_format_number_text",
               [](string_view digits, i32 places) -> std::optional<string> {
                 if (places < 0) return std::nullopt;
                 return FormatNumber(digits, places);
               });
  registry.AddBound("spark_format_string", BindFormatString);
}

}  // namespace inlet::engine::functions
