#pragma once

#include <memory>
#include <string>

#include "storage/http/part_uploads.h"
#include "storage/object_store.h"
#include "storage/s3/s3_client.h"

namespace inlet::storage {

/// Name and value of the header by which a writer knows its own object again.
inline constexpr const char* kS3PutIdHeader = "x-amz-meta-inlet-put";

/// Collects bytes and sends them up in parts, four at a time; an object of less than one part goes
/// up in one request. Destroying it unfinished aborts the upload.
class S3Writer : public ObjectWriter {
 public:
  S3Writer(std::shared_ptr<const S3Client> client, std::string url, std::string path);
  ~S3Writer() override;

  Status Append(std::string_view bytes) override;
  Result<ObjectInfo> Finish() override;

 private:
  Status Begin();
  Status StartPart();
  Result<HttpResponse> PutWhole();
  Result<HttpResponse> Complete();
  std::int64_t NextPartBytes() const;

  const std::shared_ptr<const S3Client> client_;
  const std::string url_;
  const std::string path_;
  const std::string put_id_;
  std::string buffer_;
  std::string upload_id_;  // Empty: no upload has begun.
  PartUploads parts_{/*max_at_once=*/4};
  std::int64_t size_bytes_ = 0;
};

/// Size, time and etag from the headers of an answer. The Date stands in for a missing
/// Last-Modified.
ObjectInfo InfoOfAnswer(std::string path, std::int64_t size_bytes, const HttpResponse& response);

}  // namespace inlet::storage
