#include <algorithm>
#include <cmath>

#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "types/text_cast.h"

// java_method(), reflect() and try_reflect(). There is no Java here: the few methods that people
// call so are written out.
namespace inlet::engine::functions {
namespace {

std::optional<std::string> CanonicalUuid(std::string_view text) {
  constexpr std::size_t kLengths[] = {8, 4, 4, 4, 12};
  std::string canonical;
  for (const std::size_t length : kLengths) {
    const std::size_t end = std::min(text.find('-'), text.size());
    const std::string_view part = text.substr(0, end);
    const bool is_hex = part.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    if (part.empty() || part.size() > length || !is_hex) return std::nullopt;
    if (!canonical.empty()) canonical += '-';
    canonical.append(length - part.size(), '0');
    for (const char c : part) canonical += static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return text.empty() ? std::optional(canonical) : std::nullopt;
}

/// The method's result as text; nothing when it throws.
std::optional<std::string> CallMethod(std::string_view method,
                                      const std::vector<std::string>& texts) {
  if (method == "java.util.UUID.fromString" && texts.size() == 1) return CanonicalUuid(texts[0]);
  constexpr std::pair<std::string_view, double (*)(double)> kReal[] = {
      {"java.lang.Math.sqrt", std::sqrt},   {"java.lang.Math.ceil", std::ceil},
      {"java.lang.Math.floor", std::floor}, {"java.lang.Math.cbrt", std::cbrt},
      {"java.lang.Math.log", std::log},     {"java.lang.Math.log10", std::log10},
      {"java.lang.Math.sin", std::sin},     {"java.lang.Math.cos", std::cos},
      {"java.lang.Math.tan", std::tan}};
  for (const auto& [name, function] : kReal) {
    if (method != name || texts.size() != 1) continue;
    const auto value = types::ParseDouble(texts[0]);
    if (!value) return std::nullopt;
    std::string text;
    types::AppendDouble(function(*value), text);
    return text;
  }
  if (method == "java.lang.Math.abs" && texts.size() == 1) {
    const std::string& text = texts[0];
    return text.starts_with('-') ? text.substr(1) : text;
  }
  return std::nullopt;
}

bool IsKnown(std::string_view method) {
  constexpr std::string_view kKnown[] = {
      "java.util.UUID.fromString", "java.lang.Math.sqrt", "java.lang.Math.ceil",
      "java.lang.Math.floor",      "java.lang.Math.cbrt", "java.lang.Math.log",
      "java.lang.Math.log10",      "java.lang.Math.sin",  "java.lang.Math.cos",
      "java.lang.Math.tan",        "java.lang.Math.abs"};
  return std::ranges::find(kKnown, method) != std::end(kKnown);
}

Bound BindReflect(ClientContext& context, Arguments& arguments, bool is_try) {
  std::string method;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto name = ConstantOf(context, *arguments.at(i));
    if (!name || name->IsNull() || name->type().id() != LogicalTypeId::VARCHAR) {
      Raise(Condition::DATATYPE_MISMATCH,
            {{"sqlExpr", "reflect"}, {"message", "class and method must be constant texts"}});
    }
    method += (i > 0 ? "." : "") + name->ToString();
  }
  if (!IsKnown(method)) {
    if (is_try) return Replace(Constant(duckdb::Value(LogicalType::VARCHAR)));
    Raise(FailUnsupported("the Java method " + method).error());
  }
  const types::TimeZone* zone = &types::TimeZone::Utc();
  return {.type = LogicalType::VARCHAR,
          .execute = [=](DataChunk& chunk, ExpressionState&, Vector& result) {
            std::vector<Cells> columns;
            for (Vector& column : chunk.data) columns.emplace_back(column, chunk.size());
            const bool constant = chunk.AllConstant();
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < (constant ? 1 : chunk.size()); ++row) {
              std::vector<std::string> texts;
              for (std::size_t i = 2; i < columns.size(); ++i) {
                AppendText(columns[i][row], *zone, texts.emplace_back());
              }
              const auto text = CallMethod(method, texts);
              if (text) {
                duckdb::FlatVector::GetData<duckdb::string_t>(result)[row] =
                    duckdb::StringVector::AddString(result, *text);
              } else if (is_try) {
                duckdb::FlatVector::SetNull(result, row, true);
              } else {
                Raise(Condition::INVALID_PARAMETER_VALUE,
                      {{"parameter", "arg"},
                       {"functionName", "`reflect`"},
                       {"message", method + " does not take these values"}});
              }
            }
            if (constant) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
          }};
}

}  // namespace

void AddReflectionFunctions(Registry& registry) {
  for (const bool is_try : {false, true}) {
    registry.AddBound(is_try ? "spark_try_reflect" : "spark_reflect",
                      [is_try](ClientContext& context, Arguments& arguments) {
                        return BindReflect(context, arguments, is_try);
                      });
  }
}

}  // namespace inlet::engine::functions
