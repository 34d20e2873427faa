"""Slices of past runs: each run once, whatever its neighbours, and as cheap far back as at the front."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.queries.operations.history import load_operation, load_runs
from bake_tracker.services.database import read_scope
from support.command_line import CommandLine
from support.kitchen import Kitchen

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def a_day_of_runs(kitchen: Kitchen) -> None:
    """Six productions and four assemblies, most at the very same instant."""
    kitchen.simple_bakery()
    for number in range(6):
        kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=NOON + timedelta(hours=number // 5))
    for number in range(4):
        kitchen.assemble("Box", 1, assembled_at=NOON + timedelta(hours=number // 3))


def page(size: int, before: str | None = None) -> list[Any]:
    with read_scope() as session:
        return load_runs(session, size, before=before)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_pages_put_together_are_the_whole_history(kitchen: Kitchen, size: int) -> None:
    """No run is missing or doubled, though eight of the ten share one instant."""
    a_day_of_runs(kitchen)
    found: list[Any] = []
    while rows := page(size, found[-1]["operation_id"] if found else None):
        found += rows
    assert found == page(100)
    assert len({row["operation_id"] for row in found}) == 10
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)


def test_a_page_stays_what_it_is_while_runs_are_added(kitchen: Kitchen) -> None:
    """It starts from a run, not from a number of rows."""
    a_day_of_runs(kitchen)
    first = page(3)
    older = page(3, first[-1]["operation_id"])
    kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=NOON + timedelta(days=1))
    assert page(3, first[-1]["operation_id"]) == older


def test_a_page_and_an_operation_take_as_many_statements_however_long_they_are(kitchen: Kitchen) -> None:
    """Two statements for a slice, three for one further back, and no more for a hundred rows than for one."""

    def statements(ask: Callable[[Any], Any]) -> int:
        with read_scope() as session:
            session.connection()
            before = statement_count()
            ask(session)
            return statement_count() - before

    a_day_of_runs(kitchen)
    latest = page(1)[0]["operation_id"]
    assert [statements(lambda s, n=n: load_runs(s, n)) for n in (1, 100)] == [2, 2]
    assert [statements(lambda s, n=n: load_runs(s, n, before=latest)) for n in (1, 100)] == [3, 3]
    assert statements(lambda s: load_operation(s, latest)) == 4


def test_an_unknown_run_begins_no_page(kitchen: Kitchen) -> None:
    """Refused: an unknown id, a string that is not an id, a beginning shared by many, and a receipt."""
    a_day_of_runs(kitchen)
    receipt = kitchen.receive("Flour", 1, "kg", 2)["operation_id"]
    for before in ("ffffffff", "flour", page(1)[0]["operation_id"][:2], receipt):
        with pytest.raises(OperationNotFoundError):
            page(1, before)


def test_the_command_line_pages_on_by_an_operations_id(kitchen: Kitchen, bake: CommandLine) -> None:
    """The id may be shortened."""
    a_day_of_runs(kitchen)
    runs = page(10)
    shown = bake("runs", "--last", "2", "--before", runs[0]["operation_id"], "--json").json
    assert [row["operation_id"] for row in shown] == [row["operation_id"] for row in runs[1:3]]
