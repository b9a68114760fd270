#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/row_bitmap.h"
#include "delta/snapshot.h"
#include "types/batch.h"
#include "types/predicate.h"

namespace inlet::delta {

/// Columns behind those of the table, all BIGINT, that tell where a row lies. A file's number is
/// its place in the iteration of Snapshot::files(); a row's its position in the data file, deleted
/// rows counted. Row ids and versions are NULL without row tracking.
enum class RowColumn : std::uint8_t { kFile, kRow, kRowId, kRowCommitVersion };
inline constexpr std::string_view kRowColumnNames[] = {"__inlet_file", "__inlet_row",
                                                       "__inlet_row_id", "__inlet_row_version"};

/// A data file that a scan reads, whether or not it is of the snapshot.
struct ScanFile {
  AddFile file;
  std::shared_ptr<const RowBitmap> only_rows;  ///< Null: all that its deletion vector leaves.
};

struct ScanOptions {
  std::string session_time_zone = "UTC";  ///< For zone-less text of TIMESTAMP partition values.
  std::int64_t split_bytes = 64 << 20;  ///< Files are packed into, row groups cut into about this.
  bool with_row_columns = false;        ///< All of RowColumn, in order.
  /// When set, only these files by number, and of each only the rows that are not in its bitmap.
  std::shared_ptr<const std::map<std::int64_t, RowBitmap>> files_without_rows;
  /// When set, these files in place of the snapshot's; a file's number is its place here.
  std::shared_ptr<const std::vector<ScanFile>> files;
  /// A column of the files that is not the table's, behind the row columns; NULL where it lacks.
  std::optional<types::StructField> extra_column;
};

/// The files of a version that can have matching rows, and how to read them as logical columns:
/// partition values filled in, columns found by name or id, missing ones NULL, deleted rows left
/// out, widened types converted.
///
/// Immutable; thread-safe: splits are read on any thread.
class DeltaScan : public std::enable_shared_from_this<DeltaScan> {
 public:
  ~DeltaScan();
  /// Leaves out files that cannot match all of `predicates`, whose columns index
  /// snapshot->schema().
  static Result<std::shared_ptr<const DeltaScan>> Plan(
      SnapshotPtr snapshot, std::span<const types::ColumnPredicate> predicates = {},
      const ScanOptions& options = {});

  const SnapshotPtr& snapshot() const;
  /// The table's columns, then the row columns if they were asked for.
  const types::StructType& schema() const;
  std::size_t num_splits() const;
  std::int64_t num_files() const;
  std::int64_t estimated_bytes() const;
  /// Rows in all files left after skipping, when the statistics of every one tell it.
  std::optional<std::int64_t> num_rows() const;
  /// The files left after skipping, without their statistics and tags.
  const std::vector<AddFile>& files() const;

  /// Batches have the columns `columns` of schema() in this order; with none, only rows are
  /// counted. Errors name the data file.
  Result<std::unique_ptr<types::BatchReader>> Open(std::size_t split,
                                                   std::span<const std::size_t> columns) const;

 private:
  struct State;
  explicit DeltaScan(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

/// The rows of a data file by its footer, deleted ones counted. Errors name the file.
Result<std::int64_t> CountRows(const storage::Location& table_root, const AddFile& file);

}  // namespace inlet::delta
