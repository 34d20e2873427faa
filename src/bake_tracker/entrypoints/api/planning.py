"""Routes of the plan: what to make and buy, why, and whether a day is possible."""

from datetime import date
from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.entrypoints.api.common import Since, Until, reads, routes, tagged
from bake_tracker.entrypoints.api.remedies import in_words
from bake_tracker.queries.planning.day import DayCheck, load_day_check
from bake_tracker.queries.planning.reasons import PlanReasons, load_plan_reasons
from bake_tracker.queries.planning.week import PlanView, load_plan
from bake_tracker.services.database import read_scope

router = routes("/plan", "plan")


@router.get("", **reads(PlanView))
def get_plan(request: Request, since: Since = None, until: Until = None) -> Response:
    """What to make and buy for what is ordered, from today for seven days unless you say otherwise."""
    with read_scope() as session:
        return tagged(request, in_words(load_plan(session, now(), since, until)))


@router.get("/lines/{line}", **reads(PlanReasons))
def get_plan_line(
    request: Request,
    line: Annotated[int, Path(ge=1, le=100_000, description="a line of the plan of the same days")],
    since: Since = None,
    until: Until = None,
) -> Response:
    """Why a line is in the plan: who wants what it makes, and where what it takes comes from."""
    with read_scope() as session:
        return tagged(request, in_words(load_plan_reasons(session, line, now(), since, until)))


@router.get("/days/{day}", **reads(DayCheck))
def check_day(request: Request, day: date) -> Response:
    """Whether the stock allows everything that is planned for a day, all of it together."""
    with read_scope() as session:
        return tagged(request, in_words(load_day_check(session, day, now())))
