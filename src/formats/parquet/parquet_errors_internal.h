#pragma once

#include <arrow/status.h>
#include <parquet/exception.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/result.h"
#include "formats/columns/object_file.h"

namespace inlet::formats::parquet_internal {

/// What went wrong in a file, as one of our errors. `source` knows errors of storage, `budget`
/// whether memory was refused.
Error FileError(const ObjectFile& source, const AllocationBudget& budget, Condition otherwise,
                const std::string& message, bool not_implemented);

/// Runs `body`, which calls the Parquet library and returns an arrow::Status, and turns its
/// exceptions and errors into ours.
template <class Body>
Status Guarded(const ObjectFile& source, const AllocationBudget& budget, Condition otherwise,
               Body&& body) {
  try {
    const arrow::Status status = std::forward<Body>(body)();
    if (status.ok()) return Ok();
    return std::unexpected(
        FileError(source, budget, otherwise, status.message(), status.IsNotImplemented()));
  } catch (const parquet::ParquetStatusException& error) {
    return std::unexpected(FileError(source, budget, otherwise, error.status().message(),
                                     error.status().IsNotImplemented()));
  } catch (const std::bad_alloc&) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", source.url() + " needs more memory than there is"},
                 {"limit", "the memory of this machine"}});
  } catch (const std::exception& error) {
    return std::unexpected(FileError(source, budget, otherwise, error.what(), false));
  }
}

}  // namespace inlet::formats::parquet_internal
