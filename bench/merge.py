#!/usr/bin/env python3
"""MERGE of 1 % changed keys into 10 million rows: Inlet and delta-rs side by side, each in a process of its own.

    merge.py --inlet build/release/inlet [--rows 10000000] [--share 0.01]

Prints wall and CPU seconds and peak memory of each, and checks that both leave the same rows.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def measured(command, environment=None):
    """Wall seconds, CPU seconds and peak megabytes of a process."""
    import resource
    import time

    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.communicate()
    wall = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        sys.exit(errors.decode() or output.decode())
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.decode()


def child(command, environment=None):
    """The same in a fork, so that peak memory is that of one command alone."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        wall, cpu, peak, output = measured(command, environment)
        os.write(writing, f"{wall} {cpu} {peak}\n{output}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as result:
        wall, cpu, peak = (float(number) for number in result.readline().split())
        return wall, cpu, peak, result.read()


DELTA_RS = """
import sys, pyarrow as pa
from deltalake import DeltaTable, QueryBuilder
table, source = DeltaTable(sys.argv[1]), DeltaTable(sys.argv[2])
rows = QueryBuilder().register("s", source).execute("SELECT * FROM s").read_all()
(table.merge(source=rows, predicate="t.id = s.id", source_alias="s", target_alias="t")
 .when_matched_update_all().when_not_matched_insert_all().execute())
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inlet", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--share", type=float, default=0.01)
    arguments = parser.parse_args()
    inlet = os.path.abspath(arguments.inlet)
    changed = int(arguments.rows * arguments.share)
    step = arguments.rows // changed
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "INLET_HOME": directory + "/home"}

        def sql(text):
            return child([inlet, "sql", "--no-progress", "-o", "csv", "-e", text], environment)

        columns = "concat('name ', id) AS name, id % 1000 AS k, id * 1.5 AS x, date_add(DATE'2024-01-01', CAST(id % 365 AS INT)) AS d"
        sql(f"CREATE TABLE t AS SELECT id, {columns} FROM range({arguments.rows})")
        sql(f"CREATE TABLE s AS SELECT id * {step} + CASE WHEN id % 10 = 0 THEN {arguments.rows} ELSE 0 END AS id, "
            f"'changed' AS name, k, x, d FROM (SELECT id, {columns} FROM range({changed}))")
        tables = pathlib.Path(directory, "home/tables/main/default")
        shutil.copytree(tables / "t", pathlib.Path(directory, "rs"))
        merge = "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        wall, cpu, peak, output = sql(merge)
        print(f"inlet    {wall:6.2f} s wall  {cpu:6.2f} s CPU  {peak:7.0f} MB  ({output.split()[-1]})")
        wall, cpu, peak, _ = child([sys.executable, "-c", DELTA_RS, directory + "/rs", str(tables / "s")])
        print(f"delta-rs {wall:6.2f} s wall  {cpu:6.2f} s CPU  {peak:7.0f} MB")
        check = "SELECT count(*), sum(id), sum(length(name)) FROM "
        ours, theirs = sql(check + "t")[3], sql(check + f"delta.`{directory}/rs`")[3]
        print("same rows" if ours == theirs else f"DIFFERENT: {ours} {theirs}")


if __name__ == "__main__":
    main()
