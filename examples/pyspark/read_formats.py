"""The readers: load, format, option, schema, and the short forms."""

import os
import pathlib
import tempfile

from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "a.csv").write_text("id;name\n1;Ann\n2;Bob\n")
(folder / "b.json").write_text('{"id": 1, "tags": ["x", "y"]}\n{"id": 2, "tags": []}\n')
(folder / "c.txt").write_text("first line\nsecond line\n")

csv = spark.read.format("csv").option("header", True).option("sep", ";").option("inferSchema", True).load(str(folder / "a.csv"))
csv.printSchema()
assert csv.count() == 2

json = spark.read.schema("id INT, tags ARRAY<STRING>").json(str(folder / "b.json"))
assert json.selectExpr("sum(size(tags))").first()[0] == 2

text = spark.read.text(str(folder / "c.txt"))
assert [row.value for row in text.collect()] == ["first line", "second line"]

files = spark.sql("SELECT * FROM read_files(:path, format => 'json')", args={"path": str(folder / "b.json")})
assert files.count() == 2
