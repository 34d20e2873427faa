"""A SQLite database whose files are deleted, moved or replaced while they are open takes no more writes."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bake_tracker.config import sqlite_url as url_of
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import DatabaseUnavailableError
from bake_tracker.log.earlier_use import OPENED
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.catalog import things
from bake_tracker.services.database import dispose_engines, read_scope, run_in_transaction
from support.command_line import CommandLine
from support.web import Web

CHANGES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda file: file.unlink(),
    "moved": lambda file: file.rename(file.with_name("elsewhere")),
    "replaced": lambda file: Path(shutil.copy(file, file.with_name("copy"))).replace(file),
}
pytest_plugins = ["bake_tracker.testing"]
GONE = "was deleted, moved or replaced while it was in use"


def a_fair(session: Session) -> Any:
    return things.record_event("Fair", session=session)


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """The database's file, open in this process."""
    with read_scope() as session:
        load_bakery(session)
    return Path(sqlite_url.partition(":///")[2])


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
@pytest.mark.parametrize("change", CHANGES)
def test_nothing_more_is_read_or_recorded(file: Path, change: str, ending: str) -> None:
    """This holds for the database and for each file that SQLite keeps beside it."""
    run_in_transaction(a_fair)
    CHANGES[change](file.with_name(file.name + ending))
    with pytest.raises(DatabaseUnavailableError, match=GONE):
        run_in_transaction(a_fair)
    with pytest.raises(DatabaseUnavailableError, match=GONE), read_scope() as session:
        load_bakery(session)


def test_a_write_that_is_under_way_is_refused_before_its_commit(file: Path, operation_log: Any) -> None:
    """Its line says that it was rolled back."""

    def work(session: Session) -> None:
        a_fair(session)
        file.rename(file.with_name("elsewhere"))

    with pytest.raises(DatabaseUnavailableError, match=GONE):
        run_in_transaction(work)
    assert operation_log.one("record_event").outcome == "rolled_back"
    file.with_name("elsewhere").rename(file)  # the same file is back where it was
    assert run_in_transaction(a_fair)["slug"] == "fair"


def test_other_programs_may_close_the_database_and_this_one_may_open_it_again(file: Path) -> None:
    """When the last connection closes, SQLite deletes the files beside the database, and makes new ones later."""
    for name in ("Fair", "Feast"):
        run_in_transaction(lambda session, name=name: things.record_event(name, session=session))
        dispose_engines()
        assert not file.with_name(file.name + "-wal").exists()


def test_the_server_is_not_ready_and_says_why(file: Path) -> None:
    """An operator sees it at ``/readyz``, and a program that writes is not told that it succeeded."""
    web = Web().let_in()
    baker = web.program(Role.BAKER)
    assert web.client().get("/readyz").status_code == 200
    file.unlink()
    for answer in (web.client().get("/readyz"), baker.post("/api/v1/events", json={"name": "Fair"})):
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert GONE in answer.json()["detail"]
    assert web.client().get("/healthz").status_code == 200


@pytest.mark.parametrize("left", [None, b""])
def test_a_known_bakery_is_not_begun_anew(
    bake: CommandLine, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: bytes | None
) -> None:
    """Neither a command nor a server begins a new one; ``bake init`` and a restore do so on purpose."""
    monkeypatch.delenv("BAKE_TRACKER_LOG_FILE")
    file = tmp_path / "known.db"
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", url_of(file))
    assert bake("event", "add", "Fair").code == 0
    backup = tmp_path / "backup.jsonl"
    assert bake("backup", str(backup)).code == 0
    dispose_engines()
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    for words in (("stock",), ("event", "add", "Feast"), ("serve", "--port", "0")):
        said = bake(*words)
        assert (said.code, file.exists() and file.read_bytes()) == (1, left is not None and b"")
        assert "is missing or empty, but its log says that it was in use since 2" in said.err
        assert "put the file back or restore a backup, or begin a new bakery there: bake init" in said.err
    assert bake("restore", str(backup)).code == 0
    assert bake("stock").code == 0
    dispose_engines()
    file.unlink()
    assert bake("init").code == 0
    assert bake("event", "add", "Feast").code == 0


def test_a_server_whose_log_is_elsewhere_knows_its_bakery_by_the_line_it_wrote(
    bake: CommandLine, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another database with the same log is not that one."""
    file = tmp_path / "known.db"
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", url_of(file))
    with Web().client() as client:
        assert client.get("/readyz").status_code == 200
    assert f'"operation":"{OPENED}"' in bake.log_file.read_text()
    file.unlink()
    assert (bake("stock").code, file.exists()) == (1, False)
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", url_of(tmp_path / "another.db"))
    assert bake("event", "add", "Fair").code == 0
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", os.devnull)
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", url_of(tmp_path / "third.db"))
    assert bake("event", "add", "Fair").code == 0
