"""Rates from few records, pulled to what all of them say."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.learning import shrink, shrunk_rates
from support.depth import rounds

EXAMPLES = rounds(30, 2_000)

BATTERS = "400 378 356 333 311 311 289 267 244 244 222 222 222 222 222 200 178 156"
"""Batting averages after 45 times at bat, in thousandths: Efron and Morris 1977, table 1."""


def test_eighteen_batters_are_pulled_to_their_mean() -> None:
    """The mean is .265 and the factor .212: .400 becomes .294."""
    means = [int(thousandths) / 1000 for thousandths in BATTERS.split()]
    mean = sum(means) / len(means)
    found = shrink(means, mean * (1 - mean) / 45)
    assert (
        round(float(found.mean), 3),
        round(float(found.factor), 3),
        round(float(found.shrunk[0]), 3),
    ) == (0.265, 0.212, 0.294)


def test_shrinking_keeps_exact_figures_exact() -> None:
    """0, 1, 2, 3, 4 with variance 1: two fifths of the spread of 10 are kept off."""
    found = shrink([0, 1, 2, 3, Decimal(4)], 1)
    assert (2, Fraction(4, 5)) == (found.mean, found.factor)
    assert found.shrunk == (Fraction(2, 5), Fraction(6, 5), 2, Fraction(14, 5), Fraction(18, 5))


def test_few_equal_or_noisy_means() -> None:
    """Up to three stay as they are; equal ones are their mean; a variance beyond the spread leaves only the mean."""
    assert (shrink([1, 2, 6], 100).factor, shrink([1, 2, 6], 100).shrunk) == (1, (1, 2, 6))
    assert (shrink([7] * 4, 1).factor, shrink([7] * 4, 1).shrunk) == (0, (7, 7, 7, 7))
    assert shrink([7] * 4, 0).shrunk == (7, 7, 7, 7)
    assert (shrink([1, 2, 4, 5], 100).factor, shrink([1, 2, 4, 5], 100).shrunk) == (0, (3, 3, 3, 3))
    assert shrink([5], 2).shrunk == (5,)


@pytest.mark.parametrize(
    ("means", "variance"), [([], 1), ([float("nan")], 1), ([1], float("inf")), ([1, 2], -1), (["1"], 1)]
)
def test_means_that_are_none_are_refused(means: Any, variance: Any) -> None:
    """There are no means, they are not numbers, or the variance is negative."""
    with pytest.raises(ValidationError):
        shrink(means, variance)


def test_rates_are_pulled_by_their_own_evidence() -> None:
    """As worked out by hand: m = 19/20 of 400, s2 from both."""
    rates = shrunk_rates({"bread": (200, 200), "cake": (180, 200)})
    m, n = Fraction(19, 20), 400
    s2 = (200 * (1 - m) ** 2 + 200 * (Fraction(9, 10) - m) ** 2 - m * (1 - m)) / (n - Fraction(80_000, n) - 1)
    evidence = m * (1 - m) / s2 - 1
    assert rates == {
        "bread": (200 + evidence * m) / (200 + evidence),
        "cake": (180 + evidence * m) / (200 + evidence),
    }
    assert Fraction(9, 10) < rates["cake"] < m < rates["bread"] < 1


@pytest.mark.parametrize(
    ("records", "rates"),
    [
        ({}, {}),
        ({"a": (0, 0)}, {"a": 1}),
        ({"a": (9, 10)}, {"a": Fraction(9, 10)}),
        ({"a": (9, 10), "new": (0, 0)}, {"a": Fraction(9, 10), "new": Fraction(9, 10)}),
        ({"a": (12, 10), "b": (8, 10)}, {"a": Fraction(19, 20), "b": Fraction(17, 20)}),
        ({"a": (5, 10), "b": (5, 10)}, {"a": Fraction(1, 2), "b": Fraction(1, 2)}),
        ({"a": (10, 10), "b": (30, 30)}, {"a": 1, "b": 1}),
        ({"a": (0, 10), "b": (0, 30)}, {"a": 0, "b": 0}),
        ({"a": (0, 10), "b": (10, 10)}, {"a": 0, "b": 1}),
        ({"a": (Fraction(1, 2), 1), "b": (Fraction(1), 1)}, {"a": Fraction(3, 4), "b": Fraction(3, 4)}),
    ],
)
def test_rates_of_little_or_even_evidence(records: Any, rates: Any) -> None:
    """Without a plan, the overall rate counts; yields above plan count as planned; without spread, rates are equal."""
    if records == {"a": (12, 10), "b": (8, 10)}:
        m = Fraction(9, 10)
        s2 = (10 * Fraction(1, 100) * 2 - m * (1 - m)) / (20 - 10 - 1)
        evidence = m * (1 - m) / s2 - 1
        rates = {"a": (10 + evidence * m) / (10 + evidence), "b": (8 + evidence * m) / (10 + evidence)}
    assert shrunk_rates(records) == rates


@pytest.mark.parametrize("record", [(1.0, 2), (1, 2.0), (-1, 2), (1, -2)])
def test_records_that_are_not_exact_or_negative_are_refused(record: Any) -> None:
    """A rate rests on counted units."""
    with pytest.raises(ValidationError):
        shrunk_rates({"a": record})


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    records=st.dictionaries(
        st.integers(0, 9), st.tuples(st.integers(0, 60), st.integers(0, 50)), min_size=1, max_size=8
    )
)
def test_rates_stay_between_their_own_and_that_of_all(records: dict[int, tuple[int, int]]) -> None:
    """They also follow the moments, as a second implementation of the formula calculates them."""
    rates = shrunk_rates(records)
    assert list(records) == list(rates)
    own = {key: Fraction(min(good, n), n) for key, (good, n) in records.items() if n}
    if not own:
        assert set(rates.values()) == {1}
        return
    planned = {key: records[key][1] for key in own}
    whole = sum(planned.values())
    m = sum(own[key] * planned[key] for key in own) / whole
    divisor = whole - Fraction(sum(n * n for n in planned.values()), whole) - (len(own) - 1)
    s2 = sum(planned[key] * (own[key] - m) ** 2 for key in own) - (len(own) - 1) * m * (1 - m)
    for key, rate in rates.items():
        if key not in own or len(own) == 1 or divisor <= 0 or s2 / divisor <= 0:
            assert rate == m
        else:
            pulled = max(0, m * (1 - m) / (s2 / divisor) - 1)
            assert rate == (own[key] * planned[key] + pulled * m) / (planned[key] + pulled)
            assert min(own[key], m) <= rate <= max(own[key], m)
