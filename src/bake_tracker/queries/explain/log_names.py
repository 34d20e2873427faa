"""Names for the ids on log lines, in one statement for any number of lines."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import literal, null, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.models import Item
from bake_tracker.queries.explain.operation import NAMED_BY

Names = Mapping[tuple[str, int], tuple[str, str | None]]
"""Slugs by table and id; for an item, with its base unit."""


def load_log_names(session: Session, lines: Iterable[Mapping[str, Any]]) -> Names:
    """The slugs of all items, recipes, events and suppliers whose ids are on these lines."""
    ids: defaultdict[Any, set[int]] = defaultdict(set)
    for line in lines:
        for field, model in NAMED_BY.items():
            if type(key := line.get(field)) is int:
                ids[model].add(key)
    if not ids:
        return {}
    slugs = union_all(
        *(
            select(
                literal(model.__tablename__).label("of"),
                model.id,
                model.slug,
                (Item.base_unit if model is Item else null()).label("unit"),
            ).where(model.id.in_(sorted(keys)))
            for model, keys in ids.items()
        )
    )
    return {(row.of, row.id): (row.slug, row.unit) for row in session.execute(slugs)}


def name_of(names: Names, line: Mapping[str, Any], field: str) -> tuple[str, str | None] | None:
    """The name and unit for the id in a line's field."""
    return names.get((NAMED_BY[field].__tablename__, line.get(field, 0)))
