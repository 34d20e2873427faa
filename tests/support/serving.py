"""A real server in a process of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from support import ROOT

PASSWORD = "demo password of a test"


@dataclass
class Server:
    """Where it is, and its process."""

    url: str
    process: "subprocess.Popen[str]"
    folder: Path

    def end(self) -> tuple[int, str]:
        """Ask it to end; its exit status and what it printed."""
        self.process.terminate()
        printed, _ = self.process.communicate(timeout=60)
        return self.process.returncode, printed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, *options: str, database_url: str | None = None, port: int | None = None) -> Iterator[Server]:
    """``bake serve`` with these options, from when it is ready to the end; on a database of its own unless told."""
    port = port or free_port()
    command = [sys.executable, "-m", "bake_tracker", "serve", "--port", str(port), *options]
    environment = {
        **os.environ,
        "BAKE_TRACKER_DATABASE_URL": database_url or f"sqlite:///{folder}/bakery.db",
        "BAKE_TRACKER_DEMO_PASSWORD": PASSWORD,
        "PYTHONPATH": str(ROOT / "src"),
        "TMPDIR": str(folder),
    }
    process = subprocess.Popen(
        command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    server = Server(f"http://127.0.0.1:{port}", process, folder)
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            for worker in psutil.Process(process.pid).children(recursive=True):
                worker.kill()
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _wait(server: Server) -> None:
    give_up_at = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=5):
                return
        except OSError:
            if server.process.poll() is not None or time.monotonic() > give_up_at:
                server.process.kill()
                raise AssertionError(server.process.communicate()[0]) from None
            time.sleep(0.1)
