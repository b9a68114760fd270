#pragma once

#include "base/result.h"

namespace google::protobuf {
class Message;
}
namespace spark::connect {
class Plan;
}

namespace inlet::server {

/// Puts what a client has compressed in the place of its compressed form; other plans stay.
/// Errors: CONNECT_INVALID_PLAN.CANNOT_PARSE for damaged bytes, INLET_RESOURCE_LIMIT for more than
/// 512 MiB of them.
Status ExpandPlan(spark::connect::Plan& plan);

/// The same for every plan that a request holds.
Status ExpandPlans(google::protobuf::Message& request);

}  // namespace inlet::server
