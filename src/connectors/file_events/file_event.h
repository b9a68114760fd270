#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace inlet::connectors {

/// What one message of a notification service says.
struct FileEvents {
  std::vector<std::string> urls;  ///< Of files that were written: s3://, gs://, abfss://, or paths.
  /// Azure Event Grid asks for this in the answer, to see that the end-point is ours.
  std::string validation_code;
  /// SNS wants this URL to be fetched once, for the same reason.
  std::string subscribe_url;
};

/// Understands, alone, in lists, and inside of each other:
///   S3 event notifications, the same inside of SNS, EventBridge events of S3;
///   GCS notifications as Pub/Sub pushes them, and object metadata;
///   Azure Event Grid events and CloudEvents of blobs;
///   {"url": "..."} and {"urls": ["...", ...]} of anybody.
/// Events that tell of something else than a file that was written give nothing.
///
/// Errors: INVALID_PARAMETER_VALUE for what is no JSON, or none of these.
Result<FileEvents> ParseFileEvents(std::string_view message);

/// The one spelling of a file's URL that events and streams are compared by: s3a:// and s3n:// are
/// s3://, the blob end-point of Azure is that of its Data Lake, a path is file:/path.
std::string CanonicalUrl(std::string_view url);

}  // namespace inlet::connectors
