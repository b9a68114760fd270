"""The change feed of a table keeps another one up to date."""

import os
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
path = tempfile.mkdtemp(prefix="changes.") + "/accounts"
accounts = spark.createDataFrame([(1, 100), (2, 50)], "id int, amount int")
accounts.write.format("delta").option("delta.enableChangeDataFeed", "true").save(path)
spark.sql(f"UPDATE delta.`{path}` SET amount = 70 WHERE id = 2")
spark.sql(f"DELETE FROM delta.`{path}` WHERE id = 1")

feed = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", 1).load(path)
kinds = {row._change_type: row.n for row in feed.groupBy("_change_type").agg(F.count("*").alias("n")).collect()}
assert kinds == {"update_preimage": 1, "update_postimage": 1, "delete": 1}, kinds

net = feed.where("_change_type IN ('update_postimage', 'delete')").orderBy("_commit_version")
assert [(row.id, row._change_type) for row in net.collect()] == [(2, "update_postimage"), (1, "delete")]
