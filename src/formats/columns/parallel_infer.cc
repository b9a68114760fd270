#include "formats/columns/parallel_infer.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "formats/columns/schema_merge.h"

namespace inlet::formats {

Result<types::StructType> InferFromEach(
    std::span<const storage::ObjectInfo> files, int threads, std::stop_token stop,
    const std::function<Result<types::StructType>(const storage::ObjectInfo&)>& schema_of) {
  std::vector<std::optional<Result<types::StructType>>> schemas(files.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      if (stop.stop_requested() || failed) return;
      schemas[i] = schema_of(files[i]);
      if (!*schemas[i]) failed = true;
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t count =
        std::min(static_cast<std::size_t>(std::max(threads, 1)), files.size());
    for (std::size_t i = 1; i < count; ++i) helpers.emplace_back(work);
    work();
  }
  if (stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
  types::StructType merged;
  for (std::optional<Result<types::StructType>>& schema : schemas) {
    if (schema) MergeSchema(TRY(std::move(*schema)), merged);
  }
  return AsNullable(merged);
}

}  // namespace inlet::formats
