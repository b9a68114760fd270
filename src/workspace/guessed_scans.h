#pragma once

#include <memory>
#include <vector>

#include "ingest/file_scan.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// The scans of one try of a statement whose schemas were guessed from samples.
class GuessedScans {
 public:
  void Add(std::shared_ptr<const ingest::FileScan> scan) {
    scans_.push_back(std::move(scan));
    is_proven_ = false;
  }
  bool empty() const { return scans_.empty(); }

  /// To be called when all rows are written and before any of them is visible.
  /// Errors: INTERNAL_ERROR where records were not read that might tell of another schema.
  Status Prove();
  /// Then the statement did exactly what it does without guesses.
  bool is_proven() const { return is_proven_; }

 private:
  std::vector<std::shared_ptr<const ingest::FileScan>> scans_;
  bool is_proven_ = false;
};

/// Runs a statement that writes and calls Prove() of `call.guesses`, if there are any, before it
/// commits. It is tried with schemas guessed from samples; a try that fails before its guesses are
/// proven is forgotten, so that neither rows nor errors can come from a wrong guess.
template <class RunStatement>
Result<QueryResult> RunByGuess(const Call& call, const RunStatement& run) {
  GuessedScans guesses;
  Call guessing = call;
  guessing.guesses = &guesses;
  Result<QueryResult> result = run(guessing);
  const bool is_final = result || guesses.empty() || guesses.is_proven();
  if (is_final || call.options.stop.stop_requested()) return result;
  return run(call);
}

inline Status ProveGuesses(const Call& call) {
  return call.guesses == nullptr ? Ok() : call.guesses->Prove();
}

}  // namespace inlet::workspace
