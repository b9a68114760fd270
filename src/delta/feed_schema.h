#pragma once

#include "delta/actions.h"

namespace inlet::delta {

/// The metadata of a version, for comparing.
struct VersionedMetadata {
  Version version = 0;
  const Metadata& metadata;
};

/// Whether rows written under `written` can be read with the columns of `read`: between the two,
/// columns may only have been added. Errors: those of the schemas.
/// Source: what the reference reader refuses in a change feed.
Result<bool> FeedCanRead(const VersionedMetadata& written, const VersionedMetadata& read);

}  // namespace inlet::delta
