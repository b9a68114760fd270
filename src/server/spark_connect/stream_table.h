#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ingest/stream/streaming_query.h"

namespace inlet::server {

/// The streaming queries of a session, those that have ended included, and what listeners are to
/// hear of them. Thread-safe.
class StreamTable {
 public:
  using QueryPtr = std::shared_ptr<ingest::StreamingQuery>;

  struct Event {
    enum class Kind { kProgress, kTerminated };
    Kind kind = Kind::kProgress;
    std::string json;
  };

  ~StreamTable();

  /// `plan` is the query as text.
  void Add(QueryPtr query, std::string plan);
  /// The plan as explain() shows it.
  std::string Explain(const std::string& run_id, bool is_extended);
  /// By the ids of the checkpoint and of the run; an empty run takes the newest.
  QueryPtr Find(const std::string& id, const std::string& run_id);
  std::vector<QueryPtr> Active();
  /// Whether a query of the name is running.
  bool IsRunning(const std::string& name);

  /// Waits until a query has ended since ForgetEnded(); false when the time was up or `stop`.
  bool WaitForEnd(std::optional<std::chrono::milliseconds> timeout, std::stop_token stop,
                  std::optional<Error>& failure);
  void ForgetEnded();

  void StopAll();

  /// Lets go of what queries that have ended hold, such as their checkpoint, and keeps what may be
  /// asked about them.
  void Retire();

  /// Listeners get events from now on. Events of a query go out until its end.
  void Listen(bool is_on);
  bool has_listener();
  void OnProgress(const ingest::StreamProgress& progress);
  /// The next event; nothing when `stop` or nobody listens any more.
  std::optional<Event> NextEvent(std::stop_token stop);

 private:
  void NoteEnded();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::vector<QueryPtr> queries_;
  std::map<std::string, std::string> plans_;  ///< By run id.
  std::vector<std::string> noted_;            ///< Run ids whose end has been told.
  std::vector<std::string> forgotten_;        ///< Run ids that WaitForEnd() leaves out.
  bool has_listener_ = false;
  std::deque<Event> events_;
};

/// An error of a stream as users see it: STREAM_FAILED around its cause.
Error StreamFailure(const ingest::StreamingQuery& query, const Error& cause);

}  // namespace inlet::server
