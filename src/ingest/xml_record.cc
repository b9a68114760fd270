#include "ingest/xml_record.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "types/json_text.h"

namespace inlet::ingest {
namespace {

/// A value of JSON. Numbers keep their text: a DECIMAL has more digits than a double.
struct Value {
  enum class Kind : std::uint8_t { kNull, kText, kPlain, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;  ///< Unescaped; of numbers and booleans as written.
  std::vector<std::pair<std::string, Value>> members;  ///< Without names in an array.
};

/// Reads what to_json() has written.
class JsonReader {
 public:
  explicit JsonReader(std::string_view json) : rest_(json) {}

  /// False: it is no JSON.
  bool Read(Value& value) {
    if (rest_.empty()) return false;
    if (rest_[0] == '{') return ReadMembers(value, Value::Kind::kObject, '}');
    if (rest_[0] == '[') return ReadMembers(value, Value::Kind::kArray, ']');
    if (rest_[0] == '"') {
      value.kind = Value::Kind::kText;
      return ReadText(value.text);
    }
    const std::size_t end = std::min(rest_.find_first_of(",]}"), rest_.size());
    value.text = rest_.substr(0, end);
    value.kind = value.text == "null" ? Value::Kind::kNull : Value::Kind::kPlain;
    rest_.remove_prefix(end);
    return true;
  }

 private:
  bool Accept(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool ReadText(std::string& text) {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return false;
    auto decoded = types::JsonStringValue(rest_.substr(0, end + 1));
    rest_.remove_prefix(end + 1);
    if (!decoded) return false;
    text = *std::move(decoded);
    return true;
  }

  bool ReadMembers(Value& value, Value::Kind kind, char close) {
    value.kind = kind;
    rest_.remove_prefix(1);
    if (Accept(close)) return true;
    do {
      auto& [name, member] = value.members.emplace_back();
      if (kind == Value::Kind::kObject && !(ReadText(name) && Accept(':'))) return false;
      if (!Read(member)) return false;
    } while (Accept(','));
    return Accept(close);
  }

  std::string_view rest_;
};

constexpr std::size_t kIndent = 4;

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";  // A reader would make a line feed of it.
        break;
      default:
        out += c;
    }
  }
}

/// Letters beyond ASCII are taken as they come.
bool IsName(std::string_view name) {
  const auto is_letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':' ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
  });
}

class Writer {
 public:
  Writer(const XmlRecordOptions& options, std::string& out) : options_(options), out_(out) {}

  Status Element(const std::string& name, const Value& value, std::size_t depth) {
    if (!IsName(name)) {
      return Fail(Condition::INVALID_PARAMETER_VALUE,
                  {{"parameter", "rowTag"},
                   {"functionName", "XML"},
                   {"message", "no element can be called '" + name + "'"}});
    }
    if (value.kind == Value::Kind::kObject) return Object(name, value, depth);
    if (value.kind == Value::Kind::kArray) {
      for (const auto& [unused, item] : value.members) {
        // A list in a list has elements of their own name.
        TRY(item.kind == Value::Kind::kArray ? List(name, item, depth)
                                             : Element(name, item, depth));
      }
      return Ok();
    }
    Indent(depth);
    out_ += "<" + name + ">";
    AppendEscaped(TextOf(value), out_);
    out_ += "</" + name + ">\n";
    return Ok();
  }

 private:
  Status List(const std::string& name, const Value& list, std::size_t depth) {
    Indent(depth);
    out_ += "<" + name + ">\n";
    TRY(Element(options_.array_element_name, list, depth + 1));
    Indent(depth);
    out_ += "</" + name + ">\n";
    return Ok();
  }

  Status Object(const std::string& name, const Value& object, std::size_t depth) {
    Indent(depth);
    out_ += "<" + name;
    for (const auto& [key, value] : object.members) {
      if (!IsAttribute(key, value)) continue;
      out_ += " " + key.substr(options_.attribute_prefix.size()) + "=\"";
      AppendEscaped(TextOf(value), out_);
      out_ += "\"";
    }
    out_ += ">";
    bool has_elements = false;
    for (const auto& [key, value] : object.members) {
      if (key == options_.value_tag) {
        AppendEscaped(TextOf(value), out_);
      } else if (!IsAttribute(key, value)) {
        if (!has_elements) out_ += "\n";
        has_elements = true;
        TRY(Element(key, value, depth + 1));
      }
    }
    if (has_elements) Indent(depth);
    out_ += "</" + name + ">\n";
    return Ok();
  }

  bool IsAttribute(const std::string& key, const Value& value) const {
    const std::string& prefix = options_.attribute_prefix;
    return key != options_.value_tag && !prefix.empty() && key.size() > prefix.size() &&
           key.starts_with(prefix) && value.members.empty();
  }

  static const std::string& TextOf(const Value& value) {
    static const std::string none;
    return value.kind == Value::Kind::kNull ? none : value.text;
  }
  void Indent(std::size_t depth) { out_.append(depth * kIndent, ' '); }

  const XmlRecordOptions& options_;
  std::string& out_;
};

}  // namespace

Status AppendXmlRecord(std::string_view json, const XmlRecordOptions& options, std::string& out) {
  Value row;
  if (!JsonReader(json).Read(row)) {
    return Fail(Condition::INTERNAL_ERROR, {{"message", "a row to write is no JSON"}});
  }
  return Writer(options, out).Element(options.row_tag, row, 1);
}

}  // namespace inlet::ingest
