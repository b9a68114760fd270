#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "base/result.h"
#include "types/data_type.h"

namespace inlet::types {

/// How a type lies in memory, the same in every layer:
///   VOID null; BYTE..LONG int8..int64; DECIMAL decimal128; STRING utf8; BINARY binary; DATE
///   date32; TIMESTAMP timestamp[us, UTC]; TIMESTAMP_NTZ timestamp[us]; year-month interval
///   month_interval; day-time interval duration[us]; VARIANT struct<metadata: binary not null,
///   value: binary not null> with field metadata "inlet.type" = "variant"; ARRAY list; MAP map;
///   STRUCT struct.
std::shared_ptr<arrow::DataType> ToArrow(const DataType& type);
std::shared_ptr<arrow::Field> ToArrow(const StructField& field);
std::shared_ptr<arrow::Schema> ToArrow(const StructType& schema);

/// The inverse; also takes large and view variants of text, binary and lists, dictionary-encoded
/// values, unsigned integers (next wider type) and other units of time.
/// Errors: PARQUET_TYPE_ILLEGAL for what has no SQL type.
Result<DataType> FromArrow(const arrow::DataType& type);
Result<StructType> FromArrow(const arrow::Schema& schema);

/// Arrow's Status as ours: IOError becomes STORAGE_UNAVAILABLE, out of memory and
/// capacity INLET_RESOURCE_LIMIT, cancelled OPERATION_CANCELED, the rest INTERNAL_ERROR.
std::unexpected<Error> FromArrowStatus(const arrow::Status& status);

}  // namespace inlet::types

/// Unwraps an arrow::Result, or returns our Error from the enclosing function.
#define ARROW_TRY(...) INLET_ARROW_TRY_IMPL(INLET_CONCAT(arrow_result_, __COUNTER__), __VA_ARGS__)
#define INLET_ARROW_TRY_IMPL(name, ...)                      \
  __extension__({                                            \
    auto name = (__VA_ARGS__);                               \
    if (!name.ok()) [[unlikely]]                             \
      return ::inlet::types::FromArrowStatus(name.status()); \
    std::move(name).ValueUnsafe();                           \
  })
/// The same for a bare arrow::Status.
#define ARROW_CHECK_OK(...)                                                  \
  do {                                                                       \
    if (::arrow::Status status_ = (__VA_ARGS__); !status_.ok()) [[unlikely]] \
      return ::inlet::types::FromArrowStatus(status_);                       \
  } while (false)
