#include "connectors/file_events/file_event_log.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/http_client.h"
#include "connectors/file_events/file_event.h"

namespace inlet::connectors {
namespace {

using catalog::Sqlite;
using catalog::SqliteStatement;

constexpr std::string_view kSchema = R"sql(
CREATE TABLE IF NOT EXISTS file_events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, received_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS file_events_by_time ON file_events (received_ms);
CREATE INDEX IF NOT EXISTS file_events_by_url ON file_events (url);
)sql";

/// As long as the vendor keeps them.
constexpr std::int64_t kKeptMs = std::int64_t{7} * 24 * 3600 * 1000;

/// The first text behind all that begin with `prefix`.
std::string EndOf(std::string prefix) {
  prefix += "\xFF";
  return prefix;
}

/// Anybody can post a message: only the service itself is asked.
bool IsSnsUrl(std::string_view url) {
  constexpr std::string_view kScheme = "https://sns.";
  if (!url.starts_with(kScheme)) return false;
  const std::string_view host = url.substr(8, url.find('/', 8) - 8);
  return (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")) &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

class LoggedEvents final : public FileEventSource {
 public:
  LoggedEvents(std::shared_ptr<FileEventLog> log, std::string prefix)
      : log_(std::move(log)), prefix_(std::move(prefix)) {}

  Result<FileNews> Take(std::string& position) override {
    std::int64_t after = -1;
    (void)std::from_chars(position.data(), position.data() + position.size(), after);
    FileEventLog::Range range = TRY(log_->Read(after, prefix_));
    const bool is_first = position.empty() || after < 0;
    position = std::to_string(range.last);
    return FileNews{.urls = std::move(range.urls), .is_complete = !is_first && range.is_complete};
  }

  Status Acknowledge() override { return Ok(); }

 private:
  const std::shared_ptr<FileEventLog> log_;
  const std::string prefix_;
};

}  // namespace

Result<Sqlite*> FileEventLog::OpenLocked() {
  if (!database_) {
    Sqlite database = TRY(Sqlite::Open(home_ + "/file_events.db"));
    TRY(database.Execute(kSchema));
    database_ = std::move(database);
  }
  return &*database_;
}

Status FileEventLog::Append(const std::vector<std::string>& urls, std::int64_t now_ms) {
  if (urls.empty()) return Ok();
  const std::lock_guard lock(mutex_);
  Sqlite& database = *TRY(OpenLocked());
  TRY(database.Execute("BEGIN IMMEDIATE"));
  const Status added = [&]() -> Status {
    for (const std::string& url : urls) {
      SqliteStatement insert =
          TRY(database.Prepare("INSERT INTO file_events (url, received_ms) VALUES (?, ?)"));
      TRY(insert.Bind(url).Bind(now_ms).Step());
    }
    SqliteStatement forget = TRY(database.Prepare("DELETE FROM file_events WHERE received_ms < ?"));
    TRY(forget.Bind(now_ms - kKeptMs).Step());
    return Ok();
  }();
  TRY(database.Execute(added ? "COMMIT" : "ROLLBACK"));
  return added;
}

Result<std::string> FileEventLog::TakeMessage(std::string_view message, std::int64_t now_ms) {
  const FileEvents events = TRY(ParseFileEvents(message));
  TRY(Append(events.urls, now_ms));
  if (IsSnsUrl(events.subscribe_url)) {
    TRY(HttpClient::Shared().Send({.url = events.subscribe_url}));
  }
  nlohmann::json answer = {{"files", events.urls.size()}};
  if (!events.validation_code.empty()) answer["validationResponse"] = events.validation_code;
  return answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<FileEventLog::Range> FileEventLog::Read(std::int64_t after, const std::string& prefix) {
  const std::lock_guard lock(mutex_);
  Sqlite& database = *TRY(OpenLocked());
  Range range;
  {
    // The numbers of events that are gone count on.
    SqliteStatement last =
        TRY(database.Prepare("SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'file_events'), "
                             "(SELECT min(number) FROM file_events), "
                             "EXISTS (SELECT 1 FROM file_events WHERE url >= ? AND url < ?)"));
    last.Bind(prefix).Bind(EndOf(prefix));
    if (TRY(last.Step())) {
      range.last = last.Int64(0);
      const std::int64_t first = last.Int64(1);
      const std::int64_t first_kept = first > 0 ? first : range.last + 1;
      const bool has_any = last.Int64(2) != 0;
      range.is_complete = has_any && after <= range.last && after + 1 >= first_kept;
    }
  }
  SqliteStatement events = TRY(database.Prepare(
      "SELECT url FROM file_events WHERE number > ? AND number <= ? AND url >= ? AND url < ?"));
  events.Bind(after).Bind(range.last).Bind(prefix).Bind(EndOf(prefix));
  while (TRY(events.Step())) range.urls.push_back(events.Text(0));
  return range;
}

std::unique_ptr<FileEventSource> MakeLoggedEvents(std::shared_ptr<FileEventLog> log,
                                                  std::string prefix) {
  return std::make_unique<LoggedEvents>(std::move(log), std::move(prefix));
}

}  // namespace inlet::connectors
