#include "formats/json/json_format.h"

#include "formats/compression/byte_stream.h"
#include "formats/json/json_batch_reader_internal.h"
#include "formats/json/json_inference_internal.h"
#include "formats/json/json_options.h"

namespace inlet::formats {
namespace {

class ConfiguredJson final : public ConfiguredFormat {
 public:
  explicit ConfiguredJson(JsonOptions options) : options_(std::move(options)) {}

  Result<types::StructType> InferSchema(const storage::ObjectStore& store,
                                        std::span<const storage::ObjectInfo> files,
                                        const InferOptions& options,
                                        std::stop_token stop) const override {
    return InferJsonSchema(store, files, options_, options, std::move(stop));
  }

  std::shared_ptr<const SchemaGuess> GuessSchema(const storage::ObjectStore& store,
                                                 std::span<const storage::ObjectInfo> files,
                                                 const InferOptions& options,
                                                 const GuessOptions& guess,
                                                 std::stop_token stop) const override {
    if (options_.single_variant_column) return nullptr;
    return GuessJsonSchema(store, files, options_, options, guess, stop);
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore& store,
                                       const storage::ObjectInfo& file,
                                       std::int64_t target_bytes) const override {
    const bool plain = !options_.multi_line && options_.encoding == TextEncoding::kUtf8 &&
                       CodecOfPath(file.path) == Codec::kNone;
    if (!plain || target_bytes <= 0 || file.size_bytes <= target_bytes) {
      return std::vector<FileSplit>{{.file = file}};
    }
    if (!TRY(IsPlainJson(store, file))) return std::vector<FileSplit>{{.file = file}};
    const std::int64_t count = (file.size_bytes + target_bytes - 1) / target_bytes;
    std::vector<FileSplit> splits;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t begin = file.size_bytes / count * i;
      const std::int64_t end = i + 1 == count ? file.size_bytes : file.size_bytes / count * (i + 1);
      splits.push_back({.file = file, .position = begin, .length = end - begin});
    }
    return splits;
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    return JsonBatchReader::Open(store, options_, {&split, 1}, schema);
  }

  Result<std::unique_ptr<types::BatchReader>> OpenAll(const storage::ObjectStore& store,
                                                      std::span<const FileSplit> splits,
                                                      const ReadSchema& schema) const override {
    return JsonBatchReader::Open(store, options_, splits, schema);
  }

 private:
  const JsonOptions options_;
};

class Json final : public Format {
 public:
  std::string_view name() const override { return "json"; }
  std::span<const OptionSpec> options() const override { return JsonOptions::Known(); }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool) const override {
    return std::make_unique<ConfiguredJson>(TRY(JsonOptions::Parse(options)));
  }
};

}  // namespace

const Format& JsonFormat() {
  static const Json format;
  return format;
}

}  // namespace inlet::formats
