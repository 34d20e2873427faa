"""Read any importable file as a document: JSON, CSV, XLSX, or a ZIP or folder of CSVs or of JSON files."""

from pathlib import Path
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.other_programs import CRAFTYBASE, from_craftybase, refuse_text
from bake_tracker.domain.importing.reading import check_document, join_export, parse_export
from bake_tracker.domain.importing.sections import TextRow, sections_of
from bake_tracker.domain.importing.tables import FORMAT, TABLES, TEMPLATES, table_called
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.written import Reading
from bake_tracker.files.tables import MEGABYTE, TableRow, content_of, read_json_texts, read_sheets

_EXPLAINS = "about"
MANIFEST = "manifest.json"
MAX_JSON_BYTES = 64 * MEGABYTE
"""The most that a JSON file may hold, because it is read as a whole."""


def read_document(file: Path, *, table: str | None = None, reading: Reading | None = None) -> dict[str, Any]:
    """Read a file; ``table`` gives the table's kind if the file's or sheet's name does not.

    Raises:
        ValidationError: the file cannot be read, or the kind of one of its tables is unknown.
    """
    if file.suffix.lower().startswith(".paprikarecipe"):
        refuse_text()
    if file.name == MANIFEST:
        file = file.parent
    if file.suffix.lower() == ".json" and not file.is_dir():
        return parse_export(_text(file))
    if (file.is_dir() or file.suffix.lower() == ".zip") and (texts := read_json_texts(file, MAX_JSON_BYTES)):
        return join_export(texts)
    tables: dict[str, list[TextRow]] = {}
    said = TEMPLATES.get(table or "", table or "")
    kinds = [TABLES[said]] if said in TABLES else TABLES.values()
    known = {heading for kind in kinds for column in kind.columns for heading in (column.name, *column.synonyms)}
    sheets = read_sheets(file, known | CRAFTYBASE)
    if len(sheets) == 1 and all(rows and rows[0].cells.keys() >= CRAFTYBASE for rows in sheets.values()):
        ((name, rows),) = sheets.items()
        found = [_text_row(file, name, row) for row in rows]
        return check_document(from_craftybase((row.place, row.cells, row.columns) for row in found))
    for name, rows in sheets.items():
        if name.lower() != _EXPLAINS:
            kind = _kind(name, rows, table)
            tables.setdefault(kind, []).extend(_text_row(file, name, row) for row in rows)
    if not tables:
        raise ValidationError.of("file", f"{file} contains no table: no CSV and no sheet with any content")
    is_export = any(row.cells.get("format") == FORMAT for row in tables.get("bakery", []))
    return sections_of(tables, reading or Reading(), is_export=is_export)


def _kind(name: str, rows: list[TableRow], said: str | None) -> str:
    headings = frozenset(rows[0].cells) if rows else frozenset()
    if said is not None:
        kind = TEMPLATES.get(said, said)
        if kind not in TABLES:
            raise ValidationError.of(
                "table", f"must be one of {', '.join(dict.fromkeys([*TEMPLATES, *TABLES]))}, not {said[:60]!r}"
            )
        return kind
    found = table_called(name, headings)
    if found is None:
        remedy: Remedy = {"kind": "name_table", "tables": list(TEMPLATES)}
        raise ValidationError.of("file", f"the kind of table in {name!r} is not clear", remedy)
    return found


def _text_row(file: Path, name: str, row: TableRow) -> TextRow:
    is_alone = file.suffix.lower() == ".csv"
    place = f"{file.name if is_alone else name}, row {row.number}"
    columns = {heading: f"column {letter} ({heading})" for heading, letter in row.columns.items()}
    return TextRow(place, row.cells, columns)


def _text(file: Path) -> str:
    try:
        return content_of(file, MAX_JSON_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ValidationError.of("file", f"{file} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ValidationError.of("file", f"{file} cannot be read: {error}") from None
