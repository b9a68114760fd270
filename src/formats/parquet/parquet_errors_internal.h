#pragma once

#include <parquet/exception.h>

#include <utility>

#include "formats/columns/library_errors.h"

namespace inlet::formats::parquet_internal {

/// GuardedLibraryCall() for the Parquet library, whose exceptions can carry a Status.
template <class Body>
Status Guarded(const ObjectFile& source, const AllocationBudget& budget, Condition otherwise,
               Body&& body) {
  return GuardedLibraryCall(source, budget, otherwise, [&]() -> arrow::Status {
    try {
      return std::forward<Body>(body)();
    } catch (const parquet::ParquetStatusException& error) {
      return error.status();
    }
  });
}

}  // namespace inlet::formats::parquet_internal
