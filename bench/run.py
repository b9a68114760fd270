"""Ingestion side by side with its peers, in one run: CPU and wall seconds, peak memory.

    python3 bench/run.py [--inlet build/release/inlet] [--data DIR] [--runs 3]

Peers are Python packages (duckdb, pysail, chdb, deltalake) of the interpreter
that --python names; one that is missing is left out and said so. Every command
runs as a process of its own, the commands of one input in turn, so that a
machine that slows down slows all of them. Medians are printed as Markdown.
"""

import argparse
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

INPUTS = {
    "CSV, 300 MB": ("csv/big.csv", "csv"),
    "JSON lines, 300 MB": ("json/big.jsonl", "json"),
    "Parquet": ("parquet/big.parquet", "parquet"),
    "1,000 CSV files": ("small_csv", "csv"),
    "10,000 JSON files": ("small_json", "json"),
}

DUCKDB = """
import duckdb, sys
path, kind, out = sys.argv[1:]
glob = path if '.' in path.rsplit('/', 1)[1] else path + '/*'
reader = {'csv': 'read_csv', 'json': 'read_json', 'parquet': 'read_parquet'}[kind]
duckdb.sql(f"COPY (FROM {reader}('{glob}')) TO '{out}/t.parquet' (FORMAT parquet)")
"""

SAIL = """
import sys
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession
path, kind, out = sys.argv[1:]
server = SparkConnectServer(); server.start()
spark = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").getOrCreate()
reader = spark.read.option("header", True).option("inferSchema", True)
getattr(reader, kind)(path).write.parquet(out + "/t")
"""

CHDB = """
import chdb, sys
path, kind, out = sys.argv[1:]
glob = path if '.' in path.rsplit('/', 1)[1] else path + '/*'
form = {'csv': 'CSVWithNames', 'json': 'JSONEachRow', 'parquet': 'Parquet'}[kind]
chdb.query(f"INSERT INTO FUNCTION file('{out}/t.parquet', Parquet) SELECT * FROM file('{glob}', {form})")
"""

DELTA_RS = """
import sys, pathlib, deltalake, pyarrow as pa, pyarrow.csv, pyarrow.json, pyarrow.parquet
path, kind, out = sys.argv[1:]
files = [path] if pathlib.Path(path).is_file() else sorted(map(str, pathlib.Path(path).iterdir()))
read = {'csv': pa.csv.read_csv, 'json': pa.json.read_json, 'parquet': pa.parquet.read_table}[kind]
deltalake.write_deltalake(out + '/t', pa.concat_tables([read(f) for f in files], promote_options='permissive'))
"""

PEERS = {"duckdb": DUCKDB, "pysail": SAIL, "chdb": CHDB, "deltalake": DELTA_RS}


def measure(command: list[str], environment: dict) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds, peak MB of one process with its children."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(error.decode()[-2000:])
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(arguments, path: str, kind: str, out: str) -> dict[str, list[str]]:
    sql = f"CREATE TABLE t AS SELECT * FROM read_files('{path}', format => '{kind}')"
    chosen = {"Inlet (Delta commit, statistics)": [str(arguments.inlet), "--home", out, "sql", "-e", sql]}
    for name, script in PEERS.items():
        probe = subprocess.run([arguments.python, "-c", f"import {name}"], capture_output=True)
        if probe.returncode == 0:
            chosen[name] = [arguments.python, "-c", script, path, kind, out]
    return chosen


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--inlet", type=pathlib.Path, default=ROOT / "build/release/inlet")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "inlet-bench")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        subprocess.run([arguments.python, ROOT / "bench/generate.py", arguments.data], check=True)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}\n")
    for title, (name, kind) in INPUTS.items():
        if arguments.only and arguments.only not in title:
            continue
        path = str(arguments.data / name)
        results: dict[str, list] = {}
        for run in range(arguments.runs + 1):
            out = tempfile.mkdtemp(dir=arguments.data)
            for peer, command in commands(arguments, path, kind, out).items():
                target = tempfile.mkdtemp(dir=out)
                command = [part.replace(out, target) if part == out else part for part in command]
                try:
                    figures = measure(command, dict(os.environ))
                except RuntimeError as error:
                    print(f"{peer}: {error}", file=sys.stderr)
                    continue
                if run > 0:  # The first is a warm-up.
                    results.setdefault(peer, []).append(figures)
            shutil.rmtree(out)
        print(f"| {title} | wall s | CPU s | peak MB |\n| --- | --: | --: | --: |")
        for peer, figures in results.items():
            wall, cpu, memory = (statistics.median(column) for column in zip(*figures))
            print(f"| {peer} | {wall:.2f} | {cpu:.2f} | {memory:.0f} |")
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
