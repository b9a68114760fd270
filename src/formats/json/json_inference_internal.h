#pragma once

#include <span>
#include <stop_token>

#include "formats/format.h"
#include "formats/json/json_options.h"
#include "formats/json/json_shape_internal.h"

namespace inlet::formats {

/// The schema of all `files`, read on options.threads threads.
Result<types::StructType> InferJsonSchema(const storage::ObjectStore& store,
                                          std::span<const storage::ObjectInfo> files,
                                          const JsonOptions& json,
                                          const ConfiguredFormat::InferOptions& options,
                                          std::stop_token stop);

/// The same from a sample, for ConfiguredFormat::GuessSchema().
std::shared_ptr<const SchemaGuess> GuessJsonSchema(const storage::ObjectStore& store,
                                                   std::span<const storage::ObjectInfo> files,
                                                   const JsonOptions& json,
                                                   const ConfiguredFormat::InferOptions& options,
                                                   const ConfiguredFormat::GuessOptions& guess,
                                                   const std::stop_token& stop);

}  // namespace inlet::formats
