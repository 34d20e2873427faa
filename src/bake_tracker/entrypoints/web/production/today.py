"""Today: what to bake and pack, what is short, what to use soon, and recent activity."""

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.config import load_settings
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.web.log.rows import Rows
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.log.setup import log_file
from bake_tracker.log.slices import Wanted, can_be_read, load_log_slice
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.explain.log_names import load_log_names
from bake_tracker.queries.reports.expiring import load_expiring
from bake_tracker.queries.runs.can_make import load_larder
from bake_tracker.queries.runs.to_make import to_make
from bake_tracker.queries.views.operation import load_latest_operations
from bake_tracker.services.database import database_url, read_scope

router = pages()

SOON_DAYS = 7
SHOWN = 12
MADE_SHOWN = 8
REFUSED_SHOWN = 3
LINES_READ = 2_000
"""How many lines are searched for refusals, because the start page waits for that."""


@router.get("/", name="today", dependencies=[VIEWER])
def today(request: Request) -> Response:
    """Show the start page."""
    path = log_file(load_settings(), database_url())
    with read_scope() as session:
        bakery = load_bakery(session)
        day = bakery.local_day(now())
        operations = load_latest_operations(session, SHOWN)
        larder = load_larder(session, day)
        expiring = load_expiring(session, day, SOON_DAYS, larder)
        wanted = Wanted(bakery.database_id, "refused")
        refused = load_log_slice(path, wanted, REFUSED_SHOWN, LINES_READ).lines if can_be_read(path) else []
        rows = Rows(request, bakery, load_log_names(session, refused))
    made, short = to_make(larder)
    return render(
        request,
        "today.html",
        bakery=bakery,
        day_today=day,
        made=made[:MADE_SHOWN],
        made_count=len(made),
        short=short[:MADE_SHOWN],
        short_count=len(short),
        operations=operations,
        refused=[rows.row(line) for line in refused],
        expiring=expiring[:SHOWN],
        expiring_count=len(expiring),
        soon_days=SOON_DAYS,
    )
