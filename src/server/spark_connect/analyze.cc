#include "server/spark_connect/analyze.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>
#include <spark/connect/base.pb.h>

#include <set>

#include "base/uuid.h"
#include "server/spark_connect/cells.h"
#include "server/spark_connect/data_types.h"
#include "server/spark_connect/settings.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/printer.h"
#include "sql/statement.h"

namespace inlet::server {
namespace {

using Request = spark::connect::AnalyzePlanRequest;
using Response = spark::connect::AnalyzePlanResponse;
using spark::connect::Relation;
using types::DataType;
using types::TypeId;

bool IsStreaming(const Relation& root) {
  for (const Relation* relation = &root; relation != nullptr; relation = InputOf(*relation)) {
    if (relation->has_read()) return relation->read().is_streaming();
    if (relation->has_join()) {
      return IsStreaming(relation->join().left()) || IsStreaming(relation->join().right());
    }
    if (relation->has_set_op()) {
      return IsStreaming(relation->set_op().left_input()) ||
             IsStreaming(relation->set_op().right_input());
    }
  }
  return false;
}

/// One plan of a request with what translating it needs.
class AnalyzedPlan {
 public:
  AnalyzedPlan(ConnectSession& session, const spark::connect::Plan& plan)
      : session_(session),
        plan_(plan),
        client_(session.CloneClient()),
        translator_(*client_, session, options_) {
    translator_.OnlyAnalyze();
  }

  Result<types::StructType> Schema() {
    const Frame frame = TRY(Translate());
    return translator_.SchemaOf(frame);
  }

  Result<std::string> Explain(Request::Explain::ExplainMode mode) {
    const Frame frame = TRY(Translate());
    const sql::Statement select = sql::SelectStatement{.query = ToQuery(frame)};
    const auto result =
        TRY(client_->Execute(sql::Explain{.statement = select}, translator_.inputs(), options_));
    std::vector<types::BatchPtr> batches;
    while (types::BatchPtr batch = TRY(result.rows->Next())) batches.push_back(std::move(batch));
    std::string text;
    if (mode == Request::Explain::EXPLAIN_MODE_COST) {
      text = "== Optimized Logical Plan ==\n" + sql::ToSql(ToQuery(frame)) +
             ", Statistics(the engine's, in the plan below)\n\n";
    } else if (mode == Request::Explain::EXPLAIN_MODE_EXTENDED) {
      const std::string query = sql::ToSql(ToQuery(frame));
      text = "== Parsed Logical Plan ==\n" + query + "\n\n== Analyzed Logical Plan ==\n" +
             types::ToDdl(TRY(translator_.SchemaOf(frame))) + "\n\n== Optimized Logical Plan ==\n" +
             query + "\n\n";
    }
    text += "== Physical Plan ==\n";
    for (const auto& line : TextsOf(batches, 0)) text += line.value_or("") + "\n";
    return text;
  }

  /// The files that the rows come from, by their hidden column; none for tables.
  Result<std::vector<std::string>> InputFiles() {
    const Relation* source = &plan_.root();
    while (const Relation* input = InputOf(*source)) source = input;
    if (!source->has_read() || !source->read().has_data_source()) return std::vector<std::string>();
    const Frame frame = TRY(translator_.Translate(*source));
    sql::Select select{.is_distinct = true, .from = frame.table};
    select.items.push_back(
        {.value = ColumnOf(std::vector<std::string>{"_metadata", "file_path"}), .alias = "file"});
    const auto batches = TRY(translator_.Collect(FrameOf(
        {.body = std::move(select)}, {{.name = "file", .physical = "file"}}, std::nullopt)));
    std::vector<std::string> files;
    for (const auto& file : TextsOf(batches, 0)) {
      if (file && !file->empty()) files.push_back(*file);
    }
    return files;
  }

 private:
  /// The schema of a stream may have to be inferred, and is kept at a checkpoint.
  Result<Frame> Translate() {
    if (IsStreaming(plan_.root())) {
      translator_.ReadStreamsWith(session_.TemporaryDirectory() + "/" + RandomUuid());
    }
    return translator_.Translate(plan_.root());
  }

  ConnectSession& session_;
  const spark::connect::Plan& plan_;
  std::unique_ptr<workspace::Client> client_;
  const workspace::ExecuteOptions options_;
  RelationTranslator translator_;
};

bool IsLocal(const Relation& root) {
  const Relation* relation = &root;
  while (relation->has_to_df() || relation->has_limit() || relation->has_subquery_alias()) {
    relation = InputOf(*relation);
    if (relation == nullptr) return false;
  }
  return relation->has_local_relation() || relation->has_show_string() || relation->has_catalog();
}

/// Numbers of plans and places in the user's program say nothing about what a plan means.
class SameMeaning {
 public:
  SameMeaning() {
    const auto ignore = [&](const google::protobuf::Descriptor* message, const char* field) {
      if (const auto* known = message->FindFieldByName(field)) differencer_.IgnoreField(known);
    };
    ignore(Relation::descriptor(), "common");
    ignore(spark::connect::Expression::descriptor(), "common");
    ignore(spark::connect::Expression_UnresolvedAttribute::descriptor(), "plan_id");
    ignore(spark::connect::Expression_Alias::descriptor(), "name");
  }
  bool operator()(const spark::connect::Plan& left, const spark::connect::Plan& right) {
    return differencer_.Compare(left, right);
  }

 private:
  google::protobuf::util::MessageDifferencer differencer_;
};

/// Equal for plans that mean the same: from the names of relations and columns.
std::int32_t SemanticHash(const google::protobuf::Message& message) {
  std::uint32_t hash = 17;
  const auto mix = [&](std::uint32_t value) { hash = hash * 31 + value; };
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->name() == "common" || field->name() == "plan_id") continue;
    if (message.GetDescriptor() == spark::connect::Expression_Alias::descriptor() &&
        field->name() == "name") {
      continue;
    }
    mix(static_cast<std::uint32_t>(field->number()));
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated() &&
          field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
        const std::string text = message.GetReflection()->GetString(message, field);
        mix(static_cast<std::uint32_t>(std::hash<std::string>()(text)));
      }
      continue;
    }
    if (!field->is_repeated()) {
      mix(static_cast<std::uint32_t>(
          SemanticHash(message.GetReflection()->GetMessage(message, field))));
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      mix(static_cast<std::uint32_t>(
          SemanticHash(message.GetReflection()->GetRepeatedMessage(message, field, i))));
    }
  }
  return static_cast<std::int32_t>(hash);
}

void AppendTree(const std::vector<types::StructField>& fields, const std::string& prefix, int level,
                int max_level, std::string& out);

void AppendTreeOf(const DataType& type, const std::string& prefix, int level, int max_level,
                  std::string& out) {
  if (max_level > 0 && level > max_level) return;
  switch (type.id()) {
    case TypeId::kStruct:
      AppendTree(type.fields(), prefix, level, max_level, out);
      break;
    case TypeId::kArray:
    case TypeId::kMap:
      for (const types::StructField& field : type.fields()) {
        std::string kind = types::ToString(field.type);
        kind = kind.substr(0, kind.find('<'));
        const bool is_element = type.is(TypeId::kArray);
        const std::string flag = is_element ? fmt::format(" (containsNull = {})", field.nullable)
                                 : field.name == "value"
                                     ? fmt::format(" (valueContainsNull = {})", field.nullable)
                                     : "";
        out += fmt::format("{}-- {}: {}{}\n", prefix, field.name, kind, flag);
        AppendTreeOf(field.type, prefix + "    |", level + 1, max_level, out);
      }
      break;
    default:
      break;
  }
}

void AppendTree(const std::vector<types::StructField>& fields, const std::string& prefix, int level,
                int max_level, std::string& out) {
  for (const types::StructField& field : fields) {
    std::string kind = types::ToString(field.type);
    kind = kind.substr(0, kind.find('<'));
    if (kind == "bigint") kind = "long";
    if (kind == "int") kind = "integer";
    if (kind == "smallint") kind = "short";
    if (kind == "tinyint") kind = "byte";
    out += fmt::format("{}-- {}: {} (nullable = {})\n", prefix, field.name, kind, field.nullable);
    AppendTreeOf(field.type, prefix + "    |", level + 1, max_level, out);
  }
}

/// Of df.cache().
spark::connect::StorageLevel DefaultLevel() {
  spark::connect::StorageLevel level;
  level.set_use_disk(true);
  level.set_use_memory(true);
  level.set_deserialized(true);
  level.set_replication(1);
  return level;
}

}  // namespace

std::string TreeString(const types::StructType& schema, int max_level) {
  std::string text = "root\n";
  AppendTree(schema.fields, " |", 1, max_level, text);
  return text;
}

Status Analyze(ConnectSession& session, const Request& request, Response& response) {
  switch (request.analyze_case()) {
    case Request::kSparkVersion:
      response.mutable_spark_version()->set_version(std::string(kSparkVersion));
      return Ok();
    case Request::kSchema:
      *response.mutable_schema()->mutable_schema() =
          ToMessage(TRY(AnalyzedPlan(session, request.schema().plan()).Schema()));
      return Ok();
    case Request::kExplain:
      response.mutable_explain()->set_explain_string(
          TRY(AnalyzedPlan(session, request.explain().plan())
                  .Explain(request.explain().explain_mode())));
      return Ok();
    case Request::kTreeString:
      response.mutable_tree_string()->set_tree_string(
          TreeString(TRY(AnalyzedPlan(session, request.tree_string().plan()).Schema()),
                     request.tree_string().level()));
      return Ok();
    case Request::kIsLocal:
      response.mutable_is_local()->set_is_local(IsLocal(request.is_local().plan().root()));
      return Ok();
    case Request::kIsStreaming:
      response.mutable_is_streaming()->set_is_streaming(
          IsStreaming(request.is_streaming().plan().root()));
      return Ok();
    case Request::kInputFiles:
      for (std::string& file :
           TRY(AnalyzedPlan(session, request.input_files().plan()).InputFiles())) {
        response.mutable_input_files()->add_files(std::move(file));
      }
      response.mutable_input_files();
      return Ok();
    case Request::kDdlParse:
      *response.mutable_ddl_parse()->mutable_parsed() =
          ToMessage(TRY(ParseSchemaText(request.ddl_parse().ddl_string())));
      return Ok();
    case Request::kJsonToDdl:
      response.mutable_json_to_ddl()->set_ddl_string(
          types::ToDdl(TRY(types::SchemaFromJson(request.json_to_ddl().json_string()))));
      return Ok();
    case Request::kSameSemantics:
      response.mutable_same_semantics()->set_result(SameMeaning()(
          request.same_semantics().target_plan(), request.same_semantics().other_plan()));
      return Ok();
    case Request::kSemanticHash:
      response.mutable_semantic_hash()->set_result(SemanticHash(request.semantic_hash().plan()));
      return Ok();
    // Results are never kept: caching is accepted and changes nothing but what is told about it.
    case Request::kPersist: {
      spark::connect::StorageLevel level = DefaultLevel();
      if (request.persist().has_storage_level()) level = request.persist().storage_level();
      session.SetStorageLevel(request.persist().relation().common().plan_id(),
                              level.SerializeAsString());
      response.mutable_persist();
      return Ok();
    }
    case Request::kUnpersist:
      session.SetStorageLevel(request.unpersist().relation().common().plan_id(), "");
      response.mutable_unpersist();
      return Ok();
    case Request::kGetStorageLevel: {
      auto& level = *response.mutable_get_storage_level()->mutable_storage_level();
      const std::string known =
          session.StorageLevel(request.get_storage_level().relation().common().plan_id());
      level.set_replication(1);
      if (!known.empty()) level.ParseFromString(known);
      return Ok();
    }
    default:
      return Fail(Condition::CONNECT_INVALID_PLAN_CANNOT_PARSE,
                  {{"errorMsg", "the request asks for nothing that is known"}});
  }
}

}  // namespace inlet::server
