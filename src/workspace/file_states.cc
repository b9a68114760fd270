#include "workspace/file_states.h"

#include "ingest/loaded_files.h"
#include "ingest/stream/file_stream_options.h"
#include "pipelines/definition.h"
#include "sql/parser.h"
#include "workspace/binder.h"
#include "workspace/row_source.h"

namespace inlet::workspace {
namespace {

using ingest::SkipReason;
using storage::ObjectInfo;
using types::TypeId;

types::StructType Columns() {
  types::StructType columns =
      StringColumns({"path", "size", "modification_time", "etag", "commit_time", "table_version",
                     "ingestion_state", "reason"});
  columns.fields[1].type = TypeId::kLong;
  columns.fields[2].type = TypeId::kTimestamp;
  columns.fields[4].type = TypeId::kTimestamp;
  columns.fields[5].type = TypeId::kLong;
  return columns;
}

struct Skipped {
  const char* state;
  const char* reason;
};

Skipped Describe(SkipReason reason) {
  switch (reason) {
    case SkipReason::kHidden:
      return {"SKIPPED_HIDDEN", "its name, or that of a directory, begins with _ or ."};
    case SkipReason::kBelowDirectory:
      return {"SKIPPED_DIRECTORY",
              "it is in a directory below; PATTERN or recursiveFileLookup descends"};
    case SkipReason::kName:
      return {"SKIPPED_PATTERN", "pathGlobFilter does not match its name"};
    case SkipReason::kTooOld:
      return {"SKIPPED_TOO_OLD", "it was modified before modifiedAfter"};
    case SkipReason::kTooNew:
      return {"SKIPPED_TOO_NEW", "it was modified after modifiedBefore"};
  }
  return {"SKIPPED", ""};
}

Row RowOf(const storage::ObjectStore& store, const ObjectInfo& file, const char* state,
          Cell reason) {
  return {storage::UrlOf(store, file.path),
          file.size_bytes,
          file.modified_at_ms * 1000,
          file.etag.empty() ? Cell() : Cell(file.etag),
          Cell(),
          Cell(),
          state,
          std::move(reason)};
}

void AddSkipped(const storage::ObjectStore& store, const ingest::FileListing& listing,
                std::vector<Row>& rows) {
  for (const ingest::SkippedObject& skipped : listing.skipped) {
    const Skipped why = Describe(skipped.reason);
    rows.push_back(RowOf(store, skipped.file, why.state, why.reason));
  }
}

/// A directory that is not there has no files.
Result<ingest::FileListing> ListAll(const storage::Location& location,
                                    const ingest::FileFilter& filter) {
  Result<ingest::FileListing> listing = ingest::ListFiles(location, filter);
  if (!listing && listing.error().condition == Condition::PATH_NOT_FOUND) {
    return ingest::FileListing();
  }
  return listing;
}

}  // namespace

Result<std::shared_ptr<const engine::SplitSource>> OpenCopyFiles(
    const Call& call, const delta::SnapshotPtr& table, const ingest::ReadFilesRequest& request) {
  ingest::FileFilter filter = TRY(ingest::FilterFrom(request.options, call.session.time_zone()));
  filter.descend = TRY(GetBool(request.options, "recursiveFileLookup")).value_or(false);
  filter.keeps_skipped = true;
  const ingest::FileListing listing = TRY(ListAll(request.location, filter));
  const storage::ObjectStore& store = *request.location.store;
  std::vector<Row> rows;
  for (const ObjectInfo& file : listing.files) {
    rows.push_back(RowOf(store, file, "NOT_LOADED", Cell()));
  }
  const ingest::LoadedFiles record = TRY(ingest::LoadedFiles::Load(table));
  TRY(record.Match(store, listing.files, [&](std::size_t index, const ingest::LoadedFile& then) {
    const ObjectInfo& now = listing.files[index];
    const bool is_loaded = then.state == ingest::FileState::kLoaded;
    const bool is_changed = ingest::IsChanged(now, then);
    Row& row = rows[index];
    row[4] = then.loaded_at_ms * 1000;
    row[5] = then.version;
    row[6] = !is_loaded ? "REJECTED" : is_changed ? "SKIPPED_CHANGED" : "LOADED";
    if (!then.reason.empty()) row[7] = then.reason;
    if (is_loaded && is_changed) {
      row[7] = "it had " + std::to_string(then.size_bytes) +
               " bytes when it was loaded; onChangedFile says what is done with it";
    }
  }));
  AddSkipped(store, listing, rows);
  return MakeRowSource(Columns(), rows);
}

Result<std::shared_ptr<const engine::SplitSource>> OpenFilesLeftOut(
    const Call& call, const catalog::TableEntry& entry) {
  std::vector<Row> rows;
  for (const pipelines::Flow& flow : TRY(pipelines::ParseDefinition(entry.definition)).flows) {
    if (flow.is_once) continue;
    for (StreamTable& stream : TRY(FindStreams(call, TRY(sql::ParseQuery(flow.query))))) {
      if (!stream.files) continue;
      ingest::ReadFilesRequest& request = *stream.files;
      TRY(ingest::TakeFileStreamOptions(request.options));
      ingest::FileFilter filter =
          TRY(ingest::FilterFrom(request.options, call.session.time_zone()));
      filter.keeps_skipped = true;
      AddSkipped(*request.location.store, TRY(ListAll(request.location, filter)), rows);
    }
  }
  return MakeRowSource(Columns(), rows);
}

}  // namespace inlet::workspace
