"""How many batches of which size: the best mix for a need, and which days to bake on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from math import ceil, lcm

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.planning.figures import (
    Exact,
    Figure,
    all_simplified,
    common_divisor,
    exact,
    not_negative,
    of_equal_length,
    positive,
    round_up,
    simplified,
)

Option = Figure | tuple[Figure, Figure]
"""What a batch yields, or that and what it costs."""

_Value = tuple[int, ...]
"""The cost, the number of batches, and the counts below zero: for the same total the smaller value is better."""


@dataclass(frozen=True, slots=True)
class BatchMix:
    """How many batches of each option, what they yield together, how much of it is over, and what it costs."""

    counts: tuple[int, ...]
    total: Exact
    over: Exact
    cost: Exact


@dataclass(frozen=True, slots=True)
class CutMix:
    """Batches of one dough for several units: the counts of each size, the dough needed and the dough over."""

    counts: tuple[int, ...]
    needed: Exact
    total: Exact
    over: Exact


@dataclass(frozen=True, slots=True)
class BakeDays:
    """How much to make in each period, and what that costs in set-ups and holding."""

    lots: tuple[Exact, ...]
    cost: Exact


def best_mix(need: Figure, options: Sequence[Option], *, waste_cost: Figure = 0) -> BatchMix:
    """The counts of batches that cover a need at the least cost, each unit over costing ``waste_cost``.

    Ties go to the least total, then the fewest batches, then more of the option listed first; with bare yields, which
    cost nothing, that is all: never short, least over, fewest batches.

    An integer dynamic programme over totals, in units of the yields' greatest common divisor (the unbounded knapsack
    problem: Kellerer, Pferschy and Pisinger 2004, Knapsack Problems, chapter 8). The option of the best ratio only
    fills up, and a total is passed over if a smaller one filled up is better; so the yields bound the number of
    totals, however large the need.

    Args:
        need: in the unit of the yields; 0 needs no batch.
        options: the yield of one batch, or (yield, cost).

    Raises:
        ValidationError: a figure is a float or negative, a yield is not above 0, or nothing can cover the need.
    """
    wanted = not_negative("need", need)
    yields, costs = _read(options)
    waste = not_negative("waste_cost", waste_cost)
    if not wanted:
        return BatchMix((0,) * len(yields), 0, 0, 0)
    if not yields:
        raise ValidationError.of("options", f"is empty, so that nothing can cover {need}; give at least one yield")
    unit = common_divisor(yields)
    sizes = [int(size / unit) for size in yields]
    scale = lcm(*(cost.denominator for cost in [*costs, waste * unit]))
    values = _values_of([int(cost * scale) for cost in costs])
    target = ceil(wanted / unit)
    over_cost = int(waste * unit * scale)
    filler = _best_ratio(sizes, values)
    best: tuple[int, int, _Value] | None = None
    for total, value in totals_to_consider(target, sizes, values):
        fill = max(-(-(target - total) // sizes[filler]), 0)
        filled, whole = _plus(value, values[filler], fill), total + fill * sizes[filler]
        found = (filled[0] + over_cost * (whole - target), whole, filled)
        best = found if best is None or found < best else best
    assert best is not None
    counts = tuple(-count for count in best[2][2:])
    total_made = best[1] * unit
    over = total_made - wanted
    cost = sum((count * each for count, each in zip(counts, costs, strict=True)), waste * over)
    return BatchMix(counts, simplified(total_made), simplified(over), simplified(cost))


def totals_to_consider(target: int, sizes: Sequence[int], values: Sequence[_Value]) -> Iterator[tuple[int, _Value]]:
    """Every total of batches without the option of the best ratio that may be part of the best mix, smallest first.

    A total is left out if a smaller one, filled up with that option, comes to the same total at a value no worse:
    whatever is added to both, the smaller one stays ahead.
    """
    filler = _best_ratio(sizes, values)
    others = [(size, value) for index, (size, value) in enumerate(zip(sizes, values, strict=True)) if index != filler]
    reached: dict[int, _Value] = {0: (0,) * len(values[0])}
    ahead: dict[int, tuple[int, _Value]] = {}
    heap = [0]
    while heap:
        total = heappop(heap)
        value = reached.pop(total)
        rest = total % sizes[filler]
        if rest in ahead:
            smaller, its_value = ahead[rest]
            if _plus(its_value, values[filler], (total - smaller) // sizes[filler]) <= value:
                continue
        ahead[rest] = total, value
        yield total, value
        if total >= target:
            continue
        for size, more in others:
            known, new = reached.get(total + size), _plus(value, more, 1)
            if known is None:
                heappush(heap, total + size)
            if known is None or new < known:
                reached[total + size] = new


def _read(options: Sequence[Option]) -> tuple[list[Fraction], list[Fraction]]:
    pairs = [option if isinstance(option, tuple | list) else (option, 0) for option in options]
    if any(len(pair) != 2 for pair in pairs):
        raise ValidationError.of("options", "must each be a yield, or a yield and its cost")
    yields = [positive("yield", size) for size, _ in pairs]
    return yields, [not_negative("cost", cost) for _, cost in pairs]


def _values_of(costs: Sequence[int]) -> list[_Value]:
    """The value of one batch of each option."""
    return [(cost, 1, *(-int(index == place) for place in range(len(costs)))) for index, cost in enumerate(costs)]


def _best_ratio(sizes: Sequence[int], values: Sequence[_Value]) -> int:
    """The option with the least cost, then the fewest batches, per unit."""
    return min(range(len(sizes)), key=lambda index: tuple(Fraction(part, sizes[index]) for part in values[index]))


def _plus(value: _Value, more: _Value, times: int) -> _Value:
    return tuple(one + times * other for one, other in zip(value, more, strict=True))


def batch_sizes(
    *, step: Figure = 1, smallest: Figure | None = None, largest: Figure | None = None
) -> tuple[Exact, ...]:
    """The sizes of one mix that a recipe allows, in batches, smallest first.

    Args:
        step: 1 for whole batches, 1/2 for halves, 1/4 for quarters.
        smallest: what the mixer still mixes; one step if left out.
        largest: what the mixer or oven holds; one whole batch, or the smallest mix, if left out.

    Raises:
        ValidationError: a figure is a float or not above 0, or no multiple of the step is within the limits.
    """
    each = positive("step", step)
    least = each if smallest is None else round_up(positive("smallest", smallest), each)
    most = max(Fraction(1), least) if largest is None else positive("largest", largest)
    sizes = [count * each for count in range(int(least / each), int(most / each) + 1)]
    if not sizes:
        raise ValidationError.of("largest", f"is {most}, but the smallest mix is {least}; allow at least that")
    return all_simplified(sizes)


def cut_from_one(
    needs: Sequence[Figure], per_batch: Sequence[Figure], sizes: Sequence[Figure] = (1,), *, together: bool = False
) -> CutMix:
    """The least dough that covers the needs of several units, in the fewest mixes.

    Args:
        needs: how many of each unit.
        per_batch: how many of each a whole batch gives, if it gives no other; all at once if ``together``.
        sizes: what one mix may be, in batches; as from ``batch_sizes``.
        together: whether the units come out of each batch together, rather than one instead of another.

    Raises:
        ValidationError: lengths differ, a figure is a float, a need is negative, or a yield or size is not above 0.
    """
    of_equal_length(needs=needs, per_batch=per_batch)
    parts = [not_negative("needs", need) / positive("per_batch", of) for need, of in zip(needs, per_batch, strict=True)]
    needed = max(parts, default=Fraction(0)) if together else sum(parts, Fraction(0))
    mix = best_mix(needed, tuple(sizes))
    return CutMix(mix.counts, simplified(needed), mix.total, mix.over)


def over_days(
    demands: Sequence[Figure],
    *,
    setup: Figure | Sequence[Figure | None],
    holding: Figure | Sequence[Figure],
    shelf_life: int | None = None,
) -> BakeDays:
    """The periods to bake in, and how much, at the least cost of set-ups and holding.

    Wagner and Whitin 1958, Dynamic Version of the Economic Lot Size Model, Management Science 5: there is a best
    plan in which each demand is baked in one period. Of equally good plans the one with the latest last batch, then
    the latest before it, is taken; a batch is never of 0.

    Args:
        demands: one figure per period.
        setup: of one batch; one figure, or one per period, None where nothing can be baked.
        holding: of one unit kept to the next period; one figure, or one per period.
        shelf_life: how many periods after its own a batch serves; 0 for the same period only, None for all.

    Raises:
        ValidationError: lengths differ, a figure is a float or negative, or a demand cannot be served by any batch.
    """
    wanted = [not_negative("demands", demand) for demand in demands]
    setups = [None if one is None else not_negative("setup", one) for one in _per_period("setup", setup, wanted)]
    kept = [not_negative("holding", one) for one in _per_period("holding", holding, wanted)]
    lasting = len(wanted) if shelf_life is None else shelf_life
    if isinstance(lasting, bool) or not isinstance(lasting, int) or lasting < 0:
        raise ValidationError.of("shelf_life", f"is {shelf_life!r}, but must be a whole number of periods, or None")
    costs: list[Fraction | None] = [Fraction(0)]
    begun: list[int | None] = []
    for last, demand in enumerate(wanted):
        cost, first = _cheapest(costs, last, lasting, wanted, setups, kept) if demand else (costs[last], None)
        costs.append(cost)
        begun.append(first)
    if costs[-1] is None:
        raise ValidationError.of("demands", f"cannot be served: {_unserved(costs)} is too far from any day to bake on")
    lots = [Fraction(0)] * len(wanted)
    last = len(wanted) - 1
    while last >= 0:
        first = begun[last]
        if first is not None:
            lots[first] = sum(wanted[first : last + 1], Fraction(0))
            last = first
        last -= 1
    return BakeDays(all_simplified(lots), simplified(costs[-1]))


def _per_period(
    field: str, figures: Figure | Sequence[Figure] | Sequence[Figure | None], demands: Sequence[Fraction]
) -> Sequence[Figure | None]:
    if isinstance(figures, Mapping | str) or not isinstance(figures, Sequence):
        return [simplified(exact(field, figures))] * len(demands)
    of_equal_length(demands=demands, **{field: figures})
    return figures


def _cheapest(
    costs: Sequence[Fraction | None],
    last: int,
    lasting: int,
    wanted: Sequence[Fraction],
    setups: Sequence[Fraction | None],
    kept: Sequence[Fraction],
) -> tuple[Fraction | None, int | None]:
    """The least cost of all demands up to ``last``, and the latest period of the batch that serves it at that cost."""
    best: tuple[Fraction | None, int | None] = None, None
    held, later = Fraction(0), Fraction(0)
    for first in range(last, max(last - lasting, 0) - 1, -1):
        if first < last:
            later += wanted[first + 1]
            held += kept[first] * later
        before, setup = costs[first], setups[first]
        if before is None or setup is None:
            continue
        cost = before + setup + held
        if best[0] is None or cost < best[0]:
            best = cost, first
    return best


def _unserved(costs: Sequence[Fraction | None]) -> str:
    return f"the demand of period {costs.index(None) - 1}"
