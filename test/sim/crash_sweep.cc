#include "crash_sweep.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "catalog/catalog.h"
#include "cli/result_printer.h"
#include "storage/faulty/faulty_store.h"

namespace inlet::sim {
namespace {

namespace fs = std::filesystem;
using storage::Call;
using storage::Fault;
using storage::kKilledExitCode;
using storage::Operation;

constexpr unsigned kLifeSeconds = 240;
constexpr int kFailedExitCode = 3;

std::string_view NameOf(Harm harm) {
  switch (harm) {
    case Harm::kKillBefore:
      return "killed before";
    case Harm::kKillAfter:
      return "killed after";
    case Harm::kUnavailable:
      return "unavailable at";
    case Harm::kLostAnswer:
      return "answer lost of";
    case Harm::kDiskFull:
      return "disk full from";
  }
  return "";
}

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Numbers the effects of one life and does harm to one of them. Thread-safe.
class Injector {
 public:
  /// `at` < 0 only counts.
  Injector(Harm harm, std::int64_t at) : harm_(harm), at_(at) {}

  Fault AtCall(const Call& call) {
    if (!Concerns(call.operation)) return {};
    const std::int64_t number = next_++;
    if (at_ < 0 || number < at_ || (number > at_ && harm_ != Harm::kDiskFull)) return {};
    switch (harm_) {
      case Harm::kKillBefore:
        return {.kind = Fault::Kind::kKillBefore};
      case Harm::kKillAfter:
        return {.kind = Fault::Kind::kKillAfter};
      case Harm::kUnavailable:
        return {.kind = Fault::Kind::kFailBefore};
      case Harm::kLostAnswer:
        return {.kind = Fault::Kind::kFailAfter};
      case Harm::kDiskFull:
        return {.kind = Fault::Kind::kFailBefore, .condition = Condition::INLET_DISK_FULL};
    }
    return {};
  }

  void BeforeCatalogCommit() {
    if (harm_ == Harm::kKillBefore && next_++ == at_) _exit(kKilledExitCode);
  }

  std::int64_t num_effects() const { return next_; }

 private:
  bool Concerns(Operation operation) const {
    if (harm_ == Harm::kUnavailable) return true;
    if (harm_ != Harm::kDiskFull) return storage::HasEffect(operation);
    return operation == Operation::kPut || operation == Operation::kFinish ||
           operation == Operation::kAppend || operation == Operation::kOpenWriter;
  }

  const Harm harm_;
  const std::int64_t at_;
  std::atomic<std::int64_t> next_ = 0;
};

/// Of this process, a life; SQLite's hooks carry no context before a connection is there.
Injector* injector_of_catalog = nullptr;

int WatchConnection(sqlite3* connection, char**, const void*) {
  const auto before_commit = [](void*) {
    injector_of_catalog->BeforeCatalogCommit();
    return 0;
  };
  sqlite3_commit_hook(connection, before_commit, nullptr);
  return SQLITE_OK;
}

void WatchCatalog(Injector& injector) {
  injector_of_catalog = &injector;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(WatchConnection));
}

/// Puts the injector, and above it what the test wants, below the whole program.
void WatchStores(Injector& injector, const storage::StoreWrapper& above_faults) {
  using StorePtr = std::shared_ptr<storage::ObjectStore>;
  const auto mutex = std::make_shared<std::mutex>();
  const auto wrapped = std::make_shared<std::map<StorePtr, StorePtr>>();
  storage::WrapResolvedStores([=, &injector](StorePtr inner) {
    const std::lock_guard lock(*mutex);
    StorePtr& store = (*wrapped)[inner];
    if (store == nullptr) {
      store = std::make_shared<storage::FaultyStore>(
          inner, [&injector](const Call& call) { return injector.AtCall(call); });
      if (above_faults) store = above_faults(std::move(store));
    }
    return store;
  });
}

/// How a life ended.
struct Death {
  int exit_code = 0;  ///< Negative: a signal.
  std::string text;   ///< What it had to say.
};

class Sweeper {
 public:
  Sweeper(const Flow& flow, const SweepOptions& options)
      : flow_(flow), options_(options), root_(Directory() / fmt::format("inlet_sim_{}", getpid())) {
    fs::remove_all(root_);
    fs::create_directories(home_);
  }
  ~Sweeper() { fs::remove_all(root_); }

  SweepReport Run() {
    if (!SetUp()) return std::move(report_);
    const char* const sim = std::getenv("INLET_SIM");
    const bool is_long = sim != nullptr && std::string_view(sim) == "long";
    for (const Harm harm : options_.harms) {
      const std::int64_t num_effects = NumEffects(harm);
      const std::int64_t wanted = is_long || options_.max_points_per_harm == 0
                                      ? num_effects
                                      : std::min(num_effects, options_.max_points_per_harm);
      for (std::int64_t point = 0; point < wanted; ++point) {
        // The first and the last effect are always among the chosen ones.
        Point(harm, wanted < 2 ? 0 : point * (num_effects - 1) / (wanted - 1));
      }
    }
    return std::move(report_);
  }

 private:
  /// In memory where there is such a place: a killed process loses nothing that it has written, so
  /// that syncs to a disk would cost time and show nothing.
  static fs::path Directory() {
    const fs::path memory = "/dev/shm";
    return access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
  }

  /// Runs `work` in a process of its own. It returns the text of the death.
  Death Live(Injector* injector, const std::function<Result<std::string>(Life&)>& work) {
    fs::remove(result_);
    const pid_t child = fork();
    if (child == 0) {
      alarm(kLifeSeconds);
      _exit(LiveHere(injector, work));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            .text = ReadFile(result_)};
  }

  int LiveHere(Injector* injector, const std::function<Result<std::string>(Life&)>& work) {
    if (injector != nullptr) {
      WatchCatalog(*injector);
      WatchStores(*injector, options_.above_faults);
    }
    Result<std::string> text = "";
    {
      auto workspace = workspace::Workspace::Open({.home = home_.string(), .threads = 2});
      if (!workspace) {
        std::ofstream(result_) << "open: " << ToString(workspace.error());
        return kFailedExitCode;
      }
      Life life(*std::move(workspace), home_);
      text = work(life);
    }
    storage::WrapResolvedStores({});
    if (injector != nullptr && text) text = std::to_string(injector->num_effects());
    std::ofstream(result_) << (text ? *text : ToString(text.error()));
    return text ? 0 : kFailedExitCode;
  }

  /// Sets up, learns the states that are allowed and keeps the home as it was before the action.
  bool SetUp() {
    const Death setup = Live(nullptr, [&](Life& life) -> Result<std::string> {
      for (const Step& step : flow_.setup) TRY(step(life));
      return flow_.state(life);
    });
    if (setup.exit_code != 0) return Complain("set-up: " + setup.text);
    fs::rename(home_, before_);
    states_.push_back(setup.text);
    for (std::size_t steps = 1; steps <= flow_.action.size(); ++steps) {
      Reset();
      const Death unharmed = Live(nullptr, [&](Life& life) -> Result<std::string> {
        for (std::size_t i = 0; i < steps; ++i) TRY(flow_.action[i](life));
        return flow_.state(life);
      });
      if (unharmed.exit_code != 0) return Complain("unharmed: " + unharmed.text);
      states_.push_back(unharmed.text);
    }
    return true;
  }

  std::int64_t NumEffects(Harm harm) {
    Reset();
    Injector counting(harm, -1);
    const Death death = Live(&counting, [&](Life& life) { return RunAll(life); });
    if (death.exit_code != 0) Complain("counting: " + death.text);
    return std::atoll(death.text.c_str());
  }

  void Point(Harm harm, std::int64_t at) {
    Reset();
    ++report_.num_points;
    const std::string where = fmt::format("{} effect {}: ", NameOf(harm), at);
    Injector injector(harm, at);
    const Death death = Live(&injector, [&](Life& life) { return RunAll(life); });
    const bool succeeded = death.exit_code == 0;
    if (death.exit_code == kKilledExitCode) {
      ++report_.num_kills;
    } else if (!succeeded && death.exit_code != kFailedExitCode) {
      Complain(where +
               fmt::format("the first life ended with {}: {}", death.exit_code, death.text));
    }
    const Death second = Live(nullptr, [&](Life& life) { return SecondLife(life, succeeded); });
    if (second.exit_code != 0) {
      Complain(where + second.text + "\n  first life: " + death.text);
    } else if (const std::string left = Leftovers(); !left.empty()) {
      Complain(where + "left behind: " + left);
    }
  }

  Result<std::string> RunAll(Life& life) {
    for (const Step& step : flow_.action) TRY(step(life));
    return std::string();
  }

  /// The checks after a harm; an error says what is wrong.
  Result<std::string> SecondLife(Life& life, bool first_succeeded) {
    const std::string found = flow_.state(life);
    const auto state = std::find(states_.rbegin(), states_.rend(), found);
    if (state == states_.rend()) {
      return FailInternal("a state that should not be:\n" + found + "\n  allowed: " + Allowed());
    }
    if (first_succeeded && found != states_.back()) {
      return FailInternal("success was reported, but the state is old:\n" + found);
    }
    // The states are searched from the last, so that this is the number of steps done.
    std::size_t done = static_cast<std::size_t>(states_.rend() - state) - 1;
    if (flow_.repeatable) done = 0;
    for (std::size_t i = done; i < flow_.action.size(); ++i) {
      TRY(flow_.action[i](life).Context(fmt::format("step {} run again", i)));
    }
    const std::string last = flow_.state(life);
    if (last != states_.back()) {
      return FailInternal("run again it gives\n" + last + "\n  instead of\n" + states_.back());
    }
    return std::string();
  }

  std::string Allowed() const {
    std::string text;
    for (const std::string& state : states_) text += "\n" + state + "---";
    return text;
  }

  /// Temporary files of dead lives, and tables that nobody has a name for.
  std::string Leftovers() const {
    std::string left;
    for (const auto& entry : fs::recursive_directory_iterator(home_)) {
      if (entry.path().filename().string().starts_with(".inlet-")) left += entry.path().string();
    }
    const auto catalog = catalog::Catalog::Open(home_.string());
    if (!catalog) return ToString(catalog.error());
    const auto locations = (*catalog)->ListTableLocations();
    if (!locations) return ToString(locations.error());
    const std::set<std::string> known(locations->begin(), locations->end());
    if (!fs::exists(home_ / "tables")) return left;
    for (const auto& catalog_entry : fs::directory_iterator(home_ / "tables")) {
      for (const auto& schema : fs::directory_iterator(catalog_entry)) {
        for (const auto& table : fs::directory_iterator(schema)) {
          if (!known.contains("file:" + table.path().string())) left += table.path().string();
        }
      }
    }
    return left;
  }

  void Reset() {
    fs::remove_all(home_);
    CopyWithTimes(before_, home_);
  }

  /// Ledgers of loaded files may look at their times.
  static void CopyWithTimes(const fs::path& from, const fs::path& to) {
    fs::copy(from, to, fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
      fs::last_write_time(to / fs::relative(entry.path(), from), entry.last_write_time());
    }
  }

  bool Complain(std::string failure) {
    report_.failures.push_back(std::move(failure));
    return false;
  }

  const Flow& flow_;
  const SweepOptions& options_;
  const fs::path root_;
  const fs::path home_ = root_ / "home";
  const fs::path before_ = root_ / "before";
  const fs::path result_ = root_ / "result";
  std::vector<std::string> states_;  // Before the action, and after each of its steps.
  SweepReport report_;
};

}  // namespace

Life::Life(std::unique_ptr<workspace::Workspace> workspace, fs::path home)
    : workspace_(std::move(workspace)), client_(workspace_->Connect()), home_(std::move(home)) {}

Status Life::Run(std::string_view sql) {
  std::string text(sql);
  for (std::size_t at = text.find("{HOME}"); at != std::string::npos; at = text.find("{HOME}")) {
    text.replace(at, 6, home_.string());
  }
  workspace::QueryResult result = TRY(client_->Execute(text, {}));
  while (result.rows && TRY(result.rows->Next()) != nullptr) {
  }
  return Ok();
}

std::string Life::Rows(std::string_view sql) {
  const auto print = [&]() -> Result<std::string> {
    workspace::QueryResult result = TRY(client_->Execute(sql, {}));
    std::ostringstream out;
    TRY(cli::Print(std::move(result), {.format = cli::OutputFormat::kCsv}, out));
    return out.str();
  };
  const Result<std::string> csv = print();
  if (!csv) return fmt::format("[{}]\n", InfoOf(csv.error().condition).name);
  std::istringstream in(*csv);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

Step Sql(std::string statement) {
  return [statement = std::move(statement)](Life& life) {
    return life.Run(statement).Context(statement);
  };
}

Step File(std::string path, std::string text) {
  return [path = std::move(path), text = std::move(text)](Life& life) -> Status {
    const fs::path file = life.home() / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return Ok();
  };
}

SweepReport Sweep(const Flow& flow, const SweepOptions& options) {
  return Sweeper(flow, options).Run();
}

}  // namespace inlet::sim
