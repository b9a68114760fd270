#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/json/json_options.h"
#include "formats/json/json_rescue.h"
#include "formats/json/json_slots_internal.h"
#include "types/base64.h"
#include "types/json_cursor.h"
#include "types/json_variant.h"
#include "types/text_cast.h"

namespace inlet::formats {

/// What became of one value.
enum class JsonOutcome : std::uint8_t {
  kDone,     ///< It is in its column.
  kPartial,  ///< It is, but for parts that did not fit and are NULL.
  kMisfit,   ///< It was read over and does not fit; nothing was appended.
  kSyntax,   ///< The record is broken here.
};

/// What the values of a reader share.
struct JsonContext {
  const JsonOptions* options = nullptr;
  const types::TimeZone* zone = nullptr;
  /// Becomes true at a value that its column takes though inference would not give it that type.
  bool odd = false;
  JsonRescue rescue;
  std::string text;  // Of a string with escapes.
  std::string name;  // Of a field with escapes.
  types::VariantBuilder variant;
};

/// Takes values from a cursor into columns. One for each record: all state is in what it refers to.
template <class Cursor>
class JsonWalker {
 public:
  JsonWalker(Cursor& cursor, JsonContext& context) : cursor_(cursor), context_(context) {}

  /// The fields of the object at the cursor; each of `slot`'s children with a column gets one value
  /// and has `row` values before.
  JsonOutcome ReadFields(JsonSlot& slot, std::int64_t row) {
    if (!cursor_.BeginObject()) return JsonOutcome::kSyntax;
    JsonOutcome outcome = JsonOutcome::kDone;
    std::vector<JsonSlot>& fields = slot.children;
    std::size_t last = 0;  // Counted from 1.
    std::size_t num_read = 0;
    types::JsonString key;
    for (types::JsonStep step = cursor_.FirstField(key); step != types::JsonStep::kEnd;
         step = cursor_.NextField(key)) {
      if (step == types::JsonStep::kError) return JsonOutcome::kSyntax;
      JsonSlot* field = nullptr;
      const std::size_t expected = slot.followers[last];
      if (expected < fields.size() && fields[expected].plain_name &&
          SameName(fields[expected].name, key.raw)) [[likely]] {
        field = &fields[expected];
        last = expected + 1;
      } else if (!FindField(slot, key, last, field)) {
        return JsonOutcome::kSyntax;
      }
      if (field == nullptr) {
        const JsonOutcome unknown = ReadUnknown(key);
        if (unknown != JsonOutcome::kDone) return unknown;
        continue;
      }
      if (field->out == nullptr) {
        if (!cursor_.Skip()) return JsonOutcome::kSyntax;
        continue;
      }
      if (field->out->length() > row) {  // The same key again: the last one counts.
        field->out->Truncate(row);
        --num_read;
      }
      const JsonOutcome read = ReadField(*field);
      if (read == JsonOutcome::kSyntax) return read;
      if (read != JsonOutcome::kDone) outcome = JsonOutcome::kPartial;
      ++num_read;
    }
    if (num_read < slot.num_columns) {
      for (JsonSlot& field : fields) {
        if (field.out != nullptr && field.out->length() == row) field.out->AppendNull();
      }
    }
    return outcome;
  }

  /// One value into its column.
  JsonOutcome ReadValue(JsonSlot& slot) {
    const types::JsonKind kind = cursor_.Peek();
    if (kind == types::JsonKind::kNull && slot.id != types::TypeId::kVariant) {
      if (!cursor_.ReadLiteral()) return JsonOutcome::kSyntax;
      slot.out->AppendNull();
      return JsonOutcome::kDone;
    }
    switch (slot.id) {
      case types::TypeId::kString:
        return kind == types::JsonKind::kString ? ReadText(slot) : ReadRaw(slot);
      case types::TypeId::kByte:
      case types::TypeId::kShort:
      case types::TypeId::kInteger:
      case types::TypeId::kLong:
      case types::TypeId::kFloat:
      case types::TypeId::kDouble:
        return kind == types::JsonKind::kNumber ? ReadNumber(slot) : ReadNumberWord(slot, kind);
      case types::TypeId::kDecimal:
        return ReadDecimal(slot, kind);
      case types::TypeId::kBoolean:
        if (kind != types::JsonKind::kTrue && kind != types::JsonKind::kFalse) return SkipMisfit();
        if (!cursor_.ReadLiteral()) return JsonOutcome::kSyntax;
        slot.out->AppendBoolean(kind == types::JsonKind::kTrue);
        return JsonOutcome::kDone;
      case types::TypeId::kDate:
      case types::TypeId::kTimestamp:
      case types::TypeId::kTimestampNtz:
      case types::TypeId::kBinary:
        return ReadParsedText(slot, kind);
      case types::TypeId::kStruct:
        if (kind != types::JsonKind::kObject) return SkipMisfit();
        return ReadStruct(slot);
      case types::TypeId::kArray:
        if (kind != types::JsonKind::kArray) return SkipMisfit();
        return ReadArray(slot);
      case types::TypeId::kMap:
        if (kind != types::JsonKind::kObject) return SkipMisfit();
        return ReadMap(slot);
      case types::TypeId::kVariant:
        return ReadVariant(slot);
      default:
        return SkipMisfit();
    }
  }

 private:
  using Kind = types::JsonKind;

  /// The unescaped name of a field; null for a broken escape.
  const std::string* NameOf(const types::JsonString& key) {
    context_.name.clear();
    return AppendUnescaped(key.raw, cursor_.syntax(), context_.name) ? &context_.name : nullptr;
  }

  bool FindField(JsonSlot& slot, const types::JsonString& key, std::size_t& last,
                 JsonSlot*& field) {
    std::string_view name = key.raw;
    if (name.find('\\') != std::string_view::npos) {
      const std::string* unescaped = NameOf(key);
      if (unescaped == nullptr) return false;
      name = *unescaped;
    }
    const int index = slot.table.Find(slot.children, name);
    if (index < 0) return true;
    field = &slot.children[static_cast<std::size_t>(index)];
    slot.followers[last] = static_cast<std::uint32_t>(index);
    last = static_cast<std::size_t>(index) + 1;
    return true;
  }

  /// Over one value; its JSON text is kept for the rescued data.
  JsonOutcome ReadUnknown(const types::JsonString& key) {
    context_.odd = true;
    if (!context_.rescue.active) {
      return cursor_.Skip() ? JsonOutcome::kDone : JsonOutcome::kSyntax;
    }
    std::string value;
    if (!CopyValue(value)) return JsonOutcome::kSyntax;
    // Inference leaves out what is always an empty object: there is nothing to lose.
    const bool empty = value.find_first_not_of("{}[], \t\r\n") == std::string::npos &&
                       value.find('{') != std::string::npos;
    if (!empty) context_.rescue.Add(*NameOf(key), value);
    return JsonOutcome::kDone;
  }

  bool CopyValue(std::string& out) {
    if constexpr (Cursor::kStrict) {
      const char* begin = cursor_.position();
      if (!cursor_.Skip()) return false;
      out.append(begin, cursor_.value_end());
      return true;
    } else {
      return cursor_.Copy(out);
    }
  }

  JsonOutcome ReadField(JsonSlot& field) {
    JsonRescue& rescue = context_.rescue;
    if (!rescue.active) {
      const JsonOutcome outcome = ReadValue(field);
      if (outcome == JsonOutcome::kMisfit) field.out->AppendNull();
      return outcome;
    }
    const Cursor before = cursor_;
    const bool nested = field.type.is_nested();
    JsonRescue::Frame frame;
    if (nested) frame = rescue.Enter();
    const JsonOutcome outcome = ReadValue(field);
    if (outcome == JsonOutcome::kMisfit) {
      if (nested) rescue.Discard(frame);
      field.out->AppendNull();
      Cursor again = before;
      std::string value;
      if (!JsonWalker(again, context_).CopyValue(value)) return JsonOutcome::kSyntax;
      rescue.Add(field.name, value);
    } else if (nested && outcome != JsonOutcome::kSyntax) {
      rescue.LeaveField(frame, field.name, field.id);
    }
    return outcome;
  }

  JsonOutcome SkipMisfit() { return cursor_.Skip() ? JsonOutcome::kMisfit : JsonOutcome::kSyntax; }

  JsonOutcome ReadText(JsonSlot& slot) {
    types::JsonString string;
    if (!cursor_.ReadString(string)) return JsonOutcome::kSyntax;
    return AppendText(string.raw, *slot.out) ? JsonOutcome::kDone : JsonOutcome::kSyntax;
  }

  bool AppendText(std::string_view raw, types::ColumnBuilder& out) {
    types::GrowingBuffer& bytes = out.bytes();
#ifdef __SSE2__
    if constexpr (Cursor::kStrict) {
      // Copies and looks for escapes at once; the cursor's text may be read beyond its end.
      char* target = bytes.Reserve(raw.size() + 16);
      const __m128i slashes = _mm_set1_epi8('\\');
      bool plain = true;
      for (std::size_t i = 0; i < raw.size() && plain; i += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(raw.data() + i));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(target + i), block);
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, slashes)));
        plain = found == 0 || i + static_cast<unsigned>(std::countr_zero(found)) >= raw.size();
      }
      if (plain) [[likely]] {
        bytes.Advance(raw.size());
        out.CloseBytes();
        return true;
      }
    }
#endif
    const std::size_t before = bytes.size();
    if (!AppendUnescaped(raw, cursor_.syntax(), bytes)) {
      bytes.Truncate(before);
      return false;
    }
    out.CloseBytes();
    return true;
  }

  /// What is no string goes into a STRING column as it stands in the document.
  JsonOutcome ReadRaw(JsonSlot& slot) {
    context_.odd = true;
    const char* begin = cursor_.position();
    if (!cursor_.Skip()) return JsonOutcome::kSyntax;
    slot.out->AppendBytes({begin, static_cast<std::size_t>(cursor_.value_end() - begin)});
    return JsonOutcome::kDone;
  }

  template <class Int>
  static bool Fits(std::int64_t value) {
    return value >= std::numeric_limits<Int>::min() && value <= std::numeric_limits<Int>::max();
  }

  JsonOutcome ReadNumber(JsonSlot& slot) {
    types::JsonNumber number;
    if (!cursor_.ReadNumber(number)) return JsonOutcome::kSyntax;
    types::ColumnBuilder& out = *slot.out;
    if (slot.id == types::TypeId::kDouble) {
      out.AppendDouble(number.AsDouble());
      return JsonOutcome::kDone;
    }
    if (slot.id == types::TypeId::kFloat) {
      out.AppendFloat(number.AsFloat());
      return JsonOutcome::kDone;
    }
    const std::optional<std::int64_t> value = number.AsLong();
    if (!value) return JsonOutcome::kMisfit;
    if (slot.id == types::TypeId::kLong) {
      out.AppendLong(*value);
    } else if (slot.id == types::TypeId::kInteger && Fits<std::int32_t>(*value)) {
      out.AppendInteger(static_cast<std::int32_t>(*value));
    } else if (slot.id == types::TypeId::kShort && Fits<std::int16_t>(*value)) {
      out.AppendShort(static_cast<std::int16_t>(*value));
    } else if (slot.id == types::TypeId::kByte && Fits<std::int8_t>(*value)) {
      out.AppendByte(static_cast<std::int8_t>(*value));
    } else {
      return JsonOutcome::kMisfit;
    }
    return JsonOutcome::kDone;
  }

  /// "NaN" and "-Infinity" in quotes are numbers for FLOAT and DOUBLE.
  JsonOutcome ReadNumberWord(JsonSlot& slot, Kind kind) {
    const bool real = slot.id == types::TypeId::kDouble || slot.id == types::TypeId::kFloat;
    if (kind != Kind::kString || !real || !cursor_.syntax().non_numeric) return SkipMisfit();
    types::JsonString string;
    if (!cursor_.ReadString(string)) return JsonOutcome::kSyntax;
    double value = std::numeric_limits<double>::infinity();
    if (string.raw == "NaN") {
      value = std::numeric_limits<double>::quiet_NaN();
    } else if (string.raw == "-INF" || string.raw == "-Infinity") {
      value = -value;
    } else if (string.raw != "+INF" && string.raw != "+Infinity" && string.raw != "Infinity") {
      return IsWellFormed(string) ? JsonOutcome::kMisfit : JsonOutcome::kSyntax;
    }
    context_.odd = true;
    if (slot.id == types::TypeId::kDouble) {
      slot.out->AppendDouble(value);
    } else {
      slot.out->AppendFloat(static_cast<float>(value));
    }
    return JsonOutcome::kDone;
  }

  bool IsWellFormed(const types::JsonString& string) {
    context_.text.clear();
    return AppendUnescaped(string.raw, cursor_.syntax(), context_.text);
  }

  /// Numbers, and numbers in quotes with or without thousands separators; always from the text.
  JsonOutcome ReadDecimal(JsonSlot& slot, Kind kind) {
    std::string_view digits;
    if (kind == Kind::kNumber) {
      types::JsonNumber number;
      if (!cursor_.ReadNumber(number)) return JsonOutcome::kSyntax;
      if (number.is_word) return JsonOutcome::kMisfit;
      digits = number.text;
    } else if (kind == Kind::kString) {
      types::JsonString string;
      if (!cursor_.ReadString(string) || !IsWellFormed(string)) return JsonOutcome::kSyntax;
      std::erase(context_.text, ',');
      digits = context_.text;
      const auto is_number_part = [](char c) { return c > ' ' && c < 0x7F; };
      if (digits.empty() || !is_number_part(digits.front()) || !is_number_part(digits.back())) {
        return JsonOutcome::kMisfit;
      }
    } else {
      return SkipMisfit();
    }
    const auto value = types::ParseDecimal(digits, slot.type.precision(), slot.type.scale());
    if (!value) return JsonOutcome::kMisfit;
    slot.out->AppendDecimal(*value);
    return JsonOutcome::kDone;
  }

  JsonOutcome ReadParsedText(JsonSlot& slot, Kind kind) {
    if (kind == Kind::kNumber && slot.id == types::TypeId::kTimestamp) return ReadSeconds(slot);
    if (kind != Kind::kString) return SkipMisfit();
    types::JsonString string;
    if (!cursor_.ReadString(string)) return JsonOutcome::kSyntax;
    std::string_view text = string.raw;
    if (text.find('\\') != std::string_view::npos) {
      if (!IsWellFormed(string)) return JsonOutcome::kSyntax;
      text = context_.text;
    }
    return AppendParsed(slot, text) ? JsonOutcome::kDone : JsonOutcome::kMisfit;
  }

  JsonOutcome ReadSeconds(JsonSlot& slot) {
    types::JsonNumber number;
    if (!cursor_.ReadNumber(number)) return JsonOutcome::kSyntax;
    const auto seconds = number.AsLong();
    std::int64_t instant_us = 0;
    if (!seconds || __builtin_mul_overflow(*seconds, std::int64_t{1'000'000}, &instant_us)) {
      return JsonOutcome::kMisfit;
    }
    slot.out->AppendLong(instant_us);
    return JsonOutcome::kDone;
  }

  bool AppendParsed(JsonSlot& slot, std::string_view text) {
    const JsonOptions& options = *context_.options;
    if (slot.id == types::TypeId::kBinary) {
      std::string bytes;
      if (!types::AppendBase64Decoded(text, bytes)) return false;
      slot.out->AppendBytes(bytes);
      return true;
    }
    if (slot.id == types::TypeId::kDate) {
      const auto days =
          options.date_pattern ? options.date_pattern->ParseDate(text) : types::ParseDate(text);
      if (days) slot.out->AppendInteger(*days);
      return days.has_value();
    }
    std::optional<std::int64_t> value;
    if (slot.id == types::TypeId::kTimestamp) {
      value = options.timestamp_pattern
                  ? options.timestamp_pattern->ParseTimestamp(text, *context_.zone)
                  : types::ParseTimestamp(text, *context_.zone);
    } else {
      value = options.timestamp_ntz_pattern
                  ? options.timestamp_ntz_pattern->ParseTimestampNtz(text, /*allow_zone=*/false)
                  : types::ParseTimestampNtz(text, /*allow_zone=*/false);
    }
    if (value) slot.out->AppendLong(*value);
    return value.has_value();
  }

  JsonOutcome ReadStruct(JsonSlot& slot) {
    const std::int64_t row = slot.out->length();
    const JsonOutcome outcome = ReadFields(slot, row);
    if (outcome != JsonOutcome::kSyntax) slot.out->CloseNested();
    return outcome;
  }

  /// A misfit of one element is one of the whole array.
  JsonOutcome ReadArray(JsonSlot& slot) {
    if (!cursor_.BeginArray()) return JsonOutcome::kSyntax;
    JsonSlot& element = slot.children[0];
    const std::int64_t row = slot.out->length();
    JsonOutcome outcome = JsonOutcome::kDone;
    std::int64_t index = 0;
    std::int64_t next_rescued = 0;
    for (types::JsonStep step = cursor_.FirstElement(); step != types::JsonStep::kEnd;
         step = cursor_.NextElement()) {
      if (step == types::JsonStep::kError) return JsonOutcome::kSyntax;
      if (outcome == JsonOutcome::kMisfit) {
        if (!cursor_.Skip()) return JsonOutcome::kSyntax;
        continue;
      }
      const JsonOutcome read = ReadElement(element, index++, next_rescued);
      if (read == JsonOutcome::kSyntax) return read;
      if (read != JsonOutcome::kDone) outcome = read;
    }
    if (outcome == JsonOutcome::kMisfit) {
      slot.out->Truncate(row);
    } else {
      slot.out->CloseNested();
    }
    return outcome;
  }

  JsonOutcome ReadElement(JsonSlot& element, std::int64_t index, std::int64_t& next_rescued) {
    JsonRescue& rescue = context_.rescue;
    if (!rescue.active || !element.type.is_nested()) return ReadValue(element);
    const JsonRescue::Frame frame = rescue.Enter();
    const JsonOutcome outcome = ReadValue(element);
    if (outcome != JsonOutcome::kSyntax) {
      rescue.LeaveElement(frame, index, next_rescued, element.id);
    }
    return outcome;
  }

  JsonOutcome ReadMap(JsonSlot& slot) {
    const Cursor before = cursor_;
    const std::size_t rescued = context_.rescue.text().size();
    std::vector<std::string> keys;
    const JsonOutcome outcome = ReadEntries(slot, keys, {});
    if (outcome == JsonOutcome::kSyntax || outcome == JsonOutcome::kMisfit) return outcome;
    // Rare: the same key again. The last one counts, so the map is read once more without the
    // others.
    std::unordered_map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < keys.size(); ++i) last[keys[i]] = i;
    if (last.size() == keys.size()) return outcome;
    std::vector<bool> left_out(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) left_out[i] = last[keys[i]] != i;
    slot.out->Truncate(slot.out->length() - 1);
    context_.rescue.Rewind(rescued);
    cursor_ = before;
    return ReadEntries(slot, keys, left_out);
  }

  JsonOutcome ReadEntries(JsonSlot& slot, std::vector<std::string>& keys,
                          const std::vector<bool>& left_out) {
    keys.clear();
    if (!cursor_.BeginObject()) return JsonOutcome::kSyntax;
    const std::int64_t row = slot.out->length();
    JsonOutcome outcome = JsonOutcome::kDone;
    types::JsonString key;
    for (types::JsonStep step = cursor_.FirstField(key); step != types::JsonStep::kEnd;
         step = cursor_.NextField(key)) {
      if (step == types::JsonStep::kError) return JsonOutcome::kSyntax;
      const std::string* name = NameOf(key);
      if (name == nullptr) return JsonOutcome::kSyntax;
      keys.push_back(*name);
      const bool skipped = keys.size() <= left_out.size() && left_out[keys.size() - 1];
      if (skipped || outcome == JsonOutcome::kMisfit) {
        if (!cursor_.Skip()) return JsonOutcome::kSyntax;
        continue;
      }
      const JsonOutcome read = ReadEntry(slot, keys.back());
      if (read == JsonOutcome::kSyntax) return read;
      if (read != JsonOutcome::kDone) outcome = read;
    }
    if (outcome == JsonOutcome::kMisfit) {
      slot.out->Truncate(row);
    } else {
      slot.out->CloseNested();
    }
    return outcome;
  }

  JsonOutcome ReadEntry(JsonSlot& slot, const std::string& name) {
    if (slot.children[0].id != types::TypeId::kString) return SkipMisfit();
    slot.children[0].out->AppendBytes(name);
    JsonSlot& value = slot.children[1];
    JsonRescue& rescue = context_.rescue;
    if (!rescue.active || !value.type.is_nested()) return ReadValue(value);
    const JsonRescue::Frame frame = rescue.Enter();
    const JsonOutcome outcome = ReadValue(value);
    if (outcome != JsonOutcome::kSyntax) rescue.LeaveField(frame, name, value.id);
    return outcome;
  }

  JsonOutcome ReadVariant(JsonSlot& slot) {
    const Cursor before = cursor_;
    context_.variant.Reset();
    if (types::JsonToVariant(cursor_, context_.variant).AppendValue() &&
        context_.variant.FinishTo(*slot.out)) {
      return JsonOutcome::kDone;
    }
    // Broken, or the same key twice, or too large: the latter two are read over.
    cursor_ = before;
    return SkipMisfit();
  }

  Cursor& cursor_;
  JsonContext& context_;
};

}  // namespace inlet::formats
