#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/option_map.h"
#include "base/result.h"
#include "sql/query.h"

namespace inlet::server {

struct KnownNulls;

/// One column of a DataFrame. Its name may stand there twice; `physical` is unique.
struct OutputColumn {
  std::string name;                    ///< As the user sees it.
  std::string physical;                ///< As the frame's table calls it.
  std::vector<std::string> qualifier;  ///< What may stand before the name: {"c", "s", "t"}.
  /// The relations that this very column has come through, by the client's numbers: what df["a"]
  /// asks for.
  std::vector<std::int64_t> plan_ids;
  bool nullable = true;                 ///< False where it is known that there is no NULL.
  types::FieldMetadata metadata;        ///< Of an alias.
  std::optional<types::DataType> type;  ///< Where it is known without asking.
  std::shared_ptr<const KnownNulls> nulls_inside;  ///< Of a computed array, map or struct.
};

/// A relation of the protocol as SQL: what stands in FROM, and its columns.
struct Frame {
  sql::TableRef table;
  std::vector<OutputColumn> columns;
  /// Of a plain projection: what it projects. Sorting and filtering may name columns of it that
  /// the projection left out.
  std::shared_ptr<const Frame> below;
  /// What spark_partition_id() is of a row, over the physical columns, as far as anybody asked for
  /// partitions; else 0.
  std::optional<sql::Expression> partition;
};

/// An attribute of the relation `plan_id` as a ColumnRef, until a Scope resolves it.
sql::Expression MarkedColumn(std::int64_t plan_id, std::vector<std::string> parts);
/// A column of a query around this one, whose table is `alias` there: {its name, fields of it...}.
sql::Expression OuterColumn(const std::string& alias, const std::string& physical,
                            std::vector<std::string> name);
/// The same tree with plain names, for messages and for names of columns.
sql::Expression WithoutMarks(const sql::Expression& expression);
/// Replaces marked columns, whatever their relation, by `qualifier`.name.
void Requalify(sql::Expression& expression, const std::string& qualifier);
/// The name of an output column for this expression when it has no alias.
std::string NameOf(const sql::Expression& expression);

/// Finds the columns that names in expressions mean.
class Scope {
 public:
  Scope() = default;
  explicit Scope(const Frame& frame) { Add(frame, ""); }

  /// `alias` is what the frame's table is called in FROM; empty when there is only one.
  void Add(const Frame& frame, const std::string& alias);

  /// Replaces every name by the physical one. Names inside of subqueries stay, as do parameters of
  /// lambda functions around them.
  ///
  /// Errors: UNRESOLVED_COLUMN.WITH_SUGGESTION, AMBIGUOUS_REFERENCE.
  Status Resolve(sql::Expression& expression) const;

  /// The column that the expression is, nothing when it is more than a name. Call it before
  /// Resolve().
  Result<const OutputColumn*> FindColumn(const sql::Expression& expression) const;

  /// The column of a query around that a name means, by OuterColumn(); nothing when it is none of
  /// this scope, or `inner` has a better claim to it. All entries have an alias.
  std::optional<sql::Expression> AsOuter(const sql::ColumnRef& column, const Scope& inner) const;

  /// The columns that `*` and `qualifier.*` mean, each as a resolved expression.
  struct Entry {
    const OutputColumn* column = nullptr;  // In a frame that outlives this.
    std::string alias;
    sql::Expression Reference() const;
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  struct Match {
    const Entry* entry = nullptr;
    std::size_t num_parts = 0;  ///< How many parts of the name it took; the rest are fields.
  };
  Result<Match> Find(const std::vector<std::string>& parts) const;
  bool HasOf(std::int64_t plan_id) const;
  Status ResolveUnder(sql::Expression& expression, std::set<std::string>& lambda_names) const;
  std::unexpected<Error> Unresolved(const std::vector<std::string>& parts) const;

  std::vector<Entry> entries_;
};

/// Hands out names that differ from each other in more than case.
class UniqueNames {
 public:
  std::string Add(const std::string& name);

 private:
  std::set<std::string, CaseInsensitiveLess> taken_;
};

/// A column that a projection gives.
struct ProjectedColumn {
  sql::Expression value;  ///< Resolved.
  OutputColumn column;    ///< `physical` is given out by Project().
};

/// SELECT columns FROM frame. `plan_id` joins the ids of every column.
Frame Project(const Frame& frame, std::vector<ProjectedColumn> columns,
              std::optional<std::int64_t> plan_id);

/// The column as it is.
ProjectedColumn PassThrough(const Scope::Entry& entry);

/// SELECT of all columns FROM frame, as a query to which clauses may be added.
sql::Query SelectAll(const Frame& frame);
/// A frame of `query`, which gives the columns of `columns` under their physical names.
Frame FrameOf(sql::Query query, std::vector<OutputColumn> columns,
              std::optional<std::int64_t> plan_id);

/// The frame with the columns of `below` too, at the end; nothing when there is none.
std::optional<Frame> WithColumnsBelow(const Frame& frame);

/// The frame as a query that gives its columns, by their physical names.
sql::Query ToQuery(const Frame& frame);

/// The same under the names that the user sees, for what stores or names them.
sql::Query ToNamedQuery(const Frame& frame);

}  // namespace inlet::server
