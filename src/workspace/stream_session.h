#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// What a stream needs of the statement that began it, alive as long as the stream.
class StreamSession {
 public:
  StreamSession(Shared& shared, Session session, std::string text,
                std::vector<engine::Input> inputs)
      : session_(std::move(session)),
        text_(std::move(text)),
        inputs_(std::move(inputs)),
        shared_(shared) {}

  Call call() {
    return {.shared = shared_,
            .session = session_,
            .text = text_,
            .options = options_,
            .inputs = inputs_};
  }

 private:
  Session session_;
  std::string text_;
  std::vector<engine::Input> inputs_;
  ExecuteOptions options_;
  Shared& shared_;  // Outlives this.
};

}  // namespace inlet::workspace
