"""Backup files: consistent while others write, private, complete or absent, and restored by a command."""

import json
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bake_tracker.domain.errors import DatabaseUnavailableError
from bake_tracker.entrypoints.cli.house import archive as commands_archive
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.archive.backup import BackupRefusedError, restore_backup, write_backup
from bake_tracker.services.database import dispose_engines, engine_for, read_scope, session_scope
from support.archives import another, archive, use_postgresql_tools
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.warm.waiting import PATIENCE_S

KINDS = {
    "sqlite": ("backup.jsonl", "backup.jsonl.gz", "backup.db"),
    "postgresql": ("backup.jsonl", "backup.jsonl.gz", "backup.dump"),
}
KINDS_OF_FILE = [(kind, name) for kind, names in KINDS.items() for name in names]
WRITERS = 3


@pytest.fixture(autouse=True)
def postgresql_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pg_dump and pg_restore of the server that the tests start."""
    use_postgresql_tools(monkeypatch)


@contextmanager
def others_at_work(kitchen: Kitchen) -> Iterator[threading.Event]:
    """Let bakers work until the block ends; the event is set once each has baked."""
    stop, busy, baked = threading.Event(), threading.Event(), []

    def work() -> None:
        while not stop.is_set():
            kitchen.receive("Flour", 500, "g", 1)
            kitchen.receive("Sugar", 250, "g", 1)
            baked.append(kitchen.produce("Cookies", "Cookie", 1, 23))
            if len(baked) >= 2 * WRITERS:
                busy.set()

    with ThreadPoolExecutor(WRITERS) as pool:
        working = [pool.submit(work) for _ in range(WRITERS)]
        try:
            assert busy.wait(PATIENCE_S)
            yield busy
        finally:
            stop.set()
        for one in working:
            one.result()


@pytest.mark.parametrize(("kind", "name"), KINDS_OF_FILE)
def test_a_backup_among_writers_is_of_one_moment(
    kind: str, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The restored bakery agrees with its ledger and has the operations of one moment during the backup."""
    request.getfixturevalue(f"{kind}_url")
    kitchen = Kitchen().simple_bakery()
    with others_at_work(kitchen):
        (before,) = kitchen.rows("SELECT count(*) FROM operation")
        written = write_backup(tmp_path / name)
        (after,) = kitchen.rows("SELECT count(*) FROM operation")
    target = another(request, kind, tmp_path / "other")
    restored = restore_backup(tmp_path / name, target)
    assert restored["verification"]["drift"] == []
    assert before[0] <= restored["operations"] <= after[0]
    assert (written["rows"], written["operations"]) == (restored["rows"], restored["operations"])
    with read_scope(target) as session:
        assert verify_ledger(session)["operations"] == restored["operations"]


@pytest.mark.parametrize(("kind", "name"), KINDS_OF_FILE)
def test_every_kind_of_backup_restores_the_same_bakery(
    kind: str, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every row is restored, also into the other kind of database where the backup allows it."""
    request.getfixturevalue(f"{kind}_url")
    Kitchen().simple_bakery().produce("Cookies", "Cookie", 1, 20)
    write_backup(tmp_path / name)
    for into in ("postgresql",) if name.endswith(".dump") else ("sqlite", "postgresql"):
        target = another(request, into, tmp_path / into)
        restore_backup(tmp_path / name, target)
        assert archive() == archive(target)


def test_a_backup_is_private_and_leaves_nothing_beside_it(kitchen: Kitchen, tmp_path: Path) -> None:
    """Only its owner may read it, and no temporary file remains."""
    folder = tmp_path / "backups"
    folder.mkdir()
    write_backup(folder / "a.jsonl.gz")
    assert [path.name for path in folder.iterdir()] == ["a.jsonl.gz"]
    assert stat.S_IMODE((folder / "a.jsonl.gz").stat().st_mode) == 0o600


def test_the_same_bakery_gives_the_same_file(kitchen: Kitchen, tmp_path: Path) -> None:
    """The file contains neither its name nor the time."""
    kitchen.simple_bakery()
    write_backup(tmp_path / "monday.jsonl.gz")
    write_backup(tmp_path / "tuesday.jsonl.gz")
    assert (tmp_path / "monday.jsonl.gz").read_bytes() == (tmp_path / "tuesday.jsonl.gz").read_bytes()


def test_a_backup_that_fails_leaves_the_one_before(
    kitchen: Kitchen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --force the earlier file is untouched; with it, only a complete one replaces it."""
    path = tmp_path / "a.jsonl"
    write_backup(path)
    before = path.read_bytes()
    kitchen.simple_bakery()
    with pytest.raises(BackupRefusedError, match="already exists; choose another name") as refused:
        write_backup(path)
    assert told(refused.value).endswith(", or add --force")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BackupRefusedError, match="cannot be written: No space left on device"):
            write_backup(path, force=True)
    assert (path.read_bytes(), [found.name for found in tmp_path.glob("*.part")]) == (before, [])
    assert list(tmp_path.glob(".a*")) == []
    write_backup(path, force=True)
    assert path.read_bytes().splitlines(keepends=True) == archive()


def test_an_impossible_backup_or_restore_is_refused_with_the_reason(
    bake: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong endings, the other database's format, missing folders and files, and missing tools each have a reason."""
    is_sqlite = engine_for().dialect.name == "sqlite"
    wrong = tmp_path / ("a.dump" if is_sqlite else "a.db")
    tools = "a .dump backup needs a PostgreSQL database" if is_sqlite else "a .db backup is a copy of a SQLite file"
    for words, why in (
        (("backup", str(tmp_path / "a.zip")), "its name must end in .jsonl, .jsonl.gz, .db or .dump"),
        (("backup", str(tmp_path / ".jsonl")), "its name must end in"),
        (("backup", str(tmp_path / "no" / "a.jsonl")), "cannot be written: No such file or directory"),
        (("restore", str(tmp_path / "a.jsonl")), "there is no file"),
        (("backup", str(wrong)), tools),
    ):
        done = bake(*words)
        assert (done.code, done.out) == (1, "")
        assert why in done.err
    assert not wrong.exists()
    if not is_sqlite:
        monkeypatch.setattr(shutil, "which", lambda _program: None)
        assert (
            "pg_dump is not installed here; a .jsonl.gz backup works without it" in bake("backup", f"{wrong}.dump").err
        )


def test_a_broken_dump_leaves_an_empty_bakery(
    postgresql_url: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The refusal has pg_restore's own message, and the next restore finds an empty database."""
    Kitchen().simple_bakery()
    path = tmp_path / "a.dump"
    write_backup(path)
    whole = path.read_bytes()
    target = another(request, "postgresql", tmp_path / "other")
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupRefusedError, match="pg_restore failed"):
        restore_backup(path, target)
    path.write_bytes(whole)
    restore_backup(path, target)
    assert archive() == archive(target)


def test_a_broken_copy_restores_nothing(sqlite_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A file of nonsense and another program's database are refused."""
    target = another(request, "sqlite", tmp_path / "other")
    before = archive(target)
    path = tmp_path / "a.db"
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(BackupRefusedError, match="file is not a database"):
        restore_backup(path, target)
    path.unlink()
    with sqlite3.connect(path) as theirs:
        theirs.execute("CREATE TABLE precious (id INTEGER)")
    theirs.close()
    with pytest.raises(Exception, match="belongs to another program"):
        restore_backup(path, target)
    assert before == archive(target)


def test_restored_operations_are_distinguished_from_lost_lines(
    bake: CommandLine, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restore they count as restored, while a line lost in the new place is still missed."""
    kitchen = Kitchen().simple_bakery()
    count = kitchen.rows("SELECT count(*) FROM operation")[0][0]
    path = tmp_path / "a.jsonl.gz"
    sealed, wrote = bake("backup", str(path)).out.splitlines()
    assert sealed.startswith(f"Seal 1 covers {count} operations: ")
    count += 1  # the seal's own
    assert wrote == f"Wrote {len(archive()) - 2 - tables()} rows and {count} operations to {path}"
    assert bake("backup", str(path), "--force").out == f"{wrote}\n"  # nothing is left to seal, so the file is the same
    target = another(request, engine_for().dialect.name, tmp_path / "other")
    monkeypatch.setenv("BAKE_TRACKER_DATABASE_URL", target)
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(tmp_path / "new.log.jsonl"))
    assert bake("item", "list").code == 0  # the log of the new place begins before the restore
    restored = bake("restore", str(path))
    assert (restored.code, restored.out.splitlines()[0].endswith(f"rows and {count} operations.")) == (0, True)
    assert bake("supplier", "add", "Mill").code == 0
    done = bake("log", "verify", "--json")
    assert (done.code, done.json["operations_restored"], done.json["operations_compared"]) == (0, count, 1)
    log_file = tmp_path / "new.log.jsonl"
    lines = log_file.read_text("utf-8").splitlines(keepends=True)
    told = [json.loads(line) for line in lines]
    assert [line["operation_count"] for line in told if line.get("outcome") == "restored"] == [count]
    log_file.write_text("".join(line for line in lines if '"success"' not in line), "utf-8")
    done = bake("log", "verify", "--json")
    assert (done.code, [named["operation"] for named in done.json["missing"]]) == (1, ["record_supplier"])


def test_a_backup_of_what_may_only_be_read_says_how_to_make_it(
    bake: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing comes first and has to write; without it, the backup succeeds."""
    Kitchen().simple_bakery()

    def refuse() -> None:
        raise DatabaseUnavailableError("the database file can only be read")

    monkeypatch.setattr(commands_archive, "seal_all", refuse)
    refused = bake("backup", str(tmp_path / "a.jsonl"))
    assert refused.code != 0
    assert "can only be read" in refused.err
    assert "--no-seal" in refused.err
    assert not (tmp_path / "a.jsonl").exists()
    assert bake("backup", str(tmp_path / "a.jsonl"), "--no-seal").code == 0


def tables() -> int:
    return sum("table" in json.loads(line) for line in archive())


def test_a_restore_says_by_its_exit_status_that_the_ledger_does_not_agree(
    bake: CommandLine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The bakery is restored as it was, and the output lists what does not agree."""
    Kitchen().simple_bakery()
    with session_scope() as session:
        session.execute(text("UPDATE lot SET remaining_micros = remaining_micros + 1 WHERE code LIKE 'flour%'"))
    path = tmp_path / "a.jsonl"
    assert bake("backup", str(path)).code == 0
    target = another(request, "sqlite", tmp_path / "other")
    done = bake("restore", str(path), "--database", target)
    assert (done.code, "lot remaining flour" in done.out, "they do not agree" in done.out) == (1, True, True)
    assert archive() == archive(target)
    dispose_engines()
