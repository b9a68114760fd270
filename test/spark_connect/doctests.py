"""Runs the examples in PySpark's own documentation against a Spark Connect server.

    doctests.py REMOTE [--only MODULE,...] [--names FILE] [--failures FILE] [--seconds N]

One docstring is one test. With --names only those listed in FILE are run ("module name" a line),
and all of them must pass. Prints a line for each module and, with --failures, writes why the
others failed, the most frequent reason first.
"""

import argparse
import collections
import doctest
import importlib
import io
import os
import re
import signal
import sys
import tempfile

MODULES = {
    "dataframe": "pyspark.sql.dataframe",
    "functions": "pyspark.sql.functions.builtin",
    "column": "pyspark.sql.column",
    "catalog": "pyspark.sql.catalog",
    "readwriter": "pyspark.sql.readwriter",
    "streaming.readwriter": "pyspark.sql.streaming.readwriter",
    "streaming.query": "pyspark.sql.streaming.query",
    "session": "pyspark.sql.session",
    "group": "pyspark.sql.group",
    "window": "pyspark.sql.window",
    "types": "pyspark.sql.types",
    "conf": "pyspark.sql.conf",
}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


class TooSlow(Exception):
    pass


def on_alarm(_signal, _frame):
    raise TooSlow("the example took too long")


class Runner(doctest.DocTestRunner):
    """Keeps the first thing that went wrong in each docstring."""

    def __init__(self):
        super().__init__(optionflags=FLAGS, verbose=False)
        self.reason = None

    def report_failure(self, out, test, example, got):
        if self.reason is None:
            self.reason = f"other output\n>>> {example.source}expected:\n{example.want}got:\n{got}"

    def report_unexpected_exception(self, out, test, example, exc_info):
        if self.reason is None:
            kind = exc_info[0].__name__
            self.reason = f"{kind}: {exc_info[1]}\n>>> {example.source}"


def tests_of(module):
    finder = doctest.DocTestFinder(exclude_empty=True)
    for test in sorted(finder.find(module, module.__name__), key=lambda test: test.name):
        ran = [e for e in test.examples if not e.options.get(doctest.SKIP)]
        if ran:
            yield test


def headline(reason):
    first = reason.split("\n", 1)[0]
    found = re.search(r"\[([A-Z_.]+)\]\s*(.{0,90})", reason)
    if found and not first.startswith("other output"):
        return f"[{found.group(1)}] {found.group(2)}"
    return first[:100]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("remote")
    parser.add_argument("--only", default=",".join(MODULES))
    parser.add_argument("--names")
    parser.add_argument("--failures")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--passed")
    arguments = parser.parse_args()
    wanted = None
    if arguments.names:
        wanted = {line.strip() for line in open(arguments.names) if line.strip()}

    from pyspark.sql import SparkSession

    signal.signal(signal.SIGALRM, on_alarm)
    folder = tempfile.mkdtemp(prefix="doctests.")
    os.chdir(folder)
    failures = []
    passed_names = []
    for short in arguments.only.split(","):
        module = importlib.import_module(MODULES[short])
        spark = SparkSession.builder.remote(arguments.remote).create()
        passed = ran = 0
        for test in tests_of(module):
            name = f"{short} {test.name.removeprefix(module.__name__ + '.')}"
            if wanted is not None and name not in wanted:
                continue
            ran += 1
            test.globs = dict(module.__dict__)
            test.globs.update(spark=spark, SparkSession=SparkSession)
            runner = Runner()
            signal.alarm(arguments.seconds)
            try:
                runner.run(test, out=io.StringIO().write, clear_globs=False)
            except TooSlow as slow:
                runner.reason = runner.reason or str(slow)
            except BaseException as broken:  # What doctest itself does not catch.
                runner.reason = runner.reason or f"{type(broken).__name__}: {broken}"
            finally:
                signal.alarm(0)
            if runner.reason is None:
                passed += 1
                passed_names.append(name)
            else:
                failures.append((name, runner.reason))
        print(f"{short:22} {passed:4} / {ran}", flush=True)
        spark.stop()
    if arguments.passed:
        open(arguments.passed, "w").write("".join(name + "\n" for name in sorted(passed_names)))
    if arguments.failures:
        groups = collections.defaultdict(list)
        for name, reason in failures:
            groups[headline(reason)].append((name, reason))
        with open(arguments.failures, "w") as out:
            for line, members in sorted(groups.items(), key=lambda item: -len(item[1])):
                out.write(f"## {len(members)} x {line}\n")
                for name, reason in members:
                    out.write(f"- {name}\n")
                    out.write("".join(f"    {part}\n" for part in reason.split("\n")[:30]))
                out.write("\n")
    if wanted is not None:
        for name, reason in failures:
            print(f"FAILED {name}\n{reason}\n")
        missing = wanted - set(passed_names) - {name for name, _ in failures}
        for name in sorted(missing):
            print(f"MISSING {name}")
        return 1 if failures or missing else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
