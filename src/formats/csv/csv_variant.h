#pragma once

#include <string_view>

#include "formats/csv/csv_options.h"
#include "types/time_zone.h"
#include "types/variant.h"

namespace inlet::formats {

/// Adds one cell that is not NULL to a variant, as the first of these that its text fits: a whole
/// number, a decimal of up to 38 digits, a date, a timestamp, a boolean, a string. Each cell for
/// itself, so that a value does not depend on the rows before it.
void AppendCsvVariant(std::string_view text, const CsvOptions& options, const types::TimeZone& zone,
                      types::VariantBuilder& out);

}  // namespace inlet::formats
