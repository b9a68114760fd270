#!/usr/bin/env python3
"""Many processes insert into one table at once; every row must be there once, and no version may be missing.

    many_writers.py --inlet build/release/inlet [--location s3://inlet-test/many] [--writers 16] [--rows 5]

Without a location the table is a managed one on the local disk. What the store needs (AWS_ENDPOINT_URL, keys) comes from the environment;
`test/servers/start` starts emulators and prints their addresses.
"""

import argparse
import concurrent.futures
import csv
import io
import os
import subprocess
import sys
import tempfile
import uuid


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inlet", required=True)
    parser.add_argument("--location")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--rows", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "INLET_HOME": home}
        table = f"delta.`{arguments.location}-{uuid.uuid4().hex[:8]}`" if arguments.location else "t"

        def sql(text):
            done = subprocess.run([arguments.inlet, "sql", "--no-progress", "-o", "csv", "-e", text], env=environment,
                                  capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(done.stderr.strip() or done.stdout.strip())
            return list(csv.reader(io.StringIO(done.stdout)))[1:]

        sql(f"CREATE TABLE {table} (writer INT, number INT) TBLPROPERTIES ('delta.checkpointInterval' = '7')")

        def write(writer):
            sql("; ".join(f"INSERT INTO {table} VALUES ({writer}, {number})" for number in range(arguments.rows)))

        with concurrent.futures.ThreadPoolExecutor(arguments.writers) as pool:
            list(pool.map(write, range(arguments.writers)))
        expected = arguments.writers * arguments.rows
        count, distinct = (int(cell) for cell in sql(f"SELECT count(*), count(DISTINCT writer * 100000 + number) FROM {table}")[0])
        newest = int(sql(f"DESCRIBE HISTORY {table} LIMIT 1")[0][0])
        if (count, distinct, newest) != (expected, expected, expected):
            sys.exit(f"{count} rows, {distinct} different ones, version {newest} instead of {expected} each")
        print(f"{arguments.writers} writers: {expected} rows in {newest} versions")


if __name__ == "__main__":
    main()
