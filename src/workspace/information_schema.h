#pragma once

#include <memory>

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// A view of information_schema as an input; `system` has that of all catalogs. Its rows are made
/// now. Errors: TABLE_OR_VIEW_NOT_FOUND; CATALOG_NOT_FOUND.
/// Source: Databricks SQL language manual, "Information schema".
Result<std::shared_ptr<const engine::SplitSource>> OpenInformationSchema(
    const Call& call, const catalog::FullName& name);

}  // namespace inlet::workspace
