#include "delta/row_tracking.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/option_map.h"
#include "delta/file_skipping.h"

namespace inlet::delta {
namespace {

constexpr const char* kDomain = "delta.rowTracking";

std::int64_t HighWaterMark(const Snapshot* snapshot) {
  if (snapshot == nullptr) return -1;
  const auto found = snapshot->domains().find(kDomain);
  if (found == snapshot->domains().end()) return -1;
  simdjson::dom::parser parser;
  std::int64_t mark = -1;
  if (parser.parse(found->second.configuration)["rowIdHighWaterMark"].get_int64().get(mark)) {
    return -1;
  }
  return mark;
}

}  // namespace

bool TracksRows(const Protocol& protocol, const Properties& properties) {
  const auto suspended = properties.find("delta.rowTrackingSuspended");
  return SupportsFeature(protocol, "rowTracking") &&
         !(suspended != properties.end() && EqualsIgnoreCase(suspended->second, "true"));
}

void AssignRowIds(const Snapshot* before, CommitActions& commit) {
  const std::int64_t old_mark = HighWaterMark(before);
  std::int64_t mark = old_mark;
  for (FileAction& file : commit.files) {
    auto* add = std::get_if<AddFile>(&file);
    if (add == nullptr) continue;
    if (!add->base_row_id) {
      add->base_row_id = mark + 1;
      mark += NumRecordsOf(add->stats).value_or(0);
    }
    if (!add->default_row_commit_version) add->default_row_commit_version = commit.version;
  }
  if (mark == old_mark) return;
  std::erase_if(commit.domains,
                [](const DomainMetadata& domain) { return domain.domain == kDomain; });
  commit.domains.push_back({kDomain, fmt::format("{{\"rowIdHighWaterMark\":{}}}", mark), false});
}

}  // namespace inlet::delta
