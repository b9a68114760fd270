#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "storage/object_store.h"

namespace inlet::storage {

enum class Operation : std::uint8_t {
  kGet,
  kHead,
  kOpen,
  kRead,
  kList,
  kPut,
  kOpenWriter,
  kAppend,
  kFinish,
  kDelete,
};

/// Whether others can see afterwards that it was done: Put, Finish, Delete.
bool HasEffect(Operation operation);

/// One call of a store, as a schedule sees it. Both numbers count from 0 in the order of the calls.
struct Call {
  Operation operation;
  std::string path;
  std::int64_t number = 0;
  std::int64_t effect_number = 0;  ///< Among the calls with an effect; only for those.
};

/// What happens to one call.
struct Fault {
  enum class Kind : std::uint8_t {
    kNone,
    kFailBefore,   ///< The call fails and nothing was done.
    kFailAfter,    ///< It was done, the answer is lost.
    kCrashBefore,  ///< The process dies: this call and all further ones fail.
    kCrashAfter,   ///< It was done, then the process dies.
    kKillBefore,   ///< The process really ends, at once, as by kill -9: for tests that fork.
    kKillAfter,    ///< The same when it was done.
  };
  Kind kind = Kind::kNone;
  Condition condition = Condition::STORAGE_UNAVAILABLE;
  std::chrono::milliseconds delay{0};  ///< Waited for first.
};

using Schedule = std::function<Fault(const Call&)>;

/// Every call passes; for counting effects.
Schedule NoFaults();
Schedule FaultAtCall(std::int64_t number, Fault fault);
Schedule FaultAtEffect(std::int64_t effect_number, Fault fault);
/// The exit code of a process that a fault killed, as the shell shows a kill -9.
inline constexpr int kKilledExitCode = 137;

/// The chances of one call, each between 0 and 1.
struct FaultChances {
  double fail_before = 0;
  double fail_after = 0;
  double delay = 0;
  std::chrono::milliseconds max_delay{0};
};
/// The same seed gives the same faults for the same order of calls.
Schedule RandomFaults(std::uint64_t seed, FaultChances chances);

/// Wraps any store and lets calls fail, lose their answers, wait or be the last ones, by a
/// schedule.
///
/// A crash sweep runs the same work with a crash at effect 0, 1, 2, … until has_crashed() stays
/// false, each time followed by a second life on the wrapped store:
///
///   for (int i = 0;; ++i) {
///     FaultyStore store(disk, FaultAtEffect(i, {.kind = Fault::Kind::kCrashAfter}));
///     Work(store);
///     ...check what `disk` holds, then Work(*disk) and check again...
///     if (!store.has_crashed()) break;
///   }
///
/// Thread-safe. DeleteAll() counts as the single deletes that it consists of.
class FaultyStore : public ObjectStore {
 public:
  FaultyStore(std::shared_ptr<ObjectStore> inner, Schedule schedule);
  ~FaultyStore() override;

  std::int64_t num_calls() const;
  std::int64_t num_effects() const;
  bool has_crashed() const;

  const std::string& root_url() const override { return inner_->root_url(); }

  Result<std::string> Get(std::string_view path) const override;
  Result<ObjectInfo> Head(std::string_view path) const override;
  Result<std::unique_ptr<ObjectReader>> Open(const ObjectInfo& info) const override;
  Result<std::vector<ObjectInfo>> List(std::string_view prefix,
                                       const ListOptions& options) const override;
  Status Put(std::string_view path, std::string_view bytes, PutMode mode) override;
  Result<std::unique_ptr<ObjectWriter>> OpenWriter(std::string_view path) override;
  Status Delete(std::string_view path) override;
  Status DeleteAll(std::string_view directory) override;
  Result<std::int64_t> RemoveLeftovers(std::string_view directory) override;

 private:
  class Gate;
  class Reader;
  class Writer;

  const std::shared_ptr<ObjectStore> inner_;
  const std::shared_ptr<Gate>
      gate_;  // Shared with the readers and writers, which may outlive this.
};

}  // namespace inlet::storage
