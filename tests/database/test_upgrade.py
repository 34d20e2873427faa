"""A bakery of any earlier version upgrades without loss: by ``bake init``, or by restoring its backup."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from bake_tracker import migrations
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.migrations.guards import writing_marks
from bake_tracker.queries.archive.restored import load_restored
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services import database
from bake_tracker.services.archive.backup import restore_backup
from bake_tracker.services.database import (
    DatabaseUnavailableError,
    dispose_engines,
    engine_for,
    read_scope,
    session_scope,
)
from support import DATA
from support.archives import MAKERS, archive, edited, restore, use_postgresql_tools
from support.command_line import CommandLine
from support.depth import usually

OLD = sorted(DATA.glob("archive-*.jsonl"))
LEDGER = ("item", "operation", "lot", "movement", "production_run", "assembly_run", "recipe_snapshot")


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def bare(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """A database without any table."""
    folder.mkdir()
    if kind == "sqlite":
        return f"sqlite:///{folder}/old.db"
    url = MAKERS[kind](request, folder)
    name = url.rpartition("/bakery_")[2].partition("?")[0]
    admin = create_engine(request.getfixturevalue("postgresql_server"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE bakery_{name}"))
        connection.execute(text(f"CREATE DATABASE bakery_{name} TEMPLATE template0"))
    admin.dispose()
    return url


def of_revision(url: str, path: Path) -> str:
    """Migrate a bare database to the archive's revision, and insert the archive's rows with plain SQL."""
    header, *values = [json.loads(line) for line in lines_of(path)]
    engine = database.make_engine(url)
    with engine.begin() as connection:
        migrations.upgrade(connection, header["schema"])
        heading: dict[str, list[str]] = {}
        for value in values[:-1]:
            if isinstance(value, dict):
                heading = value
                continue
            names = ", ".join(heading["columns"])
            places = ", ".join(f":{name}" for name in heading["columns"])
            row = dict(zip(heading["columns"], map(stored(url), value), strict=True))
            connection.execute(text(f"INSERT INTO {heading['table']} ({names}) VALUES ({places})"), row)
    engine.dispose()
    return url


def stored(url: str) -> Callable[[object], object]:
    """SQLite stores a time as SQLAlchemy writes it; PostgreSQL reads the archive's text."""

    def store(value: object) -> object:
        if url.startswith("sqlite") and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
            return value.replace("T", " ").removesuffix("Z")
        return value

    return store


@pytest.fixture(scope="module", params=usually(OLD, usual=OLD[-1:]), ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest) -> Path:
    """A backup of each earlier version; usually of the last that was released alone."""
    return request.param


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def upgraded_url(request: pytest.FixtureRequest, old: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with data of an earlier version, upgraded to this one; the tests only read it."""
    url = of_revision(bare(request.param, request, tmp_path_factory.mktemp("upgraded") / "old"), old)
    with pytest.raises(DatabaseUnavailableError, match="is of another version") as refused:
        engine_for(url)
    assert told(refused.value).endswith("; run: bake init")
    database.prepare(url)
    dispose_engines()
    return url


@pytest.fixture
def upgraded(upgraded_url: str, use: Callable[[str], str]) -> str:
    return use(upgraded_url)


def rows_by_table(lines: list[bytes]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for line in lines[1:-1]:
        value = json.loads(line)
        if isinstance(value, dict):
            rows = found[value["table"]] = []
        else:
            rows.append(value)
    return found


def as_before(movements: list[Any]) -> list[Any]:
    """The movements without the columns that came later."""
    return [row[:5] for row in movements]


def test_there_is_a_backup_of_every_version_with_rows_in_the_ledger() -> None:
    """A migration that changes an archived table comes with a backup of the version before it."""
    assert [path.name for path in OLD] == ["archive-0001.jsonl", "archive-0003.jsonl", "archive-0005.jsonl"]
    for path in OLD:
        assert json.loads(lines_of(path)[0])["schema"] == path.stem.removeprefix("archive-")
        assert all(rows_by_table(lines_of(path))[table] for table in LEDGER)


def test_an_upgraded_bakery_has_its_ledger_and_verifies(upgraded: str, old: Path) -> None:
    """Every row of the ledger is unchanged and agrees."""
    before, after = rows_by_table(lines_of(old)), rows_by_table(archive())
    assert {table: len(before[table]) for table in LEDGER} == {table: len(after[table]) for table in LEDGER}
    assert before["movement"] == as_before(after["movement"])
    with read_scope() as session:
        assert verify_ledger(session)["drift"] == []


def test_an_upgraded_lot_may_be_used_until_it_expires(upgraded: str) -> None:
    """Nothing was ever released, so its expiry decides, as before."""
    with read_scope() as session:
        lots = session.execute(text("SELECT expires_on, usable_until FROM lot")).all()
    assert lots != []
    assert [lot.expires_on for lot in lots] == [lot.usable_until for lot in lots]


def test_the_guards_of_history_survive_the_upgrade(upgraded: str) -> None:
    """The triggers are those of a new database, and they refuse."""
    for table in ("movement", "production_run", "assembly_run", "recipe_snapshot", "operation"):
        with pytest.raises(DBAPIError, match="is history: it is never changed"), session_scope() as session:
            session.execute(text(f"DELETE FROM {table}"))


def test_restoring_an_old_backup_gives_the_same_as_upgrading(
    upgraded: str, old: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """In a database of either kind, the archive has the same bytes as the upgraded one's, and history is guarded."""
    for kind in ("sqlite", "postgresql"):
        target = MAKERS[kind](request, made(tmp_path / kind))
        assert restore(lines_of(old), target)["verification"]["drift"] == []
        assert archive() == archive(target)
        with pytest.raises(DBAPIError, match="is history: it is never changed"), session_scope(target) as session:
            session.execute(text("DELETE FROM movement"))


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_an_old_backup_that_does_not_fit_leaves_an_empty_database_of_this_version(old: Path, database_url: str) -> None:
    """The tables of the old version were created, and are gone again."""
    before = archive()
    wrong = edited(lines_of(old), lambda values: values[-1].__setitem__(1, "00000000-0000-4000-8000-000000000000"))
    with pytest.raises(Exception, match=r"archive"):
        restore(wrong, database_url)
    assert before == archive()


def test_an_old_copy_of_a_sqlite_file_is_migrated_and_not_touched(old: Path, database_url: str, tmp_path: Path) -> None:
    """A .db file of an earlier version restores as its archive does."""
    of_revision(f"sqlite:///{tmp_path}/copy.db", old)
    before = (tmp_path / "copy.db").read_bytes()
    restore_backup(tmp_path / "copy.db")
    assert as_before(rows_by_table(archive())["movement"]) == rows_by_table(lines_of(old))["movement"]
    assert before == (tmp_path / "copy.db").read_bytes()


def test_an_old_dump_is_restored_and_migrated(
    old: Path,
    postgresql_url: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pg_dump wrote it from a database of an earlier version."""
    use_postgresql_tools(monkeypatch)
    url = of_revision(bare("postgresql", request, tmp_path / "old"), old)
    plain = url.replace("postgresql+psycopg", "postgresql")
    subprocess.run(["pg_dump", "-Fc", "-f", str(tmp_path / "old.dump"), plain], check=True)
    assert restore_backup(tmp_path / "old.dump")["verification"]["drift"] == []
    assert as_before(rows_by_table(archive())["movement"]) == rows_by_table(lines_of(old))["movement"]


def test_the_page_on_upgrading_can_be_followed(old: Path, tmp_path: Path, bake: CommandLine) -> None:
    """The old database is refused, upgraded by init, and verified; the backup restores into another file."""
    url = of_revision(f"sqlite:///{tmp_path}/old.db", old)
    assert bake("stock", "--database", url).code == 1
    assert bake("init", "--database", url).code == 0
    assert bake("verify", "--database", url).code == 0
    assert bake("stock", "--database", url).code == 0
    assert bake("restore", str(old), "--database", f"sqlite:///{tmp_path}/before.db").code == 0


def test_a_restored_database_has_every_reference_that_a_new_one_has(
    upgraded: str, old: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """This includes the references that were dropped while rows were restored in any order."""
    target = MAKERS["postgresql"](request, made(tmp_path / "restored"))
    restore(lines_of(old), target)
    keys = text("SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' ORDER BY conname")
    with read_scope(target) as restored, read_scope(MAKERS["postgresql"](request, made(tmp_path / "new"))) as new:
        assert restored.execute(keys).all() == new.execute(keys).all() != []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_operations_restored_in_an_earlier_version_stay_restored(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, use: Callable[[str], str]
) -> None:
    """It took everything up to the last restored operation; now they are named one by one, and none can be added."""
    url = use(of_revision(bare(kind, request, tmp_path / "old"), DATA / "archive-0003.jsonl"))
    engine = database.make_engine(url)
    with engine.begin() as connection, writing_marks(connection):
        until = connection.execute(text("SELECT recorded_at FROM operation ORDER BY recorded_at LIMIT 1 OFFSET 2"))
        mark = {"until": until.scalar_one()}
        columns = "restored_at, source, operation_count, last_recorded_at"
        for source in ("one", "another"):
            values = f":until, '{source}', 3, :until"
            connection.execute(text(f"INSERT INTO restoration ({columns}) VALUES ({values})"), mark)
    engine.dispose()
    database.prepare(url)
    doubtful: list[str] = []
    with read_scope() as session:
        restored = list(load_restored(session, doubtful))
        oldest = session.scalars(text("SELECT id FROM operation ORDER BY recorded_at LIMIT 3")).all()
    assert (sorted(restored), doubtful) == (sorted(map(str, oldest)), [])
