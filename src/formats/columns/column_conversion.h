#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "formats/columns/column_plan.h"

namespace inlet::formats {

/// What a conversion needs to know of the file.
struct ConversionContext {
  std::string path;  ///< For messages.
  CalendarRebase datetime_rebase = CalendarRebase::kCorrected;
  CalendarRebase int96_rebase = CalendarRebase::kCorrected;
};

/// `array` as it was read, in the type of the plan's target.
/// Errors: FAILED_READ_FILE_* for values that do not fit; INLET_CORRUPT_FILE.
Result<std::shared_ptr<arrow::Array>> ConvertColumn(const ColumnPlan& plan,
                                                    const std::shared_ptr<arrow::Array>& array,
                                                    const ConversionContext& context);

/// A value of the hybrid Julian calendar as one of the proleptic Gregorian calendar that has the
/// same year, month and day.
std::int32_t RebaseDays(std::int32_t days);
std::int64_t RebaseMicros(std::int64_t micros);

}  // namespace inlet::formats
