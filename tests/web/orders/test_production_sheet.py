"""The production sheet of a day: on a page, as a PDF and on the terminal."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.files.sheet_pdf import render_sheet
from bake_tracker.queries.planning.sheet import load_day_sheet
from bake_tracker.services.database import read_scope
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.web import Web

pytestmark = pytest.mark.one_database
DAY = now().date() + timedelta(days=2)


def sheet_of(kitchen: Kitchen, boxes: int) -> Any:
    book = OrderBook(kitchen)
    book.order(book.line(book.box, boxes), due_on=DAY)
    with read_scope() as session:
        return load_day_sheet(session, DAY, now())


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_the_sheet_scales_every_weight_and_names_the_lots(kitchen: Kitchen) -> None:
    """Baking comes first; what is made before is not in a lot yet, and what is missing is said."""
    bake, pack = sheet_of(kitchen, 200)["lines"]
    assert (bake["batches"], pack["batches"]) == ("49", "197")
    flour, sugar = bake["ingredients"]
    assert (flour["item_name"], flour["quantity"], flour["missing"]) == ("Flour", "24500", "15000")
    assert [row["lot_code"] for row in flour["taken_from"]] == ["flour-20260101-1"]
    cookies = next(one for one in pack["ingredients"] if one["item_name"] == "Cookie")
    assert [row["lot_code"] is None for row in cookies["taken_from"]] == [False, True]
    assert sugar["missing"] == "7500"


def test_a_small_day_is_one_page_and_the_same_bytes(kitchen: Kitchen) -> None:
    """More than fits in the smallest size goes on to further pages."""
    sheet = sheet_of(kitchen, 12)
    pdf = render_sheet(sheet)
    assert pdf.startswith(b"%PDF")
    assert pdf == render_sheet(sheet)
    assert pages(pdf) == 1
    assert pages(render_sheet({**sheet, "lines": sheet["lines"] * 20})) > 1
    assert pages(render_sheet({**sheet, "lines": []})) == 1


def test_the_page_and_its_pdf_show_the_sheet(kitchen: Kitchen) -> None:
    """The page of the day leads there."""
    sheet_of(kitchen, 12)
    viewer = Web().let_in().browser(Role.VIEWER)
    assert f'href="/plan/days/{DAY}/sheet"' in viewer.get(f"/plan/days/{DAY}").text
    page = viewer.get(f"/plan/days/{DAY}/sheet").text
    for said in ("2 batches of Cookies", "9 Boxes", "1 kg", "flour-20260101-1"):
        assert said in page
    pdf = viewer.get(f"/plan/days/{DAY}/sheet.pdf")
    assert (pdf.headers["content-type"], pdf.content[:4]) == ("application/pdf", b"%PDF")


def test_the_command_writes_a_new_pdf(kitchen: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """It refuses another ending and a file that exists."""
    sheet_of(kitchen, 12)
    file = tmp_path / "day.pdf"
    assert bake("sheet", str(DAY), "--pdf", str(file)).code == 0
    assert file.read_bytes().startswith(b"%PDF")
    assert bake("sheet", str(DAY), "--pdf", str(file)).code == 1
    assert bake("sheet", str(DAY), "--pdf", str(tmp_path / "day.txt")).code == 1
