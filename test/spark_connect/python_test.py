"""Python functions of clients, with the stock client against the real program.

    python_test.py PROGRAM [TEST...]
"""

import datetime
import decimal
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import unittest
from typing import Iterator, Tuple

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import pandas as pd
import pyarrow as pa
from client_test import ConnectTest
from pyspark.errors import PySparkException, PythonException, StreamingQueryException
from pyspark.sql import Row, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.functions import pandas_udf, udf


def processes():
    """The Python processes of servers, by their number."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"inlet_worker.py" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


class Rows(ConnectTest):
    def test_values_of_every_type(self):
        row = self.spark.sql(
            """SELECT CAST(1 AS TINYINT) b, 2 i, 3L l, 1.5D d, 12.30BD m, 'text' s, X'0AFF' x,
               DATE '2024-02-29' t, TIMESTAMP '2024-02-29 12:34:56.789' ts, true o,
               array(1, NULL) a, map('k', 1) p, named_struct('a', 1, 'b', 'x') r""")
        for name in row.columns:
            same = udf(lambda value: value, row.schema[name].dataType)
            self.assertEqual(row.select(same(name)).first()[0], row.select(name).first()[0], name)
            nothing = udf(lambda value: None, row.schema[name].dataType)
            self.assertIsNone(row.select(nothing(name)).first()[0], name)
        seen = udf(lambda *values: " ".join(type(value).__name__ for value in values), "string")
        self.assertEqual(row.select(seen(*row.columns)).first()[0],
                         "int int int float Decimal str bytes date datetime bool list dict Row")

    def test_arguments(self):
        spark = self.spark
        frame = spark.createDataFrame([(1, "a"), (2, None), (None, "c")], ["n", "s"])
        join = udf(lambda n, s: f"{n}{s}", "string")
        self.assertEqual(self.rows(frame.select(join("n", "s"))), [("1a",), ("2None",), ("Nonec",)])
        self.assertEqual(frame.select(join("n", "s")).columns, ["<lambda>(n, s)"])
        self.assertEqual(self.rows(frame.select(join(s=F.col("s"), n=F.col("n")))),
                         [("1a",), ("2None",), ("Nonec",)])
        self.assertEqual(frame.select(join(s=F.col("s"), n=F.col("n"))).columns,
                         ["<lambda>(s => s, n => n)"])
        none = udf(lambda: 7, "int")
        self.assertEqual(self.rows(spark.range(3).select(none())), [(7,), (7,), (7,)])

        @udf("struct<a:int,b:string>")
        def pair(n):
            return Row(a=n, b=str(n))

        self.assertEqual(self.rows(spark.range(2).select(pair("id").alias("p")).select("p.*")),
                         [(0, "0"), (1, "1")])

    def test_everywhere_in_a_query(self):
        spark = self.spark
        is_even = udf(lambda n: n % 2 == 0, "boolean")
        half = udf(lambda n: n // 2, "long")
        frame = spark.range(10)
        self.assertEqual(frame.filter(is_even("id")).count(), 5)
        self.assertEqual(self.rows(frame.groupBy(half("id").alias("h")).count().orderBy("h")),
                         [(i, 2) for i in range(5)])
        self.assertEqual(self.rows(frame.select(half(half("id") + 1)).limit(3)), [(0,), (0,), (1,)])
        other = spark.range(3).withColumnRenamed("id", "o")
        self.assertEqual(frame.join(other, half("id") == F.col("o")).count(), 6)
        self.assertEqual(self.rows(frame.orderBy(-half("id"), "id").limit(2)), [(8,), (9,)])
        self.assertEqual(frame.select(F.when(is_even("id"), half("id")).otherwise(-1).alias("x"))
                         .agg(F.sum("x")).first()[0], 5)

    def test_in_sql(self):
        spark = self.spark
        spark.udf.register("twice", lambda n: n * 2, "long")
        self.assertEqual(self.rows(spark.sql("SELECT twice(id) FROM range(3) WHERE twice(id) > 1")),
                         [(2,), (4,)])
        self.assertEqual(self.rows(spark.range(2).selectExpr("TWICE(id) + 1")), [(1,), (3,)])
        self.assertEqual(self.rows(spark.range(2).select(F.call_udf("twice", "id"))), [(0,), (2,)])
        self.assertEqual(spark.sql("SELECT twice(1), twice(2) AS b").columns, ["twice(1)", "b"])
        self.assertEqual(spark.range(1).select(F.call_udf("twice", "id") + 1).columns,
                         ["(twice(id) + 1)"])
        root = tempfile.mkdtemp()
        spark.sql(f"CREATE TABLE delta.`{root}/t` AS SELECT twice(id) AS t FROM range(4)")
        self.assertEqual(spark.read.load(root + "/t").agg(F.sum("t")).first()[0], 12)
        spark.sql("CREATE TEMPORARY VIEW doubled AS SELECT twice(id) AS t FROM range(3)")
        self.assertEqual(self.rows(spark.table("doubled")), [(0,), (2,), (4,)])
        with self.assertRaisesRegex(PySparkException, "UNRESOLVED_ROUTINE"):
            SparkSession.builder.remote(self.server.remote).create().sql("SELECT twice(1)").collect()

    def test_many_rows_on_many_processes(self):
        plus = udf(lambda n: n + 1, "long")
        frame = self.spark.range(200_000).select(plus("id").alias("n"))
        self.assertEqual(frame.agg(F.sum("n"), F.count("n")).first(), (20000100000, 200000))

    def test_modules_that_the_client_sends(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        (folder / "helper_of_the_test.py").write_text("def answer():\n    return 42\n")
        self.spark.addArtifacts(str(folder / "helper_of_the_test.py"), pyfile=True)

        @udf("int")
        def ask(_):
            import helper_of_the_test

            return helper_of_the_test.answer()

        self.assertEqual(self.rows(self.spark.range(1).select(ask("id"))), [(42,)])


class Pandas(ConnectTest):
    def test_scalar(self):
        spark = self.spark

        @pandas_udf("long")
        def plus(a: pd.Series, b: pd.Series) -> pd.Series:
            return a + b

        frame = spark.range(5000).select(plus("id", F.col("id") * 2).alias("s"))
        self.assertEqual(frame.agg(F.sum("s")).first()[0], 3 * 4999 * 2500)

        @pandas_udf("a long, b string")
        def both(x: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame({"a": x["n"] * 2, "b": x["s"].str.upper()})

        pair = spark.createDataFrame([(1, "x"), (2, "y")], ["n", "s"])
        self.assertEqual(self.rows(pair.select(both(F.struct("n", "s")).alias("o")).select("o.*")),
                         [(2, "X"), (4, "Y")])

        @pandas_udf("timestamp")
        def later(x: pd.Series) -> pd.Series:
            return x + pd.Timedelta(hours=1)

        when = spark.sql("SELECT TIMESTAMP '2024-01-01 10:00:00' t, CAST(NULL AS TIMESTAMP) n")
        self.assertEqual(self.rows(when.select(later("t"), later("n"))),
                         [(datetime.datetime(2024, 1, 1, 11), None)])

    def test_iterators(self):
        @pandas_udf("long")
        def counted(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
            begun = 100
            for batch in batches:
                yield batch + begun

        @pandas_udf("long")
        def ahead(batches: Iterator[Tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
            for a, b in list(batches):
                yield a + b

        frame = self.spark.range(10_000)
        self.assertEqual(frame.select(counted("id").alias("c")).agg(F.sum("c")).first()[0],
                         9999 * 5000 + 100 * 10_000)
        self.assertEqual(frame.select(ahead("id", "id").alias("c")).agg(F.sum("c")).first()[0],
                         9999 * 10_000)

    def test_over_groups(self):
        @pandas_udf("double")
        def mean(values: pd.Series) -> float:
            return values.mean()

        frame = self.spark.createDataFrame([(1, 1.0), (1, 2.0), (2, 3.0), (2, 5.0)], ["k", "v"])
        self.assertEqual(self.rows(frame.groupBy("k").agg(mean("v").alias("m")).orderBy("k")),
                         [(1, 1.5), (2, 4.0)])
        self.assertEqual(self.rows(frame.select(mean("v"))), [(2.75,)])
        window = Window.partitionBy("k")
        self.assertEqual(sorted(self.rows(frame.select("v", mean("v").over(window)))),
                         [(1.0, 1.5), (2.0, 1.5), (3.0, 4.0), (5.0, 4.0)])
        self.spark.udf.register("mean_of", mean)
        frame.createOrReplaceTempView("kv")
        self.assertEqual(self.rows(self.spark.sql("SELECT k, mean_of(v) FROM kv GROUP BY k ORDER BY k")),
                         [(1, 1.5), (2, 4.0)])

    def test_map(self):
        frame = self.spark.range(5000)

        def odd(batches):
            for batch in batches:
                yield batch[batch.id % 2 == 1]

        self.assertEqual(frame.mapInPandas(odd, "id long").count(), 2500)

        def names(batches):
            for batch in batches:
                yield pa.RecordBatch.from_pydict(
                    {"n": [str(v) for v in batch.column(0).to_pylist()]})

        made = frame.mapInArrow(names, "n string")
        self.assertEqual(made.filter("n = '4999'").count(), 1)
        self.assertEqual(made.limit(1).count(), 1)

    def test_for_each_partition(self):
        folder = tempfile.mkdtemp()

        def keep(rows):
            with open(folder + "/rows", "a") as out:
                for row in rows:
                    out.write(f"{row.id}\n")

        self.spark.range(5).foreachPartition(keep)
        self.assertEqual(pathlib.Path(folder, "rows").read_text().split(), list("01234"))

    def test_apply(self):
        frame = self.spark.createDataFrame([(1, 1.0), (1, 2.0), (2, 3.0), (2, 5.0), (2, 10.0)],
                                           ["id", "v"])

        def centred(group):
            return group.assign(v=group.v - group.v.mean())

        self.assertEqual(sorted(self.rows(frame.groupBy("id").applyInPandas(centred, frame.schema))),
                         [(1, -0.5), (1, 0.5), (2, -3.0), (2, -1.0), (2, 4.0)])

        def keyed(key, group):
            return pd.DataFrame([(int(key[0]), len(group))])

        self.assertEqual(
            sorted(self.rows(frame.groupBy("id").applyInPandas(keyed, "k long, n long"))),
            [(1, 2), (2, 3)])

        def table(group):
            return group.slice(0, 1)

        self.assertEqual(frame.groupBy("id").applyInArrow(table, frame.schema).count(), 2)
        other = self.spark.createDataFrame([(1, "a"), (3, "c")], ["id", "s"])

        def sizes(key, left, right):
            return pd.DataFrame([(int(key[0]), len(left), len(right))])

        self.assertEqual(
            sorted(self.rows(frame.groupBy("id").cogroup(other.groupBy("id"))
                             .applyInPandas(sizes, "k long, l long, r long"))),
            [(1, 2, 1), (2, 3, 0), (3, 0, 1)])


class Failures(ConnectTest):
    def test_a_traceback(self):
        @udf("int")
        def broken(n):
            raise ValueError("the value is " + str(n))

        with self.assertRaises(PythonException) as raised:
            self.spark.range(1).select(broken("id")).collect()
        self.assertIn("ValueError: the value is 0", str(raised.exception))
        self.assertIn("in broken", str(raised.exception))
        self.assertEqual(self.rows(self.spark.range(1).select(udf(lambda n: n, "long")("id"))), [(0,)])

    def test_processes_that_die_or_hang(self):
        def die(n):
            os._exit(3)

        with self.assertRaisesRegex(PySparkException, "code 3"):
            self.spark.range(1).select(udf(die, "int")("id")).collect()
        with self.assertRaisesRegex(PySparkException, "Segmentation fault"):
            self.spark.range(1).select(
                udf(lambda n: os.kill(os.getpid(), signal.SIGSEGV), "int")("id")).collect()
        self.spark.conf.set("spark.sql.execution.pyspark.udf.idleTimeoutSeconds", "2")
        with self.assertRaisesRegex(PySparkException, "2 seconds"):
            self.spark.range(1).select(udf(lambda n: time.sleep(60), "int")("id")).collect()

    def test_an_interrupt_ends_a_function(self):
        slow = self.spark.range(1).select(udf(lambda n: time.sleep(300), "int")("id"))
        threading.Timer(4, self.spark.interruptAll).start()
        begin = time.monotonic()
        with self.assertRaises(PySparkException):
            slow.collect()
        self.assertLess(time.monotonic() - begin, 60)

    def test_processes_end_with_their_session(self):
        before = set(processes())
        session = SparkSession.builder.remote(self.server.remote).create()
        session.range(1).select(udf(lambda n: n, "long")("id")).collect()
        mine = set(processes()) - before
        self.assertTrue(mine)
        session.stop()
        limit = time.monotonic() + 20
        while mine & set(processes()) and time.monotonic() < limit:
            time.sleep(0.1)
        self.assertFalse(mine & set(processes()))

    def test_another_version_of_python(self):
        from pyspark.sql.connect import expressions

        plain = expressions.PythonUDF.__init__

        def older(self, output_type, eval_type, func, python_ver):
            plain(self, output_type, eval_type, func, "3.7")

        expressions.PythonUDF.__init__ = older
        try:
            with self.assertRaisesRegex(PySparkException, "Python 3.7"):
                self.spark.range(1).select(udf(lambda n: n, "long")("id")).collect()
        finally:
            expressions.PythonUDF.__init__ = plain

    def test_a_python_that_is_not_there(self):
        self.spark.conf.set("spark.pyspark.python", "/no/such/python")
        with self.assertRaisesRegex(PySparkException, "/no/such/python"):
            self.spark.range(1).select(udf(lambda n: n, "long")("id")).collect()


class Batches(ConnectTest):
    def rate(self):
        return self.spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load()

    def test_foreach_batch(self):
        root = tempfile.mkdtemp()

        def upsert(batch, batch_id):
            batch.persist()
            total = batch.agg(F.sum("value")).first()[0]
            (batch.select("value", F.lit(batch_id).alias("batch"), F.lit(total).alias("total"))
             .write.format("delta").mode("append").save(root + "/t"))

        for _ in range(2):
            query = (self.rate().writeStream.foreachBatch(upsert)
                     .option("checkpointLocation", root + "/c").trigger(availableNow=True).start())
            self.assertTrue(query.awaitTermination(120))
        rows = self.spark.read.load(root + "/t").orderBy("value").collect()
        self.assertEqual([tuple(row) for row in rows],
                         [(i, i // 10, 45 if i < 10 else 145) for i in range(20)])

    def test_a_failing_function_ends_the_query(self):
        def fail(batch, batch_id):
            raise KeyError("no such thing")

        query = self.rate().writeStream.foreachBatch(fail).trigger(availableNow=True).start()
        with self.assertRaisesRegex(StreamingQueryException, "FOREACH_BATCH_USER_FUNCTION_ERROR"):
            query.awaitTermination(120)
        self.assertIn("no such thing", str(query.exception()))

    def test_foreach(self):
        folder = tempfile.mkdtemp()

        class Writer:
            def open(self, partition, epoch):
                self.file = open(f"{folder}/{epoch}", "w")
                return True

            def process(self, row):
                self.file.write(f"{row.value}\n")

            def close(self, error):
                self.file.close()

        query = self.rate().writeStream.foreach(Writer()).trigger(availableNow=True).start()
        self.assertTrue(query.awaitTermination(120))
        self.assertEqual(pathlib.Path(folder, "0").read_text().split(), [str(i) for i in range(10)])

    def test_a_slow_function_can_be_stopped(self):
        query = (self.rate().writeStream.foreachBatch(lambda batch, i: time.sleep(300)).start())
        time.sleep(1)
        begin = time.monotonic()
        query.stop()
        self.assertLess(time.monotonic() - begin, 30)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
