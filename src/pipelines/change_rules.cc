#include "pipelines/change_rules.h"

#include <algorithm>

#include "base/option_map.h"
#include "sql/printer.h"
#include "sql/statement.h"

namespace inlet::pipelines {
namespace {

using types::QuoteIdentifier;
using types::StructField;
using types::StructType;

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(
      names, [&](const std::string& known) { return EqualsIgnoreCase(known, name); });
}

Result<std::vector<std::string>> NamesOf(const std::vector<sql::ColumnPath>& paths) {
  std::vector<std::string> names;
  for (const sql::ColumnPath& path : paths) {
    if (path.size() != 1) return FailUnsupported("AUTO CDC by a field of a struct");
    names.push_back(path[0]);
  }
  return names;
}

std::unexpected<Error> Invalid(const std::string& table_name, std::string message) {
  return Fail(Condition::AUTO_CDC_INVALID,
              {{"tableName", table_name}, {"message", std::move(message)}});
}

std::string List(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

/// Writes the queries of one kind of history.
class QueryWriter {
 public:
  QueryWriter(const ChangeRules& rules, const StructType& columns) : rules_(rules) {
    for (const StructField& field : columns.fields) {
      const bool is_history = rules.scd_type == 2 && (EqualsIgnoreCase(field.name, kStartAt) ||
                                                      EqualsIgnoreCase(field.name, kEndAt));
      if (!is_history) columns_.push_back(field);
    }
  }

  ChangeQueries Write() const { return rules_.scd_type == 1 ? LatestOnly() : History(); }

 private:
  bool FillsNulls(std::string_view column) const {
    if (!rules_.ignores_nulls || Has(rules_.keys, column)) return false;
    if (!rules_.null_columns.empty()) return Has(rules_.null_columns, column);
    return !Has(rules_.null_except, column);
  }

  bool Tracks(std::string_view column) const {
    if (Has(rules_.keys, column)) return false;
    if (!rules_.track_columns.empty()) return Has(rules_.track_columns, column);
    return !Has(rules_.track_except, column);
  }

  std::string Keys(const std::string& table = "") const {
    std::vector<std::string> keys;
    for (const std::string& key : rules_.keys) {
      keys.push_back((table.empty() ? "" : table + ".") + Quoted(key));
    }
    return List(keys, ", ");
  }

  std::string SameKeys(const std::string& left, const std::string& right) const {
    std::vector<std::string> equal;
    for (const std::string& key : rules_.keys) {
      equal.push_back(left + "." + Quoted(key) + " <=> " + right + "." + Quoted(key));
    }
    return List(equal, " AND ");
  }

  std::string Columns(const std::string& table) const {
    std::vector<std::string> names;
    for (const StructField& field : columns_) {
      names.push_back(table + "." + Quoted(field.name));
    }
    return List(names, ", ");
  }

  /// Keys of `table`, NULL for the other columns.
  std::string OnlyKeys(const std::string& table) const {
    std::vector<std::string> values;
    for (const StructField& field : columns_) {
      const std::string name = Quoted(field.name);
      values.push_back(Has(rules_.keys, field.name)
                           ? table + "." + name
                           : "CAST(NULL AS " + types::ToSql(field.type) + ") AS " + name);
    }
    return List(values, ", ");
  }

  std::string ByKeyInOrder() const { return "PARTITION BY " + Keys() + " ORDER BY " + kSequence; }

  /// The values of each row; where NULLs are no updates, the last ones that are none, since the key
  /// was last deleted.
  std::string Filled(const std::string& from) const {
    const std::string upto = " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)";
    const std::string lives = "(SELECT *, sum(CASE WHEN " + std::string(kIsDelete) +
                              " THEN 1 ELSE 0 END) OVER (" + ByKeyInOrder() + upto +
                              " AS __inlet_life FROM " + from + ")";
    std::vector<std::string> values;
    for (const StructField& field : columns_) {
      const std::string name = Quoted(field.name);
      values.push_back(FillsNulls(field.name)
                           ? "last_value(" + name + ") IGNORE NULLS OVER (PARTITION BY " + Keys() +
                                 ", __inlet_life ORDER BY " + kSequence + upto + " AS " + name
                           : name);
    }
    return "(SELECT " + List(values, ", ") + ", " + kSequence + ", " + kIsDelete +
           ", __inlet_life FROM " + lives + ")";
  }

  // ---- Type 1

  /// The sequence of the last truncation, of this batch and of all.
  static std::string TruncatedNow() {
    return "(SELECT max(" + std::string(kSequence) + ") FROM events WHERE " + kIsTruncate + ")";
  }
  static std::string TruncatedEver() {
    return "(SELECT max(" + std::string(kSequence) + ") FROM (SELECT " + kSequence +
           " FROM events WHERE " + kIsTruncate + " UNION ALL SELECT " + kSequence +
           " FROM state WHERE " + kIsTruncate + "))";
  }

  /// The events that are newer than what is known of their key.
  std::string Live() const {
    std::string live = "(SELECT e.* FROM events AS e LEFT JOIN (SELECT * FROM state WHERE NOT " +
                       std::string(kIsTruncate) + ") AS s ON " + SameKeys("e", "s") +
                       " WHERE NOT e." + kIsTruncate + " AND (s." + kSequence + " IS NULL OR e." +
                       kSequence + " > s." + kSequence + ")";
    if (rules_.has_truncate) {
      live +=
          " AND (" + TruncatedEver() + " IS NULL OR e." + kSequence + " > " + TruncatedEver() + ")";
    }
    return live + ")";
  }

  ChangeQueries LatestOnly() const {
    ChangeQueries queries;
    const std::string is_touched =
        "EXISTS (SELECT 1 FROM " + Live() + " AS l WHERE " + SameKeys("l", "t") + ")";
    queries.gone_rows = is_touched;
    queries.gone_state = is_touched;
    if (rules_.has_truncate) {
      queries.gone_rows += " OR (" + TruncatedNow() +
                           " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM state AS s WHERE NOT s." +
                           kIsTruncate + " AND " + SameKeys("s", "t") + " AND s." + kSequence +
                           " > " + TruncatedNow() + "))";
    }
    queries.new_rows = rules_.ignores_nulls ? FilledRows() : NewestRows();
    queries.new_state = "SELECT " + Keys() + ", max(" + kSequence + ") AS " + kSequence +
                        ", max_by(" + kIsDelete + ", " + kSequence + ") AS " + kIsDelete +
                        ", false AS " + kIsTruncate + " FROM " + Live() + " GROUP BY " + Keys();
    if (rules_.has_truncate) {
      queries.new_state += " UNION ALL SELECT " + Keys() + ", " + kSequence +
                           ", false, true FROM " + "events WHERE " + kIsTruncate;
    }
    return queries;
  }

  std::string NewestRows() const {
    return "SELECT " + Columns("n") + " FROM (SELECT *, row_number() OVER (" + ByKeyInOrder() +
           " DESC) AS __inlet_place FROM " + Live() +
           ") AS n WHERE n.__inlet_place = 1 AND NOT n." + kIsDelete;
  }

  std::string FilledRows() const {
    std::vector<std::string> values;
    for (const StructField& field : columns_) {
      const std::string name = Quoted(field.name);
      values.push_back(FillsNulls(field.name)
                           ? "coalesce(n." + name + ", CASE WHEN n.__inlet_life = 0 " +
                                 StillThere() + " THEN t." + name + " END) AS " + name
                           : "n." + name);
    }
    return "SELECT " + List(values, ", ") + " FROM (SELECT *, row_number() OVER (" +
           ByKeyInOrder() + " DESC) AS __inlet_place FROM " + Filled(Live()) +
           ") AS n LEFT JOIN target AS t ON " + SameKeys("n", "t") +
           " WHERE n.__inlet_place = 1 AND NOT n." + kIsDelete;
  }

  /// A row that is truncated in the same batch gives no values.
  std::string StillThere() const {
    return rules_.has_truncate ? "AND " + TruncatedNow() + " IS NULL" : "";
  }

  // ---- Type 2

  /// All that is known of the touched keys as events: the rows of the target, their ends, deletions
  /// that ended nothing, and the new events, of which each place in time has one.
  std::string Timeline() const {
    const auto touched = [&](const std::string& table) {
      return "EXISTS (SELECT 1 FROM events AS x WHERE " + SameKeys("x", table) + ")";
    };
    const std::string all =
        "SELECT " + Columns("t") + ", t." + kStartAt + " AS " + kSequence + ", false AS " +
        kIsDelete + ", 1 AS __inlet_rank FROM target AS t WHERE " + touched("t") +
        " UNION ALL SELECT " + OnlyKeys("t") + ", t." + kEndAt +
        ", true, 0 FROM target AS t WHERE t." + kEndAt + " IS NOT NULL AND " + touched("t") +
        " UNION ALL SELECT " + OnlyKeys("s") + ", s." + kSequence +
        ", true, 0 FROM state AS s WHERE " + touched("s") + " UNION ALL SELECT " + Columns("e") +
        ", e." + kSequence + ", e." + kIsDelete + ", 2 FROM events AS e";
    const std::string ranked = "(SELECT *, row_number() OVER (PARTITION BY " + Keys() + ", " +
                               kSequence + " ORDER BY __inlet_rank DESC) AS __inlet_place FROM (" +
                               all + "))";
    const std::string ordered = "(SELECT * FROM " + ranked + " WHERE __inlet_place = 1)";
    return rules_.ignores_nulls ? Filled(ordered) : ordered;
  }

  /// Events that change no tracked column belong to the version before them, and are its values.
  std::string Versions() const {
    if (!rules_.tracks_some) {
      return "(SELECT *, " + std::string(kSequence) + " AS __inlet_start FROM " + Timeline() + ")";
    }
    const std::string before = " OVER (" + ByKeyInOrder() + ")";
    std::string is_same = "NOT " + std::string(kIsDelete) + " AND NOT coalesce(lag(" + kIsDelete +
                          ")" + before + ", true)";
    for (const StructField& field : columns_) {
      if (!Tracks(field.name)) continue;
      const std::string name = Quoted(field.name);
      is_same += " AND lag(" + name + ")" + before + " <=> " + name;
    }
    const std::string marked = "(SELECT *, CASE WHEN " + is_same +
                               " THEN 0 ELSE 1 END AS __inlet_new FROM " + Timeline() + ")";
    const std::string numbered = "(SELECT *, sum(__inlet_new) OVER (" + ByKeyInOrder() +
                                 " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS "
                                 "__inlet_version FROM " +
                                 marked + ")";
    const std::string version = "PARTITION BY " + Keys() + ", __inlet_version";
    return "(SELECT * FROM (SELECT *, min(" + std::string(kSequence) + ") OVER (" + version +
           ") AS __inlet_start, row_number() OVER (" + version + " ORDER BY " + kSequence +
           " DESC) AS __inlet_last FROM " + numbered + ") WHERE __inlet_last = 1)";
  }

  ChangeQueries History() const {
    ChangeQueries queries;
    queries.gone_rows = "EXISTS (SELECT 1 FROM events AS x WHERE " + SameKeys("x", "t") + ")";
    queries.new_rows = "SELECT " + Columns("v") + ", v.__inlet_start AS " + kStartAt +
                       ", v.__inlet_end AS " + kEndAt +
                       " FROM (SELECT *, lead(__inlet_start) OVER (PARTITION BY " + Keys() +
                       " ORDER BY __inlet_start) AS __inlet_end FROM " + Versions() +
                       ") AS v WHERE NOT v." + kIsDelete;
    queries.new_state = "SELECT DISTINCT " + Keys("e") + ", e." + kSequence + ", true AS " +
                        kIsDelete + ", false AS " + kIsTruncate + " FROM events AS e WHERE e." +
                        kIsDelete;
    return queries;
  }

  const ChangeRules& rules_;
  std::vector<StructField> columns_;
};

}  // namespace

std::string Quoted(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + "`";
}

Result<std::pair<std::string, ChangeRules>> PlanAutoCdc(const sql::AutoCdc& statement) {
  if (statement.once) return FailUnsupported("AUTO CDC ONCE");
  if (statement.from_snapshot) return FailUnsupported("AUTO CDC FROM SNAPSHOT");
  if (statement.system_sequence_by) return FailUnsupported("SYSTEM SEQUENCE BY");
  ChangeRules rules{.keys = TRY(NamesOf(statement.keys)),
                    .scd_type = statement.scd_type,
                    .has_truncate = static_cast<bool>(statement.truncate_when),
                    .ignores_nulls = statement.ignore_null_updates,
                    .null_columns = TRY(NamesOf(statement.ignore_null_columns)),
                    .null_except = TRY(NamesOf(statement.ignore_null_except_columns)),
                    .tracks_some = statement.track_history,
                    .track_columns = TRY(NamesOf(statement.track_columns)),
                    .track_except = TRY(NamesOf(statement.track_except_columns))};
  const std::string table_name = sql::ToString(statement.target);
  if (rules.scd_type == 2 && rules.has_truncate) {
    return Invalid(table_name, "APPLY AS TRUNCATE WHEN goes with SCD TYPE 1 only");
  }
  if (rules.scd_type == 1 && rules.tracks_some) {
    return Invalid(table_name, "TRACK HISTORY ON goes with SCD TYPE 2 only");
  }
  sql::Select select{.from = statement.source};
  if (statement.columns.empty()) {
    sql::Star star;
    for (const sql::ColumnPath& path : statement.except_columns) star.except.push_back(path);
    select.items.push_back({.value = {.node = std::move(star)}});
  } else {
    for (const std::string& name : TRY(NamesOf(statement.columns))) {
      select.items.push_back({.value = {.node = sql::ColumnRef{.parts = {name}}}});
    }
  }
  const auto add = [&](sql::Expression value, const char* name) {
    select.items.push_back({.value = std::move(value), .alias = name});
  };
  const auto holds = [](const sql::Box<sql::Expression>& condition) {
    sql::Expression no{.node = sql::Literal{.type = types::TypeId::kBoolean, .text = "false"}};
    if (!condition) return no;
    sql::FunctionCall call{.name = {.parts = {"coalesce"}}};
    call.arguments.push_back({.value = *condition});
    call.arguments.push_back({.value = std::move(no)});
    return sql::Expression{.node = std::move(call)};
  };
  add(statement.sequence_by, kSequence);
  add(holds(statement.delete_when), kIsDelete);
  add(holds(statement.truncate_when), kIsTruncate);
  return std::pair(sql::ToSql(sql::Query{.body = std::move(select)}), std::move(rules));
}

Result<StructType> TargetColumns(const StructType& events, const ChangeRules& rules,
                                 const std::string& table_name) {
  StructType columns;
  types::DataType sequence;
  for (const StructField& field : events.fields) {
    if (field.name == kSequence) sequence = field.type;
    if (field.name == kSequence || field.name == kIsDelete || field.name == kIsTruncate) continue;
    columns.fields.push_back(field);
  }
  for (const auto* names : {&rules.keys, &rules.null_columns, &rules.null_except,
                            &rules.track_columns, &rules.track_except}) {
    for (const std::string& name : *names) {
      if (columns.Find(name) != nullptr) continue;
      return Invalid(table_name, "there is no column " + QuoteIdentifier(name) + " among " +
                                     types::ToDdl(columns));
    }
  }
  if (rules.scd_type == 2) {
    for (const char* name : {kStartAt, kEndAt}) {
      if (columns.Find(name) != nullptr) {
        return Invalid(table_name, std::string("the source has a column ") + name + " already");
      }
      columns.fields.push_back({.name = name, .type = sequence});
    }
  }
  return columns;
}

ChangeQueries QueriesOf(const ChangeRules& rules, const StructType& columns) {
  return QueryWriter(rules, columns).Write();
}

StructType StateColumns(const StructType& events, const ChangeRules& rules) {
  StructType columns;
  for (const std::string& key : rules.keys) {
    if (const StructField* field = events.Find(key)) {
      columns.fields.push_back({.name = field->name, .type = field->type});
    }
  }
  if (const StructField* field = events.Find(kSequence)) {
    columns.fields.push_back({.name = kSequence, .type = field->type});
  }
  columns.fields.push_back({.name = kIsDelete, .type = types::TypeId::kBoolean});
  columns.fields.push_back({.name = kIsTruncate, .type = types::TypeId::kBoolean});
  return columns;
}

}  // namespace inlet::pipelines
