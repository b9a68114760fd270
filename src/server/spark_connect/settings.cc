#include "server/spark_connect/settings.h"

#include <algorithm>

namespace inlet::server {
namespace {

struct Setting {
  std::string_view key;
  std::string_view value;
};

/// Source: what PySpark 4.0 to 4.2 ask for, and what Spark 4.1 answers. Sizes are plain numbers:
/// newer clients read them as such.
constexpr Setting kDefaults[] = {
    {"spark.app.name", "inlet"},
    {"spark.connect.session.planCompression.defaultAlgorithm", "ZSTD"},
    {"spark.connect.session.planCompression.threshold", "10485760"},
    {"spark.python.sql.dataFrameDebugging.enabled", "false"},
    {"spark.sql.adaptive.enabled", "true"},
    {"spark.sql.ansi.enabled", "true"},
    {"spark.sql.caseSensitive", "false"},
    {"spark.sql.catalogImplementation", "in-memory"},
    {"spark.sql.connect.serverStacktrace.enabled", "false"},
    {"spark.sql.execution.arrow.maxRecordsPerBatch", "10000"},
    {"spark.sql.execution.arrow.pyspark.enabled", "true"},
    {"spark.sql.execution.arrow.pyspark.fallback.enabled", "true"},
    {"spark.sql.execution.arrow.pyspark.selfDestruct.enabled", "false"},
    {"spark.sql.execution.arrow.useLargeVarTypes", "false"},
    {"spark.sql.execution.pandas.convertToArrowArraySafely", "true"},
    {"spark.sql.execution.pandas.inferPandasDictAsMap", "false"},
    {"spark.sql.execution.pandas.structHandlingMode", "legacy"},
    {"spark.sql.execution.pyspark.binaryAsBytes", "true"},
    {"spark.sql.execution.pythonUDF.arrow.enabled", "true"},
    {"spark.sql.execution.pythonUDTF.arrow.enabled", "true"},
    {"spark.sql.mapKeyDedupPolicy", "EXCEPTION"},
    {"spark.sql.pyspark.inferNestedDictAsStruct.enabled", "false"},
    {"spark.sql.pyspark.jvmStacktrace.enabled", "false"},
    {"spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled", "false"},
    {"spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled", "false"},
    {"spark.sql.pyspark.plotting.max_rows", "1000"},
    {"spark.sql.repl.eagerEval.enabled", "false"},
    {"spark.sql.repl.eagerEval.maxNumRows", "20"},
    {"spark.sql.repl.eagerEval.truncate", "20"},
    {"spark.sql.session.localRelationBatchOfChunksSizeBytes", "1073741824"},
    {"spark.sql.session.localRelationCacheThreshold", "1048576"},
    {"spark.sql.session.localRelationChunkSizeBytes", "16777216"},
    {"spark.sql.session.localRelationChunkSizeRows", "10000"},
    {"spark.sql.session.localRelationSizeLimit", "3221225472"},
    {"spark.sql.session.timeZone", "UTC"},
    {"spark.sql.shuffle.partitions", "200"},
    {"spark.sql.sources.default", "delta"},
    {"spark.sql.sources.partitionOverwriteMode", "STATIC"},
    {"spark.sql.timestampType", "TIMESTAMP_LTZ"},
    {"spark.sql.warehouse.dir", "lakehouse"},
};

}  // namespace

std::optional<std::string> DefaultSetting(std::string_view key) {
  const auto* found = std::find_if(std::begin(kDefaults), std::end(kDefaults),
                                   [&](const Setting& setting) { return setting.key == key; });
  if (found == std::end(kDefaults)) return std::nullopt;
  return std::string(found->value);
}

std::map<std::string, std::string> DefaultSettings() {
  std::map<std::string, std::string> all;
  for (const Setting& setting : kDefaults) all.emplace(setting.key, setting.value);
  return all;
}

bool IsStatic(std::string_view key) {
  constexpr std::string_view kStatic[] = {"spark.sql.warehouse.dir",
                                          "spark.sql.catalogImplementation", "spark.sql.extensions",
                                          "spark.app.name"};
  const bool is_named = std::find(std::begin(kStatic), std::end(kStatic), key) != std::end(kStatic);
  return is_named || (!key.starts_with("spark.sql.") && !key.starts_with("spark.databricks.") &&
                      !key.starts_with("spark.connect.") && !key.starts_with("spark.pyspark.") &&
                      key.starts_with("spark."));
}

}  // namespace inlet::server
