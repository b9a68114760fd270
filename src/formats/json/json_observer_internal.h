#pragma once

#include <string>

#include "formats/json/json_shape_internal.h"
#include "formats/json/json_slots_internal.h"
#include "types/json_cursor.h"
#include "types/text_cast.h"

namespace inlet::formats {

/// Deeper values are inferred as STRING, which holds their JSON: no table can nest without end.
inline constexpr int kMaxInferredDepth = 100;

/// Compares documents with what is known of them. Almost all documents bring nothing new, so they
/// are first only looked at; a document that does is taken in after it is known to be sound.
template <class Cursor>
class JsonObserver {
 public:
  enum class Found : std::uint8_t { kNothing, kNew, kSyntax };

  JsonObserver(Cursor& cursor, const JsonOptions& options, const types::TimeZone& zone)
      : cursor_(cursor), options_(options), zone_(zone) {}

  /// Reads one value. With `learn` the shape takes in all that is new; without, the first news ends
  /// the reading.
  Found Observe(JsonShape& shape, bool learn, int depth = 0) {
    const types::JsonKind kind = cursor_.Peek();
    if (shape.kind() == JsonShape::Kind::kString) {
      return cursor_.Skip() ? Found::kNothing : Found::kSyntax;
    }
    switch (kind) {
      case types::JsonKind::kNull:
        return cursor_.ReadLiteral() ? Found::kNothing : Found::kSyntax;
      case types::JsonKind::kTrue:
      case types::JsonKind::kFalse:
        if (!cursor_.ReadLiteral()) return Found::kSyntax;
        return Add(
            shape, learn,
            options_.primitives_as_string ? JsonShape::Kind::kString : JsonShape::Kind::kBoolean);
      case types::JsonKind::kNumber:
        return ObserveNumber(shape, learn);
      case types::JsonKind::kString:
        return ObserveString(shape, learn);
      case types::JsonKind::kArray:
      case types::JsonKind::kObject:
        return ObserveNested(shape, learn, depth, kind);
      default:
        return Found::kSyntax;
    }
  }

 private:
  using Kind = JsonShape::Kind;

  static Found Add(JsonShape& shape, bool learn, Kind kind, types::DecimalShape decimal = {}) {
    if (shape.Covers(kind, decimal)) return Found::kNothing;
    if (learn) shape.AddScalar(kind, decimal);
    return Found::kNew;
  }

  /// A decimal that SQL can hold, or a DOUBLE.
  static Found AddDecimal(JsonShape& shape, bool learn, std::string_view text) {
    std::optional<types::DecimalShape> decimal = types::ParseDecimalShape(text);
    if (!decimal) return Add(shape, learn, Kind::kDouble);
    if (decimal->scale < 0) {
      decimal->precision -= decimal->scale;
      decimal->scale = 0;
    }
    decimal->precision = std::max(decimal->precision, decimal->scale);
    if (decimal->precision > 38) return Add(shape, learn, Kind::kDouble);
    return Add(shape, learn, Kind::kDecimal, *decimal);
  }

  Found ObserveNumber(JsonShape& shape, bool learn) {
    types::JsonNumber number;
    if (!cursor_.ReadNumber(number)) return Found::kSyntax;
    if (options_.primitives_as_string) return Add(shape, learn, Kind::kString);
    if (number.is_word) return Add(shape, learn, Kind::kDouble);
    if (number.AsLong()) return Add(shape, learn, Kind::kLong);
    if (number.is_integer || options_.prefers_decimal) {
      return AddDecimal(shape, learn, number.text);
    }
    return Add(shape, learn, Kind::kDouble);
  }

  Found ObserveString(JsonShape& shape, bool learn) {
    types::JsonString string;
    if (!cursor_.ReadString(string)) return Found::kSyntax;
    const bool plain = string.raw.find('\\') == std::string_view::npos;
    text_.clear();
    if (!plain && !AppendUnescaped(string.raw, cursor_.syntax(), text_)) return Found::kSyntax;
    const std::string_view text = plain ? string.raw : std::string_view(text_);
    if (text.empty()) return Found::kNothing;  // Spark takes it for a null.
    if (options_.prefers_decimal && IsDecimal(text)) return AddDecimal(shape, learn, text);
    const bool is_timestamp =
        options_.infer_timestamp &&
        (options_.timestamp_pattern
             ? options_.timestamp_pattern->ParseTimestamp(text, zone_).has_value()
             : types::ParseTimestamp(text, zone_).has_value());
    return Add(shape, learn, is_timestamp ? Kind::kTimestamp : Kind::kString);
  }

  static bool IsDecimal(std::string_view text) {
    const auto shape = types::ParseDecimalShape(text);
    return shape && shape->precision <= 38 && shape->scale >= 0 && shape->scale <= 38;
  }

  Found ObserveNested(JsonShape& shape, bool learn, int depth, types::JsonKind kind) {
    const Kind wanted = kind == types::JsonKind::kArray ? Kind::kArray : Kind::kObject;
    const bool too_deep = depth >= kMaxInferredDepth;
    const Found self = Add(shape, learn, too_deep ? Kind::kString : wanted);
    if (self == Found::kNew && !learn) return self;
    if (shape.kind() == Kind::kString) return cursor_.Skip() ? self : Found::kSyntax;
    const Found inside = wanted == Kind::kArray ? ObserveArray(shape, learn, depth)
                                                : ObserveObject(shape, learn, depth);
    return inside == Found::kNothing ? self : inside;
  }

  Found ObserveArray(JsonShape& shape, bool learn, int depth) {
    if (!cursor_.BeginArray()) return Found::kSyntax;
    Found found = Found::kNothing;
    for (types::JsonStep step = cursor_.FirstElement(); step != types::JsonStep::kEnd;
         step = cursor_.NextElement()) {
      if (step == types::JsonStep::kError) return Found::kSyntax;
      const Found element = Observe(shape.element(), learn, depth + 1);
      if (element == Found::kSyntax || (element == Found::kNew && !learn)) return element;
      if (element != Found::kNothing) found = element;
    }
    return found;
  }

  Found ObserveObject(JsonShape& shape, bool learn, int depth) {
    if (!cursor_.BeginObject()) return Found::kSyntax;
    Found found = Found::kNothing;
    std::size_t expected = 0;
    types::JsonString key;
    for (types::JsonStep step = cursor_.FirstField(key); step != types::JsonStep::kEnd;
         step = cursor_.NextField(key)) {
      if (step == types::JsonStep::kError) return Found::kSyntax;
      JsonShape::Field* field = nullptr;
      const auto& fields = shape.fields();
      const bool plain = key.raw.find('\\') == std::string_view::npos;
      if (plain && expected < fields.size() && SameName(fields[expected]->name, key.raw))
          [[likely]] {
        field = fields[expected].get();
      } else {
        std::string unescaped;
        if (!plain && !AppendUnescaped(key.raw, cursor_.syntax(), unescaped)) return Found::kSyntax;
        const std::string_view name = plain ? key.raw : std::string_view(unescaped);
        field = shape.Find(name);
        if (field == nullptr) {
          if (!learn) return Found::kNew;
          field = &shape.FindOrAdd(name);
          found = Found::kNew;
        }
      }
      ++expected;
      const Found value = Observe(field->shape, learn, depth + 1);
      if (value == Found::kSyntax || (value == Found::kNew && !learn)) return value;
      if (value != Found::kNothing) found = value;
    }
    return found;
  }

  Cursor& cursor_;
  const JsonOptions& options_;
  const types::TimeZone& zone_;
  std::string text_;
};

}  // namespace inlet::formats
