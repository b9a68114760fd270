#include "ingest/schema_hints.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/option_map.h"

namespace inlet::ingest {
namespace {

using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

struct Hint {
  std::vector<std::string> path;
  std::string definition;  ///< Type and what follows it, as DDL.
};

std::unexpected<Error> Bad(std::string_view hints, std::string message) {
  return Fail(Condition::CF_INVALID_SCHEMA_HINTS_OPTION,
              {{"schemaHints", std::string(hints)}, {"message", std::move(message)}});
}

/// Splits at commas that stand outside of <>, (), back-ticks and quotes.
std::vector<std::string_view> SplitHints(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  char quote = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '`' || c == '\'' || c == '"') {
      quote = c;
    } else if (c == '<' || c == '(') {
      ++depth;
    } else if (c == '>' || c == ')') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// `a.b.element INT` into path and definition.
std::optional<Hint> ParseHint(std::string_view text) {
  Hint hint;
  std::size_t i = text.find_first_not_of(" \t\r\n");
  while (i < text.size()) {
    std::string name;
    if (text[i] == '`') {
      for (++i; i < text.size(); ++i) {
        if (text[i] == '`') {
          if (i + 1 >= text.size() || text[i + 1] != '`') break;
          ++i;
        }
        name += text[i];
      }
      ++i;
    } else {
      while (i < text.size() && text[i] != '.' && text[i] != ' ' && text[i] != '\t' &&
             text[i] != '\n') {
        name += text[i++];
      }
    }
    if (name.empty()) return std::nullopt;
    hint.path.push_back(std::move(name));
    if (i >= text.size() || text[i] != '.') break;
    ++i;
  }
  if (hint.path.empty() || i >= text.size()) return std::nullopt;
  hint.definition = text.substr(i);
  return hint;
}

/// `type` with the field at path[depth...] replaced.
Result<DataType> WithHint(const DataType& type, const Hint& hint, std::size_t depth,
                          const StructField& replacement) {
  if (depth == hint.path.size()) return replacement.type;
  std::vector<StructField> fields = type.fields();
  const std::string& name = hint.path[depth];
  auto found = std::find_if(fields.begin(), fields.end(), [&](const StructField& field) {
    return EqualsIgnoreCase(field.name, name);
  });
  if (found == fields.end()) {
    if (!type.is(TypeId::kStruct) || depth + 1 != hint.path.size()) {
      return Fail(Condition::CF_INVALID_SCHEMA_HINT_COLUMN, {{"columnName", name}});
    }
    StructField added = replacement;
    added.name = name;
    fields.push_back(std::move(added));
  } else {
    found->type = TRY(WithHint(found->type, hint, depth + 1, replacement));
  }
  if (type.is(TypeId::kArray)) return DataType::Array(fields[0].type, fields[0].nullable);
  if (type.is(TypeId::kMap))
    return DataType::Map(fields[0].type, fields[1].type, fields[1].nullable);
  return DataType::Struct(std::move(fields));
}

}  // namespace

Result<StructType> ApplySchemaHints(StructType schema, std::string_view hints) {
  if (hints.find_first_not_of(" \t\r\n") == std::string_view::npos) return schema;
  std::set<std::string> seen;
  for (const std::string_view text : SplitHints(hints)) {
    const std::optional<Hint> hint = ParseHint(text);
    if (!hint) return Bad(hints, "'" + std::string(text) + "' is not a column and its type");
    Result<StructType> definition = types::ParseDdl("hint " + hint->definition);
    if (!definition || definition->size() != 1) {
      return Bad(hints, definition ? "a type is missing" : MessageOf(definition.error()));
    }
    std::string key;
    for (const std::string& part : hint->path) key += ToLower(part) + '\0';
    if (!seen.insert(key).second)
      return Bad(hints, "column " + hint->path.back() + " is named twice");
    DataType whole = DataType::Struct(std::move(schema.fields));
    whole = TRY(WithHint(whole, *hint, 0, definition->fields[0]));
    schema.fields = whole.fields();
    if (hint->path.size() == 1) {
      StructField& field = schema.fields[*schema.IndexOf(hint->path[0])];
      field.nullable = definition->fields[0].nullable;
      for (const auto& [name, value] : definition->fields[0].metadata) field.metadata[name] = value;
    }
  }
  return schema;
}

}  // namespace inlet::ingest
