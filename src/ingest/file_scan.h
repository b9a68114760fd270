#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "formats/format.h"
#include "ingest/partition_columns.h"
#include "storage/object_store.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// Name of the hidden column that tells of each row's file.
inline constexpr std::string_view kMetadataColumn = "_metadata";

/// STRUCT<file_path, file_name, file_size, file_block_start, file_block_length,
/// file_modification_time>, in Spark's order.
types::DataType MetadataType();

/// Everything that a scan of files needs to know.
struct FileScanSpec {
  std::shared_ptr<storage::ObjectStore> store;
  std::vector<storage::ObjectInfo> files;
  std::shared_ptr<const formats::ConfiguredFormat> format;
  /// What the scan gives, in order: data columns, partition columns, rescued data, `_metadata`.
  types::StructType schema;
  /// The data columns alone, as the files have them.
  types::StructType data_schema;
  /// Where `data_schema` is but guessed: what readers hold all records against.
  std::shared_ptr<const formats::SchemaGuess> guess;
  PartitionColumns partitions;  ///< Their fields are in `schema` by name.
  std::optional<std::string> rescued_data_column;
  std::optional<std::string> corrupt_record_column;
  bool has_metadata_column = false;  ///< Then it is the last of `schema`.
  bool ignore_corrupt_files = false;
  bool ignore_missing_files = false;
  /// Leaves a file out for anything that is wrong with what it holds: a record that FAILFAST does
  /// not take, too.
  bool ignore_wrong_files = false;
  std::function<void(formats::BadRecord)> bad_record_sink;
  std::string session_time_zone = "UTC";
  bool rescue_file_path = true;
  int threads = 1;
};

/// Whether an error of a reader is about what a file holds, not about the way to it.
bool IsAboutContent(const Error& error);

/// Files as an input of the engine: many small ones packed into one split, a big one cut into many.
/// Immutable but for its counters; thread-safe.
class FileScan final : public engine::SplitSource {
 public:
  /// Plans the splits. Errors: those of ConfiguredFormat::Split().
  static Result<std::shared_ptr<const FileScan>> Plan(FileScanSpec spec);

  const types::StructType& schema() const override { return spec_.schema; }
  std::size_t num_splits() const override { return packs_.size(); }
  std::int64_t estimated_bytes() const override { return total_bytes_; }
  Result<std::unique_ptr<types::BatchReader>> Open(
      std::size_t split, const engine::Projection& projection) const override;

  const FileScanSpec& spec() const { return spec_; }
  /// False while the schema is guessed and not all records have been read: until then nothing that
  /// was read may be made visible. A wrong guess fails a reader.
  bool guess_holds() const;
  /// A file left out because it could not be read.
  struct SkippedFile {
    std::string path;
    bool is_missing = false;  ///< Else it is damaged.
    bool gave_rows = false;   ///< Some of its rows may have been read before.
    Error error;
  };
  /// Those so far; a file that was cut may be there more than once.
  std::vector<SkippedFile> skipped_files() const;

 private:
  struct Piece {
    formats::FileSplit split;
    std::size_t file = 0;  ///< Index into spec_.files.
  };
  using Pack = std::vector<Piece>;
  friend class PackReader;

  explicit FileScan(FileScanSpec spec) : spec_(std::move(spec)) {}
  void NoteRead(const Pack& pack) const;

  FileScanSpec spec_;
  std::vector<Pack> packs_;
  std::int64_t total_bytes_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<SkippedFile> skipped_files_;  // Guarded by mutex_.
  mutable std::set<const Pack*> packs_read_;        // To their ends. Guarded by mutex_.
};

}  // namespace inlet::ingest
