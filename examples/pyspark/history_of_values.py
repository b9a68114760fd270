"""A slowly changing dimension of type 2 with delta.tables: what was valid when."""

import os
import tempfile

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
path = tempfile.mkdtemp(prefix="history.") + "/customers"
columns = "id int, city string, since date, until date"
spark.sql("SELECT 1 id, 'Rome' city, DATE'2024-01-01' since, CAST(NULL AS DATE) until").write.format("delta").save(path)

news = spark.sql("SELECT 1 id, 'Oslo' city, DATE'2024-06-01' since UNION ALL SELECT 2, 'Bern', DATE'2024-06-01'")
table = DeltaTable.forPath(spark, path)
moved = news.alias("n").join(table.toDF().alias("t"), "id").where("t.until IS NULL AND t.city <> n.city").select("id", "n.city", "n.since")
# A row that moved closes the old line (by its key) and adds a new one (without a key).
staged = news.selectExpr("id AS key", "*").union(moved.selectExpr("CAST(NULL AS INT) AS key", "*"))
(
    table.alias("t")
    .merge(staged.alias("s"), "t.id = s.key AND t.until IS NULL")
    .whenMatchedUpdate("t.city <> s.city", {"until": "s.since"})
    .whenNotMatchedInsert(values={"id": "s.id", "city": "s.city", "since": "s.since", "until": "NULL"})
    .execute()
)
lines = {(row.id, row.city, str(row.until)) for row in table.toDF().collect()}
assert lines == {(1, "Rome", "2024-06-01"), (1, "Oslo", "None"), (2, "Bern", "None")}, lines
assert [row.operation for row in table.history().orderBy("version").collect()] == ["WRITE", "MERGE"]
