"""How much to make of what is sold on the day: the best quantity for an uncertain demand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from statistics import NormalDist

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import (
    Exact,
    Figure,
    Statistic,
    exact,
    not_negative,
    round_up,
    simplified,
    statistic,
    whole_number,
)
from bake_tracker.domain.planning.learning import shrink

_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True)
class DiscreteQuantity:
    """The best quantity, the probability of enough that it aims at, and the profit to expect."""

    quantity: Exact
    ratio: Exact
    profit: Exact


@dataclass(frozen=True, slots=True)
class NormalQuantity:
    """The same for a normal demand, with the sales to expect to lose; the profit is None without price and cost."""

    quantity: float
    ratio: float
    lost_sales: float
    profit: float | None


@dataclass(frozen=True, slots=True)
class DaySold:
    """What was sold on a day: its weekday (0 is Monday), the quantity, and whether it was sold out."""

    weekday: int
    sold: Figure
    sold_out: bool = False


@dataclass(frozen=True, slots=True)
class DailyQuantity:
    """The quantity that history suggests: the level, times the weekday's factor, times the day-to-day factor."""

    quantity: Exact
    expected: Exact
    level: Exact
    weekday_factor: Exact
    day_factor: Exact
    ratio: Exact


def newsvendor(
    pmf: Mapping[Figure, Statistic], *, price: Figure, cost: Figure, salvage: Figure = 0
) -> DiscreteQuantity:
    """The smallest demand that is enough with a probability of at least (price - cost) / (price - salvage).

    Arrow, Harris and Marschak 1951, Optimal Inventory Policy, Econometrica 19. What costs its price or more is not
    made.

    Args:
        pmf: the probability of each demand; they add up to exactly 1. A float counts as the decimal it is written as.
        salvage: what one left over still brings; below 0 if it costs something to throw away.

    Raises:
        ValidationError: the probabilities do not add up to 1 or one is negative, a demand is negative, salvage is not
            below the cost, or a demand or an amount of money is a float.
    """
    chances = _distribution(pmf)
    paid, spent, left = exact("price", price), exact("cost", cost), exact("salvage", salvage)
    if left >= spent:
        raise ValidationError.of("salvage", f"is {salvage}, but must be less than the cost, {cost}")
    if spent >= paid:
        return DiscreteQuantity(0, 0, 0)
    ratio = (paid - spent) / (paid - left)
    quantity, enough = Fraction(0), Fraction(0)
    for demand, chance in chances:
        quantity, enough = demand, enough + chance
        if enough >= ratio:
            break
    sold = sum((chance * min(demand, quantity) for demand, chance in chances), Fraction(0))
    profit = paid * sold + left * (quantity - sold) - spent * quantity
    return DiscreteQuantity(simplified(quantity), simplified(ratio), simplified(profit))


def _distribution(pmf: Mapping[Figure, Statistic]) -> list[tuple[Fraction, Fraction]]:
    """Demands that have a probability, smallest first."""
    chances = {not_negative("demand", demand): _as_written(chance) for demand, chance in pmf.items()}
    if any(chance < 0 for chance in chances.values()):
        raise ValidationError.of("pmf", "has a negative probability; each must be 0 to 1")
    total = sum(chances.values(), Fraction(0))
    rounded = any(isinstance(chance, float) for chance in pmf.values()) and fsum(map(float, pmf.values())) == 1
    if total != 1 and not rounded:
        raise ValidationError.of("pmf", f"has probabilities that add up to {total}; they must add up to exactly 1")
    return sorted((demand, chance) for demand, chance in chances.items() if chance)


def _as_written(chance: Statistic) -> Fraction:
    value = statistic("pmf", chance)
    return Fraction(repr(value)) if isinstance(value, float) else value


def newsvendor_normal(
    mean: Statistic,
    sd: Statistic,
    *,
    under: Statistic,
    over: Statistic,
    price: Statistic | None = None,
    cost: Statistic | None = None,
) -> NormalQuantity:
    """The quantity that is enough with probability under / (under + over), for a normal demand.

    Silver, Pyke and Peterson 1998, Inventory Management and Production Planning and Scheduling, section 10.2. Never
    below 0.

    Args:
        under: what one unit too few costs, above 0; 0 makes nothing.
        over: what one unit too many costs, above 0.
        price, cost: of one unit; both are needed for the profit.

    Raises:
        ValidationError: a figure is not finite, the deviation is negative, or an amount is not above 0.
    """
    centre, spread = float(statistic("mean", mean)), float(statistic("sd", sd))
    missed, left = float(statistic("under", under)), float(statistic("over", over))
    if spread < 0:
        raise ValidationError.of("sd", f"is {sd}, but must not be negative")
    if missed < 0 or left <= 0:
        raise ValidationError.of("over" if left <= 0 else "under", "must be more than 0")
    ratio = missed / (missed + left)
    quantity = max(centre + spread * _STANDARD.inv_cdf(ratio), 0.0) if ratio and spread else max(centre, 0.0)
    if not ratio:
        quantity = 0.0
    lost = _expected_lost(centre, spread, quantity)
    profit = None
    if price is not None and cost is not None:
        margin = float(statistic("price", price)) - float(statistic("cost", cost))
        sold = centre - lost
        profit = margin * sold - left * (quantity - sold)
    return NormalQuantity(quantity, ratio, lost, profit)


def _expected_lost(mean: float, sd: float, quantity: float) -> float:
    if not sd:
        return max(mean - quantity, 0.0)
    z = (quantity - mean) / sd
    return sd * (_STANDARD.pdf(z) - z * (1 - _STANDARD.cdf(z)))


def quantity(
    history: Sequence[DaySold], weekday: int, *, price: Figure, cost: Figure, salvage: Figure = 0, grain: Figure = 1
) -> DailyQuantity:
    """What to make on a weekday, from what was sold: level x weekday factor x the quantile of the day-to-day factors.

    The level is the mean day. A weekday's factor is its mean over the level, shrunk to 1 as ``learning.shrink`` does
    by how much a weekday's days differ from each other; a weekday that was never open, or no second week, has 1. What
    is left of each day, of all weekdays together, is a factor; its quantile at the newsvendor's ratio is Kaplan and
    Meier's (1958, JASA 53), so that a sold-out day says only that the demand was at least this. Rounded up to the
    grain; it suggests, a person decides.

    Args:
        history: one entry per open day, in any order.
        weekday: 0 (Monday) to 6.
        grain: the smallest quantity that is made.

    Raises:
        ValidationError: there is no history, a quantity is negative or a float, or salvage is not below the cost.
    """
    if not history:
        raise ValidationError.of("history", "is empty; give at least one day")
    days = [(_weekday(day.weekday), not_negative("sold", day.sold), day.sold_out) for day in history]
    wanted, each = _weekday(weekday), exact("grain", grain)
    if each <= 0:
        raise ValidationError.of("grain", f"is {grain}, but must be more than 0")
    paid, spent, left = exact("price", price), exact("cost", cost), exact("salvage", salvage)
    if left >= spent:
        raise ValidationError.of("salvage", f"is {salvage}, but must be less than the cost, {cost}")
    ratio = max((paid - spent) / (paid - left), Fraction(0)) if spent < paid else Fraction(0)
    level = sum((sold for _, sold, _ in days), Fraction(0)) / len(days)
    factors = _weekday_factors(days, level)
    shares = [(sold / (level * factors[day]), out) for day, sold, out in days if level and factors[day]]
    factor = _quantile(shares, ratio) if ratio else Fraction(0)
    expected = level * factors[wanted]
    return DailyQuantity(
        simplified(round_up(expected * factor, each)),
        *(simplified(one) for one in (expected, level, factors[wanted], factor, ratio)),
    )


def _weekday(value: int) -> int:
    day = whole_number("weekday", value)
    if day > 6:
        raise ValidationError.of("weekday", f"is {value}, but must be 0 (Monday) to 6 (Sunday)")
    return day


def _weekday_factors(days: Sequence[tuple[int, Fraction, bool]], level: Fraction) -> list[Fraction]:
    """The mean of each weekday over the level, shrunk by how much its days differ from each other; 1 if unknown."""
    factors = [Fraction(1)] * 7
    seen: dict[int, list[Fraction]] = {}
    for day, sold, _ in days:
        seen.setdefault(day, []).append(sold)
    if not level or len(days) <= len(seen):
        return factors
    means = {day: sum(sold, Fraction(0)) / len(sold) for day, sold in seen.items()}
    spread = sum(((sold - means[day]) ** 2 for day, sold, _ in days), Fraction(0)) / (len(days) - len(seen))
    variance = spread * sum(Fraction(1, len(sold)) for sold in seen.values()) / len(seen)
    kept = Fraction(shrink(list(means.values()), variance).factor)
    for day, mean in means.items():
        factors[day] = 1 + kept * (mean / level - 1)
    return factors


def _quantile(shares: Sequence[tuple[Fraction, bool]], ratio: Fraction) -> Fraction:
    """The smallest factor that is enough with at least this probability; the largest seen if none is."""
    more = Fraction(1)
    ordered = sorted(shares, key=lambda share: (share[0], share[1]))
    for index, (share, sold_out) in enumerate(ordered):
        if not sold_out:
            more *= 1 - Fraction(1, len(ordered) - index)
            if 1 - more >= ratio:
                return share
    return ordered[-1][0] if ordered else Fraction(0)
