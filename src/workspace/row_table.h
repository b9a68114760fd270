#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "types/batch.h"
#include "types/data_type.h"
#include "workspace/client.h"

namespace inlet::workspace {

/// One cell of a small result: NULL, a value of the column's type (BIGINT and INT as int64_t,
/// TIMESTAMP as microseconds), a list of texts, a map of texts, or a struct's cells.
struct Cell
    : std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>,
                   std::map<std::string, std::string>, std::vector<Cell>> {
  using variant::variant;
  Cell(const char* text) : variant(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  Cell(const std::optional<T>& value)  // NOLINT(google-explicit-constructor)
      : variant(value ? variant(*value) : variant(std::monostate())) {}
};

using Row = std::vector<Cell>;

/// The result of SHOW, DESCRIBE and the like. Errors: INTERNAL_ERROR for a cell that is not of its
/// column's type.
Result<QueryResult> MakeResult(types::StructType schema, const std::vector<Row>& rows);
Result<types::BatchPtr> MakeBatch(const types::StructType& schema, const std::vector<Row>& rows);

/// Columns that are all STRING.
types::StructType StringColumns(std::initializer_list<std::string_view> names);

}  // namespace inlet::workspace
