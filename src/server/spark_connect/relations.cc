#include "server/spark_connect/relations.h"

#include <google/protobuf/descriptor.h>
#include <spark/connect/relations.pb.h>

#include <algorithm>

#include "server/spark_connect/local_data.h"
#include "server/spark_connect/nullability.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/statement.h"
#include "sql/walk.h"
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
    types::DataType& type = schema.fields[i].type;
    if (column.type && SameButForNulls(*column.type, type)) type = *column.type;
    if (column.nulls_inside) type = WithNulls(type, *column.nulls_inside);
    for (const auto& [key, value] : column.metadata) schema.fields[i].metadata[key] = value;
  }
}

}  // namespace

const Message* InputOf(const Message& relation) {
  const auto* field = relation.GetReflection()->GetOneofFieldDescriptor(
      relation, relation.GetDescriptor()->FindOneofByName("rel_type"));
  if (field == nullptr || field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
    return nullptr;
  }
  const auto& inner = relation.GetReflection()->GetMessage(relation, field);
  const auto* input = inner.GetDescriptor()->FindFieldByName("input");
  if (input == nullptr || input->message_type() != Message::descriptor() ||
      !inner.GetReflection()->HasField(inner, input)) {
    return nullptr;
  }
  return static_cast<const Message*>(&inner.GetReflection()->GetMessage(inner, input));
}

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
      return Repartition(relation.repartition());
    case Message::kRepartitionByExpression:
      return RepartitionBy(relation.repartition_by_expression());
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
      return AsOfJoin(relation.as_of_join(), id);
    case Message::kNearestByJoin:
      return NearestByJoin(relation.nearest_by_join(), id);
    case Message::kRelationChanges:
      if (relation.relation_changes().is_streaming()) {
        return FailUnsupported("spark.readStream.changes");
      }
      return ReadChanges(relation.relation_changes().unparsed_identifier(),
                         OptionMap(relation.relation_changes().options().begin(),
                                   relation.relation_changes().options().end()),
                         id);
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

/// A subquery stands to the right of the tables that it names columns of.
Result<types::StructType> RelationTranslator::Describe(sql::Query query) {
  for (std::size_t i = outers_.size(); i-- > 0;) {
    const std::string name = "described_" + std::to_string(i);
    sql::JoinTable join{.left = AsTable(SelectAll(*outers_[i].frame), outers_[i].alias),
                        .right = AsTable(std::move(query), name)};
    join.kind = sql::JoinKind::kCross;
    join.right->is_lateral = true;
    sql::Select select{.from = sql::TableRef{.node = std::move(join)}};
    select.items.push_back({.value = {.node = sql::Star{.qualifier = {name}}}});
    query = {.body = std::move(select)};
  }
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
  if (schema.empty()) {  // What a command gives; the engine has no tables without columns.
    sql::Select none{.where = LiteralOf(types::TypeId::kBoolean, "false")};
    none.items.push_back({.value = NullLiteral(), .alias = "#"});
    return {.table = AsTable({.body = std::move(none)})};
  }
  Frame frame;
  UniqueNames names;
  std::vector<std::string> physical;
  for (const types::StructField& field : schema.fields) {
    physical.push_back(names.Add(field.name));
    frame.columns.push_back({.name = field.name,
                             .physical = physical.back(),
                             .nullable = field.nullable,
                             .metadata = field.metadata,
                             .type = field.type});
  }
  const std::string name = "local_" + std::to_string(next_input++);
  inputs_.push_back({.name = name, .source = std::move(source)});
  frame.table = {.node = sql::InputRef{.name = name}, .alias = name};
  frame.table.column_aliases = std::move(physical);
  return frame;
}

namespace {

/// Whether a subquery stands somewhere in the expression.
bool HasSubquery(const google::protobuf::Message& message) {
  if (message.GetDescriptor() == spark::connect::Expression::descriptor() &&
      static_cast<const spark::connect::Expression&>(message).has_subquery_expression()) {
    return true;
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasSubquery(reflection->GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (HasSubquery(reflection->GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

}  // namespace

Frame RelationTranslator::Nameable(
    Frame frame, const std::vector<const spark::connect::Expression*>& expressions) {
  const bool is_needed =
      !references_.empty() &&
      std::any_of(expressions.begin(), expressions.end(),
                  [](const spark::connect::Expression* each) { return HasSubquery(*each); });
  if (!is_needed) return frame;
  frame.table = AsTable(SelectAll(frame), "outer_" + std::to_string(next_outer_++));
  frame.below = nullptr;
  return frame;
}

void RelationTranslator::MarkOuter(const Scope& own, sql::Expression& expression) const {
  if (const auto* column = expression.As<sql::ColumnRef>()) {
    for (std::size_t i = outers_.size(); i-- > 0;) {
      if (outers_[i].alias.empty()) continue;
      Scope outer;
      outer.Add(*outers_[i].frame, outers_[i].alias);
      if (auto found = outer.AsOuter(*column, own)) {
        expression = *std::move(found);
        return;
      }
    }
    return;
  }
  sql::ForEachChild(
      expression, [&](sql::Expression& child) { MarkOuter(own, child); }, [](sql::Query&) {});
}

ExpressionTranslator RelationTranslator::ExpressionsOver(const Frame& frame, const Frame* other) {
  ExpressionContext context;
  if (!outers_.empty()) {
    context.mark_outer = [this, &frame, other](sql::Expression& expression) {
      Scope own(frame);
      if (other != nullptr) own.Add(*other, "");
      MarkOuter(own, expression);
    };
  }
  context.expand_star = [&frame](const sql::Star& star) {
    std::vector<sql::Expression> columns;
    for (const OutputColumn& column : frame.columns) {
      const auto& own = column.qualifier;
      const bool is_meant =
          star.qualifier.size() <= own.size() &&
          std::equal(star.qualifier.rbegin(), star.qualifier.rend(), own.rbegin(),
                     [](const auto& a, const auto& b) { return EqualsIgnoreCase(a, b); });
      if (is_meant) columns.push_back(ColumnOf(column.name));
    }
    return columns;
  };
  context.type_of = [this, &frame](const sql::Expression& expression) {
    return TypeOver(frame, expression);
  };
  context.subquery_of = [this, &frame](std::int64_t plan_id) -> Result<sql::Query> {
    const auto found = references_.find(plan_id);
    if (found == references_.end()) {
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "a subquery names a relation that the plan does not have"}});
    }
    outers_.push_back({.frame = &frame, .alias = frame.table.alias});
    Result<Frame> inner = Translate(*found->second);
    outers_.pop_back();
    if (!inner) return std::unexpected(std::move(inner).error());
    return ToQuery(*inner);
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
