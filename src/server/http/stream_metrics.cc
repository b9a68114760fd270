#include "server/http/stream_metrics.h"

#include <arrow/api.h>

#include "types/json_text.h"

namespace inlet::server {
namespace {

/// A label's value: backslash, quote and line break are escaped.
std::string Label(std::string_view text) {
  std::string label;
  for (const char c : text) {
    if (c == '\\' || c == '"') label += '\\';
    label += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return label;
}

/// What is left to do goes up and down; all else only grows.
bool IsGauge(std::string_view name) {
  return name.ends_with("_outstanding") || name.starts_with("last_");
}

void Append(const arrow::RecordBatch& batch, std::vector<StreamMetric>& metrics) {
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    StreamMetric metric;
    for (int column = 0; column < batch.num_columns(); ++column) {
      const std::string& name = batch.column_name(column);
      if (name == "dataset_name" || name == "flow_name") {
        const auto& texts = static_cast<const arrow::StringArray&>(*batch.column(column));
        (name == "flow_name" ? metric.flow : metric.dataset) = texts.GetString(row);
      } else {
        const auto& numbers = static_cast<const arrow::Int64Array&>(*batch.column(column));
        metric.values.emplace_back(name, numbers.Value(row));
      }
    }
    metrics.push_back(std::move(metric));
  }
}

}  // namespace

Result<std::vector<StreamMetric>> ReadStreamMetrics(workspace::Client& client) {
  const workspace::QueryResult result =
      TRY(client.Execute("SELECT * EXCEPT (updated_at) FROM stream_metrics()", {}));
  std::vector<StreamMetric> metrics;
  while (const types::BatchPtr batch = TRY(result.rows->Next())) Append(*batch, metrics);
  return metrics;
}

std::string PrometheusOf(const std::vector<StreamMetric>& metrics) {
  if (metrics.empty()) return "";
  std::string text;
  for (std::size_t i = 0; i < metrics[0].values.size(); ++i) {
    const std::string& column = metrics[0].values[i].first;
    const bool is_gauge = IsGauge(column);
    const std::string name = "inlet_stream_" + column + (is_gauge ? "" : "_total");
    text += "# TYPE " + name + (is_gauge ? " gauge\n" : " counter\n");
    for (const StreamMetric& metric : metrics) {
      text += name + "{dataset=\"" + Label(metric.dataset) + "\",flow=\"" + Label(metric.flow) +
              "\"} " + std::to_string(metric.values[i].second) + "\n";
    }
  }
  return text;
}

std::string JsonOf(const std::vector<StreamMetric>& metrics) {
  std::string json = "[";
  for (const StreamMetric& metric : metrics) {
    if (json.size() > 1) json += ",";
    json += "{\"dataset_name\":" + types::JsonQuote(metric.dataset) +
            ",\"flow_name\":" + types::JsonQuote(metric.flow);
    for (const auto& [name, value] : metric.values) {
      json += "," + types::JsonQuote(name) + ":" + std::to_string(value);
    }
    json += "}";
  }
  return json + "]\n";
}

}  // namespace inlet::server
