"""Labour and overhead of a run, by the rates of its recipe and of every sub-recipe in its share."""

from fractions import Fraction

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.recipes.quantities import Rates, Recipe, batches_by_recipe
from bake_tracker.domain.units import MAX_TOTAL_MICROS

NOTHING = Rates(0, 0)


def rates_of(recipe: Recipe, batches: Fraction) -> Rates:
    """What ``batches`` take of labour and overhead, each rounded once, ties to even.

    Raises:
        ValidationError: it is more than can be counted.
    """
    if not recipe.rates:
        return NOTHING
    counts = batches_by_recipe(recipe)
    labour = sum((counts[key] * rate.labour_micros for key, rate in recipe.rates.items()), Fraction(0)) * batches
    overhead = sum((counts[key] * rate.overhead_micros for key, rate in recipe.rates.items()), Fraction(0)) * batches
    if labour + overhead > MAX_TOTAL_MICROS:
        raise ValidationError.of("num_batches", "takes more labour and overhead than can be counted; make it smaller")
    return Rates(round(labour), round(overhead))
