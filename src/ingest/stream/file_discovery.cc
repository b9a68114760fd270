#include "ingest/stream/file_discovery.h"

#include <algorithm>
#include <filesystem>

#include "connectors/file_events/file_event.h"
#include "ingest/glob.h"
#include "ingest/stream/write_guard.h"
#include "storage/local/local_listing.h"
#include "storage/local/local_store.h"

namespace inlet::ingest {
namespace {

using storage::ObjectInfo;
using Clock = std::chrono::steady_clock;

/// So many files go into one file of the discovery log.
constexpr std::size_t kMaxFilesPerDiscovery = 100'000;
/// With events, a listing comes this often all the same: not every file system tells of all.
constexpr std::chrono::seconds kListingIntervalWithEvents(60);
/// Without events, listing takes at most a tenth of the time.
constexpr int kListingShare = 10;
/// Events of a service may get lost.
constexpr std::int64_t kBackfillIntervalMs = std::int64_t{24} * 3600 * 1000;
/// So many incremental listings stand between two full ones.
constexpr int kIncrementalListings = 7;
/// A listing may be this old when its file is looked at.
constexpr std::int64_t kFreshMs = 10'000;

std::int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Result<bool> IsKnown(FileIndex::Lookup& lookup, std::string_view url) {
  return TRY(lookup.Find(url)).has_value();
}

std::string WithoutSlashes(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

std::string FileDiscovery::UrlOf(const ObjectInfo& file) const {
  return storage::UrlOf(*location_.store, file.path);
}

Status FileDiscovery::FindNew(FileIndex& index) {
  if (events_) return FindByEvents(index);
  if (on_news_ && watch_ == nullptr) StartWatch();
  if (watch_ == nullptr || has_unsettled_ || !has_listed_) {
    return IsListingDue() ? ListNew(index) : Ok();
  }
  const DirectoryNews news = watch_->Take();
  const bool only_listing_tells = !news.is_complete || HasGlob(location_.path);
  if ((only_listing_tells && (!news.is_complete || !news.files.empty())) || IsListingDue()) {
    return ListNew(index);
  }
  return news.files.empty() ? Ok() : TakeNews(news.files, index);
}

/// Events are heard before a listing, so that what is written while it runs is not missed. One full
/// listing in each interval finds the files whose events never came.
Status FileDiscovery::FindByEvents(FileIndex& index) {
  if (has_unsettled_ && IsListingDue()) return ListNew(index);
  std::string position = TRY(index.EventPosition());
  const connectors::FileNews news = TRY(events_->Take(position).Context("hear file events"));
  const std::int64_t interval_ms =
      options_.backfill_interval ? options_.backfill_interval->count() : kBackfillIntervalMs;
  const std::int64_t listed_at_ms = TRY(index.ListedAt());
  const bool is_due = listed_at_ms == 0 || NowMs() - listed_at_ms >= interval_ms;
  if (is_due || !news.is_complete || (HasGlob(location_.path) && !news.urls.empty())) {
    const std::int64_t began_ms = NowMs();
    TRY(ListNew(index));
    TRY(index.SetListedAt(began_ms));
  } else if (!news.urls.empty()) {
    TRY(TakeUrls(news.urls, index));
  }
  return index.SetEventPosition(position);
}

Status FileDiscovery::TakeUrls(const std::vector<std::string>& urls, FileIndex& index) {
  const std::string root = connectors::CanonicalUrl(location_.store->root_url() + "/");
  std::set<std::string> paths;
  for (const std::string& url : urls) {
    std::string here = url;
    const std::size_t scheme = url.find("://");
    for (const auto& [from, to] : options_.path_rewrites) {
      if (scheme == std::string::npos || !url.substr(scheme + 3).starts_with(from)) continue;
      here = connectors::CanonicalUrl(to + url.substr(scheme + 3 + from.size()));
    }
    if (here.starts_with(root)) paths.insert("/" + here.substr(root.size()));
  }
  return TakeNews(paths, index);
}

bool FileDiscovery::IsListingDue() const {
  if (!has_listed_) return true;
  const auto age = Clock::now() - last_listing_;
  if (watch_ == nullptr || has_unsettled_) return age >= last_listing_took_ * kListingShare;
  Clock::duration interval = kListingIntervalWithEvents;
  if (options_.backfill_interval) interval = *options_.backfill_interval;
  return age >= std::max<Clock::duration>(interval, last_listing_took_ * kListingShare);
}

void FileDiscovery::Watch(std::function<void()> on_news) {
  if (!is_local() || !options_.watch_directories) return;
  on_news_ = std::move(on_news);
  StartWatch();
}

void FileDiscovery::StartWatch() {
  std::string directory = WithoutSlashes(location_.path);
  if (HasGlob(directory)) {
    directory = directory.substr(0, directory.find_first_of("?*[{"));
    directory = directory.substr(0, directory.rfind('/'));
  }
  auto watch = DirectoryWatch::Start("/" + directory, on_news_);
  if (!watch) return;  // Not there yet, or too many directories: listings find the files.
  watch_ = *std::move(watch);
  has_listed_ = false;
}

Status FileDiscovery::ListNew(FileIndex& index) {
  last_listing_ = Clock::now();
  last_listing_began_ms_ = NowMs();
  has_unsettled_ = false;
  // Events from here on tell of what this listing may miss.
  if (watch_ != nullptr) (void)watch_->Take();
  Result<FileListing> listing = ListUnknown(index);
  if (!listing) {
    if (listing.error().condition != Condition::PATH_NOT_FOUND) {
      return std::unexpected(std::move(listing).error());
    }
    return Ok();
  }
  base_path_ = listing->base_path;
  TRY(AddNew(std::move(listing->files), index, /*is_listing=*/true));
  has_listed_ = true;
  last_listing_took_ = Clock::now() - last_listing_;
  last_listing_ended_ms_ = NowMs();
  return Ok();
}

Result<FileListing> FileDiscovery::ListUnknown(const FileIndex& index) {
  const std::string path = WithoutSlashes(location_.path);
  std::error_code error;
  // On the local disk a name that is known need not be asked for more.
  const bool by_name = location_.store == storage::TheLocalStore() && !options_.allow_overwrites &&
                       !HasGlob(path) && std::filesystem::is_directory("/" + path, error);
  if (!by_name) return ListFiles(location_, TRY(FilterOfListing(index)));
  FileIndex::Lookup lookup(index);
  std::string url = location_.store->root_url() + "/";
  const std::size_t root_size = url.size();
  FileListing listing{.base_path = path};
  listing.files = TRY(storage::ListLocalUnless(path + "/", [&](std::string_view file) {
    url.resize(root_size);
    url += file;
    return IsKnown(lookup, url);
  }));
  std::erase_if(listing.files, [&](const ObjectInfo& file) {
    return !Wants(filter_, file, std::string_view(file.path).substr(path.size() + 1));
  });
  return listing;
}

Result<FileFilter> FileDiscovery::FilterOfListing(const FileIndex& index) {
  FileFilter filter = filter_;
  if (!options_.incremental_listing || HasGlob(location_.path)) return filter;
  if (num_incremental_listings_++ == kIncrementalListings) {
    num_incremental_listings_ = 0;
    return filter;
  }
  const std::string root = location_.store->root_url() + "/";
  const auto last = TRY(index.LastUrlBelow(root + WithoutSlashes(location_.path) + "/"));
  if (last) filter.start_after = last->substr(root.size());
  return filter;
}

Status FileDiscovery::TakeNews(const std::set<std::string>& paths, FileIndex& index) {
  const std::string base = WithoutSlashes(location_.path);
  base_path_ = base;
  std::vector<ObjectInfo> files;
  for (const std::string& path : paths) {
    const std::string object = path.substr(1);
    if (!base.empty() && !object.starts_with(base + "/")) continue;
    Result<ObjectInfo> file = location_.store->Head(object);
    if (!file) {
      if (file.error().kind() == ErrorKind::kNotFound) continue;  // Gone again, or no plain file.
      return std::unexpected(std::move(file).error());
    }
    const std::size_t below = base.empty() ? 0 : base.size() + 1;
    if (Wants(filter_, *file, std::string_view(file->path).substr(below))) {
      files.push_back(*std::move(file));
    }
  }
  return AddNew(std::move(files), index, /*is_listing=*/false);
}

Status FileDiscovery::AddNew(std::vector<ObjectInfo> files, FileIndex& index, bool is_listing) {
  const std::int64_t now_ms = NowMs();
  std::vector<ObjectInfo> fresh;
  FileIndex::Lookup lookup(index);
  for (ObjectInfo& file : files) {
    const auto known = TRY(lookup.Find(UrlOf(file)));
    const bool is_changed =
        known && options_.allow_overwrites &&
        (known->modified_at_ms != file.modified_at_ms || known->size_bytes != file.size_bytes);
    if (!known || is_changed) fresh.push_back(std::move(file));
  }
  files = {};
  std::vector<ObjectInfo> settled;
  settled.reserve(fresh.size());
  for (ObjectInfo& file : fresh) {
    const bool is_too_old =
        options_.max_file_age && now_ms - file.modified_at_ms > options_.max_file_age->count();
    if (!is_too_old && TRY(IsSettled(file))) settled.push_back(std::move(file));
  }
  fresh = std::move(settled);
  std::sort(fresh.begin(), fresh.end(), [](const ObjectInfo& a, const ObjectInfo& b) {
    return a.modified_at_ms != b.modified_at_ms ? a.modified_at_ms < b.modified_at_ms
                                                : a.path < b.path;
  });
  const bool is_wanted = options_.include_existing_files || !index.is_new();
  // The first look counts, also one that finds nothing.
  if (!is_wanted && fresh.empty() && is_listing) return index.Add({});
  for (std::size_t begin = 0; begin < fresh.size(); begin += kMaxFilesPerDiscovery) {
    const std::size_t end = std::min(fresh.size(), begin + kMaxFilesPerDiscovery);
    std::vector<FoundFile> found;
    found.reserve(end - begin);
    std::int64_t seq = index.last_seq();
    for (std::size_t i = begin; i < end; ++i) {
      found.push_back({.seq = is_wanted ? ++seq : 0,
                       .url = UrlOf(fresh[i]),
                       .size_bytes = fresh[i].size_bytes,
                       .modified_at_ms = fresh[i].modified_at_ms,
                       .etag = std::move(fresh[i].etag),
                       .found_at_ms = now_ms});
    }
    TRY(index.Add(std::move(found)));
    // Of a great many files not all wait in memory.
    if (end < fresh.size()) TRY(index.Persist());
  }
  return Ok();
}

Result<bool> FileDiscovery::IsSettled(ObjectInfo& file) {
  if (!is_local()) return true;
  const std::string path = "/" + file.path;
  if (IsBeingWritten(path, file.modified_at_ms)) {
    has_unsettled_ = true;
    return false;
  }
  // It may have been closed between the listing and the question.
  if (NowMs() - file.modified_at_ms > kFreshMs) return true;
  Result<ObjectInfo> now = location_.store->Head(file.path);
  if (!now && now.error().kind() == ErrorKind::kNotFound) return false;
  file = TRY(std::move(now));
  return true;
}

Result<std::vector<ObjectInfo>> FileDiscovery::Peek(std::size_t max_files) const {
  Result<FileListing> listing = ListFiles(location_, filter_);
  if (!listing) {
    if (listing.error().condition == Condition::PATH_NOT_FOUND) return std::vector<ObjectInfo>();
    return std::unexpected(std::move(listing).error());
  }
  listing->files.resize(std::min(listing->files.size(), max_files));
  return std::move(listing->files);
}

}  // namespace inlet::ingest
