"""Starts `inlet serve` on free ports with a home of its own, then runs a command.

    with_server.py PROGRAM COMMAND...

{remote} in the command becomes the server's address. The exit code is the command's, or 1 when the
server did not survive it.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


class Server:
    """A server under test; use it as a context."""

    def __init__(self, program, *options):
        self.home = tempfile.mkdtemp(prefix="inlet.")
        self.log = open(pathlib.Path(self.home) / "serve.log", "w+")
        self.process = subprocess.Popen(
            [program, "serve", "--http-port", "0", "--connect-port", free_port(), *options],
            env={"INLET_PYTHON": sys.executable, **os.environ, "INLET_HOME": self.home + "/lakehouse", "TZ": "UTC"},
            stderr=self.log,
            stdout=self.log,
        )
        self.remote = None
        self.is_stopping = False
        self.command = None  # What runs against it, to be ended with it.

    def __enter__(self):
        for _ in range(600):
            text = pathlib.Path(self.log.name).read_text()
            found = re.search(r"sc://\S+", text)
            if found:
                # `localhost` and not a number: clients send tokens without TLS to it alone.
                self.remote = "sc://localhost:" + found.group(0).rsplit(":", 1)[1]
                threading.Thread(target=self.watch, daemon=True).start()
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("the server did not start: " + text)

    def watch(self):
        """A client would call a dead server again for a quarter of an hour."""
        self.process.wait()
        if not self.is_stopping:
            print("the server died:", pathlib.Path(self.log.name).read_text()[-3000:], flush=True)
            if self.command:
                self.command.kill()
            os._exit(1)

    def is_alive(self):
        return self.process.poll() is None

    def __exit__(self, *_):
        self.is_stopping = True
        if self.is_alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def main():
    program, command = sys.argv[1], sys.argv[2:]
    with Server(program) as server:
        server.command = subprocess.Popen([part.replace("{remote}", server.remote) for part in command])
        return server.command.wait()


if __name__ == "__main__":
    sys.exit(main())
