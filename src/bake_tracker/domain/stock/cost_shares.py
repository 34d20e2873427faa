"""Trace the cost of a lot to receipts: how much of each receipt is in it, and what that cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Input:
    """What was taken from a lot, in millionths; ``cost_micros`` is None if the lot's cost is unknown."""

    lot_id: int
    quantity_micros: int
    cost_micros: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A lot and its inputs; a receipt has none. ``kept`` is the part of the inputs that was not lost."""

    lot_id: int
    quantity_micros: int
    cost_micros: int | None
    inputs: Sequence[Input] = ()
    kept: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a receipt is in the lot, in exact millionths."""

    lot_id: int
    quantity_micros: Fraction
    cost_micros: Fraction | None


def shares_of_receipts(root: int, sources: Mapping[int, Source]) -> list[Share]:
    """Every receipt that went into a lot, each once, even if it went in by several routes.

    Losses are not in the lot, and neither is their cost. The known costs add up to the cost of the lot exactly:
    shares of cost follow the posted costs, shares of quantity the quantities.
    """
    weights: defaultdict[int, tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    weights[root] = Fraction(1), Fraction(1)
    shares: list[Share] = []
    for lot_id in _makers_first(root, sources):
        source = sources[lot_id]
        of_quantity, of_cost = weights[lot_id]
        if not source.inputs:
            cost = None if source.cost_micros is None else of_cost * source.cost_micros
            shares.append(Share(lot_id, of_quantity * source.quantity_micros, cost))
            continue
        kept = kept_cost(source)
        for taken in source.inputs:
            below = sources[taken.lot_id]
            part = Fraction(taken.quantity_micros, below.quantity_micros)
            has_cost = taken.cost_micros is not None and below.cost_micros
            part_of_cost = Fraction(taken.cost_micros or 0, below.cost_micros or 1) if has_cost else part
            quantity_so_far, cost_so_far = weights[taken.lot_id]
            weights[taken.lot_id] = (
                quantity_so_far + of_quantity * source.kept * part,
                cost_so_far + of_cost * kept * part_of_cost,
            )
    return shares


def kept_cost(source: Source) -> Fraction:
    """The part of its inputs' cost that is in a lot; the rest was lost."""
    costs = [taken.cost_micros for taken in source.inputs]
    total = sum(cost for cost in costs if cost is not None)
    if source.cost_micros is None or None in costs or total == 0:
        return source.kept
    return Fraction(source.cost_micros, total)


def _makers_first(root: int, sources: Mapping[int, Source]) -> list[int]:
    """Every lot below ``root``, each after everything made from it; no recursion, so depth has no limit."""
    finished: list[int] = []
    seen = {root}
    stack = [(root, iter(sources[root].inputs))]
    while stack:
        lot_id, inputs = stack[-1]
        taken = next(inputs, None)
        if taken is None:
            stack.pop()
            finished.append(lot_id)
        elif taken.lot_id not in seen:
            seen.add(taken.lot_id)
            stack.append((taken.lot_id, iter(sources[taken.lot_id].inputs)))
    return finished[::-1]
