"""Verify the ledger against everything calculated from it; drift is reported, never repaired."""

from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.models import AssemblyRun, Lot, Operation, ProductionRun
from bake_tracker.models.ledger import Movement
from bake_tracker.queries.verify.catalog import catalog_drift
from bake_tracker.queries.verify.drift import Drift, Told
from bake_tracker.queries.verify.lots import lot_drift
from bake_tracker.queries.verify.measures import measure_drift
from bake_tracker.queries.verify.reversals import reversal_drift
from bake_tracker.queries.verify.runs import run_drift
from bake_tracker.queries.verify.seals import SealsFound, verify_seals
from bake_tracker.queries.verify.stock import stock_drift
from bake_tracker.queries.verify.traces import trace_drift

__all__ = ["Drift", "Told", "Verification", "verify_ledger"]


class Verification(TypedDict):
    """The number of things compared, and every disagreement."""

    lots: int
    movements: int
    runs: int
    operations: int
    seals: SealsFound
    drift: list[Drift]


def _untold(_what: str, _done: int) -> None:
    """Report no progress."""


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
    drifts: list[Drift] = []
    drifts += lot_drift(session)
    drifts += run_drift(session, told)
    drifts += stock_drift(session, told)
    drifts += trace_drift(session, told)
    drifts += reversal_drift(session)
    drifts += measure_drift(session)
    drifts += catalog_drift(session)
    seals = verify_seals(session, drifts, told, expect)
    return {
        "lots": lots,
        "movements": movements,
        "runs": runs,
        "operations": operations,
        "seals": seals,
        "drift": drifts,
    }
