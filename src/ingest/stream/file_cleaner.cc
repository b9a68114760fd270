#include "ingest/stream/file_cleaner.h"

#include <algorithm>

#include "storage/copy_object.h"

namespace inlet::ingest {
namespace {

/// So many files are taken at a time, so that cleaning never holds up the stream for long.
constexpr std::int64_t kFilesAtATime = 200;

}  // namespace

Status FileCleaner::CleanSome(FileIndex& index, std::int64_t committed, std::int64_t now_ms) {
  const std::int64_t done = TRY(index.CleanedUpTo());
  const std::int64_t upto = std::min(committed, done + kFilesAtATime);
  if (upto <= done) return Ok();
  const std::string root = source_.store->root_url() + "/";
  std::int64_t reached = upto;
  for (const FoundFile& file : TRY(index.Range(done, upto))) {
    const auto time = TRY(index.CommitTimeOf(file.seq));
    if (!time || now_ms - time->committed_at_ms < retention_.count()) {
      reached = file.seq - 1;  // Later files were committed later.
      break;
    }
    if (!file.url.starts_with(root + source_.path + "/")) continue;
    const std::string path = file.url.substr(root.size());
    if (!TRY(IsAsLoaded(file, path))) continue;
    std::string moved_to;
    if (mode_ == CleanSource::kMove) {
      const std::string target = destination_.path + path.substr(source_.path.size());
      TRY(storage::CopyObject({source_.store, path}, {destination_.store, target})
              .Context("move a loaded file"));
      moved_to = storage::UrlOf(*destination_.store, target);
    }
    TRY(source_.store->Delete(path).Context("clean a loaded file"));
    TRY(index.MarkArchived(file.seq, now_ms, moved_to));
  }
  return reached > done ? index.SetCleanedUpTo(reached) : Ok();
}

Result<bool> FileCleaner::IsAsLoaded(const FoundFile& file, const std::string& path) const {
  const Result<storage::ObjectInfo> now = source_.store->Head(path);
  if (now) {
    return now->size_bytes == file.size_bytes && now->modified_at_ms == file.modified_at_ms;
  }
  if (now.error().kind() == ErrorKind::kNotFound) return false;
  return std::unexpected(now.error());
}

}  // namespace inlet::ingest
