"""The newest state of each key from a stream of changes: foreachBatch with MERGE, stopped and started again."""

import os
import pathlib
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
root = pathlib.Path(tempfile.mkdtemp())
landing, checkpoint = root / "landing", root / "checkpoint"
landing.mkdir()
spark.sql("CREATE OR REPLACE TABLE customers (id BIGINT, city STRING, changed BIGINT)")


def upsert(batch, batch_id):
    """Runs in a Python process of the server, once for each batch."""
    newest = batch.groupBy("id").agg(F.max_by("city", "changed").alias("city"), F.max("changed").alias("changed"))
    newest.createOrReplaceTempView("changes")
    batch.sparkSession.sql(
        """MERGE INTO customers USING changes ON customers.id = changes.id
           WHEN MATCHED AND changes.changed > customers.changed THEN UPDATE SET *
           WHEN NOT MATCHED THEN INSERT *"""
    )


def run():
    (
        spark.readStream.schema("id BIGINT, city STRING, changed BIGINT")
        .json(str(landing))
        .writeStream.foreachBatch(upsert)
        .option("checkpointLocation", str(checkpoint))
        .trigger(availableNow=True)
        .start()
        .awaitTermination()
    )


(landing / "1.json").write_text('{"id":1,"city":"Ulm","changed":1}\n{"id":2,"city":"Bonn","changed":1}\n{"id":1,"city":"Kiel","changed":2}\n')
run()
(landing / "2.json").write_text('{"id":2,"city":"Jena","changed":3}\n{"id":3,"city":"Trier","changed":3}\n')
run()
assert {row.id: row.city for row in spark.table("customers").collect()} == {1: "Kiel", 2: "Jena", 3: "Trier"}
