"""Correct a currency or time zone that was wrong from the beginning: first what would move, then the correction."""

from fastapi import Request
from starlette.responses import Response

from bake_tracker.config import time_zones
from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.catalog.settings import (
    BakeryCorrectionCheck,
    check_bakery_correction,
    record_bakery_correction,
)
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()


@router.get("/settings/correct", name="correct_settings", dependencies=[OWNER])
def correct_settings(request: Request) -> Response:
    """Show the form with the settings as they are."""
    with read_scope() as session:
        house = load_bakery(session)
    return _page(request, blank(request, currency=house.currency, time_zone=house.time_zone))


@router.post("/settings/correct", name="do_correct_settings", dependencies=[OWNER])
def do_correct_settings(request: Request, form: Sent) -> Response:
    """Show what a correction would move or, once that was seen, record it."""
    currency, time_zone = form["currency"].strip(), form["time_zone"].strip()
    try:
        if not form["seen"]:
            with read_scope() as session:
                checked = check_bakery_correction(session=session, currency=currency, time_zone=time_zone)
            return _page(request, form, checked=checked)
        done = run_in_transaction(
            lambda session: record_bakery_correction(
                form["reason"], session=session, currency=currency, time_zone=time_zone, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _page(request, form.refused(error), status_of(error))
    return go_to(request, "operation", {"done": "1"}, operation_id=done["operation_id"])


def _page(request: Request, form: Form, status: int = 200, *, checked: BakeryCorrectionCheck | None = None) -> Response:
    return render(request, "correct_settings.html", status, form=form, checked=checked, zones=sorted(time_zones()))
