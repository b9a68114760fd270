#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "workspace/client.h"

namespace inlet::server {

/// What one flow has done in all, and its backlog: the columns of stream_metrics().
struct StreamMetric {
  std::string dataset;
  std::string flow;
  std::vector<std::pair<std::string, std::int64_t>> values;  ///< By column name.
};

Result<std::vector<StreamMetric>> ReadStreamMetrics(workspace::Client& client);

/// One sample for each flow and number, as Prometheus scrapes them.
std::string PrometheusOf(const std::vector<StreamMetric>& metrics);
/// A list of objects.
std::string JsonOf(const std::vector<StreamMetric>& metrics);

}  // namespace inlet::server
