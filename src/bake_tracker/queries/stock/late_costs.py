"""Everything that a cost stated later is passed on to, and the lots whose cost nobody stated."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.stock.late_costs import Costed, MadeOf, Part, Returned, Taken, Unpriced
from bake_tracker.models import tables
from bake_tracker.models.ledger import movements
from bake_tracker.queries.many_keys import among
from bake_tracker.queries.operations.costs import integer_sum, restated
from bake_tracker.queries.operations.reversal import stands
from bake_tracker.queries.stock.trace import trace_forward


@dataclass(frozen=True, slots=True)
class Graph:
    """These lots and all made of them, what left them and came back, and the operations that made them."""

    lots: Mapping[int, Costed]
    taken: list[Taken]
    returned: list[Returned]
    operations: Mapping[str, MadeOf]
    item_ids: set[int]


def load_graph(session: Session, lot_ids: Collection[int]) -> Graph:
    """Everything that these lots passed into and that was not undone, at any depth; six statements."""
    edges = trace_forward(session, *lot_ids)
    made = {edge.into_lot_id: edge.operation_id for edge in edges if edge.into_lot_id is not None}
    lots, item_ids = _load_lots(session, {*lot_ids, *made})
    operation_ids = {edge.operation_id for edge in edges}
    taken: defaultdict[str, list[Taken]] = defaultdict(list)
    unknown: defaultdict[str, set[int]] = defaultdict(set)
    for row in _load_taken(session, operation_ids):
        cost = -(row.cost_micros or 0) - (row.restated or 0)
        taken[row.operation_id].append(Taken(row.id, row.operation_id, row.lot_id, -row.quantity_micros, cost))
        if row.remaining_cost_micros is None:
            unknown[row.operation_id].add(row.lot_id)
    products = _load_products(session, operation_ids)
    for lot_id, operation_id in made.items():  # a box or a part that was split off has no loss
        products.setdefault(operation_id, [Part(lot_id, Fraction(1), 1, 1)])
    outflows = sorted(
        (one for of_one in taken.values() for one in of_one if one.lot_id in lots), key=lambda one: one.movement_id
    )
    return Graph(
        lots,
        outflows,
        _load_returned(session, lots, outflows),
        {key: MadeOf(of_one, frozenset(unknown[key]), products.get(key, ())) for key, of_one in taken.items()},
        item_ids,
    )


def _load_lots(session: Session, lot_ids: Collection[int]) -> tuple[dict[int, Costed], set[int]]:
    brought = movements.alias()
    said = movements.alias()
    # All the cost that a lot of unknown cost holds came from statements.
    held = select(integer_sum(said.c.cost_micros)).where(said.c.lot_id == tables.lot.c.id).correlate(tables.lot)
    rows = session.execute(
        select(
            tables.lot.c.id,
            tables.lot.c.item_id,
            tables.lot.c.operation_id,
            tables.lot.c.remaining_micros,
            tables.lot.c.remaining_cost_micros,
            brought.c.id.label("movement_id"),
            brought.c.cost_micros,
            restated(brought).label("restated"),
            case((tables.lot.c.remaining_cost_micros.is_(None), held.scalar_subquery())).label("held"),
        )
        .join(
            brought,
            and_(
                brought.c.lot_id == tables.lot.c.id,
                brought.c.operation_id == tables.lot.c.operation_id,
                brought.c.quantity_micros > 0,
            ),
        )
        .where(among(session, tables.lot.c.id, lot_ids))
    ).all()
    lots = {
        row.id: Costed(
            row.id,
            row.movement_id,
            row.operation_id,
            row.remaining_cost_micros is not None,
            (row.cost_micros or 0) + (row.restated or 0),
            row.remaining_micros,
            (row.held or 0) if row.remaining_cost_micros is None else row.remaining_cost_micros,
        )
        for row in rows
    }
    return lots, {row.item_id for row in rows}


def _load_taken(session: Session, operation_ids: Collection[str]) -> list[Any]:
    return list(
        session.execute(
            select(
                movements.c.id,
                movements.c.operation_id,
                movements.c.lot_id,
                movements.c.quantity_micros,
                movements.c.cost_micros,
                restated(movements).label("restated"),
                tables.lot.c.remaining_cost_micros,
            )
            .join(tables.lot, tables.lot.c.id == movements.c.lot_id)
            .where(among(session, movements.c.operation_id, operation_ids), movements.c.quantity_micros < 0)
            .order_by(movements.c.id)
        )
    )


def _load_products(session: Session, operation_ids: Collection[str]) -> dict[str, list[Part]]:
    """What each of these productions made."""
    run, output = tables.production_run, tables.production_output
    rows = session.execute(
        select(
            run.c.operation_id,
            case((output.c.id.is_(None), run.c.lot_id), else_=output.c.lot_id).label("lot_id"),
            output.c.share,
            func.coalesce(output.c.expected_yield_micros, run.c.expected_yield_micros).label("expected"),
            func.coalesce(output.c.actual_yield_micros, run.c.actual_yield_micros).label("actual"),
        )
        .outerjoin(output, output.c.production_run_id == run.c.id)
        .where(among(session, run.c.operation_id, operation_ids))
        .order_by(run.c.id, output.c.id)
    )
    products: dict[str, list[Part]] = {}
    for row in rows:
        part = Part(row.lot_id, Fraction(row.share or 1), row.expected, row.actual)
        products.setdefault(row.operation_id, []).append(part)
    return products


def _load_returned(session: Session, lot_ids: Collection[int], taken: Collection[Taken]) -> list[Returned]:
    """What a customer brought back, and what corrects a count that had seen it, with the movement it came from."""
    adjusted, answer, recorded = tables.adjustment, tables.count_answer, tables.operation
    is_correction = exists().where(answer.c.operation_id == movements.c.operation_id, answer.c.saw == "before")
    came_from = func.coalesce(adjusted.c.of_operation_id, recorded.c.parent_id)
    rows = session.execute(
        select(
            movements.c.id,
            movements.c.lot_id,
            movements.c.quantity_micros,
            (func.coalesce(movements.c.cost_micros, 0) + func.coalesce(restated(movements), 0)).label("cost"),
            came_from.label("came_from"),
        )
        .join(recorded, recorded.c.id == movements.c.operation_id)
        .join(
            adjusted, and_(adjusted.c.operation_id == movements.c.operation_id, adjusted.c.lot_id == movements.c.lot_id)
        )
        .where(
            among(session, movements.c.lot_id, lot_ids),
            movements.c.quantity_micros > 0,
            or_(adjusted.c.kind == "return", is_correction),
            stands(movements.c.operation_id),
        )
        .order_by(movements.c.id)
    )
    left = {(one.operation_id, one.lot_id): [one.movement_id, one.quantity_micros] for one in taken}
    found = []
    for row in rows:
        source = left.get((row.came_from, row.lot_id))
        if source is not None and row.quantity_micros <= source[1]:
            source[1] -= row.quantity_micros
            found.append(Returned(row.id, source[0], row.quantity_micros, row.cost))
    return found


def load_last_movement(session: Session) -> int:
    """The id of the latest movement; 0 if there is none."""
    return int(session.execute(select(func.coalesce(func.max(movements.c.id), 0))).scalar_one())


def load_unpriced(
    session: Session, *, without: str | None = None, lot_ids: Collection[int] | None = None
) -> Iterator[Unpriced]:
    """Lots that came in without a cost, or those among ``lot_ids``, in order of id; two statements.

    Statements of the operation ``without`` do not count.
    """
    line, brought, taken = tables.cost_statement_line.alias(), movements.alias(), movements.alias()
    is_stated = (
        exists()
        .where(line.c.lot_id == tables.lot.c.id, line.c.movement_id == brought.c.id)
        .where(brought.c.operation_id == tables.lot.c.operation_id, stands(line.c.operation_id))
    )
    if without is not None:
        is_stated = is_stated.where(line.c.operation_id != without)
    of_lots: list[ColumnElement[bool]] = [tables.lot.c.cost_micros.is_(None)]
    if lot_ids is not None:
        of_lots.append(among(session, tables.lot.c.id, lot_ids))
    made_of: defaultdict[int, set[int]] = defaultdict(set)
    inputs = select(tables.lot.c.id, taken.c.lot_id).join(taken, taken.c.operation_id == tables.lot.c.operation_id)
    for lot_id, of_lot in session.execute(inputs.where(*of_lots, taken.c.quantity_micros < 0)):
        made_of[lot_id].add(of_lot)
    rows = session.execute(select(tables.lot.c.id, is_stated).where(*of_lots).order_by(tables.lot.c.id))
    for lot_id, stated in rows:
        yield Unpriced(lot_id, bool(stated), frozenset(made_of.get(lot_id, ())))


def load_unknown(session: Session, lot_ids: Collection[int]) -> set[int]:
    """The lots among these whose cost is unknown."""
    is_unknown = tables.lot.c.remaining_cost_micros.is_(None)
    return set(session.scalars(select(tables.lot.c.id).where(among(session, tables.lot.c.id, lot_ids), is_unknown)))


def load_to_withdraw(session: Session, operation_id: str) -> dict[int, int]:
    """For each lot of a statement: what the statement added to the cost of its movements that were not undone."""
    line = tables.cost_statement_line
    undone = exists().where(tables.reversal.c.reversed_operation_id == movements.c.operation_id)
    rows = session.execute(
        select(line.c.lot_id, integer_sum(case((undone, 0), else_=line.c.cost_micros)).label("cost"))
        .join(movements, movements.c.id == line.c.movement_id)
        .where(line.c.operation_id == operation_id)
        .group_by(line.c.lot_id)
    )
    return {row.lot_id: row.cost for row in rows}
