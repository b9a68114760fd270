#include "pipelines/lease.h"

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <vector>

#include "base/uuid.h"

namespace inlet::pipelines {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Process ids mean something within one boot and one namespace only.
std::string ThisMachine() {
  std::array<char, 64> target{};
  const ssize_t length = readlink("/proc/self/ns/pid", target.data(), target.size());
  return FirstLine("/proc/sys/kernel/random/boot_id") + "/" +
         std::string(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
}

/// When the process began, in ticks since boot: an id may be given again. Empty: it is no more.
std::string StartOf(const std::string& process) {
  std::string stat = FirstLine("/proc/" + process + "/stat");
  // The name in brackets may hold anything; the start is the 20th word behind it.
  const std::size_t bracket = stat.rfind(')');
  if (bracket == std::string::npos) return "";
  stat.erase(0, bracket + 2);
  for (int word = 0; word < 19; ++word) {
    const std::size_t blank = stat.find(' ');
    if (blank == std::string::npos) return "";
    stat.erase(0, blank + 1);
  }
  return stat.substr(0, stat.find(' '));
}

std::vector<std::string> Parts(const std::string& owner) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = owner.find('/', begin);
    parts.push_back(owner.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

std::string ThisProcess() {
  const std::string process = std::to_string(getpid());
  return ThisMachine() + "/" + process + "/" + StartOf(process);
}

bool IsGone(const std::string& owner) {
  const std::vector<std::string> parts = Parts(owner);
  if (parts.size() < 4 || parts[0].empty() || parts[0] + "/" + parts[1] != ThisMachine()) {
    return false;
  }
  return StartOf(parts[2]) != parts[3];
}

Result<std::unique_ptr<Lease>> Lease::Acquire(catalog::Catalog& catalog, std::string name,
                                              const std::string& table_name, const Options& options,
                                              std::function<void()> on_lost) {
  const std::int64_t now_ms = options.clock();
  const catalog::LeaseEntry wanted{.name = std::move(name),
                                   .owner = ThisProcess() + "/" + RandomUuid(),
                                   .until_ms = now_ms + options.length_ms};
  if (!TRY(catalog.AcquireLease(wanted, now_ms))) {
    const auto current = TRY(catalog.FindLease(wanted.name));
    if (current && IsGone(current->owner)) {
      TRY(catalog.ReleaseLease(wanted.name, current->owner));
    }
    if (!TRY(catalog.AcquireLease(wanted, now_ms))) {
      const std::vector<std::string> owner = Parts(current ? current->owner : "");
      return Fail(Condition::TABLE_REFRESH_RUNNING,
                  {{"tableName", table_name},
                   {"message", owner.size() > 2 ? ", in process " + owner[2] : ""}});
    }
  }
  return std::unique_ptr<Lease>(new Lease(catalog, wanted, options, std::move(on_lost)));
}

Lease::Lease(catalog::Catalog& catalog, catalog::LeaseEntry entry, Options options,
             std::function<void()> on_lost)
    : catalog_(catalog),
      entry_(std::move(entry)),
      options_(std::move(options)),
      on_lost_(std::move(on_lost)),
      renewer_([this](const std::stop_token& stop) { Renew(stop); }) {}

Lease::~Lease() {
  renewer_.request_stop();
  renewer_.join();
  // When it cannot be given back, it ends by itself.
  (void)catalog_.ReleaseLease(entry_.name, entry_.owner).has_value();
}

void Lease::Renew(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wakeup;
  std::unique_lock lock(mutex);
  while (true) {
    const auto pause = std::chrono::milliseconds(options_.length_ms / 4);
    if (wakeup.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) return;
    const std::int64_t now_ms = options_.clock();
    catalog::LeaseEntry renewed = entry_;
    renewed.until_ms = now_ms + options_.length_ms;
    const Result<bool> mine = catalog_.AcquireLease(renewed, now_ms);
    if (mine.value_or(false)) {
      entry_.until_ms = renewed.until_ms;
    } else if (mine.has_value() || now_ms >= entry_.until_ms) {
      if (on_lost_) on_lost_();
      return;
    }
  }
}

}  // namespace inlet::pipelines
