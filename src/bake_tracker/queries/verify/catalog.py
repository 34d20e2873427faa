"""Verify the catalogue against the changes by operations that were not undone."""

import json
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.catalog_changes import Thing
from bake_tracker.models import tables
from bake_tracker.queries.catalog.things import SHAPES, load_called, load_things
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.verify.drift import Drift, drift

THINGS_AT_ONCE = 500
_changes = (
    select(tables.catalog_change, stands(tables.catalog_change.c.operation_id).label("stands"))
    .order_by(tables.catalog_change.c.thing, tables.catalog_change.c.key, tables.catalog_change.c.id)
    .execution_options(yield_per=THINGS_AT_ONCE)
)


def catalog_drift(session: Session) -> Iterator[Drift]:
    """Every entry that differs from its last change that was not undone or, without one, from its state before the
    first.

    An entry that the ledger uses stays when its creation is undone, and may have the state after any change.
    """
    expected: dict[Thing, list[Any]] = {}
    for thing, rows in groupby(session.execute(_changes), key=attrgetter("thing", "key")):
        expected[thing[0], thing[1]] = _expected(list(rows))
        if len(expected) == THINGS_AT_ONCE:
            yield from _compare(session, expected)
            expected = {}
    yield from _compare(session, expected)


def _expected(rows: list[Any]) -> list[Any]:
    """The possible states of an entry, likeliest first."""
    standing = [row.after for row in rows if row.stands]
    texts = standing[-1:] or [rows[0].before, *(row.after for row in rows)]
    return [_read(text) for text in dict.fromkeys(texts)]


def _compare(session: Session, expected: dict[Thing, list[Any]]) -> Iterator[Drift]:
    known = [thing for thing in expected if thing[0] in SHAPES]
    found = load_things(session, known)
    different = [thing for thing in known if found[thing] not in expected[thing]]
    names = load_called(session, different)
    for thing in different:
        yield drift("catalogue", names[thing], _shown(expected[thing][0]), _shown(found[thing]))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # edited outside the program
        return text


def _shown(rows: Any) -> str:
    return json.dumps(rows, sort_keys=True, ensure_ascii=False) if rows else "none"
