"""A part of a batch is a scale, which may be a fraction such as 1/3."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.domain.arguments import Arguments, scale_of
from bake_tracker.domain.errors import ValidationError
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.production.correction import record_production_correction
from support.kitchen import Kitchen
from support.undoing import drift, reverse

KEY = "01a208d4-5470-73c4-aaee-d45ed4f65d93"


@pytest.fixture
def pizza(kitchen: Kitchen) -> Kitchen:
    """300 g of flour make 3 pizzas."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Pizza", {"Flour": (300, "g")}, {"A pizza": 3})
    kitchen.receive("Flour", 1, "kg", 1)
    return kitchen


def test_a_third_of_a_batch_is_exact(pizza: Kitchen) -> None:
    """100 g for one pizza; the run, its correction and the undo of that keep the fraction."""
    run = pizza.produce("Pizza", "A pizza", 1, 1, scale_factor=Fraction(1, 3))
    assert (run["scale_factor"], run["expected_yield"], run["consumptions"][0]["quantity"]) == ("1/3", "1", "100")
    assert pizza.can_produce("Pizza", 10, scale_factor=Fraction(1, 3))["can_produce"] is False
    done: Any = run_in_transaction(
        lambda s: record_production_correction(run["operation_id"], 2, "counted again", session=s)
    )
    assert done["production"]["scale_factor"] == "1/3"
    reverse(done["operation_id"])
    assert (pizza.stock("Flour"), pizza.stock("A pizza"), drift()) == (900, 1, [])


def test_a_half_is_the_same_call_however_it_is_written(pizza: Kitchen) -> None:
    """So is a decimal that was sent before fractions were possible."""
    ways = [Decimal("0.5"), 0.5, Fraction(1, 2), Decimal("0.50")]
    runs = [pizza.produce("Pizza", "A pizza", 2, 3, scale_factor=way, operation_id=KEY) for way in ways]
    assert runs == [runs[0]] * 4
    assert runs[0]["scale_factor"] == "0.5"


@pytest.mark.parametrize("batches", [Decimal("1.5"), Fraction(1, 3), 1.5])
def test_a_part_of_a_batch_is_refused_with_its_remedy(pizza: Kitchen, batches: Any) -> None:
    """The remedy is the scale."""
    for work in (pizza.can_produce, lambda *words: pizza.produce(words[0], "A pizza", words[1], 1)):
        with pytest.raises(ValidationError) as refused:
            work("Pizza", batches)
        (problem,) = refused.value.problems
        assert (problem["field"], problem["remedy"]) == (
            "num_batches",
            {"kind": "scale_batches", "quantity": str(batches)},
        )


@pytest.mark.parametrize(
    "factor", [Fraction(0), Fraction(-1, 3), Fraction(10**7), Fraction(1, 3 * 10**90), Fraction(10**60 + 1, 10**60)]
)
def test_a_fraction_that_cannot_be_kept_is_refused(factor: Fraction) -> None:
    """It is not above 0, too large, or too long."""
    given = Arguments()
    given.scale_factor("scale_factor", factor)
    assert [problem["field"] for problem in given.problems] == ["scale_factor"]


@pytest.mark.parametrize("factor", [Fraction(1, 3), Fraction(7, 8), Fraction(5), Fraction(22, 7), Fraction(1, 10**20)])
def test_a_scale_is_read_as_it_was_stored(factor: Fraction) -> None:
    """It is a decimal where that is exact."""
    given = Arguments()
    kept = given.scale_factor("scale_factor", factor)
    given.done()
    assert scale_of(str(kept) if isinstance(kept, Fraction) else format(kept, "f")) == factor
