"""A SQLite file, or its folder, that may not be written: it is read, and a recording says so and leaves nothing."""

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
    """The database is in a folder of this test alone."""
    return tmp_path


@pytest.fixture
def folder(sqlite_url: str, tmp_path: Path) -> Iterator[Path]:
    """A folder with a bakery of three lots, which nobody has open and which nobody else is kept from."""
    Kitchen().simple_bakery()
    dispose_engines()
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        shutil.copy(tmp_path / "bakery.db", home)
        yield Path(home)


def said(folder: Path, situation: str) -> list[str]:
    """What a process there prints; it must end well."""
    done = run("support.faults.read_only", situation, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("situation", ["folder", "file", "both"])
def test_what_may_not_be_written_is_read_and_refuses_to_record_with_the_reason(folder: Path, situation: str) -> None:
    """What was refused left nothing, and as soon as the file may be written it is, by the same process."""
    lots, refusal, recorded = said(folder, situation)
    assert (lots, refusal, recorded) == ("3", REFUSED, "1000")
    with sqlite3.connect(folder / "bakery.db") as database:
        assert database.execute("SELECT count(*) FROM lot").fetchone() == (4,)


@pytest.mark.parametrize("situation", ["folder", "file", "both"])
def test_what_a_writer_has_open_is_read_with_all_that_it_committed(folder: Path, situation: str) -> None:
    """Its write-ahead log lies beside the file and counts."""
    with sqlite3.connect(folder / "bakery.db", isolation_level=None) as writer:
        writer.execute("UPDATE lot SET location = 'shelf'")
        lots, refusal, _ = said(folder, situation)
        assert (lots, refusal) == ("3", REFUSED)


def test_a_reader_that_was_overtaken_by_a_writer_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it read of a file that did not lie still may be of two moments, so it is not answered."""
    monkeypatch.setattr(read_only_sqlite, "may_only_read", lambda path: True)
    url = f"sqlite:///{folder / 'bakery.db'}"
    with read_scope(url) as session:
        assert session.execute(text("SELECT count(*) FROM lot")).scalar_one() == 3
    with pytest.raises(DatabaseUnavailableError, match="try again"), read_scope(url) as session:
        session.execute(text("SELECT count(*) FROM lot")).scalar_one()
        with sqlite3.connect(folder / "bakery.db") as writer:
            writer.execute("UPDATE lot SET location = 'shelf'")
