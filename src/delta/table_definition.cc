#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>

#include "base/option_map.h"
#include "base/uuid.h"
#include "delta/column_mapping.h"
#include "delta/data_path.h"
#include "delta/table.h"
#include "types/json_text.h"

namespace inlet::delta {
namespace {

using types::TypeId;

constexpr std::string_view kForbiddenCharacters = " ,;{}()\n\t=";
constexpr std::size_t kMaxClusteringColumns = 4;
constexpr const char* kClusteringDomain = "delta.clustering";

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string Join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// Collects what is wrong with names and types at every level.
struct SchemaProblems {
  std::vector<std::string> odd_names;
  std::vector<std::string> bad_types;

  Status Visit(const std::vector<types::StructField>& fields) {
    std::set<std::string, CaseInsensitiveLess> names;
    for (const types::StructField& field : fields) {
      if (!names.insert(field.name).second) {
        return Fail(Condition::COLUMN_ALREADY_EXISTS,
                    {{"columnName", types::QuoteIdentifier(field.name)}});
      }
      if (field.name.find_first_of(kForbiddenCharacters) != std::string::npos) {
        odd_names.push_back(field.name);
      }
      TRY(Visit(field.type));
    }
    return Ok();
  }
  Status Visit(const types::DataType& type) {
    if (type.is(TypeId::kYearMonthInterval) || type.is(TypeId::kDayTimeInterval)) {
      bad_types.push_back(types::ToSql(type));
    }
    if (type.is(TypeId::kStruct)) return Visit(type.fields());
    for (const types::StructField& field : type.fields()) TRY(Visit(field.type));
    return Ok();
  }
};

bool MapsColumns(const Properties& properties) {
  const auto found = properties.find("delta.columnMapping.mode");
  return found != properties.end() && !EqualsIgnoreCase(found->second, "none");
}

Status CheckSchema(const types::StructType& schema, const Properties& properties) {
  SchemaProblems problems;
  TRY(problems.Visit(schema.fields));
  if (!problems.odd_names.empty() && !MapsColumns(properties)) {
    return Fail(Condition::DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES,
                {{"invalidColumnNames", Join(problems.odd_names)}});
  }
  if (!problems.bad_types.empty()) {
    return Fail(Condition::DELTA_UNSUPPORTED_DATA_TYPES,
                {{"dataTypeList", Join(problems.bad_types)}});
  }
  return Ok();
}

Result<std::vector<std::string>> ColumnsNamed(const types::StructType& schema,
                                              const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const types::StructField* field = schema.Find(name);
    if (field == nullptr) {
      std::vector<std::string> all;
      for (const types::StructField& column : schema.fields) all.push_back(column.name);
      return Fail(Condition::DELTA_MISSING_COLUMN,
                  {{"columnName", name}, {"columnList", Join(all)}});
    }
    if (std::ranges::find(found, field->name) != found.end()) {
      return Fail(Condition::COLUMN_ALREADY_EXISTS, {{"columnName", field->name}});
    }
    found.push_back(field->name);
  }
  return found;
}

Status CheckPartitioning(const types::StructType& schema, const std::vector<std::string>& columns) {
  if (!columns.empty() && columns.size() == schema.size()) {
    return Fail(Condition::DELTA_CANNOT_USE_ALL_COLUMNS_FOR_PARTITION, {});
  }
  for (const std::string& column : columns) {
    const types::DataType& type = schema.Find(column)->type;
    if (type.is_nested() || type.is(TypeId::kVariant) || type.is(TypeId::kVoid)) {
      return Fail(Condition::DELTA_UNSUPPORTED_DATA_TYPES,
                  {{"dataTypeList", types::ToSql(type) + " for partition column " + column}});
    }
  }
  return Ok();
}

constexpr const char* kMaxColumnId = "delta.columnMapping.maxColumnId";

std::int64_t MaxColumnId(const Properties& properties) {
  const auto found = properties.find(kMaxColumnId);
  std::int64_t id = 0;
  if (found != properties.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), id);
  }
  return id;
}

/// The schema as the metadata has it: with ids and physical names where the table maps columns.
/// `keep_names`: the table has files whose columns carry the names that fields have now.
Result<types::StructType> StoredSchema(types::StructType schema, Properties& properties,
                                       bool keep_names) {
  const ColumnMappingMode mode = TRY(ColumnMappingModeOf(properties));
  if (mode == ColumnMappingMode::kNone) {
    properties.erase(kMaxColumnId);
    return WithoutColumnIds(std::move(schema));
  }
  std::int64_t max_id = MaxColumnId(properties);
  schema = WithColumnIds(std::move(schema), max_id, keep_names);
  properties[kMaxColumnId] = std::to_string(max_id);
  return schema;
}

Result<DomainMetadata> ClusteringDomain(const types::StructType& schema,
                                        const std::vector<std::string>& columns) {
  std::string list;
  std::vector<std::string> refused;
  for (const std::string& column : columns) {
    const types::DataType& type = schema.Find(column)->type;
    const bool can_cluster = type.is_numeric() || type.is(TypeId::kString) ||
                             type.is(TypeId::kDate) || type.is(TypeId::kTimestamp) ||
                             type.is(TypeId::kTimestampNtz);
    if (!can_cluster) refused.push_back(column + " : " + types::ToSql(type));
    const std::string name = PhysicalName(*schema.Find(column), ColumnMappingMode::kName);
    list += (list.empty() ? "[" : ",[") + types::JsonQuote(name) + "]";
  }
  if (!refused.empty()) {
    return Fail(Condition::DELTA_CLUSTERING_COLUMNS_DATATYPE_NOT_SUPPORTED,
                {{"columnsWithDataTypes", Join(refused)}});
  }
  if (columns.size() > kMaxClusteringColumns) {
    return FailUnsupported(
        fmt::format("CLUSTER BY of more than {} columns", kMaxClusteringColumns));
  }
  return DomainMetadata{
      .domain = kClusteringDomain,
      .configuration = fmt::format("{{\"clusteringColumns\":[{}],\"domainName\":\"{}\"}}", list,
                                   kClusteringDomain)};
}

/// Instructions to the writer; they change the protocol and are not stored.
bool IsProtocolProperty(std::string_view key) {
  return key == "delta.minReaderVersion" || key == "delta.minWriterVersion" ||
         key == "delta.ignoreProtocolDefaults" || key.starts_with("delta.feature.");
}

Result<Properties> CheckedProperties(const Properties& given) {
  Properties checked;
  for (const auto& [key, value] : given) checked[TRY(CheckProperty(key, value))] = value;
  return checked;
}

Properties Stored(Properties properties) {
  std::erase_if(properties,
                [](const auto& property) { return IsProtocolProperty(property.first); });
  return properties;
}

std::optional<std::string> Property(const Properties& properties, const std::string& key) {
  const auto found = properties.find(key);
  if (found == properties.end()) return std::nullopt;
  return found->second;
}

Result<std::int64_t> ParseSize(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  std::string unit = ToLower(std::string_view(stop, static_cast<std::size_t>(end - stop)));
  if (unit.ends_with('b')) unit.pop_back();
  const std::string_view units = "kmgt";
  const std::size_t power = unit.empty() ? 0 : units.find(unit) + 1;
  if (error != std::errc() || number <= 0 || unit.size() > 1 || (!unit.empty() && power == 0) ||
      number > (std::int64_t{1} << 40)) {
    return Fail(Condition::DELTA_INVALID_TABLE_PROPERTY,
                {{"property", "delta.targetFileSize"},
                 {"value", text},
                 {"message", "it is a size such as 128mb"}});
  }
  return std::min(number << (10 * power), std::int64_t{1} << 40);
}

/// Columns of `delta.dataSkippingStatsColumns`: commas between, back-ticks around odd names.
std::vector<std::string> SplitColumns(std::string_view text) {
  std::vector<std::string> columns(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '`') quoted = !quoted;
    if (c == ',' && !quoted) {
      columns.emplace_back();
    } else if (quoted || c != ' ') {
      columns.back() += c;
    }
  }
  std::erase(columns, "");
  return columns;
}

/// Rows that are copied carry their ids in these columns.
void NameRowTrackingColumns(Properties& properties) {
  const auto enabled = properties.find("delta.enableRowTracking");
  if (enabled == properties.end() || !EqualsIgnoreCase(enabled->second, "true")) return;
  properties.try_emplace("delta.rowTracking.materializedRowIdColumnName",
                         "_row-id-col-" + RandomUuid());
  properties.try_emplace("delta.rowTracking.materializedRowCommitVersionColumnName",
                         "_row-commit-version-col-" + RandomUuid());
}

/// `first_id`: ids up to it were given to columns that the table had before.
Result<TableActions> Define(const TableDefinition& definition, const Properties& checked,
                            std::int64_t first_id) {
  TRY(CheckSchema(definition.schema, checked));
  TableActions actions;
  Metadata& metadata = actions.metadata;
  metadata.id = RandomUuid();
  metadata.name = definition.name;
  metadata.description = definition.comment;
  metadata.partition_columns = TRY(ColumnsNamed(definition.schema, definition.partition_columns));
  metadata.created_time = NowMs();
  metadata.configuration = Stored(checked);
  metadata.configuration[kMaxColumnId] = std::to_string(first_id);
  const types::StructType schema =
      TRY(StoredSchema(WithoutColumnIds(definition.schema), metadata.configuration,
                       /*keep_names=*/false));
  metadata.schema_string = types::ToJson(schema);
  NameRowTrackingColumns(metadata.configuration);
  TRY(CheckPartitioning(definition.schema, metadata.partition_columns));
  if (!definition.clustering_columns.empty()) {
    if (!definition.partition_columns.empty()) {
      return Fail(Condition::DELTA_CLUSTER_BY_WITH_PARTITIONED_BY, {});
    }
    const std::vector<std::string> columns =
        TRY(ColumnsNamed(definition.schema, definition.clustering_columns));
    actions.domains.push_back(TRY(ClusteringDomain(schema, columns)));
  }
  return actions;
}

/// What the protocol has to allow: the user's properties, and features that the definition implies.
Properties ProtocolProperties(const TableDefinition& definition, Properties checked) {
  if (!definition.clustering_columns.empty()) checked["delta.feature.clustering"] = "supported";
  return checked;
}

}  // namespace

bool HasOddNames(const types::StructType& schema) {
  SchemaProblems problems;
  return problems.Visit(schema.fields) && !problems.odd_names.empty();
}

Result<TableActions> DefineTable(const TableDefinition& definition) {
  const Properties checked = TRY(CheckedProperties(definition.properties));
  TableActions actions = TRY(Define(definition, checked, /*first_id=*/0));
  actions.protocol = TRY(ProtocolFor(definition.schema, ProtocolProperties(definition, checked)));
  return actions;
}

Result<TableActions> RedefineTable(const Snapshot& current, const TableDefinition& definition) {
  const Properties checked = TRY(CheckedProperties(definition.properties));
  TableActions actions = TRY(Define(definition, checked, MaxColumnId(current.properties())));
  actions.metadata.id = current.metadata().id;
  actions.protocol = TRY(RaiseProtocol(current.protocol(), definition.schema,
                                       ProtocolProperties(definition, checked)));
  // What the old definition clustered by is over.
  const bool was_clustered = current.domains().contains(kClusteringDomain);
  if (actions.domains.empty() && was_clustered) {
    actions.domains.push_back({.domain = kClusteringDomain,
                               .configuration = "{\"clusteringColumns\":[],\"domainName\":"
                                                "\"delta.clustering\"}"});
  }
  return actions;
}

Result<TableActions> AlterSchema(
    const Snapshot& current, types::StructType schema,
    const std::optional<std::pair<std::string, std::string>>& renamed) {
  TableActions actions{
      .metadata = current.metadata(), .protocol = current.protocol(), .domains = {}};
  if (renamed) {
    for (std::string& column : actions.metadata.partition_columns) {
      if (EqualsIgnoreCase(column, renamed->first)) column = renamed->second;
    }
  }
  TRY(CheckSchema(schema, current.properties()));
  TRY(ColumnsNamed(schema, actions.metadata.partition_columns));
  TRY(CheckPartitioning(schema, actions.metadata.partition_columns));
  schema =
      TRY(StoredSchema(std::move(schema), actions.metadata.configuration, /*keep_names=*/false));
  actions.metadata.schema_string = types::ToJson(schema);
  actions.protocol = TRY(RaiseProtocol(current.protocol(), schema, current.properties()));
  return actions;
}

Result<TableActions> AlterClustering(const Snapshot& current,
                                     const std::vector<std::string>& columns) {
  if (!current.partition_columns().empty()) {
    return Fail(Condition::DELTA_CLUSTER_BY_WITH_PARTITIONED_BY, {});
  }
  TableActions actions{
      .metadata = current.metadata(), .protocol = current.protocol(), .domains = {}};
  actions.domains.push_back(
      TRY(ClusteringDomain(current.schema(), TRY(ColumnsNamed(current.schema(), columns)))));
  Properties properties = current.properties();
  properties["delta.feature.clustering"] = "supported";
  actions.protocol = TRY(RaiseProtocol(current.protocol(), current.schema(), properties));
  return actions;
}

/// Turns column mapping on by name; files that exist keep their columns' names.
Status ChangeMapping(const Snapshot& current, Metadata& metadata) {
  const ColumnMappingMode before = TRY(ColumnMappingModeOf(current.properties()));
  const ColumnMappingMode after = TRY(ColumnMappingModeOf(metadata.configuration));
  if (before == after) return Ok();
  if (before != ColumnMappingMode::kNone || after != ColumnMappingMode::kName) {
    const auto name = [](const Properties& properties) {
      const auto found = properties.find("delta.columnMapping.mode");
      return found == properties.end() ? std::string("none") : found->second;
    };
    return Fail(
        Condition::DELTA_UNSUPPORTED_COLUMN_MAPPING_MODE_CHANGE,
        {{"oldMode", name(current.properties())}, {"newMode", name(metadata.configuration)}});
  }
  metadata.schema_string = types::ToJson(
      TRY(StoredSchema(current.schema(), metadata.configuration, /*keep_names=*/true)));
  return Ok();
}

Result<TableActions> AlterProperties(
    const Snapshot& current, const std::map<std::string, std::optional<std::string>>& changes) {
  TableActions actions{.metadata = current.metadata(), .protocol = {}, .domains = {}};
  Properties& properties = actions.metadata.configuration;
  Properties for_protocol = properties;
  for (const auto& [key, value] : changes) {
    if (!value) {
      properties.erase(key);
      for_protocol.erase(key);
      continue;
    }
    const std::string name = TRY(CheckProperty(key, *value));
    for_protocol[name] = *value;
    if (!IsProtocolProperty(name)) properties[name] = *value;
  }
  TRY(ChangeMapping(current, actions.metadata));
  const bool had_row_ids = SupportsFeature(current.protocol(), "rowTracking");
  actions.protocol = TRY(RaiseProtocol(current.protocol(), current.schema(), for_protocol));
  if (!had_row_ids && SupportsFeature(actions.protocol, "rowTracking") && current.num_files() > 0) {
    return FailUnsupported("row tracking on a table that has rows already");
  }
  NameRowTrackingColumns(properties);
  return actions;
}

Result<DataFileSpec> DataFileSpecFor(const storage::Location& table_root,
                                     const Metadata& metadata) {
  const Properties& properties = metadata.configuration;
  types::StructType schema = TRY(types::SchemaFromJson(metadata.schema_string));
  DataFileSpec spec{.table_root = table_root,
                    .schema = std::move(schema),
                    .partition_columns = metadata.partition_columns};
  if (!MapsColumns(properties)) spec.schema = WithoutColumnIds(std::move(spec.schema));
  if (const auto codec = Property(properties, "delta.parquet.compression.codec")) {
    spec.compression = ToLower(*codec);
  }
  if (const auto size = Property(properties, "delta.targetFileSize")) {
    spec.target_file_bytes = TRY(ParseSize(*size));
  }
  const auto count = [&](const char* key, int absent) {
    const std::optional<std::string> text = Property(properties, key);
    int number = absent;
    if (text) std::from_chars(text->data(), text->data() + text->size(), number);
    return number;
  };
  spec.stats_columns = count("delta.dataSkippingNumIndexedCols", spec.stats_columns);
  spec.stats_string_prefix =
      count("delta.dataSkippingStringPrefixLength", spec.stats_string_prefix);
  if (const auto columns = Property(properties, "delta.dataSkippingStatsColumns")) {
    spec.stats_column_names = SplitColumns(*columns);
  }
  return spec;
}

}  // namespace inlet::delta
