#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/stream/discovery_log.h"

namespace inlet::ingest {

/// The files of a DiscoveryLog by name and by number, in RocksDB on the local disk: asking costs
/// what is asked for, however many files there are. Only an index: when it is lost, damaged or
/// behind, it is made again from the log. Not thread-safe but for Persist().
class FileIndex {
 public:
  /// Opens it and brings it up to the log's last discovery.
  /// Errors: CONCURRENT_STREAM_LOG_UPDATE while another stream has it open; those of the log.
  static Result<std::unique_ptr<FileIndex>> Open(const std::string& directory, DiscoveryLog log);
  ~FileIndex();

  /// The newest number given to a file; 0: none.
  std::int64_t last_seq() const;
  /// Whether nothing was ever found, wanted or not.
  bool is_new() const;

  /// What is known of a file.
  struct Known {
    std::int64_t seq = 0;
    std::int64_t size_bytes = 0;
    std::int64_t modified_at_ms = 0;
  };
  Result<std::optional<Known>> Find(std::string_view url) const;

  /// The last name, in the order of bytes, that begins with `prefix`.
  Result<std::optional<std::string>> LastUrlBelow(std::string_view prefix) const;

  /// Looks names up one after the other. Fast when they come in ascending order: then it is one
  /// walk over the names between the first and the last. The index must not change meanwhile.
  class Lookup {
   public:
    explicit Lookup(const FileIndex& index);
    ~Lookup();
    Result<std::optional<Known>> Find(std::string_view url);

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

  /// Notes a discovery here; Persist() puts it into the log. Files with a number that is known
  /// replace it: a file was replaced before it was read.
  Status Add(std::vector<FoundFile> files);
  /// An index that is ahead of its log when the process dies is thrown away. May run on another
  /// thread, beside all but itself.
  Status Persist();

  /// The files with numbers in (after, upto], ascending, but for those that were found again with
  /// a later number.
  Result<std::vector<FoundFile>> Range(std::int64_t after, std::int64_t upto) const;

  /// The furthest number up to `end` that keeps within the limits; at least one file. A zero means
  /// no limit.
  Result<std::int64_t> Take(std::int64_t after, std::int64_t end, std::int64_t max_files,
                            std::int64_t max_bytes) const;

  /// Bytes of the files with numbers in (after, upto].
  Result<std::int64_t> BytesBetween(std::int64_t after, std::int64_t upto) const;

  /// Notes that the files up to `upto` are in the sink.
  Status MarkCommitted(std::int64_t upto, std::int64_t processed_at_ms,
                       std::int64_t committed_at_ms);
  struct CommitTime {
    std::int64_t processed_at_ms = 0;
    std::int64_t committed_at_ms = 0;
  };
  /// When file `seq` was committed, as far as it is known here.
  Result<std::optional<CommitTime>> CommitTimeOf(std::int64_t seq) const;

  /// Notes that file `seq` was left out of its batch: it was gone, or it could not be read.
  Status MarkSkipped(std::int64_t seq, bool was_missing);

  /// How far cleanSource has come: all files up to this number were cleaned or left alone.
  Result<std::int64_t> CleanedUpTo() const;
  /// Notes that file `seq` was moved to `destination`, or deleted when that is empty.
  Status MarkArchived(std::int64_t seq, std::int64_t archived_at_ms,
                      const std::string& destination);
  Status SetCleanedUpTo(std::int64_t seq);

  /// How far the stream has heard file events, and when it has listed all; lost with the index, and
  /// then everything is listed again. Empty and 0: never.
  Result<std::string> EventPosition() const;
  Status SetEventPosition(const std::string& position);
  Result<std::int64_t> ListedAt() const;
  Status SetListedAt(std::int64_t listed_at_ms);

  /// What an index tells that its log does not, read while its stream may be running.
  struct Archived {
    std::int64_t archived_at_ms = 0;
    std::string destination;  ///< Empty: deleted.
  };
  struct Times {
    std::map<std::int64_t, CommitTime> commits;  ///< By the last number of a batch.
    std::map<std::int64_t, Archived> archived;   ///< By number.
    std::map<std::int64_t, bool> skipped;        ///< By number: whether it was missing.
  };
  /// Nothing where there is no index.
  static Times LoadTimes(const std::string& directory);

 private:
  struct State;
  explicit FileIndex(std::unique_ptr<State> state);
  Status CatchUp();
  Status Apply(std::int64_t number, const std::vector<FoundFile>& files);

  std::unique_ptr<State> state_;
};

}  // namespace inlet::ingest
