#include "storage/azure/azure_store.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/digest.h"
#include "base/uuid.h"
#include "storage/http/parallel_delete.h"
#include "storage/http/part_uploads.h"
#include "storage/http/remote_reader.h"
#include "storage/http/service_error.h"
#include "storage/http/xml_tree.h"

namespace inlet::storage {
namespace {

constexpr const char* kPutIdHeader = "x-ms-meta-inlet_put";
/// Marks the directories of a hierarchical namespace, which look like empty blobs.
constexpr const char* kFolderMetadata = "hdi_isfolder";

std::int64_t NumberIn(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ObjectInfo InfoOfAnswer(std::string path, std::int64_t size_bytes, const HttpResponse& response) {
  return {.path = std::move(path),
          .size_bytes = size_bytes,
          .modified_at_ms = ParseHttpTimeMs(response.Header("last-modified")).value_or(0),
          .etag = PlainEtag(response.Header("etag"))};
}

bool IsFolder(const XmlElement& blob) {
  const XmlElement* const properties = blob.Child("Properties");
  const XmlElement* const metadata = blob.Child("Metadata");
  return (properties != nullptr && properties->Text("ResourceType") == "directory") ||
         (metadata != nullptr && metadata->Text(kFolderMetadata) == "true");
}

void AddPage(const XmlElement& listing, std::vector<ObjectInfo>& found) {
  const XmlElement* const blobs = listing.Child("Blobs");
  if (blobs == nullptr) return;
  for (const XmlElement& entry : blobs->children) {
    const XmlElement* const properties = entry.Child("Properties");
    if (entry.name == "BlobPrefix") {
      found.push_back({.path = std::string(entry.Text("Name"))});
    } else if (entry.name == "Blob" && properties != nullptr && !IsFolder(entry)) {
      found.push_back(
          {.path = std::string(entry.Text("Name")),
           .size_bytes = NumberIn(properties->Text("Content-Length")),
           .modified_at_ms = ParseHttpTimeMs(properties->Text("Last-Modified")).value_or(0),
           .etag = PlainEtag(properties->Text("Etag"))});
    }
  }
}

/// Somebody else's blob is there. Other answers of the same status speak of leases and the like.
bool IsLostRace(const HttpResponse& response) {
  const std::string_view code = response.Header("x-ms-error-code");
  return code == "BlobAlreadyExists" || code == "ConditionNotMet" ||
         code == "TargetConditionNotMet";
}

Status FetchFrom(const std::shared_ptr<const AzureClient>& client, const std::string& url,
                 const ObjectInfo& info, ByteRange range, char* out) {
  const std::int64_t last = range.position + range.length - 1;
  const HttpResponse response =
      TRY(client->Send({.blob = info.path,
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

/// Collects bytes and sends them up as blocks; a blob of less than one block goes up at once.
/// Blocks that are not committed are invisible, and the service forgets them after a week.
class AzureWriter : public ObjectWriter {
 public:
  AzureWriter(std::shared_ptr<const AzureClient> client, std::string url, std::string path)
      : client_(std::move(client)), url_(std::move(url)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override {
    size_bytes_ += std::ssize(bytes);
    while (!bytes.empty()) {
      const auto room = static_cast<std::size_t>(NextBlockBytes()) - buffer_.size();
      buffer_ += bytes.substr(0, room);
      bytes.remove_prefix(std::min(room, bytes.size()));
      if (std::ssize(buffer_) == NextBlockBytes()) TRY(StartBlock());
    }
    return Ok();
  }

  Result<ObjectInfo> Finish() override {
    if (blocks_.num_parts() == 0) {
      return Put({.method = "PUT",
                  .blob = path_,
                  .headers = {{"x-ms-blob-type", "BlockBlob"}},
                  .body = buffer_});
    }
    if (!buffer_.empty()) TRY(StartBlock());
    std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
    for (const std::string& id : TRY(blocks_.Finish())) body += "<Latest>" + id + "</Latest>";
    body += "</BlockList>";
    return Put({.method = "PUT", .blob = path_, .query = {{"comp", "blocklist"}}, .body = body});
  }

 private:
  /// Doubles every ten thousand blocks: 50,000, the most there may be, hold more than is allowed.
  std::int64_t NextBlockBytes() const {
    return client_->config().part_bytes << (blocks_.num_parts() / 10'000);
  }

  Status StartBlock() {
    std::string number = std::to_string(blocks_.num_parts());
    number.insert(0, 6 - number.size(), '0');  // All ids of a blob must be of one length.
    return blocks_.Start([client = client_, url = url_, path = path_,
                          id = Base64Encode(upload_id_ + number),
                          bytes = std::exchange(buffer_, {})]() -> Result<std::string> {
      const HttpResponse response = TRY(client->Send({.method = "PUT",
                                                      .blob = path,
                                                      .query = {{"comp", "block"}, {"blockid", id}},
                                                      .body = bytes}))
                                        .response;
      if (!response.is_success()) return client->FailAnswer(response, url);
      return id;
    });
  }

  Result<ObjectInfo> Put(const AzureRequest& request) {
    const HttpResponse response = TRY(client_->Send(request)).response;
    if (!response.is_success()) return client_->FailAnswer(response, url_);
    return InfoOfAnswer(path_, size_bytes_, response);
  }

  const std::shared_ptr<const AzureClient> client_;
  const std::string url_;
  const std::string path_;
  const std::string upload_id_ = RandomUuid();  // Keeps the blocks of two writers apart.
  std::string buffer_;
  PartUploads blocks_{/*max_at_once=*/4};
  std::int64_t size_bytes_ = 0;
};

}  // namespace

AzureStore::AzureStore(std::string root_url, AzureConfig config, const HttpClient& http)
    : root_url_(std::move(root_url)),
      client_(std::make_shared<const AzureClient>(std::move(config), http)) {}

Result<std::string> AzureStore::Get(std::string_view path) const {
  HttpResponse response = TRY(client_->Send({.blob = std::string(path)})).response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return std::move(response.body);
}

Result<ObjectInfo> AzureStore::Head(std::string_view path) const {
  const HttpResponse response =
      TRY(client_->Send({.method = "HEAD", .blob = std::string(path)})).response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  if (response.Header(std::string("x-ms-meta-") + kFolderMetadata) == "true") {
    return Fail(Condition::PATH_NOT_FOUND, {{"path", UrlOf(*this, path)}});
  }
  return InfoOfAnswer(std::string(path), NumberIn(response.Header("content-length")), response);
}

Result<std::unique_ptr<ObjectReader>> AzureStore::Open(const ObjectInfo& info) const {
  return OpenRemote(*this, info, std::bind_front(FetchFrom, client_));
}

Result<std::vector<ObjectInfo>> AzureStore::List(std::string_view prefix,
                                                 const ListOptions& options) const {
  std::vector<ObjectInfo> found;
  std::string marker;
  do {
    AzureRequest request{.query = {{"restype", "container"},
                                   {"comp", "list"},
                                   {"prefix", std::string(prefix)},
                                   {"include", "metadata"}}};
    if (options.one_level) request.query.emplace_back("delimiter", "/");
    if (!marker.empty()) request.query.emplace_back("marker", marker);
    const HttpResponse response = TRY(client_->Send(request)).response;
    if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, prefix));
    const XmlElement listing = TRY(ParseXml(response.body));
    AddPage(listing, found);
    marker = listing.Text("NextMarker");
  } while (!marker.empty());

  std::ranges::sort(found, {}, &ObjectInfo::path);
  const auto first = std::ranges::upper_bound(found, options.start_after, {}, &ObjectInfo::path);
  found.erase(found.begin(), first);
  if (options.max_objects && std::ssize(found) > *options.max_objects) {
    found.resize(static_cast<std::size_t>(std::max<std::int64_t>(*options.max_objects, 0)));
  }
  return found;
}

Status AzureStore::Put(std::string_view path, std::string_view bytes, PutMode mode) {
  if (mode == PutMode::kIfAbsent) return PutIfAbsent(std::string(path), bytes);
  const HttpResponse response = TRY(client_->Send({.method = "PUT",
                                                   .blob = std::string(path),
                                                   .headers = {{"x-ms-blob-type", "BlockBlob"}},
                                                   .body = bytes}))
                                    .response;
  if (!response.is_success()) return client_->FailAnswer(response, UrlOf(*this, path));
  return Ok();
}

Status AzureStore::PutIfAbsent(const std::string& path, std::string_view bytes) const {
  const std::string put_id = RandomUuid();
  const RetriedResponse sent = TRY(client_->Send(
      {.method = "PUT",
       .blob = path,
       .headers = {{"x-ms-blob-type", "BlockBlob"}, {"if-none-match", "*"}, {kPutIdHeader, put_id}},
       .body = bytes}));
  if (sent.response.is_success()) return Ok();
  if (!IsLostRace(sent.response)) return client_->FailAnswer(sent.response, UrlOf(*this, path));
  if (sent.maybe_done_before) {
    const HttpResponse head = TRY(client_->Send({.method = "HEAD", .blob = path})).response;
    if (!head.is_success()) return client_->FailAnswer(head, UrlOf(*this, path));
    if (head.Header(kPutIdHeader) == put_id) return Ok();
  }
  return Fail(Condition::PATH_ALREADY_EXISTS, {{"outputPath", UrlOf(*this, path)}});
}

Result<std::unique_ptr<ObjectWriter>> AzureStore::OpenWriter(std::string_view path) {
  return std::make_unique<AzureWriter>(client_, UrlOf(*this, path), std::string(path));
}

Status AzureStore::Delete(std::string_view path) {
  const HttpResponse response =
      TRY(client_->Send({.method = "DELETE", .blob = std::string(path)})).response;
  if (response.is_success() || response.status == 404) return Ok();
  return client_->FailAnswer(response, UrlOf(*this, path));
}

Status AzureStore::DeleteAll(std::string_view directory) {
  return DeleteAllInParallel(*this, directory);
}

Status AzureStore::CreateContainer() {
  const HttpResponse response =
      TRY(client_->Send({.method = "PUT", .query = {{"restype", "container"}}})).response;
  if (response.is_success() || response.Header("x-ms-error-code") == "ContainerAlreadyExists") {
    return Ok();
  }
  return client_->FailAnswer(response, root_url_);
}

}  // namespace inlet::storage
