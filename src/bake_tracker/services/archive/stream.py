"""A bakery as a stream of lines, and back: exact, all or nothing.

A restored bakery is the same bakery, with the same ``database_id``, in a different database. The log lines of its
operations stay in the log where they were recorded, so the new database marks the operations as restored.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import date, datetime
from typing import Any, TypedDict

from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    Uuid,
    column,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session
from sqlalchemy.schema import AddConstraint, DropConstraint
from sqlalchemy.types import TypeEngine

from bake_tracker.clock import now
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.seals import ids_sha256
from bake_tracker.migrations import current_revision, knows_revision, upgrade
from bake_tracker.migrations.guards import writing_marks
from bake_tracker.models import Base, Operation, Restoration, RestoredOperation
from bake_tracker.models.types import UtcDateTime, UuidText
from bake_tracker.queries.archive.restored import load_unmarked, unmarked
from bake_tracker.queries.archive.rows import archived_tables, count_rows, read_rows
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.verify.everything import Verification, verify_ledger
from bake_tracker.services.archive.format import ArchiveReader, ArchiveRefusedError, Batch, Header, write_lines

Told = Callable[[int], None]
"""Called now and then with the number of rows done."""


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("the time zone is missing")
    return instant


_KINDS: tuple[tuple[type[TypeEngine[Any]], TypeEngine[Any], Callable[[str], Any] | None], ...] = (
    (DateTime, UtcDateTime(), _instant),
    (Date, Date(), date.fromisoformat),
    (Boolean, Boolean(), None),
    (Uuid, UuidText(), None),
)
"""How to read a column's JSON value, by the type the database reports; other values are used as they are."""


class NotEmptyError(ServiceError):
    """The target database is already in use."""

    code = "not_empty"
    outcome = "not_empty"


class Restored(TypedDict):
    """The restored bakery, and whether it agrees with its ledger."""

    database_id: str
    rows: int
    operations: int
    verification: Verification


def archive_lines(session: Session, told: Told = lambda _: None) -> Generator[bytes, None, None]:
    """Yield the whole bakery as archive lines; ``session`` must see one snapshot."""
    done = 0

    def counted(rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        nonlocal done
        for row in rows:
            done += 1
            if not done % 1_000:
                told(done)
            yield row

    header = Header(current_revision(session.connection()), load_bakery(session).database_id)
    tables = archived_tables()
    yield from write_lines(
        header,
        ((str(one.name), [str(c.name) for c in one.columns], counted(read_rows(session, one))) for one in tables),
    )
    told(done)


def restore_lines(lines: Iterable[bytes], source: str, session: Session, told: Told = lambda _: None) -> Restored:
    """Fill the empty bakery of ``session`` from an archive of this or an older revision; the caller commits.

    Raises:
        ArchiveRefusedError: the archive is damaged or does not fit; the caller must roll back.
        NotEmptyError: the database is in use already.
    """
    reader = ArchiveReader(lines)
    connection = session.connection()
    refuse_unless_empty(session)
    _go_to_revision(connection, reader.header.schema)
    taken_off = _let_rows_refer_to_later_ones(connection)
    inserting = _Inserting(connection)
    for batch in reader.batches():
        inserting.insert(batch)
        told(sum(reader.counts.values()))
    inserting.refuse_unless_all(reader.counts)
    try:
        _check_references(connection, taken_off)
    except DBAPIError as error:
        raise ArchiveRefusedError(f"the archive refers to rows that it does not contain: {error.orig}") from error
    _go_on_counting(connection)
    upgrade(connection)
    operations = mark_restored(session, source)
    bakery = load_bakery(session)
    if bakery.database_id != reader.header.database_id:
        raise ArchiveRefusedError.at(1, "its database_id does not match the bakery in it")
    return {
        "database_id": bakery.database_id,
        "rows": sum(reader.counts.values()),
        "operations": operations,
        "verification": verify_ledger(session),
    }


def refuse_unless_empty(session: Session) -> None:
    """Lock the database, and refuse unless it is empty.

    Raises:
        NotEmptyError: it has rows.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE operation IN ACCESS EXCLUSIVE MODE"))
    found = {name: count for name, count in count_rows(session).items() if count and name != "bakery"}
    if found:
        held = ", ".join(f"{count} in {name}" for name, count in found.items())
        raise NotEmptyError(f"a bakery can only be restored into an empty database, and this one has rows ({held})")


def mark_restored(session: Session, source: str) -> int:
    """Mark the operations that were restored; return their number."""
    count, last = session.execute(select(func.count(Operation.id), func.max(Operation.recorded_at))).one()
    mark = {
        "restored_at": now(),
        "source": source[:300],
        "operation_count": count,
        "last_recorded_at": last,
        "operations_sha256": ids_sha256(load_unmarked(session)),
    }
    with writing_marks(session.connection()):
        mark_id = session.execute(insert(Restoration).values(mark).returning(Restoration.id)).scalar_one()
        named = unmarked().add_columns(literal(mark_id))
        session.execute(insert(RestoredOperation).from_select(["operation_id", "restoration_id"], named))
    return int(count)


# The tables ---------------------------------------------------------------------------------------------------------


def _go_to_revision(connection: Connection, revision: str) -> None:
    """Recreate the empty tables in the archive's revision; they are upgraded once the rows are in."""
    if not knows_revision(revision):
        raise ArchiveRefusedError.at(
            1, f"its schema revision {revision} is unknown to this program; use a newer version"
        )
    if revision != current_revision(connection):
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        upgrade(connection, revision)
    else:
        connection.execute(text("DELETE FROM bakery"))


def _references_to_itself(connection: Connection) -> list[ForeignKeyConstraint]:
    """The foreign keys from a table to itself in this revision."""
    found = inspect(connection)
    there = {(table, key["name"]) for table in found.get_table_names() for key in found.get_foreign_keys(table)}
    return [
        key
        for one in archived_tables()
        for key in sorted(one.foreign_key_constraints, key=lambda key: str(key.name))
        if key.referred_table is one and (one.name, key.name) in there
    ]


def _let_rows_refer_to_later_ones(connection: Connection) -> list[ForeignKeyConstraint]:
    """Drop these foreign keys, because rows arrive in key order and an operation may precede its parent.

    Returns the dropped keys, to be restored afterwards.
    """
    if connection.dialect.name == "sqlite":
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        return []
    # PostgreSQL would remember every row of a deferred constraint; adding it later checks all rows at once.
    taken_off = _references_to_itself(connection)
    for key in taken_off:
        connection.execute(DropConstraint(key))
    return taken_off


def _check_references(connection: Connection, taken_off: Iterable[ForeignKeyConstraint]) -> None:
    if connection.dialect.name == "sqlite":
        if found := connection.execute(text("PRAGMA foreign_key_check")).first():
            raise ArchiveRefusedError(f"the archive lacks a row in {found[2]} that {found[0]} refers to")
        return
    for key in taken_off:
        connection.execute(AddConstraint(key))


def _go_on_counting(connection: Connection) -> None:
    """Set the sequences so that new rows get keys after the restored ones."""
    if connection.dialect.name == "sqlite":  # a rowid is always one more than the last
        return
    there = set(inspect(connection).get_table_names())
    for one in archived_tables():
        key = list(one.primary_key)
        if one.name in there and len(key) == 1 and isinstance(key[0].type, Integer):
            last = select(func.max(key[0])).scalar_subquery()
            connection.execute(select(func.setval(func.pg_get_serial_sequence(one.name, key[0].name), last)))


class _Inserting:
    """Insert archive rows into the tables, each of them once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._of_this_place = {one.name for one in Base.metadata.tables.values() if one not in archived_tables()}
        found = inspect(connection)
        self._tables = {
            name: {one["name"]: one["type"] for one in found.get_columns(name)}
            for name in found.get_table_names()
            if name != "alembic_version" and name not in self._of_this_place
        }

    def refuse_unless_all(self, counts: dict[str, int]) -> None:
        if missing := sorted(self._tables.keys() - counts.keys()):
            raise ArchiveRefusedError(f"the archive has no table {', '.join(missing)}; nothing was restored")

    def insert(self, batch: Batch) -> None:
        types = self._tables.get(batch.table)
        if types is None or set(batch.columns) != set(types):
            raise ArchiveRefusedError.at(batch.first_line - 1, f"{batch.table} has different columns in this database")
        kinds = [_kind(types[name]) for name in batch.columns]
        target = table(batch.table, *(column(name, kind[0]) for name, kind in zip(batch.columns, kinds, strict=True)))
        decode = [(position, kind[1]) for position, kind in enumerate(kinds) if kind[1]]
        for line, row in enumerate(batch.rows, batch.first_line):
            for position, from_text in decode:
                try:
                    row[position] = None if row[position] is None else from_text(row[position])
                except (TypeError, ValueError) as error:
                    problem = f"{batch.table}.{batch.columns[position]} cannot be {row[position]!r}"
                    raise ArchiveRefusedError.at(line, problem) from error
        rows = [dict(zip(batch.columns, row, strict=True)) for row in batch.rows]
        try:
            self._connection.execute(insert(target), rows)
        except StatementError as error:
            lines = f"{batch.first_line} to {batch.first_line + len(rows) - 1}"
            raise ArchiveRefusedError(
                f"lines {lines} of the archive: {batch.table} refuses them: {error.orig}; nothing was restored"
            ) from error


def _kind(reported: TypeEngine[Any]) -> tuple[TypeEngine[Any] | None, Callable[[str], Any] | None]:
    return next(((kind, decode) for of, kind, decode in _KINDS if isinstance(reported, of)), (None, None))
