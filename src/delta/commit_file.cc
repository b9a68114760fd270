#include "delta/commit_file.h"

#include <simdjson.h>

#include <utility>

#include "types/json_text.h"

namespace inlet::delta {
namespace {

// The DOM interface picks the fastest implementation at run time; On-Demand is fixed when compiled.
namespace dom = simdjson::dom;

/// Reads one action after the other. The first thing that is not as it should be stays in
/// `problem`.
class ActionReader {
 public:
  explicit ActionReader(CommitActions& out) : out_(out) {}

  const std::string& problem() const { return problem_; }

  /// Parses `document`, whose buffer has simdjson's padding behind it. False: see problem().
  bool Read(std::string_view document) {
    problem_.clear();
    was_json_ = false;
    dom::element json;
    if (Failed(parser_.parse(document.data(), document.size(), /*realloc_if_needed=*/false)
                   .get(json))) {
      return false;
    }
    was_json_ = true;
    Object(json, [&](std::string_view name, dom::element value) { Action(name, value); });
    return problem_.empty();
  }
  /// Whether the text was JSON, so that more of it would not help.
  bool was_json() const { return was_json_; }

 private:
  bool Failed(simdjson::error_code error) {
    if (error && problem_.empty()) problem_ = simdjson::error_message(error);
    return error != simdjson::SUCCESS;
  }
  void Wrong(std::string_view what) {
    if (problem_.empty()) problem_ = std::string(what);
  }

  template <class Function>
  void Object(dom::element value, Function&& function) {
    if (value.is_null()) return;
    dom::object object;
    if (Failed(value.get_object().get(object))) return;
    for (const auto& [key, item] : object) {
      function(key, item);
      if (!problem_.empty()) return;
    }
  }

  void String(dom::element value, std::string& out) {
    if (value.is_null()) return;
    std::string_view text;
    if (!Failed(value.get_string().get(text))) out = text;
  }
  void String(dom::element value, std::optional<std::string>& out) {
    out.reset();
    if (value.is_null()) return;
    String(value, out.emplace());
  }
  void Long(dom::element value, std::int64_t& out) {
    if (value.is_null()) return;
    if (value.get_int64().get(out) == simdjson::SUCCESS) return;
    // Broken writers put 1.0 for 1; anything else is an error.
    double number = 0;
    if (Failed(value.get_double().get(number))) return;
    if (number != static_cast<double>(static_cast<std::int64_t>(number))) {
      return Wrong("a whole number is expected");
    }
    out = static_cast<std::int64_t>(number);
  }
  void Long(dom::element value, std::optional<std::int64_t>& out) {
    out.reset();
    if (value.is_null()) return;
    Long(value, out.emplace());
  }
  void Int(dom::element value, int& out) {
    std::int64_t number = out;
    Long(value, number);
    if (number < 0 || number > INT32_MAX) return Wrong("a number is out of range");
    out = static_cast<int>(number);
  }
  void Bool(dom::element value, bool& out) {
    if (value.is_null()) return;
    Failed(value.get_bool().get(out));
  }
  void StringMap(dom::element value, std::map<std::string, std::string>& out) {
    out.clear();
    Object(value,
           [&](std::string_view key, dom::element item) { Text(item, out[std::string(key)]); });
  }
  /// A string as it is, anything else as its JSON text.
  void Text(dom::element value, std::string& out) {
    if (value.is_string()) return String(value, out);
    out = simdjson::minify(value);
  }
  void Partitions(dom::element value, PartitionValues& out) {
    out.clear();
    Object(value,
           [&](std::string_view key, dom::element item) { String(item, out[std::string(key)]); });
  }
  void Strings(dom::element value, std::vector<std::string>& out) {
    out.clear();
    if (value.is_null()) return;
    dom::array array;
    if (Failed(value.get_array().get(array))) return;
    for (dom::element item : array) String(item, out.emplace_back());
  }
  void Strings(dom::element value, std::optional<std::vector<std::string>>& out) {
    out.reset();
    if (value.is_null()) return;
    Strings(value, out.emplace());
  }
  void DeletionVector(dom::element value, std::optional<DeletionVectorDescriptor>& out) {
    out.reset();
    if (value.is_null()) return;
    DeletionVectorDescriptor dv;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "storageType") return String(item, dv.storage_type);
      if (key == "pathOrInlineDv") return String(item, dv.path_or_inline_dv);
      if (key == "offset") {
        if (item.is_null()) return;
        return Int(item, dv.offset.emplace(0));
      }
      if (key == "sizeInBytes") return Int(item, dv.size_in_bytes);
      if (key == "cardinality") return Long(item, dv.cardinality);
    });
    if (!dv.storage_type.empty()) out = std::move(dv);
  }

  void Action(std::string_view name, dom::element value) {
    // An action that is null is not there.
    if (value.is_null()) return;
    if (name == "add") return Add(value);
    if (name == "remove") return Remove(value);
    if (name == "metaData") return ReadMetadata(value);
    if (name == "protocol") return ReadProtocol(value);
    if (name == "txn") return Transaction(value);
    if (name == "domainMetadata") return Domain(value);
    if (name == "commitInfo") return Info(value);
    if (name == "cdc") return Cdc(value);
    if (name == "sidecar") return Sidecar(value);
    if (name == "checkpointMetadata") out_.has_checkpoint_metadata = true;
  }

  void Add(dom::element value) {
    AddFile add;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "path") return String(item, add.path);
      if (key == "partitionValues") return Partitions(item, add.partition_values);
      if (key == "size") return Long(item, add.size);
      if (key == "modificationTime") return Long(item, add.modification_time);
      if (key == "dataChange") return Bool(item, add.data_change);
      if (key == "stats") return Stats(item, add.stats);
      if (key == "tags") return StringMap(item, add.tags);
      if (key == "deletionVector") return DeletionVector(item, add.deletion_vector);
      if (key == "baseRowId") return Long(item, add.base_row_id);
      if (key == "defaultRowCommitVersion") return Long(item, add.default_row_commit_version);
      if (key == "clusteringProvider") return String(item, add.clustering_provider);
    });
    if (add.path.empty()) Wrong("an add action has no path");
    out_.files.emplace_back(std::move(add));
  }
  void Remove(dom::element value) {
    RemoveFile remove;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "path") return String(item, remove.path);
      if (key == "deletionTimestamp") return Long(item, remove.deletion_timestamp);
      if (key == "dataChange") return Bool(item, remove.data_change);
      if (key == "extendedFileMetadata") return Bool(item, remove.extended_file_metadata);
      if (key == "partitionValues") return Partitions(item, remove.partition_values);
      if (key == "size") return Long(item, remove.size);
      if (key == "stats") return Stats(item, remove.stats);
      if (key == "tags") return StringMap(item, remove.tags);
      if (key == "deletionVector") return DeletionVector(item, remove.deletion_vector);
      if (key == "baseRowId") return Long(item, remove.base_row_id);
      if (key == "defaultRowCommitVersion") return Long(item, remove.default_row_commit_version);
    });
    if (remove.path.empty()) Wrong("a remove action has no path");
    out_.files.emplace_back(std::move(remove));
  }
  /// JSON in a string; some writers forgot the string.
  void Stats(dom::element value, std::string& out) {
    out.clear();
    if (value.is_null()) return;
    Text(value, out);
  }
  void ReadMetadata(dom::element value) {
    Metadata metadata;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "id") return String(item, metadata.id);
      if (key == "name") return String(item, metadata.name);
      if (key == "description") return String(item, metadata.description);
      if (key == "schemaString") return String(item, metadata.schema_string);
      if (key == "partitionColumns") return Strings(item, metadata.partition_columns);
      if (key == "createdTime") return Long(item, metadata.created_time);
      if (key == "configuration") return StringMap(item, metadata.configuration);
      if (key == "format") {
        Object(item, [&](std::string_view part, dom::element text) {
          if (part == "provider") return String(text, metadata.format_provider);
          if (part == "options") return StringMap(text, metadata.format_options);
        });
      }
    });
    out_.metadata = std::move(metadata);
  }
  void ReadProtocol(dom::element value) {
    Protocol protocol;
    protocol.min_writer_version = 1;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "minReaderVersion") return Int(item, protocol.min_reader_version);
      if (key == "minWriterVersion") return Int(item, protocol.min_writer_version);
      if (key == "readerFeatures") return Strings(item, protocol.reader_features);
      if (key == "writerFeatures") return Strings(item, protocol.writer_features);
    });
    out_.protocol = std::move(protocol);
  }
  void Transaction(dom::element value) {
    SetTransaction transaction;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "appId") return String(item, transaction.app_id);
      if (key == "version") return Long(item, transaction.version);
      if (key == "lastUpdated") return Long(item, transaction.last_updated);
    });
    out_.transactions.push_back(std::move(transaction));
  }
  void Domain(dom::element value) {
    DomainMetadata domain;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "domain") return String(item, domain.domain);
      if (key == "configuration") return Text(item, domain.configuration);
      if (key == "removed") return Bool(item, domain.removed);
    });
    out_.domains.push_back(std::move(domain));
  }
  void Cdc(dom::element value) {
    AddCdcFile cdc;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "path") return String(item, cdc.path);
      if (key == "partitionValues") return Partitions(item, cdc.partition_values);
      if (key == "size") return Long(item, cdc.size);
      if (key == "tags") return StringMap(item, cdc.tags);
    });
    out_.cdc.push_back(std::move(cdc));
  }
  void Sidecar(dom::element value) {
    SidecarFile sidecar;
    Object(value, [&](std::string_view key, dom::element item) {
      if (key == "path") return String(item, sidecar.path);
      if (key == "sizeInBytes") return Long(item, sidecar.size_in_bytes);
      if (key == "modificationTime") return Long(item, sidecar.modification_time);
    });
    out_.sidecars.push_back(std::move(sidecar));
  }
  void Info(dom::element value) {
    CommitInfo info;
    info.json = simdjson::minify(value);
    // commitInfo is free JSON: what has an unexpected type is left out, not an error.
    if (!value.is_object()) return;
    Object(value, [&](std::string_view key, dom::element item) {
      std::int64_t number = 0;
      std::string_view text;
      bool flag = false;
      if (key == "timestamp" && item.get_int64().get(number) == simdjson::SUCCESS) {
        info.timestamp = number;
      } else if (key == "inCommitTimestamp" && item.get_int64().get(number) == simdjson::SUCCESS) {
        info.in_commit_timestamp = number;
      } else if (key == "txnId" && item.get_string().get(text) == simdjson::SUCCESS) {
        info.txn_id = text;
      } else if (key == "operation" && item.get_string().get(text) == simdjson::SUCCESS) {
        info.operation = text;
      } else if (key == "isBlindAppend" && item.get_bool().get(flag) == simdjson::SUCCESS) {
        info.is_blind_append = flag;
      } else if (key == "tags" && item.is_object()) {
        StringMap(item, info.tags);
      }
    });
    out_.commit_info = std::move(info);
  }

  CommitActions& out_;
  dom::parser parser_;
  std::string problem_;
  bool was_json_ = false;
};

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The end of the JSON object that begins at `begin`, or nothing when the text is cut.
std::optional<std::size_t> EndOfObject(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return i + 1;
  }
  return std::nullopt;
}

std::unexpected<Error> Corrupt(std::string_view path, std::string message) {
  return Fail(Condition::DELTA_LOG_CORRUPT,
              {{"path", std::string(path)}, {"message", std::move(message)}});
}

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  void Raw(std::string_view key, std::string_view json) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += key;
    out_ += "\":";
    out_ += json;
  }
  void Text(std::string_view key, std::string_view text) {
    Raw(key, {});
    types::AppendJsonQuoted(text, out_);
  }
  void TextIfAny(std::string_view key, const std::optional<std::string>& text) {
    if (text) Text(key, *text);
  }
  void Number(std::string_view key, std::int64_t number) { Raw(key, std::to_string(number)); }
  void NumberIfAny(std::string_view key, const std::optional<std::int64_t>& number) {
    if (number) Number(key, *number);
  }
  void Bool(std::string_view key, bool value) { Raw(key, value ? "true" : "false"); }
  void End() { out_ += '}'; }

 private:
  std::string& out_;
};

std::string Json(const PartitionValues& values) {
  std::string out = "{";
  for (const auto& [column, value] : values) {
    if (out.size() > 1) out += ',';
    types::AppendJsonQuoted(column, out);
    out += ':';
    if (value) {
      types::AppendJsonQuoted(*value, out);
    } else {
      out += "null";
    }
  }
  return out + '}';
}

std::string Json(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    types::AppendJsonQuoted(text, out);
  }
  return out + ']';
}

std::string Json(const DeletionVectorDescriptor& dv) {
  std::string out;
  JsonObject json(out);
  json.Text("storageType", dv.storage_type);
  json.Text("pathOrInlineDv", dv.path_or_inline_dv);
  if (dv.offset) json.Number("offset", std::int64_t{*dv.offset});
  json.Number("sizeInBytes", std::int64_t{dv.size_in_bytes});
  json.Number("cardinality", dv.cardinality);
  json.End();
  return out;
}

std::string Json(const AddCdcFile& file) {
  std::string out;
  JsonObject json(out);
  json.Text("path", file.path);
  json.Raw("partitionValues", Json(file.partition_values));
  json.Number("size", file.size);
  json.Bool("dataChange", false);
  if (!file.tags.empty()) json.Raw("tags", ToJson(file.tags));
  json.End();
  return out;
}

void AppendLine(std::string_view action, std::string_view json, std::string& out) {
  out += "{\"";
  out += action;
  out += "\":";
  out += json;
  out += "}\n";
}

}  // namespace

std::string DeletionVectorDescriptor::UniqueId() const {
  std::string id = storage_type + path_or_inline_dv;
  if (offset) id += "@" + std::to_string(*offset);
  return id;
}

Result<CommitActions> ParseActions(std::string text, std::string_view path) {
  CommitActions actions;
  ActionReader reader(actions);
  const std::size_t size = text.size();
  text.resize(size + simdjson::SIMDJSON_PADDING, ' ');
  // Actions of files are the most and about so long; others cost no more than a guess too high.
  constexpr std::size_t kBytesOfAction = 400;
  actions.files.reserve(size / kBytesOfAction);
  const std::string_view all(text.data(), size);
  std::size_t position = all.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  bool found = false;
  while (true) {
    while (position < size && IsBlank(all[position])) ++position;
    if (position == size) break;
    found = true;
    // Nearly always a line is an action; only then is there no need to look for the object's end.
    const std::size_t newline = all.find('\n', position);
    const std::size_t line_end = newline == std::string_view::npos ? size : newline;
    if (reader.Read(all.substr(position, line_end - position))) {
      position = line_end;
      continue;
    }
    if (reader.was_json()) return Corrupt(path, reader.problem());
    if (all[position] != '{') return Corrupt(path, "an action does not begin with {");
    const std::optional<std::size_t> end = EndOfObject(all, position);
    if (!end) return Corrupt(path, "the last action is cut");
    if (!reader.Read(all.substr(position, *end - position))) {
      return Corrupt(path, reader.problem());
    }
    position = *end;
  }
  if (!found) return Corrupt(path, "the file is empty");
  return actions;
}

std::string WriteActions(const CommitActions& actions) {
  std::string out;
  if (actions.commit_info) AppendLine("commitInfo", actions.commit_info->json, out);
  if (actions.metadata) AppendLine("metaData", ToJson(*actions.metadata), out);
  if (actions.protocol) AppendLine("protocol", ToJson(*actions.protocol), out);
  for (const SetTransaction& transaction : actions.transactions) {
    AppendLine("txn", ToJson(transaction), out);
  }
  for (const DomainMetadata& domain : actions.domains) {
    AppendLine("domainMetadata", ToJson(domain), out);
  }
  for (const FileAction& file : actions.files) {
    if (const auto* add = std::get_if<AddFile>(&file)) {
      AppendLine("add", ToJson(*add), out);
    } else {
      AppendLine("remove", ToJson(std::get<RemoveFile>(file)), out);
    }
  }
  for (const AddCdcFile& cdc : actions.cdc) AppendLine("cdc", Json(cdc), out);
  return out;
}

std::string ToJson(const std::map<std::string, std::string>& map) {
  std::string out = "{";
  for (const auto& [key, value] : map) {
    if (out.size() > 1) out += ',';
    types::AppendJsonQuoted(key, out);
    out += ':';
    types::AppendJsonQuoted(value, out);
  }
  return out + '}';
}

std::string ToJson(const AddFile& file) {
  std::string out;
  JsonObject json(out);
  json.Text("path", file.path);
  json.Raw("partitionValues", Json(file.partition_values));
  json.Number("size", file.size);
  json.Number("modificationTime", file.modification_time);
  json.Bool("dataChange", file.data_change);
  if (!file.stats.empty()) json.Text("stats", file.stats);
  if (!file.tags.empty()) json.Raw("tags", ToJson(file.tags));
  if (file.deletion_vector) json.Raw("deletionVector", Json(*file.deletion_vector));
  json.NumberIfAny("baseRowId", file.base_row_id);
  json.NumberIfAny("defaultRowCommitVersion", file.default_row_commit_version);
  json.TextIfAny("clusteringProvider", file.clustering_provider);
  json.End();
  return out;
}

std::string ToJson(const RemoveFile& file) {
  std::string out;
  JsonObject json(out);
  json.Text("path", file.path);
  json.NumberIfAny("deletionTimestamp", file.deletion_timestamp);
  json.Bool("dataChange", file.data_change);
  if (file.extended_file_metadata) {
    json.Bool("extendedFileMetadata", true);
    json.Raw("partitionValues", Json(file.partition_values));
  }
  json.NumberIfAny("size", file.size);
  if (!file.stats.empty()) json.Text("stats", file.stats);
  if (!file.tags.empty()) json.Raw("tags", ToJson(file.tags));
  if (file.deletion_vector) json.Raw("deletionVector", Json(*file.deletion_vector));
  json.NumberIfAny("baseRowId", file.base_row_id);
  json.NumberIfAny("defaultRowCommitVersion", file.default_row_commit_version);
  json.End();
  return out;
}

std::string ToJson(const Metadata& metadata) {
  std::string out;
  JsonObject json(out);
  json.Text("id", metadata.id);
  json.TextIfAny("name", metadata.name);
  json.TextIfAny("description", metadata.description);
  std::string format;
  JsonObject format_json(format);
  format_json.Text("provider", metadata.format_provider);
  format_json.Raw("options", ToJson(metadata.format_options));
  format_json.End();
  json.Raw("format", format);
  json.Text("schemaString", metadata.schema_string);
  json.Raw("partitionColumns", Json(metadata.partition_columns));
  json.NumberIfAny("createdTime", metadata.created_time);
  json.Raw("configuration", ToJson(metadata.configuration));
  json.End();
  return out;
}

std::string ToJson(const Protocol& protocol) {
  std::string out;
  JsonObject json(out);
  json.Number("minReaderVersion", std::int64_t{protocol.min_reader_version});
  json.Number("minWriterVersion", std::int64_t{protocol.min_writer_version});
  if (protocol.reader_features) json.Raw("readerFeatures", Json(*protocol.reader_features));
  if (protocol.writer_features) json.Raw("writerFeatures", Json(*protocol.writer_features));
  json.End();
  return out;
}

std::string ToJson(const SetTransaction& transaction) {
  std::string out;
  JsonObject json(out);
  json.Text("appId", transaction.app_id);
  json.Number("version", transaction.version);
  json.NumberIfAny("lastUpdated", transaction.last_updated);
  json.End();
  return out;
}

std::string ToJson(const DomainMetadata& domain) {
  std::string out;
  JsonObject json(out);
  json.Text("domain", domain.domain);
  json.Text("configuration", domain.configuration);
  json.Bool("removed", domain.removed);
  json.End();
  return out;
}

}  // namespace inlet::delta
