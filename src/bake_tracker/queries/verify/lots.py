"""Verify every lot's quantity and cost against its movements."""

from collections.abc import Iterator
from functools import cache

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.money import format_money
from bake_tracker.domain.stock.lots import NO_EXPIRY
from bake_tracker.domain.units import format_micros
from bake_tracker.models import CostStatementLine, Item, Lot
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.verify.drift import Drift, Rows, drift


def lot_drift(session: Session) -> Iterator[Drift]:
    """Every cached quantity, cost and picking date that differs from the movements; compared by the database."""
    yield from _caches(session)
    yield from _picking(session)
    yield from _oversold(session)


def _moved() -> Rows:
    """Per lot: the sum of its movements, what its own operation added, and whether any cost is unknown."""
    own = Movement.operation_id == Lot.operation_id
    return (
        select(
            Lot.id.label("lot_id"),
            func.coalesce(func.sum(Movement.quantity_micros), 0).label("quantity"),
            func.coalesce(func.sum(Movement.cost_micros), 0).label("cost"),
            func.coalesce(func.sum(case((own, Movement.quantity_micros), else_=0)), 0).label("brought"),
            func.sum(case((own, Movement.cost_micros))).label("cost_brought"),
            func.count(Movement.id).label("movements"),
            func.count(Movement.cost_micros).label("costed"),
            exists().where(CostStatementLine.lot_id == Lot.id).label("is_stated"),
        )
        .outerjoin(Movement, Movement.lot_id == Lot.id)
        .group_by(Lot.id)
    )


@cache
def _wrong_caches() -> Rows:
    moved = _moved().subquery()
    unknown = Lot.cost_micros.is_(None)
    wrong = or_(
        Lot.remaining_micros != moved.c.quantity,
        Lot.quantity_micros != moved.c.brought,
        Lot.cost_micros != moved.c.cost_brought,
        # A statement makes costs known: a movement without one counts as 0 while the lot's cost is known.
        and_(unknown, ~moved.c.is_stated, or_(moved.c.costed > 0, Lot.remaining_cost_micros.is_not(None))),
        and_(~unknown, or_(moved.c.costed != moved.c.movements, Lot.remaining_cost_micros.is_(None))),
        Lot.remaining_cost_micros != moved.c.cost,
        and_(Lot.remaining_micros == 0, Lot.remaining_cost_micros != 0),
    )
    return select(Lot, moved).join(moved, moved.c.lot_id == Lot.id).where(wrong).order_by(Lot.id)


def _caches(session: Session) -> Iterator[Drift]:
    for row in session.execute(_wrong_caches()):
        lot: Lot = row[0]
        if lot.remaining_micros != row.quantity:
            found = format_micros(lot.remaining_micros)
            yield drift("lot remaining", lot.code, format_micros(int(row.quantity)), found)
        if lot.quantity_micros != row.brought:
            found = format_micros(lot.quantity_micros)
            yield drift("lot quantity", lot.code, format_micros(int(row.brought)), found)
        if None not in (lot.cost_micros, row.cost_brought) and lot.cost_micros != row.cost_brought:
            yield drift(
                "lot cost brought", lot.code, format_money(int(row.cost_brought)), format_money(lot.cost_micros)
            )
        is_known = lot.cost_micros is not None or (row.is_stated and lot.remaining_cost_micros is not None)
        known = format_money(int(row.cost)) if is_known else None
        if known != format_money(lot.remaining_cost_micros):
            yield drift("lot cost", lot.code, known, format_money(lot.remaining_cost_micros))
        is_odd = row.costed not in (0, row.movements) or (row.costed == 0) != (lot.cost_micros is None)
        if is_odd and not (row.is_stated and lot.cost_micros is None):
            yield drift("lot movements with a cost", lot.code, row.movements, row.costed)
        if lot.remaining_micros == 0 and lot.remaining_cost_micros:
            yield drift("cost of an empty lot", lot.code, format_money(0), format_money(lot.remaining_cost_micros))


@cache
def _wrong_picking() -> Rows:
    # Same rule as domain.stock.lots.pick_on; a test compares them.
    by_policy = case(
        (Item.pick_policy == "fifo", Lot.received_on), else_=func.coalesce(Lot.expires_on, NO_EXPIRY)
    ).label("expected")
    wrong = and_(Lot.remaining_micros > 0, Lot.pick_on != by_policy)
    return select(Lot.code, Lot.pick_on, by_policy).join(Item, Item.id == Lot.item_id).where(wrong).order_by(Lot.id)


def _picking(session: Session) -> Iterator[Drift]:
    for code, found, expected in session.execute(_wrong_picking()):
        yield drift("lot picking date", code, expected, found)


def _oversold(session: Session) -> Iterator[Drift]:
    """Lots that were below zero at some time."""
    for code, lowest in session.execute(_below_zero()):
        yield drift("lot drawn below zero", code, format_micros(0), format_micros(int(lowest)))


@cache
def _below_zero() -> Rows:
    so_far = func.sum(Movement.quantity_micros).over(partition_by=Movement.lot_id, order_by=Movement.id)
    held = select(Movement.lot_id, so_far.label("held")).subquery()
    least = func.min(held.c.held)
    rows = select(Lot.code, least).join(held, held.c.lot_id == Lot.id).where(held.c.held < 0).group_by(Lot.code)
    return rows.order_by(Lot.code)
