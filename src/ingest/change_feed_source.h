#pragma once

#include <memory>
#include <string>

#include "delta/change_feed.h"
#include "engine/engine.h"

namespace inlet::ingest {

/// The change feed of a table as an input of the engine, with delta::ChangeFeedSchema().
Result<std::shared_ptr<const engine::SplitSource>> OpenChangeFeed(delta::ChangeFeed feed,
                                                                  std::string session_time_zone);

}  // namespace inlet::ingest
