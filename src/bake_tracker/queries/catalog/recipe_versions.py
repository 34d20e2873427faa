"""The versions of a recipe: who changed it, when, and how."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypedDict, cast

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.catalog_changes import Change, Thing
from bake_tracker.domain.errors import RecipeNotFoundError, ValidationError
from bake_tracker.domain.money import format_money, written
from bake_tracker.domain.recipes.versions import Version, VersionDifference, version_differences, versions_of
from bake_tracker.domain.units import format_micros, format_quantity
from bake_tracker.models import tables
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.things import load_changes, load_things
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands

_OF_ONE = ("recipe", "recipe_line", "recipe_together", "recipe_rate")


class ToldDifference(TypedDict):
    """One difference in words; None if the value is missing."""

    what: str
    before: str | None
    after: str | None


class VersionRow(TypedDict):
    """A version and its differences from the previous one; without an operation, the state before changes were
    recorded.
    """

    number: int
    operation_id: str | None
    operation: str | None
    recorded_at: str | None
    actor: str | None
    differences: list[ToldDifference]


class RecipeVersions(TypedDict):
    """All versions of a recipe, newest first, and the differences between two requested ones."""

    recipe_id: int
    name: str
    versions: list[VersionRow]
    compared: list[ToldDifference]


@dataclass(frozen=True, slots=True)
class _Names:
    items: Mapping[int, tuple[str, str]]
    recipes: Mapping[int, str]
    decimals: int


def load_recipe_versions(
    session: Session, recipe_id: int, *, older: int | None = None, newer: int | None = None
) -> RecipeVersions:
    """Every version that was not undone; compares two of them if both numbers are given.

    Raises:
        RecipeNotFoundError: there is no such recipe.
        ValidationError: there is no version with this number.
    """
    name = session.scalar(select(tables.recipe.c.name).where(tables.recipe.c.id == recipe_id))
    if name is None:
        raise RecipeNotFoundError(recipe_id)
    changes = _load_changes(session, recipe_id)
    made = session.scalars(
        select(tables.recipe_yield.c.item_id).where(tables.recipe_yield.c.recipe_id == recipe_id)
    ).all()
    things: list[Thing] = [*((table, str(recipe_id)) for table in _OF_ONE)]
    things += [("recipe_yield", f"{recipe_id}:{item_id}") for item_id in made]
    versions = versions_of(changes, load_things(session, things))
    names = _load_names(session, versions)
    told = _load_told(session, {one.operation_id for one in versions if one.operation_id})
    rows: list[VersionRow] = []
    for place, version in enumerate(versions):
        before = versions[place - 1].state if place else None
        operation = told.get(version.operation_id or "")
        rows.append(
            {
                "number": version.number,
                "operation_id": version.operation_id,
                "operation": operation.name if operation else None,
                "recorded_at": operation.recorded_at.isoformat() if operation else None,
                "actor": operation.actor if operation else None,
                "differences": [] if before is None else _told(version_differences(before, version.state), names),
            }
        )
    compared: list[ToldDifference] = []
    if older is not None and newer is not None:
        by_number = {one.number: one.state for one in versions}
        for field, number in (("older", older), ("newer", newer)):
            if number not in by_number:
                raise ValidationError.of(field, f"there is no version {number}")
        compared = _told(version_differences(by_number[older], by_number[newer]), names)
    return {"recipe_id": recipe_id, "name": name, "versions": rows[::-1], "compared": compared}


def _load_changes(session: Session, recipe_id: int) -> list[Change]:
    """A recipe's changes that were not undone, found by index."""
    own = and_(tables.catalog_change.c.thing.in_(_OF_ONE), tables.catalog_change.c.key == str(recipe_id))
    # ";" follows ":", so this range holds the keys that begin with the recipe's.
    yields = and_(
        tables.catalog_change.c.thing == "recipe_yield",
        tables.catalog_change.c.key > f"{recipe_id}:",
        tables.catalog_change.c.key < f"{recipe_id};",
    )
    ids = session.execute(
        select(tables.catalog_change.c.id, tables.catalog_change.c.operation_id).where(
            or_(own, yields), stands(tables.catalog_change.c.operation_id)
        )
    ).all()
    wanted = {row.id for row in ids}
    return [one for one in load_changes(session, {row.operation_id for row in ids}) if one.change_id in wanted]


def _load_names(session: Session, versions: Sequence[Version]) -> _Names:
    lines = [line for version in versions for line in version.state.lines]
    items = {line["item_id"] for line in lines if line["item_id"] is not None}
    items |= {item_id for version in versions for item_id in version.state.makes}
    items |= {row["item_id"] for version in versions for row in version.state.together}
    recipes = {line["sub_recipe_id"] for line in lines if line["sub_recipe_id"] is not None}
    found = session.execute(
        select(tables.item.c.id, tables.item.c.name, tables.item.c.base_unit).where(
            among(session, tables.item.c.id, items)
        )
    )
    named = session.execute(
        select(tables.recipe.c.id, tables.recipe.c.name).where(among(session, tables.recipe.c.id, recipes))
    )
    items_by_id = {row.id: (row.name, row.base_unit) for row in found}
    return _Names(items_by_id, {row.id: row.name for row in named}, load_bakery(session).decimals)


def _load_told(session: Session, operation_ids: Collection[str]) -> dict[str, Any]:
    rows = session.execute(
        select(
            tables.operation.c.id, tables.operation.c.name, tables.operation.c.recorded_at, tables.operation.c.actor
        ).where(among(session, tables.operation.c.id, operation_ids))
    )
    return {row.id: row for row in rows}


def _told(found: Sequence[VersionDifference], names: _Names) -> list[ToldDifference]:
    return [
        {"what": _what(one, names), "before": _value(one, one.before, names), "after": _value(one, one.after, names)}
        for one in found
    ]


def _what(one: VersionDifference, names: _Names) -> str:
    if one.part == "about":
        return str(one.key)
    if one.part == "rates":
        return "labour and overhead of a batch"
    if one.part == "together":
        return "what comes out of a batch"
    if one.part == "sub_recipe":
        return f"{names.recipes.get(cast(int, one.key), 'a deleted recipe')} (recipe)"
    name, _ = names.items.get(cast(int, one.key), ("a deleted item", ""))
    return f"makes {name}" if one.part == "makes" else name


def _value(one: VersionDifference, value: Any, names: _Names) -> str | None:
    if one.part == "together":
        return _together(value, names)
    if value in (None, ""):
        return None
    if one.part in ("item", "sub_recipe"):
        quantity, unit = value
        return f"{format_quantity(Fraction(quantity))} {unit}"
    if one.part == "makes":
        _, unit = names.items.get(cast(int, one.key), ("", ""))
        return f"{format_micros(value)} {unit}".strip()
    if one.part == "rates":
        return " and ".join(written(str(format_money(one)), names.decimals) for one in value)
    return str(value)


def _together(rows: Sequence[Mapping[str, Any]], names: _Names) -> str:
    """``all products together: croissant 3/4, scraps 1/4`` or ``one of the products``."""
    if not rows:
        return "one of the products"
    shares = [
        f"{names.items.get(row['item_id'], ('a deleted item', ''))[0]} {row['share'] or 'by weight'}" for row in rows
    ]
    return f"all products together: {', '.join(shares)}"
