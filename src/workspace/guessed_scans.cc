#include "workspace/guessed_scans.h"

#include <algorithm>

namespace inlet::workspace {

Status GuessedScans::Prove() {
  const bool hold =
      std::ranges::all_of(scans_, [](const auto& scan) { return scan->guess_holds(); });
  if (!hold) return FailInternal("not all records were held against a guessed schema");
  is_proven_ = true;
  return Ok();
}

}  // namespace inlet::workspace
