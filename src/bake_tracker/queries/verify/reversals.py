"""Verify that reversals are exact opposites, and that lots match their last hold, release or move."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import CostStatementLine, Lot, LotHold, Operation, Reversal, Transfer
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.operations.reversal import REVERSING, stands
from bake_tracker.queries.stock.holds import HoldState, load_hold_states
from bake_tracker.queries.verify.drift import Drift, Rows, drift


def reversal_drift(session: Session) -> Iterator[Drift]:
    """Every reversal that is not an exact opposite, and every lot that differs from its holds and moves."""
    yield from _opposites(session)
    yield from _pairs(session)
    yield from _parts(session)
    yield from _handling(session)
    yield from _places(session)


def _opposites(session: Session) -> Iterator[Drift]:
    """Check that, for every lot, original and reversal add up to zero in quantity and cost, with costs stated later."""
    for row in session.execute(_unlike()):
        left = f"{format_micros(int(row.quantity))} for {format_money(int(row.cost))} of lot {row.code}"
        yield drift("reversal", row.operation_id, "the opposite of what it undoes", f"{left} more")


@cache
def _unlike() -> Rows:
    undoing = Movement.operation_id == Reversal.operation_id
    posted, undone = (func.count(case((condition, Movement.id))) for condition in (~undoing, undoing))
    costs, costs_undone = (func.count(case((c, Movement.cost_micros))) for c in (~undoing, undoing))
    said = _said_later().subquery()
    quantity = func.sum(Movement.quantity_micros)
    cost = func.coalesce(func.sum(Movement.cost_micros), 0) + func.coalesce(func.max(said.c.cost), 0)
    unlike = and_(func.count(said.c.cost) == 0, or_(posted != undone, costs != costs_undone))
    return (
        select(Reversal.operation_id, Lot.code, quantity.label("quantity"), cost.label("cost"), posted, undone)
        .join(Movement, or_(undoing, Movement.operation_id == Reversal.reversed_operation_id))
        .join(Lot, Lot.id == Movement.lot_id)
        .outerjoin(said, and_(said.c.reversal_id == Reversal.id, said.c.lot_id == Lot.id))
        .group_by(Reversal.id, Reversal.operation_id, Lot.id, Lot.code)
        .having(or_(quantity != 0, cost != 0, unlike))
        .order_by(Reversal.id, Lot.id)
    )


def _said_later() -> Any:
    """By reversal and lot: what statements added to what it undid; for a statement, less what was already withdrawn.

    A statement that was already undone counts as nothing.
    """
    line, before = aliased(CostStatementLine), aliased(Reversal)
    was_undone = exists().where(before.reversed_operation_id == line.operation_id, before.id < Reversal.id)
    was_withdrawn = exists().where(before.reversed_operation_id == Movement.operation_id, before.id < Reversal.id)
    key = (Reversal.id.label("reversal_id"), line.lot_id.label("lot_id"))
    added = (
        select(*key, line.cost_micros.label("cost"))
        .join(Movement, Movement.id == line.movement_id)
        .join(Reversal, Reversal.reversed_operation_id == Movement.operation_id)
        .where(~was_undone)
    )
    withdrawn = (
        select(*key, case((was_withdrawn, -line.cost_micros), else_=0))
        .join(Movement, Movement.id == line.movement_id)
        .join(Reversal, Reversal.reversed_operation_id == line.operation_id)
    )
    both = union_all(added, withdrawn).subquery()
    return select(both.c.reversal_id, both.c.lot_id, func.sum(both.c.cost).label("cost")).group_by(
        both.c.reversal_id, both.c.lot_id
    )


def _pairs(session: Session) -> Iterator[Drift]:
    """Check that reversals undo operations other than reversals, and that every operation of that name is one."""
    strange, lost = _strange_pairs()
    for row in session.execute(strange):
        yield drift("reversal recorded by", row.operation_id, REVERSING, f"{row.name} of {row.undone}")
    for operation_id in session.scalars(lost):
        yield drift("reversal", operation_id, "one", "none")


@cache
def _strange_pairs() -> tuple[Rows, Rows]:
    undone = aliased(Operation)
    strange = (
        select(Reversal.operation_id, Operation.name, undone.name.label("undone"))
        .join(Operation, Operation.id == Reversal.operation_id)
        .join(undone, undone.id == Reversal.reversed_operation_id)
        .where(or_(Operation.name != REVERSING, undone.name == REVERSING))
        .order_by(Reversal.id)
    )
    lost = and_(Operation.name == REVERSING, ~exists().where(Reversal.operation_id == Operation.id))
    return strange, select(Operation.id).where(lost).order_by(Operation.id)


def _parts(session: Session) -> Iterator[Drift]:
    """Check that the parts of an undone operation were undone too, if they moved anything."""
    for row in session.execute(_standing_parts()):
        yield drift("part of a reversed operation", row.id, f"reversed with {row.parent_id}", "it stands")


@cache
def _standing_parts() -> Rows:
    return (
        select(Operation.id, Operation.parent_id)
        .join(Reversal, Reversal.reversed_operation_id == Operation.parent_id)
        .where(exists().where(Movement.operation_id == Operation.id), stands(Operation.__table__.c.id))
        .order_by(Operation.id)
    )


def _handling(session: Session) -> Iterator[Drift]:
    """Follow a lot through every hold and release that was not undone, to its current state."""
    found = session.execute(_handled_lots()).all()
    expected = load_hold_states(session, [lot.id for lot in found])
    for lot in found:
        state = HoldState(lot.on_hold, lot.usable_until)
        if state != expected[lot.id] and state not in (allowed := _earlier_states(session, lot)):
            known = dict.fromkeys([expected[lot.id], *allowed])
            yield drift("lot hold", lot.code, " or ".join(map(_state, known)), _state(state))


@cache
def _handled_lots() -> Rows:
    is_handled = exists().where(LotHold.lot_id == Lot.id)
    is_changed = or_(Lot.on_hold, Lot.usable_until.is_distinct_from(Lot.expires_on))
    return (
        select(Lot.id, Lot.code, Lot.expires_on, Lot.on_hold, Lot.usable_until, Lot.parent_lot_id)
        .where(or_(is_handled, is_changed))
        .order_by(Lot.id)
    )


def _earlier_states(session: Session, lot: Any) -> list[HoldState]:
    """The other states that earlier versions of this program may have left a part in; none for other lots.

    They left a part with holds of its own in the state before the first of them, and any other part in whatever state
    its source had.
    """
    if lot.parent_lot_id is None:
        return []
    rows = session.execute(
        select(LotHold, stands(LotHold.__table__.c.operation_id).label("stands"))
        .where(LotHold.lot_id == lot.id)
        .order_by(LotHold.id)
    ).all()
    allowed: list[HoldState] = []
    if rows:
        state = HoldState(rows[0][0].was_on_hold, rows[0][0].was_usable_until)
        for row, is_standing in rows:
            if is_standing:
                state = HoldState(row.action == "hold", row.usable_until or state.usable_until)
        allowed.append(state)
    if not any(is_standing for _, is_standing in rows):
        allowed += _any_state(session, lot.parent_lot_id)
    return allowed


def _any_state(session: Session, lot_id: int) -> list[HoldState]:
    """Every state a lot has been in: now, and before and after each change."""
    lot = session.execute(select(Lot.on_hold, Lot.usable_until).where(Lot.id == lot_id)).one()
    states = [HoldState(lot.on_hold, lot.usable_until)]
    for row in session.scalars(select(LotHold).where(LotHold.lot_id == lot_id).order_by(LotHold.id)):
        states.append(HoldState(row.was_on_hold, row.was_usable_until))
        states.append(HoldState(row.action == "hold", row.usable_until or row.was_usable_until))
    return states


def _places(session: Session) -> Iterator[Drift]:
    """Check that a lot that was moved whole is where its last move, not undone, took it."""
    for rows in (_misplaced(), _unmoved()):
        for row in session.execute(rows):
            yield drift("lot location", row.code, row.to_location or "none", row.location or "none")


@cache
def _misplaced() -> Rows:
    last = (
        select(func.max(Transfer.id))
        .where(Transfer.new_lot_id.is_(None), stands(Transfer.__table__.c.operation_id))
        .group_by(Transfer.lot_id)
    )
    return (
        select(Lot.code, Transfer.to_location, Lot.location)
        .join(Lot, Lot.id == Transfer.lot_id)
        .where(Transfer.id.in_(last), Lot.location.is_distinct_from(Transfer.to_location))
        .order_by(Lot.id)
    )


@cache
def _unmoved() -> Rows:
    """Lots never moved whole, or whose moves were undone, that are not where they started.

    They started where they were split off to, or where the first move found them; lots made here have no named place.
    The place of a receipt is only in its arguments, and is not compared.
    """
    first, split = aliased(Transfer), aliased(Transfer)
    began = select(func.min(Transfer.id)).where(Transfer.new_lot_id.is_(None)).group_by(Transfer.lot_id)
    is_moved = exists().where(
        Transfer.lot_id == Lot.id, Transfer.new_lot_id.is_(None), stands(Transfer.__table__.c.operation_id)
    )
    place = case((first.id.is_not(None), first.from_location), else_=split.to_location)
    return (
        select(Lot.code, place.label("to_location"), Lot.location)
        .outerjoin(first, and_(first.lot_id == Lot.id, first.id.in_(began)))
        .outerjoin(split, split.new_lot_id == Lot.id)
        .where(or_(Lot.is_made, first.id.is_not(None), split.id.is_not(None)), ~is_moved)
        .where(Lot.location.is_distinct_from(place))
        .order_by(Lot.id)
    )


def _state(state: HoldState) -> str:
    return ("on hold" if state.on_hold else "open") + (
        f", usable until {state.usable_until}" if state.usable_until else ""
    )
