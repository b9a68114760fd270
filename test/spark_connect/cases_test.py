"""Runs cases.py with the stock client against the real program and compares with what Apache Spark recorded.

    cases_test.py PROGRAM [CASE...]

cases_known_differences.txt names the cases that differ, and why; a case that stands there and agrees is a failure too.
"""

import concurrent.futures
import difflib
import json
import logging
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases
import with_server
from cases_answer import answer
from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).parent
THREADS = 4


def known_differences():
    lines = (HERE / "cases_known_differences.txt").read_text().splitlines()
    return {line.split(None, 1)[0] for line in lines if line and not line.startswith("#")}


def main():
    logging.disable(logging.CRITICAL)
    program, names = sys.argv[1], sys.argv[2:]
    recorded = json.loads((HERE / "cases_answers.json").read_text())
    known = known_differences()
    failures = 0
    with with_server.Server(program) as server:
        SparkSession.builder.remote(server.remote).create().stop()  # Imports what sessions need.

        def run(name):
            spark = SparkSession.builder.remote(server.remote).create()
            try:
                return answer(cases.CASES[name], spark)
            finally:
                spark.stop()

        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            chosen = names or list(cases.CASES)
            for name, got in zip(chosen, pool.map(run, chosen)):
                wanted = recorded.get(name, ["nothing was recorded"])
                if (got == wanted) == (name not in known):
                    continue
                failures += 1
                print(f"DIFFERS {name}" if got != wanted else f"AGREES, but is a known difference: {name}")
                if got != wanted:
                    print("\n".join(list(difflib.unified_diff(wanted, got, "Spark", "Inlet", lineterm="", n=1))[2:]))
        print(f"{len(chosen) - failures} of {len(chosen)} cases as expected, {len(known)} known differences")
        if not server.is_alive():
            print("the server died")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
