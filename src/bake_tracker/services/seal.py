"""Seal history with a hash over unsealed operations and the previous seal, to reveal later changes."""

from datetime import UTC
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from bake_tracker.database.insert_once import insert_once
from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.seals import SealHash
from bake_tracker.models import Operation as OperationRow
from bake_tracker.models import tables
from bake_tracker.queries.verify.sealed_history import in_parts, load_unsealed, operation_hashes
from bake_tracker.services.operation import Kind, recording

RECORD = Kind(
    "record_seal", "seal_service", "Sealed the history", success_fields=("seal_number", "operation_count", "sha256")
)
AT_MOST = 5_000
"""The default limit for one seal: SQLite has one writer, so other writers wait for it."""

_last = select(tables.seal.c.number, tables.seal.c.sha256).order_by(tables.seal.c.number.desc()).limit(1)
_complete = update(tables.seal).where(tables.seal.c.number == bindparam("of_seal"))
_cover = insert(tables.sealed_operation)


class SealResult(TypedDict):
    """A seal. A copy of its hash, kept elsewhere, proves everything that it and earlier seals cover."""

    operation_id: str
    seal_number: int
    operation_count: int
    last_operation_id: str | None
    previous_sha256: str | None
    sha256: str
    sealed_at: str


def record_seal(*, session: Session, at_most: int = AT_MOST, operation_id: UUID | str | None = None) -> SealResult:
    """Seal committed operations that are not sealed yet, up to ``at_most``, in the caller's transaction.

    Its own operation is left for the next seal. Others can record in the meantime (on SQLite they wait); other seals
    wait.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        at_most = given.count("at_most", at_most)
        given.done()
        if done := operation.claim({"at_most": at_most}):
            return cast(SealResult, done)

        _wait_for_other_seals(session)
        claimed = session.execute(
            select(OperationRow.recorded_at, OperationRow.actor).where(OperationRow.id == operation.id)
        ).one()
        last = session.execute(_last).first()
        number, previous = (last.number + 1, last.sha256) if last else (1, None)
        row = {
            "number": number,
            "operation_id": operation.id,
            "sealed_at": claimed.recorded_at,
            "actor": claimed.actor,
            "previous_sha256": previous,
        }
        # If the transaction reads from one snapshot, a seal made in the meantime is a serialization failure here.
        taken = insert_once(session, tables.seal, row)
        assert taken is not None, "other seals wait"

        seal = SealHash(number, previous, operation.id, claimed.recorded_at, claimed.actor)
        for part in in_parts(load_unsealed(session, at_most)):
            hashes = operation_hashes(session, part)
            for covered, sha256 in hashes.items():
                seal.add(covered, sha256)
            session.execute(
                _cover,
                [{"operation_id": of, "seal_number": number, "sha256": sha256} for of, sha256 in hashes.items()],
            )
        closed = {
            "operation_count": seal.operation_count,
            "last_operation_id": seal.last_operation_id,
            "sha256": seal.sha256(),
        }
        session.execute(_complete, {"of_seal": number, **closed})
        return operation.succeed(
            SealResult(
                operation_id=operation.id,
                seal_number=number,
                operation_count=seal.operation_count,
                last_operation_id=seal.last_operation_id,
                previous_sha256=previous,
                sha256=seal.sha256(),
                sealed_at=claimed.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
            )
        )


def _wait_for_other_seals(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("LOCK TABLE seal IN SHARE ROW EXCLUSIVE MODE"))
