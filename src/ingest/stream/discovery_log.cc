#include "ingest/stream/discovery_log.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "types/json_text.h"

namespace inlet::ingest {
namespace {

constexpr std::string_view kVersionLine = "v1\n";
constexpr std::int64_t kMergeFactor = 10;
constexpr std::int64_t kMaxMerged = 1'000'000;
/// Marks where the next discovery begins in a merged file.
constexpr std::string_view kNextDiscovery = "--\n";

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

void AppendLine(const FoundFile& file, std::string& text) {
  text += "{\"path\":";
  types::AppendJsonQuoted(file.url, text);
  text += ",\"timestamp\":" + std::to_string(file.modified_at_ms) +
          ",\"size\":" + std::to_string(file.size_bytes) +
          ",\"seqNum\":" + std::to_string(file.seq) +
          ",\"discovered\":" + std::to_string(file.found_at_ms);
  if (!file.etag.empty()) {
    text += ",\"etag\":";
    types::AppendJsonQuoted(file.etag, text);
  }
  text += "}\n";
}

bool ParseLine(simdjson::dom::parser& parser, std::string_view line, FoundFile& file) {
  simdjson::dom::element json;
  std::string_view url;
  if (parser.parse(line.data(), line.size()).get(json) != simdjson::SUCCESS ||
      json["path"].get(url) != simdjson::SUCCESS ||
      json["timestamp"].get(file.modified_at_ms) != simdjson::SUCCESS ||
      json["size"].get(file.size_bytes) != simdjson::SUCCESS ||
      json["seqNum"].get(file.seq) != simdjson::SUCCESS ||
      json["discovered"].get(file.found_at_ms) != simdjson::SUCCESS) {
    return false;
  }
  file.url = url;
  std::string_view etag;
  if (json["etag"].get(etag) == simdjson::SUCCESS) file.etag = etag;
  return true;
}

std::unexpected<Error> Invalid(const storage::ObjectStore& store, std::string_view path,
                               std::string message) {
  return Fail(Condition::STREAM_CHECKPOINT_INVALID,
              {{"path", storage::UrlOf(store, path)}, {"message", std::move(message)}});
}

}  // namespace

std::string DiscoveryLog::PathOf(std::int64_t first, std::int64_t last) const {
  std::string path = directory_.path + "/" + std::to_string(first);
  if (last != first) path += "-" + std::to_string(last);
  return path;
}

Result<std::int64_t> DiscoveryLog::Count() {
  std::vector<Segment> found;
  const std::string prefix = directory_.path + "/";
  for (storage::ObjectInfo& file : TRY(directory_.store->List(prefix, {.one_level = true}))) {
    const std::string_view name = std::string_view(file.path).substr(prefix.size());
    const std::size_t dash = name.find('-');
    const auto first = Number(name.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : Number(name.substr(dash + 1));
    if (!first || !last) continue;
    found.push_back({.first = *first, .last = *last, .path = std::move(file.path)});
  }
  // Of those that begin together the widest one; what it covers is left over from a merge.
  std::sort(found.begin(), found.end(), [](const Segment& a, const Segment& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  segments_.clear();
  std::int64_t next = 0;
  for (Segment& segment : found) {
    if (segment.last < next) continue;
    if (segment.first != next) {
      return Invalid(*directory_.store, PathOf(next, next), "it is missing");
    }
    next = segment.last + 1;
    segments_.push_back(std::move(segment));
  }
  return next;
}

Status DiscoveryLog::Read(
    std::int64_t from,
    const std::function<Status(std::int64_t, std::vector<FoundFile>)>& take) const {
  simdjson::dom::parser parser;
  for (const Segment& segment : segments_) {
    if (segment.last < from) continue;
    const std::string text = TRY(directory_.store->Get(segment.path));
    std::string_view rest = text;
    if (!rest.starts_with(kVersionLine)) {
      return Invalid(*directory_.store, segment.path, "it is not a list of files of version v1");
    }
    rest.remove_prefix(kVersionLine.size());
    for (std::int64_t number = segment.first; number <= segment.last; ++number) {
      std::vector<FoundFile> files;
      while (!rest.empty() && !rest.starts_with(kNextDiscovery)) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (!ParseLine(parser, line, files.emplace_back())) {
          return Invalid(*directory_.store, segment.path, "it has a line that is no file");
        }
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      }
      if (!rest.empty()) rest.remove_prefix(kNextDiscovery.size());
      if (number >= from) TRY(take(number, std::move(files)));
    }
  }
  return Ok();
}

Status DiscoveryLog::Append(std::int64_t number, const std::vector<FoundFile>& files) {
  std::string text(kVersionLine);
  for (const FoundFile& file : files) AppendLine(file, text);
  const std::string path = PathOf(number, number);
  const Status put = directory_.store->Put(path, text, storage::PutMode::kIfAbsent);
  if (!put) {
    if (put.error().kind() != ErrorKind::kAlreadyExists) return put;
    return Fail(Condition::CONCURRENT_STREAM_LOG_UPDATE,
                {{"batchId", std::to_string(number) + " of sources/0"}});
  }
  segments_.push_back({.first = number, .last = number, .path = path});
  return MergeUpTo(number);
}

/// Merges ten neighbours of one size when `number` is the last of them, then the next size.
Status DiscoveryLog::MergeUpTo(std::int64_t number) {
  for (std::int64_t width = kMergeFactor; width <= kMaxMerged && (number + 1) % width == 0;
       width *= kMergeFactor) {
    const std::int64_t first = number + 1 - width;
    const auto begin = std::find_if(segments_.begin(), segments_.end(),
                                    [&](const Segment& part) { return part.first >= first; });
    if (begin == segments_.end() || begin->first != first || begin + 1 == segments_.end()) {
      return Ok();
    }
    std::string merged(kVersionLine);
    for (auto part = begin; part != segments_.end(); ++part) {
      const std::string text = TRY(directory_.store->Get(part->path));
      if (part != begin) merged += kNextDiscovery;
      merged += std::string_view(text).substr(kVersionLine.size());
    }
    Segment whole{.first = first, .last = number, .path = PathOf(first, number)};
    const Status put = directory_.store->Put(whole.path, merged, storage::PutMode::kIfAbsent);
    // One that is there has the same lines: its parts never change.
    if (!put && put.error().kind() != ErrorKind::kAlreadyExists) return put;
    for (auto part = begin; part != segments_.end(); ++part) {
      TRY(directory_.store->Delete(part->path));
    }
    segments_.erase(begin, segments_.end());
    segments_.push_back(std::move(whole));
  }
  return Ok();
}

}  // namespace inlet::ingest
