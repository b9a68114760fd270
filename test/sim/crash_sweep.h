#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/faulty/wrapped_stores.h"
#include "workspace/client.h"

namespace inlet::sim {

/// One life of the program: a workspace in a home, and a client of it. Every life is a process of
/// its own, so that a kill is a real one.
class Life {
 public:
  Life(std::unique_ptr<workspace::Workspace> workspace, std::filesystem::path home);

  workspace::Client& client() { return *client_; }
  /// INLET_HOME; a flow may keep its input files in `home() / "input"`.
  const std::filesystem::path& home() const { return home_; }

  /// Runs a statement to its end. `{HOME}` stands for home().
  Status Run(std::string_view sql);
  /// The rows of a query as CSV lines, sorted: a multiset. An error is "[CONDITION]".
  std::string Rows(std::string_view sql);

 private:
  std::unique_ptr<workspace::Workspace> workspace_;
  std::unique_ptr<workspace::Client> client_;
  std::filesystem::path home_;
};

using Step = std::function<Status(Life&)>;

/// A statement as a step.
Step Sql(std::string statement);
/// Writes a file below the home, with the disk as a writer of another program would.
Step File(std::string path, std::string text);

/// What is swept: work that is harmed at each of its effects.
struct Flow {
  std::vector<Step> setup;  ///< Once, unharmed.
  /// Harmed. After each step the state is one that a reader may see; in between there are none.
  std::vector<Step> action;
  /// All that must be old or new: rows of tables, usually `life.Rows("SELECT ...")`.
  std::function<std::string(Life&)> state;
  /// The action can be run again whatever came of it, and ends in the same state: COPY INTO, INSERT
  /// OVERWRITE, a stream. Otherwise the second life goes on behind the last step that was done.
  bool repeatable = false;
};

/// What happens to one effect of the action. Effects are finished objects, deletes, and commits of
/// the catalog; numbers count from 0 in the order of a life.
enum class Harm : std::uint8_t {
  kKillBefore,   ///< kill -9 instead of the effect.
  kKillAfter,    ///< kill -9 when it is done.
  kUnavailable,  ///< One call, reading ones as well, fails with STORAGE_UNAVAILABLE, not done.
  kLostAnswer,   ///< It is done, and reported as STORAGE_UNAVAILABLE.
  kDiskFull,     ///< From here on every write fails with INLET_DISK_FULL.
};

struct SweepOptions {
  std::vector<Harm> harms = {Harm::kKillBefore, Harm::kKillAfter, Harm::kUnavailable,
                             Harm::kLostAnswer, Harm::kDiskFull};
  /// Spread evenly; 0: every one. With INLET_SIM=long in the environment every one anyway.
  std::int64_t max_points_per_harm = 4;
  /// Between the program and the faults; a negative control takes a protection away with it.
  storage::StoreWrapper above_faults = {};
};

struct SweepReport {
  std::int64_t num_points = 0;  ///< Harmed lives.
  std::int64_t num_kills = 0;   ///< Among them those that ended in a kill.
  /// One text each: harm, effect, what was wrong. Empty is what everybody wants.
  std::vector<std::string> failures;
};

/// For every effect of the action and every harm: sets up, runs the action with the harm, opens the
/// home again, and checks that
///   - the state is that before the action or that after one of its steps;
///   - it is the last one when the action said that it succeeded;
///   - no temporary file and no table without a name is left behind;
///   - the action then runs to its end and gives the last state.
///
/// The calling process must have no threads.
SweepReport Sweep(const Flow& flow, const SweepOptions& options = {});

}  // namespace inlet::sim
