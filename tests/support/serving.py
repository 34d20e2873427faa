"""A real server in a process of its own."""

import os
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from support.warm.program import Program
from support.warm.waiting import PATIENCE_S

PASSWORD = "demo password of a test"


@dataclass
class Server:
    """Its address and its process."""

    url: str
    process: Program
    printed: IO[str]

    def end(self) -> tuple[int, str]:
        """Ask it to stop; return its exit status and output."""
        self.process.terminate()
        return self.process.wait(), self.all_printed()

    def all_printed(self) -> str:
        self.printed.seek(0)
        return self.printed.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, *options: str, database_url: str | None = None, port: int | None = None) -> Iterator[Server]:
    """Run ``bake serve`` with these options, and wait until it is ready; on a database of its own by default."""
    port = port or free_port()
    environment = {
        **os.environ,
        "BAKE_TRACKER_DATABASE_URL": database_url or f"sqlite:///{folder}/bakery.db",
        "BAKE_TRACKER_DEMO_PASSWORD": PASSWORD,
        "TMPDIR": str(folder),
    }
    words = ("serve", "--port", str(port), *options)
    with tempfile.TemporaryFile("w+") as printed:
        process = Program(
            "bake_tracker", *words, environment=environment, folder=folder, stdout=printed, stderr=printed
        )
        server = Server(f"http://127.0.0.1:{port}", process, printed)
        try:
            _wait(server)
            yield server
        finally:
            if process.poll() is None:
                for worker in psutil.Process(process.pid).children(recursive=True):
                    worker.kill()
                process.kill()
            process.wait()


def _wait(server: Server) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=PATIENCE_S):
                return
        except OSError:
            if server.process.poll() is not None or time.monotonic() > give_up_at:
                server.process.kill()
                raise AssertionError(server.all_printed()) from None
            time.sleep(0.02)
