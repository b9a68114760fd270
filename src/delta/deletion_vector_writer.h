#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "delta/actions.h"
#include "delta/deletion_vector.h"
#include "storage/object_store.h"

namespace inlet::delta {

/// The deletion vectors of one commit, all in one file. Not thread-safe.
/// Source: Delta protocol, "Deletion Vectors", "Deletion Vector File Storage Format".
class DeletionVectorWriter {
 public:
  explicit DeletionVectorWriter(storage::Location table_root);

  /// Where the vector will lie once Finish() has put the file.
  DeletionVectorDescriptor Add(const DeletedRows& rows);
  /// Puts the file, if there is a vector.
  Status Finish();
  /// Deletes the file again; best effort.
  void Discard();

 private:
  const storage::Location table_root_;
  const std::string uuid_;
  std::string bytes_;
  bool is_stored_ = false;
};

/// `file` with this vector in place of its own; its statistics then tell bounds that may be wide.
AddFile WithDeletionVector(AddFile file, DeletionVectorDescriptor vector,
                           std::int64_t physical_rows);

/// The bitmap of a vector in the portable format, without size and checksum.
std::string SerializeDeletedRows(const DeletedRows& rows);
/// What the log calls a vector in the table's own directory, by the name of its file; nothing for
/// another name.
std::optional<std::string> VectorNameOf(std::string_view file_name);
/// Base 85 of ZeroMQ; the length of `bytes` is a multiple of four.
std::string EncodeZ85(std::string_view bytes);

}  // namespace inlet::delta
