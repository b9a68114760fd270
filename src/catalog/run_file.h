#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/local/local_file.h"

namespace inlet::catalog {

/// The trace of one process in a home, which others find when it died: a locked file
/// `runs/<id>.run` with the places of tables that nobody has a name for yet, and the directory
/// `runs/<id>` for temporary files. A clean end removes both. Not thread-safe.
class RunFile {
 public:
  static Result<std::unique_ptr<RunFile>> Create(const std::string& home);
  RunFile(storage::FileDescriptor file, std::string path);
  ~RunFile();

  /// Made by who uses it.
  std::string temporary_directory() const;
  /// A table is about to be made here.
  Status Note(const std::string& location);
  /// The catalog knows it now.
  void Settle(const std::string& location);

 private:
  const storage::FileDescriptor file_;  // Locked as long as this lives.
  const std::string path_;
  std::mutex mutex_;  // Guards the one below.
  std::set<std::string> unsettled_;
};

/// What is left of a process that has ended. Holds its lock, so that one cleaner takes care of it.
class DeadRun {
 public:
  DeadRun(storage::FileDescriptor file, std::string path, const std::string& text);

  /// It ended by itself, and only what its statements could not undo is left.
  bool ended_cleanly() const { return ended_cleanly_; }
  /// Tables that it began to make, some of which have got a name.
  const std::set<std::string>& locations() const { return locations_; }
  const std::string& path() const { return path_; }
  /// Removes its temporary files and its trace.
  void Forget() const;

 private:
  storage::FileDescriptor file_;
  std::string path_;
  std::set<std::string> locations_;
  bool ended_cleanly_ = false;
};

/// Nobody else gets the same ones at the same time. Costs one small directory listing.
std::vector<DeadRun> FindDeadRuns(const std::string& home);

/// What all processes but those of `dead` have noted.
std::set<std::string> LocationsOfOthers(const std::string& home, const std::vector<DeadRun>& dead);

/// Nothing while another process clears up.
std::optional<storage::FileDescriptor> LockForClearingUp(const std::string& home);

}  // namespace inlet::catalog
