"""Tables in CSV and XLSX files for spreadsheets; written tables read back unchanged."""

import codecs
import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.properties import PageSetupProperties

from bake_tracker.domain.errors import Problem, ValidationError
from bake_tracker.domain.written import NumberText

FORMATS = (".csv", ".xlsx")
EXACT_DIGITS = 15
"""Spreadsheets keep only this many digits of a number; longer numbers are written as text."""
MAX_WIDTH = 60
MEGABYTE = 1024 * 1024
MAX_BYTES = 200 * MEGABYTE
"""The most a file may hold when decompressed; a small ZIP or XLSX can expand to fill any machine."""
MAX_STRINGS_BYTES, MAX_OTHER_BYTES = 64 * MEGABYTE, 20 * MEGABYTE
"""The most that a workbook's table of texts, and its styles and other descriptions together, may hold."""
MAX_COLUMNS = 1000
MOST_TITLES = 30
"""The most rows above the headings."""
MAX_ROWS = 200_000
MAX_CELLS = 2_000_000
"""The most rows with content, and cells with or without content, in all tables of a file."""
MAX_ROW_NUMBER = 1_048_576
"""The last row of a spreadsheet."""
MAX_ROW_CHARACTERS = 1_000_000
_CHUNK = MEGABYTE

# Everything the CSV, ZIP and XML readers raise for a file that is mislabelled, damaged or locked.
_DAMAGED = (
    csv.Error,
    BadZipFile,
    InvalidFileException,
    zlib.error,
    EOFError,
    SyntaxError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)
_CELL = re.compile(rb"<(?:[\w.-]+:)?(?:c|si)[\s/>]")
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# A spreadsheet would run a cell that begins like this; a leading quote makes it text.
_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
_RUN = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row by its headings, and its number in the file; an empty cell is "".

    ``columns`` gives each heading's column letter.
    """

    number: int
    cells: dict[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """How much of a file was read; too much is refused as soon as it is seen."""

    file: Path
    rows: int = 0
    cells: int = 0

    def add_cells(self, count: int) -> None:
        self.cells += count
        if self.cells > MAX_CELLS:
            raise self._too_many(f"{MAX_CELLS} cells")

    def add_row(self, width: int) -> None:
        self.rows += 1
        if self.rows > MAX_ROWS:
            raise self._too_many(f"{MAX_ROWS} rows")
        self.add_cells(width)

    def _too_many(self, most: str) -> ValidationError:
        return ValidationError.of("file", f"{self.file} has more than {most}; split it, or remove the empty cells")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to write; values in ``text_columns`` are text even if they look like numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: frozenset[str] = frozenset()


def write_table(file: Path, headings: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    """Write a table to a new file; return the number of rows.

    Raises:
        ValidationError: the name has an unknown ending, or the file exists or cannot be written.
    """
    _check_format(file)
    table = [["" if cell is None else cell for cell in row] for row in rows]
    sheet = Sheet("Sheet", headings, table)
    write_new(file, csv_content(sheet) if file.suffix.lower() == ".csv" else xlsx_content([sheet]))
    return len(table)


def write_new(file: Path, content: bytes, field: str = "file") -> None:
    """Write a new file, whole or not at all.

    Raises:
        ValidationError: the file exists or cannot be written.
    """
    try:
        out = file.open("xb")
        try:
            with out:
                out.write(content)
        except OSError:
            file.unlink()  # half of it would stand in the way of the next attempt
            raise
    except FileExistsError:
        raise ValidationError.of(field, f"{file} already exists; choose another name or remove it") from None
    except OSError as error:
        raise ValidationError.of(field, f"{file} cannot be written: {error.strerror or error}") from None


def read_table(file: Path) -> list[TableRow]:
    """Read every non-empty row below the headings; headings ignore case, and blanks count as ``_``.

    Raises:
        ValidationError: the content does not match the file's ending, a heading occurs twice, a formula has no stored
            value, or the file is too large.
    """
    _check_format(file)
    seen = _Seen(file)
    with _readable(file):
        if file.suffix.lower() == ".csv":
            return rows_of(str(file), _csv_cells(content_of(file)), seen)
        _check_workbook(file)
        with _book(file) as book:
            return rows_of(str(file), _sheet_cells(cast(Any, book.active)), seen)


def read_sheets(file: Path, known: Collection[str] = ()) -> dict[str, list[TableRow]]:
    """Read every table of a CSV (by its name), an XLSX (by its sheets), or a ZIP or folder of CSVs.

    The headings are in the first row with two ``known`` ones; see ``rows_of``.

    Raises:
        ValidationError: the content does not match the file's ending, a heading occurs twice, a formula has no stored
            value, or the file is too large.
    """
    seen = _Seen(file)
    with _readable(file):
        if file.is_dir():
            return {
                one.stem: rows_of(one.name, _csv_cells(content_of(one)), seen, known)
                for one in sorted(file.glob("*.csv"))
            }
        if file.suffix.lower() == ".zip":
            with _unpacked(file) as archive:
                names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
                return {Path(name).stem: rows_of(name, _csv_cells(archive.read(name)), seen, known) for name in names}
        _check_format(file)
        if file.suffix.lower() == ".csv":
            return {file.stem: rows_of(file.name, _csv_cells(content_of(file)), seen, known)}
        _check_workbook(file)
        with _book(file) as book:
            return {
                sheet.title: rows_of(f"{file.name}, {sheet.title}", _sheet_cells(sheet), seen, known)
                for sheet in book.worksheets
                if any(map(any, _sheet_cells(sheet)))
            }


def read_json_texts(file: Path, most: int) -> dict[str, str]:
    """The JSON files of a ZIP or folder as texts by their names without the ending, subfolders included.

    Raises:
        ValidationError: they cannot be read, or hold more than ``most`` bytes.
    """
    with _readable(file):
        if file.is_dir():
            inside = sorted(file.glob("*.json"))
            _check_size(file, sum(one.stat().st_size for one in inside), most)
            return {one.stem: one.read_text("utf-8-sig") for one in inside}
        with _unpacked(file, most) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".json")]
            found = {Path(name).stem: archive.read(name).decode("utf-8-sig") for name in names}
            for name in archive.namelist() if not names else []:
                if name.lower().endswith(".zip"):  # Tandoor packs each recipe by itself
                    with ZipFile(io.BytesIO(archive.read(name))) as inner:
                        _check_size(file, sum(one.file_size for one in inner.infolist()), most)
                        if "recipe.json" in inner.namelist():
                            found[Path(name).stem] = inner.read("recipe.json").decode("utf-8-sig")
            return found


def rows_of(
    name: str, table: Iterable[Sequence[str]], seen: _Seen | None = None, known: Collection[str] = ()
) -> list[TableRow]:
    """The non-empty rows below the headings; errors call the table ``name``, and ``seen`` counts the rows.

    Above the headings may be titles: rows of one cell or none, or any others if a later row has two ``known`` headings.

    Raises:
        ValidationError: there are no headings, one occurs twice, a cell has no heading, or there is too much.
    """
    seen = seen or _Seen(Path(name))
    rows = enumerate(table, 1)
    first = list(islice(rows, MOST_TITLES + 1))
    top, row = next(_heading_rows(first, known), (1, []))
    if len(row) > MAX_COLUMNS:
        raise ValidationError.of("file", f"{name} has {len(row)} columns; at most {MAX_COLUMNS} can be read")
    headings = _headings(row)
    if not any(headings):
        raise ValidationError.of("file", f"{name} is empty; its first row must name the columns")
    if twice := sorted(heading for heading, count in Counter(headings).items() if heading and count > 1):
        raise ValidationError.of("file", f"{name} has the column {', '.join(twice)} twice")
    letters = {heading: get_column_letter(number) for number, heading in enumerate(headings, 1) if heading}
    found: list[TableRow] = []
    for number, row in chain(first[top:], rows):
        if number > MAX_ROW_NUMBER:
            raise ValidationError.of("file", f"{name} has more than {MAX_ROW_NUMBER} rows; remove the empty ones")
        if not any(row):
            seen.add_cells(len(row))
            continue
        if extra := [cell for cell in row[len(headings) :] if cell]:
            raise ValidationError.of("file", f"{name}, row {number}: {extra[0][:60]!r} has no heading in row {top}")
        seen.add_row(max(len(row), len(headings)))
        cells = dict(zip(headings, [*row, *[""] * len(headings)], strict=False))
        found.append(TableRow(number, {name: cell for name, cell in cells.items() if name}, letters))
    return found


def _headings(row: Sequence[str]) -> list[str]:
    return ["_".join(cell.lower().split()) for cell in row]


def _heading_rows(
    rows: Sequence[tuple[int, Sequence[str]]], known: Collection[str]
) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows that may hold the headings, the likeliest first."""
    yield from (one for one in rows if len(set(_headings(one[1])) & set(known)) > 1)
    yield from (one for one in rows if len(one[1]) - list(one[1]).count("") > 1 and _has_a_word(one[1]))
    yield from (one for one in rows if any(one[1]))


def _has_a_word(row: Sequence[str]) -> bool:
    return any(sign.isalpha() for cell in row for sign in cell)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except ValidationError:
        raise
    except UnicodeDecodeError:
        raise ValidationError.of("file", f"{file} is not UTF-8; save it as CSV UTF-8 or XLSX") from None
    except OSError as error:
        raise ValidationError.of("file", f"{file} cannot be read: {error.strerror or error}") from None
    except _DAMAGED as error:
        raise ValidationError.of("file", f"{file} cannot be read: {error}") from None


def _check_format(file: Path) -> None:
    if file.suffix.lower() not in FORMATS:
        raise ValidationError.of("file", f"{file} must end in {' or '.join(FORMATS)}")


def csv_content(sheet: Sheet) -> bytes:
    """A table as a CSV that spreadsheets open correctly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sheet.headings)
    writer.writerows([f"'{cell}" if _is_run(cell) else cell for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig", "replace")  # Excel needs the byte-order mark to read UTF-8


def xlsx_content(sheets: Sequence[Sheet]) -> bytes:
    """Tables as the sheets of a workbook."""
    book = Workbook()
    book.remove(cast(Any, book.active))
    for sheet in sheets:
        _fill(cast(Any, book.create_sheet(sheet.title)), sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _fill(page: Any, sheet: Sheet) -> None:
    page.append(list(sheet.headings))
    for cell in page[1]:
        cell.font = Font(bold=True)
    is_text = [heading in sheet.text_columns for heading in sheet.headings]
    for number, row in enumerate(sheet.rows, 2):
        for column, text in enumerate(row, 1):
            cell = page.cell(number, column)
            if not is_text[column - 1] and _is_exact(text):
                cell.value = Decimal(text)
                if decimals := len(text.partition(".")[2]):
                    cell.number_format = f"0.{'0' * decimals}"
            elif text:
                cell.value = "".join(one for one in text if one >= " " or one in "\t\n")
                cell.data_type = "s"  # text, even if it begins like a formula
    for column, heading in enumerate(sheet.headings, 1):
        longest = max([len(heading), *(len(row[column - 1]) for row in sheet.rows)])
        page.column_dimensions[get_column_letter(column)].width = min(longest, MAX_WIDTH) + 2
    page.freeze_panes = "A2"
    # In print, all columns fit on one page, and every page repeats the headings.
    page.print_title_rows = "1:1"
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if sheet.rows:
        page.auto_filter.ref = page.dimensions


def _is_exact(text: str) -> bool:
    """Whether a spreadsheet keeps this number exactly."""
    return bool(_NUMBER.fullmatch(text)) and len(text.strip("-").replace(".", "").lstrip("0")) <= EXACT_DIGITS


def _csv_cells(content: bytes) -> Iterator[list[str]]:
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # a spreadsheet's "Unicode text"
    encoding = "utf-16" if is_utf_16 else "utf-8-sig"
    delimiter = _delimiter(list(islice(_Lines(_text_of(content, encoding)), MOST_TITLES)))
    lines = _Lines(_text_of(content, encoding))
    for row in csv.reader(lines, delimiter=delimiter, strict=True):
        lines.of_row = 0
        yield [_unquoted(cell.strip()) for cell in row]


def _delimiter(lines: Sequence[str]) -> str:
    """What separates the cells: the sign that most lines have the same number of times.

    In countries with decimal commas, spreadsheets write ; and above titles a line such as ``sep=;``.
    """
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[-1]
    counts = {sign: Counter(count for line in lines if (count := line.count(sign))) for sign in ",;\t"}
    likely = {sign: max((times, count) for count, times in found.items()) for sign, found in counts.items() if found}
    return max(likely, key=lambda sign: likely[sign]) if likely else ","


def _text_of(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding, newline="")


class _Lines:
    """The lines of a text, with a limit on the lines of one row; the reader of rows sets ``of_row`` back to 0."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text, self.of_row = text, 0

    def __iter__(self) -> Iterator[str]:
        while line := self.text.readline(MAX_ROW_CHARACTERS + 1):
            self.of_row += len(line)
            if self.of_row > MAX_ROW_CHARACTERS:
                raise ValueError(f"a row is longer than {MAX_ROW_CHARACTERS} characters")
            yield line


def content_of(file: Path, most: int = MAX_BYTES) -> bytes:
    """Read a whole file, unless it is too large."""
    _check_size(file, file.stat().st_size, most)
    return file.read_bytes()


@contextmanager
def _unpacked(file: Path, most: int = MAX_BYTES) -> Iterator[ZipFile]:
    """Open a ZIP, unless it would decompress to too much."""
    with ZipFile(file) as archive:
        _check_size(file, sum(one.file_size for one in archive.infolist()), most)
        yield archive


def _check_size(file: Path, size: int, most: int = MAX_BYTES) -> None:
    if size > most:
        raise ValidationError.of(
            "file", f"{file} holds {size // MEGABYTE} MB; at most {most // MEGABYTE} MB can be read, so split it"
        )


@contextmanager
def _book(file: Path, *, values: bool = True) -> Iterator[Any]:
    with file.open("rb") as content:
        yield load_workbook(content, read_only=True, data_only=values)


def _sheet_cells(sheet: Any) -> Iterator[list[str]]:
    return ([_cell_text(value) for value in row] for row in _rows(sheet))


def _rows(sheet: Any) -> Iterator[tuple[object, ...]]:
    """The rows at their own length, so that one distant cell does not make every row as wide."""
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MAX_ROW_NUMBER:
            raise ValueError(f"{sheet.title} has a row below row {MAX_ROW_NUMBER}, the last of a spreadsheet")
        if len(row) > MAX_COLUMNS:
            place = f"row {number} of {sheet.title} has a cell in column {get_column_letter(len(row))}"
            raise ValueError(f"{place}; at most {MAX_COLUMNS} columns can be read, so remove that cell")
        yield row


def _check_workbook(file: Path) -> None:
    """Refuse a workbook that would fill the memory, and formulas that were not calculated."""
    seen, has_formulas = _Seen(file), False
    with _unpacked(file) as archive:
        others = [one for one in archive.infolist() if not _is_streamed(one.filename)]
        _check_size(file, sum(one.file_size for one in others if one.filename.endswith(_PARSED)), MAX_OTHER_BYTES)
        for one in archive.infolist():
            if one.filename.endswith("sharedStrings.xml"):
                _check_size(file, one.file_size, MAX_STRINGS_BYTES)
            if _is_streamed(one.filename):
                texts = _Seen(file)  # counted apart: the texts of the cells that were counted
                for chunk in _chunks(archive, one.filename):
                    (texts if one.filename.endswith("sharedStrings.xml") else seen).add_cells(len(_CELL.findall(chunk)))
                    has_formulas = has_formulas or bool(_FORMULA.search(chunk))
    if has_formulas:
        _check_worked_out(file)


_PARSED = (".xml", ".rels")


def _is_streamed(name: str) -> bool:
    return name.startswith("xl/worksheets/") or name.endswith("sharedStrings.xml")


def _chunks(archive: ZipFile, name: str) -> Iterator[bytes]:
    """The content of a file in pieces that end before a tag, so that none is cut in two."""
    rest = b""
    with archive.open(name) as content:
        while piece := content.read(_CHUNK):
            whole, cut, begun = (rest + piece).rpartition(b"<")
            yield whole
            rest = (cut + begun)[-_CHUNK:]
    yield rest


def _check_worked_out(file: Path) -> None:
    """Refuse formulas without a stored value, which would read as empty cells, and those with an error."""
    problems: list[Problem] = []
    with _book(file) as values, _book(file, values=False) as formulas:
        for of_value, of_formula in zip(values.worksheets, formulas.worksheets, strict=True):
            rows = zip(_rows(of_value), _rows(of_formula), strict=True)
            for number, (found, written) in enumerate(rows, 1):
                for column, (value, formula) in enumerate(zip(found, written, strict=False), 1):
                    if isinstance(formula, str) and formula.startswith("=") and value in (None, *_ERRORS):
                        place = f"{file.name}, {of_value.title}, row {number}, column {get_column_letter(column)}"
                        what = "has no stored value" if value is None else f"gives {value}"
                        reason = (
                            f"the formula {formula[:60]} {what}; save the file in a spreadsheet, or write the value"
                        )
                        problems.append({"field": place, "problem": reason})
                if len(problems) > MAX_COLUMNS:
                    raise ValidationError(problems)
    if problems:
        raise ValidationError(problems)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and value.hour == value.minute == value.second == 0:
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        exact = Decimal(repr(value))
        return NumberText(format(exact.to_integral_value() if exact == exact.to_integral_value() else exact, "f"))
    if type(value) is int:
        return NumberText(value)
    return str(value).strip()


def _is_run(cell: str) -> bool:
    return cell.startswith(_RUN) and not _NUMBER.fullmatch(cell)


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_RUN) else cell
