#pragma once

#include <functional>
#include <memory>
#include <string>

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

/// As FetchRange, of the object `info` at `url`.
using FetchObjectRange =
    std::function<Status(const std::string& url, const ObjectInfo& info, ByteRange range, char*)>;

/// ObjectStore::Open() of a service: an object whose etag is not known is looked up, and every
/// range is fetched of that version alone. Errors: FAILED_READ_FILE_FILE_NOT_EXIST when there is no
/// such object; those of Head().
Result<std::unique_ptr<ObjectReader>> OpenRemote(const ObjectStore& store, const ObjectInfo& info,
                                                 FetchObjectRange fetch);

}  // namespace inlet::storage
