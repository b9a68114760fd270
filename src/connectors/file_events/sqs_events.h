#pragma once

#include <memory>
#include <string>

#include "base/http_client.h"
#include "connectors/file_events/file_event_source.h"
#include "storage/s3/aws_credentials.h"

namespace inlet::connectors {

struct SqsOptions {
  std::string queue_url;  ///< https://sqs.<region>.amazonaws.com/<account>/<name>, or of a server
                          ///< that speaks the same.
  std::string region;     ///< Empty: that of the URL.
  std::shared_ptr<storage::AwsCredentialsProvider> credentials;
  /// So many requests are under way at once. Source: cloudFiles.fetchParallelism.
  int fetch_parallelism = 1;
  RetryPolicy retry;
};

/// The file events of a queue that belongs to this stream alone. Messages are deleted when the
/// stream has noted their files; a message that is no file event is left to the queue's own rules.
/// Errors: INVALID_PARAMETER_VALUE for an address that is none.
Result<std::unique_ptr<FileEventSource>> OpenSqsEvents(SqsOptions options);

}  // namespace inlet::connectors
