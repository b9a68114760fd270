"""Files to a bronze table, cleaned to silver, summed up to gold."""

import os
import pathlib
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()

landing = pathlib.Path(tempfile.mkdtemp())
(landing / "orders-1.csv").write_text("id,customer,amount,day\n1,Ann,10.50,2024-01-31\n2,Bob,,2024-02-01\n")
(landing / "orders-2.csv").write_text("id,customer,amount,day\n3,Ann,7.25,2024-02-01\n3,Ann,7.25,2024-02-01\n")

for schema in ("bronze", "silver", "gold"):
    spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")

bronze = (
    spark.read.format("csv")
    .option("header", True)
    .schema("id INT, customer STRING, amount DECIMAL(10,2), day DATE")
    .load(str(landing))
    .select("*", F.col("_metadata.file_name").alias("source"))
)
bronze.write.mode("overwrite").option("overwriteSchema", True).saveAsTable("bronze.orders")

silver = spark.table("bronze.orders").dropDuplicates(["id"]).na.drop(subset=["amount"])
silver.write.mode("overwrite").option("overwriteSchema", True).saveAsTable("silver.orders")

gold = spark.table("silver.orders").groupBy("customer").agg(F.sum("amount").alias("total"), F.count("*").alias("orders"))
gold.write.mode("overwrite").option("overwriteSchema", True).saveAsTable("gold.customers")

spark.table("gold.customers").orderBy("customer").show()
assert [(r.customer, float(r.total), r.orders) for r in spark.table("gold.customers").collect()] == [("Ann", 17.75, 2)]
