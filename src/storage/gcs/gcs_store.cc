#include "storage/gcs/gcs_store.h"

#include <functional>

#include "base/uuid.h"
#include "storage/gcs/gcs_object.h"
#include "storage/gcs/gcs_writer.h"
#include "storage/http/page_collector.h"
#include "storage/http/parallel_delete.h"
#include "storage/http/remote_reader.h"
#include "storage/http/service_error.h"

namespace inlet::storage {
namespace {

Result<HttpResponse> HeadOf(const GcsClient& client, std::string_view path) {
  return TRY(client.Send(
                 {.path = client.ObjectPath(path), .query = {{"fields", kGcsObjectFields}}}))
      .response;
}

/// Objects that are stored compressed come as they are stored.
HttpHeaders RawBytes() { return {{"Accept-Encoding", "gzip"}}; }

Status FetchFrom(const std::shared_ptr<const GcsClient>& client, const std::string& url,
                 const ObjectInfo& info, ByteRange range, char* out) {
  HttpHeaders headers = RawBytes();
  headers.emplace_back("Range", "bytes=" + std::to_string(range.position) + "-" +
                                    std::to_string(range.position + range.length - 1));
  const HttpResponse response =
      TRY(client->Send({.path = client->ObjectPath(info.path),
                        .query = {{"alt", "media"}, {"generation", info.etag}},
                        .headers = std::move(headers),
                        .into = {out, static_cast<std::size_t>(range.length)}}))
          .response;
  const std::string_view generation = response.Header("x-goog-generation");
  const bool is_other = response.is_success() && !generation.empty() && generation != info.etag;
  if (is_other || response.status == 404 || response.status == 412 || response.status == 416) {
    return FailReplaced(url);
  }
  if (!response.is_success()) return client->FailAnswer(response, url);
  if (response.num_body_bytes != range.length) {
    return Fail(Condition::STORAGE_UNAVAILABLE, {{"message", url + ": the answer is too short"}});
  }
  return Ok();
}

}  // namespace

GcsStore::GcsStore(GcsConfig config, const HttpClient& http)
    : root_url_("gs://" + config.bucket),
      client_(std::make_shared<const GcsClient>(std::move(config), http)) {}

Result<std::string> GcsStore::Get(std::string_view path) const {
  HttpResponse response = TRY(client_->Send({.path = client_->ObjectPath(path),
                                             .query = {{"alt", "media"}},
                                             .headers = RawBytes()}))
                              .response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return std::move(response.body);
}

Result<ObjectInfo> GcsStore::Head(std::string_view path) const {
  const HttpResponse response = TRY(HeadOf(*client_, path));
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return TRY(ParseGcsObject(response.body)).info;
}

Result<std::unique_ptr<ObjectReader>> GcsStore::Open(const ObjectInfo& info) const {
  return OpenRemote(*this, info, std::bind_front(FetchFrom, client_));
}

Result<std::vector<ObjectInfo>> GcsStore::List(std::string_view prefix,
                                               const ListOptions& options) const {
  std::string path = client_->ObjectPath("");
  path.pop_back();
  PageCollector pages(options);
  std::string token;
  while (!pages.is_full()) {
    GcsRequest request{
        .path = path,
        .query = {{"prefix", std::string(prefix)},
                  {"maxResults", std::to_string(pages.page_size())},
                  {"fields", "items(name,size,updated,generation),prefixes,nextPageToken"}}};
    if (options.one_level) request.query.emplace_back("delimiter", "/");
    if (!options.start_after.empty()) {
      request.query.emplace_back("startOffset", options.start_after);
    }
    if (!token.empty()) request.query.emplace_back("pageToken", token);
    const HttpResponse response = TRY(client_->Send(request)).response;
    if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, prefix));
    GcsPage page = TRY(ParseGcsPage(response.body));
    pages.AddPage(std::move(page.entries));
    if (page.next_token.empty() || page.next_token == token) break;
    token = std::move(page.next_token);
  }
  return std::move(pages).Finish(root_url_);
}

Status GcsStore::Put(std::string_view path, std::string_view bytes, PutMode mode) {
  if (mode == PutMode::kIfAbsent) return PutIfAbsent(std::string(path), bytes);
  const HttpResponse response =
      TRY(client_->Send({.method = "POST",
                         .path = client_->UploadPath(),
                         .query = {{"uploadType", "media"}, {"name", std::string(path)}},
                         .body = bytes}))
          .response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return Ok();
}

Status GcsStore::PutIfAbsent(const std::string& path, std::string_view bytes) const {
  const std::string put_id = RandomUuid();
  const std::string boundary = "inlet-" + put_id;
  std::string body = "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" +
                     GcsObjectJson(path, put_id) + "\r\n--" + boundary +
                     "\r\nContent-Type: application/octet-stream\r\n\r\n";
  body += bytes;
  body += "\r\n--" + boundary + "--\r\n";
  const RetriedResponse sent =
      TRY(client_->Send({.method = "POST",
                         .path = client_->UploadPath(),
                         .query = {{"uploadType", "multipart"}, {"ifGenerationMatch", "0"}},
                         .headers = {{"Content-Type", "multipart/related; boundary=" + boundary}},
                         .body = body}));
  if (sent.response.is_success()) return Ok();
  if (sent.response.status != 412) return client_->FailAnswer(sent.response, UrlOf(*this, path));
  if (sent.maybe_done_before) {
    const HttpResponse head = TRY(HeadOf(*client_, path));
    if (!head.is_success()) return client_->FailAnswer(head, UrlOf(*this, path));
    if (TRY(ParseGcsObject(head.body)).put_id == put_id) return Ok();
  }
  return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", UrlOf(*this, path)}});
}

Result<std::unique_ptr<ObjectWriter>> GcsStore::OpenWriter(std::string_view path) {
  return std::make_unique<GcsWriter>(client_, UrlOf(*this, path), std::string(path));
}

Status GcsStore::Delete(std::string_view path) {
  const HttpResponse response =
      TRY(client_->Send({.method = "DELETE", .path = client_->ObjectPath(path)})).response;
  if (response.is_success() || response.status == 404) return Ok();
  return client_->FailAnswer(response, UrlOf(*this, path));
}

Status GcsStore::DeleteAll(std::string_view directory) {
  return DeleteAllInParallel(*this, directory);
}

}  // namespace inlet::storage
