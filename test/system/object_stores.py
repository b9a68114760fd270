"""COPY INTO and streaming tables over S3 (moto), with faults between them, and file events.

usage: object_stores.py INLET [ROUNDS [SEED]]

A proxy before the server answers some requests with 500 or 503, drops connections, and loses
answers of requests that were carried out. Each row is in the table once all the same. Then the
events of an SQS queue, and of those that are posted to `inlet serve`, find new files without a
listing. INLET_SIM=long makes more rounds; INLET_NO_SERVERS leaves it out.
"""

import collections
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from inlet_program import Program

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUCKET = "inlet-test"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class FaultyProxy:
    """Hands requests on to a server, but for those that chance harms."""

    def __init__(self, target, chance, share):
        self.requests = collections.Counter()
        self.faults = collections.Counter()
        self.share = share
        lock = threading.Lock()
        proxy = self
        host = target.removeprefix("http://")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with lock:
                    is_list = self.command == "GET" and "list-type=2" in self.path
                    proxy.requests["list" if is_list else self.command] += 1
                    fault = chance.choice(["500", "503", "drop", "lose", "late"]) \
                        if chance.random() < proxy.share else None
                    proxy.faults[fault or "none"] += 1
                if fault in ("500", "503"):
                    self.answer(int(fault), [], b"<Error><Code>InternalError</Code></Error>")
                    return
                if fault == "drop":
                    self.close_connection = True
                    return
                upstream = http.client.HTTPConnection(host, timeout=60)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("connection", "content-length")}
                upstream.request(self.command, self.path, body or None, headers)
                response = upstream.getresponse()
                content = response.read()
                upstream.close()
                if fault == "lose":
                    self.close_connection = True
                    return
                if fault == "late":
                    time.sleep(0.3)
                self.answer(response.status, response.getheaders(), content)

            def answer(self, status, headers, content):
                self.send_response(status)
                length = len(content)
                for name, value in headers:
                    lower = name.lower()
                    if lower == "content-length" and self.command == "HEAD":
                        length = int(value)
                    if lower not in ("content-length", "transfer-encoding", "connection", "date",
                                     "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def send(method, url, body=b"", headers=None):
    headers = {"Content-Type": "application/octet-stream", **(headers or {})}
    request = urllib.request.Request(url, body if method != "GET" else None, headers, method=method)
    with OPENER.open(request, timeout=60) as response:
        return response.read()


class Bucket:
    def __init__(self, server, prefix):
        self.server, self.prefix, self.next_id, self.next_file = server, prefix, 0, 0

    def add(self, rows):
        """A new file with rows that no other one has; gives its key."""
        lines = "".join(json.dumps({"id": self.next_id + i}) + "\n" for i in range(rows))
        self.next_id += rows
        key = f"{self.prefix}/in/{self.next_file:05}.json"
        self.next_file += 1
        send("PUT", f"{self.server}/{BUCKET}/{key}", lines.encode())
        return key


def event(key):
    return json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
        "bucket": {"name": BUCKET}, "object": {"key": key}}}]})


def expect_each_once(program, table, count):
    got = program.rows(f"SELECT count(*), count(DISTINCT id), coalesce(max(id), -1) FROM {table}")[0]
    wanted = [str(count), str(count), str(count - 1)]
    assert got == wanted, f"{table}: rows, ids, last id are {got}, not {wanted}"


def must(program, statement):
    code, rows, err = program.run(statement)
    assert code == 0, f"{statement}\n{err}"
    return rows


def until_done(program, statement, tries=10):
    """What fails may be given again: that is the promise."""
    for _ in range(tries):
        code, _, err = program.run(statement)
        if code == 0:
            return
        assert "[INLET_STORAGE_UNAVAILABLE]" in err or "STORAGE_UNAVAILABLE" in err, err
    raise AssertionError(f"{statement} fails again and again:\n{err}")


def faults(program, proxy, bucket, rounds, chance):
    folder = f"s3://{BUCKET}/{bucket.prefix}/in"
    copy = f"COPY INTO copied FROM '{folder}' FILEFORMAT = JSON COPY_OPTIONS ('mergeSchema' = 'true')"
    for _ in range(3):
        bucket.add(5)
    must(program, "CREATE TABLE copied")
    must(program, f"CREATE TABLE remote (id BIGINT) LOCATION 's3://{BUCKET}/{bucket.prefix}/table'")
    must(program, f"CREATE STREAMING TABLE streamed AS SELECT id FROM STREAM read_files('{folder}', "
                  "format => 'json', schema => 'id BIGINT', maxFilesPerTrigger => 2)")
    proxy.share = 0.12
    for _ in range(rounds):
        for _ in range(chance.randint(0, 4)):
            bucket.add(chance.randint(1, 40))
        until_done(program, copy)
        until_done(program, copy.replace("INTO copied", "INTO remote"))
        until_done(program, "REFRESH STREAMING TABLE streamed")
    proxy.share = 0
    for table in ("copied", "remote", "streamed"):
        expect_each_once(program, table, bucket.next_id)
    # A check that cannot fail shows nothing.
    must(program, copy.replace("'mergeSchema' = 'true'", "'force' = 'true'"))
    with contextlib.suppress(AssertionError):
        expect_each_once(program, "copied", bucket.next_id)
        raise SystemExit("files that were loaded twice were not noticed")


def queue_events(program, proxy, moto, bucket):
    sqs = {"Content-Type": "application/x-amz-json-1.0"}

    def call(action, **parameters):
        headers = {**sqs, "X-Amz-Target": f"AmazonSQS.{action}",
                   "Authorization": "AWS4-HMAC-SHA256 Credential=inlet/20260101/us-east-1/sqs/aws4_request"}
        return json.loads(send("POST", moto + "/", json.dumps(parameters).encode(), headers) or b"{}")

    url = call("CreateQueue", QueueName=bucket.prefix)["QueueUrl"]
    bucket.add(3)
    must(program, "CREATE STREAMING TABLE queued AS SELECT id FROM STREAM read_files("
                  f"'s3://{BUCKET}/{bucket.prefix}/in', format => 'json', schema => 'id BIGINT', "
                  f"useNotifications => true, queueUrl => '{url}', backfillInterval => '1 hour')")
    expect_each_once(program, "queued", bucket.next_id)
    for _ in range(12):
        call("SendMessage", QueueUrl=url, MessageBody=event(bucket.add(2)))
    call("SendMessage", QueueUrl=url, MessageBody=event(f"{bucket.prefix}/in/00000.json"))
    call("SendMessage", QueueUrl=url, MessageBody=event(f"{bucket.prefix}/elsewhere/1.json"))
    before = proxy.requests["list"]
    must(program, "REFRESH STREAMING TABLE queued")
    expect_each_once(program, "queued", bucket.next_id)
    assert proxy.requests["list"] - before <= 1, "a stream that hears events still lists"
    left = call("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0).get("Messages", [])
    assert not left, f"messages stay behind: {left}"


def posted_events(program, proxy, binary, home, environment, bucket):
    with contextlib.ExitStack() as stack:
        server = subprocess.Popen(
            [binary, "serve", "--home", str(home), "--http-port", str(free_port()), "--connect-port", "0",
             "--token", "secret"], stderr=subprocess.PIPE, text=True, env=environment)
        stack.callback(server.wait)
        stack.callback(server.send_signal, signal.SIGTERM)
        address = server.stderr.readline().split()[-1]

        def post(body, token="secret"):
            return json.loads(send("POST", f"{address}/file-events?token={token}", body.encode()))

        bucket.add(3)
        assert post(event(f"{bucket.prefix}/in/00000.json")) == {"files": 1}
        must(program, "CREATE STREAMING TABLE told AS SELECT id FROM STREAM read_files("
                      f"'s3://{BUCKET}/{bucket.prefix}/in', format => 'json', schema => 'id BIGINT', "
                      "useManagedFileEvents => true)")
        expect_each_once(program, "told", bucket.next_id)
        silent = bucket.add(2)
        assert post(event(bucket.add(4))) == {"files": 1}
        before = proxy.requests["list"]
        must(program, "REFRESH STREAMING TABLE told")
        assert proxy.requests["list"] - before <= 1, "a stream that hears events still lists"
        expect = program.rows("SELECT count(*) FROM told")
        assert expect == [[str(bucket.next_id - 2)]], expect
        # The event that was lost comes late; in earnest a daily listing makes up for it.
        post(event(silent))
        must(program, "REFRESH STREAMING TABLE told")
        expect_each_once(program, "told", bucket.next_id)
        for body, token in (("nonsense", "secret"), (event("x"), "wrong")):
            try:
                post(body, token)
            except urllib.error.HTTPError as error:
                assert error.code == (400 if token == "secret" else 401), error
            else:
                raise AssertionError(f"{body} was taken")
        azure = '[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"7"}}]'
        assert post(azure)["validationResponse"] == "7"


def free_port():
    import socket
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def main():
    if os.environ.get("INLET_NO_SERVERS"):
        return 77
    started = subprocess.run([SOURCE / "test/servers/start", "moto"], capture_output=True, text=True)
    addresses = dict(line.split("=", 1) for line in started.stdout.split() if "=" in line)
    if "INLET_TEST_MOTO" not in addresses:
        print(started.stderr)
        return 1
    moto = addresses["INLET_TEST_MOTO"]
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    is_long = os.environ.get("INLET_SIM") == "long"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40 if is_long else 3
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    print(f"{rounds} rounds, seed {seed}")
    chance = random.Random(seed)
    proxy = FaultyProxy(moto, random.Random(seed), 0)
    environment = {**os.environ, "AWS_ENDPOINT_URL": proxy.url, "AWS_ACCESS_KEY_ID": "inlet",
                   "AWS_SECRET_ACCESS_KEY": "inlet-secret", "AWS_REGION": "us-east-1"}
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as scratch:
        home = pathlib.Path(scratch) / "home"
        program = Program(binary, home)
        run = f"run-{os.getpid()}-{seed}"
        faults(program, proxy, Bucket(moto, run), rounds, chance)
        print(f"requests {dict(proxy.requests)}, faults {dict(proxy.faults)}")
        queue_events(program, proxy, moto, Bucket(moto, run + "-q"))
        posted_events(program, proxy, binary, home, environment, Bucket(moto, run + "-p"))
    print("each row once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
