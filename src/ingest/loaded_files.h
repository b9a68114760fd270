#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "ingest/loaded_files_run.h"
#include "storage/object_store.h"

namespace inlet::ingest {

/// Which files COPY INTO has loaded into one version of a table. Lives below
/// `_delta_log/_inlet_copy/` as a few sorted runs; the table's log says which of them count (see
/// delta/copied_files.h). Immutable; thread-safe.
class LoadedFiles {
 public:
  /// The record of `snapshot`. Reads the headers of the runs, and the commits since the record was
  /// last written: another engine's RESTORE or REPLACE takes the record along.
  ///
  /// Errors: COPY_INTO_STATE_INTERNAL_ERROR for a run that is missing or damaged, and for a
  /// RESTORE whose version cannot be read any more.
  static Result<LoadedFiles> Load(const delta::SnapshotPtr& snapshot);

  /// Calls `on_known` with the index of every one of `files` (sorted by path, of one store) that
  /// is in the record and not forgotten, and its entry. Cost: one pass over those blocks of the
  /// record that can have them.
  Status Match(
      const storage::ObjectStore& store, std::span<const storage::ObjectInfo> files,
      const std::function<void(std::size_t index, const LoadedFile& file)>& on_known) const;

  /// Goes through all entries but the forgotten ones, in the order of paths. Not thread-safe.
  class Reader {
   public:
    /// Null behind the last one; valid until the next call.
    Result<const LoadedFile*> Next();

   private:
    friend class LoadedFiles;
    explicit Reader(bool gives_forgotten) : gives_forgotten_(gives_forgotten) {}

    bool gives_forgotten_;
    bool is_first_ = true;
    std::vector<LoadedFilesRun::Cursor> cursors_;  ///< Newest first.
    LoadedFilesRun::Cursor* current_ = nullptr;
  };
  Reader Read() const { return Read(runs_, /*gives_forgotten=*/false); }

  /// Writes the record with `files` (sorted by path, entries without version) on top; nobody sees
  /// it before the returned action is committed. `errors`: lines of JSON, the records that were
  /// left out of the files; may be empty. Merges runs so that they stay few, at a cost that is
  /// small on average.
  Result<delta::SetTransaction> Write(std::span<const LoadedFile> files,
                                      std::string_view errors = "") const;

  /// Writes all that was loaded as the record of a clone at `root` with `metadata`, in place of
  /// `replaced`, which may be null. Nothing: the record is empty.
  Result<std::optional<delta::SetTransaction>> WriteCopy(const storage::Location& root,
                                                         const delta::Metadata& metadata,
                                                         const delta::SnapshotPtr& replaced) const;

  /// The files with the records that were left out, newest first; those of the last 1,000 commits
  /// that had any.
  std::vector<storage::ObjectInfo> ErrorFiles() const;

  /// How many entries the runs have in all; a file that was loaded again counts again.
  std::int64_t num_entries() const;
  std::size_t num_runs() const { return runs_.size(); }

 private:
  struct Run {
    std::string name;
    std::shared_ptr<const LoadedFilesRun> file;
    std::optional<delta::Version> version;  ///< Of the files that it brought itself.
  };
  /// Puts a file under a name that nobody has taken.
  Result<std::pair<std::int64_t, std::string>> PutNew(std::string (*name_of)(std::int64_t),
                                                      std::string_view bytes) const;
  static Reader Read(std::span<const Run> runs, bool gives_forgotten);

  storage::Location table_root_;
  std::string table_id_;
  std::string app_id_;
  delta::Version read_version_ = 0;
  std::int64_t sequence_ = 0;  ///< The version of the `txn` action.
  std::vector<Run> runs_;      ///< Newest first.
};

/// Whether a file has other content now than the record says.
bool IsChanged(const storage::ObjectInfo& now, const LoadedFile& then);

/// Deletes what no version of the log that can still be read needs, and that is older than
/// `cut_off_ms`. For VACUUM. Returns how many files.
Result<std::int64_t> VacuumLoadedFiles(const delta::SnapshotPtr& snapshot, std::int64_t cut_off_ms);

}  // namespace inlet::ingest
