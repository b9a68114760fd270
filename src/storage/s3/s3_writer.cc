#include "storage/s3/s3_writer.h"

#include "base/uuid.h"
#include "storage/http/service_error.h"
#include "storage/http/service_time.h"

namespace inlet::storage {
namespace {

/// The answer to a completion begins before the work is done; it can turn out to be an error.
bool IsErrorInSuccess(const HttpResponse& response) {
  return response.is_success() && response.body.contains("<Error>");
}

}  // namespace

ObjectInfo InfoOfAnswer(std::string path, std::int64_t size_bytes, const HttpResponse& response) {
  std::optional<std::int64_t> modified_at_ms = ParseHttpTimeMs(response.Header("last-modified"));
  if (!modified_at_ms) modified_at_ms = ParseHttpTimeMs(response.Header("date"));
  return {.path = std::move(path),
          .size_bytes = size_bytes,
          .modified_at_ms = modified_at_ms.value_or(0),
          .etag = PlainEtag(response.Header("etag"))};
}

S3Writer::S3Writer(std::shared_ptr<const S3Client> client, std::string url, std::string path)
    : client_(std::move(client)),
      url_(std::move(url)),
      path_(std::move(path)),
      put_id_(RandomUuid()) {}

S3Writer::~S3Writer() {
  parts_.Drain();  // A part that arrives after the abort would stay.
  if (upload_id_.empty()) return;
  // If this fails RemoveLeftovers() does it later.
  (void)client_->Send({.method = "DELETE", .key = path_, .query = {{"uploadId", upload_id_}}});
}

/// Doubles every thousand parts: 10,000 parts, the most there may be, hold more than the largest
/// object.
std::int64_t S3Writer::NextPartBytes() const {
  return client_->config().part_bytes << (parts_.num_parts() / 1000);
}

Status S3Writer::Append(std::string_view bytes) {
  size_bytes_ += std::ssize(bytes);
  while (!bytes.empty()) {
    const auto room = static_cast<std::size_t>(NextPartBytes()) - buffer_.size();
    buffer_ += bytes.substr(0, room);
    bytes.remove_prefix(std::min(room, bytes.size()));
    if (std::ssize(buffer_) == NextPartBytes()) TRY(StartPart());
  }
  return Ok();
}

Status S3Writer::Begin() {
  const HttpResponse response = TRY(client_->Send({.method = "POST",
                                                   .key = path_,
                                                   .query = {{"uploads", ""}},
                                                   .headers = {{kS3PutIdHeader, put_id_}}}))
                                    .response;
  if (!response.is_success()) return client_->FailAnswer(response, url_);
  upload_id_ = TRY(ParseXml(response.body)).Text("UploadId");
  if (upload_id_.empty()) {
    return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", url_ + ": no upload was begun"}});
  }
  return Ok();
}

Status S3Writer::StartPart() {
  if (upload_id_.empty()) TRY(Begin());
  return parts_.Start([client = client_, url = url_, path = path_, upload_id = upload_id_,
                       number = std::to_string(parts_.num_parts() + 1),
                       bytes = std::exchange(buffer_, {})]() -> Result<std::string> {
    const HttpResponse response =
        TRY(client->Send({.method = "PUT",
                          .key = path,
                          .query = {{"partNumber", number}, {"uploadId", upload_id}},
                          .body = bytes}))
            .response;
    if (!response.is_success()) return client->FailAnswer(response, url);
    return std::string(response.Header("etag"));
  });
}

Result<ObjectInfo> S3Writer::Finish() {
  const bool is_whole = upload_id_.empty();
  if (!is_whole && !buffer_.empty()) TRY(StartPart());
  const HttpResponse response = is_whole ? TRY(PutWhole()) : TRY(Complete());
  return InfoOfAnswer(path_, size_bytes_, response);
}

Result<HttpResponse> S3Writer::PutWhole() {
  HttpResponse response =
      TRY(client_->Send({.method = "PUT", .key = path_, .body = buffer_})).response;
  if (!response.is_success()) return client_->FailAnswer(response, url_);
  return response;
}

Result<HttpResponse> S3Writer::Complete() {
  const std::vector<std::string> etags = TRY(parts_.Finish());
  std::string body = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" +
            XmlEscape(etags[i]) + "</ETag></Part>";
  }
  body += "</CompleteMultipartUpload>";
  RetriedResponse sent = TRY(client_->Send({.method = "POST",
                                            .key = path_,
                                            .query = {{"uploadId", upload_id_}},
                                            .body = body,
                                            .is_retryable = IsErrorInSuccess}));
  const bool is_done = sent.response.is_success() && !IsErrorInSuccess(sent.response);
  if (!is_done && !sent.maybe_done_before) return client_->FailAnswer(sent.response, url_);

  // The answer to a completion has no time, and a lost one no etag either.
  HttpResponse head = TRY(client_->Send({.method = "HEAD", .key = path_})).response;
  if (!is_done && (!head.is_success() || head.Header(kS3PutIdHeader) != put_id_)) {
    return client_->FailAnswer(sent.response, url_);
  }
  upload_id_.clear();
  return head;
}

}  // namespace inlet::storage
