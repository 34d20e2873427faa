"""Orders from a file: rows with the same customer and reference are one order, and the same file again adds nothing."""

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from bake_tracker.domain.importing.report import ImportReport
from bake_tracker.files.imports import read_document
from bake_tracker.queries.views.order import load_order_view
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.importing.tables import check_import, record_import
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.undoing import drift, reverse

pytest_plugins = ["bake_tracker.testing"]

HEADINGS = "Client,Order number,Wanted on,At,What,Qty,Price each,How,Event,Note"
FIRST = "Ada,A-17,2026-12-04,14:30,box,60,12.50,delivery,Fair,ring twice"


@pytest.fixture
def book(kitchen: Kitchen) -> OrderBook:
    return OrderBook(kitchen)


def orders_csv(folder: Path, *rows: str) -> Path:
    file = folder / "orders.csv"
    file.write_text("\n".join([HEADINGS, *rows]))
    return file


def take(file: Path, **more: Any) -> ImportReport:
    document = read_document(file)
    return run_in_transaction(lambda s: record_import(document, session=s, source=file.name, **more))


def told(report: ImportReport) -> dict[str, int]:
    (kind,) = (one for one in report["kinds"] if one["kind"] == "orders")
    return {name: kind[name] for name in ("added", "skipped", "refused")}  # type: ignore[literal-required]  # its names


def test_rows_of_one_reference_are_one_order(book: OrderBook, tmp_path: Path, operation_log: OperationLog) -> None:
    """A later row need not repeat what is the same for the whole order; the same file again adds nothing."""
    file = orders_csv(tmp_path, FIRST, "ada,A-17,,,Cookie,6,,,,", "ADA,A-18,5 Dec 2026,,cookie,1,,,,")
    report = take(file)
    assert told(report) == {"added": 2, "skipped": 0, "refused": 0}
    with read_scope() as session:
        first, second = load_order_view(session, 1), load_order_view(session, 2)
    assert (first["due_on"], first["due_time"], first["how"], first["event"], first["note"]) == (
        *("2026-12-04", "14:30", "delivery", "Fair"),
        "ring twice",
    )
    assert [(one["item_slug"], one["quantity"], one["price"]) for one in first["lines"]] == [
        ("box", "60", "12.50"),
        ("cookie", "6", None),
    ]
    assert (second["recipient"], second["reference"], second["how"]) == ("Ada", "A-18", "pick-up")
    assert operation_log.outcomes("record_order") == ["success", "success"]
    again = take(file)
    assert told(again) == {"added": 0, "skipped": 3, "refused": 0}
    assert "taken already as order 1" in again["skipped"][0]["reason"]
    assert drift() == []


def test_an_undone_import_frees_its_references(book: OrderBook, tmp_path: Path) -> None:
    """Both orders go with it, and the file can be imported again."""
    file = orders_csv(tmp_path, FIRST, "ada,A-18,2026-12-05,,cookie,1,,,,")
    reverse(str(take(file)["operation_id"]))
    assert told(take(file))["added"] == 2
    assert drift() == []


@pytest.mark.parametrize(
    ("row", "place", "reason"),
    [
        ("Bob,B-1,2026-12-04,,box,1,,,,", "Client", "neither the file nor the bakery has a customer"),
        ("ada,,2026-12-04,,box,1,,,,", "Order number", "must not be empty"),
        ("ada,B-1,,,box,1,,,,", "Wanted on", "is missing; give the day"),
        ("ada,B-1,2026-12-04,noon,box,1,,,,", "At", "is not a time of day"),
        ("ada,B-1,2026-12-04,,cake,1,,,,", "What", "has a finished unit or finished good with this slug or name"),
        ("ada,B-1,2026-12-04,,flour,1,,,,", "What", "flour is neither a finished unit nor a finished good"),
        ("ada,B-1,2026-12-04,,box,0,,,,", "Qty", "must be a number above 0"),
        ("ada,B-1,2026-12-04,,box,1,x,,,", "Price each", "must be an amount"),
        ("ada,B-1,2026-12-04,,box,1,,by mule,,", "How", "must be one of pick-up, delivery, counter"),
        ("ada,B-1,2026-12-04,,box,1,,,Ball,", "Event", "has an event with this slug or name"),
        ("ada,A-17,2026-12-05,,cookie,1,,,,", "Wanted on", "differs from orders.csv, row 2"),
    ],
)
def test_a_row_that_cannot_be_ordered_is_refused_in_its_place(
    book: OrderBook, tmp_path: Path, row: str, place: str, reason: str
) -> None:
    """The refusal names the row and column; every other row of its order is refused with it."""
    document = read_document(orders_csv(tmp_path, FIRST, row))
    with read_scope() as session:
        report = check_import(document, session=session, source="orders.csv")
    refused = report["refused"][-1] if "A-17" in row else report["refused"][0]
    assert f"({place.lower().replace(' ', '_')})" in refused["place"]
    assert reason in refused["reason"]
    assert told(report)["refused"] == (2 if "A-17" in row else 1)


def test_a_spreadsheet_has_times_and_its_own_customers(book: OrderBook, tmp_path: Path) -> None:
    """A cell with a time has seconds; a customer may be on another sheet of the same file."""
    file, workbook = tmp_path / "week.xlsx", Workbook()
    workbook.active.title = "orders"
    for cells in (
        ["customer", "reference", "due", "time", "item", "quantity", "unit"],
        ["Bob", 17, date(2026, 12, 4), time(7, 30), "cookie", 12, "dozen"],
    ):
        workbook.active.append(cells)
    people = workbook.create_sheet("recipients")
    people.append(["name", "household"])
    people.append(["Bob", "Next door"])
    workbook.save(file)
    take(file)
    with read_scope() as session:
        order = load_order_view(session, 1)
    assert (order["recipient"], order["reference"], order["due_time"]) == ("Bob", "17", "07:30")
    assert order["lines"][0]["quantity"] == "144"
