"""Plan the rows of a table whose columns say all about reading them: items, events and customers."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bake_tracker.domain.importing.plan import PREFERRED
from bake_tracker.domain.importing.rows import Row
from bake_tracker.domain.importing.shelf import Shelf, Thing
from bake_tracker.domain.importing.tables import TABLES, Column


def plan_declared(document: Mapping[str, Any], name: str, plan: type[Thing], shelf: Shelf[Thing]) -> None:
    """Plan the rows of a table, each field read as its column declares; what a row leaves empty has its default."""
    columns = {known: column for column in TABLES[name].columns for known in (column.name, column.of)}
    for row in shelf.findings.rows(document, name):
        called = row.read_name("name")
        said: dict[str, Any] = {"slug": row.read_slug(called), "name": called}
        for field in fields(plan):  # type: ignore[arg-type]  # every plan is a dataclass
            if field.name not in said and (value := _read(row, columns[field.name])) is not None:
                said[field.name] = value
        shelf.admit(row, plan(**said))


def _read(row: Row, column: Column) -> Any:
    field = row.first(column.read_as, column.older or column.read_as)
    if column.choices:
        return row.read_choice(field, column.choices, column.choices[0])
    if column.kind == "text":
        return row.read_text(field, limit=column.limit)
    if column.kind == "number" and column.most is not None:
        return row.read_whole(field, column.most)
    if column.kind == "number":
        return row.read_optional(field)
    return {"kept_in": read_kept_in, "flag": Row.read_flag, "day": Row.read_day}[column.kind](row, field)


def read_kept_in(row: Row, field: str) -> str:
    """The base unit that an item is kept in."""
    if not row.has(field):
        row.refuse(field, "is missing; give the unit it is kept in, such as g, ml, each or cm")
        return "g"
    unit = row.read_unit(field)
    return PREFERRED[unit.dimension] if unit else "g"
