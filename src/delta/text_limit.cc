#include "delta/text_limit.h"

#include <arrow/api.h>

#include <charconv>
#include <string>
#include <string_view>

#include "types/arrow.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

constexpr const char* kTypeText = "__CHAR_VARCHAR_TYPE_STRING";

/// The bytes of the first `limit` characters.
std::size_t BytesOf(std::string_view text, std::int64_t limit) {
  std::size_t bytes = 0;
  for (; bytes < text.size(); ++bytes) {
    const bool begins = (static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80;
    if (begins && limit-- == 0) break;
  }
  return bytes;
}

/// The part of a text that fits; nothing when more than blanks would be lost.
std::optional<std::string_view> Fitting(std::string_view text, std::int64_t limit) {
  if (text.size() <= static_cast<std::size_t>(limit)) return text;
  const std::size_t bytes = BytesOf(text, limit);
  if (text.find_first_not_of(' ', bytes) != std::string_view::npos) return std::nullopt;
  return text.substr(0, bytes);
}

std::string TypeText(const types::StructField& field) {
  const auto found = field.metadata.find(kTypeText);
  if (found == field.metadata.end()) return "";
  return types::JsonStringValue(found->second).value_or("");
}

}  // namespace

std::optional<std::int64_t> TextLimitOf(const types::StructField& field) {
  if (!field.type.is(types::TypeId::kString)) return std::nullopt;
  std::string text = TypeText(field);
  if (!text.starts_with("char(") && !text.starts_with("varchar(")) return std::nullopt;
  const char* begin = text.data() + text.find('(') + 1;
  std::int64_t limit = 0;
  const auto [stop, error] = std::from_chars(begin, text.data() + text.size(), limit);
  if (error != std::errc() || limit < 0) return std::nullopt;
  return limit;
}

Result<std::shared_ptr<arrow::Array>> WithinTextLimit(const std::shared_ptr<arrow::Array>& texts,
                                                      std::int64_t limit,
                                                      const types::StructField& field) {
  if (texts->type_id() != arrow::Type::STRING) return texts;
  const auto& array = static_cast<const arrow::StringArray&>(*texts);
  bool is_cut = false;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    const std::string_view text = array.GetView(i);
    const std::optional<std::string_view> fitting = Fitting(text, limit);
    if (!fitting) {
      return Fail(Condition::DELTA_EXCEED_CHAR_VARCHAR_LIMIT,
                  {{"value", std::string(text)}, {"expr", field.name + " " + TypeText(field)}});
    }
    is_cut |= fitting->size() < text.size();
  }
  if (!is_cut) return texts;
  arrow::StringBuilder builder;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) {
      ARROW_CHECK_OK(builder.AppendNull());
    } else {
      ARROW_CHECK_OK(builder.Append(*Fitting(array.GetView(i), limit)));
    }
  }
  return ARROW_TRY(builder.Finish());
}

}  // namespace inlet::delta
