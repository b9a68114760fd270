#include "formats/columns/library_errors.h"

namespace inlet::formats {

Error FileError(const ObjectFile& source, const AllocationBudget& budget, Condition otherwise,
                const std::string& message, bool not_implemented) {
  if (const std::optional<Error> storage = source.storage_error()) return *storage;
  const std::string& path = source.url();
  if (budget.exceeded()) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "Some rows of " + path + " take too much memory"},
                 {"limit", "the memory of one batch"}})
        .error();
  }
  if (not_implemented || message.starts_with("Not yet implemented")) {
    otherwise = Condition::INLET_UNSUPPORTED_FILE;
  }
  // The libraries end their messages with a full stop, the condition's own text has one as well.
  const std::string reason = message.substr(0, message.find_last_not_of('.') + 1);
  return Fail(otherwise, {{"path", path}, {"message", reason}}).error();
}

}  // namespace inlet::formats
