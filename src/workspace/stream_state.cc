#include "workspace/stream_state.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>

#include <optional>
#include <string>
#include <vector>

#include "engine/memory_source.h"
#include "sql/ast.h"
#include "sql/function_table.h"
#include "sql/printer.h"
#include "sql/walk.h"
#include "types/arrow.h"
#include "workspace/stream_check.h"

namespace inlet::workspace {
namespace {

using types::StructType;

constexpr std::int64_t kMaxStateRows = 10'000'000;
constexpr const char* kStateInput = "stream_state";
constexpr const char* kBeforeInput = "stream_state_before";

std::unexpected<Error> Refuse(std::string operation) {
  return Fail(Condition::STREAMING_OUTPUT_MODE_UNSUPPORTED_OPERATION,
              {{"outputMode", "complete"}, {"operation", std::move(operation)}});
}

bool IsAggregate(const sql::Expression& expression) {
  const auto* call = expression.As<sql::FunctionCall>();
  if (call == nullptr || call->name.parts.size() != 1 || call->over) return false;
  const sql::FunctionRule* rule = sql::FindFunction(call->name.parts[0]);
  return rule != nullptr && rule->kind == sql::FunctionKind::kAggregate;
}

bool HasAggregate(const sql::Expression& expression) {
  if (IsAggregate(expression)) return true;
  bool has = false;
  sql::ForEachChild(
      expression, [&](const sql::Expression& child) { has = has || HasAggregate(child); },
      [](const sql::Query&) {});
  return has;
}

/// The aggregation nearest to the result; null: there is none on the way to the stream.
sql::Select* FindAggregation(sql::Query& query) {
  sql::Query* at = &query;
  while (true) {
    auto* select = std::get_if<sql::Select>(&at->body);
    if (select == nullptr) return nullptr;
    if (select->group_by) return select;
    for (const sql::SelectItem& item : select->items) {
      if (HasAggregate(item.value)) return select;
    }
    auto* subquery = select->from ? select->from->As<sql::SubqueryTable>() : nullptr;
    if (subquery == nullptr) return nullptr;
    at = subquery->query.get();
  }
}

sql::Expression Column(const std::string& name) {
  return {.node = sql::ColumnRef{.parts = {name}}};
}

sql::Expression Call(const std::string& name, sql::Expression argument) {
  sql::FunctionCall call{.name = {.parts = {name}}};
  call.arguments.push_back({.value = std::move(argument)});
  return {.node = std::move(call)};
}

sql::Expression CastTo(sql::Expression value, types::DataType type) {
  return {.node = sql::Cast{.operand = std::move(value), .type = std::move(type)}};
}

std::string KeyName(std::size_t i) { return "key_" + std::to_string(i); }
std::string PartName(std::size_t i) { return "part_" + std::to_string(i); }

/// An aggregation as one over a batch, one that joins two such, and the items over the state.
class Decomposition {
 public:
  /// Changes `aggregation` to a select from the state.
  static Result<Decomposition> Make(sql::Select& aggregation) {
    if (aggregation.is_distinct || aggregation.qualify || !aggregation.windows.empty()) {
      return Refuse("DISTINCT or windows beside the aggregation of a stream");
    }
    Decomposition made;
    made.where_ = std::move(aggregation.where);
    aggregation.where = {};
    if (aggregation.group_by) TRY(made.TakeKeys(aggregation));
    for (sql::SelectItem& item : aggregation.items) {
      // The name that the item has by its text stays when its text changes.
      if (item.alias.empty() && item.column_aliases.empty()) {
        item.alias = sql::OutputName(item.value);
      }
      TRY(made.Replace(item.value));
    }
    if (aggregation.having) {
      TRY(made.Replace(*aggregation.having));
      aggregation.where = std::move(aggregation.having);
    }
    sql::Select partial;
    partial.items = std::move(made.key_items_);
    for (sql::SelectItem& item : made.part_items_) partial.items.push_back(std::move(item));
    std::swap(partial.from, aggregation.from);
    // What is left of the old WHERE belongs below.
    partial.where = std::move(made.where_);
    partial.group_by = std::move(aggregation.group_by);
    aggregation.group_by.reset();
    aggregation.from =
        sql::TableRef{.node = sql::InputRef{.name = kStateInput}, .alias = kStateInput};
    made.partial_ = sql::Query{.body = std::move(partial)};
    return made;
  }

  const sql::Query& partial() const { return partial_; }

  /// The groups of both, of which `schema` has the types.
  sql::Query Merged(const StructType& schema) const {
    sql::Select before{
        .from = sql::TableRef{.node = sql::InputRef{.name = kBeforeInput}, .alias = kBeforeInput}};
    before.items.push_back({.value = {.node = sql::Star{}}});
    sql::SetOperation both{.op = sql::SetOperator::kUnion, .is_all = true};
    both.operands.push_back(partial_);
    both.operands.push_back({.body = std::move(before)});
    std::vector<std::string> names;
    for (const types::StructField& field : schema.fields) names.push_back(field.name);
    sql::Select merged{.from = sql::TableRef{
                           .node = sql::SubqueryTable{.query = sql::Query{.body = std::move(both)}},
                           .alias = "parts",
                           .column_aliases = std::move(names)}};
    sql::GroupBy by;
    for (std::size_t i = 0; i < num_keys_; ++i) {
      merged.items.push_back({.value = Column(KeyName(i)), .alias = KeyName(i)});
      std::vector<sql::Expression> key;
      key.push_back(Column(KeyName(i)));
      by.items.push_back({.sets = {std::move(key)}});
    }
    for (std::size_t i = 0; i < merges_.size(); ++i) {
      merged.items.push_back({.value = CastTo(Call(merges_[i], Column(PartName(i))),
                                              schema.fields[num_keys_ + i].type),
                              .alias = PartName(i)});
    }
    if (num_keys_ > 0) merged.group_by = std::move(by);
    return {.body = std::move(merged)};
  }

 private:
  Status TakeKeys(sql::Select& aggregation) {
    if (aggregation.group_by->is_all) return Status(Refuse("GROUP BY ALL over a stream"));
    for (const sql::GroupBy::Item& item : aggregation.group_by->items) {
      if (item.kind != sql::GroupBy::Kind::kExpression) {
        return Status(Refuse("ROLLUP, CUBE and GROUPING SETS over a stream"));
      }
      const sql::Expression& key = item.sets.at(0).at(0);
      if (key.As<sql::Literal>() != nullptr) {
        return Status(Refuse("GROUP BY a position over a stream"));
      }
      keys_.push_back(sql::ToSql(key));
      key_items_.push_back({.value = key, .alias = KeyName(num_keys_++)});
    }
    return Ok();
  }

  /// Keys and aggregates become columns of the state.
  Status Replace(sql::Expression& expression) {
    const std::string text = sql::ToSql(expression);
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i] == text) {
        expression = Column(KeyName(i));
        return Ok();
      }
    }
    if (IsAggregate(expression)) return ReplaceAggregate(expression);
    Status status = Ok();
    sql::ForEachChild(
        expression,
        [&](sql::Expression& child) {
          if (status) status = Replace(child);
        },
        [&](sql::Query&) { status = Status(Refuse("a subquery beside the aggregation")); });
    return status;
  }

  Status ReplaceAggregate(sql::Expression& expression) {
    auto& call = *expression.As<sql::FunctionCall>();
    const std::string name = ToLower(call.name.parts[0]);
    const bool is_plain = !call.is_distinct && !call.filter && call.within_group.empty() &&
                          call.keyword.empty() && !call.ignore_nulls;
    if (!is_plain || call.arguments.size() > 1) {
      return Status(Refuse("the aggregate " + sql::ToSql(expression) + " over a stream"));
    }
    if (name == "count") {
      expression = Call("coalesce", Column(Add(expression, "sum")));
      expression.As<sql::FunctionCall>()->arguments.push_back(
          {.value = {.node = sql::Literal{.type = types::TypeId::kLong, .text = "0"}}});
      return Ok();
    }
    for (const char* same : {"sum", "min", "max", "bool_and", "bool_or", "every", "some", "any"}) {
      if (name == same) {
        expression = Column(Add(expression, name));
        return Ok();
      }
    }
    if (name == "avg" || name == "mean") {
      const sql::Expression value = call.arguments.at(0).value;
      const std::string sum =
          Add(Call("sum", CastTo(value, types::DataType(types::TypeId::kDouble))), "sum");
      const std::string count = Add(Call("count", value), "sum");
      expression = {.node = sql::Binary{.op = sql::BinaryOperator::kDivide,
                                        .left = Column(sum),
                                        .right = Call("nullif", Column(count))}};
      auto* right = expression.As<sql::Binary>()->right->As<sql::FunctionCall>();
      right->arguments.push_back(
          {.value = {.node = sql::Literal{.type = types::TypeId::kLong, .text = "0"}}});
      return Ok();
    }
    return Status(Refuse("the aggregate " + name + " over a stream"));
  }

  /// The name of the column of the state that has this aggregate.
  std::string Add(sql::Expression aggregate, std::string merge) {
    std::string name = PartName(merges_.size());
    part_items_.push_back({.value = std::move(aggregate), .alias = name});
    merges_.push_back(std::move(merge));
    return name;
  }

  std::size_t num_keys_ = 0;
  std::vector<std::string> keys_;  ///< Their text.
  std::vector<sql::SelectItem> key_items_;
  std::vector<sql::SelectItem> part_items_;
  std::vector<std::string> merges_;  ///< The aggregate that joins the parts.
  sql::Box<sql::Expression> where_;
  sql::Query partial_;
};

/// The states of one stream. Not thread-safe.
class StateFiles {
 public:
  explicit StateFiles(storage::Location checkpoint)
      : store_(std::move(checkpoint.store)), directory_(checkpoint.path + "/state/0/") {}

  Result<types::BatchPtr> Read(ingest::BatchId id) const {
    const std::string path = PathOf(id);
    const std::string bytes = TRY(store_->Get(path).Context("the state of the stream"));
    const auto damaged = [&](const std::string& message) {
      return Fail(Condition::STREAM_CHECKPOINT_INVALID,
                  {{"path", storage::UrlOf(*store_, path)}, {"message", message}});
    };
    auto opened = arrow::ipc::RecordBatchStreamReader::Open(
        std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
    if (!opened.ok()) return damaged(opened.status().message());
    types::BatchPtr batch;
    if (const auto read = (*opened)->ReadNext(&batch); !read.ok()) return damaged(read.message());
    if (batch == nullptr) return damaged("it is empty");
    if (const auto valid = batch->ValidateFull(); !valid.ok()) return damaged(valid.message());
    return batch;
  }

  /// Durable when it returns; what only earlier batches need goes.
  Status Write(ingest::BatchId id, const types::BatchPtr& batch) {
    const auto sink = ARROW_TRY(arrow::io::BufferOutputStream::Create());
    const auto writer = ARROW_TRY(arrow::ipc::MakeStreamWriter(sink, batch->schema()));
    ARROW_CHECK_OK(writer->WriteRecordBatch(*batch));
    ARROW_CHECK_OK(writer->Close());
    const auto bytes = ARROW_TRY(sink->Finish());
    TRY(store_->Put(PathOf(id), std::string_view(*bytes), storage::PutMode::kOverwrite));
    if (id >= 2) TRY(store_->Delete(PathOf(id - 2)));
    return Ok();
  }

 private:
  std::string PathOf(ingest::BatchId id) const {
    return directory_ + std::to_string(id) + ".arrow";
  }

  const std::shared_ptr<storage::ObjectStore> store_;
  const std::string directory_;
};

Result<types::BatchPtr> Collect(types::BatchReader& rows, const StructType& schema) {
  std::vector<types::BatchPtr> batches;
  std::int64_t num_rows = 0;
  while (types::BatchPtr batch = TRY(rows.Next())) {
    num_rows += batch->num_rows();
    if (num_rows > kMaxStateRows) {
      return Fail(Condition::INLET_RESOURCE_LIMIT, {{"message", "A stream has too many groups"},
                                                    {"limit", std::to_string(kMaxStateRows)}});
    }
    batches.push_back(std::move(batch));
  }
  if (batches.empty()) return ARROW_TRY(arrow::RecordBatch::MakeEmpty(types::ToArrow(schema)));
  if (batches.size() == 1) return batches[0];
  return ARROW_TRY(arrow::ConcatenateRecordBatches(batches));
}

Result<ingest::BoundQuery> OverState(engine::Engine& engine, StateFiles& files, ingest::BatchId id,
                                     ingest::BoundQuery bound) {
  sql::Select* aggregation = FindAggregation(bound.query);
  if (aggregation == nullptr) return FailInternal("the aggregation of a stream was lost");
  const Decomposition parts = TRY(Decomposition::Make(*aggregation));
  const StructType schema = TRY(engine.Describe(parts.partial(), bound.inputs, bound.context));
  sql::Query query = parts.partial();
  std::vector<engine::Input> inputs = bound.inputs;
  if (id > 0) {
    inputs.push_back(
        {.name = kBeforeInput, .source = engine::MemorySource(schema, TRY(files.Read(id - 1)))});
    query = parts.Merged(schema);
  }
  const auto rows = TRY(engine.Run(query, std::move(inputs), bound.context, {}));
  const types::BatchPtr state = TRY(Collect(*rows, schema));
  TRY(files.Write(id, state));
  bound.inputs.push_back({.name = kStateInput, .source = engine::MemorySource(schema, state)});
  return bound;
}

}  // namespace

Status CheckStateful(const sql::Query& query) {
  sql::Query copy = query;
  sql::Select* aggregation = FindAggregation(copy);
  if (aggregation == nullptr) return Status(Refuse("a query without an aggregation"));
  sql::Select below{.from = aggregation->from, .where = aggregation->where};
  below.items.push_back({.value = {.node = sql::Star{}}});
  TRY(CheckAppendOnly({.body = std::move(below)}));
  TRY(Decomposition::Make(*aggregation));
  return Ok();
}

std::function<ingest::BatchRewrite(ingest::BatchId)> MakeStateful(engine::Engine& engine,
                                                                  storage::Location checkpoint) {
  auto files = std::make_shared<StateFiles>(std::move(checkpoint));
  return [&engine, files](ingest::BatchId id) {
    ingest::BatchRewrite rewrite;
    rewrite.rewrite = [&engine, files, id](ingest::BoundQuery bound) {
      return OverState(engine, *files, id, std::move(bound));
    };
    return rewrite;
  };
}

}  // namespace inlet::workspace
