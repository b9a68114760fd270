#!/usr/bin/env python3
"""Random statements on a random Delta table: after each, other programs and a model must agree with Inlet.

    random_operations.py --inlet build/dev/inlet [--seed 7] [--tables 20] [--operations 30] [--reader deltalake duckdb spark] [--take-turns]

The model is a DuckDB table in memory that takes the same statements. Every version's rows are kept, so that older versions are read again too,
and where the table has a change feed, it must lead from each version's rows to the next. A seed is printed for every table: with --seed it
runs again. With --take-turns Inlet and delta-spark write the table in turns.
"""

import argparse
import collections
import csv
import io
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import duckdb

COLUMNS = {"k": "INT", "v": "STRING", "d": "DECIMAL(12,2)", "p": "STRING"}
DUCKDB_TYPES = {"STRING": "VARCHAR"}


def text(value):
    return "" if value is None else str(value)


class Inlet:
    def __init__(self, program, home):
        self._program = program
        self._environment = {**os.environ, "INLET_HOME": home, "TZ": "UTC"}

    def run(self, statement):
        """The rows of the statement as lists of texts; an exception with the message when it fails."""
        done = subprocess.run(
            [self._program, "sql", "--no-progress", "-o", "csv", "-e", statement],
            env=self._environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or done.stdout.strip())
        rows = list(csv.reader(io.StringIO(done.stdout)))
        return rows[1:] if rows else []


class DeltaLake:
    name = "delta-rs"

    def rows(self, path, version, columns):
        from deltalake import DeltaTable, QueryBuilder
        import pyarrow

        table = DeltaTable(path, version=version)
        names = ", ".join(f'"{column}"' for column in columns)
        result = pyarrow.table(QueryBuilder().register("t", table).execute(f"SELECT {names} FROM t").read_all())
        return [tuple(text(row[column]) for column in columns) for row in result.to_pylist()]

    def knows(self, features):
        return not features & {"columnMapping", "typeWidening"}


class DuckDb:
    name = "DuckDB"

    def __init__(self):
        self._connection = duckdb.connect()
        try:
            import duckdb_extension_delta

            extension = next(pathlib.Path(duckdb_extension_delta.__file__).parent.rglob("*.duckdb_extension"))
            self._connection.execute(f"LOAD '{extension}'")
        except ImportError:
            self._connection.execute("INSTALL delta")
            self._connection.execute("LOAD delta")

    def rows(self, path, version, columns):
        names = ", ".join(f'"{column}"' for column in columns)
        rows = self._connection.execute(f"SELECT {names} FROM delta_scan(?, version := {version})", [path]).fetchall()
        return [tuple(text(value) for value in row) for row in rows]

    def knows(self, features):
        # 1.5.5 gives NULL for a partition column that is mapped and does not stand first.
        return "typeWidening" not in features and not features >= {"columnMapping", "partitioned"}


class Spark:
    name = "delta-spark"

    def __init__(self):
        from pyspark.sql import SparkSession

        builder = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
                   .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
                   .config("spark.driver.memory", "1g")
                   .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
                   .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog"))
        if "INLET_SPARK_JARS" in os.environ:
            jars = ",".join(str(jar) for jar in pathlib.Path(os.environ["INLET_SPARK_JARS"]).glob("*.jar"))
            builder = builder.config("spark.jars", jars)
        else:
            builder = builder.config("spark.jars.packages", "io.delta:delta-spark_4.1_2.13:4.1.0")
        self._spark = builder.getOrCreate()
        self._spark.sparkContext.setLogLevel("ERROR")

    def rows(self, path, version, columns):
        frame = self._spark.read.format("delta").option("versionAsOf", version).load(path)
        return [tuple(text(row[column]) for column in columns) for row in frame.select(*columns).collect()]

    def run(self, statement):
        self._spark.sql(statement).collect()

    def knows(self, features):
        return True


READERS = {"deltalake": DeltaLake, "duckdb": DuckDb, "spark": Spark}


class Table:
    """One table: its features, its model, and what every version holds."""

    def __init__(self, inlet, readers, seed, other_writer=None):
        self.random = random.Random(seed)
        self.turns = random.Random(seed)
        self.inlet = inlet
        self.other_writer = other_writer
        self.readers = readers
        self.model = duckdb.connect()
        self.history = []  # Of each version: the columns and the rows.
        self.statements = []
        self.columns = dict(COLUMNS)
        self.name = f"t{seed}"
        self.features = set()
        self.create()

    def create(self):
        properties = {"delta.checkpointInterval": str(self.random.choice([3, 10]))}
        if self.random.random() < 0.5:
            properties["delta.enableDeletionVectors"] = "true"
        self.marks_rows = "delta.enableDeletionVectors" in properties
        if self.random.random() < 0.4:
            properties["delta.enableChangeDataFeed"] = "true"
            self.features.add("changeDataFeed")
        if self.random.random() < 0.4:
            properties["delta.enableRowTracking"] = "true"
        if self.random.random() < 0.4:
            properties["delta.columnMapping.mode"] = self.random.choice(["name", "id"])
            self.features.add("columnMapping")
        self.maps_columns = "columnMapping" in self.features
        if self.random.random() < 0.3:
            properties["delta.enableInCommitTimestamps"] = "true"
        if self.random.random() < 0.2:
            properties["delta.checkpointPolicy"] = "v2"
        self.partitioned = self.random.random() < 0.4
        if self.partitioned:
            self.features.add("partitioned")
        layout = "PARTITIONED BY (p)" if self.partitioned else self.random.choice(["", "", "CLUSTER BY (k)"])
        self.is_clustered = layout.startswith("CLUSTER")
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        given = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
        statement = f"CREATE TABLE {self.name} ({columns}) {layout} TBLPROPERTIES ({given})"
        self.statements.append(statement)
        self.inlet.run(statement)
        detail = self.inlet.run(f"DESCRIBE DETAIL {self.name}")[0]
        self.path = next(cell for cell in detail if cell.startswith("file:")).removeprefix("file://").removeprefix("file:")
        self.recreate_model([])
        self.record()

    def recreate_model(self, rows):
        self.model.execute("DROP TABLE IF EXISTS t")
        columns = ", ".join(f"{name} {DUCKDB_TYPES.get(kind, kind)}" for name, kind in self.columns.items())
        self.model.execute(f"CREATE TABLE t ({columns})")
        if rows:
            marks = ", ".join("?" for _ in self.columns)
            self.model.executemany(f"INSERT INTO t VALUES ({marks})", rows)

    def model_rows(self):
        return self.model.execute("SELECT * FROM t").fetchall()

    def record(self):
        self.history.append((dict(self.columns), self.model_rows()))

    # ---- Statements

    def value(self, column):
        if self.random.random() < 0.1:
            return "NULL"
        kind = self.columns[column]
        if column == "p":
            return self.random.choice(["'x'", "'y'", "'z w'", "'a/b=c'"])
        if kind == "INT" or kind == "BIGINT":
            return str(self.random.randint(0, 40))
        if kind.startswith("DECIMAL"):
            return f"{self.random.randint(-99999, 99999) / 100:.2f}"
        return "'" + self.random.choice(["a", "bb", "", "ü", "long " * 10, "100%"]) + "'"

    def row(self):
        return "(" + ", ".join(self.value(column) for column in self.columns) + ")"

    def predicate(self, table=""):
        dot = f"{table}." if table else ""
        choices = [
            f"{dot}k < {self.random.randint(0, 40)}",
            f"{dot}k % {self.random.randint(2, 5)} = {self.random.randint(0, 2)}",
            f"{dot}p = 'x'",
            f"{dot}p IS NULL",
            f"{dot}k IS NULL OR {dot}k > 30",
            f"{dot}p IN ('y', 'z w') AND {dot}k >= {self.random.randint(0, 20)}",
        ]
        if "d" in self.columns:
            choices.append(f"{dot}d < 0")
        return self.random.choice(choices)

    def insert(self):
        rows = ", ".join(self.row() for _ in range(self.random.randint(1, 20)))
        return f"INSERT INTO {{t}} VALUES {rows}", None

    def overwrite(self):
        rows = ", ".join(self.row() for _ in range(self.random.randint(1, 8)))
        return f"INSERT OVERWRITE {{t}} VALUES {rows}", ["DELETE FROM t", f"INSERT INTO t VALUES {rows}"]

    def replace_where(self):
        columns = list(self.columns)
        rows = ", ".join("(" + ", ".join("'x'" if c == "p" else self.value(c) for c in columns) + ")" for _ in range(3))
        return (f"INSERT INTO {{t}} REPLACE WHERE p = 'x' VALUES {rows}",
                ["DELETE FROM t WHERE p = 'x'", f"INSERT INTO t VALUES {rows}"])

    def replace_using(self):
        rows = ", ".join(self.row() for _ in range(3))
        names = ", ".join(self.columns)
        return (f"INSERT INTO {{t}} REPLACE USING (p) VALUES {rows}",
                [f"DELETE FROM t WHERE EXISTS (SELECT 1 FROM (VALUES {rows}) AS s({names}) WHERE s.p IS NOT DISTINCT FROM t.p)",
                 f"INSERT INTO t VALUES {rows}"])

    def delete(self):
        return f"DELETE FROM {{t}} WHERE {self.predicate()}", None

    def update(self):
        column = self.random.choice(list(self.columns))
        value = "k + 1" if column == "k" and self.random.random() < 0.5 else self.value(column)
        return f"UPDATE {{t}} SET {column} = {value} WHERE {self.predicate()}", None

    def merge(self):
        count = self.random.randint(1, 10)
        keys = self.random.sample(range(0, 45), count)
        others = [column for column in self.columns if column != "k"]
        rows = ", ".join("(" + ", ".join([str(key)] + [self.value(column) for column in others]) + ")" for key in keys)
        names = ", ".join(["k"] + others)
        sets = ", ".join(f"{column} = s.{column}" for column in others)
        clauses = []
        if self.random.random() < 0.4:
            clauses.append(f"WHEN MATCHED AND {self.predicate('t')} THEN DELETE")
        if self.random.random() < 0.8:
            clauses.append(f"WHEN MATCHED THEN UPDATE SET {sets}")
        if self.random.random() < 0.7 or not clauses:
            values = ", ".join(f"s.{column}" for column in ["k"] + others)
            clauses.append(f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})")
        if self.random.random() < 0.3:
            action = self.random.choice(["DELETE", f"UPDATE SET v = {self.value('v')}"])
            clauses.append(f"WHEN NOT MATCHED BY SOURCE AND {self.predicate('t')} THEN {action}")
        body = f"USING (SELECT * FROM (VALUES {rows}) AS x({names})) AS s ON t.k = s.k {' '.join(clauses)}"
        return f"MERGE INTO {{t}} AS t {body}", [f"MERGE INTO t {body}"]

    def optimize(self):
        where = " WHERE p = 'x'" if self.partitioned and self.random.random() < 0.3 else ""
        return f"OPTIMIZE {{t}}{where}", []

    def zorder(self):
        return "OPTIMIZE {t} ZORDER BY (k)", []

    def analyze(self):
        return "ANALYZE TABLE {t} COMPUTE DELTA STATISTICS", []

    def remove_mapping(self):
        self.maps_columns = False
        return "ALTER TABLE {t} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'none')", []

    def drop_vectors(self):
        return "ALTER TABLE {t} DROP FEATURE deletionVectors", []

    def reorg(self):
        return "REORG TABLE {t} APPLY (PURGE)", []

    def truncate(self):
        return "TRUNCATE TABLE {t}", ["DELETE FROM t"]

    def restore(self):
        version = self.random.randrange(len(self.history))
        return f"RESTORE TABLE {{t}} TO VERSION AS OF {version}", version

    def add_column(self):
        name = f"c{len(self.history)}"
        return f"ALTER TABLE {{t}} ADD COLUMN {name} STRING", [f"ALTER TABLE t ADD COLUMN {name} VARCHAR", ("add", name)]

    def rename_column(self):
        name = f"v{len(self.history)}"
        return (f"ALTER TABLE {{t}} RENAME COLUMN d TO {name}",
                [f"ALTER TABLE t RENAME COLUMN d TO {name}", ("rename", "d", name)])

    def drop_column(self):
        last = list(self.columns)[-1]
        return f"ALTER TABLE {{t}} DROP COLUMN {last}", [f"ALTER TABLE t DROP COLUMN {last}", ("drop", last)]

    def step(self):
        kinds = [(self.insert, 6), (self.update, 5), (self.delete, 4), (self.merge, 6), (self.overwrite, 1),
                 (self.replace_where, 1), (self.replace_using, 1), (self.optimize, 2), (self.reorg, 1), (self.truncate, 0.3),
                 (self.restore, 1), (self.add_column, 0.6), (self.analyze, 0.3)]
        if not self.is_clustered:
            kinds.append((self.zorder, 0.3))
        if self.maps_columns and "d" in self.columns:
            kinds.append((self.rename_column, 0.5))
        if self.maps_columns and len(self.columns) > len(COLUMNS):
            kinds.append((self.drop_column, 0.5))
        if self.maps_columns and not self.is_clustered:
            kinds.append((self.remove_mapping, 0.1))
        if self.marks_rows:
            kinds.append((self.drop_vectors, 0.1))
        kind = self.random.choices([k for k, _ in kinds], [w for _, w in kinds])[0]
        statement, model = kind()
        ours_alone = kind in (self.replace_where, self.replace_using, self.truncate, self.analyze, self.remove_mapping, self.drop_vectors)
        if kind == self.drop_vectors:
            self.marks_rows = False
        if self.other_writer and not ours_alone and self.turns.random() < 0.5:
            self.statements.append(statement.replace("{t}", self.name) + "  -- by " + self.other_writer.name)
            self.other_writer.run(statement.replace("{t}", f"delta.`{self.path}`"))
            self.follow(statement.replace("{t}", self.name), model)
            return
        statement = statement.replace("{t}", self.name)
        self.statements.append(statement)
        try:
            self.inlet.run(statement)
        except RuntimeError as error:
            if "INLET_UNSUPPORTED" in str(error):
                self.statements[-1] += "  -- not supported yet"
                return
            raise
        self.follow(statement, model)

    def follow(self, statement, model):
        """The model takes the same statement; then the versions that it made are noted."""
        if isinstance(model, int):
            self.columns = dict(self.history[model][0])
            self.recreate_model(self.history[model][1])
        else:
            for one in [statement.replace(self.name, "t")] if model is None else model:
                self.apply(one)
        version = self.version()
        while len(self.history) <= version:
            self.record()

    def apply(self, one):
        if isinstance(one, str):
            self.model.execute(one)
        elif one[0] == "add":
            self.columns[one[1]] = "STRING"
        elif one[0] == "drop":
            del self.columns[one[1]]
        else:
            self.columns = {one[2] if name == one[1] else name: kind for name, kind in self.columns.items()}

    # ---- Judging

    def version(self):
        return int(self.inlet.run(f"DESCRIBE HISTORY {self.name} LIMIT 1")[0][0])

    def judge(self):
        newest = len(self.history) - 1
        versions = {newest, self.random.randint(0, newest)}
        for version in versions:
            columns, rows = self.history[version]
            expected = collections.Counter(tuple(text(value) for value in row) for row in rows)
            names = ", ".join(columns)
            ours = self.inlet.run(f"SELECT {names} FROM {self.name} VERSION AS OF {version}")
            self.compare("Inlet", version, expected, [tuple(row) for row in ours])
            for reader in self.readers:
                if reader.knows(self.features):
                    self.compare(reader.name, version, expected, reader.rows(self.path, version, list(columns)))
        if "changeDataFeed" in self.features and newest > 0:
            self.judge_feed(self.random.randint(1, newest))

    def judge_feed(self, version):
        before_columns, before = self.history[version - 1]
        columns, after = self.history[version]
        current = list(self.columns)
        # Where columns changed, or are mapped no longer, the feed is refused.
        unmapped = "columnMapping" in self.features and not self.maps_columns
        if list(before_columns) != list(columns) or list(columns) != current or unmapped:
            return
        names = ", ".join(columns)
        feed = self.inlet.run(f"SELECT _change_type, {names} FROM table_changes('{self.name}', {version}, {version})")
        expected = collections.Counter(tuple(text(value) for value in row) for row in before)
        for change, *row in feed:
            expected[tuple(row)] += 1 if change in ("insert", "update_postimage") else -1
        expected = +expected
        self.compare(f"the change feed of version {version}", version, expected,
                     [tuple(text(value) for value in row) for row in after])

    def compare(self, who, version, expected, rows):
        found = collections.Counter(rows)
        if found == expected:
            return
        raise AssertionError(f"{who} at version {version}: missing {list((expected - found).items())[:5]}, "
                             f"too many {list((found - expected).items())[:5]}")


def run_table(inlet, readers, seed, operations, every, other_writer):
    table = None
    try:
        table = Table(inlet, readers, seed, other_writer)
        for number in range(operations):
            table.step()
            if number % every == every - 1 or number == operations - 1:
                table.judge()
    except Exception as error:  # Whatever it is, the seed and the statements tell how to see it again.
        statements = ";\n".join(table.statements) if table else ""
        print(f"seed {seed}: {type(error).__name__}: {error}\n{statements}\n", flush=True)
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inlet", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--tables", type=int)
    parser.add_argument("--operations", type=int, default=30)
    parser.add_argument("--judge-every", type=int, default=3)
    parser.add_argument("--reader", nargs="*", choices=READERS, default=["deltalake", "duckdb"])
    parser.add_argument("--take-turns", action="store_true")
    arguments = parser.parse_args()
    readers = [READERS[name]() for name in arguments.reader]
    first = arguments.seed if arguments.seed is not None else random.randrange(10**6)
    count = arguments.tables or (20 if arguments.seed is None else 1)
    other_writer = next((reader for reader in readers if isinstance(reader, Spark)), None) if arguments.take_turns else None
    failed = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as home:
            good = run_table(Inlet(os.path.abspath(arguments.inlet), home), readers, seed, arguments.operations,
                             arguments.judge_every, other_writer)
        print(f"seed {seed}: {'good' if good else 'DIFFERENT'}", flush=True)
        failed += not good
    print(f"{count} tables of {arguments.operations} operations, {failed} different")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
