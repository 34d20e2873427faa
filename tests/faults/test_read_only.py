"""A SQLite file or folder that is read-only can be read; recording is refused with the reason and leaves nothing."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bake_tracker.database import read_only_sqlite
from bake_tracker.services.database import DatabaseUnavailableError, dispose_engines, read_scope
from support.kitchen import Kitchen
from support.warm.program import run

REFUSED = (
    "DatabaseUnavailableError: the database file is read-only, so nothing was recorded: make its disk, its folder, the"
    " file itself and the -wal and -shm files beside it writable"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Keep the database in a folder for this test alone."""
    return tmp_path


@pytest.fixture
def folder(sqlite_url: str, tmp_path: Path) -> Iterator[Path]:
    """A folder readable by every user, with a bakery of three lots that no process has open."""
    Kitchen().simple_bakery()
    dispose_engines()
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        shutil.copy(tmp_path / "bakery.db", home)
        yield Path(home)


def said(folder: Path, situation: str) -> list[str]:
    """What a process prints there; it must exit with 0."""
    done = run("support.faults.read_only", situation, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("situation", ["folder", "file", "both"])
def test_a_read_only_bakery_is_read_and_refuses_to_record_with_the_reason(folder: Path, situation: str) -> None:
    """The refusal leaves nothing, and once the file is writable the same process can record."""
    lots, refusal, recorded = said(folder, situation)
    assert (lots, refusal, recorded) == ("3", REFUSED, "1000")
    with sqlite3.connect(folder / "bakery.db") as database:
        assert database.execute("SELECT count(*) FROM lot").fetchone() == (4,)


@pytest.mark.parametrize("situation", ["folder", "file", "both"])
def test_a_file_open_in_a_writer_is_read_with_everything_committed(folder: Path, situation: str) -> None:
    """The write-ahead log beside the file counts."""
    with sqlite3.connect(folder / "bakery.db", isolation_level=None) as writer:
        writer.execute("UPDATE lot SET location = 'shelf'")
        lots, refusal, _ = said(folder, situation)
        assert (lots, refusal) == ("3", REFUSED)


def test_a_reader_that_was_overtaken_by_a_writer_gets_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reads may mix two states of the file, so it gets no answer."""
    monkeypatch.setattr(read_only_sqlite, "may_only_read", lambda path: True)
    url = f"sqlite:///{folder / 'bakery.db'}"
    with read_scope(url) as session:
        assert session.execute(text("SELECT count(*) FROM lot")).scalar_one() == 3
    with pytest.raises(DatabaseUnavailableError, match="try again"), read_scope(url) as session:
        session.execute(text("SELECT count(*) FROM lot")).scalar_one()
        with sqlite3.connect(folder / "bakery.db") as writer:
            writer.execute("UPDATE lot SET location = 'shelf'")
