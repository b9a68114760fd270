#pragma once

#include <cstddef>

namespace inlet::storage {

/// Keeps the process alive when a page of a guarded mapping has no file behind it any more: the
/// page reads as zeros from then on and the mapping is marked. Faults elsewhere go to the handler
/// that was there before. Thread-safe.
class SigbusGuard {
 public:
  SigbusGuard() = delete;

  /// Returns false when all places are taken (4096 mappings at once); the caller must not use the
  /// mapping then.
  static bool Add(void* begin, std::size_t size);
  /// To be called before munmap().
  static void Remove(void* begin);
  static bool WasCut(void* begin);
};

}  // namespace inlet::storage
