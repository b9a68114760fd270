#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/read_files.h"

namespace inlet::ingest {

/// How often a column has values of one type, and where the first one is.
struct TypeCount {
  std::string type;  ///< "INT", "STRING", "VOID" for NULL and absent ones.
  std::int64_t count = 0;
  std::string example;
  std::string file;      ///< URL of the file that it is in.
  bool decides = false;  ///< Without these the column would have another type.
};

/// Why inference gave a column its type.
struct ColumnEvidence {
  std::string column;
  std::string type;              ///< What inference gives.
  bool counts_files = false;     ///< Of formats with types of their own: files, not values.
  std::vector<TypeCount> types;  ///< The most frequent first.
  /// What to add to schemaHints for the type that most values have; empty: they have it already.
  std::string hint;
};

/// Infers the schema of `request` and looks at the values themselves, up to a million rows. Of JSON
/// the columns at the top. Errors: those of InferFilesSchema() and of reading.
Result<std::vector<ColumnEvidence>> FindTypeEvidence(const ReadFilesRequest& request,
                                                     std::stop_token stop);

}  // namespace inlet::ingest
