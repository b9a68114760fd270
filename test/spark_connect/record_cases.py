"""Records what Apache Spark answers to cases.py. Needs pyspark with Spark Connect, delta-spark and a Java runtime:

    python record_cases.py [CASE...]

Without names it records all cases anew. Jars of Delta come from Maven, or from the folder that DELTA_JARS names.
"""

import glob
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TZ"] = "UTC"
from pyspark.sql import SparkSession

import cases
from cases_answer import answer

ANSWERS = pathlib.Path(__file__).parent / "cases_answers.json"
DELTA = "io.delta:delta-spark_4.1_2.13:4.4.0"
SETTINGS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.ui.enabled": "false",
    "spark.driver.memory": "1g",
}


def session(is_classic):
    builder = SparkSession.builder
    builder = builder.master("local[2]") if is_classic else builder.remote("local[2]")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    if jars := os.environ.get("DELTA_JARS"):
        builder = builder.config("spark.jars", ",".join(glob.glob(jars + "/*.jar")))
    else:
        builder = builder.config("spark.jars.packages", DELTA)
    return builder.getOrCreate()


def record(names, is_classic):
    os.chdir(tempfile.mkdtemp(prefix="record."))
    spark = session(is_classic)
    answers = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
    for name in names:
        answers[name] = answer(cases.CASES[name], spark)
        print(name, answers[name][0][:120] if answers[name] else "", flush=True)
        known = {known: answers[known] for known in cases.CASES if known in answers}
        ANSWERS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")


def main():
    if sys.argv[1:2] in (["--classic"], ["--connect"]):
        record(sys.argv[2:], sys.argv[1] == "--classic")
        return
    names = sys.argv[1:] or list(cases.CASES)
    for kind in ("--classic", "--connect"):
        chosen = [name for name in names if (name in cases.CLASSIC) == (kind == "--classic")]
        if chosen:
            subprocess.run([sys.executable, os.path.abspath(__file__), kind, *chosen], check=True)


if __name__ == "__main__":
    main()
