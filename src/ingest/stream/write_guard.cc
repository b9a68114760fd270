#include "ingest/stream/write_guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

namespace inlet::ingest {
namespace {

constexpr std::int64_t kSettleMs = 1000;

bool IsFresh(std::int64_t modified_at_ms) {
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  return now - modified_at_ms < kSettleMs;
}

}  // namespace

bool IsBeingWritten(const std::string& path, std::int64_t modified_at_ms) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return false;  // Reading it tells what is wrong.
  // Who opens the file for writing in the moment of the lease breaks it, which the kernel tells by
  // a signal: one that is ignored unless somebody asks for it.
  fcntl(file, F_SETSIG, SIGURG);
  const bool is_granted = fcntl(file, F_SETLEASE, F_RDLCK) == 0;
  const bool has_writer = !is_granted && errno == EAGAIN;
  if (is_granted) fcntl(file, F_SETLEASE, F_UNLCK);
  close(file);
  if (is_granted || has_writer) return has_writer;
  return IsFresh(modified_at_ms);
}

}  // namespace inlet::ingest
