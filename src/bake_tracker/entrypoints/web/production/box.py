"""Pack: choose a box, see what it needs, record how many were packed."""

from datetime import date
from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.errors import FinishedGoodNotFoundError, ServiceError
from bake_tracker.domain.slices import Ask
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, asked, choices
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.production.really_used import by_used_row, read_used, used_choices
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import find_id, load_good
from bake_tracker.queries.runs.choices import load_good_choices
from bake_tracker.queries.runs.plans import load_assembly_plan
from bake_tracker.queries.views.event import load_event_slice
from bake_tracker.services.assembly_service import AssemblyResult, record_assembly
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

SHOWN = 60
LATEST_EVENTS = Ask("id", descending=True, limit=50)


@router.get("/box", name="box", dependencies=[VIEWER])
def box(request: Request) -> Response:
    """List the boxes or, with ``?good=`` a slug or an id, show the one to pack."""
    form = asked(request)
    if not (form["good"] or form["finished_good_id"]):
        search = form.text("q")
        with read_scope() as session:
            bakery = load_bakery(session)
            found = load_good_choices(session, SHOWN + 1, search)
        more = len(found) > SHOWN
        return render(request, "box.html", bakery=bakery, choices=found[:SHOWN], has_more=more, search=search or "")
    return _page(request, form)


@router.get("/box/check", name="box_check", dependencies=[VIEWER])
def check(request: Request) -> Response:
    """The part of the page that shows the needs, reloaded whenever the number changes."""
    form = asked(request)
    with read_scope() as session:
        bakery = load_bakery(session)
        values = _checked(session, form, bakery.local_day(now()))
    return render(request, "box_check.html", bakery=bakery, **values)


@router.post("/box", name="do_box", dependencies=[BAKER])
def record(request: Request, form: Sent) -> Response:
    """Record the assembly, or show the needs again if the form asked for that."""
    if "check" in form:
        return _page(request, form)
    try:
        done = _record(form)
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _record(form: Form) -> AssemblyResult:
    asked_for: dict[str, Any] = {
        "finished_good_id": form.key("finished_good_id", needed=True),
        "quantity": form.number("quantity", needed=True),
        "assembled_at": form.moment("assembled_at"),
        "count_saw": form.text("count_saw"),
        "event_id": form.key("event_id"),
        "notes": form.text("notes"),
    }
    form.done()

    def work(session: Session) -> AssemblyResult:
        used = read_used(session, form) or None
        form.done()
        with by_used_row(form):
            return record_assembly(session=session, operation_id=form.operation_id, used=used, **asked_for)

    return run_in_transaction(work)


def _page(request: Request, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        bakery = load_bakery(session)
        values = _checked(session, form, bakery.local_day(now()))
        events = load_event_slice(session, LATEST_EVENTS, offered=True).rows
        used = used_choices(session, form, values["plan"], bakery.local_day(now()))
    return render(request, "box_run.html", status, bakery=bakery, events=choices(events, "event_id"), **used, **values)


def _checked(session: Session, form: Form, today: date) -> dict[str, Any]:
    """The needs, and the form with likely values."""
    good = load_good(session, _good_id(session, form))
    form.put(finished_good_id=str(good.item.item_id))
    if not form["quantity"]:
        form.put(quantity=1)
    question = Form(form.locale, form.sent)  # problems show beside the answer, not as a refusal
    plan = None
    try:
        quantity = question.number("quantity")
        question.done()
        plan = load_assembly_plan(session, good, quantity, today)
    except ServiceError as error:
        question.refused(error)
    return {
        "form": form,
        "good": good,
        "plan": plan,
        "question": question,
    }


def _good_id(session: Session, form: Form) -> int:
    """The box's id from the form, or its slug or id from the URL."""
    named = form["finished_good_id"] or form["good"]
    if named.isascii() and named.isdigit() and len(named) < 19:
        return int(named)
    found = find_id(session, "finished_good", named)
    if found is None:
        raise FinishedGoodNotFoundError(named)
    return found
