"""What people do with PySpark, done with the stock client against the real program.

    client_test.py PROGRAM [TEST...]
"""

import datetime
import decimal
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import with_server
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

HERE = pathlib.Path(__file__).parent
PROGRAM = sys.argv[1]


def shown(frame, *arguments, **named):
    """What show() prints."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        frame.show(*arguments, **named)
    return out.getvalue().removesuffix("\n")


class ConnectTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = with_server.Server(PROGRAM)
        cls.server.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.spark = SparkSession.builder.remote(self.server.remote).create()

    def tearDown(self):
        self.spark.stop()
        self.assertTrue(self.server.is_alive(), "the server died")

    def rows(self, frame):
        return [tuple(row) for row in frame.collect()]


class Queries(ConnectTest):
    def test_sql(self):
        self.assertEqual(self.rows(self.spark.sql("SELECT 1 AS a, 'x' AS b")), [(1, "x")])

    def test_parameters(self):
        spark = self.spark
        self.assertEqual(self.rows(spark.sql("SELECT :a + 1", args={"a": 1})), [(2,)])
        self.assertEqual(self.rows(spark.sql("SELECT ? || ?", args=["a", "b"])), [("ab",)])
        frame = spark.range(3)
        self.assertEqual(self.rows(spark.sql("SELECT count(*) FROM {d}", d=frame)), [(3,)])

    def test_all_types_come_back(self):
        row = self.spark.sql(
            """SELECT CAST(1 AS TINYINT), CAST(2 AS SMALLINT), 3, 4L, CAST(1.5 AS FLOAT), 2.5D, 12.30BD,
               'text', X'0AFF', DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.789',
               TIMESTAMP_NTZ '2024-02-29 12:34:56', true, NULL, array(1, NULL), map('k', 1),
               named_struct('a', 1, 'b', 'x'), INTERVAL '1 02:03:04' DAY TO SECOND"""
        ).first()
        self.assertEqual(
            list(row),
            [1, 2, 3, 4, 1.5, 2.5, decimal.Decimal("12.30"), "text", bytearray(b"\x0a\xff"),
             datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 34, 56, 789000),
             datetime.datetime(2024, 2, 29, 12, 34, 56), True, None, [1, None], {"k": 1},
             Row(a=1, b="x"), datetime.timedelta(days=1, hours=2, minutes=3, seconds=4)],
        )

    def test_range_and_show(self):
        self.assertEqual(self.spark.range(5).count(), 5)
        self.assertEqual(self.rows(self.spark.range(1, 10, 4)), [(1,), (5,), (9,)])
        self.assertEqual(
            shown(self.spark.range(3), 2),
            "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+\nonly showing top 2 rows",
        )
        self.assertEqual(
            shown(self.spark.sql("SELECT 'a long text indeed, yes' t, NULL n"), vertical=True),
            "-RECORD 0-------------------\n t   | a long text indee... \n n   | NULL                 \n",
        )

    def test_schema(self):
        frame = self.spark.sql("SELECT 1 a, array('x') b")
        self.assertEqual(frame.schema.simpleString(), "struct<a:int,b:array<string>>")
        self.assertEqual(frame.columns, ["a", "b"])

    def test_pandas_and_arrow(self):
        frame = self.spark.range(100000).withColumn("s", F.col("id").cast("string"))
        pandas = frame.toPandas()
        self.assertEqual(len(pandas), 100000)
        self.assertEqual(pandas["s"][99999], "99999")
        self.assertEqual(frame.toArrow().num_rows, 100000)
        self.assertEqual(list(self.spark.sql("SELECT 1 AS x WHERE false").toPandas().columns), ["x"])

    def test_create_data_frame(self):
        spark = self.spark
        frame = spark.createDataFrame([(1, "a"), (2, None)], ["id", "name"])
        self.assertEqual(self.rows(frame), [(1, "a"), (2, None)])
        self.assertEqual(self.rows(spark.createDataFrame([Row(x=1.5)])), [(1.5,)])
        self.assertEqual(spark.createDataFrame([], "a int, b string").count(), 0)
        self.assertEqual(self.rows(spark.createDataFrame(frame.toPandas()).select("id")), [(1,), (2,)])
        big = spark.createDataFrame([(i, "x" * 100) for i in range(20000)], ["i", "s"])
        self.assertEqual(self.rows(big.agg(F.sum("i"), F.count("s"))), [(199990000, 20000)])

    def test_config(self):
        spark = self.spark
        spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
        self.assertEqual(spark.conf.get("spark.sql.session.timeZone"), "America/Los_Angeles")
        text = spark.sql("SELECT CAST(TIMESTAMP '2024-01-01 00:00:00Z' AS STRING)").first()[0]
        self.assertEqual(text, "2023-12-31 16:00:00")
        self.assertEqual(spark.conf.get("no.such.key", "d"), "d")
        with self.assertRaises(PySparkException):
            spark.conf.get("no.such.key")

    def test_version(self):
        self.assertTrue(self.spark.version.startswith("4."))


class Errors(ConnectTest):
    def test_classes_and_conditions(self):
        spark = self.spark
        with self.assertRaises(ParseException) as parse:
            spark.sql("SELEC 1")
        self.assertEqual(parse.exception.getCondition(), "PARSE_SYNTAX_ERROR")
        self.assertEqual(parse.exception.getSqlState(), "42601")
        with self.assertRaises(AnalysisException) as missing:
            spark.table("no_such_table").collect()
        self.assertEqual(missing.exception.getCondition(), "TABLE_OR_VIEW_NOT_FOUND")
        with self.assertRaises(AnalysisException) as column:
            spark.range(1).select("idd").collect()
        self.assertEqual(column.exception.getCondition(), "UNRESOLVED_COLUMN.WITH_SUGGESTION")
        self.assertIn("`id`", column.exception.getMessageParameters()["proposal"])
        with self.assertRaises(PySparkException) as division:
            spark.sql("SELECT 1 / 0").collect()
        self.assertEqual(division.exception.getCondition(), "DIVIDE_BY_ZERO")
        self.assertIn("ArithmeticException", type(division.exception).__name__)

    def test_long_messages(self):
        with self.assertRaises(PySparkException) as raised:
            self.spark.sql(f"SELECT raise_error('{'x' * 50000}')").collect()
        self.assertEqual(raised.exception.getCondition(), "USER_RAISED_EXCEPTION")

    def test_interrupt(self):
        spark = self.spark
        caught = []

        def run():
            try:
                spark.addTag("slow")
                spark.sql("SELECT sum(a.id * b.id) FROM range(3000000) a, range(3000000) b").collect()
            except Exception as error:
                caught.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        for _ in range(100):
            if spark.interruptTag("slow"):
                break
            thread.join(0.1)
        thread.join(30)
        self.assertFalse(thread.is_alive())
        self.assertIn("OPERATION_CANCELED", str(caught[0]))


class Frames(ConnectTest):
    def people(self):
        return self.spark.createDataFrame(
            [(2, "Alice", 80.0), (5, "Bob", None), (7, "Tom", 90.5)], ["age", "name", "height"])

    def test_select(self):
        df = self.people()
        self.assertEqual(self.rows(df.select("name", (df.age + 1).alias("next")).filter(F.col("next") > 3)),
                         [("Bob", 6), ("Tom", 8)])
        self.assertEqual(df.select(df.age + 1, F.upper("name")).columns, ["(age + 1)", "upper(name)"])
        self.assertEqual(df.selectExpr("age * 2 AS d", "*").columns, ["d", "age", "name", "height"])
        self.assertEqual(df.withColumn("age", F.lit(1)).withColumn("b", F.lit("x")).columns,
                         ["age", "name", "height", "b"])
        self.assertEqual(df.drop("age", "nothing").withColumnRenamed("name", "n").columns, ["n", "height"])
        self.assertEqual(df.toDF("a", "b", "c").columns, ["a", "b", "c"])

    def test_hidden_columns_sort(self):
        self.assertEqual(self.rows(self.people().select("name").sort(F.desc("age"))),
                         [("Tom",), ("Bob",), ("Alice",)])

    def test_aggregates(self):
        df = self.spark.range(10).withColumn("k", F.col("id") % 2)
        self.assertEqual(sorted(self.rows(df.groupBy("k").agg(F.sum("id").alias("s"), F.count("*")))),
                         [(0, 20, 5), (1, 25, 5)])
        self.assertEqual(df.groupBy("k").count().columns, ["k", "count"])
        self.assertEqual(len(self.rows(df.rollup("k").count())), 3)
        self.assertEqual(len(self.rows(df.cube("k").count())), 3)
        pivoted = df.withColumn("p", F.col("id") % 3).groupBy("k").pivot("p").sum("id").sort("k")
        self.assertEqual(pivoted.columns, ["k", "0", "1", "2"])
        self.assertEqual(self.rows(pivoted), [(0, 6, 4, 10), (1, 12, 8, 5)])

    def test_joins(self):
        left = self.spark.createDataFrame([(1, "a"), (2, "b")], ["id", "l"])
        right = self.spark.createDataFrame([(2, "x"), (3, "y")], ["id", "r"])
        self.assertEqual(self.rows(left.join(right, "id")), [(2, "b", "x")])
        self.assertEqual(sorted(self.rows(left.join(right, "id", "outer")), key=str),
                         [(1, "a", None), (2, "b", "x"), (3, None, "y")])
        on = left.join(right, left.id == right.id, "left")
        self.assertEqual(on.columns, ["id", "l", "id", "r"])
        self.assertEqual(sorted(self.rows(on.select(left.id, right.id, "r")), key=str),
                         [(1, None, None), (2, 2, "x")])
        self.assertEqual(on.drop(right.id).columns, ["id", "l", "r"])
        self.assertEqual(self.rows(left.join(right, "id", "left_anti")), [(1, "a")])
        self.assertEqual(self.rows(left.join(right, "id", "left_semi")), [(2, "b")])
        self.assertEqual(left.crossJoin(right).count(), 4)
        aliased = left.alias("a").join(right.alias("b"), F.col("a.id") == F.col("b.id"))
        self.assertEqual(self.rows(aliased.select("a.l", "b.r")), [("b", "x")])
        with self.assertRaises(AnalysisException) as ambiguous:
            on.select("id").collect()
        self.assertEqual(ambiguous.exception.getCondition(), "AMBIGUOUS_REFERENCE")

    def test_windows_and_sets(self):
        df = self.spark.range(6).withColumn("k", F.col("id") % 2)
        w = Window.partitionBy("k").orderBy("id")
        self.assertEqual(sorted(self.rows(df.select("id", F.row_number().over(w).alias("n"))))[:3],
                         [(0, 1), (1, 1), (2, 2)])
        running = F.sum("id").over(w.rowsBetween(Window.unboundedPreceding, 0)).alias("s")
        self.assertEqual(sorted(self.rows(df.select("id", running)))[-1], (5, 9))
        a, b = self.spark.range(3), self.spark.range(2, 5)
        self.assertEqual(a.union(b).count(), 6)
        self.assertEqual(self.rows(a.intersect(b)), [(2,)])
        self.assertEqual(sorted(self.rows(a.subtract(b))), [(0,), (1,)])
        named = a.withColumn("x", F.lit(1)).unionByName(b.withColumn("y", F.lit(2)), allowMissingColumns=True)
        self.assertEqual(named.columns, ["id", "x", "y"])
        self.assertEqual(a.union(a).distinct().count(), 3)
        self.assertEqual(df.dropDuplicates(["k"]).count(), 2)
        self.assertEqual(self.rows(a.tail(2) and a.limit(2).offset(1)), [(1,)])
        self.assertEqual([row.id for row in a.tail(2)], [1, 2])

    def test_nested(self):
        df = self.spark.createDataFrame([(1, [10, 20], {"a": 1}, Row(f=7))], ["i", "l", "m", "s"])
        self.assertEqual(self.rows(df.select(F.explode("l"))), [(10,), (20,)])
        self.assertEqual(self.rows(df.select("i", F.posexplode("l").alias("p", "v"))), [(1, 0, 10), (1, 1, 20)])
        self.assertEqual(self.rows(df.select(df.l[1], df.m["a"], df.s.f, df.s["f"], "s.f")), [(20, 1, 7, 7, 7)])
        self.assertEqual(self.rows(df.select(F.transform("l", lambda x: x + 1))), [([11, 21],)])
        self.assertEqual(self.rows(df.select("s.*")), [(7,)])
        self.assertEqual(self.rows(df.select(df.s.withField("g", F.lit(1)).alias("t")).select("t.g")), [(1,)])

    def test_nulls_and_statistics(self):
        df = self.people()
        self.assertEqual(self.rows(df.na.fill(0).select("height")), [(80.0,), (0.0,), (90.5,)])
        self.assertEqual(df.na.drop().count(), 2)
        self.assertEqual(self.rows(df.na.replace("Tom", "Tim").select("name"))[2], ("Tim",))
        self.assertEqual([row[0] for row in df.describe().collect()], ["count", "mean", "stddev", "min", "max"])
        self.assertAlmostEqual(df.stat.corr("age", "age"), 1.0)
        self.assertEqual(df.approxQuantile("age", [0.5], 0.0), [5.0])
        self.assertEqual(self.rows(df.unpivot("name", ["age"], "k", "v"))[0], ("Alice", "age", 2))

    def test_views_and_catalog(self):
        spark = self.spark
        self.people().createOrReplaceTempView("people")
        self.assertEqual(self.rows(spark.sql("SELECT count(*) FROM people")), [(3,)])
        self.assertTrue(spark.catalog.tableExists("people"))
        self.assertTrue(spark.catalog.dropTempView("people"))
        self.assertFalse(spark.catalog.tableExists("people"))
        self.assertEqual(spark.catalog.currentDatabase(), "default")
        self.assertIn("default", [d.name for d in spark.catalog.listDatabases()])
        other = SparkSession.builder.remote(self.server.remote).create()
        self.people().createOrReplaceTempView("mine")
        with self.assertRaises(AnalysisException):
            other.table("mine").collect()
        other.stop()

    def test_observe_and_checkpoint(self):
        from pyspark.sql import Observation

        seen = Observation("seen")
        self.assertEqual(len(self.spark.range(5).observe(seen, F.count(F.lit(1)).alias("n")).collect()), 5)
        self.assertEqual(seen.get, {"n": 5})
        self.assertEqual(self.spark.range(4).localCheckpoint().count(), 4)


class Tables(ConnectTest):
    def test_save_and_read(self):
        spark = self.spark
        df = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "name"])
        df.write.saveAsTable("saved")
        df.write.mode("append").saveAsTable("saved")
        self.assertEqual(spark.table("saved").count(), 4)
        df.limit(1).write.mode("overwrite").saveAsTable("saved")
        self.assertEqual(spark.read.table("saved").count(), 1)
        self.assertEqual(spark.read.option("versionAsOf", 0).table("saved").count(), 2)
        df.write.insertInto("saved")
        self.assertEqual(spark.table("saved").count(), 3)
        with self.assertRaises(AnalysisException) as exists:
            df.write.saveAsTable("saved")
        self.assertEqual(exists.exception.getCondition(), "TABLE_OR_VIEW_ALREADY_EXISTS")
        spark.sql("DROP TABLE saved")

    def test_paths(self):
        spark = self.spark
        path = tempfile.mkdtemp() + "/t"
        df = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "name"])
        df.write.format("delta").partitionBy("name").save(path)
        df.write.format("delta").mode("append").save(path)
        self.assertEqual(spark.read.format("delta").load(path).count(), 4)
        self.assertEqual(spark.read.load(path, versionAsOf=0).count(), 2)
        folder = tempfile.mkdtemp()
        pathlib.Path(folder, "a.csv").write_text("id,v\n1,x\n2,y\n")
        read = spark.read.csv(folder, header=True, inferSchema=True)
        self.assertEqual(self.rows(read.sort("id")), [(1, "x"), (2, "y")])
        self.assertEqual(read.select("id", "_metadata.file_name").first()[1], "a.csv")
        self.assertEqual(spark.read.schema("id int, v string").option("header", True).csv(folder).schema.simpleString(),
                         "struct<id:int,v:string>")

    def test_write_to(self):
        spark = self.spark
        spark.range(3).writeTo("v2").using("delta").create()
        spark.range(2).writeTo("v2").append()
        self.assertEqual(spark.table("v2").count(), 5)
        spark.range(1).writeTo("v2").createOrReplace()
        self.assertEqual(spark.table("v2").count(), 1)
        spark.sql("DROP TABLE v2")


class Streams(ConnectTest):
    def test_tables_and_queries(self):
        spark = self.spark
        root = tempfile.mkdtemp()
        spark.range(3).write.format("delta").save(root + "/source")
        stream = spark.readStream.format("delta").load(root + "/source")
        self.assertTrue(stream.isStreaming)
        query = (stream.writeStream.format("delta").queryName("copy")
                 .option("checkpointLocation", root + "/checkpoint").start(root + "/target"))
        query.processAllAvailable()
        self.assertEqual([q.name for q in spark.streams.active], ["copy"])
        self.assertEqual(spark.streams.get(query.id).runId, query.runId)
        self.assertTrue(query.isActive)
        self.assertEqual(spark.read.format("delta").load(root + "/target").count(), 3)
        spark.range(3, 5).write.format("delta").mode("append").save(root + "/source")
        query.processAllAvailable()
        self.assertEqual(spark.read.format("delta").load(root + "/target").count(), 5)
        self.assertEqual(query.lastProgress["batchId"], 1)
        query.stop()
        self.assertFalse(query.isActive)
        self.assertIsNone(query.exception())

    def test_memory_sink(self):
        spark = self.spark
        root = tempfile.mkdtemp()
        spark.range(4).write.format("delta").save(root + "/source")
        query = (spark.readStream.format("delta").load(root + "/source").filter("id > 1")
                 .writeStream.format("memory").queryName("seen").trigger(availableNow=True).start())
        self.assertTrue(query.awaitTermination(30))
        self.assertEqual(self.rows(spark.sql("SELECT count(*) FROM seen")), [(2,)])


class Hostile(ConnectTest):
    def test_deep_plans(self):
        frame = self.spark.range(1)
        for i in range(200):
            frame = frame.withColumn("c", F.lit(i))
        self.assertEqual(self.rows(frame), [(0, 199)])
        for i in range(2000):
            frame = frame.filter("true")
        with self.assertRaises(Exception):
            frame.collect()

    def test_deep_expressions(self):
        value = F.col("id")
        for _ in range(40):  # The client itself does not send twice as many.
            value = value + 1
        self.assertEqual(self.rows(self.spark.range(1).select(value.alias("v"))), [(40,)])
        condition = " OR ".join(f"id = {i}" for i in range(1000))
        self.assertEqual(self.spark.range(2000).filter(condition).count(), 1000)

    def test_huge_literal(self):
        self.assertEqual(self.spark.range(1).select(F.length(F.lit("x" * 10_000_000))).first()[0], 10_000_000)

    def test_many_clients(self):
        failures = []

        def one(number):
            try:
                spark = SparkSession.builder.remote(self.server.remote).create()
                spark.range(number).createOrReplaceTempView("own")
                if spark.sql("SELECT count(*) FROM own").first()[0] != number:
                    failures.append(number)
                spark.stop()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=one, args=(i,)) for i in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class Frames(ConnectTest):
    """What Apache Spark's own client of 4.1 cannot do, so that cases.py cannot record it, or has no fixed answer."""

    def test_texts_of_a_frame_are_read(self):
        spark = self.spark
        lines = spark.createDataFrame([('{"a":1,"b":[1,2]}',), ('{"a":null}',)], "value string")
        frame = spark.read.json(lines)
        self.assertEqual(frame.schema.simpleString(), "struct<a:bigint,b:array<bigint>>")
        self.assertEqual(self.rows(frame), [(1, [1, 2]), (None, None)])
        texts = spark.createDataFrame([("1,a",), ("2,b",)], "value string")
        self.assertEqual(self.rows(spark.read.schema("i INT, s STRING").csv(texts)), [(1, "a"), (2, "b")])
        self.assertEqual(self.rows(spark.read.option("inferSchema", True).csv(texts)), [(1, "a"), (2, "b")])

    def test_rows_as_json(self):
        self.assertEqual(self.rows(self.spark.range(2).toJSON()), [('{"id":0}',), ('{"id":1}',)])

    def test_options_that_nobody_knows_are_ignored(self):
        folder = tempfile.mkdtemp()
        pathlib.Path(folder, "a.csv").write_text("1\n")
        self.assertEqual(self.rows(self.spark.read.option("nobody", "knows").csv(folder)), [("1",)])

    def test_names_may_stand_twice(self):
        frame = self.spark.sql("SELECT 1 AS a, 2 AS a")
        self.assertEqual(frame.columns, ["a", "a"])
        self.assertEqual(list(frame.first()), [1, 2])

    def test_what_a_command_gives_has_a_schema(self):
        self.assertEqual(self.spark.sql("DROP TABLE IF EXISTS nothing").collect(), [])
        self.assertEqual(repr(self.spark.sql("DROP TABLE IF EXISTS nothing")), "DataFrame[]")

    def test_joins_of_nearest_rows(self):
        spark = self.spark
        left = spark.createDataFrame([(1, "a"), (5, "b"), (10, "c")], "a int, l string")
        right = spark.createDataFrame([(1, 1), (2, 2), (3, 3), (6, 6), (7, 7)], "a int, r int")

        def joined(**named):
            frame = left._joinAsOf(right, leftAsOfColumn="a", rightAsOfColumn="a", **named)
            return sorted(self.rows(frame.select(left.a, "l", "r")))

        self.assertEqual(joined(), [(1, "a", 1), (5, "b", 3), (10, "c", 7)])
        self.assertEqual(joined(allowExactMatches=False, how="left"), [(1, "a", None), (5, "b", 3), (10, "c", 7)])
        self.assertEqual(joined(direction="forward"), [(1, "a", 1), (5, "b", 6)])
        self.assertEqual(joined(direction="nearest"), [(1, "a", 1), (5, "b", 6), (10, "c", 7)])
        self.assertEqual(joined(tolerance=F.lit(1)), [(1, "a", 1)])
        best = left.nearestByJoin(right, F.abs(left.a - right.a), 2, "exact", "distance")
        self.assertEqual(sorted(self.rows(best.select("l", "r")))[:2], [("a", 1), ("a", 2)])

    def test_samples(self):
        frame = self.spark.range(1000)
        self.assertEqual(frame.sample(True, 0.5, seed=3).count(), frame.sample(True, 0.5, seed=3).count())
        self.assertTrue(1600 < frame.sample(True, 2.0, seed=1).count() < 2400)
        parts = frame.union(frame).randomSplit([0.2, 0.3, 0.5], seed=7)
        self.assertEqual(sum(part.count() for part in parts), 2000)


class Examples(ConnectTest):
    def test_examples(self):
        scripts = sorted((HERE / "../../examples/pyspark").glob("*.py"))
        self.assertTrue(scripts)
        for script in scripts:
            with self.subTest(script.name):
                done = subprocess.run(
                    [sys.executable, script], env={**os.environ, "SPARK_REMOTE": self.server.remote},
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                self.assertEqual(done.returncode, 0, done.stdout[-3000:])


class Documentation(unittest.TestCase):
    def test_examples_that_pass_keep_passing(self):
        done = subprocess.run(
            [sys.executable, HERE / "with_server.py", PROGRAM, sys.executable, HERE / "doctests.py",
             "{remote}", "--names", HERE / "doctests_everyday.txt"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:])


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
