#!/usr/bin/env python3
"""The Delta log of many files: Inlet and delta-rs side by side, each step in a process of its own.

    delta_log.py [--bench build/release/bench/delta/delta_bench] [--files 1000000] [--commits 100]

Prints a Markdown table with wall and CPU seconds and peak memory: opening from JSON commits and from a log checkpoint, writing that checkpoint,
appends of one row, following a table, four writers on one table. What delta-rs cannot do is left out.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from merge import child

SCHEMA = json.dumps({"type": "struct", "fields": [
    {"name": "id", "type": "long", "nullable": True, "metadata": {}},
    {"name": "name", "type": "string", "nullable": True, "metadata": {}}]})

OPEN = "import sys; from deltalake import DeltaTable; t = DeltaTable(sys.argv[1]); assert len(t.file_uris()) == int(sys.argv[2])"
CHECKPOINT = "import sys; from deltalake import DeltaTable; DeltaTable(sys.argv[1]).create_checkpoint()"
APPEND = """
import sys, pyarrow as pa
from deltalake import write_deltalake
for i in range(int(sys.argv[2])):
    write_deltalake(sys.argv[1], pa.table({"id": [i], "name": ["name"]}), mode="append")
"""


def generate(directory, files, commits):
    """A log whose files are names only."""
    log = pathlib.Path(directory, "_delta_log")
    log.mkdir(parents=True)
    first = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
             {"metaData": {"id": "5fba94ed-9794-4965-ba6e-6ee3c0d22af9", "format": {"provider": "parquet", "options": {}},
                           "schemaString": SCHEMA, "partitionColumns": [], "configuration": {}, "createdTime": 1700000000000}}]
    (log / f"{0:020}.json").write_text("".join(json.dumps(action) + "\n" for action in first))
    number = 0
    for version in range(1, commits + 1):
        with open(log / f"{version:020}.json", "w") as out:
            for _ in range(files // commits):
                stats = json.dumps({"numRecords": 1000, "minValues": {"id": number * 1000, "name": f"name {number}"},
                                    "maxValues": {"id": number * 1000 + 999, "name": f"name {number + 1}"}, "nullCount": {"id": 0, "name": 0}})
                out.write(json.dumps({"add": {
                    "path": f"part-{number % 200:05}-{number * 7919 % 2**32:08x}-1c5e-4b7c-9d5a-{number:012x}-c000.snappy.parquet",
                    "partitionValues": {}, "size": 1000000 + number, "modificationTime": 1700000000000 + number, "dataChange": True,
                    "stats": stats}}) + "\n")
                number += 1
    return number


def ours(bench, *arguments):
    """What delta_bench says of each part: name, count, wall, CPU, peak."""
    done = subprocess.run([bench, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0 or "LOST" in done.stdout or "Failure" in done.stdout:
        sys.exit(done.stdout + done.stderr)
    parts = {}
    for line in done.stdout.splitlines():
        name, count, _, wall, _, cpu, _, peak = line.split()
        parts[name] = (int(count), float(wall), float(cpu), float(peak))
    return parts


def theirs(code, *arguments):
    wall, cpu, peak, _ = child([sys.executable, "-c", code, *map(str, arguments)])
    return wall, cpu, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", default="build/release/bench/delta/delta_bench")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--appends", type=int, default=200)
    arguments = parser.parse_args()
    bench = os.path.abspath(arguments.bench)
    rows = []

    def row(what, wall, cpu, peak):
        rows.append((what, wall, cpu, peak))
        print(f"| {what} | {wall:.3f} | {cpu:.4f} | {peak:.0f} |", flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        table = scratch + "/big"
        count = generate(table, arguments.files, arguments.commits)
        print(f"{count} files in {arguments.commits} commits\n")
        print("| step | wall s | CPU s | peak MB |\n| --- | --: | --: | --: |")
        import_cost = theirs("import deltalake")
        row("importing deltalake (part of each of its figures)", *import_cost)
        row("open from JSON: Inlet", *ours(bench, "open", table)["open"][1:])
        row("open from JSON: delta-rs", *theirs(OPEN, table, count))
        shutil.copytree(table, scratch + "/rs")
        row("write a checkpoint: Inlet (beside opening)", *ours(bench, "checkpoint", table)["checkpoint"][1:])
        row("open and write a checkpoint: delta-rs", *theirs(CHECKPOINT, scratch + "/rs"))
        row("open from a checkpoint: Inlet", *ours(bench, "open", table)["open"][1:])
        row("open from a checkpoint: delta-rs", *theirs(OPEN, scratch + "/rs", count))
        row("plan a scan of all files: Inlet", *ours(bench, "plan", table)["plan"][1:])
        updates = ours(bench, "update", table, arguments.appends)["update"]
        row("follow one commit: Inlet, each", updates[1] / updates[0], updates[2] / updates[0], updates[3])
        committed = ours(bench, "commit", scratch + "/commit", arguments.appends)["commit"]
        row("commit one name: Inlet, each", committed[1] / committed[0], committed[2] / committed[0], committed[3])
        appended = ours(bench, "append", scratch + "/append", arguments.appends)["append"]
        row("append one row: Inlet, each", appended[1] / appended[0], appended[2] / appended[0], appended[3])
        wall, cpu, peak = theirs(APPEND, scratch + "/append_rs", arguments.appends)
        row("append one row: delta-rs, each", (wall - import_cost[0]) / arguments.appends, (cpu - import_cost[1]) / arguments.appends, peak)
        writers = ours(bench, "writers", scratch + "/writers", 4, arguments.appends)["writers"]
        row("append one row, four writers: Inlet, each", writers[1] / writers[0], writers[2] / writers[0], writers[3])


if __name__ == "__main__":
    main()
