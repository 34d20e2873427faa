"""The plan: what to make and buy, why a line is in it, and the whole list of a day."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Path, Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.access import Opens
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.planning.paper import job_words, weighed_amount
from bake_tracker.entrypoints.http.access import BAKER, VIEWER, caller_of
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.actual import load_plan_actual
from bake_tracker.queries.planning.day import load_day_check
from bake_tracker.queries.planning.reasons import load_plan_reasons
from bake_tracker.queries.planning.sheet import load_day_sheet
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.queries.views.calendar import load_calendar
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.planning.plan import record_plan

router = pages()

Asked = Annotated[date | None, Query()]


@router.get("/plan", name="plan", dependencies=[VIEWER])
def plan(request: Request, since: Asked = None, until: Asked = None) -> Response:
    """Show what to make and buy, day by day."""
    return _week(request, since, until, None)


@router.post("/plan", name="accept_plan", dependencies=[BAKER])
def accept_plan(request: Request, form: Sent) -> Response:
    """Accept the plan that was shown."""
    since = until = None
    try:
        since, until = form.day("since", needed=True), form.day("until", needed=True)
        form.done()
        done = run_in_transaction(
            lambda session: record_plan(
                form["inputs"], session=session, since=since, until=until, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _week(request, since, until, form.refused(error), status_of(error))
    return go_to(request, "accepted_plan", plan_id=done["plan_id"])


@router.get("/plan/accepted/{plan_id}", name="accepted_plan", dependencies=[VIEWER])
def accepted_plan(request: Request, plan_id: Annotated[int, Path(ge=1, le=2**53 - 1)]) -> Response:
    """Show an accepted plan with what came of it."""
    with read_scope() as session:
        found = load_plan_actual(session, plan_id)
    return render(request, "accepted_plan.html", plan=found)


def _week(request: Request, since: date | None, until: date | None, form: Form | None, status: int = 200) -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        found = load_plan(session, now(), since, until)
    first, last = date.fromisoformat(found["since"]), date.fromisoformat(found["until"])
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    by_day: dict[str, dict[str, list[Any]]] = {
        day: {
            "lines": [one for one in found["lines"] if one["day"] == day],
            "short": [one for one in found["short"] if one["day"] == day],
            "buy": [one for one in found["buy"] if one["order_on"] == day],
        }
        for day in days
    }
    return render(
        request,
        "plan.html",
        status,
        form=form or blank(request),
        bakery=house,
        plan=found,
        days={day: some for day, some in by_day.items() if any(some.values())},
    )


@router.get("/plan/lines/{line}", name="plan_line", dependencies=[VIEWER])
def plan_line(
    request: Request,
    line: Annotated[int, Path(ge=1, le=100_000)],
    since: Asked = None,
    until: Asked = None,
) -> Response:
    """Show why a line is in the plan of these days."""
    with read_scope() as session:
        why = load_plan_reasons(session, line, now(), since, until)
    return render(request, "plan_line.html", why=why)


@router.get("/plan/days/{day}", name="plan_day", dependencies=[VIEWER])
def plan_day(request: Request, day: date) -> Response:
    """Show all that a day needs, and whether the stock allows it."""
    with read_scope() as session:
        check = load_day_check(session, day, now())
    return render(request, "plan_day.html", check=check)


@router.get("/plan/days/{day}/sheet", name="plan_sheet", dependencies=[VIEWER])
def plan_sheet(request: Request, day: date) -> Response:
    """Show a day's production sheet, to print or to tick off."""
    with read_scope() as session:
        sheet = load_day_sheet(session, day, now())
    return render(request, "plan_sheet.html", sheet=sheet, job_words=job_words, weighed=weighed_amount)


@router.get("/plan/days/{day}/sheet.pdf", name="plan_sheet_pdf", dependencies=[VIEWER])
def plan_sheet_pdf(day: date) -> Response:
    """Show a day's production sheet as a PDF."""
    from bake_tracker.files.sheet_pdf import render_sheet  # a PDF library that no other page waits for

    with read_scope() as session:
        sheet = load_day_sheet(session, day, now())
    return file_answer(render_sheet(sheet), f"sheet-{day}.pdf", is_inline=True)


@router.get("/calendar/{calendar_token}.ics", name="calendar", dependencies=[VIEWER])
def calendar(request: Request, calendar_token: str) -> Response:
    """Send the calendar to a program that has its link."""
    from bake_tracker.files.calendar import render_calendar  # a library that others do not need

    caller = caller_of(request)
    with_names = caller is not None and caller.opens is Opens.CALENDAR_WITH_NAMES
    at = now()
    with read_scope() as session:
        house, entries = load_bakery(session), load_calendar(session, at, with_names=with_names)
    return file_answer(render_calendar(house.name, house.database_id, entries, at), "calendar.ics", is_inline=True)
