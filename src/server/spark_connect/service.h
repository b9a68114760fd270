#pragma once

#include <memory>
#include <string>

#include "workspace/client.h"

namespace grpc {
class Service;
}

namespace inlet::server {

class SessionTable;

/// The service's methods over the sessions of a table, which outlives it.
/// An empty `token` asks clients for none.
std::unique_ptr<grpc::Service> MakeConnectService(SessionTable& sessions, std::string token);

}  // namespace inlet::server
