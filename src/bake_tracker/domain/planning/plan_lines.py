"""A plan that grows item by item: who is served by which lot, what is made, and what is short."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from bake_tracker.domain.planning.batches import cut_from_one
from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.figures import Exact, exact, not_negative, round_down, simplified
from bake_tracker.domain.planning.making import BatchProduct, Bought, Making, Packing, Way, items_from
from bake_tracker.domain.planning.shelf import FOREVER, StockLot, StockShelf, Supply, rank_of


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Something to make or pack: what, for which day, from which day on, in which mixes, and what it gives and takes.

    ``way`` is the recipe, or the item of a box. ``mixes`` has (size in batches, how many), ``batches`` their sum, or
    how many boxes. ``gives`` is what is expected to be good. It begins today where it should have begun before.
    """

    number: int
    way: Hashable
    is_packing: bool
    day: int
    begin: int
    should_begin: int
    mixes: tuple[tuple[Exact, int], ...]
    batches: Exact
    gives: Mapping[Hashable, Exact]
    takes: Mapping[Hashable, Exact]

    @property
    def is_late(self) -> bool:
        return self.begin > self.should_begin


@dataclass(frozen=True, slots=True)
class Peg:
    """A quantity of an item for a demand, from a lot or from a line of the plan.

    The demand of a line has ``source`` "line" and the line's number as ``ref``.
    """

    demand: Demand
    quantity: Exact
    lot: Hashable = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Unmet:
    """A quantity that a demand lacks: it is to be bought, or what is made would not keep long enough."""

    demand: Demand
    quantity: Exact
    why: Literal["buy", "keeps"]


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A quantity that nobody wants, of a lot or of a line: from which day it is there, and until when it is good."""

    item: Hashable
    quantity: Exact
    day: int
    until: int | None
    lot: Hashable = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class NetPlan:
    """The lines by number, every peg, what is short, and what is left of lots and lines.

    The demands of pegs and of what is short have the days that were planned for, none before today.
    """

    lines: tuple[PlanLine, ...]
    pegs: tuple[Peg, ...]
    unmet: tuple[Unmet, ...]
    left: tuple[LeftOver, ...]


class Netting:
    """A plan in the making; ``meet`` is called for each way to supply items, after all that take from them."""

    def __init__(self, lots: Iterable[StockLot], today: int | None, drawn_in: Fraction) -> None:
        self._today = today
        self._drawn_in = drawn_in
        self._demands: defaultdict[Hashable, list[Demand]] = defaultdict(list)
        self._supplies: defaultdict[Hashable, list[Supply]] = defaultdict(list)
        self._lines: list[PlanLine] = []
        self._pegs: list[Peg] = []
        self._unmet: list[Unmet] = []
        self._left: list[tuple[Hashable, Supply]] = []
        for lot in lots:
            quantity = not_negative("quantity", lot.quantity)
            if not lot.held and quantity:
                until = FOREVER if lot.until is None else lot.until
                self._supplies[lot.item].append(Supply(until, lot.day, rank_of(lot.ref), quantity, lot.ref))

    def add(self, demand: Demand) -> None:
        """Take up a demand."""
        if not_negative("quantity", demand.quantity):
            not_negative("keeps", demand.keeps)
            self._demands[demand.item].append(replace(demand, day=self._not_before_today(demand.day)))

    def items(self) -> list[Hashable]:
        """The items that are wanted or on hand so far."""
        return sorted({*self._demands, *self._supplies}, key=rank_of)

    def meet(self, way: Way, taken: Mapping[Hashable, Fraction]) -> None:
        """Serve all that is wanted of the items of one way, day by day, and take up what that takes in turn."""
        shelves = {item: StockShelf(self._supplies[item]) for item in items_from(way)}
        days: defaultdict[int, list[Demand]] = defaultdict(list)
        for item in shelves:
            for demand in self._demands[item]:
                days[demand.day].append(demand)
        for day in sorted(days):
            missing: list[tuple[Demand, Fraction]] = []
            for demand in sorted(days[day], key=_turn):
                if rest := self._serve(demand, shelves[demand.item]):
                    missing.append((demand, rest))
            if missing:
                self._supply(way, day, missing, taken, shelves)
        for item, shelf in shelves.items():
            self._left += [(item, supply) for supply in shelf.left()]

    def found(self) -> NetPlan:
        """The plan as it stands."""
        left = [
            LeftOver(
                item,
                simplified(supply.quantity),
                supply.day,
                None if supply.until == FOREVER else supply.until,
                supply.lot,
                supply.line,
            )
            for item, supply in self._left
        ]
        return NetPlan(tuple(self._lines), tuple(self._pegs), tuple(self._unmet), tuple(left))

    def _serve(self, demand: Demand, shelf: StockShelf) -> Fraction:
        rest = exact("quantity", demand.quantity)
        for supply, quantity in shelf.take(rest, demand.day, demand.keeps):
            self._pegs.append(Peg(demand, simplified(quantity), supply.lot, supply.line))
            rest -= quantity
        return rest

    def _supply(
        self,
        way: Way,
        day: int,
        missing: Sequence[tuple[Demand, Fraction]],
        taken: Mapping[Hashable, Fraction],
        shelves: Mapping[Hashable, StockShelf],
    ) -> None:
        if isinstance(way, Bought):
            self._unmet += [Unmet(demand, simplified(quantity), "buy") for demand, quantity in missing]
        elif isinstance(way, Packing):
            for demand, quantity in missing:
                self._pack(way, demand, quantity, taken)
        else:
            keeping = {product.item: product.keeps for product in way.products}
            fresh: list[tuple[Demand, Fraction]] = []
            for demand, quantity in missing:
                if _is_within(demand.keeps, keeping[demand.item]):
                    fresh.append((demand, quantity))
                else:
                    self._unmet.append(Unmet(demand, simplified(quantity), "keeps"))
            if fresh:
                self._bake(way, day, fresh, taken, shelves)

    def _pack(self, way: Packing, demand: Demand, quantity: Fraction, taken: Mapping[Hashable, Fraction]) -> None:
        """Pack for one demand; its parts must keep as long as the box."""
        takes = {item: each * quantity for item, each in taken.items()}
        gives = {way.item: simplified(quantity)}
        number = self._begin(way.item, True, demand.day, way.lead, (), quantity, gives, takes, demand, demand.keeps)
        self._pegs.append(Peg(demand, simplified(quantity), line=number))

    def _bake(
        self,
        way: Making,
        day: int,
        missing: Sequence[tuple[Demand, Fraction]],
        taken: Mapping[Hashable, Fraction],
        shelves: Mapping[Hashable, StockShelf],
    ) -> None:
        """Bake the day's batches, for all demands of all products."""
        wanted: defaultdict[Hashable, Fraction] = defaultdict(Fraction)
        for demand, quantity in missing:
            wanted[demand.item] += quantity
        good = exact("good", way.good)
        needs = [wanted[product.item] / good for product in way.products]
        cut = cut_from_one(needs, [one.per_batch for one in way.products], way.sizes, together=way.together)
        over = _left_of_batches(way, wanted, Fraction(cut.total), Fraction(cut.over) * good)
        mixes = tuple((simplified(exact("sizes", size)), n) for size, n in zip(way.sizes, cut.counts, strict=True) if n)
        gives = {
            product.item: simplified(wanted[product.item] + over[product.item])
            for product in way.products
            if wanted[product.item] or over[product.item]
        }
        takes = {item: each * Fraction(cut.total) for item, each in taken.items()}
        number = self._begin(
            way.recipe, False, day, way.lead, mixes, Fraction(cut.total), gives, takes, missing[0][0], 0
        )
        self._pegs += [Peg(demand, simplified(quantity), line=number) for demand, quantity in missing]
        for product in way.products:
            if quantity := over[product.item]:
                until = FOREVER if product.keeps is None else day + product.keeps
                shelves[product.item].add(Supply(until, day, rank_of(number), quantity, line=number))

    def _begin(
        self,
        name: Hashable,
        is_packing: bool,
        day: int,
        lead: int,
        mixes: tuple[tuple[Exact, int], ...],
        batches: Fraction,
        gives: Mapping[Hashable, Exact],
        takes: Mapping[Hashable, Fraction],
        first: Demand,
        keeps: int,
    ) -> int:
        number, begin = len(self._lines), self._not_before_today(day - lead)
        drawn = {item: round_down(quantity, self._drawn_in) for item, quantity in takes.items()}
        used = {item: simplified(quantity) for item, quantity in drawn.items() if quantity}
        line = PlanLine(number, name, is_packing, day, begin, day - lead, mixes, simplified(batches), gives, used)
        self._lines.append(line)
        for item, quantity in used.items():
            keeping = keeps + day - begin if is_packing else 0
            self.add(Demand(number, item, begin, quantity, "line", first.minute, first.number, keeping))
        return number

    def _not_before_today(self, day: int) -> int:
        return day if self._today is None else max(day, self._today)


def _turn(demand: Demand) -> tuple[object, ...]:
    """Due time, order number, and what else makes the order of entry not matter."""
    return demand.minute, demand.number, demand.keeps, rank_of(demand.ref)


def _is_within(days: int, keeps: int | None) -> bool:
    return keeps is None or days <= keeps


def _left_of_batches(
    way: Making, wanted: Mapping[Hashable, Fraction], batches: Fraction, over: Fraction
) -> dict[Hashable, Fraction]:
    """What the batches give beyond what is wanted.

    Alternatives: the dough that is over is cut as the product that takes most of it.
    """
    if way.together:
        good = exact("good", way.good)
        return {
            one.item: _in_grains(one, batches * good * Fraction(one.per_batch) - wanted[one.item])
            for one in way.products
        }
    most = max(way.products, key=lambda one: wanted[one.item] / Fraction(one.per_batch))
    return {
        one.item: _in_grains(one, over * Fraction(one.per_batch)) if one is most else Fraction(0)
        for one in way.products
    }


def _in_grains(product: BatchProduct, quantity: Fraction) -> Fraction:
    return round_down(quantity, Fraction(product.grain))
