#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "delta/snapshot.h"
#include "delta/table.h"
#include "types/data_type.h"

namespace inlet::ingest {

/// Whether a column of type `to` takes values of `from` by Spark's store assignment: numbers any
/// numbers, texts any plain value, structs by the names of their fields; never a text as a number.
/// What does not fit its value range is found when rows are written.
bool CanStore(const types::DataType& from, const types::DataType& to);

/// What keeps rows of `source` out of a table with the columns `table`, as text for a message;
/// empty: nothing does.
std::string SchemaDifference(const types::StructType& source, const types::StructType& table);

/// Which wider types a table takes over from a source.
enum class TypeWidening : std::uint8_t {
  kNone,
  /// Within one family of types: an integer column does not become a decimal because one file has
  /// a point in it.
  kWithinFamily,
  kAll,  ///< All that Delta's type widening knows.
};

/// `table` so that it takes rows of `source`: new columns stand behind the others, new fields
/// behind the others of their struct, at every level. With `widening` a column takes the
/// wider type of the source, and notes it as Delta's type widening wants it.
/// Errors: DELTA_FAILED_TO_MERGE_FIELDS.
Result<types::StructType> MergeSchemas(const types::StructType& table,
                                       const types::StructType& source, TypeWidening widening);

/// What a commit has to set so that `current` gets the columns `schema`.
/// Errors: those of delta::RedefineTable().
Result<delta::TableActions> EvolveTable(const delta::Snapshot& current, types::StructType schema);

/// Whether `delta.enableTypeWidening` is on.
bool WidensTypes(const delta::Properties& properties);

}  // namespace inlet::ingest
