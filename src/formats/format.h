#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "storage/object_store.h"
#include "types/batch.h"
#include "types/data_type.h"

namespace inlet::formats {

/// PERMISSIVE keeps a malformed record as NULLs, DROPMALFORMED leaves it out, FAILFAST fails.
enum class ParseMode : std::uint8_t { kPermissive, kDropMalformed, kFailFast };

/// A record that did not fit, for badRecordsPath.
struct BadRecord {
  std::string path;
  std::string record;
  std::string reason;
};

/// What a sample of some files says of the schema of all of them; see GuessSchema(). Immutable.
class SchemaGuess {
 public:
  explicit SchemaGuess(types::StructType schema) : schema_(std::move(schema)) {}
  virtual ~SchemaGuess() = default;
  const types::StructType& schema() const { return schema_; }

 private:
  types::StructType schema_;
};

/// What of a file is wanted, the same for every format. Column names match by `case_sensitive`.
struct ReadSchema {
  types::StructType columns;  ///< Produced in this order and with exactly these types.
  /// Which of `columns` is the rescued-data column (STRING, JSON with `_file_path`), if any.
  std::optional<std::size_t> rescued_column;
  /// Which of `columns` is the corrupt-record column (STRING, the record's text), if any.
  std::optional<std::size_t> corrupt_record_column;
  /// Which of `columns` (INT) is the index of the row's split among those of OpenAll(), if any.
  std::optional<std::size_t> split_index_column;
  /// The names of all fields of the data, for CSV without a header and for "is this field unknown":
  /// the full data schema before projection.
  types::StructType data_schema;
  /// Of the same format and options. Then a reader fails as soon as a file says anything that would
  /// give another schema than the guess, or that it cannot judge; `columns` has all the data.
  std::shared_ptr<const SchemaGuess> guess;
  /// Called from any reading thread; when set, malformed records go there and give no row.
  std::function<void(BadRecord)> bad_record_sink;
  std::string session_time_zone = "UTC";
  /// Adds `_file_path` to the rescued data.
  bool rescue_file_path = true;
  std::int64_t batch_rows = 16384;      ///< At most this many rows a batch,
  std::int64_t batch_bytes = 16 << 20;  ///< and about this many bytes.
};

/// A piece of one file that can be read on its own. `length` < 0 means to the end.
struct FileSplit {
  storage::ObjectInfo file;
  std::int64_t position = 0;
  std::int64_t length = -1;
};

/// One option of a format, for the check of unknown names and for the documentation.
struct OptionSpec {
  std::string_view name;
  std::string_view default_value;
};

/// A format with its options parsed and checked. Immutable and thread-safe.
class ConfiguredFormat {
 public:
  virtual ~ConfiguredFormat() = default;

  /// The merged schema of `files`, by Databricks' promotion rules; a format with a fixed schema
  /// (text, binaryFile) ignores them. Reads on up to `threads` threads; how much of each file is
  /// the format's own choice within `max_bytes` in all.
  /// Errors: as Open(); COLUMN_ALREADY_EXISTS; CANNOT_MERGE_SCHEMAS.
  struct InferOptions {
    int threads = 1;
    std::int64_t max_bytes = std::int64_t{1} << 40;
    bool infer_column_types = true;  ///< false: every leaf of a text format is STRING.
    /// JSON and XML: a broken record adds the corrupt-record column, as plain Spark does.
    bool add_corrupt_record_column = false;
    std::string session_time_zone = "UTC";
  };
  virtual Result<types::StructType> InferSchema(const storage::ObjectStore& store,
                                                std::span<const storage::ObjectInfo> files,
                                                const InferOptions& options,
                                                std::stop_token stop) const = 0;

  /// Of which files a guess is worth the risk that it is wrong, and how much of them is read for
  /// it.
  struct GuessOptions {
    std::int64_t min_total_bytes = 4 << 20;
    std::int64_t sample_bytes = 8 << 20;
  };
  /// What InferSchema() will probably say of `files`, from a sample. Readers hold every record
  /// against it: when all of all files was read by it without an error, it is exactly that schema.
  /// Null where a guess does not pay or cannot be held against records, or the sample is odd.
  virtual std::shared_ptr<const SchemaGuess> GuessSchema(const storage::ObjectStore& store,
                                                         std::span<const storage::ObjectInfo> files,
                                                         const InferOptions& options,
                                                         const GuessOptions& guess,
                                                         std::stop_token stop) const;

  /// Cuts `file` into pieces of about `target_bytes` that together give each record once; a file
  /// that cannot be cut (compressed, multi-line) is one piece. Cheap; reads at most a footer.
  virtual Result<std::vector<FileSplit>> Split(const storage::ObjectStore& store,
                                               const storage::ObjectInfo& file,
                                               std::int64_t target_bytes) const = 0;

  /// Errors (all name the file): FAILED_READ_FILE_* and INLET_CORRUPT_FILE for what cannot be read,
  /// MALFORMED_* in FAILFAST, INLET_UNSUPPORTED_FILE, INLET_RESOURCE_LIMIT.
  virtual Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                           const FileSplit& split,
                                                           const ReadSchema& schema) const = 0;

  /// Reads `splits` one after the other. Batches may reach over the ends of files, so that many
  /// small files cost little. This one opens each by Open(); a format may do better.
  /// `store` and the reader's other arguments as in Open(); `splits` are copied.
  virtual Result<std::unique_ptr<types::BatchReader>> OpenAll(const storage::ObjectStore& store,
                                                              std::span<const FileSplit> splits,
                                                              const ReadSchema& schema) const;
};

/// One file format: csv, json, parquet, avro, orc, xml, text, binaryFile, excel.
/// Stateless and thread-safe; one object per format for the whole process.
class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;
  virtual std::span<const OptionSpec> options() const = 0;
  /// `options` holds only names of options(); others were refused before.
  /// `inferring`: no schema was given, so the defaults of read_files with inference apply
  /// (CSV header => true, mergeSchema => true).
  /// Errors: INVALID_PARAMETER_VALUE and its sub-classes.
  virtual Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                              bool inferring) const = 0;
};

/// By name, ignoring case; null when there is none.
const Format* FindFormat(std::string_view name);
std::span<const Format* const> AllFormats();

}  // namespace inlet::formats
