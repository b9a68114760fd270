#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/option_map.h"
#include "sql/query.h"

/// Statements of the Databricks dialect, one plain struct each, members in the order of the
/// clauses. `text` members hold names and words as written; the layer that runs a statement judges
/// them. Source: Databricks SQL language manual.
namespace inlet::sql {

/// Key and value as text, in the order written.
using Properties = std::vector<std::pair<std::string, std::string>>;
/// A column, or a field inside one: {"address", "city"}.
using ColumnPath = std::vector<std::string>;

// ---- Definitions of tables
// ------------------------------------------------------------------------

struct Identity {
  bool always = true;  ///< Otherwise BY DEFAULT.
  std::int64_t start = 1;
  std::int64_t increment = 1;
};

/// [CONSTRAINT name] { PRIMARY KEY (cols) | FOREIGN KEY (cols) REFERENCES t [(cols)] | CHECK (expr)
/// }
struct TableConstraint {
  enum class Kind : std::uint8_t { kPrimaryKey, kForeignKey, kCheck };
  std::string name;
  Kind kind = Kind::kCheck;
  std::vector<std::string> columns;
  ObjectName referenced_table;
  std::vector<std::string> referenced_columns;
  Box<Expression> check;
  std::vector<std::string> options;  ///< NOT ENFORCED, DEFERRABLE, RELY, ... in capitals.
  TextSpan span;
};

/// CONSTRAINT name EXPECT (expression) [ON VIOLATION { FAIL UPDATE | DROP ROW }]
struct Expectation {
  enum class OnViolation : std::uint8_t { kKeep, kDropRow, kFailUpdate };
  std::string name;
  Expression condition;
  OnViolation on_violation = OnViolation::kKeep;
  TextSpan span;
};

/// MASK f [USING COLUMNS (...)], ROW FILTER f ON (...)
struct PolicyFunction {
  ObjectName function;
  std::vector<Expression> arguments;
};

struct ColumnDefinition {
  std::string name;
  std::optional<types::DataType> type;  ///< Empty where the query gives it (views).
  types::FieldMetadata metadata;        ///< Of VARCHAR(n) and CHAR(n): __CHAR_VARCHAR_TYPE_STRING.
  bool is_nullable = true;
  std::optional<std::string> comment;
  Box<Expression> default_value;
  Box<Expression> generated_as;
  std::optional<Identity> identity;
  std::optional<std::string> collation;
  std::optional<PolicyFunction> mask;
  std::vector<TableConstraint> constraints;  ///< `columns` of them holds this column.
  TextSpan span;
};

/// CLUSTER BY { (columns) | AUTO | NONE }
struct ClusterBy {
  enum class Kind : std::uint8_t { kColumns, kAuto, kNone };
  Kind kind = Kind::kColumns;
  std::vector<ColumnPath> columns;
};

/// A part of PARTITIONED BY: a column, with a type when it is declared there, or a transform.
struct PartitionColumn {
  std::string name;
  std::optional<types::DataType> type;
  Box<Expression> transform;  ///< years(ts); then `name` is empty.
};

/// { [CREATE OR] REPLACE | CREATE [EXTERNAL | TEMPORARY] } TABLE [IF NOT EXISTS] name [(columns)]
///   [USING format] [OPTIONS] [PARTITIONED BY] [CLUSTER BY] [LOCATION] [COMMENT] [TBLPROPERTIES]
///   [AS query]
struct CreateTable {
  bool is_create = true;  ///< False: REPLACE TABLE, which must exist.
  bool or_replace = false;
  bool is_external = false;
  bool is_temporary = false;
  bool if_not_exists = false;
  ObjectName name;
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
  std::string provider;  ///< After USING, as written; empty: none.
  Properties options;
  std::vector<PartitionColumn> partitioned_by;
  std::optional<ClusterBy> cluster_by;
  std::optional<std::string> location;
  std::optional<std::string> credential;
  std::optional<std::string> comment;
  Properties properties;
  std::optional<std::string> default_collation;
  std::optional<PolicyFunction> row_filter;
  Box<Query> query;
  TextSpan span;
};

/// CREATE TABLE [IF NOT EXISTS] name LIKE source [USING] [LOCATION] [TBLPROPERTIES]
struct CreateTableLike {
  bool if_not_exists = false;
  ObjectName name;
  ObjectName source;
  std::string provider;
  std::optional<std::string> location;
  Properties properties;
  TextSpan span;
};

/// CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name [SHALLOW | DEEP] CLONE source [time travel]
struct CloneTable {
  bool or_replace = false;
  bool if_not_exists = false;
  ObjectName name;
  bool is_shallow = false;
  NamedTable source;
  Properties properties;
  std::optional<std::string> location;
  TextSpan span;
};

/// DROP TABLE [IF EXISTS] name [PURGE]
struct DropTable {
  bool if_exists = false;
  ObjectName name;
  bool purge = false;
  TextSpan span;
};

/// UNDROP TABLE { name | WITH ID 'uuid' }
struct UndropTable {
  ObjectName name;
  std::optional<std::string> id;
  TextSpan span;
};

// ---- ALTER TABLE
// ----------------------------------------------------------------------------------

/// FIRST or AFTER column.
struct ColumnPosition {
  bool is_first = false;
  std::string after;
};

struct AddColumns {
  struct Column {
    ColumnPath path;  ///< The last part is the new name.
    ColumnDefinition definition;
    std::optional<ColumnPosition> position;
  };
  bool if_not_exists = false;
  std::vector<Column> columns;
};

/// ALTER [COLUMN] column action; several after a comma.
struct AlterColumns {
  struct SetComment {
    std::string comment;
  };
  struct Move {
    ColumnPosition position;
  };
  struct SetNullable {
    bool is_nullable = true;
  };
  struct SetType {
    types::DataType type;
  };
  struct SetDefault {
    Expression value;
  };
  struct DropDefault {};
  struct SyncIdentity {};
  struct SetTags {
    Properties tags;
  };
  struct UnsetTags {
    std::vector<std::string> names;
  };
  struct SetMask {
    PolicyFunction mask;
  };
  struct DropMask {};
  struct SetCollation {
    std::string collation;
  };
  using Change = std::variant<SetComment, Move, SetNullable, SetType, SetDefault, DropDefault,
                              SyncIdentity, SetTags, UnsetTags, SetMask, DropMask, SetCollation>;
  struct Column {
    ColumnPath path;
    Change change;
    TextSpan span;
  };
  std::vector<Column> columns;
};

struct RenameColumn {
  ColumnPath column;
  std::string new_name;
};
struct DropColumns {
  bool if_exists = false;
  std::vector<ColumnPath> columns;
};
struct ReplaceColumns {
  std::vector<ColumnDefinition> columns;
};
struct AddConstraint {
  TableConstraint constraint;
};
/// DROP CONSTRAINT name, DROP PRIMARY KEY, DROP FOREIGN KEY (columns)
struct DropConstraint {
  bool if_exists = false;
  std::string name;  ///< Empty for the two key forms.
  TableConstraint::Kind kind = TableConstraint::Kind::kCheck;
  std::vector<std::string> columns;
  bool is_cascade = false;
};
struct SetProperties {
  Properties properties;
};
struct UnsetProperties {
  bool if_exists = false;
  std::vector<std::string> keys;
};
struct SetClusterBy {
  ClusterBy cluster_by;
};
struct DropFeature {
  std::string feature;
  bool truncate_history = false;
};
struct RenameTo {
  ObjectName name;
};
struct SetLocation {
  std::string location;
};
struct SetOwner {
  std::string principal;
};
struct SetTags {
  Properties tags;
};
struct UnsetTags {
  std::vector<std::string> names;
};
struct SetRowFilter {
  PolicyFunction filter;
};
struct DropRowFilter {};
struct SetDefaultCollation {
  std::string collation;
};
struct SetPredictiveOptimization {
  std::string mode;
};  ///< ENABLE, DISABLE, INHERIT
/// ADD | DROP PARTITION (column = value, ...)
struct ChangePartitions {
  bool is_add = true;
  bool if_condition = false;  ///< IF NOT EXISTS of ADD, IF EXISTS of DROP.
  std::vector<std::vector<std::pair<std::string, Expression>>> partitions;
};
/// RECOVER PARTITIONS
struct RecoverPartitions {};

struct AlterTable {
  using Action = std::variant<AddColumns, AlterColumns, RenameColumn, DropColumns, ReplaceColumns,
                              AddConstraint, DropConstraint, SetProperties, UnsetProperties,
                              SetClusterBy, DropFeature, RenameTo, SetLocation, SetOwner, SetTags,
                              UnsetTags, SetRowFilter, DropRowFilter, SetDefaultCollation,
                              SetPredictiveOptimization, ChangePartitions, RecoverPartitions>;
  ObjectName name;
  Action action;
  TextSpan span;
};

// ---- Changing rows
// --------------------------------------------------------------------------------

/// PARTITION (a = 1, b); b without a value is dynamic.
struct PartitionSpec {
  std::vector<std::pair<std::string, std::optional<Expression>>> columns;
};

/// INSERT [WITH SCHEMA EVOLUTION] { INTO | OVERWRITE } [TABLE] target [PARTITION (...)]
///   [(columns) | BY NAME] [REPLACE { WHERE predicate | USING (columns) | ON condition }] query
struct Insert {
  bool with_schema_evolution = false;
  bool is_overwrite = false;
  bool if_not_exists = false;  ///< Of OVERWRITE ... PARTITION (...) IF NOT EXISTS.
  NamedTable target;
  std::optional<PartitionSpec> partition;
  std::vector<std::string> columns;
  bool by_name = false;
  Box<Expression> replace_where;
  std::vector<std::string> replace_using;
  Box<Expression> replace_on;
  std::string replace_target_alias;  ///< INTO t AS a REPLACE ON ...
  std::string replace_source_alias;  ///< Of the query: REPLACE ON ... (SELECT ...) AS s
  Query query;                       ///< Carries the CTEs that stand before INSERT.
  TextSpan span;
};

/// INSERT OVERWRITE DIRECTORY 'path' USING format OPTIONS (...) query
struct InsertDirectory {
  std::string path;
  std::string provider;
  Properties options;
  Query query;
  TextSpan span;
};

struct Assignment {
  ColumnPath column;
  Expression value;  ///< A DefaultValue for DEFAULT.
};

/// UPDATE target [AS alias] SET column = value, ... [WHERE predicate]
struct Update {
  NamedTable target;
  std::string alias;
  std::vector<Assignment> assignments;
  Box<Expression> where;
  TextSpan span;
};

/// DELETE FROM target [AS alias] [WHERE predicate]
struct Delete {
  NamedTable target;
  std::string alias;
  Box<Expression> where;
  TextSpan span;
};

/// [WITH ...] MERGE [WITH SCHEMA EVOLUTION] INTO target USING source ON condition WHEN ... THEN ...
struct Merge {
  enum class When : std::uint8_t { kMatched, kNotMatched, kNotMatchedBySource };
  enum class Action : std::uint8_t { kDelete, kUpdate, kUpdateAll, kInsert, kInsertAll };
  struct Clause {
    When when = When::kMatched;
    Box<Expression> condition;
    Action action = Action::kDelete;
    std::vector<Assignment> assignments;  ///< kUpdate; kInsert too: column and value.
    std::vector<std::vector<std::string>>
        except;  ///< UPDATE SET * EXCEPT (...), INSERT * EXCEPT (...)
    TextSpan span;
  };
  std::vector<CommonTable> with;
  bool with_schema_evolution = false;
  NamedTable target;
  std::string target_alias;
  TableRef source;
  Expression condition;
  std::vector<Clause> clauses;
  TextSpan span;
};

/// TRUNCATE TABLE name [PARTITION (...)]
struct TruncateTable {
  ObjectName name;
  std::optional<PartitionSpec> partition;
  TextSpan span;
};

/// COPY INTO target [BY POSITION | (columns)] FROM { 'path' | (SELECT ... FROM 'path') } [WITH
/// (...)]
///   FILEFORMAT = format [VALIDATE [ALL | n ROWS]] [FILES = (...) | PATTERN = '...']
///   [FORMAT_OPTIONS (...)] [COPY_OPTIONS (...)]
/// Source: Databricks SQL language manual, "COPY INTO".
struct CopyInto {
  NamedTable target;
  bool by_position = false;
  std::vector<std::string> columns;
  std::string from_path;
  TextSpan path_span;
  /// The SELECT over the files; its FROM is an InputRef named kSourceInput.
  Box<Query> query;
  std::optional<std::string> credential;
  Properties temporary_credentials;
  Properties encryption;
  std::string file_format;
  bool validate = false;
  std::optional<std::int64_t> validate_rows;  ///< Empty with `validate`: all.
  std::vector<std::string> files;             ///< Empty: every file under from_path.
  std::optional<std::string> pattern;
  OptionMap format_options;
  OptionMap copy_options;
  TextSpan span;

  static constexpr const char* kSourceInput = "__copy_source";
};

// ---- Care of tables
// -------------------------------------------------------------------------------

/// OPTIMIZE name [FULL] [WHERE predicate] [ZORDER BY (columns)]
struct Optimize {
  ObjectName name;
  bool is_full = false;
  Box<Expression> where;
  std::vector<ColumnPath> zorder_by;
  TextSpan span;
};

/// VACUUM { name | 'path' } [FULL | LITE] [USING INVENTORY ...] [RETAIN n HOURS] [DRY RUN]
struct Vacuum {
  ObjectName name;
  std::optional<std::string> path;
  bool is_lite = false;
  std::optional<double> retain_hours;
  bool dry_run = false;
  Box<TableRef> inventory;
  TextSpan span;
};

/// RESTORE [TABLE] name TO [VERSION AS OF n | TIMESTAMP AS OF ts]
struct Restore {
  ObjectName name;
  TimeTravel to;
  TextSpan span;
};

/// REORG TABLE name [WHERE predicate] APPLY (PURGE | UPGRADE UNIFORM (...))
struct Reorg {
  ObjectName name;
  Box<Expression> where;
  bool is_purge = true;
  Properties uniform;  ///< ICEBERG_COMPAT_VERSION = n
  TextSpan span;
};

/// CONVERT TO DELTA name [NO STATISTICS] [PARTITIONED BY (column type, ...)]
struct ConvertToDelta {
  ObjectName name;
  bool no_statistics = false;
  std::vector<PartitionColumn> partitioned_by;
  TextSpan span;
};

/// ANALYZE TABLE name [PARTITION (...)] COMPUTE [DELTA] STATISTICS [NOSCAN | FOR [ALL] COLUMNS ...]
struct AnalyzeTable {
  ObjectName name;
  bool is_delta = false;
  bool no_scan = false;
  bool all_columns = false;
  std::vector<std::string> columns;
  TextSpan span;
};

/// FSCK REPAIR TABLE name [DRY RUN], MSCK REPAIR TABLE name
struct RepairTable {
  bool is_fsck = true;
  ObjectName name;
  bool dry_run = false;
  TextSpan span;
};

/// GENERATE symlink_format_manifest FOR TABLE name
struct GenerateManifest {
  std::string mode;
  ObjectName name;
  TextSpan span;
};

// ---- Views
// ----------------------------------------------------------------------------------------

/// CREATE [OR REPLACE] [[GLOBAL] TEMPORARY] VIEW [IF NOT EXISTS] name [(columns)] [COMMENT]
/// [TBLPROPERTIES]
///   [WITH SCHEMA ...] AS query
struct CreateView {
  bool or_replace = false;
  bool is_temporary = false;
  bool is_global = false;
  bool if_not_exists = false;
  ObjectName name;
  std::vector<ColumnDefinition> columns;
  std::vector<Expectation> expectations;
  std::optional<std::string> comment;
  Properties properties;
  std::string
      schema_binding;    ///< BINDING, COMPENSATION, TYPE EVOLUTION, EVOLUTION; empty: not written.
  std::string provider;  ///< CREATE TEMPORARY VIEW v USING csv OPTIONS (...)
  Properties options;
  Box<Query> query;
  TextSpan query_span;  ///< The query's own text, which is stored.
  TextSpan span;
};

/// ALTER VIEW name { RENAME TO | SET/UNSET TBLPROPERTIES | AS query | SET OWNER | SET/UNSET TAGS }
struct AlterView {
  struct SetQuery {
    Box<Query> query;
    TextSpan query_span;
  };
  struct SetSchemaBinding {
    std::string binding;
  };
  using Action = std::variant<RenameTo, SetProperties, UnsetProperties, SetQuery, SetOwner, SetTags,
                              UnsetTags, SetSchemaBinding>;
  ObjectName name;
  Action action;
  TextSpan span;
};

/// DROP [MATERIALIZED] VIEW [IF EXISTS] name
struct DropView {
  bool is_materialized = false;
  bool if_exists = false;
  ObjectName name;
  TextSpan span;
};

// ---- Streaming tables, materialized views, flows
// --------------------------------------------------

/// SCHEDULE [REFRESH] { EVERY n unit | CRON 'text' [AT TIME ZONE 'zone'] }
/// | TRIGGER ON UPDATE [AT MOST EVERY INTERVAL ...]
struct Schedule {
  enum class Kind : std::uint8_t { kEvery, kCron, kOnUpdate };
  Kind kind = Kind::kEvery;
  std::int64_t every_count = 0;
  std::string every_unit;  ///< HOUR, DAY, WEEK, MINUTE, without S.
  std::string cron;
  std::optional<std::string> time_zone;
  std::optional<IntervalLiteral> at_most_every;
};

struct AutoCdc;

/// What a flow does: FLOW { INSERT BY NAME query | AUTO CDC ... | REPLACE WHERE predicate BY NAME
/// query }
struct FlowQuery {
  bool by_name = false;
  bool once = false;
  Box<Expression> replace_where;
  Box<Query> query;
  Box<AutoCdc> auto_cdc;  ///< Instead of `query`.
};

/// { CREATE OR REFRESH [PRIVATE] STREAMING TABLE | CREATE STREAMING TABLE [IF NOT EXISTS] } name
/// ...
struct CreateStreamingTable {
  bool or_refresh = false;
  bool is_private = false;
  bool if_not_exists = false;
  ObjectName name;
  std::vector<ColumnDefinition> columns;
  std::vector<Expectation> expectations;
  std::vector<TableConstraint> constraints;
  std::vector<PartitionColumn> partitioned_by;
  std::optional<ClusterBy> cluster_by;
  std::optional<std::string> location;
  std::optional<std::string> comment;
  std::optional<std::string> default_collation;
  Properties properties;
  std::optional<Schedule> schedule;
  std::optional<PolicyFunction> row_filter;
  std::optional<FlowQuery> flow;
  Box<Query> query;
  TextSpan query_span;
  TextSpan span;
};

/// { CREATE OR REPLACE | CREATE OR REFRESH [PRIVATE] | CREATE } MATERIALIZED VIEW [IF NOT EXISTS]
/// name ...
struct CreateMaterializedView {
  bool or_replace = false;
  bool or_refresh = false;
  bool is_private = false;
  bool if_not_exists = false;
  ObjectName name;
  std::vector<ColumnDefinition> columns;
  std::vector<Expectation> expectations;
  std::vector<TableConstraint> constraints;
  std::vector<PartitionColumn> partitioned_by;
  std::optional<ClusterBy> cluster_by;
  std::optional<std::string> comment;
  std::optional<std::string> default_collation;
  Properties properties;
  std::optional<Schedule> schedule;
  std::optional<PolicyFunction> row_filter;
  std::string refresh_policy;  ///< AUTO, INCREMENTAL, INCREMENTAL STRICT, FULL; empty: not written.
  Query query;
  TextSpan query_span;
  TextSpan span;
};

/// AUTO CDC [ONCE] INTO target FROM source KEYS (...) ... SEQUENCE BY expression [COLUMNS ...]
/// [STORED AS ...]
struct AutoCdc {
  bool once = false;
  ObjectName target;
  TableRef source;
  std::vector<ColumnPath> keys;
  bool ignore_null_updates = false;
  std::vector<ColumnPath> ignore_null_columns;  ///< IGNORE NULL UPDATES ON (columns)
  std::vector<ColumnPath>
      ignore_null_except_columns;  ///< IGNORE NULL UPDATES ON * EXCEPT (columns)
  Box<Expression> delete_when;
  Box<Expression> truncate_when;
  Expression sequence_by;
  Box<Expression> system_sequence_by;
  std::vector<ColumnPath> columns;         ///< COLUMNS (...): only these.
  std::vector<ColumnPath> except_columns;  ///< COLUMNS * EXCEPT (...)
  int scd_type = 1;
  bool track_history = false;
  std::vector<ColumnPath> track_columns;         ///< TRACK HISTORY ON (columns)
  std::vector<ColumnPath> track_except_columns;  ///< TRACK HISTORY ON * EXCEPT (columns)
  bool from_snapshot = false;                    ///< AUTO CDC FROM SNAPSHOT
  TextSpan span;
};

/// CREATE FLOW name [COMMENT text] AS { INSERT INTO [ONCE] target BY NAME query | AUTO CDC ... }
struct CreateFlow {
  ObjectName name;
  bool if_not_exists = false;
  std::optional<std::string> comment;
  ObjectName target;  ///< Of INSERT INTO.
  FlowQuery flow;
  TextSpan query_span;
  TextSpan span;
};

/// ALTER { STREAMING TABLE | MATERIALIZED VIEW } name { { ADD | ALTER } schedule | DROP SCHEDULE |
/// ... }
struct AlterStreaming {
  struct SetSchedule {
    Schedule schedule;
  };
  struct DropSchedule {};
  /// { ADD | ALTER } CONSTRAINT name EXPECT (condition) [ON VIOLATION ...]. Inlet's own.
  struct SetExpectation {
    Expectation expectation;
    bool is_new = true;  ///< ADD; else one of that name is there.
  };
  /// DROP CONSTRAINT [IF EXISTS] name. Inlet's own.
  struct DropExpectation {
    std::string name;
    bool if_exists = false;
  };
  using Action = std::variant<SetSchedule, DropSchedule, SetExpectation, DropExpectation,
                              AlterColumns, SetRowFilter, DropRowFilter, SetTags, UnsetTags,
                              SetOwner, SetProperties, UnsetProperties, SetClusterBy>;
  bool is_materialized_view = false;
  ObjectName name;
  Action action;
  TextSpan span;
};

/// REFRESH { MATERIALIZED VIEW name | [STREAMING] TABLE name }
/// [FULL | REPLAY WHERE condition] [SYNC | ASYNC]
struct Refresh {
  enum class Kind : std::uint8_t { kTable, kStreamingTable, kMaterializedView, kFunction, kPath };
  Kind kind = Kind::kTable;
  ObjectName name;
  std::string path;  ///< kPath
  bool is_full = false;
  bool is_async = false;
  /// Files whose row of cloud_files_state holds it are read again. Inlet's own.
  Box<Expression> replay_where;
  TextSpan span;
};

// ---- Catalogs, schemas, volumes
// -------------------------------------------------------------------

enum class ObjectKind : std::uint8_t {
  kTable,
  kView,
  kColumn,
  kCatalog,
  kSchema,
  kVolume,
  kFunction,
  kConnection,
  kShare,
  kRecipient,
  kExternalLocation,
  kCredential,
  kMetastore
};

/// CREATE CATALOG [IF NOT EXISTS] name [MANAGED LOCATION 'p'] [COMMENT c] [OPTIONS (...)]
struct CreateCatalog {
  bool if_not_exists = false;
  ObjectName name;
  std::optional<std::string> managed_location;
  std::optional<std::string> comment;
  Properties options;
  std::optional<std::string> default_collation;
  TextSpan span;
};

/// CREATE { SCHEMA | DATABASE } [IF NOT EXISTS] name [COMMENT] [[MANAGED] LOCATION] [WITH
/// DBPROPERTIES]
struct CreateSchema {
  bool if_not_exists = false;
  ObjectName name;
  std::optional<std::string> comment;
  std::optional<std::string> location;
  bool is_managed_location = false;
  Properties properties;
  std::optional<std::string> default_collation;
  TextSpan span;
};

/// CREATE [EXTERNAL] VOLUME [IF NOT EXISTS] name [LOCATION 'uri'] [COMMENT text]
struct CreateVolume {
  bool is_external = false;
  bool if_not_exists = false;
  ObjectName name;
  std::optional<std::string> location;
  std::optional<std::string> comment;
  TextSpan span;
};

/// DROP { CATALOG | SCHEMA | VOLUME | FUNCTION | CONNECTION | ... } [IF EXISTS] name [RESTRICT |
/// CASCADE]
struct DropObject {
  ObjectKind kind = ObjectKind::kSchema;
  bool is_temporary = false;
  bool if_exists = false;
  ObjectName name;
  bool is_cascade = false;
  TextSpan span;
};

/// ALTER { CATALOG | SCHEMA | VOLUME } name ...
struct AlterObject {
  using Action =
      std::variant<RenameTo, SetOwner, SetTags, UnsetTags, SetProperties, UnsetProperties,
                   SetLocation, SetPredictiveOptimization, SetDefaultCollation>;
  ObjectKind kind = ObjectKind::kSchema;
  ObjectName name;
  Action action;
  TextSpan span;
};

/// COMMENT ON kind name IS { 'text' | NULL }
struct CommentOn {
  ObjectKind kind = ObjectKind::kTable;
  ObjectName name;
  std::optional<std::string> comment;
  TextSpan span;
};

/// LIST 'url' [WITH (CREDENTIAL c)] [LIMIT n]
struct ListFiles {
  std::string path;
  std::optional<std::string> credential;
  std::optional<std::int64_t> limit;
  TextSpan span;
};

/// PUT 'local' INTO 'volume path' [OVERWRITE]
struct PutFile {
  std::string local_path;
  std::string volume_path;
  bool overwrite = false;
  TextSpan span;
};

/// GET 'volume path' TO 'local'
struct GetFile {
  std::string volume_path;
  std::string local_path;
  TextSpan span;
};

/// REMOVE 'volume path'
struct RemoveFile {
  std::string volume_path;
  TextSpan span;
};

// ---- Looking at things
// ----------------------------------------------------------------------------

/// { DESC | DESCRIBE } [TABLE] [EXTENDED] name [column] [PARTITION (...)] [AS JSON]
struct DescribeTable {
  bool is_extended = false;
  ObjectName name;
  ColumnPath column;
  std::optional<PartitionSpec> partition;
  bool as_json = false;
  TextSpan span;
};

/// DESCRIBE HISTORY name [LIMIT n]
struct DescribeHistory {
  ObjectName name;
  std::optional<std::int64_t> limit;
  TextSpan span;
};

/// DESCRIBE DETAIL name
struct DescribeDetail {
  ObjectName name;
  TextSpan span;
};

/// DESCRIBE { CATALOG | SCHEMA | VOLUME | FUNCTION | ... } [EXTENDED] name
struct DescribeObject {
  ObjectKind kind = ObjectKind::kSchema;
  bool is_extended = false;
  ObjectName name;
  TextSpan span;
};

/// DESCRIBE [QUERY] query
struct DescribeQuery {
  Query query;
  TextSpan span;
};

/// SHOW what [{ IN | FROM } scope] [[LIKE] 'pattern'] [AS JSON]
struct Show {
  enum class What : std::uint8_t {
    kCatalogs,
    kSchemas,
    kTables,
    kTableExtended,
    kTablesDropped,
    kViews,
    kMaterializedViews,
    kColumns,
    kFunctions,
    kVolumes,
    kPartitions,
    kProperties,
    kCreateTable,
    kCreateView,
    kCreateMaterializedView,
    kGrants,
    kUsers,
    kGroups,
    kConnections,
    kExternalLocations,
    kCredentials,
    kShares,
    kRecipients,
    kCurrentSchema,
    kPolicies,
    kProcedures
  };
  What what = What::kTables;
  /// The object or the scope: SHOW COLUMNS IN t, SHOW TABLES IN s. Empty: the current one.
  ObjectName name;
  ObjectName in;                       ///< SHOW COLUMNS IN t IN s
  std::optional<std::string> pattern;  ///< `*` and `|` are special.
  std::string words;                   ///< USER | SYSTEM | ALL of FUNCTIONS, in capitals.
  std::optional<std::string> key;      ///< SHOW TBLPROPERTIES t ('key')
  std::optional<PartitionSpec> partition;
  std::optional<std::string> principal;     ///< SHOW GRANTS `user` ON ...
  ObjectKind on_kind = ObjectKind::kTable;  ///< SHOW GRANTS ON kind name
  bool as_json = false;
  bool as_serde = false;
  std::optional<std::int64_t> limit;
  TextSpan span;
};

/// EXPLAIN [LOGICAL | FORMATTED | EXTENDED | CODEGEN | COST | ANALYZE] statement
struct Statement;
struct Explain {
  std::string mode;  ///< In capitals; empty: plain.
  Box<Statement> statement;
  TextSpan span;
};

// ---- Session
// --------------------------------------------------------------------------------------

/// USE [SCHEMA | DATABASE] name, USE CATALOG name
struct Use {
  bool is_catalog = false;
  ObjectName name;
  TextSpan span;
};

/// SET [key [= value]], SET TIME ZONE value, SET -v
struct SetConfig {
  std::optional<std::string> key;
  std::optional<std::string> value;  ///< Without: asks for the value.
  bool is_verbose = false;           ///< SET -v
  TextSpan span;
};

/// SET TIME ZONE { 'zone' | LOCAL | INTERVAL ... }
struct SetTimeZone {
  std::optional<std::string> zone;  ///< Empty: LOCAL.
  TextSpan span;
};

/// RESET [key]
struct ResetConfig {
  std::optional<std::string> key;
  TextSpan span;
};

/// DECLARE [OR REPLACE] [VARIABLE] name [, ...] [type] [{ DEFAULT | = } value]
struct DeclareVariable {
  bool or_replace = false;
  std::vector<ObjectName> names;
  std::optional<types::DataType> type;
  Box<Expression> default_value;
  TextSpan span;
};

/// SET { VARIABLE | VAR } name = value [, ...] | (names) = (query)
struct SetVariable {
  std::vector<ObjectName> names;
  std::vector<Expression>
      values;  ///< One for each name, DefaultValue for DEFAULT; empty with `query`.
  Box<Query> query;
  TextSpan span;
};

/// DROP TEMPORARY VARIABLE [IF EXISTS] name
struct DropVariable {
  bool if_exists = false;
  ObjectName name;
  TextSpan span;
};

/// EXECUTE IMMEDIATE text [INTO variables] [USING values [AS names]]
struct ExecuteImmediate {
  Expression text;
  std::vector<ObjectName> into;
  std::vector<FunctionCall::Argument> arguments;
  TextSpan span;
};

/// CACHE [LAZY] TABLE, UNCACHE TABLE, CLEAR CACHE: accepted, nothing to do.
struct CacheControl {
  enum class Kind : std::uint8_t { kCache, kUncache, kClear };
  Kind kind = Kind::kCache;
  bool is_lazy = false;
  bool if_exists = false;
  ObjectName name;
  Box<Query> query;
  TextSpan span;
};

/// GRANT privileges ON kind name TO principal; REVOKE ... FROM
struct Grant {
  bool is_revoke = false;
  std::vector<std::string> privileges;  ///< In capitals: SELECT, USE SCHEMA, ALL PRIVILEGES.
  ObjectKind kind = ObjectKind::kTable;
  ObjectName name;
  std::string principal;
  TextSpan span;
};

/// CALL procedure(arguments)
struct Call {
  FunctionCall call;
  TextSpan span;
};

/// A query as a statement.
struct SelectStatement {
  Query query;
  TextSpan span;
};

// ---- All of them
// ----------------------------------------------------------------------------------

using StatementNode = std::variant<
    SelectStatement, CreateTable, CreateTableLike, CloneTable, DropTable, UndropTable, AlterTable,
    Insert, InsertDirectory, Update, Delete, Merge, TruncateTable, CopyInto, Optimize, Vacuum,
    Restore, Reorg, ConvertToDelta, AnalyzeTable, RepairTable, GenerateManifest, CreateView,
    AlterView, DropView, CreateStreamingTable, CreateMaterializedView, CreateFlow, AlterStreaming,
    Refresh, CreateCatalog, CreateSchema, CreateVolume, DropObject, AlterObject, CommentOn,
    ListFiles, PutFile, GetFile, RemoveFile, DescribeTable, DescribeHistory, DescribeDetail,
    DescribeObject, DescribeQuery, Show, Explain, Use, SetConfig, SetTimeZone, ResetConfig,
    DeclareVariable, SetVariable, DropVariable, ExecuteImmediate, CacheControl, Grant, Call>;

template <class Node, class Variant>
inline constexpr bool kIsAlternative = false;
template <class Node, class... Nodes>
inline constexpr bool kIsAlternative<Node, std::variant<Nodes...>> = (std::is_same_v<Node, Nodes> ||
                                                                      ...);

/// Any statement; a copy copies all of it. Made from one of the structs of StatementNode.
///
/// Its members stand in statement.cc: a variant of sixty types is costly to compile, so only code
/// that visits node() pays for it.
struct Statement {
 public:
  Statement();
  template <class Node>
  requires kIsAlternative<Node, StatementNode> Statement(
      Node node);  // NOLINT(google-explicit-constructor): a statement is written as its struct.
  Statement(const Statement& other);
  Statement(Statement&& other) noexcept;
  Statement& operator=(const Statement& other);
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  /// The statement as `Node`, null when it is another.
  template <class Node>
  const Node* As() const;
  template <class Node>
  Node* As();

  const StatementNode& node() const { return *node_; }
  StatementNode& node() { return *node_; }

 private:
  std::unique_ptr<StatementNode> node_;  // Never null but in a moved-from statement.
};

}  // namespace inlet::sql
