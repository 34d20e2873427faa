"""Run modules as programs that start at once."""

import atexit
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from support import ROOT
from support.warm import client
from support.warm.waiting import PATIENCE_S


class Program:
    """A program under way, with the part of ``subprocess.Popen`` that tests use."""

    def __init__(
        self,
        module: str,
        *words: str,
        environment: Mapping[str, str],
        folder: Path,
        stdout: IO[Any] | int,
        stderr: IO[Any] | int,
    ) -> None:
        with Path(os.devnull).open() as stdin:
            streams = {number: _descriptor(one) for number, one in enumerate((stdin, stdout, stderr))}
            self._connection = client.ask(_address(), module, words, environment, str(folder), streams)
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, if it has ended; below zero, the signal that ended it."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._connection.close()
        return self.returncode

    def wait(self, timeout: float = PATIENCE_S) -> int:
        if self.returncode is None and not select.select([self._connection], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("a program", timeout)
        status = self.poll()
        assert status is not None
        return status

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    module: str,
    *words: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdout: IO[Any] | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run ``python -m MODULE WORDS`` to its end; what it wrote, unless its output goes elsewhere, and its status."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        program = Program(
            module,
            *words,
            environment=os.environ if environment is None else environment,
            folder=folder or Path.cwd(),
            stdout=stdout or out,
            stderr=error,
        )
        status = program.wait()
        out.seek(0)
        error.seek(0)
        return subprocess.CompletedProcess([module, *words], status, out.read(), error.read())


def shell_words(module: str) -> str:
    """What a shell script writes instead of ``python -m MODULE`` to have it start at once."""
    return shlex.join([sys.executable, "-I", "-S", client.__file__, _address(), module])


def _descriptor(stream: IO[Any] | int) -> int:
    return stream if isinstance(stream, int) else stream.fileno()


@lru_cache
def _address() -> str:
    """Where the warm server of this process listens; requests wait until it has imported everything."""
    folder = tempfile.TemporaryDirectory(prefix="bake-tracker-warm-")
    path = str(Path(folder.name) / "socket")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        server = subprocess.Popen(
            [sys.executable, "-m", "support.warm.server", str(door.fileno())],
            env=environment,
            stdin=subprocess.PIPE,
            pass_fds=[door.fileno()],
        )

    def end() -> None:
        server.communicate()  # it ends when its input does
        folder.cleanup()

    atexit.register(end)
    return path
