"""Versions of a table: read an old one, look at the history, go back."""

import os
import tempfile

from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
path = tempfile.mkdtemp() + "/people"

spark.createDataFrame([(1, "Ann"), (2, "Bob")], ["id", "name"]).write.format("delta").save(path)
spark.createDataFrame([(3, "Cy")], ["id", "name"]).write.format("delta").mode("append").save(path)

spark.read.format("delta").load(path).show()
assert spark.read.format("delta").option("versionAsOf", 0).load(path).count() == 2

history = spark.sql(f"DESCRIBE HISTORY delta.`{path}`")
history.select("version", "operation").show()
assert [row.version for row in history.orderBy("version").collect()] == [0, 1]

spark.sql(f"RESTORE TABLE delta.`{path}` TO VERSION AS OF 0")
assert spark.read.load(path).count() == 2
