"""Spark Connect servers side by side, as a client of them sees it: wall seconds.

    python3 bench/spark_connect.py [--inlet build/release/inlet] [--spark sc://localhost:15012] [--runs 3]

Run it with a Python that has `pyspark-client`, `pandas` and `pyarrow`. Inlet's server is started here; one of Apache
Spark is named by --spark, with Delta, on the same machine. Medians are printed as Markdown; the first query counts
from the start of a new Python process, its imports included.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test/spark_connect"))

FIRST = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
assert spark.sql("SELECT 1").collect()[0][0] == 1
import os; os._exit(0)
"""
ROWS = 10_000_000


def timed(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def first_query(remote):
    return timed(lambda: subprocess.run(
        [sys.executable, "-c", FIRST, remote], check=True, env={**os.environ, "SPARK_HOME": "/"}))


def measure(remote, runs):
    import pandas as pd
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    spark = SparkSession.builder.remote(remote).create()
    root = tempfile.mkdtemp()
    (spark.range(ROWS).withColumn("s", F.concat(F.lit("value "), F.col("id").cast("string")))
     .withColumn("d", F.col("id") / 3).write.format("delta").save(root + "/t"))
    plus = F.udf(lambda n: n + 1, "long")

    @F.pandas_udf("long")
    def vectorized(n: pd.Series) -> pd.Series:
        return n + 1

    table = spark.read.format("delta").load(root + "/t")
    tasks = {
        "first query of a new Python process": lambda: first_query(remote),
        "`SELECT 1`, after that": lambda: timed(lambda: spark.sql("SELECT 1").collect()),
        "`spark.range(10_000_000).toPandas()`": lambda: timed(
            lambda: spark.range(ROWS).toPandas()),
        "10 M Delta rows of three columns, `toArrow()`": lambda: timed(table.toArrow),
        "10 M Delta rows, sum of a column": lambda: timed(
            lambda: table.agg(F.sum("d")).collect()),
        "1 M rows through `udf`": lambda: timed(
            lambda: spark.range(1_000_000).select(plus("id").alias("n")).agg(F.sum("n")).collect()),
        "10 M rows through `pandas_udf`": lambda: timed(
            lambda: spark.range(ROWS).select(vectorized("id").alias("n")).agg(F.sum("n")).collect()),
    }
    found = {}
    for name, task in tasks.items():
        task()  # Warm files and code.
        found[name] = statistics.median(task() for _ in range(runs))
    spark.stop()
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inlet", default=str(ROOT / "build/release/inlet"))
    parser.add_argument("--spark")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    import with_server

    results = {}
    with with_server.Server(arguments.inlet) as server:
        results["Inlet"] = measure(server.remote, arguments.runs)
    if arguments.spark:
        results["Apache Spark"] = measure(arguments.spark, arguments.runs)
    print("| wall seconds | " + " | ".join(results) + " |")
    print("| --- |" + " --- |" * len(results))
    for name in results["Inlet"]:
        print(f"| {name} | " + " | ".join(f"{found[name]:.2f}" for found in results.values()) + " |")


if __name__ == "__main__":
    main()
