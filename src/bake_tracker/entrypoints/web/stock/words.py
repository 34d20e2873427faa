"""Words and helpers that the stock pages share."""

from typing import Annotated

from fastapi import Path, Query

from bake_tracker.domain.amounts import units_offered
from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.slices import Ask
from bake_tracker.queries.catalog.products import ProductRow

KINDS = {
    "ingredient": "Ingredient",
    "material": "Packaging",
    "finished_unit": "Baked",
    "finished_good": "Packed",
}
"""Words for the kinds of items."""

UNIT_WORDS = {"g": "by weight (g)", "each": "by the piece", "ml": "by volume (ml)", "cm": "by length (cm)"}

BY_NAME = Ask("name", limit=1_000)
"""The suppliers, customers or events that a list of choices offers."""

ItemId = Annotated[int, Path(ge=1, le=MAX_KEY)]
LotId = Annotated[int, Path(ge=1, le=MAX_KEY)]
AskedItem = Annotated[int | None, Query(alias="item", ge=1, le=MAX_KEY)]
AskedLot = Annotated[int | None, Query(alias="lot", ge=1, le=MAX_KEY)]
AskedProduct = Annotated[int | None, Query(alias="product", ge=1, le=MAX_KEY)]
Done = Annotated[str, Query(max_length=40, pattern="^[0-9a-f-]*$")]
"""The operation that led to this page."""

_PACKAGE = "package-"


def unit_choices(base_unit: str, products: list[ProductRow]) -> list[tuple[str, str]]:
    """The units to choose from: packages of a known size, and the units of the item's dimension."""
    packages = [
        (f"{_PACKAGE}{one['product_id']}", package_words(one))
        for one in products
        if one["package_quantity"] is not None
    ]
    return [*packages, *((unit, unit) for unit in units_offered(base_unit))]


def package_unit(product_id: int) -> str:
    """The choice for a product's package."""
    return f"{_PACKAGE}{product_id}"


def read_unit(chosen: str) -> tuple[str, int | None]:
    """The chosen unit's name and, for a package, its product."""
    number = chosen.removeprefix(_PACKAGE)
    if number != chosen and number.isascii() and number.isdigit() and len(number) < 19:
        return "package", int(number)
    return chosen, None


def package_words(product: ProductRow) -> str:
    """A package in words: bag of 25 kg (Mill, Type 550)."""
    size = f"{product['package_type'] or 'package'} of {product['package_quantity'] or '?'} {product['package_unit']}"
    return f"{size} ({', '.join(filter(None, (product['brand'], product['name'])))})"
