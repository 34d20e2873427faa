"""The ledger against everything that was computed from it; drift is named, never mended."""

from collections.abc import Iterator
from typing import Any, TypedDict

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.lots import pick_on
from bake_tracker.domain.money import format_money
from bake_tracker.domain.units import format_micros
from bake_tracker.models import AssemblyRun, Item, Lot, Movement, Operation, ProductionRun


class Drift(TypedDict):
    """One thing that does not agree with the ledger."""

    what: str
    id: str
    expected: str
    found: str


class Verification(TypedDict):
    """What was compared, and every disagreement."""

    lots: int
    movements: int
    runs: int
    operations: int
    drift: list[Drift]


def verify_ledger(session: Session) -> Verification:
    """Recompute every cached quantity and cost, and where the cost of every run went; a fixed number of statements."""
    count = select(
        select(func.count(Lot.id)).scalar_subquery(),
        select(func.count(Movement.id)).scalar_subquery(),
        select(func.count(ProductionRun.id)).scalar_subquery() + select(func.count(AssemblyRun.id)).scalar_subquery(),
        select(func.count(Operation.id)).scalar_subquery(),
    )
    lots, movements, runs, operations = session.execute(count).one()
    drift = [*_lots(session), *_picking(session), *_production(session), *_assembly(session), *_operations(session)]
    return {"lots": lots, "movements": movements, "runs": runs, "operations": operations, "drift": drift}


def _drift(what: str, key: object, expected: str | None, found: str | None) -> Drift:
    return {"what": what, "id": str(key), "expected": expected or "unknown", "found": found or "unknown"}


def _moved() -> Select[Any]:
    """Per lot: the sum of its movements, what its own operation brought, and whether any cost is unknown."""
    own = Movement.operation_id == Lot.operation_id
    return (
        select(
            Lot.id.label("lot_id"),
            func.coalesce(func.sum(Movement.quantity_micros), 0).label("quantity"),
            func.coalesce(func.sum(Movement.cost_micros), 0).label("cost"),
            func.coalesce(func.sum(case((own, Movement.quantity_micros), else_=0)), 0).label("brought"),
            func.count(Movement.id).label("movements"),
            func.count(Movement.cost_micros).label("costed"),
        )
        .outerjoin(Movement, Movement.lot_id == Lot.id)
        .group_by(Lot.id)
    )


def _lots(session: Session) -> Iterator[Drift]:
    moved = _moved().subquery()
    unknown = Lot.cost_micros.is_(None)
    wrong = or_(
        Lot.remaining_micros != moved.c.quantity,
        Lot.quantity_micros != moved.c.brought,
        and_(unknown, or_(moved.c.costed > 0, Lot.remaining_cost_micros.is_not(None))),
        and_(~unknown, or_(moved.c.costed != moved.c.movements, Lot.remaining_cost_micros.is_(None))),
        and_(~unknown, Lot.remaining_cost_micros != moved.c.cost),
        and_(Lot.remaining_micros == 0, Lot.remaining_cost_micros != 0),
    )
    rows = session.execute(select(Lot, moved).join(moved, moved.c.lot_id == Lot.id).where(wrong).order_by(Lot.id))
    for row in rows:
        lot: Lot = row[0]
        if lot.remaining_micros != row.quantity:
            found = format_micros(lot.remaining_micros)
            yield _drift("lot remaining", lot.code, format_micros(int(row.quantity)), found)
        if lot.quantity_micros != row.brought:
            found = format_micros(lot.quantity_micros)
            yield _drift("lot quantity", lot.code, format_micros(int(row.brought)), found)
        known = None if lot.cost_micros is None else format_money(int(row.cost))
        if known != format_money(lot.remaining_cost_micros):
            yield _drift("lot cost", lot.code, known, format_money(lot.remaining_cost_micros))
        if row.costed not in (0, row.movements) or (row.costed == 0) != (lot.cost_micros is None):
            yield _drift("lot movements with a cost", lot.code, str(row.movements), str(row.costed))
        if lot.remaining_micros == 0 and lot.remaining_cost_micros:
            yield _drift("cost of an empty lot", lot.code, format_money(0), format_money(lot.remaining_cost_micros))


def _picking(session: Session) -> Iterator[Drift]:
    rows = session.execute(
        select(Lot, Item.pick_policy).join(Item, Item.id == Lot.item_id).where(Lot.remaining_micros > 0)
    )
    for lot, policy in rows:
        expected = pick_on(policy, lot.received_on, lot.expires_on)
        if lot.pick_on != expected:
            yield _drift("lot picking date", lot.code, expected.isoformat(), lot.pick_on.isoformat())


def _used_and_made(operation_ids: Select[Any]) -> Any:
    """Per operation: the cost of what it drew and of what it added, and how many draws have no known cost."""
    drawn = Movement.quantity_micros < 0
    return (
        select(
            Movement.operation_id,
            func.coalesce(func.sum(case((drawn, -Movement.cost_micros), else_=0)), 0).label("used"),
            func.coalesce(func.sum(case((drawn, 0), else_=Movement.cost_micros)), 0).label("made"),
            func.sum(case((and_(drawn, Movement.cost_micros.is_(None)), 1), else_=0)).label("unknown"),
        )
        .where(Movement.operation_id.in_(operation_ids))
        .group_by(Movement.operation_id)
        .subquery()
    )


def _production(session: Session) -> Iterator[Drift]:
    for run, used, made in _runs(session, ProductionRun):
        if run.total_cost_micros != used:
            found = format_money(run.total_cost_micros)
            yield _drift("production cost", run.operation_id, format_money(used), found)
        elif used is not None and made + (run.loss_cost_micros or 0) != used:
            spent = format_money(made + (run.loss_cost_micros or 0))
            yield _drift("production cost out", run.operation_id, format_money(used), spent)


def _assembly(session: Session) -> Iterator[Drift]:
    for run, used, made in _runs(session, AssemblyRun):
        if run.total_cost_micros != used or (used is not None and made != used):
            found = format_money(run.total_cost_micros)
            yield _drift("assembly cost", run.operation_id, format_money(used), found)


def _runs(session: Session, model: Any) -> Iterator[tuple[Any, int | None, int]]:
    """Every run with the cost of what it used, None when one of it is unknown, and of what it made."""
    moved = _used_and_made(select(model.operation_id))
    for row in session.execute(select(model, moved).outerjoin(moved, moved.c.operation_id == model.operation_id)):
        yield row[0], None if row.unknown else int(row.used or 0), int(row.made or 0)


def _operations(session: Session) -> Iterator[Drift]:
    for operation_id in session.scalars(select(Operation.id).where(Operation.result.is_(None))):
        yield _drift("operation", operation_id, "a result", "none")
