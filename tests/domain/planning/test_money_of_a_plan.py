"""The margin of an order, and what the difference from the plan comes from."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.money import ActualBatches, PlannedBatches, margin_of, split_difference
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)

PLAN = PlannedBatches("buns", 2, 24, {"flour": (1_000, Fraction(1, 1_000)), "egg": (2, Fraction(1, 4))})
"""Two batches at 1.50."""


def parts(*actual: ActualBatches) -> tuple[Any, ...]:
    found = split_difference([PLAN], actual)
    return found.planned, found.actual, found.price, found.output, found.extra_batches, found.waste


def test_as_planned_there_is_no_difference() -> None:
    """48 buns of 2 kg of flour and 4 eggs at the planned prices."""
    assert parts(ActualBatches("buns", 48, {"flour": (2_000, 2), "egg": (4, 1)})) == (3, 3, 0, 0, 0, 0)


def test_each_cause_by_itself() -> None:
    """Dearer flour; a batch that takes more, or gives less; more batches; buns thrown away; nothing made."""
    assert parts(ActualBatches("buns", 48, {"flour": (2_000, 3), "egg": (4, 1)})) == (3, 4, 1, 0, 0, 0)
    assert parts(ActualBatches("buns", 48, {"flour": (2_500, Fraction(5, 2)), "egg": (4, 1)}))[2:] == (0, 0.5, 0, 0)
    assert parts(ActualBatches("buns", 40, {"flour": (2_000, 2), "egg": (4, 1)}))[2:] == (0, 0.5, -0.5, 0)
    assert parts(ActualBatches("buns", 72, {"flour": (3_000, 3), "egg": (6, Fraction(3, 2))}))[2:] == (0, 0, 1.5, 0)
    assert parts(ActualBatches("buns", 48, {"flour": (2_000, 2), "egg": (4, 1)}, 1)) == (3, 4, 0, 0, 0, 1)
    assert parts() == (3, 0, 0, 0, -3, 0)


def test_what_was_not_planned_is_extra() -> None:
    """Another recipe at what it cost; an ingredient that the recipe does not have is more per batch."""
    assert split_difference([], [ActualBatches("cake", 4, {"egg": (4, 1)}, 2)]).extra_batches == 1
    with_milk = ActualBatches("buns", 48, {"flour": (2_000, 2), "egg": (4, 1), "milk": (9, 5)})
    assert parts(with_milk)[2:] == (0, 5, 0, 0)


def test_labour_is_apart_from_the_cost_of_goods() -> None:
    """100 less 30 less 20."""
    margin = margin_of(100, 30, 20)
    assert (margin.revenue, margin.cost, margin.labour, margin.left) == (100, 30, 20, 50)
    assert margin_of(Fraction(1, 2), 1).left == Fraction(-1, 2)
    with pytest.raises(ValidationError):
        margin_of(1.5, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("planned", "actual"),
    [
        ([PLAN, PLAN], []),
        ([], [ActualBatches("a", 1, {})] * 2),
        ([PlannedBatches("a", 1, 0, {})], [ActualBatches("a", 1, {})]),
        ([PlannedBatches("a", -1, 1, {})], []),
        ([PlannedBatches("a", 1, 1, {"x": (1.0, 1)})], []),  # type: ignore[dict-item]
        ([], [ActualBatches("a", 1, {"x": (1, -1)})]),
        ([], [ActualBatches("a", 1, {}, -1)]),
    ],
)
def test_figures_that_cannot_be_split_are_refused(planned: Any, actual: Any) -> None:
    """Floats, negative figures, a recipe twice."""
    with pytest.raises(ValidationError):
        split_difference(planned, actual)


FIGURES = st.dictionaries(st.sampled_from("xyz"), st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    planned=st.lists(
        st.builds(PlannedBatches, st.sampled_from("abc"), st.integers(0, 4), st.integers(1, 9), FIGURES),
        unique_by=lambda one: one.recipe,
    ),
    actual=st.lists(
        st.builds(ActualBatches, st.sampled_from("abc"), st.integers(0, 30), FIGURES, st.integers(0, 5)),
        unique_by=lambda one: one.recipe,
    ),
)
def test_the_causes_add_up_to_the_difference(planned: list[PlannedBatches], actual: list[ActualBatches]) -> None:
    """They do so exactly, whatever was planned and done."""
    found = split_difference(planned, actual)
    assert found.actual - found.planned == found.price + found.output + found.extra_batches + found.waste
    assert found.actual == sum(int(cost) for one in actual for _, cost in one.used.values()) + sum(
        int(one.wasted) for one in actual
    )
