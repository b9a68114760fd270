#include "storage/gcs/gcs_writer.h"

#include <charconv>

#include "storage/gcs/gcs_object.h"
#include "storage/http/service_error.h"

namespace inlet::storage {
namespace {

constexpr int kResumeIncomplete = 308;

/// "bytes=0-42" says that 43 bytes are there; no such header, that there are none.
std::int64_t NumBytesThere(const HttpResponse& response) {
  const std::string_view range = response.Header("range");
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return 0;
  std::int64_t last = -1;
  std::from_chars(range.data() + dash + 1, range.data() + range.size(), last);
  return last + 1;
}

}  // namespace

GcsWriter::~GcsWriter() {
  if (session_url_.empty()) return;
  (void)client_->SendTo([&] { return HttpRequest{.method = "DELETE", .url = session_url_}; });
}

Status GcsWriter::Append(std::string_view bytes) {
  const auto part_bytes = static_cast<std::size_t>(client_->config().part_bytes);
  while (!bytes.empty()) {
    // A full buffer waits for more: the last part of an upload must not be empty.
    if (buffer_.size() == part_bytes) TRY(SendBuffer(/*is_last=*/false));
    const std::size_t room = part_bytes - buffer_.size();
    buffer_ += bytes.substr(0, room);
    bytes.remove_prefix(std::min(room, bytes.size()));
  }
  return Ok();
}

Status GcsWriter::Begin() {
  const std::string object = GcsObjectJson(path_, "");
  const HttpResponse response =
      TRY(client_->Send({.method = "POST",
                         .path = client_->UploadPath(),
                         .query = {{"uploadType", "resumable"}, {"name", path_}},
                         .headers = {{"Content-Type", "application/json; charset=UTF-8"}},
                         .body = object}))
          .response;
  if (!response.is_success()) return client_->FailAnswer(response, url_);
  session_url_ = response.Header("location");
  if (session_url_.empty()) {
    return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", url_ + ": no upload was begun"}});
  }
  return Ok();
}

Result<HttpResponse> GcsWriter::SendBuffer(bool is_last) {
  if (session_url_.empty()) TRY(Begin());
  const std::int64_t begin = num_sent_bytes_;
  const std::int64_t end = begin + std::ssize(buffer_);
  int num_rounds_without_progress = 0;
  while (true) {
    const std::string_view rest =
        std::string_view(buffer_).substr(static_cast<std::size_t>(num_sent_bytes_ - begin));
    HttpResponse response = TRY(SendOrAsk(rest, is_last));
    if (response.is_success() && is_last) {
      session_url_.clear();
      return response;
    }
    if (response.status != kResumeIncomplete) return client_->FailAnswer(response, url_);
    const std::int64_t num_there = NumBytesThere(response);
    if (num_there < num_sent_bytes_ || num_there > end) {
      return Fail(Condition::STORAGE_UNAVAILABLE,
                  {{"message", url_ + ": the service lost a part of the upload"}});
    }
    if (num_there > num_sent_bytes_) {
      num_rounds_without_progress = 0;
    } else if (++num_rounds_without_progress >= client_->config().retry.max_tries) {
      return Fail(Condition::STORAGE_UNAVAILABLE,
                  {{"message", url_ + ": the service takes no more of the upload"}});
    }
    num_sent_bytes_ = num_there;
    if (num_sent_bytes_ == end && !is_last) {
      buffer_.clear();
      return response;
    }
  }
}

/// The first try sends the bytes. If its answer gets lost the next ones only ask how much is there,
/// since bytes must not be sent twice.
Result<HttpResponse> GcsWriter::SendOrAsk(std::string_view bytes, bool is_last) const {
  const std::int64_t end = num_sent_bytes_ + std::ssize(bytes);
  const std::string total = is_last ? std::to_string(end) : "*";
  bool is_first = true;
  return TRY(client_->SendTo([&] {
           const bool sends_bytes = std::exchange(is_first, false);
           const std::string range =
               sends_bytes && !bytes.empty()
                   ? std::to_string(num_sent_bytes_) + "-" + std::to_string(end - 1)
                   : "*";
           return HttpRequest{.method = "PUT",
                              .url = session_url_,
                              .headers = {{"Content-Range", "bytes " + range + "/" + total}},
                              .body = sends_bytes ? bytes : std::string_view()};
         }))
      .response;
}

Result<ObjectInfo> GcsWriter::Finish() {
  const HttpResponse response =
      session_url_.empty() ? TRY(PutWhole()) : TRY(SendBuffer(/*is_last=*/true));
  return TRY(ParseGcsObject(response.body)).info;
}

Result<HttpResponse> GcsWriter::PutWhole() {
  HttpResponse response = TRY(client_->Send({.method = "POST",
                                             .path = client_->UploadPath(),
                                             .query = {{"uploadType", "media"}, {"name", path_}},
                                             .body = buffer_}))
                              .response;
  if (!response.is_success()) return client_->FailAnswer(response, url_);
  return response;
}

}  // namespace inlet::storage
