#pragma once

#include <cstdint>
#include <span>

#include "formats/csv/csv_tokenizer.h"
#include "types/data_type.h"
#include "types/time_zone.h"

namespace inlet::formats {

/// The narrowest type of the cells seen so far: VOID, INT, BIGINT, DECIMAL(p,0), DOUBLE, DATE,
/// TIMESTAMP, BOOLEAN, STRING.
struct InferredType {
  types::TypeId id = types::TypeId::kVoid;
  int precision = 0;  ///< DECIMAL only; its scale is 0.

  bool operator==(const InferredType&) const = default;
  types::DataType ToDataType() const;  ///< STRING for VOID.
};

/// The narrowest type for both.
InferredType MergeInferred(InferredType left, InferredType right);

/// Tells the types of cells. Immutable; thread-safe.
class CsvTypeInference {
 public:
  CsvTypeInference(const CsvOptions& options, const types::TimeZone& zone);

  /// Widens `type` by the cell at `source` of each record.
  void Widen(const CsvRecords& records, std::size_t source, InferredType& type) const;
  /// Widens `type` by one cell that is not NULL.
  InferredType WidenBy(InferredType type, std::string_view text) const;

 private:
  InferredType TypeFrom(types::TypeId first, std::string_view text) const;
  bool IsDouble(std::string_view text) const;
  bool IsDate(std::string_view text) const;
  bool IsTimestamp(std::string_view text) const;

  const CsvOptions& options_;  // Outlives this.
  const types::TimeZone& zone_;
};

}  // namespace inlet::formats
