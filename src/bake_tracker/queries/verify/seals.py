"""Recalculate the chain of seals and report changes made after sealing."""

import json
from collections.abc import Iterator
from typing import Any, TypedDict

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.seals import SealHash
from bake_tracker.models import Operation, Seal, SealedOperation
from bake_tracker.queries.verify.drift import Drift, Told, drift
from bake_tracker.queries.verify.sealed_history import OPERATIONS_AT_ONCE, operation_hashes


class SealsFound(TypedDict):
    """How far the seals reach; keep the latest hash in another place."""

    seals: int
    operations_sealed: int
    operations_not_sealed: int
    latest_seal: int | None
    latest_sha256: str | None
    expected_seal: int | None


def verify_seals(session: Session, drifts: list[Drift], told: Told, expect: str | None) -> SealsFound:
    """Recalculate every seal and its operations, adding disagreements to ``drifts``; in constant memory.

    ``expect`` is the hash of a seal that was kept elsewhere; one of the seals must have it.
    """
    sealed = seals = 0
    last: Any = None
    expected_seal = None
    while seal := session.execute(_next(last)).first():
        drifts += _follows(seal, last)
        covered = SealHash(seal.number, seal.previous_sha256, seal.operation_id, seal.sealed_at, seal.actor)
        for found in _members(session, seal.number, covered):
            drifts += found
            told("sealed operations", sealed + covered.operation_count)
        drifts += _fits(seal, covered)
        if expect is not None and seal.sha256 == covered.sha256() == expect:
            expected_seal = seal.number
        sealed, seals, last = sealed + covered.operation_count, seals + 1, seal
    drifts += _lost(session)
    if expect is not None and expected_seal is None:
        drifts.append(drift("seal kept elsewhere", expect, "a seal of this hash", "none"))
    return {
        "seals": seals,
        "operations_sealed": sealed,
        "operations_not_sealed": session.execute(_not_sealed).scalar_one(),
        "latest_seal": last.number if last else None,
        "latest_sha256": last.sha256 if last else None,
        "expected_seal": expected_seal,
    }


_not_sealed = select(func.count(Operation.id)).where(~exists().where(SealedOperation.operation_id == Operation.id))


def _next(last: Any) -> Any:
    seals = select(*Seal.__table__.columns).order_by(Seal.number).limit(1)
    return seals if last is None else seals.where(Seal.number > last.number)


def _follows(seal: Any, last: Any) -> Iterator[Drift]:
    number, previous = (last.number, last.sha256) if last else (0, None)
    if seal.number != number + 1:
        missing = str(number + 1) if seal.number == number + 2 else f"{number + 1} to {seal.number - 1}"
        yield drift("seal", missing, "a seal", "none")
    elif seal.previous_sha256 != previous:
        yield drift("seal before", seal.number, seal.previous_sha256 or "none", previous or "none")


def _members(session: Session, number: int, covered: SealHash) -> Iterator[list[Drift]]:
    """The operations of a seal that differ from what was sealed, in batches."""
    members = (
        select(SealedOperation.operation_id, SealedOperation.sha256)
        .where(SealedOperation.seal_number == number)
        .order_by(SealedOperation.operation_id)
        .limit(OPERATIONS_AT_ONCE)
    )
    part = session.execute(members).all()
    while part:
        now = operation_hashes(session, [operation_id for operation_id, _ in part])
        found = []
        for operation_id, sha256 in part:
            covered.add(operation_id, sha256)
            if operation_id not in now:
                found.append(drift("sealed operation", operation_id, f"as sealed by seal {number}", "gone"))
            elif now[operation_id] != sha256:
                found.append(drift("sealed operation", operation_id, f"as sealed by seal {number}", "changed since"))
        yield found
        part = session.execute(members.where(SealedOperation.operation_id > part[-1].operation_id)).all()


def _fits(seal: Any, covered: SealHash) -> Iterator[Drift]:
    if seal.operation_count != covered.operation_count:
        yield drift("operations in seal", seal.number, seal.operation_count, covered.operation_count)
    if seal.last_operation_id != covered.last_operation_id:
        yield drift("last operation in seal", seal.number, seal.last_operation_id, covered.last_operation_id)
    if seal.sha256 != covered.sha256():
        yield drift("hash of seal", seal.number, seal.sha256, covered.sha256())


def _lost(session: Session) -> Iterator[Drift]:
    """Missing seals that operations refer to: the seal that covers them, or the seal they made."""
    claimed = select(SealedOperation.seal_number, func.count()).where(
        ~exists().where(Seal.number == SealedOperation.seal_number)
    )
    for number, count in session.execute(
        claimed.group_by(SealedOperation.seal_number).order_by(SealedOperation.seal_number)
    ):
        yield drift("seal", number, f"a seal of {count} operations", "none")
    made = (
        select(Operation.id, Operation.result, Seal.number, Seal.sha256)
        .outerjoin(Seal, Seal.operation_id == Operation.id)
        .where(Operation.name == "record_seal")
        .order_by(Operation.id)
    )
    for operation_id, result, number, sha256 in session.execute(made, execution_options={"yield_per": 500}):
        told = _read(result)
        if (told.get("seal_number"), told.get("sha256")) != (number, sha256):
            expected = f"seal {told.get('seal_number')} with {told.get('sha256')}"
            yield drift("seal made by", operation_id, expected, f"seal {number} with {sha256}" if number else "none")
    orphan = select(Seal.number, Seal.operation_id).outerjoin(Operation, Operation.id == Seal.operation_id)
    for number, operation_id in session.execute(
        orphan.where(or_(Operation.id.is_(None), Operation.name != "record_seal")).order_by(Seal.number)
    ):
        yield drift("seal made by", operation_id, "record_seal", f"seal {number} only")


def _read(result: str | None) -> dict[str, Any]:
    try:
        found = json.loads(result or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
