"""An accepted plan against what came of it: what was made, handed over and thrown away, and what is left to make."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal, TypedDict

from sqlalchemy import BigInteger, Select, case, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.units import MICRO, format_micros
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.planning.accepted import AcceptedLine, AcceptedPlanView, AcceptedSpan, load_accepted_plan

_run, _output, _packed = tables.production_run.c, tables.production_output.c, tables.assembly_run.c
_lot, _adjustment, _operation = tables.lot.c, tables.adjustment.c, tables.operation.c

WASTED = ("waste", "spoilage")
HANDED_OVER = (*sorted(TO_SOMEBODY), "return")
"""A return takes back what was handed over."""

_Line = tuple[date, int | None, int]
"""The day, the recipe (None for boxes) and the item of what is made."""
_Made = Mapping[_Line, Mapping[int, int]]
"""The millionths made in each lot."""


class ActualProduct(TypedDict):
    """What a line was to give of an item, and what became of what was made of it on the line's day.

    Only runs that were recorded after the plan was accepted count, as the plan knew of earlier ones. What was packed
    into boxes is handed over as boxes. All in the item's base unit; ``left_to_make`` is planned and not made yet.
    """

    item_id: int
    item_slug: str
    item_name: str
    unit: str
    planned: str
    made: str
    handed_over: str
    wasted: str
    left_to_make: str


class ActualLine(TypedDict):
    """A line of an accepted plan; it is begun when a run of it was recorded on its day, done when all of it is made."""

    line: int
    what: Literal["bake", "pack"]
    day: str
    recipe_id: int | None
    slug: str
    name: str
    batches: str
    state: Literal["planned", "begun", "done"]
    products: list[ActualProduct]


class PlanActual(AcceptedSpan):
    """An accepted plan with what came of it so far."""

    operation_id: str
    accepted_at: str
    lines: list[ActualLine]


def load_plan_actual(session: Session, plan_id: int) -> PlanActual:
    """An accepted plan with what was made on the days of its lines, and what became of that; five statements.

    Raises:
        AcceptedPlanNotFoundError: there is none with this number, or it was undone.
    """
    plan = load_accepted_plan(session, plan_id)
    house = load_bakery(session)
    made = _load_made(session, house, plan)
    became = _load_became(session, {lot_id for lots in made.values() for lot_id in lots if lot_id})
    return {
        "plan_id": plan["plan_id"],
        "since": plan["since"],
        "until": plan["until"],
        "operation_id": plan["operation_id"],
        "accepted_at": plan["accepted_at"],
        "lines": [_actual(line, made, became) for line in plan["lines"]],
    }


def _load_made(session: Session, house: BakeryInfo, plan: AcceptedPlanView) -> _Made:
    """What was made on the days of the plan and recorded since it was accepted; one statement."""
    begin = house.start_of(date.fromisoformat(plan["since"]))
    end = house.start_of(date.fromisoformat(plan["until"]) + timedelta(days=1))

    def counts(at: Any, operation_id: Any) -> tuple[Any, ...]:
        later = _operation.recorded_at > datetime.fromisoformat(plan["accepted_at"])
        return at >= begin, at < end, later, stands(operation_id)

    baked: Select[Any] = (
        select(
            _run.produced_at.label("at"),
            _run.recipe_id.label("recipe_id"),
            func.coalesce(_output.finished_unit_id, _run.finished_unit_id).label("item_id"),
            func.coalesce(_output.actual_yield_micros, _run.actual_yield_micros).label("micros"),
            case((_output.id.is_(None), _run.lot_id), else_=_output.lot_id).label("lot_id"),
        )
        .outerjoin(tables.production_output, _output.production_run_id == _run.id)
        .join(tables.operation, _operation.id == _run.operation_id)
        .where(*counts(_run.produced_at, _run.operation_id))
    )
    packed: Select[Any] = (
        select(
            _packed.assembled_at,
            cast(null(), BigInteger),
            _packed.finished_good_id,
            cast(_packed.quantity, BigInteger) * literal(MICRO),
            _packed.lot_id,
        )
        .join(tables.operation, _operation.id == _packed.operation_id)
        .where(*counts(_packed.assembled_at, _packed.operation_id))
    )
    made: defaultdict[_Line, dict[int, int]] = defaultdict(dict)
    for row in session.execute(union_all(baked, packed)):
        lots, lot_id = made[house.local_day(row.at), row.recipe_id, row.item_id], row.lot_id or 0
        lots[lot_id] = lots.get(lot_id, 0) + row.micros
    return made


def _load_became(session: Session, lot_ids: set[int]) -> dict[int, dict[str, int]]:
    """How much of these lots, and of the parts moved from them, was handed over and thrown away; one statement."""
    parts = select(_lot.id, _lot.id.label("made_as")).where(among(session, _lot.id, lot_ids)).cte(recursive=True)
    parts = parts.union_all(select(_lot.id, parts.c.made_as).join(parts, _lot.parent_lot_id == parts.c.id))
    rows = session.execute(
        select(parts.c.made_as, _adjustment.kind, cast(func.sum(_adjustment.quantity_micros), BigInteger).label("sum"))
        .join(tables.adjustment, _adjustment.lot_id == parts.c.id)
        .where(_adjustment.kind.in_((*WASTED, *HANDED_OVER)), stands(_adjustment.operation_id))
        .group_by(parts.c.made_as, _adjustment.kind)
    )
    became: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        became[row.made_as][row.kind] = -row.sum
    return became


def _actual(line: AcceptedLine, made: _Made, became: dict[int, dict[str, int]]) -> ActualLine:
    products: list[ActualProduct] = []
    is_begun, is_done = False, True
    for one in line["gives"]:
        lots = made.get((date.fromisoformat(line["day"]), line["recipe_id"], one["item_id"]), {})
        so_far, planned = sum(lots.values()), int(Fraction(one["quantity"]) * MICRO)
        is_begun, is_done = is_begun or bool(lots), is_done and so_far >= planned
        gone = [became.get(lot_id, {}) for lot_id in lots]
        products.append(
            {
                "item_id": one["item_id"],
                "item_slug": one["item_slug"],
                "item_name": one["item_name"],
                "unit": one["unit"],
                "planned": one["quantity"],
                "made": format_micros(so_far),
                "handed_over": format_micros(sum(each.get(kind, 0) for each in gone for kind in HANDED_OVER)),
                "wasted": format_micros(sum(each.get(kind, 0) for each in gone for kind in WASTED)),
                "left_to_make": format_micros(max(planned - so_far, 0)),
            }
        )
    return {
        "line": line["line"],
        "what": line["what"],
        "day": line["day"],
        "recipe_id": line["recipe_id"],
        "slug": line["slug"],
        "name": line["name"],
        "batches": line["batches"],
        "state": "done" if is_done else "begun" if is_begun else "planned",
        "products": products,
    }
