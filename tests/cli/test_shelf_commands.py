"""The shelf on the command line: count sheets to fill in, deliveries from files, and their errors."""

import io
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bake_tracker.files.tables import read_table, write_table
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf, drift

pytestmark = pytest.mark.one_database


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    kitchen.simple_bakery()
    return Shelf(kitchen)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_sheet_is_written_filled_in_checked_and_recorded(
    shelf: Shelf, bake: CommandLine, tmp_path: Path, suffix: str
) -> None:
    """It counts by quantity in another unit and by per cent, with one row empty; the second time it is refused."""
    sheet = tmp_path / f"sheet.{suffix}"
    assert bake("count", "sheet", f"--{suffix}", str(sheet)).code == 0
    rows = read_table(sheet)
    assert [row.cells["item"] for row in rows] == ["carton", "flour", "sugar"]
    filled = {"flour": ("9,5 kg", ""), "sugar": ("", "40"), "carton": ("", "")}
    done = tmp_path / f"filled.{suffix}"
    headings = ["Lot ID", "item", "Expected", "unit", "counted", "percent left"]
    write_table(
        done,
        headings,
        [
            [
                row.cells["lot_id"],
                row.cells["item"],
                row.cells["expected"],
                row.cells["unit"],
                *filled[row.cells["item"]],
            ]
            for row in rows
        ],
    )
    seen = bake("count", "check", str(done), "--json").json
    assert [(lot["item_slug"], lot["difference"]) for lot in seen["lots"]] == [("flour", "-500"), ("sugar", "-3000")]
    recorded = bake("count", "record", str(done))
    assert recorded.code == 0
    assert "Counted 2 lots, 2 differ, cost -7.00" in recorded.out
    assert (shelf.kitchen.stock("Flour"), shelf.kitchen.stock("Sugar")) == (9_500, 2_000)
    again = bake("count", "record", str(done))
    assert (again.code, "10000 g on the sheet, 9500 now" in again.err) == (1, True)
    assert "Add --moved after or --moved before" in bake("count", "check", str(done)).out
    assert drift() == []


def test_a_sheet_opens_as_a_table_of_numbers(shelf: Shelf, bake: CommandLine, tmp_path: Path) -> None:
    """It has a fixed heading, a filter, and quantities that can be added up."""
    sheet = tmp_path / "sheet.xlsx"
    bake("count", "sheet", "--item", "flour", "--xlsx", str(sheet))
    page = load_workbook(sheet)["Sheet"]
    assert [cell.value for cell in page[1]][:3] == ["lot id", "lot", "item"]
    assert page["G2"].value == 10_000
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:J2")


def test_every_unreadable_row_is_reported_and_no_row_is_recorded(
    shelf: Shelf, bake: CommandLine, tmp_path: Path
) -> None:
    """Each is named by its number in the file."""
    sheet = tmp_path / "sheet.csv"
    code = shelf.lot("flour").code
    sheet.write_text(f"lot,counted,percent left\n{code},5,\n{code}x,5,\n{code},many,\n{code},1,2\n,,\n", "utf-8")
    done = bake("count", "record", str(sheet))
    assert done.code == 1
    for told in (
        "3 problems",
        f"row 3: there is no lot '{code}x'; did you mean {code}",
        "row 4: 'many' is not",
        "row 5: has values under both",
    ):
        assert told in done.err
    sheet.write_text("lot,counted\n", "utf-8")
    assert "fill in at least one" in bake("count", "record", str(sheet)).err
    assert shelf.kitchen.stock("Flour") == 10_000


@pytest.mark.parametrize(("reply", "left"), [("y\n", 9_000), ("n\n", 10_000), ("", 10_000)])
def test_on_a_terminal_the_differences_are_shown_and_asked_about(
    shelf: Shelf, bake: CommandLine, monkeypatch: pytest.MonkeyPatch, reply: str, left: int
) -> None:
    """If the answer is no, nothing is recorded."""
    typed = io.StringIO(reply)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    done = bake("count", "record", f"{shelf.lot('flour').code}=9kg")
    assert (done.code, done.out.count("-1000")) == (0 if reply == "y\n" else 1, 1)
    assert ("Nothing was recorded" in done.out) == (reply != "y\n")
    assert shelf.kitchen.stock("Flour") == left


@pytest.mark.parametrize("text", ["flour", "=5", "{code}=", "{code}=many", "{code}=-5", "{code}=5 %%"])
def test_unreadable_input_is_a_usage_error_that_shows_how_to_write_it(
    shelf: Shelf, bake: CommandLine, text: str
) -> None:
    """Nothing is guessed."""
    done = bake("count", "check", text.format(code=shelf.lot("flour").code))
    told = " ".join(done.err.replace("│", " ").split())
    assert (done.code, "write it like" in told) == (2, True)


def test_each_kind_of_stock_out_has_a_command(shelf: Shelf, bake: CommandLine) -> None:
    """Each takes an item or a lot, a customer and an event."""
    flour = shelf.lot("flour").code
    bake("recipient", "add", "Ada", "--household", "Lovelace")
    bake("event", "add", "Fair")
    for words in (
        ("waste", "1 kg flour", f"500 g lot:{flour}"),
        ("waste", "1 kg flour"),
        ("waste", f"1 kg lot:{flour}", "--spoiled", "--reason", "moth"),
        ("gift", "1 kg flour", "--to", "ada", "--event", "fair"),
        ("sample", "1 kg flour", "--to", "ada", "--at", "2026-01-02T10:00"),
        ("sell", "1 kg flour", "1 kg sugar", "--to", "ada"),
        ("adjust", f"less 1/2 kg lot:{flour}", "--reason", "torn"),
        ("adjust", f"more 1 kg lot:{flour}", "--reason", "found"),
    ):
        done = bake(*words)
        assert (done.code, words) == (1 if len(words) == 3 and words[0] == "waste" else 0, words), done.err
    kinds = shelf.kitchen.rows("SELECT kind, recipient_id, event_id FROM adjustment ORDER BY id")
    assert kinds == [
        ("waste", None, None),
        ("spoilage", None, None),
        ("gift", 1, 1),
        ("sample", 1, None),
        ("sale", 1, None),
        ("sale", 1, None),
        ("correction", None, None),
        ("correction", None, None),
    ]
    assert bake("recipient", "list").out.split() == ["1", "ada"]
    assert bake("adjust", f"1 kg lot:{flour}", "--reason", "found").code == 2
    refused = bake("gift", "1 kg flour", "--to", "adda")
    assert (refused.code, "did you mean ada" in refused.err) == (1, True)
    assert drift() == []


def padded(*rows: list[str]) -> list[list[str]]:
    """Rows padded with empty cells."""
    return [[*row, *[""] * (7 - len(row))] for row in rows]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_delivery_is_read_from_a_file(shelf: Shelf, bake: CommandLine, tmp_path: Path, suffix: str) -> None:
    """Every row that cannot be read is named in the refusal."""
    bake("supplier", "add", "Mill")
    headings = ["Item", "Quantity", "Unit", "Cost", "Lot", "Expires", "Location"]
    good = ["flour", "25", "kg", "31.50", "M-7", "2027-06-01", "Cellar"]
    bad = tmp_path / f"bad.{suffix}"
    write_table(
        bad, headings, [good, *padded(["flower", "1", "kg"], ["flour", "1", "kg", "much"], ["flour", "", "kg"])]
    )
    refused = bake("deliver", "mill", str(bad), "--document", "R-1")
    assert refused.code == 1
    for told in ("row 3: there is no item 'flower'; did you mean flour", "row 4: 'much' is not", "row 5: '' is not"):
        assert told in refused.err
    file = tmp_path / f"delivery.{suffix}"
    write_table(file, headings, [good, *padded(["sugar", "1/2", "kg"])])
    done = bake("deliver", "mill", str(file), "--document", "R-1", "--on", "2026-03-01", "--json").json
    assert [(lot["lot_code"], lot["quantity"], lot["total_cost"], lot["expires_on"]) for lot in done["lots"]] == [
        ("M-7", "25000", "31.50", "2027-06-01"),
        ("sugar-20260301-2", "500", None, None),
    ]
    told = bake("explain", "M-7")
    assert (told.code, "received" in told.out) == (0, True)
    assert drift() == []


def test_a_code_that_several_lots_have_is_named_by_id(shelf: Shelf, bake: CommandLine) -> None:
    """A supplier may use a code twice."""
    ids = [shelf.kitchen.receive("Flour", 1, "kg", lot_code="L1")["lot_id"] for _ in range(2)]
    done = bake("waste", "1 g lot:L1", "--reason", "spilt")
    assert (done.code, f"use the id of one: {ids[0]}, {ids[1]}" in done.err) == (1, True)
    assert bake("waste", f"1 g lot:{ids[1]}").code == 0
    assert [row[0] for row in shelf.kitchen.rows("SELECT lot_id FROM adjustment")] == [ids[1]]


@pytest.mark.parametrize(
    "typed",
    [
        ("waste", "5 flour"),
        ("adjust", "less 5 lot:{lot}", "--reason", "spilt"),
        ("transfer", "{lot}", "5", "--to", "Cellar"),
        ("count", "record", "{lot}=5", "--yes"),
    ],
)
def test_a_quantity_without_a_unit_is_refused_unless_it_is_of_pieces(
    shelf: Shelf, bake: CommandLine, typed: tuple[str, ...]
) -> None:
    """5 of flour could be grams or kilograms; 5 cartons are 5 cartons."""
    codes = dict(map(tuple, shelf.kitchen.rows("SELECT slug, code FROM lot JOIN item ON item.id = lot.item_id")))
    refused = bake(*(part.format(lot=codes["flour"]) for part in typed))
    assert (refused.code, "needs a unit, such as g or kg; flour is kept in g" in refused.err) == (1, True)
    assert shelf.kitchen.stock("Flour") == 10_000
    pieces = (part.format(lot=codes["carton"]).replace("flour", "carton") for part in typed)
    assert bake(*pieces).code == 0


def test_a_lot_that_is_gone_is_counted_without_a_unit(shelf: Shelf, bake: CommandLine) -> None:
    """None of it is none in grams and in kilograms."""
    done = bake("count", "record", f"{shelf.lot('flour').code}=0", "--yes")
    assert (done.code, shelf.kitchen.stock("Flour")) == (0, 0)


def test_a_return_finds_the_hand_over_it_came_from(shelf: Shelf, bake: CommandLine) -> None:
    """A customer or a lot is enough if only one fits; several are listed, and one is named."""
    shelf.kitchen.produce("Cookies", "Cookie", 1, 24)
    shelf.recipient("Ada")
    shelf.recipient("Eve")
    assert "nothing of cookie was handed over" in bake("return", "1 cookie", "--from", "ada").err
    sales = [bake("sell", "4 cookie", "--to", to, "--json").json["operation_id"] for to in ("ada", "eve", "ada")]
    assert bake("return", "1 cookie", "--from", "eve").out.startswith("Came back, kept apart on hold, cost 0.")
    several = bake("return", "1 cookie", "--from", "ada")
    assert (several.code, "several hand-overs match" in several.err, sales[2] in several.err) == (1, True, True)
    done = bake("return", "2 cookie", "--sale", sales[2], "--put", "waste", "--reason", "stale").out
    assert done.startswith("Came back, thrown away (stale)")
    assert bake("report", "recipients").out.splitlines()[0].endswith("came back")
    flour = shelf.lot("flour").code
    sent = bake("return", f"2 kg lot:{flour} @3.50", "--to-supplier", "--reason", "weevils").out
    assert sent.startswith("Sent back to the supplier (weevils), cost -4.00, credit 3.50")
    assert bake("return", "2 kg flour", "--to-supplier").code == 2
    assert bake("return", f"2 kg lot:{flour}", "--to-supplier", "--from", "ada").code == 2
    assert drift() == []


def test_settings_that_were_wrong_are_corrected_after_a_look(shelf: Shelf, bake: CommandLine) -> None:
    """A dry run records nothing; a plain change is refused once there is stock, and says what to type."""
    assert "bake correct-settings" in bake("init", "--currency", "EUR").err
    seen = bake("correct-settings", "--currency", "EUR", "--dry-run")
    assert (seen.code, seen.out.splitlines()[0]) == (0, "Costs are in EUR, not USD")
    done = bake("correct-settings", "--time-zone", "Europe/Berlin", "--json").json
    assert (done["time_zone"], done["currency"], done["reason"]) == ("Europe/Berlin", "USD", "set up wrong")
    assert drift() == []


def test_an_item_is_changed_and_archived_by_command(shelf: Shelf, bake: CommandLine) -> None:
    """``none`` empties a field; what is archived is listed, and no longer among the items."""
    done = bake("item", "change", "flour", "--name", "Wheat flour", "--shelf-life", "270", "--policy", "fifo")
    assert (done.code, done.out.splitlines()[0]) == (0, "flour: changed name, pick policy, shelf life days")
    assert bake("item", "change", "flour", "--shelf-life", "none", "--json").json["changed"] == ["shelf_life_days"]
    assert bake("item", "change", "flour").code == 2
    assert bake("item", "change", "flour", "--archive").out.splitlines()[1] == "  archived: no longer offered"
    assert "flour" not in bake("item", "list").out
    assert bake("archived").out == "item flour (id 1): Wheat flour\n"
    assert bake("item", "change", "flour", "--unarchive").out.splitlines()[1] == "  offered again"
    bake("event", "add", "Fair")
    assert bake("event", "change", "fair", "--on", "2027-04-01", "--json").json["changed"] == ["happens_on"]
    assert bake("event", "change", "fair", "--on", "none", "--json").json["changed"] == ["happens_on"]
    assert drift() == []


def test_a_late_invoice_a_change_and_a_credit_are_typed(shelf: Shelf, bake: CommandLine) -> None:
    """A sign makes a change; an amount on a credit note lowers the cost."""
    shelf.kitchen.receive("Flour", 10, "kg", lot_code="LATE")
    assert "lot LATE cost unknown, now 12.00" in bake("cost-statement", "LATE=12.00", "--document", "4711").out
    assert "cost 12.00, now 13.50" in bake("cost-statement", "LATE=+1.50", "--kind", "correction").out
    assert "cost 13.50, now 11.50" in bake("cost-statement", "LATE=2", "--kind", "credit").out
    assert "cost 11.50, now 11.00" in bake("cost-statement", "LATE=-0.5", "--kind", "credit").out
    assert bake("cost-statement", "LATE=1,5", "--kind", "duty", "--decimals", "comma").code == 0
    assert "write it like" in bake("cost-statement", "LATE").err
    assert shelf.lot("LATE").remaining_cost_micros == 12_500_000
    assert drift() == []


def test_a_delivery_is_named_by_its_document_or_its_id(shelf: Shelf, bake: CommandLine) -> None:
    """Two with the same document are told apart by their ids."""
    bake("supplier", "add", "Mill")
    for _ in range(2):
        bake("deliver", "mill", "1 kg flour @3", "--document", "4711", "--again")
    freight = ("cost-statement", "2", "--kind", "freight", "--by", "value", "--delivery")
    assert "several deliveries have the document 4711; use the id of one: 1, 2" in bake(*freight, "4711").err
    assert "now 5.00" in bake(*freight, "2").out
    assert "no delivery 'X'" in bake(*freight, "X").err


def test_a_unit_price_is_multiplied(shelf: Shelf, bake: CommandLine, tmp_path: Path) -> None:
    """0.30 for each of 25 kg is 7.50; a cost that disagrees is refused."""
    bake("supplier", "add", "Mill")
    file = tmp_path / "delivery.csv"
    rows = ("flour,25,kg,0.30,", "sugar,3,kg,1/3,", "sugar,3,kg,0.333333,1.00")
    file.write_text("\n".join(["item,quantity,unit,price,cost", *rows]), "utf-8")
    done = bake("deliver", "mill", str(file), "--json").json
    assert [lot["total_cost"] for lot in done["lots"]] == ["7.50", "1.00", "1.00"]
    file.write_text("item,quantity,unit,price,cost\nflour,25,kg,0.30,8.00\n", "utf-8")
    assert "the cost is 8.00, but the price times the quantity is 7.50" in bake("deliver", "mill", str(file)).err


def test_a_part_without_a_cost_does_not_hide_the_value_of_the_rest(shelf: Shelf, bake: CommandLine) -> None:
    """The list and the report show what is known, and how much is not; an item without any cost is unknown."""
    shelf.kitchen.receive("Flour", 1, "kg")
    shelf.kitchen.ingredient("Salt")
    shelf.kitchen.receive("Salt", 1, "kg")
    for command in (("stock",), ("report", "value")):
        lines = bake(*command).out.splitlines()
        flour, salt = (next(line for line in lines if name in line) for name in ("flour", "salt"))
        assert ("20.00" in flour, "1000 g without cost" in flour) == (True, True)
        assert ("unknown" in salt, "without cost" in salt) == (True, False)
