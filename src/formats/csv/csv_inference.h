#pragma once

#include <span>
#include <stop_token>

#include "formats/csv/csv_options.h"

namespace inlet::formats {

/// The columns of `files` by their headers, each with the narrowest type that all of its cells fit.
/// The same whatever the number of threads.
/// Source: Databricks' promotion rules for CSV; Apache Spark, CSVInferSchema.
Result<types::StructType> InferCsvSchema(const storage::ObjectStore& store,
                                         std::span<const storage::ObjectInfo> files,
                                         const CsvOptions& options,
                                         const ConfiguredFormat::InferOptions& infer,
                                         std::stop_token stop);

/// The same from a sample, for ConfiguredFormat::GuessSchema().
std::shared_ptr<const SchemaGuess> GuessCsvSchema(const storage::ObjectStore& store,
                                                  std::span<const storage::ObjectInfo> files,
                                                  const CsvOptions& options,
                                                  const ConfiguredFormat::InferOptions& infer,
                                                  const ConfiguredFormat::GuessOptions& guess,
                                                  const std::stop_token& stop);

/// The pieces into which one file may be cut. Errors: those of storage.
Result<std::vector<FileSplit>> SplitCsv(const storage::ObjectStore& store,
                                        const storage::ObjectInfo& file, std::int64_t target_bytes,
                                        const CsvOptions& options);

}  // namespace inlet::formats
