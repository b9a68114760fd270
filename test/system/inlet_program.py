"""Runs the program as a user does: one process a call."""

import csv
import io
import subprocess


class Program:
    def __init__(self, binary, home, prefix=()):
        self.binary = binary
        self.home = home
        self.prefix = list(prefix)

    def start(self, statement):
        return subprocess.Popen(
            [*self.prefix, self.binary, "sql", "--home", str(self.home), "-o", "csv", "-e", statement],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, statement):
        """Exit code, rows without their header, and what was said about errors."""
        process = self.start(statement)
        out, err = process.communicate(timeout=300)
        return process.returncode, list(csv.reader(io.StringIO(out)))[1:], err

    def rows(self, query):
        code, rows, err = self.run(query)
        if code != 0:
            raise AssertionError(f"{query}\n{err}")
        return rows


def leftovers(home):
    """Temporary files below a home."""
    return [str(path) for path in home.rglob(".inlet-*.tmp")]
