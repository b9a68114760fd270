#include "formats/json/json_guess_internal.h"

namespace inlet::formats {

// Columns then take exactly what the guess knows, but for the values that the walker calls odd:
// texts as timestamps depend on more, and names in another case are other names for inference.
JsonGuessCheck::JsonGuessCheck(const JsonGuess& guess, const JsonOptions& options,
                               const types::TimeZone& zone, const types::StructType& schema)
    : guess_(guess),
      observer_(options, zone, guess.shape(), /*learn=*/false),
      looks_at_all_(!(schema == guess.schema()) || options.infer_timestamp ||
                    !options.reader_case_sensitive) {}

Status JsonGuessCheck::Check(const JsonRecord& record) {
  using News = JsonRecordObserver::News;
  const std::uint32_t* used = nullptr;
  const News news = observer_.Observe(record, used);
  if (news == News::kNone) return Ok();
  if (news == News::kMalformed && !guess_.malformed_counts()) return Ok();
  return FailInternal("the schema that was guessed from a sample does not hold for a record");
}

}  // namespace inlet::formats
