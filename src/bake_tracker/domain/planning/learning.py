"""Rates learned from few records, each pulled to what all of them together say."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import Figure, Statistic, not_negative, statistic

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The common mean, the part of each difference from it that is kept, and the means after that."""

    mean: Fraction | float
    factor: Fraction | float
    shrunk: tuple[Fraction | float, ...]


def shrunk_rates(records: Mapping[K, tuple[Figure, Figure]]) -> dict[K, Fraction]:
    """The rate of good output of each recipe, pulled to the rate of all by how much evidence it has itself.

    Beta-binomial by moments: with weights n, the variance between recipes that chance does not explain says how many
    units the common rate counts for (Kleinman 1973, Proportions with Extraneous Variance, JASA 68).

    Args:
        records: (good, planned) in any one unit by recipe; more good than planned counts as planned.

    Returns:
        A rate of 0 to 1 by recipe. A recipe without records has the common rate; without any record that is 1.

    Raises:
        ValidationError: a quantity is negative or a float.
    """
    counts: dict[K, tuple[Fraction, Fraction]] = {}
    for key, (made, of) in records.items():
        planned = not_negative(f"planned of {key}", of)
        counts[key] = min(not_negative(f"good of {key}", made), planned), planned
    known = [(good, planned) for good, planned in counts.values() if planned]
    if not known:
        return dict.fromkeys(counts, Fraction(1))
    common = sum((good for good, _ in known), Fraction(0)) / sum(planned for _, planned in known)
    prior = _evidence_of_all(known, common)
    if prior is None:
        return dict.fromkeys(counts, common)
    return {key: (good + prior * common) / (of + prior) if of else common for key, (good, of) in counts.items()}


def _evidence_of_all(known: Sequence[tuple[Fraction, Fraction]], common: Fraction) -> Fraction | None:
    """How many units the common rate counts for; None if the rates differ by no more than chance."""
    total = sum((planned for _, planned in known), Fraction(0))
    chance = common * (1 - common)
    spread = sum((planned * (good / planned - common) ** 2 for good, planned in known), Fraction(0))
    others = len(known) - 1
    divisor = total - sum(planned**2 for _, planned in known) / total - others
    unexplained = spread - others * chance
    if divisor <= 0 or unexplained <= 0:
        return None
    return max(Fraction(0), chance * divisor / unexplained - 1)


def shrink(means: Sequence[Statistic], variance: Statistic) -> Shrunk:
    """Means of equal and known variance, pulled to their common mean.

    Efron and Morris 1975, Data Analysis Using Stein's Estimator, JASA 70; 1977, Stein's Paradox in Statistics. Up to
    three means stay as they are. Exact figures give exact results, floats give floats.

    Raises:
        ValidationError: there are no means, one is not a finite number, or the variance is negative.
    """
    if not means:
        raise ValidationError.of("means", "is empty; give at least one mean")
    values = [statistic("means", value) for value in means]
    noise = statistic("variance", variance)
    if noise < 0:
        raise ValidationError.of("variance", f"is {variance}, but must not be negative")
    mean = sum(values) / len(values)
    factor = _factor(noise, sum((value - mean) ** 2 for value in values), len(values))
    return Shrunk(mean, factor, tuple(mean + factor * (value - mean) for value in values))


def _factor(noise: Fraction | float, spread: Fraction | float, count: int) -> Fraction | float:
    if count <= 3 or not noise:
        return Fraction(1)
    kept = 1 - (count - 3) * noise / spread if spread else Fraction(0)
    return kept if kept > 0 else Fraction(0)
