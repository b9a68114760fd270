#pragma once

#include <string>

#include "types/json_cursor.h"
#include "types/text_cast.h"
#include "types/variant.h"

namespace inlet::types {

/// The value at the cursor as (a part of) a variant. Errors: MALFORMED_RECORD_IN_PARSING, also for
/// the same key twice; VARIANT_SIZE_LIMIT.
template <class Cursor>
class JsonToVariant {
 public:
  JsonToVariant(Cursor& cursor, VariantBuilder& out) : cursor_(cursor), out_(out) {}

  Status AppendValue() {
    switch (cursor_.Peek()) {
      case JsonKind::kObject:
        return AppendObject();
      case JsonKind::kArray:
        return AppendArray();
      case JsonKind::kString: {
        JsonString string;
        if (!cursor_.ReadString(string) || !Unescape(string)) return Malformed();
        out_.AppendString(text_);
        return Ok();
      }
      case JsonKind::kNumber: {
        JsonNumber number;
        if (!cursor_.ReadNumber(number)) return Malformed();
        AppendNumber(number);
        return Ok();
      }
      case JsonKind::kTrue:
        if (!cursor_.ReadLiteral()) return Malformed();
        out_.AppendBoolean(true);
        return Ok();
      case JsonKind::kFalse:
        if (!cursor_.ReadLiteral()) return Malformed();
        out_.AppendBoolean(false);
        return Ok();
      case JsonKind::kNull:
        if (!cursor_.ReadLiteral()) return Malformed();
        out_.AppendNull();
        return Ok();
      default:
        return Malformed();
    }
  }

 private:
  static std::unexpected<Error> Malformed() {
    return Fail(Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
                {{"badRecord", "not JSON"}, {"failFastMode", "FAILFAST"}});
  }

  bool Unescape(const JsonString& string) {
    text_.clear();
    return AppendUnescaped(string.raw, cursor_.syntax(), text_);
  }

  Status AppendObject() {
    if (!cursor_.BeginObject()) return Malformed();
    out_.BeginObject();
    JsonString key;
    for (JsonStep step = cursor_.FirstField(key); step != JsonStep::kEnd;
         step = cursor_.NextField(key)) {
      if (step == JsonStep::kError || !Unescape(key)) return Malformed();
      out_.Key(text_);
      TRY(AppendValue());
    }
    return out_.EndObject();
  }

  Status AppendArray() {
    if (!cursor_.BeginArray()) return Malformed();
    out_.BeginArray();
    for (JsonStep step = cursor_.FirstElement(); step != JsonStep::kEnd;
         step = cursor_.NextElement()) {
      if (step == JsonStep::kError) return Malformed();
      TRY(AppendValue());
    }
    return out_.EndArray();
  }

  void AppendNumber(const JsonNumber& number) {
    if (const auto integer = number.AsLong()) {
      out_.AppendLong(*integer);
      return;
    }
    const bool plain = number.text.find_first_of("eE") == std::string_view::npos;
    if (plain && !number.is_word) {
      const auto shape = ParseDecimalShape(number.text);
      if (shape && shape->precision <= 38 && shape->scale >= 0 && shape->scale <= 38) {
        if (const auto unscaled = ParseDecimal(number.text, 38, shape->scale)) {
          out_.AppendDecimal(*unscaled, shape->scale);
          return;
        }
      }
    }
    out_.AppendDouble(number.AsDouble());
  }

  Cursor& cursor_;
  VariantBuilder& out_;
  std::string text_;
};

}  // namespace inlet::types
