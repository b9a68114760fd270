#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/read_files.h"
#include "ingest/stream/file_stream_options.h"
#include "ingest/stream/schema_location.h"

namespace inlet::ingest {

/// `known` with the columns that only `found` has at the ends, at every level of structs. With
/// `widen`, known types become those of `found` where that is one of the documented widenings;
/// else they stay. Names that differ only in case are the same.
types::StructType MergeNewColumns(const types::StructType& known, const types::StructType& found,
                                  bool widen);

/// What `merged` has and `known` has not, or has with another type: "a, b.c".
std::string NamesOfChanges(const types::StructType& known, const types::StructType& merged);

/// The schema of a file stream: found once, kept in its schema location, grown by the evolution
/// mode. Not thread-safe.
class StreamSchema {
 public:
  /// `request` has the options of reading files. With the option `schema` nothing is kept.
  StreamSchema(ReadFilesRequest request, std::optional<EvolutionMode> mode,
               storage::Location location);

  /// Reads what is kept. Errors: those of SchemaLocation; CF_UNSUPPORTED_SCHEMA_EVOLUTION_MODE.
  Status Load();
  bool is_known() const { return has_explicit_schema_ || stored_.has_value(); }

  /// Infers the schema from `files` and keeps it.
  Status Infer(const FileListing& files);

  /// A request to read `files` with the schema.
  ReadFilesRequest RequestFor(FileListing files) const;

  /// What happens to columns that are not in the schema.
  EvolutionMode mode() const { return mode_; }
  const std::optional<FilesSchema>& known() const;

  /// Directory names of `files` give partition columns that the schema lacks, and it is to have
  /// them.
  bool HasNewPartitions(const FileListing& files) const;

  /// Looks for new columns in `files`; when there are any, keeps the schema that has them.
  /// `file_path` is where one was seen; empty: the first file.
  /// Errors: UNKNOWN_FIELD_EXCEPTION_NEW_FIELDS_IN_FILE when there were any, retryable unless the
  /// mode is failOnNewColumns.
  Status TakeNewColumns(const FileListing& files, std::string file_path);

 private:
  Result<std::string> FormatOf(const FileListing& files) const;
  Status CheckMode();

  ReadFilesRequest request_;
  std::optional<EvolutionMode> asked_mode_;
  EvolutionMode mode_ = EvolutionMode::kNone;
  bool has_explicit_schema_ = false;
  SchemaLocation location_;
  std::optional<StoredSchema> stored_;
  std::optional<FilesSchema> known_;
};

}  // namespace inlet::ingest
