#include "delta/last_checkpoint.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "delta/log_segment.h"

namespace inlet::delta {
namespace {

using Json = nlohmann::ordered_json;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out + '"';
}

/// Flattens JSON into `key+key=value` texts while it is parsed, so that numbers keep their
/// spelling.
class CanonicalForm : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Leaf("null"); }
  bool boolean(bool value) override { return Leaf(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) override { return Leaf(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return Leaf(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return Leaf(text); }
  bool string(std::string& value) override { return Leaf(Quoted(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    levels_.push_back({.is_array = false});
    return true;
  }
  bool key(std::string& name) override {
    levels_.back().key = Quoted(name);
    return levels_.back().keys.insert(name).second;  // Duplicate keys are illegal.
  }
  bool end_object() override { return End(); }
  bool start_array(std::size_t) override {
    if (levels_.empty()) return false;
    levels_.push_back({.is_array = true});
    return true;
  }
  bool end_array() override { return End(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  std::string Text() {
    std::ranges::sort(pairs_);
    std::string out;
    for (const auto& [path, value] : pairs_) {
      if (!out.empty()) out += ',';
      out += path + "=" + value;
    }
    return out;
  }

 private:
  struct Level {
    bool is_array = false;
    std::size_t position = 0;
    std::string key;
    std::set<std::string> keys;
  };
  bool Leaf(std::string value) {
    if (levels_.empty()) return false;
    std::string path;
    for (const Level& level : levels_) {
      if (!path.empty()) path += '+';
      path += level.is_array ? std::to_string(level.position) : level.key;
    }
    if (levels_.size() > 1 || levels_[0].key != "\"checksum\"") {
      pairs_.emplace_back(std::move(path), std::move(value));
    }
    ++levels_.back().position;
    return true;
  }
  bool End() {
    levels_.pop_back();
    if (!levels_.empty()) ++levels_.back().position;
    return true;
  }

  std::vector<Level> levels_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

std::string Md5(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_md5(), nullptr);
  std::string out;
  for (unsigned int i = 0; i < length; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

std::string HintPath(const storage::Location& table_root) {
  return LogDirectory(table_root) + "_last_checkpoint";
}

}  // namespace

std::optional<std::string> JsonChecksum(std::string_view json) {
  CanonicalForm form;
  if (!Json::sax_parse(json, &form)) return std::nullopt;
  return Md5(form.Text());
}

std::optional<LastCheckpoint> ParseLastCheckpoint(std::string_view json) {
  const Json hint = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!hint.is_object()) return std::nullopt;
  const std::optional<std::string> checksum = JsonChecksum(json);
  if (!checksum) return std::nullopt;
  if (const auto found = hint.find("checksum"); found != hint.end()) {
    if (!found->is_string() || found->get_ref<const std::string&>() != *checksum) {
      return std::nullopt;
    }
  }
  const auto number = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = hint.find(key);
    if (found == hint.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  LastCheckpoint result;
  const std::optional<std::int64_t> version = number("version");
  if (!version || *version < 0) return std::nullopt;
  result.version = *version;
  result.size = number("size").value_or(-1);
  result.size_in_bytes = number("sizeInBytes");
  result.num_add_files = number("numOfAddFiles");
  return result;
}

std::optional<LastCheckpoint> ReadLastCheckpoint(const storage::Location& table_root) {
  const Result<std::string> text = table_root.store->Get(HintPath(table_root));
  if (!text) return std::nullopt;
  return ParseLastCheckpoint(*text);
}

Status WriteLastCheckpoint(const storage::Location& table_root, const LastCheckpoint& hint) {
  const std::optional<LastCheckpoint> there = ReadLastCheckpoint(table_root);
  if (there && there->version > hint.version) return Ok();
  std::string json = fmt::format("{{\"version\":{},\"size\":{}", hint.version, hint.size);
  if (hint.size_in_bytes) json += fmt::format(",\"sizeInBytes\":{}", *hint.size_in_bytes);
  if (hint.num_add_files) json += fmt::format(",\"numOfAddFiles\":{}", *hint.num_add_files);
  const std::string checksum = JsonChecksum(json + "}").value_or("");
  json += fmt::format(",\"checksum\":\"{}\"}}", checksum);
  return table_root.store->Put(HintPath(table_root), json, storage::PutMode::kOverwrite);
}

}  // namespace inlet::delta
