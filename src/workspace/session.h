#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/option_map.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "delta/snapshot.h"
#include "engine/engine.h"
#include "sql/ast.h"
#include "workspace/client.h"
#include "workspace/janitor.h"

namespace inlet::workspace {

class GuessedScans;
class PipelineServices;

/// What all clients of a workspace share. Thread-safe.
struct Shared {
  WorkspaceOptions options;
  std::string home;  ///< Absolute.
  int threads = 1;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<Janitor> janitor;
  std::unique_ptr<engine::Engine> engine;
  delta::SnapshotCache snapshots;
  std::unique_ptr<PipelineServices> pipelines;
};

/// A stored query and what its short names mean.
struct ViewDefinition {
  sql::Query query;
  std::vector<std::string> column_names;  ///< Empty: the query's own.
  std::string catalog;
  std::string schema;
  std::vector<engine::Input> inputs = {};  ///< Of a temporary view: what its InputRefs name.
};

struct SessionVariable {
  types::DataType type;
  sql::Expression value;  ///< A literal or a cast of one.
  sql::Expression default_value;
};

/// What one client has set.
struct Session {
  std::string user;
  std::string catalog = "main";
  std::string schema = "default";
  OptionMap configs;  ///< SET key = value
  std::map<std::string, ViewDefinition, CaseInsensitiveLess> temporary_views;
  std::map<std::string, SessionVariable, CaseInsensitiveLess> variables;

  std::string time_zone() const;
  bool is_true(std::string_view key, bool when_unset) const;
};

/// One statement under way: what its handlers need.
struct Call {
  Shared& shared;
  Session& session;
  std::string_view text;  ///< Of the statement.
  const ExecuteOptions& options;
  std::span<const engine::Input> inputs = {};  ///< What InputRefs of the statement name.
  GuessedScans* guesses = nullptr;  ///< Set: schemas of files may be guessed, and are noted here.
};

/// The parts of a name, short ones completed by the session: t, s.t, c.s.t.
/// Errors: PARSE_SYNTAX_ERROR for more than three parts.
Result<catalog::FullName> Complete(const sql::ObjectName& name, const Session& session);
/// A name of a schema: s or c.s.
Result<std::pair<std::string, std::string>> CompleteSchema(const sql::ObjectName& name,
                                                           const Session& session);

/// What a session calls the temporary view of this name: v, or global_temp.v. Nothing when no
/// temporary view can have the name.
std::optional<std::string> TemporaryViewKey(const sql::ObjectName& name);

/// What functions of this statement may ask.
engine::QueryContext ContextOf(const Call& call);

/// A path as users write it, /Volumes/... included, to a store and a path in it.
Result<storage::Location> ResolvePath(const Call& call, std::string_view path);

/// The table root of a catalog entry or of delta.`path`.
struct TableTarget {
  storage::Location root;
  std::optional<catalog::TableEntry> entry;  ///< None for a path table.
  std::string display_name;
};
/// Errors: TABLE_OR_VIEW_NOT_FOUND; DELTA_MISSING_DELTA_TABLE for another format's path;
/// DELTA_CANNOT_WRITE_INTO_VIEW for a view.
Result<TableTarget> FindTable(const Call& call, const sql::ObjectName& name);
/// The same and its newest version.
Result<delta::SnapshotPtr> LatestOf(const Call& call, const TableTarget& target);

/// The value of a constant expression as text; no value for NULL.
Result<std::optional<std::string>> ConstantText(const Call& call,
                                                const sql::Expression& expression);
/// The value of TIMESTAMP AS OF in milliseconds.
Result<std::int64_t> ConstantTimestampMs(const Call& call, const sql::Expression& expression);

}  // namespace inlet::workspace
