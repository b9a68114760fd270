#include "ingest/dml/clone_table.h"

#include <algorithm>

#include "base/uuid.h"
#include "delta/copied_files.h"
#include "delta/data_path.h"
#include "delta/deletion_vector.h"
#include "delta/deletion_vector_writer.h"
#include "delta/transaction.h"
#include "ingest/loaded_files.h"
#include "storage/copy_object.h"

namespace inlet::ingest {
namespace {

using delta::AddFile;

std::string Text(std::int64_t number) { return std::to_string(number); }

/// One clone under way; what it has copied goes again unless it commits.
class CloneRun {
 public:
  CloneRun(const storage::Location& root, const delta::SnapshotPtr& source,
           const delta::SnapshotPtr& replaced, const CloneRequest& request)
      : root_(root),
        source_snapshot_(source),
        source_(*source),
        replaced_(replaced),
        request_(request) {}

  Result<CloneResult> Run() {
    Status done = Copy();
    if (done) done = Commit();
    if (!done) {
      if (done.error().kind() != ErrorKind::kUnavailable) {
        for (const std::string& path : copied_) (void)root_.store->Delete(path);
      }
      return std::unexpected(std::move(done).error());
    }
    return result_;
  }

 private:
  Status Copy() {
    result_.source_bytes = source_.size_bytes();
    result_.source_files = source_.num_files();
    for (const AddFile& file : source_.files()) {
      files_.push_back(request_.is_shallow ? TRY(Named(file)) : TRY(Copied(file)));
    }
    return Ok();
  }

  /// The file where it is, by its whole path.
  Result<AddFile> Named(AddFile file) const {
    const storage::Location location = TRY(delta::ResolveDataPath(source_.table_root(), file.path));
    file.path = delta::EncodeUri(delta::UrlOf(location));
    if (file.deletion_vector && file.deletion_vector->storage_type == "u") {
      const auto vector =
          TRY(delta::DeletionVectorFile(source_.table_root(), *file.deletion_vector));
      file.deletion_vector->storage_type = "p";
      file.deletion_vector->path_or_inline_dv = delta::EncodeUri(delta::UrlOf(*vector));
    }
    file.data_change = true;
    return file;
  }

  Result<AddFile> Copied(AddFile file) {
    const storage::Location from = TRY(delta::ResolveDataPath(source_.table_root(), file.path));
    if (delta::IsAbsoluteUri(file.path)) {
      file.path = "part-00000-" + RandomUuid() + "-c000.parquet";
    }
    TRY(CopyTo(from, delta::DecodeUri(file.path)));
    ++result_.copied_files;
    result_.copied_bytes += file.size;
    if (file.deletion_vector) {
      const auto vector =
          TRY(delta::DeletionVectorFile(source_.table_root(), *file.deletion_vector));
      if (vector) {
        const std::string name = vector->path.substr(vector->path.rfind('/') + 1);
        // The name of a vector in the table's own directory has no prefix.
        file.deletion_vector->storage_type = "u";
        std::string& text = file.deletion_vector->path_or_inline_dv;
        text = delta::VectorNameOf(name).value_or(text);
        if (std::ranges::find(vectors_, name) == vectors_.end()) {
          TRY(CopyTo(*vector, name));
          vectors_.push_back(name);
        }
      }
    }
    file.data_change = true;
    return file;
  }

  Status CopyTo(const storage::Location& from, const std::string& name) {
    const std::string path = root_.path.empty() ? name : root_.path + "/" + name;
    TRY(storage::CopyObject(from, {root_.store, path}, request_.stop));
    copied_.push_back(path);
    return Ok();
  }

  Status Commit() {
    delta::Metadata metadata = source_.metadata();
    metadata.id = replaced_ ? replaced_->metadata().id : RandomUuid();
    delta::Protocol protocol = source_.protocol();
    for (const auto& [key, value] : request_.properties) {
      metadata.configuration[TRY(delta::CheckProperty(key, value))] = value;
    }
    protocol = TRY(delta::RaiseProtocol(protocol, source_.schema(), metadata.configuration));
    delta::Transaction transaction =
        replaced_ ? delta::Transaction(replaced_) : delta::Transaction(root_);
    if (replaced_) {
      transaction.ReadWholeTable();
      for (const AddFile& file : replaced_->files()) {
        ++result_.removed_files;
        result_.removed_bytes += file.size;
        transaction.Remove(file);
      }
    }
    TRY(SetCopiedFiles(metadata, transaction));
    transaction.Set(std::move(metadata));
    transaction.Set(std::move(protocol));
    for (const auto& [name, domain] : source_.domains()) transaction.Set(domain);
    transaction.Add(files_);
    delta::CommitResult committed = TRY(std::move(transaction).Commit(Operation()));
    result_.snapshot = std::move(committed.snapshot);
    return Ok();
  }

  /// A deep clone goes on loading where its source is; a shallow one begins anew.
  Status SetCopiedFiles(const delta::Metadata& metadata, delta::Transaction& transaction) const {
    if (!request_.is_shallow) {
      const LoadedFiles record = TRY(LoadedFiles::Load(source_snapshot_));
      auto copied = TRY(record.WriteCopy(root_, metadata, replaced_));
      if (copied) {
        transaction.Set(*std::move(copied));
        return Ok();
      }
    }
    if (replaced_) delta::ForgetCopiedFiles(transaction);
    return Ok();
  }

  delta::Operation Operation() const {
    return {.name = "CLONE",
            .parameters = {{"source", delta::JsonString(request_.source_name)},
                           {"sourceVersion", Text(source_.version())},
                           {"isShallow", request_.is_shallow ? "true" : "false"}},
            .metrics = {{"sourceTableSize", Text(result_.source_bytes)},
                        {"sourceNumOfFiles", Text(result_.source_files)},
                        {"numRemovedFiles", Text(result_.removed_files)},
                        {"removedFilesSize", Text(result_.removed_bytes)},
                        {"numCopiedFiles", Text(result_.copied_files)},
                        {"copiedFilesSize", Text(result_.copied_bytes)}},
            .user_name = request_.user_name,
            .is_blind_append = false,
            .enforced_features = {"checkConstraints", "generatedColumns", "identityColumns",
                                  "invariants"}};
  }

  const storage::Location& root_;
  const delta::SnapshotPtr& source_snapshot_;
  const delta::Snapshot& source_;
  const delta::SnapshotPtr& replaced_;
  const CloneRequest& request_;
  std::vector<AddFile> files_;
  std::vector<std::string> vectors_;
  std::vector<std::string> copied_;
  CloneResult result_;
};

}  // namespace

Result<CloneResult> CloneTable(const storage::Location& root, const delta::SnapshotPtr& source,
                               const delta::SnapshotPtr& replaced, const CloneRequest& request) {
  return CloneRun(root, source, replaced, request).Run();
}

}  // namespace inlet::ingest
