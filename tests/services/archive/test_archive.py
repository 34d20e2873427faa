"""The portable archive: a whole bakery, in the same bytes from every database, and back again."""

import json
import tracemalloc
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, inspect

from bake_tracker.domain.errors import ServiceError
from bake_tracker.models import Base, Event, Item, Operation, RecipeSnapshot, Supplier
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.archive.rows import archived_tables
from bake_tracker.services.archive.stream import NotEmptyError, archive_lines, restore_lines
from bake_tracker.services.database import engine_for, read_scope, session_scope
from support.archives import another, archive, restore
from support.depth import rounds
from support.kitchen import Kitchen
from support.life import Call, any_call, stocked_kitchen

NOT_OF_THE_BAKERY = {"alembic_version", "restoration", "restored_operation"}
NOT_OF_THE_BAKERY |= {
    "bakery_user",
    "sign_in",
    "sign_in_attempts",
    "api_token",
}  # user accounts stay where they are
OTHER_KINDS = pytest.mark.parametrize("other_kind", ["sqlite", "postgresql"])


def test_every_table_and_column_of_the_database_is_in_the_archive(kitchen: Kitchen) -> None:
    """Every table and column is archived, except user accounts and what belongs to one installation."""
    kitchen.simple_bakery()
    headings = {value["table"]: value["columns"] for line in archive() if "table" in (value := json.loads(line))}
    with engine_for().connect() as connection:
        there = inspect(connection)
        names = set(there.get_table_names()) - NOT_OF_THE_BAKERY
        columns = {name: {column["name"] for column in there.get_columns(name)} for name in names}
    assert {name: set(listed) for name, listed in headings.items()} == columns
    assert list(headings) == [table.name for table in Base.metadata.sorted_tables if table in archived_tables()]


@OTHER_KINDS
def test_any_bakery_gives_the_same_bytes_through_any_database(
    database_url: str, other_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Archive, restore and archive again: the bytes are the same, for a bakery after any calls."""
    lives = 0

    @settings(
        max_examples=rounds(2, 4),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls=st.lists(any_call(), min_size=3, max_size=8))
    def live_and_compare(calls: list[Call]) -> None:
        nonlocal lives
        lives += 1
        for call in calls:
            try:
                with session_scope() as session:
                    call(kitchen.ids, session)
            except ServiceError:
                continue
        other = another(request, other_kind, tmp_path / f"other-{lives}")
        before = archive()
        restored = restore(before, other)
        assert restored["verification"]["drift"] == []
        assert restored["rows"] == len(before) - 2 - len(archived_tables())
        assert before == archive(other)

    kitchen = stocked_kitchen()
    live_and_compare()
    assert lives >= 2


def keep_odd_values() -> None:
    """Add values at the edges of what a column may hold, and rows that refer to later rows."""
    late, early = "ffffffff-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000"
    text = 'é \U0001f370 "quoted" \\ \t\n\r\x01\u2028 {"a": 1}'
    operation = {
        "name": "x",
        "fingerprint": "f",
        "arguments": '{"b":  1, "a": 1e3}',
        "result": "{}",
        "transaction_id": str(uuid4()),
        "attempt": 1,
        "actor": None,
    }
    instants = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC))
    with session_scope() as session:
        session.execute(
            insert(Operation),
            [
                {**operation, "id": late, "parent_id": None, "recorded_at": instants[0]},
                {**operation, "id": early, "parent_id": late, "recorded_at": instants[1]},
            ],
        )
        flour = {"kind": "ingredient", "base_unit": "g", "pick_policy": "fifo", "lot_count": 0, "description": text}
        session.execute(
            insert(Item),
            [
                {**flour, "id": 9, "slug": "a", "name": text, "is_category": True, "g_per_ml": None, "parent_id": None},
                {
                    **flour,
                    "id": 3,
                    "slug": "b",
                    "name": "",
                    "is_category": False,
                    "g_per_ml": Fraction(-1, 3),
                    "parent_id": 9,
                },
            ],
        )
        session.execute(insert(Event), [{"id": 2**62, "slug": "e", "name": "e", "happens_on": date(1, 1, 1)}])
        # A language's own order would differ from the order by bytes.
        session.execute(
            insert(RecipeSnapshot),
            [{"sha256": key, "content": text} for key in ("b", "B", "a", "A", "é", "_", "-", "1")],
        )


@OTHER_KINDS
def test_odd_values_arrive_exactly(
    database_url: str, other_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Control characters, emoji, the first and last years, large keys and nested operations all arrive."""
    keep_odd_values()
    other = another(request, other_kind, tmp_path / "other")
    before = archive()
    restore(before, other)
    assert before == archive(other)
    with read_scope() as here, read_scope(other) as there:
        for model in (Operation, Item, Event, RecipeSnapshot):
            table = model.__table__
            expected, actual = (set(map(tuple, session.execute(table.select()))) for session in (here, there))
            assert expected == actual


def test_a_restored_bakery_continues_where_it_was(
    kitchen: Kitchen, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """New rows get new keys, an old operation id is a replay, and the ledger agrees."""
    kitchen.simple_bakery()
    first_id = str(uuid4())
    first = kitchen.produce("Cookies", "Cookie", 1, 24, operation_id=first_id)
    kind = "postgresql" if database_is_postgresql() else "sqlite"
    other = another(request, kind, tmp_path / "other")
    restore(archive(), other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAKE_TRACKER_DATABASE_URL", other)
        assert kitchen.produce("Cookies", "Cookie", 1, 24, operation_id=first_id) == first
        second = kitchen.produce("Cookies", "Cookie", 1, 24)
        kitchen.ingredient("Salt")
        kitchen.receive("Salt", 1, "kg", 1)
        assert second["production_run_id"] == first["production_run_id"] + 1
        assert kitchen.stock("Cookie") == 48
    assert kitchen.stock("Cookie") == 24


def database_is_postgresql() -> bool:
    return engine_for().dialect.name == "postgresql"


def test_nothing_is_restored_over_somebodys_work(
    kitchen: Kitchen, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A single supplier is enough for a restore to be refused."""
    kitchen.simple_bakery()
    other = another(request, "sqlite", tmp_path / "other")
    with session_scope(other) as session:
        session.execute(insert(Supplier), [{"id": 7, "slug": "mill", "name": "Mill"}])
    before = archive(other)
    with pytest.raises(NotEmptyError, match=r"this one has rows \(1 in supplier\)"):
        restore(archive(), other)
    assert before == archive(other)


@pytest.mark.thorough
def test_a_large_ledger_is_archived_in_little_memory(
    request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path
) -> None:
    """Ten times the rows take no more memory to archive or to restore."""
    kitchen = Kitchen().simple_bakery()
    (lot,) = kitchen.rows("SELECT id, operation_id FROM lot WHERE code LIKE 'flour%'")
    came = datetime(2026, 1, 1, tzinfo=UTC)
    row = {"operation_id": lot.operation_id, "lot_id": lot.id, "quantity_micros": 1, "happened_at": came}
    peaks = []
    for rows in (3_000, 27_000):
        with session_scope() as session:
            session.execute(insert(Movement), [row] * rows)
        other = another(request, "sqlite", tmp_path / str(rows))
        engine_for(other)
        tracemalloc.start()
        with read_scope() as here, session_scope(other) as there:
            restore_lines(archive_lines(here), "a test", there)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2
