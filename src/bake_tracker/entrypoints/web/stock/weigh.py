"""What a volume or a piece weighs: of the lots received since the last measure, or of one lot."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.amounts import units_offered
from bake_tracker.domain.errors import LotNotFoundError, ServiceError
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import AskedLot, ItemId
from bake_tracker.queries.catalog.measures import load_measures
from bake_tracker.queries.stock.lots import load_lot
from bake_tracker.queries.views.item import load_item_facts
from bake_tracker.services.catalog.measures import record_density, record_piece_weight
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

STATES = {"in force": "in use", "earlier lots": "for earlier lots", "reversed": "undone"}
"""Words for the states that do not say it themselves."""
_FIELDS = {"pieces": "amount", "volume": "amount", "volume_unit": "unit"}
"""The form's names of the service's arguments."""


@router.get("/stock/{item_id}/weigh", name="weigh", dependencies=[BAKER])
def weigh(request: Request, item_id: ItemId, lot_id: AskedLot = None) -> Response:
    """Show the form for a weight, and the weights so far."""
    return _weigh(request, item_id, blank(request, lot=lot_id, which="since" if lot_id is None else "lot"))


@router.post("/stock/{item_id}/weigh", name="do_weigh", dependencies=[BAKER])
def do_weigh(request: Request, item_id: ItemId, form: Sent) -> Response:
    """Record a weight."""
    try:
        amount, weight = form.quantity("amount", needed=True), form.quantity("weight", needed=True)
        day, lot_id = form.day("measured_on"), form.key("lot")
        form.done()
        more: dict[str, Any] = {
            "source": form.text("source"),
            "measured_on": day,
            "lot_id": lot_id if form["which"] == "lot" else None,
            "correct": form["correct"] == "yes",
            "operation_id": form.operation_id,
        }
        unit, in_unit = form["unit"], form["weight_unit"]
        done = run_in_transaction(
            lambda session: (
                record_piece_weight(item_id, amount or 0, weight or 0, in_unit, session=session, **more)
                if unit == "each"
                else record_density(item_id, amount or 0, unit, weight or 0, in_unit, session=session, **more)
            )
        )
    except ServiceError as error:
        refused = form.refused(error)
        refused.problems = [{**one, "field": _FIELDS.get(one["field"], one["field"])} for one in refused.problems]
        return _weigh(request, item_id, refused, status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _weigh(request: Request, item_id: int, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        item = load_item_facts(session, item_id)
        key = form.key("lot")
        lot = None if key is None else load_lot(session, key)
        measures = load_measures(session, item_id)
    if lot is not None and lot.item_id != item_id:
        raise LotNotFoundError(lot.lot_id)
    volumes = [(unit, unit) for unit in units_offered("ml")]
    pieces = [("each", "pieces")]
    return render(
        request,
        "weigh.html",
        status,
        form=form,
        item=item,
        lot=lot,
        measures=measures,
        states=STATES,
        units=pieces + volumes if item["unit"] != "ml" else volumes + pieces,
        weight_units=[(unit, unit) for unit in units_offered("g")],
    )
