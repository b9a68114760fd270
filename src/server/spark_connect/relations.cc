#include "server/spark_connect/relations.h"

#include <spark/connect/relations.pb.h>

#include "server/spark_connect/local_data.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/statement.h"
#include "workspace/data_stream.h"

namespace inlet::server {
namespace {

using Message = spark::connect::Relation;

/// Deeper plans are refused: each level is a subquery for the engine, whose planner recurses.
constexpr int kMaxDepth = 300;

std::atomic<std::uint64_t> next_input = 0;

/// What the frame knows of its columns and the engine does not.
void UseColumns(const Frame& frame, types::StructType& schema) {
  schema.fields.resize(std::min(schema.size(), frame.columns.size()));
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const OutputColumn& column = frame.columns[i];
    schema.fields[i].name = column.name;
    schema.fields[i].nullable = schema.fields[i].nullable && column.nullable;
    for (const auto& [key, value] : column.metadata) schema.fields[i].metadata[key] = value;
  }
}

}  // namespace

Result<Frame> RelationTranslator::Translate(const Message& relation) {
  if (depth_ >= kMaxDepth) {
    return Fail(Condition::INLET_RESOURCE_LIMIT,
                {{"message", "A plan nests too deeply"}, {"limit", std::to_string(kMaxDepth)}});
  }
  PlanId id;
  if (relation.common().has_plan_id()) id = relation.common().plan_id();
  ++depth_;
  Result<Frame> frame = Dispatch(relation, id);
  --depth_;
  return frame;
}

Result<Frame> RelationTranslator::Dispatch(const Message& relation, PlanId id) {
  switch (relation.rel_type_case()) {
    case Message::kRead:
      return Read(relation.read(), id);
    case Message::kSql:
      return Sql(relation.sql(), id);
    case Message::kRange:
      return Range(relation.range(), id);
    case Message::kLocalRelation: {
      const auto& local = relation.local_relation();
      std::optional<std::string> data;
      if (local.has_data()) data = local.data();
      return Local(data, local.schema(), id);
    }
    case Message::kCachedLocalRelation:
    case Message::kChunkedCachedLocalRelation:
      return ChunkedLocal(relation, id);
    case Message::kCachedRemoteRelation: {
      KeptRelation kept =
          TRY(resources_.FindRelation(relation.cached_remote_relation().relation_id()));
      return LocalRows(std::move(kept.schema), std::move(kept.rows));
    }
    case Message::kUnresolvedTableValuedFunction:
      return TableFunction(relation.unresolved_table_valued_function(), id);
    case Message::kWithRelations:
      return WithRelations(relation.with_relations());
    case Message::kParse:
      return ParseText(relation.parse(), id);
    case Message::kProject:
      return Project(relation.project(), id);
    case Message::kFilter:
      return Filter(relation.filter(), id);
    case Message::kSort:
      return Sort(relation.sort(), id);
    case Message::kLimit:
      return Limit(TRY(Translate(relation.limit().input())), relation.limit().limit(), id);
    case Message::kOffset:
      return Offset(TRY(Translate(relation.offset().input())), relation.offset().offset(), id);
    case Message::kTail:
      return Tail(relation.tail(), id);
    case Message::kSample:
      return Sample(relation.sample(), id);
    case Message::kDeduplicate:
      return Deduplicate(relation.deduplicate(), id);
    case Message::kDrop:
      return Drop(relation.drop(), id);
    case Message::kToDf:
      return ToDf(relation.to_df(), id);
    case Message::kToSchema:
      return ToSchema(relation.to_schema(), id);
    case Message::kWithColumns:
      return WithColumns(relation.with_columns(), id);
    case Message::kWithColumnsRenamed:
      return Rename(relation.with_columns_renamed(), id);
    case Message::kAggregate:
      return Aggregate(relation.aggregate(), id);
    case Message::kUnpivot:
      return Unpivot(relation.unpivot(), id);
    case Message::kTranspose:
      return Transpose(relation.transpose(), id);
    case Message::kJoin:
      return Join(relation.join(), id);
    case Message::kLateralJoin:
      return LateralJoin(relation.lateral_join(), id);
    case Message::kSetOp:
      return SetOperation(relation.set_op(), id);
    case Message::kSubqueryAlias: {
      Frame frame = TRY(Translate(relation.subquery_alias().input()));
      for (OutputColumn& column : frame.columns) {
        column.qualifier = {relation.subquery_alias().alias()};
        if (id) column.plan_ids.push_back(*id);
      }
      return frame;
    }
    // One process has no partitions to arrange, and an optimizer of its own.
    case Message::kRepartition:
      return Translate(relation.repartition().input());
    case Message::kRepartitionByExpression:
      return Translate(relation.repartition_by_expression().input());
    case Message::kHint:
      return Translate(relation.hint().input());
    case Message::kShowString:
    case Message::kHtmlString:
      return ShowString(relation);
    case Message::kCollectMetrics:
      return CollectMetrics(relation.collect_metrics(), id);
    case Message::kCatalog:
      return Catalog(relation.catalog());
    case Message::kExtension:
      return Extension(relation.extension(), id);
    case Message::kMapPartitions:
      return MapPartitions(relation.map_partitions());
    case Message::kGroupMap:
      return GroupMap(relation.group_map(), id);
    case Message::kCoGroupMap:
      return CoGroupMap(relation.co_group_map(), id);
    case Message::kApplyInPandasWithState:
    case Message::kCommonInlineUserDefinedTableFunction:
    case Message::kCommonInlineUserDefinedDataSource:
      return FailUnsupported("Python table functions, data sources and functions with state");
    case Message::kWithWatermark:
      return Translate(relation.with_watermark().input());
    case Message::kAsOfJoin:
      return FailUnsupported("as-of joins");
    case Message::kNearestByJoin:
      return FailUnsupported("nearest-by joins");
    case Message::kRelationChanges:
      return FailUnsupported("spark.read.changes");
    case Message::kMlRelation:
      return FailUnsupported("machine learning");
    default:
      return DispatchStatistics(relation, id);
  }
}

Result<Frame> RelationTranslator::DispatchStatistics(const Message& relation, PlanId id) {
  switch (relation.rel_type_case()) {
    case Message::kSummary: {
      const auto& summary = relation.summary();
      std::vector<std::string> statistics(summary.statistics().begin(), summary.statistics().end());
      if (statistics.empty())
        statistics = {"count", "mean", "stddev", "min", "25%", "50%", "75%", "max"};
      return Summary(TRY(Translate(summary.input())), {}, std::move(statistics));
    }
    case Message::kDescribe: {
      const auto& describe = relation.describe();
      return Summary(TRY(Translate(describe.input())),
                     {describe.cols().begin(), describe.cols().end()},
                     {"count", "mean", "stddev", "min", "max"});
    }
    case Message::kCrosstab:
      return Crosstab(relation.crosstab());
    case Message::kCov:
      return Covariance(relation.cov());
    case Message::kCorr:
      return Correlation(relation.corr());
    case Message::kApproxQuantile:
      return Quantiles(relation.approx_quantile());
    case Message::kFreqItems:
      return FrequentItems(relation.freq_items());
    case Message::kSampleBy:
      return SampleBy(relation.sample_by(), id);
    case Message::kFillNa:
      return FillNulls(relation.fill_na(), id);
    case Message::kDropNa:
      return DropNulls(relation.drop_na(), id);
    case Message::kReplace:
      return Replace(relation.replace(), id);
    default:
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a relation has no kind that is known"}});
  }
}

Result<types::StructType> RelationTranslator::Describe(const sql::Query& query) {
  if (checkpoint_) return client_.DescribeStream({.query = query, .checkpoint = *checkpoint_});
  return client_.Describe(query, inputs_, options_);
}

Result<types::StructType> RelationTranslator::SchemaOf(const Frame& frame) {
  types::StructType schema = TRY(Describe(ToQuery(frame)));
  UseColumns(frame, schema);
  return schema;
}

Result<workspace::QueryResult> RelationTranslator::Run(const Frame& frame) {
  const sql::Statement statement = sql::SelectStatement{.query = ToQuery(frame)};
  workspace::QueryResult result = TRY(client_.Execute(statement, inputs_, options_));
  UseColumns(frame, result.schema);
  return result;
}

Result<std::vector<types::BatchPtr>> RelationTranslator::Collect(const Frame& frame) {
  const workspace::QueryResult result = TRY(Run(frame));
  std::vector<types::BatchPtr> batches;
  while (types::BatchPtr batch = TRY(result.rows->Next())) batches.push_back(std::move(batch));
  return batches;
}

Frame RelationTranslator::LocalRows(types::StructType schema,
                                    std::vector<types::BatchPtr> batches) {
  auto source = LocalSource(schema, std::move(batches));
  return LocalRows(std::move(schema), std::move(source));
}

Frame RelationTranslator::LocalRows(types::StructType schema,
                                    std::shared_ptr<const engine::SplitSource> source) {
  Frame frame;
  UniqueNames names;
  std::vector<std::string> physical;
  for (const types::StructField& field : schema.fields) {
    physical.push_back(names.Add(field.name));
    frame.columns.push_back({.name = field.name,
                             .physical = physical.back(),
                             .nullable = field.nullable,
                             .metadata = field.metadata});
  }
  const std::string name = "local_" + std::to_string(next_input++);
  inputs_.push_back({.name = name, .source = std::move(source)});
  frame.table = {.node = sql::InputRef{.name = name}, .alias = name};
  frame.table.column_aliases = std::move(physical);
  return frame;
}

ExpressionTranslator RelationTranslator::ExpressionsOver(const Frame& frame) {
  ExpressionContext context;
  context.type_of = [this, &frame](const sql::Expression& expression) {
    return TypeOver(frame, expression);
  };
  context.subquery_of = [this](std::int64_t plan_id) -> Result<sql::Query> {
    const auto found = references_.find(plan_id);
    if (found == references_.end()) {
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a subquery names a relation that the plan does not have"}});
    }
    return ToQuery(TRY(Translate(*found->second)));
  };
  context.functions = &resources_;
  return ExpressionTranslator(std::move(context));
}

Result<sql::Expression> RelationTranslator::TranslateOver(
    const Frame& frame, const spark::connect::Expression& expression) {
  sql::Expression translated = TRY(ExpressionsOver(frame).Translate(expression));
  TRY(Scope(frame).Resolve(translated));
  return translated;
}

}  // namespace inlet::server
