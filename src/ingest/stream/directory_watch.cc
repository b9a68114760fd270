#include "ingest/stream/directory_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

namespace inlet::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR | IN_DELETE_SELF | IN_MOVE_SELF;

class FileHandle {
 public:
  explicit FileHandle(int file) : file_(file) {}
  ~FileHandle() {
    if (file_ >= 0) close(file_);
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

class InotifyWatch final : public DirectoryWatch {
 public:
  InotifyWatch(std::string directory, std::function<void()> on_news)
      : directory_(std::move(directory)),
        on_news_(std::move(on_news)),
        events_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
        stop_(eventfd(0, EFD_CLOEXEC)) {}

  ~InotifyWatch() override {
    thread_.request_stop();
    const std::uint64_t one = 1;
    (void)!write(stop_.get(), &one, sizeof(one));
  }

  Status Begin() {
    {
      const std::lock_guard lock(mutex_);
      // Who begins to watch lists what is there already.
      if (events_.get() < 0 || stop_.get() < 0 || !AddTree(directory_, /*note_files=*/false)) {
        return FailUnsupported("watching " + directory_ + ": " + std::strerror(errno));
      }
    }
    thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
    return Ok();
  }

  DirectoryNews Take() override {
    const std::lock_guard lock(mutex_);
    Drain();
    return std::exchange(news_, {});
  }

 private:
  void Run(const std::stop_token& stop) {
    std::array<pollfd, 2> waits = {pollfd{.fd = events_.get(), .events = POLLIN},
                                   pollfd{.fd = stop_.get(), .events = POLLIN}};
    while (!stop.stop_requested()) {
      if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      if (stop.stop_requested()) return;
      bool is_news = false;
      {
        const std::lock_guard lock(mutex_);
        Drain();
        is_news = !news_.files.empty() || !news_.is_complete;
      }
      if (is_news) on_news_();
    }
  }

  // All below with mutex_ held. It is held while a new directory is walked, too: the events that
  // follow mean nothing before its watches are known.

  /// Takes in all events that the kernel has.
  void Drain() {
    alignas(inotify_event) std::array<char, 64 << 10> buffer;
    while (true) {
      const ssize_t size = read(events_.get(), buffer.data(), buffer.size());
      if (size <= 0) return;
      for (const char* at = buffer.data(); at < buffer.data() + size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        TakeEvent(*event);
        at += sizeof(inotify_event) + event->len;
      }
    }
  }

  void TakeEvent(const inotify_event& event) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      news_.is_complete = false;
      return;
    }
    const auto found = directories_.find(event.wd);
    if (found == directories_.end()) return;
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
      if (found->second == directory_) news_.is_complete = false;
      return;
    }
    if (event.len == 0) return;
    const std::string path = found->second + "/" + event.name;
    if ((event.mask & IN_ISDIR) == 0) {
      news_.files.insert(path);
    } else if (!AddTree(path, /*note_files=*/true)) {
      news_.is_complete = false;
    }
  }

  /// Watches a directory and all below it.
  bool AddTree(const std::string& directory, bool note_files) {
    if (!AddOne(directory)) return false;
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_directory(ignored)) {
        if (!AddTree(entry->path().string(), note_files)) return false;
      } else if (note_files) {
        news_.files.insert(entry->path().string());
      }
    }
    return true;
  }

  bool AddOne(const std::string& directory) {
    const int watch = inotify_add_watch(events_.get(), directory.c_str(), kEvents);
    if (watch < 0) return errno == ENOENT && directory != directory_;
    directories_[watch] = directory;
    return true;
  }

  const std::string directory_;
  const std::function<void()> on_news_;
  const FileHandle events_;
  const FileHandle stop_;
  std::mutex mutex_;  // Guards the two below.
  std::unordered_map<int, std::string> directories_;
  DirectoryNews news_;
  std::jthread thread_;  // Last: it uses all of the above.
};

}  // namespace

Result<std::unique_ptr<DirectoryWatch>> DirectoryWatch::Start(const std::string& directory,
                                                              std::function<void()> on_news) {
  auto watch = std::make_unique<InotifyWatch>(directory, std::move(on_news));
  TRY(watch->Begin());
  return watch;
}

}  // namespace inlet::ingest
