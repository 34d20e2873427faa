"""What a plan is worked out from, in a fixed number of statements: orders, purchase orders, lots, recipes and runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.planning.accepting import code_of_inputs
from bake_tracker.domain.planning.batches import batch_sizes
from bake_tracker.domain.planning.demand import Demand, topped_up
from bake_tracker.domain.planning.figures import Exact
from bake_tracker.domain.planning.learning import shrunk_rates
from bake_tracker.domain.planning.making import items_from
from bake_tracker.domain.planning.pars import par_demands
from bake_tracker.domain.planning.requirements import NetPlan, StockLot, net
from bake_tracker.domain.planning.ways import MadeBy, Ways, id_of, ways_to_make
from bake_tracker.domain.recipes.quantities import Item, Mix, Recipe, mixes_of
from bake_tracker.domain.units import MICRO
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo
from bake_tracker.queries.buying.standing import load_on_order
from bake_tracker.queries.catalog.definitions import ITEM_COLUMNS, as_item
from bake_tracker.queries.catalog.whole import load_all_goods, load_all_recipes
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.orders.standing import is_in_force
from bake_tracker.queries.planning.repeated import load_repeated
from bake_tracker.queries.planning.shelf import load_pars, load_sold_at_counter

ON_ORDER = "purchase order"
"""The first part of the reference of what is on order; its number is the second."""

RECORDED_DAYS = 180
"""For how many days back the yields of runs say how much of a recipe's output is good."""

_version, _line, _run = tables.order_version, tables.order_line, tables.production_run


@dataclass(frozen=True, slots=True)
class BatchOption:
    """Into how many parts a batch may be divided, and the smallest and largest mix in batches."""

    parts: int
    smallest: Fraction | None
    largest: Fraction | None

    @property
    def sizes(self) -> tuple[Exact, ...]:
        return batch_sizes(step=Fraction(1, self.parts), smallest=self.smallest, largest=self.largest)


@dataclass(frozen=True, slots=True)
class WantedFor:
    """Who wants the goods of a demand, and when; ``par_micros`` is what the shelf wants of that day in all."""

    order_id: int | None
    recipient: str | None
    event: str | None
    due_on: date
    due_time: str | None
    par_micros: int | None = None
    standing_order_id: int | None = None


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """Everything that a plan up to a day rests on, in millionths; ``wanted_for`` is by the reference of a demand.

    ``codes`` are of lots; ``unusable`` is on hand of an item, but expired or on hold.
    """

    house: BakeryInfo
    today: date
    demands: tuple[Demand, ...]
    wanted_for: Mapping[Any, WantedFor]
    items: Mapping[int, Item]
    made_by: MadeBy
    ways: Ways
    lots: tuple[StockLot, ...]
    codes: Mapping[int, str]
    unusable: Mapping[int, int]

    def code(self, since: date, until: date) -> str:
        """A code that changes when anything changes that the lines of a plan for these days rest on."""
        on_hand, coming = ([one for one in self.lots if isinstance(one.ref, tuple) is so] for so in (False, True))
        days = self.today, since, until
        return code_of_inputs(days, self.demands, self.ways, tuple(on_hand), self.unusable, tuple(coming))

    def netted(self) -> NetPlan:
        """The plan."""
        return net(
            self.demands,
            self.lots,
            makings=self.ways.makings,
            packings=self.ways.packings,
            today=self.today.toordinal(),
            drawn_in=1,
        )


def load_plan_inputs(session: Session, house: BakeryInfo, today: date, until: date) -> PlanInputs:
    """Load what is wanted until a day, and what it can be made from; nineteen statements."""
    ordered, wanted_for, items = _load_ordered(session, until)
    repeated, repeated_for, of_repeated = _load_repeated(session, today, until)
    wanted_for |= repeated_for
    items |= of_repeated
    pars, on_shelf = load_pars(session)
    sold = load_sold_at_counter(session, house, today)
    shelf = list(par_demands(pars, today.toordinal(), until.toordinal(), sold))
    levels = {one.ref: one for one in shelf}
    demands = topped_up((*ordered, *repeated), shelf)
    wanted_for |= {
        one.ref: WantedFor(None, None, None, date.fromordinal(one.day), None, _micros(levels[one.ref]))
        for one in demands
        if one.source == "par"
    }
    items |= on_shelf
    recipes = load_all_recipes(session)
    goods = load_all_goods(session)
    for good in goods:
        items |= {part.item.item_id: part.item for part in good.components}
        items[good.item.item_id] = good.item
    for recipe in recipes:
        items |= {item_id: item for item_id, (item, _) in recipe.makes.items()}
    for recipe in recipes[:1]:  # each has the lines of all recipes
        for lines in recipe.lines_by_recipe.values():
            items |= {line.item.item_id: line.item for line in lines if line.item}
    made_by = MadeBy(
        {recipe.recipe_id: recipe for recipe in recipes},
        {good.item.item_id: {part.item.item_id: part.quantity_micros for part in good.components} for good in goods},
        latest=_load_latest_runs(session),
        good=_load_good_rates(session, house.start_of(today - timedelta(days=RECORDED_DAYS))),
        sizes={recipe_id: option.sizes for recipe_id, option in load_batch_options(session).items()},
    )
    wanted = {id_of(demand.item) for demand in demands}
    ways = ways_to_make(wanted, made_by)
    needed = wanted.union(*(map(id_of, (*way.takes, *items_from(way))) for way in ways.makings))
    needed.update(*(map(id_of, box.parts) for box in ways.packings))
    planned = [made_by.recipes[id_of(way.recipe)] for way in ways.makings]
    lots, codes, unusable = _load_lots(session, needed, today, planned)
    lots += _load_coming(session, today, {key: items[key] for key in needed})
    return PlanInputs(house, today, demands, wanted_for, items, made_by, ways, lots, codes, unusable)


def _load_ordered(session: Session, until: date) -> tuple[tuple[Demand, ...], dict[Any, WantedFor], dict[int, Item]]:
    """What is left to hand over of orders that are due by the day, overdue ones too; one statement."""
    over, over_line = tables.hand_over, tables.hand_over_line
    given = (
        select(cast(func.coalesce(func.sum(over_line.c.quantity_micros), 0), BigInteger))
        .join(over, over.c.id == over_line.c.hand_over_id)
        .where(over.c.order_id == _version.c.order_id, over_line.c.line == _line.c.line, stands(over.c.operation_id))
        .correlate(_version, _line)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            _version.c.order_id,
            _version.c.due_on,
            _version.c.due_time,
            _line.c.line,
            (_line.c.quantity_micros - given).label("left_micros"),
            tables.recipient.c.name.label("recipient"),
            tables.event.c.name.label("event"),
            *ITEM_COLUMNS,
        )
        .join(_line, _line.c.order_version_id == _version.c.id)
        .join(tables.item, tables.item.c.id == _line.c.item_id)
        .outerjoin(tables.recipient, tables.recipient.c.id == _version.c.recipient_id)
        .outerjoin(tables.event, tables.event.c.id == _version.c.event_id)
        .where(is_in_force(), _version.c.status == "ordered", _version.c.due_on <= until)
        .order_by(_version.c.order_id, _line.c.line)
    )
    demands: list[Demand] = []
    wanted_for: dict[Any, WantedFor] = {}
    items: dict[int, Item] = {}
    for row in rows:
        if row.left_micros > 0:
            ref = (row.order_id, row.line)
            minute = _minute(row.due_time)
            day = row.due_on.toordinal()
            demands.append(Demand(ref, row.id, day, row.left_micros, minute=minute, number=row.order_id))
            wanted_for[ref] = WantedFor(row.order_id, row.recipient, row.event, row.due_on, row.due_time)
            items[row.id] = as_item(row)
    return tuple(demands), wanted_for, items


def _load_repeated(
    session: Session, today: date, until: date
) -> tuple[list[Demand], dict[Any, WantedFor], Mapping[int, Item]]:
    """What standing orders want until the day, where no order was taken for theirs; six statements."""
    days, items = load_repeated(session, today, until)
    demands: list[Demand] = []
    wanted_for: dict[Any, WantedFor] = {}
    for one in days:
        number, minute = one.order.standing_order_id, _minute(one.order.due_time)
        who = WantedFor(None, one.recipient, None, one.day, one.order.due_time, standing_order_id=number)
        for line in one.order.lines:
            ref, day = one.ref_of(line), one.day.toordinal()
            demands.append(
                Demand(ref, line.item_id, day, line.quantity_micros, "standing", minute=minute, number=number)
            )
            wanted_for[ref] = who
    return demands, wanted_for, items


def _micros(demand: Demand) -> int:
    return int(Fraction(demand.quantity))


def _minute(due_time: str | None) -> int:
    """The minute of the day; what is due at any time of a day comes last."""
    if due_time is None:
        return 24 * 60
    hours, minutes = due_time.split(":")
    return int(hours) * 60 + int(minutes)


def _load_latest_runs(session: Session) -> dict[int, int]:
    """The number of each recipe's latest run; one statement."""
    latest = (
        select(func.max(_run.c.id))
        .where(_run.c.recipe_id == tables.recipe.c.id, stands(_run.c.operation_id))
        .correlate(tables.recipe)
        .scalar_subquery()
    )
    rows = session.execute(select(tables.recipe.c.id, latest.label("run_id")))
    return {row.id: row.run_id for row in rows if row.run_id is not None}


def _load_good_rates(session: Session, since: datetime) -> dict[int, Fraction]:
    """The part of each recipe's output that was good lately, by piece, or by batch if it is weighed; one statement."""
    is_counted = tables.item.c.base_unit == "each"
    rows = session.execute(
        select(
            _run.c.recipe_id,
            is_counted.label("is_counted"),
            *(
                cast(func.sum(column), BigInteger).label(column.name)
                for column in (_run.c.actual_yield_micros, _run.c.expected_yield_micros, _run.c.num_batches)
            ),
        )
        .join(tables.item, tables.item.c.id == _run.c.finished_unit_id)
        .where(_run.c.produced_at >= since, stands(_run.c.operation_id))
        .group_by(_run.c.recipe_id, is_counted)
    )
    records: dict[int, tuple[Fraction, Fraction]] = {}
    for row in rows:
        if not row.expected_yield_micros:
            continue
        planned = Fraction(row.expected_yield_micros, MICRO) if row.is_counted else Fraction(row.num_batches)
        good = planned * Fraction(row.actual_yield_micros, row.expected_yield_micros)
        before = records.get(row.recipe_id, (Fraction(0), Fraction(0)))
        records[row.recipe_id] = before[0] + min(good, planned), before[1] + planned
    return {recipe_id: rate for recipe_id, rate in shrunk_rates(records).items() if rate}


def load_batch_options(session: Session) -> dict[int, BatchOption]:
    """What one mix of a recipe may be, by recipe; one statement."""
    rows = session.execute(select(tables.recipe_batch))
    return {row.recipe_id: BatchOption(row.parts, row.smallest, row.largest) for row in rows}


def _load_lots(
    session: Session, item_ids: Collection[int], today: date, recipes: Sequence[Recipe]
) -> tuple[tuple[StockLot, ...], dict[int, str], dict[int, int]]:
    """What is on hand of these items, with the codes of the lots, and what of it cannot be used; one statement."""
    lot = tables.lot.c
    rows = session.execute(
        select(lot.id, lot.item_id, lot.code, lot.remaining_micros, lot.received_on, lot.usable_until, lot.on_hold)
        .add_columns(lot.g_per_ml, lot.g_per_each)
        .where(lot.remaining_micros > 0, among(session, lot.item_id, item_ids))
        .order_by(lot.id)
    ).all()
    weighed = {row.item_id for row in rows if row.g_per_ml is not None or row.g_per_each is not None}
    mixes = [mix for recipe in recipes for mix in mixes_of(recipe, Fraction(1)).items()] if weighed else []
    lots: list[StockLot] = []
    unusable: dict[int, int] = {}
    for row in rows:
        if row.on_hold or (row.usable_until is not None and row.usable_until < today):
            unusable[row.item_id] = unusable.get(row.item_id, 0) + row.remaining_micros
            continue
        until = None if row.usable_until is None else row.usable_until.toordinal()
        quantity = _counting(row, mixes) if row.item_id in weighed else row.remaining_micros
        lots.append(StockLot(row.id, row.item_id, quantity, row.received_on.toordinal(), until))
    return tuple(lots), {row.id: row.code for row in rows}, unusable


def _load_coming(session: Session, today: date, items: Mapping[int, Item]) -> tuple[StockLot, ...]:
    """What is on order with suppliers, from the day it should come; what is overdue may come today; one statement."""
    lots: list[StockLot] = []
    for one in load_on_order(session):
        if item := items.get(one.item_id):
            day = max(today, one.wanted_on).toordinal()
            until = None if item.shelf_life_days is None else day + item.shelf_life_days
            ref = ON_ORDER, one.purchase_order_id, one.product_id
            lots.append(StockLot(ref, one.item_id, one.quantity_micros, day, until))
    return tuple(lots)


def _counting(row: Any, mixes: Sequence[tuple[int, Mix]]) -> int:
    """For how much a lot counts that weighs less than its item does, by the recipe that it serves worst."""
    parts = [Fraction(1)]
    for item_id, mix in mixes:
        if item_id == row.item_id:
            parts.append(mix.in_lot(None, None) / mix.in_lot(row.g_per_ml, row.g_per_each))
    return int(row.remaining_micros * min(parts))
