#include "connectors/file_events/file_event.h"

#include <nlohmann/json.hpp>

#include "base/percent_encoding.h"

namespace inlet::connectors {
namespace {

using Json = nlohmann::json;

/// Messages in messages: SNS around S3 around a list.
constexpr int kMostLevels = 8;

std::unexpected<Error> NotUnderstood(const char* message) {
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", "its body"}, {"functionName", "a file event"}, {"message", message}});
}

std::string TextAt(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

const Json& At(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

/// S3 writes keys as in a form: a blank is '+'.
Result<std::string> FormDecode(std::string text) {
  for (char& c : text) {
    if (c == '+') c = ' ';
  }
  return PercentDecode(text);
}

/// https://account.blob.core.windows.net/container/path of Azure's events as its URL here.
Result<std::string> AzureUrl(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return NotUnderstood("the URL of its blob is not https");
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  const std::string_view account = url.substr(0, url.find('.'));
  if (slash == std::string_view::npos) return NotUnderstood("the URL of its blob has no path");
  const std::string_view host = url.substr(0, slash);
  const std::string_view path = url.substr(slash + 1);
  const std::size_t end = path.find('/');
  if (end == std::string_view::npos || account.size() == host.size()) {
    return NotUnderstood("the URL of its blob has no container");
  }
  const std::size_t zone = host.find(".blob.");
  const std::string suffix = zone == std::string_view::npos
                                 ? ".dfs.core.windows.net"
                                 : ".dfs." + std::string(host.substr(zone + 6));
  return "abfss://" + std::string(path.substr(0, end)) + "@" + std::string(account) + suffix + "/" +
         TRY(PercentDecode(path.substr(end + 1)));
}

class Reader {
 public:
  Status Take(const Json& message, int level) {
    if (level > kMostLevels) return NotUnderstood("it is nested too deeply");
    if (message.is_array()) {
      for (const Json& item : message) TRY(Take(item, level + 1));
      return Ok();
    }
    if (!message.is_object()) return NotUnderstood("it is no JSON object");
    if (message.contains("Records")) return TakeS3Records(message["Records"]);
    if (message.contains("Type") && message.contains("TopicArn")) return TakeSns(message, level);
    if (TextAt(message, "Event") == "s3:TestEvent") return Ok();
    if (TextAt(message, "source") == "aws.s3") return TakeEventBridge(message);
    if (message.contains("message") && message["message"].is_object()) {
      return TakePubSub(message["message"]);
    }
    if (TextAt(message, "kind") == "storage#object") {
      return Add("gs://" + TextAt(message, "bucket") + "/" + TextAt(message, "name"));
    }
    if (message.contains("eventType") || message.contains("specversion")) {
      return TakeAzure(message);
    }
    if (message.contains("url")) return Add(TextAt(message, "url"));
    const Json& urls = At(message, "urls");
    if (!urls.is_array()) return NotUnderstood("it is none of the known notifications");
    for (const Json& url : urls) {
      if (!url.is_string()) return NotUnderstood("urls is no list of texts");
      TRY(Add(url.get<std::string>()));
    }
    return Ok();
  }

  FileEvents events;

 private:
  Status Add(const std::string& url) {
    if (url.empty() || url.ends_with('/')) return Ok();  // A directory.
    events.urls.push_back(CanonicalUrl(url));
    return Ok();
  }

  Status TakeS3Records(const Json& records) {
    if (!records.is_array()) return NotUnderstood("Records is no list");
    for (const Json& record : records) {
      const std::string name = TextAt(record, "eventName");
      const bool is_written = name.starts_with("ObjectCreated:") ||
                              name.starts_with("s3:ObjectCreated:") ||
                              name.starts_with("ObjectRestore:Completed");
      if (!is_written) continue;
      const Json& s3 = At(record, "s3");
      const std::string bucket = TextAt(At(s3, "bucket"), "name");
      const std::string key = TextAt(At(s3, "object"), "key");
      if (bucket.empty() || key.empty()) return NotUnderstood("a record names no object");
      TRY(Add("s3://" + bucket + "/" + TRY(FormDecode(key))));
    }
    return Ok();
  }

  Status TakeSns(const Json& message, int level) {
    const std::string type = TextAt(message, "Type");
    if (type == "SubscriptionConfirmation") {
      events.subscribe_url = TextAt(message, "SubscribeURL");
      return Ok();
    }
    if (type != "Notification") return Ok();
    const Json inner = Json::parse(TextAt(message, "Message"), nullptr, false);
    return Take(inner, level + 1);
  }

  Status TakeEventBridge(const Json& message) {
    if (TextAt(message, "detail-type") != "Object Created") return Ok();
    const Json& detail = At(message, "detail");
    const std::string bucket = TextAt(At(detail, "bucket"), "name");
    const std::string key = TextAt(At(detail, "object"), "key");
    if (bucket.empty() || key.empty()) return NotUnderstood("its detail names no object");
    return Add("s3://" + bucket + "/" + key);
  }

  Status TakePubSub(const Json& message) {
    const Json& attributes = At(message, "attributes");
    if (TextAt(attributes, "eventType") != "OBJECT_FINALIZE") return Ok();
    const std::string bucket = TextAt(attributes, "bucketId");
    const std::string name = TextAt(attributes, "objectId");
    if (bucket.empty() || name.empty()) return NotUnderstood("its attributes name no object");
    return Add("gs://" + bucket + "/" + name);
  }

  Status TakeAzure(const Json& message) {
    std::string type = TextAt(message, "eventType");
    if (type.empty()) type = TextAt(message, "type");
    const Json& data = At(message, "data");
    if (type == "Microsoft.EventGrid.SubscriptionValidationEvent") {
      events.validation_code = TextAt(data, "validationCode");
      return Ok();
    }
    if (type == "google.cloud.storage.object.v1.finalized") {
      return Add("gs://" + TextAt(data, "bucket") + "/" + TextAt(data, "name"));
    }
    if (type != "Microsoft.Storage.BlobCreated") return Ok();
    // What a Data Lake client writes is made empty first and is whole when it is flushed.
    if (TextAt(data, "api") == "CreateFile") return Ok();
    return Add(TRY(AzureUrl(TextAt(data, "url"))));
  }
};

}  // namespace

std::string CanonicalUrl(std::string_view url) {
  for (const std::string_view scheme : {"file:///", "file:/", "/"}) {
    if (url.starts_with(scheme)) return "file:/" + std::string(url.substr(scheme.size()));
  }
  for (const std::string_view scheme : {"s3a://", "s3n://"}) {
    if (url.starts_with(scheme)) return "s3://" + std::string(url.substr(scheme.size()));
  }
  for (const std::string_view scheme : {"abfs://", "wasbs://", "wasb://"}) {
    if (!url.starts_with(scheme)) continue;
    std::string canonical = "abfss://" + std::string(url.substr(scheme.size()));
    constexpr std::string_view kBlob = ".blob.";
    const std::size_t blob = canonical.find(kBlob);
    if (blob < canonical.find('/', 8)) canonical.replace(blob, kBlob.size(), ".dfs.");
    return canonical;
  }
  return std::string(url);
}

Result<FileEvents> ParseFileEvents(std::string_view message) {
  const Json json = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return NotUnderstood("it is no JSON");
  Reader reader;
  TRY(reader.Take(json, 0));
  return std::move(reader.events);
}

}  // namespace inlet::connectors
