"""A disk that fills up: a clear error, the table as before, room again when space is made.

usage: disk_full.py INLET

Runs itself in a mount namespace with a small tmpfs; where that is not allowed it says so and ends
with 77, which ctest takes for "skipped". The crash sweeps have the same fault on the faulty store.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from inlet_program import Program, leftovers

SKIPPED = 77
IN_NAMESPACE = "INLET_DISK_FULL_MOUNT"


def rerun_with_small_disk():
    with tempfile.TemporaryDirectory(prefix="inlet_disk_full_") as directory:
        command = 'mount -t tmpfs -o size=6m tmpfs "$0" && exec "$@"'
        for options in ([], ["--user", "--map-root-user"]):
            probe = subprocess.run(["unshare", *options, "--mount", "sh", "-c", command, directory, "true"],
                                   capture_output=True)
            if probe.returncode == 0:
                environment = {**os.environ, IN_NAMESPACE: directory}
                return subprocess.run(["unshare", *options, "--mount", "sh", "-c", command, directory,
                                       sys.executable, *sys.argv], env=environment).returncode
    print("no mounts are allowed here")
    return SKIPPED


def check(binary, disk):
    program = Program(binary, disk / "home")
    program.rows("CREATE TABLE t AS SELECT id, uuid() AS text FROM range(0, 1000) r(id)")
    before = program.rows("SELECT count(*), sum(id), min(text) FROM t")
    big = "SELECT id, uuid() AS text FROM range(0, 400000) r(id)"
    for statement in (f"INSERT INTO t {big}", f"CREATE TABLE u AS {big}",
                      f"CREATE OR REPLACE TABLE t AS {big}"):
        code, _, err = program.run(statement)
        assert code != 0 and "[INLET_DISK_FULL]" in err, f"{statement}: {code}\n{err}"
        assert program.rows("SELECT count(*), sum(id), min(text) FROM t") == before, statement
        assert not leftovers(disk / "home"), leftovers(disk / "home")
    code, _, err = program.run("SELECT * FROM u")
    assert code != 0 and "[TABLE_OR_VIEW_NOT_FOUND]" in err, err
    files = list((disk / "home" / "tables").rglob("*.parquet"))
    assert len(files) == 1, files
    program.rows("INSERT INTO t VALUES (1000, 'x')")
    assert program.rows("SELECT count(*) FROM t") == [["1001"]]


def main():
    disk = os.environ.get(IN_NAMESPACE)
    if disk is None:
        sys.exit(rerun_with_small_disk())
    check(sys.argv[1], pathlib.Path(disk))


if __name__ == "__main__":
    main()
