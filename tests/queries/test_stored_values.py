"""``verify`` names values that are not of their column's type, as SQLite can store them."""

from typing import Any

import pytest
from sqlalchemy import Boolean, Date, Integer, text

from bake_tracker.models import Base
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.queries.verify.stored_values import value_drift
from support.kitchen import Kitchen
from support.life_of_stock import fill_the_life_of_stock
from support.tampering import without_guards
from support.warm.snapshot import once

INVALID = "CAST(x'ff' AS TEXT)"
ODD: dict[type[Any], tuple[str, ...]] = {
    Boolean: ("'yes'", "7", "0.5"),
    Integer: ("'many'", "0.5", "x'00'"),
    UtcDateTime: ("'soon'", "12", "'2026-02-31 10:00:00.000000'", "'2026-02-01 25:00:00'"),
    Date: ("'soon'", "12", "'2026-02-31'", "'0000-01-01'", INVALID),
    UuidText: ("'nobody'", "x'00'", INVALID),
    ExactRatio: ("'half'", "'1/0'", INVALID),
    object: ("x'00'", INVALID),
}
"""Values that SQLite stores in a column of another type."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: PostgreSQL refuses such values."""
    return sqlite_url


@pytest.fixture
def lived(kitchen: Kitchen) -> Kitchen:
    """A row in most tables."""
    kitchen.ids |= once("a row in most tables", lambda: _live(kitchen))
    return kitchen


def _live(kitchen: Kitchen) -> dict[str, int]:
    kitchen.simple_bakery()
    fill_the_life_of_stock(kitchen)
    kitchen.assemble("Box", 1)
    return kitchen.ids


@pytest.mark.parametrize("turn", range(max(map(len, ODD.values()))))
def test_every_column_with_a_value_of_another_type_is_named(lived: Kitchen, turn: int) -> None:
    """One row of every table holds nothing but such values; the names are those of its columns."""
    with without_guards() as session:
        session.execute(text("PRAGMA ignore_check_constraints = ON"))
        assert list(value_drift(session, ignore)) == []
        changed = set()
        for table in Base.metadata.sorted_tables:
            values = []
            for column in table.columns:
                odd = ODD[next(kind for kind in ODD if isinstance(column.type, kind))]
                if column.primary_key and isinstance(column.type, Integer):
                    continue  # SQLite itself refuses another type in a rowid
                values.append(f'"{column.name}" = {odd[turn % len(odd)]}')
            where = f'rowid = (SELECT min(rowid) FROM "{table.name}")'
            done: Any = session.execute(text(f'UPDATE "{table.name}" SET {", ".join(values)} WHERE {where}'))
            if done.rowcount:
                changed |= {f"value of {table.name}.{one.split(chr(34))[1]}" for one in values}
        named = {one["what"] for one in value_drift(session, ignore)}
        session.rollback()
        session.execute(text("PRAGMA ignore_check_constraints = OFF"))
    assert named == changed
    assert len(changed) > 140


def ignore(_what: str, _done: int) -> None:
    """Report no progress."""


@pytest.mark.parametrize(
    "place",
    [
        *("lot.remaining_micros", "movement.quantity_micros", "lot.expires_on", "operation.recorded_at"),
        *("production_run.produced_at", "item_measure.value", "adjustment.happened_at", "lot_hold.was_on_hold"),
        *("catalog_change.after", "operation.result", "transfer.to_location", "item.g_per_ml", "recipe_line.quantity"),
    ],
)
def test_verification_goes_on_as_far_as_it_can(lived: Kitchen, place: str) -> None:
    """The value is named; a comparison that needs it is reported as not possible, and all others are made."""
    table, _, column = place.partition(".")
    kind = Base.metadata.tables[table].columns[column].type
    odd = next(odd for of, odd in ODD.items() if isinstance(kind, of))[-1]
    with without_guards() as session:
        session.execute(text("PRAGMA ignore_check_constraints = ON"))
        first = next(iter(Base.metadata.tables[table].primary_key.columns)).name
        row = f"rowid = (SELECT min(rowid) FROM {table})"
        (key,) = session.execute(text(f"SELECT {first} FROM {table} WHERE {row}")).one()
        session.execute(text(f"UPDATE {table} SET {column} = {odd} WHERE {row}"))
        found = verify_ledger(session)["drift"]
        session.rollback()
        session.execute(text("PRAGMA ignore_check_constraints = OFF"))
    assert found[0]["what"] == f"value of {place}"
    assert found[0]["id"] == str(key)


def test_a_time_zone_that_this_computer_does_not_know_is_named(lived: Kitchen) -> None:
    """No day can be calculated with it, so what needs one is not compared."""
    with without_guards() as session:
        session.execute(text("UPDATE bakery SET time_zone = 'Europe/Atlantis'"))
        found = verify_ledger(session)["drift"]
        session.rollback()
    assert found[0]["what"] == "value of bakery.time_zone"
    assert (found[0]["expected"], found[0]["found"]) == ("a time zone", "'Europe/Atlantis'")
