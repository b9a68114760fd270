#pragma once

#include <functional>

#include "storage/object_store.h"

namespace inlet::storage {

/// Fills `out` with exactly the bytes of `range`, which lies inside the object.
/// Errors: FAILED_READ_FILE_FILE_NOT_EXIST when the object is not the one of the listing.
using FetchRange = std::function<Status(ByteRange range, char* out)>;

/// An object of a service, read by ranges; a long range is fetched in several parts at once.
class RemoteReader : public ObjectReader {
 public:
  RemoteReader(ObjectInfo info, FetchRange fetch)
      : info_(std::move(info)), fetch_(std::move(fetch)) {}

  const ObjectInfo& info() const override { return info_; }
  Result<std::int64_t> ReadAt(ByteRange range, char* out) const override;

 private:
  const ObjectInfo info_;
  const FetchRange fetch_;
};

}  // namespace inlet::storage
