"""A recall's printed output and files."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bake_tracker.files.recall_table import COLUMNS
from bake_tracker.files.tables import read_table
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import sold
from support.undoing import shelf

pytestmark = pytest.mark.one_database


@pytest.fixture
def sold_out(kitchen: Kitchen) -> Kitchen:
    """Flour in the cellar, in cookies, and in boxes that people have."""
    return sold(kitchen)


def test_a_drill_holds_and_records_nothing_and_lists_the_same(sold_out: Kitchen, bake: CommandLine) -> None:
    """A drill prints what the recall prints, except for what was put on hold."""
    kitchen = sold_out
    before = (shelf(kitchen), kitchen.rows("SELECT count(*) FROM operation"))
    drill = bake("recall", "1", "--drill")
    assert (drill.code, "nothing is put on hold or recorded" in drill.out) == (0, True)
    assert (shelf(kitchen), kitchen.rows("SELECT count(*) FROM operation")) == before
    as_json = bake("recall", "1", "--drill", "--json").json
    done = bake("recall", "1", "--json").json
    assert {one["state"] for one in done["lots"]} == {"on hold"}
    assert done["balance"] == as_json["balance"]
    assert drill.out.count("The balance closes exactly for all 4 lots.") == 1


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_record_has_the_key_data_elements_and_the_quantities_of_each_lot_add_up(
    sold_out: Kitchen, bake: CommandLine, tmp_path: Path, suffix: str
) -> None:
    """A lot's other rows account for everything that came in; codes stay text."""
    file = tmp_path / f"recall.{suffix}"
    assert bake("recall", "1", "--drill", f"--{suffix}", str(file)).code == 0
    rows = [row.cells for row in read_table(file)]
    assert list(rows[0]) == ["_".join(name.lower().split()) for name in COLUMNS]
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        event = row["critical_tracking_event"]
        is_in = event in ("receiving", "split in", "transformation (food produced)", "found more")
        sums[row["traceability_lot_code"]] += Decimal(row["quantity"]) * (1 if is_in else -1)
    assert set(sums.values()) == {Decimal(0)}
    shipped = {row["immediate_subsequent_recipient"] for row in rows if "shipping" in row["critical_tracking_event"]}
    assert shipped == {"Ada & Żółć 馬, Lovelace", "not recorded"}
    if suffix == "xlsx":
        book = load_workbook(file)
        sheet: Any = book["Record"]
        assert [[cell.value for cell in row][-1] for row in book["Mass balance"]][1:] == [0, 0, 0, 0]
        assert sheet.auto_filter.ref == sheet.dimensions
        assert {type(cell.value) for cell in sheet["B"]} == {str}


def test_the_pages_are_a_pdf_whatever_people_are_called(sold_out: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """Markup in names is printed as text, and a letter missing from the font does not prevent the page."""
    file = tmp_path / "recall.pdf"
    assert bake("recall", "1", "--reason", "metal <i> & Ω", "--pdf", str(file)).code == 0
    assert file.read_bytes().startswith(b"%PDF-")


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_held(
    sold_out: Kitchen, bake: CommandLine, tmp_path: Path
) -> None:
    """The file already exists, or its suffix is of another format."""
    file = tmp_path / "recall.pdf"
    file.write_text("mine")
    before = shelf(sold_out)
    refused = bake("recall", "1", "--pdf", str(file))
    assert (refused.code, "already exists" in refused.err) == (1, True)
    assert bake("recall", "1", "--csv", str(file)).code == 2
    assert shelf(sold_out) == before
    assert file.read_text() == "mine"


def test_a_code_means_all_lots_that_have_it(kitchen: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """Recall, trace, hold and release take them together; an id still means one lot."""
    kitchen.simple_bakery()
    ids = [kitchen.receive("Flour", 1, "kg", 1, lot_code="M-7")["lot_id"] for _ in range(3)]
    held = "SELECT id FROM lot WHERE on_hold ORDER BY id"
    drill = bake("recall", "M-7", "--drill")
    assert "3 lots have the code M-7; this is about all of them" in drill.out
    assert drill.out.count("M-7: 1000 g of flour, received on") == 3
    assert "The balance closes exactly for all 3 lots." in drill.out
    assert bake("trace", "M-7").out.count("nothing: none of it has been used") == 3
    assert (
        bake("trace", "M-7", "--json").json["same_code"] == bake("recall", "M-7", "--drill", "--json").json["same_code"]
    )
    pdf = tmp_path / "recall.pdf"
    done = bake("recall", "M-7", "--json", "--pdf", str(pdf)).json
    assert [lot["lot_id"] for lot in done["same_code"]] == ids
    assert pdf.read_bytes().startswith(b"%PDF")
    assert [row.id for row in kitchen.rows(held)] == ids
    assert bake("release", "M-7", "--reason", "false alarm").out.count("Released 1000 g of flour (lot M-7)") == 3
    assert bake("hold", str(ids[1]), "--reason", "torn").code == 0
    assert [row.id for row in kitchen.rows(held)] == [ids[1]]
    assert bake("hold", "M-7", "--reason", "all").out.count("Put 1000 g") == 2  # those that are not on hold yet
    assert (refused := bake("hold", "M-7", "--reason", "again")).code == 1
    assert "already on hold" in refused.err
    assert bake("release", str(ids[0]), "--reason", "fine").code == 0
    assert bake("release", "M-7", "--reason", "fine").out.count("Released") == 2
    assert bake("transfer", "M-7", "--to", "Cellar").code == 1
    assert f"use the id of one: {ids[0]}, {ids[1]}, {ids[2]}" in bake("transfer", "M-7", "--to", "Cellar").err
