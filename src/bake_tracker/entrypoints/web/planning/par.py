"""Par levels: the list, and a form to set or remove one."""

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.planning.pars import WEEKDAYS
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.planning.shelf import load_par_levels
from bake_tracker.queries.views.order import load_offered_items
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.planning.par_levels import record_par_level

router = pages()

MOST_ITEMS = 1_000
WEEKDAY_WORDS = [(word, word.capitalize()) for word in (WEEKDAYS[-1], *WEEKDAYS[:-1])]


@router.get("/plan/par-levels", name="par_levels", dependencies=[VIEWER])
def par_levels(request: Request) -> Response:
    """List par levels, with a form to set one."""
    return _page(request, blank(request))


@router.post("/plan/par-levels", name="do_par_level", dependencies=[BAKER])
def do_par_level(request: Request, form: Sent) -> Response:
    """Set a par level, or remove it if the quantity is empty."""
    try:
        item_id, quantity = form.key("item_id", needed=True), form.quantity("quantity")
        form.done()
        run_in_transaction(
            lambda session: record_par_level(
                item_id or 0, quantity, session=session, weekday=form["weekday"], operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "par_levels")


def _page(request: Request, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        levels = load_par_levels(session)
        items = [(str(one["item_id"]), one["name"]) for one in load_offered_items(session, MOST_ITEMS)]
    return render(request, "par_levels.html", status, form=form, levels=levels, items=items, weekdays=WEEKDAY_WORDS)
