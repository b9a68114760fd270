#include "delta/copied_files.h"

#include "delta/transaction.h"

namespace inlet::delta {

std::string CopiedFilesApplication(const Metadata& metadata) {
  return std::string(kCopiedFilesApplication) + metadata.id;
}

void RestoreCopiedFiles(const Snapshot& wanted, Transaction& transaction) {
  for (const auto& [app_id, current] : transaction.read_from()->transactions()) {
    if (!app_id.starts_with(kCopiedFilesApplication)) continue;
    const std::int64_t version = wanted.transaction(app_id).value_or(0);
    if (version != current.version) transaction.Set({.app_id = app_id, .version = version});
  }
}

void ForgetCopiedFiles(Transaction& transaction) {
  for (const auto& [app_id, current] : transaction.read_from()->transactions()) {
    const bool is_ours = app_id.starts_with(kCopiedFilesApplication);
    if (is_ours && current.version != 0) transaction.Set({.app_id = app_id, .version = 0});
  }
}

}  // namespace inlet::delta
