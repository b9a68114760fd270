#include "engine/duckdb/instance.h"

#include <duckdb/main/config.hpp>
#include <duckdb/main/connection.hpp>
#include <duckdb/main/database.hpp>

#include "engine/duckdb/errors.h"
#include "engine/duckdb/functions/register.h"
#include "engine/duckdb/query_state.h"
#include "engine/duckdb/scan.h"

namespace inlet::engine {
namespace {

std::unique_ptr<duckdb::DBConfig> ConfigOf(const EngineOptions& options) {
  using duckdb::Value;
  auto config = std::make_unique<duckdb::DBConfig>();
  if (options.threads > 0) config->SetOptionByName("threads", Value::BIGINT(options.threads));
  if (options.memory_bytes > 0) {
    config->SetOptionByName("memory_limit", Value(std::to_string(options.memory_bytes) + "B"));
  }
  if (!options.temp_directory.empty()) {
    config->SetOptionByName("temp_directory", Value(options.temp_directory));
  }
  config->SetOptionByName("default_null_order", Value("nulls_first_on_asc_last_on_desc"));
  config->SetOptionByName("autoinstall_known_extensions", Value::BOOLEAN(false));
  config->SetOptionByName("autoload_known_extensions", Value::BOOLEAN(false));
  config->SetOptionByName("allow_community_extensions", Value::BOOLEAN(false));
  config->SetOptionByName("enable_external_access", Value::BOOLEAN(false));
  config->options.use_temporary_directory = !options.temp_directory.empty();
  return config;
}

class OpenInstance : public DuckDbInstance {
 public:
  explicit OpenInstance(const EngineOptions& options)
      : config_(ConfigOf(options)), database_(nullptr, config_.get()) {
    if (!options.temp_directory.empty()) {
      duckdb::DBConfig::GetConfig(*database_.instance).AddAllowedDirectory(options.temp_directory);
    }
    RegisterSparkFunctions(*database_.instance);
    RegisterScan(*database_.instance);
  }

  Result<std::unique_ptr<duckdb::Connection>> Connect(std::vector<Input> inputs,
                                                      const QueryContext& context) override {
    try {
      auto connection = std::make_unique<duckdb::Connection>(database_);
      QueryState::Register(*connection->context, duckdb::make_shared_ptr<QueryState>(
                                                     std::move(inputs), context.on_progress));
      SetFunctionSession(*connection->context, {.time_zone = context.session_time_zone,
                                                .now_us = context.now_us,
                                                .current_catalog = context.current_catalog,
                                                .current_schema = context.current_schema,
                                                .current_user = context.current_user,
                                                .last_map_key_wins = context.last_map_key_wins,
                                                .row_checks = context.row_checks});
      auto set = connection->Query("SET TimeZone = " +
                                   duckdb::Value(context.session_time_zone).ToSQLString());
      if (set->HasError()) {
        return Fail(Condition::INVALID_TIMEZONE, {{"timeZone", context.session_time_zone}});
      }
      return connection;
    } catch (const std::exception& thrown) {
      return std::unexpected(ErrorOf(thrown));
    }
  }

 private:
  std::unique_ptr<duckdb::DBConfig> config_;
  duckdb::DuckDB database_;
};

}  // namespace

Result<std::unique_ptr<DuckDbInstance>> DuckDbInstance::Open(const EngineOptions& options) {
  try {
    return std::make_unique<OpenInstance>(options);
  } catch (const std::exception& thrown) {
    return std::unexpected(ErrorOf(thrown));
  }
}

}  // namespace inlet::engine
