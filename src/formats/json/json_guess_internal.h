#pragma once

#include <memory>
#include <optional>

#include "formats/format.h"
#include "formats/json/json_record_observer_internal.h"

namespace inlet::formats {

/// What a sample says of the records of JSON files.
class JsonGuess final : public SchemaGuess {
 public:
  JsonGuess(JsonShape shape, types::StructType schema, bool malformed_counts)
      : SchemaGuess(std::move(schema)),
        malformed_counts_(malformed_counts),
        shape_(std::make_unique<JsonShape>(std::move(shape))) {}

  /// For observers that do not learn.
  JsonShape& shape() const { return *shape_; }
  /// A malformed record makes another schema, or none.
  bool malformed_counts() const { return malformed_counts_; }

 private:
  const bool malformed_counts_;
  const std::unique_ptr<JsonShape> shape_;
};

/// Holds records against a guess. Not thread-safe.
class JsonGuessCheck {
 public:
  /// `schema`: what the records are read into. All outlive this.
  JsonGuessCheck(const JsonGuess& guess, const JsonOptions& options, const types::TimeZone& zone,
                 const types::StructType& schema);

  /// False: a record whose values all went plainly into columns (JsonContext::odd is unset) has
  /// nothing that the guess does not know.
  bool looks_at_all() const { return looks_at_all_; }

  /// Errors: INTERNAL_ERROR for a record that would give another schema.
  Status Check(const JsonRecord& record);

 private:
  const JsonGuess& guess_;
  JsonRecordObserver observer_;
  bool looks_at_all_ = false;
};

}  // namespace inlet::formats
