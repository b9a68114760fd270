#!/usr/bin/env python3
"""Every hostile file, the big ones too, through SQL: a query and a CREATE TABLE AS, each a process of its own.

    hostile_sql.py --inlet build/release/inlet [--only TEXT]        about two minutes

Holds the outcome against expectations.json, and time and memory against its limits; a statement that
failed must leave no table.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
# A process has the engine itself in memory before it reads anything.
BASE_MB = 150


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + "'"


def call(case, files, mode=None):
    options = {"format": case["format"], **case.get("options", {})}
    if case["format"] == "csv":
        options.setdefault("header", "true")
    if mode:
        options["mode"] = mode
    elif case["format"] in ("csv", "json", "xml", "parquet", "avro", "orc") and "schema" in options:
        options.setdefault("rescuedDataColumn", "_rescued_data")
    arguments = "".join(f", {name} => {literal(str(value))}" for name, value in options.items())
    return f"read_files({literal(str(files / case['path']))}{arguments})"


def run(inlet, home, sql, seconds):
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([inlet, "--home", home, "sql", "-o", "jsonl", "-e", sql], stdout=out, stderr=err)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - started > seconds:
                process.kill()
                os.wait4(process.pid, 0)
                return {"code": "timeout", "out": "", "err": "", "mb": 0}
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return {"code": process.returncode, "out": out.read().decode(errors="replace"), "err": err.read().decode(errors="replace"),
                "mb": usage.ru_maxrss / 1024}


def fits(outcome, done):
    """Why `done` is not `outcome`; empty when it is."""
    kind = outcome["outcome"]
    if done["code"] not in (0, 1):
        return f"ended with {done['code']}: {done['err'][-300:]}"
    if kind == "no_crash":
        return ""
    if kind in ("error", "denied") and done["code"] == 1:
        found = re.findall(r"\[([A-Z][A-Z0-9_.]+)\]", done["err"])
        wanted = outcome.get("errors", [])
        return "" if not wanted or any(name.startswith(want) for name in found for want in wanted) else f"failed with {done['err'][:300]}"
    if kind == "skipped" and "[CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE]" in done["err"]:
        return ""  # It was the directory's only file.
    if kind == "error":
        return f"no error: {done['out'][:200]}"
    if done["code"] == 1:
        return f"failed: {done['err'][:300]}"
    counted = json.loads(done["out"].splitlines()[-1])
    rows = counted["n"]
    if kind in ("empty", "skipped"):
        return "" if rows == outcome.get("rows", 0) else f"{rows} rows"
    if rows != outcome["rows"]:
        return f"{rows} rows, expected {outcome['rows']}"
    if "rescued" in outcome and counted["damaged"] is not None and counted["damaged"] != outcome["rescued"]:
        return f"{counted['damaged']} rows rescued, expected {outcome['rescued']}"
    return ""


def check(arguments, case, files, home):
    expect = case["expect"]
    limit_s = expect.get("max_seconds", 300)
    source = call(case, files)
    done = run(arguments.inlet, home, f"SELECT count(*) AS n, count(_rescued_data) AS damaged FROM {source}", limit_s)
    if done["code"] == 1 and "`_rescued_data`" in done["err"]:
        done = run(arguments.inlet, home, f"SELECT count(*) AS n, CAST(NULL AS INT) AS damaged FROM {source}", limit_s)
    wrong = [fits(outcome, done) for outcome in [expect, *expect.get("alt", [])]]
    problems = [] if "" in wrong else [f"query: {wrong[0]}"]
    if done["mb"] > expect.get("max_rss_mb", 2000) + BASE_MB:
        problems.append(f"{done['mb']:.0f} MB, limit {expect['max_rss_mb']}")
    stored = run(arguments.inlet, home, f"DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT * FROM {source}", limit_s * 2)
    if stored["code"] not in (0, 1):
        problems.append(f"table: ended with {stored['code']}: {stored['err'][-300:]}")
    if stored["code"] == 1:
        left = run(arguments.inlet, home, "SELECT 1 FROM t LIMIT 1", 20)
        if left["code"] == 0:
            problems.append("table: the failed statement left a table")
    for text in expect.get("forbid", []):
        if text in done["out"] + done["err"]:
            problems.append(f"{text!r} was shown")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inlet", required=True)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    arguments.inlet = str(pathlib.Path(arguments.inlet).resolve())
    cases = json.loads((HERE / "expectations.json").read_text())["cases"]
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        files = pathlib.Path(directory) / "files"
        subprocess.run([sys.executable, HERE / "make_hostile_files.py", "--out", files, "--big"], check=True, stdout=subprocess.DEVNULL)
        chosen = [case for case in cases if arguments.only in case["id"] and (files / case["path"]).exists()]
        for case in chosen:
            problems = check(arguments, case, files, pathlib.Path(directory) / "home")
            failed += bool(problems)
            for problem in problems:
                print(f"{case['id']}: {problem}")
    print(f"{len(chosen) - failed} of {len(chosen)} hostile files end as they should")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
