"""Files into a table as they come, each once: Auto Loader with a checkpoint, stopped and started again."""

import os
import pathlib
import tempfile

from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
root = pathlib.Path(tempfile.mkdtemp())
landing, checkpoint = root / "landing", root / "checkpoint"
landing.mkdir()
spark.sql("DROP TABLE IF EXISTS events")


def load():
    """One run: everything that is new since the last one."""
    query = (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "json")
        .option("cloudFiles.schemaLocation", str(checkpoint))
        .load(str(landing))
        .writeStream.option("checkpointLocation", str(checkpoint))
        .trigger(availableNow=True)
        .toTable("events")
    )
    query.awaitTermination()
    return query


(landing / "1.json").write_text('{"id": 1, "kind": "open"}\n{"id": 2, "kind": "close"}\n')
first = load()
assert spark.table("events").count() == 2
assert first.lastProgress["numInputRows"] == 2

(landing / "2.json").write_text('{"id": 3, "kind": "open"}\n')
second = load()
assert second.id == first.id and second.runId != first.runId
assert sorted(row.id for row in spark.table("events").collect()) == ["1", "2", "3"]  # JSON is text unless inferColumnTypes is on.
