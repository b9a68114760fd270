#include <algorithm>

#include "base/option_map.h"
#include "delta/data_path.h"
#include "delta/partition_value.h"
#include "delta/transaction.h"
#include "formats/columns/schema_merge.h"
#include "formats/parquet/parquet_file_reader.h"
#include "ingest/dml/clone_table.h"
#include "ingest/file_listing.h"
#include "ingest/partition_columns.h"
#include "types/time_zone.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;
using types::StructField;
using types::StructType;

std::string Names(const std::vector<StructField>& fields) {
  std::string names;
  for (const StructField& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return names;
}

class ConvertRun {
 public:
  ConvertRun(const storage::Location& root, const ConvertRequest& request)
      : root_(root), request_(request) {}

  Result<delta::SnapshotPtr> Run() {
    const FileListing listing = TRY(ListFiles(root_, {}));
    for (const storage::ObjectInfo& file : listing.files) {
      if (request_.stop.stop_requested()) return Fail(Condition::OPERATION_CANCELED, {});
      TRY(Take(file));
    }
    if (files_.empty()) {
      return Fail(Condition::DELTA_CONVERT_NON_PARQUET_TABLE,
                  {{"sourceName", "an empty directory"}});
    }
    return Commit();
  }

 private:
  Status Take(const storage::ObjectInfo& info) {
    if (!info.path.ends_with(".parquet")) {
      return Fail(Condition::DELTA_CONVERT_NON_PARQUET_TABLE,
                  {{"sourceName", storage::UrlOf(*root_.store, info.path)}});
    }
    const auto file = TRY(formats::ParquetFile::Open(*root_.store, info));
    TRY(Merge(formats::AsNullable(TRY(file->Schema())), info.path));
    delta::PartitionValues partition_values = TRY(ValuesOf(info.path));
    AddFile add{
        .path = delta::EncodeUri(info.path.substr(root_.path.empty() ? 0 : root_.path.size() + 1)),
        .partition_values = std::move(partition_values),
        .size = info.size_bytes,
        .modification_time = info.modified_at_ms};
    if (request_.collect_statistics) {
      add.stats = "{\"numRecords\":" + std::to_string(file->num_rows()) + "}";
    }
    files_.push_back(std::move(add));
    return Ok();
  }

  Status Merge(const StructType& found, const std::string& path) {
    for (const StructField& field : found.fields) {
      StructField plain = field;
      plain.metadata.clear();
      const auto known = std::ranges::find_if(schema_.fields, [&](const StructField& one) {
        return EqualsIgnoreCase(one.name, field.name);
      });
      if (known == schema_.fields.end()) {
        schema_.fields.push_back(std::move(plain));
      } else if (!(known->type == plain.type)) {
        return Status(Fail(Condition::DELTA_FAILED_TO_MERGE_FIELDS,
                           {{"currentField", types::ToSql(known->type)},
                            {"updateField", types::ToSql(plain.type)}}))
            .Context("the column " + field.name + " of " + path);
      }
    }
    return Ok();
  }

  Result<delta::PartitionValues> ValuesOf(const std::string& path) const {
    const PathPartition found = PartitionOf(path, root_.path);
    if (found.size() != request_.partition_columns.size()) {
      std::string keys;
      for (const auto& [key, value] : found) keys += (keys.empty() ? "" : ", ") + key;
      return Fail(Condition::DELTA_UNEXPECTED_NUM_PARTITION_COLUMNS_FROM_FILE_NAME,
                  {{"path", path},
                   {"parsedCols", "[" + keys + "]"},
                   {"expectedCols", "[" + Names(request_.partition_columns) + "]"}});
    }
    delta::PartitionValues values;
    for (const StructField& field : request_.partition_columns) {
      const auto one = std::ranges::find_if(
          found, [&](const auto& pair) { return EqualsIgnoreCase(pair.first, field.name); });
      if (one == found.end()) {
        return Fail(Condition::DELTA_MISSING_PARTITION_COLUMN,
                    {{"columnName", field.name}, {"columnList", path}});
      }
      const auto parsed =
          delta::ParsePartitionValue(one->second, field.type, types::TimeZone::Utc());
      if (!parsed) {
        return Fail(Condition::DELTA_PARTITION_COLUMN_CAST_FAILED,
                    {{"value", one->second.value_or("NULL")},
                     {"columnName", field.name},
                     {"dataType", types::ToSql(field.type)}});
      }
      values[field.name] = one->second;
    }
    return values;
  }

  Result<delta::SnapshotPtr> Commit() {
    delta::TableDefinition definition{.schema = schema_,
                                      .partition_columns = {},
                                      .clustering_columns = {},
                                      .name = std::nullopt,
                                      .comment = std::nullopt,
                                      .properties = {}};
    for (const StructField& field : request_.partition_columns) {
      definition.partition_columns.push_back(field.name);
      std::erase_if(definition.schema.fields, [&](const StructField& column) {
        return EqualsIgnoreCase(column.name, field.name);
      });
      definition.schema.fields.push_back(field);
    }
    delta::TableActions actions = TRY(delta::DefineTable(definition));
    delta::Transaction transaction(root_);
    transaction.Set(std::move(actions.metadata));
    transaction.Set(std::move(actions.protocol));
    const std::string count = std::to_string(files_.size());
    transaction.Add(std::move(files_));
    delta::CommitResult committed = TRY(
        std::move(transaction)
            .Commit(
                {.name = "CONVERT",
                 .parameters = {{"numFiles", count},
                                {"partitionedBy", delta::JsonStrings(definition.partition_columns)},
                                {"collectStats", request_.collect_statistics ? "true" : "false"}},
                 .metrics = {{"numConvertedFiles", count}},
                 .user_name = request_.user_name,
                 .is_blind_append = false,
                 .enforced_features = {}}));
    return committed.snapshot;
  }

  const storage::Location& root_;
  const ConvertRequest& request_;
  StructType schema_;
  std::vector<AddFile> files_;
};

}  // namespace

Result<delta::SnapshotPtr> ConvertToDelta(const storage::Location& root,
                                          const ConvertRequest& request) {
  return ConvertRun(root, request).Run();
}

}  // namespace inlet::ingest
