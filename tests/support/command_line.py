"""Run the command line inside the test's process."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.entrypoints.cli import main
from bake_tracker.entrypoints.cli.state import State, state


@dataclass(frozen=True)
class Done:
    """A command's output and exit status."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Call it with the words of a command."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_file: Path) -> None:
        self.capsys, self.monkeypatch, self.log_file = capsys, monkeypatch, log_file
        self.replies: str | None = None

    def at_terminal(self, replies: str) -> "CommandLine":
        """Let somebody sit at the terminal during the next call, who types these lines."""
        self.replies = replies
        return self

    def __call__(self, *words: str) -> Done:
        fresh = State()
        state.database, state.as_json = fresh.database, fresh.as_json
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch, pytest.raises(SystemExit) as left:
            patch.setattr(sys, "argv", ["bake", *words])
            if self.replies is not None:
                typed, self.replies = io.StringIO(self.replies), None
                patch.setattr(typed, "isatty", lambda: True)
                patch.setattr(sys, "stdin", typed)
            main()
        printed = self.capsys.readouterr()
        return Done(int(left.value.code or 0), printed.out, printed.err)


@contextmanager
def root_logger_put_back() -> Iterator[None]:
    """Commands set up logging; afterwards the root logger has its old handlers and level again."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
