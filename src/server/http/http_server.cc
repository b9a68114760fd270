#include "server/http/http_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "server/http/stream_metrics.h"

namespace inlet::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxBodyBytes = 1 << 20;  // A message of the services has 256 KB at most.

std::int64_t ResidentBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  long total = 0;
  long resident = 0;
  const int read = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * sysconf(_SC_PAGE_SIZE) : 0;
}

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Httplib final : public HttpServer {
 public:
  explicit Httplib(workspace::Workspace& workspace) : workspace_(workspace) {}

  Status Start(const HttpOptions& options) {
    server_.set_payload_max_length(kMaxBodyBytes);
    server_.Get("/health",
                [this](const httplib::Request&, httplib::Response& response) { Health(response); });
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(Metrics() + PrometheusOf(StreamMetrics()), "text/plain; version=0.0.4");
    });
    server_.Get("/metrics.json", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(JsonOf(StreamMetrics()), "application/json");
    });
    server_.Post("/file-events", [this, token = options.token](const httplib::Request& request,
                                                               httplib::Response& response) {
      TakeFileEvents(request, response, token);
    });
    // Event Grid asks so first when it sends CloudEvents.
    server_.Options("/file-events",
                    [](const httplib::Request& request, httplib::Response& response) {
                      response.set_header("WebHook-Allowed-Origin",
                                          request.get_header_value("WebHook-Request-Origin"));
                    });
    port_ = options.port;
    if (!server_.bind_to_port(options.bind.c_str(), options.port)) {
      return Fail(Condition::STORAGE_UNAVAILABLE,
                  {{"message", fmt::format("port {} of {} is taken or not allowed", options.port,
                                           options.bind)}});
    }
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    return Ok();
  }

  ~Httplib() override { server_.stop(); }

  int port() const override { return port_; }

 private:
  void Health(httplib::Response& response) {
    Result<workspace::QueryResult> result = workspace_.Connect()->Execute("SELECT 1", {});
    const bool healthy = result.has_value() && result->rows->Next().has_value();
    response.status = healthy ? 200 : 503;
    response.set_content(healthy ? "{\"status\":\"ok\"}\n" : "{\"status\":\"unhealthy\"}\n",
                         "application/json");
    ++num_health_checks_;
  }

  /// A message that is not understood is refused for good; after 503 the services send it again.
  void TakeFileEvents(const httplib::Request& request, httplib::Response& response,
                      const std::string& token) {
    const bool is_allowed = token.empty() ||
                            IsSame(request.get_header_value("Authorization"), "Bearer " + token) ||
                            IsSame(request.get_param_value("token"), token);
    if (!is_allowed) {
      response.status = 401;
      return;
    }
    const Result<std::string> answer = workspace_.TakeFileEvents(request.body);
    if (answer) {
      response.set_content(*answer + "\n", "application/json");
      return;
    }
    response.status = answer.error().kind() == ErrorKind::kInvalid ? 400 : 503;
    response.set_content(ToString(answer.error()) + "\n", "text/plain");
  }

  /// In a time that does not tell where two texts differ.
  static bool IsSame(std::string_view given, std::string_view wanted) {
    unsigned difference = given.size() == wanted.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(given.size(), wanted.size()); ++i) {
      difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(wanted[i]);
    }
    return difference == 0;
  }

  /// What the flows of the workspace have done; nothing when it cannot be had now.
  std::vector<StreamMetric> StreamMetrics() {
    const auto metrics = ReadStreamMetrics(*workspace_.Connect());
    return metrics ? *metrics : std::vector<StreamMetric>();
  }

  std::string Metrics() const {
    const double uptime = std::chrono::duration<double>(Clock::now() - started_).count();
    return fmt::format(
        "# TYPE inlet_uptime_seconds gauge\ninlet_uptime_seconds {:.3f}\n"
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {:.3f}\n"
        "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {}\n"
        "# TYPE inlet_health_checks_total counter\ninlet_health_checks_total {}\n",
        uptime, CpuSeconds(), ResidentBytes(), num_health_checks_.load());
  }

  workspace::Workspace& workspace_;  // Outlives this.
  const Clock::time_point started_ = Clock::now();
  std::atomic<std::int64_t> num_health_checks_ = 0;
  int port_ = 0;
  httplib::Server server_;
  std::jthread thread_;  // Last: it ends before what it uses.
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpOptions& options,
                                                      workspace::Workspace& workspace) {
  auto server = std::make_unique<Httplib>(workspace);
  TRY(server->Start(options));
  return server;
}

}  // namespace inlet::server
