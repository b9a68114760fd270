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
  std::vector<types::ColumnPredicate> predicates;
  std::vector<AddFile> files;  ///< Without statistics and tags.
  std::vector<Split> splits;
  std::int64_t estimated_bytes = 0;
  std::optional<std::int64_t> num_rows = 0;

  static Result<std::unique_ptr<State>> Of(SnapshotPtr snapshot, const ScanOptions& options) {
    auto state = std::make_unique<State>();
    state->snapshot = std::move(snapshot);
    state->options = options;
    state->mapping = TRY(ColumnMappingModeOf(state->snapshot->properties()));
    state->zone = TRY(types::TimeZone::Find(options.session_time_zone));
    return state;
  }

  void Take(const AddFile& file) {
    const std::optional<std::int64_t> rows = LiveRowsOf(file);
    if (rows && num_rows) {
      *num_rows += *rows;
    } else {
      num_rows.reset();
    }
    estimated_bytes += file.size;
    AddFile& kept = files.emplace_back();
    kept.path = file.path;
    kept.partition_values = file.partition_values;
    kept.size = file.size;
    kept.modification_time = file.modification_time;
    kept.deletion_vector = file.deletion_vector;
    kept.base_row_id = file.base_row_id;
    kept.default_row_commit_version = file.default_row_commit_version;
  }

  const types::StructType& schema() const { return snapshot->schema(); }

  bool IsPartitionColumn(const types::StructField& field) const {
    return std::ranges::any_of(snapshot->partition_columns(), [&](const std::string& column) {
      return EqualsIgnoreCase(column, field.name);
    });
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
  int file_column = -1;  ///< In what is asked of the Parquet reader; -1: not read from it.
};

/// Rows of the pieces of one split, one file after the other.
template <class State>
class SplitReader : public types::BatchReader {
 public:
  SplitReader(std::shared_ptr<const DeltaScan> scan, const State& state, const Split& split,
              std::span<const std::size_t> columns)
      : scan_(std::move(scan)), state_(state), split_(split) {
    std::vector<std::shared_ptr<arrow::Field>> fields;
    for (const std::size_t index : columns) {
      const types::StructField& field = state.schema().fields[index];
      WantedColumn wanted{.field = &field, .type = types::ToArrow(field.type)};
      wanted.is_partition = state.IsPartitionColumn(field);
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
  Status OpenPiece(const Piece& piece) {
    const AddFile& add = state_.files[piece.file];
    std::shared_ptr<const ParquetFile> file = TRY(OpenFile(add));
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

  /// The log tells the size, which saves a request; where it is wrong the store is asked.
  Result<std::shared_ptr<const ParquetFile>> OpenFile(const AddFile& add) {
    const storage::Location location =
        TRY(ResolveDataPath(state_.snapshot->table_root(), add.path));
    Result<std::shared_ptr<const ParquetFile>> file = ParquetFile::Open(
        *location.store, storage::ObjectInfo{.path = location.path, .size_bytes = add.size});
    if (file) return file;
    const storage::ObjectInfo info = TRY(location.store->Head(location.path));
    if (info.size_bytes == add.size) return file;
    return ParquetFile::Open(*location.store, info);
  }

  /// Every column of the table as files have it; predicates index it.
  types::StructType PhysicalSchema() const {
    types::StructType physical;
    for (const types::StructField& field : state_.schema().fields) {
      physical.fields.push_back(ToPhysical(field, state_.mapping));
    }
    return physical;
  }

  std::vector<types::ColumnPredicate> DataPredicates() const {
    std::vector<types::ColumnPredicate> predicates;
    for (const types::ColumnPredicate& predicate : state_.predicates) {
      if (!state_.IsPartitionColumn(state_.schema().fields[predicate.column])) {
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
      if (column.file_column >= 0) {
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
  auto state = TRY(State::Of(std::move(snapshot), options));
  state->predicates.assign(predicates.begin(), predicates.end());
  FileSkipper skipper(state->schema(), state->snapshot->partition_columns(), state->mapping,
                      state->predicates, *state->zone);
  for (const AddFile& file : state->snapshot->files()) {
    if (skipper.CanMatch(file)) state->Take(file);
  }
  state->splits = MakeSplits(state->files, options.split_bytes);
  return std::shared_ptr<const DeltaScan>(new DeltaScan(std::move(state)));
}

Result<std::shared_ptr<const DeltaScan>> DeltaScan::PlanFiles(SnapshotPtr snapshot,
                                                              std::span<const AddFile> files,
                                                              const ScanOptions& options) {
  auto state = TRY(State::Of(std::move(snapshot), options));
  for (const AddFile& file : files) state->Take(file);
  state->splits = MakeSplits(state->files, options.split_bytes);
  return std::shared_ptr<const DeltaScan>(new DeltaScan(std::move(state)));
}

const SnapshotPtr& DeltaScan::snapshot() const { return state_->snapshot; }
const types::StructType& DeltaScan::schema() const { return state_->schema(); }
std::size_t DeltaScan::num_splits() const { return state_->splits.size(); }
std::int64_t DeltaScan::num_files() const {
  return static_cast<std::int64_t>(state_->files.size());
}
std::int64_t DeltaScan::estimated_bytes() const { return state_->estimated_bytes; }
std::optional<std::int64_t> DeltaScan::num_rows() const { return state_->num_rows; }
const std::vector<AddFile>& DeltaScan::files() const { return state_->files; }

Result<std::unique_ptr<types::BatchReader>> DeltaScan::Open(
    std::size_t split, std::span<const std::size_t> columns) const {
  return std::make_unique<SplitReader<State>>(shared_from_this(), *state_, state_->splits[split],
                                              columns);
}

}  // namespace inlet::delta
