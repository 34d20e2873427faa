"""Costs stated after a lot was received: where they are passed on to, conserved to the millionth.

A lot's change goes to everything that left it and to what remains, by quantity; from there through the lots made of it,
in the order in which they were made. Ids rise along every chain from a lot to the lots made of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bake_tracker.domain.stock.costing import split_cost
from bake_tracker.domain.stock.outputs import divide


@dataclass(frozen=True, slots=True)
class Taken:
    """What an operation took from a lot, in millionths above 0; ``cost_micros`` is as known now, 0 if unknown."""

    movement_id: int
    operation_id: str
    lot_id: int
    quantity_micros: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Costed:
    """A lot: the movement that brought it, its cost as known now, and what is left, in millionths.

    While ``is_known`` is false, ``cost_micros`` and ``held_micros`` are what statements have said so far.
    """

    lot_id: int
    movement_id: int
    made_by: str
    is_known: bool
    cost_micros: int
    remaining_micros: int
    held_micros: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back to a lot after a movement took it, in millionths above 0, as if it had never been taken.

    A customer brought it back, or it corrects a count that had seen what was taken.
    """

    movement_id: int
    of_movement_id: int
    quantity_micros: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Part:
    """A product of an operation: its lot, None if nothing came out, its share, and the yield planned and reached."""

    lot_id: int | None
    share: Fraction
    expected_micros: int
    actual_micros: int


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What an operation took in all, the lots among that whose cost is unknown, and what it made, in order."""

    taken: Sequence[Taken]
    unknown_lots: frozenset[int]
    products: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Restated:
    """A signed change to the cost of a movement; a draw's cost is below 0, so it falls when the draw costs more."""

    movement_id: int
    lot_id: int
    cost_micros: int


@dataclass(slots=True)
class PassedOn:
    """Where a change went: to movements, to what is left of each lot, and which lots now have a known cost."""

    restated: list[Restated] = field(default_factory=list)
    on_hand: dict[int, int] = field(default_factory=dict)
    known_since: set[int] = field(default_factory=set)


def shares(change: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Divide a change by weight, by largest remainder, ties to the earlier part.

    A change below 0 takes no more than ``most`` from any part; together these must be enough.
    """
    total, amount = sum(weights), abs(change)
    if not amount:
        return [0] * len(weights)
    assert total > 0
    down = [divmod(amount * weight, total) for weight in weights]
    limits = most if change < 0 else [amount] * len(weights)
    parts = [min(whole, limit) for (whole, _), limit in zip(down, limits, strict=True)]
    missing = amount - sum(parts)
    for place in sorted(range(len(parts)), key=lambda place: -down[place][1]):
        if missing and parts[place] < limits[place]:
            parts[place] += 1
            missing -= 1
    for place, limit in enumerate(limits):  # only if a part has less than its share, by an earlier rounding
        more = min(missing, limit - parts[place])
        parts[place] += more
        missing -= more
    assert not missing, "the parts hold less than is taken from them"
    return parts if change > 0 else [-part for part in parts]


def pass_on(
    changes: Mapping[int, int],
    lots: Mapping[int, Costed],
    taken: Iterable[Taken],
    operations: Mapping[str, MadeOf],
    returned: Iterable[Returned] = (),
) -> PassedOn:
    """Pass these changes of lots on; the cost of a lot named here is known from now on.

    ``lots`` has every lot made from one of these, ``taken`` everything that left them, in order, ``returned``
    what came back of it, and ``operations`` what those took in all. A lot whose inputs are not all known keeps its cost
    until they are.
    """
    left: defaultdict[int, list[Taken]] = defaultdict(list)
    for drawn in taken:
        left[drawn.lot_id].append(drawn)
    back: defaultdict[int, list[Returned]] = defaultdict(list)
    for some in returned:
        back[some.of_movement_id].append(some)
    more: defaultdict[str, int] = defaultdict(int)
    known: set[int] = set()
    found = PassedOn()
    for lot_id in sorted(lots):
        lot = lots[lot_id]
        made_of = operations.get(lot.made_by)
        change = changes.get(lot_id, 0)
        if made_of:
            change += _output_change(lot, made_of, more[lot.made_by])
        is_known = lot.is_known or lot_id in changes or (made_of is not None and made_of.unknown_lots <= known)
        is_new = is_known and not lot.is_known
        if is_new:
            known.add(lot_id)
            found.known_since.add(lot_id)
        if change or is_new or lot_id in changes:
            found.restated.append(Restated(lot.movement_id, lot_id, change))
        to_pass = change if lot.is_known else lot.cost_micros + change if is_known else 0
        left_it = [_outflow(one, back[one.movement_id]) for one in left[lot_id]]
        parts = shares(
            to_pass,
            [*(one.quantity_micros for one in left_it), lot.remaining_micros],
            [*(one.cost_micros for one in left_it), lot.held_micros],
        )
        whole = sum(one.quantity_micros for one in left_it) + lot.remaining_micros
        for one, kept in zip(left_it, parts, strict=False):
            part = kept
            for some in one.returned:
                came_back = _scaled(to_pass, some, whole)
                part += came_back
                if came_back or is_new:
                    found.restated.append(Restated(some.movement_id, lot_id, came_back))
            more[one.taken.operation_id] += part
            if part or is_new:
                found.restated.append(Restated(one.taken.movement_id, lot_id, -part))
        on_hand = change - sum(parts[:-1])
        if on_hand:
            found.on_hand[lot_id] = on_hand
    return found


@dataclass(frozen=True, slots=True)
class _Outflow:
    """What was taken, and what of it did not come back."""

    taken: Taken
    returned: Sequence[Returned]
    quantity_micros: int
    cost_micros: int


def _outflow(taken: Taken, returned: Sequence[Returned]) -> _Outflow:
    quantity = taken.quantity_micros - sum(one.quantity_micros for one in returned)
    return _Outflow(taken, returned, quantity, taken.cost_micros - sum(one.cost_micros for one in returned))


def _scaled(change: int, some: Returned, whole_micros: int) -> int:
    """What a change of a whole lot adds to the cost of what came back, rounded down; not below 0."""
    size = abs(change) * some.quantity_micros // whole_micros
    return size if change > 0 else -min(size, some.cost_micros)


def _output_change(lot: Costed, made_of: MadeOf, more: int) -> int:
    """The change of a product's cost when its inputs cost ``more``; every loss takes its share."""
    if not more and lot.is_known:
        return 0
    place, part = next((place, part) for place, part in enumerate(made_of.products) if part.lot_id == lot.lot_id)
    total = divide(sum(one.cost_micros for one in made_of.taken) + more, [one.share for one in made_of.products])[place]
    output = split_cost(total, part.expected_micros, part.actual_micros).output_micros
    assert output is not None
    return output - lot.cost_micros


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A lot that came in without a cost; ``made_of`` is empty for a receipt, ``is_stated`` if a statement gave it."""

    lot_id: int
    is_stated: bool
    made_of: frozenset[int]


def unknown_among(unpriced: Iterable[Unpriced], unknown: Iterable[int] = ()) -> set[int]:
    """The lots whose cost is unknown: receipts whose cost nobody stated, and everything made from them.

    ``unpriced`` is in order of id; ``unknown`` has other lots whose cost is unknown.
    """
    found, others = set[int](), set(unknown)
    for lot in unpriced:
        is_unknown = any(one in found or one in others for one in lot.made_of) if lot.made_of else not lot.is_stated
        if is_unknown:
            found.add(lot.lot_id)
    return found
