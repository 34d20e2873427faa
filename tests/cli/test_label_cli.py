"""Allergens and labels on the command line, and the label as a PDF."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.label.text import LabelWords
from bake_tracker.files.label_pdf import Size, render_label
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import stated


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The output does not depend on the database."""
    return sqlite_url


def test_allergens_are_set_and_listed(bake: CommandLine, kitchen: Kitchen) -> None:
    """``allergen list`` shows every statement, and the items without one."""
    kitchen.ingredient("Flour")
    kitchen.ingredient("Sugar")
    kitchen.ingredient("Cocoa")
    assert bake("allergen", "set", "flour", "--contains", "wheat", "--may-contain", "soya").code == 0
    assert bake("allergen", "set", "sugar", "--none").code == 0
    assert bake("allergen", "set", "cocoa").code == 2
    rows = bake("allergen", "list", "--json").json
    assert [(row["item_slug"], row["contains"], row["may_contain"]) for row in rows] == [
        ("cocoa", None, None),
        ("flour", ["wheat"], ["soya"]),
        ("sugar", [], []),
    ]
    assert [row["item_slug"] for row in bake("allergen", "list", "--missing", "--json").json] == ["cocoa"]
    assert "not recorded yet" in bake("allergen", "list").out


def test_a_label_is_shown_and_filed_and_a_run_gets_a_warning(bake: CommandLine, kitchen: Kitchen) -> None:
    """All of this works by command."""
    lot = stated(kitchen).produce("Cookies", "Cookie", 1, 24)["lot_code"]
    assert "Ingredients: Flour (wheat), Sugar." in bake("label", lot).out
    us = bake("label", lot, "--style", "us", "--json").json
    assert us["lines"][1:3] == ["INGREDIENTS: Flour (wheat), Sugar.", "Contains: Wheat"]
    assert [(part["item_slug"], part["weight_g"]) for part in us["parts"]] == [("flour", "500"), ("sugar", "250")]
    assert "Put on file the label of cookie: Flour (wheat), Sugar" in bake("label", lot, "--file").out
    assert bake("label", lot, "--json").json["label_differs"] is None
    assert "Replaced the label of cookie" in bake("declare", "cookie", "Sugar", "--contains", "wheat,milk").out
    assert (
        "warning: differs from the label of cookie: not on the label"
        in bake("produce", "cookies", "1", "--yield", "24").out
    )
    assert "differs from the label on file" in bake("label", lot).out
    assert bake("init", "--label-policy", "refuse").code == 0
    refused = bake("produce", "cookies", "1", "--yield", "24", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "label_differs")
    assert bake("label", lot, "--style", "uk").code == 2
    assert bake("init", "--label-policy", "shout").code == 1


WORDS = LabelWords(
    name="Crème-fraîche-Törtchen",
    ingredients=(("Ingredients: Žitná mouka (", False), ("rye", True), ("), Сливочное масло & <mix>.", False)),
    contains=None,
    may_contain="May contain: nuts",
    net="62 g",
    good_until="Best before: 1 Dec 2026",
    lot="L cake-1",
    producer="Bäckerei Süß & Søn",
    address=None,
)


def long_list(count: int) -> LabelWords:
    return replace(WORDS, ingredients=tuple((f"an ingredient numbered {number}, ", False) for number in range(count)))


def page_mm(pdf: bytes) -> tuple[int, int]:
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert box
    return round(float(box[1]) / 72 * 25.4), round(float(box[2]) / 72 * 25.4)


def test_a_label_is_one_page_of_its_own_size_with_its_fonts_in_it() -> None:
    """It prints umlauts, Czech, Cyrillic and text that looks like markup; the same label is the same bytes."""
    pdf = render_label(WORDS, "cake-1", Size(90, 60))
    assert pdf == render_label(WORDS, "cake-1", Size(90, 60))
    assert page_mm(pdf) == (90, 60)
    assert pdf.count(b"/FontFile2") == 2
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    assert b"/Subtype /Image" not in pdf


def test_without_a_height_a_label_is_as_high_as_its_text() -> None:
    """Forty ingredients make it higher, not smaller."""
    short, long = (page_mm(render_label(long_list(count), "cake-1", Size(100))) for count in (3, 40))
    assert short[0] == long[0] == 100
    assert long[1] > short[1]


def test_a_label_that_does_not_fit_is_refused_with_the_height_it_needs() -> None:
    """It never uses letters below the legal size; a small package may have smaller ones."""
    with pytest.raises(ValidationError, match=r"at this width the label must be (\d+) mm") as refused:
        render_label(long_list(14), "cake-1", Size(60, 50))
    height = int(re.findall(r"(\d+) mm", str(refused.value))[-1])
    assert page_mm(render_label(long_list(14), "cake-1", Size(60, height))) == (60, height)
    assert page_mm(render_label(long_list(14), "cake-1", Size(60, 50), is_small_package=True)) == (60, 50)


@pytest.mark.parametrize("name", ["味噌", "עוגה", "Cake 🍰"])
def test_a_letter_that_the_font_lacks_is_refused(name: str) -> None:
    """The refusal names the letter, and no empty box is printed."""
    with pytest.raises(ValidationError, match=rf"{name[-1]} \(U\+"):
        render_label(replace(WORDS, name=name), "cake-1", Size(90, 60))


def test_a_letter_of_two_parts_is_the_one_that_it_looks_like() -> None:
    """An e followed by a combining accent is an é."""
    joined, apart = (replace(WORDS, name=name) for name in ("Cr\u00e8me", "Cre\u0300me"))
    assert render_label(joined, "x", Size(90)) == render_label(apart, "x", Size(90))


def test_a_label_is_drawn_into_a_new_file(bake: CommandLine, kitchen: Kitchen, tmp_path: Path) -> None:
    """It never replaces a file, and is refused while something is unknown."""
    lot = stated(kitchen).produce("Cookies", "Cookie", 1, 24)["lot_code"]
    file = tmp_path / "cookie.pdf"
    assert bake("label", lot, "--pdf", str(file), "--size", "60x40", "--json").json["pdf"] == str(file)
    assert page_mm(file.read_bytes()) == (60, 40)
    assert "already exists" in bake("label", lot, "--pdf", str(file)).err
    assert "must end in .pdf" in bake("label", lot, "--pdf", "x.png").err
    assert bake("label", lot, "--pdf", str(tmp_path / "y.pdf"), "--size", "big").code == 2
    kitchen.receive("Cookie", 5, "each")
    bought = kitchen.rows("SELECT code FROM lot ORDER BY id DESC LIMIT 1")[0][0]
    refused = bake("label", bought, "--pdf", str(tmp_path / "z.pdf"))
    assert (refused.code, "its ingredients are not on file" in refused.err) == (1, True)
    assert not (tmp_path / "z.pdf").exists()


def test_the_day_on_a_label_is_never_after_the_lots_expiry(bake: CommandLine, kitchen: Kitchen) -> None:
    """An earlier day is printed, with the requested words."""
    stated(kitchen)
    kitchen.item("finished_unit", "Cake", "each", shelf_life_days=3)
    kitchen.recipe("Cakes", {"Flour": (100, "g")}, {"Cake": 1})
    lot = kitchen.produce("Cakes", "Cake", 1, 1, produced_at=datetime(2026, 1, 10, 12, tzinfo=UTC))["lot_code"]
    assert "Best before: 13 Jan 2026" in bake("label", lot).out
    assert "Use by: Jan 12, 2026" in bake("label", lot, "--best-before", "2026-01-12", "--use-by", "--style", "us").out
    assert "choose that day or an earlier one" in bake("label", lot, "--best-before", "2026-01-14").err
