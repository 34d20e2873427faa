"""Routes of recorded operations: read, explain, undo and correct."""

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.errors import OperationNotFoundError
from bake_tracker.entrypoints.api.common import (
    After,
    AlsoMade,
    Body,
    IdempotencyKey,
    Limit,
    OperationId,
    Page,
    ReallyUsed,
    Strict,
    Warned,
    checks,
    reads,
    recorded,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Many,
    Millionths,
    OperationKey,
    Reason,
    Text,
)
from bake_tracker.entrypoints.http.undoing import undoing_as
from bake_tracker.queries.explain.operation import ExplainedOperation, explain_operation, find_operations
from bake_tracker.queries.operations.history import OperationView, load_operation
from bake_tracker.queries.views.operation import OperationRow, load_latest_operations
from bake_tracker.services.database import read_scope
from bake_tracker.services.production.correction import CorrectionResult, record_production_correction
from bake_tracker.services.reversal import ReversalCheck, ReversalResult, check_reversal

router = routes("", "operations")


class OperationPage(Page):
    """Top-level operations, newest first."""

    operations: list[OperationRow]


class ToReverse(Body):
    """What to undo; see ``check_reversal``."""

    reversed_operation_id: OperationKey


class Reversal(ToReverse):
    """What to undo and why; see ``record_reversal``."""

    reason: Reason
    cascade: bool = False
    count_saw: CountSaw | None = None


class Correction(Body):
    """A production with its corrected yield, or what was really used; see ``record_production_correction``."""

    corrected_operation_id: OperationKey
    actual_yield: Millionths
    reason: Reason
    cascade: bool = False
    count_saw: CountSaw | None = None
    loss_reason: Text | None = None
    used: Many[ReallyUsed] | None = None
    outputs: Many[AlsoMade] | None = None


class CorrectionAnswer(CorrectionResult, Warned):
    """A corrected production; ``warnings`` as for a production."""


@router.get("/operations", **reads(OperationPage))
def list_operations(request: Request, limit: Limit = 50, after: After = None) -> Response:
    """Recorded operations, newest first; operations inside another are shown with it."""
    with read_scope() as session:
        rows = load_latest_operations(session, limit + 1, before=after)
    end = rows[limit - 1]["operation_id"] if len(rows) > limit else None
    return tagged(request, OperationPage(operations=rows[:limit], next=end))


@router.get("/operations/{operation_id}", **reads(OperationView))
def get_operation(request: Request, operation_id: OperationId) -> Response:
    """An operation's arguments, movements and answer, and the operation that undid it."""
    with read_scope() as session:
        return tagged(request, load_operation(session, operation_id))


@router.get("/operations/{operation_id}/explanation", **reads(ExplainedOperation))
def get_operation_explanation(request: Request, operation_id: OperationId) -> Response:
    """Which lots an operation used, why those, and what each cost, down to the receipts."""
    with read_scope() as session:
        found = find_operations(session, operation_id)
        if len(found) != 1:
            raise OperationNotFoundError(operation_id, [one["operation_id"] for one in found[:3]])
        return tagged(request, explain_operation(session, found[0]["operation_id"]))


@router.post("/reversals/check", **checks(ReversalCheck))
def check_undoing(body: ToReverse) -> ReversalCheck:
    """What a reversal would undo, and which part only with `cascade`. Nothing is recorded."""
    with read_scope() as session:
        return check_reversal(session=session, **body.given())


@router.post("/reversals", **writes(ReversalResult))
def undo(request: Request, body: Reversal, idempotency_key: IdempotencyKey = None) -> Response:
    """Undo an operation exactly; 409 with the tree of operations that depend on it, unless `cascade`."""
    return recorded(request, idempotency_key, undoing_as(request), **body.given())


@router.post("/production-corrections", **writes(CorrectionAnswer))
def correct_production(
    request: Request, body: Correction, idempotency_key: IdempotencyKey = None, strict: Strict = False
) -> Response:
    """Undo a production and record it with another yield, or from other lots, as one operation."""
    return recorded(request, idempotency_key, record_production_correction, strict=strict, **body.given())
