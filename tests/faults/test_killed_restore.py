"""``kill -9`` during a restore by PostgreSQL's own tools: nobody can work in half of one, and it can be finished."""

import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.services.archive import backup
from bake_tracker.services.archive.backup import BackupRefusedError, restore_backup, write_backup
from bake_tracker.services.database import DatabaseUnavailableError, dispose_engines, engine_for, prepare, read_scope
from bake_tracker.services.reconcile.verification import verify_log
from support.archives import another, archive, use_postgresql_tools
from support.command_line import CommandLine
from support.databases import fresh_postgresql
from support.kitchen import Kitchen
from support.warm.waiting import PATIENCE_S

MOMENTS = {"before the rows": "_run", "between the rows and the mark": "mark_restored"}


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path, use: Callable[[str], str]) -> str:
    """PostgreSQL only, because the restore is of a .dump file."""
    return use(fresh_postgresql(request, tmp_path))


@pytest.fixture
def dump(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A bakery with a production, as pg_dump writes it."""
    use_postgresql_tools(monkeypatch)
    Kitchen().simple_bakery().produce("Cookies", "Cookie", 1, 24)
    write_backup(tmp_path / "a.dump")
    return tmp_path / "a.dump"


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The database to restore into."""
    yield another(request, "postgresql", tmp_path / "other")
    dispose_engines()


def restore_until(moment: str, path: Path, url: str) -> None:
    """Restore in a process that is killed at this moment."""
    go_on = getattr(backup, MOMENTS[moment])

    def die(*arguments: Any, **more: Any) -> Any:
        if "--list" not in arguments:
            os.kill(os.getpid(), signal.SIGKILL)
        return go_on(*arguments, **more)

    def work() -> None:
        setattr(backup, MOMENTS[moment], die)
        restore_backup(path, url)

    process = get_context("fork").Process(target=work)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_restore_that_was_killed_is_finished_by_the_same_file(
    bake: CommandLine, dump: Path, target: str, moment: str
) -> None:
    """Until then nobody can record there or mistake it for an empty bakery; then every operation has been restored."""
    restore_until(moment, dump, target)
    for opened in (engine_for, prepare):
        with pytest.raises(
            DatabaseUnavailableError, match="was stopped; if it was stopped, run it again with the same"
        ):
            opened(target)
    refused = bake("supplier", "add", "Mill", "--database", target)
    assert (refused.code, "bake restore FILE" in refused.err) == (1, True)
    restore_until(moment, dump, target)  # and may be killed again
    assert bake("restore", str(dump), "--database", target).code == 0
    assert archive() == archive(target)
    operations = len(Kitchen().rows("SELECT id FROM operation"))
    with read_scope(target) as session:
        found = verify_log(session, dump.with_suffix(".log"), is_whole=True)
    assert (found["operations_restored"], found["missing"], found["clean"]) == (operations, [], True)


def test_a_restore_that_was_killed_is_not_finished_by_another_file(dump: Path, target: str, tmp_path: Path) -> None:
    """Halves of two files would be neither; and a file that is not a bakery's dump starts nothing."""
    restore_until("between the rows and the mark", dump, target)
    Kitchen().ingredient("Butter")
    write_backup(tmp_path / "b.dump")
    with pytest.raises(BackupRefusedError, match=r"a restore of a\.dump into this database was interrupted"):
        restore_backup(tmp_path / "b.dump", target)
    write_backup(tmp_path / "b.jsonl")
    with pytest.raises(DatabaseUnavailableError, match="was stopped"):
        restore_backup(tmp_path / "b.jsonl", target)
    assert restore_backup(dump, target)["verification"]["drift"] == []


def test_a_database_filled_by_an_orphaned_pg_restore_is_finished(
    dump: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The killed run's pg_restore commits while the next run waits: that run fails, and the one after it finishes."""
    run = backup._run

    def overtaken(*arguments: Any, **more: Any) -> str:
        run(*arguments, **more)
        return run(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(backup, "_run", overtaken)
        with pytest.raises(BackupRefusedError, match="already exists"):
            restore_backup(dump, target)
    assert restore_backup(dump, target)["verification"]["drift"] == []
    assert archive() == archive(target)
