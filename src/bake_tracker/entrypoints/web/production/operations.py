"""One operation: what was recorded, what it is based on, undo, and correcting a yield."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.domain.errors import DependentsError, ServiceError, StaysError
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.domain.stock.doubts import told_in
from bake_tracker.domain.stock.reversal import NEVER
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.http.undoing import undoing_as
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.production.really_used import by_used_row, read_used, rows_of
from bake_tracker.entrypoints.web.words import OPERATIONS, RECORDED
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.parts import refuse_parts_of_yields
from bake_tracker.queries.explain.operation import explain_operation
from bake_tracker.queries.operations.history import load_operation
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.runs.corrections import load_run
from bake_tracker.queries.runs.plans import load_correction_doubts
from bake_tracker.queries.views.operation import load_operation_slice
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.production.correction import CorrectionResult, record_production_correction
from bake_tracker.services.reversal import ReversalResult

router = pages()

SHOWN = 20
UNDONE_BECAUSE = "recorded by mistake"
MISTYPED = "the yield was mistyped"
CALLED = {
    "actual_yield": "Came out",
    "assembled_at": "When",
    "finished_good_id": "Box",
    "finished_unit_id": "Product",
    "handed_over_by": "Came from",
    "happened_at": "When",
    "loss_reason": "Why less came out",
    "num_batches": "Batches",
    "produced_at": "When",
    "reversed_operation_id": "Operation",
    "scale_factor": "Scaled by",
}
"""Names of arguments for people, where the argument's own name is not clear."""


Kind = Annotated[str, Query(max_length=100, pattern="^[a-z_]*$")]

LIST = ListOf(
    "operations",
    (
        Column("recorded_at", "When", "moment"),
        Column("operation", "What", words=OPERATIONS, link="operation", by=("operation_id",)),
        Column("actor", "Who"),
        Column("is_reversed", "Undone", "flag", sort=None),
        Column("operation_id", "Operation", on_page=False, sort=None),
    ),
    sort="-recorded_at",
    keep=("operation",),
)


@router.get("/operations", name="operations", dependencies=[VIEWER])
def operations(request: Request, operation: Kind = "") -> Response:
    """List every recorded operation."""
    ask = LIST.ask(request)
    with read_scope() as session:
        house = load_bakery(session)
        found = load_operation_slice(session, ask, operation=operation or None)
    return LIST.answer(
        request, "operations.html", found, time_zone=house.time_zone, kinds=RECORDED, operation=operation
    )


@router.get("/operations/{operation_id}", name="operation", dependencies=[VIEWER])
def operation(
    request: Request,
    operation_id: str,
    done: bool = False,
    every: Annotated[bool, Query(alias="all")] = False,
) -> Response:
    """Show one operation; ``done`` marks it as just recorded, ``all`` shows all its lots."""
    return _page(request, operation_id, done=done, every=every)


@router.post("/operations/{operation_id}/undo", name="undo", dependencies=[BAKER])
def undo(request: Request, operation_id: UUID, form: Sent) -> Response:
    """Undo it, with ``cascade`` together with everything that depends on it."""
    return _recorded(
        request,
        operation_id,
        lambda session: undoing_as(request)(
            operation_id,
            form.text("reason") or UNDONE_BECAUSE,
            session=session,
            cascade=form["cascade"] == "true",
            count_saw=form.text("count_saw"),
            operation_id=form.operation_id,
        ),
        undoing=form,
    )


@router.post("/operations/{operation_id}/correct", name="correct", dependencies=[BAKER])
def correct(request: Request, operation_id: UUID, form: Sent) -> Response:
    """Correct a production's yield, or what it used."""

    def work(session: Session) -> CorrectionResult:
        actual = form.number("actual_yield", needed=True)
        used = read_used(session, form)
        form.done()
        assert actual is not None
        product = load_run(session, str(operation_id)).finished_unit_id
        if not is_recorded(session, form.operation_id):
            refuse_parts_of_yields(session, ("actual_yield", product, actual))
            form.be_sure(load_correction_doubts(session, str(operation_id), actual))
        with by_used_row(form):
            return record_production_correction(
                operation_id,
                actual,
                form.text("reason") or MISTYPED,
                session=session,
                cascade=form["cascade"] == "true",
                count_saw=form.text("count_saw"),
                loss_reason=form.text("loss_reason"),
                used=used or None,
                operation_id=form.operation_id,
            )

    return _recorded(request, operation_id, work, correcting=form)


def _recorded(
    request: Request,
    operation_id: UUID,
    work: Callable[[Session], ReversalResult | CorrectionResult],
    *,
    undoing: Form | None = None,
    correcting: Form | None = None,
) -> Response:
    """Go to the recorded operation, or show the refused form with the reason."""
    try:
        done = run_in_transaction(work)
    except ServiceError as error:
        for form in filter(None, (undoing, correcting)):
            form.refused(error)
        return _page(request, str(operation_id), status_of(error), undoing=undoing, correcting=correcting)
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _page(
    request: Request,
    operation_id: str,
    status: int = 200,
    *,
    done: bool = False,
    every: bool = False,
    undoing: Form | None = None,
    correcting: Form | None = None,
) -> Response:
    refused = undoing or correcting
    error = refused.refusal if refused else None
    with read_scope() as session:
        bakery = load_bakery(session)
        view = load_operation(session, operation_id)
        story = explain_operation(session, view["operation_id"])
    is_undone = view["reversed_by"] is not None
    return render(
        request,
        "operation.html",
        status,
        bakery=bakery,
        view=view,
        story=story,
        warnings=told_in(view["result"], was_asked=True),
        arguments={name: value for name, value in story["arguments"].items() if value not in (None, [], {}, "")},
        called=CALLED,
        shown=None if every else SHOWN,
        done=done,
        never=NEVER.get(view["operation"]),
        can_undo=not is_undone and view["operation"] not in NEVER,
        can_take_back=not is_undone
        and (view["result"].get("kind") in TO_SOMEBODY or view["operation"] == "record_hand_over"),
        can_correct=not is_undone and view["operation"] == "record_batch_production",
        refused=refused,
        correcting=correcting,
        undo=undoing or blank(request, reason=UNDONE_BECAUSE),
        correct=(correct := correcting or blank(request)),
        used_rows=rows_of(correct),
        used_slugs=sorted({one["ingredient_slug"] for one in view["result"].get("consumptions", ())}),
        dependents=error.dependents if isinstance(error, DependentsError) else [],
        can_cascade=isinstance(error, DependentsError) and not isinstance(error, StaysError),
    )
