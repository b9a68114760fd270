#include <filesystem>
#include <fstream>
#include <system_error>

#include "workspace/row_table.h"
#include "workspace/statements.h"

namespace inlet::workspace {
namespace {

constexpr std::int64_t kCopyBytes = 8 << 20;

/// The object at `/Volumes/...`; nothing else may be put, fetched or removed.
Result<storage::Location> VolumeObject(const Call& call, const std::string& path) {
  return storage::Resolve(TRY(call.shared.catalog->VolumeUrl(path)));
}

std::unexpected<Error> LocalFailure(const std::string& path, const char* doing) {
  return Fail(Condition::PERMISSION_DENIED,
              {{"path", path}, {"message", std::string("it cannot be ") + doing}});
}

Status Upload(const std::string& local_path, const storage::Location& target) {
  std::ifstream file(local_path, std::ios::binary);
  if (!file) return Fail(Condition::PATH_NOT_FOUND, {{"path", local_path}});
  const auto writer = TRY(target.store->OpenWriter(target.path));
  std::string buffer(kCopyBytes, '\0');
  while (file) {
    file.read(buffer.data(), kCopyBytes);
    TRY(writer->Append(
        std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount()))));
  }
  if (file.bad()) return LocalFailure(local_path, "read");
  TRY(writer->Finish());
  return Ok();
}

Status Download(const storage::Location& source, const std::string& local_path) {
  const auto reader = TRY(source.store->Open(TRY(source.store->Head(source.path))));
  const std::string part_path = local_path + ".part";
  std::ofstream file(part_path, std::ios::binary | std::ios::trunc);
  std::string buffer(kCopyBytes, '\0');
  for (std::int64_t position = 0; position < reader->info().size_bytes;) {
    const std::int64_t length =
        TRY(reader->ReadAt({.position = position, .length = kCopyBytes}, buffer.data()));
    file.write(buffer.data(), length);
    position += length;
  }
  file.close();
  if (!file) return LocalFailure(local_path, "written");
  std::error_code error;
  std::filesystem::rename(part_path, local_path, error);
  if (error) return LocalFailure(local_path, "written");
  return Ok();
}

Row StatusRow(const std::string& path) { return {path, "OK"}; }

}  // namespace

Result<QueryResult> Run(const Call& call, const sql::ListFiles& statement) {
  const storage::Location location = TRY(ResolvePath(call, statement.path));
  std::string prefix = location.path;
  while (prefix.ends_with('/')) prefix.pop_back();
  const std::string base_url = location.store->root_url() + "/";
  const auto entries = TRY(location.store->List(
      prefix.empty() ? "" : prefix + "/",
      storage::ListOptions{.max_objects = statement.limit, .one_level = true}));
  if (entries.empty() && !prefix.empty()) {
    if (const auto file = location.store->Head(prefix); !file) {
      return Fail(Condition::PATH_NOT_FOUND, {{"path", statement.path}});
    }
  }
  std::vector<Row> rows;
  const bool is_volume = statement.path.starts_with("/Volumes/");
  std::string shown_base = statement.path;
  while (shown_base.ends_with('/')) shown_base.pop_back();
  for (const storage::ObjectInfo& entry : entries) {
    const std::string name = entry.path.substr(prefix.empty() ? 0 : prefix.size() + 1);
    rows.push_back({is_volume ? shown_base + "/" + name : base_url + entry.path, name,
                    entry.size_bytes, entry.modified_at_ms * 1000});
  }
  types::StructType schema = StringColumns({"path", "name"});
  schema.fields.push_back({.name = "size", .type = types::TypeId::kLong});
  schema.fields.push_back({.name = "modification_time", .type = types::TypeId::kTimestamp});
  return MakeResult(std::move(schema), rows);
}

Result<QueryResult> Run(const Call& call, const sql::PutFile& statement) {
  const storage::Location target = TRY(VolumeObject(call, statement.volume_path));
  if (!statement.overwrite && target.store->Head(target.path).has_value()) {
    return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", statement.volume_path}});
  }
  TRY(Upload(statement.local_path, target));
  return MakeResult(StringColumns({"path", "status"}), {StatusRow(statement.volume_path)});
}

Result<QueryResult> Run(const Call& call, const sql::GetFile& statement) {
  const storage::Location source = TRY(VolumeObject(call, statement.volume_path));
  TRY(Download(source, statement.local_path));
  return MakeResult(StringColumns({"path", "status"}), {StatusRow(statement.local_path)});
}

Result<QueryResult> Run(const Call& call, const sql::RemoveFile& statement) {
  const storage::Location target = TRY(VolumeObject(call, statement.volume_path));
  TRY(target.store->Head(target.path));
  TRY(target.store->Delete(target.path));
  return MakeResult(StringColumns({"path", "status"}), {StatusRow(statement.volume_path)});
}

}  // namespace inlet::workspace
