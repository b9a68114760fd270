#pragma once

#include <memory>
#include <string>

#include "storage/gcs/gcs_client.h"
#include "storage/object_store.h"

namespace inlet::storage {

/// Collects bytes and sends them up in the parts of a resumable upload; an object of less than one
/// part goes up at once. Destroying it unfinished cancels the upload; the service forgets those
/// that no one cancels after a week.
class GcsWriter : public ObjectWriter {
 public:
  GcsWriter(std::shared_ptr<const GcsClient> client, std::string url, std::string path)
      : client_(std::move(client)), url_(std::move(url)), path_(std::move(path)) {}
  ~GcsWriter() override;

  Status Append(std::string_view bytes) override;
  Result<ObjectInfo> Finish() override;

 private:
  Status Begin();
  /// Sends the buffer; as the end of the object when `is_last`. Returns the answer to the last
  /// request.
  Result<HttpResponse> SendBuffer(bool is_last);
  Result<HttpResponse> SendOrAsk(std::string_view bytes, bool is_last) const;
  Result<HttpResponse> PutWhole();

  const std::shared_ptr<const GcsClient> client_;
  const std::string url_;
  const std::string path_;
  std::string session_url_;  // Empty: no upload has begun.
  std::string buffer_;
  std::int64_t num_sent_bytes_ = 0;  // What the service has said to have.
};

}  // namespace inlet::storage
