#include "delta/data_path.h"

#include <array>

namespace inlet::delta {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendEscape(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

/// The length of "scheme:", or 0. One letter before the colon is a drive, not a scheme.
std::size_t SchemeLength(std::string_view uri) {
  if (!uri.contains(':')) return 0;
  std::size_t i = 0;
  while (i < uri.size() && (std::isalnum(static_cast<unsigned char>(uri[i])) || uri[i] == '+' ||
                            uri[i] == '-' || uri[i] == '.')) {
    ++i;
  }
  const bool has_scheme =
      i > 1 && i < uri.size() && uri[i] == ':' && std::isalpha(static_cast<unsigned char>(uri[0]));
  // "a:b" is a file name with a colon; a scheme is followed by a slash.
  return has_scheme && i + 1 < uri.size() && uri[i + 1] == '/' ? i + 1 : 0;
}

/// "file:///a", "file://localhost/a", "/a" become "file:/a"; "s3://b/k" stays.
std::string NormalizeAbsolute(std::string path) {
  if (path.starts_with('/')) {
    while (path.starts_with("//")) path.erase(0, 1);
    return "file:" + path;
  }
  const std::size_t scheme = SchemeLength(path);
  std::string_view rest = std::string_view(path).substr(scheme);
  if (rest.starts_with("//") && (rest.size() == 2 || rest[2] == '/')) {
    rest.remove_prefix(2);
    while (rest.starts_with("//")) rest.remove_prefix(1);
    return path.substr(0, scheme) + std::string(rest);
  }
  return path;
}

}  // namespace

std::string DecodeUri(std::string_view uri) {
  std::string out;
  out.reserve(uri.size());
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '%' && i + 2 < uri.size()) {
      const int high = HexValue(uri[i + 1]);
      const int low = HexValue(uri[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += uri[i];
  }
  return out;
}

std::string EncodeUri(std::string_view path) {
  constexpr std::string_view kEscaped = " \"<>\\^`{|}%#?[]";
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || kEscaped.contains(c)) {
      AppendEscape(c, out);
    } else {
      out += c;
    }
  }
  return out;
}

bool IsAbsoluteUri(std::string_view uri) { return uri.starts_with('/') || SchemeLength(uri) > 0; }

std::string UrlOf(const storage::Location& location) {
  const std::string& root = location.store->root_url();
  if (location.path.empty()) return root;
  return root.ends_with('/') ? root + location.path : root + "/" + location.path;
}

Result<storage::Location> ResolveDataPath(const storage::Location& table_root,
                                          std::string_view uri) {
  const std::string path = DecodeUri(uri);
  if (!IsAbsoluteUri(uri)) {
    const std::string below = table_root.path.empty() ? path : table_root.path + "/" + path;
    return storage::Location{table_root.store, below};
  }
  const std::string absolute = NormalizeAbsolute(path);
  std::string root = NormalizeAbsolute(table_root.store->root_url());
  if (!root.ends_with('/')) root += '/';
  if (absolute.starts_with(root)) {
    return storage::Location{table_root.store, absolute.substr(root.size())};
  }
  // A scheme would have its percent signs decoded a second time; a plain local path would not.
  if (absolute.starts_with("file:/")) return storage::Resolve(absolute.substr(5));
  return storage::Resolve(uri);
}

std::string CanonicalPath(std::string_view uri) {
  std::string path = uri.contains('%') ? DecodeUri(uri) : std::string(uri);
  return IsAbsoluteUri(uri) ? NormalizeAbsolute(std::move(path)) : path;
}

std::string HivePartitionDirectory(std::string_view column, const std::string* value) {
  constexpr std::string_view kEscaped = "\"#%'*/:=?\\{[]^\x7F";
  const auto escape = [&](std::string_view text) {
    std::string out;
    for (const char c : text) {
      if ((c > 0 && c < 0x20) || kEscaped.contains(c)) {
        AppendEscape(c, out);
      } else {
        out += c;
      }
    }
    return out;
  };
  const bool is_null = value == nullptr || value->empty();
  return escape(column) + "=" + (is_null ? "__HIVE_DEFAULT_PARTITION__" : escape(*value));
}

}  // namespace inlet::delta
