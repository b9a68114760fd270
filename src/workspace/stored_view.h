#pragma once

#include "catalog/catalog.h"
#include "workspace/session.h"

namespace inlet::workspace {

/// A view as the catalog keeps it, and back. Errors: those of the parser, when a newer release
/// wrote the view.
Result<ViewDefinition> DefinitionOf(const catalog::TableEntry& entry);
/// Fills the members of `entry` that say what a view is.
void StoreDefinition(const ViewDefinition& view, std::string_view query_text,
                     catalog::TableEntry& entry);

}  // namespace inlet::workspace
