#include "formats/csv/csv_format.h"

#include "formats/csv/csv_inference.h"
#include "formats/csv/csv_reader.h"

namespace inlet::formats {
namespace {

class ConfiguredCsv : public ConfiguredFormat {
 public:
  explicit ConfiguredCsv(CsvOptions options)
      : options_(std::make_shared<const CsvOptions>(std::move(options))) {}

  Result<types::StructType> InferSchema(const storage::ObjectStore& store,
                                        std::span<const storage::ObjectInfo> files,
                                        const InferOptions& options,
                                        std::stop_token stop) const override {
    if (!options_->single_variant_column.empty()) {
      return types::StructType{
          {{.name = options_->single_variant_column, .type = types::TypeId::kVariant}}};
    }
    return InferCsvSchema(store, files, *options_, options, stop);
  }

  std::shared_ptr<const SchemaGuess> GuessSchema(const storage::ObjectStore& store,
                                                 std::span<const storage::ObjectInfo> files,
                                                 const InferOptions& options,
                                                 const GuessOptions& guess,
                                                 std::stop_token stop) const override {
    if (!options_->single_variant_column.empty()) return nullptr;
    return GuessCsvSchema(store, files, *options_, options, guess, stop);
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore& store,
                                       const storage::ObjectInfo& file,
                                       std::int64_t target_bytes) const override {
    return SplitCsv(store, file, target_bytes, *options_);
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    return OpenCsvReader(store, split, schema, options_);
  }

 private:
  std::shared_ptr<const CsvOptions> options_;
};

class CsvFormatImpl : public Format {
 public:
  std::string_view name() const override { return "csv"; }
  std::span<const OptionSpec> options() const override { return CsvOptionSpecs(); }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool inferring) const override {
    CsvOptions parsed = TRY(CsvOptions::Parse(options, inferring));
    if (parsed.fail_on_unknown_fields || parsed.fail_on_widened_fields) {
      return FailUnsupported("failOnUnknownFields and failOnWidenedFields for CSV");
    }
    return std::make_unique<ConfiguredCsv>(std::move(parsed));
  }
};

}  // namespace

const Format& CsvFormat() {
  static const CsvFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
