"""Today: what expires, what is short, and what was done last."""

from fastapi import Request
from starlette.responses import Response

from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.expiring import load_expiring
from bake_tracker.queries.latest import load_latest_operations
from bake_tracker.services.clock import now
from bake_tracker.services.database import read_scope

router = pages()

SOON_DAYS = 7
SHOWN = 12


@router.get("/", name="today", dependencies=[VIEWER])
def today(request: Request) -> Response:
    """The first page."""
    with read_scope() as session:
        bakery = load_bakery(session)
        operations = load_latest_operations(session, SHOWN)
        expiring = load_expiring(session, bakery.local_day(now()), SOON_DAYS)
    return render(
        request,
        "today.html",
        bakery=bakery,
        day_today=bakery.local_day(now()),
        operations=operations,
        expiring=expiring[:SHOWN],
        expiring_count=len(expiring),
        soon_days=SOON_DAYS,
    )
