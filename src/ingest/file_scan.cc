#include "ingest/file_scan.h"

#include <arrow/api.h>

#include <algorithm>

#include "base/option_map.h"
#include "delta/partition_value.h"
#include "types/arrow.h"

namespace inlet::ingest {

using formats::FileSplit;
using types::BatchPtr;
using types::BatchReader;
using types::DataType;
using types::StructField;
using types::TypeId;

namespace {

constexpr std::int64_t kMinPackBytes = 4 << 20;
constexpr std::int64_t kMaxPackBytes = 64 << 20;
constexpr std::int64_t kPacksPerThread = 8;
/// What opening a file costs, as bytes read in the same time.
constexpr std::int64_t kOpenCostBytes = 16 << 10;

std::int64_t PackBytes(std::int64_t total_bytes, int threads) {
  return std::clamp(total_bytes / (std::max(threads, 1) * kPacksPerThread), kMinPackBytes,
                    kMaxPackBytes);
}

std::string PercentEncode(std::string_view path) {
  constexpr std::string_view kPlain = "-_.~!$&'()*+,;=:@/";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kPlain.contains(c)) {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

Result<std::shared_ptr<arrow::Scalar>> MetadataOf(const storage::ObjectStore& store,
                                                  const FileSplit& split) {
  const storage::ObjectInfo& file = split.file;
  const std::string url = store.root_url() + "/" + file.path;
  const std::string name = file.path.substr(file.path.rfind('/') + 1);
  const std::int64_t length = split.length < 0 ? file.size_bytes - split.position : split.length;
  const auto type = types::ToArrow(MetadataType());
  arrow::ScalarVector values = {
      std::make_shared<arrow::StringScalar>(PercentEncode(url)),
      std::make_shared<arrow::StringScalar>(name),
      std::make_shared<arrow::Int64Scalar>(file.size_bytes),
      std::make_shared<arrow::Int64Scalar>(split.position),
      std::make_shared<arrow::Int64Scalar>(length),
      std::make_shared<arrow::TimestampScalar>(file.modified_at_ms * 1000, type->field(5)->type())};
  return std::make_shared<arrow::StructScalar>(std::move(values), type);
}

}  // namespace

DataType MetadataType() {
  return DataType::Struct({{"file_path", TypeId::kString, false, {}},
                           {"file_name", TypeId::kString, false, {}},
                           {"file_size", TypeId::kLong, false, {}},
                           {"file_block_start", TypeId::kLong, false, {}},
                           {"file_block_length", TypeId::kLong, false, {}},
                           {"file_modification_time", TypeId::kTimestamp, false, {}}});
}

Result<std::shared_ptr<const FileScan>> FileScan::Plan(FileScanSpec spec) {
  std::shared_ptr<FileScan> scan(new FileScan(std::move(spec)));
  for (const auto& file : scan->spec_.files) scan->total_bytes_ += file.size_bytes;
  const std::int64_t pack_bytes = PackBytes(scan->total_bytes_, scan->spec_.threads);
  std::int64_t room = 0;
  const auto put = [&](Piece piece, std::int64_t bytes) {
    if (scan->packs_.empty() || room < bytes) {
      scan->packs_.emplace_back();
      room = pack_bytes;
    }
    room -= bytes;
    scan->packs_.back().push_back(std::move(piece));
  };
  for (std::size_t i = 0; i < scan->spec_.files.size(); ++i) {
    const storage::ObjectInfo& file = scan->spec_.files[i];
    if (file.size_bytes <= pack_bytes) {
      put({.split = {.file = file}, .file = i}, file.size_bytes + kOpenCostBytes);
      continue;
    }
    Result<std::vector<FileSplit>> pieces =
        scan->spec_.format->Split(*scan->spec_.store, file, pack_bytes);
    // What is wrong with the file is told, or ignored, when it is read.
    if (!pieces) pieces = std::vector<FileSplit>{{.file = file}};
    for (FileSplit& piece : *pieces) {
      const std::int64_t bytes = piece.length < 0 ? file.size_bytes - piece.position : piece.length;
      put({.split = std::move(piece), .file = i}, bytes);
    }
  }
  return scan;
}

bool IsAboutContent(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kInvalid:
    case ErrorKind::kCorrupt:
    case ErrorKind::kUnsupported:
      return true;
    default:
      return false;
  }
}

/// Reads the pieces of one pack; adds the columns that are the same for all rows of a file.
class PackReader final : public BatchReader {
 public:
  static Result<std::unique_ptr<BatchReader>> Open(const FileScan& scan, const FileScan::Pack& pack,
                                                   const engine::Projection& projection) {
    auto reader = std::unique_ptr<PackReader>(new PackReader(scan, pack));
    TRY(reader->Prepare(projection));
    return reader;
  }

  Result<BatchPtr> Next() override {
    while (true) {
      if (reader_ == nullptr && !TRY(OpenNext())) {
        if (spec_.guess != nullptr) scan_.NoteRead(pack_);
        return nullptr;
      }
      Result<BatchPtr> batch = reader_->Next();
      if (!batch) {
        if (!one_by_one_ || !MayIgnore(batch.error())) return batch;
        Skip(std::move(batch).error());
        reader_.reset();
        continue;
      }
      if (*batch != nullptr) {
        gave_rows_ = gave_rows_ || (*batch)->num_rows() > 0;
        return Assemble(**batch);
      }
      reader_.reset();
    }
  }

 private:
  /// Where an output column comes from: a column of the reader, or a value of each file.
  struct Source {
    bool is_constant = false;
    std::size_t index = 0;  ///< Into the reader's columns, or into constants_.
  };

  PackReader(const FileScan& scan, const FileScan::Pack& pack)
      : scan_(scan),
        spec_(scan.spec_),
        pack_(pack),
        one_by_one_(scan.spec_.ignore_corrupt_files || scan.spec_.ignore_missing_files ||
                    scan.spec_.ignore_wrong_files) {}

  Status Prepare(const engine::Projection& projection) {
    const types::TimeZone* zone = TRY(types::TimeZone::Find(spec_.session_time_zone));
    read_schema_.data_schema = spec_.data_schema;
    read_schema_.bad_record_sink = spec_.bad_record_sink;
    read_schema_.session_time_zone = spec_.session_time_zone;
    read_schema_.rescue_file_path = spec_.rescue_file_path;
    for (const std::size_t column : projection.columns) {
      const StructField& field = spec_.schema.fields[column];
      output_.push_back(types::ToArrow(field));
      if (spec_.has_metadata_column && column + 1 == spec_.schema.size()) {
        TRY(AddMetadata());
      } else if (const auto partition = PartitionIndex(field.name)) {
        TRY(AddPartition(*partition, field.type, *zone));
      } else {
        AddRead(field);
      }
    }
    read_schema_.guess = spec_.guess;
    if (read_schema_.rescued_column || read_schema_.corrupt_record_column ||
        spec_.guess != nullptr) {
      AddUnprojected();
    }
    if (!constants_.empty()) {
      read_schema_.split_index_column = read_schema_.columns.size();
      read_schema_.columns.fields.push_back({.name = "", .type = TypeId::kInteger});
    }
    return Ok();
  }

  std::optional<std::size_t> PartitionIndex(std::string_view name) const {
    const auto& fields = spec_.partitions.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (EqualsIgnoreCase(fields[i].name, name)) return i;
    }
    return std::nullopt;
  }

  void AddRead(const StructField& field) {
    const std::size_t index = read_schema_.columns.size();
    if (spec_.rescued_data_column && EqualsIgnoreCase(field.name, *spec_.rescued_data_column)) {
      read_schema_.rescued_column = index;
    } else if (spec_.corrupt_record_column &&
               EqualsIgnoreCase(field.name, *spec_.corrupt_record_column)) {
      read_schema_.corrupt_record_column = index;
    }
    sources_.push_back({.is_constant = false, .index = index});
    read_schema_.columns.fields.push_back(field);
  }

  /// What is rescued or corrupt, and whether a guess holds, does not depend on which columns the
  /// query asks for: all are read.
  void AddUnprojected() {
    for (const StructField& field : spec_.data_schema.fields) {
      const bool is_read = read_schema_.columns.Find(field.name) != nullptr;
      if (!is_read && !PartitionIndex(field.name)) read_schema_.columns.fields.push_back(field);
    }
  }

  Status AddPartition(std::size_t partition, const DataType& type, const types::TimeZone& zone) {
    if (type.is_nested() || type.is(TypeId::kVariant)) {
      return Fail(Condition::DATATYPE_MISMATCH,
                  {{"sqlExpr", "a partition column"},
                   {"message", "a directory name cannot hold " + types::ToSql(type)}});
    }
    arrow::ScalarVector values;
    for (const FileScan::Piece& piece : pack_) {
      values.push_back(
          TRY(delta::ParsePartitionValue(spec_.partitions.values[piece.file][partition], type, zone)
                  .Context("partition column " + spec_.partitions.fields[partition].name + " of " +
                           piece.split.file.path)));
    }
    sources_.push_back({.is_constant = true, .index = constants_.size()});
    constants_.push_back(std::move(values));
    return Ok();
  }

  Status AddMetadata() {
    arrow::ScalarVector values;
    for (const FileScan::Piece& piece : pack_) {
      values.push_back(TRY(MetadataOf(*spec_.store, piece.split)));
    }
    sources_.push_back({.is_constant = true, .index = constants_.size()});
    constants_.push_back(std::move(values));
    return Ok();
  }

  /// False: no piece is left.
  Result<bool> OpenNext() {
    while (next_piece_ < pack_.size()) {
      const std::size_t count = one_by_one_ ? 1 : pack_.size();
      std::vector<FileSplit> splits;
      for (std::size_t i = 0; i < count; ++i) splits.push_back(pack_[next_piece_ + i].split);
      first_piece_ = next_piece_;
      next_piece_ += count;
      gave_rows_ = false;
      Result<std::unique_ptr<BatchReader>> opened =
          spec_.format->OpenAll(*spec_.store, splits, read_schema_);
      if (opened) {
        reader_ = *std::move(opened);
        return true;
      }
      if (!one_by_one_ || !MayIgnore(opened.error())) return std::unexpected(opened.error());
      Skip(std::move(opened).error());
    }
    return false;
  }

  bool MayIgnore(const Error& error) const {
    if (error.kind() == ErrorKind::kNotFound) return spec_.ignore_missing_files;
    if (spec_.ignore_wrong_files && IsAboutContent(error)) return true;
    return spec_.ignore_corrupt_files &&
           (error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported ||
            error.condition == Condition::FAILED_READ_FILE_PARQUET_COLUMN_DATA_TYPE_MISMATCH);
  }

  /// Remembers the file that is being read, alone in `one_by_one_`, as left out.
  void Skip(Error error) const {
    const FileSplit& split = pack_[first_piece_].split;
    const bool is_cut = split.length >= 0 && split.length < split.file.size_bytes;
    const bool is_missing = error.kind() == ErrorKind::kNotFound;
    const std::lock_guard lock(scan_.mutex_);
    scan_.skipped_files_.push_back({.path = split.file.path,
                                    .is_missing = is_missing,
                                    .gave_rows = gave_rows_ || is_cut,
                                    .error = std::move(error)});
  }

  Result<BatchPtr> Assemble(const arrow::RecordBatch& read) {
    arrow::ArrayVector columns;
    columns.reserve(sources_.size());
    const arrow::Int32Array* pieces = nullptr;
    if (read_schema_.split_index_column) {
      pieces = static_cast<const arrow::Int32Array*>(
          read.column(static_cast<int>(*read_schema_.split_index_column)).get());
    }
    for (const Source& source : sources_) {
      columns.push_back(source.is_constant ? TRY(Repeat(constants_[source.index], *pieces))
                                           : read.column(static_cast<int>(source.index)));
    }
    return arrow::RecordBatch::Make(arrow::schema(output_), read.num_rows(), std::move(columns));
  }

  /// values[piece of the row] for every row; rows of one piece stand together.
  Result<std::shared_ptr<arrow::Array>> Repeat(const arrow::ScalarVector& values,
                                               const arrow::Int32Array& pieces) const {
    arrow::ArrayVector runs;
    for (std::int64_t begin = 0; begin < pieces.length();) {
      std::int64_t end = begin + 1;
      while (end < pieces.length() && pieces.Value(end) == pieces.Value(begin)) ++end;
      const auto value = static_cast<std::size_t>(pieces.Value(begin)) + first_piece_;
      runs.push_back(ARROW_TRY(arrow::MakeArrayFromScalar(*values[value], end - begin)));
      begin = end;
    }
    if (runs.size() == 1) return runs[0];
    return ARROW_TRY(arrow::Concatenate(runs));
  }

  const FileScan& scan_;        // Outlives this: the engine holds the source.
  const FileScanSpec& spec_;    // Of scan_.
  const FileScan::Pack& pack_;  // Of scan_.
  const bool one_by_one_;       // So that a bad file can be left out alone.
  formats::ReadSchema read_schema_;
  std::vector<Source> sources_;
  arrow::FieldVector output_;
  std::vector<arrow::ScalarVector> constants_;  // For each constant column, a value for each piece.
  std::unique_ptr<BatchReader> reader_;
  std::size_t first_piece_ = 0;
  std::size_t next_piece_ = 0;
  bool gave_rows_ = false;  // Of the piece that is being read.
};

std::vector<FileScan::SkippedFile> FileScan::skipped_files() const {
  const std::lock_guard lock(mutex_);
  return skipped_files_;
}

void FileScan::NoteRead(const Pack& pack) const {
  const std::lock_guard lock(mutex_);
  packs_read_.insert(&pack);
}

bool FileScan::guess_holds() const {
  const std::lock_guard lock(mutex_);
  return spec_.guess == nullptr || packs_read_.size() == packs_.size();
}

Result<std::unique_ptr<BatchReader>> FileScan::Open(std::size_t split,
                                                    const engine::Projection& projection) const {
  return PackReader::Open(*this, packs_[split], projection);
}

}  // namespace inlet::ingest
