"""Labour and overhead of a run, from the rates of its recipe and its share of every sub-recipe's."""

from fractions import Fraction

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.recipes.quantities import Rates, Recipe, batches_by_recipe
from bake_tracker.domain.units import MAX_TOTAL_MICROS

NOTHING = Rates(0, 0)


def rates_of(recipe: Recipe, batches: Fraction) -> Rates:
    """The labour and overhead of ``batches``, each rounded once, ties to even.

    Raises:
        ValidationError: it is more than the ledger can count.
    """
    if not recipe.rates:
        return NOTHING
    counts = batches_by_recipe(recipe)
    labour = sum((counts[key] * rate.labour_micros for key, rate in recipe.rates.items()), Fraction(0)) * batches
    overhead = sum((counts[key] * rate.overhead_micros for key, rate in recipe.rates.items()), Fraction(0)) * batches
    if labour + overhead > MAX_TOTAL_MICROS:
        raise ValidationError.of(
            "num_batches", "costs more labour and overhead than the ledger can count; use a smaller number"
        )
    return Rates(round(labour), round(overhead))
