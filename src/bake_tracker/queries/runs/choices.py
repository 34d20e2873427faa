"""Recipes and boxes to choose from, most recently made first."""

from typing import Any, TypedDict

from sqlalchemy import Table, exists, func, select
from sqlalchemy.orm import Session

from bake_tracker.models import tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.searching import has_text


class Choice(TypedDict):
    """A recipe or finished good, and when it was last made."""

    id: int
    slug: str
    name: str
    last_made_at: str | None


def load_recipe_choices(session: Session, limit: int, search: str | None = None) -> list[Choice]:
    """Recipes with a yield, most recently baked first, then by name; one statement."""
    last = (
        select(func.max(tables.production_run.c.id))
        .where(tables.production_run.c.recipe_id == tables.recipe.c.id)
        .scalar_subquery()
    )
    can = exists().where(tables.recipe_yield.c.recipe_id == tables.recipe.c.id)
    return _choices(
        session, tables.recipe, can, last, tables.production_run, tables.production_run.c.produced_at, limit, search
    )


def load_good_choices(session: Session, limit: int, search: str | None = None) -> list[Choice]:
    """Finished goods with components, most recently packed first; one statement."""
    last = (
        select(func.max(tables.assembly_run.c.id))
        .where(tables.assembly_run.c.finished_good_id == tables.item.c.id)
        .scalar_subquery()
    )
    can = (
        exists().where(tables.good_component.c.good_id == tables.item.c.id)
        & (tables.item.c.kind == "finished_good")
        & ~tables.item.c.is_category
        & ~is_archived(tables.item)
    )
    return _choices(
        session, tables.item, can, last, tables.assembly_run, tables.assembly_run.c.assembled_at, limit, search
    )


def _choices(
    session: Session, table: Table, can: Any, last: Any, runs: Table, made_at: Any, limit: int, search: str | None
) -> list[Choice]:
    found = select(table.c.id, table.c.slug, table.c.name, last.label("run_id")).where(can)
    if search:
        found = found.where(has_text(session, search, table.c.name, table.c.slug))
    each = found.subquery()
    rows = session.execute(
        select(each.c.id, each.c.slug, each.c.name, made_at.label("made_at"))
        .outerjoin(runs, runs.c.id == each.c.run_id)
        .order_by(each.c.run_id.is_(None), each.c.run_id.desc(), each.c.name, each.c.id)
        .limit(limit)
    )
    return [
        {
            "id": row.id,
            "slug": row.slug,
            "name": row.name,
            "last_made_at": row.made_at.isoformat() if row.made_at else None,
        }
        for row in rows
    ]
