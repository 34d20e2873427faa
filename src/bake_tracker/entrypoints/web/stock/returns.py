"""Goods that come back from a customer, and goods that go back to a supplier."""

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.amounts import amount, units_offered
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.stock.returns import TO_SUPPLIER
from bake_tracker.domain.units import format_micros
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import AskedLot, LotId
from bake_tracker.queries.operations.history import load_operation
from bake_tracker.queries.stock.lots import load_lot
from bake_tracker.queries.stock.receiving import load_locations
from bake_tracker.queries.stock.returns import load_still_out
from bake_tracker.queries.views.item import load_item_facts
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.returns import record_return

router = pages()

PUT = [("hold", "Keep apart on hold"), ("stock", "Back in stock"), ("waste", "Throw away")]
REASONS = ("wrong order", "customer complaint", "not sold", "damaged", "recalled by the supplier")


@router.get("/lots/{lot_id}/came-back", name="came_back", dependencies=[BAKER])
def came_back(request: Request, lot_id: LotId) -> Response:
    """Show who has some of a lot, to choose who brought it back."""
    with read_scope() as session:
        lot = load_lot(session, lot_id)
        item = load_item_facts(session, lot.item_id)
        still_out = load_still_out(session, lot_id=lot_id)
    return render(request, "came_back.html", lot=lot, item=item, still_out=still_out)


@router.get("/operations/{operation_id}/return", name="take_back", dependencies=[BAKER])
def take_back(request: Request, operation_id: UUID, lot_id: AskedLot = None) -> Response:
    """Show the form for goods that came back of a sale, a gift or a sample."""
    return _take_back(request, str(operation_id), blank(request, lot_id=lot_id, put="hold"), is_new=True)


@router.post("/operations/{operation_id}/return", name="do_take_back", dependencies=[BAKER])
def do_take_back(request: Request, operation_id: UUID, form: Sent) -> Response:
    """Record goods that came back."""
    try:
        line = {"lot_id": form.key("lot_id"), "quantity": form.quantity("quantity", needed=True), "unit": form["unit"]}
        form.done()
        done = run_in_transaction(
            lambda session: record_return(
                [line],
                session=session,
                handed_over_by=str(operation_id),
                put=form["put"],
                to_location=form.text("to_location"),
                reason=form.text("reason"),
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _take_back(request, str(operation_id), form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.get("/lots/{lot_id}/send-back", name="send_back", dependencies=[BAKER])
def send_back(request: Request, lot_id: LotId) -> Response:
    """Show the form for goods that go back to their supplier."""
    return _send_back(request, lot_id, blank(request))


@router.post("/lots/{lot_id}/send-back", name="do_send_back", dependencies=[BAKER])
def do_send_back(request: Request, lot_id: LotId, form: Sent) -> Response:
    """Record goods that went back to their supplier."""
    try:
        line = {"lot_id": lot_id, "quantity": form.quantity("quantity", needed=True), "unit": form["unit"]}
        if (credit := form.money("credit")) is not None:
            line["credit"] = credit
        form.done()
        done = run_in_transaction(
            lambda session: record_return(
                [line],
                session=session,
                kind=TO_SUPPLIER,
                reason=form.text("reason"),
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _send_back(request, lot_id, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _take_back(request: Request, operation_id: str, form: Form, status: int = 200, *, is_new: bool = False) -> Response:
    with read_scope() as session:
        sale = load_operation(session, operation_id)
        still_out = load_still_out(session, operation_id=sale["operation_id"])
        places = load_locations(session)
    units = list(dict.fromkeys(unit for one in still_out for unit in units_offered(one["unit"])))
    if is_new and units:
        form.put(unit=units[0], **({} if form["lot_id"] else {"lot_id": str(still_out[0]["lot_id"])}))
    lots = [
        (str(one["lot_id"]), f"{one['item_slug']}, lot {one['lot_code']}: {amount(one['still_out'], one['unit'])}")
        for one in still_out
    ]
    return render(
        request,
        "take_back.html",
        status,
        form=form,
        sale=sale,
        still_out=still_out,
        lots=lots,
        units=[(unit, unit) for unit in units],
        put=PUT,
        places=places,
        reasons=REASONS,
    )


def _send_back(request: Request, lot_id: int, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        lot = load_lot(session, lot_id)
        item = load_item_facts(session, lot.item_id)
    units = [(unit, unit) for unit in units_offered(item["unit"])]
    if not form["unit"]:
        form.put(unit=units[0][0])
    on_hand = format_micros(lot.quantity_micros)
    return render(
        request, "send_back.html", status, form=form, lot=lot, item=item, on_hand=on_hand, units=units, reasons=REASONS
    )
