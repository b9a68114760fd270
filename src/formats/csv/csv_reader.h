#pragma once

#include <memory>

#include "formats/csv/csv_options.h"

namespace inlet::formats {

/// Errors: as ConfiguredFormat::Open().
Result<std::unique_ptr<types::BatchReader>> OpenCsvReader(
    const storage::ObjectStore& store, const FileSplit& split, const ReadSchema& schema,
    std::shared_ptr<const CsvOptions> options);

}  // namespace inlet::formats
