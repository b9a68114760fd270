#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <spark/connect/base.pb.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "fuzz.h"
#include "server/spark_connect/analyze.h"
#include "server/spark_connect/compressed_plan.h"
#include "server/spark_connect/connect_session.h"

namespace inlet::fuzz {
namespace {

using spark::connect::AnalyzePlanRequest;
using spark::connect::Expression;
using spark::connect::Relation;

/// A directory that goes with the process.
struct Home {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("inlet-fuzz-" + std::to_string(getpid()));
  ~Home() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
};

/// One session for all plans, in a home of its own. Python functions are refused.
server::ConnectSession& Session() {
  google::protobuf::SetLogHandler(nullptr);
  static const Home home;
  static const auto workspace =
      *workspace::Workspace::Open({.home = home.path.string(), .threads = 1});
  static server::PythonWorkers workers({.is_allowed = false});
  static server::ConnectSession session(workspace->Connect(), workers,
                                        {.user = "fuzz", .session = "fuzz"});
  return session;
}

/// A plan from its bytes to its schema and its text.
void RunPlan(std::string_view bytes) {
  spark::connect::Plan plan;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  constexpr int kDepth = 2000;
  stream.SetRecursionLimit(kDepth);
  if (!plan.ParseFromCodedStream(&stream)) return;
  if (!server::ExpandPlan(plan) || !plan.has_root()) return;
  AnalyzePlanRequest request;
  *request.mutable_schema()->mutable_plan() = plan;
  spark::connect::AnalyzePlanResponse response;
  (void)server::Analyze(Session(), request, response).has_value();
  *request.mutable_explain()->mutable_plan() = std::move(plan);
  (void)server::Analyze(Session(), request, response).has_value();
}

Relation RangeOf(std::int64_t end) {
  Relation relation;
  relation.mutable_common()->set_plan_id(end);
  relation.mutable_range()->set_end(end);
  relation.mutable_range()->set_step(1);
  return relation;
}

Expression ColumnNamed(const std::string& name) {
  Expression expression;
  expression.mutable_unresolved_attribute()->set_unparsed_identifier(name);
  return expression;
}

Expression Plus(const std::string& name, std::int64_t number) {
  Expression expression;
  auto& call = *expression.mutable_unresolved_function();
  call.set_function_name("+");
  *call.add_arguments() = ColumnNamed(name);
  call.add_arguments()->mutable_literal()->set_long_(number);
  return expression;
}

std::string Bytes(Relation root) {
  spark::connect::Plan plan;
  *plan.mutable_root() = std::move(root);
  return plan.SerializeAsString();
}

std::vector<std::string> PlanSeeds() {
  std::vector<std::string> seeds = {Bytes(RangeOf(10))};
  Relation project;
  *project.mutable_project()->mutable_input() = RangeOf(5);
  auto& alias = *project.mutable_project()->add_expressions()->mutable_alias();
  *alias.mutable_expr() = Plus("id", 1);
  alias.add_name("n");
  seeds.push_back(Bytes(project));
  Relation aggregate;
  *aggregate.mutable_aggregate()->mutable_input() = project;
  aggregate.mutable_aggregate()->set_group_type(spark::connect::Aggregate::GROUP_TYPE_GROUPBY);
  *aggregate.mutable_aggregate()->add_grouping_expressions() = ColumnNamed("n");
  aggregate.mutable_aggregate()
      ->add_aggregate_expressions()
      ->mutable_unresolved_function()
      ->set_function_name("count");
  seeds.push_back(Bytes(aggregate));
  Relation join;
  *join.mutable_join()->mutable_left() = RangeOf(3);
  *join.mutable_join()->mutable_right() = project;
  *join.mutable_join()->mutable_join_condition() = Plus("id", 0);
  join.mutable_join()->set_join_type(spark::connect::Join::JOIN_TYPE_LEFT_OUTER);
  seeds.push_back(Bytes(join));
  Relation text;
  text.mutable_sql()->set_query("SELECT :a AS x, t.id FROM range(3) AS t");
  (*text.mutable_sql()->mutable_named_arguments())["a"].mutable_literal()->set_string("v");
  seeds.push_back(Bytes(text));
  Relation shown;
  *shown.mutable_show_string()->mutable_input() = join;
  shown.mutable_show_string()->set_num_rows(3);
  seeds.push_back(Bytes(shown));
  return seeds;
}

}  // namespace

void AddConnectTargets(std::vector<Target>& targets) {
  targets.push_back({.name = "connect_plan",
                     .run = RunPlan,
                     .seeds = PlanSeeds(),
                     .words = {"id", "n", "count", "explode", "*", "struct<a:int>"}});
}

}  // namespace inlet::fuzz
