#include "server/spark_connect/frame.h"

#include <algorithm>
#include <charconv>

#include "server/spark_connect/python_calls.h"
#include "server/spark_connect/sql_nodes.h"
#include "sql/printer.h"
#include "sql/walk.h"

namespace inlet::server {
namespace {

using sql::Expression;

/// First part of the name of a marked column; the second is the relation's number.
constexpr std::string_view kMark("\0relation", 9);

/// First part of the name of an outer column; then come its table, its physical name and its parts.
constexpr std::string_view kOuterMark("\0outer", 6);
constexpr std::size_t kOuterNameAt = 3;

bool IsOuter(const std::vector<std::string>& parts) {
  return parts.size() > kOuterNameAt && parts[0] == kOuterMark;
}

bool IsMarked(const std::vector<std::string>& parts) {
  return parts.size() > 2 && parts[0] == kMark;
}

std::int64_t MarkOf(const std::vector<std::string>& parts) {
  std::int64_t id = -1;
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), id);
  return id;
}

std::vector<std::string> Unmarked(const std::vector<std::string>& parts) {
  if (IsOuter(parts)) return {parts.begin() + kOuterNameAt, parts.end()};
  return IsMarked(parts) ? std::vector<std::string>(parts.begin() + 2, parts.end()) : parts;
}

/// Whether `parts` up to `count` are the end of `qualifier`.
bool EndsWith(const std::vector<std::string>& qualifier, const std::vector<std::string>& parts,
              std::size_t count) {
  if (count > qualifier.size()) return false;
  return std::equal(
      parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count),
      qualifier.end() - static_cast<std::ptrdiff_t>(count),
      [](const std::string& a, const std::string& b) { return EqualsIgnoreCase(a, b); });
}

std::string Quoted(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "`" : ".`") + part + "`";
  return text;
}

bool HasPlanId(const OutputColumn& column, std::int64_t id) {
  return std::find(column.plan_ids.begin(), column.plan_ids.end(), id) != column.plan_ids.end();
}

void AddPlanId(OutputColumn& column, std::optional<std::int64_t> id) {
  if (id && !HasPlanId(column, *id)) column.plan_ids.push_back(*id);
}

}  // namespace

Expression MarkedColumn(std::int64_t plan_id, std::vector<std::string> parts) {
  parts.insert(parts.begin(), {std::string(kMark), std::to_string(plan_id)});
  return ColumnOf(std::move(parts));
}

Expression OuterColumn(const std::string& alias, const std::string& physical,
                       std::vector<std::string> name) {
  name.insert(name.begin(), {std::string(kOuterMark), alias, physical});
  return ColumnOf(std::move(name));
}

Expression WithoutMarks(const Expression& expression) {
  Expression plain = expression;
  (void)sql::VisitExpressions(plain, [](Expression& node) {
    if (auto* column = node.As<sql::ColumnRef>()) column->parts = Unmarked(column->parts);
    return Ok();
  });
  return plain;
}

void Requalify(Expression& expression, const std::string& qualifier) {
  (void)sql::VisitExpressions(expression, [&](Expression& node) {
    auto* column = node.As<sql::ColumnRef>();
    if (column == nullptr || !IsMarked(column->parts)) return Ok();
    column->parts = Unmarked(column->parts);
    column->parts.insert(column->parts.begin(), qualifier);
    return Ok();
  });
}

std::string NameOf(const Expression& expression) {
  const Expression plain = WithoutPythonIds(WithoutMarks(expression));
  // A cast of a column alone keeps the column's name.
  const Expression* inner = &plain;
  while (const auto* cast = inner->As<sql::Cast>()) inner = cast->operand.get();
  if (inner->As<sql::ColumnRef>() != nullptr) return sql::OutputName(*inner);
  return sql::OutputName(plain);
}

void Scope::Add(const Frame& frame, const std::string& alias) {
  for (const OutputColumn& column : frame.columns) entries_.push_back({&column, alias});
}

Expression Scope::Entry::Reference() const {
  if (alias.empty()) return ColumnOf(column->physical);
  return ColumnOf({alias, column->physical});
}

std::unexpected<Error> Scope::Unresolved(const std::vector<std::string>& parts) const {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries_) names.push_back(entry.column->name);
  const std::string object = Quoted(Unmarked(parts));
  if (names.empty()) {
    return Fail(Condition::UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, {{"objectName", object}});
  }
  constexpr std::size_t kShown = 5;
  if (const auto nearest = NearestName(Unmarked(parts).back(), names)) {
    std::stable_partition(names.begin(), names.end(),
                          [&](std::string_view name) { return name == *nearest; });
  }
  if (names.size() > kShown) names.resize(kShown);
  std::string proposal;
  for (const std::string_view name : names) {
    proposal += (proposal.empty() ? "`" : ", `") + std::string(name) + "`";
  }
  return Fail(Condition::UNRESOLVED_COLUMN_WITH_SUGGESTION,
              {{"objectName", object}, {"proposal", proposal}});
}

Result<Scope::Match> Scope::Find(const std::vector<std::string>& all_parts) const {
  const bool is_marked = IsMarked(all_parts);
  const std::vector<std::string> parts = Unmarked(all_parts);
  std::vector<const Entry*> found;
  std::size_t taken = 0;
  // The longest qualifier first: t.a before a struct t with a field a.
  for (std::size_t count = parts.size(); count-- > 0 && found.empty();) {
    for (const Entry& entry : entries_) {
      if (EqualsIgnoreCase(entry.column->name, parts[count]) &&
          EndsWith(entry.column->qualifier, parts, count)) {
        found.push_back(&entry);
      }
    }
    taken = count + 1;
  }
  if (is_marked && found.size() > 1) {
    std::vector<const Entry*> own;
    for (const Entry* entry : found) {
      if (HasPlanId(*entry->column, MarkOf(all_parts))) own.push_back(entry);
    }
    if (!own.empty()) found = std::move(own);
  }
  if (found.empty()) return Unresolved(all_parts);
  if (found.size() > 1) {
    std::string names;
    for (const Entry* entry : found) {
      std::vector<std::string> full = entry->column->qualifier;
      full.push_back(entry->column->name);
      names += (names.empty() ? "" : ", ") + Quoted(full);
    }
    return Fail(Condition::AMBIGUOUS_REFERENCE,
                {{"name", Quoted(parts)}, {"referenceNames", "[" + names + "]"}});
  }
  return Match{.entry = found[0], .num_parts = taken};
}

bool Scope::HasOf(std::int64_t plan_id) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return HasPlanId(*entry.column, plan_id); });
}

std::optional<Expression> Scope::AsOuter(const sql::ColumnRef& column, const Scope& inner) const {
  const auto& parts = column.parts;
  if (parts.empty() || column.computed || IsOuter(parts)) return std::nullopt;
  const bool is_theirs_alone =
      IsMarked(parts) && !inner.HasOf(MarkOf(parts)) && HasOf(MarkOf(parts));
  if (!is_theirs_alone && inner.Find(parts)) return std::nullopt;
  const Result<Match> match = Find(parts);
  if (!match) return std::nullopt;
  const std::vector<std::string> plain = Unmarked(parts);
  std::vector<std::string> name = {match->entry->column->name};
  name.insert(name.end(), plain.begin() + static_cast<std::ptrdiff_t>(match->num_parts),
              plain.end());
  return OuterColumn(match->entry->alias, match->entry->column->physical, std::move(name));
}

Status Scope::ResolveUnder(Expression& expression, std::set<std::string>& lambda_names) const {
  if (const auto* column = expression.As<sql::ColumnRef>()) {
    if (column->parts.empty() || column->computed) return Ok();
    if (IsOuter(column->parts)) {
      const std::vector<std::string> parts = column->parts;
      Expression resolved = ColumnOf({parts[1], parts[2]});
      for (std::size_t i = kOuterNameAt + 1; i < parts.size(); ++i) {
        resolved = {.node = sql::FieldAccess{.base = std::move(resolved), .field = parts[i]}};
      }
      expression = std::move(resolved);
      return Ok();
    }
    if (lambda_names.contains(ToLower(column->parts[0]))) return Ok();
    const std::vector<std::string> parts = Unmarked(column->parts);
    if (EqualsIgnoreCase(parts[0], "_metadata") && !Find(column->parts)) {
      expression = ColumnOf(parts);
      return Ok();
    }
    const Match match = TRY(Find(column->parts).At(expression.span));
    Expression resolved = match.entry->Reference();
    for (std::size_t i = match.num_parts; i < parts.size(); ++i) {
      resolved = {.node = sql::FieldAccess{.base = std::move(resolved), .field = parts[i]}};
    }
    resolved.span = expression.span;
    expression = std::move(resolved);
    return Ok();
  }
  std::vector<std::string> added;
  if (const auto* lambda = expression.As<sql::Lambda>()) {
    for (const std::string& name : lambda->parameters) {
      if (lambda_names.insert(ToLower(name)).second) added.push_back(ToLower(name));
    }
  }
  Status status = Ok();
  sql::ForEachChild(
      expression,
      [&](Expression& child) {
        if (status) status = ResolveUnder(child, lambda_names);
      },
      [](sql::Query&) {});
  for (const std::string& name : added) lambda_names.erase(name);
  return status;
}

Status Scope::Resolve(Expression& expression) const {
  std::set<std::string> lambda_names;
  return ResolveUnder(expression, lambda_names);
}

Result<const OutputColumn*> Scope::FindColumn(const Expression& expression) const {
  const auto* column = expression.As<sql::ColumnRef>();
  if (column == nullptr || column->parts.empty() || column->computed) return nullptr;
  if (IsOuter(column->parts)) return nullptr;
  if (EqualsIgnoreCase(Unmarked(column->parts)[0], "_metadata") && !Find(column->parts)) {
    return nullptr;
  }
  const Match match = TRY(Find(column->parts));
  if (match.num_parts != Unmarked(column->parts).size()) return nullptr;
  return match.entry->column;
}

std::string UniqueNames::Add(const std::string& name) {
  std::string unique = name;
  for (int n = 2; !taken_.insert(unique).second; ++n) unique = name + "#" + std::to_string(n);
  return unique;
}

namespace {

/// Puts what says a row's partition in the place of spark_partition_id().
void UsePartition(Expression& expression, const Expression& partition) {
  const auto* call = expression.As<sql::FunctionCall>();
  if (call != nullptr && call->name.parts.size() == 1 && call->arguments.empty() &&
      EqualsIgnoreCase(call->name.parts[0], "spark_partition_id")) {
    expression = partition;
    return;
  }
  sql::ForEachChild(
      expression, [&](Expression& child) { UsePartition(child, partition); }, [](sql::Query&) {});
}

/// The projection knows the partitions too, when it has all columns that they hang on.
void CarryPartition(const Expression& partition, const std::set<std::string>& kept,
                    Frame& projected) {
  Expression copy = partition;
  bool is_known = true;
  (void)sql::VisitExpressions(copy, [&](Expression& node) {
    const auto* column = node.As<sql::ColumnRef>();
    if (column != nullptr) is_known = is_known && kept.contains(column->parts.back());
    return Ok();
  });
  if (is_known) projected.partition = partition;
}

}  // namespace

Frame Project(const Frame& frame, std::vector<ProjectedColumn> columns,
              std::optional<std::int64_t> plan_id) {
  sql::Select select{.from = frame.table};
  std::set<std::string> select_columns;  // Those that keep their physical name.
  Frame projected;
  UniqueNames names;
  for (ProjectedColumn& column : columns) {
    column.column.physical = names.Add(column.column.name);
    AddPlanId(column.column, plan_id);
    const auto* reference = column.value.As<sql::ColumnRef>();
    if (reference != nullptr && reference->parts.back() == column.column.physical) {
      select_columns.insert(column.column.physical);
    }
    if (frame.partition) UsePartition(column.value, *frame.partition);
    select.items.push_back({.value = std::move(column.value), .alias = column.column.physical});
    projected.columns.push_back(std::move(column.column));
  }
  if (select.items.empty()) {  // A frame without columns still has rows.
    select.items.push_back({.value = NullLiteral(), .alias = "#"});
  }
  projected.table = AsTable({.body = std::move(select)});
  if (frame.partition) CarryPartition(*frame.partition, select_columns, projected);
  projected.below = std::make_shared<const Frame>(frame);
  return projected;
}

ProjectedColumn PassThrough(const Scope::Entry& entry) {
  return {.value = entry.Reference(), .column = *entry.column};
}

sql::Query SelectAll(const Frame& frame) {
  sql::Select select{.from = frame.table};
  for (const OutputColumn& column : frame.columns) {
    select.items.push_back({.value = ColumnOf(column.physical), .alias = column.physical});
  }
  if (select.items.empty()) select.items.push_back({.value = {.node = sql::Star{}}});
  return {.body = std::move(select)};
}

Frame FrameOf(sql::Query query, std::vector<OutputColumn> columns,
              std::optional<std::int64_t> plan_id) {
  for (OutputColumn& column : columns) AddPlanId(column, plan_id);
  return {.table = AsTable(std::move(query)), .columns = std::move(columns)};
}

std::optional<Frame> WithColumnsBelow(const Frame& frame) {
  const auto* table = frame.table.As<sql::SubqueryTable>();
  if (!frame.below || table == nullptr) return std::nullopt;
  Frame wider = frame;
  auto& select = std::get<sql::Select>(wider.table.As<sql::SubqueryTable>()->query->body);
  UniqueNames names;
  for (const OutputColumn& column : frame.columns) names.Add(column.physical);
  for (const OutputColumn& column : frame.below->columns) {
    OutputColumn added = column;
    added.physical = names.Add(column.physical);
    select.items.push_back({.value = ColumnOf(column.physical), .alias = added.physical});
    wider.columns.push_back(std::move(added));
  }
  wider.below = nullptr;
  return wider;
}

sql::Query ToQuery(const Frame& frame) {
  const auto* table = frame.table.As<sql::SubqueryTable>();
  if (table != nullptr && frame.table.column_aliases.empty()) return *table->query;
  sql::Select select{.from = frame.table};
  for (const OutputColumn& column : frame.columns) {
    select.items.push_back({.value = ColumnOf(column.physical), .alias = column.physical});
  }
  if (select.items.empty()) select.items.push_back({.value = NullLiteral(), .alias = "#"});
  return {.body = std::move(select)};
}

sql::Query ToNamedQuery(const Frame& frame) {
  const bool is_named =
      std::all_of(frame.columns.begin(), frame.columns.end(),
                  [](const OutputColumn& column) { return column.name == column.physical; });
  if (is_named) return ToQuery(frame);
  sql::Select select{.from = frame.table};
  for (const OutputColumn& column : frame.columns) {
    select.items.push_back({.value = ColumnOf(column.physical), .alias = column.name});
  }
  return {.body = std::move(select)};
}

}  // namespace inlet::server
