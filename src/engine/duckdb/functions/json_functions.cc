#include <duckdb/planner/expression/bound_case_expression.hpp>

#include "engine/duckdb/functions/aggregate_internal.h"
#include "engine/duckdb/functions/arrow_rows_internal.h"
#include "engine/duckdb/functions/cache_internal.h"
#include "engine/duckdb/functions/casts_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "engine/duckdb/logical_types.h"
#include "formats/json/json_value_reader.h"
#include "types/variant.h"

// JSON text and VARIANT. Values of nested types pass through Arrow columns, for which the readers
// and writers of formats/json and types/variant are made.
namespace inlet::engine::functions {
namespace {

using formats::JsonPath;
using std::optional;
using std::string;
using std::string_view;
using types::ColumnBuilder;
using types::DataType;
using types::VariantView;

VariantView VariantOf(const Cell& cell) { return {cell.field(0).text(), cell.field(1).text()}; }

/// A type such as `array<int>`, or columns such as `a INT, b STRING`.
DataType SchemaOf(const string& text) {
  if (auto type = types::ParseType(text)) return *type;
  types::StructType columns = ValueOrRaise(types::ParseDdl(text));
  return DataType::Struct(std::move(columns.fields));
}

// ---- JSON text

Bound BindFromJson(ClientContext& context, Arguments& arguments) {
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "from_json", 0);
  const DataType type = SchemaOf(TextOf(context, *arguments.at(1), "from_json"));
  const OptionMap options = OptionsOf(context, arguments, 2);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  ValueOrRaise(formats::JsonValueReader::Create(type, options,
                                                *zone));  // Its errors come before the first row.
  Arguments only;
  only.push_back(std::move(arguments[0]));
  arguments = std::move(only);
  return Built(type, [type, options, zone] {
    auto reader =
        std::shared_ptr(ValueOrRaise(formats::JsonValueReader::Create(type, options, *zone)));
    return [reader](const std::vector<Cells>& columns, idx_t row, ColumnBuilder& out) {
      const Cell text = columns[0][row];
      if (text.is_null()) {
        out.AppendNull();
      } else {
        Check(reader->Append(text.text(), out));
      }
    };
  });
}

Bound BindToJson(ClientContext& context, Arguments& arguments) {
  const OptionMap options = OptionsOf(context, arguments, 1);
  const DataType type = FromDuckDbType(arguments.at(0)->return_type);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  const auto writer = std::shared_ptr<const formats::JsonValueWriter>(
      ValueOrRaise(formats::JsonValueWriter::Create(type, options, *zone)));
  arguments.resize(1);
  return WrittenRows(type, [writer](const arrow::Array& array, std::int64_t at, string& out) {
    Check(writer->Append(array, at, out));
  });
}

optional<string> FromPath(string_view json, string_view path, bool ignore_case) {
  static thread_local CompiledCache<optional<JsonPath>> caches[2];
  const optional<JsonPath>& parsed =
      caches[ignore_case ? 1 : 0].Get(path, [ignore_case](string_view text) {
        optional<JsonPath> fresh = JsonPath::Parse(text);
        if (!fresh || !ignore_case) return fresh;
        for (JsonPath::Step& step : fresh->steps) {
          if (auto* field = std::get_if<JsonPath::Field>(&step)) field->ignore_case = true;
        }
        return fresh;
      });
  return parsed ? formats::GetJsonObject(json, *parsed) : std::nullopt;
}

void AddJson(Registry& registry) {
  registry.Add("spark_get_json_object",
               [](string_view json, string_view path) { return FromPath(json, path, false); });
  // `:` on STRING ignores the case of names, except in quotes.
  registry.Add("spark_json_path_text", [](string_view json, string_view path) {
    return FromPath(json, path, path.find("['") == string_view::npos);
  });
  registry.Add("spark_json_array_length",
               [](string_view json) { return formats::JsonArrayLength(json); });
  registry.Add("spark_json_object_keys", [](string_view json) -> optional<StringList> {
    auto keys = formats::JsonObjectKeys(json);
    if (!keys) return std::nullopt;
    return StringList(keys->begin(), keys->end());
  });
  registry.AddBound("spark_from_json", BindFromJson);
  registry.AddBound("spark_to_json", BindToJson);
  registry.AddBound("spark_schema_of_json", [](ClientContext& context, Arguments& arguments) {
    const string json = TextOf(context, *arguments.at(0), "schema_of_json");
    return Replace(Constant(duckdb::Value(
        ValueOrRaise(formats::SchemaOfJson(json, OptionsOf(context, arguments, 1))))));
  });
}

// ---- VARIANT

void AppendVariant(const types::Variant& variant, ColumnBuilder& out) {
  out.AppendVariant(variant.metadata, variant.value);
}

Bound BindParseJson(ClientContext& context, Arguments& arguments, bool is_try) {
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "parse_json", 0);
  return Built(types::TypeId::kVariant, [is_try] {
    return [is_try](const std::vector<Cells>& columns, idx_t row, ColumnBuilder& out) {
      const Cell text = columns[0][row];
      if (text.is_null()) return out.AppendNull();
      const Result<types::Variant> variant = types::ParseJson(text.text());
      if (variant) return AppendVariant(*variant, out);
      if (!is_try) Raise(variant.error());
      out.AppendNull();
    };
  });
}

/// Appends `variant` as out.type(); what does not fit raises, or is NULL under try.
void AppendAs(VariantView variant, const types::TimeZone& zone, bool is_try, ColumnBuilder& out) {
  if (out.id() == types::TypeId::kVariant)
    return out.AppendVariant(variant.metadata, variant.value);
  if (ValueOrRaise(types::CastTo(variant, zone, out))) return;
  if (is_try) return out.AppendNull();
  string text;
  Check(types::AppendJson(variant, zone, text));
  Raise(Condition::INVALID_VARIANT_CAST,
        {{"value", std::move(text)}, {"dataType", types::ToSql(out.type())}});
}

Bound BindVariantGet(ClientContext& context, Arguments& arguments, bool is_try) {
  if (!IsVariant(arguments.at(0)->return_type))
    arguments[0] = CastTo(context, std::move(arguments[0]), VariantType());
  // The path is mostly a constant; else it is read again where it changes.
  const bool is_fixed = ConstantOf(context, *arguments.at(1)).has_value();
  const auto fixed_path =
      is_fixed ? std::make_shared<types::VariantPath>(ValueOrRaise(
                     types::VariantPath::Parse(TextOf(context, *arguments[1], "variant_get"))))
               : nullptr;
  const DataType type =
      arguments.size() > 2
          ? ValueOrRaise(types::ParseType(TextOf(context, *arguments[2], "variant_get")))
          : DataType(types::TypeId::kVariant);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  Arguments only;
  only.push_back(std::move(arguments[0]));
  if (!is_fixed) {
    CoerceTo(context, arguments[1], LogicalType::VARCHAR, "variant_get", 1);
    only.push_back(std::move(arguments[1]));
  }
  arguments = std::move(only);
  return Built(type, [fixed_path, zone, is_try] {
    return [fixed_path, zone, is_try, path = fixed_path, text = std::string()](
               const std::vector<Cells>& columns, idx_t row, ColumnBuilder& out) mutable {
      const Cell cell = columns[0][row];
      if (cell.is_null()) return out.AppendNull();
      if (!fixed_path) {
        if (columns[1][row].is_null()) return out.AppendNull();
        if (!path || text != columns[1][row].text()) {
          text = columns[1][row].text();
          path =
              std::make_shared<types::VariantPath>(ValueOrRaise(types::VariantPath::Parse(text)));
        }
      }
      const auto node = ValueOrRaise(types::Find(VariantOf(cell), *path));
      if (!node) return out.AppendNull();
      AppendAs(node->view(), *zone, is_try, out);
    };
  });
}

Bound BindIsVariantNull(ClientContext&, Arguments& arguments) {
  if (!IsVariant(arguments.at(0)->return_type))
    return Replace(Constant(duckdb::Value::BOOLEAN(false)));
  return {.type = LogicalType::BOOLEAN,
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells cells(chunk.data[0], chunk.size());
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            for (idx_t row = 0; row < chunk.size(); ++row) {
              const Cell cell = cells[row];
              duckdb::FlatVector::GetData<bool>(result)[row] =
                  !cell.is_null() &&
                  ValueOrRaise(types::VariantNode::Root(VariantOf(cell))).kind() ==
                      types::VariantKind::kNull;
            }
          }};
}

/// Whether all of it can be read; NULL stays NULL.
Bound BindIsValidVariant(ClientContext& context, Arguments& arguments) {
  arguments.at(0) = CastTo(context, std::move(arguments[0]), VariantType());
  return {.type = LogicalType::BOOLEAN,
          .execute = [](DataChunk& chunk, ExpressionState&, Vector& result) {
            const Cells cells(chunk.data[0], chunk.size());
            result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
            std::string text;
            for (idx_t row = 0; row < chunk.size(); ++row) {
              const Cell cell = cells[row];
              if (cell.is_null()) {
                duckdb::FlatVector::SetNull(result, row, true);
                continue;
              }
              text.clear();
              duckdb::FlatVector::GetData<bool>(result)[row] =
                  types::AppendJson(VariantOf(cell), types::TimeZone::Utc(), text).has_value();
            }
          }};
}

Bound BindSchemaOfVariant(ClientContext& context, Arguments& arguments) {
  arguments.at(0) = CastTo(context, std::move(arguments[0]), VariantType());
  return Built(types::TypeId::kString, [] {
    return [](const std::vector<Cells>& columns, idx_t row, ColumnBuilder& out) {
      const Cell cell = columns[0][row];
      if (cell.is_null()) return out.AppendNull();
      out.AppendBytes(ValueOrRaise(types::SchemaOfVariant(VariantOf(cell))));
    };
  });
}

struct SchemaOfVariants {
  struct Data {
    bool operator==(const Data&) const = default;
  };
  struct State {
    types::VariantSchemaMerger merger;
  };
  static constexpr bool kSkipsNulls = true;
  static void Update(State& state, const Data&, const RowCells& row) {
    Check(state.merger.Add(VariantOf(row[0])));
  }
  static void Combine(State& target, const State& source, const Data&) {
    target.merger.Merge(source.merger);
  }
  static void Finish(State& state, const Data&, Vector& result, idx_t row) {
    SetBytes(result, row, state.merger.ToString());
  }
};

duckdb::unique_ptr<duckdb::FunctionData> BindSchemaOfVariants(ClientContext& context,
                                                              duckdb::AggregateFunction& function,
                                                              Arguments& arguments) {
  arguments[0] = CastTo(context, std::move(arguments[0]), VariantType());
  return Become<SchemaOfVariants>(function, arguments, LogicalType::VARCHAR);
}

/// What variant_explode() gives rows of: the elements of an array, the fields of an object.
Bound BindVariantEntries(ClientContext& context, Arguments& arguments) {
  arguments.at(0) = CastTo(context, std::move(arguments[0]), VariantType());
  const DataType entry =
      DataType::Struct({{.name = "pos", .type = types::TypeId::kInteger, .nullable = false},
                        {.name = "key", .type = types::TypeId::kString},
                        {.name = "value", .type = types::TypeId::kVariant, .nullable = false}});
  return Built(DataType::Array(entry), [] {
    return [](const std::vector<Cells>& columns, idx_t row, ColumnBuilder& out) {
      const Cell cell = columns[0][row];
      if (cell.is_null()) return out.AppendNull();
      const auto node = ValueOrRaise(types::VariantNode::Root(VariantOf(cell)));
      const bool is_object = node.kind() == types::VariantKind::kObject;
      const bool has_entries = is_object || node.kind() == types::VariantKind::kArray;
      ColumnBuilder& entries = out.child(0);
      for (std::uint32_t i = 0; has_entries && i < node.size(); ++i) {
        entries.child(0).AppendInteger(static_cast<std::int32_t>(i));
        if (is_object) {
          entries.child(1).AppendBytes(ValueOrRaise(node.KeyAt(i)));
        } else {
          entries.child(1).AppendNull();
        }
        const VariantView value = ValueOrRaise(node.ChildAt(i)).view();
        entries.child(2).AppendVariant(value.metadata, value.value);
        entries.CloseNested();
      }
      out.CloseNested();
    };
  });
}

void AddVariant(Registry& registry) {
  for (const bool is_try : {false, true}) {
    registry.AddBound(is_try ? "spark_try_parse_json" : "spark_parse_json",
                      [is_try](ClientContext& context, Arguments& arguments) {
                        return BindParseJson(context, arguments, is_try);
                      });
    registry.AddBound(is_try ? "spark_try_variant_get" : "spark_variant_get",
                      [is_try](ClientContext& context, Arguments& arguments) {
                        return BindVariantGet(context, arguments, is_try);
                      });
    registry.AddBound(is_try ? "spark_try_variant_as" : "spark_variant_as",
                      [is_try](ClientContext& context, Arguments& arguments) {
                        const DataType type = ValueOrRaise(
                            types::ParseType(TextOf(context, *arguments.at(1), "cast")));
                        const types::TimeZone* zone = &ZoneOf(SessionOf(context));
                        return Built(type, [zone, is_try] {
                          return [zone, is_try](const std::vector<Cells>& columns, idx_t row,
                                                ColumnBuilder& out) {
                            const Cell cell = columns[0][row];
                            if (cell.is_null()) return out.AppendNull();
                            AppendAs(VariantOf(cell), *zone, is_try, out);
                          };
                        });
                      });
  }
  registry.AddBound("spark_to_variant", [](ClientContext&, Arguments& arguments) {
    const DataType type = FromDuckDbType(arguments.at(0)->return_type);
    return Bound{.type = VariantType(),
                 .execute = [type](DataChunk& chunk, ExpressionState&, Vector& result) {
                   ColumnBuilder builder(types::TypeId::kVariant);
                   types::VariantBuilder variant;
                   ForEachArrowRow(chunk.data[0], chunk.size(), type,
                                   [&](const arrow::Array& array, std::int64_t at, idx_t) {
                                     if (array.IsNull(at)) return builder.AppendNull();
                                     Check(types::AppendCellAsVariant(array, at, type, variant));
                                     Check(variant.FinishTo(builder));
                                   });
                   const auto array = ValueOrRaise(builder.Finish());
                   ShowArrowArray(array->data(), 0, array->length(), result);
                 }};
  });
  registry.AddBound("spark_variant_entries", BindVariantEntries);
  registry.AddBound("spark_is_variant_null", BindIsVariantNull);
  registry.AddBound("spark_is_valid_variant", BindIsValidVariant);
  registry.AddBound("spark_schema_of_variant", BindSchemaOfVariant);
  registry.AddAggregate(AggregateOf("spark_schema_of_variant_agg", 1, 1, BindSchemaOfVariants));
  registry.AddBound("spark_json_path", [](ClientContext& context, Arguments& arguments) {
    const bool is_variant = IsVariant(arguments.at(0)->return_type);
    return Replace(Call(context, is_variant ? "spark_variant_get" : "spark_json_path_text",
                        Args(Take(arguments[0]), Take(arguments.at(1)))));
  });
}

}  // namespace

ExpressionPtr CastVariant(ClientContext& context, ExpressionPtr argument, const LogicalType& target,
                          CastMode mode) {
  if (IsVariant(target)) return Call(context, "spark_to_variant", Args(std::move(argument)));
  ExpressionPtr type = Constant(duckdb::Value(types::ToSql(FromDuckDbType(target))));
  return Call(context, mode == CastMode::kTry ? "spark_try_variant_as" : "spark_variant_as",
              Args(std::move(argument), std::move(type)));
}

void AddJsonFunctions(Registry& registry) {
  AddJson(registry);
  AddVariant(registry);
}

}  // namespace inlet::engine::functions
