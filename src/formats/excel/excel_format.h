#pragma once

#include "formats/format.h"

namespace inlet::formats {

/// Excel workbooks (.xlsx): one sheet, or the list of sheets.
const Format& ExcelFormat();

}  // namespace inlet::formats
