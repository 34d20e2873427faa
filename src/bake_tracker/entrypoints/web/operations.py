"""One operation: what was recorded and what it rests on, Undo, and a mistyped yield put right."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from babel.numbers import NumberFormatError, parse_decimal
from fastapi import Form, Query, Request
from starlette.responses import Response

from bake_tracker.domain.access import Role, check_may_undo
from bake_tracker.domain.errors import DependentsError, ServiceError, StaysError, ValidationError
from bake_tracker.domain.reversal import NEVER
from bake_tracker.entrypoints.http.access import BAKER, VIEWER, caller_of
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.pages import go_to, locale_of, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.explain_operation import explain_operation
from bake_tracker.queries.history import load_operation
from bake_tracker.services.clock import uuid7
from bake_tracker.services.correction_service import record_production_correction
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.reversal_service import ReversalResult, record_reversal

router = pages()

SHOWN = 20
UNDONE_BECAUSE = "recorded by mistake"
MISTYPED = "the yield was mistyped"
CALLED = {
    "actual_yield": "Came out",
    "assembled_at": "When",
    "finished_good_id": "Box",
    "finished_unit_id": "Product",
    "happened_at": "When",
    "loss_reason": "Why less came out",
    "num_batches": "Batches",
    "produced_at": "When",
    "reversed_operation_id": "Operation",
    "scale_factor": "Scaled by",
}
"""What an argument is called, where its name does not say it."""
MAKES = ("record_batch_production", "record_assembly")


@router.get("/operations/{operation_id}", name="operation", dependencies=[VIEWER])
def operation(
    request: Request,
    operation_id: str,
    done: bool = False,
    every: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """What was recorded; ``done`` says that it was just now, ``all`` shows every lot of it."""
    return _page(request, operation_id, done=done, every=every)


@router.post("/operations/{operation_id}/undo", name="undo", dependencies=[BAKER])
def undo(
    request: Request,
    operation_id: UUID,
    own_id: Annotated[str, Form(alias="operation_id", max_length=100)],
    reason: Annotated[str, Form(max_length=2_000)] = "",
    cascade: Annotated[bool, Form()] = False,
) -> Response:
    """Undo it, and with ``cascade`` all that rests on it."""
    caller = caller_of(request)
    role = caller.role if caller else Role.VIEWER

    def work(session: Session) -> ReversalResult:
        why = reason.strip() or UNDONE_BECAUSE
        done = record_reversal(operation_id, why, session=session, cascade=cascade, operation_id=own_id)
        check_may_undo(
            role, [done["reversed_operation"], *(one["reversed_operation"] for one in done["also_reversed"])]
        )
        return done

    return _recorded(request, operation_id, own_id, work, reason=reason)


@router.post("/operations/{operation_id}/correct", name="correct", dependencies=[BAKER])
def correct(
    request: Request,
    operation_id: UUID,
    own_id: Annotated[str, Form(alias="operation_id", max_length=100)],
    actual_yield: Annotated[str, Form(max_length=100)] = "",
    reason: Annotated[str, Form(max_length=2_000)] = "",
    loss_reason: Annotated[str, Form(max_length=2_000)] = "",
    cascade: Annotated[bool, Form()] = False,
) -> Response:
    """Record a baking again with what really came out."""

    def work(session: Session) -> Any:
        return record_production_correction(
            operation_id,
            _decimal(request, "actual_yield", actual_yield),
            reason.strip() or MISTYPED,
            session=session,
            cascade=cascade,
            loss_reason=loss_reason.strip() or None,
            operation_id=own_id,
        )

    return _recorded(
        request, operation_id, own_id, work, actual_yield=actual_yield, why=reason, loss_reason=loss_reason
    )


def _recorded(
    request: Request, operation_id: UUID, own_id: str, work: Callable[[Session], Any], **typed: str
) -> Response:
    """What was done; or, where it was refused, the page with what was typed and with why."""
    try:
        done = run_in_transaction(work)
    except ServiceError as error:
        return _page(request, str(operation_id), status_of(error), refusal=error, typed=typed, own_id=own_id)
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _decimal(request: Request, field: str, text: str) -> Decimal:
    """A number as this browser's user writes it.

    Raises:
        ValidationError: it is none.
    """
    try:
        return parse_decimal(text.strip(), locale=locale_of(request), strict=True)
    except NumberFormatError:
        raise ValidationError.of(field, "must be a number") from None


def _page(
    request: Request,
    operation_id: str,
    status: int = 200,
    *,
    done: bool = False,
    every: bool = False,
    refusal: ServiceError | None = None,
    typed: dict[str, str] | None = None,
    own_id: str | None = None,
) -> Response:
    with read_scope() as session:
        bakery = load_bakery(session)
        view = load_operation(session, operation_id)
        story = explain_operation(session, view["operation_id"])
    is_undone = view["reversed_by"] is not None
    problems = refusal.problems if isinstance(refusal, ValidationError) else []
    return render(
        request,
        "operation.html",
        status,
        bakery=bakery,
        view=view,
        story=story,
        arguments={name: value for name, value in story["arguments"].items() if value not in (None, [], {}, "")},
        called=CALLED,
        makes=[lot for lot in story["brought"] if lot["operation"] in MAKES and not is_undone][:3],
        shown=None if every else SHOWN,
        done=done,
        never=NEVER.get(view["operation"]),
        can_undo=not is_undone and view["operation"] not in NEVER,
        can_correct=not is_undone and view["operation"] == "record_batch_production",
        own_id=own_id or uuid7(),
        correction_id=uuid7(),
        refusal=refusal,
        refused_correction="actual_yield" in (typed or {}),
        problems={problem["field"]: problem["problem"] for problem in problems},
        dependents=refusal.dependents if isinstance(refusal, DependentsError) else [],
        can_cascade=isinstance(refusal, DependentsError) and not isinstance(refusal, StaysError),
        typed={"reason": UNDONE_BECAUSE, "why": MISTYPED, "actual_yield": "", "loss_reason": "", **(typed or {})},
    )
