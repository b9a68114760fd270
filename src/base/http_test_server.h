#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace inlet {

/// A request as an HttpTestServer received it.
struct ReceivedRequest {
  std::string head;  ///< Request line and headers, as they came.
  std::string body;

  std::string Line() const { return head.substr(0, head.find('\r')); }
};

/// A small HTTP/1.1 server on a free port of this machine, for tests of what real servers seldom
/// do: stall, cut an answer, lose it, lie. Each request is handed to `handler`, one at a time,
/// which returns the bytes to send; none: the connection is closed without an answer.
class HttpTestServer {
 public:
  using Handler = std::function<std::string(const ReceivedRequest&)>;

  explicit HttpTestServer(Handler handler);
  ~HttpTestServer();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<ReceivedRequest> requests() const;
  int num_connections() const;

 private:
  void Accept(const std::stop_token& stop);
  void Serve(int connection, const std::stop_token& stop);

  const Handler handler_;
  std::mutex handler_mutex_;  // Held while handler_ runs.
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;  // Guarded by mutex_.
  int num_connections_ = 0;                // Guarded by mutex_.
  std::vector<std::jthread> connections_;  // Used by acceptor_ only, until it has ended.
  std::jthread acceptor_;
};

/// "HTTP/1.1 <status_line>", the headers (each ending in "\r\n"), Content-Length and the body.
std::string HttpAnswer(const std::string& status_line, const std::string& body = "",
                       const std::string& headers = "");

}  // namespace inlet
