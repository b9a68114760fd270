#include "storage/faulty/faulty_store.h"

#include <unistd.h>

#include <thread>

namespace inlet::storage {

bool HasEffect(Operation operation) {
  using enum Operation;
  return operation == kPut || operation == kFinish || operation == kDelete;
}

Schedule NoFaults() {
  return [](const Call&) { return Fault(); };
}

Schedule FaultAtCall(std::int64_t number, Fault fault) {
  return [=](const Call& call) { return call.number == number ? fault : Fault(); };
}

Schedule FaultAtEffect(std::int64_t effect_number, Fault fault) {
  return [=](const Call& call) {
    return HasEffect(call.operation) && call.effect_number == effect_number ? fault : Fault();
  };
}

Schedule RandomFaults(std::uint64_t seed, FaultChances chances) {
  return [chances, random = std::mt19937_64(seed)](const Call&) mutable {
    std::uniform_real_distribution<double> chance(0, 1);
    Fault fault;
    const double kind = chance(random);
    if (kind < chances.fail_before) {
      fault.kind = Fault::Kind::kFailBefore;
    } else if (kind < chances.fail_before + chances.fail_after) {
      fault.kind = Fault::Kind::kFailAfter;
    }
    if (chance(random) < chances.delay) {
      fault.delay = std::chrono::milliseconds(
          std::uniform_int_distribution<std::int64_t>(0, chances.max_delay.count())(random));
    }
    return fault;
  };
}

/// Numbers the calls, asks the schedule and carries out what it says.
class FaultyStore::Gate {
 public:
  explicit Gate(Schedule schedule) : schedule_(std::move(schedule)) {}

  /// Runs `action`, which returns a Result, as the schedule allows.
  template <class Action>
  auto Pass(Operation operation, std::string_view path, Action action) -> decltype(action()) {
    const Fault fault = Enter(operation, path);
    std::this_thread::sleep_for(fault.delay);
    using enum Fault::Kind;
    if (fault.kind == kKillBefore) _exit(kKilledExitCode);
    if (fault.kind == kFailBefore || fault.kind == kCrashBefore) return FailFault(fault, path);
    auto result = action();
    if (fault.kind == kKillAfter) _exit(kKilledExitCode);
    if (fault.kind == kFailAfter || fault.kind == kCrashAfter) return FailFault(fault, path);
    return result;
  }

  std::int64_t num_calls() const { return Locked(num_calls_); }
  std::int64_t num_effects() const { return Locked(num_effects_); }
  bool has_crashed() const { return Locked(has_crashed_); }

 private:
  Fault Enter(Operation operation, std::string_view path) {
    using enum Fault::Kind;
    const std::lock_guard lock(mutex_);
    if (has_crashed_) return {.kind = kFailBefore};
    Call call{.operation = operation, .path = std::string(path), .number = num_calls_++};
    if (HasEffect(operation)) call.effect_number = num_effects_++;
    const Fault fault = schedule_(call);
    has_crashed_ = fault.kind == kCrashBefore || fault.kind == kCrashAfter;
    return fault;
  }

  static std::unexpected<Error> FailFault(const Fault& fault, std::string_view path) {
    return Fail(fault.condition, {{"path", std::string(path)},
                                  {"message", "a fault was injected at " + std::string(path)}});
  }

  template <class T>
  T Locked(const T& field) const {
    const std::lock_guard lock(mutex_);
    return field;
  }

  mutable std::mutex mutex_;  // Guards all below.
  Schedule schedule_;
  std::int64_t num_calls_ = 0;
  std::int64_t num_effects_ = 0;
  bool has_crashed_ = false;
};

class FaultyStore::Reader : public ObjectReader {
 public:
  Reader(std::unique_ptr<ObjectReader> inner, std::shared_ptr<Gate> gate)
      : inner_(std::move(inner)), gate_(std::move(gate)) {}

  const ObjectInfo& info() const override { return inner_->info(); }
  Result<std::int64_t> ReadAt(ByteRange range, char* out) const override {
    return gate_->Pass(Operation::kRead, info().path, [&] { return inner_->ReadAt(range, out); });
  }
  Status CheckUnchanged() const override { return inner_->CheckUnchanged(); }

 private:
  const std::unique_ptr<ObjectReader> inner_;
  const std::shared_ptr<Gate> gate_;
};

class FaultyStore::Writer : public ObjectWriter {
 public:
  Writer(std::unique_ptr<ObjectWriter> inner, std::shared_ptr<Gate> gate, std::string_view path)
      : inner_(std::move(inner)), gate_(std::move(gate)), path_(path) {}

  Status Append(std::string_view bytes) override {
    return gate_->Pass(Operation::kAppend, path_, [&] { return inner_->Append(bytes); });
  }
  Result<ObjectInfo> Finish() override {
    return gate_->Pass(Operation::kFinish, path_, [&] { return inner_->Finish(); });
  }

 private:
  const std::unique_ptr<ObjectWriter> inner_;
  const std::shared_ptr<Gate> gate_;
  const std::string path_;
};

FaultyStore::FaultyStore(std::shared_ptr<ObjectStore> inner, Schedule schedule)
    : inner_(std::move(inner)), gate_(std::make_shared<Gate>(std::move(schedule))) {}

FaultyStore::~FaultyStore() = default;

std::int64_t FaultyStore::num_calls() const { return gate_->num_calls(); }
std::int64_t FaultyStore::num_effects() const { return gate_->num_effects(); }
bool FaultyStore::has_crashed() const { return gate_->has_crashed(); }

Result<std::string> FaultyStore::Get(std::string_view path) const {
  return gate_->Pass(Operation::kGet, path, [&] { return inner_->Get(path); });
}

Result<ObjectInfo> FaultyStore::Head(std::string_view path) const {
  return gate_->Pass(Operation::kHead, path, [&] { return inner_->Head(path); });
}

Result<std::unique_ptr<ObjectReader>> FaultyStore::Open(const ObjectInfo& info) const {
  auto reader = TRY(gate_->Pass(Operation::kOpen, info.path, [&] { return inner_->Open(info); }));
  return std::make_unique<Reader>(std::move(reader), gate_);
}

Result<std::vector<ObjectInfo>> FaultyStore::List(std::string_view prefix,
                                                  const ListOptions& options) const {
  return gate_->Pass(Operation::kList, prefix, [&] { return inner_->List(prefix, options); });
}

Status FaultyStore::Put(std::string_view path, std::string_view bytes, PutMode mode) {
  return gate_->Pass(Operation::kPut, path, [&] { return inner_->Put(path, bytes, mode); });
}

Result<std::unique_ptr<ObjectWriter>> FaultyStore::OpenWriter(std::string_view path) {
  auto writer =
      TRY(gate_->Pass(Operation::kOpenWriter, path, [&] { return inner_->OpenWriter(path); }));
  return std::make_unique<Writer>(std::move(writer), gate_, path);
}

Status FaultyStore::Delete(std::string_view path) {
  return gate_->Pass(Operation::kDelete, path, [&] { return inner_->Delete(path); });
}

Status FaultyStore::DeleteAll(std::string_view directory) {
  TRY(ObjectStore::DeleteAll(directory));
  return inner_->DeleteAll(directory);  // Now only the directories, where the store has any.
}

Result<std::int64_t> FaultyStore::RemoveLeftovers(std::string_view directory) {
  return gate_->Pass(Operation::kDelete, directory,
                     [&] { return inner_->RemoveLeftovers(directory); });
}

}  // namespace inlet::storage
