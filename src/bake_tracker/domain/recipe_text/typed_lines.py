"""Lines that a person types into a form: ``2 cups`` of ``Flour``, ``1/2 batch`` of ``Icing``, ``6`` of ``Cookie``."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.units import UnknownUnitError, parse_unit

_AMOUNT = re.compile(r"(?P<number>[-+]?[\d.,'’/\s]*\d[.,]?)\s*(?P<unit>[^\d]*)")
UNKNOWN = "is not known here"
_BATCH = ("batch", "batches")
_BASE_UNITS = {"mass": "g", "volume": "ml", "count": "each", "length": "cm"}


@dataclass(frozen=True, slots=True)
class Meant:
    """What a line means: so much of an item or of a sub-recipe; neither: of an item that is to be added."""

    unit: str
    item: Item | None = None
    sub_recipe_id: int | None = None

    @property
    def new_base_unit(self) -> str:
        """What an item that is to be added would be kept in."""
        return _BASE_UNITS[parse_unit(self.unit).dimension]


def split_amount(text: str) -> tuple[str, str]:
    """``1½ cups`` as ``("1 1/2", "cups")``: a number as it was typed, and its unit, which may be missing.

    Raises:
        ValueError: it does not begin with a number.
    """
    plain = "".join(
        f" {unicodedata.normalize('NFKC', one)}" if unicodedata.category(one) == "No" else one for one in text
    ).replace("⁄", "/")
    match = _AMOUNT.fullmatch(plain.strip())
    if match is None:
        raise ValueError("must be a number and a unit, such as 250 g or 1/2 cup")
    return " ".join(match["number"].split()).replace(" /", "/").replace("/ ", "/"), match["unit"].strip()


def meaning_of(unit: str, name: str, items: NamedItems, recipes: Mapping[str, int], *, may_add: bool = False) -> Meant:
    """What is meant by ``unit`` of ``name``; ``recipes`` by ``name_key`` and slug.

    Raises:
        ValueError: nothing is called so, or it needs another unit; the text says what helps.
    """
    item, recipe_id = items.find(name), recipes.get(name_key(name))
    if unit.casefold() in _BATCH or (not unit and item is None and recipe_id is not None):
        if recipe_id is None:
            raise ValueError("is no recipe, and batches are of a recipe")
        return Meant("batch", sub_recipe_id=recipe_id)
    if item is None and recipe_id is not None:
        raise ValueError("is a recipe: say how many batches of it, such as 1/2 batch")
    if item is None and not may_add:
        raise ValueError(f"{UNKNOWN}{near(items.like(name))}")
    if not unit and (item is None or item.base_unit != "each"):
        kept = f"; {item.name} is kept in {item.base_unit}" if item else ""
        raise ValueError(f"needs a unit, such as 250 g{kept}")
    try:
        return Meant(parse_unit(unit or "each").name, item)
    except UnknownUnitError as error:
        raise ValueError(str(error)) from None


def near(slugs: list[str]) -> str:
    """What to say of a name that nobody knows, when it is like others."""
    return f"; nearest to it {'is' if len(slugs) == 1 else 'are'} {' and '.join(slugs)}" if slugs else ""
