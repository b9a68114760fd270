#include "connectors/file_events/file_event.h"
#include "fuzz.h"
#include "ingest/archives/archive_store.h"
#include "ingest/glob.h"
#include "sql/duckdb_printer.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/script.h"
#include "storage/memory/memory_store.h"
#include "types/data_type.h"
#include "types/datetime_pattern.h"
#include "types/text_cast.h"
#include "types/variant.h"

namespace inlet::fuzz {
namespace {

void RunSql(std::string_view bytes) {
  (void)sql::ParseStatement(bytes).has_value();
  (void)sql::ParseExpression(bytes).has_value();
  (void)sql::ParseObjectName(bytes).has_value();
  const Result<sql::Query> query = sql::ParseQuery(bytes);
  if (!query) return;
  (void)sql::ToDuckDb(*query, {}).has_value();
  (void)sql::ToSql(*query);
}

void RunFileEvent(std::string_view bytes) {
  (void)connectors::ParseFileEvents(bytes).has_value();
  (void)connectors::CanonicalUrl(bytes);
}

void RunArchive(std::string_view bytes, const std::string& name) {
  const auto store = std::make_shared<storage::MemoryStore>("fuzz");
  if (!store->Put(name, bytes, storage::PutMode::kOverwrite)) return;
  const auto info = store->Head(name);
  if (!info) return;
  const auto expanded = ingest::ExpandArchives({.files = {*info}, .base_path = ""}, store, {});
  if (!expanded) return;
  for (const storage::ObjectInfo& file : expanded->listing.files) {
    (void)expanded->store->Get(file.path).has_value();
  }
}

/// The first line is the pattern, the rest the text.
std::pair<std::string_view, std::string_view> Lines(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  return {bytes.substr(0, end), bytes.substr(std::min(end + 1, bytes.size()))};
}

void RunPattern(std::string_view bytes) {
  using types::DateTimePattern;
  const auto [pattern, text] = Lines(bytes);
  if (const auto parse = DateTimePattern::Compile(pattern, DateTimePattern::Use::kParse)) {
    (void)parse->ParseDate(text);
    (void)parse->ParseTimestamp(text, types::TimeZone::Utc());
    (void)parse->ParseTimestampNtz(text);
  }
  if (const auto format = DateTimePattern::Compile(pattern, DateTimePattern::Use::kFormat)) {
    std::string out;
    format->FormatTimestamp(static_cast<std::int64_t>(text.size()) * 86'400'000'000,
                            types::TimeZone::Utc(), out);
    format->FormatDate(-800'000, out);
  }
}

void RunGlob(std::string_view bytes) {
  const auto [pattern, path] = Lines(bytes);
  const auto alternatives = ingest::ExpandBraces(pattern);
  if (!alternatives) return;
  for (std::size_t i = 0; i < std::min<std::size_t>(alternatives->size(), 50); ++i) {
    (void)ingest::GlobMatches((*alternatives)[i], path);
    (void)ingest::GlobMatches((*alternatives)[i], path, true);
    (void)ingest::GlobMatchesPrefix((*alternatives)[i], path);
  }
}

void RunCasts(std::string_view text) {
  const types::TimeZone& utc = types::TimeZone::Utc();
  (void)types::ParseInteger<std::int8_t>(text);
  (void)types::ParseInteger<std::int64_t>(text);
  (void)types::ParseDouble(text);
  (void)types::ParseJavaDouble(text);
  (void)types::ParseBoolean(text);
  (void)types::ParseDecimal(text, 38, 10);
  (void)types::ParseDecimalShape(text);
  (void)types::ParseDate(text);
  (void)types::ParseTimestamp(text, utc, 0);
  (void)types::ParseTimestampNtz(text);
}

void RunVariantBytes(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::size_t split =
      std::min<std::size_t>(static_cast<unsigned char>(bytes[0]), bytes.size() - 1);
  const types::VariantView variant = {bytes.substr(1, split), bytes.substr(1 + split)};
  std::string out;
  (void)types::AppendJson(variant, types::TimeZone::Utc(), out).has_value();
  (void)types::SchemaOfVariant(variant).has_value();
  types::VariantBuilder builder;
  if (builder.Append(variant)) (void)builder.Finish().has_value();
  const auto path = types::VariantPath::Parse("$.a[0].b");
  if (path) (void)types::Find(variant, *path).has_value();
}

void RunVariantJson(std::string_view bytes) {
  const auto variant = types::ParseJson(bytes);
  (void)types::VariantPath::Parse(bytes).has_value();
  if (!variant) return;
  std::string out;
  (void)types::AppendJson(*variant, types::TimeZone::Utc(), out).has_value();
  (void)types::SchemaOfVariant(*variant).has_value();
}

/// The seeds of the variant target: the length of the metadata, metadata, value.
std::vector<std::string> VariantSeeds() {
  std::vector<std::string> seeds;
  for (const std::string_view json :
       {R"({"a":[{"b":1},2.5,null],"c":"text","d":12345678901234567890})", "[]", "true",
        R"([1,[2,[3,[4,{"x":{"y":{"z":0.1}}}]]]])"}) {
    const auto variant = types::ParseJson(json);
    if (!variant) continue;
    seeds.push_back(static_cast<char>(variant->metadata.size()) + variant->metadata +
                    variant->value);
  }
  return seeds;
}

}  // namespace

void AddTextTargets(std::vector<Target>& targets) {
  targets.push_back(
      {.name = "sql",
       .run = RunSql,
       .seeds =
           {"SELECT a, b AS c, count(*) OVER (PARTITION BY d ORDER BY e ROWS BETWEEN 1 PRECEDING "
            "AND CURRENT ROW) FROM x.y.z TABLESAMPLE (5 PERCENT) t JOIN LATERAL (SELECT 1) USING "
            "(k) WHERE a:b.c[0]::INT > 3 AND NOT EXISTS (SELECT * EXCEPT (q) FROM u) GROUP BY "
            "GROUPING SETS ((a), ()) HAVING sum(x) > 1e3 QUALIFY rn = 1 ORDER BY 1 NULLS LAST "
            "LIMIT 5",
            "CREATE OR REPLACE TABLE IF NOT EXISTS `a b`.c (id BIGINT NOT NULL GENERATED ALWAYS AS "
            "IDENTITY, x STRUCT<a: ARRAY<MAP<STRING, DECIMAL(10, 2)>>> COMMENT 'it''s') USING "
            "DELTA "
            "PARTITIONED BY (id) CLUSTER BY AUTO LOCATION '/x' TBLPROPERTIES ('a.b' = 1) AS SELECT "
            "* FROM read_files('/x', format => 'csv', schemaHints => 'a int')",
            "COPY INTO t FROM (SELECT _c0::BIGINT, _metadata.file_path FROM 's3://b/p' ) "
            "FILEFORMAT "
            "= CSV PATTERN = '*.csv' FORMAT_OPTIONS ('header' = 'true') COPY_OPTIONS ('force' = "
            "'false')",
            "MERGE WITH SCHEMA EVOLUTION INTO t USING s ON t.id = s.id WHEN MATCHED AND s.d THEN "
            "DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED BY SOURCE THEN DELETE",
            "WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r) FROM r |> WHERE n < "
            "5 |> AGGREGATE sum(n)",
            "SELECT CASE WHEN DATE'2024-01-01' + INTERVAL '1-2' YEAR TO MONTH IS NOT DISTINCT FROM "
            "X'1F' THEN r'\\d' ELSE \"q\" END, -1.5e-3BD, transform(a, (x, i) -> x + i) /* c */ -- "
            "d\n",
            "CREATE OR REFRESH STREAMING TABLE s (CONSTRAINT c EXPECT (a > 0) ON VIOLATION DROP "
            "ROW) SCHEDULE EVERY 1 HOUR AS SELECT * FROM STREAM read_files('/x')",
            "SELECT * FROM t PIVOT (sum(a) FOR b IN ('x' AS y, 'z')) UNPIVOT (v FOR n IN (p, q))"},
       .words = {"SELECT", " FROM ", "(",       ")",       "`",      "'",      "\"",  "/*",
                 "*/",     "--",     "||",      "::",      "=>",     "CASE",   "END", "INTERVAL",
                 "<",      ">",      "ARRAY<",  "STRUCT<", ":",      "?",      "$$",  "r'",
                 "NOT ",   "IN ",    "BETWEEN", "LIKE",    "OVER (", "VALUES", "$"}});
  targets.push_back({.name = "sql_script",
                     .run = [](std::string_view bytes) { (void)sql::SplitStatements(bytes); },
                     .seeds = {"SELECT 1; -- a;b\nSELECT ';' /* ; */;\n\nSELECT `;`"},
                     .words = {";", "'", "/*", "--", "`", "\"", "BEGIN", "END"}});
  targets.push_back(
      {.name = "ddl",
       .run = [](std::string_view bytes) { (void)types::ParseDdl(bytes).has_value(); },
       .seeds =
           {"a INT, `b c` STRUCT<x: ARRAY<MAP<STRING, DECIMAL(38,18)>>, y: TIMESTAMP_NTZ> NOT "
            "NULL COMMENT 'x', v VARIANT, i INTERVAL DAY TO SECOND, s STRING COLLATE UTF8_LCASE"},
       .words = {"STRUCT<", "ARRAY<", "MAP<", ">", "DECIMAL(", "NOT NULL", "COMMENT '", "`", ":"}});
  targets.push_back(
      {.name = "schema_json",
       .run = [](std::string_view bytes) { (void)types::SchemaFromJson(bytes).has_value(); },
       .seeds = {R"json({"type":"struct","fields":[{"name":"a","type":{"type":"array",)json"
                 R"json("elementType":{"type":"map","keyType":"string","valueType":)json"
                 R"json("decimal(10,2)","valueContainsNull":true},"containsNull":false},)json"
                 R"json("nullable":true,"metadata":{"comment":"c","x":1}}]})json"},
       .words = {"{\"type\":\"struct\",\"fields\":[", "\"nullable\":", "null",
                 "\"decimal(99,1)\""}});
  targets.push_back(
      {.name = "datetime_pattern",
       .run = RunPattern,
       .seeds = {"yyyy-MM-dd'T'HH:mm:ss[.SSSSSS][XXX]\n2024-02-29T12:34:56.789+01:00",
                 "dd/MMM/uuuu hh:mm a\n01/Feb/2024 12:00 PM",
                 "EEEE, d MMMM y G\nFriday, 5 January 2024 AD", "VV zzzz O\nUTC", "D\n7"},
       .words = {"[", "]", "'", "yyyy", "SSSSSSSSS", "MMM", "XXX", "VV", "9999999"}});
  targets.push_back(
      {.name = "glob",
       .run = RunGlob,
       .seeds = {"/a/{b,c{d,e}}/[^x-z]*?.csv\n/a/b/file1.csv", "**/*.json\nx/y/z.json",
                 "a*b*c*d*e\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
       .words = {"{", "}", ",", "[", "]", "*", "?", "\\", "**", "[^", "{a,b}"}});
  targets.push_back(
      {.name = "file_event",
       .run = RunFileEvent,
       .seeds =
           {R"({"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%20c"}}}]})",
            R"([{"eventType":"Microsoft.Storage.BlobCreated","data":{"url":"https://a.blob.core.windows.net/c/p"}}])",
            R"({"Type":"Notification","TopicArn":"t","Message":"{\"urls\":[\"s3a://b/x\"]}"})"},
       .words = {"\"Records\"", "%", "+", "wasbs://", ".blob.", "[", "]", "{", "}"}});
  const std::string archives = INLET_SOURCE_DIR "/test/data/archives";
  for (const char* name : {"x.zip", "x.tar", "x.tgz"}) {
    targets.push_back({.name = "archive_" + std::string(name).substr(2),
                       .run = [name](std::string_view bytes) { RunArchive(bytes, name); },
                       .seeds = FilesBelow(archives),
                       .words = {"PK\x01\x02", "PK\x05\x06", "ustar", "../", "\xFF\xFF\xFF\xFF"}});
  }
  targets.push_back(
      {.name = "casts",
       .run = RunCasts,
       .seeds = {" +123 ", "-1.5e-30", "2024-02-29 12:34:56.123456+05:30", "T10:00", "0x1.8p3",
                 "true", "1E400", "+123456-01-01"},
       .words = {"e", "-", "+", ".", ":", "T", "Z", "Infinity", "999999999999999999"}});
  targets.push_back(
      {.name = "variant", .run = RunVariantBytes, .seeds = VariantSeeds(), .words = {}});
  targets.push_back(
      {.name = "variant_json",
       .run = RunVariantJson,
       .seeds = {R"({"a":[1,2.5,-0,1e5,{"b":null}],"c":"\u00e9\ud83d\ude00"})", "$.a[0].b[\"c\"]"},
       .words = {"{", "}", "[", "]", "\"", ":", "\\u", "$.", "1e999", "null"}});
}

}  // namespace inlet::fuzz
