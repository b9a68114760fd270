#include "delta/scan.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <utility>

#include "base/option_map.h"
#include "delta/column_mapping.h"
#include "delta/data_path.h"
#include "delta/deletion_vector.h"
#include "delta/file_skipping.h"
#include "delta/partition_value.h"
#include "formats/parquet/parquet_file_reader.h"
#include "types/arrow.h"

namespace inlet::delta {
namespace {

using formats::ParquetBatchReader;
using formats::ParquetFile;

/// A piece of work: whole files, or a range of bytes of one file. A row group belongs to the range
/// that has its first byte.
struct Piece {
  std::size_t file = 0;
  std::int64_t begin = 0;
  std::int64_t end = INT64_MAX;
};
using Split = std::vector<Piece>;

std::vector<Split> MakeSplits(const std::vector<AddFile>& files, std::int64_t split_bytes) {
  // A file costs something to open, however small it is.
  constexpr std::int64_t kOpenCostBytes = 256 << 10;
  std::vector<Split> splits;
  std::int64_t open_bytes = 0;  // Of the last split, which takes more files as long as it is small.
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::int64_t size = files[i].size;
    if (size > split_bytes + split_bytes / 2) {
      const std::int64_t num_pieces = (size + split_bytes - 1) / split_bytes;
      for (std::int64_t piece = 0; piece < num_pieces; ++piece) {
        const bool is_last = piece == num_pieces - 1;
        splits.push_back({{.file = i,
                           .begin = piece * split_bytes,
                           .end = is_last ? INT64_MAX : (piece + 1) * split_bytes}});
      }
      open_bytes = split_bytes;
      continue;
    }
    if (splits.empty() || open_bytes + size > split_bytes) {
      splits.emplace_back();
      open_bytes = 0;
    }
    splits.back().push_back({.file = i});
    open_bytes += size + kOpenCostBytes;
  }
  return splits;
}

}  // namespace

struct DeltaScan::State {
  SnapshotPtr snapshot;
  ScanOptions options;
  ColumnMappingMode mapping = ColumnMappingMode::kNone;
  const types::TimeZone* zone = nullptr;
  types::StructType schema;                        ///< Of the table, then the row columns.
  std::vector<types::ColumnPredicate> predicates;  ///< On columns of the table.
  std::vector<AddFile> files;                      ///< Without statistics and tags.
  std::vector<std::int64_t> file_numbers;          ///< Of `files`, among all of the snapshot.
  std::vector<Split> splits;
  std::int64_t estimated_bytes = 0;
  std::optional<std::int64_t> num_rows = 0;

  const types::StructType& table_schema() const { return snapshot->schema(); }

  /// Rows that are left out of a file beside those of its deletion vector; null for none.
  const RowBitmap* RowsLeftOut(std::size_t file) const {
    if (!options.files_without_rows) return nullptr;
    const auto found = options.files_without_rows->find(file_numbers[file]);
    return found == options.files_without_rows->end() ? nullptr : &found->second;
  }

  /// The only rows that a file gives; null for all.
  const RowBitmap* OnlyRows(std::size_t file) const {
    if (!options.files) return nullptr;
    return (*options.files)[static_cast<std::size_t>(file_numbers[file])].only_rows.get();
  }

  bool IsRowColumn(std::size_t column) const {
    return options.with_row_columns && column >= table_schema().size() &&
           column < table_schema().size() + std::size(kRowColumnNames);
  }

  bool IsPartitionColumn(const types::StructField& field) const {
    return std::ranges::any_of(snapshot->partition_columns(), [&](const std::string& column) {
      return EqualsIgnoreCase(column, field.name);
    });
  }

  void Take(const AddFile& file, std::int64_t number) {
    const std::optional<std::int64_t> live_rows = LiveRowsOf(file);
    if (live_rows && num_rows) {
      *num_rows += *live_rows;
    } else {
      num_rows.reset();
    }
    estimated_bytes += file.size;
    file_numbers.push_back(number);
    files.push_back({.path = file.path,
                     .partition_values = file.partition_values,
                     .size = file.size,
                     .modification_time = file.modification_time,
                     .data_change = true,
                     .stats = {},
                     .tags = {},
                     .deletion_vector = file.deletion_vector,
                     .base_row_id = file.base_row_id,
                     .default_row_commit_version = file.default_row_commit_version,
                     .clustering_provider = std::nullopt});
  }

  formats::ParquetReadOptions ReadOptions() const {
    formats::ParquetReadOptions read;
    switch (mapping) {
      case ColumnMappingMode::kNone:
        read.matching = formats::FieldMatching::kByNameIgnoreCase;
        break;
      case ColumnMappingMode::kName:
        read.matching = formats::FieldMatching::kByName;
        break;
      case ColumnMappingMode::kId:
        read.matching = formats::FieldMatching::kByFieldId;
        break;
    }
    read.session_time_zone = options.session_time_zone;
    return read;
  }
};

namespace {

/// Where one wanted column comes from in every file of the scan.
struct WantedColumn {
  const types::StructField* field = nullptr;
  std::shared_ptr<arrow::DataType> type;
  bool is_partition = false;
  std::optional<RowColumn> row_column;
  int file_column = -1;  ///< In what is asked of the Parquet reader; -1: not read from it.
};

/// Where rows that were copied carry their row id or version; empty without row tracking.
std::string MaterializedColumn(const Snapshot& snapshot, RowColumn column) {
  const auto found = snapshot.properties().find(
      column == RowColumn::kRowId ? "delta.rowTracking.materializedRowIdColumnName"
                                  : "delta.rowTracking.materializedRowCommitVersionColumnName");
  return found == snapshot.properties().end() ? "" : found->second;
}

/// The log tells the size, which saves a request; where it is wrong the store is asked.
Result<std::shared_ptr<const ParquetFile>> OpenDataFile(const storage::Location& table_root,
                                                        const AddFile& add) {
  const storage::Location location = TRY(ResolveDataPath(table_root, add.path));
  Result<std::shared_ptr<const ParquetFile>> file = ParquetFile::Open(
      *location.store, storage::ObjectInfo{.path = location.path, .size_bytes = add.size});
  if (file) return file;
  const storage::ObjectInfo info = TRY(location.store->Head(location.path));
  if (info.size_bytes == add.size) return file;
  return ParquetFile::Open(*location.store, info);
}

/// The rows below `num_rows` that are not in `rows`.
DeletedRows Complement(const DeletedRows& rows, std::uint64_t num_rows) {
  DeletedRows others;
  std::uint64_t next = 0;
  const auto add = [&](std::uint64_t end) {
    if (next >= end) return;
    others.ranges.emplace_back(next, end);
    others.cardinality += end - next;
  };
  for (const auto& [begin, end] : rows.ranges) {
    add(std::min(begin, num_rows));
    next = end;
  }
  add(num_rows);
  return others;
}

/// Rows of the pieces of one split, one file after the other.
template <class State>
class SplitReader : public types::BatchReader {
 public:
  SplitReader(std::shared_ptr<const DeltaScan> scan, const State& state, const Split& split,
              std::span<const std::size_t> columns)
      : scan_(std::move(scan)), state_(state), split_(split) {
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const std::size_t index : columns) {
      const types::StructField& field = state.schema.fields[index];
      WantedColumn wanted{.field = &field, .type = types::ToArrow(field.type)};
      if (state.IsRowColumn(index)) {
        wanted.row_column = static_cast<RowColumn>(index - state.table_schema().size());
        AskForMaterialized(wanted);
        fields.push_back(types::ToArrow(field));
        columns_.push_back(std::move(wanted));
        continue;
      }
      wanted.is_partition = index < state.table_schema().size() && state.IsPartitionColumn(field);
      if (!wanted.is_partition && !field.type.is(types::TypeId::kVoid)) {
        wanted.file_column = static_cast<int>(file_schema_.size());
        file_schema_.fields.push_back(ToPhysical(field, state.mapping));
      }
      fields.push_back(types::ToArrow(field));
      columns_.push_back(std::move(wanted));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  Result<types::BatchPtr> Next() override {
    while (true) {
      if (reader_ == nullptr) {
        if (next_piece_ == split_.size()) return nullptr;
        TRY(OpenPiece(split_[next_piece_++]));
        continue;
      }
      const types::BatchPtr batch = TRY(reader_->Next());
      if (batch == nullptr) {
        reader_.reset();
        continue;
      }
      types::BatchPtr logical = TRY(ToLogical(*batch));
      if (logical->num_rows() > 0) return logical;
    }
  }

 private:
  void AskForMaterialized(WantedColumn& wanted) {
    if (*wanted.row_column != RowColumn::kRowId &&
        *wanted.row_column != RowColumn::kRowCommitVersion) {
      return;
    }
    const std::string name = MaterializedColumn(*state_.snapshot, *wanted.row_column);
    if (name.empty()) return;
    wanted.file_column = static_cast<int>(file_schema_.size());
    file_schema_.fields.push_back({.name = name, .type = types::TypeId::kLong});
  }

  Status OpenPiece(const Piece& piece) {
    const AddFile& add = state_.files[piece.file];
    file_ = piece.file;
    const std::shared_ptr<const ParquetFile> file =
        TRY(OpenDataFile(state_.snapshot->table_root(), add));
    std::vector<int> row_groups;
    for (const int group :
         file->MatchingRowGroups(PhysicalSchema(), DataPredicates(), state_.ReadOptions())) {
      const std::int64_t position = file->row_groups()[static_cast<std::size_t>(group)].position;
      if (piece.begin <= position && position < piece.end) row_groups.push_back(group);
    }
    if (row_groups.empty()) return Ok();
    deleted_ = {};
    if (add.deletion_vector) {
      deleted_ = TRY(LoadDeletedRows(state_.snapshot->table_root(), *add.deletion_vector)
                         .Context("the deletion vector of " + add.path));
    }
    if (const RowBitmap* only = state_.OnlyRows(piece.file)) {
      deleted_ = Complement(only->ToRanges(), static_cast<std::uint64_t>(file->num_rows()));
    } else if (const RowBitmap* left_out = state_.RowsLeftOut(piece.file)) {
      RowBitmap all = *left_out;
      all.Add(deleted_);
      deleted_ = all.ToRanges();
    }
    partition_values_.clear();
    for (const WantedColumn& column : columns_) {
      if (!column.is_partition) continue;
      const auto found = add.partition_values.find(PhysicalName(*column.field, state_.mapping));
      const std::optional<std::string> text =
          found == add.partition_values.end() ? std::nullopt : found->second;
      partition_values_.push_back(TRY(ParsePartitionValue(text, column.field->type, *state_.zone)
                                          .Context("partition value of " + add.path)));
    }
    reader_ = TRY(file->Read(file_schema_, row_groups, state_.ReadOptions()));
    return Ok();
  }

  /// Every column of the table as files have it; predicates index it.
  types::StructType PhysicalSchema() const {
    types::StructType physical;
    for (const types::StructField& field : state_.table_schema().fields) {
      physical.fields.push_back(ToPhysical(field, state_.mapping));
    }
    return physical;
  }

  std::vector<types::ColumnPredicate> DataPredicates() const {
    std::vector<types::ColumnPredicate> predicates;
    for (const types::ColumnPredicate& predicate : state_.predicates) {
      if (!state_.IsPartitionColumn(state_.table_schema().fields[predicate.column])) {
        predicates.push_back(predicate);
      }
    }
    return predicates;
  }

  Result<types::BatchPtr> ToLogical(const arrow::RecordBatch& batch) {
    const std::int64_t num_rows = batch.num_rows();
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    std::size_t partition = 0;
    for (const WantedColumn& column : columns_) {
      if (column.row_column) {
        arrays.push_back(TRY(RowColumnOf(column, batch)));
      } else if (column.file_column >= 0) {
        arrays.push_back(Relabel(batch.column(column.file_column), column.type));
      } else if (column.is_partition) {
        arrays.push_back(
            ARROW_TRY(arrow::MakeArrayFromScalar(*partition_values_[partition++], num_rows)));
      } else {
        arrays.push_back(ARROW_TRY(arrow::MakeArrayOfNull(column.type, num_rows)));
      }
    }
    types::BatchPtr logical = arrow::RecordBatch::Make(schema_, num_rows, std::move(arrays));
    return WithoutDeleted(std::move(logical),
                          static_cast<std::uint64_t>(reader_->batch_first_row()));
  }

  Result<std::shared_ptr<arrow::Array>> RowColumnOf(const WantedColumn& column,
                                                    const arrow::RecordBatch& batch) const {
    const std::int64_t num_rows = batch.num_rows();
    const AddFile& add = state_.files[file_];
    const std::int64_t first_row = reader_->batch_first_row();
    switch (*column.row_column) {
      case RowColumn::kFile:
        return Numbers(num_rows, state_.file_numbers[file_], 0, nullptr);
      case RowColumn::kRow:
        return Numbers(num_rows, first_row, 1, nullptr);
      case RowColumn::kRowId:
        if (!add.base_row_id) break;
        return Numbers(num_rows, *add.base_row_id + first_row, 1, Materialized(column, batch));
      case RowColumn::kRowCommitVersion:
        if (!add.default_row_commit_version) break;
        return Numbers(num_rows, *add.default_row_commit_version, 0, Materialized(column, batch));
    }
    return ARROW_TRY(arrow::MakeArrayOfNull(arrow::int64(), num_rows));
  }

  static const arrow::Int64Array* Materialized(const WantedColumn& column,
                                               const arrow::RecordBatch& batch) {
    if (column.file_column < 0) return nullptr;
    return static_cast<const arrow::Int64Array*>(batch.column(column.file_column).get());
  }

  /// `first`, `first + step`, ... but what `known` has where it is not NULL.
  static Result<std::shared_ptr<arrow::Array>> Numbers(std::int64_t num_rows, std::int64_t first,
                                                       std::int64_t step,
                                                       const arrow::Int64Array* known) {
    std::shared_ptr<arrow::Buffer> values = ARROW_TRY(arrow::AllocateBuffer(num_rows * 8));
    auto* out = reinterpret_cast<std::int64_t*>(values->mutable_data());
    for (std::int64_t i = 0; i < num_rows; ++i) {
      out[i] = known != nullptr && known->IsValid(i) ? known->Value(i) : first + i * step;
    }
    return std::make_shared<arrow::Int64Array>(num_rows, std::move(values));
  }

  Result<types::BatchPtr> WithoutDeleted(types::BatchPtr batch, std::uint64_t first_row) {
    const std::uint64_t end_row = first_row + static_cast<std::uint64_t>(batch->num_rows());
    auto range = std::ranges::upper_bound(deleted_.ranges, first_row, {},
                                          [](const auto& entry) { return entry.second; });
    if (range == deleted_.ranges.end() || range->first >= end_row) return batch;
    const std::int64_t num_rows = batch->num_rows();
    auto bits = ARROW_TRY(arrow::AllocateBitmap(num_rows));
    arrow::bit_util::SetBitsTo(bits->mutable_data(), 0, num_rows, true);
    std::int64_t num_deleted = 0;
    for (; range != deleted_.ranges.end() && range->first < end_row; ++range) {
      const std::uint64_t begin = std::max(range->first, first_row);
      const std::uint64_t end = std::min(range->second, end_row);
      const auto count = static_cast<std::int64_t>(end - begin);
      arrow::bit_util::SetBitsTo(bits->mutable_data(), static_cast<std::int64_t>(begin - first_row),
                                 count, false);
      num_deleted += count;
    }
    // Batches without columns have no arrays to filter.
    if (batch->num_columns() == 0) {
      return arrow::RecordBatch::Make(schema_, num_rows - num_deleted,
                                      std::vector<std::shared_ptr<arrow::Array>>());
    }
    const auto keep = std::make_shared<arrow::BooleanArray>(
        num_rows, std::shared_ptr<arrow::Buffer>(std::move(bits)));
    const arrow::Datum kept = ARROW_TRY(arrow::compute::Filter(batch, keep));
    return kept.record_batch();
  }

  const std::shared_ptr<const DeltaScan> scan_;  // Keeps state_ and split_ alive.
  const State& state_;
  const Split& split_;
  std::vector<WantedColumn> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  types::StructType file_schema_;  ///< What is asked of each file.

  std::size_t next_piece_ = 0;
  std::size_t file_ = 0;  ///< That reader_ reads.
  std::unique_ptr<ParquetBatchReader> reader_;
  DeletedRows deleted_;
  std::vector<std::shared_ptr<arrow::Scalar>> partition_values_;  ///< Of the wanted ones, in order.
};

}  // namespace

DeltaScan::DeltaScan(std::unique_ptr<const State> state) : state_(std::move(state)) {}
DeltaScan::~DeltaScan() = default;

Result<std::shared_ptr<const DeltaScan>> DeltaScan::Plan(
    SnapshotPtr snapshot, std::span<const types::ColumnPredicate> predicates,
    const ScanOptions& options) {
  auto state = std::make_unique<State>();
  state->snapshot = std::move(snapshot);
  state->options = options;
  state->mapping = TRY(ColumnMappingModeOf(state->snapshot->properties()));
  state->zone = TRY(types::TimeZone::Find(options.session_time_zone));
  state->schema = state->table_schema();
  if (options.with_row_columns) {
    for (const std::string_view name : kRowColumnNames) {
      state->schema.fields.push_back({.name = std::string(name), .type = types::TypeId::kLong});
    }
  }
  if (options.extra_column) state->schema.fields.push_back(*options.extra_column);
  for (const types::ColumnPredicate& predicate : predicates) {
    if (predicate.column < state->table_schema().size()) state->predicates.push_back(predicate);
  }
  if (options.files_without_rows || options.files) state->num_rows.reset();
  FileSkipper skipper(state->table_schema(), state->snapshot->partition_columns(), state->mapping,
                      state->predicates, *state->zone);
  std::int64_t next_number = 0;
  const auto take = [&](const AddFile& file) {
    const std::int64_t number = next_number++;
    if (options.files_without_rows && !options.files_without_rows->contains(number)) return;
    if (skipper.CanMatch(file)) state->Take(file, number);
  };
  if (options.files) {
    for (const ScanFile& file : *options.files) take(file.file);
  } else {
    for (const AddFile& file : state->snapshot->files()) take(file);
  }
  state->splits = MakeSplits(state->files, options.split_bytes);
  return std::shared_ptr<const DeltaScan>(new DeltaScan(std::move(state)));
}

const SnapshotPtr& DeltaScan::snapshot() const { return state_->snapshot; }
const types::StructType& DeltaScan::schema() const { return state_->schema; }
std::size_t DeltaScan::num_splits() const { return state_->splits.size(); }
std::int64_t DeltaScan::num_files() const {
  return static_cast<std::int64_t>(state_->files.size());
}
std::int64_t DeltaScan::estimated_bytes() const { return state_->estimated_bytes; }
std::optional<std::int64_t> DeltaScan::num_rows() const { return state_->num_rows; }
const std::vector<AddFile>& DeltaScan::files() const { return state_->files; }

Result<std::int64_t> CountRows(const storage::Location& table_root, const AddFile& file) {
  return TRY(OpenDataFile(table_root, file))->num_rows();
}

Result<std::unique_ptr<types::BatchReader>> DeltaScan::Open(
    std::size_t split, std::span<const std::size_t> columns) const {
  return std::make_unique<SplitReader<State>>(shared_from_this(), *state_, state_->splits[split],
                                              columns);
}

}  // namespace inlet::delta
