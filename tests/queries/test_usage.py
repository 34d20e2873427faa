"""Reports on what left the shelf do not include what was reversed."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bake_tracker.domain.errors import ValidationError
from bake_tracker.files.tables import read_table, write_table
from bake_tracker.queries.reports.usage import load_recipients, load_usage, load_waste
from bake_tracker.services.catalog import things
from bake_tracker.services.database import read_scope, run_in_transaction
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf

pytestmark = pytest.mark.one_database


def there(text: str) -> datetime:
    """A time on the bakery's wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Pacific/Auckland"))


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    """Cookies baked in two months with a loss, boxes for a fair, gifts, waste; and a reversed one of each kind."""
    run_in_transaction(lambda s: things.record_bakery(session=s, time_zone="Pacific/Auckland"))
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    fair = run_in_transaction(lambda s: things.record_event("Fair", session=s))["event_id"]
    ada = shelf.recipient("Ada")
    kitchen.produce("Cookies", "Cookie", 1, 18, produced_at=there("2026-01-31T23:30"), loss_reason="burnt")
    kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=there("2026-02-01T00:30"), event_id=fair)
    kitchen.assemble("Box", 3, assembled_at=there("2026-02-02T12:00"), event_id=fair)
    flour, box = kitchen.ids["Flour"], kitchen.ids["Box"]
    for kind, item, reason in (("waste", flour, "spilt"), ("spoilage", flour, None), ("gift", box, None)):
        more = {"recipient_id": ada, "event_id": fair} if kind == "gift" else {"reason": reason}
        line = {"item_id": item, "quantity": 1}
        shelf.adjust(kind, line, happened_at=there("2026-02-03T12:00"), **more)
        shelf.reverse(shelf.adjust(kind, line, happened_at=there("2026-02-03T12:00"), **more))
    shelf.reverse(kitchen.produce("Cookies", "Cookie", 1, 20, event_id=fair))
    return shelf


def test_usage_is_by_month_in_the_bakerys_time_zone(shelf: Shelf) -> None:
    """Two productions an hour apart are in two months, but on one day in UTC."""
    with read_scope() as session:
        rows = load_usage(session)
        february = load_usage(session, since=date(2026, 2, 1), until=date(2026, 2, 1))
    assert [(row["month"], row["item_slug"], row["used_for"], row["quantity"], row["cost"]) for row in rows] == [
        ("2026-01", "flour", "baked", "500", "1.00"),
        ("2026-01", "sugar", "baked", "250", "0.50"),
        ("2026-02", "box", "gift", "1", rows[2]["cost"]),
        ("2026-02", "carton", "packed", "3", "1.50"),
        ("2026-02", "cookie", "packed", "18", rows[4]["cost"]),
        ("2026-02", "flour", "baked", "500", "1.00"),
        ("2026-02", "flour", "spoilage", "1", "0.002"),
        ("2026-02", "flour", "waste", "1", "0.002"),
        ("2026-02", "sugar", "baked", "250", "0.50"),
    ]
    assert [(row["item_slug"], row["quantity"]) for row in february] == [("flour", "500"), ("sugar", "250")]


def test_waste_is_by_reason_and_includes_losses_in_production(shelf: Shelf) -> None:
    """A quarter of a batch burnt, and the batch cost 1.50."""
    with read_scope() as session:
        rows = load_waste(session)
    told = [(row["month"], row["kind"], row["reason"], row["item_slug"], row["quantity"], row["cost"]) for row in rows]
    assert told == [
        ("2026-01", "loss", "burnt", "cookie", "6", "0.375"),
        ("2026-02", "spoilage", None, "flour", "1", "0.002"),
        ("2026-02", "waste", "spilt", "flour", "1", "0.002"),
    ]


def test_recipients_and_events_have_what_was_made_and_given_for_them(shelf: Shelf) -> None:
    """Reversed runs do not count."""
    with read_scope() as session:
        rows = load_recipients(session)
        later = load_recipients(session, since=date(2026, 3, 1))
    told = [(row["recipient"], row["event"], row["what"], row["item_slug"], row["quantity"]) for row in rows]
    assert told == [
        ("ada", "fair", "gift", "box", "1"),
        (None, "fair", "baked", "cookie", "24"),
        (None, "fair", "packed", "box", "3"),
    ]
    assert (rows[1]["first_on"], rows[1]["last_on"]) == ("2026-02-01", "2026-02-01")
    assert later == []


def test_an_unknown_cost_keeps_the_sum_unknown(shelf: Shelf) -> None:
    """An unknown cost is never shown as zero."""
    lot = shelf.kitchen.receive("Flour", 1, "kg", received_on=date(2026, 1, 1))["lot_id"]
    shelf.adjust("waste", {"lot_id": lot, "quantity": 1}, happened_at=there("2026-02-03T12:00"), reason="spilt")
    with read_scope() as session:
        row = next(row for row in load_waste(session) if row["reason"] == "spilt")
    assert (row["quantity"], row["cost"]) == ("2", None)


def plain(row: Mapping[str, str | None]) -> dict[str, object]:
    """Numbers as numbers, and empty cells as empty text."""
    return {key: Decimal(value) if value and key in ("quantity", "cost") else value or "" for key, value in row.items()}


@pytest.mark.parametrize("report", ["usage", "waste", "recipients"])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_report_in_a_file_says_what_the_json_says(
    shelf: Shelf, bake: CommandLine, tmp_path: Path, report: str, suffix: str
) -> None:
    """Every row and cell is the same."""
    file = tmp_path / f"report.{suffix}"
    rows = bake("report", report, "--json").json
    assert bake("report", report, f"--{suffix}", str(file)).code == 0
    assert [plain(row.cells) for row in read_table(file)] == [plain(row) for row in rows]
    again = bake("report", report, f"--{suffix}", str(file))
    assert (again.code, "already exists" in again.err) == (1, True)


HARD = ["=1+1", "-1.5", "'x", "  ", "Мука, «405»", "123456789012345678901.5", "2026-01-01", "@a", "+1"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_table_is_read_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    """A spreadsheet executes nothing in it, and no digit is lost."""
    file = tmp_path / f"table.{suffix}"
    assert write_table(file, ["First One", "second"], [[cell, None] for cell in HARD]) == len(HARD)
    rows = read_table(file)
    assert [row.cells["first_one"] for row in rows] == [cell for cell in HARD if cell.strip()]
    assert [row.number for row in rows] == [number for number, cell in enumerate(HARD, 2) if cell.strip()]
    assert {row.cells["second"] for row in rows} == {""}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", None),
        ("empty.csv", b""),
        ("latin.csv", b"lot,counted\nM\xfchle,1\n"),
        ("twice.csv", b"lot,lot\n1,2\n"),
        ("wide.csv", b"lot\n1,2\n"),
        ("quote.csv", b'lot\n"1\n'),
        ("no.xlsx", b"lot,counted\n"),
        ("what.ods", b"lot,counted\n"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes | None) -> None:
    """The refusal names the file, whatever is wrong with it."""
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValidationError, match=name):
        read_table(file)
