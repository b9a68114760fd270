#include "cli/interrupt.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>

namespace inlet::cli {
namespace {

std::atomic<int> interrupts = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // A signal handler writes it.

void CountInterrupt(int) { interrupts.fetch_add(1, std::memory_order_relaxed); }

void Install() {
  struct sigaction action = {};
  action.sa_handler = CountInterrupt;  // Without SA_RESTART: a read of the terminal ends.
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace

void InstallPromptInterrupt() { Install(); }

int NumInterrupts() { return interrupts.load(std::memory_order_relaxed); }

InterruptScope::InterruptScope() {
  const int before = interrupts.load(std::memory_order_relaxed);
  Install();
  // A handler may not call into stop_source: a thread looks for it.
  watcher_ = std::jthread([this, before](std::stop_token done) {
    constexpr auto kInterval = std::chrono::milliseconds(20);
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    const auto is_done = [&done] { return done.stop_requested(); };
    while (!wake.wait_for(lock, done, kInterval, is_done)) {
      if (interrupts.load(std::memory_order_relaxed) == before) continue;
      source_.request_stop();
      return;
    }
  });
}

InterruptScope::~InterruptScope() = default;

}  // namespace inlet::cli
