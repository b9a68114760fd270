#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "formats/avro/avro_schema_internal.h"

namespace inlet::formats::avro_internal {
namespace {

using Json = nlohmann::ordered_json;
using types::DataType;
using types::StructField;
using types::TypeId;

constexpr int kMaxDepth = 200;
constexpr std::size_t kMaxFixedBytes = 64 << 20;

/// What a reader needs to know of a type to make a column of it.
struct TypedField {
  DataType type;
  bool nullable = false;
};

TypedField TypeOf(const AvroSchema& schema) {
  const bool nullable = schema.kind == AvroKind::kNull ||
                        (schema.kind == AvroKind::kUnion && schema.null_branch.has_value());
  return {schema.type, nullable};
}

class Parser {
 public:
  explicit Parser(const std::string& path) : path_(path) {}

  Result<AvroSchemaPtr> Parse(const Json& json, const std::string& space, int depth) {
    if (depth > kMaxDepth) {
      return Fail(Condition::INLET_RESOURCE_LIMIT,
                  {{"message", "The Avro schema of " + path_ + " is nested too deeply"},
                   {"limit", std::to_string(kMaxDepth) + " levels"}});
    }
    if (json.is_string()) return Named(json.get<std::string>(), space);
    if (json.is_array()) return Union(json, space, depth);
    if (!json.is_object()) return Bad("a type is neither text, object nor list");
    const auto type = json.find("type");
    if (type == json.end()) return Bad("a type has no \"type\"");
    if (!type->is_string()) return Parse(*type, space, depth + 1);
    const std::string kind = type->get<std::string>();
    if (kind == "record" || kind == "error") return Record(json, space, depth);
    if (kind == "enum") return Enum(json, space);
    if (kind == "array") return Container(json, AvroKind::kArray, "items", space, depth);
    if (kind == "map") return Container(json, AvroKind::kMap, "values", space, depth);
    if (kind == "fixed") return Fixed(json, space);
    const AvroSchemaPtr named = TRY(Named(kind, space));
    return WithLogicalType(*named, json);
  }

 private:
  std::unexpected<Error> Bad(const std::string& message) const {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", path_}, {"message", "its Avro schema is not right: " + message}});
  }

  static std::string Text(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  }

  Result<AvroSchemaPtr> Named(const std::string& name, const std::string& space) const {
    struct Primitive {
      std::string_view name;
      AvroKind kind;
      TypeId type;
      std::uint64_t min_bytes;
    };
    static constexpr Primitive kPrimitives[] = {
        {"null", AvroKind::kNull, TypeId::kVoid, 0},
        {"boolean", AvroKind::kBoolean, TypeId::kBoolean, 1},
        {"int", AvroKind::kInt, TypeId::kInteger, 1},
        {"long", AvroKind::kLong, TypeId::kLong, 1},
        {"float", AvroKind::kFloat, TypeId::kFloat, 4},
        {"double", AvroKind::kDouble, TypeId::kDouble, 8},
        {"bytes", AvroKind::kBytes, TypeId::kBinary, 1},
        {"string", AvroKind::kString, TypeId::kString, 1},
    };
    for (const Primitive& primitive : kPrimitives) {
      if (primitive.name != name) continue;
      return std::make_shared<AvroSchema>(AvroSchema{
          .kind = primitive.kind, .type = primitive.type, .min_bytes = primitive.min_bytes});
    }
    const std::string full = name.contains('.') || space.empty() ? name : space + "." + name;
    for (const std::string& candidate : {full, name}) {
      if (open_.contains(candidate)) {
        return Fail(Condition::RECURSIVE_AVRO_SCHEMA, {{"path", path_}, {"field", candidate}});
      }
      if (const auto found = named_.find(candidate); found != named_.end()) return found->second;
    }
    return Bad("unknown type " + name);
  }

  /// The full name of a definition and, in `space`, the namespace of what is inside.
  std::string FullName(const Json& json, std::string& space) const {
    std::string name = Text(json, "name");
    if (const std::string own = Text(json, "namespace"); !own.empty()) space = own;
    const std::size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
      space = name.substr(0, dot);
      return name;
    }
    return space.empty() ? name : space + "." + name;
  }

  static std::uint64_t Sum(std::uint64_t left, std::uint64_t right) {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
    return std::min(left + std::min(right, kMost), kMost);
  }

  Result<AvroSchemaPtr> Define(const std::string& name, AvroSchema schema) {
    auto shared = std::make_shared<const AvroSchema>(std::move(schema));
    if (!name.empty()) named_[name] = shared;
    return shared;
  }

  Result<AvroSchemaPtr> Record(const Json& json, std::string space, int depth) {
    const std::string name = FullName(json, space);
    const auto fields = json.find("fields");
    if (fields == json.end() || !fields->is_array()) return Bad("a record has no fields");
    AvroSchema schema{.kind = AvroKind::kRecord, .num_leaves = 0};
    std::vector<StructField> columns;
    open_.insert(name);
    for (const Json& field : *fields) {
      if (!field.is_object() || !field.contains("type")) return Bad("a field has no type");
      AvroSchemaPtr type = TRY(Parse(field["type"], space, depth + 1));
      // Some writers put the logical type of a primitive beside it.
      if (field["type"].is_string() && field.contains("logicalType")) {
        type = TRY(WithLogicalType(*type, field));
      }
      const TypedField typed = TypeOf(*type);
      columns.push_back(
          {.name = Text(field, "name"), .type = typed.type, .nullable = typed.nullable});
      schema.num_leaves = Sum(schema.num_leaves, type->num_leaves);
      schema.min_bytes = Sum(schema.min_bytes, type->min_bytes);
      schema.fields.push_back(
          {.name = Text(field, "name"),
           .schema = std::move(type),
           .has_default = field.contains("default") && !field["default"].is_null()});
      if (schema.num_leaves > kMaxLeaves) return Bad("there are too many fields");
    }
    open_.erase(name);
    schema.type = DataType::Struct(std::move(columns));
    return Define(name, std::move(schema));
  }

  Result<AvroSchemaPtr> Enum(const Json& json, std::string space) {
    const std::string name = FullName(json, space);
    AvroSchema schema{.kind = AvroKind::kEnum, .type = TypeId::kString, .min_bytes = 1};
    const auto symbols = json.find("symbols");
    if (symbols == json.end() || !symbols->is_array()) return Bad("an enum has no symbols");
    for (const Json& symbol : *symbols) {
      if (!symbol.is_string()) return Bad("a symbol of an enum is not text");
      schema.symbols.push_back(symbol.get<std::string>());
    }
    return Define(name, std::move(schema));
  }

  Result<AvroSchemaPtr> Fixed(const Json& json, std::string space) {
    const std::string name = FullName(json, space);
    const auto size = json.find("size");
    if (size == json.end() || !size->is_number_unsigned() ||
        size->get<std::uint64_t>() > kMaxFixedBytes) {
      return Bad("a fixed type has no size that can be");
    }
    AvroSchema schema{.kind = AvroKind::kFixed,
                      .fixed_bytes = size->get<std::size_t>(),
                      .type = TypeId::kBinary,
                      .min_bytes = size->get<std::uint64_t>()};
    return Define(name, *TRY(WithLogicalType(schema, json)));
  }

  Result<AvroSchemaPtr> Container(const Json& json, AvroKind kind, const char* key,
                                  const std::string& space, int depth) {
    if (!json.contains(key)) return Bad(std::string("a type lacks \"") + key + "\"");
    AvroSchema schema{.kind = kind, .items = TRY(Parse(json[key], space, depth + 1))};
    schema.num_leaves = schema.items->num_leaves + 1;
    schema.min_bytes = 1;
    const TypedField item = TypeOf(*schema.items);
    schema.type = kind == AvroKind::kArray
                      ? DataType::Array(item.type, item.nullable)
                      : DataType::Map(TypeId::kString, item.type, item.nullable);
    return std::make_shared<const AvroSchema>(std::move(schema));
  }

  Result<AvroSchemaPtr> Union(const Json& json, const std::string& space, int depth) {
    AvroSchema schema{.kind = AvroKind::kUnion, .num_leaves = 0, .min_bytes = 1};
    std::vector<const AvroSchema*> others;
    for (const Json& branch : json) {
      AvroSchemaPtr parsed = TRY(Parse(branch, space, depth + 1));
      if (parsed->kind == AvroKind::kUnion) return Bad("a union is directly inside of another");
      if (parsed->kind == AvroKind::kNull) {
        schema.null_branch = schema.branches.size();
      } else {
        others.push_back(parsed.get());
        schema.num_leaves = Sum(schema.num_leaves, parsed->num_leaves);
        if (schema.num_leaves > kMaxLeaves) return Bad("there are too many fields");
      }
      schema.branches.push_back(std::move(parsed));
    }
    if (schema.branches.empty()) return Bad("a union is empty");
    schema.type = UnionType(others, schema.is_member_struct);
    return std::make_shared<const AvroSchema>(std::move(schema));
  }

  static DataType UnionType(const std::vector<const AvroSchema*>& others, bool& is_struct) {
    if (others.empty()) return TypeId::kVoid;
    if (others.size() == 1) return others[0]->type;
    const auto all_of = [&](TypeId one, TypeId other) {
      return std::ranges::all_of(others, [&](const AvroSchema* branch) {
        return branch->type.is(one) || branch->type.is(other);
      });
    };
    if (all_of(TypeId::kInteger, TypeId::kLong)) return TypeId::kLong;
    if (all_of(TypeId::kFloat, TypeId::kDouble)) return TypeId::kDouble;
    is_struct = true;
    std::vector<StructField> members;
    for (std::size_t i = 0; i < others.size(); ++i) {
      members.push_back({.name = "member" + std::to_string(i), .type = others[i]->type});
    }
    return DataType::Struct(std::move(members));
  }

  /// An unknown logical type, or one that does not fit, is ignored, as the specification asks.
  Result<AvroSchemaPtr> WithLogicalType(const AvroSchema& plain, const Json& json) const {
    auto schema = std::make_shared<AvroSchema>(plain);
    const std::string logical = Text(json, "logicalType");
    using Unit = AvroSchema::Unit;
    if (logical == "date" && plain.kind == AvroKind::kInt) schema->type = TypeId::kDate;
    if (plain.kind == AvroKind::kLong) {
      const bool local = logical.starts_with("local-timestamp-");
      const bool instant = logical.starts_with("timestamp-");
      const std::string_view unit =
          local ? std::string_view(logical).substr(16)
                : std::string_view(logical).substr(instant ? 10 : logical.size());
      schema->unit = unit == "millis"   ? Unit::kMillis
                     : unit == "micros" ? Unit::kMicros
                     : unit == "nanos"  ? Unit::kNanos
                                        : Unit::kPlain;
      if (schema->unit != Unit::kPlain) {
        schema->type = local ? TypeId::kTimestampNtz : TypeId::kTimestamp;
      }
    }
    if (logical == "decimal" &&
        (plain.kind == AvroKind::kBytes || plain.kind == AvroKind::kFixed)) {
      const std::int64_t precision = Number(json, "precision");
      const std::int64_t scale = Number(json, "scale");
      if (precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision) {
        schema->type = DataType::Decimal(static_cast<int>(precision), static_cast<int>(scale));
      }
    }
    return schema;
  }

  static std::int64_t Number(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  }

  static constexpr std::uint64_t kMaxLeaves = 100'000;

  const std::string& path_;
  std::map<std::string, AvroSchemaPtr> named_;
  std::set<std::string> open_;  // Records whose fields are being parsed.
};

}  // namespace

Result<AvroSchemaPtr> ParseAvroSchema(std::string_view json, const std::string& path) {
  // Depth is bounded before the JSON library recurses.
  int depth = 0;
  int deepest = 0;
  for (const char c : json) {
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
  }
  if (deepest > 8 * kMaxDepth) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "The Avro schema of " + path + " is nested too deeply"},
                 {"limit", std::to_string(kMaxDepth) + " levels"}});
  }
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return Fail(Condition::INLET_CORRUPT_FILE,
                {{"path", path}, {"message", "its Avro schema is not JSON"}});
  }
  return Parser(path).Parse(parsed, "", 0);
}

}  // namespace inlet::formats::avro_internal
