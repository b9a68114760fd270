#include "server/spark_connect/stream_table.h"

#include <algorithm>

#include "types/json_text.h"

namespace inlet::server {
namespace {

constexpr std::chrono::milliseconds kPoll(100);
constexpr std::size_t kMaxEvents = 10'000;

bool Contains(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// What is left of a query that has ended.
class EndedQuery final : public ingest::StreamingQuery {
 public:
  explicit EndedQuery(const ingest::StreamingQuery& query)
      : id_(query.id()),
        run_id_(query.run_id()),
        name_(query.name()),
        status_(query.status()),
        recent_progress_(query.recent_progress()),
        exception_(query.exception()) {}

  Status Start() override { return FailInternal("a query that has ended cannot start"); }
  Status RunToEnd(std::stop_token) override { return Start(); }
  void Stop() override {}
  Result<bool> AwaitTermination(std::optional<std::chrono::milliseconds>) override {
    if (exception_) return std::unexpected(*exception_);
    return true;
  }
  Status ProcessAllAvailable() override {
    if (exception_) return std::unexpected(*exception_);
    return Ok();
  }
  const std::string& id() const override { return id_; }
  const std::string& run_id() const override { return run_id_; }
  const std::string& name() const override { return name_; }
  bool is_active() const override { return false; }
  ingest::StreamStatus status() const override { return status_; }
  std::vector<ingest::StreamProgress> recent_progress() const override { return recent_progress_; }
  std::optional<ingest::StreamProgress> last_progress() const override {
    if (recent_progress_.empty()) return std::nullopt;
    return recent_progress_.back();
  }
  std::optional<Error> exception() const override { return exception_; }

 private:
  const std::string id_;
  const std::string run_id_;
  const std::string name_;
  const ingest::StreamStatus status_;
  const std::vector<ingest::StreamProgress> recent_progress_;
  const std::optional<Error> exception_;
};

std::string TerminatedJson(const ingest::StreamingQuery& query) {
  std::string json = "{\"id\":\"" + query.id() + "\",\"runId\":\"" + query.run_id() + "\"";
  const std::optional<Error> error = query.exception();
  json += ",\"exception\":" + (error ? types::JsonQuote(ToString(*error)) : "null");
  json +=
      ",\"errorClassOnException\":" + (error ? types::JsonQuote(error->info().name) : "null") + "}";
  return json;
}

}  // namespace

StreamTable::~StreamTable() { StopAll(); }

void StreamTable::Add(QueryPtr query, std::string plan) {
  std::lock_guard lock(mutex_);
  plans_[query->run_id()] = std::move(plan);
  queries_.push_back(std::move(query));
}

std::string StreamTable::Explain(const std::string& run_id, bool is_extended) {
  std::lock_guard lock(mutex_);
  const std::string& plan = plans_[run_id];
  std::string text;
  if (is_extended) {
    for (const char* step : {"Parsed", "Analyzed", "Optimized"}) {
      text += std::string("== ") + step + " Logical Plan ==\n" + plan + "\n\n";
    }
  }
  return text + "== Physical Plan ==\n" + plan + "\n";
}

StreamTable::QueryPtr StreamTable::Find(const std::string& id, const std::string& run_id) {
  std::lock_guard lock(mutex_);
  for (auto it = queries_.rbegin(); it != queries_.rend(); ++it) {
    if ((*it)->id() == id && (run_id.empty() || (*it)->run_id() == run_id)) return *it;
  }
  return nullptr;
}

std::vector<StreamTable::QueryPtr> StreamTable::Active() {
  std::lock_guard lock(mutex_);
  std::vector<QueryPtr> active;
  for (const QueryPtr& query : queries_) {
    if (query->is_active()) active.push_back(query);
  }
  return active;
}

bool StreamTable::IsRunning(const std::string& name) {
  const auto active = Active();
  return std::any_of(active.begin(), active.end(),
                     [&](const QueryPtr& query) { return query->name() == name; });
}

bool StreamTable::WaitForEnd(std::optional<std::chrono::milliseconds> timeout, std::stop_token stop,
                             std::optional<Error>& failure) {
  const auto deadline = std::chrono::steady_clock::now() + timeout.value_or(kPoll);
  while (true) {
    {
      std::unique_lock lock(mutex_);
      for (const QueryPtr& query : queries_) {
        if (query->is_active() || Contains(forgotten_, query->run_id())) continue;
        if (const std::optional<Error> error = query->exception()) {
          failure = StreamFailure(*query, *error);
        }
        return true;
      }
      changed_.wait_for(lock, stop, kPoll, [] { return false; });
    }
    if (stop.stop_requested()) return false;
    if (timeout && std::chrono::steady_clock::now() >= deadline) return false;
  }
}

void StreamTable::ForgetEnded() {
  std::lock_guard lock(mutex_);
  for (const QueryPtr& query : queries_) {
    if (!query->is_active()) forgotten_.push_back(query->run_id());
  }
}

void StreamTable::StopAll() {
  for (const QueryPtr& query : Active()) query->Stop();
}

void StreamTable::Retire() {
  std::vector<QueryPtr> released;  // Their end waits for the thread of the run: not under the lock.
  std::lock_guard lock(mutex_);
  for (QueryPtr& query : queries_) {
    if (query->is_active() || dynamic_cast<const EndedQuery*>(query.get()) != nullptr) continue;
    released.push_back(query);
    query = std::make_shared<EndedQuery>(*query);
  }
}

void StreamTable::Listen(bool is_on) {
  std::lock_guard lock(mutex_);
  has_listener_ = is_on;
  events_.clear();
  if (is_on) {  // The ends of earlier queries are old news.
    for (const QueryPtr& query : queries_) {
      if (!query->is_active()) noted_.push_back(query->run_id());
    }
  }
  changed_.notify_all();
}

bool StreamTable::has_listener() {
  std::lock_guard lock(mutex_);
  return has_listener_;
}

void StreamTable::OnProgress(const ingest::StreamProgress& progress) {
  std::lock_guard lock(mutex_);
  if (!has_listener_ || events_.size() >= kMaxEvents) return;
  events_.push_back(
      {.kind = Event::Kind::kProgress, .json = "{\"progress\":" + ingest::ToJson(progress) + "}"});
  changed_.notify_all();
}

void StreamTable::NoteEnded() {
  for (const QueryPtr& query : queries_) {
    if (query->is_active() || Contains(noted_, query->run_id())) continue;
    noted_.push_back(query->run_id());
    events_.push_back({.kind = Event::Kind::kTerminated, .json = TerminatedJson(*query)});
  }
}

std::optional<StreamTable::Event> StreamTable::NextEvent(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (has_listener_ && !stop.stop_requested()) {
    NoteEnded();
    if (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      return event;
    }
    changed_.wait_for(lock, stop, kPoll, [this] { return !events_.empty() || !has_listener_; });
  }
  return std::nullopt;
}

Error StreamFailure(const ingest::StreamingQuery& query, const Error& cause) {
  return Fail(Condition::STREAM_FAILED,
              {{"id", query.id()}, {"runId", query.run_id()}, {"message", ToString(cause)}})
      .error();
}

}  // namespace inlet::server
