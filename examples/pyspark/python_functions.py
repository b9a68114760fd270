"""Python in a query: row by row, by whole columns, in SQL, and over groups."""

import os

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost:15002")).getOrCreate()
readings = spark.createDataFrame(
    [("a", 20.5, "ok"), ("a", 21.5, "ok"), ("b", 80.0, "HOT"), ("b", 70.0, None)], "sensor string, celsius double, note string"
)


@F.udf("string")
def tidy(note):
    return "none" if note is None else note.capitalize()


@F.pandas_udf("double")
def fahrenheit(celsius: pd.Series) -> pd.Series:
    return celsius * 9 / 5 + 32


rows = readings.select("sensor", fahrenheit("celsius").alias("f"), tidy("note").alias("note")).collect()
assert [(row.sensor, round(row.f, 1), row.note) for row in rows] == [
    ("a", 68.9, "Ok"), ("a", 70.7, "Ok"), ("b", 176.0, "Hot"), ("b", 158.0, "none")]

spark.udf.register("fahrenheit", fahrenheit)
readings.createOrReplaceTempView("readings")
hot = spark.sql("SELECT sensor FROM readings WHERE fahrenheit(celsius) > 170").collect()
assert [row.sensor for row in hot] == ["b"]


def centred(group: pd.DataFrame) -> pd.DataFrame:
    return group.assign(celsius=group.celsius - group.celsius.mean())


spread = readings.groupBy("sensor").applyInPandas(centred, readings.schema)
assert sorted((row.sensor, row.celsius) for row in spread.collect()) == [("a", -0.5), ("a", 0.5), ("b", -5.0), ("b", 5.0)]
