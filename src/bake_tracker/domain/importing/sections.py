"""Turn rows of tables into sections of an import; every row keeps its place in the file."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bake_tracker.domain.errors import Problem, ValidationError
from bake_tracker.domain.importing.rows import Placed, plain
from bake_tracker.domain.importing.tables import FORMAT, TABLES, CellKind, Column, TableKind
from bake_tracker.domain.slugs import slugify
from bake_tracker.domain.written import (
    PLAIN,
    NotANumberError,
    NumberText,
    Reading,
    UnreadableError,
    normal_number,
    read_day,
    split_money,
    with_evidence,
)

Rows = Mapping[str, Sequence["TextRow"]]
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9].*")
_YES, _NO = ("yes", "true", "y", "x", "1"), ("no", "false", "n", "0")


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row by its headings, with the readable places of the row and its cells (``column C``)."""

    place: str
    cells: Mapping[str, Any]
    columns: Mapping[str, str]


class Sections(dict[str, Any]):
    """A document made from tables; ``text`` is the JSON it was read from."""

    def __init__(self, document: Mapping[str, Any], *, text: str | None = None) -> None:
        super().__init__(document)
        self.text = text


def sections_of(tables: Rows, reading: Reading, *, is_export: bool) -> Sections:
    """Make a document from tables.

    Raises:
        ValidationError: a table lacks a required column, or has one twice under two names.
    """
    _check_headings(tables)
    found: dict[str, list[Placed]] = {kind.section: [] for kind in TABLES.values()}
    unread: Counter[str] = Counter()
    reading = PLAIN if is_export else with_evidence(reading, _numbers(tables))
    for name, rows in tables.items():
        kind = TABLES[name]
        found[kind.section] += [_placed(name, kind, row, reading, unread) for row in rows]
    for row in found["items"]:
        row.setdefault("kind", "ingredient")
    lines, makes = found.pop("recipe_lines"), found.pop("recipe_makes")
    found["recipes"] = _recipes(found["recipes"], lines, makes)
    filled = {section: rows for section, rows in found.items() if rows}
    return Sections({"format": FORMAT, "is_export": is_export, "unread": dict(unread), **filled})


def tables_of_json(document: Mapping[str, Any]) -> Rows:
    """The tables of a JSON export; rows that are not objects are kept, to be refused with their place."""
    return {
        name: [
            TextRow(f"{name}[{index}]", row if isinstance(row, dict) else {"": row}, {})
            for index, row in enumerate(rows)
        ]
        for name, rows in document.items()
        if name in TABLES and isinstance(rows, list)
    }


def _numbers(tables: Rows) -> Iterator[str]:
    """The texts that should be numbers."""
    for name, rows in tables.items():
        for row in rows:
            for heading, value in row.cells.items():
                column = TABLES[name].column_of(heading)
                if column and column.kind in ("number", "money") and isinstance(value, str):
                    yield value


def _check_headings(tables: Rows) -> None:
    problems: list[Problem] = []
    for name, rows in tables.items():
        headings = list(rows[0].cells) if rows else []
        meant = Counter(column.name for heading in headings if (column := TABLES[name].column_of(heading)))
        problems += [
            {"field": f"{name}.{column}", "problem": "is in two columns; remove one of them"}
            for column, count in meant.items()
            if count > 1
        ]
        if rows and rows[0].columns:
            problems += [
                {
                    "field": f"{name}.{column.name}",
                    "problem": f"is missing; add the column (other names: {', '.join(column.synonyms) or 'none'})",
                }
                for column in TABLES[name].columns
                if column.is_needed and not meant[column.name]
            ]
    if problems:
        raise ValidationError(problems)


def _placed(table: str, kind: TableKind, row: TextRow, reading: Reading, unread: Counter[str]) -> Placed:
    placed = Placed(place=row.place)
    if "" in row.cells and len(row.cells) == 1:
        placed.problems.append(("", "must be an object in braces", None))
    for heading, value in row.cells.items():
        column = kind.column_of(heading)
        if column is None:
            if value not in (None, "") and heading:
                unread[f"{table}.{plain(heading)}"] += 1
            continue
        placed.columns[column.read_as] = row.columns.get(heading, f".{heading}")
        if value is not None and value != "":
            placed[column.read_as] = _read(placed, column, value, reading)
            if isinstance(value, str):
                placed.written[column.read_as] = value
    return placed


def _read(placed: Placed, column: Column, value: Any, reading: Reading) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return _read_cell(value if isinstance(value, NumberText) else value.strip(), column.kind, reading)
    except UnreadableError as error:
        placed.problems.append((column.read_as, str(error), error.remedy))
        return value


def _read_cell(text: str, kind: CellKind, reading: Reading) -> str | bool:
    """A cell in normal form: days as 2026-11-23, numbers with a decimal point, flags as bool.

    Anything that depends on the bakery or on other cells is left to the row: an amount of money keeps its currency in
    front, and instants and texts that are not numbers stay as they are.

    Raises:
        UnreadableError: it could mean two things, or nothing.
    """
    if kind == "day":
        return text if _INSTANT.fullmatch(text) else read_day(text, reading.dates).isoformat()
    if kind in ("number", "money"):
        sign, amount = split_money(text) if kind == "money" else ("", text)
        with suppress(NotANumberError):
            return sign + normal_number(amount, reading)
        return text
    if kind == "flag":
        if text.lower() in _YES:
            return True
        if text.lower() in _NO:
            return False
        raise UnreadableError("must be yes or no")
    return text


def _recipes(heads: list[Placed], lines: Sequence[Placed], makes: Sequence[Placed]) -> list[Placed]:
    """Join recipes with their lines and yields; a recipe that appears only in lines counts too."""
    by_slug = {head["slug"]: head for head in reversed(heads) if isinstance(head.get("slug"), str)}
    by_name = {slugify(head["name"]): head for head in reversed(heads) if isinstance(head.get("name"), str)}
    recipes = list(heads)

    def of(row: Placed) -> Placed:
        name = row.get("recipe")
        key = name if isinstance(name, str) else ""
        recipe = by_slug.get(key) or by_name.get(slugify(key))
        if recipe is None:
            recipe = by_name[slugify(key)] = Placed(place=row.place, name=name)
            recipe.columns["name"] = row.columns.get("recipe", ".recipe")
            recipes.append(recipe)
        return recipe

    for row in lines:
        recipe = of(row)
        for field in ("category", "source", "notes"):
            if field in row and field not in recipe:
                recipe[field], recipe.columns[field] = row[field], row.columns[field]
        if not {"makes", "per_batch"} & row.keys() or {"item", "sub_recipe", "quantity"} & row.keys():
            recipe.setdefault("lines", []).append(row)
        if {"makes", "per_batch"} & row.keys():
            _add_yield(recipe.setdefault("makes", []), row)
    for row in makes:
        of(row).setdefault("makes", []).append(row)
    for row in lines:
        if isinstance(text := row.get("sub_recipe"), str) and text not in by_slug and slugify(text) in by_name:
            below = by_name[slugify(text)]
            row["sub_recipe"] = below.get("slug") or slugify(str(below["name"]))
    return recipes


def _add_yield(makes: list[Placed], row: Placed) -> None:
    """Read the yield from a line once, because people often repeat it on every line of a recipe."""
    said = (row.get("makes"), row.get("per_batch"))
    if said not in [(known.get("makes"), known.get("per_batch")) for known in makes]:
        made = Placed(place=row.place, makes=said[0], per_batch=said[1])
        made.columns = row.columns
        made.problems = [problem for problem in row.problems if problem[0] == "per_batch"]
        makes.append(made)
