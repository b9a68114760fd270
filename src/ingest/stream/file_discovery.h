#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "connectors/file_events/file_event_source.h"
#include "ingest/file_listing.h"
#include "ingest/stream/directory_watch.h"
#include "ingest/stream/file_index.h"
#include "ingest/stream/file_stream_options.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// Finds new files below a path and numbers them in a FileIndex: by listing, and on local disks by
/// the events of the file system between two listings. Not thread-safe.
///
/// What is not taken: hidden names, files that somebody has open for writing on this machine (they
/// are found when they are closed), files older than maxFileAge.
class FileDiscovery {
 public:
  /// `events` may be null.
  FileDiscovery(storage::Location location, FileFilter filter, FileStreamOptions options,
                std::unique_ptr<connectors::FileEventSource> events)
      : location_(std::move(location)),
        filter_(std::move(filter)),
        options_(std::move(options)),
        events_(std::move(events)) {}

  /// Looks for new files and adds them to `index`. Costs no listing where events tell all. A
  /// missing directory has no files.
  Status FindNew(FileIndex& index);
  /// All that are there now: by a full listing, unless a service tells of every file.
  Status FindAll(FileIndex& index) { return events_ ? FindNew(index) : ListNew(index); }
  /// What was found is in the log of the stream: its events may be forgotten.
  Status Acknowledge() { return events_ ? events_->Acknowledge() : Ok(); }
  /// How many messages wait in the queue; -1: nobody knows.
  std::int64_t queue_size() const { return events_ ? events_->queue_size() : -1; }

  /// Begins to watch for events; best effort.
  void Watch(std::function<void()> on_news);

  /// The files that are there now, at most `max_files`, without noting them.
  Result<std::vector<storage::ObjectInfo>> Peek(std::size_t max_files) const;

  /// The directory that partition directories count from.
  const std::string& base_path() const { return base_path_; }
  std::int64_t last_listing_began_ms() const { return last_listing_began_ms_; }
  std::int64_t last_listing_ended_ms() const { return last_listing_ended_ms_; }

  std::string UrlOf(const storage::ObjectInfo& file) const;

 private:
  Status ListNew(FileIndex& index);
  Status FindByEvents(FileIndex& index);
  Status TakeUrls(const std::vector<std::string>& urls, FileIndex& index);
  bool IsListingDue() const;
  /// What is there and not known; where that is no cheaper, what is there.
  Result<FileListing> ListUnknown(const FileIndex& index);
  /// useIncrementalListing: only names after the last known one, but for every eighth time.
  Result<FileFilter> FilterOfListing(const FileIndex& index);
  void StartWatch();
  Status TakeNews(const std::set<std::string>& paths, FileIndex& index);
  Status AddNew(std::vector<storage::ObjectInfo> files, FileIndex& index, bool is_listing);
  /// Waits not for a file that is being written: it comes with a later look.
  Result<bool> IsSettled(storage::ObjectInfo& file);
  bool is_local() const { return location_.store->root_url() == "file:"; }

  storage::Location location_;
  FileFilter filter_;
  FileStreamOptions options_;
  std::unique_ptr<connectors::FileEventSource> events_;
  std::string base_path_;
  std::function<void()> on_news_;
  std::unique_ptr<DirectoryWatch> watch_;
  bool has_unsettled_ = false;
  bool has_listed_ = false;
  int num_incremental_listings_ = 0;
  std::chrono::steady_clock::time_point last_listing_;
  std::chrono::steady_clock::duration last_listing_took_{0};
  std::int64_t last_listing_began_ms_ = 0;
  std::int64_t last_listing_ended_ms_ = 0;
};

}  // namespace inlet::ingest
