"""Write tables as JSON, a folder or ZIP of CSVs, or an XLSX; write templates to fill in."""

import io
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing.exporting import Tables
from bake_tracker.domain.importing.tables import FORMAT, TABLES, TEMPLATES
from bake_tracker.files.tables import Sheet, csv_content, write_new, xlsx_content

ENDINGS = ".json, .xlsx or .zip, or a folder without an ending"
_THEN = (1980, 1, 1, 0, 0, 0)  # a fixed date, the earliest a ZIP allows, so that the same tables give the same bytes


def write_export(file: Path, tables: Tables) -> None:
    """Write all tables to a new file or folder.

    Raises:
        ValidationError: the name has an unknown ending, the file exists, or it cannot be written.
    """
    ending = file.suffix.lower()
    sheets = [_sheet(name, rows) for name, rows in tables.items() if rows]
    if ending == ".json":
        write_new(file, json_content(tables))
    elif ending == ".xlsx":
        write_new(file, xlsx_content(sheets))
    elif ending == ".zip":
        write_new(file, _zip_content(sheets))
    elif not ending:
        try:
            file.mkdir()
        except OSError as error:
            raise ValidationError.of("file", f"the folder {file} cannot be created: {error.strerror}") from None
        try:
            for sheet in sheets:
                write_new(file / f"{sheet.title}.csv", csv_content(sheet))
        except ValidationError:
            shutil.rmtree(file)
            raise
    else:
        raise ValidationError.of("file", f"{file} must end in {ENDINGS}")


def json_content(tables: Tables) -> bytes:
    """The tables as JSON, one row per line, so that diff can compare two exports."""
    text = [f'{{"format": {json.dumps(FORMAT)}']
    for name, rows in tables.items():
        if rows:
            lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
            text.append(f"{json.dumps(name)}: [\n{lines}\n]")
    return (",\n".join(text) + "\n}\n").encode("utf-8", "replace")


def write_template(name: str, file: Path) -> None:
    """Write an empty table to fill in, as CSV or XLSX; an XLSX explains its columns on a second sheet.

    Raises:
        ValidationError: the template does not exist, the name has an unknown ending, or the file exists or cannot be
            written.
    """
    if name not in TEMPLATES:
        raise ValidationError.of("template", f"must be one of {', '.join(TEMPLATES)}, not {name[:60]!r}")
    table = TABLES[TEMPLATES[name]]
    empty = Sheet(TEMPLATES[name], [column.name for column in table.columns], [])
    about = [
        [column.name, "yes" if column.is_needed else "", column.note, ", ".join(column.synonyms), column.example]
        for column in table.columns
    ]
    if file.suffix.lower() == ".csv":
        write_new(file, csv_content(empty))
    elif file.suffix.lower() == ".xlsx":
        explained = Sheet("about", ["column", "needed", "what", "also read", "example"], about, frozenset(["example"]))
        write_new(file, xlsx_content([empty, explained]))
    else:
        raise ValidationError.of("file", f"{file} must end in .csv or .xlsx")


def _sheet(name: str, rows: Iterable[dict[str, str]]) -> Sheet:
    columns = TABLES[name].columns
    headings = [column.name for column in columns if any(column.name in row for row in rows)]
    texts = frozenset(column.name for column in columns if column.kind != "number")
    return Sheet(name, headings, [[row.get(heading, "") for heading in headings] for row in rows], texts)


def _zip_content(sheets: Iterable[Sheet]) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for sheet in sheets:
            archive.writestr(ZipInfo(f"{sheet.title}.csv", _THEN), csv_content(sheet), ZIP_DEFLATED)
    return content.getvalue()
