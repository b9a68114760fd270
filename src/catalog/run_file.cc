#include "catalog/run_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/uuid.h"

namespace inlet::catalog {
namespace {

namespace fs = std::filesystem;
using storage::FileDescriptor;

constexpr std::string_view kSuffix = ".run";
constexpr std::string_view kNote = "table ";
constexpr std::string_view kCleanEnd = "end";
constexpr int kMaxAttempts = 10;

std::string RunsDirectory(const std::string& home) { return home + "/runs"; }

std::string WithoutSuffix(const std::string& path) {
  return path.substr(0, path.size() - kSuffix.size());
}

enum class LockOutcome : std::uint8_t { kOurs, kTaken, kNoLocksHere };

/// Locks a file, and makes sure that nobody has removed it before.
LockOutcome Lock(const FileDescriptor& file) {
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? LockOutcome::kTaken : LockOutcome::kNoLocksHere;
  }
  struct stat status;
  const bool is_there = fstat(file.get(), &status) == 0 && status.st_nlink > 0;
  return is_there ? LockOutcome::kOurs : LockOutcome::kTaken;
}

Status WriteLine(const FileDescriptor& file, std::string line, const std::string& path) {
  line += '\n';
  const ssize_t written = write(file.get(), line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return Ok();
  return storage::FailErrno(written < 0 ? errno : ENOSPC, path.substr(1));
}

std::string ReadAll(const FileDescriptor& file) {
  std::string text;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = pread(file.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

/// Of whole lines only: a full disk or a kill can cut the last one.
std::set<std::string> NotedLocations(std::string_view text) {
  std::set<std::string> locations;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(kNote)) locations.emplace(line.substr(kNote.size()));
    text.remove_prefix(end + 1);
  }
  return locations;
}

std::vector<std::string> RunFiles(const std::string& home) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(RunsDirectory(home), error), end; !error && entry != end;
       entry.increment(error)) {
    std::string path = entry->path().string();
    if (path.ends_with(kSuffix)) paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

Result<std::unique_ptr<RunFile>> RunFile::Create(const std::string& home) {
  std::error_code error;
  fs::create_directories(RunsDirectory(home), error);
  // A cleaner may take a new file for a dead one before the lock is there; then another is made.
  for (int attempt = 1;; ++attempt) {
    std::string path = RunsDirectory(home) + "/" + RandomUuid() + std::string(kSuffix);
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666));
    if (!file.is_open()) return storage::FailErrno(errno, path.substr(1));
    // Where there are no locks, nobody is ever found dead.
    if (Lock(file) != LockOutcome::kTaken || attempt == kMaxAttempts) {
      return std::make_unique<RunFile>(std::move(file), std::move(path));
    }
  }
}

RunFile::RunFile(FileDescriptor file, std::string path)
    : file_(std::move(file)), path_(std::move(path)) {}

RunFile::~RunFile() {
  std::error_code ignored;
  fs::remove_all(temporary_directory(), ignored);
  if (unsettled_.empty()) {
    fs::remove(path_, ignored);
  } else {
    (void)WriteLine(file_, std::string(kCleanEnd), path_);
  }
}

std::string RunFile::temporary_directory() const { return WithoutSuffix(path_); }

Status RunFile::Note(const std::string& location) {
  TRY(WriteLine(file_, std::string(kNote) + location, path_));
  unsettled_.insert(location);
  return Ok();
}

void RunFile::Settle(const std::string& location) { unsettled_.erase(location); }

DeadRun::DeadRun(FileDescriptor file, std::string path, const std::string& text)
    : file_(std::move(file)), path_(std::move(path)), locations_(NotedLocations(text)) {
  ended_cleanly_ = text.ends_with(std::string(kCleanEnd) + "\n");
}

void DeadRun::Forget() const {
  std::error_code ignored;
  fs::remove_all(WithoutSuffix(path_), ignored);
  fs::remove(path_, ignored);
}

std::vector<DeadRun> FindDeadRuns(const std::string& home) {
  std::vector<DeadRun> dead;
  for (const std::string& path : RunFiles(home)) {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.is_open() || Lock(file) != LockOutcome::kOurs) continue;
    const std::string text = ReadAll(file);
    dead.emplace_back(std::move(file), path, text);
  }
  return dead;
}

std::set<std::string> LocationsOfOthers(const std::string& home, const std::vector<DeadRun>& dead) {
  std::set<std::string> locations;
  for (const std::string& path : RunFiles(home)) {
    if (std::ranges::find(dead, path, &DeadRun::path) != dead.end()) continue;
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.is_open()) locations.merge(NotedLocations(ReadAll(file)));
  }
  return locations;
}

std::optional<FileDescriptor> LockForClearingUp(const std::string& home) {
  const std::string path = RunsDirectory(home) + "/clearing_up.lock";
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!file.is_open() || Lock(file) != LockOutcome::kOurs) return std::nullopt;
  return file;
}

}  // namespace inlet::catalog
