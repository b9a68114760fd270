"""Files with broken records: good rows go on, the others are kept aside with where they came from."""

import os
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
landing = tempfile.mkdtemp(prefix="quarantine.")
with open(landing + "/orders.csv", "w") as file:
    file.write("id,pieces\n1,5\n2,many\n3,7\n")

read = (
    spark.read.schema("id INT, pieces INT, _corrupt_record STRING")
    .option("header", True)
    .csv(landing)
    .withColumn("source", F.col("_metadata.file_name"))
)
spark.sql("DROP TABLE IF EXISTS good_orders")
spark.sql("DROP TABLE IF EXISTS bad_orders")
read.where("_corrupt_record IS NULL").drop("_corrupt_record").write.saveAsTable("good_orders")
read.where("_corrupt_record IS NOT NULL").select("_corrupt_record", "source").write.saveAsTable("bad_orders")

assert [row.id for row in spark.table("good_orders").orderBy("id").collect()] == [1, 3]
assert [tuple(row) for row in spark.table("bad_orders").collect()] == [("2,many", "orders.csv")]
