#pragma once

#include <string_view>

namespace inlet::server {

/// inlet_worker.py, which the build puts into the program.
extern const std::string_view kWorkerScript;

}  // namespace inlet::server
