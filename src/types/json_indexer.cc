#include <simdjson.h>

#include <algorithm>

#include "types/json_document.h"

namespace inlet::types {

/// simdjson's first stage alone: it knows quotes, escapes, UTF-8 and where tokens start. Its second
/// stage and its values are not used, because a broken record must not cost the ones around it and
/// numbers must keep their text.
struct JsonIndexer::Implementation {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  std::size_t capacity = 0;

  bool Reserve(std::size_t bytes) {
    if (parser != nullptr && bytes <= capacity) return true;
    const std::size_t wanted = std::max<std::size_t>({bytes, capacity * 2, 1024});
    if (wanted > simdjson::SIMDJSON_MAXSIZE_BYTES) return false;
    const simdjson::error_code error =
        parser == nullptr ? simdjson::get_active_implementation()->create_dom_parser_implementation(
                                wanted, /*max_depth=*/1, parser)
                          : parser->set_capacity(wanted);
    if (error != simdjson::SUCCESS) return false;
    capacity = wanted;
    return true;
  }
};

JsonIndexer::JsonIndexer() : implementation_(std::make_unique<Implementation>()) {}
JsonIndexer::~JsonIndexer() = default;
JsonIndexer::JsonIndexer(JsonIndexer&&) noexcept = default;
JsonIndexer& JsonIndexer::operator=(JsonIndexer&&) noexcept = default;

bool JsonIndexer::Index(std::string_view text) {
  num_tokens_ = 0;
  if (!implementation_->Reserve(text.size())) return false;
  auto& parser = *implementation_->parser;
  const auto size = static_cast<std::uint32_t>(text.size());
  const simdjson::error_code error =
      parser.stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                    simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY || text.empty()) {
    parser.structural_indexes[0] = parser.structural_indexes[1] = size;
  } else if (error != simdjson::SUCCESS) {
    return false;
  } else {
    num_tokens_ = parser.n_structural_indexes;
    parser.structural_indexes[num_tokens_] = size;
    parser.structural_indexes[num_tokens_ + 1] = size;
  }
  tokens_ = parser.structural_indexes.get();
  return true;
}

bool JsonDocument::IsUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace inlet::types
