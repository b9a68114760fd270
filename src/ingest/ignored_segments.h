#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace inlet::ingest {

/// The option `ignoredPathSegmentRegex`: a file is hidden when the regular expression is found in
/// a part of its path below the base. Immutable.
/// Source: Databricks, "Auto Loader options"; its default is ^[._].
class IgnoredSegments {
 public:
  virtual ~IgnoredSegments() = default;
  virtual bool Matches(std::string_view segment) const = 0;

  /// Errors: INVALID_PARAMETER_VALUE.
  static Result<std::shared_ptr<const IgnoredSegments>> Parse(std::string_view regex);
};

}  // namespace inlet::ingest
