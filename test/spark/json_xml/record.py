"""Writes answers.jsonl: what Apache Spark makes of each of cases.py. Needs pyspark and a JDK 17."""

import base64
import json
import os
import shutil
import tempfile

from pyspark.sql import SparkSession, functions as F
from pyspark.sql.types import VariantType

from cases import CASES


def ask(spark, case, directory):
    path = os.path.join(directory, case["name"])
    os.mkdir(path)
    with open(os.path.join(path, "f." + case["format"]), "wb") as file:
        file.write(case["content"])
    reader = spark.read.format(case["format"]).options(**case["options"])
    try:
        if case["schema"]:
            reader = reader.schema(case["schema"])
        frame = reader.load(path)
        columns = [(F.to_json if isinstance(field.dataType, VariantType) else lambda c: c.cast("string"))(
            F.col("`%s`" % field.name.replace("`", "``"))) for field in frame.schema.fields]
        columns = [column.alias("c%d" % i) for i, column in enumerate(columns)]
        rows = [list(row) for row in frame.select(*columns).collect()]
        types = [[field.name, field.dataType.simpleString()] for field in frame.schema.fields]
        return {"types": types, "rows": rows}
    except Exception as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        return {"error": condition}


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.sql.session.timeZone", "UTC").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    directory = tempfile.mkdtemp()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "answers.jsonl"), "w", encoding="utf-8") as out:
        for case in CASES:
            answer = ask(spark, case, directory)
            record = dict(case, content=base64.b64encode(case["content"]).decode(), **answer)
            out.write(json.dumps(record, ensure_ascii=True, separators=(",", ":")) + "\n")
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
