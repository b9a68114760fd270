#!/usr/bin/env python3
"""Inlet writes the tables of tables.py; other programs must find the same rows in them.

    interop_test.py --inlet build/dev/inlet [--reader deltalake duckdb spark] [--table NAME]

A table that Inlet cannot write yet is named and left out only when it says so itself.
"""

import argparse
import math
import os
import pathlib
import subprocess
import sys
import tempfile
from decimal import Decimal

import pyarrow as pa

from tables import TABLES

HERE = pathlib.Path(__file__).parent


class DeltaLake:
    """delta-rs."""

    def rows(self, path):
        return self._query(path, "SELECT * FROM t")

    def count(self, path, condition):
        return self._query(path, f"SELECT count(*) AS n FROM t WHERE {condition.replace('`', chr(34))}").column(0)[0].as_py()

    def _query(self, path, sql):
        from deltalake import DeltaTable, QueryBuilder

        return pa.table(QueryBuilder().register("t", DeltaTable(path)).execute(sql).read_all())


class DuckDb:
    """DuckDB with its extension delta."""

    def __init__(self):
        import duckdb
        import duckdb_extension_delta

        extension = next(pathlib.Path(duckdb_extension_delta.__file__).parent.rglob("*.duckdb_extension"))
        self._connection = duckdb.connect()
        self._connection.execute(f"LOAD '{extension}'")
        self._connection.execute("SET TimeZone = 'UTC'")

    def rows(self, path):
        return self._connection.execute("SELECT * FROM delta_scan(?)", [path]).to_arrow_table()

    def count(self, path, condition):
        sql = f"SELECT count(*) FROM delta_scan(?) WHERE {condition.replace('`', chr(34))}"
        return self._connection.execute(sql, [path]).fetchone()[0]


class Spark:
    """Apache Spark with delta-spark."""

    def __init__(self):
        from pyspark.sql import SparkSession

        jars = ",".join(str(jar) for jar in pathlib.Path(os.environ["INLET_SPARK_JARS"]).glob("*.jar"))
        self._spark = (
            SparkSession.builder.master("local[1]")
            .config("spark.jars", jars)
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
            .config("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.databricks.delta.snapshotPartitions", "1")
            .getOrCreate()
        )
        self._spark.sparkContext.setLogLevel("OFF")

    def rows(self, path):
        # Parquet that Spark writes is the one way out of it that keeps every type.
        with tempfile.TemporaryDirectory() as copy:
            frame = self._spark.read.format("delta").load(path)
            renamed = frame.toDF(*[f"c{i}" for i in range(len(frame.columns))])
            renamed.write.mode("overwrite").parquet(copy)
            import pyarrow.parquet

            table = pa.parquet.read_table(copy)
            return table.rename_columns(frame.columns)

    def count(self, path, condition):
        return self._spark.read.format("delta").load(path).where(condition).count()


READERS = {"deltalake": DeltaLake, "duckdb": DuckDb, "spark": Spark}


def canonical(value):
    """A value in a form that two programs can be compared by."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, Decimal):
        return value.normalize() + 0
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [canonical(item) for item in value]
        # Arrow gives a map as a list of pairs.
        if items and all(isinstance(item, list) and len(item) == 2 and isinstance(pair, tuple) for item, pair in zip(items, value)):
            return dict(items)
        return items
    return value


def rows_of(table):
    columns = []
    for column in table.columns:
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            column = column.cast(pa.timestamp("us", column.type.tz))
        values = column.to_pylist()
        if pa.types.is_map(column.type):
            values = [None if value is None else dict(value) for value in values]
        columns.append(values)
    return [canonical(row) for row in zip(*columns)] if columns else []


def in_order(rows):
    return sorted(rows, key=lambda row: (str(row[0]), str(row)))


def check(reader, table, path):
    """What is wrong; empty when nothing is."""
    try:
        found = in_order(rows_of(reader.rows(path)))
        expected = in_order([canonical(row) for row in table.rows])
        if found != expected:
            for ours, theirs in zip(expected, found):
                if ours != theirs:
                    return f"expected {ours}\n      found {theirs}"
            return f"expected {len(expected)} rows, found {len(found)}"
        for condition, count in table.counts.items():
            counted = reader.count(path, condition)
            if counted != count:
                return f"WHERE {condition}: expected {count}, found {counted}"
    except Exception as error:  # Whatever the reader says is its answer.
        return f"{type(error).__name__}: {str(error)[:500]}"
    return ""


def write_tables(inlet, home, tables):
    """The tables that could be written; the others with the reason."""
    refused = {}
    for table in tables:
        script = home / "script.sql"
        script.write_text(";\n".join(table.statements) + ";\n")
        done = subprocess.run([inlet, "--home", home, "sql", "-f", script], capture_output=True, text=True)
        if done.returncode != 0:
            refused[table.name] = done.stderr.strip()
    return refused


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inlet", required=True)
    parser.add_argument("--reader", nargs="+", choices=READERS, default=["deltalake", "duckdb"])
    parser.add_argument("--table")
    arguments = parser.parse_args()
    tables = [table for table in TABLES if arguments.table in (None, table.name)]
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        refused = write_tables(arguments.inlet, home, tables)
        for name, reason in refused.items():
            print(f"{name}: not written: {reason}")
            failures += "[INLET_UNSUPPORTED]" not in reason
        for name in arguments.reader:
            reader = READERS[name]()
            passed = 0
            for table in tables:
                if table.name in refused or name in table.cannot:
                    continue
                wrong = check(reader, table, str(home / "tables/main/default" / table.name))
                passed += not wrong
                if wrong:
                    failures += 1
                    print(f"{name} reads {table.name}: {wrong}")
            print(f"{name}: {passed} of {len(tables)} tables")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
