#!/usr/bin/env python3
"""Asks Apache Spark for the type and value, or the error, of every line of expressions.txt.

Usage: record_functions.py [--all]     writes spark_answers.json beside it (needs pyspark 4.1 and a JDK 17)

Lines that have an answer keep it, unless --all is said.
"""
import json
import pathlib
import re
import sys

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).parent
ZONES = {"UTC": None, "America/New_York": {"dates", "casts", "edge dates", "edge casts", "edge time"}}


def sections():
    section = ""
    for line in (HERE / "expressions.txt").read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line and not line.startswith("# "):
            yield section, line


def canonical(frame):
    frame = frame.limit(100)
    kind = frame.schema[0].dataType.simpleString()
    named = frame.toDF(*[f"c{i}" for i in range(len(frame.columns))])
    shown = "hex(c0)" if kind == "binary" else "cast(c0 as string)"
    return kind, [row[0] for row in named.selectExpr(shown).collect()]


def ask(spark, line):
    try:
        kind, rows = canonical(spark.sql("SELECT " + line))
        return {"type": kind, "rows": rows}
    except PySparkException as error:
        return {"error": error.getCondition() or str(error)[:200]}
    except Exception as error:  # What Spark does not name.
        found = re.search(r"\[([A-Z_.]+)\]", str(error))
        return {"error": found.group(1) if found else str(error)[:200]}


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    known = {} if "--all" in sys.argv else json.loads((HERE / "spark_answers.json").read_text())
    answers = {}
    for zone, wanted in ZONES.items():
        spark.conf.set("spark.sql.session.timeZone", zone)
        answers[zone] = {
            line: known.get(zone, {}).get(line) or ask(spark, line)
            for section, line in sections()
            if wanted is None or section in wanted
        }
    lines = []
    for zone, cases in answers.items():
        rows = ",\n".join(f"  {json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}" for k, v in cases.items())
        lines.append(f" {json.dumps(zone)}: {{\n{rows}\n }}")
    (HERE / "spark_answers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
