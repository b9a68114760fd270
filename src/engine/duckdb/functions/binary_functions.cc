#include <openssl/evp.h>
#include <openssl/rand.h>
#include <zlib.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/option_map.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/hash_internal.h"
#include "engine/duckdb/functions/text_internal.h"

// Bytes as text (hex, base64, character sets, URLs), digests, hashes and AES.
namespace inlet::engine::functions {
namespace {

using std::optional;
using std::string;
using std::string_view;
using i32 = std::int32_t;
using i64 = std::int64_t;

// ---- Hexadecimal and base64

string Hex(string_view bytes, bool upper) {
  const string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

optional<string> Unhex(string_view text) {
  string bytes;
  int pending = text.size() % 2 == 1 ? 0 : -1;  // An odd number of digits begins with a 0.
  for (const char c : text) {
    const int digit = HexDigit(c);
    if (digit < 0) return std::nullopt;
    if (pending < 0) {
      pending = digit;
    } else {
      bytes += static_cast<char>(pending * 16 + digit);
      pending = -1;
    }
  }
  return bytes;
}

constexpr string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

string Base64(string_view bytes) {
  string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      group = (group << 8) | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= have ? kBase64[(group >> (18 - 6 * k)) & 63] : '=';
  }
  return text;
}

/// Lenient: what is no base64 character is left out. Strict: nothing for text with such characters.
optional<string> FromBase64(string_view text, bool strict) {
  string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  std::size_t characters = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t value = kBase64.find(c);
    if (value == string_view::npos) {
      if (strict && c != '\n' && c != '\r' && c != ' ') return std::nullopt;
      continue;
    }
    ++characters;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((group >> bits) & 0xFF);
    }
  }
  if (strict && characters % 4 == 1) return std::nullopt;
  return bytes;
}

Bound BindHex(ClientContext& context, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  const char* name = type.id() == LogicalTypeId::BLOB      ? "spark_hex_bytes"
                     : type.id() == LogicalTypeId::VARCHAR ? "spark_hex_text"
                                                           : "spark_hex_long";
  return Replace(Call(context, name, Args(Take(arguments[0]))));
}

void AddHexAndBase64(Registry& registry) {
  registry.Add("spark_hex_bytes", [](Bytes bytes) { return Hex(bytes, true); });
  registry.Add("spark_hex_text", [](string_view text) { return Hex(text, true); });
  registry.Add("spark_hex_long", [](i64 value) {
    char buffer[20];
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::uint64_t>(value), 16).ptr;
    return ToUpperText(string_view(buffer, static_cast<std::size_t>(end - buffer)));
  });
  registry.AddBound("spark_hex", BindHex);
  registry.Add("spark_unhex", [](string_view text) -> optional<OwnedBytes> {
    auto bytes = Unhex(text);
    return bytes ? optional(OwnedBytes{std::move(*bytes)}) : std::nullopt;
  });
  registry.Add("spark_base64", [](Bytes bytes) { return Base64(bytes); });
  registry.Add("spark_unbase64",
               [](string_view text) { return OwnedBytes{*FromBase64(text, /*strict=*/false)}; });
}

// ---- Character sets

enum class Charset : std::uint8_t { kUtf8, kAscii, kLatin1, kUtf16, kUtf16Be, kUtf16Le, kUtf32 };

Charset CharsetNamed(string_view name) {
  static constexpr std::pair<string_view, Charset> kNames[] = {
      {"utf-8", Charset::kUtf8},        {"us-ascii", Charset::kAscii},
      {"iso-8859-1", Charset::kLatin1}, {"utf-16", Charset::kUtf16},
      {"utf-16be", Charset::kUtf16Be},  {"utf-16le", Charset::kUtf16Le},
      {"utf-32", Charset::kUtf32}};
  const string lower = ToLower(name);
  for (const auto& [known, charset] : kNames) {
    if (known == lower) return charset;
  }
  Raise(Condition::INVALID_PARAMETER_VALUE_CHARSET,
        {{"charset", string(name)},
         {"charsets", "UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE, UTF-32"}});
}

[[noreturn]] void RaiseCoding(string_view function, string_view charset) {
  Raise(Condition::MALFORMED_CHARACTER_CODING,
        {{"function", string(function)}, {"charset", string(charset)}});
}

void AppendUnit(std::uint32_t unit, int bytes, bool big_endian, string& out) {
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>((unit >> (8 * (big_endian ? bytes - 1 - i : i))) & 0xFF);
}

string Encode(string_view text, string_view charset_name) {
  const Charset charset = CharsetNamed(charset_name);
  if (charset == Charset::kUtf8) return string(text);
  string bytes = charset == Charset::kUtf16 ? string("\xFE\xFF", 2) : string();
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = NextChar(text, i);
    if (charset == Charset::kAscii || charset == Charset::kLatin1) {
      if (c >= (charset == Charset::kAscii ? 0x80u : 0x100u)) RaiseCoding("encode", charset_name);
      bytes += static_cast<char>(c);
    } else if (charset == Charset::kUtf32) {
      AppendUnit(c, 4, true, bytes);
    } else {
      const bool big_endian = charset != Charset::kUtf16Le;
      if (c < 0x10000) {
        AppendUnit(c, 2, big_endian, bytes);
      } else {
        AppendUnit(0xD800 + ((c - 0x10000) >> 10), 2, big_endian, bytes);
        AppendUnit(0xDC00 + ((c - 0x10000) & 0x3FF), 2, big_endian, bytes);
      }
    }
  }
  return bytes;
}

string DecodeUtf16(string_view bytes, bool big_endian, string_view charset_name) {
  string text;
  auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(bytes[i]);
    const auto b = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<char32_t>(big_endian ? a << 8 | b : b << 8 | a);
  };
  if (bytes.size() % 2 != 0) RaiseCoding("decode", charset_name);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    char32_t c = unit(i);
    if (c >= 0xD800 && c < 0xDC00 && i + 4 <= bytes.size()) {
      const char32_t low = unit(i + 2);
      if (low < 0xDC00 || low > 0xDFFF) RaiseCoding("decode", charset_name);
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    } else if (c >= 0xD800 && c <= 0xDFFF) {
      RaiseCoding("decode", charset_name);
    }
    AppendChar(c, text);
  }
  return text;
}

string Decode(string_view bytes, string_view charset_name) {
  string text;
  switch (CharsetNamed(charset_name)) {
    case Charset::kUtf8:
      if (!IsValidUtf8(bytes)) RaiseCoding("decode", charset_name);
      return string(bytes);
    case Charset::kAscii:
      for (const char c : bytes) {
        if (static_cast<unsigned char>(c) >= 0x80) RaiseCoding("decode", charset_name);
      }
      return string(bytes);
    case Charset::kLatin1:
      for (const char c : bytes) AppendChar(static_cast<unsigned char>(c), text);
      return text;
    case Charset::kUtf16: {
      const bool little = bytes.starts_with("\xFF\xFE");
      if (little || bytes.starts_with("\xFE\xFF")) bytes.remove_prefix(2);
      return DecodeUtf16(bytes, !little, charset_name);
    }
    case Charset::kUtf16Be:
      return DecodeUtf16(bytes, true, charset_name);
    case Charset::kUtf16Le:
      return DecodeUtf16(bytes, false, charset_name);
    case Charset::kUtf32:
      if (bytes.size() % 4 != 0) RaiseCoding("decode", charset_name);
      for (std::size_t i = 0; i < bytes.size(); i += 4) {
        char32_t c = 0;
        for (std::size_t k = 0; k < 4; ++k) c = (c << 8) | static_cast<unsigned char>(bytes[i + k]);
        AppendChar(c, text);
      }
      return text;
  }
  return text;
}

optional<string> ToBinary(string_view text, string_view format) {
  const string lower = ToLower(format);
  if (lower == "hex") return Unhex(text);
  if (lower == "utf-8" || lower == "utf8") return string(text);
  if (lower == "base64") return FromBase64(text, /*strict=*/true);
  Raise(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "fmt"},
                                             {"functionName", "to_binary"},
                                             {"message", "it is one of hex, utf-8, base64"}});
}

void AddCharsets(Registry& registry) {
  registry.Add("spark_encode", [](string_view text, string_view charset) {
    return OwnedBytes{Encode(text, charset)};
  });
  registry.Add("spark_decode_bytes",
               [](Bytes bytes, string_view charset) { return Decode(bytes, charset); });
  auto to_binary = [](string_view text, string_view format) {
    auto bytes = ToBinary(text, format);
    if (!bytes) {
      Raise(Condition::CONVERSION_INVALID_INPUT,
            {{"str", "'" + string(text) + "'"}, {"targetType", "BINARY"}, {"fmt", string(format)}});
    }
    return OwnedBytes{std::move(*bytes)};
  };
  auto try_to_binary = [](string_view text, string_view format) -> optional<OwnedBytes> {
    auto bytes = ToBinary(text, format);
    return bytes ? optional(OwnedBytes{std::move(*bytes)}) : std::nullopt;
  };
  registry.Add("spark_to_binary", to_binary);
  registry.Add("spark_to_binary", [to_binary](string_view text) { return to_binary(text, "hex"); });
  registry.Add("spark_try_to_binary", try_to_binary);
  registry.Add("spark_try_to_binary",
               [try_to_binary](string_view text) { return try_to_binary(text, "hex"); });
}

// ---- Digests

string Digest(string_view bytes, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, algorithm, nullptr);
  return Hex({reinterpret_cast<const char*>(digest.data()), length}, false);
}

void AddDigests(Registry& registry) {
  registry.Add("spark_md5", [](Bytes bytes) { return Digest(bytes, EVP_md5()); });
  registry.Add("spark_sha1", [](Bytes bytes) { return Digest(bytes, EVP_sha1()); });
  registry.Add("spark_sha2", [](Bytes bytes, i32 bits) -> optional<string> {
    switch (bits) {
      case 224:
        return Digest(bytes, EVP_sha224());
      case 0:
      case 256:
        return Digest(bytes, EVP_sha256());
      case 384:
        return Digest(bytes, EVP_sha384());
      case 512:
        return Digest(bytes, EVP_sha512());
      default:
        return std::nullopt;
    }
  });
  registry.Add("spark_crc32", [](Bytes bytes) {
    return static_cast<i64>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  });
}

// ---- hash() and xxhash64(), as Spark feeds them values

/// Two's complement, most significant byte first, as short as can be (BigInteger.toByteArray).
string BigIntegerBytes(Int128 value) {
  string bytes;
  for (int i = 15; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
  while (bytes.size() > 1 && ((bytes[0] == 0 && bytes[1] >= 0) || (bytes[0] == -1 && bytes[1] < 0)))
    bytes.erase(0, 1);
  return bytes;
}

template <class Algorithm>
typename Algorithm::Hash HashCell(const Cell& cell, typename Algorithm::Hash seed) {
  if (cell.is_null()) return seed;
  switch (cell.type().id()) {
    case LogicalTypeId::BOOLEAN:
      return Algorithm::OfInt(cell.As<bool>() ? 1 : 0, seed);
    case LogicalTypeId::TINYINT:
      return Algorithm::OfInt(cell.As<std::int8_t>(), seed);
    case LogicalTypeId::SMALLINT:
      return Algorithm::OfInt(cell.As<std::int16_t>(), seed);
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::DATE:
      return Algorithm::OfInt(cell.As<i32>(), seed);
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ:
      return Algorithm::OfLong(cell.As<i64>(), seed);
    case LogicalTypeId::FLOAT: {
      const float value = cell.As<float>();
      return Algorithm::OfInt(std::bit_cast<i32>(value == 0 ? 0.0f : value), seed);
    }
    case LogicalTypeId::DOUBLE: {
      const double value = cell.As<double>();
      return Algorithm::OfLong(std::bit_cast<i64>(value == 0 ? 0.0 : value), seed);
    }
    case LogicalTypeId::DECIMAL:
      if (duckdb::DecimalType::GetWidth(cell.type()) <= 18) {
        return Algorithm::OfLong(static_cast<i64>(cell.unscaled()), seed);
      }
      return Algorithm::OfBytes(BigIntegerBytes(cell.unscaled()), seed);
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::BLOB:
      return Algorithm::OfBytes(cell.text(), seed);
    case LogicalTypeId::LIST:
      for (idx_t i = 0; i < cell.size(); ++i) seed = HashCell<Algorithm>(cell.element(i), seed);
      return seed;
    case LogicalTypeId::STRUCT:
      for (idx_t i = 0; i < cell.num_fields(); ++i) seed = HashCell<Algorithm>(cell.field(i), seed);
      return seed;
    default:
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "hash"}, {"message", "it takes no " + cell.type().ToString()}});
  }
}

template <class Algorithm, class Result>
Bound BindHash(ClientContext&, Arguments&) {
  return {.type = detail::Traits<Result>::type(),
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            auto* out = duckdb::FlatVector::GetData<Result>(result);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              typename Algorithm::Hash hash = Algorithm::kSeed;
              for (const Cells& column : columns) hash = HashCell<Algorithm>(column[row], hash);
              out[row] = static_cast<Result>(hash);
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

// ---- URLs

string UrlEncode(string_view text) {
  string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       string_view("*-._").find(c) != string_view::npos;
    if (plain) {
      result += c;
    } else if (c == ' ') {
      result += '+';
    } else {
      result += '%' + Hex({&c, 1}, true);
    }
  }
  return result;
}

optional<string> UrlDecode(string_view text) {
  string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0)
      return std::nullopt;
    result += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
    i += 2;
  }
  return result;
}

/// The parts of a URI as java.net.URI takes it apart.
struct Uri {
  optional<string_view> scheme, authority, query, fragment;
  string_view path;
};

optional<Uri> ParseUri(string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' ||
        string_view("\"<>\\^`{|}").find(c) != string_view::npos)
      return std::nullopt;
  }
  Uri uri;
  if (const std::size_t hash = text.find('#'); hash != string_view::npos) {
    uri.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  const std::size_t colon = text.find_first_of(":/?");
  if (colon != string_view::npos && text[colon] == ':') {
    if (colon == 0) return std::nullopt;
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (const std::size_t mark = text.find('?'); mark != string_view::npos) {
    uri.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    const std::size_t slash = text.find('/', 2);
    uri.authority = text.substr(2, slash == string_view::npos ? slash : slash - 2);
    text = slash == string_view::npos ? string_view() : text.substr(slash);
  }
  uri.path = text;
  return uri;
}

optional<string_view> HostOf(const Uri& uri) {
  if (!uri.authority || uri.authority->empty()) return std::nullopt;
  string_view host = *uri.authority;
  if (const std::size_t at = host.rfind('@'); at != string_view::npos) host.remove_prefix(at + 1);
  const std::size_t colon = host.rfind(':');
  if (colon != string_view::npos && host.find(']', colon) == string_view::npos)
    host = host.substr(0, colon);
  return host;
}

optional<string> PartOfUrl(const Uri& uri, string_view part) {
  auto text = [](optional<string_view> value) {
    return value ? optional(string(*value)) : std::nullopt;
  };
  if (part == "HOST") return text(HostOf(uri));
  if (part == "PATH") return string(uri.path);
  if (part == "QUERY") return text(uri.query);
  if (part == "REF") return text(uri.fragment);
  if (part == "PROTOCOL") return text(uri.scheme);
  if (part == "AUTHORITY") return text(uri.authority);
  if (part == "FILE") return string(uri.path) + (uri.query ? "?" + string(*uri.query) : "");
  if (part == "USERINFO" && uri.authority && uri.authority->find('@') != string_view::npos) {
    return string(uri.authority->substr(0, uri.authority->rfind('@')));
  }
  return std::nullopt;
}

optional<string> ParseUrl(string_view url, string_view part, optional<string_view> key,
                          bool is_try) {
  const optional<Uri> uri = ParseUri(url);
  if (!uri) {
    if (is_try) return std::nullopt;
    Raise(Condition::INVALID_URL, {{"url", string(url)}});
  }
  if (!key) return PartOfUrl(*uri, part);
  if (part != "QUERY" || !uri->query) return std::nullopt;
  for (string_view rest = *uri->query; !rest.empty();) {
    const std::size_t end = rest.find('&');
    const string_view pair = rest.substr(0, end);
    const std::size_t equal = pair.find('=');
    if (equal != string_view::npos && pair.substr(0, equal) == *key)
      return string(pair.substr(equal + 1));
    rest = end == string_view::npos ? string_view() : rest.substr(end + 1);
  }
  return std::nullopt;
}

void AddUrls(Registry& registry) {
  registry.Add("spark_url_encode", [](string_view text) { return UrlEncode(text); });
  registry.Add("spark_url_decode", [](string_view text) {
    auto decoded = UrlDecode(text);
    if (!decoded) Raise(Condition::CANNOT_DECODE_URL, {{"url", string(text)}});
    return *decoded;
  });
  registry.Add("spark_try_url_decode", [](string_view text) { return UrlDecode(text); });
  for (const bool is_try : {false, true}) {
    const string name = is_try ? "spark_try_parse_url" : "spark_parse_url";
    registry.Add(name, [is_try](string_view url, string_view part) {
      return ParseUrl(url, part, std::nullopt, is_try);
    });
    registry.Add(name, [is_try](string_view url, string_view part, string_view key) {
      return ParseUrl(url, part, key, is_try);
    });
  }
}

// ---- AES

[[noreturn]] void RaiseAes(string message) {
  Raise(Condition::INVALID_PARAMETER_VALUE,
        {{"parameter", "expr, key"}, {"functionName", "aes"}, {"message", std::move(message)}});
}

enum class AesMode : std::uint8_t { kGcm, kCbc, kEcb };

AesMode AesModeNamed(string_view name, string_view padding) {
  const string lower = ToLower(name);
  const string pads = ToLower(padding);
  if (lower == "gcm" && (pads == "default" || pads == "none")) return AesMode::kGcm;
  if (lower == "cbc" && (pads == "default" || pads == "pkcs")) return AesMode::kCbc;
  if (lower == "ecb" && (pads == "default" || pads == "pkcs")) return AesMode::kEcb;
  RaiseAes("the mode is GCM (padding NONE), CBC or ECB (padding PKCS), not " + string(name) +
           " with " + string(padding));
}

const EVP_CIPHER* CipherOf(AesMode mode, std::size_t key_bytes) {
  if (key_bytes != 16 && key_bytes != 24 && key_bytes != 32)
    RaiseAes("the key has 16, 24 or 32 bytes");
  const std::size_t i = (key_bytes - 16) / 8;
  if (mode == AesMode::kGcm)
    return std::array{EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm}[i]();
  if (mode == AesMode::kCbc)
    return std::array{EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc}[i]();
  return std::array{EVP_aes_128_ecb, EVP_aes_192_ecb, EVP_aes_256_ecb}[i]();
}

constexpr std::size_t kTagBytes = 16;

std::size_t IvBytes(AesMode mode) {
  return mode == AesMode::kGcm ? 12 : mode == AesMode::kCbc ? 16 : 0;
}

const unsigned char* Data(string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

/// What an encrypted text is bound to without being part of it: only GCM knows that.
void Authenticate(EVP_CIPHER_CTX* context, AesMode mode, string_view aad, bool encrypts) {
  if (aad.empty()) return;
  if (mode != AesMode::kGcm) RaiseAes("only GCM takes additional authenticated data");
  int written = 0;
  const auto size = static_cast<int>(aad.size());
  if (encrypts) {
    EVP_EncryptUpdate(context, nullptr, &written, Data(aad), size);
  } else {
    EVP_DecryptUpdate(context, nullptr, &written, Data(aad), size);
  }
}

string AesEncrypt(string_view plain, string_view key, AesMode mode, string_view iv,
                  string_view aad) {
  const EVP_CIPHER* cipher = CipherOf(mode, key.size());
  string out(iv);
  if (iv.empty()) {
    out.resize(IvBytes(mode));
    RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  } else if (iv.size() != IvBytes(mode)) {
    RaiseAes("the initialization vector has " + std::to_string(iv.size()) +
             " bytes, the mode takes " + std::to_string(IvBytes(mode)));
  }
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  string sealed(plain.size() + 32, '\0');
  auto* at = reinterpret_cast<unsigned char*>(sealed.data());
  int written = 0;
  int rest = 0;
  EVP_EncryptInit_ex(context.get(), cipher, nullptr, Data(key), Data(out));
  Authenticate(context.get(), mode, aad, /*encrypts=*/true);
  EVP_EncryptUpdate(context.get(), at, &written, Data(plain), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(context.get(), at + written, &rest);
  sealed.resize(static_cast<std::size_t>(written + rest));
  if (mode == AesMode::kGcm) {
    string tag(kTagBytes, '\0');
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data());
    sealed += tag;
  }
  return out + sealed;
}

optional<string> AesDecrypt(string_view sealed, string_view key, AesMode mode, string_view aad) {
  const EVP_CIPHER* cipher = CipherOf(mode, key.size());
  const std::size_t overhead = IvBytes(mode) + (mode == AesMode::kGcm ? kTagBytes : 0);
  if (sealed.size() < overhead) return std::nullopt;
  const string_view iv = sealed.substr(0, IvBytes(mode));
  const string_view body = sealed.substr(iv.size(), sealed.size() - overhead);
  CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  string plain(body.size() + 32, '\0');
  auto* at = reinterpret_cast<unsigned char*>(plain.data());
  int written = 0;
  int rest = 0;
  EVP_DecryptInit_ex(context.get(), cipher, nullptr, Data(key), Data(iv));
  Authenticate(context.get(), mode, aad, /*encrypts=*/false);
  EVP_DecryptUpdate(context.get(), at, &written, Data(body), static_cast<int>(body.size()));
  if (mode == AesMode::kGcm) {
    string tag(sealed.substr(sealed.size() - kTagBytes));
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data());
  }
  if (EVP_DecryptFinal_ex(context.get(), at + written, &rest) != 1) return std::nullopt;
  plain.resize(static_cast<std::size_t>(written + rest));
  return plain;
}

/// Writes out what a call left out: mode GCM, its padding, no vector, no additional data.
template <std::size_t kCount>
void AddWithDefaults(Registry& registry, const string& name) {
  registry.AddBound(name, [name](ClientContext& context, Arguments& arguments) {
    Arguments all = TakeAll(arguments);
    constexpr std::array<const char*, 4> kDefaults = {"GCM", "DEFAULT", "", ""};
    for (std::size_t i = all.size(); i < kCount; ++i) {
      all.push_back(Constant(duckdb::Value(kDefaults[i - 2])));
    }
    return Replace(Call(context, name + "_all", std::move(all)));
  });
}

void AddAes(Registry& registry) {
  registry.Add("spark_aes_encrypt_all", [](Bytes plain, Bytes key, string_view mode,
                                           string_view padding, Bytes iv, Bytes aad) {
    return OwnedBytes{AesEncrypt(plain, key, AesModeNamed(mode, padding), iv, aad)};
  });
  registry.Add("spark_aes_decrypt_all",
               [](Bytes sealed, Bytes key, string_view mode, string_view padding, Bytes aad) {
                 auto plain = AesDecrypt(sealed, key, AesModeNamed(mode, padding), aad);
                 if (!plain) RaiseAes("the bytes cannot be decrypted with this key");
                 return OwnedBytes{std::move(*plain)};
               });
  registry.Add("spark_try_aes_decrypt_all",
               [](Bytes sealed, Bytes key, string_view mode, string_view padding,
                  Bytes aad) -> optional<OwnedBytes> {
                 const AesMode kind = AesModeNamed(mode, padding);
                 if (kind != AesMode::kGcm && !aad.empty()) return std::nullopt;
                 auto plain = AesDecrypt(sealed, key, kind, aad);
                 return plain ? optional(OwnedBytes{std::move(*plain)}) : std::nullopt;
               });
  AddWithDefaults<6>(registry, "spark_aes_encrypt");
  AddWithDefaults<5>(registry, "spark_aes_decrypt");
  AddWithDefaults<5>(registry, "spark_try_aes_decrypt");
}

}  // namespace

void AddBinaryFunctions(Registry& registry) {
  AddHexAndBase64(registry);
  AddCharsets(registry);
  AddDigests(registry);
  registry.AddBound("spark_hash", BindHash<Murmur3, i32>);
  registry.AddBound("spark_xxhash64", BindHash<XxHash64, i64>);
  AddUrls(registry);
  AddAes(registry);
}

}  // namespace inlet::engine::functions
