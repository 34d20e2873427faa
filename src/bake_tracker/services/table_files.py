"""Tables in files, CSV or XLSX, for people and their spreadsheets: what is written is read back as it was."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from bake_tracker.domain.errors import ValidationError

FORMATS = (".csv", ".xlsx")
EXACT_DIGITS = 15
"""A spreadsheet keeps no more digits of a number; what is longer is written as text."""
MAX_WIDTH = 60

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# A spreadsheet runs a cell that begins so, whoever wrote it; a quote before it makes it text.
_RUN = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row by its headings, and its number in the file, the headings being 1; an empty cell is an empty text."""

    number: int
    cells: dict[str, str]


def write_table(file: Path, headings: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    """Write a file that is not there yet; how many rows that were.

    Raises:
        ValidationError: the name says no format, the file is there already, or it cannot be written.
    """
    _check_format(file)
    table = [["" if cell is None else cell for cell in row] for row in rows]
    content = _as_csv(headings, table) if file.suffix.lower() == ".csv" else _as_xlsx(headings, table)
    try:
        with file.open("xb") as out:
            out.write(content)
    except FileExistsError:
        raise ValidationError.of("file", f"{file} is there already; name another, or remove it") from None
    except OSError as error:
        raise ValidationError.of("file", f"{file} cannot be written: {error}") from None
    return len(table)


def read_table(file: Path) -> list[TableRow]:
    """Every row below the headings that is not empty; headings are compared without case, and blanks are ``_``.

    Raises:
        ValidationError: the file cannot be read as what its name says, or has a heading twice.
    """
    _check_format(file)
    try:
        table = _read_csv(file) if file.suffix.lower() == ".csv" else _read_xlsx(file)
    except (OSError, UnicodeDecodeError, csv.Error, BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise ValidationError.of("file", f"{file} cannot be read: {error}") from None
    if not table:
        raise ValidationError.of("file", f"{file} is empty; its first row must name the columns")
    headings = ["_".join(cell.lower().split()) for cell in table[0]]
    if twice := sorted({name for name in headings if name and headings.count(name) > 1}):
        raise ValidationError.of("file", f"{file} has the column {', '.join(twice)} twice")
    found: list[TableRow] = []
    for number, row in enumerate(table[1:], 2):
        if not any(row):
            continue
        if extra := [cell for cell in row[len(headings) :] if cell]:
            raise ValidationError.of("file", f"{file}, row {number}: {extra[0][:60]!r} stands under no heading")
        cells = dict(zip(headings, [*row, *[""] * len(headings)], strict=False))
        found.append(TableRow(number, {name: cell for name, cell in cells.items() if name}))
    return found


def _check_format(file: Path) -> None:
    if file.suffix.lower() not in FORMATS:
        raise ValidationError.of("file", f"{file} must end in {' or '.join(FORMATS)}")


def _as_csv(headings: Sequence[str], table: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([f"'{cell}" if _is_run(cell) else cell for cell in row] for row in table)
    return text.getvalue().encode("utf-8-sig", "replace")  # with a mark, without which Excel takes it for Latin 1


def _as_xlsx(headings: Sequence[str], table: Sequence[Sequence[str]]) -> bytes:
    book = Workbook()
    sheet = cast(Any, book.active)
    sheet.append(list(headings))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, row in enumerate(table, 2):
        for column, text in enumerate(row, 1):
            cell = sheet.cell(number, column)
            if _NUMBER.fullmatch(text) and len(text.strip("-").replace(".", "").lstrip("0")) <= EXACT_DIGITS:
                cell.value = Decimal(text)
            elif text:
                cell.value = "".join(one for one in text if one >= " " or one in "\t\n")
                cell.data_type = "s"  # whatever it begins with, it is no formula
    for column, heading in enumerate(headings, 1):
        longest = max([len(heading), *(len(row[column - 1]) for row in table)])
        sheet.column_dimensions[get_column_letter(column)].width = min(longest, MAX_WIDTH) + 2
    sheet.freeze_panes = "A2"
    if table:
        sheet.auto_filter.ref = sheet.dimensions
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _read_csv(file: Path) -> list[list[str]]:
    text = file.read_text("utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # a spreadsheet of a country with decimal commas writes ;
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [[_unquoted(cell.strip()) for cell in row] for row in rows]


def _read_xlsx(file: Path) -> list[list[str]]:
    book = load_workbook(file, read_only=True, data_only=True)
    try:
        return [[_cell_text(value) for value in row] for row in cast(Any, book.active).iter_rows(values_only=True)]
    finally:
        book.close()


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.hour == value.minute == value.second == 0:
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        exact = Decimal(repr(value))
        return format(exact.to_integral_value() if exact == exact.to_integral_value() else exact, "f")
    return str(value).strip()


def _is_run(cell: str) -> bool:
    return cell.startswith(_RUN) and not _NUMBER.fullmatch(cell)


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RUN) else cell
