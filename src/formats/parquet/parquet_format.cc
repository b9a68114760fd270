#include "formats/parquet/parquet_format.h"

#include <arrow/api.h>

#include <array>
#include <utility>

#include "formats/columns/parallel_infer.h"
#include "formats/columns/read_columns.h"
#include "formats/columns/schema_merge.h"
#include "formats/parquet/parquet_file_reader.h"

namespace inlet::formats {
namespace {

/// Puts the data columns of one split among the other columns of a ReadSchema.
class SplitReader final : public types::BatchReader {
 public:
  SplitReader(ReadColumns columns, std::unique_ptr<ParquetBatchReader> reader)
      : columns_(std::move(columns)), reader_(std::move(reader)) {}

  Result<types::BatchPtr> Next() override {
    const types::BatchPtr batch = TRY(reader_->Next());
    if (batch == nullptr) return nullptr;
    return columns_.Assemble(
        *batch, columns_.rescues() ? batch->column(batch->num_columns() - 1) : nullptr);
  }

 private:
  ReadColumns columns_;
  std::unique_ptr<ParquetBatchReader> reader_;
};

class ConfiguredParquet final : public ConfiguredFormat {
 public:
  struct Options {
    CalendarRebase datetime_rebase = CalendarRebase::kCorrected;
    CalendarRebase int96_rebase = CalendarRebase::kCorrected;
    bool case_sensitive = true;
  };
  explicit ConfiguredParquet(const Options& options) : options_(options) {}

  Result<types::StructType> InferSchema(const storage::ObjectStore& store,
                                        std::span<const storage::ObjectInfo> files,
                                        const InferOptions& options,
                                        std::stop_token stop) const override {
    return InferFromEach(
        files, options.threads, stop,
        [&](const storage::ObjectInfo& file) -> Result<types::StructType> {
          types::StructType schema = TRY(TRY(ParquetFile::Open(store, file))->Schema());
          TRY(CheckDistinctNames(schema).Context("read " + storage::UrlOf(store, file.path)));
          ForgetFieldIds(schema.fields);
          return schema;
        });
  }

  Result<std::vector<FileSplit>> Split(const storage::ObjectStore& store,
                                       const storage::ObjectInfo& file,
                                       std::int64_t target_bytes) const override {
    if (file.size_bytes <= target_bytes) return std::vector{FileSplit{.file = file}};
    const auto opened = TRY(ParquetFile::Open(store, file));
    std::vector<FileSplit> splits;
    std::int64_t begin = 0;
    std::int64_t bytes = 0;
    for (const ParquetRowGroup& group : opened->row_groups()) {
      if (bytes >= target_bytes && group.position > begin) {
        splits.push_back({.file = file, .position = begin, .length = group.position - begin});
        begin = group.position;
        bytes = 0;
      }
      bytes += group.compressed_bytes;
    }
    splits.push_back({.file = file, .position = begin, .length = -1});
    return splits;
  }

  Result<std::unique_ptr<types::BatchReader>> Open(const storage::ObjectStore& store,
                                                   const FileSplit& split,
                                                   const ReadSchema& schema) const override {
    const auto file = TRY(ParquetFile::Open(store, split.file));
    ReadColumns columns(schema);
    ParquetReadOptions options{.datetime_rebase = options_.datetime_rebase,
                               .int96_rebase = options_.int96_rebase,
                               .session_time_zone = schema.session_time_zone,
                               .batch_rows = schema.batch_rows,
                               .batch_bytes = schema.batch_bytes};
    // The option is about what is rescued; without a rescued column names ignore case, as in Spark.
    options.matching = columns.rescues() && options_.case_sensitive
                           ? FieldMatching::kByName
                           : FieldMatching::kByNameIgnoreCase;
    if (columns.rescues()) {
      options.rescue =
          Rescue{.known_columns = schema.data_schema.empty() ? columns.data() : schema.data_schema,
                 .file_path = schema.rescue_file_path ? file->url() : ""};
    }
    auto reader = TRY(file->Read(columns.data(), RowGroupsOf(*file, split), options));
    return std::make_unique<SplitReader>(std::move(columns), std::move(reader));
  }

 private:
  /// Each row group belongs to the split in which its first page lies. Row groups in another order
  /// than their positions are still read once each.
  static std::vector<int> RowGroupsOf(const ParquetFile& file, const FileSplit& split) {
    std::vector<int> groups;
    const auto& all = file.row_groups();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool after_begin = all[i].position >= split.position || split.position == 0;
      const bool before_end = split.length < 0 || all[i].position < split.position + split.length;
      if (after_begin && before_end) groups.push_back(static_cast<int>(i));
    }
    return groups;
  }

  static void ForgetFieldIds(std::vector<types::StructField>& fields) {
    for (types::StructField& field : fields) field.metadata.erase("parquet.field.id");
  }

  Options options_;
};

Result<CalendarRebase> ParseRebase(const OptionMap& options, std::string_view name) {
  const std::string text = GetString(options, name).value_or("CORRECTED");
  if (EqualsIgnoreCase(text, "CORRECTED")) return CalendarRebase::kCorrected;
  if (EqualsIgnoreCase(text, "LEGACY")) return CalendarRebase::kLegacy;
  if (EqualsIgnoreCase(text, "EXCEPTION")) return CalendarRebase::kException;
  return Fail(Condition::INVALID_PARAMETER_VALUE,
              {{"parameter", std::string(name)},
               {"functionName", "parquet"},
               {"message", text + " is none of EXCEPTION, CORRECTED, LEGACY"}});
}

class ParquetFormatImpl final : public Format {
 public:
  std::string_view name() const override { return "parquet"; }

  std::span<const OptionSpec> options() const override {
    // The rescued column and the merging are done by read_files itself.
    static constexpr std::array kOptions{
        OptionSpec{"datetimeRebaseMode", "CORRECTED"},
        OptionSpec{"int96RebaseMode", "CORRECTED"},
        OptionSpec{"mergeSchema", "false"},
        OptionSpec{"readerCaseSensitive", "true"},
        OptionSpec{"rescuedDataColumn", ""},
    };
    return kOptions;
  }

  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap& options,
                                                      bool /*inferring*/) const override {
    ConfiguredParquet::Options parsed;
    parsed.datetime_rebase = TRY(ParseRebase(options, "datetimeRebaseMode"));
    parsed.int96_rebase = TRY(ParseRebase(options, "int96RebaseMode"));
    parsed.case_sensitive = TRY(GetBool(options, "readerCaseSensitive")).value_or(true);
    TRY(GetBool(options, "mergeSchema"));
    return std::make_unique<ConfiguredParquet>(parsed);
  }
};

}  // namespace

const Format& ParquetFormat() {
  static const ParquetFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
