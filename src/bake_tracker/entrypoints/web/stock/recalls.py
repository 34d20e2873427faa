"""Recall a lot, or practise it: what goes on hold, who has the rest, whether it adds up, and the files."""

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.entrypoints.http.access import BAKER, VIEWER, caller_of
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, path_for, render
from bake_tracker.entrypoints.web.stock.lots import LotId
from bake_tracker.files.recall_table import render_recall_table
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.operations.history import OperationView, load_operation
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.services.database import Session, read_scope, run_in_transaction
from bake_tracker.services.stock.recall import record_recall

router = pages()

SHOWN = 30
Of = Annotated[str, Query(alias="operation", max_length=36)]


@router.get("/lots/{lot_id}/recall", name="recall", dependencies=[VIEWER])
def drill(
    request: Request,
    lot_id: LotId,
    operation: Of = "",
    every: Annotated[bool, Query(alias="all")] = False,
    one: bool = False,
) -> Response:
    """Show a drill, which records nothing, or with ``operation`` the recorded recall.

    It is about all lots with the code of this lot or, with ``one``, about this lot alone.
    """
    return _page(request, lot_id, operation=operation, every=every, one=one)


@router.post("/lots/{lot_id}/recall", name="do_recall", dependencies=[BAKER])
def recall(request: Request, lot_id: LotId, form: Sent) -> Response:
    """Put the lot, and everything made from it, on hold."""
    try:
        done = run_in_transaction(
            lambda session: record_recall(
                lot_id,
                session=session,
                reason=form.text("reason"),
                same_code="one" not in form,
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _page(request, lot_id, status_of(error), form=form.refused(error), one="one" in form)
    return go_to(request, "recall", {"operation": done["operation_id"]}, lot_id=lot_id)


@router.get("/lots/{lot_id}/recall.{kind}", name="recall_file", dependencies=[VIEWER])
def recall_file(
    request: Request, lot_id: LotId, kind: Literal["csv", "xlsx", "pdf"], operation: Of = "", one: bool = False
) -> Response:
    """Download the recall as a table, or as a PDF for an inspector."""
    with read_scope() as session:
        recorded = _recorded(session, lot_id, operation)
        found = load_recall(session, lot_id, same_code=_is_by_code(recorded, one))
    name = f"recall-{found['lot']['lot_code']}.{kind}"
    if kind != "pdf":
        return file_answer(render_recall_table(found, is_csv=kind == "csv"), name)
    from bake_tracker.files.recall_pdf import RecallHeading, render_recall  # a PDF library that others do not need

    caller = caller_of(request)
    by = caller.name if caller else None
    heading = RecallHeading(f"drill of lot {found['lot']['lot_code']}", now(), by)
    if recorded:
        result = recorded["result"]
        held = [f"{lot['quantity']} {lot['unit']} of {lot['lot_code']}" for lot in result["held"]]
        heading = RecallHeading(result["reason"], now(), by, recorded["operation_id"], held)
    return file_answer(render_recall(found, heading), name, is_inline=True)


def _recorded(session: Session, lot_id: int, operation_id: str) -> OperationView | None:
    """The recorded recall of this lot.

    Raises:
        ValidationError: the operation is not a recall of this lot.
    """
    if not operation_id:
        return None
    view = load_operation(session, operation_id)
    if view["operation"] != "record_recall" or view["result"].get("lot_id") != lot_id:
        raise ValidationError.of("operation", "is not a recall of this lot")
    return view


def _is_by_code(recorded: OperationView | None, one: bool) -> bool:
    return "same_code" in recorded["result"] if recorded else not one


def _page(
    request: Request,
    lot_id: int,
    status: int = 200,
    *,
    operation: str = "",
    every: bool = False,
    one: bool = False,
    form: Form | None = None,
) -> Response:
    with read_scope() as session:
        bakery = load_bakery(session)
        recorded = _recorded(session, lot_id, operation)
        found = load_recall(session, lot_id, same_code=_is_by_code(recorded, one))
    query = {"operation": recorded["operation_id"]} if recorded else {"one": "1"} if one else {}
    return render(
        request,
        "recall.html",
        status,
        bakery=bakery,
        recall=found,
        lot=found["lot"],
        recorded=recorded,
        on_hand=[lot for lot in found["lots"] if lot["on_hand"] != "0"],
        query=query,
        one=one,
        all_link=path_for(request, "recall", query | {"all": "1"}, lot_id=lot_id),
        shown=None if every else SHOWN,
        form=form or blank(request),
    )
