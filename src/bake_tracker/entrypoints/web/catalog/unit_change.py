"""Keep an item in another unit: first what would change, then the change."""

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.http.access import BAKER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import UNIT_WORDS, ItemId
from bake_tracker.queries.catalog.unit_changes import load_unit_history
from bake_tracker.queries.views.item import load_item_facts
from bake_tracker.services.catalog.unit_change import UnitChangeCheck, check_unit_change, record_unit_change
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

UNITS = ("g", "ml", "each")  # no measure leads to a length


@router.get("/stock/{item_id}/unit", name="item_unit", dependencies=[BAKER])
def item_unit(request: Request, item_id: ItemId) -> Response:
    """Ask for the unit."""
    return _page(request, item_id, blank(request))


@router.post("/stock/{item_id}/unit", name="do_item_unit", dependencies=[BAKER])
def do_item_unit(request: Request, item_id: ItemId, form: Sent) -> Response:
    """Show what would change or, once that was seen, record it."""
    unit = form["base_unit"]
    try:
        if not unit or form["seen"] != unit:
            with read_scope() as session:
                checked = check_unit_change(item_id, unit, session=session)
            return _page(request, item_id, form, checked=checked)
        done = run_in_transaction(
            lambda session: record_unit_change(item_id, unit, session=session, operation_id=form.operation_id)
        )
    except ServiceError as error:
        return _page(request, item_id, form.refused(error), status_of(error))
    return go_to(request, "item", {"done": done["operation_id"]}, item_id=done["new_item_id"])


def _page(
    request: Request, item_id: int, form: Form, status: int = 200, *, checked: UnitChangeCheck | None = None
) -> Response:
    with read_scope() as session:
        item = load_item_facts(session, item_id)
        now = load_unit_history(session, item_id)["followed_by"]
    units = [(unit, UNIT_WORDS[unit]) for unit in ([now["unit"]] if now else UNITS) if now or unit != item["unit"]]
    return render(
        request, "item_unit.html", status, form=form, item=item, units=units, checked=checked, unit_words=UNIT_WORDS
    )
