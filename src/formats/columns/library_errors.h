#pragma once

#include <arrow/status.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "base/result.h"
#include "formats/columns/object_file.h"

namespace inlet::formats {

/// What went wrong in a file, as one of our errors: storage's own error if there was one, a refused
/// allocation, something the library does not do, or `otherwise`.
Error FileError(const ObjectFile& source, const AllocationBudget& budget, Condition otherwise,
                const std::string& message, bool not_implemented);

/// Runs `body`, which calls a library on `source` and returns an arrow::Status; exceptions and
/// errors of the library become ours.
template <class Body>
Status GuardedLibraryCall(const ObjectFile& source, const AllocationBudget& budget,
                          Condition otherwise, Body&& body) {
  try {
    const arrow::Status status = std::forward<Body>(body)();
    if (status.ok()) return Ok();
    return std::unexpected(
        FileError(source, budget, otherwise, status.message(), status.IsNotImplemented()));
  } catch (const std::bad_alloc&) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", source.url() + " needs more memory than there is"},
                 {"limit", "the memory of this machine"}});
  } catch (const std::exception& error) {
    return std::unexpected(FileError(source, budget, otherwise, error.what(), false));
  }
}

}  // namespace inlet::formats
