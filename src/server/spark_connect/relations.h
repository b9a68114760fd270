#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "server/spark_connect/expressions.h"
#include "server/spark_connect/frame.h"
#include "server/spark_connect/python_calls.h"
#include "workspace/client.h"

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf
namespace spark::connect {
class Aggregate;
class AsOfJoin;
class Catalog;
class CoGroupMap;
class CollectMetrics;
class Deduplicate;
class Drop;
class Expression;
class Filter;
class GroupMap;
class Join;
class LateralJoin;
class LocalRelation;
class MapPartitions;
class NADrop;
class NAFill;
class NAReplace;
class NearestByJoin;
class Parse;
class Project;
class Range;
class Repartition;
class RepartitionByExpression;
class Read;
class Read_DataSource;
class Read_NamedTable;
class Relation;
class Sample;
class SetOperation;
class ShowString;
class Sort;
class SQL;
class StatApproxQuantile;
class StatCorr;
class StatCov;
class StatCrosstab;
class StatFreqItems;
class StatSampleBy;
class Tail;
class ToDF;
class ToSchema;
class Transpose;
class Unpivot;
class UnresolvedTableValuedFunction;
class WithColumns;
class WithColumnsRenamed;
class WithRelations;
}  // namespace spark::connect

namespace inlet::server {

/// A relation that the server keeps for a client: of checkpoint() and of big results.
struct KeptRelation {
  types::StructType schema;
  std::shared_ptr<const engine::SplitSource> rows;
};

/// What of the session relations may refer to. Thread-safe.
class SessionResources : public PythonFunctions {
 public:
  /// Errors: CONNECT_INVALID_PLAN.CANNOT_PARSE when there is none of this id.
  virtual Result<KeptRelation> FindRelation(const std::string& id) = 0;
  /// What AddArtifacts has brought under this name, such as cache/<sha256>.
  virtual Result<std::shared_ptr<const std::string>> FindArtifact(const std::string& name) = 0;
  /// spark.catalog.cacheTable() is noted and changes nothing; `table` is a full name.
  virtual void SetCached(const std::string& table, bool is_cached) = 0;
  virtual void ForgetCached() = 0;
  virtual bool IsCached(const std::string& table) = 0;
  /// For files that live as long as the session.
  virtual const std::string& TemporaryDirectory() = 0;
  /// Runs a statement of the session itself, such as USE or CREATE TEMPORARY VIEW.
  virtual Result<workspace::QueryResult> ExecuteInSession(
      const sql::Statement& statement, const std::vector<engine::Input>& inputs,
      const workspace::ExecuteOptions& options) = 0;
};

/// Relations of the protocol as SQL. One for each plan; not thread-safe.
///
/// Errors: those of ExpressionTranslator and Scope; those of the analysis of a leaf;
/// INLET_RESOURCE_LIMIT when nested too deeply; INLET_UNSUPPORTED by name.
class RelationTranslator {
 public:
  /// All outlive this.
  RelationTranslator(workspace::Client& client, SessionResources& resources,
                     const workspace::ExecuteOptions& options)
      : client_(client), resources_(resources), options_(options) {}

  Result<Frame> Translate(const spark::connect::Relation& relation);

  /// From now on relations may be streams, whose state lies at `checkpoint`.
  void ReadStreamsWith(std::string checkpoint) { checkpoint_ = std::move(checkpoint); }

  /// From now on nothing that is there already is made again: only columns are asked for.
  void OnlyAnalyze() { only_analyzes_ = true; }

  /// The tables that InputRefs of translated frames name.
  const std::vector<engine::Input>& inputs() const { return inputs_; }
  /// The columns of a frame, under the names that the user sees.
  Result<types::StructType> SchemaOf(const Frame& frame);
  /// Its rows, under the same.
  Result<workspace::QueryResult> Run(const Frame& frame);
  /// All rows as batches, for what has to be seen before the plan goes on.
  Result<std::vector<types::BatchPtr>> Collect(const Frame& frame);

  /// Rows of the server's own making as a relation.
  Frame LocalRows(types::StructType schema, std::vector<types::BatchPtr> batches);
  Frame LocalRows(types::StructType schema, std::shared_ptr<const engine::SplitSource> source);

  /// An expression over the columns of a frame, resolved.
  Result<sql::Expression> TranslateOver(const Frame& frame,
                                        const spark::connect::Expression& expression);
  /// `other` is the second side of a join, whose columns are at hand, too.
  ExpressionTranslator ExpressionsOver(const Frame& frame, const Frame* other = nullptr);

  /// df.observe() metrics met so far: a name and a frame of one row.
  struct Observation {
    std::string name;
    std::int64_t plan_id = 0;
    Frame metrics;
  };
  const std::vector<Observation>& observations() const { return observations_; }

  workspace::Client& client() { return client_; }
  SessionResources& resources() { return resources_; }
  const workspace::ExecuteOptions& options() const { return options_; }

 private:
  using PlanId = std::optional<std::int64_t>;

  Result<Frame> Dispatch(const spark::connect::Relation& relation, PlanId id);
  Result<Frame> DispatchStatistics(const spark::connect::Relation& relation, PlanId id);

  // sources.cc
  Result<Frame> Leaf(sql::TableRef table, const std::vector<std::string>& qualifier, PlanId id);
  Result<Frame> Read(const spark::connect::Read& read, PlanId id);
  Result<Frame> ReadStream(const spark::connect::Read& read, PlanId id);
  Result<Frame> ReadTable(const spark::connect::Read_NamedTable& table, PlanId id);
  Result<Frame> ReadFiles(const spark::connect::Read_DataSource& source, PlanId id);
  static Frame UnionByName(const std::vector<Frame>& frames, PlanId id);
  Result<Frame> Sql(const spark::connect::SQL& sql, PlanId id);
  Result<Frame> Range(const spark::connect::Range& range, PlanId id);
  Result<Frame> Local(const std::optional<std::string>& data, const std::string& schema, PlanId id);
  Result<Frame> ChunkedLocal(const spark::connect::Relation& relation, PlanId id);
  Result<Frame> TableFunction(const spark::connect::UnresolvedTableValuedFunction& function,
                              PlanId id);
  Result<Frame> WithRelations(const spark::connect::WithRelations& relation);
  Result<Frame> ReadChanges(const std::string& table, const OptionMap& options, PlanId id);
  Result<Frame> ParseText(const spark::connect::Parse& parse, PlanId id);

  // python_relations.cc
  Result<Frame> MapPartitions(const spark::connect::MapPartitions& message);
  Result<Frame> GroupMap(const spark::connect::GroupMap& message, PlanId id);
  Result<Frame> CoGroupMap(const spark::connect::CoGroupMap& message, PlanId id);
  /// `rows` gives `row_columns`, each a struct or NULL, and key_0, key_1, ...
  Result<Frame> ApplyToGroups(PythonDefinition definition, sql::Select rows,
                              const std::vector<std::string>& row_columns, std::size_t num_keys,
                              PlanId id);

  // operators.cc
  Result<Frame> Project(const spark::connect::Project& project, PlanId id);
  Result<Frame> ProjectItems(const Frame& input, std::vector<NamedExpression> items, PlanId id);
  /// The last item is a generator, resolved already, with a name for each of its columns.
  Result<Frame> ProjectResolvedLast(const Frame& input, std::vector<NamedExpression> items,
                                    PlanId id);
  Result<types::StructType> Describe(sql::Query query);
  Result<types::DataType> TypeOver(const Frame& input, const sql::Expression& expression);
  Result<types::DataType> TypeOfResolved(const Frame& input, const sql::Expression& expression);
  Result<Frame> Filter(const spark::connect::Filter& filter, PlanId id);
  Result<Frame> Sort(const spark::connect::Sort& sort, PlanId id);
  Result<Frame> Limit(Frame input, std::int64_t limit, PlanId id);
  Result<Frame> Offset(Frame input, std::int64_t offset, PlanId id);
  Result<Frame> Tail(const spark::connect::Tail& tail, PlanId id);
  Result<Frame> Repartition(const spark::connect::Repartition& message);
  Result<Frame> RepartitionBy(const spark::connect::RepartitionByExpression& message);
  Result<Frame> Sample(const spark::connect::Sample& sample, PlanId id);
  Result<Frame> Deduplicate(const spark::connect::Deduplicate& deduplicate, PlanId id);
  Result<Frame> Drop(const spark::connect::Drop& drop, PlanId id);
  Result<Frame> ToDf(const spark::connect::ToDF& to_df, PlanId id);
  Result<Frame> ToSchema(const spark::connect::ToSchema& to_schema, PlanId id);
  Result<Frame> WithColumns(const spark::connect::WithColumns& with_columns, PlanId id);
  Result<Frame> Rename(const spark::connect::WithColumnsRenamed& rename, PlanId id);
  Result<Frame> Aggregate(const spark::connect::Aggregate& aggregate, PlanId id);
  Result<Frame> Pivot(const spark::connect::Aggregate& aggregate, const Frame& input, PlanId id);
  Result<Frame> Unpivot(const spark::connect::Unpivot& unpivot, PlanId id);
  Result<Frame> Transpose(const spark::connect::Transpose& transpose, PlanId id);
  Result<Frame> ShowString(const spark::connect::Relation& relation);
  Result<Frame> CollectMetrics(const spark::connect::CollectMetrics& metrics, PlanId id);
  /// The items of a select list: `*`, patterns and aliases made plain.
  Result<std::vector<NamedExpression>> Items(
      const Frame& input, const std::vector<const spark::connect::Expression*>& expressions);
  /// Runs `change` over the frame; when it names a column that a projection left out, over the
  /// wider frame, from which the extra columns are taken away again.
  template <class Change>
  Result<Frame> WithHidden(const Frame& input, PlanId id, const Change& change);

  // joins.cc
  Result<Frame> Join(const spark::connect::Join& join, PlanId id);
  Result<Frame> LateralJoin(const spark::connect::LateralJoin& join, PlanId id);
  // nearest_joins.cc
  Result<Frame> AsOfJoin(const spark::connect::AsOfJoin& join, PlanId id);
  Result<Frame> NearestByJoin(const spark::connect::NearestByJoin& join, PlanId id);

  Result<Frame> SetOperation(const spark::connect::SetOperation& operation, PlanId id);

  // statistics.cc
  Result<Frame> Summary(const Frame& input, std::vector<std::string> columns,
                        std::vector<std::string> statistics);
  Result<Frame> Crosstab(const spark::connect::StatCrosstab& crosstab);
  Result<Frame> Covariance(const spark::connect::StatCov& covariance);
  Result<Frame> Correlation(const spark::connect::StatCorr& correlation);
  Result<Frame> Quantiles(const spark::connect::StatApproxQuantile& quantiles);
  Result<Frame> FrequentItems(const spark::connect::StatFreqItems& items);
  Result<Frame> SampleBy(const spark::connect::StatSampleBy& sample, PlanId id);
  Result<Frame> FillNulls(const spark::connect::NAFill& fill, PlanId id);
  Result<Frame> DropNulls(const spark::connect::NADrop& drop, PlanId id);
  Result<Frame> Replace(const spark::connect::NAReplace& replace, PlanId id);

  // catalog_relations.cc
  Result<Frame> Catalog(const spark::connect::Catalog& catalog);

  // delta_relations.cc
  /// Runs a statement and keeps its rows.
  Result<Frame> RowsOf(const sql::Statement& statement);
  Result<Frame> Extension(const google::protobuf::Any& extension, PlanId id);

  workspace::Client& client_;
  SessionResources& resources_;
  const workspace::ExecuteOptions& options_;
  std::vector<engine::Input> inputs_;
  /// A frame whose columns subqueries may name, under what its table is called.
  struct Outer {
    const Frame* frame = nullptr;  // Outlives its time on the stack.
    std::string alias;
  };
  /// The frame as a table that subqueries can refer to, should the expressions have any.
  Frame Nameable(Frame frame, const std::vector<const spark::connect::Expression*>& expressions);
  void MarkOuter(const Scope& own, sql::Expression& expression) const;

  std::vector<Outer> outers_;  ///< The innermost last.
  int next_outer_ = 0;
  /// Relations that subquery expressions name, by number.
  std::map<std::int64_t, const spark::connect::Relation*> references_;
  std::vector<Observation> observations_;
  std::optional<std::string> checkpoint_;  ///< Of a plan with streams.
  int depth_ = 0;
  bool only_analyzes_ = false;
};

/// The relation that a relation is made from, when there is one alone.
const spark::connect::Relation* InputOf(const spark::connect::Relation& relation);

}  // namespace inlet::server
