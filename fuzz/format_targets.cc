#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "formats/format.h"
#include "fuzz.h"
#include "storage/memory/memory_store.h"

namespace inlet::fuzz {
namespace {

/// Infers, splits and reads all rows, as read_files does. What fails ends the run.
Status ReadAll(const std::string& format, const OptionMap& options, const std::string& path,
               std::string_view bytes, std::int64_t split_bytes) {
  storage::MemoryStore store("fuzz");
  const storage::ObjectInfo file =
      TRY(store.Store(path, std::string(bytes), storage::PutMode::kOverwrite));
  const auto configured = TRY(formats::FindFormat(format)->Configure(options, /*inferring=*/true));
  formats::ReadSchema schema;
  schema.columns = TRY(configured->InferSchema(store, std::span(&file, 1), {}, {}));
  schema.data_schema = schema.columns;
  schema.rescued_column = schema.columns.size();
  schema.columns.fields.push_back({.name = "_rescued_data", .type = types::TypeId::kString});
  for (const auto& split : TRY(configured->Split(store, file, split_bytes))) {
    const auto reader = TRY(configured->Open(store, split, schema));
    while (const types::BatchPtr batch = TRY(reader->Next())) {
      const arrow::Status valid = batch->ValidateFull();
      if (valid.ok()) continue;
      // Strings of binary formats are kept as they are, as Spark does.
      if (valid.message().find("Invalid UTF8") != std::string::npos) continue;
      fmt::print(stderr, "{}\n", valid.ToString());
      std::abort();
    }
  }
  return Ok();
}

struct Case {
  std::string name;
  std::string format;
  OptionMap options;
  std::string path;
  std::string seeds;  ///< Directory of the hostile files.
  std::vector<std::string> words;
};

std::vector<std::string> SeedsOf(const Case& given) {
  std::vector<std::string> seeds = FilesBelow(INLET_HOSTILE_DIR "/" + given.seeds);
  // Wide files make slow runs, and nothing that narrow ones do not show.
  std::erase_if(seeds, [](const std::string& seed) { return seed.size() > 40'000; });
  return seeds;
}

}  // namespace

void AddFormatTargets(std::vector<Target>& targets) {
  const std::vector<std::string> csv_words = {
      "\"", "\"\"", ",", "\r\n", "\\\"", "\xEF\xBB\xBF", "2024-01-01", "1e308", "\xFF\xFE", "#"};
  const std::vector<std::string> json_words = {
      "{",     "}",  "[",    "]",  "\"a\":", "\\u0000", "\\uD800",
      "1e400", "-0", "null", "\n", "NaN",    "//",      "'"};
  const std::vector<std::string> xml_words = {"<row>",     "</row>", "<![CDATA[", "]]>",
                                              "<!--",      "-->",    "&amp;",     "&#x0;",
                                              "<!DOCTYPE", "<a b='", "<?xml"};
  const std::vector<Case> cases = {
      {"csv", "csv", {}, "f.csv", "csv", csv_words},
      {"csv_header", "csv", {{"header", "true"}}, "f.csv", "csv", csv_words},
      {"csv_multiline",
       "csv",
       {{"header", "true"}, {"multiLine", "true"}, {"escape", "\\"}},
       "f.csv",
       "csv",
       csv_words},
      {"csv_utf16", "csv", {{"encoding", "UTF-16"}}, "f.csv", "csv", csv_words},
      {"csv_failfast", "csv", {{"mode", "FAILFAST"}, {"comment", "#"}}, "f.csv", "csv", csv_words},
      {"json", "json", {}, "f.json", "json", json_words},
      {"json_multiline", "json", {{"multiLine", "true"}}, "f.json", "json", json_words},
      {"json_relaxed",
       "json",
       {{"allowComments", "true"},
        {"allowSingleQuotes", "true"},
        {"allowUnquotedFieldNames", "true"},
        {"allowNonNumericNumbers", "true"},
        {"allowNumericLeadingZeros", "true"},
        {"allowBackslashEscapingAnyCharacter", "true"},
        {"allowUnquotedControlChars", "true"},
        {"primitivesAsString", "true"}},
       "f.json",
       "json",
       json_words},
      {"xml", "xml", {{"rowTag", "row"}}, "f.xml", "xml", xml_words},
      {"avro", "avro", {}, "f.avro", "avro", {"\"type\"", "\"record\"", "\"array\"", "Obj\x01"}},
      {"excel", "excel", {}, "f.xlsx", "excel", {"PK\x03\x04", "PK\x01\x02", "PK\x05\x06"}},
      {"orc", "orc", {}, "f.orc", "orc", {"ORC"}},
      {"parquet", "parquet", {}, "f.parquet", "parquet", {"PAR1"}},
      {"gzip", "text", {}, "f.txt.gz", "compressed", {"\x1F\x8B\x08"}},
      {"zstd", "text", {}, "f.txt.zst", "compressed", {"\x28\xB5\x2F\xFD"}},
      {"bzip2", "text", {}, "f.txt.bz2", "compressed", {"BZh9"}},
      {"xz", "text", {}, "f.txt.xz", "compressed", {"\xFD"}},
      {"lz4", "text", {}, "f.txt.lz4", "compressed", {"\x04\x22\x4D\x18"}},
      {"snappy", "text", {}, "f.txt.snappy", "compressed", {}},
      {"deflate", "text", {}, "f.txt.deflate", "compressed", {"\x78\x9C"}},
  };
  for (const Case& given : cases) {
    targets.push_back({.name = given.name,
                       .run =
                           [given](std::string_view bytes) {
                             for (const std::int64_t split_bytes : {1 << 20, 64}) {
                               (void)ReadAll(given.format, given.options, given.path, bytes,
                                             split_bytes)
                                   .has_value();
                             }
                           },
                       .seeds = SeedsOf(given),
                       .words = given.words});
  }
}

}  // namespace inlet::fuzz
