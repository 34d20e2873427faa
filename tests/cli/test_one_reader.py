"""Every entry reads the same text as the same number, or refuses it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from babel import Locale
from openpyxl import Workbook

from bake_tracker.entrypoints.web.forms import Form
from support.command_line import CommandLine, Done

pytestmark = pytest.mark.one_database

DAYS = (date(2026, 1, 1) + timedelta(days) for days in range(300))
"""A different one for each import, because the same purchase is added once."""
TYPED, FILE = "typed", "file"


def stocked(bake: CommandLine) -> str:
    """How much flour the newest lot holds."""
    lots = bake("stock", "flour", "--json").json
    return str(lots[-1]["on_hand"])


def new_lot(bake: CommandLine) -> str:
    return str(bake("receive", "flour", "1", "g", "--json").json["lot_code"])


def receive(bake: CommandLine, text: str, *options: str) -> Done:
    return bake("receive", "flour", text, "g")


def deliver(bake: CommandLine, text: str, *options: str) -> Done:
    return bake("deliver", "mill", f"{text} g flour", *options)


def count(bake: CommandLine, text: str, *options: str) -> Done:
    return bake("count", "record", f"{new_lot(bake)}={text} g", "--yes", *options)


def deliver_file(bake: CommandLine, text: str, *options: str) -> Done:
    return bake("deliver", "mill", csv(bake, "item;quantity;unit", f"flour;{text};g"), *options)


def count_file(bake: CommandLine, text: str, *options: str) -> Done:
    return bake("count", "record", csv(bake, "lot;counted", f"{new_lot(bake)};{text}"), "--yes", *options)


def import_csv(bake: CommandLine, text: str, *options: str) -> Done:
    file = csv(bake, "date;item;quantity;unit", f"{next(DAYS)};flour;{text};g")
    return bake("import", file, "--table", "purchases", *options)


def import_xlsx(bake: CommandLine, text: str, *options: str) -> Done:
    file, book = bake.log_file.with_suffix(".xlsx"), Workbook()
    for row in (("date", "item", "quantity", "unit"), (str(next(DAYS)), "flour", text, "g")):
        book.worksheets[0].append(row)
    book.save(file)
    return bake("import", str(file), "--table", "purchases", *options)


def csv(bake: CommandLine, *rows: str) -> str:
    file = bake.log_file.with_suffix(".csv")
    file.write_text("\n".join(rows), "utf-8")
    return str(file)


ENTRIES: dict[str, tuple[Callable[..., Done], ...]] = {
    TYPED: (receive, deliver, count),
    FILE: (deliver_file, count_file, import_csv, import_xlsx),
}


@pytest.mark.parametrize("who", ENTRIES)
@pytest.mark.parametrize(
    ("text", "typed", "in_file", "point", "comma"),
    [
        ("1250", "1250", "1250", "1250", "1250"),
        ("2,5", "2.5", "2.5", None, "2.5"),
        ("1,250", None, None, "1250", "1.25"),
        ("1.250", "1.25", None, "1.25", "1250"),
        ("1 250,5", "1250.5", "1250.5", None, "1250.5"),
        ("1½", "1.5", "1.5", "1.5", "1.5"),
        ("1/4", "0.25", "0.25", "0.25", "0.25"),
        ("12 34", None, None, None, None),
        ("1/3x", None, None, None, None),
    ],
)
def test_every_entry_reads_it_alike(
    bake: CommandLine,
    who: str,
    text: str,
    typed: str | None,
    in_file: str | None,
    point: str | None,
    comma: str | None,
) -> None:
    """What could mean two numbers is refused until the decimal sign is known, and nothing is recorded."""
    bake("item", "add", "ingredient", "Flour", "--unit", "g")
    bake("supplier", "add", "Mill")
    cases: list[tuple[tuple[str, ...], str | None]] = [((), typed if who == TYPED else in_file)]
    if who == FILE:
        cases += [(("--decimals", "point"), point), (("--decimals", "comma"), comma)]
    for enter in ENTRIES[who]:
        for options, expected in cases:
            done = enter(bake, text, *options)
            assert (done.code == 0) == (expected is not None), (enter.__name__, options, done.err)
            if expected is not None:
                assert stocked(bake) == expected, (enter.__name__, options)
            for lot in bake("stock", "flour", "--json").json:
                bake("waste", f"{lot['on_hand']} g lot:{lot['lot_code']}")


@pytest.mark.parametrize(("locale", "expected"), [("en", "1250"), ("de", "1.25")])
def test_a_page_reads_it_in_the_language_of_the_person(locale: str, expected: str) -> None:
    form = Form(Locale.parse(locale), [("quantity", "1,250")])
    assert form.number("quantity") == Decimal(expected)
    assert form.problems == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("receive", "flour", "1,250", "g"), "'1,250' may be 1250 or 1.250; write 1250 or 1.25"),
        (("receive", "flour", "½5", "g"), "'½5' is not a number; write it like 2.5 or 1,234.50"),
        (("receive", "flour", "1", "g", "--cost", "£3"), "'£3' is in £, but this bakery's currency is"),
        (("receive", "flour", "1", "g", "--cost", "5 eur"), "'5 eur' is not an amount of money; write it like 31.50"),
        (("receive", "flour", "1", "g", "--cost", "5.1234567"), "'5.1234567' has more than six decimals; round it"),
        (("receive", "flour", "1", "g", "--expires", "3/4/2027"), "'3/4/2027' may be 2027-04-03 or 2027-03-04"),
    ],
)
def test_a_refusal_names_what_was_typed_once(bake: CommandLine, words: tuple[str, ...], said: str) -> None:
    """The text comes first, as the subject of the sentence."""
    bake("item", "add", "ingredient", "Flour", "--unit", "g")
    done = bake(*words)
    assert said in " ".join(done.err.replace("│", " ").split())
    assert done.code == 2
