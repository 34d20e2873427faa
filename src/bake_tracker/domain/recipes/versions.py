"""Rebuild the versions of a recipe from its recorded changes, and compare them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bake_tracker.domain.catalog_changes import Change, Rows, Thing

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecipeState:
    """A recipe's own row, its lines, its yields and its rates, as rows of JSON.

    ``together`` is empty for alternatives.
    """

    about: Row = field(default_factory=dict)
    lines: Sequence[Row] = ()
    makes: Mapping[int, int] = field(default_factory=dict)
    rates: tuple[int, int] | None = None
    together: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A recipe as an operation left it, or, without an operation, as it was before changes were recorded."""

    number: int
    operation_id: str | None
    state: RecipeState


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """One difference: ``key`` is a field's name, or the id of an item or sub-recipe; a missing value is None."""

    part: str
    key: str | int
    before: Any
    after: Any


def versions_of(changes: Iterable[Change], now: Mapping[Thing, Rows]) -> list[Version]:
    """Every version, oldest first; ``changes`` are those not undone, ``now`` is the current state."""
    by_operation: dict[str, list[Change]] = {}
    things: dict[Thing, Rows] = {}
    for change in changes:
        things.setdefault(change.thing, change.before)
        by_operation.setdefault(change.operation_id, []).append(change)
    for thing, rows in now.items():
        things.setdefault(thing, rows)
    was_there = any(table == "recipe" and rows for (table, _), rows in things.items())
    versions = [Version(0, None, _state(things))] if was_there else []
    for number, (operation_id, made) in enumerate(by_operation.items(), 1):
        things |= {change.thing: change.after for change in made}
        versions.append(Version(number, operation_id, _state(things)))
    return versions


def version_differences(old: RecipeState, new: RecipeState) -> list[VersionDifference]:
    """How ``new`` differs in its name and notes, lines, yields, shares and rates."""
    found = [
        VersionDifference("about", name, old.about.get(name), new.about.get(name))
        for name in ("name", "category", "source", "notes")
        if (old.about.get(name) or None) != (new.about.get(name) or None)
    ]
    found += _of_lines(old.lines, new.lines)
    found += [
        VersionDifference("makes", item_id, old.makes.get(item_id), new.makes.get(item_id))
        for item_id in {**old.makes, **new.makes}
        if old.makes.get(item_id) != new.makes.get(item_id)
    ]
    if old.together != new.together:
        found.append(VersionDifference("together", "together", old.together, new.together))
    if old.rates != new.rates:
        found.append(VersionDifference("rates", "rates", old.rates, new.rates))
    return found


def _of_lines(old: Sequence[Row], new: Sequence[Row]) -> list[VersionDifference]:
    """Compare the lines of each item in order; a change of position is not a difference."""
    of: dict[tuple[str, int], tuple[list[Row], list[Row]]] = defaultdict(lambda: ([], []))
    for side, lines in enumerate((old, new)):
        for line in lines:
            of[_named(line)][side].append(line)
    found = []
    for (part, key), (before, after) in of.items():
        for place in range(max(len(before), len(after))):
            was = _amount(before[place]) if place < len(before) else None
            now = _amount(after[place]) if place < len(after) else None
            if was != now:
                found.append(VersionDifference(part, key, was, now))
    return found


def _named(line: Row) -> tuple[str, int]:
    return ("sub_recipe", line["sub_recipe_id"]) if line["sub_recipe_id"] is not None else ("item", line["item_id"])


def _amount(line: Row) -> tuple[str, str]:
    return line["quantity"], line["unit"]


def _state(things: Mapping[Thing, Rows]) -> RecipeState:
    about: Row = {}
    lines: Sequence[Row] = ()
    makes: dict[int, int] = {}
    rates = None
    together: Sequence[Row] = ()
    for (table, _), rows in things.items():
        if table == "recipe" and rows:
            about = rows[0]
        elif table == "recipe_line":
            lines = rows
        elif table == "recipe_yield" and rows:
            makes[rows[0]["item_id"]] = rows[0]["quantity_micros"]
        elif table == "recipe_together":
            together = rows
        elif table == "recipe_rate" and rows:
            rates = rows[0]["labour_micros"], rows[0]["overhead_micros"]
    return RecipeState(about, lines, makes, rates, together)
