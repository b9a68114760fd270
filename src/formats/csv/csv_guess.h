#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/csv/csv_type_inference.h"
#include "formats/format.h"

namespace inlet::formats {

/// What a sample says of the columns of CSV files.
class CsvGuess final : public SchemaGuess {
 public:
  struct Column {
    std::string name;
    InferredType type;
  };

  explicit CsvGuess(std::vector<Column> columns);
  const std::vector<Column>& columns() const { return columns_; }

 private:
  std::vector<Column> columns_;
};

/// Holds the records of one file against a guess. It says yes only where inference over all files
/// gives the guessed type for sure; for a no it need not be sure.
/// docs/decisions/0010-guessed-schemas.md has the proof. Not thread-safe.
class CsvGuessCheck {
 public:
  /// All outlive this.
  CsvGuessCheck(const CsvGuess& guess, const CsvOptions& options, const types::TimeZone& zone);

  /// `header` is that of the file, empty without one. Errors: INTERNAL_ERROR.
  Status CheckHeader(std::span<const std::string> header) const;
  /// The first record of a file without a header says how many columns it has.
  Status CheckWidth(const CsvRecord& first_record) const;

  /// Column `name`, whose cells at `source` were converted to `type`. `has_misfits`: some of them
  /// could not be. Errors: INTERNAL_ERROR.
  Status CheckColumn(const types::StructField& column, std::size_t source, bool has_misfits,
                     const CsvRecords& records, std::span<const CsvRecord> rows);

 private:
  template <class Fits>
  bool AllFit(std::size_t source, const CsvRecords& records, std::span<const CsvRecord> rows,
              const Fits& fits) const;
  bool FitsGuess(InferredType type, std::string_view text) const;

  const CsvGuess& guess_;
  const CsvOptions& options_;
  CsvTypeInference inference_;
  bool plain_ = false;                  // No option changes what dates and booleans look like.
  std::vector<bool> is_text_for_sure_;  // Of each column of the guess.
};

}  // namespace inlet::formats
