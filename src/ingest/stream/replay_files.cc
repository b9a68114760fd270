#include "ingest/stream/replay_files.h"

#include <charconv>
#include <chrono>
#include <map>
#include <vector>

#include "ingest/stream/checkpoint_log.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/file_stream_source.h"

namespace inlet::ingest {
namespace {

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// Up to which number the source's files are in the sink.
Result<std::int64_t> CommittedOf(const CheckpointLog::Position& position,
                                 const std::string& source_id) {
  std::size_t source = 0;
  (void)std::from_chars(source_id.data(), source_id.data() + source_id.size(), source);
  const auto& done = position.is_committed ? position.newest : position.before;
  if (!done || source >= done->ends.size()) return 0;
  return SeqOf(done->ends[source]);
}

}  // namespace

Result<std::int64_t> ReplayFiles(const ReplayRequest& request) {
  const CheckpointLog log = TRY(CheckpointLog::Open(request.checkpoint));
  const CheckpointLog::Position position = TRY(log.Find());
  std::map<std::string, std::vector<FoundFile>> by_source;
  for (const FileToReplay& file : request.files) {
    const storage::Location location = TRY(request.resolve(file.url));
    storage::ObjectInfo now = TRY(location.store->Head(location.path));
    by_source[file.source_id].push_back({.url = file.url,
                                         .size_bytes = now.size_bytes,
                                         .modified_at_ms = now.modified_at_ms,
                                         .etag = std::move(now.etag),
                                         .found_at_ms = NowMs()});
  }
  std::int64_t num_noted = 0;
  for (auto& [source_id, files] : by_source) {
    const storage::Location state{.store = request.checkpoint.store,
                                  .path = request.checkpoint.path + "/sources/" + source_id};
    const auto index =
        TRY(FileIndex::Open(IndexDirectory(state, request.scratch_directory), DiscoveryLog(state)));
    const std::int64_t committed = TRY(CommittedOf(position, source_id));
    std::int64_t seq = index->last_seq();
    std::vector<FoundFile> again;
    for (FoundFile& file : files) {
      const auto known = TRY(index->Find(file.url));
      if (!known || known->seq > committed) continue;
      file.seq = ++seq;
      again.push_back(std::move(file));
    }
    if (again.empty()) continue;
    num_noted += static_cast<std::int64_t>(again.size());
    TRY(index->Add(std::move(again)));
    TRY(index->Persist());
  }
  return num_noted;
}

}  // namespace inlet::ingest
