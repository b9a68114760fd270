#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace arrow {
class RecordBatch;
}  // namespace arrow

namespace inlet::formats {

/// What the first rows of a file say of how its columns are best written. Names are the paths of
/// leaf columns, `lines.list.element.price`.
struct ColumnEncodings {
  std::vector<std::string> without_dictionary;  ///< Their dictionary would outgrow its limit.
  std::vector<std::string> without_statistics;  ///< In lists and maps: nothing asks for bounds.
};

ColumnEncodings ChooseEncodings(const arrow::RecordBatch& first_rows,
                                std::int64_t max_dictionary_bytes);

/// How many different values there are in all, when `num_different` of `num_values` are, as if
/// they were drawn evenly.
double EstimateDifferent(std::int64_t num_values, std::int64_t num_different);

}  // namespace inlet::formats
