"""The small export, with and without its bad rows, and helpers for importing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import strategies as st

from bake_tracker.domain.importing.reading import parse_export
from bake_tracker.domain.importing.report import ImportReport
from bake_tracker.models import Base
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.importing import tables as import_service
from support import DATA
from support.kitchen import Kitchen

TEXT = (DATA / "small-export.json").read_text("utf-8")
BAD_ROWS = {"ingredients": 7, "products": 2, "inventory_items": 5, "recipes": 2}

Document = dict[str, Any]


def dirty() -> Document:
    """The small export as it is, with four rows that are refused."""
    return parse_export(TEXT)


def clean() -> Document:
    """The small export without the bad rows."""
    document = dirty()
    for section, index in BAD_ROWS.items():
        del document[section][index]
    return document


def record(document: Document, **more: Any) -> ImportReport:
    return run_in_transaction(lambda session: import_service.record_import(document, session=session, **more))


def check(document: Document) -> ImportReport:
    with read_scope() as session:
        return import_service.check_import(document, session=session)


def counts(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    """Added, skipped and refused of every kind with any rows."""
    rows = {kind["kind"]: (kind["added"], kind["skipped"], kind["refused"]) for kind in report["kinds"]}
    return {kind: row for kind, row in rows.items() if any(row)}


def stored(kitchen: Kitchen) -> dict[str, int]:
    """The number of rows in every table."""
    return {name: kitchen.rows(f"SELECT count(*) FROM {name}")[0][0] for name in Base.metadata.tables}


def id_of(kitchen: Kitchen, table: str, slug: str) -> int:
    key: int = kitchen.rows(f"SELECT id FROM {table} WHERE slug = :slug", slug=slug)[0][0]
    return key


def change(section: str, index: int, **fields: Any) -> Document:
    document = clean()
    document[section][index].update(fields)
    return document


def change_line(index: int, **fields: Any) -> Document:
    document = clean()
    document["recipes"][0]["ingredients"][index].update(fields)
    return document


def with_row(section: str, row: Any) -> Document:
    document = clean()
    document[section].append(row)
    return document


SAYINGS = [
    "flour_rye", "salt_coarse", "duck_egg", "flours", "rye-crisps", "party-platter", "old-platter", "platter", "cup",
    "each", "2.50", "", "\0", "x" * 400, "1/0", "2026-02-30",
]  # fmt: skip


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(SAYINGS),
    st.just([]),
    st.just({}),
    st.just([[{}]]),
)


@contextmanager
def undone() -> Iterator[Any]:
    """A session whose transaction is rolled back at the end."""

    class UndoError(Exception):
        pass

    with pytest.raises(UndoError), session_scope() as session:
        yield session
        raise UndoError


SAYINGS = [
    "flour_rye", "salt_coarse", "duck_egg", "flours", "rye-crisps", "party-platter", "old-platter", "platter", "cup",
    "each", "2.50", "", "\0", "x" * 400, "1/0", "2026-02-30",
]  # fmt: skip
