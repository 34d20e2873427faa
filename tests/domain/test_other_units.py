"""Quantities in another unit: rounded up once, and never lost."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.errors import UnitConversionError, ValidationError
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.unit_change import Followed, converted, current, earlier, factor_of, spare_slug
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO

RATIOS = st.fractions(Fraction(1, 10_000), 10_000, max_denominator=10_000)


@given(st.integers(1, 10**12), RATIOS)
def test_a_quantity_is_rounded_up_by_less_than_a_millionth_and_never_lost(micros: int, factor: Fraction) -> None:
    """The difference is exact, and on the way back there is at least as much."""
    new = converted(micros, factor)
    assert 0 <= new.difference < Fraction(1, MICRO)
    assert Fraction(new.micros, MICRO) - new.difference == Fraction(micros, MICRO) * factor
    assert converted(new.micros, 1 / factor).micros >= micros


def test_more_than_the_ledger_can_count_is_refused() -> None:
    """The message says what it would be."""
    with pytest.raises(ValidationError, match="more than the ledger can count"):
        converted(MAX_TOTAL_MICROS, Fraction(2))


def test_the_measures_connect_the_units() -> None:
    """They connect weight, volume and pieces, but never a length."""
    egg = Item(1, "ingredient", "egg", "Egg", "g", g_per_ml=Fraction(103, 100), g_per_each=Fraction(53))
    assert factor_of(egg, "each") == Fraction(1, 53)
    assert factor_of(egg, "ml") == Fraction(100, 103)
    in_ml = Item(1, "ingredient", "egg", "Egg", "ml", g_per_ml=Fraction(103, 100), g_per_each=Fraction(53))
    assert factor_of(in_ml, "each") == Fraction(103, 5300)
    for unit in ("ml", "each", "cm"):
        with pytest.raises(UnitConversionError):
            factor_of(Item(1, "ingredient", "egg", "Egg", "g"), unit)
    digits = Fraction(10**40 + 1, 10**40 + 7)
    with pytest.raises(ValidationError, match="too many digits"):
        factor_of(Item(1, "ingredient", "egg", "Egg", "ml", g_per_ml=digits, g_per_each=1 / digits), "each")


def test_a_spare_slug_is_free_and_short() -> None:
    """It says the unit, and a number if it is taken."""
    assert spare_slug("egg", "g", {"egg"}) == "egg-in-g"
    assert spare_slug("egg", "g", {"egg-in-g", "egg-in-g-2"}) == "egg-in-g-3"
    assert len(spare_slug("x" * 120, "each", ())) <= 120


def test_a_line_of_changes_leads_to_the_last_and_back_to_the_first() -> None:
    """Factors are multiplied along the line."""
    changes = {1: Followed(2, Fraction(1, 50)), 2: Followed(3, Fraction(25))}
    assert current(changes) == {1: Followed(3, Fraction(1, 2)), 2: Followed(3, Fraction(25))}
    assert earlier(changes) == {
        2: [Followed(1, Fraction(1, 50))],
        3: [Followed(2, Fraction(25)), Followed(1, Fraction(1, 2))],
    }
