"""Read lines typed into a form: ``2 cups`` of ``Flour``, ``60 g`` or ``1/2 batch`` of ``Icing``, ``6`` of ``Bun``."""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.recipe_text.doubts import name_problem
from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.units import UnknownUnitError, parse_unit

_AMOUNT = re.compile(r"(?P<number>[-+]?[\d.,'’/\s]*\d[.,]?)\s*(?P<unit>[^\d]*)")
UNKNOWN = "is not in the catalogue"
_BATCH = ("batch", "batches")
_BASE_UNITS = {"mass": "g", "volume": "ml", "count": "each", "length": "cm"}


@dataclass(frozen=True, slots=True)
class Meant:
    """The meaning of a line: an item, a sub-recipe, or neither for an item that will be added."""

    unit: str
    item: Item | None = None
    sub_recipe_id: int | None = None

    @property
    def likely_base_unit(self) -> str | None:
        """The base unit of an item that will be added, unless a person has to say it."""
        return likely_base_unit(self.unit)


def likely_base_unit(unit: str) -> str | None:
    """The likely base unit of an item measured in ``unit``; None for a volume, because it may be flour."""
    base = _BASE_UNITS[parse_unit(unit or "each").dimension]
    return None if base == "ml" else base


def split_amount(text: str) -> tuple[str, str]:
    """Split ``1½ cups`` into ``("1 1/2", "cups")``; the unit may be missing.

    Raises:
        ValueError: the text does not begin with a number.
    """
    plain = "".join(
        f" {unicodedata.normalize('NFKC', one)}" if unicodedata.category(one) == "No" else one for one in text
    ).replace("⁄", "/")
    match = _AMOUNT.fullmatch(plain.strip())
    if match is None:
        raise ValueError("must be a number and a unit, such as 250 g or 1/2 cup")
    return " ".join(match["number"].split()).replace(" /", "/").replace("/ ", "/"), match["unit"].strip()


def meaning_of(unit: str, name: str, items: NamedItems, recipes: Mapping[str, int], *, may_add: bool = False) -> Meant:
    """Find what ``unit`` of ``name`` means; ``recipes`` are ids by ``name_key`` and slug.

    Raises:
        ValueError: nothing has this name, or it needs another unit; the message says what to do.
    """
    item, recipe_id = items.find(name), recipes.get(name_key(name))
    if unit.casefold() in _BATCH or (not unit and item is None and recipe_id is not None):
        if recipe_id is None:
            raise ValueError("is not a recipe; only recipes are counted in batches")
        return Meant("batch", sub_recipe_id=recipe_id)
    if item is None and recipe_id is not None:
        with suppress(UnknownUnitError):
            if (meant := parse_unit(unit)).dimension in ("mass", "volume"):
                return Meant(meant.name, sub_recipe_id=recipe_id)
        raise ValueError("is a recipe; give a number of batches, a weight or a volume, such as 1/2 batch or 60 g")
    if item is None and not may_add:
        raise ValueError(f"{UNKNOWN}{near(items.like(name))}")
    if item is None and (problem := name_problem(name, unit)):
        raise ValueError(f"cannot be the name of a new item: {problem}; give each ingredient its own line and unit")
    if not unit and (item is None or item.base_unit != "each"):
        kept = f"; {item.name} is kept in {item.base_unit}" if item else ""
        raise ValueError(f"needs a unit, such as 250 g{kept}")
    try:
        return Meant(parse_unit(unit or "each").name, item)
    except UnknownUnitError as error:
        raise ValueError(str(error)) from None


def near(slugs: list[str]) -> str:
    """A hint for an unknown name that is similar to others."""
    return f"; similar: {', '.join(slugs)}" if slugs else ""
