#include "workspace/information_schema.h"

#include <array>

#include "workspace/row_source.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

using catalog::TableEntry;
using catalog::TableKind;
using types::StructType;
using types::TypeId;

Cell At(std::int64_t ms) { return ms * 1000; }

Cell Comment(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

StructType Columns(std::initializer_list<std::pair<std::string_view, TypeId>> columns) {
  StructType schema;
  for (const auto& [name, type] : columns) {
    schema.fields.push_back({.name = std::string(name), .type = type});
  }
  return schema;
}

class InformationSchema {
 public:
  InformationSchema(const Call& call, const catalog::FullName& name) : call_(call), name_(name) {}

  Result<std::shared_ptr<const engine::SplitSource>> Open() {
    if (EqualsIgnoreCase(name_.catalog, "system")) {
      for (const auto& entry : TRY(call_.shared.catalog->ListCatalogs())) {
        catalogs_.push_back(entry);
      }
    } else {
      catalogs_.push_back(TRY(call_.shared.catalog->FindCatalog(name_.catalog)));
    }
    constexpr std::array<std::string_view, 6> kNames = {"catalogs", "schemata", "tables",
                                                        "columns",  "views",    "volumes"};
    if (Is(kNames[0])) return Catalogs();
    if (Is(kNames[1])) return Schemata();
    if (Is(kNames[2])) return Tables();
    if (Is(kNames[3])) return TableColumns();
    if (Is(kNames[4])) return Views();
    if (Is(kNames[5])) return Volumes();
    return Fail(Condition::TABLE_OR_VIEW_NOT_FOUND,
                {{"relationName", catalog::ToString(name_)},
                 {"suggestion", DidYouMean(name_.object, kNames)}});
  }

 private:
  using Source = Result<std::shared_ptr<const engine::SplitSource>>;

  bool Is(std::string_view view) const { return EqualsIgnoreCase(name_.object, view); }

  Source Make(StructType schema, const std::vector<Row>& rows) const {
    return MakeRowSource(std::move(schema), rows);
  }

  Result<std::vector<TableEntry>> AllTables() const {
    std::vector<TableEntry> tables;
    for (const auto& catalog : catalogs_) {
      for (const auto& schema : TRY(call_.shared.catalog->ListSchemas(catalog.name))) {
        for (TableEntry& table : TRY(call_.shared.catalog->ListTables(catalog.name, schema.name))) {
          tables.push_back(std::move(table));
        }
      }
    }
    return tables;
  }

  Source Catalogs() const {
    std::vector<Row> rows;
    for (const auto& entry : catalogs_) {
      rows.push_back(
          {entry.name, call_.session.user, Comment(entry.comment), At(entry.created_at_ms)});
    }
    return Make(Columns({{"catalog_name", TypeId::kString},
                         {"catalog_owner", TypeId::kString},
                         {"comment", TypeId::kString},
                         {"created", TypeId::kTimestamp}}),
                rows);
  }

  Source Schemata() const {
    std::vector<Row> rows;
    for (const auto& catalog : catalogs_) {
      for (const auto& entry : TRY(call_.shared.catalog->ListSchemas(catalog.name))) {
        rows.push_back({entry.catalog, entry.name, call_.session.user, Comment(entry.comment),
                        At(entry.created_at_ms)});
      }
    }
    return Make(Columns({{"catalog_name", TypeId::kString},
                         {"schema_name", TypeId::kString},
                         {"schema_owner", TypeId::kString},
                         {"comment", TypeId::kString},
                         {"created", TypeId::kTimestamp}}),
                rows);
  }

  static std::string KindText(TableKind kind) {
    switch (kind) {
      case TableKind::kManaged:
        return "MANAGED";
      case TableKind::kExternal:
        return "EXTERNAL";
      case TableKind::kStreamingTable:
        return "STREAMING_TABLE";
      case TableKind::kMaterializedView:
        return "MATERIALIZED_VIEW";
      case TableKind::kView:
        return "VIEW";
    }
    return "";
  }

  Source Tables() const {
    std::vector<Row> rows;
    for (const TableEntry& table : TRY(AllTables())) {
      const bool is_view = table.kind == TableKind::kView;
      rows.push_back({table.name.catalog, table.name.schema, table.name.object,
                      KindText(table.kind), is_view ? "NO" : "YES", call_.session.user,
                      Comment(table.comment), At(table.created_at_ms), is_view ? "VIEW" : "DELTA",
                      Comment(table.location)});
    }
    return Make(Columns({{"table_catalog", TypeId::kString},
                         {"table_schema", TypeId::kString},
                         {"table_name", TypeId::kString},
                         {"table_type", TypeId::kString},
                         {"is_insertable_into", TypeId::kString},
                         {"table_owner", TypeId::kString},
                         {"comment", TypeId::kString},
                         {"created", TypeId::kTimestamp},
                         {"data_source_format", TypeId::kString},
                         {"storage_path", TypeId::kString}}),
                rows);
  }

  Source TableColumns() const {
    std::vector<Row> rows;
    for (const TableEntry& table : TRY(AllTables())) {
      const sql::ObjectName name{
          .parts = {table.name.catalog, table.name.schema, table.name.object}};
      // A table whose files are gone does not hide the columns of all others.
      const Result<StructType> schema = SchemaOf(call_, name);
      if (!schema) continue;
      std::int64_t position = 0;
      for (const types::StructField& field : schema->fields) {
        rows.push_back({table.name.catalog, table.name.schema, table.name.object, field.name,
                        position++, field.nullable ? "YES" : "NO", types::ToString(field.type),
                        BaseName(field.type), field.comment()});
      }
    }
    return Make(Columns({{"table_catalog", TypeId::kString},
                         {"table_schema", TypeId::kString},
                         {"table_name", TypeId::kString},
                         {"column_name", TypeId::kString},
                         {"ordinal_position", TypeId::kInteger},
                         {"is_nullable", TypeId::kString},
                         {"full_data_type", TypeId::kString},
                         {"data_type", TypeId::kString},
                         {"comment", TypeId::kString}}),
                rows);
  }

  /// DECIMAL of DECIMAL(10,2), ARRAY of ARRAY<INT>.
  static std::string BaseName(const types::DataType& type) {
    const std::string text = types::ToSql(type);
    return text.substr(0, text.find_first_of("(<"));
  }

  Source Views() const {
    std::vector<Row> rows;
    for (const TableEntry& table : TRY(AllTables())) {
      if (table.kind != TableKind::kView) continue;
      rows.push_back({table.name.catalog, table.name.schema, table.name.object, table.view_text});
    }
    return Make(Columns({{"table_catalog", TypeId::kString},
                         {"table_schema", TypeId::kString},
                         {"table_name", TypeId::kString},
                         {"view_definition", TypeId::kString}}),
                rows);
  }

  Source Volumes() const {
    std::vector<Row> rows;
    for (const auto& catalog : catalogs_) {
      for (const auto& schema : TRY(call_.shared.catalog->ListSchemas(catalog.name))) {
        for (const auto& volume :
             TRY(call_.shared.catalog->ListVolumes(catalog.name, schema.name))) {
          rows.push_back({volume.name.catalog, volume.name.schema, volume.name.object,
                          volume.external ? "EXTERNAL" : "MANAGED", Comment(volume.comment),
                          At(volume.created_at_ms), volume.location});
        }
      }
    }
    return Make(Columns({{"volume_catalog", TypeId::kString},
                         {"volume_schema", TypeId::kString},
                         {"volume_name", TypeId::kString},
                         {"volume_type", TypeId::kString},
                         {"comment", TypeId::kString},
                         {"created", TypeId::kTimestamp},
                         {"storage_location", TypeId::kString}}),
                rows);
  }

  const Call& call_;
  const catalog::FullName& name_;
  std::vector<catalog::CatalogEntry> catalogs_;
};

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> OpenInformationSchema(
    const Call& call, const catalog::FullName& name) {
  return InformationSchema(call, name).Open();
}

}  // namespace inlet::workspace
