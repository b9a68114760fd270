#include "delta/feed_schema.h"

#include <algorithm>
#include <map>

#include "delta/column_mapping.h"
#include "types/data_type.h"

namespace inlet::delta {
namespace {

using types::DataType;
using types::StructField;
using types::StructType;
using Fields = std::vector<StructField>;

/// The logical name of every struct field by its physical path.
void CollectNames(const DataType& type, ColumnMappingMode mode, const std::string& path,
                  std::map<std::string, std::string>& names) {
  for (const StructField& field : type.fields()) {
    const bool is_field = type.is(types::TypeId::kStruct);
    const std::string below = path + '\x1F' + (is_field ? PhysicalName(field, mode) : field.name);
    if (is_field) names[below] = field.name;
    CollectNames(field.type, mode, below, names);
  }
}

std::map<std::string, std::string> NamesOf(const StructType& schema, ColumnMappingMode mode) {
  std::map<std::string, std::string> names;
  CollectNames(DataType::Struct(schema.fields), mode, "", names);
  return names;
}

/// Every mapped column of `before` is still there, under its name.
bool KeepsColumns(const StructType& before, ColumnMappingMode before_mode, const StructType& after,
                  ColumnMappingMode after_mode) {
  const std::map<std::string, std::string> names = NamesOf(after, after_mode);
  return std::ranges::all_of(NamesOf(before, before_mode), [&](const auto& entry) {
    const auto found = names.find(entry.first);
    return found != names.end() && found->second == entry.second;
  });
}

bool CanRead(const Fields& written, const Fields& read, bool forbid_tighter);

bool CanRead(const DataType& written, const DataType& read, bool forbid_tighter) {
  if (written.id() != read.id()) return false;
  if (written.is(types::TypeId::kStruct)) {
    return CanRead(written.fields(), read.fields(), forbid_tighter);
  }
  if (!written.is_nested()) return written == read;
  for (std::size_t i = 0; i < written.fields().size(); ++i) {
    const StructField& from = written.fields()[i];
    const StructField& to = read.fields()[i];
    const bool is_tighter = from.nullable && !to.nullable;
    const bool is_looser = !from.nullable && to.nullable;
    if ((forbid_tighter ? is_tighter : is_looser) || !CanRead(from.type, to.type, forbid_tighter)) {
      return false;
    }
  }
  return true;
}

/// Every field of `written` is in `read`, with its type. `forbid_tighter`: none became NOT NULL;
/// else none lost it.
bool CanRead(const Fields& written, const Fields& read, bool forbid_tighter) {
  const StructType columns{read};
  return std::ranges::all_of(written, [&](const StructField& field) {
    const StructField* same = columns.Find(field.name);
    if (same == nullptr || same->name != field.name) return false;
    const bool is_tighter = field.nullable && !same->nullable;
    const bool is_looser = !field.nullable && same->nullable;
    return !(forbid_tighter ? is_tighter : is_looser) &&
           CanRead(field.type, same->type, forbid_tighter);
  });
}

}  // namespace

Result<bool> FeedCanRead(const VersionedMetadata& written, const VersionedMetadata& read) {
  const bool is_older = written.version <= read.version;
  const Metadata& before = is_older ? written.metadata : read.metadata;
  const Metadata& after = is_older ? read.metadata : written.metadata;
  const StructType old_schema = TRY(types::SchemaFromJson(before.schema_string));
  const StructType new_schema = TRY(types::SchemaFromJson(after.schema_string));
  const ColumnMappingMode old_mode = TRY(ColumnMappingModeOf(before.configuration));
  const ColumnMappingMode new_mode = TRY(ColumnMappingModeOf(after.configuration));
  if (new_mode == ColumnMappingMode::kNone) {
    if (old_mode != ColumnMappingMode::kNone) return false;
  } else if (!KeepsColumns(old_schema, old_mode, new_schema, new_mode)) {
    return false;
  }
  return CanRead(old_schema.fields, new_schema.fields, /*forbid_tighter=*/is_older);
}

}  // namespace inlet::delta
