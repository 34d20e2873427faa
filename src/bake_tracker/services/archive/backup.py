"""Backup files: complete or absent, and readable only by their owner.

The file name gives the kind: ``.jsonl`` and ``.jsonl.gz`` are the portable archive, ``.db`` is an online copy of a
SQLite file, ``.dump`` is the output of PostgreSQL's own tools.
"""

import gzip
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TypedDict, cast
from uuid import uuid4

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import URL, make_url

from bake_tracker.config import sqlite_path, sqlite_url
from bake_tracker.database.postgresql.poolers import address_of
from bake_tracker.database.refusals import refusing
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.log.tell import get_service_logger, log_operation
from bake_tracker.migrations import current_revision, knows_revision, upgrade
from bake_tracker.models import Base
from bake_tracker.queries.archive.rows import archived_tables, count_rows, see_one_moment
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.archive.format import ArchiveReader
from bake_tracker.services.archive.stream import (
    Restored,
    Told,
    archive_lines,
    mark_restored,
    refuse_unless_empty,
    restore_lines,
)
from bake_tracker.services.database import (
    RESTORE_UNDER_WAY,
    Session,
    database_url,
    engine_for,
    make_engine,
    prepare,
    read_scope,
    session_scope,
)

_GZIP_LEVEL = 6
KINDS = (".jsonl", ".jsonl.gz", ".db", ".dump")


class BackupRefusedError(ServiceError):
    """The backup cannot be written or read; the message says why and what to do."""

    code = "backup_refused"
    outcome = "backup_refused"


class Backup(TypedDict):
    """A backup that was written."""

    file: str
    bytes: int
    rows: int
    operations: int


def write_backup(path: Path, url: str | None = None, *, force: bool = False, told: Told = lambda _: None) -> Backup:
    """Write a consistent copy of a bakery to a new file while others keep working.

    Raises:
        ValidationError: the file's ending is not one of ``KINDS``.
        BackupRefusedError: the file exists or cannot be written, or a program it needs is not installed.
    """
    url, kind = database_url(url), _kind(path)
    refuse_to_replace(path, force=force)
    with read_scope(url) as session:
        see_one_moment(session)
        counts = count_rows(session)
        with _new_file(path) as draft:
            if kind == ".db":
                counts = _copy_sqlite(_only_sqlite(url), draft)
            elif kind == ".dump":
                _only_postgresql(url)
                _dump_postgresql(session, url, draft)
            else:
                with _writing(draft, kind) as archive, closing(archive_lines(session, told)) as lines:
                    archive.writelines(lines)
    written: Backup = {
        "file": str(path),
        "bytes": path.stat().st_size,
        "rows": sum(counts.values()),
        "operations": counts["operation"],
    }
    log_operation(get_service_logger("archive_files"), "write_backup", "written", **written)
    return written


def refuse_to_replace(path: Path, *, force: bool) -> None:
    """Refuse to overwrite an existing file unless forced.

    Raises:
        ValidationError: the file's ending is not one of ``KINDS``.
        BackupRefusedError: the file exists.
    """
    _kind(path)
    if path.exists() and not force:
        raise BackupRefusedError(f"{path} already exists; choose another name", remedy={"kind": "replace_file"})


def restore_backup(path: Path, url: str | None = None, *, told: Told = lambda _: None) -> Restored:
    """Fill an empty database from a backup and verify it, all or nothing.

    A missing database is created. The bakery keeps its ``database_id``. An interrupted restore leaves the database
    empty; a .dump needs two transactions, and between them the database refuses to work until the restore is run again.

    Raises:
        ServiceError: the database is not empty, or the backup is damaged or of another kind; nothing was restored.
    """
    url, kind = database_url(url), _kind(path)
    if not path.is_file():
        raise BackupRefusedError(f"there is no file {path}")
    if kind in (".jsonl", ".jsonl.gz"):
        with _reading(path, kind) as lines:  # finds damage before anything is written
            for _ in ArchiveReader(lines).batches():
                pass
    if kind == ".dump":
        restored = _restore_dump(path, _only_postgresql(url))
        tell_restored("restore_backup", path.name, restored)
        return restored
    prepare(url)
    if kind == ".db":
        restored = _restore_sqlite(path, url, told)
    else:
        with _reading(path, kind) as lines, refusing(engine_for(url)), session_scope(url) as session:
            restored = restore_lines(lines, path.name, session, told)
    tell_restored("restore_backup", path.name, restored)
    return restored


def tell_restored(operation: str, source: str, restored: Restored) -> None:
    """Log where the older operations came from, in the log of the new database."""
    log_operation(
        get_service_logger("archive_files"),
        operation,
        "restored",
        source=source,
        database_id=restored["database_id"],
        row_count=restored["rows"],
        operation_count=restored["operations"],
        drift_count=len(restored["verification"]["drift"]),
    )


def _kind(path: Path) -> str:
    for kind in KINDS:
        if path.name.endswith(kind) and path.name != kind:
            return kind
    raise ValidationError.of("file", f"its name must end in {', '.join(KINDS[:-1])} or {KINDS[-1]}")


# Files --------------------------------------------------------------------------------------------------------------


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A temporary file that is renamed to ``path`` once it is complete and on disk."""
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            yield draft
            _sync(draft)
            draft.replace(path)
            _sync(path.parent)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BackupRefusedError(f"{path} cannot be written: {error.strerror or error}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _writing(path: Path, kind: str) -> Iterator[IO[bytes]]:
    with path.open("wb") as plain:
        if kind == ".jsonl":
            yield plain
            return
        # Without the file's name and time, so that the same bakery gives the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, plain, mtime=0) as packed:
            yield cast(IO[bytes], packed)


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") if kind == ".jsonl" else cast(IO[bytes], gzip.open(path)) as lines:
            yield lines
    except OSError as error:
        raise BackupRefusedError(f"{path} cannot be read: {error.strerror or error}") from error


# SQLite -------------------------------------------------------------------------------------------------------------


def _only_sqlite(url: str) -> Path:
    path = sqlite_path(url)
    if path is None:
        raise BackupRefusedError("a .db backup is a copy of a SQLite file, and this bakery has none; use .jsonl.gz")
    return path


def _copy_sqlite(source: Path, target: Path) -> dict[str, int]:
    """Copy a SQLite database that others may be writing to; return the row count of each table."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(target)) as here,
        ):
            there.backup(here)
            problem = here.execute("PRAGMA quick_check(1)").fetchone()[0]
            there_are = {name for (name,) in here.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            counts = {
                one.name: int(here.execute(f"SELECT count(*) FROM {one.name}").fetchone()[0])
                for one in archived_tables()
                if one.name in there_are
            }
    except sqlite3.Error as error:
        raise BackupRefusedError(f"{source} cannot be copied: {error}") from error
    if problem != "ok":
        raise BackupRefusedError(f"{source} is damaged: {problem}")
    return counts


def _restore_sqlite(path: Path, url: str, told: Told) -> Restored:
    with tempfile.TemporaryDirectory(prefix="bake-restore-") as folder:
        copy = Path(folder) / "copy.db"  # may be migrated, unlike the backup itself
        _copy_sqlite(path, copy)
        prepare(sqlite_url(copy))
        engine = make_engine(sqlite_url(copy))
        try:
            with (
                Session(engine) as source,
                refusing(engine_for(url)),
                session_scope(url) as session,
                closing(archive_lines(source)) as lines,
            ):
                return restore_lines(lines, path.name, session, told)
        finally:
            engine.dispose()


# PostgreSQL ---------------------------------------------------------------------------------------------------------


def _only_postgresql(url: str) -> URL:
    if not url.startswith("postgresql"):
        raise BackupRefusedError("a .dump backup needs a PostgreSQL database, and this is SQLite; use .db or .jsonl.gz")
    return make_url(url).set(drivername="postgresql")


def _server_of(connection: Connection, url: str) -> URL:
    """The server for PostgreSQL's own tools: of several hosts and a standby, only one has our snapshot."""
    if (address := address_of(connection)) is None:
        raise BackupRefusedError(
            "a .dump cannot be written or restored through a connection pooler such as PgBouncer; name the PostgreSQL"
            " server itself, or use .jsonl.gz"
        )
    options = make_url(url).query.get("options")
    return address.update_query_dict({"options": options}) if options else address


def _dump_postgresql(session: Session, url: str, target: Path) -> None:
    """Run pg_dump on the same snapshot as ``session``."""
    server = _server_of(session.connection(), url)
    moment = session.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    how = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={moment}", f"--file={target}", "--dbname")
    _run("pg_dump", server, *how)


def _restore_dump(path: Path, url: URL) -> Restored:
    """Run pg_restore; a marker table exists until the rows are marked as restored.

    pg_restore commits the rows in its own transaction, and the mark is added in ours. An interruption between the two
    leaves a database that nobody can use, and restoring the same file again completes it.
    """
    ours = database_url(url.render_as_string(hide_password=False))
    if not re.search(r" TABLE \S+ operation ", _run("pg_restore", url, "--list", str(path), names_database=False)):
        raise BackupRefusedError(f"{path} is not a dump of a bakery; nothing was restored")
    engine = make_engine(ours)
    try:
        with engine.connect() as connection:
            server = _server_of(connection, ours)
            is_begun = inspect(connection).has_table(RESTORE_UNDER_WAY)
        if not is_begun:
            prepare(ours)
        with Session(engine) as session, session.begin():
            is_filled = _make_room(session, path.name, _sha256(path))
        if not is_filled:
            try:
                how = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(path))
                _run("pg_restore", server, *how, "--dbname")
            except BackupRefusedError:
                _give_room_back(engine, ours)
                raise
        with Session(engine) as session, session.begin():
            restored = _finish(session, path.name)
    finally:
        engine.dispose()
    engine_for(ours).dispose()  # its connections cached the old tables
    return restored


def _make_room(session: Session, source: str, sha256: str) -> bool:
    """Replace the empty tables with a marker table; return whether an interrupted restore left its rows."""
    connection = session.connection()
    if inspect(connection).has_table(RESTORE_UNDER_WAY):
        begun = session.execute(text(f"SELECT source, sha256 FROM {RESTORE_UNDER_WAY}")).one()
        if begun.sha256 != sha256:
            raise BackupRefusedError(
                f"a restore of {begun.source} into this database was interrupted, and this is a different file; "
                "restore that file again, or drop the database"
            )
        return _has_rows(connection)
    refuse_unless_empty(session)
    Base.metadata.drop_all(connection)
    session.execute(text("DROP TABLE alembic_version"))
    session.execute(text("DROP FUNCTION IF EXISTS refuse_change_of_history()"))
    session.execute(text(f"CREATE TABLE {RESTORE_UNDER_WAY} (source text NOT NULL, sha256 text NOT NULL)"))
    what = {"source": source, "sha256": sha256}
    session.execute(text(f"INSERT INTO {RESTORE_UNDER_WAY} VALUES (:source, :sha256)"), what)
    return False


def _has_rows(connection: Connection) -> bool:
    return inspect(connection).has_table("operation")


def _give_room_back(engine: Engine, url: str) -> None:
    """Empty the bakery again after a failure, unless an orphaned pg_restore or an interrupted COMMIT has filled it."""
    with engine.begin() as connection:
        if _has_rows(connection):
            return
        connection.execute(text(f"DROP TABLE {RESTORE_UNDER_WAY}"))
    prepare(url)


def _finish(session: Session, source: str) -> Restored:
    """Upgrade the rows from pg_restore, mark them as restored, and remove the marker table."""
    session.execute(text("LOCK TABLE operation IN ACCESS EXCLUSIVE MODE"))
    connection = session.connection()
    if not knows_revision(current_revision(connection)):
        raise BackupRefusedError(
            f"{source} was made by a newer version of this program; run that version to complete the restore"
        )
    upgrade(connection)
    restored: Restored = {
        "operations": mark_restored(session, source),
        "database_id": load_bakery(session).database_id,
        "rows": sum(count_rows(session).values()),
        "verification": verify_ledger(session),
    }
    session.execute(text(f"DROP TABLE {RESTORE_UNDER_WAY}"))
    return restored


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(program: str, url: URL, *arguments: str, names_database: bool = True) -> str:
    """Run one of PostgreSQL's tools; the password is not an argument, because other users could see it."""
    found = shutil.which(program)
    if found is None:
        raise BackupRefusedError(f"{program} is not installed here; a .jsonl.gz backup works without it")
    environment = dict(os.environ)
    if password := url.password or url.query.get("password"):
        environment["PGPASSWORD"] = str(password)
    shown_to_all = url.set(password=None).difference_update_query(["password"]).render_as_string(hide_password=False)
    shown = [shown_to_all] if names_database else []
    done = subprocess.run(
        [found, *arguments, *shown], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupRefusedError(f"{program} failed: {' '.join(done.stderr.split())[:1000]}")
    return done.stdout
