"""Disagreements, and the progress of a long comparison."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypedDict

from sqlalchemy import Executable, Select
from sqlalchemy.orm import Session

ROWS_AT_ONCE = 500
Rows = Select[*tuple[Any, ...]]
"""A statement that is built once: building one takes as long as running it in a small bakery."""

Told = Callable[[str, int], None]
"""Called now and then with the kind of rows being compared and the number done."""


class Drift(TypedDict):
    """One disagreement with the ledger."""

    what: str
    id: str
    expected: str
    found: str


def drift(what: str, key: object, expected: object, found: object) -> Drift:
    """Describe a disagreement; None means unknown."""
    expected, found = ("unknown" if value is None else str(value) for value in (expected, found))
    return {"what": what, "id": str(key), "expected": expected, "found": found}


def in_batches(session: Session, statement: Executable, told: Told, what: str) -> Iterator[Sequence[Any]]:
    """The rows in batches, in constant memory."""
    done = 0
    rows = session.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})
    for batch in rows.partitions():
        yield batch
        done += len(batch)
        told(what, done)
