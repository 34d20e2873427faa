"""Settings of the whole bakery, and its suppliers, customers and events."""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from bake_tracker.config import time_zones
from bake_tracker.domain.choices import LABEL_POLICIES
from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.slices import Found
from bake_tracker.entrypoints.http.access import BAKER, OWNER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.words import Done
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.stock.receiving import load_locations
from bake_tracker.queries.views.event import load_event_slice
from bake_tracker.queries.views.recipient import load_recipient_slice
from bake_tracker.queries.views.supplier import load_supplier_slice
from bake_tracker.services.catalog.things import record_bakery, record_event, record_recipient, record_supplier
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

POLICIES = {
    "warn": "Warn, and record it",
    "refuse": "Refuse it until the label is right",
}
ARCHIVED = Column("is_archived", "Archived", "flag", sort=None, narrow=False)
SUPPLIERS = ListOf("suppliers", (Column("name", "Name"), Column("slug", "Short name"), ARCHIVED), sort="name")
RECIPIENTS = ListOf(
    "recipients",
    (Column("name", "Name"), Column("household", "Household"), Column("slug", "Short name", narrow=False), ARCHIVED),
    sort="name",
)
EVENTS = ListOf(
    "events",
    (Column("name", "Name"), Column("happens_on", "Day", "day"), Column("slug", "Short name", narrow=False), ARCHIVED),
    sort="-happens_on",
)


@router.get("/settings", name="settings", dependencies=[OWNER])
def settings(request: Request, done: Done = "") -> Response:
    """Show name, currency, time zone and label policy."""
    with read_scope() as session:
        house = load_bakery(session)
    form = blank(
        request,
        name=house.name,
        currency=house.currency,
        time_zone=house.time_zone,
        label_policy=house.label_policy,
    )
    return _settings(request, form, done=done)


@router.post("/settings", name="do_settings", dependencies=[OWNER])
def do_settings(request: Request, form: Sent) -> Response:
    """Change the bakery's settings."""
    try:
        done = run_in_transaction(
            lambda session: record_bakery(
                session=session,
                name=form["name"],
                currency=form["currency"].strip(),
                time_zone=form["time_zone"].strip(),
                label_policy=form["label_policy"],
                operation_id=form.operation_id,
            )
        )
    except ServiceError as error:
        return _settings(request, form.refused(error), status_of(error))
    return go_to(request, "settings", {"done": done["operation_id"]})


@router.get("/suppliers", name="suppliers", dependencies=[VIEWER])
def suppliers(request: Request, done: Done = "") -> Response:
    """List suppliers."""
    return _named(request, SUPPLIERS, blank(request), done=done)


@router.post("/suppliers", name="do_supplier", dependencies=[BAKER])
def do_supplier(request: Request, form: Sent) -> Response:
    """Add a supplier."""
    return _add(
        request,
        SUPPLIERS,
        form,
        lambda session: record_supplier(form["name"], session=session, operation_id=form.operation_id),
    )


@router.get("/recipients", name="recipients", dependencies=[VIEWER])
def recipients(request: Request, done: Done = "") -> Response:
    """List customers."""
    return _named(request, RECIPIENTS, blank(request), done=done)


@router.post("/recipients", name="do_recipient", dependencies=[BAKER])
def do_recipient(request: Request, form: Sent) -> Response:
    """Add a customer."""
    return _add(
        request,
        RECIPIENTS,
        form,
        lambda session: record_recipient(
            form["name"], household=form.text("household"), session=session, operation_id=form.operation_id
        ),
    )


@router.get("/events", name="events", dependencies=[VIEWER])
def events(request: Request, done: Done = "") -> Response:
    """List events."""
    return _named(request, EVENTS, blank(request), done=done)


@router.post("/events", name="do_event", dependencies=[BAKER])
def do_event(request: Request, form: Sent) -> Response:
    """Add an event."""
    day = form.day("happens_on")

    def work(session: Any) -> Any:
        form.done()
        return record_event(form["name"], happens_on=day, session=session, operation_id=form.operation_id)

    return _add(request, EVENTS, form, work)


def _settings(request: Request, form: Form, status: int = 200, *, done: str = "") -> Response:
    with read_scope() as session:
        places = load_locations(session)
    return render(
        request,
        "settings.html",
        status,
        form=form,
        done=done,
        places=places,
        zones=sorted(time_zones()),
        policies=[(policy, POLICIES[policy]) for policy in LABEL_POLICIES],
    )


def _add(request: Request, of: ListOf, form: Form, work: Callable[[Any], Any]) -> Response:
    try:
        done = run_in_transaction(work)
    except ServiceError as error:
        return _named(request, of, form.refused(error), status_of(error))
    return go_to(request, of.name, {"done": done["operation_id"]})


def _named(request: Request, of: ListOf, form: Form, status: int = 200, *, done: str = "") -> Response:
    load: dict[str, Callable[..., Found[Any]]] = {
        "suppliers": load_supplier_slice,
        "recipients": load_recipient_slice,
        "events": load_event_slice,
    }
    ask = of.ask(request)
    with read_scope() as session:
        found = load[of.name](session, ask)
    return of.answer(request, "named.html", found, status=status, form=form, done=done, what=of.name)
