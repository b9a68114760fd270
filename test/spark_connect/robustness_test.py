"""Broken connections, hostile requests, secrets and limits: the stock client and raw requests.

    robustness_test.py PROGRAM [TEST...]
"""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import grpc
import pyarrow as pa
import with_server
import zstandard
from client_test import PROGRAM, ConnectTest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.connect.proto import base_pb2 as pb2
from pyspark.sql.connect.proto import base_pb2_grpc
from pyspark.sql.connect.proto import relations_pb2


class Proxy:
    """Between a client and the server; cuts connections after so many bytes to the client."""

    def __init__(self, remote, cut_after):
        self.target = ("localhost", int(remote.rsplit(":", 1)[1]))
        self.cut_after = list(cut_after)  # For each connection; later ones live.
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            left = self.cut_after.pop(0) if self.cut_after else None
            threading.Thread(target=self.pump, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, left), daemon=True).start()

    def pump(self, source, sink, left):
        try:
            while data := source.recv(1 << 16):
                if left is not None:
                    left -= len(data)
                    if left < 0:
                        self.cuts += 1
                        break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Connections(ConnectTest):
    def test_a_cut_connection_loses_no_row(self):
        proxy = Proxy(self.server.remote, [300_000, 2_000_000, 5_000_000])
        spark = SparkSession.builder.remote(f"sc://localhost:{proxy.port}").create()
        try:
            table = spark.range(2_000_000).toArrow()
            self.assertEqual(table.num_rows, 2_000_000)
            self.assertEqual(pa.compute.sum(table.column(0)).as_py(), 1999999 * 1000000)
            self.assertGreaterEqual(proxy.cuts, 2)
        finally:
            spark.stop()
            proxy.close()

    def test_progress_is_told(self):
        told = []
        self.spark.registerProgressHandler(lambda **done: told.append(done))
        root = tempfile.mkdtemp()
        self.spark.range(3_000_000).write.format("delta").save(root + "/t")
        slow = self.spark.read.load(root + "/t").select(F.sha2(F.col("id").cast("string"), 512))
        slow.agg(F.max(slow.columns[0])).collect()
        self.spark.clearProgressHandlers()
        self.assertTrue(told)
        self.assertTrue(told[-1]["done"])

    def test_tags_interrupt_their_own_plans(self):
        spark = self.spark
        outcome = []

        def run():
            with_tag = SparkSession.builder.remote(self.server.remote).create()
            try:
                with_tag.addTag("mine")
                threading.Timer(2, lambda: with_tag.interruptTag("mine")).start()
                with_tag.range(10**12).agg(F.sum(F.sqrt("id"))).collect()
            except PySparkException as ended:
                outcome.append(str(ended))
            finally:
                with_tag.stop()

        thread = threading.Thread(target=run)
        thread.start()
        self.assertEqual(spark.range(3).count(), 3)
        thread.join(60)
        self.assertIn("OPERATION_CANCELED", outcome[0])


class Raw(ConnectTest):
    def setUp(self):
        super().setUp()
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self.channel = grpc.insecure_channel(self.server.remote.removeprefix("sc://"), options)
        self.stub = base_pb2_grpc.SparkConnectServiceStub(self.channel)
        self.session = str(uuid.uuid4())

    def tearDown(self):
        self.channel.close()
        super().tearDown()

    def request(self, plan=None, **options):
        request = pb2.ExecutePlanRequest(session_id=self.session, operation_id=str(uuid.uuid4()))
        request.user_context.user_id = "raw"
        if plan is not None:
            request.plan.CopyFrom(plan)
        return request

    def range_plan(self, end):
        plan = pb2.Plan()
        plan.root.range.end = end
        plan.root.range.step = 1
        return plan

    def test_batches_in_pieces(self):
        request = self.request(self.range_plan(50_000))
        chunking = request.request_options.add().result_chunking_options
        chunking.allow_arrow_batch_chunking = True
        chunking.preferred_arrow_chunk_size = 10_000
        pieces, rows = [], 0
        for response in self.stub.ExecutePlan(request):
            if response.HasField("arrow_batch"):
                batch = response.arrow_batch
                self.assertLessEqual(len(batch.data), 10_000)
                self.assertEqual(batch.chunk_index, len(pieces))
                pieces.append(batch.data)
                if len(pieces) == batch.num_chunks_in_batch:
                    rows += pa.ipc.open_stream(b"".join(pieces)).read_all().num_rows
                    pieces = []
        self.assertEqual((rows, pieces), (50_000, []))

    def compressed(self, data, kind=pb2.Plan.CompressedOperation.OP_TYPE_RELATION):
        plan = pb2.Plan()
        plan.compressed_operation.data = data
        plan.compressed_operation.op_type = kind
        plan.compressed_operation.compression_codec = pb2.COMPRESSION_CODEC_ZSTD
        return plan

    def outcome(self, plan):
        try:
            list(self.stub.ExecutePlan(self.request(plan), timeout=120))
            return "done"
        except grpc.RpcError as failed:
            return failed.details()

    def test_compressed_plans(self):
        bytes_of = self.range_plan(5).root.SerializeToString()
        self.assertEqual(self.outcome(self.compressed(zstandard.compress(bytes_of))), "done")
        request = pb2.AnalyzePlanRequest(session_id=self.session)
        request.schema.plan.CopyFrom(self.compressed(zstandard.compress(bytes_of)))
        fields = self.stub.AnalyzePlan(request).schema.schema.struct.fields
        self.assertEqual(fields[0].name, "id")
        for bad in (b"", b"not zstd", zstandard.compress(b"no plan")[:-3],
                    zstandard.compress(b"\xff" * 100)):
            self.assertIn("CONNECT_INVALID_PLAN", self.outcome(self.compressed(bad)))
        bomb = zstandard.ZstdCompressor(level=1)
        huge = bomb.compress(b"\0" * (600 << 20))
        self.assertIn("INLET_RESOURCE_LIMIT", self.outcome(self.compressed(huge)))
        self.assertTrue(self.server.is_alive())

    def test_plans_as_deep_as_they_come(self):
        def nested(depth):
            """A relation below so many filters, built from the inside without recursion."""
            data = self.range_plan(3).root.SerializeToString()
            for _ in range(depth):
                inner = b"\x0a" + varint(len(data)) + data  # Limit.input
                data = b"\x42" + varint(len(inner)) + inner  # Relation.limit = 8
            return b"\x0a" + varint(len(data)) + data  # Plan.root

        def varint(value):
            out = b""
            while value > 127:
                out += bytes([value & 127 | 128])
                value >>= 7
            return out + bytes([value])

        send = self.channel.unary_stream(
            "/spark.connect.SparkConnectService/ExecutePlan", request_serializer=lambda b: b,
            response_deserializer=pb2.ExecutePlanResponse.FromString)
        head = pb2.ExecutePlanRequest(session_id=self.session)
        head.user_context.user_id = "raw"
        for depth, wanted in ((50, "done"), (10_000, "2000 levels"), (100_000, "2000 levels")):
            plan = nested(depth)
            message = head.SerializeToString() + b"\x1a" + varint(len(plan)) + plan
            try:
                list(send(message, timeout=120))
                outcome = "done"
            except grpc.RpcError as failed:
                outcome = failed.details()
            self.assertIn(wanted, outcome)

    def test_requests_that_make_no_sense(self):
        for plan in (None, pb2.Plan(), pb2.Plan(root=relations_pb2.Relation())):
            self.assertIn("CONNECT_INVALID_PLAN", self.outcome(plan))
        released = self.stub.ReleaseExecute(pb2.ReleaseExecuteRequest(
            session_id=self.session, operation_id="never", release_all={}))
        self.assertEqual(released.session_id, self.session)
        with self.assertRaises(grpc.RpcError) as failed:
            request = pb2.ReattachExecuteRequest(session_id=self.session, operation_id="never")
            request.user_context.user_id = "raw"
            list(self.stub.ReattachExecute(request))
        self.assertIn("INVALID_HANDLE", failed.exception.details())

    def test_a_client_that_goes_away_ends_its_plan(self):
        request = self.request(self.range_plan(10**13))
        call = self.stub.ExecutePlan(request)
        next(call)
        call.cancel()
        status = pb2.GetStatusRequest(session_id=self.session)
        status.user_context.user_id = "raw"
        status.operation_status.operation_ids.append(request.operation_id)
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            state = self.stub.GetStatus(status).operation_statuses[0].state
            if state != pb2.GetStatusResponse.OperationStatus.OPERATION_STATE_RUNNING:
                return
            time.sleep(0.2)
        self.fail("it still runs")


class Secrets(unittest.TestCase):
    # Of `python -c` the client of 4.2 wants a SPARK_HOME.
    def query(self, remote, **environment):
        program = ("import sys\nfrom pyspark.sql import SparkSession\n"
                   "print(SparkSession.builder.remote(sys.argv[1]).getOrCreate().range(3).count())")
        return subprocess.run([sys.executable, "-c", program, remote], capture_output=True, text=True,
                              timeout=180, env={**os.environ, "SPARK_HOME": "/", **environment})

    def test_a_token(self):
        with with_server.Server(PROGRAM, "--token", "sesame") as server:
            self.assertEqual(self.query(server.remote + "/;token=sesame").stdout, "3\n")
            for remote in (server.remote, server.remote + "/;token=other"):
                refused = self.query(remote)
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn("UNAUTHENTICATED", refused.stderr)

    def test_tls(self):
        folder = tempfile.mkdtemp()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem",
             "-out", "certificate.pem"], cwd=folder, check=True, capture_output=True)
        options = ["--tls-certificate", folder + "/certificate.pem", "--tls-key", folder + "/key.pem"]
        trust = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": folder + "/certificate.pem"}
        with with_server.Server(PROGRAM, "--token", "sesame", *options) as server:
            good = self.query(server.remote + "/;use_ssl=true;token=sesame", **trust)
            self.assertEqual(good.stdout, "3\n", good.stderr[-2000:])

    def test_it_listens_on_this_machine_alone(self):
        with with_server.Server(PROGRAM) as server:
            port = int(server.remote.rsplit(":", 1)[1])
            own = socket.gethostbyname(socket.gethostname())
            if own.startswith("127."):
                self.skipTest("the machine has no other address")
            with self.assertRaises(OSError):
                socket.create_connection((own, port), timeout=5)


class Vanished(unittest.TestCase):
    def test_a_killed_client_leaves_nothing(self):
        program = ("import sys\nfrom pyspark.sql import SparkSession\n"
                   "from pyspark.sql import functions as F\n"
                   "spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()\n"
                   "spark.range(1).select(F.udf(lambda n: n, 'long')('id')).collect()\n"
                   "print('ready', flush=True)\n"
                   "spark.range(10**13).agg(F.sum(F.sqrt('id'))).collect()\n")
        environment = {"INLET_SESSION_TIMEOUT": "2", "INLET_OPERATION_TIMEOUT": "2"}
        os.environ.update(environment)
        try:
            server = with_server.Server(PROGRAM)
        finally:
            for name in environment:
                del os.environ[name]
        with server:
            client = subprocess.Popen([sys.executable, "-c", program, server.remote],
                                      stdout=subprocess.PIPE, text=True,
                                      env={**os.environ, "SPARK_HOME": "/"})
            self.assertEqual(client.stdout.readline(), "ready\n")
            time.sleep(1)
            client.kill()
            client.wait()
            self.assertTrue(self.children(server.process.pid))
            limit = time.monotonic() + 60
            while time.monotonic() < limit:
                if not self.children(server.process.pid) and self.is_idle(server.process.pid):
                    return
            self.fail("something of the client is still there")

    def children(self, pid):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and \
                        int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(entry.name)
            except OSError:
                pass
        return found

    def is_idle(self, pid):
        """Whether the process uses next to no processor time."""
        def used():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = used()
        time.sleep(1)
        return used() - before < 20


class Crowds(ConnectTest):
    def test_a_hundred_clients_do_not_see_each_other(self):
        failures = []

        def run(number):
            try:
                spark = SparkSession.builder.remote(self.server.remote).create()
                spark.range(number).createOrReplaceTempView("mine")
                spark.conf.set("spark.sql.session.timeZone", f"Etc/GMT-{number % 12}")
                for _ in range(3):
                    self.assertEqual(spark.table("mine").count(), number)
                    self.assertEqual(spark.conf.get("spark.sql.session.timeZone"),
                                     f"Etc/GMT-{number % 12}")
                spark.stop()
            except BaseException as broken:
                failures.append((number, broken))

        threads = [threading.Thread(target=run, args=(i,)) for i in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
        self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
