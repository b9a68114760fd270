#!/usr/bin/env python3
"""Asks Apache Spark for the columns and rows, or the error, of every query of queries.sql.

Usage: record_queries.py        writes spark_answers.json beside it (needs pyspark 4.1 and a JDK 17)
"""
import json
import pathlib
import re

from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).parent


def blocks():
    for block in (HERE / "queries.sql").read_text().split("\n\n"):
        lines = [line for line in block.strip().splitlines() if not line.startswith("-- ")]
        if lines:
            yield "\n".join(lines)


def ask(spark, query):
    try:
        frame = spark.sql(query)
        named = frame.toDF(*[f"c{i}" for i in range(len(frame.columns))])
        shown = [
            f"hex(c{i})" if field.dataType.simpleString() == "binary" else
            f"to_json(c{i})" if field.dataType.simpleString() == "variant" else f"cast(c{i} as string)"
            for i, field in enumerate(frame.schema)
        ]
        return {
            "columns": [[field.name, field.dataType.simpleString()] for field in frame.schema],
            "rows": [list(row) for row in named.selectExpr(*shown).collect()],
        }
    except Exception as error:  # Any failure of Spark is its answer.
        found = re.search(r"\[([A-Z][A-Z0-9_.]{3,})\]", str(error))
        return {"error": found.group(1) if found else str(error)[:200]}


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    answers = {}
    for block in blocks():
        if block.startswith("CREATE"):
            spark.sql(block)
        else:
            answers[block] = ask(spark, block)
    lines = ",\n".join(
        f" {json.dumps(query, ensure_ascii=False)}: {json.dumps(answer, ensure_ascii=False)}"
        for query, answer in answers.items()
    )
    (HERE / "spark_answers.json").write_text("{\n" + lines + "\n}\n")
    print(len(answers), "queries")


if __name__ == "__main__":
    main()
