#include "ingest/dml/optimize.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "base/option_map.h"
#include "delta/file_skipping.h"
#include "delta/row_tracking.h"
#include "delta/scan.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "engine/parallel_copy.h"
#include "ingest/delta_source.h"
#include "ingest/dml/sql_parts.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;

constexpr const char* kInput = "inlet_files";
/// Files of which more rows are deleted are written again however large they are.
constexpr double kMostDeleted = 0.05;
constexpr const char* kClusteringProvider = "liquid";
/// Each column is cut into 2^kRankBits ranges of about as many rows.
constexpr int kRankBits = 10;

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string Text(std::int64_t number) { return std::to_string(number); }

FileSizes SizesOf(const std::vector<AddFile>& files) {
  FileSizes sizes;
  for (const AddFile& file : files) {
    sizes.min = sizes.num_files == 0 ? file.size : std::min(sizes.min, file.size);
    sizes.max = std::max(sizes.max, file.size);
    sizes.bytes += file.size;
    ++sizes.num_files;
  }
  return sizes;
}

double DeletedShare(const AddFile& file) {
  if (!file.deletion_vector) return 0;
  const std::optional<std::int64_t> rows = delta::NumRecordsOf(file.stats);
  if (!rows || *rows == 0) return 1;
  return static_cast<double>(file.deletion_vector->cardinality) / static_cast<double>(*rows);
}

/// Files by their number in the snapshot.
struct NumberedFile {
  std::int64_t number = 0;
  AddFile file;
};
using Bin = std::vector<NumberedFile>;

class OptimizeRun {
 public:
  OptimizeRun(engine::Engine& engine, const delta::SnapshotPtr& snapshot,
              const OptimizeRequest& request)
      : engine_(engine), snapshot_(snapshot), request_(request) {}

  Result<OptimizeResult> Run() {
    result_.start_ms = NowMs();
    spec_ = TRY(Spec());
    ChooseFiles();
    result_.num_bins = static_cast<std::int64_t>(bins_.size());
    if (!bins_.empty()) {
      Status written = IsOrdered() ? WriteOrdered() : WriteBins();
      if (written) written = Commit();
      if (!written) {
        if (written.error().kind() != ErrorKind::kUnavailable) {
          delta::DeleteStaged(snapshot_->table_root(), added_);
        }
        return std::unexpected(std::move(written).error());
      }
    }
    result_.end_ms = NowMs();
    return result_;
  }

 private:
  const std::vector<std::string>& order() const {
    return request_.zorder_by.empty() ? request_.cluster_by : request_.zorder_by;
  }
  bool IsOrdered() const { return !order().empty() && !request_.only_purges; }

  bool TracksRows() const {
    return delta::TracksRows(snapshot_->protocol(), snapshot_->properties()) &&
           snapshot_->properties().contains("delta.rowTracking.materializedRowIdColumnName");
  }

  Result<delta::DataFileSpec> Spec() const {
    delta::DataFileSpec spec =
        TRY(delta::DataFileSpecFor(snapshot_->table_root(), snapshot_->metadata()));
    if (!TracksRows()) return spec;
    for (const char* key : {"delta.rowTracking.materializedRowIdColumnName",
                            "delta.rowTracking.materializedRowCommitVersionColumnName"}) {
      spec.schema.fields.push_back(
          {.name = snapshot_->properties().at(key), .type = types::TypeId::kLong});
    }
    return spec;
  }

  bool IsCandidate(const AddFile& file) const {
    if (request_.only_purges) return file.deletion_vector.has_value();
    if (!request_.zorder_by.empty()) return true;
    if (IsOrdered()) {
      return request_.is_full || file.clustering_provider != kClusteringProvider ||
             DeletedShare(file) > kMostDeleted;
    }
    return file.size < spec_.target_file_bytes || DeletedShare(file) > kMostDeleted;
  }

  void ChooseFiles() {
    std::map<delta::PartitionValues, Bin> by_partition;
    std::int64_t number = 0;
    for (const AddFile& file : snapshot_->files()) {
      const std::int64_t mine = number++;
      if (request_.partitions && !request_.partitions->contains(file.partition_values)) continue;
      ++result_.num_considered;
      if (IsCandidate(file)) {
        by_partition[file.partition_values].push_back({mine, file});
      } else {
        ++result_.num_skipped;
      }
    }
    for (auto& [values, files] : by_partition) {
      const std::size_t before = bins_.size();
      Pack(std::move(files));
      if (bins_.size() > before) ++result_.num_partitions;
    }
  }

  /// Smallest first, into bins of about the size of a file.
  void Pack(Bin files) {
    std::ranges::sort(files, {}, [](const NumberedFile& file) { return file.file.size; });
    std::int64_t bytes = 0;
    Bin bin;
    const auto close = [&] {
      // One file alone would only be copied, unless it has something to lose.
      const bool is_worth = bin.size() > 1 || IsOrdered() ||
                            (bin.size() == 1 && bin[0].file.deletion_vector &&
                             (request_.only_purges || DeletedShare(bin[0].file) > kMostDeleted));
      if (is_worth && !bin.empty()) bins_.push_back(std::move(bin));
      bin.clear();
      bytes = 0;
    };
    for (NumberedFile& file : files) {
      if (!bin.empty() && bytes + file.file.size > spec_.target_file_bytes) close();
      bytes += file.file.size;
      bin.push_back(std::move(file));
    }
    close();
  }

  Result<std::shared_ptr<const DeltaSource>> SourceOf(std::span<const Bin> bins) const {
    std::map<std::int64_t, delta::RowBitmap> files;
    for (const Bin& bin : bins) {
      for (const NumberedFile& file : bin) files.try_emplace(file.number);
    }
    return DeltaSource::Open(
        snapshot_,
        {.session_time_zone = request_.session_time_zone,
         .with_row_columns = true,
         .files_without_rows =
             std::make_shared<const std::map<std::int64_t, delta::RowBitmap>>(std::move(files)),
         .files = nullptr,
         .extra_column = std::nullopt});
  }

  /// Bins side by side, each by one thread into one file.
  Status WriteBins() {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::optional<Error> error;  // Guarded by mutex, as is added_.
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t threads = std::min(
        bins_.size(), request_.threads > 0 ? static_cast<std::size_t>(request_.threads) : cores);
    const auto work = [&] {
      for (std::size_t i = next++; i < bins_.size(); i = next++) {
        Result<std::vector<AddFile>> files = WriteBin(bins_[i]);
        std::lock_guard lock(mutex);
        if (files) {
          std::move(files->begin(), files->end(), std::back_inserter(added_));
        } else if (!error) {
          error = std::move(files).error();
        }
        if (error) return;
      }
    };
    {
      std::vector<std::jthread> running;
      for (std::size_t i = 0; i < threads; ++i) running.emplace_back(work);
    }
    if (error) return std::unexpected(*std::move(error));
    return Ok();
  }

  Result<std::vector<AddFile>> WriteBin(const Bin& bin) const {
    const auto source = TRY(SourceOf({&bin, 1}));
    engine::Projection projection;
    const std::size_t num_columns = snapshot_->schema().size();
    for (std::size_t i = 0; i < num_columns; ++i) projection.columns.push_back(i);
    if (TracksRows()) {
      projection.columns.push_back(num_columns +
                                   static_cast<std::size_t>(delta::RowColumn::kRowId));
      projection.columns.push_back(num_columns +
                                   static_cast<std::size_t>(delta::RowColumn::kRowCommitVersion));
    }
    const engine::DataFileWriters writers{
        .open = [this] { return delta::DataFileWriter::Open(spec_); },
        .delete_staged =
            [this](const std::vector<AddFile>& files) {
              delta::DeleteStaged(snapshot_->table_root(), files);
            }};
    return engine::ParallelCopy(*source, projection, writers, {.threads = 1, .on_progress = {}},
                                request_.stop);
  }

  /// All rows by one query, near ones near each other.
  Status WriteOrdered() {
    sql::Query query = OrderedQuery();
    engine::QueryContext context;
    context.session_time_zone = request_.session_time_zone;
    auto source = TRY(SourceOf(bins_));
    added_ = TRY(engine_.Write(query, {{.name = kInput, .source = std::move(source)}}, context,
                               spec_, request_.stop));
    if (request_.zorder_by.empty()) {
      for (AddFile& file : added_) file.clustering_provider = kClusteringProvider;
    }
    return Ok();
  }

  /// SELECT columns FROM (SELECT columns, ranks FROM files) ORDER BY partition, interleaved ranks
  sql::Query OrderedQuery() const {
    sql::Select ranked{.from = parts::AsTable(std::string(kInput), "inlet_rows")};
    std::vector<std::string> names;
    for (const types::StructField& field : snapshot_->schema().fields) names.push_back(field.name);
    if (TracksRows()) {
      for (const auto column : {delta::RowColumn::kRowId, delta::RowColumn::kRowCommitVersion}) {
        names.emplace_back(delta::kRowColumnNames[static_cast<std::size_t>(column)]);
      }
    }
    for (const std::string& name : names) {
      ranked.items.push_back(parts::Item(parts::Column(name), name));
    }
    for (std::size_t i = 0; i < order().size(); ++i) {
      ranked.items.push_back(parts::Item(RankOf(order()[i]), RankName(i)));
    }
    sql::Select select{.from =
                           parts::AsTable(sql::Query{.body = std::move(ranked)}, "inlet_ranked")};
    for (const std::string& name : names) {
      select.items.push_back(parts::Item(parts::Column(name), name));
    }
    sql::Query query{.body = std::move(select)};
    for (const std::string& column : snapshot_->partition_columns()) {
      query.order_by.push_back({.value = parts::Column(column)});
    }
    query.order_by.push_back({.value = Interleaved(order().size())});
    return query;
  }

  static std::string RankName(std::size_t index) {
    return "__inlet_rank_" + Text(static_cast<std::int64_t>(index));
  }

  /// ntile(1024) OVER (PARTITION BY partition columns ORDER BY column) - 1
  sql::Expression RankOf(const std::string& column) const {
    sql::FunctionCall ntile{.name = {.parts = {"ntile"}}};
    ntile.arguments.push_back({.value = parts::Integer(1 << kRankBits)});
    sql::WindowSpec window;
    for (const std::string& partition : snapshot_->partition_columns()) {
      window.partition_by.push_back(parts::Column(partition));
    }
    window.order_by.push_back({.value = parts::Column(column)});
    ntile.over = std::move(window);
    return parts::Binary(sql::BinaryOperator::kSubtract, {.node = std::move(ntile)},
                         parts::Integer(1));
  }

  /// The bits of the ranks in turn, the highest first: a curve through all columns.
  static sql::Expression Interleaved(std::size_t num_columns) {
    const auto shift = [](sql::BinaryOperator op, sql::Expression value, std::int64_t by) {
      return by == 0 ? value : parts::Binary(op, std::move(value), parts::Integer(by));
    };
    if (num_columns == 1) return parts::Column(RankName(0));
    std::optional<sql::Expression> sum;
    for (int bit = 0; bit < kRankBits; ++bit) {
      for (std::size_t i = 0; i < num_columns; ++i) {
        sql::Expression rank = parts::CastTo(parts::Column(RankName(i)), types::TypeId::kLong);
        sql::Expression one = parts::Binary(
            sql::BinaryOperator::kBitwiseAnd,
            shift(sql::BinaryOperator::kShiftRight, std::move(rank), bit), parts::Integer(1));
        const auto place =
            static_cast<std::int64_t>(static_cast<std::size_t>(bit) * num_columns + i);
        sql::Expression placed = shift(sql::BinaryOperator::kShiftLeft,
                                       parts::CastTo(std::move(one), types::TypeId::kLong), place);
        sum =
            sum ? parts::Binary(sql::BinaryOperator::kBitwiseOr, *std::move(sum), std::move(placed))
                : std::move(placed);
      }
    }
    return *std::move(sum);
  }

  Status Commit() {
    delta::Transaction transaction(snapshot_);
    std::vector<AddFile> removed;
    for (Bin& bin : bins_) {
      for (NumberedFile& file : bin) {
        if (file.file.deletion_vector) ++result_.num_vectors_removed;
        transaction.Remove(file.file, /*data_change=*/false);
        removed.push_back(std::move(file.file));
      }
    }
    for (AddFile& file : added_) file.data_change = false;
    transaction.Add(added_);
    result_.added = SizesOf(added_);
    result_.removed = SizesOf(removed);
    delta::Operation operation{.name = request_.only_purges ? "REORG" : "OPTIMIZE",
                               .parameters = Parameters(),
                               .metrics = Metrics(),
                               .user_name = request_.user_name,
                               .is_blind_append = false,
                               .enforced_features = {}};
    Result<delta::CommitResult> committed = std::move(transaction).Commit(std::move(operation));
    if (!committed) return std::unexpected(std::move(committed).error());
    result_.snapshot = committed->snapshot;
    return Ok();
  }

  std::map<std::string, std::string> Parameters() const {
    std::vector<std::string> predicates;
    if (!request_.predicate_text.empty()) predicates.push_back(request_.predicate_text);
    std::map<std::string, std::string> parameters = {{"predicate", delta::JsonStrings(predicates)}};
    if (request_.only_purges) {
      parameters["applyPurge"] = "true";
      return parameters;
    }
    parameters["zOrderBy"] = delta::JsonStrings(request_.zorder_by);
    parameters["clusterBy"] = delta::JsonStrings(request_.cluster_by);
    parameters["auto"] = request_.is_auto ? "true" : "false";
    return parameters;
  }

  std::map<std::string, std::string> Metrics() const {
    std::vector<std::int64_t> sizes;
    for (const AddFile& file : added_) sizes.push_back(file.size);
    std::ranges::sort(sizes);
    const auto quantile = [&](std::size_t quarter) {
      return Text(sizes.empty() ? 0 : sizes[(sizes.size() - 1) * quarter / 4]);
    };
    return {{"numAddedFiles", Text(result_.added.num_files)},
            {"numAddedBytes", Text(result_.added.bytes)},
            {"numRemovedFiles", Text(result_.removed.num_files)},
            {"numRemovedBytes", Text(result_.removed.bytes)},
            {"numDeletionVectorsRemoved", Text(result_.num_vectors_removed)},
            {"minFileSize", quantile(0)},
            {"p25FileSize", quantile(1)},
            {"p50FileSize", quantile(2)},
            {"p75FileSize", quantile(3)},
            {"maxFileSize", quantile(4)}};
  }

  engine::Engine& engine_;  // Outlives this.
  const delta::SnapshotPtr& snapshot_;
  const OptimizeRequest& request_;
  delta::DataFileSpec spec_;
  std::vector<Bin> bins_;
  std::vector<AddFile> added_;
  OptimizeResult result_;
};

}  // namespace

Result<OptimizeResult> Optimize(engine::Engine& engine, const delta::SnapshotPtr& snapshot,
                                const OptimizeRequest& request) {
  return OptimizeRun(engine, snapshot, request).Run();
}

}  // namespace inlet::ingest
