"""Which catalogue entries an undo restores, and which stay because something else uses them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Thing = tuple[str, str]
"""A table and the key that the rows share: an item's row, or all lines of a recipe."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """A thing before and after an operation, as rows of JSON; no rows before if the operation made it."""

    change_id: int
    operation_id: str
    thing: Thing
    before: Rows
    after: Rows
    owner: Thing | None
    names: frozenset[Thing]
    """The things that ``after`` refers to."""

    @property
    def made_it(self) -> bool:
        return not self.before


WORDS: Mapping[str, str] = {
    "recipe_line": "lines",
    "recipe_yield": "yield",
    "recipe_together": "products together",
    "recipe_rate": "rates",
    "recipe_batch": "batches",
    "good_component": "components",
    "item_allergen": "allergens",
    "product_allergen": "allergens",
    "product_terms": "terms",
    "item_label": "label",
    "item_in_parts": "parts",
    "par_level": "par level",
    "archived_item": "archiving",
    "archived_supplier": "archiving",
    "archived_event": "archiving",
    "archived_recipient": "archiving",
}
"""Words for rows that belong to another entry."""


def called(thing: Thing, name: str) -> str:
    """A thing in words: ``item flour``, ``lines of bread``; ``name`` is its own or its owner's."""
    table, _ = thing
    if table == "bakery":
        return "the bakery"
    return f"{WORDS[table]} of {name}" if table in WORDS else f"{table.partition('_')[0]} {name}"


def what_stays(changes: Iterable[Change], pinned: Collection[Thing]) -> set[Thing]:
    """What cannot be removed: everything ``pinned``, the parts made with it, and everything those refer to."""
    made = {change.thing: change for change in changes if change.made_it}
    staying, new = set[Thing](), {thing for thing in pinned if thing in made}
    while new:
        staying |= new
        parts = {
            one.thing
            for one in made.values()
            if one.owner in new and one.owner and made[one.owner].operation_id == one.operation_id
        }
        named = {thing for one in new | parts for thing in made[one].names if thing in made}
        new = (parts | named) - staying
    return staying
