"""Stock out by hand and changes to lots: adjust, hold, release and move."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.amounts import friendly, unit_problem, units_offered
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.domain.units import format_micros
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import BY_NAME, AskedItem, AskedLot, LotId
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.catalog.parts import refuse_parts_in
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.stock.lots import LotState, load_lot
from bake_tracker.queries.stock.receiving import load_locations
from bake_tracker.queries.views.event import load_event_slice
from bake_tracker.queries.views.item import load_item_facts
from bake_tracker.queries.views.recipient import load_recipient_slice
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.handling import record_hold, record_release, record_transfer

router = pages()

TAKEN = [("waste", "Thrown away"), ("spoilage", "Spoiled"), ("sample", "Sample"), ("gift", "Given"), ("sale", "Sold")]
CORRECTED = [("less", "There is less"), ("more", "There is more")]
REASONS = ("dropped", "burnt", "torn bag", "expired", "wrong order", "customer complaint", "counted wrong")
HELD_BECAUSE = (
    "smells wrong",
    "damaged package",
    "asked the supplier",
    "waiting for a test",
    "recalled by the supplier",
)


@router.get("/take", name="take", dependencies=[BAKER])
def take(request: Request, item_id: AskedItem = None, lot_id: AskedLot = None) -> Response:
    """Show the form for stock out by hand, of an item or of one lot."""
    if (item_id is None) == (lot_id is None):
        return go_to(request, "stock")
    return _take(request, blank(request, item_id=item_id, lot_id=lot_id, kind="waste"), is_new=True)


@router.post("/take", name="do_take", dependencies=[BAKER])
def do_take(request: Request, form: Sent) -> Response:
    """Record stock out by hand, or a correction."""
    lot_id, item_id = form.key("lot_id"), form.key("item_id")
    if (item_id is None) == (lot_id is None):
        raise ValidationError.of("lot_id", "is missing; choose either a lot or an item")
    try:
        quantity = form.quantity("quantity", needed=True)
        if quantity is not None and quantity <= 0:
            form.refuse("quantity", "must be above 0")  # a negative "there is less" would add stock
        recipient_id, event_id = form.key("recipient_id"), form.key("event_id")
        _check_unit(form, _base_unit(item_id, lot_id))
        form.done()
        kind = "correction" if form["kind"] in dict(CORRECTED) else form["kind"]
        change = quantity if quantity is not None else 0
        whose = {"lot_id": lot_id} if lot_id is not None else {"item_id": item_id}
        if kind == "sale":
            with read_scope() as session:
                if not is_recorded(session, form.operation_id):
                    refuse_parts_in(session, [{**whose, "quantity": change, "unit": form.text("unit")}], "quantity")
        line = {**whose, "quantity": -change if form["kind"] == "less" else change, "unit": form.text("unit")}
        done = run_in_transaction(
            lambda session: record_adjustment(
                kind,
                [line],
                session=session,
                reason=form.text("reason"),
                recipient_id=recipient_id,
                event_id=event_id,
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _take(request, _of_line(form.refused(error)), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.get("/lots/{lot_id}/hold", name="hold", dependencies=[BAKER])
def hold(request: Request, lot_id: LotId) -> Response:
    """Show the form to put a lot on hold."""
    return _of_lot(request, "hold.html", lot_id, blank(request), reasons=HELD_BECAUSE)


@router.post("/lots/{lot_id}/hold", name="do_hold", dependencies=[BAKER])
def do_hold(request: Request, lot_id: LotId, form: Sent) -> Response:
    """Put a lot on hold."""
    try:
        done = run_in_transaction(
            lambda session: record_hold([lot_id], form["reason"], session=session, operation_id=form.operation_id)
        )
    except ServiceError as error:
        return _of_lot(request, "hold.html", lot_id, form.refused(error), status_of(error), reasons=HELD_BECAUSE)
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.get("/lots/{lot_id}/release", name="release", dependencies=[BAKER])
def release(request: Request, lot_id: LotId) -> Response:
    """Show the form to release a lot."""
    return _of_lot(request, "release.html", lot_id, blank(request))


@router.post("/lots/{lot_id}/release", name="do_release", dependencies=[BAKER])
def do_release(request: Request, lot_id: LotId, form: Sent) -> Response:
    """Release a lot."""
    try:
        until = form.day("usable_until")
        form.done()
        done = run_in_transaction(
            lambda session: record_release(
                [lot_id], form["reason"], session=session, usable_until=until, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _of_lot(request, "release.html", lot_id, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


@router.get("/lots/{lot_id}/move", name="move", dependencies=[BAKER])
def move(request: Request, lot_id: LotId) -> Response:
    """Show the form to move a lot."""
    return _of_lot(request, "move.html", lot_id, blank(request))


@router.post("/lots/{lot_id}/move", name="do_move", dependencies=[BAKER])
def do_move(request: Request, lot_id: LotId, form: Sent) -> Response:
    """Move a lot, or part of it as a new lot."""
    try:
        quantity = form.quantity("quantity")
        if quantity is not None:
            _check_unit(form, _base_unit(None, lot_id))
        form.done()
        done = run_in_transaction(
            lambda session: record_transfer(
                lot_id,
                form.text("to_location"),
                session=session,
                quantity=quantity,
                unit=form.text("unit") if quantity is not None else None,
                reason=form.text("reason"),
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _of_lot(request, "move.html", lot_id, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _base_unit(item_id: int | None, lot_id: int | None) -> str:
    with read_scope() as session:
        return load_item(session, load_lot(session, lot_id).item_id if lot_id is not None else item_id or 0).base_unit


def _check_unit(form: Form, base_unit: str) -> None:
    """Refuse a quantity without a unit: 5 is not the same in g and kg."""
    if form.text("unit") is None and (problem := unit_problem(base_unit)):
        form.refuse("unit", problem)


def _take(request: Request, form: Form, status: int = 200, *, is_new: bool = False) -> Response:
    lot_id, item_id = form.key("lot_id"), form.key("item_id")
    with read_scope() as session:
        house = load_bakery(session)
        lot = None if lot_id is None else load_lot(session, lot_id)
        item = load_item_facts(session, lot.item_id if lot else item_id or 0)
        recipients, events = (
            load_recipient_slice(session, BY_NAME, offered=True).rows,
            load_event_slice(session, BY_NAME, offered=True).rows,
        )
    units = units_offered(item["unit"])
    if is_new:
        form.put(unit=units[0])
        if lot and _is_expired(lot, house.local_day(now())):
            quantity, unit = friendly(format_micros(lot.quantity_micros), item["unit"])
            form.put(quantity=form.write(quantity), unit=unit, kind="spoilage", reason="expired")
    return render(
        request,
        "take.html",
        status,
        form=form,
        lot=lot and _shown(lot),
        item=item,
        kinds=[*TAKEN, *(CORRECTED if lot else [])],
        units=[(unit, unit) for unit in units],
        reasons=REASONS,
        recipients=choices(recipients, "recipient_id"),
        events=choices(events, "event_id"),
    )


def _of_line(form: Form) -> Form:
    """Move the problems of the only line to the form's fields."""
    form.problems = [{**one, "field": one["field"].removeprefix("lines[0].")} for one in form.problems]
    if isinstance(form.refusal, ValidationError):
        form.refusal.problems = form.problems
    return form


def _of_lot(request: Request, template: str, lot_id: int, form: Form, status: int = 200, **more: Any) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        lot = load_lot(session, lot_id)
        item = load_item_facts(session, lot.item_id)
        places = load_locations(session)
    today = house.local_day(now())
    return render(
        request,
        template,
        status,
        form=form,
        lot=_shown(lot),
        item=item,
        places=places,
        units=[(unit, unit) for unit in units_offered(item["unit"])],
        today=today.isoformat(),
        is_expired=_is_expired(lot, today),
        **more,
    )


def _is_expired(lot: LotState, today: Any) -> bool:
    return lot.usable_until is not None and lot.usable_until < today


def _shown(lot: LotState) -> dict[str, Any]:
    return {
        "lot_id": lot.lot_id,
        "code": lot.code,
        "on_hand": format_micros(lot.quantity_micros),
        "unit": lot.base_unit,
        "usable_until": lot.usable_until and lot.usable_until.isoformat(),
        "location": lot.location,
        "on_hold": lot.on_hold,
    }
