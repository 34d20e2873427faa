"""Verify the ledger against everything calculated from it; drift is reported, never repaired."""

from collections.abc import Callable, Iterator
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bake_tracker.models import AssemblyRun, Lot, Operation, ProductionRun
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.verify.accepted_plans import accepted_plan_drift
from bake_tracker.queries.verify.arguments import argument_drift
from bake_tracker.queries.verify.catalog import catalog_drift
from bake_tracker.queries.verify.costs import cost_drift
from bake_tracker.queries.verify.drift import Drift, Told, drift
from bake_tracker.queries.verify.lots import lot_drift
from bake_tracker.queries.verify.measures import measure_drift
from bake_tracker.queries.verify.orders import order_drift
from bake_tracker.queries.verify.purchases import purchase_drift
from bake_tracker.queries.verify.reversals import reversal_drift
from bake_tracker.queries.verify.runs import run_drift
from bake_tracker.queries.verify.seals import SealsFound, verify_seals
from bake_tracker.queries.verify.standing_orders import standing_order_drift
from bake_tracker.queries.verify.stock import stock_drift
from bake_tracker.queries.verify.stored_values import value_drift
from bake_tracker.queries.verify.times import time_drift, time_notes
from bake_tracker.queries.verify.traces import trace_drift
from bake_tracker.queries.verify.unit_changes import unit_drift

__all__ = ["Drift", "Told", "Verification", "verify_ledger"]


class Verification(TypedDict):
    """The number of things compared, every disagreement, and notes on counts and days that earlier versions allowed."""

    lots: int
    movements: int
    runs: int
    operations: int
    seals: SealsFound
    drift: list[Drift]
    notes: list[Drift]


def _untold(_what: str, _done: int) -> None:
    """Report no progress."""


UNREADABLE = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, DBAPIError)
"""What a value of the wrong type raises, depending on where it is used."""
NO_SEALS: SealsFound = {
    "seals": 0,
    "operations_sealed": 0,
    "operations_not_sealed": 0,
    "latest_seal": None,
    "latest_sha256": None,
    "expected_seal": None,
}


def _found(what: str, compare: Callable[[], Iterator[Drift]], is_readable: bool) -> Iterator[Drift]:
    """The drift; if some values cannot be read, a comparison that needs one of them says so."""
    try:
        yield from compare()
    except UNREADABLE:
        if is_readable:
            raise
        yield _not_compared(what)


def _not_compared(what: str) -> Drift:
    return drift("comparison", what, "possible", "not possible until the values above are of the right type")


def verify_ledger(session: Session, *, expect: str | None = None, told: Told = _untold) -> Verification:
    """Recalculate every cache, cost, answer, trace and seal from the ledger; memory grows only with the drift.

    ``expect`` is the hash of a seal that was kept elsewhere. While others write, ``session`` must read from one
    snapshot.
    """
    count = select(
        select(func.count(Lot.id)).scalar_subquery(),
        select(func.count(Movement.id)).scalar_subquery(),
        select(func.count(ProductionRun.id)).scalar_subquery() + select(func.count(AssemblyRun.id)).scalar_subquery(),
        select(func.count(Operation.id)).scalar_subquery(),
    )
    lots, movements, runs, operations = session.execute(count).one()
    drifts = list(value_drift(session, told))
    is_readable = not drifts
    compared: dict[str, Callable[[], Iterator[Drift]]] = {
        "lots": lambda: lot_drift(session),
        "runs": lambda: run_drift(session, told),
        "adjustments and deliveries": lambda: stock_drift(session, told),
        "orders and hand-overs": lambda: order_drift(session, told),
        "standing orders": lambda: standing_order_drift(session, told),
        "purchase orders": lambda: purchase_drift(session, told),
        "accepted plans": lambda: accepted_plan_drift(session, told),
        "times": lambda: time_drift(session),
        "costs": lambda: cost_drift(session, told),
        "traces": lambda: trace_drift(session, told),
        "reversals": lambda: reversal_drift(session),
        "measures": lambda: measure_drift(session),
        "items in another unit": lambda: unit_drift(session),
        "catalogue": lambda: catalog_drift(session),
        "arguments": lambda: argument_drift(session, told),
    }
    for what, compare in compared.items():
        drifts += _found(what, compare, is_readable)
    notes = list(time_notes(session)) if is_readable else []
    seals = NO_SEALS
    try:
        seals = verify_seals(session, drifts, told, expect)
    except UNREADABLE:
        if is_readable:
            raise
        drifts.append(_not_compared("seals"))
    return {
        "lots": lots,
        "movements": movements,
        "runs": runs,
        "operations": operations,
        "seals": seals,
        "drift": drifts,
        "notes": notes,
    }
