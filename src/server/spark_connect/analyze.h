#pragma once

#include "base/result.h"
#include "server/spark_connect/connect_session.h"

namespace spark::connect {
class AnalyzePlanRequest;
class AnalyzePlanResponse;
}  // namespace spark::connect

namespace inlet::server {

/// Answers AnalyzePlan: schemas, plans as text, the version. Errors: those of the plan.
Status Analyze(ConnectSession& session, const spark::connect::AnalyzePlanRequest& request,
               spark::connect::AnalyzePlanResponse& response);

/// df.printSchema() of a schema, at most `max_level` levels deep; 0: all.
std::string TreeString(const types::StructType& schema, int max_level);

}  // namespace inlet::server
