"""Structured streaming with the stock client against the real program.

    streaming_test.py PROGRAM [TEST...]
"""

import json
import pathlib
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from client_test import ConnectTest
from pyspark.errors import AnalysisException, IllegalArgumentException, PySparkException
from pyspark.errors import StreamingQueryException
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQueryListener


def wait_until(is_true, seconds=30):
    limit = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > limit:
            raise AssertionError("it did not come to be in time")
        time.sleep(0.1)


class Sources(ConnectTest):
    def test_rate(self):
        spark = self.spark
        rate = spark.readStream.format("rate").option("rowsPerSecond", 50).load()
        self.assertTrue(rate.isStreaming)
        self.assertEqual(rate.schema.simpleString(), "struct<timestamp:timestamp,value:bigint>")
        query = rate.writeStream.format("memory").queryName("rated").start()
        wait_until(lambda: spark.table("rated").count() >= 100)
        query.stop()
        rows = spark.sql("SELECT value, timestamp FROM rated ORDER BY value").collect()
        self.assertEqual([row.value for row in rows], list(range(len(rows))))
        self.assertEqual((rows[50].timestamp - rows[0].timestamp).total_seconds(), 1)
        with self.assertRaises(IllegalArgumentException):
            spark.readStream.format("rate").option("rowsPerSecond", 0).load().schema

    def test_rate_by_the_batch_goes_on_after_a_restart(self):
        spark = self.spark
        root = tempfile.mkdtemp()

        def run():
            query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10)
                     .option("startTimestamp", 1000).load().writeStream.trigger(availableNow=True)
                     .option("checkpointLocation", root + "/checkpoint").start(root + "/table"))
            self.assertTrue(query.awaitTermination(60))
            return query.id, query.runId

        first, second = run(), run()
        self.assertEqual(first[0], second[0])
        self.assertNotEqual(first[1], second[1])
        table = spark.read.load(root + "/table")
        self.assertEqual(sorted(row.value for row in table.collect()), list(range(20)))
        self.assertEqual(self.rows(table.groupBy(F.unix_millis("timestamp").alias("ms")).count()
                                   .orderBy("ms")), [(1000, 10), (2000, 10)])

    def test_a_static_frame_of_the_client_joins_a_stream(self):
        spark = self.spark
        names = spark.createDataFrame([(0, "zero"), (1, "one")], ["value", "name"])
        query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 3).load()
                 .join(names, "value").select("value", "name").writeStream.format("memory")
                 .queryName("joined").trigger(availableNow=True).start())
        self.assertTrue(query.awaitTermination(60))
        self.assertEqual(sorted(self.rows(spark.table("joined"))), [(0, "zero"), (1, "one")])


class Sinks(ConnectTest):
    def test_files(self):
        spark = self.spark
        for form in ("csv", "json", "parquet"):
            root = tempfile.mkdtemp()
            for _ in range(2):
                query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 5)
                         .load().select("value").writeStream.format(form)
                         .option("checkpointLocation", root + "/checkpoint")
                         .trigger(availableNow=True).start(root + "/out"))
                self.assertTrue(query.awaitTermination(60))
            rows = spark.read.schema("value LONG").format(form).load(root + "/out").collect()
            self.assertEqual(sorted(row.value for row in rows), list(range(10)), form)
            names = {path.name[:11] for path in pathlib.Path(root + "/out").glob("part-*")}
            self.assertEqual(names, {"part-00000-", "part-00001-"})

    def test_a_batch_that_is_run_again_replaces_its_files(self):
        spark = self.spark
        root = tempfile.mkdtemp()

        def run():
            query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 5)
                     .load().select("value").writeStream.format("json")
                     .option("checkpointLocation", root + "/checkpoint")
                     .trigger(availableNow=True).start(root + "/out"))
            self.assertTrue(query.awaitTermination(60))

        run()
        # As a kill between the files and the mark leaves it.
        (pathlib.Path(root) / "checkpoint/commits/0").unlink()
        run()
        rows = spark.read.schema("value LONG").json(root + "/out").collect()
        self.assertEqual(sorted(row.value for row in rows), list(range(10)))

    def test_console_prints_on_the_server(self):
        spark = self.spark
        query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 3).load()
                 .select("value").writeStream.format("console").option("numRows", 2)
                 .trigger(availableNow=True).start())
        self.assertTrue(query.awaitTermination(60))
        log = pathlib.Path(self.server.log.name).read_text()
        self.assertIn("Batch: 0\n-------", log)
        self.assertIn("only showing top 2 rows", log)

    def test_what_is_refused(self):
        rate = self.spark.readStream.format("rate").load()
        for writer, message in [
            (rate.writeStream.format("console").outputMode("complete"), "without an aggregation"),
            (rate.groupBy("value").count().writeStream.format("console"), "append"),
            (rate.groupBy().agg(F.collect_list("value")).writeStream.format("console")
             .outputMode("complete"), "collect_list"),
            (rate.writeStream.format("console").trigger(continuous="1 second"), "continuous"),
            (rate.writeStream.format("kafka").option("checkpointLocation", "/tmp/c")
             .option("path", "/tmp/p"), "kafka"),
            (rate.writeStream.format("memory"), "queryName"),
            (rate.writeStream.format("delta"), "checkpointLocation"),
        ]:
            with self.assertRaisesRegex(PySparkException, message):
                writer.start()


class Aggregates(ConnectTest):
    def test_groups_go_from_batch_to_batch_and_over_restarts(self):
        spark = self.spark
        root = tempfile.mkdtemp()
        groups = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load()
                  .filter("value <> 3").groupBy((F.col("value") % 3).alias("k"))
                  .agg(F.count("*").alias("n"), F.sum("value").alias("s"), F.max("value").alias("m"),
                       F.avg("value").alias("a")).filter("n > 0"))

        def run():
            query = (groups.writeStream.outputMode("complete")
                     .option("checkpointLocation", root + "/c").trigger(availableNow=True)
                     .format("delta").start(root + "/t"))
            self.assertTrue(query.awaitTermination(60))

        for batches in range(1, 4):
            run()
            if batches == 2:  # As a kill between the table and the mark leaves it.
                (pathlib.Path(root) / "c/commits/1").unlink()
                run()
                batches = 3
            values = [v for v in range(10 * batches) if v != 3]
            wanted = [(k, len(g), sum(g), max(g), sum(g) / len(g))
                      for k in range(3) for g in [[v for v in values if v % 3 == k]]]
            self.assertEqual(sorted(self.rows(spark.read.load(root + "/t"))), wanted)
            if batches == 3:
                break

    def test_a_count_in_memory(self):
        query = (self.spark.readStream.format("rate").option("rowsPerSecond", 20).load()
                 .groupBy().count().writeStream.outputMode("complete").format("memory")
                 .queryName("counted").start())
        wait_until(lambda: (self.rows(self.spark.table("counted")) or [(0,)])[0][0] >= 40)
        query.stop()
        self.assertEqual(self.spark.table("counted").count(), 1)


class Queries(ConnectTest):
    def test_triggers(self):
        spark = self.spark
        for trigger in ({"once": True}, {"availableNow": True}):
            query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 4).load()
                     .writeStream.format("memory").queryName("t").trigger(**trigger).start())
            self.assertTrue(query.awaitTermination(60))
            self.assertEqual(spark.table("t").count(), 4)
        query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
                 .writeStream.format("memory").queryName("t")
                 .trigger(processingTime="200 milliseconds").start())
        wait_until(lambda: spark.table("t").count() >= 3)
        self.assertFalse(query.awaitTermination(1))
        query.stop()
        self.assertFalse(query.isActive)

    def test_explain(self):
        query = (self.spark.readStream.format("rate").load().writeStream.format("noop").start())
        with self.assertNoLogs():
            query.explain(True)
        query.stop()

    def test_progress_has_the_names_of_spark(self):
        query = (self.spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 4).load()
                 .writeStream.format("noop").queryName("p").trigger(availableNow=True).start())
        self.assertTrue(query.awaitTermination(60))
        progress = query.lastProgress
        self.assertEqual(progress.numInputRows, 4)
        self.assertEqual(progress.name, "p")
        self.assertEqual(progress.batchId, 0)
        self.assertIn("RatePerMicroBatch", progress.sources[0].description)
        self.assertEqual(json.loads(progress["sources"][0]["endOffset"]),
                         {"offset": 4, "timestamp": 1000})
        self.assertIn("triggerExecution", progress.durationMs)
        self.assertEqual(len(query.recentProgress), 1)

    def test_a_failed_query_says_why(self):
        spark = self.spark
        query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 4).load()
                 .select(F.expr("1 / (value - 2)").alias("x")).writeStream.format("noop")
                 .trigger(availableNow=True).start())
        with self.assertRaisesRegex(StreamingQueryException, "DIVIDE_BY_ZERO"):
            query.awaitTermination(60)
        self.assertIn("DIVIDE_BY_ZERO", str(query.exception()))
        self.assertFalse(query.isActive)

    def test_listeners_hear_of_begin_progress_and_end(self):
        spark = self.spark
        heard = []

        class Listener(StreamingQueryListener):
            def onQueryStarted(self, event):
                heard.append(("started", event.name))

            def onQueryProgress(self, event):
                heard.append(("progress", event.progress.numInputRows))

            def onQueryIdle(self, event):
                heard.append(("idle", None))

            def onQueryTerminated(self, event):
                heard.append(("terminated", event.exception))

        listener = Listener()
        spark.streams.addListener(listener)
        query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 7).load()
                 .writeStream.format("noop").queryName("listened").trigger(availableNow=True)
                 .start())
        self.assertTrue(query.awaitTermination(60))
        wait_until(lambda: len(heard) >= 3)
        spark.streams.removeListener(listener)
        self.assertEqual(heard, [("started", "listened"), ("progress", 7), ("terminated", None)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
