#include "formats/csv/csv_inference.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "formats/csv/csv_guess.h"
#include "formats/csv/csv_record_source.h"
#include "formats/csv/csv_type_inference.h"

namespace inlet::formats {
namespace {

// Fixed, so that the outcome does not depend on the number of threads.
constexpr std::int64_t kPieceBytes = 16 << 20;
constexpr std::int64_t kNumSamples = 8;

/// What one piece of a file says about its columns, by position.
struct PieceTypes {
  std::vector<std::string> header;
  std::size_t num_cells = 0;  // Of the first record.
  std::vector<InferredType> types;
};

/// How a piece is read.
struct PieceOptions {
  bool infer_types = true;
  /// Stops after the first records of about so many bytes.
  std::int64_t max_bytes = std::numeric_limits<std::int64_t>::max();
};

Result<PieceTypes> InferPiece(const storage::ObjectStore& store, const FileSplit& split,
                              const CsvOptions& options, const types::TimeZone& zone,
                              const PieceOptions& how, const std::stop_token& stop) {
  auto source = TRY(CsvRecordSource::Open(store, split, options));
  PieceTypes piece{.header = source->header()};
  CsvTypeInference inference(options, zone);
  bool first = true;
  std::int64_t num_bytes = 0;
  while (num_bytes < how.max_bytes && TRY(source->Next())) {
    if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
    const CsvRecords& records = source->records();
    if (first) {
      piece.num_cells = records.records.front().num_fields;
      piece.types.resize(options.header ? piece.header.size() : piece.num_cells);
      first = false;
    }
    if (!how.infer_types) break;
    for (std::size_t c = 0; c < piece.types.size(); ++c)
      inference.Widen(records, c, piece.types[c]);
    const CsvRecord& last = records.records.back();
    num_bytes += last.text + last.text_size - records.records.front().text + 1;
  }
  return piece;
}

/// Runs `work(0) .. work(count - 1)` on some threads; returns the first error by index.
template <class Work>
Status InParallel(std::size_t count, int num_threads, Work work) {
  std::vector<Status> outcomes(count);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  auto run = [&] {
    for (std::size_t i; !failed && (i = next++) < count;) {
      outcomes[i] = work(i);
      if (!outcomes[i]) failed = true;
    }
  };
  {
    std::vector<std::jthread> threads;
    auto wanted = std::min(static_cast<std::size_t>(std::max(num_threads, 1)), count);
    for (std::size_t i = 1; i < wanted; ++i) threads.emplace_back(run);
    run();
  }
  for (Status& outcome : outcomes) {
    if (!outcome) return std::move(outcome);
  }
  return Ok();
}

Result<const types::TimeZone*> ZoneOf(const CsvOptions& options,
                                      const ConfiguredFormat::InferOptions& infer) {
  return types::TimeZone::Find(options.time_zone.empty() ? infer.session_time_zone
                                                         : options.time_zone);
}

/// Columns in the order in which they came up, with one type each.
class ColumnMerger {
 public:
  explicit ColumnMerger(bool by_name) : by_name_(by_name) {}

  void Add(std::size_t position, const std::string& name, InferredType type) {
    std::size_t column = position;
    if (by_name_) {
      auto [found, added] = positions_.emplace(ToLower(name), columns_.size());
      column = found->second;
      if (added) columns_.push_back({.name = name});
    } else if (position >= columns_.size()) {
      columns_.push_back({.name = name});
    }
    columns_[column].type = MergeInferred(columns_[column].type, type);
  }

  std::vector<CsvGuess::Column> Finish() && { return std::move(columns_); }

 private:
  bool by_name_;
  std::vector<CsvGuess::Column> columns_;
  std::unordered_map<std::string, std::size_t> positions_;
};

/// `pieces` are those of `splits`, the first piece of each file among them.
std::vector<CsvGuess::Column> Merge(const std::vector<FileSplit>& splits,
                                    std::vector<PieceTypes>& pieces, const CsvOptions& options) {
  ColumnMerger merger(options.by_name);
  std::size_t num_cells = 0;  // Without a header the first record of a file says how many.
  std::size_t limit = static_cast<std::size_t>(-1);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    PieceTypes& piece = pieces[i];
    if (splits[i].position == 0) num_cells = piece.num_cells;
    piece.types.resize(options.header ? piece.header.size() : num_cells);
    // By position the first file says how many columns there are.
    if (!options.by_name && limit == static_cast<std::size_t>(-1) && !piece.types.empty()) {
      limit = piece.types.size();
    }
    for (std::size_t c = 0; c < std::min(piece.types.size(), limit); ++c) {
      merger.Add(c, options.header ? piece.header[c] : "_c" + std::to_string(c), piece.types[c]);
    }
  }
  return std::move(merger).Finish();
}

/// Where to look: the beginnings of some pieces, spread evenly over the bytes of all files, and of
/// their files. Small files follow each other up to `run_bytes`. InferCsvSchema() reads pieces from
/// the same places on.
Result<std::vector<FileSplit>> SamplePlaces(const storage::ObjectStore& store,
                                            std::span<const storage::ObjectInfo> files,
                                            std::int64_t total_bytes, std::int64_t run_bytes,
                                            const CsvOptions& options) {
  std::set<std::pair<std::size_t, std::int64_t>> places;  // File and position.
  std::size_t file = 0;
  std::int64_t file_begin = 0;
  for (std::int64_t i = 0; i < kNumSamples; ++i) {
    const std::int64_t wanted = total_bytes / kNumSamples * i;
    while (file_begin + files[file].size_bytes <= wanted) file_begin += files[file++].size_bytes;
    std::int64_t position = (wanted - file_begin) / kPieceBytes * kPieceBytes;
    std::int64_t bytes = 0;
    for (std::size_t at = file; at < files.size() && bytes < run_bytes; ++at, position = 0) {
      places.emplace(at, 0);
      places.emplace(at, position);
      bytes += files[at].size_bytes - position;
    }
  }
  std::vector<FileSplit> splits;
  std::vector<FileSplit> pieces;  // Of the file at hand.
  for (const auto& [index, position] : places) {
    if (position == 0) pieces = TRY(SplitCsv(store, files[index], kPieceBytes, options));
    const auto piece = static_cast<std::size_t>(position / kPieceBytes);
    if (piece < pieces.size()) splits.push_back(pieces[piece]);
  }
  return splits;
}

/// Whether all files have the columns of the first one in the sample, so that their order is known.
bool IsInOrder(const std::vector<CsvGuess::Column>& columns, const PieceTypes& first) {
  return columns.size() == first.types.size();
}

bool MayGuess(const std::vector<CsvGuess::Column>& columns) {
  std::set<std::string> names;
  for (const CsvGuess::Column& column : columns) {
    if (column.type.id == types::TypeId::kDecimal) return false;
    if (!names.insert(ToLower(column.name)).second) return false;
  }
  return !columns.empty();
}

Result<std::shared_ptr<const SchemaGuess>> Guess(const storage::ObjectStore& store,
                                                 std::span<const storage::ObjectInfo> files,
                                                 const CsvOptions& options,
                                                 const ConfiguredFormat::InferOptions& infer,
                                                 const ConfiguredFormat::GuessOptions& guess,
                                                 const std::stop_token& stop) {
  std::int64_t total_bytes = 0;
  for (const storage::ObjectInfo& file : files) total_bytes += file.size_bytes;
  const bool pays = infer.infer_column_types && total_bytes >= guess.min_total_bytes &&
                    total_bytes > 0 && total_bytes <= infer.max_bytes;
  if (!pays) return nullptr;
  const types::TimeZone* zone = TRY(ZoneOf(options, infer));
  const PieceOptions how{.max_bytes = std::max<std::int64_t>(
                             1, std::min(guess.sample_bytes, total_bytes / 8) / kNumSamples)};
  const std::vector<FileSplit> splits =
      TRY(SamplePlaces(store, files, total_bytes, how.max_bytes, options));
  std::vector<PieceTypes> pieces(splits.size());
  TRY(InParallel(splits.size(), infer.threads, [&](std::size_t i) -> Status {
    pieces[i] = TRY(InferPiece(store, splits[i], options, *zone, how, stop));
    return Ok();
  }));
  std::vector<CsvGuess::Column> columns = Merge(splits, pieces, options);
  if (!MayGuess(columns) || !IsInOrder(columns, pieces.front())) return nullptr;
  return std::make_shared<CsvGuess>(std::move(columns));
}

}  // namespace

Result<std::vector<FileSplit>> SplitCsv(const storage::ObjectStore& store,
                                        const storage::ObjectInfo& file, std::int64_t target_bytes,
                                        const CsvOptions& options) {
  std::vector<FileSplit> splits;
  bool cuttable = !options.multi_line && options.line_separator.size() <= 1 &&
                  file.size_bytes > target_bytes && target_bytes > 0;
  if (cuttable) {
    std::unique_ptr<storage::ObjectReader> reader = TRY(store.Open(file));
    cuttable = TRY(TextInput::IsPlain(*reader, options.encoding));
  }
  if (!cuttable) return std::vector{FileSplit{.file = file}};
  for (std::int64_t position = 0; position < file.size_bytes; position += target_bytes) {
    splits.push_back({.file = file,
                      .position = position,
                      .length = std::min(target_bytes, file.size_bytes - position)});
  }
  return splits;
}

Result<types::StructType> InferCsvSchema(const storage::ObjectStore& store,
                                         std::span<const storage::ObjectInfo> files,
                                         const CsvOptions& options,
                                         const ConfiguredFormat::InferOptions& infer,
                                         std::stop_token stop) {
  const types::TimeZone* zone = TRY(ZoneOf(options, infer));
  const PieceOptions how{.infer_types = infer.infer_column_types};
  std::vector<FileSplit> splits;
  std::int64_t num_bytes = 0;
  for (const storage::ObjectInfo& file : files) {
    if (num_bytes >= infer.max_bytes) break;
    for (FileSplit& split : TRY(SplitCsv(store, file, kPieceBytes, options))) {
      splits.push_back(std::move(split));
      // The names alone stand in the first piece.
      if (!infer.infer_column_types) break;
    }
    num_bytes += file.size_bytes;
  }

  std::vector<PieceTypes> pieces(splits.size());
  TRY(InParallel(splits.size(), infer.threads, [&](std::size_t i) -> Status {
    pieces[i] = TRY(InferPiece(store, splits[i], options, *zone, how, stop));
    return Ok();
  }));
  types::StructType schema;
  for (const CsvGuess::Column& column : Merge(splits, pieces, options)) {
    types::DataType type =
        infer.infer_column_types ? column.type.ToDataType() : types::TypeId::kString;
    schema.fields.push_back({.name = column.name, .type = type});
  }
  return schema;
}

std::shared_ptr<const SchemaGuess> GuessCsvSchema(const storage::ObjectStore& store,
                                                  std::span<const storage::ObjectInfo> files,
                                                  const CsvOptions& options,
                                                  const ConfiguredFormat::InferOptions& infer,
                                                  const ConfiguredFormat::GuessOptions& guess,
                                                  const std::stop_token& stop) {
  // What is wrong with the files is told by those who read all of them.
  return Guess(store, files, options, infer, guess, stop).value_or(nullptr);
}

}  // namespace inlet::formats
