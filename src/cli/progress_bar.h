#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "workspace/client.h"

namespace inlet::cli {

/// "1.2 MB", "345 B"; powers of 1000.
std::string BytesText(std::int64_t bytes);
/// "1.2 M", "345".
std::string CountText(std::int64_t count);

/// A line on stderr that tells of work under way, from half a second on; nothing when stderr is no
/// terminal. The line is gone when this is destroyed.
class ProgressBar {
 public:
  explicit ProgressBar(bool enabled);
  ~ProgressBar();

  /// Thread-safe.
  void Update(const workspace::Progress& progress);

 private:
  void Draw();

  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<std::int64_t> rows_ = 0;
  std::atomic<std::int64_t> bytes_ = 0;
  std::atomic<std::int64_t> total_bytes_ = 0;
  bool drawn_ = false;   // Of thread_ alone until it has ended.
  std::jthread thread_;  // Not started when disabled.
};

}  // namespace inlet::cli
