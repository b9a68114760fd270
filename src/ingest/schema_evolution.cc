#include "ingest/schema_evolution.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/option_map.h"
#include "delta/type_change.h"

namespace inlet::ingest {
namespace {

using types::DataType;
using types::StructField;
using types::StructType;
using types::TypeId;

constexpr const char* kTypeChanges = "delta.typeChanges";

bool IsTime(const DataType& type) {
  return type.is(TypeId::kDate) || type.is(TypeId::kTimestamp) || type.is(TypeId::kTimestampNtz);
}

const StructField* FindField(const std::vector<StructField>& fields, std::string_view name) {
  const auto found = std::ranges::find_if(
      fields, [&](const StructField& field) { return EqualsIgnoreCase(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

bool WidensTo(const DataType& from, const DataType& to, TypeWidening widening) {
  if (widening == TypeWidening::kNone || from == to) return false;
  if (!delta::IsAllowedTypeChange(from, to)) return false;
  if (widening == TypeWidening::kAll) return true;
  return from.id() == to.id() || (from.is_integer() && to.is_integer()) ||
         from.is(TypeId::kFloat) || from.is(TypeId::kDate);
}

/// A type as schema JSON names it.
std::string JsonName(const DataType& type) {
  const nlohmann::json name = nlohmann::json::parse(types::ToJson(type), nullptr, false);
  return name.is_string() ? name.get<std::string>() : types::ToString(type);
}

class Merger {
 public:
  explicit Merger(TypeWidening widening) : widening_(widening) {}

  Result<std::vector<StructField>> Merge(std::vector<StructField> fields,
                                         const std::vector<StructField>& source) {
    for (const StructField& incoming : source) {
      const auto found = std::ranges::find_if(fields, [&](const StructField& field) {
        return EqualsIgnoreCase(field.name, incoming.name);
      });
      if (found == fields.end()) {
        fields.push_back({.name = incoming.name, .type = incoming.type});
      } else {
        Changes changes;
        found->type = TRY(Merge(found->type, incoming.type, found->name, "", changes));
        Note(changes, *found);
      }
    }
    return fields;
  }

 private:
  /// Of one column: where below it (element, key, value) a type changed, from which, to which.
  using Changes = std::vector<std::array<std::string, 3>>;

  Result<DataType> Merge(const DataType& current, const DataType& incoming,
                         const std::string& column, const std::string& path, Changes& changes) {
    const auto below = [&](const char* step) {
      return path.empty() ? std::string(step) : path + "." + step;
    };
    if (current.id() == incoming.id() && current.is(TypeId::kStruct)) {
      return DataType::Struct(TRY(Merge(current.fields(), incoming.fields())));
    }
    if (current.id() == incoming.id() && current.is(TypeId::kArray)) {
      return DataType::Array(
          TRY(Merge(current.element(), incoming.element(), column, below("element"), changes)),
          current.fields()[0].nullable);
    }
    if (current.id() == incoming.id() && current.is(TypeId::kMap)) {
      DataType key = TRY(Merge(current.key(), incoming.key(), column, below("key"), changes));
      DataType value =
          TRY(Merge(current.value(), incoming.value(), column, below("value"), changes));
      return DataType::Map(std::move(key), std::move(value), current.fields()[1].nullable);
    }
    if (WidensTo(current, incoming, widening_)) {
      changes.push_back({path, JsonName(current), JsonName(incoming)});
      return incoming;
    }
    if (CanStore(incoming, current)) return current;
    return Fail(Condition::DELTA_FAILED_TO_MERGE_FIELDS,
                {{"currentField", types::QuoteIdentifier(column) + " " + types::ToSql(current)},
                 {"updateField", types::QuoteIdentifier(column) + " " + types::ToSql(incoming)}});
  }

  static void Note(const Changes& changes, StructField& field) {
    if (changes.empty()) return;
    nlohmann::json list = nlohmann::json::parse(field.metadata[kTypeChanges], nullptr, false);
    if (!list.is_array()) list = nlohmann::json::array();
    for (const auto& [path, from, to] : changes) {
      nlohmann::json change = {{"fromType", from}, {"toType", to}};
      if (!path.empty()) change["fieldPath"] = path;
      list.push_back(std::move(change));
    }
    field.metadata[kTypeChanges] = list.dump();
  }

  const TypeWidening widening_;
};

void Describe(const std::vector<StructField>& source, const std::vector<StructField>& table,
              const std::string& prefix, std::string& out) {
  for (const StructField& incoming : source) {
    const std::string name = prefix + types::QuoteIdentifier(incoming.name);
    const StructField* field = FindField(table, incoming.name);
    std::string problem;
    if (field == nullptr) {
      problem = "the table has no column " + name + " " + types::ToSql(incoming.type);
    } else if (field->type.is(TypeId::kStruct) && incoming.type.is(TypeId::kStruct)) {
      Describe(incoming.type.fields(), field->type.fields(), name + ".", out);
    } else if (!CanStore(incoming.type, field->type)) {
      problem = name + " is " + types::ToSql(incoming.type) + " in the source, " +
                types::ToSql(field->type) + " in the table";
    }
    if (!problem.empty()) out += (out.empty() ? "" : "; ") + problem;
  }
}

}  // namespace

bool CanStore(const DataType& from, const DataType& to) {
  if (from.is(TypeId::kVoid) || from == to) return true;
  if (from.is(TypeId::kStruct) && to.is(TypeId::kStruct)) {
    return std::ranges::all_of(from.fields(), [&](const StructField& field) {
      const StructField* target = FindField(to.fields(), field.name);
      return target != nullptr && CanStore(field.type, target->type);
    });
  }
  if (from.is(TypeId::kArray) && to.is(TypeId::kArray)) {
    return CanStore(from.element(), to.element());
  }
  if (from.is(TypeId::kMap) && to.is(TypeId::kMap)) {
    return CanStore(from.key(), to.key()) && CanStore(from.value(), to.value());
  }
  if (from.is_nested() || to.is_nested()) return false;
  if (from.is(TypeId::kVariant) || to.is(TypeId::kVariant)) return false;
  if (to.is(TypeId::kString)) return true;
  if (from.is_numeric()) return to.is_numeric();
  return IsTime(from) && IsTime(to);
}

std::string SchemaDifference(const StructType& source, const StructType& table) {
  std::string out;
  Describe(source.fields, table.fields, "", out);
  return out;
}

Result<StructType> MergeSchemas(const StructType& table, const StructType& source,
                                TypeWidening widening) {
  return StructType{.fields = TRY(Merger(widening).Merge(table.fields, source.fields))};
}

Result<delta::TableActions> EvolveTable(const delta::Snapshot& current, StructType schema) {
  delta::TableActions actions =
      TRY(delta::RedefineTable(current, {.schema = std::move(schema),
                                         .partition_columns = current.partition_columns(),
                                         .clustering_columns = {},
                                         .name = current.metadata().name,
                                         .comment = current.metadata().description,
                                         .properties = current.properties()}));
  actions.metadata.created_time = current.metadata().created_time;
  actions.domains.clear();  // Clustering stays as it is.
  return actions;
}

bool WidensTypes(const delta::Properties& properties) {
  const auto found = properties.find("delta.enableTypeWidening");
  return found != properties.end() && EqualsIgnoreCase(found->second, "true");
}

}  // namespace inlet::ingest
