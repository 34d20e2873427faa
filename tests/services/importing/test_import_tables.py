"""Tables that people fill in: read where the meaning is certain, otherwise refused by row and column."""

import codecs
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from bake_tracker.domain.errors import ImportRefusedError, ValidationError
from bake_tracker.domain.importing.report import ImportReport
from bake_tracker.domain.importing.tables import FORMAT, TEMPLATES
from bake_tracker.domain.written import DateOrder, Reading, UnreadableError, read_day
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.files.exports import write_template
from bake_tracker.files.imports import read_document
from bake_tracker.files.tables import MEGABYTE
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.importing import tables as import_service
from support.command_line import CommandLine
from support.import_files import check, clean, record
from support.kitchen import Kitchen

TITLED = (
    "Corner Bakery, Berlin\nPurchases of January;;\n\nDate;Item;Qty;Unit;Total\n2026-01-10;flou;1,5;kg;3,20\n;;;;\n"
)
HEADINGS = "Date,Vendor,What,Qty,UOM,Total,Best before\n"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: files are read the same way on every database."""
    return sqlite_url


@pytest.fixture
def flour(sqlite_url: str) -> Kitchen:
    kitchen = Kitchen()
    kitchen.ingredient("Bread flour", slug="flour")
    return kitchen


def take(file: Path, *, skip_bad: bool = False, table: str | None = None, **reading: Any) -> ImportReport:
    document = read_document(file, table=table, reading=Reading(**reading))
    return run_in_transaction(
        lambda s: import_service.record_import(document, session=s, source=file.name, skip_bad=skip_bad)
    )


def purchases(tmp_path: Path, *rows: str) -> Path:
    file = tmp_path / "purchases.csv"
    file.write_text(HEADINGS + "\n".join(rows))
    return file


def lots(kitchen: Kitchen) -> list[Any]:
    return [
        tuple(map(str, row))
        for row in kitchen.rows(
            "SELECT quantity_micros, cost_micros, received_on, expires_on, supplier.slug "
            "FROM lot LEFT JOIN supplier ON supplier.id = supplier_id ORDER BY lot.id"
        )
    ]


def test_purchases_become_lots_under_any_usual_headings(flour: Kitchen, tmp_path: Path) -> None:
    """Items and suppliers have the names people use, blank rows are ignored, and a repeat adds nothing."""
    file = purchases(
        tmp_path,
        "2026-01-02,Mill,BREAD  FLOUR,2,kg,$3.20,2027-01-02",
        ",,,,,,",
        '"Jan 3, 2026",Mill,flour,"1,000.50",g,,',
        "25/12/2025,mill,flour,1/2,lb,1,3 Feb 2027",
    )
    assert take(file)["added_count"] == 4
    assert lots(flour) == [
        ("2000000000", "3200000", "2026-01-02", "2027-01-02", "mill"),
        ("1000500000", "None", "2026-01-03", "None", "mill"),
        ("226796185", "1000000", "2025-12-25", "2027-02-03", "mill"),
    ]
    assert take(file)["added_count"] == 0


def test_two_identical_rows_are_two_purchases_however_they_are_written(flour: Kitchen, tmp_path: Path) -> None:
    """Values identify a row: 2.50 is 2.5, and 2 Jan 2026 is 2026-01-02."""
    row = "2026-01-02,Mill,flour,2.5,kg,3,"
    assert take(purchases(tmp_path, row, row))["added_count"] == 3
    assert take(purchases(tmp_path, "2 Jan 2026,Mill,Bread flour,2.50,kg,3.00,"))["added_count"] == 0
    assert take(purchases(tmp_path, row, row, row))["added_count"] == 1


def test_every_cell_that_cannot_be_taken_is_named_by_row_and_column(flour: Kitchen, tmp_path: Path) -> None:
    """A row lists all its faults; --skip-bad takes the other rows and reports the same refusals."""
    file = purchases(
        tmp_path, "03/04/2026,Mill,flour,2,kg,3,", "2026-01-02,Mill,floor,x,furlong,-3,2026-13-01",
        "2026-01-02,Mill,flour,1,kg,,",
    )  # fmt: skip
    report = take(file, skip_bad=True)
    assert (report["added_count"], report["refused_count"]) == (2, 2)
    told = [(row["place"].removeprefix("purchases.csv, "), row["value"]) for row in report["refused"]]
    assert told == [
        ("row 2, column A (date)", "03/04/2026"),
        ("row 3, column G (best_before)", "2026-13-01"),
        ("row 3, column C (what)", "floor"),
        ("row 3, column E (uom)", "furlong"),
        ("row 3, column D (qty)", "x"),
        ("row 3, column F (total)", "-3"),
    ]
    reasons = [row["reason"] for row in in_words(report)["refused"]]
    assert reasons[0].startswith("may be 2026-04-03 or 2026-03-04; write it like 2026-11-23, or add --dates dmy")
    assert 'add --map "floor=flour"' in reasons[2]


@pytest.mark.parametrize(("dates", "day"), [("dmy", "2026-04-03"), ("mdy", "2026-03-04")])
def test_a_statement_about_the_whole_file_settles_it(
    flour: Kitchen, tmp_path: Path, dates: DateOrder, day: str
) -> None:
    """A person states the order of day and month, and commas in numbers."""
    file = purchases(tmp_path, '03/04/2026,Mill,flour,"1,5",g,"1.234,50",')
    take(file, decimals="comma", dates=dates)
    assert [lot[:3] for lot in lots(flour)] == [("1500000", "1234500000", day)]


def test_a_workbook_is_read_by_its_sheets_with_its_dates_numbers_and_worked_out_formulas(
    flour: Kitchen, tmp_path: Path
) -> None:
    """Date cells are dates in any format; a formula without a stored value is refused by its cell."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Purchases"
    sheet.append(["date", "item", "quantity", "unit", "cost"])
    sheet.append([date(2026, 4, 3), "flour", 2.5, "kg", 3])
    book.create_sheet("about").append(["anything"])
    book.save(tmp_path / "till.xlsx")
    assert take(tmp_path / "till.xlsx")["added_count"] == 1
    assert [lot[:3] for lot in lots(flour)] == [("2500000000", "3000000", "2026-04-03")]
    sheet.append([date(2026, 4, 4), "flour", "=1+1", "kg", 3])
    book.save(tmp_path / "formulas.xlsx")
    with pytest.raises(ValidationError, match=r"Purchases, row 3, column C: the formula =1\+1 has no stored value"):
        take(tmp_path / "formulas.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_any_unicode(flour: Kitchen, tmp_path: Path, encoding: str) -> None:
    """A byte order mark, tabs and semicolons are accepted; another encoding is refused."""
    text = HEADINGS.replace(",", "\t") + "2026-01-02\tMühle\tflour\t2\tkg\t3\t\n"
    (tmp_path / "purchases.csv").write_bytes(text.encode(encoding))
    assert take(tmp_path / "purchases.csv")["added_count"] == 2
    (tmp_path / "purchases.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValidationError, match="not UTF-8; save it as CSV UTF-8"):
        take(tmp_path / "purchases.csv")
    assert not (tmp_path / "purchases.csv").read_bytes().startswith(codecs.BOM_UTF8)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Date,What,Qty,Amount,Unit\n2026-01-01,flour,1,2,g\n", "purchases.quantity: is in two columns"),
        ("What,Qty,Unit\nflour,1,g\n", "purchases.date: is missing; add the column (other names: purchase_date"),
        ("Date,What,What\n2026-01-01,a,b\n", "has the column what twice"),
        ("", "its first row must name the columns"),
    ],
)
def test_a_table_without_its_columns_is_refused(flour: Kitchen, tmp_path: Path, text: str, hint: str) -> None:
    """The refusal comes before any row is read."""
    (tmp_path / "purchases.csv").write_text(text)
    with pytest.raises(ValidationError) as refused:
        take(tmp_path / "purchases.csv")
    assert hint in str(refused.value)


def test_recipes_are_read_line_by_line(flour: Kitchen, tmp_path: Path) -> None:
    """A recipe's product may be repeated in each row; recipes nest; with a bad line, the recipe is refused."""
    file = tmp_path / "recipes.csv"
    file.write_text(
        "Recipe,Ingredient,Sub recipe,Qty,Unit,Makes,Per batch\n"
        "Dough,Bread flour,,500,g,,\nPan loaf,,Dough,1,batch,Loaf,2\nPan loaf,flour,,1 1/2,tbsp,Loaf,2\n"
        "Bad,flour,Dough,1,batch,,\n"
    )
    report = take(file, skip_bad=True)
    assert [(row["place"], row["reason"]) for row in report["refused"]] == [
        ("recipes.csv, row 5, column B (ingredient)", "name either an item or a sub_recipe")
    ]
    lines = "SELECT slug, position, quantity, unit FROM recipe_line JOIN recipe ON recipe.id = recipe_id ORDER BY 1, 2"
    assert flour.rows(lines) == [
        ("dough", 0, "500", "g"),
        ("pan-loaf", 0, "1", "batch"),
        ("pan-loaf", 1, "3/2", "tbsp"),
    ]
    assert flour.rows("SELECT slug, quantity_micros FROM recipe_yield JOIN item ON item.id = item_id") == [
        ("loaf", 2_000_000)
    ]


def test_a_row_that_differs_here_is_reported_and_left_alone(flour: Kitchen, tmp_path: Path) -> None:
    """A dry run counts added, equal and differing rows, and lists both values of each difference."""
    file = tmp_path / "ingredients.csv"
    file.write_text("name,slug,unit,description\nStrong flour,flour,g,\nSalt,,g,\nSalt,,g,\n")
    report = take(file)
    (items,) = [kind for kind in report["kinds"] if kind["kind"] == "items"]
    assert items == {"kind": "items", "added": 1, "skipped": 2, "differing": 1, "refused": 0}
    assert report["differences"] == [
        {
            "place": "ingredients.csv, row 2", "slug": "flour", "field": "name",
            "here": "Bread flour", "in_file": "Strong flour",
        }
    ]  # fmt: skip
    assert flour.rows("SELECT name FROM item WHERE slug = 'flour'") == [("Bread flour",)]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_read_as_what_it_is(flour: Kitchen, tmp_path: Path, name: str, ending: str) -> None:
    """An empty template adds nothing and has no refusals."""
    file = tmp_path / f"{TEMPLATES[name]}{ending}"
    write_template(name, file)
    assert take(file)["added_count"] == 0
    if ending == ".xlsx":
        assert load_workbook(file).sheetnames == [TEMPLATES[name], "about"]


def test_the_command_line_lists_the_tables(bake: CommandLine, tmp_path: Path) -> None:
    """A file of unknown content and an unknown template list the tables; a malformed option is an error."""
    (tmp_path / "till.csv").write_text("a\n1\n")
    assert "add --table with one of purchases" in bake("import", str(tmp_path / "till.csv")).err
    assert "must be one of purchases" in bake("template", "tills", str(tmp_path / "t.csv")).err
    assert bake("import", str(tmp_path / "till.csv"), "--dates", "ymd").code == 2
    assert bake("import", str(tmp_path / "till.csv"), "--map", "flour").code == 2


@given(
    st.dates(min_value=date(1971, 1, 1)),
    st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%b %d, %Y", "%d. %b %Y"]),
)
def test_a_day_that_can_mean_one_thing_only_is_read_as_it(day: date, form: str) -> None:
    """Any format works, whatever order is stated for ambiguous dates."""
    orders: tuple[DateOrder | None, ...] = (None, "dmy", "mdy")
    assert {read_day(day.strftime(form), said) for said in orders} == {day}


@given(st.integers(1, 31), st.integers(1, 12), st.sampled_from("./-"))
def test_a_day_in_numbers_is_read_only_where_one_order_is_possible(first: int, second: int, sign: str) -> None:
    """The usual order of a country is never assumed."""
    text = f"{first}{sign}{second}{sign}2028"
    if first > 12 or first == second:
        if (first > 12 and not (first <= 30 or second in (1, 3, 5, 7, 8, 10, 12))) or (second == 2 and first > 29):
            return
        assert read_day(text, None) == date(2028, second, first)
    else:
        with pytest.raises(UnreadableError, match="write it like 2026-11-23") as refused:
            read_day(text, None)
        assert refused.value.remedy == {"kind": "state_dates"}


def test_a_numeric_cell_is_a_number_whatever_the_option_says(flour: Kitchen, tmp_path: Path) -> None:
    """The option is about text; a number that a spreadsheet stored has no notation."""
    book = Workbook()
    for row in (["Date", "What", "Qty", "UOM", "Cost"], ["2026-11-03", "flour", 1.25, "kg", 31.5]):
        book.worksheets[0].append(row)
    file = tmp_path / "purchases.xlsx"
    book.save(file)
    assert take(file, table="purchases", decimals="comma")["added_count"] == 1
    assert [row[:2] for row in lots(flour)] == [("1250000000", "31500000")]


def test_an_amount_may_have_the_bakerys_own_currency(flour: Kitchen, tmp_path: Path) -> None:
    """Another currency is refused, with the text as it stands in the file."""
    run_in_transaction(lambda session: record_bakery(session=session, currency="EUR"))
    good, bad = ["1 234,50 €", "€1.234,50", "1'234,50 EUR"], ["$1.234,50", "£ 31,50", "31,50 USD"]
    written = [f'2026-01-02,Mill,flour,1,kg,"{amount}",' for amount in good + bad]
    with pytest.raises(ImportRefusedError) as refused:
        take(purchases(tmp_path, *written))
    rows = refused.value.report["refused"]
    assert [row["value"] for row in rows] == bad
    assert rows[0]["reason"] == "is in $, but this bakery's currency is EUR; convert it first"
    assert take(purchases(tmp_path, *written[:3]))["added_count"] == 4
    assert {row[1] for row in lots(flour)} == {"1234500000"}


def test_the_day_of_an_instant_is_the_bakerys_day(flour: Kitchen, tmp_path: Path) -> None:
    """Half past eleven in the evening in London is the next day in Berlin."""
    run_in_transaction(lambda session: record_bakery(session=session, time_zone="Europe/Berlin"))
    take(purchases(tmp_path, "2026-01-02T23:30:00Z,Mill,flour,1,kg,3,"))
    assert lots(flour)[0][2] == "2026-01-03"


def workbook(file: Path, *, part: str = "", body: bytes = b"", far: str = "") -> Path:
    """Write a workbook with one row; one part can be replaced, or one cell be far away."""
    book = Workbook()
    page = book.worksheets[0]
    page.append(["Date", "What", "Qty", "UOM"])
    page.append(["2026-11-03", "flour", 1, "kg"])
    if far:
        page[far] = "x"
    book.save(file)
    if part:
        with ZipFile(file) as old:
            parts = {name: old.read(name) for name in old.namelist()} | {part: body}
        with ZipFile(file, "w", ZIP_DEFLATED) as new:
            for name, content in parts.items():
                new.writestr(name, content)
    return file


ENTITIES = b'<!DOCTYPE a [<!ENTITY x0 "lol">%s]>' % b"".join(
    b'<!ENTITY x%d "%s">' % (number, b"&x%d;" % (number - 1) * 10) for number in range(1, 10)
)


@pytest.mark.parametrize(
    ("part", "body", "far", "says"),
    [
        ("", b"", "XFD1048576", "row 1048576 of Sheet has a cell in column XFD; at most 1000 columns can be read"),
        ("xl/worksheets/sheet1.xml", b"<worksheet>", "", "cannot be read"),
        ("xl/workbook.xml", b"no xml", "", "cannot be read"),
        ("xl/worksheets/sheet1.xml", ENTITIES + b"<worksheet>&x9;</worksheet>", "", "cannot be read"),
        ("xl/media/picture.png", b"\0" * (201 * 1024 * 1024), "", "holds 201 MB; at most 200 MB can be read"),
    ],
)
def test_a_damaged_or_hostile_workbook_is_refused_at_once(
    tmp_path: Path, part: str, body: bytes, far: str, says: str
) -> None:
    """A few kilobytes that would unpack to gigabytes cost nothing and raise no other error."""
    file = workbook(tmp_path / "purchases.xlsx", part=part, body=body, far=far)
    with pytest.raises(ValidationError, match=says):
        read_document(file, table="purchases")


PAGE, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FAR_ROW = b'<worksheet xmlns="%s"><sheetData><row r="%d"><c r="A1"/></row></sheetData></worksheet>' % (MAIN, 2**40)
EMPTY_CELLS = b"<worksheet><sheetData><row>%s</row></sheetData></worksheet>" % (b"<c/>" * 2_000_001)


def archive(file: Path, *tables: str) -> Path:
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for number, table in enumerate(tables):
            made.writestr(f"purchases{number}.csv", table)
    return file


@pytest.mark.parametrize(
    ("make", "says"),
    {
        "a row far below": (lambda f: workbook(f / "a.xlsx", part=PAGE, body=FAR_ROW), "below row 1048576"),
        "empty cells": (
            lambda f: workbook(f / "a.xlsx", part=PAGE, body=EMPTY_CELLS), "more than 2000000 cells",
        ),
        "styles": (lambda f: workbook(f / "a.xlsx", part="xl/styles.xml", body=b" " * 21 * MEGABYTE), "at most 20 MB"),
        "texts": (lambda f: workbook(f / "a.xlsx", part=TEXTS, body=b" " * 65 * MEGABYTE), "at most 64 MB"),
        "headings": (lambda f: written(f / "a.csv", ",".join("h" * 200_000)), "200000 columns; at m"),
        "columns": (lambda f: written(f / "a.csv", ",".join("h" * 1001)), "has 1001 columns; at most 1000"),
        "one long row": (lambda f: written(f / "a.csv", "a,b\n" + "," * 1_000_001), "longer than 1000000 characters"),
        "tiny rows": (lambda f: archive(f / "a.zip", "a\n" + "1\n" * 150_000, "a\n" + "1\n" * 50_001), "200000 rows"),
        "cells of tiny rows": (
            lambda f: written(f / "a.csv", ",".join(f"h{n}" for n in range(999)) + "\n" + "1\n" * 2_100),
            "more than 2000000 cells",
        ),
        "commas": (lambda f: written(f / "a.csv", "a,b\n" + ("," * 999 + "\n") * 2_001), "more than 2000000 cells"),
        "empty lines": (lambda f: written(f / "a.csv", "a,b\n" + "\n" * 1_048_577), "more than 1048576 rows"),
        "a large document": (lambda f: written(f / "a.json", " " * 65 * 1024**2), "holds 65 MB; at most 64 MB"),
    }.values(),
)  # fmt: skip
def test_a_file_that_would_fill_the_memory_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    """Rows, columns, cells and texts have limits, however small the file is."""
    with pytest.raises(ValidationError, match=says):
        read_document(make(tmp_path), table="purchases")


def written(file: Path, content: str) -> Path:
    file.write_text(content)
    return file


def test_a_cell_far_below_leaves_the_rows_above_as_they_are(flour: Kitchen, tmp_path: Path) -> None:
    """A sheet with a cell in a far row is read to the end of each row, not as a thousand million cells."""
    file = workbook(tmp_path / "purchases.xlsx", far="A90000")
    assert take(file, table="purchases", skip_bad=True)["added_count"] == 1
    assert len(lots(flour)) == 1


@pytest.mark.parametrize("name", ["folder", "empty.zip", "empty.xlsx"])
def test_a_folder_or_archive_without_a_table_is_refused(tmp_path: Path, name: str) -> None:
    """A folder of pictures does not count as imported."""
    file = tmp_path / name
    if name == "folder":
        file.mkdir()
    elif name == "empty.zip":
        with ZipFile(file, "w") as archive:
            archive.writestr("readme.txt", "x")
    else:
        Workbook().save(file)
    with pytest.raises(ValidationError, match="contains no table: no CSV and no sheet with any content"):
        read_document(file)


def test_a_table_without_rows_says_that_nothing_is_in_it(flour: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """The output says so for a template that nobody filled in."""
    assert bake("import", str(purchases(tmp_path))).out == "purchases.csv\n  the file contains nothing to import\n"


def test_an_empty_cell_that_is_needed_is_called_empty(flour: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """None is the program's word, not the file's."""
    said = bake("import", str(purchases(tmp_path, "2026-11-03,Mill,flour,,kg,1,")), "--dry-run").out
    assert "row 2, column D (qty) = empty: must be" in said


def test_a_fault_of_many_rows_is_reported_once(flour: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """A wrong name in many rows is one fault to mend; the JSON lists every row."""
    file = purchases(tmp_path, *["2026-11-03,Mill,floor,1,kg,1,"] * 20, "2026-11-03,Mill,flour,0,kg,1,")
    said = bake("import", str(file), "--dry-run").out
    assert (said.count("= 'floor'"), said.count("= '0'")) == (1, 1)
    assert "    also in row 3, row 4, row 5, row 6, row 7, row 8, row 9, row 10, row 11, row 12 and 9 more\n" in said
    assert len(bake("import", str(file), "--dry-run", "--json").json["refused"]) == 21


def test_a_file_full_of_faults_shows_only_the_first_ones(flour: Kitchen, bake: CommandLine, tmp_path: Path) -> None:
    """A person reads fifty, but not a thousand."""
    said = bake("import", str(purchases(tmp_path, *[f"{n},Mill,flour,1,kg,1," for n in range(60)])), "--dry-run").out
    assert said.count("  refused ") == 50
    assert "  and 10 more kinds of refusal; --json lists them all\n" in said


def of_tables(**tables: Any) -> ImportReport:
    """Import these tables without their bad rows, and return the report."""
    document = {"format": "bake-tracker tables 1", **tables}
    return run_in_transaction(lambda s: import_service.record_import(document, session=s, skip_bad=True))


def test_an_item_without_its_parent_is_refused_and_not_counted_as_added(sqlite_url: str) -> None:
    """The counts match the rows in the database, in a repeated import too."""
    ribbon = {"base_unit": "cm", "name": "Ribbon", "parent": "ribbons"}
    counts = [
        (one["added_count"], one["refused_count"]) for one in (of_tables(items=[ribbon]), of_tables(items=[ribbon]))
    ]
    assert counts == [(0, 1), (0, 1)]


def test_a_row_adds_no_supplier_that_an_earlier_row_was_refused_for(sqlite_url: str) -> None:
    """Otherwise the refused row would be accepted the second time."""
    tables = {
        "items": [{"kind": "ingredient", "name": "Flour", "base_unit": "g"}],
        "products": [{"item": "flour", "name": "Type 550", "package_unit": "kg", "supplier": "mill"}],
        "lots": [{"item": "flour", "unit": "g", "quantity": "5", "received": "2026-01-02", "supplier": "mill"}],
    }
    first, second = of_tables(**tables), of_tables(**tables)
    assert (first["added_count"], first["refused_count"]) == (1, 2)
    assert (second["added_count"], second["refused_count"]) == (0, 2)


@pytest.mark.parametrize(
    "text", [TITLED, "sep=;\n" + TITLED, TITLED.replace(";", "\t"), "Shop;Mill\nTotal;12,50\n" + TITLED]
)
def test_titles_above_a_table_are_passed_over(sqlite_url: str, tmp_path: Path, text: str) -> None:
    """The headings are the first row with two that are known; places keep the numbers of the file."""
    file = tmp_path / "till.csv"
    file.write_text(text)
    with read_scope() as session:
        report = import_service.check_import(read_document(file, table="purchases"), session=session)
    (row,) = report["refused"]
    number = 1 + [line.startswith("2026") for line in text.splitlines()].index(True)
    assert row["place"] == f"till.csv, row {number}, column B (item)"


def test_only_an_item_that_would_be_accepted_is_suggested(sqlite_url: str) -> None:
    """A category is not suggested, even if its name is the most similar; the suggestion can be imported."""
    record(clean())
    document = {"format": FORMAT, "lots": [{"item": "Flouers", "quantity": "1", "unit": "kg"}]}
    (refused,) = check(document)["refused"]
    remedy = refused["remedy"]
    assert (remedy["kind"], remedy["item_slug"]) == ("map_name", "flour_rye")
    with read_scope() as session:
        names = {remedy["name"]: remedy["item_slug"]}
        report = import_service.check_import(document, session=session, names=names)
    assert (report["kinds"][-1]["added"], report["refused"]) == (1, [])
