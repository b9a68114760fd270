#include <charconv>

#include "formats/json/json_value_reader.h"
#include "types/json_document.h"
#include "types/json_text.h"
#include "types/text_cast.h"

namespace inlet::formats {
namespace {

using types::JsonKind;
using types::JsonNumber;
using types::JsonStep;
using types::JsonString;

/// What get_json_object and json_tuple relax: Spark's own parser for them.
constexpr types::JsonSyntax kSyntax{.single_quotes = true};

/// How a match is written. Source: Spark's GetJsonObject, whose steps are Hive's.
enum class Style : std::uint8_t { kRaw, kQuoted, kFlatten };

/// The value at the cursor as Jackson copies it: no blanks, numbers of the shortest form. False for
/// broken text.
template <class Cursor>
bool CopyValue(Cursor& cursor, std::string& out, int depth = 0) {
  switch (cursor.Peek()) {
    case JsonKind::kString: {
      JsonString string;
      std::string text;
      if (!cursor.ReadString(string) || !AppendUnescaped(string.raw, kSyntax, text)) return false;
      types::AppendJsonQuoted(text, out);
      return true;
    }
    case JsonKind::kNumber: {
      JsonNumber number;
      if (!cursor.ReadNumber(number)) return false;
      if (number.is_integer) {
        out += number.text;
      } else {
        types::AppendDouble(number.AsDouble(), out);
      }
      return true;
    }
    case JsonKind::kTrue:
    case JsonKind::kFalse:
    case JsonKind::kNull: {
      const JsonKind kind = cursor.Peek();
      if (!cursor.ReadLiteral()) return false;
      out += kind == JsonKind::kTrue ? "true" : kind == JsonKind::kFalse ? "false" : "null";
      return true;
    }
    case JsonKind::kArray: {
      if (!cursor.BeginArray()) return false;
      out += '[';
      bool first = true;
      for (JsonStep step = cursor.FirstElement(); step != JsonStep::kEnd;
           step = cursor.NextElement()) {
        if (step == JsonStep::kError) return false;
        if (!first) out += ',';
        first = false;
        if (!CopyValue(cursor, out, depth + 1)) return false;
      }
      out += ']';
      return true;
    }
    case JsonKind::kObject: {
      if (!cursor.BeginObject()) return false;
      out += '{';
      bool first = true;
      JsonString key;
      for (JsonStep step = cursor.FirstField(key); step != JsonStep::kEnd;
           step = cursor.NextField(key)) {
        std::string name;
        if (step == JsonStep::kError || !AppendUnescaped(key.raw, kSyntax, name)) return false;
        if (!first) out += ',';
        first = false;
        types::AppendJsonQuoted(name, out);
        out += ':';
        if (!CopyValue(cursor, out, depth + 1)) return false;
      }
      out += '}';
      return true;
    }
    default:
      return false;
  }
}

/// Walks along the steps of a path and writes what it finds.
template <class Cursor>
class PathEvaluator {
 public:
  using Steps = std::span<const JsonPath::Step>;

  explicit PathEvaluator(Cursor& cursor) : cursor_(cursor) {}

  bool broken() const { return broken_; }

  /// Whether anything was written. `in_array`: values in `out` need commas between them.
  bool Evaluate(Steps steps, Style style, std::string& out, bool in_array) {
    const JsonKind kind = cursor_.Peek();
    if (steps.empty()) return Write(kind, style, out, in_array);
    const JsonPath::Step& step = steps[0];
    if (kind == JsonKind::kObject && std::holds_alternative<JsonPath::Field>(step)) {
      return EvaluateField(std::get<JsonPath::Field>(step), steps.subspan(1), style, out, in_array);
    }
    if (kind == JsonKind::kArray && std::holds_alternative<JsonPath::AnyElement>(step)) {
      return EvaluateElements(steps.subspan(1), style, out, in_array);
    }
    if (kind == JsonKind::kArray && std::holds_alternative<std::int64_t>(step)) {
      return EvaluateIndex(std::get<std::int64_t>(step), steps.subspan(1), style, out, in_array);
    }
    Skip();
    return false;
  }

 private:
  static bool IsAnyElement(Steps steps) {
    return !steps.empty() && std::holds_alternative<JsonPath::AnyElement>(steps[0]);
  }
  static void Separate(bool in_array, std::string& out) {
    if (in_array && !out.empty() && out.back() != '[') out += ',';
  }
  bool Break() {
    broken_ = true;
    return false;
  }
  void Skip() {
    if (!broken_ && !cursor_.Skip()) broken_ = true;
  }

  bool Write(JsonKind kind, Style style, std::string& out, bool in_array) {
    if (kind == JsonKind::kString && style == Style::kRaw) {
      JsonString string;
      if (!cursor_.ReadString(string) || !AppendUnescaped(string.raw, kSyntax, out)) return Break();
      return true;
    }
    if (kind == JsonKind::kArray && style == Style::kFlatten) {
      return ForElements([&] { return Evaluate({}, style, out, in_array); });
    }
    Separate(in_array, out);
    return CopyValue(cursor_, out) || Break();
  }

  template <class Each>
  bool ForElements(const Each& each) {
    if (!cursor_.BeginArray()) return Break();
    bool any = false;
    for (JsonStep step = cursor_.FirstElement(); step != JsonStep::kEnd;
         step = cursor_.NextElement()) {
      if (step == JsonStep::kError) return Break();
      any |= each();
      if (broken_) return false;
    }
    return any;
  }

  bool EvaluateField(const JsonPath::Field& field, Steps rest, Style style, std::string& out,
                     bool in_array) {
    if (!cursor_.BeginObject()) return Break();
    bool found = false;
    JsonString key;
    for (JsonStep step = cursor_.FirstField(key); step != JsonStep::kEnd;
         step = cursor_.NextField(key)) {
      std::string name;
      if (step == JsonStep::kError || !AppendUnescaped(key.raw, kSyntax, name)) return Break();
      const bool matches =
          field.ignore_case ? EqualsIgnoreCase(name, field.name) : name == field.name;
      if (found || !matches || cursor_.Peek() == JsonKind::kNull) {
        Skip();
      } else {
        found = Evaluate(rest, style, out, in_array);
      }
      if (broken_) return false;
    }
    return found;
  }

  bool EvaluateElements(Steps rest, Style style, std::string& out, bool in_array) {
    if (IsAnyElement(rest)) {
      // Two wildcards in a row do not keep the structure, as in Hive.
      Separate(in_array, out);
      out += '[';
      const bool any =
          ForElements([&] { return Evaluate(rest.subspan(1), Style::kFlatten, out, true); });
      out += ']';
      return any;
    }
    if (style == Style::kQuoted) {
      Separate(in_array, out);
      out += '[';
      const bool any = ForElements([&] { return Evaluate(rest, style, out, true); });
      out += ']';
      return any;
    }
    // One match stands alone, more of them make an array.
    std::string matches = "[";
    int count = 0;
    const Style inner = style == Style::kRaw ? Style::kQuoted : Style::kFlatten;
    ForElements([&] {
      const bool found = Evaluate(rest, inner, matches, true);
      if (found) ++count;
      return found;
    });
    if (count == 0) return false;
    Separate(in_array, out);
    out += count == 1 ? matches.substr(1) : matches + "]";
    return true;
  }

  bool EvaluateIndex(std::int64_t index, Steps rest, Style style, std::string& out, bool in_array) {
    const Style inner = IsAnyElement(rest) ? Style::kQuoted : style;
    std::int64_t next = 0;
    return ForElements([&] {
      if (next++ == index) return Evaluate(rest, inner, out, in_array);
      Skip();
      return false;
    });
  }

  Cursor& cursor_;
  bool broken_ = false;
};

types::JsonDocument& Loaded(std::string_view json) {
  thread_local types::JsonDocument document;
  document.Load(json);
  return document;
}

std::string_view TakeName(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
  const std::string_view name = rest.substr(0, end);
  rest.remove_prefix(end);
  return name;
}

}  // namespace

std::optional<JsonPath> JsonPath::Parse(std::string_view text) {
  if (!text.starts_with('$')) return std::nullopt;
  std::string_view rest = text.substr(1);
  JsonPath path;
  while (!rest.empty()) {
    if (rest[0] == '.') {
      rest.remove_prefix(1);
      const std::string_view name = TakeName(rest);
      if (name.empty()) return std::nullopt;
      if (name == "*") {
        path.steps.emplace_back(AnyField{});
      } else {
        path.steps.emplace_back(Field{.name = std::string(name)});
      }
    } else if (rest.starts_with("['")) {
      const std::size_t end = rest.find("']", 2);
      if (end == std::string_view::npos || end == 2) return std::nullopt;
      const std::string_view name = rest.substr(2, end - 2);
      if (name == "*") {
        path.steps.emplace_back(AnyField{});
      } else {
        path.steps.emplace_back(Field{.name = std::string(name)});
      }
      rest.remove_prefix(end + 2);
    } else if (rest[0] == '[') {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view inside = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
      if (inside == "*") {
        path.steps.emplace_back(AnyElement{});
        continue;
      }
      std::int64_t index = 0;
      const auto [stop, error] =
          std::from_chars(inside.data(), inside.data() + inside.size(), index);
      if (error != std::errc() || stop != inside.data() + inside.size() || index < 0) {
        return std::nullopt;
      }
      path.steps.emplace_back(index);
    } else {
      return std::nullopt;
    }
  }
  return path;
}

std::optional<std::string> GetJsonObject(std::string_view json, const JsonPath& path) {
  std::string found;
  bool any = false;
  const bool sound = Loaded(json).Visit(kSyntax, [&](auto& cursor) {
    found.clear();
    PathEvaluator evaluator(cursor);
    any = evaluator.Evaluate(path.steps, Style::kRaw, found, false);
    return !evaluator.broken();
  });
  if (!sound || !any) return std::nullopt;
  return found;
}

std::optional<std::int32_t> JsonArrayLength(std::string_view json) {
  std::int32_t length = 0;
  const bool sound = Loaded(json).Visit(kSyntax, [&](auto& cursor) {
    length = 0;
    if (cursor.Peek() != JsonKind::kArray || !cursor.BeginArray()) return false;
    for (JsonStep step = cursor.FirstElement(); step != JsonStep::kEnd;
         step = cursor.NextElement()) {
      if (step == JsonStep::kError || !cursor.Skip()) return false;
      ++length;
    }
    return true;
  });
  if (!sound) return std::nullopt;
  return length;
}

std::optional<std::vector<std::string>> JsonObjectKeys(std::string_view json) {
  std::vector<std::string> keys;
  const bool sound = Loaded(json).Visit(kSyntax, [&](auto& cursor) {
    keys.clear();
    if (cursor.Peek() != JsonKind::kObject || !cursor.BeginObject()) return false;
    JsonString key;
    for (JsonStep step = cursor.FirstField(key); step != JsonStep::kEnd;
         step = cursor.NextField(key)) {
      std::string name;
      if (step == JsonStep::kError || !AppendUnescaped(key.raw, kSyntax, name)) return false;
      keys.push_back(std::move(name));
      if (!cursor.Skip()) return false;
    }
    return true;
  });
  if (!sound) return std::nullopt;
  return keys;
}

std::vector<std::optional<std::string>> JsonTuple(std::string_view json,
                                                  std::span<const std::string> keys) {
  std::vector<std::optional<std::string>> values(keys.size());
  const bool sound = Loaded(json).Visit(kSyntax, [&](auto& cursor) {
    values.assign(keys.size(), std::nullopt);
    if (cursor.Peek() != JsonKind::kObject || !cursor.BeginObject()) return false;
    JsonString key;
    for (JsonStep step = cursor.FirstField(key); step != JsonStep::kEnd;
         step = cursor.NextField(key)) {
      std::string name;
      if (step == JsonStep::kError || !AppendUnescaped(key.raw, kSyntax, name)) return false;
      std::string value;
      const JsonKind kind = cursor.Peek();
      if (kind == JsonKind::kString) {
        JsonString string;
        if (!cursor.ReadString(string) || !AppendUnescaped(string.raw, kSyntax, value))
          return false;
      } else if (!CopyValue(cursor, value)) {
        return false;
      }
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] == name && kind != JsonKind::kNull) values[i] = value;
      }
    }
    return true;
  });
  if (!sound) values.assign(keys.size(), std::nullopt);
  return values;
}

}  // namespace inlet::formats
