"""Products that come out of a recipe together: each one's share of the cost."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConversionProblem, UnitConversionError
from bake_tracker.domain.recipes.quantities import Item, Recipe, Yields, weight_of
from bake_tracker.domain.units import MICRO


def shares_of_cost(makes: Yields, stated: Mapping[int, Fraction | None]) -> dict[int, Fraction]:
    """Each product's share of the cost: as stated, otherwise by the planned weight; the shares add up to 1.

    Raises:
        UnitConversionError: no shares are stated, and a product's weight is not known; lists every such product.
    """
    parts = {item_id: share for item_id, share in stated.items() if share is not None} or _weights(makes.values())
    whole = sum(parts.values(), Fraction(0))
    return {item_id: part / whole for item_id, part in parts.items()}


def check_shares(given: Arguments, field: str, shares: Sequence[Fraction | None]) -> None:
    """Refuse shares that are stated for some products only, or do not add up to 1."""
    stated = [share for share in shares if share is not None]
    if stated and len(stated) < len(shares):
        given.refuse(field, "must state the share of every product, or of none")
    elif stated and sum(stated) != 1:
        given.refuse(field, f"must have shares that add up to 1; they add up to {sum(stated)}")


def left_out(recipe: Recipe, made: Sequence[int]) -> list[str]:
    """The products that come out together with these, but are not among them."""
    return [recipe.makes[item_id][0].slug for item_id in recipe.together if item_id not in made]


def _weights(makes: Iterable[tuple[Item, int]]) -> dict[int, Fraction]:
    weights: dict[int, Fraction] = {}
    problems: list[ConversionProblem] = []
    for item, micros in makes:
        try:
            weights[item.item_id] = weight_of(item, Fraction(micros, MICRO), item.base_unit)
        except UnitConversionError as error:
            problems += [
                {**one, "problem": f"the weight of {item.slug} is not known; state every product's share of the cost"}
                for one in error.problems
            ]
    if problems:
        raise UnitConversionError(problems)
    return weights
