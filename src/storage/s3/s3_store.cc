#include "storage/s3/s3_store.h"

#include <charconv>
#include <functional>

#include "base/digest.h"
#include "base/percent_encoding.h"
#include "base/uuid.h"
#include "storage/http/page_collector.h"
#include "storage/http/remote_reader.h"
#include "storage/http/service_error.h"
#include "storage/s3/s3_writer.h"

namespace inlet::storage {
namespace {

std::int64_t NumberIn(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Reads the keys of a listing, which come encoded when the service can do so: XML has no way to
/// write most control characters.
class KeyDecoder {
 public:
  explicit KeyDecoder(const XmlElement& listing)
      : is_encoded_(listing.Text("EncodingType") == "url") {}

  Result<std::string> Decode(std::string_view key) const {
    if (!is_encoded_) return std::string(key);
    std::string text(key);
    std::ranges::replace(text, '+', ' ');
    return PercentDecode(text);
  }

 private:
  const bool is_encoded_;
};

Result<std::vector<ObjectInfo>> ParsePage(const XmlElement& listing) {
  const KeyDecoder decoder(listing);
  std::vector<ObjectInfo> page;
  for (const XmlElement& entry : listing.children) {
    if (entry.name == "Contents") {
      page.push_back({.path = TRY(decoder.Decode(entry.Text("Key"))),
                      .size_bytes = NumberIn(entry.Text("Size")),
                      .modified_at_ms = ParseIsoTimeMs(entry.Text("LastModified")).value_or(0),
                      .etag = PlainEtag(entry.Text("ETag"))});
    } else if (entry.name == "CommonPrefixes") {
      page.push_back({.path = TRY(decoder.Decode(entry.Text("Prefix")))});
    }
  }
  return page;
}

Status FetchFrom(const std::shared_ptr<const S3Client>& client, const std::string& url,
                 const ObjectInfo& info, ByteRange range, char* out) {
  const std::int64_t last = range.position + range.length - 1;
  const HttpResponse response =
      TRY(client->Send({.key = info.path,
                        .headers = {{"range", "bytes=" + std::to_string(range.position) + "-" +
                                                  std::to_string(last)},
                                    {"if-match", "\"" + info.etag + "\""}},
                        .into = {out, static_cast<std::size_t>(range.length)}}))
          .response;
  const bool is_other = response.is_success() && PlainEtag(response.Header("etag")) != info.etag;
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

S3Store::S3Store(const std::string& scheme, S3Config config, const HttpClient& http)
    : root_url_(scheme + "://" + config.bucket),
      client_(std::make_shared<const S3Client>(std::move(config), http)),
      conditions_are_kept_(!client_->config().is_custom_endpoint) {}

Result<std::string> S3Store::Get(std::string_view path) const {
  HttpResponse response = TRY(client_->Send({.key = std::string(path)})).response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return std::move(response.body);
}

Result<ObjectInfo> S3Store::Head(std::string_view path) const {
  const HttpResponse response =
      TRY(client_->Send({.method = "HEAD", .key = std::string(path)})).response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return InfoOfAnswer(std::string(path), NumberIn(response.Header("content-length")), response);
}

Result<std::unique_ptr<ObjectReader>> S3Store::Open(const ObjectInfo& info) const {
  return OpenRemote(*this, info, std::bind_front(FetchFrom, client_));
}

Result<std::vector<ObjectInfo>> S3Store::List(std::string_view prefix,
                                              const ListOptions& options) const {
  PageCollector pages(options);
  std::string token;
  while (!pages.is_full()) {
    S3Request request{.query = {{"list-type", "2"},
                                {"prefix", std::string(prefix)},
                                {"encoding-type", "url"},
                                {"max-keys", std::to_string(pages.page_size())}}};
    if (options.one_level) request.query.emplace_back("delimiter", "/");
    if (!token.empty()) {
      request.query.emplace_back("continuation-token", token);
    } else if (!options.start_after.empty()) {
      request.query.emplace_back("start-after", options.start_after);
    }
    const HttpResponse response = TRY(client_->Send(request)).response;
    if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, prefix));
    const XmlElement listing = TRY(ParseXml(response.body));
    pages.AddPage(TRY(ParsePage(listing)));
    std::string next_token(listing.Text("NextContinuationToken"));
    if (listing.Text("IsTruncated") != "true" || next_token == token) break;
    token = std::move(next_token);
  }
  return std::move(pages).Finish(root_url_);
}

Status S3Store::Put(std::string_view path, std::string_view bytes, PutMode mode) {
  if (mode == PutMode::kIfAbsent) return PutIfAbsent(std::string(path), bytes);
  const HttpResponse response =
      TRY(client_->Send({.method = "PUT", .key = std::string(path), .body = bytes})).response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return Ok();
}

/// Puts a small object twice, the second time if absent: that has to fail.
Status S3Store::CheckConditionsAreKept(const std::string& path) const {
  if (conditions_are_kept_) return Ok();
  const std::string probe = path.substr(0, path.rfind('/') + 1) + ".inlet-" + RandomUuid() + ".tmp";
  S3Request put{.method = "PUT", .key = probe};
  const HttpResponse first = TRY(client_->Send(put)).response;
  if (!first.is_success()) return client_->FailAnswer(first, UrlOf(*this, path));
  put.headers = {{"if-none-match", "*"}};
  const HttpResponse second = TRY(client_->Send(put)).response;
  TRY(client_->Send({.method = "DELETE", .key = probe}));
  if (second.is_success() || second.status == 501) {
    return FailUnsupported("put-if-absent on " + client_->config().endpoint +
                           ", which ignores If-None-Match");
  }
  if (second.status != 412 && second.status != 409) {
    return client_->FailAnswer(second, UrlOf(*this, path));
  }
  conditions_are_kept_ = true;
  return Ok();
}

Status S3Store::PutIfAbsent(const std::string& path, std::string_view bytes) const {
  TRY(CheckConditionsAreKept(path));
  const std::string put_id = RandomUuid();
  const RetriedResponse sent = TRY(client_->Send(
      {.method = "PUT",
       .key = path,
       .headers = {{"if-none-match", "*"}, {kS3PutIdHeader, put_id}},
       .body = bytes,
       // Two conditional puts at once: the service asks the later one to come again.
       .is_retryable = [](const HttpResponse& response) { return response.status == 409; }}));
  if (sent.response.is_success()) return Ok();
  if (sent.response.status != 412) return client_->FailAnswer(sent.response, UrlOf(*this, path));
  if (sent.maybe_done_before) {
    const HttpResponse head = TRY(client_->Send({.method = "HEAD", .key = path})).response;
    if (!head.is_success()) return client_->FailAnswer(head, UrlOf(*this, path));
    if (head.Header(kS3PutIdHeader) == put_id) return Ok();
  }
  return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", UrlOf(*this, path)}});
}

Result<std::unique_ptr<ObjectWriter>> S3Store::OpenWriter(std::string_view path) {
  return std::make_unique<S3Writer>(client_, UrlOf(*this, path), std::string(path));
}

Status S3Store::Delete(std::string_view path) {
  const HttpResponse response =
      TRY(client_->Send({.method = "DELETE", .key = std::string(path)})).response;
  if (response.is_success() || response.status == 404) return Ok();
  return client_->FailAnswer(response, UrlOf(*this, path));
}

Status S3Store::DeleteAll(std::string_view directory) {
  const std::string prefix = directory.empty() ? "" : std::string(directory) + "/";
  while (true) {
    const std::vector<ObjectInfo> objects = TRY(List(prefix, {.max_objects = 1000}));
    if (objects.empty()) return Ok();
    TRY(DeleteBatch(objects));
  }
}

Status S3Store::DeleteBatch(std::span<const ObjectInfo> objects) const {
  std::string body = "<Delete><Quiet>true</Quiet>";
  for (const ObjectInfo& object : objects) {
    body += "<Object><Key>" + XmlEscape(object.path) + "</Key></Object>";
  }
  body += "</Delete>";
  const HttpResponse response =
      TRY(client_->Send({.method = "POST",
                         .query = {{"delete", ""}},
                         .headers = {{"content-md5", Base64Encode(Md5(body))}},
                         .body = body}))
          .response;
  if (!response.is_success()) return client_->FailAnswer(response, root_url_);
  const XmlElement result = TRY(ParseXml(response.body));
  if (const XmlElement* const error = result.Child("Error")) {
    return FailService(
        {.status = 403},
        {.code = std::string(error->Text("Code")), .message = std::string(error->Text("Message"))},
        UrlOf(*this, error->Text("Key")));
  }
  return Ok();
}

Result<std::int64_t> S3Store::RemoveLeftovers(std::string_view directory) {
  constexpr std::int64_t kOldMs = std::int64_t{24} * 3600 * 1000;
  const std::string prefix = directory.empty() ? "" : std::string(directory) + "/";
  const HttpResponse response =
      TRY(client_->Send({.query = {{"uploads", ""}, {"prefix", prefix}}})).response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, directory));
  const XmlElement listing = TRY(ParseXml(response.body));
  const KeyDecoder decoder(listing);
  std::int64_t num_removed = 0;
  for (const XmlElement& upload : listing.children) {
    if (upload.name != "Upload") continue;
    const std::int64_t begun_at_ms = ParseIsoTimeMs(upload.Text("Initiated")).value_or(INT64_MAX);
    if (begun_at_ms > client_->config().now_ms() - kOldMs) continue;
    TRY(client_->Send({.method = "DELETE",
                       .key = TRY(decoder.Decode(upload.Text("Key"))),
                       .query = {{"uploadId", std::string(upload.Text("UploadId"))}}}));
    ++num_removed;
  }
  return num_removed;
}

}  // namespace inlet::storage
