#!/usr/bin/env python3
"""The program `inlet` as a person at a terminal meets it: a pseudo-terminal, keys, what appears.

    cli_test.py build/dev/inlet [TestName...]
"""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

INLET = str(pathlib.Path(sys.argv.pop(1)).resolve())
# Sanitizers make the program slow; a healthy one answers in a fraction of this.
PATIENCE_S = 30
SLOW = "SELECT sum(a.id * b.id % 7) FROM range(3000000) a CROSS JOIN range(100000) b"


class Terminal:
    """A run of inlet whose input, output and errors are one terminal."""

    def __init__(self, home, *arguments, **environment):
        self._unread = ""
        variables = dict(os.environ, INLET_HOME=str(home), XDG_STATE_HOME=str(home), TERM="xterm", TZ="UTC", LANG="C.UTF-8")
        variables.pop("NO_COLOR", None)
        variables.update(environment)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(INLET, [INLET, *arguments], variables)

    def read_until(self, pattern):
        """Waits until `pattern` appears after what was read before; gives all up to its end."""
        deadline = time.monotonic() + PATIENCE_S
        seen = self._unread
        while not (found := re.search(pattern, seen)):
            ready, _, _ = select.select([self.fd], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise AssertionError(f"{pattern!r} did not come after:\n{seen}")
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # The other side is closed.
                piece = b""
            if not piece:
                raise AssertionError(f"{pattern!r} did not come before the end:\n{seen}")
            seen += piece.decode(errors="replace")
        self._unread = seen[found.end() :]
        return seen[: found.end()]

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def interrupt(self):
        self.type("\x03")

    def exit_code(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                while select.select([self.fd], [], [], 0.02)[0] and os.read(self.fd, 65536):
                    pass
            except OSError:
                pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("it did not end")


class CliTest(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self._directory.name)

    def tearDown(self):
        self._directory.cleanup()

    def run_inlet(self, *arguments, stdin="", **environment):
        variables = dict(os.environ, INLET_HOME=str(self.home), TZ="UTC", **environment)
        return subprocess.run([INLET, *arguments], input=stdin, capture_output=True, text=True, env=variables)

    def leave(self, shell):
        shell.read_until("inlet> ")
        shell.type(".quit\n")
        self.assertEqual(shell.exit_code(), 0)

    def shell(self, **environment):
        terminal = Terminal(self.home, "sql", **environment)
        terminal.read_until("inlet> ")
        return terminal


class Shell(CliTest):
    def test_answers_and_leaves(self):
        shell = self.shell()
        shell.type("SELECT 1 + 1 AS two;\n")
        self.assertIn("│   2 │", shell.read_until("1 row"))
        shell.read_until("inlet> ")
        shell.type(".quit\n")
        self.assertEqual(shell.exit_code(), 0)

    def test_end_of_input_leaves(self):
        shell = self.shell()
        shell.type("\x04")
        self.assertEqual(shell.exit_code(), 0)

    def test_a_statement_may_have_many_lines(self):
        shell = self.shell()
        shell.type("SELECT\n")
        shell.read_until(r"   \.\.\.> ")
        shell.type("'a;b' AS x;\n")
        self.assertIn("a;b", shell.read_until("1 row"))
        self.leave(shell)

    def test_letters_beyond_ascii_can_be_typed(self):
        shell = self.shell()
        shell.type("SELECT 'grün 漢' AS x;\n")
        self.assertIn("│ grün 漢 │", shell.read_until("1 row"))
        self.leave(shell)

    def test_tab_completes_keywords_and_names(self):
        self.run_inlet("sql", "-e", "CREATE TABLE wombats (id INT)")
        shell = self.shell()
        shell.type("SELECT count(*) FROM wom\t")
        shell.read_until("wom.*bats")
        shell.type(";\n")
        self.assertIn("count(1)", shell.read_until("1 row"))
        shell.read_until("inlet> ")
        shell.type("QUAL\t")
        shell.read_until("QUAL.*IFY")
        shell.interrupt()
        self.leave(shell)

    def test_interrupt_at_the_prompt_forgets_the_line(self):
        shell = self.shell()
        shell.type("SELECT nonsense")
        shell.read_until("nonsense")
        shell.interrupt()
        shell.read_until("inlet> ")
        shell.type("SELECT 'well' AS x;\n")
        self.assertIn("│ well │", shell.read_until("1 row"))
        self.leave(shell)

    def test_interrupt_cancels_the_statement_and_not_the_shell(self):
        shell = self.shell()
        shell.type(SLOW + ";\n")
        shell.read_until("rows .* s")  # The progress bar.
        started = time.monotonic()
        shell.interrupt()
        shell.read_until(r"\[OPERATION_CANCELED\]")
        self.assertLess(time.monotonic() - started, PATIENCE_S / 4)
        shell.read_until("inlet> ")
        shell.type("SELECT 'alive' AS x;\n")
        self.assertIn("│ alive │", shell.read_until("1 row"))
        self.leave(shell)

    def test_a_failed_statement_is_red_and_does_not_end_it(self):
        shell = self.shell()
        shell.type("SELECT nosuch;\n")
        message = shell.read_until("SQLSTATE")
        self.assertIn("\x1b[31m[UNRESOLVED_COLUMN", message)
        self.leave(shell)

    def test_no_color(self):
        shell = self.shell(NO_COLOR="1")
        shell.type("SELECT nosuch;\n")
        self.assertNotIn("\x1b[31m", shell.read_until("SQLSTATE"))
        self.leave(shell)

    def test_history_lasts_and_comes_back_by_the_arrow(self):
        shell = self.shell()
        shell.type("SELECT 'remembered' AS x;\n")
        shell.read_until("1 row")
        self.leave(shell)
        self.assertIn("remembered", (self.home / "inlet/history").read_text().replace("\\040", " "))
        shell = self.shell()
        shell.type("\x1b[A\x1b[A")
        shell.read_until("remembered")
        shell.type("\n")
        self.assertIn("│ remembered │", shell.read_until("1 row"))
        self.leave(shell)

    def test_dot_commands(self):
        shell = self.shell()
        shell.type(".help\n")
        shell.read_until("Tab completes")
        shell.type(".mode csv\n")
        shell.type("SELECT 1 AS a, 'x' AS b;\n")
        shell.read_until(r"a,b\r\n1,x")
        shell.type(".mode nonsense\n")
        shell.read_until("Known formats")
        shell.type(".timer on\n")
        shell.type("SELECT 2;\n")
        shell.read_until(r"Time: \d+\.\d+ s")
        shell.type(".nonsense\n")
        shell.read_until("Unknown command .nonsense")
        shell.type(".quit\n")
        self.assertEqual(shell.exit_code(), 0)


class Batch(CliTest):
    def test_exit_codes(self):
        self.assertEqual(self.run_inlet("sql", "-e", "SELECT 1").returncode, 0)
        self.assertEqual(self.run_inlet("sql", "-e", "SELECT nosuch").returncode, 1)
        self.assertEqual(self.run_inlet("sql", "-f", "/no/such/file.sql").returncode, 1)
        self.assertEqual(self.run_inlet("sql", "--nonsense").returncode, 2)
        self.assertEqual(self.run_inlet().returncode, 2)
        self.assertEqual(self.run_inlet("--version").returncode, 0)

    def test_a_command_that_is_not_there_is_named(self):
        ended = self.run_inlet("sqll")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("there is no command 'sqll'. Did you mean `sql`?", ended.stderr)
        self.assertEqual(self.run_inlet("sql", "--nosuch").returncode, 2)

    def test_interrupt_ends_with_130(self):
        process = subprocess.Popen([INLET, "sql", "-e", SLOW, "-e", "SELECT 'after'"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=dict(os.environ, INLET_HOME=str(self.home)))
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 130)
        self.assertIn("[OPERATION_CANCELED]", error)
        self.assertNotIn("after", out)

    def test_the_first_failure_ends_a_script_unless_told_otherwise(self):
        script = "SELECT 1 AS a; SELECT nosuch; SELECT 2 AS b;"
        stopped = self.run_inlet("sql", "-o", "csv", stdin=script)
        self.assertEqual((stopped.returncode, stopped.stdout), (1, "a\n1\n"))
        went_on = self.run_inlet("sql", "-o", "csv", "--continue-on-error", stdin=script)
        self.assertEqual((went_on.returncode, went_on.stdout), (1, "a\n1\nb\n2\n"))

    def test_every_statement_of_the_command_line_is_tried_when_told_so(self):
        done = self.run_inlet("sql", "-o", "csv", "--continue-on-error", "-e", "SELECT nosuch", "-e", "SELECT 2 AS b")
        self.assertEqual((done.returncode, done.stdout), (1, "b\n2\n"))

    def test_a_plan_and_a_definition_keep_their_lines(self):
        plan = self.run_inlet("sql", "-e", "EXPLAIN SELECT 1").stdout
        self.assertGreater(len(plan.splitlines()), 3)
        self.assertNotIn("\\n", plan)
        shown = self.run_inlet("sql", "-e", "CREATE TABLE t (id INT, name STRING); SHOW CREATE TABLE t").stdout
        self.assertIn("CREATE TABLE", shown)
        self.assertNotIn("\\n", shown)

    def test_formats(self):
        sql = "SELECT 1 AS n, 'a\"b,c' AS t, NULL AS x, array(1, 2) AS l"
        expected = {
            "csv": 'n,t,x,l\n1,"a""b,c",,"[1, 2]"\n',
            "json": '[\n{"n":1,"t":"a\\"b,c","x":null,"l":[1,2]}\n]\n',
            "jsonl": '{"n":1,"t":"a\\"b,c","x":null,"l":[1,2]}\n',
        }
        for name, text in expected.items():
            self.assertEqual(self.run_inlet("sql", "-o", name, "-e", sql).stdout, text, name)
        self.assertIn("| 1 | a\"b,c | NULL | [1, 2] |", re.sub(" +", " ", self.run_inlet("sql", "-o", "markdown", "-e", sql).stdout))
        arrow = subprocess.run([INLET, "--home", self.home, "sql", "-o", "arrow", "-e", sql], capture_output=True).stdout
        self.assertEqual(arrow[:4], b"\xff\xff\xff\xff")  # An Arrow IPC stream begins so.

    def test_pipes_get_neither_colour_nor_progress(self):
        slow = self.run_inlet("sql", "-e", "SELECT sum(a.id * b.id % 7) AS s FROM range(8000) a CROSS JOIN range(8000) b")
        self.assertEqual(slow.stderr, "")
        self.assertNotIn("\x1b", self.run_inlet("sql", "-e", "SELECT nosuch").stderr)

    def test_progress_on_a_terminal_can_be_turned_off(self):
        terminal = Terminal(self.home, "sql", "--no-progress", "-e",
                            "SELECT sum(a.id * b.id % 7) AS s FROM range(8000) a CROSS JOIN range(8000) b")
        self.assertNotIn("\x1b[K", terminal.read_until("1 row"))
        self.assertEqual(terminal.exit_code(), 0)

    def test_timing(self):
        self.assertRegex(self.run_inlet("sql", "--timing", "-e", "SELECT 1").stderr, r"Time: \d+\.\d+ s")

    def test_a_reader_that_goes_away_is_no_failure_to_hang_on(self):
        process = subprocess.Popen([INLET, "--home", self.home, "sql", "-o", "csv", "-e", "SELECT id FROM range(10000000)"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.readline()
        process.stdout.close()
        self.assertNotEqual(process.wait(timeout=PATIENCE_S), 0)


class Upload(CliTest):
    def setUp(self):
        super().setUp()
        self.file = self.home / "people.csv"
        self.file.write_text("id,name\n1,Ann\n2,Bob\n")

    def test_shows_types_and_rows_and_asks(self):
        terminal = Terminal(self.home, "upload", str(self.file), "--table", "people")
        preview = terminal.read_until(r"\[y/N\] ")
        for shown in ("int", "string", "Ann", "Bob"):
            self.assertIn(shown, preview)
        terminal.type("y\n")
        terminal.read_until("num_inserted_rows")
        self.assertEqual(terminal.exit_code(), 0)
        self.assertEqual(self.run_inlet("sql", "-o", "csv", "-e", "SELECT id, name FROM people ORDER BY id").stdout, "id,name\n1,Ann\n2,Bob\n")

    def test_no_means_no(self):
        terminal = Terminal(self.home, "upload", str(self.file), "--table", "people")
        terminal.read_until(r"\[y/N\] ")
        terminal.type("\n")
        self.assertEqual(terminal.exit_code(), 1)
        self.assertEqual(self.run_inlet("sql", "-e", "SELECT * FROM people").returncode, 1)

    def test_nobody_to_ask_needs_yes(self):
        refused = self.run_inlet("upload", str(self.file), "--table", "people")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--yes", refused.stderr)
        self.assertEqual(self.run_inlet("upload", str(self.file), "--table", "people", "--yes").returncode, 0)
        self.assertEqual(self.run_inlet("upload", str(self.file), "--table", "people", "--yes").returncode, 0)
        self.assertEqual(self.run_inlet("sql", "-o", "csv", "-e", "SELECT count(*) AS n FROM people").stdout, "n\n4\n")
        self.assertEqual(self.run_inlet("upload", str(self.file), "--table", "people", "--yes", "--overwrite").returncode, 0)
        self.assertEqual(self.run_inlet("sql", "-o", "csv", "-e", "SELECT count(*) AS n FROM people").stdout, "n\n2\n")

    def test_a_missing_file_is_told(self):
        missing = self.run_inlet("upload", "nosuch.csv", "--table", "people", "--yes")
        self.assertNotEqual(missing.returncode, 0)
        self.assertIn("nosuch.csv", missing.stderr + missing.stdout)


if __name__ == "__main__":
    unittest.main()
