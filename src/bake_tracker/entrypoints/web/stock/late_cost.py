"""The invoice came: what the lots of a delivery or one lot cost, or a bill that changes it."""

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import LotNotFoundError, ServiceError, ValidationError
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import AskedLot
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.stock.stated_lots import load_costs_of, load_lots_of_delivery
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.cost_statement import record_cost_statement

router = pages()

KINDS = [
    ("invoice", "The invoice came"),
    ("correction", "It was mistyped"),
    ("freight", "Freight, billed separately"),
    ("duty", "Duty"),
    ("credit", "A credit note"),
]
SHARED_BY = [("value", "Value"), ("weight", "Weight"), ("quantity", "Quantity")]
WHOLE = ("invoice", "correction")
_LINE = re.compile(r"lines\[(?P<number>\d+)\]\.(?P<name>.*)")
AskedDelivery = Annotated[int | None, Query(alias="delivery", ge=1, le=MAX_KEY)]


@router.get("/cost", name="late_cost", dependencies=[BAKER])
def late_cost(request: Request, lot_id: AskedLot = None, delivery_id: AskedDelivery = None) -> Response:
    """Show the form for the cost of a lot, or of all lots of a delivery."""
    if (lot_id is None) == (delivery_id is None):
        return go_to(request, "stock")
    return _form(request, blank(request, lot=lot_id, delivery=delivery_id, kind="invoice"))


@router.post("/cost", name="do_late_cost", dependencies=[BAKER])
def do_late_cost(request: Request, form: Sent) -> Response:
    """Record a cost statement."""
    rows = form.rows("lot_id", "cost")
    filled = [row for row in rows if row["cost"].strip()]
    try:
        kind, delivery_id = form["kind"], form.key("delivery")
        stated = form.moment("stated_at")
        is_shared = delivery_id is not None and kind not in WHOLE
        lines = [_shared(form, kind)] if is_shared else [_line(row, kind) for row in filled]
        if not lines:
            form.refuse("cost[0]", "is needed for at least one lot")
        form.done()
        done = run_in_transaction(
            lambda session: record_cost_statement(
                lines,
                session=session,
                kind=kind,
                document=form.text("document"),
                stated_at=stated,
                share_by=form["share_by"] if is_shared else None,
                delivery_id=delivery_id,
                notes=form.text("notes"),
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _form(request, _by_row(form.refused(error), filled), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _line(row: Form, kind: str) -> dict[str, Any]:
    lot_id, cost = row.key("lot_id", needed=True), row.money("cost", needed=True)
    if kind in WHOLE:
        return {"lot_id": lot_id, "cost": cost}
    return {"lot_id": lot_id, "amount": -cost if kind == "credit" and cost is not None else cost}


def _shared(form: Form, kind: str) -> dict[str, Any]:
    amount = form.money("amount", needed=True)
    return {"amount": -amount if kind == "credit" and amount is not None else amount}


def _by_row(form: Form, rows: list[Form]) -> Form:
    """Move the problems of the service's lines to the form's rows."""
    for place, one in enumerate(form.problems):
        if (found := _LINE.fullmatch(one["field"])) and (number := int(found["number"])) < len(rows):
            form.problems[place] = {**one, "field": f"cost{rows[number].line}"}
    if isinstance(form.refusal, ValidationError):
        form.refusal.problems = form.problems
    return form


def _form(request: Request, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        lot_id, delivery_id = form.key("lot"), form.key("delivery")
        lot_ids = [lot_id or 0] if delivery_id is None else load_lots_of_delivery(session, delivery_id)
        lots = load_costs_of(session, lot_ids)
    if not lots:
        raise LotNotFoundError(lot_id)
    sent = {row["lot_id"]: row for row in form.rows("lot_id", "cost")}
    rows = [
        replace(sent[key], line=f"[{number}]")
        if (key := str(lot["lot_id"])) in sent
        else Form(form.locale, line=f"[{number}]")
        for number, lot in enumerate(lots)
    ]
    return render(
        request,
        "late_cost.html",
        status,
        form=form,
        lots=list(zip(lots, rows, strict=True)),
        lot_id=lot_id,
        delivery_id=delivery_id,
        kinds=KINDS,
        shared_by=SHARED_BY,
        bakery=house,
    )
