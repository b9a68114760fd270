"""A table as files for others: partitioned Parquet, compressed CSV, and only the days that changed written anew."""

import os
import tempfile

from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
out = tempfile.mkdtemp(prefix="files_out.")
sales = spark.createDataFrame(
    [("2024-05-01", "nail", 10), ("2024-05-01", "screw", 4), ("2024-05-02", "nail", 7)], "day string, item string, pieces int"
)
sales.write.partitionBy("day").parquet(out + "/sales")

corrected = spark.createDataFrame([("2024-05-02", "nail", 8)], "day string, item string, pieces int")
(
    corrected.write.mode("overwrite")
    .option("partitionOverwriteMode", "dynamic")
    .partitionBy("day")
    .parquet(out + "/sales")
)
assert spark.read.parquet(out + "/sales").agg({"pieces": "sum"}).first()[0] == 22

sales.coalesce(1).write.option("header", True).option("compression", "gzip").csv(out + "/csv")
assert spark.read.option("header", True).option("inferSchema", True).csv(out + "/csv").count() == 3
