"""The small export, whole and without its bad rows, and short words for importing it."""

from pathlib import Path
from typing import Any

from kitchen import Kitchen

from bake_tracker.domain.import_report import ImportReport
from bake_tracker.domain.importing import parse_export
from bake_tracker.models import Base
from bake_tracker.services import import_service
from bake_tracker.services.database import read_scope, run_in_transaction

TEXT = (Path(__file__).parent / "data" / "small-export.json").read_text("utf-8")
BAD_ROWS = {"ingredients": 7, "products": 2, "inventory_items": 5, "recipes": 2}

Document = dict[str, Any]


def dirty() -> Document:
    """The small export as it stands, with four rows that cannot be taken."""
    return parse_export(TEXT)


def clean() -> Document:
    """The small export without those."""
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
    """Added, skipped and refused of every kind of which there was anything."""
    rows = {kind["kind"]: (kind["added"], kind["skipped"], kind["refused"]) for kind in report["kinds"]}
    return {kind: row for kind, row in rows.items() if any(row)}


def stored(kitchen: Kitchen) -> dict[str, int]:
    """How many rows every table has."""
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
