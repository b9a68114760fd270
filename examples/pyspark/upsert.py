"""New and changed rows into a table, by SQL and by the DataFrame."""

import os

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
spark.sql("CREATE OR REPLACE TABLE stock (item STRING, pieces INT)")
spark.createDataFrame([("nail", 100), ("screw", 50)], "item string, pieces int").write.insertInto("stock")

changes = spark.createDataFrame([("screw", 70), ("bolt", 5)], "item string, pieces int").alias("changes")
(
    changes.mergeInto("stock", F.expr("stock.item = changes.item"))
    .whenMatched()
    .update({"pieces": F.expr("changes.pieces")})
    .whenNotMatched()
    .insertAll()
    .merge()
)
assert {row.item: row.pieces for row in spark.table("stock").collect()} == {"nail": 100, "screw": 70, "bolt": 5}
