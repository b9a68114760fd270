"""A job that may run twice: numbered writes go in once, a day is replaced as a whole."""

import os
import tempfile

from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
path = tempfile.mkdtemp(prefix="replay.") + "/events"


def load(batch, rows):
    frame = spark.createDataFrame(rows, "day string, n int")
    frame.write.format("delta").mode("append").option("txnAppId", "loader").option("txnVersion", batch).save(path)


load(1, [("2024-05-01", 1), ("2024-05-02", 2)])
load(2, [("2024-05-02", 3)])
load(2, [("2024-05-02", 3)])  # The scheduler was not sure: nothing comes in twice.
assert spark.read.format("delta").load(path).count() == 3

day = spark.createDataFrame([("2024-05-02", 20)], "day string, n int")
day.write.format("delta").mode("overwrite").option("replaceWhere", "day = '2024-05-02'").save(path)
assert sorted(row.n for row in spark.read.format("delta").load(path).collect()) == [1, 20]
