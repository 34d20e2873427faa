"""The errors of the last days, grouped, for the owner."""

from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.config import load_settings
from bake_tracker.domain.log.faults import NEEDLES, gather_faults
from bake_tracker.domain.log.moments import log_time
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.entrypoints.web.log.rows import called
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.log.reader import Unreadable, find_lines
from bake_tracker.log.setup import log_file
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import database_url, read_scope

router = pages()
DAYS = 30


@router.get("/log/errors", name="log_errors", dependencies=[OWNER])
def errors(request: Request) -> Response:
    """Show what broke, how often, and where in the program."""
    unreadable, query = Unreadable(), LogQuery(since=log_time(now() - timedelta(days=DAYS)))
    lines = find_lines(log_file(load_settings(), database_url()), query, unreadable, needles=NEEDLES)
    found = gather_faults(line for _, line in lines)
    with read_scope() as session:
        house = load_bakery(session)
    return render(
        request, "log_errors.html", bakery=house, found=found, called=called, days=DAYS, unread=unreadable.count
    )
