#include "formats/csv/csv_inference.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "formats/csv/csv_record_source.h"
#include "formats/csv/csv_type_inference.h"

namespace inlet::formats {
namespace {

// Fixed, so that the outcome does not depend on the number of threads.
constexpr std::int64_t kPieceBytes = 16 << 20;

/// What one piece of a file says about its columns, by position.
struct PieceTypes {
  std::vector<std::string> header;
  std::size_t num_cells = 0;  // Of the first record.
  std::vector<InferredType> types;
};

Result<PieceTypes> InferPiece(const storage::ObjectStore& store, const FileSplit& split,
                              const CsvOptions& options, const types::TimeZone& zone,
                              bool infer_types, std::stop_token stop) {
  auto source = TRY(CsvRecordSource::Open(store, split, options));
  PieceTypes piece{.header = source->header()};
  CsvTypeInference inference(options, zone);
  bool first = true;
  while (TRY(source->Next())) {
    if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
    const CsvRecords& records = source->records();
    if (first) {
      piece.num_cells = records.records.front().num_fields;
      piece.types.resize(options.header ? piece.header.size() : piece.num_cells);
      first = false;
    }
    if (!infer_types) break;
    for (std::size_t c = 0; c < piece.types.size(); ++c)
      inference.Widen(records, c, piece.types[c]);
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

  types::StructType Finish(bool infer_types) const {
    types::StructType schema;
    for (const Column& column : columns_) {
      types::DataType type = infer_types ? column.type.ToDataType() : types::TypeId::kString;
      schema.fields.push_back({.name = column.name, .type = type});
    }
    return schema;
  }

 private:
  struct Column {
    std::string name;
    InferredType type;
  };
  bool by_name_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> positions_;
};

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
  const types::TimeZone* zone = TRY(types::TimeZone::Find(
      options.time_zone.empty() ? infer.session_time_zone : options.time_zone));
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
    pieces[i] = TRY(InferPiece(store, splits[i], options, *zone, infer.infer_column_types, stop));
    return Ok();
  }));

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
  return merger.Finish(infer.infer_column_types);
}

}  // namespace inlet::formats
