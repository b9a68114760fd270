#include "storage/local/sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace inlet::storage {
namespace {

// The handler may only touch lock-free atomics: it can interrupt any code.
struct Place {
  std::atomic<std::uintptr_t> begin = 0;
  std::atomic<std::uintptr_t> end = 0;  // Zero: not in use.
  std::atomic<bool> was_cut = false;
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

constinit std::array<Place, 4096> places;
constinit std::atomic<std::size_t> num_places_ever_used = 0;
std::mutex places_mutex;  // Guards the choice of a free place.
struct sigaction previous_action;

Place* FindPlace(std::uintptr_t address) {
  const std::size_t num_used = num_places_ever_used.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < num_used; ++i) {
    Place& place = places[i];
    if (address < place.end.load(std::memory_order_acquire) &&
        address >= place.begin.load(std::memory_order_relaxed)) {
      return &place;
    }
  }
  return nullptr;
}

void PassOn(int signal, siginfo_t* info, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
  } else {
    // Back to the default: the faulting instruction runs again and ends the process.
    sigaction(signal, &previous_action, nullptr);
  }
}

void HandleSigbus(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  Place* const place = FindPlace(address);
  if (place == nullptr) return PassOn(signal, info, context);

  const auto page_size = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  void* const page = reinterpret_cast<void*>(address & ~(page_size - 1));
  place->was_cut.store(true, std::memory_order_release);
  if (mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
      MAP_FAILED) {
    PassOn(signal, info, context);
  }
}

void InstallHandler() {
  struct sigaction action = {};
  action.sa_sigaction = HandleSigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGBUS, &action, &previous_action);
}

}  // namespace

bool SigbusGuard::Add(void* begin, std::size_t size) {
  const std::lock_guard lock(places_mutex);
  static const bool installed = (InstallHandler(), true);
  (void)installed;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Place& place = places[i];
    if (place.end.load() != 0) continue;
    place.was_cut.store(false);
    place.begin.store(reinterpret_cast<std::uintptr_t>(begin));
    place.end.store(reinterpret_cast<std::uintptr_t>(begin) + size, std::memory_order_release);
    if (i >= num_places_ever_used.load()) num_places_ever_used.store(i + 1);
    return true;
  }
  return false;
}

void SigbusGuard::Remove(void* begin) {
  Place* const place = FindPlace(reinterpret_cast<std::uintptr_t>(begin));
  if (place != nullptr) place->end.store(0, std::memory_order_release);
}

bool SigbusGuard::WasCut(void* begin) {
  const Place* const place = FindPlace(reinterpret_cast<std::uintptr_t>(begin));
  return place != nullptr && place->was_cut.load(std::memory_order_acquire);
}

}  // namespace inlet::storage
