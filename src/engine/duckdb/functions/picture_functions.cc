#include "engine/duckdb/functions/cache_internal.h"
#include "engine/duckdb/functions/cell_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/logical_types.h"
#include "types/number_picture.h"
#include "types/text_cast.h"

// to_char() and to_number(): numbers by a picture such as 99,999.99.
namespace inlet::engine::functions {
namespace {

using std::string;
using std::string_view;
using types::NumberPicture;

const NumberPicture& PictureOf(string_view text) {
  static thread_local CompiledCache<NumberPicture> cache;
  return cache.Get(text,
                   [](string_view picture) { return ValueOrRaise(NumberPicture::Parse(picture)); });
}

/// The constant text of a format; nothing for NULL.
std::optional<string> FormatOf(ClientContext& context, ExpressionPtr& argument,
                               string_view function) {
  CoerceTo(context, argument, LogicalType::VARCHAR, function, 1);
  const auto value = ConstantOf(context, *argument);
  if (!value) {
    Raise(Condition::DATATYPE_MISMATCH,
          {{"sqlExpr", string(function)}, {"message", "the format must be a constant text"}});
  }
  if (value->IsNull()) return std::nullopt;
  return duckdb::StringValue::Get(*value);
}

/// As many digits as Spark's DecimalType.forType() gives a type that is not exact.
LogicalType ExactType(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::FLOAT:
      return LogicalType::DECIMAL(14, 7);
    case LogicalTypeId::DOUBLE:
      return LogicalType::DECIMAL(30, 15);
    case LogicalTypeId::VARCHAR:
      return LogicalType::DECIMAL(38, 18);
    default:
      return type;
  }
}

Bound BindBinaryToChar(ClientContext& context, Arguments& arguments, const string& format) {
  string lower = format;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "hex") return Replace(Call(context, "spark_hex", Args(Take(arguments[0]))));
  if (lower == "base64") return Replace(Call(context, "spark_base64", Args(Take(arguments[0]))));
  if (lower == "utf-8") {
    return Replace(
        Call(context, "spark_decode_bytes", Args(Take(arguments[0]), Take(arguments[1]))));
  }
  Raise(Condition::INVALID_PARAMETER_VALUE,
        {{"parameter", "format"},
         {"functionName", "to_char"},
         {"message", "'" + format + "' is none of base64, hex, utf-8"}});
}

Bound BindToChar(ClientContext& context, Arguments& arguments) {
  const LogicalType type = arguments.at(0)->return_type;
  const bool is_moment = type.id() == LogicalTypeId::DATE ||
                         type.id() == LogicalTypeId::TIMESTAMP ||
                         type.id() == LogicalTypeId::TIMESTAMP_TZ;
  if (is_moment) return Replace(Call(context, "spark_date_format", TakeAll(arguments)));
  const auto format = FormatOf(context, arguments.at(1), "to_char");
  if (!format) return Replace(Constant(duckdb::Value(LogicalType::VARCHAR)));
  if (type.id() == LogicalTypeId::BLOB) return BindBinaryToChar(context, arguments, *format);
  PictureOf(*format);  // Its errors come before the first row.
  if (type.IsNested() || type.id() == LogicalTypeId::BOOLEAN) {
    CoerceTo(context, arguments[0], LogicalType::DECIMAL(38, 18), "to_char", 0);
  }
  ExpressionPtr number = CastTo(context, Take(arguments[0]), ExactType(type));
  return Replace(
      Call(context, "spark_to_char_digits",
           Args(CastTo(context, std::move(number), LogicalType::VARCHAR), Take(arguments[1]))));
}

Bound BindToNumber(ClientContext& context, Arguments& arguments, bool is_try) {
  const string name = is_try ? "try_to_number" : "to_number";
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, name, 0);
  const auto format = FormatOf(context, arguments.at(1), name);
  if (!format) return Replace(Constant(duckdb::Value(LogicalType::DECIMAL(38, 0))));
  const auto picture = std::make_shared<const NumberPicture>(PictureOf(*format));
  const types::DataType type = ValueOrRaise(picture->type());
  return {.type = ToDuckDbType(type),
          .execute = [picture, type, is_try](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells texts(chunk.data[0], chunk.size());
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < chunk.size(); ++row) {
              const Cell cell = texts[row];
              const auto digits = cell.is_null() ? std::nullopt : picture->Read(cell.text());
              if (!digits) {
                if (!cell.is_null() && !is_try) {
                  Raise(Condition::INVALID_FORMAT_MISMATCH_INPUT,
                        {{"input", "'" + string(cell.text()) + "'"}, {"format", picture->text()}});
                }
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              const auto value = types::ParseDecimal(*digits, type.precision(), type.scale());
              WriteDecimal(result, row, value.value_or(0));
            }
          }};
}

}  // namespace

void AddPictureFunctions(Registry& registry) {
  registry.Add("spark_to_char_digits", [](string_view digits, string_view picture) {
    return PictureOf(picture).Write(digits);
  });
  registry.AddBound("spark_to_char", BindToChar);
  for (const bool is_try : {false, true}) {
    registry.AddBound(is_try ? "spark_try_to_number" : "spark_to_number",
                      [is_try](ClientContext& context, Arguments& arguments) {
                        return BindToNumber(context, arguments, is_try);
                      });
  }
}

}  // namespace inlet::engine::functions
